//! Images in a terminal: two pixels in a character, or a grid of numbers.

use std::fmt::Write;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// ASCII letters without any control character.
    Plain,
    /// The 256 colours of xterm, 26 of which are grey.
    Colours256,
    /// 24-bit colours.
    TrueColour,
}

/// The characters that stand for greys without colour, from black to white.
const SHADES: &[u8] = b" .:-=+*#%@";
/// The control sequence that ends all colours.
const RESET: &str = "\x1b[0m";

impl Ink {
    /// The codes that make `grey` the colour of the foreground (38) or the background (48).
    fn grey(self, ground: u8, grey: u8) -> String {
        match self {
            Self::Plain => String::new(),
            // 232 to 255 are the greys 8, 18, .., 238; 16 is black and 231 white.
            Self::Colours256 => {
                let number = match grey {
                    0..=3 => 16,
                    247.. => 231,
                    _ => 232 + (u16::from(grey).saturating_sub(3) / 10).min(23),
                };
                format!("{ground};5;{number}")
            }
            Self::TrueColour => format!("{ground};2;{grey};{grey};{grey}"),
        }
    }

    /// Writes `text` in a colour, where there is colour.
    #[must_use]
    pub fn paint(self, [red, green, blue]: [u8; 3], text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colours256 => {
                // The cube of 6 x 6 x 6 colours, whose levels are 0, 95, 135, .., 255.
                let level = |value: u8| (u16::from(value).saturating_sub(35) / 40).min(5);
                let number = 16 + 36 * level(red) + 6 * level(green) + level(blue);
                format!("\x1b[38;5;{number}m{text}{RESET}")
            }
            Self::TrueColour => format!("\x1b[38;2;{red};{green};{blue}m{text}{RESET}"),
        }
    }
}

/// A grey image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    rows: usize,
    columns: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// An image with `columns` pixels in a row, shrunk by the factor `times`: each new pixel is the mean of a square of old ones.
    ///
    /// # Panics
    /// If `columns` or `times` is 0.
    #[must_use]
    pub fn shrunk(image: &[u8], columns: usize, times: usize) -> Self {
        let rows = image.len() / columns;
        let (small_rows, small_columns) = (rows.div_ceil(times), columns.div_ceil(times));
        let mean = |row: usize, column: usize| {
            let (mut sum, mut count) = (0_u64, 0);
            for row in row * times..((row + 1) * times).min(rows) {
                let pixels = &image[row * columns..][..columns];
                for &pixel in &pixels[column * times..((column + 1) * times).min(columns)] {
                    sum += u64::from(pixel);
                    count += 1;
                }
            }
            ((sum + count / 2) / count) as u8
        };
        let places =
            (0..small_rows).flat_map(|row| (0..small_columns).map(move |column| (row, column)));
        Self {
            rows: small_rows,
            columns: small_columns,
            pixels: places.map(|(row, column)| mean(row, column)).collect(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of pixels in a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The rows of pixels in pairs. The last pair has no lower row where the number of rows is odd.
    fn pair(&self, line: usize) -> (&[u8], Option<&[u8]>) {
        let row = |row: usize| {
            self.pixels
                .get(row * self.columns..(row + 1) * self.columns)
        };
        (row(2 * line).unwrap_or(&[]), row(2 * line + 1))
    }
}

/// The factor by which images with `columns` pixels in a row must be shrunk so that `count` of them fit side by side into `width`
/// characters, and how many there is room for. These are fewer than `count` where images would become too small to be recognised.
#[must_use]
pub fn fitting(columns: usize, count: usize, width: usize) -> (usize, usize) {
    /// Garments are not recognised with fewer pixels in a row.
    const FEWEST_COLUMNS: usize = 10;
    let most_times = (columns / FEWEST_COLUMNS).max(1);
    let room = |times: usize| (width + 1) / (columns.div_ceil(times) + 1);
    let fits = (1..most_times).find(|&times| room(times) >= count);
    let times = fits.unwrap_or_else(|| {
        // A terminal would break the lines of a picture that is wider than itself.
        let widest =
            |times: &usize| *times >= most_times && (room(*times) >= 1 || *times >= columns);
        (1..).find(widest).expect("images of one column fit")
    });
    (times, room(times).clamp(1, count))
}

/// The lines of text that show pictures of one size side by side, with a blank between them. A character is one pixel wide and two
/// pixels high.
#[must_use]
pub fn side_by_side(pictures: &[Picture], ink: Ink) -> Vec<String> {
    let lines = pictures
        .first()
        .map_or(0, |picture| picture.rows.div_ceil(2));
    let line = |line: usize| {
        let parts = pictures.iter().map(|picture| {
            let (upper, lower) = picture.pair(line);
            match ink {
                Ink::Plain => shaded(upper, lower),
                _ => half_blocks(upper, lower, ink),
            }
        });
        parts.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    };
    (0..lines).map(line).collect()
}

fn shaded(upper: &[u8], lower: Option<&[u8]>) -> String {
    let lower = lower.unwrap_or(upper);
    let shade = |(&upper, &lower): (&u8, &u8)| {
        let mean = (usize::from(upper) + usize::from(lower)) / 2;
        char::from(SHADES[mean * SHADES.len() / 256])
    };
    upper.iter().zip(lower).map(shade).collect()
}

fn half_blocks(upper: &[u8], lower: Option<&[u8]>, ink: Ink) -> String {
    let mut text = String::new();
    let mut last = None;
    for (column, &above) in upper.iter().enumerate() {
        let below = lower.map(|lower| lower[column]);
        if last != Some((above, below)) {
            let ground = below.map_or_else(|| "49".to_owned(), |below| ink.grey(48, below));
            write!(text, "\x1b[{};{ground}m", ink.grey(38, above)).expect("memory");
            last = Some((above, below));
        }
        text.push('▀');
    }
    text + RESET
}

/// The numbers of an image, a line of text for each row. Where there is colour, each number stands on its own grey.
///
/// # Panics
/// If `columns` is 0.
#[must_use]
pub fn numbers(image: &[u8], columns: usize, ink: Ink) -> Vec<String> {
    let cell = |&pixel: &u8| match ink {
        Ink::Plain => format!("{pixel:>4}"),
        _ => {
            let letters = if pixel < 128 { 255 } else { 0 };
            let (front, ground) = (ink.grey(38, letters), ink.grey(48, pixel));
            format!("\x1b[{front};{ground}m{pixel:>4}")
        }
    };
    let end = if ink == Ink::Plain { "" } else { RESET };
    let line = |row: &[u8]| row.iter().map(cell).collect::<String>() + end;
    image.chunks(columns).map(line).collect()
}
