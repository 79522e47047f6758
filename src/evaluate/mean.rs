//! The mean of two answers to the same samples.

use super::asked::Outputs;
use crate::model::Output;

/// The answers to some samples and to as many others, and the mean of both.
pub(super) struct Mean {
    output: Output,
    classes: usize,
    /// Rows of `classes` numbers, those of the first samples before those of the others.
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

    /// Takes the answers to some samples, those to the first samples first.
    pub(super) fn take(&mut self, outputs: &Outputs<'_>) {
        self.weighted_sums.extend(outputs.weighted_sums);
        self.outputs.extend(outputs.outputs);
        self.probabilities.extend(outputs.probabilities);
    }

    /// The means, when both answers to all samples at `indices` were taken.
    pub(super) fn outputs<'a>(&'a mut self, indices: &'a [u32]) -> Outputs<'a> {
        let half = indices.len() * self.classes;
        for numbers in [&mut self.outputs, &mut self.probabilities] {
            let (one, other) = numbers.split_at_mut(half);
            for (one, other) in one.iter_mut().zip(other) {
                *one = (*one + *other) / 2.0;
            }
        }
        let (one, other) = self.weighted_sums.split_at_mut(half);
        let rows = one.chunks_exact_mut(self.classes);
        for (one, other) in rows.zip(other.chunks_exact_mut(self.classes)) {
            sums_of_mean(self.output, one, other);
        }
        Outputs {
            indices,
            classes: self.classes,
            weighted_sums: &self.weighted_sums[..half],
            outputs: &self.outputs[..half],
            probabilities: &self.probabilities[..half],
            averaged: true,
        }
    }
}

/// Makes of the weighted sums `one` those whose outputs are the means of the outputs of `one` and `other`, from logarithms, so that no output is
/// rounded to 0 or 1 on the way: a softmax's are the logarithms of its outputs, a sigmoid's `ln a - ln (1 - a)`. `other` is used up.
fn sums_of_mean(output: Output, one: &mut [f64], other: &mut [f64]) {
    match output {
        Output::Softmax => {
            for row in [&mut *one, &mut *other] {
                let sum = row.iter().copied().fold(f64::NEG_INFINITY, log_add);
                row.iter_mut().for_each(|z| *z -= sum);
            }
            for (one, &mut other) in one.iter_mut().zip(other) {
                *one = log_mean(*one, other);
            }
        }
        Output::Sigmoid => {
            let log = |z: f64| -log_add(0.0, -z);
            for (one, &mut other) in one.iter_mut().zip(other) {
                let (a, b) = (*one, other);
                *one = log_mean(log(a), log(b)) - log_mean(log(-a), log(-b));
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

/// `ln((e^a + e^b) / 2)`
fn log_mean(a: f64, b: f64) -> f64 {
    log_add(a, b) - std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_mean_outputs_and_stay_finite() {
        let mean = |output, one: [f64; 3], other: [f64; 3]| {
            let (mut one, mut other) = (one, other);
            sums_of_mean(output, &mut one, &mut other);
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
