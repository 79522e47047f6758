//! The two streams: results on stdout, everything else on stderr. A closed pipe is no error.

use std::fmt;
use std::io::{ErrorKind, Write};

use anyhow::Context;
use clap::builder::styling::AnsiColor;
use gingham::figures::words::visible;

use super::progress::line;

// The names that commands show.
pub use gingham::quote::name as shown;

/// How a command prints its results, its progress and its notes.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Whether only results and errors are printed.
    pub quiet: bool,
}

impl Output {
    /// Prints a result.
    pub fn result(self, text: impl fmt::Display) -> anyhow::Result<()> {
        let _held = line::hold();
        let mut stdout = std::io::stdout().lock();
        written(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
    }

    /// Prints progress, unless told to be quiet. A stderr that is gone takes nothing from the result.
    pub fn progress(self, text: impl fmt::Display) {
        if !self.quiet {
            say(format_args!("{text}"));
        }
    }

    /// Prints a note on something that the user may not expect, unless told to be quiet.
    pub fn note(self, text: impl fmt::Display) {
        let text = visible(&text.to_string());
        self.progress(format_args!("{}: {text}", label("note", AnsiColor::Cyan)));
    }
}

/// Prints what goes wrong in a command that goes on, even where it is quiet.
pub fn warning(text: impl fmt::Display) {
    let text = visible(&text.to_string());
    say(format_args!(
        "{}: {text}",
        label("warning", AnsiColor::Yellow)
    ));
}

/// Prints an error, even where the command is quiet.
pub fn error(text: impl fmt::Display) {
    let text = visible(&text.to_string());
    say(format_args!("{}: {text}", label("error", AnsiColor::Red)));
}

/// Prints a line on stderr, without its colours where they are not wanted.
fn say(text: fmt::Arguments<'_>) {
    let _held = line::hold();
    let _ = anstream::stderr().write_all(format!("{text}\n").as_bytes());
}

/// A word at the beginning of a line, in the style of clap's own.
fn label(word: &str, color: AnsiColor) -> String {
    let style = color.on_default().bold();
    format!("{style}{word}{style:#}")
}

/// Adds to the error of a write that it was stdout that could not be written.
pub fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    result.context("stdout: cannot be written")
}

/// Whether the error is that the reader of our stdout has gone.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// A share as per cent.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

/// Lines of a name and a value, the values aligned.
pub fn facts(rows: &[(&str, String)]) -> String {
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    rows.iter()
        .map(|(name, value)| format!("{name:<width$}  {value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A table in Markdown: the first column is aligned to the left, the others to the right.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let rule = |heads: &Vec<String>| {
        let rule = |column| if column == 0 { "---" } else { "---:" }.to_owned();
        line(&(0..heads.len()).map(rule).collect::<Vec<_>>())
    };
    let head = rows.first().map(|heads| [line(heads), rule(heads)]);
    let body = rows.iter().skip(1).map(|row| line(row));
    head.into_iter()
        .flatten()
        .chain(body)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A table: the first column is aligned to the left, the others to the right, with two spaces between them.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let length = |text: &str| text.chars().count();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| length(cell))
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells =
            row.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
