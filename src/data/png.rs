//! PNG images, as rows of grey pixels.

use std::io::BufReader;
use std::path::Path;

use png::{ColorType, Decoder, Limits, Transformations};

use super::mmap;
use crate::error::{Error, Result};

/// The `rows` x `columns` pixels of a PNG file in grey, row by row: colours by their luma (ITU-R BT.601), transparency over
/// black, 16 bits cut to 8.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`], and [`Error::Image`] for a file that is no PNG or of another size.
pub fn grey(path: &Path, rows: usize, columns: usize) -> Result<Vec<u8>> {
    let refuse = |reason: String| Error::Image {
        path: path.to_owned(),
        reason,
    };
    let file = BufReader::new(mmap::open(path)?);
    // Nothing that is allowed takes more: the image itself is a few kilobytes.
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: 1 << 24 });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder
        .read_info()
        .map_err(|error| refuse(error.to_string()))?;
    let info = reader.info();
    if (info.height as usize, info.width as usize) != (rows, columns) {
        let found = format!("found {} x {}", info.height, info.width);
        return Err(refuse(format!(
            "expected {rows} x {columns} pixels, as the model takes, {found}"
        )));
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| refuse("its size overflows".to_owned()))?;
    let mut bytes = vec![0; size];
    let frame = reader
        .next_frame(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    let bytes = &bytes[..frame.buffer_size()];
    let grey = match frame.color_type {
        ColorType::Grayscale => bytes.to_vec(),
        ColorType::GrayscaleAlpha => bytes
            .as_chunks()
            .0
            .iter()
            .map(|&[grey, alpha]| over_black(grey, alpha))
            .collect(),
        ColorType::Rgb => bytes.as_chunks().0.iter().map(luma).collect(),
        ColorType::Rgba => bytes
            .as_chunks()
            .0
            .iter()
            .map(|&[r, g, b, alpha]| over_black(luma(&[r, g, b]), alpha))
            .collect(),
        ColorType::Indexed => return Err(refuse("its palette was not expanded".to_owned())),
    };
    Ok(grey)
}

fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    // At most 255 · 1000 / 1000.
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

fn over_black(grey: u8, alpha: u8) -> u8 {
    ((u32::from(grey) * u32::from(alpha) + 127) / 255) as u8
}
