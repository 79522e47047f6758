//! Where the runs of a sweep end: in the journal, and those that are among the best in their folders.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use gingham::error::{Error, Result};
use gingham::report::RunFiles;
use gingham::sweep::{Ending, Entry, Metric, Rung, SweepFolder};

use super::shown::Progress;
use crate::cli::output::Output;

/// The signal by which runs are stopped when one beside them cannot be kept.
const SIGTERM: usize = 15;
/// What is expected of whoever has the sink.
const CALM: &str = "nobody panics with it";

/// How runs that end are shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// What they are compared by.
    pub metric: Metric,
    /// Whether the journal's lines go to stdout.
    pub json: bool,
    pub output: Output,
}

/// Where the runs of a sweep end.
pub struct Sink<'a> {
    shown: Shown,
    pub folder: &'a mut SweepFolder,
    progress: Progress,
    /// What stops the runs.
    pub signal: Arc<AtomicUsize>,
    /// The rung that runs are on their way to; none where they are trained to their end.
    pub rung: Option<Rung>,
    /// What ends the sweep.
    failure: Option<anyhow::Error>,
}

impl<'a> Sink<'a> {
    /// For so many runs. Those that have ended before are printed, and counted in a note.
    pub fn new(runs: usize, folder: &'a mut SweepFolder, shown: Shown) -> anyhow::Result<Self> {
        let Shown { json, output, .. } = shown;
        let mut printed = Ok(());
        if json {
            folder.each(&mut |entry| {
                if printed.is_ok() {
                    printed = print(&entry, output);
                }
            })?;
        }
        printed?;
        let ended = folder.ended();
        if ended > 0 {
            let left = runs - ended;
            output.note(format_args!(
                "going on: {ended} of {runs} runs have ended, {left} are left"
            ));
        }
        let best = folder.best().first().cloned();
        Ok(Self {
            shown,
            progress: Progress::new([runs, ended], best, output),
            folder,
            signal: Arc::default(),
            rung: None,
            failure: None,
        })
    }

    /// Takes what became of runs that have ended together. The first failure stops all runs beside them.
    pub fn take(&mut self, ended: Vec<(Result<Entry>, &mut dyn RunFiles)>) {
        let mut taken = Vec::new();
        for (entry, files) in ended {
            match entry {
                Ok(entry) => taken.push((entry, files)),
                Err(error) => self.fail(error.into()),
            }
        }
        if let Err(error) = self.put_down(taken) {
            self.fail(error);
        }
    }

    /// Takes a run that had ended in its folder, and of which the journal knows nothing.
    pub fn take_whole(&mut self, entry: Entry) -> anyhow::Result<()> {
        let standing = entry.standing(self.shown.metric);
        self.end(vec![entry])?;
        let out = self.rung.as_mut().and_then(|rung| rung.take(standing));
        self.prune(out.map(|standing| standing.run))
    }

    /// The first failure, if there was one.
    pub fn outcome(&mut self) -> anyhow::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Whether something has ended the sweep.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Takes what ends the sweep; the first one stops all runs.
    pub fn fail(&mut self, error: anyhow::Error) {
        if self.failure.is_some() {
            return;
        }
        if let Some(Error::Stopped { .. }) = error.downcast_ref::<Error>() {
            let note = "the sweep itself goes on by the same command, where its runs have stopped";
            self.shown.output.note(note);
        } else {
            self.signal.store(SIGTERM, Ordering::Relaxed);
        }
        self.failure = Some(error);
    }

    /// Writes down runs that have ended or have paused at the rung. Of the latter those are pruned that do not go on; what the others have come
    /// to is in their folders then.
    fn put_down(&mut self, taken: Vec<(Entry, &mut dyn RunFiles)>) -> anyhow::Result<()> {
        let has_paused = |(entry, _): &(Entry, &mut dyn RunFiles)| entry.pruned().is_some();
        let (paused, over): (Vec<_>, Vec<_>) = taken.into_iter().partition(has_paused);
        let (over, files): (Vec<Entry>, Vec<_>) = over.into_iter().unzip();
        let (paused, paused_files): (Vec<Entry>, Vec<_>) = paused.into_iter().unzip();
        self.keep(&over, files)?;
        let mut out = Vec::new();
        if let Some(rung) = &mut self.rung {
            // A run that is killed before its checkpoint is there has its figure all the same, and repeats its steps.
            self.folder.rungs().reach(&paused)?;
            for entry in over.iter().chain(&paused) {
                let standing = entry.standing(self.shown.metric).at_rung();
                out.extend(rung.take(standing).map(|standing| standing.run));
            }
        }
        for (entry, files) in paused.iter().zip(paused_files) {
            match out.contains(&entry.run) {
                true => calm(files),
                false => files.folder()?.settle()?,
            }
        }
        self.end(over)?;
        self.prune(out)
    }

    /// Writes down that runs are pruned, after as many epochs as they have come to; of those that have ended already nothing.
    pub fn prune(&mut self, out: impl IntoIterator<Item = usize>) -> anyhow::Result<()> {
        let mut pruned = Vec::new();
        for run in out {
            let rungs = self.folder.rungs();
            if !rungs.is_over(run) {
                pruned.push(rungs.entry(run)?);
            }
        }
        self.end(pruned)
    }

    /// Makes the folders of the runs that are among the best whole.
    fn keep(&self, entries: &[Entry], files: Vec<&mut dyn RunFiles>) -> anyhow::Result<()> {
        let kept = self.folder.kept_of(entries);
        for (entry, files) in entries.iter().zip(files) {
            match &entry.ending {
                Ending::Trained(summary) if kept.contains(&entry.run) => {
                    files.folder()?.finish(summary)?;
                }
                _ => calm(files),
            }
        }
        Ok(())
    }

    /// Writes down runs that have ended.
    fn end(&mut self, entries: Vec<Entry>) -> anyhow::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.folder.end(&entries)?;
        for entry in &entries {
            if self.shown.json {
                print(entry, self.shown.output)?;
            }
            self.progress.show(entry, self.shown.metric);
        }
        Ok(())
    }
}

/// The sink, for whoever has something for it; the others wait.
pub fn locked<'l, 'a>(sink: &'l Mutex<Sink<'a>>) -> MutexGuard<'l, Sink<'a>> {
    sink.lock().expect(CALM)
}

/// The sink where nobody else has it.
pub fn own<'l, 'a>(sink: &'l mut Mutex<Sink<'a>>) -> &'l mut Sink<'a> {
    sink.get_mut().expect(CALM)
}

/// Waits until nothing is written to the folder of a run any more, if there is one, so that it can be removed. What could not be written there
/// is of no use to anybody.
fn calm(files: &mut dyn RunFiles) {
    if let Some(folder) = files.present() {
        let _ = folder.settle();
    }
}

/// Prints a line of the journal.
fn print(entry: &Entry, output: Output) -> anyhow::Result<()> {
    output.result(serde_json::to_string(entry)?)
}
