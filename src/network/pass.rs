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

use rayon::prelude::*;

use super::dropout::Dropout;
use super::loss::Loss;
use super::memory::{Memory, Task};
use super::stopwatch::Activity;
use crate::engine::Engine;
use crate::input::{Batch, FirstLayer, Input, Sums};
use crate::model::Mlp;

/// What every task reads of a network.
#[derive(Debug)]
pub struct Pass<'a, D: Input> {
    /// How the products of all layers but the first are computed.
    pub engine: &'a dyn Engine<D::Number>,
    /// The network.
    pub mlp: &'a Mlp<D::Number>,
    /// What scales the pixels.
    pub scale: &'a D::Scale,
}

/// What a step does with a network in its first phase.
#[derive(Debug)]
pub struct Lesson<'a, D: Input> {
    /// What tasks read of it.
    pub pass: Pass<'a, D>,
    /// What its outputs are held against.
    pub loss: Loss<'a>,
    /// What is left out of its hidden layers.
    pub dropout: Option<Dropout>,
}

impl<D: Input> Clone for Pass<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Input> Copy for Pass<'_, D> {}

impl<'a, D: Input> Pass<'a, D> {
    /// The first layer.
    #[must_use]
    pub fn first_layer(&self) -> FirstLayer<'a, D> {
        FirstLayer {
            weight: self.mlp.weight(0),
            // Of a layer that is normalised the bias comes later.
            bias: self.mlp.bias(0).filter(|_| self.mlp.gain(0).is_none()),
            scale: self.scale,
        }
    }

    /// Takes the chunk's pixels, which were taken in, through network number `network`, up to the output's weighted sums.
    fn forward(&self, task: &mut Task<'_, '_, D>, network: usize, dropout: Option<Dropout>) {
        let Task {
            inputs,
            room,
            watch,
            networks,
            pixels,
            ..
        } = task;
        let chunk = &mut networks[network];
        let images = chunk.images;
        let sums = Sums {
            z: &mut chunk.activations[0],
            own: &mut chunk.own,
        };
        inputs[network].forward(self.first_layer(), pixels, room, sums);
        let last = self.mlp.layout.layers().len() - 1;
        for layer in 0..=last {
            let (before, here) = chunk.activations.split_at_mut(layer);
            let z = &mut here[0];
            if let Some(a) = before.last() {
                let (a, z) = (a.view(images), z.view_mut(images));
                self.engine.forward(a, self.mlp.weight(layer), z);
            }
            let bias = self.mlp.bias(layer);
            match (self.mlp.gain(layer), bias, &mut chunk.norms[layer]) {
                (Some(gain), bias, Some(norm)) => {
                    let line = (gain, bias.unwrap_or_default());
                    norm.forward(chunk.level, images, line, z);
                }
                (_, Some(bias), _) if layer > 0 => z.add_bias(images, bias),
                _ => {}
            }
            if layer < last {
                let activation = self.mlp.activation;
                activation.forward(chunk.level, z.flat_mut(images));
                if let Some(dropout) = dropout {
                    chunk.leave_out(dropout, layer, pixels.indices);
                }
            }
        }
        watch.lap(Activity::Forward);
    }

    /// Takes the output's deltas, which the loss has filled in, back to the first layer; of narrow layers, takes the chunk's
    /// share in the gradient.
    fn backward(&self, task: &mut Task<'_, '_, D>, network: usize, dropout: Option<Dropout>) {
        let Task {
            inputs,
            room,
            watch,
            networks,
            pixels,
            ..
        } = task;
        let chunk = &mut networks[network];
        let images = chunk.images;
        for layer in (1..self.mlp.layout.layers().len()).rev() {
            let (before, here) = chunk.deltas.split_at_mut(layer);
            let (d, d_a) = (here[0].view(images), &mut before[layer - 1]);
            let weight = self.mlp.weight(layer);
            self.engine.backward(d, weight, d_a.view_mut(images));
            if let Some(share) = &mut chunk.shares[layer] {
                let all = share.view_mut(share.rows());
                let a = chunk.activations[layer - 1].view(images);
                self.engine.gradient(d, a, all, false);
            }
            let place = (layer - 1, pixels.indices);
            chunk.back_through(self.mlp.activation, dropout, place);
            if let (Some(gain), Some(norm)) =
                (self.mlp.gain(layer - 1), &mut chunk.norms[layer - 1])
            {
                norm.backward(chunk.level, images, gain, &mut chunk.deltas[layer - 1]);
            }
        }
        let delta = chunk.deltas[0].view(images);
        inputs[network].backward(delta, room, &mut chunk.own);
        watch.lap(Activity::Backward);
    }
}

impl<D: Input> Task<'_, '_, D> {
    /// Takes in the chunk's pixels, for all networks.
    fn take_in(&mut self, scale: &D::Scale) {
        self.inputs[0].take_in(scale, &self.pixels, &mut self.room);
        self.watch.lap(Activity::TakeIn);
    }
}

impl<D: Input> Memory<D> {
    /// Phase 1 of a step: takes a mini-batch, whose pixels `scale` scales, forward through each network, to its loss, and back. What
    /// a network's losses add up to is then its [`Self::loss`].
    ///
    /// # Panics
    /// If the mini-batch is larger than the memory, or the memory is not for training.
    pub fn forward_and_backward<'p>(
        &mut self,
        scale: &D::Scale,
        lesson: impl Fn(usize) -> Lesson<'p, D> + Sync,
        batch: &Batch<'_, D>,
    ) {
        let layer = |number: usize| Some(lesson(number).pass.first_layer());
        self.for_each_chunk(layer, batch, |task| {
            task.take_in(scale);
            for number in 0..task.networks.len() {
                let Lesson {
                    pass,
                    loss,
                    dropout,
                } = lesson(number);
                pass.forward(task, number, dropout);
                let labels = batch.labels(task.range.clone());
                let chunk = &mut task.networks[number];
                let level = chunk.level;
                let (z, d) = chunk.output();
                chunk.loss = loss.with_delta(level, z, labels, d);
                task.watch.lap(Activity::Loss);
                pass.backward(task, number, dropout);
            }
        });
        let Self {
            inputs,
            chunks,
            watch,
            filled,
            ..
        } = self;
        watch.start();
        inputs
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, input)| {
                input.finish_deltas(*filled, |chunk| chunks[chunk][number].first_delta());
            });
        if D::PREPARES {
            watch.lap(Activity::QuantizeDeltas);
        }
    }

    /// The sum of the losses of the mini-batch that went forward and back last, in network number `network`.
    #[must_use]
    pub fn loss(&self, network: usize) -> f64 {
        let chunks = self.filled().iter();
        chunks.map(|networks| networks[network].loss).sum()
    }

    /// Takes any number of samples forward, as many at a time as there is memory for, and calls `visit` for groups of them in
    /// their order, with their indices and the weighted sums of the output layer, row-major `(images, classes)`. The memory is that
    /// of one network.
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
                augmented: None,
                trains: false,
            };
            let visit = |_, indices: &[u32], z: &[D::Number]| visit(indices, z);
            self.for_each_output_of(pass.scale, |_| Some(*pass), &batch, visit);
        }
    }

    /// The same for one mini-batch, which need not have labels, and for all networks that `pass` has a pass for; `visit` gets the
    /// number of the network first.
    ///
    /// # Panics
    /// As [`Self::for_each_output`], and if the mini-batch is larger than the memory.
    pub fn for_each_output_of<'p>(
        &mut self,
        scale: &D::Scale,
        pass: impl Fn(usize) -> Option<Pass<'p, D>> + Sync,
        batch: &Batch<'_, D>,
        mut visit: impl FnMut(usize, &[u32], &[D::Number]),
    ) {
        self.forward(scale, &pass, batch, |_, _, _| ());
        let indices = batch.indices.chunks(self.chunk_images());
        for (networks, indices) in self.chunks.iter().zip(indices) {
            for (number, chunk) in networks.iter().enumerate() {
                if pass(number).is_some() {
                    visit(number, indices, chunk.weighted_sums());
                }
            }
        }
    }

    /// The same for a mini-batch with labels; `visit` also gets the sum of the losses of the group's images, which `loss` says of each
    /// network how to compute.
    ///
    /// # Panics
    /// As [`Self::for_each_output_of`], for a label that is none of the classes, and if the memory is not for training.
    pub fn for_each_loss_of<'p>(
        &mut self,
        scale: &D::Scale,
        (pass, loss): (
            impl Fn(usize) -> Option<Pass<'p, D>> + Sync,
            impl Fn(&Pass<'p, D>) -> Loss<'static> + Sync,
        ),
        batch: &Batch<'_, D>,
        mut visit: impl FnMut(usize, &[u32], &[D::Number], f64),
    ) {
        self.forward(scale, &pass, batch, |pass, task, number| {
            let labels = batch.labels(task.range.clone());
            let chunk = &mut task.networks[number];
            let level = chunk.level;
            let (z, outputs) = chunk.output();
            chunk.loss = loss(pass).of_sums(level, z, labels, outputs);
        });
        let indices = batch.indices.chunks(self.chunk_images());
        for (networks, indices) in self.chunks.iter().zip(indices) {
            for (number, chunk) in networks.iter().enumerate() {
                if pass(number).is_some() {
                    visit(number, indices, chunk.weighted_sums(), chunk.loss);
                }
            }
        }
    }

    /// Takes a mini-batch forward through all networks that `pass` has a pass for, and calls `then` for each chunk that is through one.
    fn forward<'b, 'p>(
        &mut self,
        scale: &D::Scale,
        pass: impl Fn(usize) -> Option<Pass<'p, D>> + Sync,
        batch: &Batch<'b, D>,
        then: impl Fn(&Pass<'p, D>, &mut Task<'_, 'b, D>, usize) + Sync,
    ) {
        let layer = |number: usize| pass(number).map(|pass| pass.first_layer());
        self.for_each_chunk(layer, batch, |task| {
            task.take_in(scale);
            for number in 0..task.networks.len() {
                if let Some(pass) = pass(number) {
                    pass.forward(task, number, None);
                    then(&pass, task, number);
                }
            }
        });
    }
}
