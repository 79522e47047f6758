//! The model as NumPy keeps arrays: a ZIP archive, not compressed, with a `.npy` file for each.
//!
//! Arrays have their names, shapes and types of the model file. With them come `classes`, the class names as a vector of
//! strings, and `gingham`, the model file's metadata (JSON) as a string without dimensions. Source of the format: the documentation of
//! `numpy.lib.format`, version 1.0.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::model::{Model, Values};
use crate::scalar::{Dtype, Scalar};

/// What numbers of the data begin at: as NumPy aligns them.
const ALIGNMENT: usize = 64;

pub(super) fn bytes<T: Scalar>(model: &Model<T>) -> Vec<u8> {
    let mut archive = Archive(ZipWriter::new(Cursor::new(Vec::new())));
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
    archive.0.finish().expect("memory takes all").into_inner()
}

struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn add(&mut self, name: &str, kind: &str, shape: &[usize], data: &[u8]) {
        // Without a time of its own a file has the format's first day, so that the same model makes the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(u32::try_from(data.len()).is_err())
            .unix_permissions(0o644);
        let header = header(kind, shape);
        self.0
            .start_file(format!("{name}.npy"), options)
            .and_then(|()| Ok(self.0.write_all(&header)?))
            .and_then(|()| Ok(self.0.write_all(data)?))
            .expect("memory takes all");
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
