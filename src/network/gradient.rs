//! The gradients of a mini-batch, block by block: what phase 2 of a step asks for.

use ndarray::ArrayViewMut2;

use super::memory::{Chunk, Memory};
use crate::cut::BlockLimits;
use crate::engine::{self, Engine, Share};
use crate::input::{Batch, BlockRange, Input, Taken};
use crate::scalar::Scalar;

/// The gradients of a mini-batch that went forward and back: sums over its images, whatever the loss is divided by.
///
/// What updates parameters sees only this, so it knows neither the engine nor how pixels were taken in.
pub trait Gradients<T: Scalar>: Sync {
    /// Into which blocks the weight matrix of layer number `layer` is cut.
    fn block_limits(&self, layer: usize) -> BlockLimits;

    /// The gradient of a block of the weight matrix of layer number `layer`. Overwrites `d_w`, which has the block's shape and
    /// contiguous rows. The block must be one of those that [`Self::block_limits`] makes.
    fn weights(&self, layer: usize, block: &BlockRange, d_w: ArrayViewMut2<'_, T>);

    /// The gradient of the biases of layer number `layer`. Overwrites `d_bias`.
    fn biases(&self, layer: usize, d_bias: &mut [T]);

    /// The gradient of the gains of layer number `layer`, which is normalised. Overwrites `d_gain`.
    fn gains(&self, layer: usize, d_gain: &mut [T]);
}

/// The gradients that a [`Memory`] holds.
#[derive(Debug)]
pub struct BatchGradients<'a, D: Input> {
    memory: &'a Memory<D>,
    network: usize,
    scale: &'a D::Scale,
    engine: &'a dyn Engine<D::Number>,
    batch: &'a Batch<'a, D>,
}

impl<D: Input> Memory<D> {
    /// The gradients of network number `network` from `batch`, which is the one that went forward and back last, with the same
    /// `scale`.
    #[must_use]
    pub fn gradients<'a>(
        &'a self,
        network: usize,
        scale: &'a D::Scale,
        engine: &'a dyn Engine<D::Number>,
        batch: &'a Batch<'a, D>,
    ) -> BatchGradients<'a, D> {
        BatchGradients {
            memory: self,
            network,
            scale,
            engine,
            batch,
        }
    }
}

impl<D: Input> Gradients<D::Number> for BatchGradients<'_, D> {
    fn block_limits(&self, layer: usize) -> BlockLimits {
        match layer {
            0 => self.input().block_limits(self.batch.indices.len()),
            _ => BlockLimits::FLOATING_POINT,
        }
    }

    fn weights(&self, layer: usize, block: &BlockRange, mut d_w: ArrayViewMut2<'_, D::Number>) {
        let Memory { pixels, level, .. } = self.memory;
        if layer == 0 {
            let taken = Taken {
                scale: self.scale,
                kept: self.batch.kept,
                chunks: &pixels[..self.chunks()],
            };
            let delta = |chunk: usize| self.chunk(chunk).first_delta();
            return self.input().gradient(taken, &delta, block, d_w);
        }
        let share = |chunk: usize| {
            let share = self.chunk(chunk).share(layer);
            share.block(&block.rows, &block.columns)
        };
        if let Share::Sum(_) = share(0) {
            for chunk in 0..self.chunks() {
                share(chunk).add_to(d_w.view_mut(), self.engine, *level, chunk > 0);
            }
            return;
        }
        let factors = |chunk| match share(chunk) {
            Share::Factors { delta, input } => [delta, input],
            Share::Sum(_) => unreachable!("chunks of one form"),
        };
        self.engine.gradient_of_chunks(self.chunks(), &factors, d_w);
    }

    fn gains(&self, layer: usize, d_gain: &mut [D::Number]) {
        self.memory
            .norm_gradient((self.network, layer), true, d_gain);
    }

    fn biases(&self, layer: usize, d_bias: &mut [D::Number]) {
        if self.chunk(0).norms[layer].is_some() {
            let place = (self.network, layer);
            return self.memory.norm_gradient(place, false, d_bias);
        }
        if layer == 0 {
            let delta = |chunk: usize| self.chunk(chunk).first_delta();
            return self.input().bias_gradient(self.chunks(), &delta, d_bias);
        }
        let deltas = (0..self.chunks()).map(|chunk| self.chunk(chunk).delta(layer));
        engine::sum_of_rows(deltas, d_bias);
    }
}

impl<'a, D: Input> BatchGradients<'a, D> {
    fn input(&self) -> &'a D {
        &self.memory.inputs[self.network]
    }

    fn chunks(&self) -> usize {
        self.memory.filled().len()
    }

    fn chunk(&self, chunk: usize) -> &'a Chunk<D> {
        &self.memory.chunks[chunk][self.network]
    }
}
