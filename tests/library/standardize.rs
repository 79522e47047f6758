//! The means and deviations by which pixels are standardised.

use std::path::Path;

use gingham::data::{Dataset, Images, Standardizer, split};
use gingham::rng::{Purpose, Stream};

use crate::support::{on_threads, random_bytes, random_dataset};

/// The mean and the population deviation of one pixel, in two passes.
fn two_passes(images: &Images, indices: &[u32], pixel: usize) -> (f64, f64) {
    let count = indices.len() as f64;
    let values = || {
        indices
            .iter()
            .map(|&index| f64::from(images.image(index as usize)[pixel]))
    };
    let mean = values().sum::<f64>() / count;
    let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[test]
fn standardisation_is_that_of_two_passes() {
    // The two passes round in each of some hundred additions; what they are held against rounds three times.
    const TOLERANCE: f64 = 1e-13;
    let data = random_dataset(5, 7, 300, 2, 9);
    let images = &data.train.images;
    let all: Vec<u32> = (0..300).collect();
    let few: Vec<u32> = vec![299, 3, 3, 17];
    for indices in [&all, &few, &vec![5, 6]] {
        let found = Standardizer::fit(images, indices);
        assert_eq!(found.pixels(), 35);
        for pixel in 0..35 {
            let (mean, deviation) = two_passes(images, indices, pixel);
            assert!(
                (found.mean[pixel] - mean).abs() <= TOLERANCE * mean,
                "{} {mean}",
                found.mean[pixel]
            );
            let other = found.deviation[pixel];
            assert!(
                (other - deviation).abs() <= TOLERANCE * deviation,
                "{other} {deviation}"
            );
        }
    }
}

#[test]
fn pixels_that_never_change_are_divided_by_one() {
    let images = Images::copied(1, 3, [255, 7, 0, 255, 7, 1, 255, 7, 0].chunks(3));
    let found = Standardizer::fit(&images, &[0, 1, 2]);
    assert_eq!(found.mean[..2], [255.0, 7.0]);
    assert_eq!(found.deviation[..2], [1.0, 1.0]);
    assert!(found.deviation[2] < 0.5, "the third one changes");
    let one = Standardizer::fit(&images, &[1]);
    assert_eq!(
        (one.mean, one.deviation),
        (vec![255.0, 7.0, 1.0], vec![1.0; 3])
    );
    assert_eq!(Standardizer::fit(&images, &[]), Standardizer::identity(3));
    assert_eq!(
        Standardizer::identity(3),
        Standardizer {
            mean: vec![0.0; 3],
            deviation: vec![1.0; 3]
        }
    );
}

#[test]
fn standardisation_is_the_same_in_any_order_by_any_threads() {
    // Enough indices for several tasks of 4096; an index may come more than once. White pixels bring the sums of a task
    // as near to what 32 bits hold as they can come.
    let mut pixels = random_bytes(50 * 6, 4);
    for image in pixels.chunks_mut(6) {
        image[0] = 255;
    }
    let images = Images::copied(2, 3, pixels.chunks(6));
    let mut stream = Stream::new(4, Purpose::Bench, 4);
    let mut indices: Vec<u32> = (0..20_000).map(|_| stream.below(50)).collect();
    let first = on_threads(1, || Standardizer::fit(&images, &indices));
    assert_eq!((first.mean[0], first.deviation[0]), (255.0, 1.0));
    for threads in [1, 2, 3, 8] {
        stream.shuffle(&mut indices);
        assert_eq!(
            on_threads(threads, || Standardizer::fit(&images, &indices)),
            first
        );
    }
}

/// The article's 48,000 training images, by NumPy 2.4 in integers (`int64` sums of pixels and of squares of
/// `permutation(60000)[12000:]`): the mean is the sum over n, the deviation `sqrt(n Σu² - (Σu)²) / n`. NumPy's `mean()` and
/// `std()` of the same pixels in f64 print the same 11 digits.
#[test]
#[allow(clippy::print_stderr)] // the notice of what was skipped
fn the_articles_standardisation_is_numpys() {
    let Some(folder) = std::env::var_os("GINGHAM_DATA") else {
        eprintln!("skipped: figures of the real data; GINGHAM_DATA names no folder");
        return;
    };
    let data = Dataset::open(Path::new(&folder)).unwrap();
    if data.train.labels_sha256
        != "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    {
        eprintln!("skipped: figures of the real data; GINGHAM_DATA is not Fashion-MNIST");
        return;
    }
    let found = Standardizer::fit(&data.train.images, &split(60_000, 0.2, 42).train);
    for (pixel, mean, deviation) in [
        (0, 0.0008125, 0.09820984256724645),
        (406, 139.0325, 78.97283199778263),
        (783, 0.06989583333333334, 2.1047292951389194),
    ] {
        assert_eq!(
            found.mean[pixel], mean,
            "a quotient of integers, rounded once"
        );
        // A product in 128 bits, a root and a quotient: three roundings.
        let difference = (found.deviation[pixel] - deviation).abs();
        assert!(
            difference <= 2.0 * f64::EPSILON * deviation,
            "{} {deviation}",
            found.deviation[pixel]
        );
    }
}
