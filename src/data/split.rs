//! The hold-out split: which images train and which are kept aside.

use crate::rng::RandomState;

/// The indices of the training samples in two lists without a common element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The samples that train, in the order of the epochs.
    pub train: Vec<u32>,
    /// The samples that are held out.
    pub heldout: Vec<u32>,
}

/// Splits `count` images as scikit-learn's `train_test_split(test_size=holdout, random_state=seed)` does: the first
/// `ceil(holdout · count)` numbers of NumPy's permutation are held out, the rest trains, in the permutation's order.
/// A share of 0 keeps every image, in the permutation's order too.
///
/// # Panics
/// If `holdout` is not in `0..1`; options are validated before they come here.
#[must_use]
pub fn split(count: u32, holdout: f64, seed: u32) -> Split {
    assert!(
        (0.0..1.0).contains(&holdout),
        "a share of the images: {holdout}"
    );
    let mut heldout = RandomState::new(seed).permutation(count);
    let train = heldout.split_off(held_out(count, holdout));
    heldout.shrink_to_fit();
    Split { train, heldout }
}

/// How many of `count` images [`split`] holds out.
#[must_use]
pub fn held_out(count: u32, holdout: f64) -> usize {
    (holdout * f64::from(count)).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn digest(indices: &[u32]) -> String {
        let bytes: Vec<u8> = indices
            .iter()
            .flat_map(|index| index.to_le_bytes())
            .collect();
        Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn the_articles_split_is_numpys() {
        // NumPy 2.4, RandomState(42).permutation(60000); digests of the indices as little-endian u32.
        let Split { train, heldout } = split(60_000, 0.2, 42);
        assert_eq!((train.len(), heldout.len()), (48_000, 12_000));
        assert_eq!(
            digest(&train),
            "cee437c71d095023a0f48cb8cbad98f5f73ab5a21e9f7f0c141c0658dc8476c2"
        );
        assert_eq!(
            digest(&heldout),
            "fb59cf8c489005644c7351baad7eb079f218d726a89aa8f8ebf4c03ba733347e"
        );
    }

    #[test]
    fn every_image_is_on_one_side() {
        for (count, holdout, expected) in [(10, 0.25, 3), (10, 0.0, 0), (1, 0.5, 1), (7, 0.9, 7)] {
            let Split { mut train, heldout } = split(count, holdout, 1);
            assert_eq!(heldout.len(), expected);
            train.extend(&heldout);
            train.sort_unstable();
            assert_eq!(train, (0..count).collect::<Vec<_>>());
        }
    }
}
