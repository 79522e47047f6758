//! The command line: arguments become options here, and options go to the library.
//!
//! One file a subcommand: its doc comment is its help, then `Args`, then `run`. Results go to stdout and everything else to
//! stderr. Only this area knows clap; nothing here computes.

mod album;
mod bar;
mod bench;
mod color;
mod completions;
mod evaluate;
mod explore;
mod export;
mod import;
mod man;
mod near;
mod output;
mod plot;
mod predict;
mod progress;
mod report;
mod settings;
mod synth;
mod train;
mod xor;

use std::ffi::OsString;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::kernels::Level;
use gingham::parallel::{self, Threads};
use gingham::train::TrainOptions;

use output::Output;

/// The environment variable that names the folder of the data set.
const DATA_VARIABLE: &str = "GINGHAM_DATA";

const EXIT_CODES: &str = "\
Example:
  gingham train --epochs 30

Exit codes:
  0  done
  1  the run failed (disk full, no threads, ..)
  2  usage: a setting, an option, an output that exists already
  3  bad data or model
  4  diverged: the error or a parameter is not finite any more

A setting's value is, in rising order: the preset's, the configuration file's, the environment's, the flag's.";

/// Trains fully connected image classifiers on IDX data sets, as fast as a CPU can.
#[derive(Debug, Parser)]
#[command(name = "gingham", arg_required_else_help = true, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    color: color::Flag,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<train::Args>),
    Evaluate(evaluate::Args),
    Predict(predict::Args),
    Explore(explore::Args),
    Report(report::Args),
    Plot(plot::Args),
    Export(export::Args),
    Import(import::Args),
    Synth(synth::Args),
    Bench(bench::Args),
    Xor(xor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runtime and output")]
struct Common {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Print nothing but results and errors
    #[arg(short, long)]
    quiet: bool,
    /// Threads; 0: one for each core. No result depends on it
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
}

fn thread_count(text: &str) -> Result<usize, String> {
    let count = text
        .parse()
        .map_err(|error: ParseIntError| error.to_string())?;
    parallel::check_count(count).map_err(|error| error.to_string())?;
    Ok(count)
}

impl Common {
    fn output(&self) -> Output {
        Output { quiet: self.quiet }
    }

    /// A pool for `engine`; says why where it has fewer threads than asked for.
    fn pool(&self, requested: usize, engine: EngineKind) -> anyhow::Result<Threads> {
        let threads = Threads::new(requested, engine)?;
        if let Some(note) = threads
            .note
            .filter(|_| self.threads.is_some_and(|threads| threads > 1))
        {
            self.output().note(format_args!("one thread: {note}"));
        }
        Ok(threads)
    }
}

/// Parses the arguments, runs the command, prints the error, and returns the exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    color::choose(color::asked_for(&arguments));
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let _ = error.print(); // a stderr that is gone leaves the exit code
            return ExitCode::from(2);
        }
        Err(help) => return exit(output::shown(help.print())),
    };
    exit(run(cli))
}

/// Tells the error, if there is one; the exit code.
fn exit(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(format_args!("{error:#}{}", near::hint(&error)));
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The command line's definition.
fn definition() -> clap::Command {
    let version: &'static str = gingham::report::version().leak(); // clap wants it for ever, and asks once
    // '--seed -1' is a wrong value of --seed, not an option named -1.
    let negative = |arg: Arg| {
        let takes_values = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_values)
    };
    Cli::command()
        .version(version)
        .mut_subcommands(|command| command.mut_args(negative))
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&definition().try_get_matches_from(arguments)?)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    color::choose(cli.color.when);
    Level::check_variable()?;
    match cli.command {
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Xor(args) => xor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Error>() {
        Some(Error::Setting { .. } | Error::Config { .. } | Error::Exists { .. }) => 2,
        Some(
            Error::Read { .. }
            | Error::NotAFile { .. }
            | Error::Idx { .. }
            | Error::Mismatch { .. }
            | Error::Model { .. }
            | Error::Network { .. }
            | Error::Image { .. },
        ) => 3,
        Some(Error::Diverged { .. }) => 4,
        _ => 1,
    }
}

/// The folder of the data set: the flag's, else the environment's, else the default.
fn data_folder(flag: Option<&Path>) -> PathBuf {
    let environment = || {
        std::env::var_os(DATA_VARIABLE)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    flag.map(Path::to_owned)
        .or_else(environment)
        .unwrap_or_else(|| TrainOptions::default().data)
}

/// Opens a data set; where there is none at all, says how to get one.
fn open_data(folder: &Path) -> anyhow::Result<Dataset> {
    Dataset::open(folder).map_err(|error| {
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
