//! `gingham sweep`: each run is the run of `gingham train`, and what happens to the process changes no result. `GINGHAM_KILLS=50` kills it so
//! many times.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::keeping::{Random, program, under};
use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --batch-size 40 --epochs 4";
const GRID: &str = "learning-rate=0.05,0.2;hidden=6,5-4;seed=1..2";

/// A sweep's arguments, which have no blanks of their own.
fn sweep(grid: &str, out: &str) -> String {
    format!("sweep -q {SETTINGS} --grid {grid} --out {out}")
}

/// What does not tell of time and place in a line of the journal.
pub fn lasting(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
    let fields = line.as_object_mut().expect("an object");
    for name in [
        "train_seconds",
        "total_seconds",
        "prepare_seconds",
        "evaluation_seconds",
        "images_per_second",
        "peak_rss_bytes",
        "run_dir",
        "model",
        "best_model",
        "threads",
    ] {
        fields.remove(name);
    }
    if let Some(settings) = fields["settings"].as_object_mut() {
        settings.remove("threads");
    }
    line
}

/// The journal of a sweep in the order of the plan, and the models that it keeps.
pub fn left(scratch: &Scratch, out: &str) -> (Vec<Value>, BTreeMap<String, Vec<u8>>) {
    let journal = scratch.text(format!("{out}/journal.jsonl"));
    let mut models = BTreeMap::new();
    for run in fs::read_dir(scratch.join(format!("{out}/runs"))).expect("runs") {
        let run = run.expect("a run");
        let model = fs::read(run.path().join("model.safetensors")).expect("a model");
        let name = run.file_name().into_string().expect("a name");
        models.insert(name, model);
    }
    (by_run(&journal).map(lasting).collect(), models)
}

/// The lines of a journal in the order of the plan; runs that are trained side by side end together.
pub fn by_run(journal: &str) -> impl Iterator<Item = &str> {
    let run = |line: &&str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        line["run"].as_u64().expect("a number")
    };
    let mut lines: Vec<&str> = journal.lines().collect();
    lines.sort_by_key(run);
    lines.into_iter()
}

#[test]
fn every_run_is_that_of_train() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    let told = scratch.done(&format!("{} --json", sweep(GRID, "swept")));
    let journal = scratch.text("swept/journal.jsonl");
    assert_eq!(told.stdout, journal, "stdout has the journal's lines");
    let expected = [
        ("0.05", "6", "1"),
        ("0.05", "6", "2"),
        ("0.05", "5,4", "1"),
        ("0.05", "5,4", "2"),
        ("0.2", "6", "1"),
        ("0.2", "6", "2"),
        ("0.2", "5,4", "1"),
        ("0.2", "5,4", "2"),
    ];
    assert_eq!(journal.lines().count(), expected.len());
    for (number, (line, (rate, hidden, seed))) in (1..).zip(by_run(&journal).zip(expected)) {
        let single = scratch.done(&format!(
            "train -q --json {SETTINGS} --learning-rate {rate} --hidden {hidden} --seed {seed} --out single{number}"
        ));
        let mut swept = lasting(line);
        let fields = swept.as_object_mut().expect("an object");
        assert_eq!(fields.remove("run"), Some(number.into()));
        let assigned = format!(
            "learning-rate={rate} hidden={} seed={seed}",
            hidden.replace(',', "-")
        );
        assert_eq!(fields.remove("assigned"), Some(assigned.into()));
        assert_eq!(swept, lasting(&single.stdout), "run {number}");
        for file in ["model.safetensors", "config.toml", "best.safetensors"] {
            let swept = scratch.read(format!("swept/runs/{number:05}/{file}"));
            assert!(
                swept == scratch.read(format!("single{number}/{file}")),
                "{number}: {file}"
            );
        }
    }
    // The same command trains nothing twice.
    let again = scratch.done(&format!("{} --json", sweep(GRID, "swept")));
    assert_eq!(again.stdout, journal, "nothing is trained twice");
    assert_eq!(scratch.text("swept/journal.jsonl"), journal);
}

#[test]
fn the_best_are_kept_and_ranked() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    let command = format!("{} --top 3", sweep(GRID, "swept"));
    let table = scratch.done(&command).stdout;
    let (journal, models) = left(&scratch, "swept");
    let accuracy = |line: &Value| line["heldout_accuracy"].as_f64().expect("a number");
    let mut ranked: Vec<&Value> = journal.iter().collect();
    ranked.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a))); // stable: equals stay in the plan's order
    let runs: Vec<u64> = ranked
        .iter()
        .map(|line| line["run"].as_u64().expect("a number"))
        .collect();
    let mut best: Vec<String> = runs[..3].iter().map(|run| format!("{run:05}")).collect();
    best.sort_unstable();
    assert_eq!(models.keys().cloned().collect::<Vec<_>>(), best);
    let shown: Vec<u64> = table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().nth(1).expect("a run"))
        .map(|run| run.parse().expect("a number"))
        .collect();
    assert_eq!(shown, runs, "{table}");
    // Fewer are kept when the same sweep is asked for fewer.
    scratch.done(&format!("{} --top 1", sweep(GRID, "swept")));
    let (same, models) = left(&scratch, "swept");
    assert_eq!(same, journal);
    let best: Vec<&String> = models.keys().collect();
    assert_eq!(best, [&format!("{:05}", runs[0])]);
}

#[test]
fn a_sweep_that_is_killed_goes_on_to_the_same_journal() {
    let kills = std::env::var("GINGHAM_KILLS").map_or(8, |kills| kills.parse().expect("a number"));
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let started = std::time::Instant::now();
    let run = scratch.run(program());
    run.args(sweep(GRID, "whole").split_whitespace())
        .outcome()
        .succeeded();
    let duration = started.elapsed().as_millis() as u64;
    let whole = left(&scratch, "whole");
    let mut random = Random(7);
    let (mut killed, mut round) = (0, 0);
    while killed < kills {
        let command = sweep(GRID, "swept");
        for _ in 0..=random.below(3) {
            let signal = ["KILL", "KILL", "INT", "TERM"][random.below(4) as usize];
            let outcome = under(&scratch, signal, 1 + random.below(duration), &command);
            killed += usize::from(outcome.code() != Some(0));
        }
        let threads = (1 + random.below(3)).to_string();
        let last = scratch.run(program()).args(command.split_whitespace());
        last.args(["--threads", &threads]).outcome().succeeded();
        assert!(left(&scratch, "swept") == whole, "round {round}");
        fs::remove_dir_all(scratch.join("swept")).expect("a sweep");
        round += 1;
    }
}

#[test]
fn a_run_that_diverges_is_written_down() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let grid = "learning-rate=1e6,0.1";
    let outcome = scratch.done(&sweep(grid, "swept"));
    let journal = scratch.text("swept/journal.jsonl");
    let lines: Vec<Value> = journal.lines().map(lasting).collect();
    assert!(lines[0]["diverged"].is_string() && lines[0]["settings"]["learning_rate"] == 1e6);
    assert!(lines[1]["heldout_accuracy"].is_number());
    let ranks: Vec<&str> = outcome.stdout.lines().collect();
    assert!(ranks[0].contains("learning-rate"), "{outcome}");
    assert_eq!(ranks[1].split_whitespace().nth(2), Some("0.1"), "{outcome}");
    assert!(ranks[2].contains("diverged"), "{outcome}");
    scratch.done(&sweep(grid, "swept"));
    assert_eq!(scratch.text("swept/journal.jsonl"), journal);
}

#[test]
fn a_plan_is_shown_and_trains_nothing() {
    let scratch = Scratch::with_data();
    let before = scratch.listing();
    let shown = scratch.done(&format!("sweep {SETTINGS} --grid {GRID} --dry-run"));
    let lines: Vec<&str> = shown.stdout.lines().map(str::trim).collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], "1  learning-rate=0.05 hidden=6 seed=1");
    assert_eq!(lines[7], "8  learning-rate=0.2 hidden=5-4 seed=2");
    let json = scratch.done(&format!(
        "sweep --json {SETTINGS} --grid {GRID} --dry-run --out new"
    ));
    let lines = json.json_lines();
    assert_eq!(
        lines[7]["settings"]["hidden"],
        serde_json::json!([5, 4]),
        "{json}"
    );
    // Settings that go with one another may stand on both sides.
    scratch.done(
        "sweep --data data --preset plain --reduction sum --grid learning-rate=1e-5,1e-4 --dry-run",
    );
    scratch.done("sweep --data data --grid activation=relu;learning-rate=0.1 --dry-run");
    scratch.done(
        "sweep --data data --grid split-seed=log(1,9);order-seed=uniform(1,9) --random 3 --dry-run",
    );
    assert!(before == scratch.listing(), "nothing is written");
}

#[test]
fn bad_plans_are_refused_before_anything_runs() {
    let scratch = Scratch::with_data();
    scratch.done(&sweep("seed=1..2", "swept"));
    let sweep = |grid: &str, rest: &str| format!("sweep {SETTINGS} --grid {grid} {rest}");
    for (grid, rest, says) in [
        ("rate=1", "--out new", &["rate", "setting"][..]),
        ("seed=", "--out new", &["seed"]),
        ("seed=5..1", "--out new", &["seed", "5..1"]),
        ("learning-rate=log(0,1,3)", "--out new", &["learning-rate"]),
        (
            "momentum=0.5,1.5",
            "--out new",
            &["momentum=1.5", "momentum"],
        ),
        ("activation=relu,gelu", "--out new", &["activation=gelu"]),
        ("epochs=1,2", "--out new", &["epochs", "both"]),
        ("data=a,b", "--out new", &["data", "share"]),
        ("holdout=0.1,0.9999", "--out new", &["holdout=0.9999"]),
        (
            "seed=1..100001",
            "--out new",
            &["100000", "100001", "--yes"],
        ),
        ("seed=1..3", "--out swept", &["swept", "what is swept"]),
        ("seed=1..2", "--out swept --l2 1", &["swept", "l2"]),
        ("seed=1..2", "--out data", &["data", "exists"]),
        ("seed=1..2", "--out -", &["folder"]),
        (
            "seed=1..2",
            "--holdout 0 --metric heldout_accuracy --out new",
            &["metric"],
        ),
    ] {
        scratch.refuses(2, &sweep(grid, rest), says);
    }
    for (arguments, lacks) in [("--grid seed=1", "--out"), ("--out new", "--grid")] {
        let run = scratch.gingham(&format!("sweep {arguments}"));
        let told = scratch.misuse(run, &["required"]);
        assert!(told.contains(lacks), "{told}");
    }
}

#[test]
fn a_report_tells_ranks_spreads_and_effects() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    scratch.done(&sweep(GRID, "swept"));
    let (journal, _) = left(&scratch, "swept");
    let accuracy = |run: usize| {
        let mut lines = journal.iter().filter(|line| line["run"] == run);
        let line = lines.next().expect("a line");
        line["heldout_accuracy"].as_f64().expect("one")
    };
    let report = scratch.done("sweep-report swept --json").json();
    assert_eq!(
        (&report["planned"], &report["ended"]),
        (&8.into(), &8.into())
    );
    let figures: Vec<f64> = report["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| {
            let figure = run["figure"].as_f64().expect("a number");
            assert_eq!(figure, accuracy(run["run"].as_u64().expect("one") as usize));
            figure
        })
        .collect();
    assert!(figures.len() == 8 && figures.is_sorted_by(|a, b| a >= b));
    // Runs 1 and 2 differ in their seeds; runs 1 to 4 have the first learning rate.
    let of = |list: &Value, name: &str| {
        let list = list.as_array().expect("a list").iter();
        let mut found = list.filter(|group| group["of"] == name);
        found.next().expect("a group")["mean"]
            .as_f64()
            .expect("one")
    };
    let mean = of(&report["over_seeds"], "learning-rate=0.05 hidden=6");
    assert!((mean - (accuracy(1) + accuracy(2)) / 2.0).abs() < 1e-12);
    let mean = of(&report["by_setting"][0]["values"], "0.05");
    let expected = (1..=4).map(accuracy).sum::<f64>() / 4.0;
    assert!((mean - expected).abs() < 1e-12);
    let csv = scratch.done("sweep-report swept --csv").stdout;
    let head = "rank,run,learning-rate,hidden,seed,heldout_accuracy,test_accuracy,train_seconds";
    assert_eq!(csv.lines().next(), Some(head));
    assert_eq!(csv.lines().count(), 9);
    let text = scratch.done("sweep-report swept --top 3").stdout;
    for says in [
        "8 of 8 runs",
        "over seeds",
        "learning-rate",
        "hidden",
        "5-4",
    ] {
        assert!(text.contains(says), "{text}");
    }
    assert!(
        scratch
            .done("sweep-report swept --markdown")
            .stdout
            .contains("| ---")
    );
    // Of a sweep that is under way, what has ended; of two folders, both; of two sweeps, neither.
    let lines = scratch.text("swept/journal.jsonl");
    let half: Vec<&str> = lines.split_inclusive('\n').collect();
    fs::create_dir(scratch.join("part")).expect("a folder");
    scratch.write("part/sweep.json", scratch.read("swept/sweep.json"));
    scratch.write("part/journal.jsonl", half[..3].concat() + &half[3][..20]);
    let part = scratch.done("sweep-report part --json").json();
    assert_eq!(part["ended"], 3);
    let both = scratch.done("sweep-report part swept --json").json();
    assert_eq!(both["runs"].as_array().map(Vec::len), Some(8));
    scratch.done(&sweep("seed=1..2", "other"));
    scratch.refuses(2, "sweep-report swept other", &["other", "what is swept"]);
    scratch.refuses(2, "sweep-report data", &["folder of a sweep", "data"]);
}

/// A network to start from is every run's, as it is that of `gingham train`.
#[test]
fn runs_start_from_the_network_that_is_named() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    scratch.done("train -q --data data --preset plain --hidden 6 --epochs 2 --out first");
    let settings = "--data data --from first --epochs 2 --batch-size 40";
    scratch.done(&format!(
        "sweep -q {settings} --grid learning-rate=0.01,0.1 --out swept"
    ));
    for (run, rate) in [("00001", "0.01"), ("00002", "0.1")] {
        scratch.done(&format!(
            "train -q {settings} --learning-rate {rate} --out {run}"
        ));
        for file in ["model.safetensors", "config.toml"] {
            let swept = scratch.read(format!("swept/runs/{run}/{file}"));
            assert!(
                swept == scratch.read(format!("{run}/{file}")),
                "{run}: {file}"
            );
        }
    }
}

/// The folder of the data may be another one, but not the data: a journal has the runs of one sweep.
#[test]
fn a_sweep_goes_on_with_its_own_data() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    scratch.done(&sweep("seed=1..2", "swept"));
    let journal = scratch.text("swept/journal.jsonl");
    fs::rename(scratch.join("data"), scratch.join("moved")).expect("a folder");
    scratch.synth("data", 301, 20);
    scratch.refuses(2, &sweep("seed=1..2", "swept"), &["swept", "sha256"]);
    scratch.done(&format!("{} --data moved", sweep("seed=1..2", "swept")));
    assert_eq!(scratch.text("swept/journal.jsonl"), journal);
}

#[test]
fn one_process_at_a_time_writes_a_sweep() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let long = format!("sweep -q {SETTINGS} --grid seed=1..4000 --out swept --top 0");
    let first = std::process::Command::new(program())
        .current_dir(scratch.path())
        .args(long.split_whitespace())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    let mut first = first.expect("a program that starts");
    let journal = scratch.join("swept/journal.jsonl");
    let started = std::time::Instant::now();
    while fs::metadata(&journal).map_or(0, |file| file.len()) == 0 {
        assert!(started.elapsed().as_secs() < 60, "no run has ended");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let second = scratch.gingham(&long).outcome();
    first.kill().expect("a process");
    first.wait().expect("a process");
    second.is_refusal(2, &["journal.jsonl"]);
}

/// A run that gets no better ends early, as `train` with as many epochs, and the sweep is another one.
#[test]
fn runs_without_progress_end_early() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    let plan = "--grid learning-rate=0.05,0.2;seed=1..2 --epochs 30 --eval-every 1 --hidden 6 --patience 2";
    let command = format!("sweep -q --data data --preset plain --batch-size 40 {plan} --out swept");
    scratch.done(&command);
    let (journal, models) = left(&scratch, "swept");
    let mut early = 0;
    for line in &journal {
        let epochs = line["epochs"].as_u64().expect("a number");
        let [rate, seed] = ["learning_rate", "seed"].map(|name| line["settings"][name].to_string());
        let single = scratch.done(&format!(
            "train -q --json --data data --preset plain --batch-size 40 --epochs {epochs} --eval-every 1 --hidden 6 --learning-rate {rate} --seed {seed} --out single{}",
            line["run"]
        ));
        let single = single.json();
        for figure in ["heldout_accuracy", "final_error", "best_epoch"] {
            assert_eq!(line[figure], single[figure], "{line}");
        }
        let run = format!("{:05}", line["run"].as_u64().expect("a number"));
        let model = scratch.read(format!("single{}/model.safetensors", line["run"]));
        assert!(models[&run] == model, "{run}");
        let best = line["best_epoch"].as_u64().expect("a number");
        if epochs < 30 {
            assert_eq!(epochs, best + 3, "two epochs after the best: {line}");
            early += 1;
        }
    }
    assert!(early > 0, "some run ends early: {journal:?}");
    let other = command.replace("--patience 2", "--patience 3");
    scratch.refuses(2, &other, &["out", "patience"]);
    let none = command.replace("--patience 2", "--patience 2 --holdout 0 --metric error");
    scratch.refuses(2, &none.replace("swept", "none"), &["patience", "held-out"]);
}
