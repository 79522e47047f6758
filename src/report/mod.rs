//! The record of a run for people and programs: its folder, its summary, the machine that it ran on, and the report that is made of
//! them.
//!
//! [`RunFolder`] writes a run's folder and [`Run`] reads it. [`Details`] asks the trained network about images again, [`charts`] draws
//! the figures, and [`Report`] puts everything on one page.

pub mod charts;
mod details;
mod events;
pub mod files;
mod folder;
mod machine;
mod metrics;
mod page;
mod place;
mod ranking;
mod record;
mod recorder;
mod run;
mod summary;
mod writer;

use std::path::Path;

use crate::error::Result;
use crate::machine::Machine;

pub use details::{Bin, Details, Shown};
pub use folder::{Claim, RunFolder};
pub use machine::{commit, cpu, peak_rss_bytes, process_age, version};
pub use ranking::{Measure, Ranking, setting};
pub use record::{Best, EpochRecord};
pub use recorder::{Every, Keep, Keeping, OnSaveError, Recorder, Watcher};
pub use run::Run;
pub use summary::{Summary, Times};

/// Asks a run's network about the images in the folder `data`, or without one in the folder that the run names; `by_number` is for
/// [`Portion::of`](crate::evaluate::Portion::of). The inner error says
/// why the network cannot be asked: it is not written yet, or the run's data set is gone or is another one.
///
/// # Errors
/// Those of [`Details::of`], where `data` is given, since the user asked for this folder.
pub fn details(
    machine: &Machine,
    run: &Run,
    data: Option<&Path>,
    by_number: bool,
) -> Result<Result<Details, String>> {
    let Some(model) = &run.model else {
        return Ok(Err("The run has left no model.".to_owned()));
    };
    let folder = data.unwrap_or(&run.options.data);
    match (Details::of(machine, model, folder, by_number), data) {
        (Err(error), Some(_)) => Err(error),
        (Err(error), None) => Ok(Err(format!("The run's data cannot be used: {error}."))),
        (Ok(details), _) => Ok(Ok(details)),
    }
}

/// A report: one HTML file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file's text.
    pub html: String,
    /// What there is to say about the answers: why the best run's network could not be asked, or that labels were matched by name.
    pub note: Option<String>,
}

impl Report {
    /// The report about `runs`, of which there is at least one; `data` and `by_number` as in [`details`].
    ///
    /// # Errors
    /// Those of [`details`].
    pub fn of(
        machine: &Machine,
        runs: &[Run],
        data: Option<&Path>,
        by_number: bool,
    ) -> Result<Self> {
        let ranking = Ranking::of(runs);
        let details = details(machine, ranking.runs[0], data, by_number)?;
        let html = page::page(&ranking, details.as_ref().map_err(String::as_str));
        let note = match details {
            Ok(details) => details.note,
            Err(lacking) => Some(format!("without predictions: {lacking}")),
        };
        Ok(Self { html, note })
    }
}
