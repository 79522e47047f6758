//! NumPy's archive of arrays: a ZIP archive without compression, with one `.npy` file for each array.
//!
//! Source of the format: the documentation of `numpy.lib.format`, version 1.0.

use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};

/// The numbers of an array begin at a multiple of this many bytes, as NumPy aligns them.
const ALIGNMENT: usize = 64;

/// An archive that is being written in memory.
pub(crate) struct Archive(ZipArchiveWriter<Vec<u8>>);

impl Archive {
    /// An archive without arrays.
    pub(crate) fn new() -> Self {
        Self(ZipArchiveWriter::new(Vec::new()))
    }

    /// Adds an array. `descr` is NumPy's name of its element type, such as `<f4`; `data` holds its elements, row by row. The entry
    /// has no time stamp, so that the same arrays always make the same bytes.
    pub(crate) fn add(&mut self, name: &str, descr: &str, shape: &[usize], data: &[u8]) {
        let mut add = || -> Result<(), rawzip::Error> {
            let (mut entry, config) = self
                .0
                .new_file(format!("{name}.npy"))
                .compression_method(CompressionMethod::STORE)
                .start()?;
            let mut writer = config.wrap(&mut entry);
            writer.write_all(&header(descr, shape))?;
            writer.write_all(data)?;
            let (_, descriptor) = writer.finish()?;
            entry.finish(descriptor)?;
            Ok(())
        };
        add().expect("memory takes everything");
    }

    /// Adds an array of strings of this shape, each string in UTF-32 and filled up with zeros to the longest.
    pub(crate) fn add_strings(&mut self, name: &str, shape: &[usize], texts: &[&str]) {
        let longest = texts.iter().map(|text| text.chars().count()).max();
        let width = longest.unwrap_or(0).max(1);
        let mut data = Vec::new();
        for text in texts {
            let letters = text.chars().map(u32::from).chain(std::iter::repeat(0));
            data.extend(letters.take(width).flat_map(u32::to_le_bytes));
        }
        self.add(name, &format!("<U{width}"), shape, &data);
    }

    /// The bytes of the whole archive.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.finish().expect("memory takes everything")
    }
}

/// The bytes of a `.npy` file before its array's elements.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    /// The bytes before the header's text, which the length within them does not count: signature, version and that length.
    const FRONT: usize = 10;
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_begin_at_a_multiple_of_the_alignment() {
        for shape in [&[][..], &[7], &[50, 784], &[1 << 40, 1 << 40]] {
            assert_eq!(header("<f4", shape).len() % ALIGNMENT, 0, "{shape:?}");
        }
    }
}
