//! The runs of a sweep: those that see the same mini-batches side by side, group after group.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use gingham::data::Dataset;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::report::{
    self, EpochRecord, Keep, Keeping, LaterFolder, Recorder, RunFolder, Summary, Times, Watcher,
};
use gingham::sweep::{Assignment, Divergence, Ending, Entry, Pruned, SweepFolder};
use gingham::train::{self, Checkpoint, Elapsed, End, Plan, Running, Start, TrainOptions};

use super::groups::{self, Limits, Wanted};
use super::sink::{Shown, Sink, locked, own};
use crate::cli::base;
use crate::cli::output;
use crate::cli::train as single;

/// A run of the sweep: its number, counted from 1, what the plan says of it, and all its settings.
pub struct Planned {
    pub number: usize,
    pub assignment: Assignment,
    pub options: TrainOptions,
}

/// What the plans of all runs share.
#[derive(Clone, Copy)]
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
    pub shown: Shown,
}

impl Sweep<'_> {
    /// Trains what has not ended yet: small runs that are alone in their groups beside each other, and all else group after group; the runs of a
    /// group are trained side by side.
    pub fn all(
        &self,
        planned: &[Planned],
        (wanted, limits): (Vec<Wanted>, Limits),
        folder: &mut SweepFolder,
    ) -> anyhow::Result<()> {
        let is_left: Vec<bool> = planned.iter().map(|run| !folder.had(run.number)).collect();
        let mut sink = Mutex::new(self.sink(planned.len(), folder)?);
        let of_group = |group: &Vec<usize>| {
            let left = group.iter().filter(|run| is_left[**run]);
            left.map(|&run| (&planned[run], None)).collect()
        };
        let groups: Vec<Vec<(&Planned, _)>> = groups::groups(wanted, limits)
            .iter()
            .map(of_group)
            .collect();
        for group in self.small_ones(groups, limits, &sink)? {
            self.group(&group, &sink)?;
            own(&mut sink).outcome()?;
        }
        Ok(())
    }

    /// Where the runs end, which are so many.
    pub fn sink<'s>(&self, runs: usize, folder: &'s mut SweepFolder) -> anyhow::Result<Sink<'s>> {
        let mut sink = Sink::new(runs, folder, self.shown)?;
        sink.signal = Arc::clone(&self.keeping.signal);
        Ok(sink)
    }

    /// Trains runs that see the same mini-batches, or goes on with them, each in its own folder: to its end, or to a pause after so many epochs.
    /// What ends the sweep beside what is returned is in the sink.
    pub fn group(
        &self,
        runs: &[(&Planned, Option<usize>)],
        sink: &Mutex<Sink<'_>>,
    ) -> anyhow::Result<()> {
        let mut plans = Vec::new();
        for (run, _) in runs {
            plans.push(self.shared.plan(run)?);
        }
        // Runs that stopped at different places go on apart.
        let mut places: BTreeMap<(usize, usize), Vec<Begun<'_>>> = BTreeMap::new();
        for (&(run, until), plan) in runs.iter().zip(&plans) {
            let path = locked(sink).folder.run_dir(run.number);
            match self.begin((run, until), plan, &path)? {
                Found::Left(begun) => {
                    let info = begun.checkpoint.as_ref().map(Checkpoint::info);
                    let place = info.map(|info| (info.epoch, info.batch));
                    places
                        .entry(place.unwrap_or_default())
                        .or_default()
                        .push(*begun);
                }
                // The process was killed between the end of the run and its line in the journal.
                Found::Whole(summary) => {
                    locked(sink).take_whole(run.entry(Ending::Trained(summary)))?;
                }
            }
        }
        for begun in places.into_values() {
            if !locked(sink).has_failed() {
                self.side_by_side(begun, sink);
            }
        }
        Ok(())
    }

    /// Begins a run, or opens the folder that a process before this one has begun. What another version has begun is begun anew.
    fn begin<'a>(
        &'a self,
        (run, until): (&'a Planned, Option<usize>),
        plan: &'a Plan<'a>,
        path: &Path,
    ) -> anyhow::Result<Found<'a>> {
        let config = single::config(plan.settings());
        let start = self.shared.start;
        let (files, checkpoint) = if path.symlink_metadata().is_err() {
            (LaterFolder::new(path, config, start), None)
        } else {
            let claim = RunFolder::claim(path)?;
            let is_same = |checkpoint: &Checkpoint| checkpoint.differences(plan).is_empty();
            let checkpoint = claim.checkpoint().ok().flatten().filter(is_same);
            if checkpoint.is_some()
                && let Some(summary) = claim.summary()?
            {
                return Ok(Found::Whole(Box::new(summary)));
            }
            // Killed when its checkpoint was there and the line of its rung was not yet: it comes to the rung again, from its beginning.
            let is_before = |at: &Checkpoint| until.is_none_or(|until| at.info().epoch < until);
            let checkpoint = checkpoint.filter(is_before);
            let folder = claim.go_on(checkpoint.as_ref(), Some(&config))?;
            if let Some(start) = start {
                folder.keep_start(start)?;
            }
            (LaterFolder::there(folder), checkpoint)
        };
        let elapsed = checkpoint
            .as_ref()
            .map_or_else(Elapsed::default, |from| from.elapsed().clone());
        Ok(Found::Left(Box::new(Begun {
            run,
            plan,
            files,
            checkpoint,
            elapsed,
            until,
            watcher: Silent,
        })))
    }

    /// Trains runs that are at one place of an epoch.
    fn side_by_side(&self, mut begun: Vec<Begun<'_>>, sink: &Mutex<Sink<'_>>) {
        let started = Instant::now();
        let going_on = Arc::new(AtomicUsize::new(begun.len()));
        let (mut of_runs, mut runs) = (Vec::new(), Vec::new());
        for run in &mut begun {
            let Begun {
                run,
                plan,
                files,
                checkpoint,
                elapsed,
                until,
                watcher,
            } = run;
            of_runs.push((*run, *plan, elapsed.sum_s()));
            runs.push(Running {
                plan,
                checkpoint: checkpoint.as_ref(),
                observer: Recorder::new(plan.settings(), files, self.keeping, watcher, elapsed)
                    .beside(Arc::clone(&going_on))
                    .until(*until),
            });
        }
        train::side_by_side(runs, &mut |ends: Vec<End<Recorder<'_>>>| {
            going_on.fetch_sub(ends.len(), Ordering::Relaxed);
            let share = started.elapsed().as_secs_f64() / of_runs.len() as f64;
            let mut ended = Vec::new();
            for end in ends {
                let End {
                    run,
                    observer: recorder,
                    outcome,
                } = end;
                let (run, plan, before) = of_runs[run];
                let (times, best) = (recorder.times(), recorder.best());
                let (ended_by, is_paused) = (recorder.ended_by(), recorder.is_paused());
                let files = recorder.into_files();
                let entry = match outcome {
                    Ok(outcome) => {
                        let summary = Summary::new(plan, &outcome, times, files.path_now());
                        let mut summary = summary.with_best(best).ended_by(ended_by);
                        if self.keeping.keep == Keep::Best {
                            summary = summary.of_best_alone();
                        }
                        summary.total_seconds = before + share;
                        Ok(run.entry(ending(summary, is_paused)))
                    }
                    Err(error) => run.diverged(plan, error),
                };
                ended.push((entry, files));
            }
            locked(sink).take(ended);
        });
    }
}

/// How a run has ended that others have not been compared with yet: where it has paused, it is pruned unless it goes on.
fn ending(summary: Summary, is_paused: bool) -> Ending {
    let (pruned, summary) = (summary.epochs, Box::new(summary));
    match is_paused {
        true => Ending::Pruned(Pruned { pruned, summary }),
        false => Ending::Trained(summary),
    }
}

impl Planned {
    fn entry(&self, ending: Ending) -> Entry {
        Entry {
            run: self.number,
            assigned: self.assignment.to_string(),
            ending,
        }
    }

    /// What the journal says of a run that ended in an error; the error itself where that ends the sweep.
    fn diverged(&self, plan: &Plan<'_>, error: Error) -> Result<Entry> {
        match error {
            Error::Diverged {
                what, epoch, step, ..
            } => Ok(self.entry(Ending::Diverged(Divergence {
                diverged: what.to_owned(),
                epoch,
                step,
                settings: report::by_name(plan.settings()),
            }))),
            error => Err(error),
        }
    }
}

/// A run with its folder.
struct Begun<'a> {
    run: &'a Planned,
    plan: &'a Plan<'a>,
    files: LaterFolder<'a>,
    /// Where it goes on, if a process before this one has begun it.
    checkpoint: Option<Checkpoint>,
    /// What it had taken there.
    elapsed: Elapsed,
    /// The epochs after which it pauses; none where it is trained to its end.
    until: Option<usize>,
    watcher: Silent,
}

/// What there is of a run that is not in the journal.
enum Found<'a> {
    Left(Box<Begun<'a>>),
    Whole(Box<Summary>),
}

/// Whoever watches a run of a sweep: its epochs are not shown.
struct Silent;

impl Watcher for Silent {
    fn show(&mut self, _: &EpochRecord, _: &Times) {}

    fn warn(&mut self, error: &Error) {
        output::warning(format_args!("{error}; the run goes on"));
    }
}
