//! How a sweep is shown.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use gingham::sweep::{Entry, Metric, Results};

use crate::cli::output::{Output, percent};

/// Ranks that are shown at the end.
pub const RANKS: usize = 10;
/// The least time between two lines about the progress where nobody looks.
const RARELY: Duration = Duration::from_secs(10);

/// `--metric`.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Figure {
    HeldoutAccuracy,
    Error,
}

impl Figure {
    pub fn metric(self) -> Metric {
        match self {
            Self::HeldoutAccuracy => Metric::HeldoutAccuracy,
            Self::Error => Metric::Error,
        }
    }
}

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
    /// Of so many runs in all, so many have ended before, the best of them `best`.
    pub fn new([runs, ended]: [usize; 2], best: Option<Entry>, output: Output) -> Self {
        Self {
            output,
            runs,
            ended,
            own: 0,
            started: Instant::now(),
            said: None,
            best,
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
            format!("  best {} (run {})", of_entry(best, metric), best.run)
        });
        self.output.progress(format_args!(
            "run {} of {}  {}  {}{best}  {left:.0} s left",
            self.ended,
            self.runs,
            entry.assigned,
            of_entry(entry, metric),
        ));
    }
}

/// A run's figure as it is shown.
fn of_entry(entry: &Entry, metric: Metric) -> String {
    match entry.summary() {
        None => "diverged".to_owned(),
        Some(_) => shown(metric.of(entry), metric),
    }
}

/// A figure as it is shown.
pub fn shown(figure: Option<f64>, metric: Metric) -> String {
    match (metric, figure) {
        (_, None) => "-".to_owned(),
        (Metric::HeldoutAccuracy, _) => percent(figure),
        (Metric::Error, Some(error)) => format!("{error:.6}"),
    }
}

/// The best runs, with a column for each setting that is swept.
pub fn ranking(results: &Results, metric: Metric, top: usize) -> Vec<Vec<String>> {
    let names = results.runs.first().map(|run| &run.assigned);
    let names = names.into_iter().flatten().map(|(name, _)| name.clone());
    let mut heads = vec!["rank".to_owned(), "run".to_owned()];
    heads.extend(names);
    heads.extend([metric.name(), "test", "seconds"].map(str::to_owned));
    let mut rows = vec![heads];
    for (rank, run) in results.runs.iter().take(top).enumerate() {
        let mut row = vec![(rank + 1).to_string(), run.run.to_string()];
        row.extend(run.assigned.iter().map(|(_, value)| value.clone()));
        row.push(match run.train_seconds {
            None => "diverged".to_owned(),
            Some(_) => shown(run.figure, metric),
        });
        row.push(percent(run.test_accuracy));
        let seconds = run.train_seconds.map(|seconds| format!("{seconds:.2}"));
        row.push(seconds.unwrap_or_else(|| "-".to_owned()));
        rows.push(row);
    }
    rows
}
