//! Cross-validation, stratified hold-out and a validation set of one's own: what is printed, what is kept, and that a model is asked about
//! the images that were held out from it.

use std::fs;

use serde_json::Value;

use crate::keeping::{Random, program, under};
use crate::util::{Scratch, idx};

const SETTINGS: &str = "--data data --preset plain --hidden 8 --batch-size 40 --epochs 3";

/// 150 images in `data` and 60 others in `own`.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.synth("data", 150, 20);
    scratch.done("synth -q --out own --train 60 --test 10 --seed 9");
    scratch
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// What does not tell of time and place in the summary of a fold.
fn lasting(summary: &Value) -> [&Value; 4] {
    [
        "heldout_accuracy",
        "train_accuracy",
        "test_accuracy",
        "final_error",
    ]
    .map(|name| &summary[name])
}

#[test]
fn each_fold_is_a_run_of_train_and_their_mean_is_told() {
    let scratch = scratch();
    let told = scratch.done(&format!(
        "train -q --json {SETTINGS} --folds 5 --stratify --out cv"
    ));
    let told = told.json();
    let folds = told["folds"].as_array().expect("folds").clone();
    assert_eq!(folds.len(), 5);
    for (number, fold) in (1..).zip(&folds) {
        let run = format!("run{number}");
        let single = scratch.done(&format!(
            "train -q --json {SETTINGS} --folds 5 --fold {number} --stratify --out {run}"
        ));
        assert_eq!(lasting(fold), lasting(&single.json()), "fold {number}");
        for file in ["model.safetensors", "config.toml", "best.safetensors"] {
            let kept = scratch.read(format!("cv/runs/{number:05}/{file}"));
            assert!(
                kept == scratch.read(format!("{run}/{file}")),
                "{number}: {file}"
            );
        }
    }
    let accuracies: Vec<f64> = folds
        .iter()
        .map(|fold| number(&fold["heldout_accuracy"]))
        .collect();
    let mean = accuracies.iter().sum::<f64>() / 5.0;
    let squares: f64 = accuracies
        .iter()
        .map(|figure| (figure - mean).powi(2))
        .sum();
    assert!((number(&told["heldout_accuracy_mean"]) - mean).abs() < 1e-12);
    let deviation = (squares / 4.0).sqrt();
    assert!((number(&told["heldout_accuracy_deviation"]) - deviation).abs() < 1e-12);
    assert_eq!(
        (&told["diverged"], &told["sweep_dir"]),
        (&0.into(), &"cv".into())
    );

    // The same command trains nothing again, and the table has the same figures.
    let before = scratch.listing();
    let table = scratch.done(&format!("train {SETTINGS} --folds 5 --stratify --out cv"));
    for says in [
        format!("mean held-out accuracy  {:.2} %", mean * 100.0),
        format!("standard deviation      {:.2} %", deviation * 100.0),
    ] {
        assert!(table.stdout.contains(&says), "{says}: {table}");
    }
    assert!(table.stderr.contains("5 of 5 runs have ended"), "{table}");
    assert!(before == scratch.listing());
    // A sweep over the folds is the same sweep.
    scratch.done(&format!(
        "sweep -q {SETTINGS} --folds 5 --stratify --grid fold=1..5 --out cv"
    ));
    assert!(before == scratch.listing());
    let report = scratch.done("sweep-report --json cv").json();
    let over = &report["over_seeds"][0];
    assert!((number(&over["mean"]) - mean).abs() < 1e-12, "{over}");
    assert!(
        (number(&over["deviation"]) - deviation).abs() < 1e-12,
        "{over}"
    );
    let told = scratch.done("sweep-report cv");
    assert!(told.stdout.contains("over folds"), "{told}");
    // Another number of folds is another sweep.
    scratch.refuses(
        2,
        &format!("train -q {SETTINGS} --folds 4 --stratify --out cv"),
        &["out: ", "whose sweep differs in folds"],
    );
}

#[test]
fn folds_are_swept_with_other_settings() {
    let scratch = scratch();
    scratch.done(&format!(
        "sweep -q {SETTINGS} --folds 3 --grid fold=1..3;l2=0,0.5;seed=1..2 --out swept"
    ));
    let report = scratch.done("sweep-report --json swept").json();
    let over: Vec<(&str, u64)> = report["over_seeds"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| {
            (
                group["of"].as_str().expect("text"),
                group["runs"].as_u64().expect("runs"),
            )
        })
        .collect();
    assert_eq!(over.len(), 2);
    assert!(
        over.contains(&("l2=0", 6)) && over.contains(&("l2=0.5", 6)),
        "{over:?}"
    );
    let effects = report["by_setting"].as_array().expect("effects");
    assert_eq!(
        effects.len(),
        1,
        "a fold is no setting with an effect: {report}"
    );
    let told = scratch.done("sweep-report swept");
    assert!(told.stdout.contains("over seeds and folds"), "{told}");
    scratch.done(&format!(
        "sweep -q {SETTINGS} --grid folds=3,4;fold=1..3;stratify=on,off --dry-run"
    ));
    for (arguments, says) in [
        (
            "--folds 3 --grid l2=0,0.5",
            "fold: expected which of the 3 folds is held out",
        ),
        (
            "--folds 3 --grid fold=3..4",
            "fold=4: fold: expected a number from 1 to 3",
        ),
        (
            "--folds 3 --fold 1 --grid fold=1..3",
            "fold: expected either a flag or the plan",
        ),
        (
            "--holdout 0.2 --folds 3 --grid fold=1..3",
            "holdout: expected no share, or 0",
        ),
        (
            "--grid validation=own",
            "validation: expected a setting in which runs of one sweep can differ",
        ),
    ] {
        scratch.refuses(
            2,
            &format!("sweep -q {SETTINGS} {arguments} --out new"),
            &["plan: ", says],
        );
    }
}

#[test]
fn folds_that_are_stopped_or_killed_go_on() {
    let scratch = scratch();
    let command =
        |out: &str| format!("train -q --json {SETTINGS} --epochs 12 --folds 4 --out {out}");
    let started = std::time::Instant::now();
    let run = scratch.run(program());
    let whole = run
        .args(command("whole").split_whitespace())
        .outcome()
        .succeeded();
    let duration = started.elapsed().as_millis() as u64;
    let whole = whole.json();
    let mut random = Random(3);
    for signal in ["INT", "KILL", "TERM", "KILL"] {
        under(&scratch, signal, 1 + random.below(duration), &command("cv"));
        let last = scratch
            .run(program())
            .args(command("cv").split_whitespace());
        let last = last.outcome().succeeded().json();
        assert_eq!(
            last["heldout_accuracy_mean"],
            whole["heldout_accuracy_mean"]
        );
        for fold in 1..=4 {
            let [one, other] = ["whole", "cv"]
                .map(|out| scratch.read(format!("{out}/runs/{fold:05}/model.safetensors")));
            assert!(one == other, "{signal}: fold {fold}");
        }
        fs::remove_dir_all(scratch.join("cv")).expect("the folds");
    }
}

#[test]
fn without_a_name_the_folder_is_the_next_free_one() {
    let scratch = scratch();
    for number in 1..=2 {
        scratch.done(&format!("train -q {SETTINGS} --folds 2 --seed 5"));
        let journal = scratch.text(format!("runs/plain-seed5-folds2-{number:04}/journal.jsonl"));
        assert_eq!(journal.lines().count(), 2);
    }
}

/// What `evaluate` says of the images that were held out from a run's network is what training said.
#[test]
fn a_model_is_asked_about_what_was_held_out() {
    let scratch = scratch();
    for (number, settings) in [
        "--stratify --holdout 0.3 --seed 4 --split-seed 6",
        "--stratify on --holdout 0.25 --heldout-scale own",
        "--folds 4 --fold 2",
        "--folds 7 --fold 7 --stratify --dtype f64 --heldout-scale own",
        "--validation own",
        "--validation own --engine simd --heldout-scale own",
        "--validation own --engine naive --stratify",
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("run{number}");
        let engine = if settings.contains("--engine") {
            ""
        } else {
            "--engine blas"
        };
        let trained = scratch.done(&format!(
            "train -q --json {SETTINGS} {engine} {settings} --report --out {run}"
        ));
        let summary = trained.json();
        let folder = if settings.contains("--validation") {
            "own"
        } else {
            "data"
        };
        for (split, folder) in [("heldout", folder), ("train", "data")] {
            let asked = scratch.done(&format!(
                "evaluate -q --json --model {run} --data {folder} --split {split}"
            ));
            let expected = &summary[&format!("{split}_accuracy")];
            assert_eq!(&asked.json()["accuracy"], expected, "{settings}: {split}");
        }
        // The run is repeated from its own settings, and goes on under them.
        scratch.done(&format!(
            "train -q --config {run}/config.toml --out again{number}"
        ));
        let [one, other] = [&run, &format!("again{number}")]
            .map(|run| scratch.read(format!("{run}/model.safetensors")));
        assert!(one == other, "{settings}");
        let whole = scratch.done(&format!("train --resume {run}"));
        assert!(whole.stderr.contains("this run is whole"), "{whole}");
    }
    let page = scratch.text("run3/report.html");
    assert!(page.contains("fold 7 of 7 held out, stratified"));
    let page = scratch.text("run4/report.html");
    assert!(
        page.contains("with a validation set") && page.contains("validation labels of the run")
    );
    scratch.refuses(
        3,
        "evaluate -q --model run4 --data data --split heldout",
        &[
            "expected the validation set that the model was trained with",
            "found other training labels",
        ],
    );
}

/// Without test files a report shows what was held out.
#[test]
fn a_report_asks_about_the_validation_set() {
    let scratch = scratch();
    for folder in ["data", "own"] {
        for file in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
            fs::remove_file(scratch.join(folder).join(file)).expect("a file");
        }
    }
    for settings in ["--validation own", "--folds 3 --fold 1"] {
        scratch.done(&format!(
            "train -q {SETTINGS} {settings} --report --out run"
        ));
        let first = scratch.text("run/report.html");
        assert!(first.contains("held-out images"), "{settings}");
        scratch.done("report -q run --force");
        assert_eq!(scratch.text("run/report.html"), first);
        fs::remove_dir_all(scratch.join("run")).expect("a run");
    }
}

#[test]
fn a_flag_takes_the_place_of_what_a_file_holds_out() {
    let scratch = scratch();
    let held = |run: &str| -> toml::Table {
        let mut config: toml::Table = scratch
            .text(format!("{run}/config.toml"))
            .parse()
            .expect("TOML");
        config.retain(|name, _| {
            ["holdout", "folds", "fold", "validation_labels_sha256"].contains(&name)
        });
        config
    };
    let table = |text: &str| -> toml::Table { text.parse().expect("TOML") };
    scratch.done(&format!(
        "train -q {SETTINGS} --folds 3 --fold 1 --out fold"
    ));
    assert_eq!(held("fold"), table("holdout = 0.0\nfolds = 3\nfold = 1"));
    for (file, flags, run, expected) in [
        (
            "fold",
            "--fold 2",
            "other",
            "holdout = 0.0\nfolds = 3\nfold = 2",
        ),
        ("fold", "--holdout 0.3", "share", "holdout = 0.3"),
        (
            "share",
            "--folds 4 --fold 4",
            "back",
            "holdout = 0.0\nfolds = 4\nfold = 4",
        ),
    ] {
        scratch.done(&format!(
            "train -q --config {file}/config.toml {flags} --out {run}"
        ));
        assert_eq!(held(run), table(expected), "{flags}");
    }
    scratch.done("train -q --config fold/config.toml --validation own --out own-set");
    let own = held("own-set");
    assert!(
        own.len() == 2 && own.contains_key("validation_labels_sha256"),
        "{own:?}"
    );
    let told =
        scratch.done("train --progress none --config own-set/config.toml --holdout 0.2 --out last");
    assert_eq!(held("last"), table("holdout = 0.2"));
    assert!(!told.stderr.contains("SHA-256"), "{told}");
    // Another validation set than the settings were written for is told.
    scratch.done("synth -q --out third --train 60 --test 10 --seed 8");
    let told = scratch
        .done("train --progress none --config own-set/config.toml --validation third --out note");
    assert!(told.stderr.contains("other validation images"), "{told}");
}

#[test]
fn what_cannot_be_held_out_is_refused() {
    let scratch = scratch();
    for (arguments, says) in [
        ("--fold 2", &["fold: ", "found fold 2 alone"][..]),
        ("--folds 5 --fold 0", &["fold: ", "from 1 to 5", "found 0"]),
        ("--folds 5 --fold 6", &["fold: ", "from 1 to 5", "found 6"]),
        ("--folds 1", &["folds: expected at least 2, found 1"]),
        ("--folds 151", &["folds: expected at most 150", "found 151"]),
        ("--folds 200000 --fold 1", &["folds: expected at most 150"]),
        (
            "--folds 200000",
            &["folds: expected at most 100000", "--fold"],
        ),
        (
            "--folds 5 --holdout 0.2",
            &["holdout: ", "folds", "found 0.2"],
        ),
        (
            "--validation own --holdout 0.1",
            &["holdout: ", "validation set", "found 0.1"],
        ),
        (
            "--validation own --folds 5",
            &["validation: ", "folds", "both"],
        ),
        ("--folds 5 --report", &["report: ", "--fold"]),
        ("--folds 5 --tensorboard", &["tensorboard: ", "--fold"]),
        ("--folds 5 --resume auto", &["resume: ", "the same command"]),
        ("--holdout 0 --keep best", &["keep: ", "held-out images"]),
    ] {
        scratch.refuses(
            2,
            &format!("train -q {SETTINGS} {arguments} --out new"),
            says,
        );
    }
    // A fold or a validation set tells the best network.
    for held_out in ["--folds 3 --fold 1", "--validation own", "--folds 3"] {
        let name = held_out.replace(['-', ' '], "");
        scratch.done(&format!(
            "train -q {SETTINGS} {held_out} --keep best --out {name}"
        ));
    }
    scratch.write("conflict.toml", "folds = 5\nholdout = 0.2\n");
    scratch.refuses(
        2,
        "train -q --data data --config conflict.toml --out new",
        &["conflict.toml", "line 2: holdout: expected no share, or 0"],
    );
    // A file may leave it to the flags which fold is held out, or to the program to train them all.
    scratch.write("folds.toml", "folds = 2\nepochs = 1\n");
    scratch.done("train -q --data data --config folds.toml --fold 2 --out second");
    scratch.done("train -q --data data --config folds.toml --out both");
    assert!(scratch.join("both/journal.jsonl").is_file());
}

#[test]
fn a_validation_set_that_does_not_fit_is_refused() {
    let scratch = scratch();
    let write = |folder: &str, [rows, columns]: [u32; 2], labels: &[u8], classes: &str| {
        fs::create_dir(scratch.join(folder)).expect("a folder");
        let count = labels.len() as u32;
        let pixels = vec![7; labels.len() * (rows * columns) as usize];
        scratch.write(
            format!("{folder}/train-images-idx3-ubyte"),
            idx(&[count, rows, columns], &pixels),
        );
        scratch.write(
            format!("{folder}/train-labels-idx1-ubyte"),
            idx(&[count], labels),
        );
        if !classes.is_empty() {
            scratch.write(format!("{folder}/classes.txt"), classes);
        }
    };
    write("small", [8, 8], &[0, 1], "");
    write("eleven", [28, 28], &[0, 10], "");
    write("named", [28, 28], &[0, 1], "shirt\ncoat\n");
    write("empty", [28, 28], &[], "");
    fs::create_dir(scratch.join("nothing")).expect("a folder");
    for (folder, says) in [
        (
            "small",
            &["28 x 28 pixels, as the training images", "8 x 8"][..],
        ),
        ("eleven", &["labels 0 to 9", "label 10 at image 1"]),
        (
            "named",
            &["the 10 classes T-shirt/top", "the 2 classes shirt, coat"],
        ),
        (
            "nothing",
            &["reading the validation set", "the folder has no data files"],
        ),
        ("nowhere", &["reading the validation set", "nowhere"]),
    ] {
        let command = format!("train -q {SETTINGS} --validation {folder} --out new");
        scratch.refuses(3, &command, says);
    }
    let outcome = scratch.gingham(&format!("train -q {SETTINGS} --validation empty --out new"));
    let outcome = outcome.outcome();
    assert!(
        outcome.code() != Some(0) && outcome.stderr.contains("at least one"),
        "{outcome}"
    );
    // The training images themselves are no other images, which a note says.
    let told = scratch.done(&format!(
        "train --progress none {SETTINGS} --validation data --out same"
    ));
    assert!(told.stderr.contains("are the training images"), "{told}");
}

#[test]
fn classes_of_fewer_images_than_folds_are_told() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("data")).expect("a folder");
    let labels = [vec![0; 20], vec![1; 7], vec![2; 2]].concat();
    let pixels: Vec<u8> = (0..29 * 16).map(|place| (place * 37 % 251) as u8).collect();
    scratch.write("data/train-images-idx3-ubyte", idx(&[29, 4, 4], &pixels));
    scratch.write("data/train-labels-idx1-ubyte", idx(&[29], &labels));
    let settings = "--data data --epochs 1 --batch-size 10";
    for (number, folds, says) in [
        (1, "--folds 2", None),
        (
            2,
            "--folds 5",
            Some("fewer images than the 5 folds show class 2 (2)"),
        ),
        (
            3,
            "--folds 29 --stratify",
            Some("show class 0 (0), 1 (1), 2 (2)"),
        ),
        (
            4,
            "--folds 5 --fold 3",
            Some("fewer images than the 5 folds show class 2 (2)"),
        ),
    ] {
        let told = scratch.done(&format!(
            "train --progress none {settings} {folds} --out run{number}"
        ));
        match says {
            Some(says) => assert!(told.stderr.contains(says), "{told}"),
            None => assert!(!told.stderr.contains("fewer images"), "{told}"),
        }
    }
    let journal = scratch.text("run3/journal.jsonl");
    assert_eq!(journal.lines().count(), 29, "one image is held out in each");
}

/// The model that a summary names is there, also where the last network is not kept.
#[test]
fn folds_that_keep_their_best_name_it() {
    let scratch = Scratch::new();
    scratch.synth("data", 120, 20);
    let command = "train -q --json --data data --preset plain --epochs 3 --hidden 5 --folds 2 --keep best --out kept";
    let told = scratch.done(command).json();
    for fold in told["folds"].as_array().expect("folds") {
        let model = fold["model"].as_str().expect("a name");
        assert_eq!(fold["model"], fold["best_model"]);
        assert!(scratch.join(model).is_file(), "{model}");
    }
    // Nothing is trained twice.
    assert_eq!(scratch.done(command).json(), told);
}
