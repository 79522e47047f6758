//! The folder of a sweep.
//!
//! ```text
//! sweep.json       what the sweep is: the settings that hold for every run, what is swept, how many runs there are, which shard this is
//! journal.jsonl    a line for each run that has ended
//! runs/00012       the folder of a run, as `gingham train` writes it: of the best runs, and of the one that is under way
//! ```

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{Entry, Journal};
use super::ranking::ranked;
use super::shard::Shard;
use crate::data;
use crate::durable;
use crate::error::{Error, Result};
use crate::quote;
use crate::train::Metric;

/// The name of the file that says what a sweep is.
pub const SWEEP: &str = "sweep.json";
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

/// The folder of a sweep while the sweep writes it.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    journal: Journal,
    /// Runs that have ended and whose folders are there.
    kept: Vec<Entry>,
}

impl SweepFolder {
    /// Makes the folder of a sweep, or opens that of the same sweep to go on in it.
    ///
    /// # Errors
    /// [`Error::Setting`] for the folder of another sweep, [`Error::Exists`] for one that is no sweep's, [`Error::InUse`] where another
    /// process writes it, and those of [`Journal::open`].
    pub fn open(path: &Path, identity: &Identity) -> Result<Self> {
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
        let journal = Journal::open(path)?;
        let is_there = |entry: &&Entry| run_dir(path, entry.run).symlink_metadata().is_ok();
        Ok(Self {
            path: path.to_owned(),
            kept: journal.entries().iter().filter(is_there).cloned().collect(),
            journal,
        })
    }

    /// The runs that have ended.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.journal.entries()
    }

    /// The folder of run number `run`.
    #[must_use]
    pub fn run_dir(&self, run: usize) -> PathBuf {
        run_dir(&self.path, run)
    }

    /// The runs of those that have ended now whose folders are among those of the best `top` that are kept.
    #[must_use]
    pub fn kept_of(&self, ended: &[Entry], top: usize, metric: Metric) -> Vec<usize> {
        let ranked = ranked(metric, self.kept.iter().chain(ended));
        let best = ranked.iter().take(top).map(|entry| entry.run);
        let is_new = |run: &usize| ended.iter().any(|entry| entry.run == *run);
        best.filter(is_new).collect()
    }

    /// Adds runs that have ended. When this returns, their lines are on the disk. Then the folders of all but the best `top` are removed.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn end(&mut self, ended: Vec<Entry>, top: usize, metric: Metric) -> Result<()> {
        self.journal.append(&ended)?;
        self.kept.extend(ended);
        self.keep(top, metric)
    }

    /// Removes the folders of runs that have ended and are not among the best `top`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn keep(&mut self, top: usize, metric: Metric) -> Result<()> {
        let ranked = ranked(metric, &self.kept);
        let worse: Vec<usize> = ranked.iter().skip(top).map(|entry| entry.run).collect();
        for run in worse {
            let folder = self.run_dir(run);
            match std::fs::remove_dir_all(&folder) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    let path = folder;
                    return Err(Error::Write { path, source });
                }
                _ => self.kept.retain(|entry| entry.run != run),
            }
        }
        Ok(())
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
