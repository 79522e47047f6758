//! Counts and sums over all pixels of a file.

use rayon::prelude::*;
use serde::Serialize;

use crate::data::Labelled;

/// How many images one task counts.
const IMAGES_PER_TASK: usize = 1024;

/// What the images of a file are like. All of it comes from sums of integers, so it is exact up to the last rounding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// How many images.
    pub images: usize,
    /// How many images each class has, by label.
    pub class_counts: Vec<u64>,
    /// The count of the rarest class over that of the most frequent: 1 where all are equally frequent, 0 where one has no
    /// image.
    pub balance: f64,
    /// The mean of all pixels, in 0..=255.
    pub pixel_mean: f64,
    /// The population standard deviation of all pixels.
    pub pixel_deviation: f64,
    /// The share of pixels that are 0.
    pub black_share: f64,
    /// How many images consist of pixels of one value only.
    pub blank_images: u64,
    /// How many pixels have each value.
    pub pixel_counts: Vec<u64>,
}

impl Statistics {
    /// The statistics of `data`, whose labels are below `classes`.
    ///
    /// # Panics
    /// If a label is not below `classes`.
    #[must_use]
    pub fn of(data: &Labelled, classes: usize) -> Self {
        let pixels = data.images.pixels_per_image();
        let sums = data
            .labels
            .par_chunks(IMAGES_PER_TASK)
            .enumerate()
            .map(|(task, labels)| {
                let mut sums = Sums::zero(classes);
                let first = task * IMAGES_PER_TASK;
                for (index, &label) in labels.iter().enumerate() {
                    sums.add(data.images.image(first + index), label.into());
                }
                sums
            })
            .reduce(|| Sums::zero(classes), Sums::plus);
        let images = data.labels.len();
        let (mean, deviation) = moments(&sums.pixel_counts);
        let largest = sums.class_counts.iter().max().copied().unwrap_or(0);
        let smallest = sums.class_counts.iter().min().copied().unwrap_or(0);
        Self {
            images,
            balance: smallest as f64 / largest.max(1) as f64,
            pixel_mean: mean,
            pixel_deviation: deviation,
            black_share: sums.pixel_counts[0] as f64 / (images * pixels) as f64,
            blank_images: sums.blank,
            class_counts: sums.class_counts,
            pixel_counts: sums.pixel_counts,
        }
    }
}

/// The mean of each pixel over the images of a class, in 0..=255; all 0 for a class without images.
///
/// It takes the memory of one class: with those of all classes at once, 256 classes of large images would take more than the images.
#[must_use]
pub fn mean_image(data: &Labelled, class: usize) -> Vec<f64> {
    let mut sums = vec![0_u64; data.images.pixels_per_image()];
    let mut count = 0_u64;
    for (index, _) in (0..)
        .zip(&data.labels)
        .filter(|(_, label)| usize::from(**label) == class)
    {
        count += 1;
        for (sum, &pixel) in sums.iter_mut().zip(data.images.image(index)) {
            *sum += u64::from(pixel);
        }
    }
    let count = count.max(1) as f64;
    sums.into_iter().map(|sum| sum as f64 / count).collect()
}

/// The mean and the population standard deviation of values that occur `counts[value]` times.
fn moments(counts: &[u64]) -> (f64, f64) {
    let total = |power: u32| -> u128 {
        let terms = counts.iter().zip(0_u128..);
        terms
            .map(|(&count, value)| u128::from(count) * value.pow(power))
            .sum()
    };
    let (count, sum, squares) = (total(0), total(1), total(2));
    let spread = count * squares - sum * sum;
    (
        sum as f64 / count as f64,
        (spread as f64).sqrt() / count as f64,
    )
}

struct Sums {
    class_counts: Vec<u64>,
    pixel_counts: Vec<u64>,
    blank: u64,
}

impl Sums {
    fn zero(classes: usize) -> Self {
        Self {
            class_counts: vec![0; classes],
            pixel_counts: vec![0; 256],
            blank: 0,
        }
    }

    fn add(&mut self, image: &[u8], label: usize) {
        self.class_counts[label] += 1;
        for &pixel in image {
            self.pixel_counts[usize::from(pixel)] += 1;
        }
        self.blank += u64::from(image.iter().all(|&pixel| pixel == image[0]));
    }

    fn plus(mut self, other: Self) -> Self {
        let add = |sums: &mut [u64], others: &[u64]| {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        };
        add(&mut self.class_counts, &other.class_counts);
        add(&mut self.pixel_counts, &other.pixel_counts);
        self.blank += other.blank;
        self
    }
}
