//! The runs of a sweep: those that see the same mini-batches side by side, group after group.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gingham::data::Dataset;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::report::{
    self, EpochRecord, Keep, Keeping, LaterFolder, Recorder, RunFiles, RunFolder, Summary, Times,
    Watcher,
};
use gingham::sweep::{Assignment, Divergence, Ending, Entry, Metric, SweepFolder, ranked};
use gingham::train::{self, Checkpoint, Elapsed, End, Plan, Running, Start, TrainOptions};

use super::shown::Progress;
use crate::cli::base;
use crate::cli::output::{self, Output};
use crate::cli::train as single;

/// The signal by which runs are stopped when one beside them cannot be kept.
const SIGTERM: usize = 15;

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
    /// Trains what has not ended yet, group after group; the runs of a group are trained side by side.
    pub fn all(
        &self,
        planned: &[Planned],
        groups: &[Vec<usize>],
        folder: &mut SweepFolder,
    ) -> anyhow::Result<()> {
        for entry in folder.entries() {
            self.print(entry)?;
        }
        let ended: HashSet<usize> = folder.entries().iter().map(|entry| entry.run).collect();
        let is_left = |run: &&Planned| !ended.contains(&run.number);
        if !ended.is_empty() {
            self.output.note(format_args!(
                "going on: {} of {} runs have ended, {} are left",
                ended.len(),
                planned.len(),
                planned.iter().filter(is_left).count()
            ));
        }
        let counts = [planned.len(), ended.len()];
        let best = ranked(self.metric, folder.entries()).first().copied();
        let progress = Progress::new(counts, best.cloned(), self.output);
        let mut sink = Sink {
            sweep: self,
            folder,
            progress,
            failure: None,
        };
        for group in groups {
            let runs = group.iter().map(|&run| &planned[run]);
            let left: Vec<&Planned> = runs.filter(is_left).collect();
            self.group(&left, &mut sink)?;
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

    /// Trains runs that see the same mini-batches, or goes on with them, each in its own folder.
    fn group(&self, runs: &[&Planned], sink: &mut Sink<'_>) -> anyhow::Result<()> {
        let mut plans = Vec::new();
        for run in runs {
            plans.push(self.shared.plan(run)?);
        }
        // Runs that stopped at different places go on apart.
        let mut places: BTreeMap<(usize, usize), Vec<Begun<'_>>> = BTreeMap::new();
        for (run, plan) in runs.iter().zip(&plans) {
            let path = sink.folder.run_dir(run.number);
            match self.begin(run, plan, &path)? {
                Found::Left(begun) => {
                    let info = begun.checkpoint.as_ref().map(Checkpoint::info);
                    let place = info.map(|info| (info.epoch, info.batch));
                    places
                        .entry(place.unwrap_or_default())
                        .or_default()
                        .push(*begun);
                }
                // The process was killed between the end of the run and its line in the journal.
                Found::Whole(summary) => sink.end(vec![run.entry(Ending::Trained(summary))])?,
            }
        }
        places
            .into_values()
            .try_for_each(|begun| self.side_by_side(begun, sink))
    }

    /// Begins a run, or opens the folder that a process before this one has begun. What another version has begun is begun anew.
    fn begin<'a>(
        &'a self,
        run: &'a Planned,
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
            watcher: Silent,
        })))
    }

    /// Trains runs that are at one place of an epoch.
    fn side_by_side(&self, mut begun: Vec<Begun<'_>>, sink: &mut Sink<'_>) -> anyhow::Result<()> {
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
                watcher,
            } = run;
            of_runs.push((*run, *plan, elapsed.sum_s()));
            runs.push(Running {
                plan,
                checkpoint: checkpoint.as_ref(),
                observer: Recorder::new(plan.settings(), files, self.keeping, watcher, elapsed)
                    .beside(Arc::clone(&going_on)),
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
                let ended_by = recorder.ended_by();
                let files = recorder.into_files();
                let entry = match outcome {
                    Ok(outcome) => {
                        let summary = Summary::new(plan, &outcome, times, files.path_now());
                        let mut summary = summary.with_best(best).ended_by(ended_by);
                        if self.keeping.keep == Keep::Best {
                            summary = summary.of_best_alone();
                        }
                        summary.total_seconds = before + share;
                        Ok(run.entry(Ending::Trained(Box::new(summary))))
                    }
                    Err(error) => run.diverged(plan, error),
                };
                ended.push((entry, files));
            }
            sink.take(ended);
        });
        sink.failure.take().map_or(Ok(()), Err)
    }
}

/// Where the runs of a sweep end.
struct Sink<'a> {
    sweep: &'a Sweep<'a>,
    folder: &'a mut SweepFolder,
    progress: Progress,
    /// What ends the sweep.
    failure: Option<anyhow::Error>,
}

impl Sink<'_> {
    /// Takes what became of runs that have ended together. The first failure stops all runs beside them.
    fn take(&mut self, ended: Vec<(Result<Entry>, &mut dyn RunFiles)>) {
        let (mut entries, mut files) = (Vec::new(), Vec::new());
        for (entry, of_run) in ended {
            match entry {
                Ok(entry) => {
                    entries.push(entry);
                    files.push(of_run);
                }
                Err(error) => self.fail(error.into()),
            }
        }
        if let Err(error) = self.keep(&entries, files).and_then(|()| self.end(entries)) {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: anyhow::Error) {
        if self.failure.is_some() {
            return;
        }
        if let Some(Error::Stopped { .. }) = error.downcast_ref::<Error>() {
            let note = "the sweep itself goes on by the same command, where its runs have stopped";
            self.sweep.output.note(note);
        } else {
            self.sweep.keeping.signal.store(SIGTERM, Ordering::Relaxed);
        }
        self.failure = Some(error);
    }

    /// Makes the folders of the runs that are among the best whole.
    fn keep(&self, entries: &[Entry], files: Vec<&mut dyn RunFiles>) -> anyhow::Result<()> {
        let Sweep { top, metric, .. } = *self.sweep;
        let kept = self.folder.kept_of(entries, top, metric);
        for (entry, files) in entries.iter().zip(files) {
            if let Some(summary) = entry.summary().filter(|_| kept.contains(&entry.run)) {
                files.folder()?.finish(summary)?;
            }
        }
        Ok(())
    }

    /// Writes down runs that have ended.
    fn end(&mut self, entries: Vec<Entry>) -> anyhow::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let Sweep { top, metric, .. } = *self.sweep;
        self.folder.end(entries.clone(), top, metric)?;
        for entry in &entries {
            self.sweep.print(entry)?;
            self.progress.show(entry, metric);
        }
        Ok(())
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
