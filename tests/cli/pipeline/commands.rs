//! The two streams, and the commands beside training.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::util::{Scratch, idx};

#[test]
fn results_on_one_stream_and_the_rest_on_the_other() {
    let scratch = Scratch::with_model();
    let commands = BTreeMap::from([
        (
            "synth",
            "synth --out drawn{} --train 10 --test 10 --seed 2 --threads 2".to_owned(),
        ),
        (
            "train",
            "train --data data --epochs 2 --hidden 4 --out new{}".to_owned(),
        ),
        (
            "naive",
            "train --data data --epochs 2 --hidden 4 --engine naive --threads 2 --out naive{}"
                .to_owned(),
        ),
        (
            "evaluate",
            format!("evaluate --model {MODEL} --data data --threads 2"),
        ),
        (
            "predict",
            format!("predict --model {MODEL} --idx data/{TEST_IMAGES} --threads 2"),
        ),
        ("xor", "xor --threads 2".to_owned()),
    ]);
    for (name, command) in &commands {
        let talking = scratch.done(&command.replace("{}", "1"));
        let quiet = scratch.done(&format!("{} -q", command.replace("{}", "2")));
        let long = scratch.done(&format!("{} --quiet", command.replace("{}", "3")));
        for outcome in [&quiet, &long] {
            assert_eq!(outcome.stderr, "", "{outcome}");
        }
        assert_eq!(
            talking.stdout.lines().count(),
            quiet.stdout.lines().count(),
            "{talking}"
        );
        assert!(!talking.stdout.is_empty());
        if ["evaluate", "predict", "xor"].contains(name) {
            assert_eq!(talking.stdout, quiet.stdout);
        }
        let json = scratch.done(&format!("{} -q --json", command.replace("{}", "4")));
        assert!(!json.json_lines().is_empty(), "{json}");
    }
    // Progress: where it goes, and each epoch.
    let talking = scratch
        .done("train --data data --epochs 2 --hidden 4 --out told")
        .stderr;
    for said in ["writing told", "epoch 1 of 2", "epoch 2 of 2"] {
        assert!(talking.contains(said), "{talking}");
    }
    let printed = scratch
        .done("train -q --data data --epochs 2 --hidden 4 --out printed")
        .stdout;
    for name in [
        "train accuracy",
        "held-out accuracy",
        "test accuracy",
        "final error",
        "printed/model.safetensors",
    ] {
        assert!(printed.contains(name), "{printed}");
    }
    assert!(!printed.contains("epoch 1 of 2"), "{printed}");
}

#[test]
fn the_warm_up() {
    let scratch = Scratch::new();
    let text = scratch.done("xor").stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 14);
    // The article's, to all digits that it printed.
    let sums = [
        "-1.77496016",
        "0.00586565",
        "0.00525699",
        "0.00036250",
        "-0.00064657",
        "0.00189532",
    ];
    for (line, sum) in lines.iter().zip(sums) {
        assert_eq!(*line, format!("error sum {sum}"));
    }
    for (line, answer) in
        lines[10..]
            .iter()
            .zip(["0 xor 0 = ", "0 xor 1 = ", "1 xor 0 = ", "1 xor 1 = "])
    {
        assert!(line.starts_with(answer), "{line}");
    }
    let json = scratch.done("xor --json").json();
    assert_eq!(json["error_sums"].as_array().map(Vec::len), Some(10));
    let predictions = json["predictions"].as_array().expect("a list");
    for (prediction, target) in predictions.iter().zip([0.0, 1.0, 1.0, 0.0]) {
        assert!((prediction.as_f64().expect("a number") - target).abs() < 1e-6);
    }
    assert_ne!(scratch.done("xor --seed 1").stdout, text);
}

#[test]
fn drawn_sets() {
    let scratch = Scratch::new();
    let draw = |rest: &str| scratch.done(&format!("synth -q --train 203 --test 55 {rest}"));
    draw("--out first");
    draw("--out again --seed 1 --threads 1");
    draw("--out threads --threads 8");
    draw("--out other --seed 2");
    let names = [
        "classes.txt",
        TEST_IMAGES,
        TEST_LABELS,
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ];
    assert_eq!(files(&scratch, "first"), names);
    assert_eq!(files(&scratch, ".").len(), 4, "no half-drawn set is left");
    for name in names {
        let bytes = |folder: &str| scratch.read(format!("{folder}/{name}"));
        assert!(
            bytes("first") == bytes("again") && bytes("first") == bytes("threads"),
            "{name}"
        );
        assert!(
            (bytes("first") == bytes("other")) == (name == "classes.txt"),
            "{name}"
        );
    }
    for (prefix, count) in [("train", 203_u32), ("t10k", 55)] {
        let images = scratch.read(format!("first/{prefix}-images-idx3-ubyte"));
        assert_eq!(images[..16], idx(&[count, 28, 28], &[]));
        assert_eq!(images.len(), 16 + 784 * count as usize);
        let labels = scratch.read(format!("first/{prefix}-labels-idx1-ubyte"));
        assert_eq!(labels[..8], idx(&[count], &[]));
        let of_class = |class: u8| labels[8..].iter().filter(|&&label| label == class).count();
        let counts: Vec<usize> = (0..10).map(of_class).collect();
        assert_eq!(counts.iter().sum::<usize>(), count as usize);
        assert!(
            counts.iter().max().expect("ten") - counts.iter().min().expect("ten") <= 1,
            "{counts:?}"
        );
    }
    let json = draw("--out told --json").json();
    assert_eq!(
        (&json["out"], &json["train"], &json["test"]),
        (&json!("told"), &json!(203), &json!(55))
    );
}

/// Holds the parts of each engine's epoch against one another.
fn check_parts(json: &Value) {
    let parts = json["parts"].as_array().expect("a list");
    for engine in ["naive", "blas", "simd", "fixed"] {
        let parts = parts
            .iter()
            .find(|parts| parts["engine"] == engine)
            .unwrap_or_else(|| panic!("no parts of {engine} in {json}"));
        let ms = |key: &str| {
            parts[key]
                .as_f64()
                .unwrap_or_else(|| panic!("no {key} in {parts}"))
        };
        let work = ["stage", "forward", "loss", "backward", "update"];
        let rounding = ["round_weights", "round_deltas"].map(|part| ms(&format!("{part}_ms")));
        let work = work.map(|part| ms(&format!("{part}_ms")));
        // Of packed pixels there may be nothing to stage.
        assert!(work[1..].iter().all(|&ms| ms > 0.0), "{parts}");
        assert!(
            rounding
                .iter()
                .all(|&ms| (ms > 0.0) == matches!(engine, "simd" | "fixed")),
            "{parts}"
        );
        let sum = work.iter().chain(&rounding).sum::<f64>() + ms("left_ms");
        assert!(
            ms("left_ms") >= 0.0 && (sum - ms("total_ms")).abs() < 1e-6,
            "{parts}"
        );
    }
}

#[test]
fn bench_prints_its_rows() {
    let scratch = Scratch::with_data();
    let bench = "bench --data data --engine naive,blas,simd,fixed --dtype f32 --epochs 2";
    let json = scratch.done(&format!("{bench} -q --json")).json();
    let rows = json["rows"].as_array().expect("a list");
    for engine in [
        "naive",
        "blas",
        "simd",
        "fixed",
        "simd products",
        "fixed products",
    ] {
        let row = rows
            .iter()
            .find(|row| row["engine"] == engine)
            .unwrap_or_else(|| panic!("no {engine} in {json}"));
        for key in [
            "ms_per_epoch",
            "images_per_second",
            "gflops",
            "share_of_peak",
        ] {
            assert!(
                row[key].as_f64().is_some_and(|number| number > 0.0),
                "{key} in {row}"
            );
        }
    }
    for row in rows
        .iter()
        .filter(|row| row["engine"] == "fixed" || row["engine"] == "simd")
    {
        let kept = row["kept"].as_array().expect("two shares");
        for share in kept {
            assert!(share.as_f64().is_some_and(|share| share > 0.0), "{row}");
        }
    }
    check_parts(&json);
    let text = scratch.done(bench).stdout;
    for head in [
        "ms/epoch",
        "images/s",
        "GFLOP/s",
        "of f32",
        "of int, with black",
        "executed",
        "kept",
        "x naive",
        "x products",
        "x 1 thread",
        "stage",
        "update",
        "round d",
        "left",
    ] {
        assert!(text.contains(head), "{text}");
    }
    // Every table fits a terminal.
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}

#[test]
fn bench_times_any_network_at_every_doubling_of_threads() {
    let scratch = Scratch::with_data();
    let bench = "bench --data data --preset wide --hidden 16,8 --batch-size 32 --shuffle off --engine blas,fixed,blas --epochs 2 --threads 3";
    for (scaling, threads) in [("", &[1, 3][..]), ("--scaling", &[1, 2, 3])] {
        let json = scratch.done(&format!("{bench} {scaling} -q --json")).json();
        for (key, value) in [
            ("preset", json!("wide")),
            ("network", json!([784, 16, 8, 10])),
            ("images", json!(240)),
            ("batch", json!(32)),
            ("batches", json!(8)),
            ("shuffle", json!(false)),
            ("rounds", json!(2)),
        ] {
            assert_eq!(json[key], value, "{key} in {json}");
        }
        // The serial OpenBLAS gets one caller.
        let serial = json["blas"]["threading"] == "serial";
        let threads = if serial { &[1] } else { threads };
        let rows = json["rows"].as_array().expect("a list");
        for (engine, dtype) in [("blas", "f32"), ("blas", "f64"), ("fixed", "f32")] {
            for engine in [engine.to_owned(), format!("{engine} products")] {
                let of_engine = |row: &&Value| row["engine"] == engine && row["dtype"] == dtype;
                let found: Vec<&Value> = rows
                    .iter()
                    .filter(of_engine)
                    .map(|row| &row["threads"])
                    .collect();
                assert_eq!(found, threads.iter().collect::<Vec<_>>(), "{json}");
            }
        }
        for row in rows {
            let ms = |key: &str| {
                row[key]
                    .as_f64()
                    .unwrap_or_else(|| panic!("no {key} in {row}"))
            };
            let sorted = [
                "fastest_ms",
                "first_quartile_ms",
                "ms_per_epoch",
                "third_quartile_ms",
                "slowest_ms",
            ]
            .map(ms);
            assert!(sorted.is_sorted(), "{row}");
            assert!(ms("spread") >= 0.0 && row["rounds"] == 2, "{row}");
        }
        assert!(json["warnings"].is_array(), "{json}");
    }
}

/// Where a preset shuffles, an epoch is timed with that.
#[test]
fn bench_says_what_it_times() {
    let scratch = Scratch::with_data();
    let bench = "bench -q --data data --engine fixed --dtype f32 --epochs 1 --batch-size 50";
    for (settings, job) in [
        (
            "",
            "784-50-10 (preset article), 240 images in 5 mini-batches of 50, in fixed order\nmedians of 1 round\n",
        ),
        (
            "--preset plain --hidden 32",
            "784-32-10 (preset plain), 240 images in 5 mini-batches of 50, shuffled\n",
        ),
        ("--shuffle", "of 50, shuffled\n"),
    ] {
        let text = scratch.done(&format!("{bench} {settings}")).stdout;
        assert!(text.contains(job), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{text}");
    }
}
