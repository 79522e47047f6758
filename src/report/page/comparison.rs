//! The section that compares several runs: a table of all of them, the best first, with the settings in which they differ.

use super::html::{Cell, paragraph, swatch, table};
use crate::figures::axes::grouped;
use crate::report::charts;
use crate::report::{Measure, Ranking, Run, setting};

/// The most letters of a name that stands before the figures.
const SHORT_NAME: usize = 16;

/// The table of the runs.
pub fn comparison(ranking: &Ranking<'_>) -> String {
    let measures = [
        ("held out", Measure::Heldout),
        ("test", Measure::Test),
        ("training", Measure::Training),
    ];
    // What no run has gets no column.
    let any = |measure: &Measure| ranking.runs.iter().any(|run| measure.of(run).is_some());
    let measures: Vec<_> = measures
        .iter()
        .filter(|(_, measure)| any(measure))
        .collect();
    // Long names stand last, so that a narrow screen shows the figures.
    let long = (ranking.runs.iter()).any(|run| run.name().chars().count() > SHORT_NAME);
    let name = |last: bool, head| (last == long).then_some(head);
    let heads: Vec<&str> = ["rank"]
        .into_iter()
        .chain(name(false, "run"))
        .chain(measures.iter().map(|(name, _)| *name))
        .chain(ranking.differing.iter().map(String::as_str))
        .chain(["error", "epochs", "time"])
        .chain(name(true, "run"))
        .collect();
    let rows = ranking.runs.iter().enumerate().map(|(rank, run)| {
        let number = (rank + 1).to_string();
        let mut cells = vec![Cell::Html(swatch(charts::colour(rank), &number))];
        if !long {
            cells.push(Cell::text(run.name()));
        }
        cells.extend(
            measures
                .iter()
                .map(|(_, measure)| Cell::share(measure.of(run))),
        );
        cells.extend(ranking.differing.iter().map(|key| value(run, key)));
        cells.extend(figures(run));
        if long {
            cells.push(Cell::text(run.name()));
        }
        cells
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let order = match ranking.measure {
        Some(measure) => format!(
            "The best by {} stands first. Runs that did not finish stand last.",
            measure.name()
        ),
        None => {
            "No run was evaluated, so they stand in the order in which they were named.".to_owned()
        }
    };
    let differ = match ranking.differing.len() {
        0 => " All have the same settings.",
        _ => " The columns before the error are the settings in which the runs differ.",
    };
    let best = format!(
        "Everything below the curves is about the first, {}.",
        ranking.runs[0].name()
    );
    paragraph(&(order + differ))
        + &table(
            "comparison",
            "The runs, as their own summaries tell",
            &heads,
            &rows,
        )
        + &paragraph(&best)
}

/// The figures of a run that it is not ranked by.
fn figures(run: &Run) -> [Cell; 3] {
    let count = run.epochs.len();
    let error = run.epochs.last().map(|last| last.error);
    let seconds = run.finish.as_ref().map(|finish| finish.total_seconds);
    [
        error.map_or(Cell::Empty, |error| Cell::Number(grouped(error, 4), error)),
        Cell::Number(count.to_string(), count as f64),
        seconds.map_or(Cell::text("not finished"), |seconds| {
            Cell::Number(format!("{} s", grouped(seconds, 1)), seconds)
        }),
    ]
}

/// The value of a setting.
fn value(run: &Run, key: &str) -> Cell {
    let shown = setting(run, key);
    let number = match run.settings.get(key) {
        Some(toml::Value::Integer(value)) => Some(*value as f64),
        Some(toml::Value::Float(value)) => Some(*value),
        Some(toml::Value::Array(values)) if values.len() == 1 => {
            values[0].as_integer().map(|value| value as f64)
        }
        _ => None,
    };
    match (shown, number) {
        (None, _) => Cell::Empty,
        (Some(shown), Some(number)) => Cell::Number(shown, number),
        (Some(shown), None) => Cell::Text(shown),
    }
}
