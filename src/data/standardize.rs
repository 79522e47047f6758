//! Per-pixel standardisation: minus the mean, over the population standard deviation.

use rayon::prelude::*;

use super::features::{Features, Samples};
use super::images::Images;

/// Images whose sums are kept in `u32` before they move to `u64`: 255² · 66,051 is the most that fits.
const IMAGES_PER_TASK: usize = 4096;

/// What standardises each pixel: `x = (u - mean) / deviation`.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardizer {
    /// The mean of each pixel, in 0..=255.
    pub mean: Vec<f64>,
    /// The population standard deviation of each pixel; 1 where all images have the same value.
    pub deviation: Vec<f64>,
}

impl Standardizer {
    /// Leaves pixels as they are.
    #[must_use]
    pub fn identity(pixels: usize) -> Self {
        Self {
            mean: vec![0.0; pixels],
            deviation: vec![1.0; pixels],
        }
    }

    /// The figures of the samples at `indices`. Without any index, the same as [`Self::identity`].
    ///
    /// Of pixels they are exact up to the last rounding: sums of pixels and of their squares are integers, and the variance
    /// is `(n Σu² - (Σu)²) / n²` with its numerator in 128 bits, so neither the order nor the number of threads can show.
    /// Of features, the mean and then the mean square of the differences are summed in `f64` in the order of `indices`.
    ///
    /// # Panics
    /// If an index is beyond the samples.
    #[must_use]
    pub fn fit<'a>(samples: impl Into<Samples<'a>>, indices: &[u32]) -> Self {
        let samples = samples.into();
        if indices.is_empty() {
            return Self::identity(samples.per_sample());
        }
        match samples {
            Samples::Images(images) => Self::fit_images(images, indices),
            Samples::Features(features) => Self::fit_features(features, indices),
        }
    }

    /// One mean and one population standard deviation of all numbers of the samples at `indices`, for each pixel the same: what images need
    /// that are mirrored or moved, since a pixel that hardly varies in the file may be any then. Exact as [`Self::fit`] is. Without any
    /// index, the same as [`Self::identity`].
    ///
    /// # Panics
    /// If an index is beyond the samples.
    #[must_use]
    pub fn fit_global<'a>(samples: impl Into<Samples<'a>>, indices: &[u32]) -> Self {
        let samples = samples.into();
        let pixels = samples.per_sample();
        if indices.is_empty() || pixels == 0 {
            return Self::identity(pixels);
        }
        let count = indices.len() * pixels;
        let (mean, deviation) = match samples {
            Samples::Images(images) => {
                let sums = Sums::of_all(images, indices);
                let total = |sums: &[u64]| sums.iter().map(|&sum| u128::from(sum)).sum::<u128>();
                let (sum, squares) = (total(&sums.sum), total(&sums.squares));
                let spread = count as u128 * squares - sum * sum;
                (
                    sum as f64 / count as f64,
                    (spread as f64).sqrt() / count as f64,
                )
            }
            Samples::Features(features) => {
                let rows = indices.iter().map(|&index| features.sample(index as usize));
                let numbers = || rows.clone().flatten().map(|&number| f64::from(number));
                let mean = numbers().sum::<f64>() / count as f64;
                let squares: f64 = numbers().map(|number| (number - mean).powi(2)).sum();
                (mean, (squares / count as f64).sqrt())
            }
        };
        Self {
            mean: vec![mean; pixels],
            deviation: vec![if deviation == 0.0 { 1.0 } else { deviation }; pixels],
        }
    }

    fn fit_features(features: &Features, indices: &[u32]) -> Self {
        let count = indices.len() as f64;
        let rows = || indices.iter().map(|&index| features.sample(index as usize));
        let mut mean = vec![0.0; features.per_sample()];
        for row in rows() {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let mut deviation = vec![0.0; features.per_sample()];
        for row in rows() {
            for ((sum, &value), mean) in deviation.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(value) - mean).powi(2);
            }
        }
        for sum in &mut deviation {
            *sum = if *sum == 0.0 {
                1.0
            } else {
                (*sum / count).sqrt()
            };
        }
        Self { mean, deviation }
    }

    fn fit_images(images: &Images, indices: &[u32]) -> Self {
        let sums = Sums::of_all(images, indices);
        let count = indices.len() as u128;
        let figures = |(&sum, &squares): (&u64, &u64)| {
            let spread = count * u128::from(squares) - u128::from(sum) * u128::from(sum);
            let deviation = (spread as f64).sqrt() / count as f64;
            (
                sum as f64 / count as f64,
                if spread == 0 { 1.0 } else { deviation },
            )
        };
        let (mean, deviation) = sums.sum.iter().zip(&sums.squares).map(figures).unzip();
        Self { mean, deviation }
    }

    /// Pixels that this scales.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.mean.len()
    }
}

/// Per pixel, the sum over images and the sum of squares.
struct Sums {
    sum: Vec<u64>,
    squares: Vec<u64>,
}

impl Sums {
    fn zero(pixels: usize) -> Self {
        Self {
            sum: vec![0; pixels],
            squares: vec![0; pixels],
        }
    }

    /// In parallel.
    fn of_all(images: &Images, indices: &[u32]) -> Self {
        indices
            .par_chunks(IMAGES_PER_TASK)
            .map(|indices| Self::of(images, indices))
            .reduce(|| Self::zero(images.pixels_per_image()), Self::plus)
    }

    fn of(images: &Images, indices: &[u32]) -> Self {
        let pixels = images.pixels_per_image();
        let (mut sum, mut squares) = (vec![0_u32; pixels], vec![0_u32; pixels]);
        for &index in indices {
            let image = images.image(index as usize);
            for ((sum, squares), &pixel) in sum.iter_mut().zip(&mut squares).zip(image) {
                let pixel = u32::from(pixel);
                *sum += pixel;
                *squares += pixel * pixel;
            }
        }
        let widen = |sums: Vec<u32>| sums.into_iter().map(u64::from).collect();
        Self {
            sum: widen(sum),
            squares: widen(squares),
        }
    }

    fn plus(mut self, other: Self) -> Self {
        let add = |sums: &mut [u64], others: &[u64]| {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        };
        add(&mut self.sum, &other.sum);
        add(&mut self.squares, &other.squares);
        self
    }
}
