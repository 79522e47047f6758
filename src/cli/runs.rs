//! The runs that a command compares.

use std::path::PathBuf;

use anyhow::Context;
use gingham::error::Error;
use gingham::quote;
use gingham::report::Run;

use super::output::Output;

/// Opens the runs in these folders, or those that left these model files. Where there are several, one that cannot be shown (it
/// diverged in its first epoch, or it is no run at all) gets a note and is left out. The error is the first one's where none can be
/// shown.
pub fn open(paths: &[PathBuf], output: Output) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut failed: Vec<Error> = Vec::new();
    for path in paths {
        match Run::open(path) {
            Ok(run) => runs.push(run),
            Err(error) => failed.push(error),
        }
    }
    if runs.is_empty() {
        let what = match paths.len() {
            1 => "reading the run".to_owned(),
            count => format!("none of the {count} runs can be shown; the first"),
        };
        return Err(failed.swap_remove(0)).context(what);
    }
    for error in failed {
        output.note(format_args!("left out: {:#}", anyhow::Error::from(error)));
    }
    Ok(runs)
}

/// Says which of the runs did not finish.
pub fn note_unfinished(runs: &[Run], output: Output) {
    for run in runs.iter().filter(|run| run.finish.is_none()) {
        output.note(format_args!(
            "{}: not finished (no summary.json); shown up to epoch {}",
            quote::path(&run.path),
            run.epochs.len()
        ));
    }
}
