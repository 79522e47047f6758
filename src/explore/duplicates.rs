//! Images that are there more than once, pixel for pixel.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;
use serde::Serialize;

use crate::data::{Images, Labelled};

/// Pairs that are named; the counts are of all.
const MOST_EXAMPLES: usize = 10;

/// Images of a file that equal an earlier one of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// How many.
    pub images: u64,
    /// How many of them have another label than the first of their kind.
    pub other_label: u64,
    /// The first few: the place of the first of their kind, and the image's own.
    pub examples: Vec<[usize; 2]>,
}

/// Test images that are among the training images too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// How many.
    pub images: u64,
    /// How many of them have a label that none of their training copies has.
    pub other_label: u64,
    /// The first few: the place of a training copy, and the test image's own.
    pub examples: Vec<[usize; 2]>,
}

impl Duplicates {
    /// Those of `data`.
    #[must_use]
    pub fn within(data: &Labelled) -> Self {
        let mut found = Self::default();
        let sorted = Sorted::new(&data.images);
        for group in sorted.groups() {
            let first = group[0].place;
            found.images += group.len() as u64 - 1;
            for copy in &group[1..] {
                found.other_label += u64::from(data.labels[copy.place] != data.labels[first]);
                found.examples.push([first, copy.place]);
            }
        }
        first_few(&mut found.examples);
        found
    }
}

impl Overlap {
    /// Those of `test` in `train`, whose images are of one size.
    #[must_use]
    pub fn of(test: &Labelled, train: &Labelled) -> Self {
        let mut found = Self::default();
        let sorted = Sorted::new(&train.images);
        let known: Vec<&[Key]> = (0..test.images.count())
            .into_par_iter()
            .map(|place| sorted.copies_of(test.images.image(place)))
            .collect();
        for (place, copies) in known.iter().enumerate() {
            let Some(first) = copies.first() else {
                continue;
            };
            let label = test.labels[place];
            let agrees = copies.iter().any(|copy| train.labels[copy.place] == label);
            found.images += 1;
            found.other_label += u64::from(!agrees);
            found.examples.push([first.place, place]);
        }
        first_few(&mut found.examples);
        found
    }
}

fn first_few(examples: &mut Vec<[usize; 2]>) {
    examples.sort_unstable_by_key(|&[first, own]| (own, first));
    examples.truncate(MOST_EXAMPLES);
}

/// An image's hash, by which most comparisons are settled, and its place.
struct Key {
    hash: u64,
    place: usize,
}

/// A file's images in an order in which equal ones are neighbours, earlier ones first.
struct Sorted<'a> {
    images: &'a Images,
    keys: Vec<Key>,
}

impl<'a> Sorted<'a> {
    fn new(images: &'a Images) -> Self {
        let key = |place| Key {
            hash: hash(images.image(place)),
            place,
        };
        let mut keys: Vec<Key> = (0..images.count()).into_par_iter().map(key).collect();
        keys.par_sort_unstable_by(|one, other| {
            one.hash
                .cmp(&other.hash)
                .then_with(|| images.image(one.place).cmp(images.image(other.place)))
                .then(one.place.cmp(&other.place))
        });
        Self { images, keys }
    }

    /// Images that are there at least twice.
    fn groups(&self) -> impl Iterator<Item = &[Key]> {
        let equal = |one: &Key, other: &Key| {
            one.hash == other.hash && self.images.image(one.place) == self.images.image(other.place)
        };
        self.keys.chunk_by(equal).filter(|group| group.len() > 1)
    }

    fn copies_of(&self, image: &[u8]) -> &[Key] {
        let hash = hash(image);
        let order = |key: &Key| -> Ordering {
            key.hash
                .cmp(&hash)
                .then_with(|| self.images.image(key.place).cmp(image))
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
