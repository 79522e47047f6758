//! Settings as people give them: words of other programs, half of a form, a flag twice, a file with a slip; and what is told of them.

use std::fs;

use serde_json::{Value, json};

use crate::util::{PROGRAM, Scratch, idx, skipped};

/// A data set of so many images of 4 x 4 pixels, whose labels are given by place, with as many names.
fn dataset(scratch: &Scratch, folder: &str, labels: &[u8], classes: &str) {
    fs::create_dir(scratch.join(folder)).expect("a folder");
    let images: Vec<u8> = (0..labels.len() * 16)
        .map(|place| (place * 37 % 251) as u8)
        .collect();
    let count = labels.len() as u32;
    for (name, dimensions, bytes) in [
        ("train-images-idx3-ubyte", &[count, 4, 4][..], &images[..]),
        ("train-labels-idx1-ubyte", &[count][..], labels),
    ] {
        scratch.write(format!("{folder}/{name}"), idx(dimensions, bytes));
    }
    scratch.write(format!("{folder}/classes.txt"), classes);
}

fn config(scratch: &Scratch, run: &str) -> toml::Table {
    scratch
        .text(format!("{run}/config.toml"))
        .parse()
        .expect("TOML")
}

/// An activation of today's form alone would leave weights in [-1, 1), sums of losses and their learning rate: not a number at once.
#[test]
fn settings_that_only_make_sense_together_follow() {
    let scratch = Scratch::with_data();
    scratch.write("relu.toml", "activation = \"relu\"\n");
    for (number, settings) in [
        "--hidden 9 --activation relu",
        "--output softmax --hidden 9",
        "--reduction mean --hidden 9",
        "--config relu.toml --hidden 9",
        "--preset plain --hidden 9",
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("run{number}");
        let outcome = scratch.done(&format!(
            "train --data data --epochs 40 --json --out {run} {settings}"
        ));
        let noted = outcome.stderr.contains("note: preset plain");
        assert_eq!(noted, !settings.contains("--preset"), "{outcome}");
        let config = config(&scratch, &run);
        for (key, value) in [
            ("preset", "plain"),
            ("activation", "relu"),
            ("output", "softmax"),
            ("probability", "output"),
            ("init", "he"),
            ("reduction", "mean"),
            ("heldout_scale", "train"),
        ] {
            assert_eq!(config[key].as_str(), Some(value), "{key}, {settings}");
        }
        assert_eq!(config["l2"].as_float(), Some(0.0005), "{settings}");
        assert_eq!(config["hidden"], toml::Value::try_from([9]).unwrap());
        let summary = outcome.json();
        assert_eq!(summary["preset"], "plain");
        assert!(
            summary["heldout_accuracy"].as_f64().unwrap() > 0.5,
            "{outcome}"
        );
    }
    // The user's word holds, and the way out is named where it leads nowhere.
    let article = "train -q --data data --preset article --activation relu --learning-rate 1e6 --hidden 9 --out article";
    let outcome = scratch.gingham(article).outcome();
    outcome.is_refusal(4, &["epoch 1, batch ", "--learning-rate", "--preset plain"]);
    let config = config(&scratch, "article");
    assert_eq!(config["init"].as_str(), Some("uniform"));
    // What goes with the article's settings leaves them alone.
    scratch.done("train -q --data data --epochs 1 --momentum 0.5 --bias on --init xavier --hidden 9 --out same");
    let config = self::config(&scratch, "same");
    assert_eq!(config["preset"].as_str(), Some("article"));
    assert_eq!(config["l2"].as_float(), Some(0.5));
    for (settings, says) in [
        (
            "--activation relu --reduction sum",
            ["reduction", "--learning-rate"],
        ),
        (
            "--activation relu --scale none",
            ["scale", "--learning-rate"],
        ),
    ] {
        scratch.refuses(2, &format!("train --data data --out new {settings}"), &says);
        scratch.done(&format!(
            "train -q --data data --epochs 1 {settings} --lr 1e-5 --out {}",
            says[0]
        ));
    }
}

#[test]
fn the_summary_has_every_setting() {
    let scratch = Scratch::with_data();
    let outcome = scratch.done(
        "train -q --json --data data --epochs 2 --hidden 5,4 --lr 0.25 --batch-size 30 --memory 2G --order-seed 6 --out run",
    );
    let settings = &outcome.json()["settings"];
    let config = config(&scratch, "run");
    let told: Vec<&String> = settings.as_object().expect("settings").keys().collect();
    let kept: Vec<&String> = config.keys().collect();
    assert_eq!(told.len(), kept.len(), "{told:?} and {kept:?}");
    for (key, value) in &config {
        assert_eq!(settings[key], serde_json::to_value(value).unwrap(), "{key}");
    }
    assert_eq!(settings["learning_rate"], json!(0.25));
    assert_eq!(settings["hidden"], json!([5, 4]));
    assert_eq!(settings["order_seed"], json!(6));
    assert!(
        settings.get("split_seed").is_none(),
        "a seed that was not given"
    );
    // A run of an older version, whose summary has none, is read as before.
    let mut older: Value = serde_json::from_str(&scratch.text("run/summary.json")).unwrap();
    older.as_object_mut().unwrap().remove("settings");
    scratch.write("run/summary.json", older.to_string());
    scratch.done("report -q run --out page.html");
    // And so is a run whose settings are not all known here.
    older["settings"] = json!({ "schedule": "cosine" });
    scratch.write("run/summary.json", older.to_string());
    scratch.done("report -q run --out other.html");
}

#[test]
fn the_last_of_a_flag_holds() {
    let scratch = Scratch::with_data();
    let twice = "train -q -q --json --json --data nowhere --data data --epochs 9 --epochs 2 --hidden 50 --hidden 3 --out run";
    let summary = scratch.done(twice).json();
    assert_eq!(summary["settings"]["epochs"], 2);
    assert_eq!(summary["settings"]["hidden"], json!([3]));
    // A list of files stays a list.
    scratch.misuse(
        scratch.gingham("train --data data --batches 3 --batch-size 4"),
        &["--batches", "--batch-size"],
    );
}

#[test]
fn words_of_other_programs_lead_to_the_flags() {
    let scratch = Scratch::new();
    for (typed, says) in [
        ("train --max-iter 3", "--epochs"),
        ("train --max_iter=3", "--epochs"),
        ("train --alpha 0.1", "--l2"),
        ("train --wd 0.1", "--weight-decay"),
        ("train --hidden-layer-sizes 3", "--hidden"),
        ("train --learning-rate-init 3", "--learning-rate"),
        ("train --random-state 3", "--seed"),
        ("train --data-seed 3", "--order-seed"),
        ("train --batch 3", "--batch-size"),
        ("train --solver adam", "--optimizer"),
        ("train --patience 3", "--early-stopping"),
        ("train --gpu", "CPU alone"),
        ("export --overwrite", "--force"),
    ] {
        let said = scratch.misuse(scratch.gingham(typed), &[]);
        assert!(said.contains("tip: ") && said.contains(says), "{said}");
        assert!(!said.contains("--color"), "{said}");
    }
    // Nothing is suggested where nothing is near.
    let said = scratch.misuse(scratch.gingham("evaluate --solver adam"), &[]);
    assert!(!said.contains("tip: a similar"), "{said}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn mistakes_in_a_file_are_told_with_their_line() {
    let scratch = Scratch::with_data();
    for (text, says) in [
        (
            "seed = 1\n\nepoch = 3",
            "line 3: unknown setting `epoch`; did you mean `epochs`?",
        ),
        (
            "lr = 3",
            "line 1: unknown setting `lr`; did you mean `learning_rate`?",
        ),
        ("max_iter = 3", "did you mean `epochs`?"),
        (
            "solver = 'adam'",
            "line 1: unknown setting `solver`; did you mean `optimizer`?",
        ),
        ("zzz = 3", "unknown setting `zzz`; a run's config.toml"),
        (
            "\r\nepochs = \"three\"",
            "line 2: epochs: expected a whole number from 0, found \"three\"",
        ),
        (
            "hidden = 50",
            "hidden: expected a list of whole numbers such as [100, 50], found 50",
        ),
        (
            "bias = \"on\"",
            "bias: expected true or false, found \"on\"",
        ),
        ("learning_rate = \"x\"", "expected a number, found \"x\""),
        (
            "seed = 1\nl2 = -3",
            "line 2: l2: expected a number from 0 to 1e6, found -3",
        ),
        (
            "activation = \"swish\"",
            "activation: unknown value `swish`, expected one of `sigmoid`",
        ),
        (
            "\u{feff}epochs = 3\nepochs = 4",
            "line 2: duplicate key: epochs is there already",
        ),
        (
            "seed = 99999999999999999999",
            "line 1: seed: expected a whole number from 0 to 4294967295, found 99999999999999999999",
        ),
        (
            "\nlearning_rate = 1e400",
            "line 2: learning_rate: expected a number, found 1e400",
        ),
        (
            "images_sha256 = \"zz\"",
            "line 1: images_sha256: expected 64 hexadecimal digits in quotes, found \"zz\"",
        ),
        (
            "epochs = 3\ndata = ''",
            "line 2: data: expected the name of a folder in quotes, found",
        ),
        ("seed = 2024-01-01", "line 1: seed: expected a whole number"),
        (
            "hidden = { a = 1 }",
            "line 1: hidden: expected a list of whole numbers",
        ),
        (
            "hidden = [[1], [2]]",
            "line 1: hidden: expected a list of whole numbers such as [100, 50], found [[1], [2]]",
        ),
        (
            "epochs = 3\nactivation = relu",
            "line 2: activation: expected a text in quotes, found relu",
        ),
        (
            "epochs =",
            "line 1: epochs: expected a whole number from 0, found nothing",
        ),
        (
            "epochs 3",
            "line 1: epochs: expected `epochs = ` and a value",
        ),
    ] {
        scratch.write("odd.toml", text);
        let outcome = scratch
            .gingham("train --data data --out new --config odd.toml")
            .outcome();
        outcome.is_refusal(2, &["odd.toml: ", says]);
        for jargon in [
            "usize",
            "u32",
            "f64",
            "i128",
            "variant",
            "invalid type",
            "struct",
            "overflow",
        ] {
            assert!(!outcome.stderr.contains(jargon), "{outcome}");
        }
    }
    scratch.write(
        "marked.toml",
        "\u{feff}epochs = 2\r\nhidden = [4]\r\nbatches = 3\r\n",
    );
    scratch.done("train -q --data data --config marked.toml --out new");
}

/// A preset beside a file that has all settings would change nothing but the name of the run.
#[test]
fn a_preset_beside_a_configuration_file() {
    let scratch = Scratch::with_data();
    scratch.done("train -q --data data --epochs 1 --hidden 4 --out run");
    let says = [
        "preset: expected article, as run/config.toml has it, found wide",
        "leave --preset out",
    ];
    scratch.refuses(
        2,
        "train --data data --config run --preset wide --out new",
        &says,
    );
    // The same one is no clash, and neither is a flag that covers all in which two presets differ.
    scratch.done("train -q --data data --config run --preset article --out same");
    scratch.done("train -q --data data --preset plain --epochs 1 --hidden 4 --out plain");
    scratch.done("train -q --data data --config plain --preset wide --hidden 3 --out wide");
    assert_eq!(config(&scratch, "wide")["preset"].as_str(), Some("wide"));
    // What a file leaves open is the named preset's, and what it gives stays, which is said.
    scratch.write(
        "part.toml",
        "preset = \"article\"\nepochs = 1\nhidden = [4]\nl2 = 0.25\n",
    );
    let outcome = scratch.done("train --data data --config part.toml --preset plain --out open");
    let note = "note: preset plain: epochs, hidden, l2 stay as part.toml has them";
    assert!(outcome.stderr.contains(note), "{outcome}");
    let found = config(&scratch, "open");
    assert_eq!(found["l2"].as_float(), Some(0.25));
    assert_eq!(found["reduction"].as_str(), Some("mean"));
    scratch.write("part.toml", "epochs = 1\nhidden = [4]\n");
    let outcome = scratch.done("train --data data --config part.toml --preset plain --out named");
    assert!(!outcome.stderr.contains("note: preset"), "{outcome}");
}

/// The user's word holds; where it leads nowhere, it is refused or remarked upon with the flag to give.
#[test]
fn settings_that_lead_nowhere_beside_a_named_preset() {
    let scratch = Scratch::with_data();
    for (settings, says) in [
        (
            "--preset wide --scale none",
            ["scale: expected standard", "preset wide"],
        ),
        (
            "--preset wide --reduction sum",
            ["reduction: expected mean", "--learning-rate"],
        ),
        (
            "--preset plain --scale none",
            ["scale: expected standard", "--learning-rate"],
        ),
    ] {
        scratch.refuses(2, &format!("train --data data --out new {settings}"), &says);
    }
    for (number, (settings, flags)) in [
        (
            "--preset article --output softmax",
            &["--probability output"][..],
        ),
        (
            "--preset article --reduction mean",
            &["--l2 0.0005", "--learning-rate"],
        ),
        ("--preset article --activation relu", &["--init he"]),
        (
            "--preset plain --hidden none --scale none --lr 0.01",
            &["--learning-rate 1e-5"],
        ),
        (
            "--preset plain --probability softmax",
            &["--probability output"],
        ),
        ("--preset plain", &[]),
        ("--preset plain --output sigmoid", &[]),
        ("--preset plain --scale none --lr 1e-5", &[]),
        ("--momentum 0.5", &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let hidden = if settings.contains("--hidden") {
            ""
        } else {
            "--hidden 4"
        };
        let outcome = scratch.done(&format!(
            "train --data data --epochs 1 --progress none {hidden} --out run{number} {settings}"
        ));
        let notes = outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("note: "));
        let notes: Vec<&str> = notes.filter(|note| !note.contains("engine")).collect();
        assert_eq!(notes.len(), flags.len(), "{outcome}");
        for (note, flag) in notes.iter().zip(flags) {
            assert!(note.contains(flag), "{outcome}");
        }
    }
}

/// Configuration files that no editor wrote: from a pipe, very long, without an end.
#[test]
fn configuration_files_from_anywhere() {
    let scratch = Scratch::with_data();
    for (number, (how, from)) in [
        ("printf 'epochs = 1\\nhidden = [3]' |", "-"),
        ("printf 'epochs = 1\\nhidden = [3]' |", "/dev/stdin"),
        ("exec 3<given.toml;", "/dev/fd/3"),
    ]
    .into_iter()
    .enumerate()
    {
        scratch.write("given.toml", "epochs = 1\nhidden = [3]");
        let line = format!("{how} \"$0\" train -q --data data --out run{number} --config {from}");
        let outcome = scratch.run("sh").args(["-c", &line, PROGRAM]).outcome();
        outcome.has_code(0);
        let config = config(&scratch, &format!("run{number}"));
        assert_eq!(config["epochs"].as_integer(), Some(1));
    }
    let comment = "# a comment of some length that says nothing at all\n".repeat(200_000);
    scratch.write("long.toml", comment.clone() + "epochs = 1\nhidden = [3]\n");
    scratch.done("train -q --data data --out long --config long.toml");
    scratch.write("long.toml", comment + "epoch = 1");
    let train = "train --data data --out new --config long.toml";
    scratch.refuses(
        2,
        train,
        &["long.toml: line 200001: unknown setting `epoch`"],
    );
    let many: String = (0..500_000).map(|key| format!("a{key} = 1\n")).collect();
    scratch.write("long.toml", many);
    scratch.refuses(2, train, &["long.toml: line 1: unknown setting `a0`"]);
    scratch.write(
        "long.toml",
        format!("hidden = [{}0.5]", "1, ".repeat(1_000_000)),
    );
    let outcome = scratch.gingham(train).outcome();
    outcome.is_refusal(2, &["long.toml: line 1: hidden: expected a list", ".."]);
    assert!(outcome.stderr.len() < 300, "{outcome}");
    let endless = "yes 'epochs = 1' | \"$0\" train --data data --out new --config -";
    let outcome = scratch.run("sh").args(["-c", endless, PROGRAM]).outcome();
    outcome.is_refusal(2, &["expected at most 16 MiB of settings"]);
}

#[test]
fn a_class_without_an_image_is_remarked_upon() {
    let scratch = Scratch::new();
    let labels: Vec<u8> = (0..40).map(|place| [0, 1, 3][place % 3]).collect();
    dataset(&scratch, "data", &labels, "ant\nbee\ncat\tfish\ndog\n");
    let train = "train --data data --batches 2 --epochs 1 --hidden 3 --out";
    let outcome = scratch.done(&format!("{train} run"));
    assert!(
        outcome
            .stderr
            .contains(r"note: no training image shows class 2 ($'cat\tfish')"),
        "{outcome}"
    );
    let table = scratch.done("explore --data data --images 0").stdout;
    assert!(table.contains(r"2 $'cat\tfish'"), "{table}");
    // All there: no note.
    let labels: Vec<u8> = (0..40).map(|place| place % 4).collect();
    dataset(&scratch, "whole", &labels, "ant\nbee\ncat\ndog\n");
    let outcome =
        scratch.done("train --data whole --batches 2 --epochs 1 --hidden 3 --out whole-run");
    assert!(!outcome.stderr.contains("no training image"), "{outcome}");
}

/// Sets of a handful of images: what can be done is done, and no figure asks for more.
#[test]
fn a_handful_of_images() {
    let scratch = Scratch::new();
    for count in [1_u8, 2, 20, 31] {
        let labels: Vec<u8> = (0..count).map(|place| place % 2).collect();
        let data = format!("data{count}");
        dataset(&scratch, &data, &labels, "ant\nbee\n");
        let explore = format!("explore --data {data} --images 0 --figures figures{count}");
        let outcome = scratch.done(&explore);
        assert!(outcome.stderr.contains("note: no map: "), "{outcome}");
        assert!(
            scratch
                .join(format!("figures{count}/contact-sheet.svg"))
                .exists()
        );
        let asked = scratch.gingham(&format!("{explore}-map --map 1")).outcome();
        asked.is_refusal(2, &["map: expected at least"]);
        // Too few for a time to mean anything.
        let bench = format!("bench -q --json --data {data} --epochs 1");
        let says = [
            "data: expected an epoch of at least 10 million operations",
            "--hidden",
        ];
        scratch.refuses(2, &bench, &says);
    }
    let refused = "train --data data20 --out new";
    scratch.refuses(
        2,
        refused,
        &["batches", "found 25", "--batches 16", "--batch-size"],
    );
    scratch.done(&format!("{refused} -q --epochs 1 --batches 16"));
}

/// A locale without UTF-8 gets letters, even where there are colours.
#[test]
fn pictures_for_a_terminal_without_unicode() {
    let scratch = Scratch::with_data();
    let drawn = |variable: &str, locale: &str| {
        let run = scratch.gingham("--color always explore --data data --images 1");
        let run = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .fold(run, |run, name| run.env(name, ""));
        run.env(variable, locale).outcome().succeeded().stdout
    };
    assert!(drawn("LANG", "C.UTF-8").contains('▀'));
    assert!(drawn("LC_ALL", "de_DE.utf8").contains('▀'));
    for (variable, locale) in [("LC_ALL", "C"), ("LANG", "POSIX"), ("LC_CTYPE", "de_DE")] {
        let text = drawn(variable, locale);
        assert!(text.is_ascii() && text.contains('@'), "{text}");
    }
}

/// An OpenBLAS older than the CPU takes it for one of twenty years ago, and multiplies as on that.
#[test]
fn a_library_that_does_not_know_the_cpu() {
    let scratch = Scratch::with_data();
    let train = "train --data data --engine blas --batches 2 --epochs 1 --hidden 3 --out";
    let told = |core: &str, run: &str| {
        let run = scratch.gingham(&format!("{train} {run}"));
        run.env("OPENBLAS_CORETYPE", core).outcome().succeeded()
    };
    let (old, new) = (told("Prescott", "old"), told("Haswell", "new"));
    let version = scratch.done("--version").stdout;
    if !version.contains("OpenBLAS") || !scratch.text("old/summary.json").contains("Prescott") {
        return skipped("the core of OpenBLAS", "no OpenBLAS with several cores");
    }
    if scratch.text("old/summary.json").contains("\"portable\"") {
        return skipped("the core of OpenBLAS", "a CPU without AVX2");
    }
    assert!(old.stderr.contains("OPENBLAS_CORETYPE=Haswell"), "{old}");
    assert!(!new.stderr.contains("OPENBLAS_CORETYPE"), "{new}");
}
