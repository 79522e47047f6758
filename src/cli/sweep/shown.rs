//! How a sweep is shown.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use gingham::sweep::{Entry, Metric};

use crate::cli::output::{self, Output, percent};

/// Ranks that are shown at the end.
const SHOWN: usize = 10;
/// The least time between two lines about the progress where nobody looks.
const RARELY: Duration = Duration::from_secs(10);

/// Lines about how the sweep goes: on a terminal one for each run, elsewhere rarer ones.
pub struct Progress {
    output: Output,
    runs: usize,
    ended: usize,
    /// Runs that this process has ended.
    own: usize,
    started: Instant,
    said: Option<Instant>,
    best: Option<Entry>,
}

impl Progress {
    pub fn new(runs: usize, ended: usize, output: Output) -> Self {
        Self {
            output,
            runs,
            ended,
            own: 0,
            started: Instant::now(),
            said: None,
            best: None,
        }
    }

    pub fn show(&mut self, entry: &Entry, metric: Metric) {
        (self.ended, self.own) = (self.ended + 1, self.own + 1);
        let ranked = metric.ranked(self.best.iter().chain([entry]));
        self.best = ranked.first().map(|&best| best.clone());
        let is_due = std::io::stderr().is_terminal()
            || self.ended == self.runs
            || self.said.is_none_or(|said| said.elapsed() >= RARELY);
        if !is_due {
            return;
        }
        self.said = Some(Instant::now());
        let left = (self.runs - self.ended) as f64 / self.own as f64
            * self.started.elapsed().as_secs_f64();
        let best = self.best.as_ref().map_or_else(String::new, |best| {
            format!("  best {} (run {})", figure(best, metric), best.run)
        });
        self.output.progress(format_args!(
            "run {} of {}  {}  {}{best}  {left:.0} s left",
            self.ended,
            self.runs,
            entry.assigned,
            figure(entry, metric),
        ));
    }
}

/// A run's figure as it is shown.
fn figure(entry: &Entry, metric: Metric) -> String {
    match (metric, metric.of(entry)) {
        (_, None) if entry.summary().is_none() => "diverged".to_owned(),
        (_, None) => "-".to_owned(),
        (Metric::HeldoutAccuracy, figure) => percent(figure),
        (Metric::Error, Some(error)) => format!("{error:.6}"),
    }
}

/// The best runs, as a table.
pub fn ranking(entries: &[Entry], metric: Metric) -> String {
    let heads = ["rank", "run", "settings", metric.name(), "test", "seconds"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for (rank, entry) in metric.ranked(entries).into_iter().take(SHOWN).enumerate() {
        let summary = entry.summary();
        rows.push(vec![
            (rank + 1).to_string(),
            entry.run.to_string(),
            entry.assigned.clone(),
            figure(entry, metric),
            percent(summary.and_then(|summary| summary.test_accuracy)),
            summary.map_or_else(
                || "-".to_owned(),
                |summary| format!("{:.2}", summary.train_seconds),
            ),
        ]);
    }
    let left_out = entries.len().saturating_sub(SHOWN);
    let more = (left_out > 0).then(|| format!("\nand {left_out} more: journal.jsonl"));
    output::table(&rows) + &more.unwrap_or_default()
}
