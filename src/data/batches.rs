//! How an epoch is cut into mini-batches.

use std::ops::Range;

/// How many mini-batches an epoch has, or how large they are. They follow the epoch's order, and each image is in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Batches {
    /// That many batches, whose sizes differ by one at most, larger ones first, as NumPy's `array_split` cuts.
    Count(usize),
    /// Batches of that many images, the last one with what is left.
    Size(usize),
}

impl Batches {
    /// How many batches `images` make.
    #[must_use]
    pub fn count(self, images: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Size(size) => images.div_ceil(size),
        }
    }

    /// Images in the largest batch.
    #[must_use]
    pub fn largest(self, images: usize) -> usize {
        match self {
            Self::Count(count) => images.div_ceil(count),
            Self::Size(size) => size.min(images),
        }
    }

    /// Where mini-batch number `batch` stands in an epoch's order of `images` images.
    #[must_use]
    pub fn range(self, images: usize, batch: usize) -> Range<usize> {
        match self {
            Self::Count(count) => {
                let (size, larger) = (images / count, images % count);
                let start = batch * size + batch.min(larger);
                start..start + size + usize::from(batch < larger)
            }
            Self::Size(size) => batch * size..images.min((batch + 1) * size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn array_split_is_numpys() {
        // [len(part) for part in numpy.array_split(range(11), 4)]
        let sizes: Vec<usize> = (0..4)
            .map(|batch| Batches::Count(4).range(11, batch).len())
            .collect();
        assert_eq!(sizes, [3, 3, 3, 2]);
    }

    proptest! {
        #[test]
        fn every_image_is_in_one_batch(images in 1_usize..500, parts in 1_usize..60) {
            for batches in [Batches::Count(parts.min(images)), Batches::Size(parts)] {
                let mut next = 0;
                for batch in 0..batches.count(images) {
                    let range = batches.range(images, batch);
                    prop_assert_eq!(range.start, next);
                    prop_assert!(!range.is_empty() && range.len() <= batches.largest(images));
                    next = range.end;
                }
                prop_assert_eq!(next, images);
            }
        }
    }
}
