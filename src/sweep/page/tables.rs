//! The tables about a sweep's runs.

use std::collections::HashMap;

use crate::figures::axes::grouped;
use crate::report::charts;
use crate::report::page::html::{Cell, paragraph, swatch, table};
use crate::report::swept::{Group, Swept};
use crate::report::{Summary, charts::percent};
use crate::sweep::journal::{Ending, Entry};
use crate::sweep::results::{Ranked, Results};
use crate::train::Metric;

/// The ranks that are shown, and those that are shown when asked for.
const RANKS: [usize; 2] = [30, 1000];
/// So many runs that diverged are named in a sentence, and more in a table of at most so many.
const FEW_DIVERGED: usize = 5;
const MOST_DIVERGED: usize = 200;
/// The most rows of a table of means.
const MOST_GROUPS: usize = 50;

/// The section that ranks the runs. Those of the ranks in `drawn` have curves, whose colours stand here too.
pub fn ranking(entries: &[Entry], results: &Results, swept: &Swept, drawn: &[usize]) -> String {
    let by_number: HashMap<usize, &Entry> =
        entries.iter().map(|entry| (entry.run, entry)).collect();
    let summary = |run: &Ranked| by_number.get(&run.run).and_then(|entry| entry.summary());
    let rows: Vec<(usize, &Ranked, &Summary)> = results
        .runs
        .iter()
        .enumerate()
        .filter_map(|(rank, run)| Some((rank, run, summary(run)?)))
        .take(RANKS[1])
        .collect();
    let diverged = diverged(entries);
    if rows.is_empty() {
        return paragraph("No run has ended with a trained network yet.") + &diverged;
    }
    let has_test = rows.iter().any(|(_, run, _)| run.test_accuracy.is_some());
    let has_error = swept.measured.name != Metric::Error.name();
    let settings = swept.settings.iter();
    let heads: Vec<&str> = ["rank", &*swept.measured.name]
        .into_iter()
        .chain(has_test.then_some("test"))
        .chain(settings.map(|setting| &*setting.name))
        .chain(has_error.then_some("error"))
        .chain(["epochs", "time", "run"])
        .chain((results.pruned > 0).then_some("pruned"))
        .collect();
    let row = |&(rank, run, summary): &(usize, &Ranked, &Summary)| {
        let number = (rank + 1).to_string();
        let curve = drawn.iter().position(|&drawn| drawn == rank + 1);
        let colour = curve.and_then(charts::colour);
        let mut cells = vec![Cell::Html(swatch(colour, &number))];
        cells.push(run.figure.map_or(Cell::Empty, |figure| {
            Cell::Number(swept.measured.shown(figure), figure)
        }));
        if has_test {
            cells.push(Cell::share(run.test_accuracy));
        }
        cells.extend(
            swept
                .settings
                .iter()
                .map(|setting| value(setting.text(rank))),
        );
        if has_error {
            let error = summary.final_error;
            cells.push(Cell::Number(grouped(error, 4), error));
        }
        let time = summary.train_seconds;
        cells.push(Cell::Number(
            summary.epochs.to_string(),
            summary.epochs as f64,
        ));
        cells.push(Cell::Number(seconds(time), time));
        cells.push(Cell::Number(run.run.to_string(), run.run as f64));
        if results.pruned > 0 {
            let pruned = run.pruned.map(|epoch| format!("at epoch {epoch}"));
            cells.push(pruned.map_or(Cell::Empty, |text| Cell::text(text.as_str())));
        }
        cells
    };
    let rows: Vec<Vec<Cell>> = rows.iter().map(row).collect();
    let mut text = format!("The best by {} stands first.", swept.measured.name);
    if results.pruned > 0 {
        text += " Runs that were pruned stand behind those that were not, with their figures at that epoch.";
    }
    if results.ended - results.diverged > RANKS[1] {
        text += &format!(
            " {} ranks are shown; 'gingham sweep-report --csv' has all.",
            grouped(RANKS[1] as f64, 0)
        );
    }
    if !swept.settings.is_empty() {
        let next = if has_error { "error" } else { "epochs" };
        text +=
            &format!(" The columns before the {next} are the settings in which the runs differ.");
    }
    paragraph(&text) + &in_two(&heads, rows) + &diverged
}

/// The first rows in a table, and the others in one that is shown when it is asked for.
fn in_two(heads: &[&str], mut rows: Vec<Vec<Cell>>) -> String {
    let rest = rows.split_off(rows.len().min(RANKS[0]));
    let first = table("comparison", "The runs, as the journal tells", heads, &rows);
    if rest.is_empty() {
        return first;
    }
    let count = grouped(rest.len() as f64, 0);
    let further = table("further", "Further runs", heads, &rest);
    first + &format!("<details><summary>The next {count} ranks</summary>\n{further}</details>\n")
}

/// The runs that diverged, by name; nothing where none did.
fn diverged(entries: &[Entry]) -> String {
    let diverged = entries.iter().filter_map(|entry| match &entry.ending {
        Ending::Diverged(divergence) => Some((entry, divergence)),
        Ending::Trained(_) | Ending::Pruned(_) => None,
    });
    let diverged: Vec<_> = diverged.collect();
    let count = grouped(diverged.len() as f64, 0);
    if diverged.len() <= FEW_DIVERGED {
        let named = diverged.iter().map(|(entry, divergence)| {
            let (run, assigned, epoch) = (entry.run, &entry.assigned, divergence.epoch + 1);
            format!("run {run} ({assigned}) in epoch {epoch}")
        });
        let named = named.collect::<Vec<_>>().join(", ");
        return match diverged.len() {
            0 => String::new(),
            1 => paragraph(&format!("One run diverged: {named}.")),
            _ => paragraph(&format!("{count} runs diverged: {named}.")),
        };
    }
    let rows = diverged.iter().take(MOST_DIVERGED);
    let rows: Vec<Vec<Cell>> = rows
        .map(|(entry, divergence)| {
            let epoch = divergence.epoch + 1;
            vec![
                Cell::Number(entry.run.to_string(), entry.run as f64),
                Cell::text(entry.assigned.as_str()),
                Cell::Number(epoch.to_string(), epoch as f64),
            ]
        })
        .collect();
    let caption = match diverged.len() > rows.len() {
        true => format!("The first {} runs that diverged", rows.len()),
        false => "Runs that diverged".to_owned(),
    };
    format!(
        "<details><summary>{count} runs diverged</summary>\n{}</details>\n",
        table("diverged", &caption, &["run", "settings", "epoch"], &rows)
    )
}

/// The means and deviations of groups of runs; of many the first ones.
pub fn groups(id: &str, name: &str, groups: &[Group], swept: &Swept) -> String {
    let pruned = groups.iter().any(|group| group.pruned > 0);
    let heads = [name, "runs", "mean", "deviation", "best", "diverged"];
    let heads = heads.into_iter().chain(pruned.then_some("pruned"));
    let heads: Vec<&str> = heads.collect();
    let shown = |figure: Option<f64>| {
        figure.map_or(Cell::Empty, |figure| {
            Cell::Number(swept.measured.shown(figure), figure)
        })
    };
    let count = |count: usize| Cell::Number(grouped(count as f64, 0), count as f64);
    let rows: Vec<Vec<Cell>> = groups
        .iter()
        .take(MOST_GROUPS)
        .map(|group| {
            let mut cells = vec![
                Cell::text(group.text.as_str()),
                count(group.figures.len() + group.diverged + group.pruned),
                shown(group.mean()),
                shown(group.deviation()),
                shown(group.figures.first().copied()),
                count(group.diverged),
            ];
            cells.extend(pruned.then(|| count(group.pruned)));
            cells
        })
        .collect();
    let caption = match groups.len() > MOST_GROUPS {
        true => format!("{} by {name}, the first {MOST_GROUPS}", swept.measured.name),
        false => format!("{} by {name}", swept.measured.name),
    };
    table(id, &caption, &heads, &rows)
}

/// All settings of a run, as its summary has them.
pub fn settings(summary: &Summary) -> String {
    let rows = summary.settings.iter();
    let rows: Vec<Vec<Cell>> = rows
        .map(|(name, value)| vec![Cell::text(name.as_str()), Cell::Code(value.to_string())])
        .collect();
    let caption = "As the journal spells them";
    let mut text = table("setting-values", caption, &["setting", "value"], &rows);
    if let Some(test) = summary.test_accuracy {
        text += &paragraph(&format!(
            "Of the official test images it gets {} right.",
            percent(test)
        ));
    }
    text
}

/// The value of a setting.
fn value(text: &str) -> Cell {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Cell::Number(text.to_owned(), number),
        _ => Cell::text(text),
    }
}

/// A time.
pub fn seconds(seconds: f64) -> String {
    let decimals = if seconds < 100.0 { 2 } else { 0 };
    format!("{} s", grouped(seconds, decimals))
}
