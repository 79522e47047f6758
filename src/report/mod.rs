//! The record of a run for people and programs: its folder, its summary, the machine that it ran on, and the report that is made of
//! them.
//!
//! [`RunFolder`] writes a run's folder and [`Run`] reads it. [`Details`] asks the trained network about images again, [`charts`] draws
//! the figures, and [`Report`] puts everything on one page.

pub mod charts;
mod details;
mod events;
mod fields;
pub mod files;
mod folder;
mod keeping;
mod later;
mod machine;
mod metrics;
pub(crate) mod page;
mod place;
mod ranking;
mod record;
mod recorder;
mod run;
mod summary;
pub mod swept;
mod writer;

use std::path::Path;

use crate::data::DataFolder;
use crate::error::Result;
use crate::machine::Machine;
use crate::quote;
use crate::train::TrainOptions;

pub use details::{Bin, Details, Shown};
pub use folder::{Claim, RunFolder};
pub use keeping::{Every, Keep, Keeping, OnSaveError};
pub use later::{LaterFolder, RunFiles};
pub use machine::{commit, cpu, peak_rss_bytes, process_age, version};
pub use ranking::{Measure, Ranking, setting};
pub use record::{Best, EpochRecord};
pub use recorder::{Recorder, Watcher};
pub use run::Run;
pub use summary::{EndedBy, Summary, Times, by_name};

/// What there is to say where the test files in `folder` are not those that a run of these settings ended with; none of the test files
/// of another data set. A folder is the run's own where it is the one that the settings name, where the training labels are the
/// same, or where the test labels are.
#[must_use]
pub fn other_test_files(settings: &TrainOptions, folder: &DataFolder) -> Option<String> {
    let test = folder.test.as_ref()?;
    let labels = settings.test_labels_sha256.as_ref()?;
    let images = settings.test_images_sha256.as_ref()?;
    let has_labels = *labels == test.labels_sha256;
    let is_trained_with = folder
        .train
        .as_ref()
        .is_some_and(|train| settings.labels_sha256.as_ref() == Some(&train.labels_sha256));
    let same_place =
        || Some(folder.path.canonicalize().ok()? == settings.data.canonicalize().ok()?);
    let is_own = has_labels || is_trained_with || same_place() == Some(true);
    if !is_own || (has_labels && images == test.images.sha256()) {
        return None;
    }
    let (path, what) = if has_labels {
        (test.images.path(), "images")
    } else {
        (test.labels_path(), "labels")
    };
    Some(format!(
        "{}: other test {what} than those that the run ended with (SHA-256): its test accuracy is of those",
        quote::path(path)
    ))
}

/// Asks a run's network about the images in the folder `data`, or without one in the folder that the run names; `by_number` is for
/// [`Portion::of`](crate::evaluate::Portion::of). The inner error says
/// why the network cannot be asked: it is not written yet, or the run's data set is gone or is another one.
///
/// # Errors
/// Those of [`DataFolder::open`] and [`Details::of`], where `data` is given, since the user asked for this folder.
pub fn details(
    machine: &Machine,
    run: &Run,
    data: Option<&Path>,
    by_number: bool,
) -> Result<Result<Details, String>> {
    let Some(model) = &run.model else {
        return Ok(Err("The run has left no model.".to_owned()));
    };
    let asked = || -> Result<Details> {
        let mut folder = DataFolder::open(data.unwrap_or(&run.options.data))?;
        // Without test files the network is asked about the images that were held out, which are elsewhere then.
        if let (None, None, Some(validation)) = (data, &folder.test, &run.options.validation) {
            folder = DataFolder::open(validation)?;
        }
        let other = other_test_files(&run.options, &folder);
        let mut details = Details::of(machine, model, folder, by_number)?;
        details.notes.extend(other);
        Ok(details)
    };
    match (asked(), data) {
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
    /// What there is to say about the answers: why the best run's network could not be asked, that labels were matched by name, that
    /// files have changed.
    pub notes: Vec<String>,
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
        let notes = match details {
            Ok(details) => details.notes,
            Err(lacking) => vec![format!("without predictions: {lacking}")],
        };
        Ok(Self { html, notes })
    }
}
