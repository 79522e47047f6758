//! How a run is seen while it runs, and in which colours: on a terminal and elsewhere.

use std::process::Command;

use crate::util::{Outcome, PROGRAM, Run, Scratch, skipped};

const TRAIN: &str = "train --data data --hidden 4 --out new";

/// The program's words on a terminal of so many columns, both streams in one; none where there is no `script` to make one.
pub fn on_a_terminal(scratch: &Scratch, columns: u32, arguments: &str) -> Option<Run> {
    let version = Command::new("script").arg("--version").output().ok()?;
    if !String::from_utf8_lossy(&version.stdout).contains("util-linux") {
        return None;
    }
    let command = format!("stty cols {columns} rows 24; exec '{PROGRAM}' {arguments}");
    let run = scratch
        .run("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .env("TERM", "xterm");
    Some(run)
}

pub fn no_terminal(what: &str) {
    skipped(what, "script of util-linux is not there");
}

/// What a line shows: without colours, which are all that a line may hold of escapes.
#[track_caller]
pub fn shown(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        shown.push_str(before);
        let end = after.find(|last: char| last.is_ascii_alphabetic());
        let end = end.unwrap_or_else(|| panic!("{line:?}"));
        assert!(matches!(&after[end..=end], "m" | "K"), "{line:?}");
        rest = &after[end + 1..];
    }
    shown + rest
}

/// What the bar was, drawing by drawing, and what stood on the terminal after it was gone.
pub fn drawings(outcome: &Outcome) -> (Vec<String>, String) {
    let mut parts: Vec<&str> = outcome.stdout.split("\r").collect();
    // Line ends are carriage return and line feed there.
    let last = parts
        .iter()
        .rposition(|part| part.starts_with("\x1b[K"))
        .unwrap_or_else(|| panic!("no bar taken away: {outcome}"));
    let after = parts.split_off(last).concat();
    let bars = parts.into_iter().filter(|part| part.contains("\x1b[K"));
    (bars.map(str::to_owned).collect(), after)
}

#[test]
fn a_log_is_short_and_plain() {
    let scratch = Scratch::with_data();
    for (number, settings) in ["", "--eval-every 1", "--eval-every 0", "--progress bar"]
        .into_iter()
        .enumerate()
    {
        let command =
            format!("train --data data --hidden 4 --epochs 300 --out run{number} {settings}");
        let outcome = scratch.gingham(&command).env("TERM", "xterm").outcome();
        let outcome = outcome.succeeded();
        let log = format!("{}{}", outcome.stderr, outcome.stdout);
        assert!(log.lines().count() < 40, "{log}");
        assert!(
            !log.contains(|c: char| c.is_control() && c != '\n'),
            "{log:?}"
        );
        for said in [
            "epoch   1 of 300",
            "epoch 100 of 300",
            "epoch 300 of 300",
            "images/s",
            " left",
        ] {
            assert!(outcome.stderr.contains(said), "{said} in {log}");
        }
        // What a line says is what the record says.
        let metrics = scratch.text(format!("run{number}/metrics.csv"));
        for line in outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("epoch "))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let epoch: usize = words[1].parse().expect("a number");
            let row = metrics.lines().nth(epoch).expect("a row");
            let cells: Vec<&str> = row.split(',').collect();
            let error: f64 = cells[1].parse().expect("a number");
            let printed: f64 = words[5].parse().expect("a number");
            assert!((printed / error - 1.0).abs() < 1e-5, "{line} and {row}");
            let heldout = cells[3].parse().map_or_else(
                |_| "-".to_owned(),
                |share: f64| format!("{:.2}", share * 100.0),
            );
            assert_eq!(words[7], heldout, "{line} and {row}");
        }
    }
}

#[test]
fn progress_as_told() {
    let scratch = Scratch::with_data();
    let stderr = |number: u32, told: &str| {
        let command = format!("train --data data --hidden 4 --epochs 3 --out run{number} {told}");
        scratch.done(&command).stderr
    };
    for (number, told) in ["", "--progress auto", "--progress lines", "--progress bar"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            stderr(number as u32, told).matches("\nepoch ").count(),
            3,
            "{told}"
        );
    }
    assert_eq!(stderr(4, "--progress none").lines().count(), 1);
    assert_eq!(stderr(5, "-q --progress bar"), "");
    assert_eq!(stderr(6, "-q --progress lines"), "");
    // It is how the run is looked at, no setting of it.
    let config = scratch.text("run2/config.toml");
    assert!(
        !config.contains("progress") && !config.contains("color"),
        "{config}"
    );
    scratch.misuse(
        scratch.gingham(&format!("{TRAIN} --progress dots")),
        &["dots", "--progress"],
    );
}

#[test]
fn a_bar_on_a_terminal() {
    let scratch = Scratch::with_data();
    for columns in [40, 80, 200] {
        // Long enough for some drawings, however fast the machine.
        let command =
            format!("train --data data --hidden 50 --epochs 100 --engine naive --out run{columns}");
        let Some(run) = on_a_terminal(&scratch, columns, &command) else {
            return no_terminal("a bar on a terminal");
        };
        let outcome = run.outcome().succeeded();
        let (bars, after) = drawings(&outcome);
        assert!(bars.len() > 1, "{outcome}");
        for bar in &bars {
            let shown = shown(bar);
            assert!(shown.chars().count() < columns as usize, "{shown}");
            assert!(shown.starts_with('[') && shown.contains("/100"), "{shown}");
        }
        let last = shown(bars.last().expect("a bar"));
        for said in ["error ", " left"] {
            assert!(last.contains(said), "{said} in {last}");
        }
        // An accuracy of an earlier epoch says of which: it is evaluated after every ninth.
        for bar in bars.iter().map(|bar| shown(bar)) {
            if let Some((before, after)) = bar.split_once("held-out ") {
                let count = before.split('/').next().expect("a count");
                let done: usize = count
                    .split_whitespace()
                    .last()
                    .expect("it")
                    .parse()
                    .expect("a number");
                let at = format!("% at {}/100", done / 9 * 9);
                let current = done.is_multiple_of(9) || done == 100;
                assert_eq!(after.contains(" at "), !current, "{bar}");
                assert!(current || after.contains(&at), "{bar}");
            }
        }
        if columns == 200 {
            assert!(
                last.contains("held-out ") && last.contains(" images/s"),
                "{last}"
            );
        }
        // It leaves nothing behind: what follows stands at the start of a line, and no line has an epoch.
        assert!(after.starts_with("\x1b[Ktrain accuracy"), "{after:?}");
        assert!(!outcome.stdout.contains("epoch 1"), "{outcome}");
    }
}

/// A run that fails takes its bar away before it says why.
#[test]
fn a_bar_and_an_error() {
    let scratch = Scratch::with_data();
    // The weights grow by the same factor in every step, and leave the finite numbers in the 29th epoch.
    let command = "train --data data --hidden 50 --engine naive --dtype f64 --learning-rate 1 --l2 2.6 --out new";
    let Some(run) = on_a_terminal(&scratch, 80, command) else {
        return no_terminal("a bar and an error");
    };
    let outcome = run.outcome();
    outcome.has_code(4);
    let (bars, after) = drawings(&outcome);
    assert!(!bars.is_empty(), "{outcome}");
    assert!(shown(&after).starts_with("error: training: "), "{outcome}");
}

#[test]
fn terminals_without_a_bar() {
    let scratch = Scratch::with_data();
    for (number, (terminal, told)) in [("dumb", ""), ("xterm", "--progress lines")]
        .into_iter()
        .enumerate()
    {
        let command = format!("train --data data --hidden 4 --epochs 40 --out run{number} {told}");
        let Some(run) = on_a_terminal(&scratch, 80, &command) else {
            return no_terminal("terminals without a bar");
        };
        let outcome = run.env("TERM", terminal).outcome().succeeded();
        assert!(!outcome.stdout.contains('\x1b'), "{outcome}");
        assert!(outcome.stdout.contains("\nepoch 40 of 40"), "{outcome}");
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    let scratch = Scratch::new();
    let coloured = |text: &str| text.contains('\x1b');
    let missing = "evaluate --model missing";
    // In a pipe: only if told to.
    for (arguments, expected) in [
        (missing.to_owned(), false),
        ("train --help".to_owned(), false),
        (format!("{missing} --color always"), true),
        (format!("--color=always {missing}"), true),
        (format!("--color never {missing}"), false),
        ("train --help --color always".to_owned(), true),
        ("--color always help train".to_owned(), true),
        ("--color always train --no-such-flag".to_owned(), true),
        ("train --color auto --help".to_owned(), false),
    ] {
        for (name, value) in [("TERM", "xterm"), ("NO_COLOR", "1"), ("TERM", "dumb")] {
            let outcome = scratch.gingham(&arguments).env(name, value).outcome();
            let text = format!("{}{}", outcome.stdout, outcome.stderr);
            assert_eq!(coloured(&text), expected, "{name}={value}: {outcome}");
        }
    }
    let plain = scratch.gingham(missing).outcome().stderr;
    let told = scratch
        .gingham(&format!("{missing} --color always"))
        .outcome()
        .stderr;
    assert!(
        told.starts_with("\x1b[1m\x1b[31merror\x1b[0m: "),
        "{told:?}"
    );
    assert_eq!(shown(&told), plain, "colours add nothing");

    // On a terminal: unless told not to, or it cannot.
    for (arguments, variable, expected) in [
        (missing, ("A", "b"), true),
        ("train --help", ("A", "b"), true),
        ("train --no-such-flag", ("A", "b"), true),
        (missing, ("NO_COLOR", "1"), false),
        ("train --help", ("NO_COLOR", "1"), false),
        (missing, ("NO_COLOR", ""), true),
        (missing, ("TERM", "dumb"), false),
        ("train --help", ("TERM", "dumb"), false),
        ("train --help --color never", ("A", "b"), false),
        ("--color never evaluate --model missing", ("A", "b"), false),
        (
            "--color always evaluate --model missing",
            ("NO_COLOR", "1"),
            true,
        ),
    ] {
        let Some(run) = on_a_terminal(&scratch, 80, arguments) else {
            return no_terminal("colours on a terminal");
        };
        let (name, value) = variable;
        let outcome = run.env(name, value).env("CI", "true").outcome();
        assert_eq!(
            coloured(&outcome.stdout),
            expected,
            "{name}={value}: {outcome}"
        );
    }
}
