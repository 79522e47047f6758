//! The memory of a mini-batch, cut into chunks: all of it is allocated before the first step.
//!
//! Every [`Chunk`] owns what its images leave behind on their way through a network and back: the activations and the
//! deltas of each layer and, of narrow layers, the chunk's share in the gradient. So the tasks of phase 1 share nothing but
//! what they read, and phase 2 finds all that it needs. What a task needs only while it runs belongs to the lane of the thread
//! that it runs on, so that it stays in that core's cache. Chunks have fixed sizes; a mini-batch smaller than the largest
//! fills fewer of them.
//!
//! Several networks may see the same mini-batches, side by side. Then a task takes in its chunk's pixels once, and takes them through
//! one network after the other while they are in the cache. Networks share pixels and nothing else, so each gets the bits that it
//! would get alone.

use std::ops::Range;
use std::time::Duration;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::norm::ChunkNorm;
use super::stopwatch::{Activity, Clock, Stopwatch};
use crate::cut;
use crate::engine::{Matrix, Share, Units};
use crate::input::{Batch, ChunkDelta, FirstLayer, Input, NARROW_UNITS, Pixels, Room};
use crate::kernels::Level;
use crate::model::{Layer, Layout};

/// What a memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryUse {
    /// Forward, backward and gradients.
    Training,
    /// The forward pass only.
    Evaluation,
}

/// What one thread needs while it works on chunks.
#[derive(Debug)]
struct Lane<D: Input> {
    input: D::Lane,
    watch: Stopwatch,
}

/// What the images of one task of phase 1 leave behind in a network.
#[derive(Debug)]
pub struct Chunk<D: Input> {
    pub(super) images: usize,
    pub(super) level: Level,
    /// By layer: the activations, of the output layer the weighted sums.
    pub(super) activations: Vec<Units<D::Number>>,
    /// By layer: the derivative of the loss by the weighted sums.
    pub(super) deltas: Vec<Units<D::Number>>,
    /// By layer: of one that is normalised, what the chunk finds out.
    pub(super) norms: Vec<Option<ChunkNorm<D::Number>>>,
    /// Room for what tells the chunk's images apart where units are left out.
    pub(super) keys: Vec<u32>,
    /// By layer from the second on: of a narrow one, the chunk's share in the gradient.
    pub(super) shares: Vec<Option<Matrix<D::Number>>>,
    /// What the first layer has here.
    pub(super) own: D::Own,
    /// The sum of the losses of the chunk's images.
    pub loss: f64,
}

impl<D: Input> Chunk<D> {
    fn new(input: &D, layout: &Layout, images: usize, form: Form) -> Self {
        let layers = layout.layers();
        let last = layers.len() - 1;
        let units = |number: usize| {
            let transposed = D::TRANSPOSED && number < last;
            Units::new(images, layers[number].outputs, transposed)
        };
        let share = |layer: &Layer| {
            let narrow = layer.outputs <= NARROW_UNITS;
            narrow.then(|| Matrix::zeros(layer.outputs, layer.inputs))
        };
        let norm = |layer: &Layer| {
            let normed = layer.gain.is_some() && form.trains;
            normed.then(|| ChunkNorm::new(images, layer.outputs, D::TRANSPOSED))
        };
        let trained = if form.trains { 0..layers.len() } else { 0..0 };
        Self {
            images,
            level: form.level,
            activations: (0..layers.len()).map(units).collect(),
            norms: layers.iter().map(norm).collect(),
            keys: vec![0; if form.trains { images } else { 0 }],
            deltas: trained.clone().map(units).collect(),
            shares: trained
                .map(|number| match number {
                    0 => None, // the input's affair
                    _ => share(&layers[number]),
                })
                .collect(),
            own: input.own(),
            loss: 0.0,
        }
    }

    /// The deltas of layer number `layer`, `(images, outputs)`.
    #[must_use]
    pub fn delta(&self, layer: usize) -> ArrayView2<'_, D::Number> {
        self.deltas[layer].view(self.images)
    }

    /// The deltas of the first layer as its input takes them.
    pub(super) fn first_delta(&self) -> ChunkDelta<'_, D> {
        ChunkDelta {
            units: &self.deltas[0],
            own: &self.own,
            images: self.images,
        }
    }

    /// The chunk's share in the gradient of layer number `layer`, which is not the first one.
    ///
    /// # Panics
    /// If the memory is not for training.
    pub(super) fn share(&self, layer: usize) -> Share<'_, D::Number> {
        match &self.shares[layer] {
            Some(sum) => Share::Sum(sum.view(sum.rows())),
            None => Share::Factors {
                delta: self.delta(layer),
                input: self.activations[layer - 1].view(self.images),
            },
        }
    }

    /// The weighted sums of the output layer, row-major `(images, classes)`.
    #[must_use]
    pub fn weighted_sums(&self) -> &[D::Number] {
        self.activations[self.activations.len() - 1].flat(self.images)
    }

    /// The weighted sums of the output layer, row-major `(images, classes)`, and memory of the same shape for its deltas.
    pub(super) fn output(&mut self) -> (&[D::Number], &mut [D::Number]) {
        let (Some(z), Some(d)) = (self.activations.last(), self.deltas.last_mut()) else {
            unreachable!("a network has a layer, and deltas in training");
        };
        (z.flat(self.images), d.flat_mut(self.images))
    }
}

/// What all chunks have in common.
#[derive(Clone, Copy)]
struct Form {
    trains: bool,
    level: Level,
}

/// The memory of a mini-batch, for one network or for several that see the same mini-batches.
#[derive(Debug)]
pub struct Memory<D: Input> {
    /// How each network takes in its pixels.
    pub(super) inputs: Vec<D>,
    /// By chunk and network: what the chunk leaves behind there.
    pub(super) chunks: Vec<Vec<Chunk<D>>>,
    /// By chunk: the pixels that it leaves behind for the gradients of the first layers.
    pub(super) pixels: Vec<D::Chunk>,
    lanes: Vec<Lane<D>>,
    /// The times of what is done with the mini-batch as a whole.
    pub(super) watch: Stopwatch,
    capacity: usize,
    chunk_images: usize,
    /// Chunks of the mini-batch that was taken in last.
    pub(super) filled: usize,
    pub(super) level: Level,
}

impl<D: Input> Memory<D> {
    /// Memory for mini-batches of up to `capacity` images, for the threads of the pool that this is called in.
    #[must_use]
    pub fn new(
        input: D,
        layout: &Layout,
        capacity: usize,
        purpose: MemoryUse,
        level: Level,
    ) -> Self {
        Self::side_by_side(vec![input], &[layout], capacity, purpose, level)
    }

    /// The same for networks that see the same mini-batches, of which there is one at least: the input and the layout of each.
    ///
    /// # Panics
    /// If there is no network.
    #[must_use]
    pub fn side_by_side(
        inputs: Vec<D>,
        layouts: &[&Layout],
        capacity: usize,
        purpose: MemoryUse,
        level: Level,
    ) -> Self {
        // Who is normalised with whom must not depend on the input.
        let norms = layouts.iter().any(|layout| layout.has_norms());
        let chunk_images = if norms {
            cut::packed_chunk_images(capacity)
        } else {
            D::chunk_images(capacity)
        };
        let form = Form {
            trains: purpose == MemoryUse::Training,
            level,
        };
        let sizes = || {
            (0..capacity)
                .step_by(chunk_images)
                .map(|start| chunk_images.min(capacity - start))
        };
        let of_networks = |images: usize| -> Vec<Chunk<D>> {
            let networks = inputs.iter().zip(layouts);
            networks
                .map(|(input, layout)| Chunk::new(input, layout, images, form))
                .collect()
        };
        let chunks: Vec<_> = sizes().map(of_networks).collect();
        let keeps = inputs.iter().find(|input| input.keeps_pixels());
        let input = keeps.unwrap_or(&inputs[0]);
        let lane = || Lane {
            input: input.lane(),
            watch: Stopwatch::default(),
        };
        Self {
            lanes: std::iter::repeat_with(lane)
                .take(rayon::current_num_threads().min(chunks.len()))
                .collect(),
            pixels: sizes().map(|images| input.chunk(images)).collect(),
            inputs,
            watch: Stopwatch::default(),
            chunks,
            capacity,
            chunk_images,
            filled: 0,
            level,
        }
    }

    /// Forgets network number `network` and gives its memory back; those behind it move up.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, network: usize) {
        self.inputs.remove(network);
        for chunk in &mut self.chunks {
            chunk.remove(network);
        }
    }

    /// The number of networks.
    #[must_use]
    pub fn networks(&self) -> usize {
        self.inputs.len()
    }

    /// Images of the largest mini-batch that fits.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Images of each chunk but the last.
    #[must_use]
    pub fn chunk_images(&self) -> usize {
        self.chunk_images
    }

    /// The instructions that kernels may use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// How the first layer of the first network takes in its pixels; those of the others take in the same.
    #[must_use]
    pub fn input(&self) -> &D {
        &self.inputs[0]
    }

    /// The chunks of the mini-batch that was taken in last, each with what it left behind in the networks.
    pub(super) fn filled(&self) -> &[Vec<Chunk<D>>] {
        &self.chunks[..self.filled]
    }

    /// Forgets what was timed, and times by `clock` from now on, or not at all.
    pub fn time(&mut self, clock: Option<Clock>) {
        self.watch = Stopwatch::new(clock);
        for lane in &mut self.lanes {
            lane.watch = self.watch;
        }
    }

    /// The watch for what is done with the mini-batch as a whole.
    pub fn watch_mut(&mut self) -> &mut Stopwatch {
        &mut self.watch
    }

    /// What each [`Activity`] took: of what threads do side by side, the mean of them.
    #[must_use]
    pub fn spent(&self) -> [Duration; Activity::COUNT] {
        std::array::from_fn(|part| {
            let lanes: Duration = self.lanes.iter().map(|lane| lane.watch.spent[part]).sum();
            self.watch.spent[part] + lanes / self.lanes.len().max(1) as u32
        })
    }

    /// Begins a step or an evaluation with the first layers as they are, and calls `work` for every chunk of `batch`, in parallel.
    /// Which lane a chunk comes to depends on the number of threads; what it computes there does not. `layer` has the first layer of a
    /// network, none where it takes no part.
    ///
    /// # Panics
    /// If the mini-batch is larger than the memory.
    pub(super) fn for_each_chunk<'b, 'p>(
        &mut self,
        layer: impl Fn(usize) -> Option<FirstLayer<'p, D>> + Sync,
        batch: &Batch<'b, D>,
        work: impl Fn(&mut Task<'_, 'b, D>) + Sync,
    ) {
        let images = batch.indices.len();
        assert!(
            (1..=self.capacity).contains(&images),
            "a mini-batch that fits, and is not empty"
        );
        self.watch.start();
        let inputs = self.inputs.par_iter_mut().enumerate();
        inputs.for_each(|(network, input)| {
            if let Some(layer) = layer(network) {
                input.begin(layer);
            }
        });
        if D::PREPARES {
            self.watch.lap(Activity::QuantizeWeights);
        }
        let inputs = &*self.inputs;
        let count = images.div_ceil(self.chunk_images);
        self.filled = count;
        let of_lane = count.div_ceil(self.lanes.len()).max(1);
        let size = self.chunk_images;
        self.lanes
            .par_iter_mut()
            .zip(self.chunks[..count].par_chunks_mut(of_lane))
            .zip(self.pixels[..count].par_chunks_mut(of_lane))
            .enumerate()
            .with_max_len(1)
            .for_each(|(number, ((lane, chunks), pixels))| {
                lane.watch.start();
                let chunks = chunks.iter_mut().zip(pixels);
                for (number, (networks, chunk)) in (number * of_lane..).zip(chunks) {
                    let range = number * size..images.min((number + 1) * size);
                    for chunk in &mut *networks {
                        chunk.images = range.len();
                    }
                    work(&mut Task {
                        inputs,
                        room: Room {
                            lane: &mut lane.input,
                            chunk,
                        },
                        watch: &mut lane.watch,
                        networks,
                        pixels: batch.chunk(number, range.clone()),
                        range,
                    });
                }
            });
    }
}

/// A chunk of a mini-batch with all that its task needs.
pub(super) struct Task<'t, 'b, D: Input> {
    /// By network: how it takes in pixels.
    pub(super) inputs: &'t [D],
    /// The memory for the pixels.
    pub(super) room: Room<'t, D>,
    pub(super) watch: &'t mut Stopwatch,
    /// By network: what the chunk leaves behind.
    pub(super) networks: &'t mut [Chunk<D>],
    pub(super) pixels: Pixels<'b, D>,
    /// Which samples of the mini-batch it has.
    pub(super) range: Range<usize>,
}
