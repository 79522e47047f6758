//! Whether a network is right as often as its probabilities say: the reliability diagram and the expected calibration error.
//!
//! Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, equations 3 and 5: the answers are put into
//! bins of equal width by their confidence `p` (the probability of the answer given), and
//! `ECE = sum over bins of (images in bin / images) |accuracy in bin - mean confidence in bin|`.

/// Answers of about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The confidences above this belong to it (in the first, this one too).
    pub low: f64,
    /// Up to and with this.
    pub high: f64,
    /// The number of answers in it.
    pub images: usize,
    /// Their mean confidence, in 0..=1; 0 for none.
    pub confidence: f64,
    /// The share of them that is right; 0 for none.
    pub accuracy: f64,
}

/// The bins of equal width from 0 to 1, and the expected calibration error, in 0..=1. Each of `answers` is a confidence and whether
/// that answer is right. A confidence that is NaN counts as 0; without answers the error is 0.
///
/// # Panics
/// If there are answers but no bins.
#[must_use]
pub fn calibration(answers: &[(f64, bool)], bins: usize) -> (Vec<Bin>, f64) {
    let edge = |place: usize| place as f64 / bins as f64;
    let mut filled: Vec<Bin> = (0..bins)
        .map(|place| Bin {
            low: edge(place),
            high: edge(place + 1),
            images: 0,
            confidence: 0.0,
            accuracy: 0.0,
        })
        .collect();
    for &(confidence, right) in answers {
        let confidence = confidence.max(0.0); // `max` gives 0 where the confidence is NaN
        let place = ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        let bin = &mut filled[place];
        bin.images += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(right));
    }
    let mut error = 0.0;
    for bin in filled.iter_mut().filter(|bin| bin.images > 0) {
        let images = bin.images as f64;
        bin.confidence /= images;
        bin.accuracy /= images;
        error += images / answers.len() as f64 * (bin.accuracy - bin.confidence).abs();
    }
    (filled, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_the_bins() {
        // By hand, for ten bins: (0.5, 0.6] holds 0.6, (0.6, 0.7] holds 0.65, and (0.9, 1] holds two of mean 0.975, both right.
        let answers = [(0.6, true), (0.65, false), (0.95, true), (1.0, true)];
        let (bins, error) = calibration(&answers, 10);
        let counts: Vec<usize> = bins.iter().map(|bin| bin.images).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]);
        // 0.6 is right and so 0.4 too low; 0.65 is wrong and so 0.65 too high; the last two are 0.025 too low. Each counts a
        // quarter.
        let expected = 0.4 / 4.0 + 0.65 / 4.0 + 0.025 / 2.0;
        assert!((error - expected).abs() < 1e-12, "{error}");
        let (_, error) = calibration(&answers, 5);
        let expected = 0.4 / 4.0 + 0.65 / 4.0 + 0.025 / 2.0;
        assert!(
            (error - expected).abs() < 1e-12,
            "0.6 belongs to (0.4, 0.6]: {error}"
        );
        assert_eq!(calibration(&[], 4).1, 0.0);
        assert_eq!(
            calibration(&[(f64::NAN, false), (0.0, false)], 4).0[0].images,
            2
        );
    }
}
