//! The article's warm-up: four examples of XOR, three hidden units, and two slips that are kept.
//!
//! The network has two inputs, three hidden units and one linear output, and no biases. It is trained for 50,000 epochs over the four
//! examples at a learning rate of 0.1. As in the article, the
//! output weights are updated *before* the error is pushed back through them, and the hidden layer's derivative is
//! `sigmoid'` of its activation instead of its weighted sum. Numbers are summed in NumPy's order, so that the printed
//! error sums agree.

use crate::rng::RandomState;

/// The two inputs of each example.
pub const INPUTS: [[f64; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// The target of each example.
const TARGETS: [f64; 4] = [0.0, 1.0, 1.0, 0.0];
const EPOCHS: usize = 50_000;
const REPORTED_EVERY: usize = 5_000;
const RATE: f64 = 0.1;
const HIDDEN: usize = 3;

/// The result of the warm-up.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Xor {
    /// The sum of the four errors (target minus output), every 5,000 epochs from epoch 0.
    pub error_sums: Vec<f64>,
    /// The network's output for each example after the last epoch.
    pub predictions: [f64; 4],
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Trains the network from `RandomState(seed)`; the article's seed is 42.
#[must_use]
pub fn xor(seed: u32) -> Xor {
    let mut state = RandomState::new(seed);
    let mut w_hidden = [[0.0; HIDDEN]; 2];
    w_hidden
        .iter_mut()
        .flatten()
        .for_each(|w| *w = state.unit());
    let mut w_output = [0.0; HIDDEN];
    w_output.iter_mut().for_each(|w| *w = state.unit());
    let mut error_sums = Vec::new();
    for epoch in 0..EPOCHS {
        let hidden = INPUTS.map(|x| hidden(&w_hidden, x));
        let errors: [f64; 4] = std::array::from_fn(|i| TARGETS[i] - dot(&hidden[i], &w_output));
        if epoch % REPORTED_EVERY == 0 {
            error_sums.push(errors.iter().sum());
        }
        for (unit, w) in w_output.iter_mut().enumerate() {
            *w += RATE * (0..4).map(|i| hidden[i][unit] * errors[i]).sum::<f64>();
        }
        let d_hidden: [[f64; HIDDEN]; 4] = std::array::from_fn(|i| {
            std::array::from_fn(|unit| {
                let squashed_twice = sigmoid(hidden[i][unit]);
                errors[i] * w_output[unit] * (squashed_twice * (1.0 - squashed_twice))
            })
        });
        for (input, row) in w_hidden.iter_mut().enumerate() {
            for (unit, w) in row.iter_mut().enumerate() {
                *w += RATE
                    * (0..4)
                        .map(|i| INPUTS[i][input] * d_hidden[i][unit])
                        .sum::<f64>();
            }
        }
    }
    Xor {
        error_sums,
        predictions: INPUTS.map(|x| dot(&hidden(&w_hidden, x), &w_output)),
    }
}

fn hidden(w: &[[f64; HIDDEN]; 2], x: [f64; 2]) -> [f64; HIDDEN] {
    std::array::from_fn(|unit| sigmoid(x[0] * w[0][unit] + x[1] * w[1][unit]))
}

fn dot(a: &[f64; HIDDEN], b: &[f64; HIDDEN]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_error_sums() {
        // As the article printed them, to eight decimals; the last of the seven to 1e-11.
        let printed = [
            -1.774_960_16,
            0.005_865_65,
            0.005_256_99,
            0.000_362_5,
            -0.000_646_57,
            0.001_895_32,
        ];
        let xor = xor(42);
        assert_eq!(xor.error_sums.len(), 10);
        for (sum, printed) in xor.error_sums.iter().zip(printed) {
            assert_eq!(format!("{sum:.8}"), format!("{printed:.8}"));
        }
        assert!(
            (xor.error_sums[6] - 3.791e-8).abs() < 1e-11,
            "{}",
            xor.error_sums[6]
        );
        assert!(
            xor.error_sums[7..].iter().all(|sum| sum.abs() < 1e-12),
            "{:?}",
            xor.error_sums
        );
        for (prediction, target) in xor.predictions.iter().zip(TARGETS) {
            assert!((prediction - target).abs() < 1e-9);
        }
    }
}
