//! The journal of a sweep: one line of JSON for each run that has ended.
//!
//! Lines are appended in one piece and synced as soon as their runs have ended. A process that is killed leaves whole lines and at most one
//! torn one, which the next process cuts off: a line counts once its end is there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::report::Summary;

/// The journal's name in the folder of a sweep.
pub const JOURNAL: &str = "journal.jsonl";

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the plan, counted from 1.
    pub run: usize,
    /// What the plan says of it, as `learning-rate=0.001 seed=3`.
    pub assigned: String,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ending {
    /// The error or a parameter was not finite any more.
    Diverged(Divergence),
    /// Others were better after as many epochs.
    Pruned(Pruned),
    /// Its network is trained: the summary that `gingham train --json` prints.
    Trained(Box<Summary>),
}

/// A run that was ended because others were better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pruned {
    /// The epochs that it had taken.
    pub pruned: usize,
    /// The summary of the run so far.
    #[serde(flatten)]
    pub summary: Box<Summary>,
}

/// Where a run diverged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// What is not finite.
    pub diverged: String,
    /// The epoch, from 0.
    pub epoch: usize,
    /// The step within the run, from 0.
    pub step: u64,
    /// Every setting by its name in `config.toml`.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Entry {
    /// The summary of a run that did not diverge.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        match &self.ending {
            Ending::Trained(summary) | Ending::Pruned(Pruned { summary, .. }) => Some(summary),
            Ending::Diverged(_) => None,
        }
    }

    /// The epochs after which it was pruned; none where it was not.
    #[must_use]
    pub fn pruned(&self) -> Option<usize> {
        match &self.ending {
            Ending::Pruned(pruned) => Some(pruned.pruned),
            Ending::Trained(_) | Ending::Diverged(_) => None,
        }
    }

    /// The same of a run that was to be pruned, and went on to its end.
    #[cfg(test)]
    pub(super) fn pruned_after(self, pruned: usize) -> Self {
        let ending = match self.ending {
            Ending::Trained(summary) => Ending::Pruned(Pruned { pruned, summary }),
            other => other,
        };
        Self { ending, ..self }
    }

    /// Whether the other one has the same figures, whatever time and machine they took.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let is_same = match (&self.ending, &other.ending) {
            (Ending::Diverged(own), Ending::Diverged(other)) => {
                (&own.diverged, own.epoch, own.step) == (&other.diverged, other.epoch, other.step)
            }
            (Ending::Trained(own), Ending::Trained(other)) => figures(own) == figures(other),
            (Ending::Pruned(own), Ending::Pruned(other)) => {
                own.pruned == other.pruned && figures(&own.summary) == figures(&other.summary)
            }
            _ => false,
        };
        is_same && (self.run, &self.assigned) == (other.run, &other.assigned)
    }
}

/// The figures of a run, as bits: what is not a number is like itself.
fn figures(summary: &Summary) -> (usize, [Option<u64>; 4]) {
    let figures = [
        Some(summary.final_error),
        summary.train_accuracy,
        summary.heldout_accuracy,
        summary.test_accuracy,
    ];
    (
        summary.epochs,
        figures.map(|figure| figure.map(f64::to_bits)),
    )
}

/// The journal while a sweep writes it. It is locked, for one process at a time, and the system lets it go with the process. The runs are on the
/// disk alone: a sweep of many runs takes no more memory than one of few.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal `path`, or begins one, and shows `visit` the runs that have ended, in this order, with the places of their lines. A
    /// line without an end is cut off.
    ///
    /// # Errors
    /// [`Error::InUse`] where another process writes it, [`Error::Read`], [`Error::Write`], and [`Error::Mismatch`] for a line that is no
    /// run's.
    pub fn open(path: &Path, visit: &mut dyn FnMut(Entry, u64)) -> Result<Self> {
        let path = path.to_owned();
        let failed = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            // Where a file system has no locks, a sweep is worth more than the check.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path }),
        }
        let length = each_of(&file, &path, visit)?;
        file.set_len(length).map_err(failed)?;
        Ok(Self { path, file })
    }

    /// The run whose line stands at `place`.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Mismatch`] where there is no such line.
    pub fn entry(&self, place: u64) -> Result<Entry> {
        let (path, mut file) = (&self.path, &self.file);
        let failed = |source| Error::Read {
            path: path.clone(),
            source,
        };
        file.seek(SeekFrom::Start(place)).map_err(failed)?;
        let mut line = Vec::new();
        let read = BufReader::new(file).read_until(b'\n', &mut line);
        read.map_err(failed)?;
        serde_json::from_slice(&line).map_err(|error| Error::Mismatch {
            path: path.clone(),
            expected: format!("the line of a run at byte {place}"),
            found: error.to_string(),
        })
    }

    /// Adds runs that have ended at the same moment. When this returns, their lines are on the disk. Returns the places of the lines.
    ///
    /// # Errors
    /// [`Error::Write`]; what was written of the lines is then taken back, as far as the disk lets it.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<u64>> {
        let (mut lines, mut places) = (String::new(), Vec::new());
        for entry in entries {
            places.push(lines.len() as u64);
            lines += &serde_json::to_string(entry).expect("plain fields");
            lines.push('\n');
        }
        let written = |file: &mut File| -> io::Result<u64> {
            let length = file.seek(SeekFrom::End(0))?;
            file.write_all(lines.as_bytes())
                .and_then(|()| file.sync_data())
                .inspect_err(|_| {
                    let _ = file.set_len(length); // the error that is told is the first one
                })?;
            Ok(length)
        };
        let length = written(&mut self.file).map_err(|source| Error::Write {
            path: self.path.clone(),
            source,
        })?;
        Ok(places.into_iter().map(|place| length + place).collect())
    }
}

/// The runs that the journal in `folder` has so far, also while a sweep writes it.
///
/// # Errors
/// [`Error::Read`], and [`Error::Mismatch`] for a line that is no run's.
pub fn read(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    each(folder, &mut |entry| entries.push(entry))?;
    Ok(entries)
}

/// Shows `visit` the same runs one by one.
///
/// # Errors
/// Those of [`read`].
pub fn each(folder: &Path, visit: &mut dyn FnMut(Entry)) -> Result<()> {
    let path = folder.join(JOURNAL);
    match File::open(&path) {
        Ok(file) => each_of(&file, &path, &mut |entry, _| visit(entry)).map(drop),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// Shows `visit` the runs of the lines that have an end, and returns the number of bytes of these lines.
fn each_of(file: &File, path: &Path, visit: &mut dyn FnMut(Entry, u64)) -> Result<u64> {
    let mut file = BufReader::new(file);
    let (mut line, mut number, mut length) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line);
        let read = read.map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        if line.pop() != Some(b'\n') {
            return Ok(length);
        }
        let place = length;
        (number, length) = (number + 1, length + read as u64);
        if line.is_empty() {
            continue;
        }
        let entry = serde_json::from_slice(&line).map_err(|error| Error::Mismatch {
            path: path.to_owned(),
            expected: format!("a line of JSON for each run of a sweep, also in line {number}"),
            found: error.to_string(),
        })?;
        visit(entry, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: usize) -> Entry {
        Entry {
            run,
            assigned: format!("seed={run}"),
            ending: Ending::Diverged(Divergence {
                diverged: "error".to_owned(),
                epoch: 1,
                step: 30,
                settings: serde_json::Map::new(),
            }),
        }
    }

    fn opened(folder: &Path) -> Result<(Journal, Vec<Entry>)> {
        let mut entries = Vec::new();
        let journal = Journal::open(&folder.join(JOURNAL), &mut |entry, _| entries.push(entry))?;
        Ok((journal, entries))
    }

    #[test]
    fn a_torn_line_is_cut_off_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL);
        let (mut journal, _) = opened(folder.path()).unwrap();
        journal.append(&[entry(1)]).unwrap();
        journal.append(&[entry(2)]).unwrap();
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        let first = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let whole = usize::from(length >= first) + usize::from(length == bytes.len());
            assert_eq!(read(folder.path()).unwrap().len(), whole, "{length}");
            let (mut journal, entries) = opened(folder.path()).unwrap();
            assert_eq!(entries.len(), whole, "{length}");
            journal.append(&[entry(3)]).unwrap();
            drop(journal);
            let runs: Vec<usize> = read(folder.path())
                .unwrap()
                .iter()
                .map(|entry| entry.run)
                .collect();
            assert_eq!(runs, [&[1, 2][..whole], &[3]].concat(), "{length}");
        }
    }

    #[test]
    fn one_process_writes_and_any_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = opened(folder.path()).unwrap();
        journal.append(&[entry(1)]).unwrap();
        assert_eq!(read(folder.path()).unwrap(), [entry(1)]);
        let second = opened(folder.path());
        assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
        drop(journal);
        assert_eq!(opened(folder.path()).unwrap().1, [entry(1)]);
    }

    #[test]
    fn other_lines_are_told_by_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL);
        let good = serde_json::to_string(&entry(1)).unwrap();
        for bad in [
            "{}",
            "[1, 2]",
            "\u{0}\u{ff}",
            "{\"run\": 1, \"assigned\": \"\"}",
        ] {
            std::fs::write(&path, format!("{good}\n{bad}\n")).unwrap();
            let error = opened(folder.path()).unwrap_err().to_string();
            assert!(error.contains("also in line 2"), "{bad}: {error}");
            let after = std::fs::read_to_string(&path).unwrap();
            assert_eq!(after, format!("{good}\n{bad}\n"), "nothing is lost");
        }
    }
}
