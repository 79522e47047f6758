//! From drawing a data set to naming the class of a picture, and that every step says the same as the one before.

mod answers;
mod commands;
mod repeats;
mod runs;

use std::fs;

use serde_json::Value;

use crate::util::Scratch;

const MODEL: &str = "run/model.safetensors";

const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";

const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// What a run's folder holds, and nothing else.
const RUN_FILES: [&str; 7] = [
    "best.safetensors",
    "checkpoint.safetensors",
    "config.toml",
    "metrics.csv",
    "metrics.jsonl",
    "model.safetensors",
    "summary.json",
];

/// Settings of a network in today's form, which learns something of 300 images in no time.
const MODERN: &str = r#"
hidden = [16, 12]
activation = "relu"
output = "softmax"
probability = "output"
bias = true
init = "he"
batch_size = 32
shuffle = true
learning_rate = 0.05
momentum = 0.9
l2 = 0.001
reduction = "mean"
error = "objective"
heldout_scale = "train"
"#;

/// A scratch folder with a data set, and with [`MODERN`] in `modern.toml`.
fn scratch_with_settings() -> Scratch {
    let scratch = Scratch::with_data();
    scratch.write("modern.toml", MODERN);
    scratch
}

fn files(scratch: &Scratch, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(scratch.join(folder)).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

/// The lines of a CSV behind its header, cut at commas.
fn csv(scratch: &Scratch, run: &str) -> Vec<Vec<String>> {
    let text = scratch.text(format!("{run}/metrics.csv"));
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("epoch,error,train_accuracy,heldout_accuracy,seconds")
    );
    assert!(text.ends_with('\n'));
    lines
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

/// What of a run does not depend on the clock: the CSV but for its seconds, and the model.
fn repeatable(scratch: &Scratch, run: &str) -> (Vec<Vec<String>>, Vec<u8>) {
    let mut rows = csv(scratch, run);
    for row in &mut rows {
        assert_eq!(row.len(), 5);
        row.pop();
    }
    (rows, scratch.read(format!("{run}/model.safetensors")))
}

fn summary(scratch: &Scratch, run: &str) -> Value {
    serde_json::from_str(&scratch.text(format!("{run}/summary.json"))).expect("JSON")
}

fn config(scratch: &Scratch, run: &str) -> toml::Table {
    scratch
        .text(format!("{run}/config.toml"))
        .parse()
        .expect("TOML")
}
