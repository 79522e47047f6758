//! The library's one error type: what was wrong, where, what was expected and what was found. And how names stand in messages.

use std::path::PathBuf;

use crate::formats::idx::IdxError;
use crate::quote;

/// Everything that can go wrong because of what the library was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting, or a combination of settings, that cannot be meant.
    #[error("{setting}: {reason}")]
    Setting {
        /// The setting's name, as the configuration file spells it.
        setting: &'static str,
        /// What was expected and what was found.
        reason: String,
    },
    /// A configuration file that cannot be understood.
    #[error("{}: {reason}", quote::path(path))]
    Config {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A file that was to be read could not be.
    #[error("{}: cannot be read", quote::path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something that was to be read is no regular file.
    #[error("{}: expected a regular file, found {found}", quote::path(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// An IDX file whose bytes are wrong.
    #[error("{}", quote::path(path))]
    Idx {
        /// The file.
        path: PathBuf,
        /// The defect.
        source: IdxError,
    },
    /// A data file was changed while it was in use, so that nothing that came of it can be trusted.
    #[error("{}: changed while it was in use: {change}", quote::path(path))]
    Changed {
        /// The file.
        path: PathBuf,
        /// What happened to it.
        change: &'static str,
    },
    /// Data files, each sound, that do not belong together or not to the model.
    #[error("{}: expected {expected}, found {found}", quote::path(path))]
    Mismatch {
        /// The file that does not fit.
        path: PathBuf,
        /// What it had to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An array in memory that does not have the shape or the values that were needed.
    #[error("{array}: expected {expected}, found {found}")]
    Array {
        /// Which array.
        array: &'static str,
        /// What it had to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A classifier was asked before it was fitted.
    #[error("this classifier has not been fitted yet: call fit or load first")]
    NotFitted,
    /// A model file that cannot be understood.
    #[error("{}: not a gingham model: {reason}", quote::path(path))]
    Model {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A checkpoint from which a run cannot go on.
    #[error("{}: not a checkpoint that can be used: {reason}", quote::path(path))]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A run was stopped from outside between two steps.
    #[error(
        "stopped by {signal} after {} of epoch {} (step {step}); to go on: gingham train --resume {}",
        match batch { 0 => "the end".to_owned(), batch => format!("mini-batch {batch}") },
        .epoch + usize::from(*batch > 0), quote::argument(folder)
    )]
    Stopped {
        /// The run's folder, where its checkpoint is.
        folder: PathBuf,
        /// The signal's name.
        signal: &'static str,
        /// Its number.
        number: u8,
        /// The epoch that is under way, or the next one, from 0.
        epoch: usize,
        /// The number of its mini-batches that are done.
        batch: usize,
        /// The steps that were taken.
        step: u64,
    },
    /// A file of arrays that cannot be imported as a network.
    #[error("{}: not a network that can be imported: {reason}", quote::path(path))]
    Network {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// An image file that cannot be understood.
    #[error("{}: not a PNG image that can be used: {reason}", quote::path(path))]
    Image {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// Something stands where a new file or folder was to be made.
    #[error("{}: exists already, and nothing is written over", quote::path(path))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes a run's folder.
    #[error(
        "{}: another process writes this run: wait for it, or give another --out",
        quote::path(path)
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{}: cannot be written", quote::path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A network could not be written into its run's folder and lies elsewhere.
    #[error(
        "{}: cannot be written; the network is in {} instead",
        quote::path(path),
        quote::path(elsewhere)
    )]
    Elsewhere {
        /// Where it was to be.
        path: PathBuf,
        /// Where it is.
        elsewhere: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The training left the finite numbers.
    #[error(
        "the {what} became {value} in epoch {}, batch {} (step {}), at learning rate {learning_rate}{}",
        .epoch + 1, .batch + 1, .step + 1,
        layer.map(|layer| format!("; the parameters of layer {} are not finite", layer + 1)).unwrap_or_default()
    )]
    Diverged {
        /// What is not finite any more.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The epoch, from 0.
        epoch: usize,
        /// The batch within it, from 0.
        batch: usize,
        /// The step within the run, from 0.
        step: u64,
        /// The first layer with parameters that are not finite, from 0; none where all are.
        layer: Option<usize>,
        /// The learning rate at that step.
        learning_rate: f64,
    },
    /// There is no memory for what was asked for.
    #[error(
        "no room for {} MB of memory, which {what} need{}: {way_out}",
        needed_bytes >> 20,
        allowed_bytes.map(|allowed| format!("; this process may have {} MB", allowed >> 20)).unwrap_or_default()
    )]
    Memory {
        /// What needs it.
        what: String,
        /// The memory that is needed beside what is taken already.
        needed_bytes: u64,
        /// All memory that this process may have, where it is known.
        allowed_bytes: Option<u64>,
        /// What to give instead.
        way_out: String,
    },
    /// The thread pool could not be made.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The pool's reason.
        reason: String,
    },
}

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The most letters of a name that a message shows.
const MOST_LETTERS: usize = 100;

/// A name for a message; the middle of a very long one is left out.
#[must_use]
pub fn cut(name: &str) -> String {
    let letters = name.chars().count();
    if letters <= MOST_LETTERS {
        return name.to_owned();
    }
    let (head, tail) = (MOST_LETTERS * 2 / 3, MOST_LETTERS / 3);
    let first: String = name.chars().take(head).collect();
    let last: String = name.chars().skip(letters - tail).collect();
    format!("{first}\u{2026}{last}")
}

/// Names for a message: the first `most` of them, each [cut], and how many more there are.
#[must_use]
pub fn list(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| cut(name)).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_and_long_lists_are_cut() {
        let short = "x".repeat(MOST_LETTERS);
        assert_eq!(cut(&short), short);
        let long = cut(&format!("a{}z", "\u{e9}".repeat(1000)));
        assert_eq!(long.chars().count(), MOST_LETTERS);
        assert!(long.starts_with('a') && long.ends_with('z'), "{long}");
        let names = ["cat", "dog", "cow"].map(str::to_owned);
        assert_eq!(list(&names, 3), "cat, dog, cow");
        assert_eq!(list(&names, 2), "cat, dog and 1 more");
        assert_eq!(list(&[], 2), "");
    }
}
