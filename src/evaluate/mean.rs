//! The mean of several answers to the same samples.

use super::asked::Outputs;
use crate::model::Output;

/// Several answers to each of some samples, and their mean.
pub(super) struct Mean {
    output: Output,
    classes: usize,
    /// Rows of `classes` numbers, the first answers to all samples before the second ones, and so on.
    weighted_sums: Vec<f64>,
    outputs: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Mean {
    pub(super) fn new(output: Output, classes: usize) -> Self {
        Self {
            output,
            classes,
            weighted_sums: Vec::new(),
            outputs: Vec::new(),
            probabilities: Vec::new(),
        }
    }

    /// Takes answers to some samples: the first ones to all of them, then the second ones.
    pub(super) fn take(&mut self, outputs: &Outputs<'_>) {
        self.weighted_sums.extend(outputs.weighted_sums);
        self.outputs.extend(outputs.outputs);
        self.probabilities.extend(outputs.probabilities);
    }

    /// The means, when all answers to the samples at `indices` were taken.
    pub(super) fn outputs<'a>(&'a mut self, indices: &'a [u32]) -> Outputs<'a> {
        let length = indices.len() * self.classes;
        let count = self.outputs.len() / length.max(1);
        for numbers in [&mut self.outputs, &mut self.probabilities] {
            let (first, others) = numbers.split_at_mut(length);
            for other in others.chunks_exact(length.max(1)) {
                for (sum, other) in first.iter_mut().zip(other) {
                    *sum += other;
                }
            }
            first.iter_mut().for_each(|sum| *sum /= count as f64);
        }
        let (first, others) = self.weighted_sums.split_at_mut(length);
        sums_of_mean(self.output, self.classes, first, others);
        Outputs {
            indices,
            classes: self.classes,
            weighted_sums: &self.weighted_sums[..length],
            outputs: &self.outputs[..length],
            probabilities: &self.probabilities[..length],
            averaged: true,
        }
    }
}

/// Makes of the weighted sums `first`, rows of `classes` numbers, those whose outputs are the means of the outputs of `first` and of as many
/// `others` as there are, from logarithms, so that no output is rounded to 0 or 1 on the way: a softmax's are the logarithms of its outputs, a
/// sigmoid's `ln a - ln (1 - a)`. The others are used up.
fn sums_of_mean(output: Output, classes: usize, first: &mut [f64], others: &mut [f64]) {
    let length = first.len().max(1);
    let count = (1 + others.len() / length) as f64;
    match output {
        Output::Softmax => {
            let rows = first.chunks_exact_mut(classes);
            for row in rows.chain(others.chunks_exact_mut(classes)) {
                let sum = row.iter().copied().fold(f64::NEG_INFINITY, log_add);
                row.iter_mut().for_each(|z| *z -= sum);
            }
            for other in others.chunks_exact(length) {
                for (sum, &other) in first.iter_mut().zip(other) {
                    *sum = log_add(*sum, other);
                }
            }
            first.iter_mut().for_each(|sum| *sum -= count.ln());
        }
        Output::Sigmoid => {
            let log = |z: f64| -log_add(0.0, -z);
            for (place, z) in first.iter_mut().enumerate() {
                let all = || others.chunks_exact(length).map(|other| other[place]);
                let log_sum = |sign: f64| {
                    let own = log(sign * *z);
                    all().fold(own, |sum, z| log_add(sum, log(sign * z)))
                };
                *z = log_sum(1.0) - log_sum(-1.0);
            }
        }
    }
}

/// `ln(e^a + e^b)`
fn log_add(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + (-(a - b).abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_mean_outputs_and_stay_finite() {
        let mean = |output, one: [f64; 3], other: [f64; 3]| {
            let (mut one, mut other) = (one, other);
            sums_of_mean(output, 3, &mut one, &mut other);
            one
        };
        let softmax = |z: [f64; 3]| {
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            z.map(|z| z.exp() / sum)
        };
        let sigmoid = |z: [f64; 3]| z.map(|z| 1.0 / (1.0 + (-z).exp()));
        let (one, other) = ([0.5, -1.0, 2.0], [3.0, 0.25, -0.75]);
        for (output, of) in [
            (Output::Softmax, &softmax as &dyn Fn([f64; 3]) -> [f64; 3]),
            (Output::Sigmoid, &sigmoid),
        ] {
            let found = of(mean(output, one, other));
            let (one, other) = (of(one), of(other));
            for class in 0..3 {
                let expected = (one[class] + other[class]) / 2.0;
                assert!((found[class] - expected).abs() < 1e-15, "{output:?}");
            }
            // Outputs that are 0 and 1 in any type.
            let far = mean(output, [2000.0, 0.0, -1500.0], [1800.0, 5.0, -1700.0]);
            assert!(far.iter().all(|z| z.is_finite()), "{output:?}: {far:?}");
            assert!((far[2] - far[0]) < -1490.0, "{output:?}: {far:?}");
        }
    }
}
