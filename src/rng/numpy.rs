//! NumPy's legacy `RandomState`, as far as the article needs it.
//!
//! Source: NumPy's `numpy/random/src/legacy` and `_mt19937`, whose streams NEP 19 froze; checked against figures that
//! NumPy 2.4 printed.

use rand_mt::Mt;

/// The generator behind `numpy.random.RandomState(seed)`: MT19937 seeded with one integer.
#[derive(Clone, Debug)]
pub struct RandomState {
    words: Mt,
}

impl RandomState {
    /// Seeds the generator as `RandomState(seed)` does for an integer.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self {
            words: Mt::new(seed),
        }
    }

    /// A double in `[0, 1)` with 53 random bits, from two words: `random_sample()`.
    pub fn unit(&mut self) -> f64 {
        let high = self.words.next_u32() >> 5;
        let low = self.words.next_u32() >> 6;
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// A double in `[low, high)`: `uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A permutation of `0..count`: `permutation(count)`.
    pub fn permutation(&mut self, count: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count).collect();
        for last in (1..count).rev() {
            let partner = self.up_to(last);
            order.swap(last as usize, partner as usize);
        }
        order
    }

    /// An integer in `0..=most`, by masked rejection: each try takes one word (`random_interval`).
    fn up_to(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let candidate = self.words.next_u32() & mask;
            if candidate <= most {
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numpys() {
        let mut state = RandomState::new(42);
        let words: Vec<u32> = (0..3).map(|_| state.words.next_u32()).collect();
        assert_eq!(words, [1_608_637_542, 3_421_126_067, 4_083_286_876]);
    }

    #[test]
    fn permutation_is_numpys() {
        let order = RandomState::new(42).permutation(10);
        assert_eq!(order, [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
        assert_eq!(RandomState::new(42).permutation(1), [0]);
        assert!(RandomState::new(42).permutation(0).is_empty());
    }

    #[test]
    fn uniform_is_numpys() {
        // RandomState(42).uniform(-1, 1, 3)
        let mut state = RandomState::new(42);
        for expected in [
            -0.250_919_762_305_275,
            0.901_428_612_819_832,
            0.463_987_883_622_810_6,
        ] {
            let drawn = state.uniform(-1.0, 1.0);
            assert!((drawn - expected).abs() < 1e-15, "{drawn} {expected}");
        }
    }
}
