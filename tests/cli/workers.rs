//! Small runs of a sweep that share no mini-batches: beside each other on one thread each, and what they leave is what they leave one after
//! the other.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::keeping::{MINDFUL, program, under};
use crate::sweep::{by_run, left};
use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --hidden 6 --batch-size 40 --eval-every 50";

/// A sweep of as many seeds, whose runs see different mini-batches.
fn sweep(seeds: u32, epochs: u32, out: &str, threads: u32) -> String {
    format!(
        "sweep -q {SETTINGS} --epochs {epochs} --grid seed=1..{seeds} --top 100 --out {out} --threads {threads}"
    )
}

/// On how many threads each run of a journal was trained.
fn threads(journal: &str) -> Vec<u64> {
    let of_line = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        line["threads"].as_u64().expect("a number")
    };
    by_run(journal).map(of_line).collect()
}

#[test]
fn small_runs_beside_each_other_leave_the_same() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    scratch.done(&sweep(6, 4, "one", 1));
    let one = left(&scratch, "one");
    assert_eq!((one.0.len(), one.1.len()), (6, 6));
    let beside = scratch.done(&format!("{} --json", sweep(6, 4, "beside", 3)));
    assert!(left(&scratch, "beside") == one);
    let journal = scratch.text("beside/journal.jsonl");
    assert_eq!(beside.stdout, journal, "stdout has the journal's lines");
    assert_eq!(threads(&journal), [1; 6]);
    // What is asked for one after the other is done so, and so is a run that nothing is beside.
    scratch.done(&format!("{} --group 1", sweep(6, 4, "after", 3)));
    assert!(left(&scratch, "after") == one);
    assert_eq!(threads(&scratch.text("after/journal.jsonl")), [3; 6]);
    scratch.done(&sweep(1, 4, "alone", 3));
    assert_eq!(threads(&scratch.text("alone/journal.jsonl")), [3]);
    // Each is the run of `train`, and its folder repeats it with the threads that were asked for.
    scratch.done(&format!(
        "train -q {SETTINGS} --epochs 4 --seed 4 --threads 3 --out single"
    ));
    for file in ["model.safetensors", "config.toml"] {
        let swept = scratch.read(format!("beside/runs/00004/{file}"));
        assert!(swept == scratch.read(format!("single/{file}")), "{file}");
    }
}

/// Runs that share mini-batches, and those of large networks, have all threads.
#[test]
fn other_runs_have_all_threads() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    for plan in [
        "--grid seed=1..2;hidden=6,7 --split-seed 3",
        "--grid seed=1..4 --hidden 500",
    ] {
        scratch.done(&format!(
            "sweep -q --data data --preset plain --batch-size 270 --epochs 1 {plan} --out swept --threads 2"
        ));
        let journal = scratch.text("swept/journal.jsonl");
        assert_eq!(threads(&journal), [2; 4], "{plan}");
        fs::remove_dir_all(scratch.join("swept")).expect("a sweep");
    }
}

#[test]
fn a_run_that_diverges_ends_no_other() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let plan = "--grid learning-rate=choice(1e6,0.1);seed=1..100000 --random 8";
    for (out, threads) in [("one", 1), ("beside", 2)] {
        scratch.done(&format!(
            "sweep -q {SETTINGS} --epochs 2 {plan} --top 100 --out {out} --threads {threads}"
        ));
    }
    let (journal, models) = left(&scratch, "one");
    assert_eq!(journal.len(), 8);
    assert!(
        (1..8).contains(&models.len()),
        "some diverge, and some do not"
    );
    assert!(left(&scratch, "beside") == (journal, models));
}

#[test]
fn a_sweep_that_is_killed_goes_on() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let started = Instant::now();
    let run = scratch.run(program());
    let run = run.args(sweep(6, 60, "whole", 3).split_whitespace());
    run.outcome().succeeded();
    let duration = started.elapsed().as_millis() as u64;
    let whole = left(&scratch, "whole");
    for after_ms in [duration / 3, duration * 2 / 3] {
        under(&scratch, "KILL", after_ms, &sweep(6, 60, "killed", 3));
    }
    let last = scratch.run(program());
    let last = last.args(sweep(6, 60, "killed", 2).split_whitespace());
    last.outcome().succeeded();
    assert!(left(&scratch, "killed") == whole);
}

/// Ctrl-C stops all workers; each leaves a checkpoint, from which the same command goes on.
#[test]
fn a_sweep_that_is_stopped_goes_on() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let command = |out: &str, threads| sweep(20, 300, out, threads);
    let child = Command::new(MINDFUL[0])
        .arg(MINDFUL[1])
        .arg(program())
        .args(command("stopped", 3).split_whitespace())
        .current_dir(scratch.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("a program that starts");
    let journal = scratch.join("stopped/journal.jsonl");
    let started = Instant::now();
    while fs::metadata(&journal).map_or(0, |file| file.len()) == 0 {
        assert!(started.elapsed().as_secs() < 60, "no run has ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(sent.expect("kill").success());
    let mut stderr = String::new();
    let mut told = child.stderr.take().expect("a pipe");
    std::io::Read::read_to_string(&mut told, &mut stderr).expect("text");
    let code = child.wait().expect("an end").code();
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("SIGINT"), "{stderr}");
    assert_eq!(stderr.matches("error").count(), 1, "{stderr}");
    let mut stopped = 0;
    for run in fs::read_dir(scratch.join("stopped/runs")).expect("runs") {
        let run = run.expect("a run").path();
        assert!(run.join("checkpoint.safetensors").exists(), "{run:?}");
        stopped += usize::from(!run.join("summary.json").exists());
    }
    assert!((1..=3).contains(&stopped), "{stopped}");
    for (out, threads) in [("stopped", 2), ("whole", 1)] {
        let run = scratch.run(program());
        let run = run.args(command(out, threads).split_whitespace());
        run.outcome().succeeded();
    }
    assert!(left(&scratch, "stopped") == left(&scratch, "whole"));
}
