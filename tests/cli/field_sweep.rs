//! The sweep in a shell: its grid, its results, and several at once.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::util::{PROGRAM, Scratch};

#[test]
fn the_sweep_in_shell() {
    let scratch = Scratch::with_data();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/sweep.sh");
    let sweep = || {
        scratch
            .run("sh")
            .arg(script)
            .env("HIDDEN", "3 4")
            .env("RATES", "0.001")
            .env("SEEDS", "1 2")
            .env("EPOCHS", "1")
            .env("COMMON", "--batches 5")
            .env("RESULTS", "swept/results.jsonl")
            .env("GINGHAM", "program")
            .env("GINGHAM_DATA", "data")
    };
    let help = scratch
        .run("sh")
        .args([script, "--help"])
        .outcome()
        .succeeded();
    assert!(
        help.stdout.contains("RESULTS") && !help.stdout.contains("set -eu"),
        "{help}"
    );
    scratch
        .run("sh")
        .args([script, "--now"])
        .outcome()
        .has_code(2);
    assert!(!scratch.join("swept").exists());

    // Names are taken from the caller's folder. The program's own runs go to a folder of the test.
    scratch.write(
        "program",
        format!(
            "#!/bin/sh\ncd '{}' && exec '{PROGRAM}' \"$@\"\n",
            scratch.path().display()
        ),
    );
    let made = Command::new("chmod")
        .arg("+x")
        .arg(scratch.join("program"))
        .status();
    assert!(made.expect("chmod").success());
    let both = std::thread::scope(|scope| {
        let one = scope.spawn(|| sweep().outcome());
        let other = scope.spawn(|| sweep().outcome());
        [one, other].map(|run| run.join().expect("a sweep").succeeded())
    });
    let results = scratch.text("swept/results.jsonl");
    assert_eq!(
        results.lines().count(),
        4,
        "no run twice: {results}\n{}\n{}",
        both[0],
        both[1]
    );
    for line in results.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["settings"]["epochs"], 1);
        assert_eq!(line["settings"]["seed"], line["sweep_seed"]);
    }
    assert!(!scratch.join("swept/results.jsonl.claims").exists());
    // A sweep that was killed leaves its claims; the next one takes them over.
    let first = results.lines().next().expect("a line");
    let rest: Vec<&str> = results.lines().skip(1).collect();
    scratch.write("swept/results.jsonl", rest.join("\n") + "\n");
    let key = first.split_inclusive(',').take(2).collect::<String>();
    let sum = scratch
        .run("sh")
        .args(["-c", "printf '%s' \"$0\" | cksum | tr ' ' '-'", &key]);
    let claim = format!("swept/results.jsonl.claims/{}", sum.outcome().stdout.trim());
    fs::create_dir_all(scratch.join(&claim)).expect("a folder");
    scratch.write(format!("{claim}/pid"), "4194305\n"); // no process has this number
    let outcome = sweep().outcome().succeeded();
    assert_eq!(
        scratch.text("swept/results.jsonl").lines().count(),
        4,
        "{outcome}"
    );
    assert!(!scratch.join(&claim).exists());
}

#[test]
fn a_sweep_whose_results_cannot_be_written_ends_at_once() {
    let scratch = Scratch::with_data();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/sweep.sh");
    let common = format!("--batches 5 --out {}", scratch.join("lost").display());
    let sweep = |results: &str| {
        scratch
            .run("bash")
            .args(["-c", "ulimit -f 64; exec sh \"$0\"", script])
            .env("HIDDEN", "3")
            .env("RATES", "0.001")
            .env("SEEDS", "1")
            .env("EPOCHS", "1")
            .env("COMMON", &common)
            .env("RESULTS", results)
            .env("GINGHAM", PROGRAM)
            .env("GINGHAM_DATA", "data")
            .deadline(20)
            .outcome()
    };
    scratch.write("file", "");
    scratch.fifo("pipe");
    for results in ["/dev/full", "data", "pipe", "file/results.jsonl"] {
        let outcome = sweep(results);
        outcome.has_code(1);
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        assert!(
            outcome.stderr.contains("sweep: RESULTS: ") && outcome.stderr.contains(results),
            "{outcome}"
        );
    }
    // A file that may not grow any more, as on a full disk: the run is made, and that it is lost is said.
    let full = "x".repeat(65_535) + "\n";
    scratch.write("full.jsonl", &full);
    let outcome = sweep("full.jsonl");
    outcome.has_code(1);
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(
        last.contains("full.jsonl cannot be written") && last.contains("seed=1"),
        "{outcome}"
    );
    assert_eq!(scratch.text("full.jsonl"), full);
    assert!(!scratch.join("full.jsonl.claims").exists());
}
