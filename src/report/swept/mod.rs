//! The runs of a sweep as figures show them: how good each is, and where it stands on an axis for each setting.

mod group;
mod setting;

use crate::figures::axes::grouped;

pub use group::{Group, groups, over_seeds};
pub use setting::{Setting, Tick};

/// Runs that differ in some settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// The settings that are not the same in all runs. Each has a value for every run.
    pub settings: Vec<Setting>,
    /// The runs, the best first and those without a figure last.
    pub runs: Vec<SweptRun>,
    /// What the figure is.
    pub measured: Measured,
}

/// A run among others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweptRun {
    /// Its number in the plan.
    pub number: usize,
    /// The figure by which it is compared; none where it diverged or was pruned.
    pub figure: Option<f64>,
    /// The epochs after which it was pruned.
    pub pruned: Option<usize>,
}

/// What the figure of runs is.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name in words.
    pub name: String,
    /// Whether it is a share, which is shown as per cent.
    pub is_share: bool,
    /// Whether the greatest is the best.
    pub is_rising: bool,
}

impl Measured {
    /// A figure as it is shown.
    #[must_use]
    pub fn shown(&self, figure: f64) -> String {
        if self.is_share {
            return format!("{:.2} %", figure * 100.0);
        }
        let decimals = match figure.abs() {
            size if size >= 1000.0 => 1,
            size if size >= 10.0 => 2,
            _ => 4,
        };
        grouped(figure, decimals)
    }

    /// A figure as an axis counts it.
    #[must_use]
    pub fn on_axis(&self, figure: f64) -> f64 {
        if self.is_share {
            figure * 100.0
        } else {
            figure
        }
    }

    /// The name of the axis.
    #[must_use]
    pub fn label(&self) -> String {
        match self.is_share {
            true => format!("{}, %", self.name),
            false => self.name.clone(),
        }
    }

    /// What is smaller for a better figure.
    fn cost(&self, figure: f64) -> f64 {
        if self.is_rising { -figure } else { figure }
    }
}

/// The figures that an axis shows. A few that are far worse than the others would press all others together, so they are left outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The worst figure inside.
    pub worst: f64,
    /// The best of all.
    pub best: f64,
    /// How many runs are worse.
    pub beyond: usize,
}

impl Span {
    /// The span of figures: those within three times the distance of the quartiles beyond the worse of these (Tukey, Exploratory Data
    /// Analysis, 1977: "far out"). Without figures it is from 0 to 0.
    #[must_use]
    pub fn of(figures: impl Iterator<Item = f64>, measured: &Measured) -> Self {
        let mut costs: Vec<f64> = figures.map(|figure| measured.cost(figure)).collect();
        costs.sort_by(f64::total_cmp);
        let [first, .., last] = costs[..] else {
            let only = costs.first().map_or(0.0, |&cost| measured.cost(cost));
            return Self {
                worst: only,
                best: only,
                beyond: 0,
            };
        };
        let at = |share: f64| costs[(share * (costs.len() - 1) as f64).round() as usize];
        let (low, high) = (at(0.25), at(0.75));
        let limit = high + 3.0 * (high - low);
        let inside = costs.partition_point(|&cost| cost <= limit);
        let (worst, beyond) = if low < high {
            (costs[inside - 1], costs.len() - inside)
        } else {
            (last, 0)
        };
        Self {
            worst: measured.cost(worst),
            best: measured.cost(first),
            beyond,
        }
    }

    /// The figure, or the end of the span that it lies beyond.
    #[must_use]
    pub fn inside(&self, figure: f64) -> f64 {
        figure.clamp(self.worst.min(self.best), self.worst.max(self.best))
    }

    /// How good a figure is, from 0 at the worst to 1 at the best.
    #[must_use]
    pub fn share(&self, figure: f64) -> f64 {
        let share = (self.inside(figure) - self.worst) / (self.best - self.worst);
        if share.is_finite() { share } else { 1.0 }
    }
}

impl Swept {
    /// The figures of the runs that have one.
    pub fn figures(&self) -> impl Iterator<Item = f64> {
        self.runs.iter().filter_map(|run| run.figure)
    }

    /// The span of all figures.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::of(self.figures(), &self.measured)
    }

    /// A sentence about runs that are worse than the span; none where there is none.
    #[must_use]
    pub fn beyond(&self) -> Option<String> {
        let span = self.span();
        let (runs, are) = match span.beyond {
            0 => return None,
            1 => ("1 run".to_owned(), "is"),
            many => (format!("{} runs", grouped(many as f64, 0)), "are"),
        };
        Some(format!(
            "{runs} with a figure worse than {} {are} drawn at this end of the axis.",
            self.measured.shown(span.worst)
        ))
    }

    /// The best run's settings and those of the others in words.
    #[must_use]
    pub fn told(&self, rank: usize) -> String {
        let settings = self.settings.iter();
        let settings = settings.map(|setting| format!("{} {}", setting.name, setting.text(rank)));
        let run = self.runs[rank];
        let figure = run.figure.map(|figure| self.measured.shown(figure));
        let pruned = run.pruned.map(|epoch| format!("pruned at epoch {epoch}"));
        let figure = figure.or(pruned);
        format!(
            "run {}: {}; {}",
            run.number,
            figure.as_deref().unwrap_or("diverged"),
            settings.collect::<Vec<_>>().join(", ")
        )
    }

    /// The ranks of at most `most` runs: a tenth of these are the best, and the others are evenly spread over the rest.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Vec<usize> {
        let count = self.runs.len();
        if count <= most {
            return (0..count).collect();
        }
        let best = most / 10;
        let (others, rest) = (most - best, count - best);
        let spread = (0..others).map(|place| best + place * rest / others);
        (0..best).chain(spread).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::report) fn accuracy() -> Measured {
        Measured {
            name: "held-out accuracy".to_owned(),
            is_share: true,
            is_rising: true,
        }
    }

    /// Runs by these figures, the best first, with the settings' values.
    pub(in crate::report) fn swept(figures: &[Option<f64>], settings: &[(&str, &[&str])]) -> Swept {
        let number = |rank: usize| rank + 1;
        let runs = figures.iter().enumerate();
        let numbers: Vec<usize> = (0..figures.len()).map(number).collect();
        Swept {
            settings: settings
                .iter()
                .map(|(name, values)| Setting::new(name, false, values, &numbers))
                .collect(),
            runs: runs
                .map(|(rank, &figure)| SweptRun {
                    number: number(rank),
                    figure,
                    pruned: None,
                })
                .collect(),
            measured: accuracy(),
        }
    }

    #[test]
    fn a_span_leaves_what_is_far_worse_outside() {
        let measured = accuracy();
        let of = |figures: &[f64]| Span::of(figures.iter().copied(), &measured);
        let span = of(&[0.88, 0.87, 0.86, 0.85, 0.84, 0.83, 0.82, 0.1]);
        assert_eq!((span.worst, span.best, span.beyond), (0.82, 0.88, 1));
        assert_eq!((span.share(0.1), span.share(0.88)), (0.0, 1.0));
        assert_eq!(span.inside(0.1), 0.82);
        let span = of(&[0.9, 0.5, 0.1]);
        assert_eq!((span.worst, span.best, span.beyond), (0.1, 0.9, 0));
        // Where most are alike, nothing is far from them.
        let span = of(&[0.9, 0.9, 0.9, 0.9, 0.1]);
        assert_eq!((span.worst, span.beyond), (0.1, 0));
        for few in [&[][..], &[0.5]] {
            assert_eq!(of(few).beyond, 0);
            assert_eq!(of(few).share(0.5), 1.0);
        }
        let error = Measured {
            is_rising: false,
            is_share: false,
            ..measured
        };
        let span = Span::of([1.0, 2.0, 3.0, 4.0, 1e9].into_iter(), &error);
        assert_eq!((span.worst, span.best, span.beyond), (4.0, 1.0, 1));
        assert_eq!((span.share(1.0), span.share(1e9)), (1.0, 0.0));
    }

    #[test]
    fn of_many_runs_the_best_and_some_of_the_others_are_drawn() {
        let figures: Vec<Option<f64>> = (0..10_000).map(|run| Some(-f64::from(run))).collect();
        let ranks = swept(&figures, &[]).thinned(1000);
        assert_eq!(ranks.len(), 1000);
        assert!(ranks.is_sorted_by(|a, b| a < b));
        assert_eq!(ranks[..100], (0..100).collect::<Vec<_>>());
        assert!(*ranks.last().unwrap() > 9_900);
        assert_eq!(swept(&figures[..7], &[]).thinned(1000).len(), 7);
    }
}
