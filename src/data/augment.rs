//! Augmentation: images changed while they are taken in for training, so that no epoch shows a network the same pixels twice.
//!
//! What an image becomes is a pure function of a seed, the epoch and the image's index in its data set. It depends neither on the
//! mini-batch nor on threads or engines, and each kind of change is drawn from numbers of its own, so that one that is switched on leaves the
//! others as they were. Labels never change.
//!
//! An image is mirrored first, then moved, and a rectangle of what is seen then is erased: *random erasing*, Zhong, Zheng, Kang, Li
//! and Yang, "Random Erasing Data Augmentation", arXiv:1708.04896 (2017), here with 0 in the place of noise, with an aspect ratio that is
//! uniform in its logarithm, and with a rectangle that is cut to the image's sides rather than drawn again.

use std::ops::Range;

use crate::rng::{Purpose, Stream};

/// The least and the largest share of an image's pixels that is erased.
const ERASED_SHARE: [f64; 2] = [0.02, 0.2];
/// The least and the largest height over width of what is erased.
const ERASED_RATIO: [f64; 2] = [0.3, 3.3];

/// How images are changed for training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Whether an image is mirrored left to right, with probability one half.
    pub flip: bool,
    /// The most pixels by which an image is moved: a whole number that is uniform in `-shift..=shift`, in each of both directions. Pixels
    /// that come from outside are 0.
    pub shift: u32,
    /// The probability, in `0..=1`, with which a rectangle of an image is set to 0. Its area is uniform in 2 % to 20 % of the image, its
    /// height over its width is in 0.3 to 3.3 and uniform in its logarithm.
    pub erase: f64,
}

impl Augmentation {
    /// Whether images stay as they are.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// The changes of an epoch.
    #[must_use]
    pub fn of_epoch(self, seed: u32, epoch: usize) -> Augmented {
        Augmented {
            augmentation: self,
            seed,
            epoch,
        }
    }
}

/// The changes of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmented {
    /// Which changes there are.
    pub augmentation: Augmentation,
    /// The seed that they are drawn with.
    pub seed: u32,
    /// The number of the epoch, counted from 0; less than 2³².
    pub epoch: usize,
}

impl Augmented {
    /// What becomes of the image of this index, which has so many rows and columns.
    #[must_use]
    pub fn change(&self, index: u32, (rows, columns): (usize, usize)) -> Change {
        let Augmentation { flip, shift, erase } = self.augmentation;
        let number = (self.epoch as u64) << 32 | u64::from(index);
        let mut stream = Stream::new(self.seed, Purpose::Augment, number);
        // All are drawn, whether they are used or not, so that each has numbers of its own.
        let [mirrored, down, right, erased, share, ratio, top, left] =
            std::array::from_fn(|_| stream.unit());
        let moved = |unit: f64| {
            let ways = 2 * i64::from(shift) + 1;
            (unit * ways as f64) as i64 - i64::from(shift)
        };
        let rectangle = || Rectangle::drawn((rows, columns), [share, ratio, top, left]);
        Change {
            flips: flip && mirrored < 0.5,
            down: moved(down),
            right: moved(right),
            erased: (erased < erase).then(rectangle),
        }
    }

    /// Makes of the image `from`, whose index is `index`, what this epoch has in its place. Overwrites `to`, which is as long.
    ///
    /// # Panics
    /// If the images are not of so many rows and columns.
    pub fn change_into(&self, index: u32, shape: (usize, usize), from: &[u8], to: &mut [u8]) {
        self.change(index, shape).apply(shape, from, to);
    }
}

/// What becomes of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether it is mirrored left to right.
    pub flips: bool,
    /// By how many rows it is moved down, then.
    pub down: i64,
    /// By how many columns it is moved to the right.
    pub right: i64,
    /// What is set to 0 at last.
    pub erased: Option<Rectangle>,
}

impl Change {
    /// The image mirrored left to right, and nothing else.
    pub const MIRRORED: Self = Self {
        flips: true,
        down: 0,
        right: 0,
        erased: None,
    };

    /// Changes the image `from`, of so many rows and columns. Overwrites `to`.
    ///
    /// # Panics
    /// If one of both has another size, or no pixel.
    pub fn apply(&self, (rows, columns): (usize, usize), from: &[u8], to: &mut [u8]) {
        let pixels = rows * columns;
        assert!(
            pixels > 0 && from.len() == pixels && to.len() == pixels,
            "two images of one size"
        );
        let (seen, source) = overlap(self.right, columns);
        let mirrored = columns - source.end..columns - source.start;
        let (rows_seen, source_rows) = overlap(self.down, rows);
        to[..rows_seen.start * columns].fill(0);
        to[rows_seen.end * columns..].fill(0);
        let from = from[source_rows.start * columns..].chunks_exact(columns);
        let to_rows =
            to[rows_seen.start * columns..rows_seen.end * columns].chunks_exact_mut(columns);
        for (from, to) in from.zip(to_rows) {
            to[..seen.start].fill(0);
            to[seen.end..].fill(0);
            if self.flips {
                let from = from[mirrored.clone()].iter().rev();
                for (to, from) in to[seen.clone()].iter_mut().zip(from) {
                    *to = *from;
                }
            } else {
                to[seen.clone()].copy_from_slice(&from[source.clone()]);
            }
        }
        if let Some(Rectangle { rows, columns: own }) = &self.erased {
            for row in to.chunks_exact_mut(columns).take(rows.end).skip(rows.start) {
                row[own.clone()].fill(0);
            }
        }
    }
}

/// Where a side of `length` pixels is seen that is moved by `by`, and which of its pixels those are. Both ranges are empty where it is moved
/// out of sight.
fn overlap(by: i64, length: usize) -> (Range<usize>, Range<usize>) {
    let by_pixels = usize::try_from(by.unsigned_abs()).map_or(length, |by| by.min(length));
    let (first, last) = (0..length - by_pixels, by_pixels..length);
    if by > 0 { (last, first) } else { (first, last) }
}

/// A rectangle of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
}

impl Rectangle {
    /// The rectangle that four numbers in `[0, 1)` choose: its share of the pixels, its height over its width, its top and its left. Its sides
    /// are rounded to whole pixels, at least 1 and at most the image's; every place in which it is whole is as likely as another.
    fn drawn((rows, columns): (usize, usize), [share, ratio, top, left]: [f64; 4]) -> Self {
        let [least, most] = ERASED_SHARE;
        let area = (least + (most - least) * share) * rows as f64 * columns as f64;
        let [low, high] = ERASED_RATIO;
        let ratio = low * (high / low).powf(ratio);
        let range = |side: f64, unit: f64, length: usize| {
            let side = (side.round() as usize).clamp(1, length);
            let first = (unit * (length - side + 1) as f64) as usize;
            first..first + side
        };
        Self {
            rows: range((area * ratio).sqrt(), top, rows),
            columns: range((area / ratio).sqrt(), left, columns),
        }
    }
}
