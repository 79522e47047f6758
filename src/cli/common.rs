//! What several commands share: the options of all, the pool of threads, and the opening of a data set.

use std::num::ParseIntError;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use gingham::data::{DataFolder, Dataset};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::machine::{self, Machine};
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

/// Opens a data set, and says which of its files are not read. Where there is none at all, the error says how to get one.
pub fn open_data(folder: &Path, output: Output) -> anyhow::Result<Dataset> {
    let opened = open_folder(folder, output)?;
    Dataset::of(opened).map_err(|error| no_data(folder, error))
}

/// Opens the data set that a run is trained on, with its validation set where it has one.
pub fn open_training_data(options: &TrainOptions, output: Output) -> anyhow::Result<Dataset> {
    let dataset = open_data(&options.data, output)?;
    let Some(folder) = &options.validation else {
        return Ok(dataset);
    };
    let opened = DataFolder::open(folder).and_then(|opened| dataset.with_validation_of(opened));
    opened.context("reading the validation set")
}

/// Opens what a folder has of a data set, which need not be training images, as [`open_data`] does.
pub fn open_folder(folder: &Path, output: Output) -> anyhow::Result<DataFolder> {
    let opened = DataFolder::open(folder).map_err(|error| no_data(folder, error))?;
    if let Some(note) = &opened.note {
        output.note(note);
    }
    Ok(opened)
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
