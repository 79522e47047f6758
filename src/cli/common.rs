//! What several commands share: the options of all, the pool of threads, and the opening of a data set.

use std::num::ParseIntError;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use gingham::data::{DataFolder, Dataset};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::machine::{self, Machine};
use gingham::model::{AnyModel, Seal};
use gingham::report::files::{BEST, MODEL};
use gingham::train::TrainOptions;

use super::output::Output;

/// The environment variable that names the folder of the data set.
pub const DATA_VARIABLE: &str = "GINGHAM_DATA";

/// The options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runtime and output")]
pub struct Common {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Threads; 0: one for each core. No result depends on it
    #[arg(long, value_name = "N", value_parser = thread_count)]
    pub threads: Option<usize>,
}

fn thread_count(text: &str) -> Result<usize, String> {
    let count = text
        .parse()
        .map_err(|error: ParseIntError| error.to_string())?;
    machine::check_threads(count).map_err(|error| error.to_string())?;
    Ok(count)
}

impl Common {
    pub fn output(&self) -> Output {
        Output { quiet: self.quiet }
    }

    /// The machine for a command without settings of its own.
    pub fn machine(&self) -> anyhow::Result<Machine> {
        self.machine_for(self.threads.unwrap_or(0), EngineKind::Auto)
    }

    /// The machine for an engine; says why where it has fewer threads than asked for.
    pub fn machine_for(&self, threads: usize, engine: EngineKind) -> anyhow::Result<Machine> {
        let machine = Machine::for_engine(threads, engine)?;
        let asked = self.threads.is_some_and(|threads| threads > 1);
        if let Some(note) = machine.note().filter(|_| asked) {
            self.output().note(format_args!("one thread: {note}"));
        }
        Ok(machine)
    }
}

/// The folder of the data set: that of the flag, else that of the environment, else the default.
pub fn data_folder(flag: Option<&Path>) -> PathBuf {
    let environment = || {
        std::env::var_os(DATA_VARIABLE)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    flag.map(Path::to_owned)
        .or_else(environment)
        .unwrap_or_else(|| TrainOptions::default().data)
}

/// Opens a data set. Where there is none at all, the error says how to get one.
pub fn open_data(folder: &Path) -> anyhow::Result<Dataset> {
    Dataset::open(folder).map_err(|error| no_data(folder, error))
}

/// Opens what a folder has of a data set, which need not be training images. Where there is none at all, the error says how to get one.
pub fn open_folder(folder: &Path) -> anyhow::Result<DataFolder> {
    DataFolder::open(folder).map_err(|error| no_data(folder, error))
}

fn no_data(folder: &Path, error: Error) -> anyhow::Error {
    let absent = !folder.exists();
    let error = anyhow::Error::from(error);
    if absent {
        error.context(format!(
            "no data set: name its folder by --data or {DATA_VARIABLE}, get Fashion-MNIST by scripts/fetch-data.sh, \
             or draw one by 'gingham synth --out {} --train 60000 --test 10000'",
            "data/synth"
        ))
    } else {
        error.context("reading the data set")
    }
}

/// Reads the model at `given`, which may also be the folder of the run that left it. Says so where damage to the file would not show.
pub fn open_model(given: &Path, output: Output) -> anyhow::Result<AnyModel> {
    let path = model_path(given);
    let (model, seal) = AnyModel::open_with_seal(&path).context("reading the model")?;
    if seal == Seal::None {
        output.note(format_args!(
            "{}: an older version wrote it, without a digest: damage to it would not show",
            path.display()
        ));
    }
    Ok(model)
}

/// The model file at `given`, which may also be the folder of the run that left it.
fn model_path(given: &Path) -> PathBuf {
    if !given.is_dir() {
        return given.to_owned();
    }
    let (last, best) = (given.join(MODEL), given.join(BEST));
    if !last.exists() && best.exists() {
        return best; // of a run that was told to keep no other
    }
    last
}
