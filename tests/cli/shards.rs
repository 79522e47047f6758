//! `gingham sweep --shard`: the parts of a plan are together the whole, run for run, and no part is taken for another.

use std::fs;

use serde_json::Value;

use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --batch-size 40 --epochs 2 --hidden 5";
const GRID: &str = "learning-rate=0.05,0.2;seed=1..4";

fn sweep(rest: &str) -> String {
    format!("sweep -q {SETTINGS} --grid {GRID} {rest}")
}

/// The number of a run, what the plan says of it, and its figures.
fn figures(line: &str) -> (u64, String, [Value; 4]) {
    let line: Value = serde_json::from_str(line).expect("a line of JSON");
    let run = line["run"].as_u64().expect("a number");
    let assigned = line["assigned"].as_str().expect("text").to_owned();
    let names = [
        "final_error",
        "train_accuracy",
        "heldout_accuracy",
        "test_accuracy",
    ];
    (run, assigned, names.map(|name| line[name].clone()))
}

fn journal(scratch: &Scratch, out: &str) -> Vec<(u64, String, [Value; 4])> {
    let text = scratch.text(format!("{out}/journal.jsonl"));
    let mut runs: Vec<_> = text.lines().map(figures).collect();
    runs.sort_by_key(|(run, ..)| *run);
    runs
}

#[test]
fn shards_are_together_the_whole_sweep() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 40);
    scratch.done(&sweep("--out whole"));
    let whole = journal(&scratch, "whole");
    assert_eq!(whole.len(), 8);
    let mut together = Vec::new();
    for index in 1..=3 {
        let out = format!("shard-{index}");
        let command = sweep(&format!("--shard {index}/3 --out {out}"));
        scratch.done(&command);
        let sweep: Value =
            serde_json::from_slice(&scratch.read(format!("{out}/sweep.json"))).unwrap();
        assert_eq!(sweep["shard"], format!("{index}/3"));
        assert_eq!(sweep["runs"], 8, "the runs of the whole plan are counted");
        let own = journal(&scratch, &out);
        assert!(own.iter().all(|(run, ..)| (run - 1) % 3 + 1 == index));
        together.extend(own);
        // The same command trains nothing twice.
        let text = scratch.text(format!("{out}/journal.jsonl"));
        scratch.done(&command);
        assert_eq!(scratch.text(format!("{out}/journal.jsonl")), text);
    }
    together.sort_by_key(|(run, ..)| *run);
    assert_eq!(together, whole);
    for run in &whole {
        let number = run.0;
        let shard = (number - 1) % 3 + 1;
        let model = |out: &str| scratch.read(format!("{out}/runs/{number:05}/model.safetensors"));
        assert!(
            model("whole") == model(&format!("shard-{shard}")),
            "{number}"
        );
    }

    let report = |folders: &str| scratch.done(&format!("sweep-report {folders} --json"));
    let [all, undivided] =
        ["shard-3 shard-1 shard-2", "whole"].map(|folders| report(folders).json());
    let ranks = |report: &Value| -> Vec<(Value, Value)> {
        let runs = report["runs"].as_array().expect("runs").iter();
        runs.map(|run| (run["run"].clone(), run["figure"].clone()))
            .collect()
    };
    assert_eq!(ranks(&all), ranks(&undivided));
    assert_eq!((&all["planned"], &all["ended"]), (&8.into(), &8.into()));
    let complete = report("shard-1 shard-2 shard-3");
    assert!(!complete.stderr.contains("shards"), "{complete}");
    let one = report("shard-2");
    assert_eq!(one.json()["planned"], 8);
    assert_eq!(one.json()["ended"], 3);
    assert!(one.stderr.contains("not among the folders: 1, 3"), "{one}");
    // The whole sweep beside one of its shards, and one folder twice, have no run twice.
    assert_eq!(report("whole shard-2 shard-2").json()["ended"], 8);
}

#[test]
fn a_shard_shows_its_runs_alone() {
    let scratch = Scratch::with_data();
    let shown = scratch.done(&sweep("--shard 2/3 --dry-run"));
    let numbers: Vec<&str> = shown
        .stdout
        .lines()
        .map(|line| line.split_whitespace().next().expect("a number"))
        .collect();
    assert_eq!(numbers, ["2", "5", "8"], "{shown}");
    let json = scratch.done(&sweep("--shard 3/3 --dry-run --json"));
    let numbers: Vec<u64> = json
        .json_lines()
        .iter()
        .map(|line| line["run"].as_u64().expect("one"))
        .collect();
    assert_eq!(numbers, [3, 6], "{json}");
}

/// Where there are more shards than runs, those without any are done at once, and are parts like the others.
#[test]
fn a_shard_without_runs_is_done_at_once() {
    let scratch = Scratch::with_data();
    let sweep = |shard: u32| {
        format!("sweep {SETTINGS} --grid seed=1..2 --shard {shard}/3 --out shard-{shard}")
    };
    let nothing = scratch.done(&sweep(3));
    assert!(
        nothing.stderr.contains("nothing to do") && nothing.stderr.contains("3/3"),
        "{nothing}"
    );
    assert_eq!(nothing.stdout, "");
    scratch.done(&sweep(3));
    assert_eq!(scratch.text("shard-3/journal.jsonl"), "");
    scratch.done(&sweep(1));
    scratch.done(&sweep(2));
    let report = scratch
        .done("sweep-report shard-1 shard-2 shard-3 --json")
        .json();
    assert_eq!(
        (&report["planned"], &report["ended"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn no_shard_is_taken_for_another() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 40);
    scratch.done(&sweep("--shard 1/3 --out first"));
    scratch.done(&sweep("--out whole"));
    for rest in [
        "--shard 2/3 --out first",
        "--shard 1/4 --out first",
        "--out first",
        "--shard 1/3 --out whole",
    ] {
        scratch.refuses(2, &sweep(rest), &["shard", "same sweep"]);
    }
    scratch.refuses(2, &sweep("--shard 1/3 --l2 1 --out first"), &["l2"]);
    for (shard, says) in [
        ("0/3", "from 1"),
        ("4/3", "at most"),
        ("a/b", "such as 3/10"),
        ("2", "such as 3/10"),
        ("1/0", "one shard"),
    ] {
        let run = scratch.gingham(&sweep(&format!("--shard {shard} --out new")));
        scratch.misuse(run, &["--shard", shard, says]);
    }
    // Shards of one plan, but of different settings or plans, are no sweep.
    scratch.done(&format!("{} --l2 0.25", sweep("--shard 2/3 --out other")));
    scratch.refuses(2, "sweep-report first other", &["other", "l2"]);
    // Nor is one that says something else of a run than another.
    let line = scratch.text("first/journal.jsonl");
    let line = line.lines().next().expect("a line");
    let accuracy = figures(line).2[2].to_string();
    let changed = line.replace(
        &format!("\"heldout_accuracy\":{accuracy}"),
        "\"heldout_accuracy\":0.125",
    );
    assert_ne!(line, changed);
    // Small runs are journaled as they end.
    let entry: Value = serde_json::from_str(line).expect("JSON");
    let said = format!("run {} ", entry["run"]);
    fs::create_dir(scratch.join("copy")).expect("a folder");
    scratch.write("copy/sweep.json", scratch.read("first/sweep.json"));
    scratch.write("copy/journal.jsonl", changed + "\n");
    scratch.refuses(
        2,
        "sweep-report first copy",
        &[&said, "first", "copy", "figures"],
    );
    scratch.done("sweep-report copy");
}
