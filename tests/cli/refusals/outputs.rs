//! Outputs that exist, that cannot be made, or that fail half way.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::util::{PROGRAM, Scratch, skipped};

#[test]
fn what_is_there_stays() {
    let scratch = Scratch::with_model();
    fs::create_dir(scratch.join("empty")).expect("a folder");
    scratch.write("file", "precious");
    symlink("nowhere", scratch.join("dangling")).expect("a link");
    for out in [
        "run",
        "empty",
        "file",
        "dangling",
        "data",
        "run/",
        "./run",
        "run/../run",
        ".",
    ] {
        let says = [out, "exists already"];
        scratch.refuses(
            2,
            &format!("train --data data --epochs 1 --out {out}"),
            &says,
        );
        scratch.refuses(
            2,
            &format!("synth -q --train 10 --test 10 --out {out}"),
            &says,
        );
    }
    for out in ["file/new", "file/new/deep"] {
        scratch.refuses(
            1,
            &format!("train --data data --epochs 1 --out {out}"),
            &["file", "cannot be written"],
        );
        scratch.refuses(
            1,
            &format!("synth -q --train 10 --test 10 --out {out}"),
            &["file", "cannot be written"],
        );
    }
    for out in ["/", ".."] {
        scratch.refuses(
            2,
            &format!("synth -q --train 10 --test 10 --out {out}"),
            &[out, "exists already"],
        );
        scratch.refuses(
            2,
            &format!("train --data data --epochs 1 --out {out}"),
            &[out, "exists already"],
        );
    }
    for command in [
        "train --data data --epochs 1 --out",
        "synth --train 10 --test 10 --out",
    ] {
        scratch.misuse(scratch.gingham(command).arg(""), &["out"]);
    }
}

#[test]
fn divergence() {
    let scratch = Scratch::with_data();
    for (number, form) in [
        "--dtype f32",
        "--dtype f64",
        "--engine naive",
        "--output softmax",
    ]
    .iter()
    .enumerate()
    {
        let out = format!("run{number}");
        let command = format!(
            "train -q --json --data data --out {out} --scale none --activation relu --learning-rate 1e6 {form}"
        );
        let outcome = scratch.gingham(&command).outcome();
        outcome.has_code(4);
        for says in [
            "error: ",
            "epoch",
            "batch",
            "(step ",
            "learning rate 1000000",
        ] {
            assert!(outcome.stderr.contains(says), "{outcome}");
        }
        let line = outcome.json();
        assert_eq!(line["diverged"], "error", "{outcome}");
        assert_eq!(line["run_dir"], out.as_str());
        assert_eq!(line["learning_rate"], 1e6);
        // What happened until then is kept, the best network too if there was one, but there is no last one, and no summary that
        // would say the run is whole.
        let mut left: Vec<String> = fs::read_dir(scratch.join(&out))
            .expect("the run's folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        left.sort();
        left.retain(|name| name != "best.safetensors");
        assert_eq!(
            left,
            ["config.toml", "metrics.csv", "metrics.jsonl"],
            "{outcome}"
        );
    }
}

#[test]
fn a_full_disk_behind_stdout() {
    if !Path::new("/dev/full").exists() {
        return skipped("a full disk behind stdout", "no /dev/full");
    }
    let scratch = Scratch::with_model();
    let full = || {
        fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a device")
    };
    let evaluate = format!("evaluate --model {MODEL} --data data");
    let predict = format!("predict --model {MODEL} --idx data/{TEST_IMAGES}");
    for command in [
        "xor",
        "xor --json",
        "--help",
        "--version",
        "train --help",
        &evaluate,
        &predict,
    ] {
        scratch.refuses_run(
            1,
            scratch.gingham(command).stdout(full()),
            &["stdout", "No space left"],
        );
    }
    let train = scratch
        .gingham("train -q --data data --epochs 1 --out new")
        .stdout(full())
        .outcome();
    train.is_refusal(1, &["stdout", "No space left"]);
    assert!(
        scratch.join("new/summary.json").exists(),
        "the run itself is whole"
    );
}

/// A limit on the size of files stands in for a full disk: it too lets a write fail half way.
#[test]
fn a_full_disk_under_the_output() {
    let scratch = Scratch::with_data();
    let limited = |arguments: &str| {
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
        scratch
            .run("sh")
            .args(["-c", script, PROGRAM])
            .args(arguments.split_whitespace())
    };
    let outcome = limited("train -q --data data --epochs 1 --hidden 50 --out new").outcome();
    outcome.has_code(1);
    let last = outcome.stderr.lines().last().expect("an error");
    assert!(
        last.starts_with("error: new/model.safetensors: cannot be written"),
        "{outcome}"
    );
    let mut left: Vec<_> = fs::read_dir(scratch.join("new"))
        .expect("the run's folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["config.toml", "metrics.csv", "metrics.jsonl"],
        "nothing half-written"
    );
    let synth = limited("synth -q --train 300 --test 100 --out drawn");
    scratch.refuses_run(1, synth, &["train-images-idx3-ubyte", "cannot be written"]);
}

#[test]
fn places_where_nothing_can_be_made() {
    if !Path::new("/proc/self").exists() {
        return skipped("an output in a read-only place", "no /proc");
    }
    let scratch = Scratch::with_data();
    for out in ["/proc/gingham", "/proc/gingham/deep/run"] {
        let says = ["/proc/gingham", "cannot be written"];
        scratch.refuses(
            1,
            &format!("train --data data --epochs 1 --out {out}"),
            &says,
        );
        scratch.refuses(
            1,
            &format!("synth -q --train 10 --test 10 --out {out}"),
            &says,
        );
    }
}
