//! Which images are alike enough to be multiplied side by side.

use std::ops::Range;

use rayon::prelude::*;

use crate::data::Images;

/// Cells of an image's side.
const SIDE: usize = 8;
/// Images by which the cells are judged.
const SAMPLE: usize = 4096;

/// All images, sorted so that those of like outline stand together.
///
/// An image is divided into 8 x 8 cells, and a bit says whether a cell is black. The bits that divide the images most evenly come
/// first, so sorting by the number that the bits make is a decision tree. Of sixteen neighbours of a batch of 1,920 images, 27 % of
/// the quads are black in all; where images stand in random order, 4 % are. Clustering the bits (k-modes, 32 clusters) gave the
/// same share.
#[derive(Clone, Debug)]
pub struct Outlines {
    /// The indices of all images, sorted.
    sorted: Vec<u32>,
    /// By index: the batch that the image is in, or [`NONE`].
    batch_of: Vec<u32>,
}

/// In place of a batch's number: the image is in no batch.
const NONE: u32 = u32::MAX;

impl Outlines {
    /// Sorts all images.
    #[must_use]
    pub fn new(images: &Images) -> Self {
        let cells = Cells::new(images.shape());
        let step = images.count().div_ceil(SAMPLE).max(1);
        let sample: Vec<u64> = (0..images.count())
            .step_by(step)
            .map(|index| cells.black(images.image(index)))
            .collect();
        let unevenness = |cell: usize| {
            let black = sample.iter().filter(|black| *black >> cell & 1 == 1);
            (2 * black.count()).abs_diff(sample.len())
        };
        let mut first: Vec<usize> = (0..SIDE * SIDE).collect();
        first.sort_by_key(|&cell| (unevenness(cell), cell));
        let number = |&index: &u32| {
            let black = cells.black(images.image(index as usize));
            let bits = first.iter().take(u32::BITS as usize);
            bits.fold(0, |number, &cell| number << 1 | (black >> cell & 1) as u32)
        };
        let mut sorted: Vec<u32> = (0..images.count() as u32).collect();
        let numbers: Vec<u32> = sorted.par_iter().map(number).collect();
        sorted.par_sort_unstable_by_key(|&index| (numbers[index as usize], index));
        Self {
            batch_of: vec![NONE; sorted.len()],
            sorted,
        }
    }

    /// Arranges the images of each of `batches`, which follow one another in `order`, by outline, and images of one outline by index.
    ///
    /// All images are dealt out in one walk through them as they are sorted, which takes a fifth of the time that sorting every
    /// batch took.
    ///
    /// # Panics
    /// If a batch does not lie in the order.
    pub fn arrange(&mut self, order: &mut [u32], batches: impl Iterator<Item = Range<usize>>) {
        self.batch_of.fill(NONE);
        let mut next = Vec::new();
        for (number, batch) in batches.enumerate() {
            next.push(batch.start);
            for &index in &order[batch] {
                self.batch_of[index as usize] = number as u32;
            }
        }
        for &index in &self.sorted {
            let batch = self.batch_of[index as usize];
            if batch != NONE {
                let next = &mut next[batch as usize];
                order[*next] = index;
                *next += 1;
            }
        }
    }
}

/// The cells that an image is divided into.
struct Cells {
    columns: usize,
    rows_of_cell: usize,
    /// By column: the bit of its cell.
    bits: Vec<u64>,
}

impl Cells {
    fn new((rows, columns): (usize, usize)) -> Self {
        let side = columns.div_ceil(SIDE);
        Self {
            columns,
            rows_of_cell: rows.div_ceil(SIDE),
            bits: (0..columns).map(|column| 1 << (column / side)).collect(),
        }
    }

    /// A bit for each cell, set where it has nothing but zeros.
    fn black(&self, image: &[u8]) -> u64 {
        let bands = image.chunks(self.columns * self.rows_of_cell);
        let bright = bands.enumerate().map(|(band, rows)| {
            let mut bright = 0;
            for row in rows.chunks_exact(self.columns) {
                for (&pixel, bit) in row.iter().zip(&self.bits) {
                    bright |= if pixel == 0 { 0 } else { *bit };
                }
            }
            bright << (band * SIDE)
        });
        !bright.fold(0, |all, band| all | band)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_one_outline_come_together_and_none_is_lost() {
        // Every third image is bright on the left, the others on the right; pixel values differ.
        let (rows, columns) = (9, 13);
        let image = |number: usize| -> Vec<u8> {
            let bright = |at: usize| (at % columns < 4) == number.is_multiple_of(3);
            let pixel = |at| if bright(at) { 1 + number as u8 } else { 0 };
            (0..rows * columns).map(pixel).collect()
        };
        let all: Vec<Vec<u8>> = (0..50).map(image).collect();
        let images = Images::copied(rows, columns, all.iter().map(Vec::as_slice));
        let mut outlines = Outlines::new(&images);
        // It is arranged twice: nothing may be left of what was arranged before.
        for order in [(0..50).rev().collect(), (10..40).collect::<Vec<u32>>()] {
            let half = order.len() / 2;
            let mut arranged = order.clone();
            outlines.arrange(&mut arranged, [0..half, half..order.len()].into_iter());
            for (indices, before) in arranged.chunks(half).zip(order.chunks(half)) {
                let changes = indices
                    .windows(2)
                    .filter(|pair| (pair[0] % 3 == 0) != (pair[1] % 3 == 0));
                assert_eq!(changes.count(), 1, "{indices:?}");
                let (mut indices, mut before) = (indices.to_vec(), before.to_vec());
                indices.sort_unstable();
                before.sort_unstable();
                assert_eq!(indices, before);
            }
        }
    }
}
