//! The forward and the backward pass.
//!
//! With activations `a`, weighted sums `z`, deltas `d = ∂loss/∂z`, layers counted from 1 and pixels `a_0`:
//!
//! ```text
//! forward:   z_l = a_(l-1) w_lᵀ + b_l     a_l = activation(z_l), but for the output layer
//! loss:      d_n = output(z_n) - onehot(label)
//! backward:  d_(l-1) = (d_l w_l) · activation'(a_(l-1))
//! ```
//!
//! `z_1` is the input's affair: pixels enter nowhere else. A chunk's way forward and back is one task, during which what it
//! needs stays in the cache of one core.

use super::loss::Loss;
use super::memory::{Memory, Task};
use super::stopwatch::Activity;
use crate::engine::Engine;
use crate::input::{Batch, FirstLayer, Input};
use crate::model::Mlp;

/// What every task reads.
#[derive(Debug)]
pub struct Pass<'a, D: Input> {
    /// How the products of all layers but the first are computed.
    pub engine: &'a dyn Engine<D::Number>,
    /// The network.
    pub mlp: &'a Mlp<D::Number>,
    /// What scales the pixels.
    pub scale: &'a D::Scale,
}

impl<'a, D: Input> Pass<'a, D> {
    /// The first layer.
    #[must_use]
    pub fn first_layer(&self) -> FirstLayer<'a, D> {
        FirstLayer {
            weight: self.mlp.weight(0),
            bias: self.mlp.bias(0),
            scale: self.scale,
        }
    }

    /// Takes in the chunk's pixels and takes them through the network, up to the output's weighted sums.
    fn forward(&self, task: &mut Task<'_, '_, D>) {
        let Task {
            input,
            room,
            watch,
            chunk,
            pixels,
            ..
        } = task;
        let images = chunk.images;
        input.take_in(self.scale, pixels, room);
        watch.lap(Activity::TakeIn);
        let z = &mut chunk.activations[0];
        input.forward(self.first_layer(), pixels, room, z);
        let last = self.mlp.layout.layers().len() - 1;
        for layer in 0..=last {
            let (before, here) = chunk.activations.split_at_mut(layer);
            let z = &mut here[0];
            if let Some(a) = before.last() {
                let (a, z) = (a.view(images), z.view_mut(images));
                self.engine.forward(a, self.mlp.weight(layer), z);
            }
            if let Some(bias) = self.mlp.bias(layer).filter(|_| layer > 0) {
                z.add_bias(images, bias);
            }
            if layer < last {
                let activation = self.mlp.activation;
                activation.forward(chunk.level, z.flat_mut(images));
            }
        }
        watch.lap(Activity::Forward);
    }

    /// Takes the output's deltas, which the loss has filled in, back to the first layer; of narrow layers, takes the chunk's
    /// share in the gradient.
    fn backward(&self, task: &mut Task<'_, '_, D>) {
        let Task {
            input,
            room,
            watch,
            chunk,
            ..
        } = task;
        let images = chunk.images;
        for layer in (1..self.mlp.layout.layers().len()).rev() {
            let (before, here) = chunk.deltas.split_at_mut(layer);
            let (d, d_a) = (here[0].view(images), &mut before[layer - 1]);
            let weight = self.mlp.weight(layer);
            self.engine.backward(d, weight, d_a.view_mut(images));
            let a = &chunk.activations[layer - 1];
            let activation = self.mlp.activation;
            activation.backward(chunk.level, a.flat(images), d_a.flat_mut(images));
            if let Some(share) = &mut chunk.shares[layer] {
                let all = share.view_mut(share.rows());
                self.engine.gradient(d, a.view(images), all, false);
            }
        }
        input.backward(chunk.delta(0), room);
        watch.lap(Activity::Backward);
    }
}

impl<D: Input> Memory<D> {
    /// Phase 1 of a step: takes a mini-batch forward, to its loss, and back. Returns the sum of its images' losses.
    ///
    /// # Panics
    /// If the mini-batch is larger than the memory, or the memory is not for training.
    pub fn forward_and_backward(
        &mut self,
        pass: &Pass<'_, D>,
        loss: &Loss,
        batch: &Batch<'_, D>,
    ) -> f64 {
        self.for_each_chunk(pass.first_layer(), batch, |task| {
            pass.forward(task);
            let labels = batch.labels(task.range.clone());
            let level = task.chunk.level;
            let (z, d) = task.chunk.output();
            task.chunk.loss = loss.with_delta(level, z, labels, d);
            task.watch.lap(Activity::Loss);
            pass.backward(task);
        });
        let count = self.chunks_of(batch.indices.len());
        let Self {
            input,
            chunks,
            watch,
            ..
        } = self;
        watch.start();
        input.finish_deltas(count, |chunk| chunks[chunk].first_delta());
        if D::PREPARES {
            watch.lap(Activity::QuantizeDeltas);
        }
        chunks[..count].iter().map(|chunk| chunk.loss).sum()
    }

    /// Takes any number of samples forward, as many at a time as there is memory for, and calls `visit` for groups of them in
    /// their order, with their indices and the weighted sums of the output layer, row-major `(images, classes)`.
    ///
    /// # Panics
    /// If an index is beyond the samples, or the samples are of another size than the network's.
    pub fn for_each_output(
        &mut self,
        pass: &Pass<'_, D>,
        source: &D::Source,
        indices: &[u32],
        mut visit: impl FnMut(&[u32], &[D::Number]),
    ) {
        for indices in indices.chunks(self.capacity()) {
            let batch = Batch {
                source,
                labels: &[],
                indices,
                kept: None,
                trains: false,
            };
            self.for_each_output_of(pass, &batch, &mut visit);
        }
    }

    /// The same for one mini-batch, which need not have labels.
    ///
    /// # Panics
    /// As [`Self::for_each_output`], and if the mini-batch is larger than the memory.
    pub fn for_each_output_of(
        &mut self,
        pass: &Pass<'_, D>,
        batch: &Batch<'_, D>,
        mut visit: impl FnMut(&[u32], &[D::Number]),
    ) {
        self.for_each_chunk(pass.first_layer(), batch, |task| pass.forward(task));
        let indices = batch.indices.chunks(self.chunk_images());
        for (chunk, indices) in self.chunks.iter().zip(indices) {
            visit(indices, chunk.weighted_sums());
        }
    }
}
