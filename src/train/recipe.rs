//! What today's recipes add to a step.

use serde::{Deserialize, Serialize};

use super::schedule::Schedule;

/// What hidden layers' weighted sums are normalised by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Nothing.
    #[default]
    None,
    /// Mean and deviation of the images of a chunk of the mini-batch.
    Batch,
}

/// What is added to a step of gradient descent; by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recipe {
    /// How the learning rate goes; without one it stays.
    pub schedule: Option<Schedule>,
    /// The share of each weight, times the learning rate, that a step takes away beside the gradient. Biases and gains are spared.
    pub weight_decay: f64,
    /// The greatest Euclidean length of the gradient of a mini-batch's loss: a longer one is made as short as this (R. Pascanu et al.,
    /// 2013, algorithm 1). The regulariser is no part of it.
    pub clip_norm: Option<f64>,
    /// The share of the target that is spread evenly over all classes (C. Szegedy et al., 2016, section 7), in `0..1`.
    pub label_smoothing: f64,
    /// The share of each hidden layer's units that a step leaves out, in `0..1`.
    pub dropout: f64,
    /// The seed of what is left out.
    pub seed: u32,
    /// How much a mini-batch counts in the running figures of layers that are normalised, in `0..=1`.
    pub figure_weight: f64,
}
