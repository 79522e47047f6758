//! Limits of the system: where memory, threads or names are short, the program says so and ends.

use std::fs;

use serde_json::Value;

use crate::util::{PROGRAM, Scratch};

/// The program under the limits that a shell sets.
fn limited(scratch: &Scratch, limit: &str, arguments: &str) -> (i32, String) {
    let outcome = scratch
        .run("bash")
        .arg("-c")
        .arg(format!("ulimit {limit}; exec {PROGRAM} {arguments}"))
        .deadline(30)
        .outcome();
    let code = outcome.code();
    assert!(code.is_some(), "ended by a signal: {outcome}");
    (code.unwrap_or_default(), outcome.stderr)
}

#[test]
fn a_limit_of_the_address_space_ends_in_an_answer() {
    let scratch = Scratch::with_data();
    for kibibytes in [20_000, 60_000, 100_000] {
        let (code, stderr) = limited(&scratch, &format!("-d {kibibytes}"), "--version");
        assert_eq!(code, 0, "-d {kibibytes}: {stderr}");
    }
    for kibibytes in [80_000, 200_000, 400_000, 520_000, 700_000, 2_000_000] {
        let limit = format!("-v {kibibytes}");
        let (code, stderr) = limited(&scratch, &limit, "--version");
        assert_eq!(code, 0, "{limit}: {stderr}");
        for engine in ["blas", "fixed"] {
            let arguments = format!(
                "train -q --data data --out {engine}-{kibibytes} --epochs 2 --hidden 8 --threads 2 --engine {engine}"
            );
            let (code, stderr) = limited(&scratch, &limit, &arguments);
            match code {
                0 => {}
                1 => assert!(
                    stderr.contains("give --threads 1") && stderr.contains("ulimit -v"),
                    "{limit}: {stderr}"
                ),
                _ => panic!("{limit}: exit code {code}: {stderr}"),
            }
            assert!(
                kibibytes > 200_000 || code == 1 || cfg!(not(feature = "blas")),
                "{limit}: no memory, and yet done"
            );
            assert!(kibibytes < 2_000_000 || code == 0, "{limit}: {stderr}");
        }
    }
}

#[test]
fn the_longest_names_are_written() {
    let scratch = Scratch::with_model();
    let model = "--model run/model.safetensors";
    for ending in ["onnx", "npz", "csv"] {
        let name = format!("{}.{ending}", "n".repeat(254 - ending.len()));
        scratch.done(&format!("export {model} --format {ending} --out {name}"));
        assert!(!scratch.read(&name).is_empty());
    }
    let folder = "r".repeat(255);
    scratch.done(&format!(
        "train -q --data data --epochs 1 --hidden 8 --out {folder}"
    ));
    assert!(!scratch.read(format!("{folder}/summary.json")).is_empty());
    scratch.done(&format!(
        "synth -q --train 5 --test 5 --out {}",
        "s".repeat(255)
    ));
}

#[test]
fn settings_written_for_other_data_are_remarked_upon() {
    let scratch = Scratch::with_model();
    let again = "train --progress none --config run/config.toml --out";
    let same = scratch.done(&format!("{again} same"));
    assert!(!same.stderr.contains("SHA-256"), "{same}");
    assert_eq!(
        scratch.read("run/model.safetensors"),
        scratch.read("same/model.safetensors")
    );
    // Other pixels in the same place under the same labels.
    let images = "data/train-images-idx3-ubyte";
    let mut bytes = scratch.read(images);
    bytes[16 + 28 * 14 + 14] ^= 0xff;
    scratch.write(images, bytes);
    let other = scratch.done(&format!("{again} other"));
    assert!(
        other.stderr.contains("other training images (SHA-256)"),
        "{other}"
    );
    // A script that is told nothing on stderr finds it in the line; and a run's folder stands for its config.toml.
    let line = scratch
        .done("train -q --json --config run --out third")
        .json();
    let note = line["data_note"].as_str().unwrap_or_default();
    assert!(note.contains("(SHA-256)"), "{line}");
}

/// Asks the network about the test images in every way; `says` is in each remark, and without it there is none on data.
#[track_caller]
fn asked(scratch: &Scratch, data: &str, says: Option<&str>) {
    for command in [
        "evaluate --json --model run --data",
        "report run --force --data",
        "plot run --force --kind confusion --data",
    ] {
        let outcome = scratch.done(&format!("{command} {data}"));
        match says {
            Some(says) => assert!(outcome.stderr.contains(says), "{outcome}"),
            None => assert!(!outcome.stderr.contains("SHA-256"), "{outcome}"),
        }
    }
}

/// The test files and the names of classes belong to the data that a run saw, too.
#[test]
fn other_test_files_and_class_names_are_remarked_upon() {
    let scratch = Scratch::with_model();
    let (images, labels) = ("data/t10k-images-idx3-ubyte", "data/t10k-labels-idx1-ubyte");
    let config: toml::Table = scratch.text("run/config.toml").parse().expect("settings");
    for key in ["test_images_sha256", "test_labels_sha256", "classes_sha256"] {
        let digest = config[key].as_str().expect("a text");
        assert_eq!(digest.len(), 64, "{key}");
        let summary: Value = serde_json::from_slice(&scratch.read("run/summary.json")).unwrap();
        assert_eq!(summary["settings"][key], digest);
    }
    asked(&scratch, "data", None);
    // Another data set is no other version of this one.
    scratch.synth("more", 200, 50);
    asked(&scratch, "more", None);

    let (old_images, old_labels) = (scratch.read(images), scratch.read(labels));
    let mut changed = old_images.clone();
    changed[16 + 28 * 14 + 14] ^= 0xff;
    scratch.write(images, changed);
    asked(&scratch, "data", Some("other test images than"));
    let again = |out: &str| {
        scratch
            .done(&format!("train -q --json --config run --out {out}"))
            .json()
    };
    let note = |line: &Value| line["data_note"].as_str().unwrap_or_default().to_owned();
    let line = again("images");
    assert!(
        note(&line).contains("for other test images (SHA-256)"),
        "{line}"
    );
    assert_eq!(
        scratch.read("run/model.safetensors"),
        scratch.read("images/model.safetensors"),
        "no test image trains"
    );
    // A split that reads no test image has nothing to say; the run's own folder need not be named for a report.
    let heldout = scratch.done("evaluate --model run --data data --split heldout");
    assert!(!heldout.stderr.contains("SHA-256"), "{heldout}");
    let report = scratch.done("report run --force");
    assert!(report.stderr.contains("other test images than"), "{report}");

    let mut changed = old_labels.clone();
    changed[8 + 3] = (changed[8 + 3] + 1) % 10;
    scratch.write(labels, changed);
    asked(&scratch, "data", Some("other test labels than"));
    let line = again("labels");
    assert!(
        note(&line).contains("for other test images and test labels (SHA-256)"),
        "{line}"
    );
    scratch.write(images, old_images);
    scratch.write(labels, old_labels);

    let names = scratch.text("data/classes.txt");
    scratch.write("data/classes.txt", names.replace("Trouser", "Trousers"));
    let line = again("names");
    assert!(
        note(&line).contains("for other class names (SHA-256)"),
        "{line}"
    );
    scratch.write("data/classes.txt", &names);
    assert!(note(&again("same")).is_empty());

    // Settings of older versions have no such digests, and are taken as they are.
    let text = scratch.text("run/config.toml");
    let is_old = |line: &&str| !line.contains("test_") && !line.contains("classes_");
    let old: Vec<&str> = text.lines().filter(is_old).collect();
    assert_eq!(old.len() + 3, text.lines().count());
    scratch.write("old.toml", old.join("\n"));
    let line = scratch
        .done("train -q --json --config old.toml --out old")
        .json();
    assert!(note(&line).is_empty(), "{line}");
    fs::remove_file(scratch.join(images)).expect("a file");
    fs::remove_file(scratch.join(labels)).expect("a file");
    let line = again("none");
    assert!(
        note(&line).contains("for other test files (SHA-256)"),
        "{line}"
    );
}

#[test]
fn a_folder_is_not_stdout() {
    let scratch = Scratch::with_data();
    for command in [
        "train -q --data data --epochs 1 --out -",
        "synth --train 5 --test 5 --out -",
        "explore -q --data data --figures -",
    ] {
        scratch.refuses(2, command, &["'-'", "stdout"]);
    }
}
