//! Trained networks in other people's formats.
//!
//! | format | what it is for |
//! |---|---|
//! | [`Format::Onnx`] | runs anywhere: raw pixels in, probabilities and class out, scaling within |
//! | [`Format::Npz`] | every array under its name in the model file, for `numpy.load` |
//! | [`Format::Csv`] | every number in one table, for a spreadsheet or R |
//!
//! The bytes that are written depend on the model alone. Numbers are only computed where a format asks for them.

mod csv;
mod npz;
mod onnx;

use std::path::Path;

use crate::durable;
use crate::error::Result;
use crate::model::Model;
use crate::scalar::Scalar;

/// A format that a model can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An ONNX graph; `onnx.rs` says what it computes.
    Onnx,
    /// NumPy's archive of arrays.
    Npz,
    /// Comma-separated values, a line for each number.
    Csv,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Onnx, Self::Npz, Self::Csv];

    /// `onnx`, `npz` or `csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Npz => "npz",
            Self::Csv => "csv",
        }
    }
}

/// The model in `format`.
///
/// # Errors
/// [`crate::error::Error::Setting`] for a model that the format cannot hold: ONNX files end at 2 GiB.
pub fn bytes<T: Scalar>(model: &Model<T>, format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Onnx => onnx::bytes(model),
        Format::Npz => Ok(npz::bytes(model)),
        Format::Csv => Ok(csv::bytes(model)),
    }
}

/// Writes the model as a new file in `format`. Returns the file's size in bytes.
///
/// # Errors
/// Those of [`bytes`], [`crate::error::Error::Exists`] and [`crate::error::Error::Write`].
pub fn write<T: Scalar>(model: &Model<T>, format: Format, path: &Path) -> Result<usize> {
    let bytes = bytes(model, format)?;
    durable::write_new(path, &bytes)?;
    Ok(bytes.len())
}
