//! Pixels of pictures, and their PNG files.

/// A rectangle, in units from the left and from the top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Pixels of a row.
    pub columns: usize,
    /// Rows of pixels.
    pub rows: usize,
}

/// Pixels of a picture, row-major from the upper left.
#[derive(Clone, Copy, Debug)]
pub enum PixelData<'a> {
    /// One byte a pixel, 0 is black.
    Grey(&'a [u8]),
    /// Three bytes a pixel: red, green, blue.
    Rgb(&'a [u8]),
}

impl PixelData<'_> {
    /// The pixels as a PNG file.
    pub(super) fn png(self, columns: usize, rows: usize) -> Vec<u8> {
        match self {
            Self::Grey(pixels) => png(columns, rows, png::ColorType::Grayscale, pixels),
            Self::Rgb(pixels) => png(columns, rows, png::ColorType::Rgb, pixels),
        }
    }

    /// Three bytes a pixel, whatever they were.
    pub(super) fn rgb(self) -> Vec<u8> {
        match self {
            Self::Grey(pixels) => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
            Self::Rgb(pixels) => pixels.to_vec(),
        }
    }
}

/// Pixels as a PNG file, one byte a channel.
pub(super) fn png(columns: usize, rows: usize, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    assert_eq!(
        pixels.len(),
        columns * rows * colour.samples(),
        "the pixels of {columns} x {rows}"
    );
    let size = |length: usize| u32::try_from(length).expect("a picture's size");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size(columns), size(rows));
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels))
        .expect("a picture in memory");
    bytes
}
