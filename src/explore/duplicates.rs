//! Images that are there more than once, pixel for pixel.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;
use serde::Serialize;

use crate::data::{Images, Labelled};

/// The most pairs that are named as examples; the counts are of all pairs.
const MOST_EXAMPLES: usize = 10;

/// Images of a file that equal an earlier image of the same file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// How many images equal an earlier one.
    pub images: u64,
    /// How many of them have another label than the first of their kind.
    pub other_label: u64,
    /// The first few pairs: the index of the first image of its kind, and the index of the later image that equals it.
    pub examples: Vec<[usize; 2]>,
}

/// Test images that are among the training images too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// How many test images are among the training images.
    pub images: u64,
    /// How many of them have a label that none of their training copies has.
    pub other_label: u64,
    /// The first few pairs: the index of a training image, and the index of the test image that equals it.
    pub examples: Vec<[usize; 2]>,
}

impl Duplicates {
    /// Finds the duplicates among the images of `data`.
    #[must_use]
    pub fn within(data: &Labelled) -> Self {
        let mut found = Self::default();
        let sorted = Sorted::new(&data.images);
        for group in sorted.groups() {
            let first = group[0].index;
            found.images += group.len() as u64 - 1;
            for copy in &group[1..] {
                found.other_label += u64::from(data.labels[copy.index] != data.labels[first]);
                found.examples.push([first, copy.index]);
            }
        }
        first_few(&mut found.examples);
        found
    }
}

impl Overlap {
    /// Finds the images of `test` that are among those of `train`. All images must have the same size.
    #[must_use]
    pub fn of(test: &Labelled, train: &Labelled) -> Self {
        let mut found = Self::default();
        let sorted = Sorted::new(&train.images);
        let known: Vec<&[Key]> = (0..test.images.count())
            .into_par_iter()
            .map(|index| sorted.copies_of(test.images.image(index)))
            .collect();
        for (index, copies) in known.iter().enumerate() {
            let Some(first) = copies.first() else {
                continue;
            };
            let label = test.labels[index];
            let agrees = copies.iter().any(|copy| train.labels[copy.index] == label);
            found.images += 1;
            found.other_label += u64::from(!agrees);
            found.examples.push([first.index, index]);
        }
        first_few(&mut found.examples);
        found
    }
}

fn first_few(examples: &mut Vec<[usize; 2]>) {
    examples.sort_unstable_by_key(|&[first, own]| (own, first));
    examples.truncate(MOST_EXAMPLES);
}

/// The hash of an image, which settles most comparisons, and the index of the image.
struct Key {
    hash: u64,
    index: usize,
}

/// The images of a file, sorted so that equal images are neighbours, the earlier one first.
struct Sorted<'a> {
    images: &'a Images,
    keys: Vec<Key>,
}

impl<'a> Sorted<'a> {
    fn new(images: &'a Images) -> Self {
        let key = |index| Key {
            hash: hash(images.image(index)),
            index,
        };
        let mut keys: Vec<Key> = (0..images.count()).into_par_iter().map(key).collect();
        keys.par_sort_unstable_by(|one, other| {
            one.hash
                .cmp(&other.hash)
                .then_with(|| images.image(one.index).cmp(images.image(other.index)))
                .then(one.index.cmp(&other.index))
        });
        Self { images, keys }
    }

    /// The groups of images that occur at least twice.
    fn groups(&self) -> impl Iterator<Item = &[Key]> {
        let equal = |one: &Key, other: &Key| {
            one.hash == other.hash && self.images.image(one.index) == self.images.image(other.index)
        };
        self.keys.chunk_by(equal).filter(|group| group.len() > 1)
    }

    fn copies_of(&self, image: &[u8]) -> &[Key] {
        let hash = hash(image);
        let order = |key: &Key| -> Ordering {
            key.hash
                .cmp(&hash)
                .then_with(|| self.images.image(key.index).cmp(image))
        };
        let first = self.keys.partition_point(|key| order(key).is_lt());
        let behind = self.keys.partition_point(|key| order(key).is_le());
        &self.keys[first..behind]
    }
}

fn hash(image: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(image);
    hasher.finish()
}
