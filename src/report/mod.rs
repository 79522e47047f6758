//! What a run leaves for people and programs: its folder, its summary, and what the machine said of it; and the report that
//! is made of them.
//!
//! [`RunFolder`] writes, [`Run`] reads. [`Details`] asks the trained network about images again, [`charts`] draw, and
//! [`page`] puts all of it on one page.

pub mod charts;
mod details;
mod events;
mod folder;
mod machine;
pub mod page;
mod record;
mod run;
mod summary;

use std::path::Path;

use crate::error::{Error, Result};
use crate::machine::Machine;

pub use details::{Bin, Details, Shown};
pub use folder::{Recorder, RunFolder};
pub use machine::{commit, cpu, peak_rss_bytes, process_age, version};
pub use record::EpochRecord;
pub use run::Run;
pub use summary::{Summary, Times};

/// Asks a run's network about the images of `data`, or where that is none of the folder that the run names. Inside the result
/// stands why it cannot be asked: it is not written yet, or the run's folder of data is gone or holds others.
///
/// # Errors
/// As [`Details::of`], where `data` is given: then they were asked for.
pub fn details(
    machine: &Machine,
    run: &Run,
    data: Option<&Path>,
) -> Result<Result<Details, String>> {
    let Some(model) = &run.model else {
        return Ok(Err("The run has left no model.".to_owned()));
    };
    match (
        Details::of(machine, model, data.unwrap_or(&run.options.data)),
        data,
    ) {
        (Err(error), Some(_)) => Err(error),
        (Err(error), None) => Ok(Err(format!("The run's data cannot be used: {error}."))),
        (Ok(details), _) => Ok(Ok(details)),
    }
}

/// Writes the report about `runs`, of which there is at least one, as a new file. Returns why the first run's network could not
/// be asked, where it could not.
///
/// # Errors
/// [`Error::Exists`], [`Error::Write`], and those of [`details`].
pub fn write(
    machine: &Machine,
    runs: &[Run],
    data: Option<&Path>,
    out: &Path,
) -> Result<Option<String>> {
    if out.symlink_metadata().is_ok() {
        return Err(Error::Exists {
            path: out.to_owned(),
        });
    }
    let details = details(machine, &runs[0], data)?;
    let page = page::page(runs, details.as_ref().map_err(String::as_str));
    crate::durable::write_new(out, page.as_bytes())?;
    Ok(details.err())
}
