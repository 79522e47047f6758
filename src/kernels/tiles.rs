//! Tiles: sixteen pixels that lie together in the image, the columns of one panel of the gradient's product.
//!
//! Most pixels of a picture are background, and background lies together. So a panel of 4 x 4 neighbours is black in all four images
//! of a quad far more often than a panel of sixteen pixels in a row, and what is black is skipped: of Fashion-MNIST 28 % instead of
//! 14 %. A tile is four *runs* of four pixels, `step` runs apart. Where that is a row of the image, the tile is a square; where a
//! row is no multiple of four, it leans. The tiles that lie side by side, over the same rows, are a *strip*.

use super::shape::{COLUMNS, QUAD};

/// Runs of a tile.
const RUNS: usize = COLUMNS / QUAD;

/// How images are divided into tiles, or a row of numbers into panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    pixels: usize,
    /// Runs from one run of a tile to its next one, and tiles of a strip.
    step: usize,
}

/// Where a panel's sixteen columns lie in a row: in four runs of up to four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The first run's first column.
    pub at: usize,
    /// Columns from the beginning of one run to the beginning of the next.
    pub stride: usize,
    /// The length of each run.
    pub lengths: [usize; RUNS],
}

impl Tiles {
    /// Tiles of images of so many rows and columns. An image with fewer rows than a tile is divided along its length.
    #[must_use]
    pub fn of_image(rows: usize, columns: usize) -> Self {
        let step = (columns + QUAD / 2) / QUAD;
        Self {
            pixels: rows * columns,
            step: if rows < RUNS { 1 } else { step.max(1) },
        }
    }

    /// Panels of a row of `length` numbers, sixteen in a row.
    #[must_use]
    pub fn of_row(length: usize) -> Self {
        Self {
            pixels: length,
            step: 1,
        }
    }

    /// How many tiles there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.runs().div_ceil(RUNS * self.step) * self.step
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels(self) -> usize {
        self.pixels
    }

    /// Runs of an image, the last of which may be short.
    #[must_use]
    pub fn runs(self) -> usize {
        self.pixels.div_ceil(QUAD)
    }

    /// Pixels of a strip of tiles. An image may be divided only at multiples of this, so that each tile stays on one side.
    #[must_use]
    pub fn strip_pixels(self) -> usize {
        COLUMNS * self.step
    }

    /// The tile that begins at pixel `pixel`, which must be the first of a strip.
    #[must_use]
    pub fn first_tile(self, pixel: usize) -> usize {
        pixel / self.strip_pixels() * self.step
    }

    /// The runs of tile number `tile`; those from [`Self::runs`] on are not there.
    #[inline]
    pub(super) fn runs_of(self, tile: usize) -> [usize; RUNS] {
        let (strip, tile) = (tile / self.step, tile % self.step);
        std::array::from_fn(|run| (strip * RUNS + run) * self.step + tile)
    }

    /// Where tile number `tile` lies.
    #[must_use]
    pub fn placement(self, tile: usize) -> Placement {
        let runs = self.runs_of(tile);
        Placement {
            at: runs[0] * QUAD,
            stride: self.step * QUAD,
            lengths: runs.map(|run| self.pixels.saturating_sub(run * QUAD).min(QUAD)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_in_one_tile() {
        for (rows, columns) in [
            (28, 28),
            (5, 7),
            (1, 1),
            (3, 40),
            (40, 3),
            (9, 9),
            (4, 4),
            (32, 6),
            (30, 30),
            (100, 1),
        ] {
            let tiles = Tiles::of_image(rows, columns);
            let mut met = vec![0; rows * columns];
            for tile in 0..tiles.count() {
                let Placement {
                    at,
                    stride,
                    lengths,
                } = tiles.placement(tile);
                for (run, length) in lengths.into_iter().enumerate() {
                    for pixel in 0..length {
                        met[at + run * stride + pixel] += 1;
                    }
                }
            }
            assert!(met.iter().all(|&met| met == 1), "{rows} x {columns}");
            for first in (0..met.len()).step_by(tiles.strip_pixels()) {
                assert_eq!(tiles.placement(tiles.first_tile(first)).at, first);
            }
        }
    }

    #[test]
    fn tiles_are_squares_where_rows_are_multiples_of_four() {
        let expected = Placement {
            at: 4 * 28 + 4,
            stride: 28,
            lengths: [4; 4],
        };
        assert_eq!(Tiles::of_image(28, 28).placement(8), expected);
    }
}
