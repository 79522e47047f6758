//! The command line: arguments become options here, and options go to the library.
//!
//! Each subcommand has a file: its help is the doc comment of `Args`, and `run` carries it out. Results go to stdout and everything else to
//! stderr. Only this area knows clap; nothing here computes.

mod album;
mod base;
mod bench;
mod color;
mod common;
mod completions;
mod config;
mod ensemble;
mod evaluate;
mod explore;
mod export;
mod import;
mod infile;
mod keeping;
mod limits;
mod man;
mod near;
mod notes;
mod optimisation;
mod outfile;
mod output;
mod plot;
mod predict;
mod progress;
mod report;
mod runs;
mod settings;
mod signals;
mod start;
mod stopping;
mod summary;
mod sweep;
mod sweep_report;
mod synth;
mod train;
mod words;
mod xor;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};
use gingham::error::Error;
use gingham::machine;

// The names that commands import from here.
use common::{Common, DATA_VARIABLE, data_folder, open_data, open_training_data};

const EXIT_CODES: &str = "\
Example:
  gingham train --epochs 30

Exit codes:
  0  done
  1  the run failed (disk full, no memory, no threads, ..)
  2  usage: a setting, an option, an output that exists already
  3  bad data or model
  4  diverged: the error or a parameter is not finite any more
  129, 130, 143  stopped by SIGHUP, SIGINT (Ctrl-C), SIGTERM; train --resume goes on

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
    Sweep(Box<sweep::Args>),
    SweepReport(sweep_report::Args),
    Evaluate(evaluate::Args),
    Predict(predict::Args),
    Explore(explore::Args),
    Report(report::Args),
    Plot(plot::Args),
    Ensemble(ensemble::Args),
    Export(export::Args),
    Import(import::Args),
    Synth(synth::Args),
    Bench(bench::Args),
    Xor(xor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Parses the arguments, runs the command, prints the error, and returns the exit code.
pub fn main() -> ExitCode {
    limits::become_errors();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    color::choose(color::asked_for(&arguments));
    let cli = match parse(predict::joined(arguments)) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let _ = error.print(); // a stderr that is gone leaves the exit code
            return ExitCode::from(2);
        }
        Err(help) => return exit(output::written(help.print()), false),
    };
    let takes_force = cli.command.takes_force();
    exit(run(cli), takes_force)
}

/// Prints the error, if there is one, of a command that has `--force` or not. Returns the exit code.
fn exit(result: anyhow::Result<()>, takes_force: bool) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(format_args!("{error:#}{}", near::hint(&error, takes_force)));
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The definition of the command line.
fn definition() -> clap::Command {
    let version: &'static str = gingham::report::version().leak(); // clap wants a static text; this runs once
    // '--seed -1' is a wrong value of --seed, not an option named -1.
    let negative = |arg: Arg| {
        let takes_values = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_values)
    };
    Cli::command()
        .version(version)
        // The last one of a flag that is given twice holds, so that an alias of the shell can be overridden.
        .args_override_self(true)
        .mut_subcommands(|command| command.mut_args(negative))
}

fn parse(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let matches = definition().try_get_matches_from(&arguments);
    let matches = matches.map_err(|error| {
        let definition = definition();
        let named = |command: &&clap::Command| {
            let name = command.get_name();
            arguments.iter().any(|argument| argument == name)
        };
        let command = definition.get_subcommands().find(named);
        words::quoted(words::explain(error, command.unwrap_or(&definition)))
    })?;
    Cli::from_arg_matches(&matches)
}

impl Command {
    /// Whether the command has `--force`.
    fn takes_force(&self) -> bool {
        matches!(
            self,
            Self::Explore(_)
                | Self::Report(_)
                | Self::Plot(_)
                | Self::Ensemble(_)
                | Self::Export(_)
                | Self::Import(_)
                | Self::Man(_)
        )
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    color::choose(cli.color.when);
    machine::check_environment()?;
    match cli.command {
        Command::Train(args) => train::run(&args, |args, resolved| match args.ensemble {
            Some(networks) => sweep::members::run(args, networks, resolved),
            None => sweep::folds::run(args, resolved),
        }),
        Command::Sweep(args) => sweep::run(&args),
        Command::SweepReport(args) => sweep_report::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Ensemble(args) => ensemble::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Xor(args) => xor::run(&args),
        Command::Completions(args) => completions::run(&args, definition()),
        Command::Man(args) => man::run(&args, definition()),
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Error>() {
        Some(Error::Read { source, .. }) if source.kind() == ErrorKind::OutOfMemory => 1,
        Some(
            Error::Setting { .. }
            | Error::Config { .. }
            | Error::Exists { .. }
            | Error::InUse { .. },
        ) => 2,
        Some(
            Error::Read { .. }
            | Error::NotAFile { .. }
            | Error::Idx { .. }
            | Error::Mismatch { .. }
            | Error::Changed { .. }
            | Error::Model { .. }
            | Error::Checkpoint { .. }
            | Error::Network { .. }
            | Error::Image { .. },
        ) => 3,
        Some(Error::Diverged { .. }) => 4,
        // As a shell has it of a process that a signal ended.
        Some(Error::Stopped { number, .. }) => 128 + number,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
