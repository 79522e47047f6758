//! What README and docs tell their readers to type, typed: every block of `sh` is run, and what each command left is looked at.
//!
//! The blocks of a document are run one after the other in a folder where `gingham` is a command, `scripts` is this project's folder,
//! and `data/fashion-mnist` is a small drawn data set. Lines that need a network or take minutes are left out, by the list below.
//!
//! An unoptimised program would take ten minutes for them, so these tests take the one that `$GINGHAM_PROGRAM` names, as
//! `scripts/test.sh` does, and say so where there is none.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::util::{Scratch, optimised, skipped};

/// Beginnings of lines that are not run, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "scripts/quickstart.sh",
        "it builds and fetches; it is run on a clean clone before each release",
    ),
    ("scripts/test.sh", "it runs this test"),
    ("scripts/fetch-data.sh", "it needs a network"),
    ("scripts/pair.sh", "it takes half an hour"),
    ("scripts/bits.sh", "it takes minutes"),
    (
        "diff before after",
        "it compares what scripts/bits.sh printed",
    ),
    ("git ", "it changes a checkout"),
    ("cargo ", "it builds"),
    ("rustup ", "it asks the tool chain"),
    ("apt ", "it changes the system"),
    ("pip install", "it needs a network"),
    (
        "scripts/predict.py",
        "it needs NumPy; scripts/test.sh --all runs it where there is one",
    ),
    ("tensorboard ", "it is a server"),
    (
        "scripts/sweep-parallel.sh",
        "it needs GNU parallel; scripts/outside.sh runs it where there is one",
    ),
    (
        "sbatch ",
        "it needs a cluster; scripts/outside.sh starts one",
    ),
    (
        "scripts/optuna_sweep.py",
        "it needs Optuna; scripts/outside.sh runs it where there is one",
    ),
    (JQ, "it is not on every machine, and is run where it is"),
];

const JQ: &str = "jq ";

fn jq_is_there() -> bool {
    std::process::Command::new("jq")
        .arg("--version")
        .output()
        .is_ok()
}

/// A command that was run: its arguments, what it printed, and the folder it ran in.
struct Call {
    arguments: Vec<String>,
    stdout: String,
    code: String,
}

impl Call {
    /// What follows `flag`.
    fn value(&self, flag: &str) -> Option<&str> {
        let at = self
            .arguments
            .iter()
            .position(|argument| argument == flag)?;
        self.arguments.get(at + 1).map(String::as_str)
    }
}

/// The blocks of `sh` in a document, without the lines that are left out.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line) {
            (None, "```sh") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(lines), _) => {
                let line_starts = |start: &str| line.trim_start().starts_with(start);
                let left_out = LEFT_OUT
                    .iter()
                    .any(|&(start, _)| line_starts(start) && !(start == JQ && jq_is_there()));
                if !left_out {
                    *lines += line;
                    lines.push('\n');
                }
            }
            (None, _) => {}
        }
    }
    blocks
}

/// A folder in which a reader of the documents could stand.
fn place(program: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.synth("data/fashion-mnist", 2000, 400);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    symlink(root.join("scripts"), scratch.join("scripts")).unwrap();
    let images = "t10k-images-idx3-ubyte";
    fs::copy(
        scratch.join("data/fashion-mnist").join(images),
        scratch.join(images),
    )
    .unwrap();
    for name in ["boot.png", "shirt.png"] {
        let pixels: Vec<u8> = (0..28 * 28).map(|pixel| (pixel % 251) as u8).collect();
        let png = crate::util::png(
            [28, 28],
            png::ColorType::Grayscale,
            png::BitDepth::Eight,
            &pixels,
        );
        scratch.write(name, png);
    }
    scratch.write("net.safetensors", pytorch_network());
    // The program, which also writes down how it was called and what it printed.
    fs::create_dir(scratch.join("bin")).unwrap();
    fs::create_dir(scratch.join("calls")).unwrap();
    let wrapper = format!(
        "#!/bin/bash\n\
         number=$(ls \"$CALLS\" | wc -l)\n\
         call=$CALLS/$(printf %04d \"$number\")\n\
         mkdir \"$call\"\n\
         printf '%s\\n' \"$@\" > \"$call/arguments\"\n\
         '{program}' \"$@\" | tee \"$call/stdout\"\n\
         code=${{PIPESTATUS[0]}}\n\
         echo $code > \"$call/code\"\n\
         exit $code\n"
    );
    scratch.write("bin/gingham", wrapper);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(scratch.join("bin/gingham"), mode).unwrap();
    scratch
}

/// What PyTorch would save of a network 784-8-10: names, shapes, and small weights that differ.
fn pytorch_network() -> Vec<u8> {
    let shapes = [
        ("0.bias", vec![8]),
        ("0.weight", vec![8, 784]),
        ("2.bias", vec![10]),
        ("2.weight", vec![10, 8]),
    ];
    let numbers = |count: usize| -> Vec<u8> {
        (0..count)
            .flat_map(|index| ((index % 17) as f32 / 170.0 - 0.05).to_le_bytes())
            .collect()
    };
    let arrays: Vec<(&str, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let bytes = numbers(shape.iter().product());
            (name, shape, bytes)
        })
        .collect();
    let views = arrays.iter().map(|(name, shape, bytes)| {
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (*name, view.expect("bytes of the shape's size"))
    });
    safetensors::serialize(views, None).expect("small arrays")
}

/// Runs a document's blocks, and returns the calls of `gingham` among them.
fn run(scratch: &Scratch, document: &str) -> Vec<Call> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(document)).unwrap();
    let path = format!(
        "{}:{}",
        scratch.join("bin").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    for block in blocks(&text) {
        let outcome = scratch
            .run("bash")
            .args(["-eu", "-c", &block])
            .env("PATH", &path)
            .env("CALLS", scratch.join("calls"))
            .deadline(600)
            .outcome();
        assert_eq!(outcome.code(), Some(0), "{document}:\n{block}\n{outcome}");
    }
    let mut folders: Vec<_> = fs::read_dir(scratch.join("calls"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| Call {
            arguments: fs::read_to_string(folder.join("arguments"))
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect(),
            stdout: fs::read_to_string(folder.join("stdout")).unwrap(),
            code: fs::read_to_string(folder.join("code")).unwrap(),
        })
        .collect()
}

/// What a command tells behind `name`.
fn told<'c>(call: &'c Call, name: &str, shown: &str) -> &'c str {
    let mut lines = call.stdout.lines();
    let found = lines.find_map(|line| line.strip_prefix(name));
    let found = found.unwrap_or_else(|| panic!("no {name} told by: {shown}"));
    found.trim()
}

/// Looks at what `train` left. Ten classes of drawn garments: a network that learned is right far more often than one in ten.
fn look_at_train(scratch: &Scratch, call: &Call, shown: &str) {
    let share = |text: &str| -> f64 {
        let text = text.split('%').next().unwrap().trim();
        text.parse::<f64>().unwrap() / 100.0
    };
    let accuracy = if call.value("--folds").is_some() && call.value("--fold").is_none() {
        share(told(call, "mean held-out accuracy", shown))
    } else if call.value("--ensemble").is_some() {
        let model = told(call, "model of all", shown);
        assert!(!scratch.read(model).is_empty(), "{shown}");
        share(told(call, "all", shown))
    } else {
        let text = if call.arguments.iter().any(|argument| argument == "--json") {
            call.stdout.clone()
        } else {
            let model = told(call, "model", shown);
            let run = Path::new(model).parent().unwrap().to_owned();
            scratch.text(run.join("summary.json"))
        };
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        summary["heldout_accuracy"].as_f64().unwrap()
    };
    assert!(
        accuracy > 0.5,
        "held-out accuracy {accuracy} after: {shown}"
    );
}

/// Looks at what a command left.
fn look_at(scratch: &Scratch, call: &Call) {
    let shown = call.arguments.join(" ");
    assert_eq!(call.code, "0\n", "{shown}");
    let begins = |name: &str, start: &[u8]| {
        assert!(scratch.read(name).starts_with(start), "{name} of: {shown}");
    };
    match call.arguments[0].as_str() {
        "train" => look_at_train(scratch, call, &shown),
        "sweep" => match call.value("--out") {
            Some(folder) => {
                let shard = call.value("--shard").unwrap_or("1/1");
                let first = shard.split('/').next().unwrap();
                let line = format!("{{\"run\":{first},");
                begins(&format!("{folder}/journal.jsonl"), line.as_bytes());
            }
            None => assert!(call.stdout.lines().count() > 5, "{shown}"),
        },
        "sweep-report" => assert!(call.stdout.contains("runs have ended"), "{shown}"),
        "evaluate" => assert!(call.stdout.contains("accuracy"), "{shown}"),
        "predict" => {
            let images = if call.value("--idx").is_some() {
                400
            } else {
                1
            };
            assert!(call.stdout.lines().count() >= images, "{shown}");
        }
        "explore" => match call.value("--figures") {
            Some(folder) => begins(&format!("{folder}/contact-sheet.svg"), b"<svg"),
            None => assert!(!call.stdout.is_empty(), "{shown}"),
        },
        "report" => begins(
            call.value("--out")
                .unwrap_or(&format!("{}/report.html", call.arguments[1])),
            b"<!DOCTYPE html>",
        ),
        "plot" => match call.value("--out") {
            Some(out) => begins(out, b"\x89PNG"),
            None => {
                let kind = call.value("--kind").unwrap();
                begins(&format!("{}/{kind}.svg", call.arguments[1]), b"<svg");
            }
        },
        "export" => match call.value("--out").unwrap() {
            "-" => assert!(
                call.stdout.starts_with("array,unit,input,value\n"),
                "{shown}"
            ),
            out if out.ends_with(".npz") => begins(out, b"PK"),
            out => begins(out, b"\x08"), // ONNX: the field of the format's version
        },
        "import" | "ensemble" => assert!(
            !scratch.read(call.value("--out").unwrap()).is_empty(),
            "{shown}"
        ),
        "synth" => begins(
            &format!("{}/train-images-idx3-ubyte", call.value("--out").unwrap()),
            &[0, 0, 8, 3],
        ),
        "bench" | "xor" => assert!(call.stdout.lines().count() > 5, "{shown}"),
        other => panic!("nobody looks at what '{other}' leaves: add it here"),
    }
}

fn holds(document: &str, least: usize) {
    let Some(program) = optimised() else {
        skipped(document, "GINGHAM_PROGRAM names no optimised program");
        return;
    };
    let scratch = place(program.to_str().expect("a name in UTF-8"));
    let calls = run(&scratch, document);
    assert!(calls.len() >= least, "{} calls in {document}", calls.len());
    for call in &calls {
        look_at(&scratch, call);
    }
}

#[test]
fn the_readme_holds() {
    holds("README.md", 13);
}

#[test]
fn the_guide_holds() {
    holds("docs/guide.md", 15);
}

#[test]
fn what_is_left_out_is_still_in_some_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = [
        "README.md",
        "docs/guide.md",
        "CONTRIBUTING.md",
        "RELEASE.md",
        "data/README.md",
    ];
    let all: String = documents
        .map(|name| fs::read_to_string(root.join(name)).unwrap())
        .concat();
    for (start, why) in LEFT_OUT {
        assert!(
            all.contains(start.trim_end()),
            "'{start}' is left out ({why}), and nowhere"
        );
    }
}
