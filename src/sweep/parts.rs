//! The folders of a sweep's parts, read as one sweep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::{self, Identity};
use super::journal::{self, Entry};
use super::shard::Shard;
use crate::error::{Error, Result};
use crate::quote;

/// A sweep whose runs are in one or several folders: its shards, or copies of one folder.
#[derive(Debug)]
pub struct Parts {
    /// What the sweep is, without a shard: all parts have this in common.
    pub identity: Identity,
    /// The runs that have ended, each once, in the order of the plan.
    pub entries: Vec<Entry>,
    /// The shard of each folder; none for a folder of the whole plan.
    shards: Vec<Option<Shard>>,
}

impl Parts {
    /// Reads these folders, of which there is one at least, also while sweeps write them.
    ///
    /// # Errors
    /// [`Error::Setting`] for folders of different sweeps, and for a run that has different figures in two of them; those of
    /// [`folder::read`] and [`journal::read`].
    ///
    /// # Panics
    /// If there are no folders.
    pub fn read(folders: &[PathBuf]) -> Result<Self> {
        let first = &folders[0];
        let identity = folder::read(first)?.whole();
        let mut runs: BTreeMap<usize, (Entry, &Path)> = BTreeMap::new();
        let mut shards = Vec::new();
        for path in folders {
            let own = folder::read(path)?;
            shards.push(own.shard);
            if let Some(difference) = own.whole().difference(&identity) {
                return Err(refused(format!(
                    "expected folders of one sweep, found {}, which differs from {} in {difference}",
                    quote::path(path),
                    quote::path(first)
                )));
            }
            for entry in journal::read(path)? {
                match runs.get(&entry.run) {
                    Some((other, elsewhere)) if !entry.agrees_with(other) => {
                        return Err(refused(format!(
                            "expected the same figures of a run in every folder, found others of run {} in {} than in {}",
                            entry.run,
                            quote::path(path),
                            quote::path(elsewhere)
                        )));
                    }
                    Some(_) => {}
                    None => drop(runs.insert(entry.run, (entry, path))),
                }
            }
        }
        Ok(Self {
            identity,
            entries: runs.into_values().map(|(entry, _)| entry).collect(),
            shards,
        })
    }

    /// The shards that none of the folders is: how many shards there are, and the numbers of those that are missing. None where
    /// nothing is missing, and where the folders are shards of different divisions of the plan.
    #[must_use]
    pub fn missing(&self) -> Option<(u32, Vec<u32>)> {
        // Where a folder has the whole plan, no run is missing.
        let shards: Vec<Shard> = self.shards.iter().copied().collect::<Option<_>>()?;
        let missing = Shard::missing(&shards)?;
        (!missing.is_empty()).then(|| (shards[0].count(), missing))
    }
}

fn refused(reason: String) -> Error {
    let setting = "sweep";
    Error::Setting { setting, reason }
}
