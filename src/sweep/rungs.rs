//! What is known of runs at the rungs of [successive halving](super::halving), as the sweep's folder has it.
//!
//! `rungs.jsonl` has a line for each run that has reached a rung, in the form of the journal. It is on the disk before the run goes on or is
//! pruned, so the decisions of a sweep that was killed are made again from the same figures.

use std::collections::HashMap;
use std::path::Path;

use super::journal::{Entry, Journal};
use super::ranking::Standing;
use crate::error::Result;
use crate::train::Metric;

/// The file's name in the folder of a sweep.
pub const RUNGS: &str = "rungs.jsonl";

/// The runs that have reached rungs.
#[derive(Debug)]
pub struct Rungs {
    file: Journal,
    metric: Metric,
    /// By run and epochs: where the run stands there.
    reached: HashMap<(usize, usize), Standing>,
    /// The place of each run's last line.
    lines: HashMap<usize, u64>,
    /// Runs that have ended.
    over: HashMap<usize, Standing>,
}

impl Rungs {
    /// Opens what the folder has, or begins it.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub fn open(folder: &Path, metric: Metric) -> Result<Self> {
        let (mut reached, mut lines) = (HashMap::new(), HashMap::new());
        let file = Journal::open(&folder.join(RUNGS), &mut |entry, place| {
            if let Some(epochs) = entry.pruned() {
                reached.insert((entry.run, epochs), entry.standing(metric).at_rung());
                lines.insert(entry.run, place);
            }
        })?;
        Ok(Self {
            file,
            metric,
            reached,
            lines,
            over: HashMap::new(),
        })
    }

    /// Adds runs that are at a rung now. When this returns, their lines are on the disk.
    ///
    /// # Errors
    /// [`Error::Write`](crate::error::Error::Write).
    pub fn reach(&mut self, entries: &[Entry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let places = self.file.append(entries)?;
        for (entry, place) in entries.iter().zip(places) {
            if let Some(epochs) = entry.pruned() {
                let standing = entry.standing(self.metric).at_rung();
                self.reached.insert((entry.run, epochs), standing);
                self.lines.insert(entry.run, place);
            }
        }
        Ok(())
    }

    /// Takes notice of a run that has ended.
    pub fn end(&mut self, entry: &Entry) {
        let standing = entry.standing(self.metric).at_rung();
        self.over.insert(entry.run, standing);
    }

    /// Where a run stands at the rung after so many epochs: by what it had reached there, or by how it ended before. None where it has not come
    /// so far.
    #[must_use]
    pub fn standing(&self, run: usize, epochs: usize) -> Option<Standing> {
        let reached = self.reached.get(&(run, epochs));
        reached.or_else(|| self.over.get(&run)).copied()
    }

    /// Whether a run has ended.
    #[must_use]
    pub fn is_over(&self, run: usize) -> bool {
        self.over.contains_key(&run)
    }

    /// What a run has come to at its last rung.
    ///
    /// # Errors
    /// [`Error::Read`](crate::error::Error::Read), [`Error::Mismatch`](crate::error::Error::Mismatch).
    ///
    /// # Panics
    /// If it has come to none.
    pub fn entry(&self, run: usize) -> Result<Entry> {
        self.file.entry(self.lines[&run])
    }
}
