//! The figures of a report. They draw numbers that were computed elsewhere.

mod calibration;
mod cells;
mod confusion;
mod curves;
mod effects;
mod lines;
mod parallel;
mod repeated;
mod ticks;
mod weights;

pub use calibration::reliability;
pub use cells::grid;
pub(crate) use cells::{cell, scale};
pub use confusion::confusion;
pub(crate) use confusion::numbered;
pub(crate) use curves::colour;
pub use curves::{accuracy, best_accuracy, best_error, error, loss};
pub use effects::{effect, effects};
pub(crate) use parallel::MOST_LINES;
pub use parallel::parallel;
pub(crate) use repeated::MOST_ROWS;
pub use repeated::repeated;
pub use weights::weights;

/// How much room a figure has: its letters are as large in both, so it shows less at once on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The width of a page, about 700 units.
    Page,
    /// The width of a phone, 350 units.
    Phone,
}

/// A share as per cent, with two decimals, as accuracies have everywhere.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A picture of at most 64 x 64 pixels, so that the size of a page is bounded.
struct Thinned {
    rows: usize,
    columns: usize,
    pixels: Vec<u8>,
}

/// Thins a picture whose pixels have `channels` bytes each: a large one keeps every second, third, .. pixel in both directions.
fn thinned(pixels: &[u8], rows: usize, columns: usize, channels: usize) -> Thinned {
    const MOST: usize = 64;
    let every = rows.max(columns).div_ceil(MOST).max(1);
    let mut kept = Vec::new();
    for row in (0..rows).step_by(every) {
        for column in (0..columns).step_by(every) {
            let start = (row * columns + column) * channels;
            kept.extend_from_slice(&pixels[start..start + channels]);
        }
    }
    Thinned {
        rows: rows.div_ceil(every),
        columns: columns.div_ceil(every),
        pixels: kept,
    }
}

/// The width and the height of a picture that keeps its shape in a square of `side` units.
fn fitted(rows: usize, columns: usize, side: f64) -> (f64, f64) {
    let longer = rows.max(columns).max(1) as f64;
    (side * columns as f64 / longer, side * rows as f64 / longer)
}
