//! The default generator: ChaCha8, one independent stream for each thing that is drawn.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The purpose of a [`Stream`]. Streams of different purposes are independent for the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The order of the images in an epoch; the index is the epoch.
    Shuffle = 1,
    /// The classes of a synthetic data set; the index is its file (0 training, 1 test).
    SynthLabels = 2,
    /// A synthetic image; the index is that of the image in its file, from 2⁴⁰ on in test files.
    SynthImage = 3,
    /// Inputs of a benchmark.
    Bench = 4,
    /// Where a search for principal components begins.
    Components = 5,
    /// Where the points of a map begin.
    Map = 6,
    /// The settings of a random sweep; the index is 2³² times the number of the run, plus that of the setting.
    Sweep = 7,
    /// What becomes of an image in training; the index is 2³² times the epoch, plus that of the image in its data set.
    Augment = 9,
    /// Which units a step leaves out; the index is the number of steps before it.
    Dropout = 10,
}

/// A stream of random numbers, fixed for ever by `(seed, purpose, index)`.
#[derive(Debug)]
pub struct Stream {
    words: ChaCha8Rng,
}

impl Stream {
    /// The stream number `index` for `purpose` under `seed`.
    #[must_use]
    pub fn new(seed: u32, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&seed.to_le_bytes());
        key[4] = purpose as u8;
        key[8..16].copy_from_slice(&index.to_le_bytes());
        Self {
            words: ChaCha8Rng::from_seed(key),
        }
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.words.next_u32()
    }

    /// A double in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.words.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A double in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An integer in `0..count`, without bias (masked rejection).
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: u32) -> u32 {
        let most = count.checked_sub(1).expect("a range that is not empty");
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let candidate = self.words.next_u32() & mask;
            if candidate <= most {
                return candidate;
            }
        }
    }

    /// A number of the standard normal distribution (Box and Muller, 1958; the second of the pair is dropped).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts `items` into random order (Fisher and Yates, from the last item down).
    ///
    /// # Panics
    /// If there are 2³² items or more.
    pub fn shuffle<I>(&mut self, items: &mut [I]) {
        for last in (1..items.len()).rev() {
            let choices = u32::try_from(last + 1).expect("fewer than 2³² items");
            items.swap(last, self.below(choices) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_frozen() {
        // Written down on 2026-11-23: these must never change, or a seed would stop meaning what it meant.
        let mut items: Vec<u32> = (0..10).collect();
        Stream::new(42, Purpose::Shuffle, 0).shuffle(&mut items);
        assert_eq!(items, [8, 0, 2, 6, 9, 5, 1, 7, 3, 4]);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).unit().to_bits();
        let drawn = [
            first(1, Purpose::Shuffle, 0),
            first(2, Purpose::Shuffle, 0),
            first(1, Purpose::Bench, 0),
            first(1, Purpose::Shuffle, 1),
        ];
        for (index, one) in drawn.iter().enumerate() {
            assert!(!drawn[..index].contains(one));
        }
    }

    #[test]
    fn below_covers_its_range_and_normal_its_moments() {
        let mut stream = Stream::new(7, Purpose::Bench, 0);
        let mut seen = [0_u32; 5];
        for _ in 0..5000 {
            seen[stream.below(5) as usize] += 1;
        }
        assert!(
            seen.iter().all(|&count| (850..1150).contains(&count)),
            "{seen:?}"
        );
        let drawn: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04,
            "{mean} {variance}"
        );
    }
}
