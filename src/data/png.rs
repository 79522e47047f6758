//! PNG pictures, as rows of grey pixels on a ground.

use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::mmap;
use crate::error::{Error, Result};
use crate::formats::idx;

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
    /// The range that was found where the file has 16 bits a sample and uses fewer.
    range: Option<Range>,
}

/// The range of the samples of a picture that uses fewer bits than its file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The greatest sample.
    pub greatest: u16,
    /// What is taken for white: the greatest number of 8, 10, 12 or 14 bits.
    pub white: u16,
}

impl Picture {
    /// Opens a PNG file of `rows` x `columns` pixels. Of 16 bits the upper 8 are kept. Cameras, scanners and programs also write samples
    /// of 8, 10, 12 or 14 bits as if they had 16, which would be nearly black: where no sample needs more, the upper 8 of these
    /// bits are kept, and [`Self::range`] says so, since a picture that is dark indeed looks the same.
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

    fn decode(
        mut file: impl BufRead + Seek,
        path: &Path,
        [rows, columns]: [usize; 2],
    ) -> Result<Self> {
        let refuse = |reason: String| Error::Image {
            path: path.to_owned(),
            reason,
        };
        let start = file.fill_buf().map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        check_signature(start).map_err(refuse)?;
        let mut decoder = Decoder::new_with_limits(file, Limits { bytes: MOST_BYTES });
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(|error| refuse(told(error)))?;
        let info = reader.info();
        if (info.height as usize, info.width as usize) != (rows, columns) {
            let found = format!("found {} x {}", info.height, info.width);
            return Err(refuse(format!(
                "expected {rows} x {columns} pixels, as the model takes, {found}"
            )));
        }
        // The decoder takes whole colours for granted.
        if let Some(palette) = &info.palette
            && !palette.len().is_multiple_of(3)
        {
            return Err(refuse(format!(
                "expected a palette of colours of 3 bytes, found {} bytes",
                palette.len()
            )));
        }
        let size = reader.output_buffer_size().ok_or_else(|| {
            refuse("expected a size that can exist, found one that overflows".to_owned())
        })?;
        let mut bytes = vec![0; size];
        let frame = reader
            .next_frame(&mut bytes)
            .map_err(|error| refuse(told(error)))?;
        bytes.truncate(frame.buffer_size());
        let (samples, range) = match frame.bit_depth {
            BitDepth::Sixteen => narrow(&bytes, frame.color_type),
            _ => (bytes, None),
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
            range,
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

    /// The range of the samples, where it is smaller than that of the file's 16 bits.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        self.range
    }
}

/// Refuses what does not begin as a PNG file; the error is what it is instead, in words.
fn check_signature(start: &[u8]) -> Result<(), String> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    let found = match start {
        start if start.starts_with(SIGNATURE) => return Ok(()),
        [] => "an empty file".to_owned(),
        [one, other, ..] if !SIGNATURE.starts_with(&start[..start.len().min(SIGNATURE.len())]) => {
            let hint = idx::hint(&[*one, *other]);
            format!(
                "{:02x?} first{hint}",
                &start[..start.len().min(SIGNATURE.len())]
            )
        }
        start => format!("{} bytes", start.len()),
    };
    Err(format!(
        "expected the signature of a PNG file in its first {} bytes, found {found}",
        SIGNATURE.len()
    ))
}

/// The error of a damaged picture, in words.
fn told(error: DecodingError) -> String {
    let text = match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return "expected a whole PNG file, found its beginning alone".to_owned();
        }
        DecodingError::LimitsExceeded => {
            let most = MOST_BYTES >> 20;
            return format!("expected a picture that needs at most {most} MiB, found a larger one");
        }
        other => other.to_string(),
    };
    // The decoder writes a chunk's kind as `ChunkType { type: IDAT, .. }`.
    let text = match text.split_once("ChunkType { type: ") {
        Some((before, chunk)) => {
            let (kind, rest) = chunk.split_once(',').unwrap_or((chunk, ""));
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            format!("{before}{kind}{after}")
        }
        None => text,
    };
    format!(
        "expected sound PNG data, found damage: {}",
        text.trim_end_matches('.')
    )
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

/// The upper 8 bits of each sample of 16, or of as many as are used, with the range of the colours where these use fewer. Opacity has the same
/// bits as the colours, or all 16 where it needs more.
fn narrow(bytes: &[u8], color: ColorType) -> (Vec<u8>, Option<Range>) {
    let channels = color.samples();
    let has_alpha = matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba);
    let is_alpha = |place: usize| has_alpha && place % channels + 1 == channels;
    let samples = bytes.as_chunks::<2>().0;
    let samples: Vec<u16> = samples
        .iter()
        .map(|&pair| u16::from_be_bytes(pair))
        .collect();
    let greatest = |alpha: bool| {
        let of_kind = samples
            .iter()
            .enumerate()
            .filter(|&(place, _)| is_alpha(place) == alpha);
        of_kind.map(|(_, &sample)| sample).max().unwrap_or(0)
    };
    let (colour, opacity) = (greatest(false), greatest(true));
    let bits = if colour == 0 { 16 } else { bits_of(colour) };
    let bits_of_alpha = if bits_of(opacity) <= bits { bits } else { 16 };
    let byte = |(place, &sample): (usize, &u16)| {
        let bits = if is_alpha(place) { bits_of_alpha } else { bits };
        (sample >> (bits - 8)) as u8
    };
    let range = (bits < 16).then(|| Range {
        greatest: colour,
        white: (1 << bits) - 1,
    });
    (samples.iter().enumerate().map(byte).collect(), range)
}

/// The bits of samples of which this is the greatest, by the depths in use. Half of 16 bits is no depth but a picture without white.
fn bits_of(greatest: u16) -> u32 {
    let holds = |&bits: &u32| u32::from(greatest) < 1 << bits;
    [8, 10, 12, 14].into_iter().find(holds).unwrap_or(16)
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
            range: None,
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
    fn sixteen_bits_are_read_by_the_range_in_use() {
        let wide = |samples: &[u16]| -> Vec<u8> {
            samples
                .iter()
                .flat_map(|sample| sample.to_be_bytes())
                .collect()
        };
        let (grey, with_alpha) = (ColorType::Grayscale, ColorType::GrayscaleAlpha);
        for (samples, color, expected, white) in [
            (&[0, 0x1234, 0xffff][..], grey, &[0, 0x12, 0xff][..], None),
            (&[0, 77, 255], grey, &[0, 77, 255], Some(255)),
            (&[4, 77 * 4, 256], grey, &[1, 77, 64], Some(1023)),
            (&[3, 512, 1023], grey, &[0, 128, 255], Some(1023)),
            (&[0, 1024, 4095], grey, &[0, 64, 255], Some(4095)),
            (&[0, 4096, 16383], grey, &[0, 64, 255], Some(16383)),
            (&[0, 16384, 0x7fff], grey, &[0, 0x40, 0x7f], None),
            (&[0, 0, 0], grey, &[0, 0, 0], None),
            (
                &[77, 0x80ff, 0, 0],
                with_alpha,
                &[77, 0x80, 0, 0],
                Some(255),
            ),
            (
                &[77, 200, 0, 255],
                with_alpha,
                &[77, 200, 0, 255],
                Some(255),
            ),
            (
                &[4000, 4095, 0, 0],
                with_alpha,
                &[250, 255, 0, 0],
                Some(4095),
            ),
            (
                &[4000, 0xffff, 0, 0],
                with_alpha,
                &[250, 255, 0, 0],
                Some(4095),
            ),
            (&[0x7700, 200], with_alpha, &[0x77, 0], None),
            (&[0, 0xffff, 0, 0], with_alpha, &[0, 0xff, 0, 0], None),
        ] {
            let (found, range) = narrow(&wide(samples), color);
            assert_eq!(
                (&found[..], range.map(|range| range.white)),
                (expected, white)
            );
        }
    }
}
