//! A run that is killed, stopped by a signal, moved or begun twice: nothing of it is lost, and it ends with the bits of one that was
//! left alone. `GINGHAM_KILLS=1000` kills so many runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::util::{Outcome, PROGRAM, Scratch, optimised};

/// A run of some tenths of a second, whose epochs have several mini-batches.
const SETTINGS: &str =
    "--data data --preset plain --hidden 12 --batch-size 40 --epochs 30 --eval-every 3 --seed 5";

pub fn program() -> String {
    optimised().map_or_else(
        || PROGRAM.to_owned(),
        |program| program.to_str().expect("a name").to_owned(),
    )
}

/// Starts a program that minds signals, though whoever runs the tests (`nohup`, a script's `&`) ignores some.
pub const MINDFUL: [&str; 2] = ["env", "--default-signal=INT,HUP,TERM"];

/// The files that a run leaves, without what tells of time and place.
fn left(scratch: &Scratch, run: &str) -> BTreeMap<String, Vec<u8>> {
    let mut left = BTreeMap::new();
    for entry in fs::read_dir(scratch.join(run)).expect("a run") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let bytes = match name.as_str() {
            "metrics.csv" => {
                let text = scratch.text(format!("{run}/{name}"));
                let rows = text
                    .lines()
                    .map(|line| line.rsplit_once(',').expect("a row").0);
                rows.collect::<Vec<_>>().join("\n").into_bytes()
            }
            "metrics.jsonl" => {
                let text = scratch.text(format!("{run}/{name}"));
                let rows = text
                    .lines()
                    .map(|line| line.split_once("\"seconds\"").expect("one").0);
                rows.collect::<Vec<_>>().join("\n").into_bytes()
            }
            // They hold seconds.
            "checkpoint.safetensors" | "summary.json" => Vec::new(),
            "config.toml" => {
                let text = scratch.text(format!("{run}/{name}"));
                let rows = text.lines().filter(|line| !line.starts_with("threads"));
                rows.collect::<Vec<_>>().join("\n").into_bytes()
            }
            _ => fs::read(entry.path()).expect("a file"),
        };
        left.insert(name, bytes);
    }
    left
}

/// The program under a signal after so many milliseconds, unless it ends before.
pub fn under(scratch: &Scratch, signal: &str, after_ms: u64, arguments: &str) -> Outcome {
    scratch
        .run("timeout")
        .args(["--preserve-status", "-s", signal])
        .arg(format!("{:.3}", after_ms as f64 / 1e3))
        .args(MINDFUL)
        .arg(program())
        .args(arguments.split_whitespace())
        .outcome()
}

/// Prints a figure of the long form.
#[expect(
    clippy::print_stderr,
    reason = "the figure is what the long form is for"
)]
fn told(figure: &str) {
    eprintln!("{figure}");
}

/// Numbers that look random, the same in every run of the tests.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A run that nobody disturbs, as `whole`, and the milliseconds that it takes.
fn whole(scratch: &Scratch) -> (BTreeMap<String, Vec<u8>>, u64) {
    let started = Instant::now();
    let run = scratch.run(program());
    let run = run.args(format!("train -q {SETTINGS} --out whole").split_whitespace());
    run.outcome().succeeded();
    (left(scratch, "whole"), started.elapsed().as_millis() as u64)
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bits() {
    let rounds = std::env::var("GINGHAM_KILLS").map_or(8, |kills| kills.parse().expect("a number"));
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let (whole, duration) = whole(&scratch);
    let mut random = Random(1);
    let (mut killed, mut round) = (0, 0);
    while killed < rounds {
        let every = ["1", "4", "0s", "5m"][round % 4];
        let again =
            format!("train -q {SETTINGS} --out run --resume auto --checkpoint-every {every}");
        // Of the kills of one run each comes after another random time.
        for _ in 0..=random.below(3) {
            let outcome = under(&scratch, "KILL", 1 + random.below(duration), &again);
            killed += usize::from(outcome.code() != Some(0));
        }
        let threads = 1 + random.below(3);
        let last = scratch.run(program()).args(again.split_whitespace());
        last.args(["--threads", &threads.to_string()])
            .outcome()
            .succeeded();
        let found = left(&scratch, "run");
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&whole), "round {round}");
        for (name, bytes) in &found {
            assert!(
                *bytes == whole[name],
                "round {round}, every {every}: {name}"
            );
        }
        fs::remove_dir_all(scratch.join("run")).expect("a run");
        round += 1;
    }
    told(&format!("{killed} kills in {round} runs of {duration} ms"));
}

#[test]
fn a_signal_ends_a_run_that_goes_on_to_the_same_bits() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let (whole, duration) = whole(&scratch);
    let rounds: u64 = std::env::var("GINGHAM_KILLS")
        .map_or(2, |kills| kills.parse::<u64>().expect("a number") / 30);
    let mut random = Random(2);
    let mut stopped = 0;
    let mut round = 0;
    // A signal that comes too late shows nothing, so more are sent until one has come in time.
    while round < rounds.max(1) || (stopped == 0 && round < 20) {
        round += 1;
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let again = format!("train -q --json {SETTINGS} --out run --resume auto");
            // In the second half of a run's time, since before its first step a signal ends it as any program.
            let after = duration / 2 + random.below(duration / 4);
            let outcome = under(&scratch, signal, after, &again);
            let mut next = again.clone();
            if outcome.code() != Some(0) {
                outcome.has_code(code);
                let says = outcome
                    .stderr
                    .contains(&format!("stopped by SIG{signal} after"))
                    && outcome
                        .stderr
                        .contains("to go on: gingham train --resume run");
                assert!(
                    says || !scratch.join("run/model.safetensors").exists(),
                    "{outcome}"
                );
                if says {
                    stopped += 1;
                    let ending = outcome.json();
                    assert_eq!(ending["stopped"], format!("SIG{signal}"));
                    assert_eq!(ending["checkpoint"], "run/checkpoint.safetensors");
                    next = "train -q --resume run".to_owned();
                    scratch.done("evaluate --data data --model run");
                    assert!(!scratch.join("run/summary.json").exists());
                }
            }
            scratch.done(&next);
            let found = left(&scratch, "run");
            for (name, bytes) in &whole {
                assert!(
                    found.get(name) == Some(bytes),
                    "round {round}, {signal}: {name}"
                );
            }
            fs::remove_dir_all(scratch.join("run")).expect("a run");
        }
    }
    assert!(stopped > 0, "no signal came in time");
    told(&format!("{stopped} of {} runs were stopped", 3 * round));
}

/// A run of minutes, which has written its first epoch.
struct Long(Child);

impl Long {
    fn start(scratch: &Scratch, more: &str) -> Self {
        let arguments =
            format!("train -q {SETTINGS} --epochs 1000000 --eval-every 1 --out run {more}");
        let child = Command::new(MINDFUL[0])
            .arg(MINDFUL[1])
            .arg(program())
            .args(arguments.split_whitespace())
            .current_dir(scratch.path())
            .env_remove("GINGHAM_DATA")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let long = Self(child);
        let started = Instant::now();
        let has_begun = || {
            fs::read_to_string(scratch.join("run/metrics.csv"))
                .is_ok_and(|text| text.lines().count() > 2)
        };
        while !has_begun() {
            assert!(started.elapsed() < Duration::from_secs(60), "no epoch");
            std::thread::sleep(Duration::from_millis(5));
        }
        long
    }

    /// Sends a signal and waits. Returns the exit code, stderr and the time that it took.
    fn end(mut self, signal: &str) -> (Option<i32>, String, Duration) {
        let started = Instant::now();
        // Sent twice at once, as by `timeout` to a process and to its group. One that has ended already takes no signal.
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id, &id]).status();
        let has_ended = self.0.try_wait().expect("a child").is_some();
        assert!(has_ended || sent.expect("kill").success());
        while self.0.try_wait().expect("a child").is_none() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{signal}: it goes on"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let status = self.0.wait().expect("an end");
        let mut stderr = String::new();
        let mut stream = self.0.stderr.take().expect("a stream");
        std::io::Read::read_to_string(&mut stream, &mut stderr).expect("text");
        (status.code(), stderr, started.elapsed())
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn two_runs_into_one_folder_and_a_folder_that_is_moved() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let long = Long::start(&scratch, "");
    let busy = scratch.gingham("train -q --resume run").outcome();
    busy.is_refusal(2, &["another process writes this run"]);
    let busy = scratch
        .gingham(&format!("train -q {SETTINGS} --out run"))
        .outcome();
    busy.is_refusal(2, &["exists already"]);
    fs::rename(scratch.join("run"), scratch.join("moved")).expect("a rename");
    scratch.synth("run", 10, 10);
    let other = || {
        let mut files = scratch.listing();
        files.retain(|path, _| path.starts_with(scratch.join("run")));
        files
    };
    let before = other();
    let (code, stderr, took) = long.end("TERM");
    assert_eq!(code, Some(143), "{stderr}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    for name in [
        "model.safetensors",
        "checkpoint.safetensors",
        "best.safetensors",
    ] {
        assert!(
            scratch.join("moved").join(name).is_file(),
            "{name}: {stderr}"
        );
    }
    assert_eq!(before, other(), "another folder of that name");
}

#[test]
fn a_run_whose_folder_is_removed_says_so_and_fails() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let long = Long::start(&scratch, "--checkpoint-every 1");
    // A file that is written meanwhile keeps the folder.
    while fs::remove_dir_all(scratch.join("run")).is_err() {}
    std::thread::sleep(Duration::from_millis(300));
    let (code, stderr, _) = long.end("INT");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("warning: run/") && stderr.contains("the run goes on"),
        "{stderr}"
    );
    assert!(stderr.lines().count() < 10, "{stderr}");
    let says = "the network is in run-model.safetensors instead";
    assert!(stderr.contains(says), "{stderr}");
    scratch.done("evaluate --data data --model run-model.safetensors");
    assert!(!Path::new(&scratch.join("run")).exists());
}

#[test]
fn data_that_change_during_a_run_end_it_by_name_or_do_no_harm() {
    let images = "data/train-images-idx3-ubyte";
    let shorten = |scratch: &Scratch| {
        let file = fs::File::options().write(true).open(scratch.join(images));
        file.and_then(|file| file.set_len(5000))
            .expect("a shorter file");
    };
    let write_over = |scratch: &Scratch| {
        let bytes = scratch.read(images);
        let mut file = fs::File::options()
            .write(true)
            .open(scratch.join(images))
            .expect("a file");
        std::io::Write::write_all(&mut file, &vec![9; bytes.len()]).expect("other bytes");
    };
    let replace = |scratch: &Scratch| {
        scratch.write("other", b"no images");
        fs::rename(scratch.join("other"), scratch.join(images)).expect("a rename");
    };
    let remove = |scratch: &Scratch| fs::remove_file(scratch.join(images)).expect("a file");
    let touch = |scratch: &Scratch| {
        let file = fs::File::options().write(true).open(scratch.join(images));
        file.and_then(|file| file.set_modified(std::time::UNIX_EPOCH))
            .expect("another time");
    };
    /// What is done to the file, and whether it is seen.
    type Change<'a> = (&'static str, &'a dyn Fn(&Scratch), bool);
    let changes: [Change<'_>; 5] = [
        ("shortened", &shorten, true),
        ("written to", &write_over, true),
        ("replaced", &replace, false),
        ("removed", &remove, false),
        ("touched", &touch, false),
    ];
    for (what, change, does_harm) in changes {
        let scratch = Scratch::new();
        scratch.synth("data", 300, 20);
        let mut long = Long::start(&scratch, "--checkpoint-every 1");
        change(&scratch);
        let started = Instant::now();
        while does_harm && long.0.try_wait().expect("a child").is_none() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{what}: it goes on"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        if !does_harm {
            std::thread::sleep(Duration::from_millis(200));
        }
        let (code, stderr, _) = long.end("TERM");
        if does_harm {
            assert_eq!(code, Some(3), "{what}: {stderr}");
            let says = format!("{images}: changed while it was in use: it was {what}");
            assert!(stderr.contains(&says), "{what}: {stderr}");
            assert!(!scratch.join("run/summary.json").exists());
        } else {
            assert_eq!(code, Some(143), "{what}: {stderr}");
        }
    }
}

#[test]
fn what_is_not_the_run_that_was_stopped_is_refused() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    scratch.done(&format!("train -q {SETTINGS} --out run"));
    let whole = scratch.listing();
    let again = scratch.done(&format!("train --json {SETTINGS} --out run --resume auto"));
    assert_eq!(again.json()["epochs"], 30);
    assert!(again.stderr.contains("this run is whole"), "{again}");
    assert_eq!(scratch.listing(), whole, "nothing is written");

    scratch.refuses(
        2,
        "train -q --resume run --epochs 31",
        &["resume: ", "epochs 31 where it was 30", "--resume-anyway"],
    );
    scratch.refuses(
        2,
        "train -q --resume run --order-seed 6",
        &["resume: ", "order_seed 6 where it was 5"],
    );
    scratch.refuses(2, "train -q --resume nowhere", &["resume: ", "nowhere"]);
    scratch.refuses(
        2,
        "train -q --resume data",
        &["resume: ", "the folder of a run"],
    );
    scratch.refuses(2, "train -q --resume auto", &["--out"]);
    scratch.refuses(2, "train -q --resume run --out other", &["no --out"]);
    scratch.refuses(
        2,
        &format!("train -q {SETTINGS} --out run"),
        &["--resume auto goes on"],
    );
    scratch.refuses(
        2,
        &format!("train -q {SETTINGS} --out data --resume auto"),
        &["exists already"],
    );
    scratch.misuse(
        scratch.gingham("train --checkpoint-every 5x"),
        &["30s, 10m or 2h"],
    );
    scratch.refuses(
        2,
        "train -q --data data --holdout 0 --keep best",
        &["keep: ", "--holdout 0"],
    );

    // Other data under the same name.
    fs::remove_dir_all(scratch.join("data")).expect("data");
    scratch
        .run(PROGRAM)
        .args([
            "synth", "--seed", "9", "--train", "300", "--test", "20", "--out", "data",
        ])
        .outcome()
        .succeeded();
    scratch.refuses(2, "train -q --resume run", &["other images (SHA-256)"]);
    // Told so, it goes on: five epochs more.
    let more = scratch
        .gingham("train --json --resume run --resume-anyway --epochs 35 --eval-every 3")
        .outcome()
        .succeeded();
    assert_eq!(more.json()["epochs"], 35);
    assert!(
        more.stderr
            .contains("going on with epochs 35 where it was 30"),
        "{more}"
    );
    assert_eq!(scratch.text("run/metrics.csv").lines().count(), 36);
    assert!(scratch.text("run/config.toml").contains("epochs = 35"));

    // A log tells no more epochs of a run that goes on than of one that was left alone.
    let told = scratch
        .gingham("train --resume run --resume-anyway --epochs 300 --eval-every 0")
        .outcome()
        .succeeded();
    let lines = told.stderr.lines().filter(|line| line.starts_with("epoch"));
    assert!(lines.count() < 10, "{told}");

    let damaged = scratch.read("run/checkpoint.safetensors");
    scratch.write("run/checkpoint.safetensors", &damaged[..damaged.len() - 1]);
    scratch.refuses(
        3,
        "train -q --resume run",
        &["checkpoint.safetensors: not a checkpoint that can be used"],
    );
}

#[test]
fn the_best_network_is_kept_and_asked() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    // A rate at which the accuracy swings.
    let settings = format!("{SETTINGS} --eval-every 1 --learning-rate 0.1");
    let summary = scratch
        .done(&format!("train --json {settings} --out both"))
        .json();
    let epoch = summary["best_epoch"].as_u64().expect("an epoch");
    let csv = scratch.text("both/metrics.csv");
    let heldout = |row: &str| {
        row.split(',')
            .nth(3)
            .expect("a field")
            .parse::<f64>()
            .expect("a number")
    };
    let best = csv.lines().skip(1).map(heldout).fold(0.0, f64::max);
    assert_eq!(summary["best_heldout_accuracy"], best);
    assert_eq!(
        csv.lines().skip(1).position(|row| heldout(row) == best),
        Some(epoch as usize)
    );
    assert_eq!(summary["best_model"], "both/best.safetensors");
    let asked = scratch
        .done("evaluate --json --split heldout --data data --model both/best.safetensors")
        .json();
    assert_eq!(asked["accuracy"], best);
    assert!(
        asked["accuracy"].as_f64() > summary["heldout_accuracy"].as_f64(),
        "a rate that swings"
    );

    let summary = scratch
        .done(&format!("train --json {settings} --out best --keep best"))
        .json();
    assert_eq!(summary["model"], "best/best.safetensors");
    assert!(!scratch.join("best/model.safetensors").exists());
    let again = scratch
        .done("evaluate --json --split heldout --data data --model best")
        .json();
    assert_eq!(again["accuracy"], best);
    scratch.done("report best");
    scratch.done("report both/best.safetensors --out other.html");
    scratch.done(&format!("train --json {settings} --out last --keep last"));
    assert!(!scratch.join("last/best.safetensors").exists());
}

#[test]
fn a_whole_run_is_one_whose_network_is_there_under_any_name() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    let first = scratch
        .done(&format!("train -q --json {SETTINGS} --out first"))
        .json();
    fs::rename(scratch.join("first"), scratch.join("a b")).expect("a rename");
    let resume = || {
        scratch
            .gingham("train -q --json --resume")
            .arg("a b")
            .outcome()
            .succeeded()
            .json()
    };
    let moved = resume();
    let report = scratch
        .gingham("train -q --report --resume")
        .arg("a b")
        .outcome();
    report.succeeded();
    assert!(scratch.join("a b/report.html").is_file());
    assert_eq!(moved["model"], "a b/model.safetensors");
    assert_eq!(moved["test_accuracy"], first["test_accuracy"]);
    let model = scratch.read("a b/model.safetensors");
    scratch.write("a b/model.safetensors", &model[1..]);
    resume();
    assert!(
        scratch.read("a b/model.safetensors") == model,
        "made again from the checkpoint"
    );
}
