//! `gingham man`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use gingham::error::Error;
use gingham::quote;

use super::outfile::{self, Force};
use super::output::Output;

/// Print the manual page, or write one for each command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham man | man -l -
  gingham man --out ~/.local/share/man/man1")]
pub struct Args {
    /// The folder for the pages gingham.1, gingham-train.1, .. [default: the first of them to stdout]
    #[arg(long, value_name = "DIR", help_heading = "Runtime and output")]
    out: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

pub fn run(args: &Args, definition: Command) -> anyhow::Result<()> {
    let mut program = definition.disable_help_subcommand(true);
    program.build();
    let output = Output { quiet: false };
    let Some(folder) = &args.out else {
        return output.result(page(&program)?.1.trim_end());
    };
    let pages = std::iter::once(&program)
        .chain(program.get_subcommands())
        .map(page)
        .collect::<anyhow::Result<Vec<_>>>()?;
    write(folder, &pages, args.force).context("writing the manual")?;
    let lines: Vec<String> = pages
        .iter()
        .map(|(name, _)| quote::path(&folder.join(name)))
        .collect();
    output.result(lines.join("\n"))
}

/// Writes all pages, or none where one of them exists already and is not to be replaced.
fn write(folder: &Path, pages: &[(String, String)], force: Force) -> Result<(), Error> {
    outfile::make_folder("out", folder)?;
    pages
        .iter()
        .try_for_each(|(name, _)| outfile::check(&folder.join(name), force))?;
    pages
        .iter()
        .try_for_each(|(name, text)| outfile::put(&folder.join(name), text.as_bytes(), force))
}

/// The page of a command: the name of its file, and its text.
fn page(command: &Command) -> anyhow::Result<(String, String)> {
    let man = Man::new(command.clone().mut_args(values_in_line))
        .source(concat!("gingham ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let after = command.get_after_help().map(ToString::to_string);
    after_help(&after.unwrap_or_default()).to_writer(&mut text)?;
    Ok((
        man.get_filename(),
        String::from_utf8(text).expect("made of text"),
    ))
}

/// Lists the possible values of an option as its help does, in one line. clap_mangen would write two lines for each value.
fn values_in_line(arg: Arg) -> Arg {
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    if values.is_empty() || !arg.get_action().takes_values() {
        return arg;
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    arg.hide_possible_values(true)
        .help(format!("{help} [possible values: {}]", values.join(", ")))
}

/// The text after the options in the help, as sections: clap_mangen would run its lines together. A line that ends with a colon begins
/// a section; text in columns keeps its lines.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    let mut headed = false;
    for line in text.lines() {
        let in_columns = line.trim_end().contains("  ");
        match line.strip_suffix(':') {
            Some(heading) if !line.starts_with(' ') => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
                headed = true;
            }
            _ if line.is_empty() => {
                if !headed {
                    roff.control("PP", []);
                }
            }
            _ => {
                headed = false;
                if in_columns {
                    roff.control("nf", []);
                    roff.text([roman(line)]);
                    roff.control("fi", []);
                } else {
                    roff.text([roman(line)]);
                }
            }
        }
    }
    roff
}
