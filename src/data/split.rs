//! The split: which images train and which are kept aside, as a share or as one of several folds.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::batches::Batches;
use crate::rng::RandomState;

/// The classes that a label, which is a byte, can name.
const CLASSES: usize = 256;

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

/// One of the parts of a cross-validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Which part is held out, counted from 1.
    pub number: u32,
    /// The number of parts.
    pub of: u32,
}

impl Fold {
    /// Where it stands among `count` images.
    fn part(self, count: usize) -> Range<usize> {
        Batches::Count(self.of as usize).range(count, self.number as usize - 1)
    }
}

/// Which images of a training file are held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HoldOut {
    /// This share of them, in `0..1`, rounded up to whole images.
    Share(f64),
    /// One of several parts, whose sizes differ by one at most, larger ones first.
    Fold(Fold),
}

/// The rule by which a training file is split. The same rule splits the same labels in the same way, always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitRule {
    /// Which images are held out.
    pub hold_out: HoldOut,
    /// Whether the share of each class is the same among those that are held out as in the whole file, as far as whole images let it.
    pub stratify: bool,
    /// The seed of the permutation that the split follows.
    pub seed: u32,
}

impl SplitRule {
    /// How many of `count` images are held out. It does not depend on `stratify`.
    #[must_use]
    pub fn held_out(&self, count: usize) -> usize {
        match self.hold_out {
            HoldOut::Share(share) => held_out(count as u32, share),
            HoldOut::Fold(fold) => fold.part(count).len(),
        }
    }

    /// Splits the images with these labels. Both lists are in the order of NumPy's permutation of the indices by the seed.
    ///
    /// A share without `stratify` is what [`split`] holds out. A fold without it is a part of the permutation, as scikit-learn's
    /// `KFold(shuffle=True, random_state=seed)` cuts it. A share with `stratify` has as many images of each class as the largest
    /// remainders of `held out · images of the class / images` give it, the first ones in the permutation. Folds with `stratify`
    /// are dealt: the images of the first class in the order of the permutation, then those of the next class, go to the folds in turn, so that
    /// the counts of each class differ by one at most too.
    ///
    /// # Panics
    /// If a share is not in `0..1`, or a fold not in `1..=of`; options are validated before they come here.
    #[must_use]
    pub fn split(&self, labels: &[u8]) -> Split {
        let count = labels.len();
        let is_held_out: Box<dyn FnMut(usize, u32) -> bool + '_> =
            match (self.hold_out, self.stratify) {
                (HoldOut::Share(share), false) => return split(count as u32, share, self.seed),
                (HoldOut::Fold(fold), false) => {
                    let part = fold.part(count);
                    Box::new(move |place, _| part.contains(&place))
                }
                (HoldOut::Share(share), true) => {
                    assert!(
                        (0.0..1.0).contains(&share),
                        "a share of the images: {share}"
                    );
                    let mut left = shares(&counts(labels), self.held_out(count));
                    Box::new(move |_, index| {
                        let left = &mut left[usize::from(labels[index as usize])];
                        let takes = *left > 0;
                        *left -= usize::from(takes);
                        takes
                    })
                }
                (HoldOut::Fold(fold), true) => {
                    let mut next = starts(&counts(labels));
                    Box::new(move |_, index| {
                        let next = &mut next[usize::from(labels[index as usize])];
                        *next += 1;
                        (*next - 1) % fold.of as usize == fold.number as usize - 1
                    })
                }
            };
        self.sorted_out(count, is_held_out)
    }

    /// The permutation's indices, each on the side that is asked for by its place in the permutation and itself.
    fn sorted_out(&self, count: usize, mut is_held_out: impl FnMut(usize, u32) -> bool) -> Split {
        let held_out = self.held_out(count);
        let mut split = Split {
            train: Vec::with_capacity(count - held_out),
            heldout: Vec::with_capacity(held_out),
        };
        let permutation = RandomState::new(self.seed).permutation(count as u32);
        for (place, index) in permutation.into_iter().enumerate() {
            if is_held_out(place, index) {
                split.heldout.push(index);
            } else {
                split.train.push(index);
            }
        }
        split
    }
}

/// The images of each class.
fn counts(labels: &[u8]) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

/// Of each class, how many images are before it where they are sorted by class.
fn starts(counts: &[usize; CLASSES]) -> [usize; CLASSES] {
    let mut sum = 0;
    counts.map(|count| {
        sum += count;
        sum - count
    })
}

/// `whole` images as the classes have shares in `counts`: the integer parts, and one more where the remainders are largest; of equal ones
/// the lower class has it.
fn shares(counts: &[usize; CLASSES], whole: usize) -> [usize; CLASSES] {
    let all = counts.iter().sum::<usize>().max(1) as u64;
    let product = |class: usize| whole as u64 * counts[class] as u64; // both are below 2^32
    let mut shares = [0; CLASSES];
    let mut classes: Vec<usize> = (0..CLASSES).collect();
    for &class in &classes {
        shares[class] = (product(class) / all) as usize;
    }
    let left = whole - shares.iter().sum::<usize>();
    classes.sort_by_key(|&class| std::cmp::Reverse(product(class) % all)); // stable
    for &class in &classes[..left] {
        shares[class] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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

    /// Labels of four classes with 144, 287, 286 and 286 images.
    fn labels() -> Vec<u8> {
        let turn = [0, 1, 2, 3, 3, 2, 1];
        turn.into_iter().cycle().take(1003).collect()
    }

    fn fold(number: u32, of: u32, stratify: bool, seed: u32) -> SplitRule {
        SplitRule {
            hold_out: HoldOut::Fold(Fold { number, of }),
            stratify,
            seed,
        }
    }

    fn sorted(indices: &[u32]) -> Vec<u32> {
        let mut indices = indices.to_vec();
        indices.sort_unstable();
        indices
    }

    /// The held-out images of each of the four classes.
    fn classes(labels: &[u8], split: &Split) -> [usize; 4] {
        let mut counts = [0; 4];
        for &index in &split.heldout {
            counts[usize::from(labels[index as usize])] += 1;
        }
        counts
    }

    #[test]
    fn folds_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1, KFold(5, shuffle=True, random_state=42).split(range(1003)); digests of the indices as little-endian u32.
        let expected = [
            "11891020eeb6f165202463ca551e09d09ac9b6e8c17da764e6ab52e6df158b5f",
            "9033c80d1a1cdc36b8c863fd367496a4c9b2784a19a1e657c30f77d03de9b202",
            "584b12da28b043035df7b0763252403679c14f9b2e643752091e54a1b7199868",
            "3c63f1968e55f79963976c106e736f3026b7549763f218740b4e063b1b755ca3",
            "9a205042343e6f4c5c55cd33f4d386401f42fa4a99088b4b82dfb8c6ce36b5f3",
        ];
        let whole = RandomState::new(42).permutation(1003);
        for (number, expected) in (1..).zip(expected) {
            let Split { train, heldout } = fold(number, 5, false, 42).split(&labels());
            assert_eq!(digest(&sorted(&heldout)), expected, "fold {number}");
            // What trains is the rest, in the order of the permutation.
            let rest = whole.iter().filter(|index| !heldout.contains(index));
            assert_eq!(train, rest.copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn stratified_counts_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1, StratifiedKFold(k, shuffle=True, random_state=1): the images of each class in each fold.
        let five = [
            [29, 58, 57, 57],
            [29, 57, 58, 57],
            [29, 57, 57, 58],
            [29, 57, 57, 57],
            [28, 58, 57, 57],
        ];
        let seven = [
            [21, 41, 41, 41],
            [21, 41, 41, 41],
            [21, 41, 41, 40],
            [21, 41, 40, 41],
            [20, 41, 41, 41],
            [20, 41, 41, 41],
            [20, 41, 41, 41],
        ];
        let labels = labels();
        for folds in [&five[..], &seven] {
            for (number, expected) in (1..).zip(folds) {
                let rule = fold(number, folds.len() as u32, true, 1);
                assert_eq!(classes(&labels, &rule.split(&labels)), *expected);
            }
        }
        // train_test_split(range(1003), test_size=share, stratify=labels), where no two classes have the same remainder.
        for (share, expected) in [(0.2, [29, 58, 57, 57]), (0.37, [53, 107, 106, 106])] {
            let rule = SplitRule {
                hold_out: HoldOut::Share(share),
                stratify: true,
                seed: 1,
            };
            assert_eq!(classes(&labels, &rule.split(&labels)), expected, "{share}");
        }
    }

    fn checked(rule: SplitRule, labels: &[u8]) -> Split {
        let split = rule.split(labels);
        assert_eq!(split.heldout.len(), rule.held_out(labels.len()), "{rule:?}");
        let all = [&split.train[..], &split.heldout].concat();
        let expected: Vec<u32> = (0..labels.len() as u32).collect();
        assert_eq!(sorted(&all), expected, "{rule:?}");
        assert_eq!(split, rule.split(labels), "the same again");
        split
    }

    proptest! {
        #[test]
        fn every_image_is_held_out_once_and_classes_are_even(
            labels in proptest::collection::vec(0_u8..6, 2..120),
            part in 0.0..1.0,
            stratify: bool,
            seed: u32,
        ) {
            let images = labels.len() as u32;
            let of = 2 + (part * f64::from(images - 1)) as u32; // from 2 to the number of images
            let of_class = |class, indices: &[u32]| {
                let is_of = |index: &&u32| labels[**index as usize] == class;
                indices.iter().filter(is_of).count()
            };
            let mut all = Vec::new();
            for number in 1..=of {
                let Split { heldout, .. } = checked(fold(number, of, stratify, seed), &labels);
                let even = images / of;
                prop_assert!([even, even + 1].contains(&(heldout.len() as u32)));
                for class in (0..6).filter(|_| stratify) {
                    let whole = labels.iter().filter(|&&label| label == class).count();
                    let even = whole / of as usize;
                    prop_assert!([even, even + 1].contains(&of_class(class, &heldout)));
                }
                all.extend(heldout);
            }
            prop_assert_eq!(sorted(&all), (0..images).collect::<Vec<_>>());

            let hold_out = HoldOut::Share(part);
            let rule = SplitRule { hold_out, stratify: true, seed };
            let Split { heldout, .. } = checked(rule, &labels);
            let plain = SplitRule { stratify: false, ..rule };
            prop_assert_eq!(&plain.split(&labels), &split(images, part, seed));
            for class in 0..6 {
                let whole = labels.iter().filter(|&&label| label == class).count();
                let even = (heldout.len() * whole) as f64 / f64::from(images);
                let found = of_class(class, &heldout) as f64;
                prop_assert!((found - even).abs() < 1.0, "{found} of {whole}, {even}");
            }
        }
    }
}
