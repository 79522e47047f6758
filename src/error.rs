//! The library's one error type: what was wrong, where, what was expected and what was found.

use std::path::PathBuf;

use crate::formats::idx::IdxError;

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
    #[error("{}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A file that was to be read could not be.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something that was to be read is no regular file.
    #[error("{}: expected a regular file, found {found}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// An IDX file whose bytes are wrong.
    #[error("{}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// The defect.
        source: IdxError,
    },
    /// A data file was changed while it was in use, so that nothing that came of it can be trusted.
    #[error("{}: changed while it was in use: {change}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What happened to it.
        change: &'static str,
    },
    /// Data files, each sound, that do not belong together or not to the model.
    #[error("{}: expected {expected}, found {found}", path.display())]
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
    #[error("{}: not a gingham model: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A checkpoint from which a run cannot go on.
    #[error("{}: not a checkpoint that can be used: {reason}", path.display())]
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
        .epoch + usize::from(*batch > 0), folder.display()
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
    #[error("{}: not a network that can be imported: {reason}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// An image file that cannot be understood.
    #[error("{}: not a PNG image that can be used: {reason}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// Something stands where a new file or folder was to be made.
    #[error("{}: exists already, and nothing is written over", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes a run's folder.
    #[error("{}: another process writes this run: wait for it, or give another --out", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A network could not be written into its run's folder and lies elsewhere.
    #[error("{}: cannot be written; the network is in {} instead", path.display(), elsewhere.display())]
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
    /// A limit of memory leaves no room for what BLAS maps.
    #[error(
        "no room for {} MB of address space, which BLAS and {threads} threads need{}: {}raise the limit (ulimit -v, -d)",
        needed_bytes >> 20,
        limit_bytes.map(|limit| format!("; the limit is {} MB", limit >> 20)).unwrap_or_default(),
        if *threads > 1 { "give --threads 1, or " } else { "" }
    )]
    Memory {
        /// The threads.
        threads: usize,
        /// The address space that they need.
        needed_bytes: usize,
        /// The limit of the address space, where it is known.
        limit_bytes: Option<u64>,
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
