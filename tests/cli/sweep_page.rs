//! The page of a sweep: the ranking with the settings that differ, figures of all runs, the best run; also while the sweep runs. And how a
//! sweep is seen on a terminal.

use std::fs;

use serde_json::Value;

use crate::field_page::{QUESTIONS, nothing_is_cut};
use crate::progress::{drawings, no_terminal, on_a_terminal, shown};
use crate::report::{between, browsed, has_browser, section};
use crate::sweep::by_run;
use crate::util::Scratch;

const SETTINGS: &str = "--data data --preset plain --batch-size 40 --epochs 3 --momentum 0.5";
const GRID: &str = "learning-rate=0.02,0.2,1e6;hidden=none,6,5-4;seed=1..2";

/// A sweep of 18 runs in `swept`, of which those of one learning rate diverge.
fn swept() -> Scratch {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 60);
    scratch.done(&format!("sweep -q {SETTINGS} --grid {GRID} --out swept"));
    scratch
}

fn journal(scratch: &Scratch) -> Vec<Value> {
    let journal = scratch.text("swept/journal.jsonl");
    let lines = journal.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

/// The heads of the ranking, and its rows as the texts of their cells.
fn ranking(page: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let table = between(page, "<table id=\"comparison\">", "</table>")[0];
    let text = |cell: &&str| {
        let mut text = String::new();
        for part in format!(">{cell}").split('<') {
            text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        }
        text
    };
    let heads = between(table, "<th scope=\"col\"", "</th>");
    let heads = heads.iter().map(|head| {
        let (_, name) = head.split_once('>').expect("a tag");
        text(&name)
    });
    let rows = between(table, "<tr><th scope=\"row\">", "</tr>");
    let rows = rows.iter().map(|row| {
        let cells = row.split("</t");
        let cells = cells.map(|cell| cell.rsplit_once("<td").map_or(cell, |(_, cell)| cell));
        let cells = cells.map(|cell| cell.split_once('>').map_or(cell, |(_, cell)| cell));
        cells.map(|cell| text(&cell)).collect()
    });
    (heads.collect(), rows.collect())
}

#[test]
fn the_ranking_has_the_settings_that_differ() {
    let scratch = swept();
    let outcome = scratch.done("report swept");
    assert_eq!(outcome.stdout, "swept/report.html\n");
    let page = scratch.text("swept/report.html");
    assert!(page.contains("<h1>Sweep swept</h1>"));
    assert!(
        page.contains("18 of 18 runs have ended, 6 of them diverged."),
        "{page}"
    );
    assert!(!page.contains("This sweep is not finished"));
    let (heads, rows) = ranking(&page);
    assert_eq!(
        heads,
        [
            "rank",
            "held-out accuracy",
            "test",
            "learning-rate",
            "hidden",
            "seed",
            "error",
            "epochs",
            "time",
            "run"
        ]
    );
    assert_eq!(rows.len(), 12, "{rows:?}");
    let journal = journal(&scratch);
    let mut last = f64::INFINITY;
    for row in &rows {
        let run: u64 = row[9].parse().expect("a number");
        let line = journal
            .iter()
            .find(|line| line["run"] == run)
            .expect("the run");
        let assigned = format!("learning-rate={} hidden={} seed={}", row[3], row[4], row[5]);
        assert_eq!(line["assigned"], assigned);
        let accuracy = line["heldout_accuracy"].as_f64().expect("a number");
        assert_eq!(row[1], format!("{:.2} %", accuracy * 100.0));
        let test = line["test_accuracy"].as_f64().expect("a number");
        assert_eq!(row[2], format!("{:.2} %", test * 100.0));
        assert_eq!(row[7], "3");
        assert!(accuracy <= last, "the best first: {rows:?}");
        last = accuracy;
    }
    // Six runs diverged: they are named in a table of their own.
    let diverged = between(&page, "<table id=\"diverged\">", "</table>")[0];
    for line in journal.iter().filter(|line| line["diverged"].is_string()) {
        let assigned = line["assigned"].as_str().expect("a text");
        assert!(
            diverged.contains(&format!(">{assigned}<")),
            "{assigned} in {diverged}"
        );
    }
    for id in [
        "runs",
        "best-runs",
        "parallel",
        "effects",
        "seeds",
        "best",
        "classes",
        "weights",
        "settings",
        "machine",
    ] {
        assert!(section(&page, id).contains("<h2"), "{id}");
    }
    let curves = section(&page, "best-runs");
    assert!(
        curves.contains("hidden 5-4") && curves.contains("seed 1"),
        "curves have names"
    );
    assert!(section(&page, "parallel").contains(">6 diverged<"));
    // The error ranks where it is asked to.
    scratch.done("report -q swept --metric error --out error.html");
    let (heads, rows) = ranking(&scratch.text("error.html"));
    assert_eq!(heads[1], "error");
    let errors = rows.iter().map(|row| row[1].parse().expect("a number"));
    assert!(errors.collect::<Vec<f64>>().is_sorted());
}

#[test]
fn a_sweep_that_runs_has_a_page_too() {
    let scratch = swept();
    let file = fs::File::open(scratch.join("swept/journal.jsonl")).expect("the journal");
    let whole = scratch.text("swept/journal.jsonl");
    let lines: Vec<&str> = by_run(&whole).collect();
    // The sweep holds the lock and is writing a line.
    file.try_lock().expect("the lock");
    scratch.write(
        "swept/journal.jsonl",
        lines[..5].join("\n") + "\n" + &lines[5][..40],
    );
    // Of the best runs some folders are there and others are not.
    fs::remove_dir_all(scratch.join("swept/runs/00001")).expect("a run");
    scratch.done("report -q swept");
    let page = scratch.text("swept/report.html");
    assert!(
        page.contains("5 of 18 runs have ended.")
            && page.contains("This sweep is not finished: 13 ")
    );
    let (_, rows) = ranking(&page);
    assert_eq!(rows.len(), 5);
    assert!(
        section(&page, "best-runs").contains("(run 1)"),
        "its curve is left out"
    );
    // Nothing has ended, or all folders are gone.
    fs::remove_dir_all(scratch.join("swept/runs")).expect("runs");
    scratch.done("report -q swept --force");
    let page = scratch.text("swept/report.html");
    assert!(page.contains("the folders of the best runs are gone"));
    assert!(
        section(&page, "best").contains(">learning_rate</th>"),
        "the journal has the settings"
    );
    scratch.write("swept/journal.jsonl", "");
    scratch.done("report -q swept --force");
    let page = scratch.text("swept/report.html");
    assert!(page.contains("No run has ended with a trained network yet."));
    scratch.refuses(3, "plot swept --kind parallel", &["have ended", "0 runs"]);
}

#[test]
fn parts_are_one_sweep_and_mixtures_are_refused() {
    let scratch = swept();
    let whole = scratch.text("swept/journal.jsonl");
    let lines: Vec<&str> = by_run(&whole).collect();
    for (part, lines) in [("one", &lines[..9]), ("two", &lines[9..])] {
        fs::create_dir(scratch.join(part)).expect("a folder");
        scratch.write(
            format!("{part}/sweep.json"),
            scratch.read("swept/sweep.json"),
        );
        scratch.write(format!("{part}/journal.jsonl"), lines.join("\n") + "\n");
    }
    fs::rename(scratch.join("swept/runs"), scratch.join("two/runs")).expect("runs");
    scratch.done("report -q one two --out parts.html");
    let page = scratch.text("parts.html");
    assert_eq!(ranking(&page).1.len(), 12);
    assert!(
        !section(&page, "best-runs").contains("left out"),
        "folders are found in any part"
    );

    let run = fs::read_dir(scratch.join("two/runs")).expect("runs");
    let run = run
        .map(|run| run.expect("a run").file_name())
        .min()
        .expect("a run");
    let run = format!("two/runs/{}", run.to_str().expect("a name"));
    for mixture in [format!("one {run}"), format!("{run} two")] {
        scratch.refuses(
            2,
            &format!("report {mixture} --out mixed.html"),
            &[
                "expected folders of runs, or those of one sweep, found both",
                &run,
            ],
        );
    }
    scratch.done("sweep -q --data data --preset plain --epochs 1 --grid seed=1..2 --out other");
    scratch.refuses(
        2,
        "report one other --out x.html",
        &["one sweep", "other", "what is swept"],
    );
    scratch.refuses(
        2,
        &format!("report {run} --metric error --out x.html"),
        &["metric", "a sweep"],
    );
    scratch.refuses(3, "plot other --kind effects", &["no seed"]);
    scratch.refuses(
        2,
        &format!("plot {run} --kind parallel"),
        &["the folder of a sweep"],
    );
}

#[test]
fn hostile_text_stays_text() {
    let scratch = swept();
    let hostile = "</td></svg><script>alert(1)</script>\u{1b}\"'&";
    let journal = scratch.text("swept/journal.jsonl");
    let lines: Vec<String> = journal
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
            line["settings"]["data"] = hostile.into();
            line["settings"][hostile] = hostile.into();
            if line["diverged"].is_string() {
                line["diverged"] = hostile.into();
            }
            line.to_string()
        })
        .collect();
    scratch.write("swept/journal.jsonl", lines.join("\n") + "\n");
    fs::remove_dir_all(scratch.join("swept/runs")).expect("runs");
    fs::rename(scratch.join("swept"), scratch.join("<b>&'\"")).expect("a folder");
    scratch.done("report -q <b>&'\" --out page.html");
    let page = scratch.text("page.html");
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains('\u{1b}'));
    assert!(page.contains("Sweep &lt;b&gt;&amp;&#39;&quot;"));
    assert!(page.contains("&lt;script&gt;alert(1)"));
    // A value that no plan can have is refused and does not reach the page.
    let odd = scratch
        .text("<b>&'\"/journal.jsonl")
        .replacen("hidden=6", "hidden=<script>", 1);
    scratch.write("<b>&'\"/journal.jsonl", odd);
    scratch.refuses(
        2,
        "report <b>&'\" --out odd.html",
        &["assignment", "hidden"],
    );
}

#[test]
fn figures_are_to_be_had_alone() {
    let scratch = swept();
    for kind in ["parallel", "effects"] {
        let outcome = scratch.done(&format!("plot swept --kind {kind}"));
        assert_eq!(outcome.stdout, format!("swept/{kind}.svg\n"));
        nothing_is_cut(kind, &scratch.text(format!("swept/{kind}.svg")));
        scratch.done(&format!("plot swept --kind {kind} --out {kind}.png"));
        assert!(scratch.read(format!("{kind}.png")).starts_with(b"\x89PNG"));
    }
}

#[test]
fn nothing_is_cut_in_a_browser() {
    if !has_browser("the page of a sweep in a browser") {
        return;
    }
    let scratch = swept();
    scratch.done("report -q swept --out page.html");
    for (width, scheme) in [(1280, 0), (390, 1)] {
        // What is folded up is cut nowhere either.
        let unfolded = "<script>addEventListener('load',()=>\
            document.querySelectorAll('details').forEach(e=>e.open=true))</script>";
        let questions = unfolded.to_owned() + QUESTIONS;
        let found = browsed(&scratch, "page.html", &questions, (width, scheme));
        assert!(found["page"].as_u64() <= Some(u64::from(width)), "{found}");
        assert_eq!([&found["wrong"], &found["cut"]], [0, 0], "{found}");
        let figures = found["figures"].as_array().expect("a list");
        assert!(figures.iter().all(|shown| *shown == 1), "{found}");
    }
}

#[test]
fn a_terminal_has_one_bar_with_the_leader() {
    let scratch = Scratch::new();
    scratch.synth("data", 300, 20);
    for columns in [30, 80] {
        let grid = "'learning-rate=0.02,0.2;hidden=6,5-4;seed=1..4'";
        let command = format!(
            "sweep --data data --preset plain --epochs 60 --grid {grid} --out out{columns}"
        );
        let Some(run) = on_a_terminal(&scratch, columns, &command) else {
            return no_terminal("the bar of a sweep");
        };
        let outcome = run.deadline(300).outcome().succeeded();
        let (bars, after) = drawings(&outcome);
        let bars: Vec<String> = bars.iter().map(|bar| shown(bar)).collect();
        assert!(!bars.is_empty(), "{outcome}");
        for bar in &bars {
            let last = bar.lines().next_back().unwrap_or_default();
            assert!(last.chars().count() < columns as usize, "{last:?}");
        }
        let last = bars.last().expect("a bar");
        assert!(last.contains("/16"), "{last}");
        assert!(last.contains("best ") || columns == 30, "{last}");
        assert_eq!(last.contains("learning-rate="), columns > 30, "{last}");
        assert!(shown(&after).starts_with("rank"), "{after:?}");
        assert!(!outcome.stdout.contains("run 1 of"), "{outcome}");
    }
    // Elsewhere: few lines.
    let command = "sweep --data data --preset plain --epochs 2 --grid seed=1..60 --out log";
    let log = scratch
        .gingham(command)
        .env("TERM", "xterm")
        .outcome()
        .succeeded()
        .stderr;
    assert!(!log.contains('\x1b') && log.lines().count() < 10, "{log}");
    assert!(
        log.contains("run 1 of 60") && log.contains("run 60 of 60"),
        "{log}"
    );
}
