//! The folder of a sweep.
//!
//! ```text
//! sweep.json       what the sweep is: the settings that hold for every run, what is swept, how many runs there are, which shard this is
//! journal.jsonl    a line for each run that has ended
//! rungs.jsonl      with halving: a line for each run that has reached a rung
//! runs/00012       the folder of a run, as `gingham train` writes it: of the best runs, and of the one that is under way
//! ```

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{self, Entry, JOURNAL, Journal};
use super::ranking::Standing;
use super::rungs::Rungs;
use super::shard::Shard;
use crate::data;
use crate::durable;
use crate::error::{Error, Result};
use crate::quote;
use crate::train::Metric;

/// The name of the file that says what a sweep is.
pub const SWEEP: &str = "sweep.json";
/// The best runs whose figures a sweep has at hand while it runs.
pub const BEST: usize = 10;
/// The folder of its runs' folders.
const RUNS: &str = "runs";

/// What a sweep is. Two that are equal have the same runs in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The settings that hold for every run, by their names in `config.toml`.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The settings that are swept, in the order of the plan.
    pub swept: Vec<String>,
    /// How many runs there are in the whole plan.
    pub runs: u64,
    /// SHA-256 of what the plan says of each run, line by line.
    pub assigned_sha256: String,
    /// The part of the plan that is trained in this folder; none where all of it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

impl Identity {
    /// The whole sweep with these settings for every run, in which `swept` differ as `assigned` says of each run.
    #[must_use]
    pub fn new(
        settings: serde_json::Map<String, serde_json::Value>,
        swept: Vec<String>,
        assigned: impl Iterator<Item = String>,
    ) -> Self {
        let (mut runs, mut lines) = (0, String::new());
        for line in assigned {
            lines += &line;
            lines.push('\n');
            runs += 1;
        }
        Self {
            settings,
            swept,
            runs,
            assigned_sha256: data::sha256(lines.as_bytes()),
            shard: None,
        }
    }

    /// The sweep that this one is a shard of.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.shard = None;
        self
    }

    /// In what another sweep differs from this one, in words; none where it does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let names = self.settings.keys().chain(other.settings.keys());
        let differs = |name: &&String| self.settings.get(*name) != other.settings.get(*name);
        let mut names: Vec<&str> = names.filter(differs).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if (&self.swept, self.runs, &self.assigned_sha256)
            != (&other.swept, other.runs, &other.assigned_sha256)
        {
            names.push("what is swept");
        }
        if self.shard != other.shard {
            names.push("shard");
        }
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// Which runs are the best, and how many of them keep their folders.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What decides.
    pub metric: Metric,
    /// How many folders are kept.
    pub top: usize,
    /// Whether runs are pruned at rungs.
    pub halves: bool,
}

/// The folder of a sweep while the sweep writes it. Of most runs it remembers nothing: the journal has them.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    journal: Journal,
    choice: Choice,
    /// The runs that had ended before this was opened.
    before: HashSet<usize>,
    /// How many have ended.
    ended: usize,
    /// The best of these, the best one first.
    best: Vec<Entry>,
    /// Runs that have ended and whose folders are there.
    kept: Vec<Standing>,
    /// What is known of rungs, where runs are pruned there.
    rungs: Option<Rungs>,
}

impl SweepFolder {
    /// Makes the folder of a sweep, or opens that of the same sweep to go on in it. Then folders of runs that are not among the best are removed.
    ///
    /// # Errors
    /// [`Error::Setting`] for the folder of another sweep, [`Error::Exists`] for one that is no sweep's, [`Error::InUse`] where another
    /// process writes it, and those of [`Journal::open`].
    pub fn open(path: &Path, identity: &Identity, choice: Choice) -> Result<Self> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let file = path.join(SWEEP);
        if path.to_str().is_none() {
            return Err(Error::Setting {
                setting: "out",
                reason: format!("expected a name in UTF-8, found {}", quote::path(path)),
            });
        }
        if path.symlink_metadata().is_err() || durable::is_without_files(path) {
            std::fs::create_dir_all(path).map_err(failed(path))?;
            let text = serde_json::to_string_pretty(identity).expect("plain fields") + "\n";
            match durable::write_new(&file, text.as_bytes()) {
                Ok(()) | Err(Error::Exists { .. }) => {} // another process was faster; what it wrote is compared
                Err(error) => return Err(error),
            }
        }
        if file.symlink_metadata().is_err() {
            let path = path.to_owned();
            return Err(Error::Exists { path });
        }
        if let Some(difference) = read(path)?.difference(identity) {
            return Err(Error::Setting {
                setting: "out",
                reason: format!(
                    "expected a new folder, or that of the same sweep to go on in it, found {}, whose sweep differs in {difference}",
                    quote::path(path)
                ),
            });
        }
        let runs = path.join(RUNS);
        std::fs::create_dir_all(&runs).map_err(failed(&runs))?;
        let (mut before, mut best, mut kept) = (HashSet::new(), Vec::new(), Vec::new());
        let rungs = choice.halves.then(|| Rungs::open(path, choice.metric));
        let mut rungs = rungs.transpose()?;
        let mut pruned = Vec::new();
        let journal = Journal::open(&path.join(JOURNAL), &mut |entry, _| {
            before.insert(entry.run);
            rungs.iter_mut().for_each(|rungs| rungs.end(&entry));
            if run_dir(path, entry.run).symlink_metadata().is_ok() {
                match entry.pruned() {
                    Some(_) => pruned.push(entry.run),
                    None => kept.push(entry.standing(choice.metric)),
                }
            }
            put(&mut best, &entry, choice.metric);
        })?;
        let mut folder = Self {
            path: path.to_owned(),
            journal,
            choice,
            ended: before.len(),
            before,
            best,
            kept,
            rungs,
        };
        pruned.into_iter().try_for_each(|run| folder.remove(run))?;
        folder.keep()?;
        Ok(folder)
    }

    /// Whether a run had ended before this was opened.
    #[must_use]
    pub fn had(&self, run: usize) -> bool {
        self.before.contains(&run)
    }

    /// How many runs have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// The best [`BEST`] of the runs that have ended, the best one first.
    #[must_use]
    pub fn best(&self) -> &[Entry] {
        &self.best
    }

    /// Shows `visit` the runs that have ended, in this order.
    ///
    /// # Errors
    /// Those of [`journal::read`].
    pub fn each(&self, visit: &mut dyn FnMut(Entry)) -> Result<()> {
        journal::each(&self.path, visit)
    }

    /// What is known of rungs.
    ///
    /// # Panics
    /// If runs are not pruned at rungs.
    pub fn rungs(&mut self) -> &mut Rungs {
        self.rungs.as_mut().expect("a sweep with rungs")
    }

    /// The folder of run number `run`.
    #[must_use]
    pub fn run_dir(&self, run: usize) -> PathBuf {
        run_dir(&self.path, run)
    }

    /// The runs of those that have ended now whose folders are among those that are kept.
    #[must_use]
    pub fn kept_of(&self, ended: &[Entry]) -> Vec<usize> {
        let Choice { metric, top, .. } = self.choice;
        let ended = ended.iter().map(|entry| entry.standing(metric));
        let ended: Vec<Standing> = ended.collect();
        let mut ranked = [self.kept.as_slice(), &ended].concat();
        ranked.sort_unstable();
        let best = ranked.iter().take(top);
        let is_new = |standing: &&Standing| ended.contains(standing);
        best.filter(is_new).map(|standing| standing.run).collect()
    }

    /// Adds runs that have ended. When this returns, their lines are on the disk. Then the folders of those that are not among the best are
    /// removed.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn end(&mut self, ended: &[Entry]) -> Result<()> {
        self.journal.append(ended)?;
        self.ended += ended.len();
        for entry in ended {
            self.rungs.iter_mut().for_each(|rungs| rungs.end(entry));
            match entry.pruned() {
                Some(_) => self.remove(entry.run)?,
                None => self.kept.push(entry.standing(self.choice.metric)),
            }
            put(&mut self.best, entry, self.choice.metric);
        }
        self.keep()
    }

    /// Removes the folders of runs that have ended and are not among the best.
    fn keep(&mut self) -> Result<()> {
        self.kept.sort_unstable();
        while self.kept.len() > self.choice.top
            && let Some(worst) = self.kept.pop()
        {
            self.remove(worst.run)?;
        }
        Ok(())
    }

    /// Removes the folder of a run, if there is one.
    fn remove(&self, run: usize) -> Result<()> {
        let path = self.run_dir(run);
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(Error::Write { path, source })
            }
            _ => Ok(()),
        }
    }
}

/// Puts a run in its place among the best, where it is one of them.
fn put(best: &mut Vec<Entry>, entry: &Entry, metric: Metric) {
    let standing = entry.standing(metric);
    let place = best.partition_point(|other| other.standing(metric) < standing);
    if place < BEST {
        best.insert(place, entry.clone());
        best.truncate(BEST);
    }
}

/// Whether a folder is a sweep's.
#[must_use]
pub fn is_sweep(path: &Path) -> bool {
    path.join(SWEEP).symlink_metadata().is_ok()
}

/// The folder of run number `run` in the folder of a sweep.
#[must_use]
pub fn run_dir(sweep: &Path, run: usize) -> PathBuf {
    sweep.join(RUNS).join(format!("{run:05}"))
}

/// What the sweep in a folder is.
///
/// # Errors
/// [`Error::Setting`] for a folder that is no sweep's, [`Error::Read`], [`Error::Mismatch`].
pub fn read(path: &Path) -> Result<Identity> {
    let file = path.join(SWEEP);
    let text = std::fs::read_to_string(&file).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::Setting {
            setting: "sweep",
            reason: format!(
                "expected the folder of a sweep, with its {SWEEP}, found {}",
                quote::path(path)
            ),
        },
        _ => Error::Read {
            path: file.clone(),
            source,
        },
    })?;
    serde_json::from_str(&text).map_err(|error| Error::Mismatch {
        path: file,
        expected: "what a sweep is, in JSON".to_owned(),
        found: error.to_string(),
    })
}
