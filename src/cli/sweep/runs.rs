//! The runs of a sweep, one after the other.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use gingham::data::Dataset;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::report::{self, EpochRecord, Keeping, Recorder, RunFolder, Summary, Times, Watcher};
use gingham::sweep::{Assignment, Divergence, Ending, Entry, Metric, SweepFolder};
use gingham::train::{self, Checkpoint, Elapsed, Plan, Start, TrainOptions};

use super::shown::Progress;
use crate::cli::base;
use crate::cli::output::{self, Output};
use crate::cli::train as single;

/// A run of the sweep: its number, counted from 1, what the plan says of it, and all its settings.
pub struct Planned {
    pub number: usize,
    pub assignment: Assignment,
    pub options: TrainOptions,
}

/// What the plans of all runs share.
pub struct Shared<'a> {
    pub dataset: &'a Dataset,
    pub machine: &'a Machine,
    /// The network that every run starts from, where --from names one.
    pub start: Option<&'a Start>,
}

impl<'a> Shared<'a> {
    /// The plan of a run; what is wrong with it is said of the sweep's plan.
    pub fn plan(&self, run: &Planned) -> Result<Plan<'a>> {
        let plan = match self.start {
            Some(start) => Plan::starting_from(start, &run.options, self.dataset, self.machine),
            None => Plan::new(&run.options, self.dataset, self.machine),
        };
        plan.map_err(|error| base::of_run(&run.assignment, error))
    }
}

/// How the runs are trained and shown.
pub struct Sweep<'a> {
    pub shared: Shared<'a>,
    pub keeping: &'a Keeping,
    pub metric: Metric,
    /// Runs whose folders are kept.
    pub top: usize,
    /// Whether the journal's lines go to stdout.
    pub json: bool,
    pub output: Output,
}

impl Sweep<'_> {
    /// Trains what has not ended yet, in the order of the plan.
    pub fn all(&self, planned: &[Planned], folder: &mut SweepFolder) -> anyhow::Result<()> {
        for entry in folder.entries() {
            self.print(entry)?;
        }
        let ended: HashSet<usize> = folder.entries().iter().map(|entry| entry.run).collect();
        let (ended, left): (Vec<&Planned>, Vec<&Planned>) =
            planned.iter().partition(|run| ended.contains(&run.number));
        if !ended.is_empty() {
            self.output.note(format_args!(
                "going on: {} of {} runs have ended, {} are left",
                ended.len(),
                planned.len(),
                left.len()
            ));
        }
        let counts = [planned.len(), ended.len()];
        let best = self.metric.ranked(folder.entries()).first().copied();
        let mut progress = Progress::new(counts, best.cloned(), self.output);
        for run in left {
            let entry = self.one(run, &folder.run_dir(run.number));
            if let Err(error) = &entry
                && let Some(Error::Stopped { .. }) = error.downcast_ref::<Error>()
            {
                let note = "the sweep itself goes on by the same command, with this run first";
                self.output.note(note);
            }
            let entry = entry?;
            folder.end(entry.clone(), self.top, self.metric)?;
            self.print(&entry)?;
            progress.show(&entry, self.metric);
        }
        Ok(())
    }

    fn print(&self, entry: &Entry) -> anyhow::Result<()> {
        if !self.json {
            return Ok(());
        }
        let line = serde_json::to_string(entry)?;
        self.output.result(line)
    }

    /// Trains one run, or goes on with it, in its own folder.
    fn one(&self, run: &Planned, path: &Path) -> anyhow::Result<Entry> {
        let started = Instant::now();
        let plan = self.shared.plan(run)?;
        let ended = |ending| Entry {
            run: run.number,
            assigned: run.assignment.to_string(),
            ending,
        };
        let (mut folder, checkpoint) = match begun(path, &plan)? {
            Begun::Run(begun) => *begun,
            // The process was killed between the end of the run and its line in the journal.
            Begun::Whole(summary) => return Ok(ended(Ending::Trained(summary))),
        };
        if let Some(start) = self.shared.start {
            folder.keep_start(start)?;
        }
        let elapsed = checkpoint
            .as_ref()
            .map_or_else(Elapsed::default, |from| from.elapsed().clone());
        let before = elapsed.sum_s();
        let mut watcher = Silent;
        let mut recorder = Recorder::new(&mut folder, self.keeping, &mut watcher, &elapsed);
        let outcome = train::go_on(&plan, checkpoint.as_ref(), &mut recorder);
        let (times, best) = (recorder.times(), recorder.best());
        match outcome {
            Ok(outcome) => {
                let summary = Summary::new(&plan, &outcome, times, folder.path_now());
                let mut summary = summary.with_best(best);
                summary.total_seconds = before + started.elapsed().as_secs_f64();
                folder.finish(&summary)?;
                Ok(ended(Ending::Trained(Box::new(summary))))
            }
            Err(Error::Diverged {
                what, epoch, step, ..
            }) => Ok(ended(Ending::Diverged(Divergence {
                diverged: what.to_owned(),
                epoch,
                step,
                settings: report::by_name(plan.settings()),
            }))),
            Err(error) => Err(error.into()),
        }
    }
}

/// A run's folder, new or begun before.
enum Begun {
    Run(Box<(RunFolder, Option<Checkpoint>)>),
    Whole(Box<Summary>),
}

/// Makes the folder of a run, or opens the one that a process before this one has begun. What another version has begun is begun anew.
fn begun(path: &Path, plan: &Plan<'_>) -> Result<Begun> {
    let config = single::config(plan.settings());
    if path.symlink_metadata().is_err() {
        let folder = RunFolder::create(path, &config)?;
        return Ok(Begun::Run(Box::new((folder, None))));
    }
    let claim = RunFolder::claim(path)?;
    let is_same = |checkpoint: &Checkpoint| checkpoint.differences(plan).is_empty();
    let checkpoint = claim.checkpoint().ok().flatten().filter(is_same);
    if checkpoint.is_some()
        && let Some(summary) = claim.summary()?
    {
        return Ok(Begun::Whole(Box::new(summary)));
    }
    let folder = claim.go_on(checkpoint.as_ref(), Some(&config))?;
    Ok(Begun::Run(Box::new((folder, checkpoint))))
}

/// Whoever watches a run of a sweep: its epochs are not shown.
struct Silent;

impl Watcher for Silent {
    fn show(&mut self, _: &EpochRecord, _: &Times) {}

    fn warn(&mut self, error: &Error) {
        output::warning(format_args!("{error}; the run goes on"));
    }
}
