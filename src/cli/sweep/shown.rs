//! How a sweep is shown.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use gingham::figures::words::visible;
use gingham::sweep::{Entry, Metric, Results, ranked};

use crate::cli::output::{Output, percent};
use crate::cli::progress;
use crate::cli::progress::line::{Drawing, Figures};
use crate::cli::progress::numbers::duration;

/// The time between two lines about the progress is a tenth of that since the start, but within these bounds.
const OFTEN: Duration = Duration::from_secs(10);
const RARELY: Duration = Duration::from_secs(600);

/// `--metric`.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Figure {
    HeldoutAccuracy,
    HeldoutLoss,
    Error,
}

impl Figure {
    pub fn metric(self) -> Metric {
        match self {
            Self::HeldoutAccuracy => Metric::HeldoutAccuracy,
            Self::HeldoutLoss => Metric::HeldoutLoss,
            Self::Error => Metric::Error,
        }
    }
}

/// How the sweep goes: a bar on a terminal, elsewhere lines, which get rarer.
pub struct Progress {
    output: Output,
    seen: Seen,
    best: Option<Entry>,
    /// When the last line was said.
    said: Option<Instant>,
    bar: Option<Drawing<Seen>>,
}

/// What the bar knows of the sweep so far.
#[derive(Clone, Debug)]
struct Seen {
    runs: usize,
    ended: usize,
    /// Runs that this process has ended.
    own: usize,
    diverged: usize,
    started: Instant,
    /// When the last one of these ended.
    latest: Instant,
    /// The best figure and its settings.
    best: Option<(String, Vec<String>)>,
}

impl Progress {
    /// Of so many runs in all, so many have ended before, the best of them `best`.
    pub fn new([runs, ended]: [usize; 2], best: Option<Entry>, output: Output) -> Self {
        let now = Instant::now();
        let seen = Seen {
            runs,
            ended,
            own: 0,
            diverged: 0,
            started: now,
            latest: now,
            best: None,
        };
        let is_drawn = !output.quiet && progress::is_drawable();
        Self {
            output,
            bar: is_drawn.then(|| Drawing::start(seen.clone(), figures)),
            seen,
            best,
            said: None,
        }
    }

    pub fn show(&mut self, entry: &Entry, metric: Metric) {
        let ranked = ranked(metric, self.best.iter().chain([entry]));
        self.best = ranked.first().map(|&best| best.clone());
        let seen = &mut self.seen;
        (seen.ended, seen.own) = (seen.ended + 1, seen.own + 1);
        seen.diverged += usize::from(entry.summary().is_none());
        seen.latest = Instant::now();
        seen.best = self.best.as_ref().map(|best| {
            let settings = best.assigned.split_whitespace().map(visible).collect();
            (of_entry(best, metric), settings)
        });
        if let Some(bar) = &self.bar {
            return bar.change(|state| *state = seen.clone());
        }
        let pause = (seen.started.elapsed() / 10).clamp(OFTEN, RARELY);
        let is_due =
            seen.ended == seen.runs || self.said.is_none_or(|said| said.elapsed() >= pause);
        if !is_due {
            return;
        }
        self.said = Some(Instant::now());
        let best = self.best.as_ref().map_or_else(String::new, |best| {
            format!("  best {} (run {})", of_entry(best, metric), best.run)
        });
        self.output.progress(format_args!(
            "run {} of {}  {}  {}{best}  {} left",
            seen.ended,
            seen.runs,
            visible(&entry.assigned),
            of_entry(entry, metric),
            duration(seen.seconds_left(seen.latest)),
        ));
    }
}

impl Seen {
    /// The seconds from `now` to the end of the sweep.
    fn seconds_left(&self, now: Instant) -> f64 {
        let took = self.latest.duration_since(self.started).as_secs_f64();
        let left = (self.runs - self.ended) as f64 / self.own.max(1) as f64 * took;
        left - now.duration_since(self.latest).as_secs_f64()
    }
}

/// The bar of the sweep. On a narrow terminal the settings of the best run give way, the last one first.
fn figures(seen: &Seen, now: Instant) -> Figures {
    let width = seen.runs.to_string().len();
    let mut texts = vec![(0, format!("{:>width$}/{}", seen.ended, seen.runs))];
    let mut rank = 3;
    if let Some((figure, settings)) = &seen.best {
        texts.push((1, format!("best {figure}")));
        for setting in settings {
            texts.push((rank, setting.clone()));
            rank += 1;
        }
    }
    if seen.diverged > 0 {
        texts.push((rank, format!("{} diverged", seen.diverged)));
    }
    if seen.own > 0 {
        texts.push((2, format!("{} left", duration(seen.seconds_left(now)))));
    }
    Figures {
        done: seen.ended as f64 / seen.runs.max(1) as f64,
        texts,
    }
}

/// A run's figure as it is shown.
fn of_entry(entry: &Entry, metric: Metric) -> String {
    let figure = shown(entry.figure(metric), metric);
    match (entry.summary(), entry.pruned()) {
        (None, _) => "diverged".to_owned(),
        (Some(_), Some(epoch)) => format!("{figure} pruned at epoch {epoch}"),
        (Some(_), None) => figure,
    }
}

/// A figure as it is shown.
pub fn shown(figure: Option<f64>, metric: Metric) -> String {
    match (metric, figure) {
        (_, None) => "-".to_owned(),
        (Metric::HeldoutAccuracy, _) => percent(figure),
        (Metric::HeldoutLoss | Metric::Error, Some(figure)) => format!("{figure:.6}"),
    }
}

/// The best runs, with a column for each setting that is swept.
pub fn ranking(results: &Results, metric: Metric, top: usize) -> Vec<Vec<String>> {
    let names = results.runs.first().map(|run| &run.assigned);
    let names = names.into_iter().flatten().map(|(name, _)| name.clone());
    let mut heads = vec!["rank".to_owned(), "run".to_owned()];
    heads.extend(names);
    heads.extend([metric.name(), "test", "seconds"].map(str::to_owned));
    let has_pruned = results.pruned > 0;
    heads.extend(has_pruned.then(|| "pruned".to_owned()));
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
        if has_pruned {
            let epoch = run.pruned.map(|epoch| format!("at epoch {epoch}"));
            row.push(epoch.unwrap_or_else(|| "-".to_owned()));
        }
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::progress::line::line;

    fn seen(ended: usize) -> Seen {
        let started = Instant::now();
        let settings = ["learning-rate=0.001", "hidden=512-256", "seed=3"];
        Seen {
            runs: 200,
            ended,
            own: ended,
            diverged: if ended > 0 { 2 } else { 0 },
            started,
            latest: started + Duration::from_secs(ended as u64),
            best: (ended > 0).then(|| {
                let settings = settings.map(str::to_owned).to_vec();
                ("88.12 %".to_owned(), settings)
            }),
        }
    }

    fn at(ended: usize, columns: usize) -> String {
        let seen = seen(ended);
        let now = seen.latest + Duration::from_millis(500);
        line(&figures(&seen, now), columns, false)
    }

    #[test]
    fn settings_give_way_on_a_narrow_terminal() {
        for (columns, shown) in [
            (
                120,
                "best 88.12 %  learning-rate=0.001  hidden=512-256  seed=3  2 diverged  2 min 30 s left",
            ),
            (
                100,
                "best 88.12 %  learning-rate=0.001  hidden=512-256  seed=3  2 min 30 s left",
            ),
            (80, "best 88.12 %  learning-rate=0.001  2 min 30 s left"),
            (60, "best 88.12 %  2 min 30 s left"),
            (40, "best 88.12 %"),
        ] {
            let line = at(50, columns);
            assert!(
                line.starts_with("[=") && line.ends_with(&format!("]  50/200  {shown}")),
                "{line}"
            );
        }
        assert!(at(50, 20).ends_with("]  50/200"));
        assert_eq!(at(0, 20), "[>        ]   0/200");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in 0..200 {
            for ended in [0, 1, 199, 200] {
                let line = at(ended, columns);
                assert!(line.chars().count() <= columns.saturating_sub(1), "{line}");
            }
        }
    }
}
