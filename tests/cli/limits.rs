//! Limits of the system: where memory, threads or names are short, or a file may not grow, the program says so and ends.
//!
//! A few limits of memory are tried in each run of the suite; with `$GINGHAM_LADDER` set, some thirty.

use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use crate::util::{Outcome, PROGRAM, Scratch, idx};

/// The program under the limits that a shell sets, in which it must end by itself.
fn under(scratch: &Scratch, limit: &str, arguments: &str) -> Outcome {
    let outcome = scratch
        .run("bash")
        .arg("-c")
        .arg(format!("ulimit {limit}; exec {PROGRAM} {arguments}"))
        .deadline(20)
        .outcome();
    assert!(outcome.code().is_some(), "ended by a signal: {outcome}");
    outcome
}

fn limited(scratch: &Scratch, limit: &str, arguments: &str) -> (i32, String) {
    let outcome = under(scratch, limit, arguments);
    (outcome.code().unwrap_or_default(), outcome.stderr)
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

/// Kibibytes of memory: below the least of them the system cannot even load the program's libraries.
fn ladder() -> Vec<(char, u32)> {
    if std::env::var_os("GINGHAM_LADDER").is_none() {
        return vec![
            ('v', 150_000),
            ('v', 480_000),
            ('v', 640_000),
            ('d', 60_000),
            ('d', 460_000),
        ];
    }
    let of_all = (100_000..1_200_000).step_by(40_000);
    let of_data = (20_000..900_000).step_by(60_000);
    of_all
        .map(|kibibytes| ('v', kibibytes))
        .chain(of_data.map(|kibibytes| ('d', kibibytes)))
        .collect()
}

#[test]
fn under_every_limit_of_memory_there_is_an_answer_or_one_message() {
    let scratch = Scratch::with_model();
    scratch.synth("few", 20, 10);
    let mut commands: Vec<String> = [
        "--version",
        "evaluate --model run --data data",
        "predict --model run --idx data/t10k-images-idx3-ubyte",
        "explore -q --data data --images 1",
        "bench -q --data data --epochs 1 --engine blas,fixed --dtype f32",
    ]
    .map(str::to_owned)
    .to_vec();
    for engine in ["fixed", "blas"] {
        for threads in [1, 2, 4] {
            for size in [
                "--hidden 8 --batches 2",
                "--hidden 12000 --momentum 0.9 --batches 1",
            ] {
                commands.push(format!(
                    "train -q --data few --epochs 1 --learning-rate 1e-9 --engine {engine} --threads {threads} {size}"
                ));
            }
        }
    }
    let mut answered = 0;
    for (number, (kind, kibibytes)) in ladder().into_iter().enumerate() {
        for (place, command) in commands.iter().enumerate() {
            let out = if command.starts_with("train") {
                format!(" --out {number}-{place}")
            } else {
                String::new()
            };
            let outcome = under(
                &scratch,
                &format!("-{kind} {kibibytes}"),
                &(command.clone() + &out),
            );
            match outcome.code() {
                Some(0) => answered += 1,
                Some(1) => assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}"),
                _ => panic!("{outcome}"),
            }
        }
    }
    assert!(answered > 10, "{answered} answered");
}

#[test]
fn a_network_that_there_is_no_memory_for_is_refused_by_its_size() {
    let scratch = Scratch::with_data();
    for settings in ["--hidden 30000,30000", "--hidden 100000 --batch-size 300"] {
        let train = format!("train -q --data data --epochs 1 --out big {settings}");
        let says = ["no room for", "parameters", "--hidden", "ulimit -v"];
        under(&scratch, "-v 1500000", &train).is_refusal(1, &says);
        assert!(!scratch.join("big").exists());
    }
}

/// A file that is as long as this and takes no room on the disk.
fn sparse(path: &Path, header: &[u8], elements: u64) {
    std::fs::write(path, header).expect("a file");
    let file = File::options().append(true).open(path).expect("the file");
    file.set_len(header.len() as u64 + elements)
        .expect("a sparse file");
}

#[test]
fn files_larger_than_the_memory_are_no_abort() {
    const COUNT: u32 = (1 << 31) + 5;
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.join("huge")).expect("a folder");
    for (name, header) in [
        ("train-images-idx3-ubyte", idx(&[COUNT, 1, 1], &[])),
        ("train-labels-idx1-ubyte", idx(&[COUNT], &[])),
    ] {
        sparse(&scratch.join("huge").join(name), &header, u64::from(COUNT));
    }
    for command in ["train -q --out run", "explore -q", "bench -q"] {
        let outcome = under(&scratch, "-v 1200000", &format!("{command} --data huge"));
        outcome.is_refusal(1, &["huge"]);
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_leaves_no_part() {
    let scratch = Scratch::with_model();
    scratch.done("export --model run --format npz --out arrays.npz");
    let commands = [
        ("0", "train -q --data data --epochs 1 --hidden 8 --out a"),
        (
            "4",
            "train -q --data data --epochs 1 --hidden 8 --out b --on-save-error stop",
        ),
        ("0", "export -q --model run --out model.onnx"),
        ("4", "export -q --model run --out model.csv"),
        (
            "0",
            "export -q --model run --out - --format csv > model.csv",
        ),
        ("4", "report -q run --out page.html"),
        ("1", "plot -q run --kind error --out error.svg"),
        (
            "1",
            "explore -q --data data --map 0 --images 0 --figures figures > text",
        ),
        ("4", "synth -q --train 50 --test 50 --out drawn"),
        ("0", "man --out pages"),
        ("1", "man > page"),
        (
            "1",
            "predict -q --model run --idx data/t10k-images-idx3-ubyte > answers",
        ),
        (
            "0",
            "train -q --json --data data --epochs 1 --hidden 8 --out c > line",
        ),
    ];
    for (kibibytes, command) in commands {
        let outcome = under(&scratch, &format!("-f {kibibytes}"), command);
        outcome.is_refusal(1, &["cannot be written", "File too large"]);
        for path in scratch.listing().keys() {
            let name = path.to_string_lossy();
            assert!(!name.contains("partial"), "{name} of {outcome}");
        }
    }
    for name in ["a", "drawn", "model.onnx"] {
        assert!(!scratch.join(name).exists(), "{name}");
    }
    assert!(!scratch.join("b/model.safetensors").exists());
    // Left to itself the run goes on, and fails for what is missing at its end.
    let train = "train -q --data data --epochs 2 --hidden 8 --checkpoint-every 1 --out d";
    let outcome = under(&scratch, "-f 4", train);
    outcome.has_code(1);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let (last, warnings) = lines.split_last().expect("an error");
    assert!(
        last.starts_with("error: d/model.safetensors: cannot be written"),
        "{outcome}"
    );
    assert_eq!(warnings.len(), 2, "one for each file: {outcome}");
    assert_eq!(scratch.text("d/metrics.csv").lines().count(), 3);
}

#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let scratch = Scratch::with_model();
    for command in [
        "--version",
        "--help",
        "train --help",
        "completions bash",
        "man",
        "xor -q",
        "train -q --json --data data --epochs 1 --hidden 8 --out again",
        "train -q --data data --epochs 1 --hidden 8 --out more",
        "evaluate -q --model run --data data",
        "evaluate -q --json --model run --data data",
        "predict -q --model run --idx data/t10k-images-idx3-ubyte",
        "explore -q --data data --images 1",
        "export -q --model run --format onnx --out -",
        "report -q run --out -",
        "plot -q run --kind error --out -",
        "bench -q --data data --epochs 1 --engine blas --dtype f32",
        "synth --train 5 --test 5 --out drawn -q",
        "export --json --model run --out m.onnx",
    ] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("the device");
        let outcome = scratch.gingham(command).stdout(full).outcome();
        outcome.is_refusal(1, &["stdout: cannot be written", "No space left"]);
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
