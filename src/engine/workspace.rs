//! The memory of one batch, cut into the tasks of phase 1.
//!
//! Every [`Chunk`] owns what its images leave behind on their way through the network and back: weighted sums or
//! activations of each layer, deltas of each layer, and of narrow layers the chunk's part of the gradient. So tasks share
//! nothing but what they read, and phase 2 finds all that it needs lying there. What a task needs only while it runs, the
//! staged pixels, belongs to the [`Lane`] that it runs in: one a thread, so that they stay in that core's cache.
//! Everything is allocated here, before the first step; chunks have fixed sizes, and a batch smaller than the largest
//! fills fewer of them.
//!
//! Where a layer is narrow, its inputs are many for each weight, and its gradient is taken chunk by chunk while the
//! chunk's inputs are still in the cache; phase 2 then adds the chunks' parts. Where it is wide, weights are many for each input:
//! parts would cost more than they save, so the inputs stay and phase 2 computes each block of the gradient at once.
//! Measured: `benches/record/2026-11-23-step.md`.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::{Engine, Matrix};
use crate::data::{Images, Standardizer};
use crate::kernels::{self, Level};
use crate::model::{Layer, Layout, Mlp};
use crate::parallel;
use crate::scalar::Scalar;

/// Layers of up to so many units have their gradient taken chunk by chunk.
const NARROW_UNITS: usize = 128;

/// Images that are copied before they are scaled. An order of images is a random walk through the file; copies follow one
/// another so closely that the processor waits for all of them at once, which scaling, with its many instructions to an
/// image, would not let it do: 6 ms an epoch of the article's job instead of 17 (same record).
const GATHERED: usize = 16;

/// A [`Standardizer`] in the form that staging wants: `x = factor · u + offset`.
#[derive(Clone, Debug)]
pub struct PixelScale<T> {
    factor: Vec<T>,
    offset: Vec<T>,
}

impl<T: Scalar> PixelScale<T> {
    /// `factor = 1 / deviation`, `offset = -mean / deviation`.
    #[must_use]
    pub fn new(standardizer: &Standardizer) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        Self {
            factor: deviation
                .iter()
                .map(|deviation| T::of(1.0 / deviation))
                .collect(),
            offset: mean
                .iter()
                .zip(deviation)
                .map(|(mean, deviation)| T::of(-mean / deviation))
                .collect(),
        }
    }
}

/// What every task of phase 1 reads.
#[derive(Clone, Copy)]
pub struct Pass<'a, T: Scalar> {
    /// How products are computed.
    pub engine: &'a dyn Engine<T>,
    /// The network.
    pub mlp: &'a Mlp<T>,
    /// The images.
    pub images: &'a Images,
    /// What their pixels are scaled by.
    pub scale: &'a PixelScale<T>,
}

/// What one thread needs while it works on a chunk.
#[derive(Debug)]
pub struct Lane<T> {
    /// A few images, as they are.
    gathered: Vec<u8>,
    staged: Matrix<T>,
}

/// One task's images on their way through the network.
#[derive(Debug)]
pub struct Chunk<T> {
    images: usize,
    level: Level,
    /// Staged pixels, where they must outlive the task: for the gradient of a wide first layer.
    staged: Option<Matrix<T>>,
    activations: Vec<Matrix<T>>,
    deltas: Vec<Matrix<T>>,
    /// Of each narrow layer, these images' part of the gradient.
    gradients: Vec<Option<Matrix<T>>>,
    /// The chunk's part of the batch's loss.
    pub loss: f64,
}

fn is_narrow(layer: &Layer) -> bool {
    layer.outputs <= NARROW_UNITS
}

impl<T: Scalar> Chunk<T> {
    fn new(layout: &Layout, images: usize, purpose: Purpose, level: Level) -> Self {
        let layers = layout.layers();
        let units = |layer: &Layer| Matrix::zeros(images, layer.outputs);
        let (staged, deltas, gradients) = match purpose {
            Purpose::Evaluation => (None, Vec::new(), Vec::new()),
            Purpose::Training => {
                let part = |layer: &Layer| {
                    is_narrow(layer).then(|| Matrix::zeros(layer.outputs, layer.inputs))
                };
                let staged =
                    (!is_narrow(&layers[0])).then(|| Matrix::zeros(images, layout.inputs()));
                (
                    staged,
                    layers.iter().map(units).collect(),
                    layers.iter().map(part).collect(),
                )
            }
        };
        let activations = layers.iter().map(units).collect();
        Self {
            images,
            level,
            staged,
            activations,
            deltas,
            gradients,
            loss: 0.0,
        }
    }

    /// The instructions that its kernels may use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// What layer `layer` takes, `(images, inputs)`, if that outlives the task.
    fn input(&self, layer: usize) -> Option<ArrayView2<'_, T>> {
        let kept = match layer.checked_sub(1) {
            Some(before) => Some(&self.activations[before]),
            None => self.staged.as_ref(),
        };
        kept.map(|matrix| matrix.view(self.images))
    }

    /// The deltas of layer `layer`: the loss's derivative by its weighted sums, `(images, outputs)`.
    #[must_use]
    pub fn delta(&self, layer: usize) -> ArrayView2<'_, T> {
        self.deltas[layer].view(self.images)
    }

    /// How layer `layer` gets its gradient.
    ///
    /// # Panics
    /// If the workspace is not one for training.
    #[must_use]
    pub fn gradient(&self, layer: usize) -> ChunkGradient<'_, T> {
        match &self.gradients[layer] {
            Some(part) => ChunkGradient::Part(part.view(part.rows())),
            None => ChunkGradient::Factors {
                delta: self.delta(layer),
                input: self.input(layer).expect("inputs of wide layers are kept"),
            },
        }
    }

    /// The weighted sums of the output layer, row-major `(images, classes)`.
    #[must_use]
    pub fn weighted_sums(&self) -> &[T] {
        self.activations[self.activations.len() - 1].flat(self.images)
    }

    /// The weighted sums of the output layer, row-major `(images, classes)`, and memory of the same shape for its deltas.
    pub fn output(&mut self) -> (&[T], &mut [T]) {
        let (Some(z), Some(d)) = (self.activations.last(), self.deltas.last_mut()) else {
            unreachable!("a network has a layer, and deltas in training");
        };
        (z.flat(self.images), d.flat_mut(self.images))
    }

    /// Stages the images at `places` and takes them through the network, up to the output's weighted sums.
    pub fn forward(&mut self, lane: &mut Lane<T>, pass: &Pass<'_, T>, places: &[u32]) {
        let Pass {
            engine,
            mlp,
            images,
            scale,
        } = *pass;
        self.images = places.len();
        let staged = self.staged.as_mut().unwrap_or(&mut lane.staged);
        let pixels = images.pixels_per_image();
        let groups = places
            .chunks(GATHERED)
            .zip(staged.flat_mut(places.len()).chunks_mut(GATHERED * pixels));
        for (places, staged) in groups {
            for (&place, image) in places.iter().zip(lane.gathered.chunks_exact_mut(pixels)) {
                image.copy_from_slice(images.image(place as usize));
            }
            for (image, row) in lane
                .gathered
                .chunks_exact(pixels)
                .zip(staged.chunks_exact_mut(pixels))
                .take(places.len())
            {
                kernels::scale(self.level, image, &scale.factor, &scale.offset, row);
            }
        }
        let last = mlp.layout.layers().len() - 1;
        for layer in 0..=last {
            let (before, here) = self.activations.split_at_mut(layer);
            let x = before.last().unwrap_or(staged).view(self.images);
            let z = &mut here[0];
            engine.forward(x, mlp.weight(layer), z.view_mut(self.images));
            let outputs = z.columns();
            let z = z.flat_mut(self.images);
            if let Some(bias) = mlp.bias(layer) {
                for row in z.chunks_exact_mut(outputs) {
                    for (z, &bias) in row.iter_mut().zip(bias) {
                        *z += bias;
                    }
                }
            }
            if layer < last {
                mlp.activation.forward(self.level, z);
            }
        }
    }

    /// Takes the output's deltas, which [`Self::output`] let the loss fill in, back to the first layer; of narrow layers,
    /// takes the gradient.
    pub fn backward(&mut self, lane: &Lane<T>, pass: &Pass<'_, T>) {
        let Pass { engine, mlp, .. } = *pass;
        for layer in (0..mlp.layout.layers().len()).rev() {
            if layer > 0 {
                let (before, here) = self.deltas.split_at_mut(layer);
                let d_a = &mut before[layer - 1];
                engine.backward(
                    here[0].view(self.images),
                    mlp.weight(layer),
                    d_a.view_mut(self.images),
                );
                let a = self.activations[layer - 1].flat(self.images);
                mlp.activation
                    .backward(self.level, a, d_a.flat_mut(self.images));
            }
            if let Some(mut part) = self.gradients[layer].take() {
                let input = self
                    .input(layer)
                    .unwrap_or_else(|| lane.staged.view(self.images));
                engine.gradient(self.delta(layer), input, part.view_mut(part.rows()), false);
                self.gradients[layer] = Some(part);
            }
        }
    }
}

/// A chunk's share in the gradient of a layer.
pub enum ChunkGradient<'a, T> {
    /// Its part of the sum, `(outputs, inputs)`.
    Part(ArrayView2<'a, T>),
    /// The factors of its part, `deltaᵀ input`.
    Factors {
        /// `(images, outputs)`
        delta: ArrayView2<'a, T>,
        /// `(images, inputs)`
        input: ArrayView2<'a, T>,
    },
}

/// What a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Forward, backward and gradients.
    Training,
    /// Forward only.
    Evaluation,
}

/// The memory of one batch.
#[derive(Debug)]
pub struct Workspace<T> {
    chunks: Vec<Chunk<T>>,
    lanes: Vec<Lane<T>>,
    images_per_task: usize,
    level: Level,
}

impl<T: Scalar> Workspace<T> {
    /// Memory for batches of up to `images` images, and for the threads of the pool that this is called in.
    #[must_use]
    pub fn new(layout: &Layout, images: usize, purpose: Purpose) -> Self {
        let images_per_task = parallel::images_per_task(images);
        let level = Level::detect();
        let chunk = |start| Chunk::new(layout, images_per_task.min(images - start), purpose, level);
        let chunks: Vec<_> = (0..images).step_by(images_per_task).map(chunk).collect();
        // Chunks that keep their staged pixels need no lane for them.
        let staged = if chunks.iter().any(|chunk| chunk.staged.is_none()) {
            images_per_task.min(images)
        } else {
            0
        };
        let lane = || Lane {
            gathered: vec![0; GATHERED * layout.inputs()],
            staged: Matrix::zeros(staged, layout.inputs()),
        };
        let lanes = std::iter::repeat_with(lane)
            .take(rayon::current_num_threads().min(chunks.len()))
            .collect();
        Self {
            chunks,
            lanes,
            images_per_task,
            level,
        }
    }

    /// Images of the largest batch that fits.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.chunks
            .iter()
            .map(|chunk| chunk.activations[0].rows())
            .sum()
    }

    /// Images that each task takes but the last.
    #[must_use]
    pub fn images_per_task(&self) -> usize {
        self.images_per_task
    }

    /// The instructions that kernels may use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The chunks that a batch of `images` images fills.
    #[must_use]
    pub fn chunks(&self, images: usize) -> &[Chunk<T>] {
        &self.chunks[..images.div_ceil(self.images_per_task)]
    }

    /// Runs `task` for every chunk of a batch: the images at `places`, one chunk each call, in parallel. Which lane a
    /// chunk comes to depends on the number of threads; what it computes there does not.
    ///
    /// # Panics
    /// If the batch is larger than the workspace.
    pub fn for_each_chunk(
        &mut self,
        places: &[u32],
        task: impl Fn(&mut Chunk<T>, &mut Lane<T>, &[u32]) + Sync,
    ) {
        assert!(places.len() <= self.capacity(), "a batch that fits");
        let chunks = &mut self.chunks[..places.len().div_ceil(self.images_per_task)];
        let chunks_per_lane = chunks.len().div_ceil(self.lanes.len()).max(1);
        self.lanes
            .par_iter_mut()
            .zip(chunks.par_chunks_mut(chunks_per_lane))
            .zip(places.par_chunks(chunks_per_lane * self.images_per_task))
            .with_max_len(1)
            .for_each(|((lane, chunks), places)| {
                for (chunk, places) in chunks.iter_mut().zip(places.chunks(self.images_per_task)) {
                    task(chunk, lane, places);
                }
            });
    }
}
