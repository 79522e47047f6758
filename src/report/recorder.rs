//! The observer of a recorded run: it measures time, writes the folder, keeps checkpoints and the best model, and looks for signals.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::files::{BEST, CHECKPOINT};
use super::keeping::{Every, Keep, Keeping, OnSaveError};
use super::later::RunFiles;
use super::record::{Best, EpochRecord};
use super::summary::{EndedBy, Times};
use crate::error::{Error, Result};
use crate::model::AnyModel;
use crate::train::{Elapsed, EpochEnd, Metric, Observer, Span, StepEnd, Stopping, TrainOptions};

/// Who is told how a recorded run goes.
pub trait Watcher: Send {
    /// An epoch is over.
    fn show(&mut self, record: &EpochRecord, times: &Times);

    /// Something could not be saved, and the run goes on.
    fn warn(&mut self, error: &Error);
}

/// The observer of a recorded run.
pub struct Recorder<'a> {
    files: &'a mut dyn RunFiles,
    keeping: &'a Keeping,
    watcher: &'a mut dyn Watcher,
    last: Instant,
    times: Times,
    /// How many runs are trained side by side.
    going_on: Option<Arc<AtomicUsize>>,
    metric: Metric,
    max_time: Option<Duration>,
    best: Option<Best>,
    /// What ended the run, where that is not its plan.
    ended_by: Option<EndedBy>,
    /// The epochs after which it pauses.
    until: Option<usize>,
    is_paused: bool,
    /// When the last checkpoint was begun.
    saved: Instant,
    /// The failures that were told: each is told once.
    told: Vec<String>,
}

impl<'a> Recorder<'a> {
    /// A recorder of a run of these settings. Its clock starts now, and for a run that goes on at `elapsed`, where the run had stopped.
    pub fn new(
        settings: &TrainOptions,
        files: &'a mut dyn RunFiles,
        keeping: &'a Keeping,
        watcher: &'a mut dyn Watcher,
        elapsed: &Elapsed,
    ) -> Self {
        let times = Times {
            prepare_s: elapsed.prepare_s,
            train_s: elapsed.train_s,
            evaluation_s: elapsed.evaluation_s,
            total_s: 0.0,
        };
        let metric = settings.metric();
        let records = files.records().iter();
        let best = records.fold(None, |best, record| Best::or(best, record, metric));
        Self {
            files,
            keeping,
            watcher,
            last: Instant::now(),
            times,
            going_on: None,
            metric,
            max_time: settings.max_time.map(Span::duration),
            best,
            ended_by: None,
            until: None,
            is_paused: false,
            saved: Instant::now(),
            told: Vec::new(),
        }
    }

    /// The same of a run that is trained side by side with others: its time is its share of theirs. `going_on` says how many they are, itself
    /// included.
    #[must_use]
    pub fn beside(self, going_on: Arc<AtomicUsize>) -> Self {
        let going_on = Some(going_on);
        Self { going_on, ..self }
    }

    /// The same of a run that pauses after so many epochs in all, where it has more: it ends there, with a checkpoint from which it can go on.
    #[must_use]
    pub fn until(self, until: Option<usize>) -> Self {
        Self { until, ..self }
    }

    /// Whether the run has ended by pausing.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Where the run's files are put; the recorder has done its work.
    #[must_use]
    pub fn into_files(self) -> &'a mut dyn RunFiles {
        self.files
    }

    /// The time that was spent so far, that before a stop included.
    #[must_use]
    pub fn times(&self) -> Times {
        self.times
    }

    /// The epoch whose network is kept as the best; none where none is.
    #[must_use]
    pub fn best(&self) -> Option<Best> {
        self.best.filter(|_| self.keeping.keep != Keep::Last)
    }

    /// What ended the run before its plan did; none where nothing did.
    #[must_use]
    pub fn ended_by(&self) -> Option<EndedBy> {
        self.ended_by
    }

    /// The run's folder, by the name that it has now.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.files.path_now()
    }

    /// The seconds since the last call.
    fn lap(&mut self) -> f64 {
        let lap = self.since();
        self.last = Instant::now();
        lap
    }

    /// The run's share of the seconds since the last lap.
    fn since(&self) -> f64 {
        let going_on = self.going_on.as_ref();
        let runs = going_on.map_or(1, |runs| runs.load(Ordering::Relaxed).max(1));
        self.last.elapsed().as_secs_f64() / runs as f64
    }

    /// The time so far, in the middle of an epoch or after one.
    fn elapsed(&self, of_epoch_s: f64) -> Elapsed {
        let records = self.files.records().iter();
        Elapsed {
            prepare_s: self.times.prepare_s,
            train_s: self.times.train_s + of_epoch_s,
            evaluation_s: self.times.evaluation_s,
            epochs_s: records.map(|record| record.seconds).collect(),
        }
    }

    /// Ends the run at a failure or goes on, as was asked for.
    fn settle(&mut self, failures: impl IntoIterator<Item = Error>) -> Result<()> {
        for error in failures {
            if self.keeping.on_error == OnSaveError::Stop {
                return Err(error);
            }
            let text = error.to_string();
            if !self.told.contains(&text) {
                self.watcher.warn(&error);
                self.told.push(text);
            }
        }
        Ok(())
    }

    /// Whether as many evaluations as there is patience for have found nothing better than the best.
    fn is_out_of_patience(&self) -> bool {
        let Some(patience) = self.keeping.patience else {
            return false;
        };
        let stopping = Stopping {
            patience,
            min_delta: 0.0,
            metric: self.metric,
        };
        let records = self.files.records().iter();
        stopping.is_over(records.map(EpochRecord::figures))
    }

    /// Whether the time that the run may take is over, that before a stop included.
    fn is_out_of_time(&self) -> bool {
        let taken_s = self.times.prepare_s + self.times.train_s + self.times.evaluation_s;
        let is_over = |most: Duration| taken_s >= most.as_secs_f64();
        self.max_time.is_some_and(is_over)
    }

    /// The signal that asks to stop.
    fn signal(&self) -> Option<u8> {
        let signal = self.keeping.signal.load(Ordering::Relaxed);
        u8::try_from(signal).ok().filter(|&signal| signal != 0)
    }

    /// Saves the run as it is between two steps, and ends it.
    fn stop(&mut self, at: Stop, checkpoint: Result<Vec<u8>>, model: &AnyModel) -> Error {
        match checkpoint {
            Ok(checkpoint) => self.files.put(CHECKPOINT, checkpoint),
            Err(error) => return error,
        }
        let folder = match self.files.folder() {
            Ok(folder) => folder,
            Err(error) => return error,
        };
        let model = folder.write_model(model);
        let failures = folder.writer().flush();
        let synced = folder.sync();
        match model
            .err()
            .into_iter()
            .chain(failures)
            .chain(synced.err())
            .next()
        {
            Some(error) => error,
            None => Error::Stopped {
                folder: folder.path_now(),
                signal: name_of(at.signal),
                number: at.signal,
                epoch: at.epoch,
                batch: at.batch,
                step: at.step,
            },
        }
    }
}

/// Where a signal stopped a run.
struct Stop {
    signal: u8,
    epoch: usize,
    batch: usize,
    step: u64,
}

impl Observer for Recorder<'_> {
    fn prepared(&mut self) {
        self.times.prepare_s += self.lap();
    }

    fn stepped(&mut self, step: &StepEnd<'_>) -> Result<()> {
        if let Some(signal) = self.signal() {
            let elapsed = self.elapsed(self.since());
            let at = Stop {
                signal,
                epoch: step.epoch,
                batch: step.batch,
                step: step.step,
            };
            return Err(self.stop(at, step.checkpoint(&elapsed), &step.model()));
        }
        if let Every::Time(time) = self.keeping.every
            && self.saved.elapsed() >= time
        {
            self.saved = Instant::now();
            let elapsed = self.elapsed(self.since());
            let checkpoint = step.checkpoint(&elapsed)?;
            self.files.put(CHECKPOINT, checkpoint);
            let made = self.files.folder().err();
            self.settle(made)?;
        }
        Ok(())
    }

    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        self.times.train_s += self.lap();
        Ok(())
    }

    fn ends_here(&mut self) -> bool {
        if self.is_out_of_time() {
            self.ended_by = Some(EndedBy::MaxTime);
        }
        self.ended_by.is_some()
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let (images, before) = (end.training_samples, self.files.records().last());
        let record = EpochRecord::new(&end.figures(), self.times.train_s, Some(images), before);
        self.times.evaluation_s += self.lap();
        let appended = self.files.append(&record);
        self.settle(appended.err())?;
        let best = Best::or(self.best, &record, self.metric);
        if best != self.best {
            self.best = best;
            if self.keeping.keep != Keep::Last {
                self.files.put(BEST, end.model().bytes());
            }
        }
        let is_due = match self.keeping.every {
            Every::Epochs(epochs) => (end.epoch + 1).is_multiple_of(epochs),
            Every::Never | Every::Time(_) => false,
        };
        // A run that ends here has no checkpoint of its end: one that is killed before it is whole goes on from an earlier one, to this end.
        let is_last = end.is_last || self.ended_by.is_some();
        if !is_last {
            let no_time = self.is_out_of_time().then_some(EndedBy::MaxTime);
            let no_patience = self.is_out_of_patience();
            self.ended_by = no_patience.then_some(EndedBy::Patience).or(no_time);
        }
        let is_over = !end.is_last && self.ended_by.is_some();
        let is_due = is_due && !is_over;
        self.is_paused = !end.is_last && !is_over && self.until == Some(end.epoch + 1);
        if is_due || is_last || self.is_paused {
            let checkpoint = end.checkpoint(&self.elapsed(0.0))?;
            self.files.put(CHECKPOINT, checkpoint);
        }
        let made = if is_due {
            self.files.folder().err()
        } else {
            None
        };
        self.settle(made)?;
        let failures = self
            .files
            .present()
            .map(|folder| folder.writer().failures());
        self.settle(failures.into_iter().flatten())?;
        self.watcher.show(&record, &self.times);
        if is_over || self.is_paused {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(signal) = self.signal() {
            let at = Stop {
                signal,
                epoch: end.epoch + 1,
                batch: 0,
                step: end.step,
            };
            return Err(self.stop(at, end.checkpoint(&self.elapsed(0.0)), &end.model()));
        }
        self.last = Instant::now();
        Ok(ControlFlow::Continue(()))
    }

    /// Saves the network before the test samples are looked at: whatever is wrong with these, it is there.
    fn finished(&mut self, model: &AnyModel) -> Result<()> {
        if self.keeping.keep == Keep::Best {
            return self
                .files
                .present()
                .map_or(Ok(()), |folder| folder.remove_model());
        }
        self.files.put_model(model)
    }
}

/// The name of a signal that asks to stop.
fn name_of(signal: u8) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        15 => "SIGTERM",
        _ => "a signal",
    }
}
