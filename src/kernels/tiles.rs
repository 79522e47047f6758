//! Sixteen pixels that lie together in the image: the columns of one panel of the gradient's product.
//!
//! Most pixels of a picture are background, and background lies together. So a panel of 4 x 4 neighbours is black in all four images
//! of a quad far more often than one of sixteen in a row, and what is black is skipped ([`super::pack`]): of Fashion-MNIST 28 %
//! instead of 14 %. *Tiled* order is tile after tile, strip after strip, each tile row by row; places that an
//! image has no pixel for (its sides need not be multiples of four) stay empty.

use super::LANES;

/// Pixels of a tile's side, and of a run that stays together.
pub const SIDE: usize = 4;

/// How images are cut into tiles, or a row of numbers into panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    rows: usize,
    columns: usize,
    /// Tiles of 4 x 4; else all is one row of sixteen at a time.
    square: bool,
}

/// Where a panel's sixteen columns lie: in four runs of up to four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Place of the first.
    pub at: usize,
    /// From one run's first to the next one's.
    pub stride: usize,
    /// Length of each run.
    pub lengths: [usize; SIDE],
}

impl Tiles {
    /// Of images of so many pixels. What is too narrow for squares is cut along its length.
    #[must_use]
    pub fn of_image(rows: usize, columns: usize) -> Self {
        if rows < SIDE || columns < SIDE {
            return Self::of_row(rows * columns);
        }
        Self {
            rows,
            columns,
            square: true,
        }
    }

    /// Of a row of numbers.
    #[must_use]
    pub fn of_row(length: usize) -> Self {
        Self {
            rows: 1,
            columns: length,
            square: false,
        }
    }

    /// Rows and columns of a tile.
    fn shape(self) -> (usize, usize) {
        if self.square {
            (SIDE, SIDE)
        } else {
            (1, LANES)
        }
    }

    fn tiles_of_strip(self) -> usize {
        self.columns.div_ceil(self.shape().1)
    }

    /// How many tiles there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.rows.div_ceil(self.shape().0) * self.tiles_of_strip()
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels(self) -> usize {
        self.rows * self.columns
    }

    /// Places in tiled order.
    #[must_use]
    pub fn places(self) -> usize {
        self.count() * LANES
    }

    /// Pixels between the only places where an image may be cut in two so that each tile stays on one side.
    #[must_use]
    pub fn cut(self) -> usize {
        if self.square {
            SIDE * self.columns
        } else {
            LANES
        }
    }

    /// The tile that begins at pixel `pixel`, which must be the first one or behind a cut.
    #[must_use]
    pub fn first_tile(self, pixel: usize) -> usize {
        if self.square {
            pixel / self.cut() * self.tiles_of_strip()
        } else {
            pixel / LANES
        }
    }

    /// Where tile number `tile` lies.
    #[must_use]
    pub fn spot(self, tile: usize) -> Spot {
        if self.square {
            let (strip, tile) = (tile / self.tiles_of_strip(), tile % self.tiles_of_strip());
            let (row, column) = (strip * SIDE, tile * SIDE);
            let length = (self.columns - column).min(SIDE);
            Spot {
                at: row * self.columns + column,
                stride: self.columns,
                lengths: std::array::from_fn(|run| if row + run < self.rows { length } else { 0 }),
            }
        } else {
            let at = tile * LANES;
            Spot {
                at,
                stride: SIDE,
                lengths: std::array::from_fn(|run| {
                    self.columns.saturating_sub(at + run * SIDE).min(SIDE)
                }),
            }
        }
    }

    /// Copies an image's numbers into tiled order; leaves the empty places as they are.
    #[inline]
    pub fn sort<T: Copy>(self, from: &[T], to: &mut [T]) {
        let (to, _) = to.as_chunks_mut::<LANES>();
        if !self.square {
            for (from, to) in from.chunks(LANES).zip(to) {
                to[..from.len()].copy_from_slice(from);
            }
            return;
        }
        let strips = from.chunks(self.cut());
        for (strip, tiles) in strips.zip(to.chunks_exact_mut(self.tiles_of_strip())) {
            if strip.len() == self.cut() && self.columns.is_multiple_of(SIDE) {
                let (runs, _) = strip.as_chunks::<SIDE>();
                let (a, runs) = runs.split_at(tiles.len());
                let (b, runs) = runs.split_at(tiles.len());
                let (c, d) = runs.split_at(tiles.len());
                for (tile, (((a, b), c), d)) in tiles.iter_mut().zip(a.iter().zip(b).zip(c).zip(d))
                {
                    let (runs, _) = tile.as_chunks_mut::<SIDE>();
                    runs.copy_from_slice(&[*a, *b, *c, *d]);
                }
                continue;
            }
            for (run, row) in strip.chunks_exact(self.columns).enumerate() {
                let (fours, rest) = row.as_chunks::<SIDE>();
                for (tile, four) in tiles.iter_mut().zip(fours) {
                    tile.as_chunks_mut().0[run] = *four;
                }
                tiles[fours.len().min(tiles.len() - 1)][run * SIDE..][..rest.len()]
                    .copy_from_slice(rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_are_where_sorting_takes_pixels_from() {
        for (rows, columns) in [
            (28, 28),
            (5, 7),
            (1, 1),
            (3, 40),
            (40, 3),
            (9, 9),
            (4, 4),
            (32, 6),
        ] {
            let tiles = Tiles::of_image(rows, columns);
            let pixels: Vec<usize> = (0..rows * columns).collect();
            let mut sorted = vec![usize::MAX; tiles.places()];
            tiles.sort(&pixels, &mut sorted);
            let mut seen = 0;
            for tile in 0..tiles.count() {
                let Spot {
                    at,
                    stride,
                    lengths,
                } = tiles.spot(tile);
                for run in 0..SIDE {
                    for place in 0..SIDE {
                        let found = sorted[tile * LANES + run * SIDE + place];
                        let expected = if place < lengths[run] {
                            seen += 1;
                            at + run * stride + place
                        } else {
                            usize::MAX
                        };
                        assert_eq!(found, expected, "{rows} x {columns}, tile {tile}");
                    }
                }
            }
            assert_eq!(seen, pixels.len());
            for cut in (0..pixels.len()).step_by(tiles.cut()) {
                assert_eq!(tiles.spot(tiles.first_tile(cut)).at, cut);
            }
        }
    }
}
