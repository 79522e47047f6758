//! PNG pictures, as rows of grey pixels on a ground.

use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::mmap;
use crate::error::{Error, Result};

/// What decoding may take. Nothing that is allowed takes more: the picture itself is a few kilobytes.
const MOST_BYTES: usize = 1 << 24;

/// A picture in grey, and how much of each pixel is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    columns: usize,
    /// Row by row; colours by their luma (ITU-R BT.601).
    grey: Vec<u8>,
    /// The opacity of each pixel; none where all are opaque.
    alpha: Option<Vec<u8>>,
    /// Whether the file has 16 bits a sample and no sample above 255, which is then white.
    is_low: bool,
}

impl Picture {
    /// Opens a PNG file of `rows` x `columns` pixels. Of 16 bits the upper 8 are kept, but where these are all 0, the lower ones.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], and [`Error::Image`] for a file that is no PNG or of another size.
    pub fn open(path: &Path, rows: usize, columns: usize) -> Result<Self> {
        Self::decode(BufReader::new(mmap::open(path)?), path, [rows, columns])
    }

    /// Reads such a picture from a stream such as standard input. Messages call it `name`.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Image`] for what is no PNG or of another size.
    pub fn read(stream: impl Read, name: &Path, rows: usize, columns: usize) -> Result<Self> {
        let mut bytes = Vec::new();
        stream
            .take(MOST_BYTES as u64)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Read {
                path: name.to_owned(),
                source,
            })?;
        Self::decode(Cursor::new(bytes), name, [rows, columns])
    }

    fn decode(file: impl BufRead + Seek, path: &Path, [rows, columns]: [usize; 2]) -> Result<Self> {
        let refuse = |reason: String| Error::Image {
            path: path.to_owned(),
            reason,
        };
        let mut decoder = Decoder::new_with_limits(file, Limits { bytes: MOST_BYTES });
        decoder.set_transformations(Transformations::EXPAND);
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
        bytes.truncate(frame.buffer_size());
        let (samples, is_low) = match frame.bit_depth {
            BitDepth::Sixteen => narrow(&bytes, frame.color_type),
            _ => (bytes, false),
        };
        let (grey, alpha) = match frame.color_type {
            ColorType::Grayscale => (samples, None),
            ColorType::GrayscaleAlpha => {
                let (grey, alpha) = samples.as_chunks().0.iter().map(|&[g, a]| (g, a)).unzip();
                (grey, Some(alpha))
            }
            ColorType::Rgb => (samples.as_chunks().0.iter().map(luma).collect(), None),
            ColorType::Rgba => {
                let pixels = samples.as_chunks().0.iter();
                let (grey, alpha) = pixels.map(|&[r, g, b, a]| (luma(&[r, g, b]), a)).unzip();
                (grey, Some(alpha))
            }
            ColorType::Indexed => return Err(refuse("its palette was not expanded".to_owned())),
        };
        Ok(Self {
            columns,
            grey,
            alpha,
            is_low,
        })
    }

    /// The pixels, row by row, on a ground of this grey, which shows where the picture is transparent.
    #[must_use]
    pub fn on(&self, ground: u8) -> Vec<u8> {
        let Some(alpha) = &self.alpha else {
            return self.grey.clone();
        };
        let over = |(&grey, &alpha): (&u8, &u8)| {
            let (grey, ground, alpha) = (u32::from(grey), u32::from(ground), u32::from(alpha));
            ((grey * alpha + ground * (255 - alpha) + 127) / 255) as u8
        };
        self.grey.iter().zip(alpha).map(over).collect()
    }

    /// Whether this is something dark on a light ground: by the border where it is opaque, and by the ink where it is not.
    #[must_use]
    pub fn has_light_ground(&self) -> bool {
        let [on_black, on_white] = [0, 255].map(|ground| is_light(&self.on(ground), self.columns));
        if on_black == on_white {
            return on_black;
        }
        let weight = |alpha: &Vec<u8>| alpha.iter().map(|&alpha| u64::from(alpha)).sum::<u64>();
        let opaque = self.alpha.as_ref().map_or(0, weight);
        // What there is of the picture itself, on black.
        let ink: u64 = self.on(0).iter().map(|&grey| u64::from(grey)).sum();
        2 * ink < opaque
    }

    /// Whether the file has 16 bits a sample, but no sample above 255; 255 was then taken for white.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.is_low
    }
}

/// Whether the pixels at the border of an image are light, on average.
#[must_use]
pub fn is_light(pixels: &[u8], columns: usize) -> bool {
    let rows = pixels.len() / columns;
    let is_border = |place: usize| {
        let (row, column) = (place / columns, place % columns);
        row == 0 || row + 1 == rows || column == 0 || column + 1 == columns
    };
    let border = (0..pixels.len()).filter(|&place| is_border(place));
    let (count, sum) = border.fold((0, 0), |(count, sum), place| {
        (count + 1, sum + u64::from(pixels[place]))
    });
    sum >= 128 * count
}

/// The upper 8 of each 16 bits. Where no colour has any, but the lower 8 bits are not all 0, these are what is meant; the answer then says so.
fn narrow(bytes: &[u8], color: ColorType) -> (Vec<u8>, bool) {
    let samples = bytes.as_chunks::<2>().0;
    let channels = color.samples();
    let has_alpha = matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba);
    let is_alpha = |place: usize| has_alpha && place % channels + 1 == channels;
    let all = |alpha: bool, is: &dyn Fn(&[u8; 2]) -> bool| {
        let of_kind = samples
            .iter()
            .enumerate()
            .filter(|&(place, _)| is_alpha(place) == alpha);
        of_kind.map(|(_, sample)| sample).all(is)
    };
    let is_low = all(false, &|sample| sample[0] == 0) && !all(false, &|sample| sample[1] == 0);
    let is_low_alpha = is_low && all(true, &|sample| sample[0] == 0);
    let byte = |place| {
        usize::from(if is_alpha(place) {
            is_low_alpha
        } else {
            is_low
        })
    };
    let samples = samples.iter().enumerate();
    let narrow = samples.map(|(place, sample)| sample[byte(place)]).collect();
    (narrow, is_low)
}

fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    // At most 255 · 1000 / 1000.
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(columns: usize, grey: &[u8], alpha: Option<&[u8]>) -> Picture {
        Picture {
            columns,
            grey: grey.to_vec(),
            alpha: alpha.map(<[u8]>::to_vec),
            is_low: false,
        }
    }

    #[test]
    fn transparency_shows_the_ground() {
        let half = picture(4, &[0, 200, 200, 7], Some(&[255, 255, 128, 0]));
        assert_eq!(half.on(0), [0, 200, 100, 0]);
        assert_eq!(half.on(255), [0, 200, 227, 255]);
        assert_eq!(picture(2, &[3, 4], None).on(255), [3, 4]);
    }

    #[test]
    fn the_ground_is_seen_at_the_border_or_by_the_ink() {
        let middle = |border: u8, ink: u8| {
            let mut pixels = [border; 9];
            pixels[4] = ink;
            pixels
        };
        for (grey, alpha, light) in [
            (middle(255, 0), None, true),
            (middle(0, 255), None, false),
            (middle(0, 0), Some(middle(0, 255)), true),
            (middle(0, 255), Some(middle(0, 255)), false),
            // Colours that nobody sees do not count.
            (middle(255, 255), Some(middle(0, 255)), false),
            (middle(255, 0), Some(middle(255, 255)), true),
        ] {
            let picture = picture(3, &grey, alpha.as_ref().map(|alpha| &alpha[..]));
            assert_eq!(picture.has_light_ground(), light, "{picture:?}");
        }
    }

    #[test]
    fn sixteen_bits_keep_the_half_that_says_something() {
        let wide = |samples: &[u16]| -> Vec<u8> {
            samples
                .iter()
                .flat_map(|sample| sample.to_be_bytes())
                .collect()
        };
        let (grey, with_alpha) = (ColorType::Grayscale, ColorType::GrayscaleAlpha);
        for (samples, color, expected, low) in [
            (&[0, 0x1234, 0xffff][..], grey, &[0, 0x12, 0xff][..], false),
            (&[0, 77, 255], grey, &[0, 77, 255], true),
            (&[0, 0, 0], grey, &[0, 0, 0], false),
            (&[77, 0x80ff, 0, 0], with_alpha, &[77, 0x80, 0, 0], true),
            (&[77, 200, 0, 255], with_alpha, &[77, 200, 0, 255], true),
            (&[0x7700, 200], with_alpha, &[0x77, 0], false),
        ] {
            assert_eq!(narrow(&wide(samples), color), (expected.to_vec(), low));
        }
    }
}
