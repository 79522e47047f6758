//! Activations of hidden layers and of the output, each with its derivative beside it.

use crate::kernels::{self, Level};
use crate::scalar::Scalar;

/// What a hidden layer does to its weighted sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `1 / (1 + e^-z)`
    Sigmoid,
    /// `max(0, z)`
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Replaces the weighted sums `z` by their activations.
    pub fn forward<T: Scalar>(self, level: Level, z: &mut [T]) {
        match self {
            Self::Sigmoid => kernels::sigmoid(level, z),
            Self::Relu => {
                for z in z {
                    // NaN is not below zero and passes: it must reach the loss.
                    *z = if *z < T::zero() { T::zero() } else { *z };
                }
            }
            Self::Tanh => {
                for z in z {
                    *z = z.tanh();
                }
            }
        }
    }

    /// Multiplies `d` by the derivative where the activation was `a`; at ReLU's corner the derivative is 0.
    pub fn backward<T: Scalar>(self, level: Level, a: &[T], d: &mut [T]) {
        match self {
            Self::Sigmoid => kernels::sigmoid_backward(level, a, d),
            Self::Relu => {
                for (d, &a) in d.iter_mut().zip(a) {
                    *d = if a > T::zero() { *d } else { T::zero() };
                }
            }
            Self::Tanh => {
                for (d, &a) in d.iter_mut().zip(a) {
                    *d *= T::one() - a * a;
                }
            }
        }
    }
}

impl Activation {
    /// As [`Self::backward`], where `a` are the activations divided by `scale`.
    pub fn backward_of_scaled<T: Scalar>(self, scale: T, a: &[T], d: &mut [T]) {
        for (d, &a) in d.iter_mut().zip(a) {
            let a = a * scale;
            match self {
                Self::Sigmoid => *d *= a * (T::one() - a),
                Self::Relu => *d = if a > T::zero() { *d } else { T::zero() },
                Self::Tanh => *d *= T::one() - a * a,
            }
        }
    }
}

/// What the output layer does to its weighted sums; each goes with its own cross-entropy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// Every class by itself: `1 / (1 + e^-z)`.
    Sigmoid,
    /// `e^z` over its sum: numbers that add up to 1.
    Softmax,
}

impl Output {
    /// Replaces the weighted sums `z`, rows of `classes` numbers, by the outputs.
    pub fn forward<T: Scalar>(self, level: Level, z: &mut [T], classes: usize) {
        match self {
            Self::Sigmoid => kernels::sigmoid(level, z),
            Self::Softmax => softmax(level, z, classes),
        }
    }
}

/// How `predict --proba` makes probabilities of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probability {
    /// The outputs over their sum (which is 1 for softmax outputs).
    Output,
    /// The softmax of the outputs: the article squashes twice.
    Softmax,
}

impl Probability {
    /// Replaces outputs, rows of `classes` numbers, by probabilities.
    pub fn of_outputs<T: Scalar>(self, level: Level, outputs: &mut [T], classes: usize) {
        match self {
            Self::Output => outputs.chunks_exact_mut(classes).for_each(normalize),
            Self::Softmax => softmax(level, outputs, classes),
        }
    }
}

/// Row by row, `e^(z - max z)` over its sum.
fn softmax<T: Scalar>(level: Level, z: &mut [T], classes: usize) {
    for row in z.chunks_exact_mut(classes) {
        // With a NaN in front the comparison is false throughout and the row becomes NaN, as it should.
        let highest = row
            .iter()
            .copied()
            .fold(row[0], |highest, z| if z > highest { z } else { highest });
        for z in row {
            *z -= highest;
        }
    }
    kernels::exp(level, z);
    z.chunks_exact_mut(classes).for_each(normalize);
}

fn normalize<T: Scalar>(row: &mut [T]) {
    let sum: T = row.iter().copied().sum();
    for value in row {
        *value /= sum;
    }
}
