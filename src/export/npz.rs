//! The model as NumPy keeps arrays: a ZIP archive, not compressed, with a `.npy` file for each.
//!
//! Arrays have their names, shapes and types of the model file. With them come `classes`, the class names as a vector of
//! strings, and `gingham`, the model file's metadata (JSON) as a string without dimensions. Source of the format: the documentation of
//! `numpy.lib.format`, version 1.0.

use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};

use crate::model::{Model, Values};
use crate::scalar::{Dtype, Scalar};

/// What numbers of the data begin at: as NumPy aligns them.
const ALIGNMENT: usize = 64;

pub(super) fn bytes<T: Scalar>(model: &Model<T>) -> Vec<u8> {
    let mut archive = Archive(ZipArchiveWriter::new(Vec::new()));
    for array in model.arrays() {
        let kind = match (&array.values, T::DTYPE) {
            (Values::Parameters(_), Dtype::F32) => "<f4",
            (Values::Parameters(_), Dtype::F64) | (Values::Scale(_), _) => "<f8",
        };
        archive.add(&array.name, kind, &array.shape, &array.values.bytes());
    }
    let names: Vec<&str> = model.info.classes.iter().map(String::as_str).collect();
    let (kind, data) = strings(&names);
    archive.add("classes", &kind, &[names.len()], &data);
    let (kind, data) = strings(&[&model.info.to_json()]);
    archive.add("gingham", &kind, &[], &data);
    archive.0.finish().expect("memory takes everything")
}

struct Archive(ZipArchiveWriter<Vec<u8>>);

impl Archive {
    /// Adds an array. It has no time, so that the same model makes the same bytes.
    fn add(&mut self, name: &str, kind: &str, shape: &[usize], data: &[u8]) {
        let mut add = || -> Result<(), rawzip::Error> {
            let (mut entry, config) = self
                .0
                .new_file(format!("{name}.npy"))
                .compression_method(CompressionMethod::STORE)
                .start()?;
            let mut writer = config.wrap(&mut entry);
            writer.write_all(&header(kind, shape))?;
            writer.write_all(data)?;
            let (_, descriptor) = writer.finish()?;
            entry.finish(descriptor)?;
            Ok(())
        };
        add().expect("memory takes everything");
    }
}

/// What stands in front of an array's numbers.
fn header(kind: &str, shape: &[usize]) -> Vec<u8> {
    /// Signature, version and the header's length, which the header itself does not count.
    const FRONT: usize = 10;
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({lengths}), }}");
    let whole = (FRONT + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.push_str(&" ".repeat(whole - FRONT - text.len() - 1));
    text.push('\n');
    let length = u16::try_from(text.len()).expect("a type and at most two lengths");
    [
        b"\x93NUMPY\x01\0",
        &length.to_le_bytes()[..],
        text.as_bytes(),
    ]
    .concat()
}

/// Type and bytes of a vector of strings: UTF-32, each filled up with zeros to the longest.
fn strings(texts: &[&str]) -> (String, Vec<u8>) {
    let longest = texts.iter().map(|text| text.chars().count()).max();
    let width = longest.unwrap_or(0).max(1);
    let mut bytes = Vec::new();
    for text in texts {
        let letters = text.chars().map(u32::from).chain(std::iter::repeat(0));
        bytes.extend(letters.take(width).flat_map(u32::to_le_bytes));
    }
    (format!("<U{width}"), bytes)
}
