//! The memory of a mini-batch, cut into chunks: all of it is allocated before the first step.
//!
//! Every [`Chunk`] owns what its images leave behind on their way through the network and back: the activations and the
//! deltas of each layer and, of narrow layers, the chunk's share in the gradient. So the tasks of phase 1 share nothing but
//! what they read, and phase 2 finds all that it needs. What a task needs only while it runs belongs to the lane of the thread
//! that it runs on, so that it stays in that core's cache. Chunks have fixed sizes; a mini-batch smaller than the largest
//! fills fewer of them.

use std::ops::Range;
use std::time::Duration;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::stopwatch::{Activity, Clock, Stopwatch};
use crate::engine::{Matrix, Share, Units};
use crate::input::{Batch, ChunkDelta, FirstLayer, Input, NARROW_UNITS, Pixels, Room};
use crate::kernels::Level;
use crate::model::{Layer, Layout};
use crate::scalar::Scalar;

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

/// The images of one task of phase 1, and what they leave behind.
#[derive(Debug)]
pub struct Chunk<T> {
    pub(super) images: usize,
    pub(super) level: Level,
    /// By layer: the activations, of the output layer the weighted sums.
    pub(super) activations: Vec<Units<T>>,
    /// By layer: the derivative of the loss by the weighted sums.
    pub(super) deltas: Vec<Units<T>>,
    /// By layer from the second on: of a narrow one, the chunk's share in the gradient.
    pub(super) shares: Vec<Option<Matrix<T>>>,
    /// The sum of the losses of the chunk's images.
    pub loss: f64,
}

impl<T: Scalar> Chunk<T> {
    fn new(layout: &Layout, images: usize, form: Form) -> Self {
        let layers = layout.layers();
        let last = layers.len() - 1;
        let units = |number: usize| {
            let transposed = form.transposed && number < last;
            Units::new(images, layers[number].outputs, transposed)
        };
        let share = |layer: &Layer| {
            let narrow = layer.outputs <= NARROW_UNITS;
            narrow.then(|| Matrix::zeros(layer.outputs, layer.inputs))
        };
        let trained = if form.trains { 0..layers.len() } else { 0..0 };
        Self {
            images,
            level: form.level,
            activations: (0..layers.len()).map(units).collect(),
            deltas: trained.clone().map(units).collect(),
            shares: trained
                .map(|number| match number {
                    0 => None, // the input's affair
                    _ => share(&layers[number]),
                })
                .collect(),
            loss: 0.0,
        }
    }

    /// The deltas of layer number `layer`, `(images, outputs)`.
    #[must_use]
    pub fn delta(&self, layer: usize) -> ArrayView2<'_, T> {
        self.deltas[layer].view(self.images)
    }

    /// The deltas of the first layer as its input takes them.
    pub(super) fn first_delta(&self) -> ChunkDelta<'_, T> {
        ChunkDelta {
            units: &self.deltas[0],
            images: self.images,
        }
    }

    /// The chunk's share in the gradient of layer number `layer`, which is not the first one.
    ///
    /// # Panics
    /// If the memory is not for training.
    pub(super) fn share(&self, layer: usize) -> Share<'_, T> {
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
    pub fn weighted_sums(&self) -> &[T] {
        self.activations[self.activations.len() - 1].flat(self.images)
    }

    /// The weighted sums of the output layer, row-major `(images, classes)`, and memory of the same shape for its deltas.
    pub(super) fn output(&mut self) -> (&[T], &mut [T]) {
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
    transposed: bool,
    level: Level,
}

/// The memory of a mini-batch.
#[derive(Debug)]
pub struct Memory<D: Input> {
    pub(super) input: D,
    pub(super) chunks: Vec<Chunk<D::Number>>,
    /// What each chunk leaves behind for the gradient of the first layer.
    pub(super) input_chunks: Vec<D::Chunk>,
    lanes: Vec<Lane<D>>,
    /// The times of what is done with the mini-batch as a whole.
    pub(super) watch: Stopwatch,
    capacity: usize,
    chunk_images: usize,
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
        let chunk_images = D::chunk_images(capacity);
        let form = Form {
            trains: purpose == MemoryUse::Training,
            transposed: D::TRANSPOSED,
            level,
        };
        let sizes = || {
            (0..capacity)
                .step_by(chunk_images)
                .map(|start| chunk_images.min(capacity - start))
        };
        let chunks: Vec<_> = sizes()
            .map(|images| Chunk::new(layout, images, form))
            .collect();
        let lane = || Lane {
            input: input.lane(),
            watch: Stopwatch::default(),
        };
        Self {
            lanes: std::iter::repeat_with(lane)
                .take(rayon::current_num_threads().min(chunks.len()))
                .collect(),
            input_chunks: sizes().map(|images| input.chunk(images)).collect(),
            input,
            watch: Stopwatch::default(),
            chunks,
            capacity,
            chunk_images,
            level,
        }
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

    /// How the first layer takes in its pixels.
    #[must_use]
    pub fn input(&self) -> &D {
        &self.input
    }

    /// The number of chunks that a mini-batch of `images` images fills.
    pub(super) fn chunks_of(&self, images: usize) -> usize {
        images.div_ceil(self.chunk_images)
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

    /// Begins a step or an evaluation with the first layer as it is, and calls `work` for every chunk of `batch`, in parallel.
    /// Which lane a chunk comes to depends on the number of threads; what it computes there does not.
    ///
    /// # Panics
    /// If the mini-batch is larger than the memory.
    pub(super) fn for_each_chunk<'b>(
        &mut self,
        layer: FirstLayer<'_, D>,
        batch: &Batch<'b, D>,
        work: impl Fn(&mut Task<'_, 'b, D>) + Sync,
    ) {
        let images = batch.indices.len();
        assert!(
            (1..=self.capacity).contains(&images),
            "a mini-batch that fits, and is not empty"
        );
        self.watch.start();
        self.input.begin(layer);
        if D::PREPARES {
            self.watch.lap(Activity::QuantizeWeights);
        }
        let input = &self.input;
        let count = images.div_ceil(self.chunk_images);
        let of_lane = count.div_ceil(self.lanes.len()).max(1);
        let size = self.chunk_images;
        self.lanes
            .par_iter_mut()
            .zip(self.chunks[..count].par_chunks_mut(of_lane))
            .zip(self.input_chunks[..count].par_chunks_mut(of_lane))
            .enumerate()
            .with_max_len(1)
            .for_each(|(number, ((lane, chunks), input_chunks))| {
                lane.watch.start();
                let chunks = chunks.iter_mut().zip(input_chunks);
                for (number, (chunk, input_chunk)) in (number * of_lane..).zip(chunks) {
                    let range = number * size..images.min((number + 1) * size);
                    chunk.images = range.len();
                    work(&mut Task {
                        input,
                        room: Room {
                            lane: &mut lane.input,
                            chunk: input_chunk,
                        },
                        watch: &mut lane.watch,
                        chunk,
                        pixels: batch.chunk(number, range.clone()),
                        range,
                    });
                }
            });
    }
}

/// A chunk of a mini-batch with all that its task needs.
pub(super) struct Task<'t, 'b, D: Input> {
    pub(super) input: &'t D,
    /// The memory for the first layer.
    pub(super) room: Room<'t, D>,
    pub(super) watch: &'t mut Stopwatch,
    pub(super) chunk: &'t mut Chunk<D::Number>,
    pub(super) pixels: Pixels<'b, D>,
    /// Which samples of the mini-batch it has.
    pub(super) range: Range<usize>,
}
