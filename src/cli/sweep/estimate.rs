//! How long a sweep will take: an estimate from a moment of a few of its runs.
//!
//! Runs of one kind, with as many parameters, mini-batches alike and one arithmetic, take the same time for an image. Of few kinds each is
//! measured, of many some from the smallest to the largest, and the others are taken to need as much more as they have parameters. What runs
//! gain side by side is left out, and so are those that diverge or end early.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use gingham::error::{Error, Result};
use gingham::model::AnyModel;
use gingham::sweep::Halving;
use gingham::train::{self, EpochEnd, Observer, Plan, StepEnd};

use super::runs::{Planned, Shared};

/// The most kinds that are measured.
const MOST: usize = 4;
/// The time for the steps of all that is measured.
const BUDGET: Duration = Duration::from_millis(1500);
/// The time of an evaluation for an image, as a part of that of training, where none could be measured. Measured: 0.5 to 0.6
/// (`benches/record/2026-11-26-sweep.md`).
const EVALUATION: f64 = 0.55;

/// What a run has to do.
#[derive(Clone, Debug)]
pub struct Work {
    kind: Kind,
    /// Images of an epoch.
    images: f64,
    /// Images of an evaluation, held-out and training ones.
    evaluated: f64,
    /// Images that the trained network is asked about.
    tested: f64,
    epochs: usize,
    /// The epochs after which it is evaluated.
    evaluations: usize,
}

/// What the time for an image depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    parameters: usize,
    batches: (Option<usize>, Option<usize>),
    is_shuffled: bool,
    arithmetic: (&'static str, &'static str),
}

impl From<&Plan<'_>> for Work {
    fn from(plan: &Plan<'_>) -> Self {
        let (settings, images) = (plan.settings(), plan.training_samples());
        let heldout = plan.data().validation.map_or_else(
            || plan.data().train.samples.count() - images,
            |validation| validation.samples.count(),
        );
        let tested = plan.data().test.map_or(0, |test| test.samples.count());
        let epochs = 0..settings.epochs;
        Self {
            kind: Kind {
                parameters: plan.layout().parameters(),
                batches: (settings.batches, settings.batch_size),
                is_shuffled: settings.seed_of_order().is_some(),
                arithmetic: (settings.engine.name(), settings.dtype.name()),
            },
            images: images as f64,
            evaluated: (images + heldout) as f64,
            tested: tested as f64,
            epochs: settings.epochs,
            evaluations: epochs
                .filter(|&epoch| settings.evaluates_after(epoch))
                .count(),
        }
    }
}

/// What was measured of a kind, in seconds.
struct Measured {
    kind: Kind,
    /// Before the first step.
    prepare_s: f64,
    /// An image in training.
    image_s: f64,
    /// An image in an evaluation.
    evaluated_s: f64,
}

/// The estimate.
pub struct Estimate {
    /// Seconds of each run, without its share of the preparations. Where runs are pruned, this is the mean over what may become of it.
    pub runs_s: Vec<f64>,
    /// Seconds of all.
    pub total_s: f64,
    /// How many runs were measured.
    pub measured: usize,
    /// The threads that trained them.
    pub threads: usize,
}

impl Estimate {
    /// The estimate of runs that are trained in so many groups; none where nothing could be measured.
    pub fn of(
        shared: &Shared<'_>,
        (planned, works): (&[Planned], &[Work]),
        groups: usize,
        halving: Option<Halving>,
    ) -> Result<Option<Self>> {
        let measured = measured(shared, planned, works)?;
        let kinds = || measured.iter();
        let Some(first) = measured.first() else {
            return Ok(None);
        };
        let rungs = rungs(works, halving);
        let of_run = |work: &Work| {
            let like = |measured: &&Measured| {
                let ratio = work.kind.parameters as f64 / measured.kind.parameters as f64;
                let others = usize::from(measured.kind.arithmetic != work.kind.arithmetic)
                    + usize::from(measured.kind.batches != work.kind.batches);
                (ratio.ln().abs() * 1e3) as usize + 10_000 * others
            };
            let nearest = kinds().min_by_key(like).unwrap_or(first);
            let more = work.kind.parameters as f64 / nearest.kind.parameters as f64;
            let epochs = share(work.epochs as f64, &rungs, halving, work.epochs);
            let evaluations = share(work.evaluations as f64, &rungs, halving, work.epochs);
            // At each rung but the last a run is evaluated that would not be.
            let pauses: f64 = rungs.iter().rev().skip(1).map(|(_, share)| share).sum();
            let train_s = epochs * work.images * nearest.image_s;
            let evaluated = evaluations * work.evaluated
                + pauses * (work.evaluated + work.tested)
                + work.tested;
            more * (train_s + evaluated * nearest.evaluated_s)
        };
        let runs_s: Vec<f64> = works.iter().map(of_run).collect();
        let prepare_s = kinds().map(|measured| measured.prepare_s).sum::<f64>();
        let prepare_s = prepare_s / measured.len() as f64;
        let rungs: f64 = rungs
            .iter()
            .map(|(_, share)| share.max(1.0 / groups as f64))
            .sum();
        Ok(Some(Self {
            total_s: runs_s.iter().sum::<f64>() + prepare_s * groups as f64 * rungs,
            runs_s,
            measured: measured.len(),
            threads: shared.machine.threads(),
        }))
    }
}

/// The rungs, each with how often runs are pruned behind it and the share of all runs that come to it.
fn rungs(works: &[Work], halving: Option<Halving>) -> Vec<(u32, f64)> {
    let Some(halving) = halving else {
        return vec![(0, 1.0)];
    };
    let epochs = works.iter().map(|work| work.epochs).min();
    let mut runs = works.len();
    let prunings = halving.prunings(runs, epochs.unwrap_or_default());
    let rung = |left| {
        let share = runs as f64 / works.len() as f64;
        runs = halving.going_on(runs);
        (left, share)
    };
    (0..=prunings).rev().map(rung).collect()
}

/// The part of `whole`, which a run does in all its epochs, that it does on the mean over the rungs.
fn share(whole: f64, rungs: &[(u32, f64)], halving: Option<Halving>, epochs: usize) -> f64 {
    let Some(halving) = halving else {
        return whole;
    };
    let (mut before, mut sum) = (0, 0.0);
    for &(left, share) in rungs {
        let until = halving.epochs(epochs, left);
        sum += share * (until - before) as f64;
        before = until;
    }
    whole * sum / epochs.max(1) as f64
}

/// Trains some runs for a moment.
fn measured(shared: &Shared<'_>, planned: &[Planned], works: &[Work]) -> Result<Vec<Measured>> {
    let mut kinds: Vec<(&Work, &Planned)> = works.iter().zip(planned).collect();
    kinds.sort_by_key(|(work, _)| &work.kind);
    kinds.dedup_by_key(|(work, _)| &work.kind);
    let (count, started) = (kinds.len().min(MOST), Instant::now());
    let mut measured = Vec::new();
    for place in 0..count {
        // The last one, which is the largest, comes first: it decides most.
        let place = (count - 1 - place) * (kinds.len() - 1) / (count - 1).max(1);
        let (work, run) = kinds[place];
        if !measured.is_empty() && started.elapsed() > BUDGET {
            break;
        }
        let plan = shared.plan(run)?;
        let mut watch = Stopwatch::new(BUDGET / count as u32);
        // How it ends tells nothing about time.
        let _ = train::train(&plan, &mut watch);
        measured.extend(watch.measured(work, &plan));
    }
    Ok(measured)
}

/// Watches a run for a moment.
struct Stopwatch {
    budget: Duration,
    last: Instant,
    prepared: Option<Instant>,
    prepare_s: f64,
    /// The steps that are counted: all but the first, which meets cold caches.
    steps: usize,
    steps_s: f64,
    is_warm: bool,
    evaluation_s: Option<f64>,
    /// Whether the run was told to end after its epoch.
    has_ended: bool,
}

impl Stopwatch {
    fn new(budget: Duration) -> Self {
        Self {
            budget,
            last: Instant::now(),
            prepared: None,
            prepare_s: 0.0,
            steps: 0,
            steps_s: 0.0,
            is_warm: false,
            evaluation_s: None,
            has_ended: false,
        }
    }

    fn lap_s(&mut self) -> f64 {
        let lap = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        lap
    }

    fn is_over(&self, part: u32) -> bool {
        let since = self.prepared.map(|prepared| prepared.elapsed());
        since.is_some_and(|since| since * part > self.budget)
    }

    fn measured(&self, work: &Work, plan: &Plan<'_>) -> Option<Measured> {
        let batches = plan.mini_batches().count(plan.training_samples());
        let of_step = work.images / batches as f64;
        let image_s = (self.steps > 0).then(|| self.steps_s / self.steps as f64 / of_step)?;
        let evaluated_s = self.evaluation_s.map(|seconds| seconds / work.evaluated);
        Some(Measured {
            kind: work.kind.clone(),
            prepare_s: self.prepare_s,
            image_s,
            evaluated_s: evaluated_s.unwrap_or(EVALUATION * image_s),
        })
    }
}

impl Observer for Stopwatch {
    fn prepared(&mut self) {
        self.prepare_s = self.lap_s();
        self.prepared = Some(self.last);
    }

    fn stepped(&mut self, _: &StepEnd<'_>) -> Result<()> {
        let lap = self.lap_s();
        if self.is_warm {
            self.steps += 1;
            self.steps_s += lap;
        }
        self.is_warm = true;
        if self.steps > 0 && self.is_over(1) {
            // An error is what ends a run in the middle of an epoch. Nobody sees it.
            let (setting, reason) = ("dry-run", "enough was seen".to_owned());
            return Err(Error::Setting { setting, reason });
        }
        Ok(())
    }

    fn trained(&mut self, _: usize, _: f64) -> Result<()> {
        self.lap_s();
        Ok(())
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let lap = self.lap_s();
        if end.accuracies.is_some() {
            self.evaluation_s = Some(lap);
        }
        self.has_ended = end.is_last || self.is_over(2);
        Ok(match self.has_ended {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn finished(&mut self, _: &AnyModel) -> Result<()> {
        let lap = self.lap_s();
        if self.has_ended && self.evaluation_s.is_none() {
            self.evaluation_s = Some(lap);
        }
        Ok(())
    }
}
