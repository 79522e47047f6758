//! Runs that end before their epochs are over.

use serde_json::{Value, json};

use crate::util::Scratch;

const SETTINGS: &str =
    "--data data --preset plain --hidden 6 --batch-size 40 --learning-rate 0.05 --seed 3";

fn lines(scratch: &Scratch, name: &str) -> Vec<Value> {
    let text = scratch.text(name);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn early_stopping_leaves_the_best_network() {
    let scratch = Scratch::with_data();
    let stops = "--epochs 60 --early-stopping 4 --metric heldout_loss --min-delta 0.001";
    let run = scratch.done(&format!("train --json {SETTINGS} {stops} --out run"));
    let summary = run.json();
    let epochs = summary["epochs"].as_u64().expect("a number");
    assert!(epochs < 60, "{summary}");
    assert_eq!(summary["ended_by"], "early_stopping");
    let restored = summary["restored_epoch"].as_u64().expect("an epoch");
    assert_eq!(summary["best_epoch"], restored);
    assert!(scratch.read("run/model.safetensors") == scratch.read("run/best.safetensors"));
    let records = lines(&scratch, "run/metrics.jsonl");
    assert_eq!(records.len() as u64, epochs);
    let loss = |record: &Value| record["heldout_loss"].as_f64().expect("a loss");
    let best = records.iter().map(loss).fold(f64::INFINITY, f64::min);
    let best_record = &records[restored as usize];
    assert_eq!(loss(best_record), best);
    for (figure, of_record) in [
        ("heldout_loss", "heldout_loss"),
        ("best_heldout_loss", "heldout_loss"),
        ("heldout_accuracy", "heldout_accuracy"),
        ("train_accuracy", "train_accuracy"),
        ("final_error", "error"),
    ] {
        assert_eq!(summary[figure], best_record[of_record], "{figure}");
    }
    // Its network is that of a run of as many epochs.
    let epoch = restored + 1;
    scratch.done(&format!("train -q {SETTINGS} --epochs {epoch} --out short"));
    assert!(scratch.read("run/model.safetensors") == scratch.read("short/model.safetensors"));
    // The settings are in the run's file, by which it is repeated, and it is whole.
    let config = scratch.text("run/config.toml");
    for line in [
        "early_stopping = 4",
        "min_delta = 0.001",
        "metric = \"heldout_loss\"",
    ] {
        assert!(config.contains(line), "{config}");
    }
    let again = scratch
        .done("train --json --config run/config.toml --out again")
        .json();
    assert_eq!(again["restored_epoch"], restored);
    let whole = scratch.done("train --json --resume run");
    assert!(whole.stderr.contains("this run is whole"), "{whole}");
    let told = scratch.done(&format!("train {SETTINGS} {stops} --out told"));
    assert!(told.stdout.contains("early stopping"), "{told}");
    assert!(
        told.stdout
            .contains(&format!("epoch {epoch}, the best one")),
        "{told}"
    );
    let page = scratch.done("report run --out -").stdout;
    assert!(page.contains("Held-out loss by epoch"));
}

#[test]
fn a_run_ends_when_its_time_is_over_and_goes_on_with_more() {
    let scratch = Scratch::with_data();
    let all = "--epochs 100000000 --eval-every 1000000";
    let run = scratch.done(&format!(
        "train --json {SETTINGS} {all} --max-time 1s --out run"
    ));
    let summary = run.json();
    assert_eq!(summary["ended_by"], "max_time");
    assert!(summary["heldout_accuracy"].is_number(), "{summary}");
    let records = lines(&scratch, "run/metrics.jsonl");
    let last = records.last().expect("a record");
    assert_eq!(summary["epochs"], last["epoch"].as_u64().expect("one") + 1);
    assert_eq!(
        last["heldout_accuracy"], summary["heldout_accuracy"],
        "it was evaluated"
    );
    let taken = |summary: &Value| {
        ["prepare_seconds", "train_seconds", "evaluation_seconds"]
            .map(|name| summary[name].as_f64().expect("a number"))
            .iter()
            .sum::<f64>()
    };
    assert!(taken(&summary) >= 1.0, "{summary}");
    // The network is that of a run of as many epochs.
    let epochs = &summary["epochs"];
    scratch.done(&format!(
        "train -q {SETTINGS} --epochs {epochs} --eval-every 0 --out same"
    ));
    assert!(scratch.read("run/model.safetensors") == scratch.read("same/model.safetensors"));
    let whole = scratch.done("train --json --resume run");
    assert!(whole.stderr.contains("this run is whole"), "{whole}");
    let longer = scratch
        .done("train --json --resume run --max-time 2s")
        .json();
    assert_eq!(longer["ended_by"], "max_time");
    assert!(
        taken(&longer) >= 2.0,
        "what it took before counts: {longer}"
    );
    assert!(longer["epochs"].as_u64() > summary["epochs"].as_u64());
    assert_eq!(longer["settings"]["max_time"], "2s");
}

#[test]
fn sweeps_rank_by_the_loss_and_stop_early() {
    let scratch = Scratch::with_data();
    let plan = "--grid learning-rate=0.02,0.2;early-stopping=1,3 --epochs 20 --metric heldout_loss";
    let sweep = format!(
        "sweep -q --data data --preset plain --hidden 6 --batch-size 40 --top 4 {plan} --out swept"
    );
    scratch.done(&sweep);
    let journal = lines(&scratch, "swept/journal.jsonl");
    assert_eq!(journal.len(), 4);
    for line in &journal {
        let rate = &line["settings"]["learning_rate"];
        let patience = &line["settings"]["early_stopping"];
        let single = scratch.done(&format!(
            "train -q --json --data data --preset plain --hidden 6 --batch-size 40 --epochs 20 --metric heldout_loss \
             --learning-rate {rate} --early-stopping {patience} --out single{}",
            line["run"]
        ));
        let single = single.json();
        for figure in [
            "heldout_loss",
            "epochs",
            "restored_epoch",
            "ended_by",
            "best_epoch",
        ] {
            assert_eq!(line[figure], single[figure], "{figure}: {line}");
        }
    }
    let report = scratch
        .done("sweep-report swept --metric heldout_loss --csv")
        .stdout;
    let rows: Vec<&str> = report.lines().collect();
    let head: Vec<&str> = rows[0].split(',').collect();
    let column = head.iter().position(|name| *name == "heldout_loss");
    let column = column.expect("a column");
    let losses: Vec<f64> = rows[1..]
        .iter()
        .map(|row| {
            row.split(',')
                .nth(column)
                .expect("one")
                .parse()
                .expect("a number")
        })
        .collect();
    assert!(losses.len() == 4 && losses.is_sorted(), "{report}");
    let shared = sweep
        .replace("early-stopping=1,3", "metric=error")
        .replace("swept", "new");
    let shared = shared.replace("--metric heldout_loss", "");
    scratch.refuses(2, &shared, &["plan", "metric", "all of them share"]);
}

#[test]
fn what_cannot_end_a_run_is_refused() {
    let scratch = Scratch::with_data();
    for (arguments, says) in [
        ("--early-stopping 0", vec!["early_stopping", "from 1"]),
        ("--min-delta 0.1", vec!["min_delta", "early_stopping"]),
        (
            "--early-stopping 2 --eval-every 0",
            vec!["early_stopping", "eval_every 0"],
        ),
        (
            "--early-stopping 2 --holdout 0",
            vec!["early_stopping", "held-out"],
        ),
        (
            "--metric heldout_loss --holdout 0",
            vec!["metric", "whose loss"],
        ),
        ("--keep best --holdout 0", vec!["keep", "held-out"]),
    ] {
        let command = format!("train {SETTINGS} --out run {arguments}");
        scratch.refuses(2, &command, &says);
    }
    for (arguments, says) in [
        ("--metric loss", "heldout_loss"),
        ("--max-time 5", "90s"),
        ("--max-time 0s", "90s"),
    ] {
        let run = scratch.gingham(&format!("train {SETTINGS} --out run {arguments}"));
        let told = scratch.misuse(run, &[]);
        assert!(told.contains(says), "{told}");
    }
    scratch.write("bad.toml", "max_time = \"5\"\n");
    scratch.refuses(
        2,
        "train --config bad.toml --out run",
        &["line 1", "max_time", "1h30m"],
    );
    let by_error = format!("train -q --json {SETTINGS} --epochs 3 --holdout 0");
    let by_error = format!("{by_error} --metric error --keep best --out run");
    let summary = scratch.done(&by_error).json();
    assert_eq!(summary["best_heldout_accuracy"], json!(null));
    assert!(summary["best_epoch"].is_number());
}
