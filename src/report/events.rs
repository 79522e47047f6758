//! The run's metrics as TensorBoard reads them: an event file in the run's folder.
//!
//! | tag | what | unit |
//! |---|---|---|
//! | `error` | the epoch's error | as in `metrics.jsonl` |
//! | `train_accuracy` | accuracy on the training images, where evaluated | 0..=1 |
//! | `heldout_accuracy` | accuracy on the held-out images, where evaluated | 0..=1 |
//! | `heldout_loss` | mean loss of the held-out images, where evaluated | |
//! | `learning_rate` | that of the epoch's last step | |
//! | `gradient_norm` | the norm of the gradient of its last mini-batch's objective | |
//! | `images_per_second` | training images a second of this epoch, evaluation not counted | 1/s |
//!
//! The step is the epoch, from 0, and each event has the time of day at which its epoch ended. The format
//! stores scalars as f32. TensorFlow puts a time and a host into the file's name; here the name is always the same, since a run has a
//! folder of its own.
//!
//! The file is a TFRecord file whose messages are `tensorflow.Event`. Source: `event.proto` and `summary.proto` of TensorFlow.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::record::EpochRecord;
use crate::error::{Error, Result};
use crate::formats::protobuf::Message;
use crate::formats::tfrecord;

/// The event file's name: TensorBoard takes what has `tfevents` in it.
pub(super) const EVENTS_FILE: &str = "events.out.tfevents.gingham";

/// An event file while the run writes it. Each epoch is in the file as soon as it is appended.
#[derive(Debug)]
pub(super) struct EventLog {
    path: PathBuf,
    file: File,
    images_per_epoch: usize,
    /// [`EpochRecord::seconds`] of the epoch before.
    seconds: f64,
}

impl EventLog {
    /// A new event file at `path`, in the place of an older one.
    pub(super) fn create(path: PathBuf, images_per_epoch: usize) -> Result<Self> {
        let file = match File::create(&path) {
            Ok(file) => file,
            Err(source) => return Err(Error::Write { path, source }),
        };
        let mut log = Self {
            path,
            file,
            images_per_epoch,
            seconds: 0.0,
        };
        log.write(&version(now_s()))?;
        Ok(log)
    }

    /// Appends an epoch.
    pub(super) fn append(&mut self, record: &EpochRecord) -> Result<()> {
        let images_per_s = self.images_per_epoch as f64 / (record.seconds - self.seconds);
        self.seconds = record.seconds;
        self.write(&epoch(record, images_per_s, now_s()))
    }

    /// Waits until the file is on the disk.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|source| Error::Write {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&mut self, event: &Message) -> Result<()> {
        self.file
            .write_all(&tfrecord::record(event.bytes()))
            .map_err(|source| Error::Write {
                path: self.path.clone(),
                source,
            })
    }
}

/// The time of day in seconds since 1970.
fn now_s() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// The event that every event file begins with: the version of the format.
fn version(time_s: f64) -> Message {
    Message::default()
        .double(1, time_s)
        .text(3, "brain.Event:2")
}

/// The event of an epoch.
fn epoch(record: &EpochRecord, images_per_s: f64, time_s: f64) -> Message {
    let mut summary = Message::default();
    for (tag, value) in [
        ("error", Some(record.error)),
        ("train_accuracy", record.train_accuracy),
        ("heldout_accuracy", record.heldout_accuracy),
        ("heldout_loss", record.heldout_loss),
        ("learning_rate", record.learning_rate),
        ("gradient_norm", record.gradient_norm),
        ("images_per_second", Some(images_per_s)),
    ] {
        if let Some(value) = value {
            let value = Message::default().text(1, tag).float(2, value as f32);
            summary = summary.message(1, &value);
        }
    }
    Message::default()
        .double(1, time_s)
        .integer(2, record.epoch as i64)
        .message(5, &summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_is_tensorflows() {
        // Every event file of TensorFlow begins with the length 24 and its checksum.
        let record = tfrecord::record(version(1.0).bytes());
        assert_eq!(record[..8], 24_u64.to_le_bytes());
        assert_eq!(record[8..12], [0xa3, 0x7f, 0x4b, 0x22]);
    }

    #[test]
    fn what_was_not_evaluated_is_left_out() {
        let mut record = EpochRecord {
            epoch: 3,
            error: 2.0,
            train_accuracy: None,
            heldout_accuracy: None,
            seconds: 1.0,
            heldout_loss: None,
            learning_rate: None,
            gradient_norm: Some(0.5),
            images_per_second: None,
        };
        let count = |record: &EpochRecord| {
            let event = epoch(record, 5.0, 0.0);
            let has = |tag: &str| {
                event
                    .bytes()
                    .windows(tag.len())
                    .any(|at| at == tag.as_bytes())
            };
            [
                "error",
                "train_accuracy",
                "heldout_accuracy",
                "heldout_loss",
                "learning_rate",
                "gradient_norm",
                "images_per_second",
            ]
            .map(has)
        };
        assert_eq!(
            count(&record),
            [true, false, false, false, false, true, true]
        );
        record.train_accuracy = Some(0.5);
        record.heldout_loss = Some(2.0);
        assert_eq!(count(&record), [true, true, false, true, false, true, true]);
    }
}
