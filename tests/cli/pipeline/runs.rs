//! What a training run leaves.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::util::{Scratch, gzip, idx};

/// What scripts read from `train --json`.
const SUMMARY_KEYS: [&str; 19] = [
    "preset",
    "seed",
    "epochs",
    "engine",
    "engine_note",
    "level",
    "dtype",
    "threads",
    "cpu",
    "final_error",
    "train_accuracy",
    "heldout_accuracy",
    "test_accuracy",
    "train_seconds",
    "total_seconds",
    "images_per_second",
    "peak_rss_bytes",
    "run_dir",
    "model",
];

#[test]
fn a_run_leaves_its_folder() {
    let scratch = Scratch::with_data();
    let outcome = scratch
        .done("train --json --data data --epochs 3 --hidden 8 --out deep/er/run --threads 2");
    assert_eq!(files(&scratch, "deep/er/run"), RUN_FILES);

    let printed = outcome.json();
    for key in SUMMARY_KEYS {
        assert!(printed.get(key).is_some(), "no {key} in {printed}");
    }
    assert_eq!(printed, summary(&scratch, "deep/er/run"));
    for (key, value) in [
        ("preset", json!("article")),
        ("seed", json!(42)),
        ("epochs", json!(3)),
        ("dtype", json!("f32")),
        ("run_dir", json!("deep/er/run")),
        ("model", json!("deep/er/run/model.safetensors")),
    ] {
        assert_eq!(printed[key], value, "{key}");
    }
    // Whichever is the fastest here; the other one is explained.
    match (printed["level"].as_str(), printed["engine"].as_str()) {
        (Some("avx2" | "avx512"), Some("fixed")) => assert!(printed["engine_note"].is_null()),
        (Some("portable"), Some("blas")) => assert!(printed["engine_note"].is_string()),
        _ => panic!("{printed}"),
    }
    assert!(
        matches!(printed["threads"].as_u64(), Some(1 | 2)),
        "one where the BLAS is the serial flavour"
    );
    for (key, images) in [
        ("train_accuracy", 240.0),
        ("heldout_accuracy", 60.0),
        ("test_accuracy", 100.0),
    ] {
        let right = printed[key].as_f64().expect("a number") * images;
        assert!(
            (0.0..=images).contains(&right) && (right - right.round()).abs() < 1e-9,
            "{key}"
        );
    }
    let number = |key: &str| {
        printed[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key} in {printed}"))
    };
    assert!(number("train_seconds") > 0.0 && number("total_seconds") >= number("train_seconds"));
    let speed = 3.0 * 240.0 / number("train_seconds");
    assert!((number("images_per_second") / speed - 1.0).abs() < 1e-9);
    if cfg!(target_os = "linux") {
        assert!(number("peak_rss_bytes") > 1e6);
    }

    let rows = csv(&scratch, "deep/er/run");
    assert_eq!(
        rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["0", "1", "2"]
    );
    let last = &rows[2];
    let field = |column: usize| last[column].parse::<f64>().expect("a number");
    // serde_json reads numbers to within a unit in the last place.
    let keys = ["final_error", "train_accuracy", "heldout_accuracy"];
    for (column, key) in (1..).zip(keys) {
        let (field, number) = (field(column), number(key));
        assert!(
            (field - number).abs() <= 1e-15 * number,
            "{key}: {field}, {number}"
        );
    }
    // The error of the article's network falls from the first epoch on.
    let errors: Vec<f64> = rows
        .iter()
        .map(|row| row[1].parse().expect("a number"))
        .collect();
    assert!(errors.is_sorted_by(|a, b| a > b), "{errors:?}");
    let seconds: Vec<f64> = rows
        .iter()
        .map(|row| row[4].parse().expect("a number"))
        .collect();
    assert!(seconds.is_sorted(), "{seconds:?}");
    assert!((seconds[2] - number("train_seconds")).abs() < 1e-6);
}

/// Where integers are not taken, or taken without instructions for them, the summary and stderr say why.
#[test]
fn the_engine_is_explained() {
    let scratch = Scratch::with_data();
    let without = "AVX2";
    let cases = [
        ("portable", "--engine auto", "blas", Some(without)),
        ("portable", "--engine fixed", "fixed", Some(without)),
        ("portable", "--engine blas", "blas", None),
        ("portable", "--engine auto --dtype f64", "blas", Some("f32")),
        ("", "--engine auto --dtype f64", "blas", Some("f32")),
        ("", "--engine naive", "naive", None),
    ];
    for (number, (level, settings, engine, why)) in cases.into_iter().enumerate() {
        let train = |quiet: &str| {
            let command = format!(
                "train --json --data data --epochs 1 --hidden 4 {settings} --out run{number}{quiet} {quiet}"
            );
            let run = scratch.gingham(&command).env("GINGHAM_LEVEL", level);
            run.outcome().succeeded()
        };
        let outcome = train("");
        let printed = outcome.json();
        assert_eq!(printed["engine"], engine, "{outcome}");
        if level == "portable" {
            assert_eq!(printed["level"], level, "{outcome}");
        }
        let told: Vec<&str> = outcome
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("note: engine {engine}: ")))
            .collect();
        let note = printed["engine_note"].as_str();
        assert_eq!(told, note.into_iter().collect::<Vec<_>>(), "{outcome}");
        assert_eq!(note.is_some(), why.is_some(), "{outcome}");
        assert!(note.unwrap_or("").contains(why.unwrap_or("")), "{outcome}");
        assert_eq!(train("-q").stderr, "");
    }
}

#[test]
fn both_metrics_files_say_the_same() {
    let scratch = Scratch::with_data();
    scratch.done("train -q --data data --epochs 5 --hidden 8 --eval-every 2 --out run");
    let lines: Vec<Value> = scratch
        .text("run/metrics.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let rows = csv(&scratch, "run");
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(&rows) {
        let keys = ["epoch", "error", "train_accuracy", "heldout_accuracy"];
        for (key, field) in keys.iter().zip(row) {
            let field = if field.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(field).expect("a number")
            };
            assert_eq!(
                line[key].as_f64(),
                field.as_f64(),
                "{key} in {line} and {row:?}"
            );
        }
        let seconds: f64 = row[4].parse().expect("a number");
        assert!((line["seconds"].as_f64().expect("a number") - seconds).abs() < 1e-6);
        for key in ["learning_rate", "gradient_norm", "images_per_second"] {
            assert!(line[key].as_f64().expect("a number") > 0.0, "{key}: {line}");
        }
        let is_evaluated = !line["heldout_accuracy"].is_null();
        assert_eq!(line["heldout_loss"].is_number(), is_evaluated);
        assert_eq!(line.as_object().expect("an object").len(), 9);
    }
}

#[test]
fn evaluations_are_where_they_were_asked_for() {
    let scratch = Scratch::with_data();
    let cases: [(&str, &[usize]); 6] = [
        ("--epochs 5 --eval-every 0", &[4]),
        ("--epochs 5 --eval-every 1", &[0, 1, 2, 3, 4]),
        ("--epochs 5 --eval-every 2", &[1, 3, 4]),
        ("--epochs 5 --eval-every 9", &[4]),
        ("--epochs 3", &[0, 1, 2]),
        (
            "--epochs 36",
            &[2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35],
        ),
    ];
    for (number, (settings, expected)) in cases.iter().enumerate() {
        let run = format!("run{number}");
        scratch.done(&format!(
            "train -q --data data --hidden 4 --out {run} {settings}"
        ));
        let rows = csv(&scratch, &run);
        for column in [2, 3] {
            let evaluated: Vec<usize> = (0..rows.len())
                .filter(|&epoch| !rows[epoch][column].is_empty())
                .collect();
            assert_eq!(evaluated, *expected, "{settings}");
        }
        assert!(
            rows.iter()
                .all(|row| !row[1].is_empty() && !row[4].is_empty())
        );
    }
    // Asking does not change what is asked.
    let (_, model) = repeatable(&scratch, "run0");
    for run in ["run1", "run2", "run3"] {
        assert_eq!(repeatable(&scratch, run).1, model, "{run}");
    }
}

#[test]
fn nothing_held_out() {
    let scratch = Scratch::with_data();
    let printed = scratch
        .done("train --json --data data --holdout 0 --epochs 2 --hidden 4 --out run")
        .json();
    assert_eq!(printed["heldout_accuracy"], Value::Null);
    assert!(printed["train_accuracy"].is_number() && printed["test_accuracy"].is_number());
    for row in csv(&scratch, "run") {
        assert!(!row[2].is_empty() && row[3].is_empty(), "{row:?}");
    }
    let train = format!("evaluate --json --model {MODEL} --data data --split train");
    assert_eq!(scratch.done(&train).json()["images"], 300);
}

#[test]
fn no_test_files() {
    let scratch = Scratch::with_data();
    for file in [TEST_IMAGES, TEST_LABELS] {
        fs::remove_file(scratch.join("data").join(file)).expect("it is there");
    }
    let outcome = scratch.done("train --json --data data --epochs 2 --hidden 4 --out run");
    assert!(
        outcome.stdout.contains("\"test_accuracy\":null"),
        "{outcome}"
    );
    assert_eq!(summary(&scratch, "run")["test_accuracy"], Value::Null);
    assert!(outcome.json()["heldout_accuracy"].is_number());
}

#[test]
fn runs_without_a_name_are_numbered() {
    let scratch = Scratch::with_data();
    let train = |rest: &str| {
        scratch
            .done(&format!(
                "train -q --json --data data --epochs 1 --hidden 4 {rest}"
            ))
            .json()
    };
    assert_eq!(train("")["run_dir"], "runs/article-seed42-0001");
    assert_eq!(train("")["run_dir"], "runs/article-seed42-0002");
    assert_eq!(
        train("--preset wide --seed 7")["run_dir"],
        "runs/wide-seed7-0001"
    );
    // A number that is taken, by whatever, is left alone.
    scratch.write("runs/article-seed42-0003", "precious");
    assert_eq!(
        train("")["model"],
        "runs/article-seed42-0004/model.safetensors"
    );
    assert_eq!(scratch.text("runs/article-seed42-0003"), "precious");
    assert_eq!(files(&scratch, "runs").len(), 5);
    assert_eq!(files(&scratch, "runs/article-seed42-0002"), RUN_FILES);
    let (first, second) = (
        repeatable(&scratch, "runs/article-seed42-0001"),
        repeatable(&scratch, "runs/article-seed42-0002"),
    );
    assert!(first == second, "a run repeated is the same run");
}

#[test]
fn packed_files_are_as_good_as_raw_ones() {
    let scratch = scratch_with_settings();
    fs::create_dir(scratch.join("packed")).expect("a folder");
    for name in files(&scratch, "data") {
        let bytes = scratch.read(format!("data/{name}"));
        if name == "classes.txt" {
            scratch.write(format!("packed/{name}"), bytes);
        } else {
            scratch.write(format!("packed/{name}.gz"), gzip(&bytes));
        }
    }
    let train = "train -q --epochs 2 --config modern.toml --json";
    let raw = scratch
        .done(&format!("{train} --data data --out run"))
        .json();
    let packed = scratch
        .done(&format!("{train} --data packed --out packed-run"))
        .json();
    assert!(repeatable(&scratch, "run") == repeatable(&scratch, "packed-run"));
    assert_eq!(raw["test_accuracy"], packed["test_accuracy"]);
    let predict = |file: &str| {
        scratch
            .done(&format!("predict --proba --model {MODEL} --idx {file}"))
            .stdout
    };
    assert_eq!(
        predict(&format!("data/{TEST_IMAGES}")),
        predict(&format!("packed/{TEST_IMAGES}.gz"))
    );
}

/// Images of any size, any number of classes, with names or without.
#[test]
fn other_sizes_and_classes() {
    let scratch = Scratch::new();
    scratch.write("modern.toml", MODERN);
    fs::create_dir(scratch.join("data")).expect("a folder");
    for (rows, columns, classes) in [(1, 1, 2), (4, 5, 3), (3, 40, 256)] {
        let count = 600_u32;
        let pixels: Vec<u8> = (0..count * rows * columns)
            .map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let labels: Vec<u8> = (0..count).map(|place| (place % classes) as u8).collect();
        scratch.write(
            "data/train-images-idx3-ubyte",
            idx(&[count, rows, columns], &pixels),
        );
        scratch.write("data/train-labels-idx1-ubyte", idx(&[count], &labels));
        let run = format!("run{classes}");
        let trained = scratch
            .done(&format!(
                "train -q --json --data data --epochs 2 --config modern.toml --out {run}"
            ))
            .json();
        let model = format!("{run}/model.safetensors");
        let evaluation = scratch
            .done(&format!(
                "evaluate --json --data data --split heldout --model {model}"
            ))
            .json();
        assert_eq!(evaluation["accuracy"], trained["heldout_accuracy"]);
        let names: Vec<String> = (0..classes).map(|label| label.to_string()).collect();
        assert_eq!(evaluation["class_names"], json!(names));
    }
    let names: Vec<String> = (0..256).map(|label| format!("class {label}")).collect();
    scratch.write("data/classes.txt", names.join("\n"));
    scratch.done("train -q --data data --epochs 1 --config modern.toml --out named");
    let evaluate = "evaluate --json --data data --split train --model named/model.safetensors";
    assert_eq!(scratch.done(evaluate).json()["class_names"], json!(names));
}
