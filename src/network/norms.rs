//! What the chunks of a mini-batch found out in layers that are normalised, put together ([`super::norm`]).

use super::memory::{Chunk, Memory};
use super::norm::ChunkNorm;
use crate::input::Input;
use crate::kernels;
use crate::model::Mlp;
use crate::scalar::Scalar;

impl<D: Input> Chunk<D> {
    fn norm(&self, layer: usize) -> &ChunkNorm<D::Number> {
        let norm = self.norms[layer].as_ref();
        norm.expect("a layer that is normalised, in training")
    }
}

impl<D: Input> Memory<D> {
    /// Adds up what the chunks of the mini-batch found out in network number `network`, in a layer that is normalised: the gradient of the
    /// gain, or of the bias.
    pub(super) fn norm_gradient(
        &self,
        (network, layer): (usize, usize),
        is_gain: bool,
        sum: &mut [D::Number],
    ) {
        sum.fill(D::Number::default());
        for chunk in self.filled() {
            let norm = chunk[network].norm(layer);
            let share = if is_gain { &norm.d_gain } else { &norm.d_bias };
            kernels::add(self.level, sum, share);
        }
    }

    /// Moves the running figures of network number `network`, `mlp`, towards those of the mini-batch that went forward last, which count
    /// with `weight`: layer after layer that is normalised, the means of its units, then their variances.
    pub fn follow(
        &self,
        network: usize,
        mlp: &Mlp<D::Number>,
        weight: f64,
        figures: &mut [D::Number],
    ) {
        let mut rest = figures;
        for (number, layer) in mlp.layout.layers().iter().enumerate() {
            if layer.gain.is_none() {
                continue;
            }
            let (means, others) = rest.split_at_mut(layer.outputs);
            let (variances, others) = others.split_at_mut(layer.outputs);
            rest = others;
            let chunks = || self.filled().iter().map(|chunk| &chunk[network]);
            let images: usize = chunks().map(|chunk| chunk.images).sum();
            // Each chunk takes its own mean from the squares.
            let free = images - chunks().count();
            for unit in 0..layer.outputs {
                let (mut mean, mut squares) = (0.0, 0.0);
                for chunk in chunks() {
                    let norm = chunk.norm(number);
                    mean += chunk.images as f64 * norm.mean[unit].wide();
                    squares += norm.squares[unit].wide();
                }
                let moved = |figure: D::Number, new: f64| {
                    D::Number::of(figure.wide() + weight * (new - figure.wide()))
                };
                means[unit] = moved(means[unit], mean / images as f64);
                if free > 0 {
                    variances[unit] = moved(variances[unit], squares / free as f64);
                }
            }
        }
    }
}
