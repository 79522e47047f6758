//! How the work of a step is cut into tasks: by sizes only, never by the number of threads.
//!
//! So the same seed gives the same bits on any number of threads. Phase 1 of a step cuts a mini-batch into chunks of images,
//! phase 2 cuts a weight matrix into blocks.

/// Images of a chunk, which one task takes through all layers. Measured: `benches/record/2026-11-23-openblas-shapes.md`.
const CHUNK_IMAGES: std::ops::RangeInclusive<usize> = 32..=240;
/// The number of chunks to aim at for a mini-batch that is too small to fill the largest ones.
const CHUNKS_PER_BATCH: usize = 8;

/// Images of a chunk, in mini-batches of at most `batch` images: a multiple of 16. The last chunk of a mini-batch may have
/// fewer.
#[must_use]
pub fn chunk_images(batch: usize) -> usize {
    batch
        .div_ceil(CHUNKS_PER_BATCH)
        .next_multiple_of(16)
        .clamp(*CHUNK_IMAGES.start(), *CHUNK_IMAGES.end())
}

/// The same for packed pixels. Their panels have sixteen images, so a chunk can be as small: two threads then share a mini-batch of 32.
#[must_use]
pub fn packed_chunk_images(batch: usize) -> usize {
    if batch <= *CHUNK_IMAGES.start() {
        CHUNK_IMAGES.start() / 2
    } else {
        chunk_images(batch)
    }
}

/// How a weight matrix is cut into blocks, the gradient of each of which is one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLimits {
    /// The most rows of a block.
    pub most_rows: usize,
    /// The most columns of a block.
    pub most_columns: usize,
    /// Blocks begin at multiples of so many rows.
    pub row_step: usize,
    /// Blocks begin at multiples of so many columns.
    pub column_step: usize,
}

impl BlockLimits {
    /// For products in floating point: whole pairs of vectors. Measured: `benches/record/2026-11-23-openblas-shapes.md`.
    pub const FLOATING_POINT: Self = Self {
        most_rows: 256,
        most_columns: 256,
        row_step: 32,
        column_step: 32,
    };

    /// The row before which `rows` rows are halved, if they are too many for a block.
    #[must_use]
    pub fn half_of_rows(self, rows: usize) -> Option<usize> {
        half(rows, self.most_rows, self.row_step)
    }

    /// The column before which `columns` columns are halved, if they are too many for a block.
    #[must_use]
    pub fn half_of_columns(self, columns: usize) -> Option<usize> {
        half(columns, self.most_columns, self.column_step)
    }
}

/// A border near the middle of more than `most`, at a multiple of `step`, if there is one.
fn half(size: usize, most: usize, step: usize) -> Option<usize> {
    (size > most.max(step)).then(|| ((size / 2 + step / 2) / step * step).max(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_whole_steps_and_smaller() {
        for (most, step) in [(256, 32), (128, 112), (32, 10), (1, 16)] {
            for size in (most + step + 1..3000).chain([1 << 20]) {
                let half = half(size, most, step).unwrap();
                assert!(
                    half.is_multiple_of(step)
                        && half < size
                        && half.abs_diff(size - half) <= 2 * step,
                    "{size} {half}"
                );
            }
            assert_eq!(half(most, most, step), None);
            assert_eq!(half(step, most, step), None);
        }
    }

    #[test]
    fn chunks_depend_on_sizes_and_are_whole_vectors() {
        for (batch, expected) in [(1, 32), (128, 32), (512, 64), (1920, 240), (60_000, 240)] {
            assert_eq!(chunk_images(batch), expected);
            let packed = if batch <= 32 { 16 } else { expected };
            assert_eq!(packed_chunk_images(batch), packed);
        }
        assert_eq!(packed_chunk_images(32), 16);
        assert_eq!(packed_chunk_images(33), 32);
    }
}
