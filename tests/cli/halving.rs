//! `gingham sweep --halving`: which runs are pruned follows from the figures of `gingham train`, and what is left has its bits.

use std::fs;

use serde_json::Value;

use crate::keeping::{Random, program, under};
use crate::sweep::{by_run, left};
use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --batch-size 40 --momentum 0.5 --hidden 6";
const GRID: &str = "learning-rate=0.001,0.03,0.2;seed=1..3";

fn sweep(out: &str) -> String {
    format!("sweep -q {SETTINGS} --epochs 9 --grid {GRID} --halving 3 --out {out}")
}

/// The settings of a run of the plan, as flags.
fn flags(run: usize) -> String {
    let rate = ["0.001", "0.03", "0.2"][(run - 1) / 3];
    format!("--learning-rate {rate} --seed {}", (run - 1) % 3 + 1)
}

/// The journal's line of a run, and the epochs after which it was pruned.
fn line(journal: &[Value], run: usize) -> (&Value, Option<u64>) {
    let line = &journal[run - 1];
    assert_eq!(line["run"], run);
    (line, line["pruned"].as_u64())
}

#[test]
fn the_best_go_on_and_have_the_bits_of_train() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    scratch.done(&sweep("swept"));
    let (journal, models) = left(&scratch, "swept");
    assert_eq!(journal.len(), 9);
    // The rungs are after 1, 3 and 9 epochs, with 9, 3 and 1 runs.
    let mut competing: Vec<usize> = (1..=9).collect();
    for epochs in [1, 3, 9] {
        let mut ranked = Vec::new();
        for &run in &competing {
            let single = scratch.done(&format!(
                "train -q --json {SETTINGS} --epochs {epochs} {} --out single{epochs}-{run}",
                flags(run)
            ));
            let single = single.json();
            let accuracy = single["heldout_accuracy"].as_f64().expect("a number");
            ranked.push((run, accuracy, single));
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1)); // stable: the earlier one of equals goes on
        let going_on = if epochs == 9 { 1 } else { competing.len() / 3 };
        for (rank, (run, _, single)) in ranked.iter().enumerate() {
            let (line, pruned) = line(&journal, *run);
            if rank >= going_on || epochs == 9 {
                let expected = (epochs < 9).then_some(epochs);
                assert_eq!(pruned, expected, "run {run}: {line}");
                assert_eq!(line["epochs"], epochs, "{line}");
                for figure in [
                    "heldout_accuracy",
                    "train_accuracy",
                    "final_error",
                    "test_accuracy",
                ] {
                    assert_eq!(line[figure], single[figure], "run {run}, {figure}");
                }
                assert_eq!(line["settings"]["epochs"], 9, "the plan is the whole one");
            }
        }
        competing = ranked[..going_on].iter().map(|(run, ..)| *run).collect();
        competing.sort_unstable();
    }
    let last = competing[0];
    let names: Vec<&String> = models.keys().collect();
    assert_eq!(names, [&format!("{last:05}")], "pruned runs keep no folder");
    for file in ["model.safetensors", "best.safetensors", "config.toml"] {
        let swept = scratch.read(format!("swept/runs/{last:05}/{file}"));
        assert!(
            swept == scratch.read(format!("single9-{last}/{file}")),
            "{file}"
        );
    }
    let metrics = |path: String| -> Vec<Value> {
        let text = scratch.text(path + "/metrics.jsonl");
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
            let figures = line.as_object_mut().expect("an object");
            for time in ["seconds", "images_per_second"] {
                figures.remove(time);
            }
            line
        });
        lines.collect()
    };
    assert_eq!(
        metrics(format!("swept/runs/{last:05}")),
        metrics(format!("single9-{last}"))
    );
    // Nothing of that depends on groups and threads, and the same command does nothing again.
    let (same, _) = {
        scratch.done(&format!("{} --group 1 --threads 1", sweep("alone")));
        left(&scratch, "alone")
    };
    assert_eq!(same, journal);
    let text = scratch.text("swept/journal.jsonl");
    let again = scratch.done(&format!("{} --json", sweep("swept")));
    assert_eq!(
        (again.stdout, &scratch.text("swept/journal.jsonl")),
        (text.clone(), &text)
    );
}

#[test]
fn a_sweep_that_is_killed_prunes_the_same_runs() {
    let kills = std::env::var("GINGHAM_KILLS").map_or(8, |kills| kills.parse().expect("a number"));
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let command = |out: &str| format!("{} --group 2 --patience 4 --eval-every 1", sweep(out));
    let started = std::time::Instant::now();
    let run = scratch.run(program());
    run.args(command("whole").split_whitespace())
        .outcome()
        .succeeded();
    let duration = started.elapsed().as_millis() as u64;
    let whole = left(&scratch, "whole");
    let rungs = |out: &str| {
        let text = scratch.text(format!("{out}/rungs.jsonl"));
        let mut lines: Vec<(u64, u64, String)> = text
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("a line of JSON");
                let number = |name: &str| line[name].as_u64().expect("a number");
                (
                    number("run"),
                    number("pruned"),
                    line["heldout_accuracy"].to_string(),
                )
            })
            .collect();
        lines.sort();
        lines
    };
    let expected = rungs("whole");
    let mut random = Random(5);
    let (mut killed, mut round) = (0, 0);
    while killed < kills {
        for _ in 0..=random.below(3) {
            let signal = ["KILL", "KILL", "INT", "TERM"][random.below(4) as usize];
            let after = 1 + random.below(duration);
            let outcome = under(&scratch, signal, after, &command("swept"));
            killed += usize::from(outcome.code() != Some(0));
        }
        let threads = (1 + random.below(3)).to_string();
        let last = scratch
            .run(program())
            .args(command("swept").split_whitespace());
        last.args(["--threads", &threads]).outcome().succeeded();
        assert!(left(&scratch, "swept") == whole, "round {round}");
        assert_eq!(rungs("swept"), expected, "round {round}: no figure twice");
        fs::remove_dir_all(scratch.join("swept")).expect("a sweep");
        round += 1;
    }
}

/// What was killed between the line of a rung and what follows from it is made up for.
#[test]
fn decisions_are_made_again_from_the_lines_of_the_rungs() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    scratch.done(&sweep("swept"));
    let (whole, models) = left(&scratch, "swept");
    let rungs = scratch.text("swept/rungs.jsonl");
    fs::remove_dir_all(scratch.join("swept/runs")).expect("runs");
    scratch.write("swept/journal.jsonl", "");
    scratch.done(&sweep("swept"));
    let (same, again) = left(&scratch, "swept");
    assert_eq!(same, whole);
    assert!(again == models);
    assert_eq!(
        scratch.text("swept/rungs.jsonl"),
        rungs,
        "no rung is reached twice"
    );
    // A torn line is as good as none.
    scratch.write("swept/rungs.jsonl", &rungs[..rungs.len() - 100]);
    let lines = scratch.text("swept/journal.jsonl");
    let first: Vec<&str> = lines.split_inclusive('\n').take(2).collect();
    scratch.write("swept/journal.jsonl", first.concat());
    scratch.done(&sweep("swept"));
    assert_eq!(left(&scratch, "swept").0, whole);
}

#[test]
fn reports_tell_what_was_pruned() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    let table = scratch.done(&sweep("swept")).stdout;
    let (journal, _) = left(&scratch, "swept");
    let pruned = |run: usize| line(&journal, run).1;
    let shown: Vec<(usize, bool)> = table
        .lines()
        .skip(1)
        .map(|row| {
            let run = row.split_whitespace().nth(1).expect("a run");
            (run.parse().expect("a number"), row.contains("at epoch"))
        })
        .collect();
    assert_eq!(shown.len(), 9, "{table}");
    assert!(
        shown
            .iter()
            .all(|&(run, told)| told == pruned(run).is_some()),
        "{table}"
    );
    let epochs = |run: usize| pruned(run).unwrap_or(9);
    assert!(
        shown.is_sorted_by(|a, b| epochs(a.0) >= epochs(b.0)),
        "{table}"
    );
    let report = scratch.done("sweep-report swept --json").json();
    assert_eq!(
        (&report["pruned"], &report["ended"]),
        (&8.into(), &9.into())
    );
    for run in report["runs"].as_array().expect("runs") {
        let number = run["run"].as_u64().expect("a number") as usize;
        assert_eq!(run["pruned"].as_u64(), pruned(number), "{run}");
        assert_eq!(run["figure"], line(&journal, number).0["heldout_accuracy"]);
    }
    let means = report["over_seeds"].as_array().expect("groups").iter();
    let counts = means.map(|group| group["runs"].as_u64().expect("a number"));
    assert_eq!(counts.sum::<u64>(), 1, "what was pruned is in no mean");
    let text = scratch.done("sweep-report swept").stdout;
    assert!(
        text.contains("8 pruned") && text.contains("at epoch 3"),
        "{text}"
    );
    let csv = scratch.done("sweep-report swept --csv").stdout;
    let mut lines = csv.lines();
    assert!(lines.next().expect("heads").ends_with(",pruned"), "{csv}");
    assert!(lines.next().expect("the best").ends_with(','), "{csv}");
    assert!(lines.last().expect("the worst").ends_with(",1"), "{csv}");
    scratch.done("report -q swept");
    let page = scratch.text("swept/report.html");
    for says in [
        "at epoch 1",
        "at epoch 3",
        "8 of them were pruned",
        "8 pruned",
    ] {
        assert!(page.contains(says), "{says}");
    }
    scratch.done("plot -q swept --kind effects --out effects.svg");
}

/// Each shard halves its own part.
#[test]
fn shards_halve_their_own_runs() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    for (shard, own) in [("1/2", 5), ("2/2", 4)] {
        let out = format!("part{}", &shard[..1]);
        scratch.done(&format!("{} --shard {shard}", sweep(&out)));
        let journal = scratch.text(format!("{out}/journal.jsonl"));
        let pruned = by_run(&journal).filter(|line| line.contains("\"pruned\":3"));
        // Of 5 or 4 runs one goes on: the rungs are after 3 and 9 epochs.
        assert_eq!((journal.lines().count(), pruned.count()), (own, own - 1));
    }
    let report = scratch.done("sweep-report part1 part2 --json").json();
    assert_eq!(
        (&report["ended"], &report["pruned"]),
        (&9.into(), &7.into())
    );
}

/// A run that diverged, or has ended by patience, is at a rung with what it has; epochs may differ.
#[test]
fn runs_that_end_early_compete_with_what_they_have() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let settings = "--data data --preset plain --batch-size 40 --halving 2 --metric error";
    scratch.done(&format!(
        "sweep -q {settings} --grid learning-rate=1e6,0.1,9e5,0.2 --epochs 4 --out swept"
    ));
    let (journal, _) = left(&scratch, "swept");
    let diverged: Vec<bool> = journal
        .iter()
        .map(|line| line["diverged"].is_string())
        .collect();
    assert_eq!(diverged, [true, false, true, false]);
    let pruned: Vec<Option<u64>> = journal.iter().map(|line| line["pruned"].as_u64()).collect();
    assert_eq!(pruned.iter().flatten().count(), 1, "{pruned:?}");
    assert!(
        pruned.contains(&Some(2)),
        "the diverged ones were out at the first rung"
    );
    let report = scratch.done("sweep-report swept --json").json();
    assert_eq!(
        report["metric"], "error",
        "the one by which runs were pruned"
    );
    scratch.done(&format!(
        "sweep -q {settings} --grid epochs=4,6,8;learning-rate=0.1,0.2 --out epochs"
    ));
    let (journal, _) = left(&scratch, "epochs");
    for line in &journal {
        let whole = line["settings"]["epochs"].as_u64().expect("a number");
        let pruned = line["pruned"].as_u64().unwrap_or(whole);
        let rungs = [whole.div_ceil(4), whole.div_ceil(2), whole];
        assert!(rungs.contains(&pruned), "{line}");
    }
    assert_eq!(
        journal
            .iter()
            .filter(|line| line["pruned"].is_null())
            .count(),
        1
    );
}

#[test]
fn runs_with_their_best_network_are_pruned_by_its_loss() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    let stops = format!("{SETTINGS} --metric heldout_loss --early-stopping 1");
    scratch.done(&format!(
        "sweep -q {stops} --epochs 9 --grid {GRID} --halving 3 --out swept"
    ));
    let (journal, _) = left(&scratch, "swept");
    let single = |run: usize, epochs: usize| {
        let out = format!(
            "--epochs {epochs} {} --out single{epochs}-{run}",
            flags(run)
        );
        scratch
            .done(&format!("train -q --json {stops} {out}"))
            .json()
    };
    let whole: Vec<Value> = (1..=9).map(|run| single(run, 9)).collect();
    let epochs_of = |run: usize| whole[run - 1]["epochs"].as_u64().expect("a number");
    let early = (1..=9).filter(|&run| epochs_of(run) < 3).count();
    assert!(
        (1..9).contains(&early),
        "{early} end before the second rung"
    );
    let mut competing: Vec<usize> = (1..=9).collect();
    for epochs in [1, 3, 9] {
        let mut ranked = Vec::new();
        for &run in &competing {
            let single = match epochs {
                9 => whole[run - 1].clone(),
                _ => single(run, epochs),
            };
            let loss = single["heldout_loss"].as_f64().expect("a number");
            ranked.push((run, loss, single));
        }
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        let going_on = if epochs == 9 { 0 } else { competing.len() / 3 };
        for (run, _, single) in &ranked[going_on..] {
            let (line, pruned) = line(&journal, *run);
            let is_pruned = epochs < 9 && epochs_of(*run) > epochs as u64;
            assert_eq!(pruned, is_pruned.then_some(epochs as u64), "{run}: {line}");
            for figure in ["epochs", "heldout_loss", "restored_epoch", "final_error"] {
                assert_eq!(line[figure], single[figure], "run {run}, {figure}");
            }
        }
        competing = ranked[..going_on].iter().map(|(run, ..)| *run).collect();
        competing.sort_unstable();
    }
    // The report ranks by what runs were pruned by.
    let report = scratch.done("sweep-report swept --json").json();
    assert_eq!(report["metric"], "heldout_loss");
}

#[test]
fn another_halving_is_another_sweep() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    scratch.done(&sweep("swept"));
    for (other, says) in [
        (
            sweep("swept").replace("--halving 3", "--halving 2"),
            "halving",
        ),
        (sweep("swept").replace("--halving 3", ""), "halving"),
        (sweep("swept") + " --metric error", "metric"),
    ] {
        scratch.refuses(2, &other, &["out", says]);
    }
    for bad in ["1", "0", "-3", "2.5", "x"] {
        let command = sweep("new").replace("--halving 3", &format!("--halving={bad}"));
        let told = scratch.misuse(scratch.gingham(&command), &["--halving"]);
        assert!(told.contains(bad), "{told}");
    }
    // Too few runs, or too few epochs, to prune any: a sweep like another.
    let few = sweep("few").replace(GRID, "seed=1..2");
    scratch.done(&few);
    let (journal, models) = left(&scratch, "few");
    assert!(journal.iter().all(|line| line["pruned"].is_null()));
    assert_eq!(models.len(), 2);
}
