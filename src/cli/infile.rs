//! The files that a command reads: standard input for `-`, and the model that a run's folder has in it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use gingham::data::STDIN;
use gingham::error::{Error, Result};
use gingham::model::{AnyModel, Seal};
use gingham::quote;
use gingham::report::files::{BEST, MODEL};

use super::output::Output;

/// Whether this name stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new(STDIN)
}

/// The name by which the library reads what `given` stands for: `-` is standard input.
pub fn input(given: &Path) -> &Path {
    if is_stdin(given) {
        Path::new(STDIN)
    } else {
        given
    }
}

/// The model file at `given`, which may also be the folder of the run that left it.
pub fn model_path(given: &Path) -> PathBuf {
    if !given.is_dir() {
        return input(given).to_owned();
    }
    let (last, best) = (given.join(MODEL), given.join(BEST));
    if !last.exists() && best.exists() {
        return best; // of a run that was told to keep no other
    }
    last
}

/// Reads the model at `given`, which may also be the folder of the run that left it. Says so where damage to the file would not show.
pub fn open_model(given: &Path, output: Output) -> anyhow::Result<AnyModel> {
    let path = model_path(given);
    let (model, seal) = AnyModel::open_with_seal(&path).context("reading the model")?;
    if seal == Seal::None {
        output.note(format_args!(
            "{}: an older version wrote it, without a digest: damage to it would not show",
            quote::path(&path)
        ));
    }
    Ok(model)
}

/// Refuses standard input where it is to be read twice: the second reader would find nothing.
///
/// # Errors
/// [`Error::Setting`].
pub fn check_stdin<'a>(given: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let times = given.into_iter().filter(|path| is_stdin(path)).count();
    if times < 2 {
        return Ok(());
    }
    Err(Error::Setting {
        setting: "stdin",
        reason: format!("expected to be read once, found '-' {times} times (./- names a file)"),
    })
}
