//! Images that are changed for training, and answers from two looks at each image.

use serde_json::json;

use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --hidden 8 --batch-size 40 --epochs 2";
const CHANGES: &str = "--flip --shift 2 --erase 0.25";

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.synth("data", 150, 40);
    scratch
}

#[test]
fn changes_are_settings_like_others() {
    let scratch = scratch();
    for engine in ["naive", "blas", "simd", "fixed"] {
        let train = format!("train -q --json {SETTINGS} --engine {engine}");
        let plain = scratch
            .done(&format!("{train} --out plain-{engine}"))
            .json();
        let given = scratch
            .done(&format!("{train} {CHANGES} --out run-{engine}"))
            .json();
        let settings = &given["settings"];
        assert_eq!(
            [&settings["flip"], &settings["shift"], &settings["erase"]],
            [&json!(true), &json!(2), &json!(0.25)]
        );
        assert_ne!(given["final_error"], plain["final_error"], "{engine}");
        let config = scratch.text(format!("run-{engine}/config.toml"));
        for line in ["flip = true", "shift = 2", "erase = 0.25"] {
            assert!(config.lines().any(|found| found == line), "{config}");
        }
        // Switched off in words they are not there, and the run has the bits of one that never heard of them.
        scratch.done(&format!(
            "{train} --flip off --shift 0 --erase 0 --out off-{engine}"
        ));
        for file in ["config.toml", "model.safetensors"] {
            let [off, plain] =
                ["off", "plain"].map(|run| scratch.read(format!("{run}-{engine}/{file}")));
            assert!(off == plain, "{engine}: {file}");
        }
        // The file alone repeats the run.
        scratch.done(&format!(
            "train -q --config run-{engine}/config.toml --out again-{engine}"
        ));
        let [run, again] =
            ["run", "again"].map(|run| scratch.read(format!("{run}-{engine}/model.safetensors")));
        assert!(run == again, "{engine}");
    }
    scratch.refuses(
        2,
        &format!("train {SETTINGS} --shift 28 --out none"),
        &["shift: expected at most 27", "found 28"],
    );
    scratch.refuses(
        2,
        &format!("train {SETTINGS} --erase 1.5 --out none"),
        &["erase: expected a probability from 0 to 1, found 1.5"],
    );
}

#[test]
fn a_sweep_over_changes_has_the_runs_of_train() {
    let scratch = scratch();
    scratch.done(&format!(
        "sweep -q {SETTINGS} --grid flip=on,off;shift=0,2;erase=0,0.25 --out sweep"
    ));
    let train = |changes: &str, out: &str| {
        scratch.done(&format!("train -q {SETTINGS} {changes} --out {out}"))
    };
    train("--flip --shift 2 --erase 0.25", "all");
    train("", "none");
    let mut met = 0;
    for number in 1..=8 {
        let run = format!("sweep/runs/{number:05}");
        let config = scratch.text(format!("{run}/config.toml"));
        let given = ["flip = true", "shift = 2", "erase = 0.25"]
            .map(|line| config.lines().any(|found| found == line));
        let alone = match given {
            [true, true, true] => "all",
            [false, false, false] => "none",
            _ => continue,
        };
        let [swept, alone] = [run, alone.to_owned()]
            .map(|folder| scratch.read(format!("{folder}/model.safetensors")));
        assert!(swept == alone, "{number}");
        met += 1;
    }
    assert_eq!(met, 2);
}

#[test]
fn two_looks_are_told_and_do_not_depend_on_the_side() {
    let scratch = scratch();
    scratch.done(&format!("train -q {SETTINGS} --out run"));
    let once = scratch
        .done("evaluate --model run --data data --json")
        .json();
    let twice = scratch
        .done("evaluate --model run --data data --json --tta flip")
        .json();
    assert_eq!((once.get("tta"), &twice["tta"]), (None, &json!("flip")));
    assert_ne!(once["loss"], twice["loss"]);
    let text = scratch
        .done("evaluate --model run --data data --tta flip")
        .stdout;
    assert!(
        text.contains("flip: the mean of each image and its mirror image"),
        "{text}"
    );
    // An image and its mirror image, as a file of two.
    let file = scratch.read("data/t10k-images-idx3-ubyte");
    let image = &file[16..16 + 784];
    let mirrored: Vec<u8> = image
        .chunks(28)
        .flat_map(|row| row.iter().rev().copied())
        .collect();
    scratch.write(
        "both",
        crate::util::idx(&[2, 28, 28], &[image, &mirrored].concat()),
    );
    let shares = |tta: &str| {
        let lines = scratch
            .done(&format!(
                "predict --model run --json --proba {tta} --idx both"
            ))
            .json_lines();
        let numbers = |line: usize| -> Vec<f64> {
            serde_json::from_value(lines[line]["probabilities"].clone()).expect("numbers")
        };
        [numbers(0), numbers(1)]
    };
    let ([one, other], [first, second]) = (shares(""), shares("--tta flip"));
    assert_eq!(first, second);
    for class in 0..10 {
        let mean = (one[class] + other[class]) / 2.0;
        assert!((first[class] - mean).abs() < 1e-12, "{class}");
    }
    let wrong = scratch.gingham("evaluate --model run --data data --tta both");
    scratch.misuse(wrong, &["--tta"]);
}
