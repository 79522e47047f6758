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

use std::time::Duration;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::scale::ONLY_F32;
pub use super::scale::PixelScale;
use super::stopwatch::{Clock, Part, Stopwatch};
use super::{Engine, Matrix, Units};
use crate::data::Images;
use crate::input::packed::{
    self, ChunkDeltas, Lines, PackedBatch, Packing, PixelGroups, QuantizedDeltas, QuantizedWeights,
};
use crate::kernels::{self, Level, Panels};
use crate::model::{Layer, Layout, Mlp};
use crate::parallel;
use crate::scalar::Scalar;

/// Layers of up to so many units have their gradient taken chunk by chunk.
const NARROW_UNITS: usize = 128;

/// Images that are copied before they are scaled. An order of images is a random walk through the file; copies follow one
/// another so closely that the processor waits for all of them at once, which scaling, with its many instructions to an
/// image, would not let it do: 6 ms an epoch of the article's job instead of 17 (same record).
const GATHERED: usize = 16;

/// What every caller keeps to.
const ONE_FORM: &str = "workspace and scale are of one form";

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
    /// Instead of both, where pixels are packed: and a chunk's, images as columns.
    packing: Option<(Lines, Panels)>,
    /// What its chunks took.
    pub watch: Stopwatch,
}

/// One task's images on their way through the network.
#[derive(Debug)]
pub struct Chunk<T> {
    images: usize,
    level: Level,
    /// Staged pixels, where they must outlive the task: for the gradient of a wide first layer.
    staged: Option<Matrix<T>>,
    /// The output layer as products in integers have it, where it is the first one: turned.
    turned_output: Option<Units<T>>,
    activations: Vec<Units<T>>,
    deltas: Vec<Units<T>>,
    /// Of each narrow layer, these images' part of the gradient.
    gradients: Vec<Option<Matrix<T>>>,
    /// The chunk's part of the batch's loss.
    pub loss: f64,
}

fn is_narrow(layer: &Layer) -> bool {
    layer.outputs <= NARROW_UNITS
}

impl<T: Scalar> Chunk<T> {
    fn new(layout: &Layout, images: usize, purpose: Purpose, fixed: bool, level: Level) -> Self {
        let layers = layout.layers();
        let training = purpose == Purpose::Training;
        let only = layers.len() == 1;
        // Products in integers have the images side by side; so has what they leave, but for the output.
        let units = |number: usize| {
            Units::new(
                images,
                layers[number].outputs,
                fixed && number == 0 && !only,
            )
        };
        let part = |number: usize| {
            let layer = &layers[number];
            let takes_part = is_narrow(layer) && !(fixed && number == 0);
            takes_part.then(|| Matrix::zeros(layer.outputs, layer.inputs))
        };
        let of_each_in_training = if training { 0..layers.len() } else { 0..0 };
        Self {
            images,
            level,
            staged: (training && !fixed && !is_narrow(&layers[0]))
                .then(|| Matrix::zeros(images, layout.inputs())),
            turned_output: (fixed && only).then(|| Units::new(images, layers[0].outputs, true)),
            activations: (0..layers.len()).map(units).collect(),
            deltas: of_each_in_training.clone().map(units).collect(),
            gradients: of_each_in_training.map(part).collect(),
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
        match layer.checked_sub(1) {
            Some(before) => Some(self.activations[before].view(self.images)),
            None => self.staged.as_ref().map(|staged| staged.view(self.images)),
        }
    }

    /// The deltas of layer `layer`: the loss's derivative by its weighted sums, `(images, outputs)`.
    #[must_use]
    pub fn delta(&self, layer: usize) -> ArrayView2<'_, T> {
        self.deltas[layer].view(self.images)
    }

    /// How layer `layer` gets its gradient; of the first one, where its products are not in integers.
    ///
    /// # Panics
    /// If the workspace is not one for training, or those products are.
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

    /// Takes in the images at `places` and takes them through the network, up to the output's weighted sums.
    fn forward(
        &mut self,
        lane: &mut Lane<T>,
        pass: &Pass<'_, T>,
        integers: Option<Integers<'_>>,
        places: &[u32],
    ) {
        let Pass { engine, mlp, .. } = *pass;
        self.images = places.len();
        let in_integers = integers.is_some();
        match integers {
            Some(integers) => self.first_layer_in_integers(lane, pass, integers, places),
            None => self.first_layer(lane, pass, places),
        }
        let last = mlp.layout.layers().len() - 1;
        for layer in 0..=last {
            let (before, here) = self.activations.split_at_mut(layer);
            let z = &mut here[0];
            if let Some(x) = before.last() {
                engine.forward(
                    x.view(self.images),
                    mlp.weight(layer),
                    z.view_mut(self.images),
                );
            }
            // Integers have it already.
            if let Some(bias) = mlp.bias(layer).filter(|_| layer > 0 || !in_integers) {
                let outputs = bias.len();
                for row in z.flat_mut(self.images).chunks_exact_mut(outputs) {
                    for (z, &bias) in row.iter_mut().zip(bias) {
                        *z += bias;
                    }
                }
            }
            if layer < last {
                mlp.activation.forward(self.level, z.flat_mut(self.images));
            }
        }
        lane.watch.lap(Part::Forward);
    }

    /// Stages the pixels, scaled, and multiplies them with the first layer's weights.
    fn first_layer(&mut self, lane: &mut Lane<T>, pass: &Pass<'_, T>, places: &[u32]) {
        let Pass {
            engine,
            mlp,
            images,
            scale,
        } = *pass;
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
                kernels::standardize(self.level, image, &scale.factor, &scale.offset, row);
            }
        }
        lane.watch.lap(Part::Stage);
        let z = self.activations[0].view_mut(self.images);
        engine.forward(staged.view(self.images), mlp.weight(0), z);
    }

    /// Packs the pixels, if they are not there already, and multiplies them with the first layer's rounded weights.
    fn first_layer_in_integers(
        &mut self,
        lane: &mut Lane<T>,
        pass: &Pass<'_, T>,
        integers: Integers<'_>,
        places: &[u32],
    ) {
        let Integers {
            weights,
            packed,
            gradient,
        } = integers;
        let forward = packed.unwrap_or_else(|| {
            let groups = pass.scale.groups.as_ref().expect(ONE_FORM);
            let (scratch, forward) = lane.packing.as_mut().expect(ONE_FORM);
            let packing = Packing {
                level: self.level,
                groups,
                images: pass.images,
            };
            packed::pack(&packing, places, scratch, forward, gradient);
            forward
        });
        lane.watch.lap(Part::Stage);
        let z = self
            .turned_output
            .as_mut()
            .unwrap_or(&mut self.activations[0]);
        let z = T::view_as_f32(z.view_mut(self.images).reversed_axes()).expect(ONLY_F32);
        weights.forward(forward, z);
        if let Some(turned) = &self.turned_output {
            let turned = turned.view(self.images);
            self.activations[0].view_mut(self.images).assign(&turned);
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
        if let Some(turned) = &mut self.turned_output {
            turned
                .view_mut(self.images)
                .assign(&self.deltas[0].view(self.images));
        }
    }

    /// The first layer's deltas, where its products are in integers.
    fn turned_deltas(&self) -> ChunkDeltas<'_> {
        let d = self.turned_output.as_ref().unwrap_or(&self.deltas[0]);
        let (numbers, stride) = d.turned_rows();
        let numbers = T::slice_as_f32(numbers).expect(ONLY_F32);
        ChunkDeltas::new(numbers, stride, self.images)
    }
}

/// What a chunk needs of the batch's [`FixedLayer`].
struct Integers<'a> {
    weights: &'a QuantizedWeights,
    /// The chunk's pixels, images as columns, if they are packed already: in that form and the other.
    packed: Option<&'a Panels>,
    /// Else the latter go here.
    gradient: &'a mut Panels,
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

/// What the first layer's products in integers have of one batch.
#[derive(Debug)]
struct FixedLayer {
    weights: QuantizedWeights,
    /// Of no units where no gradient is wanted.
    deltas: QuantizedDeltas,
}

/// The memory of one batch.
#[derive(Debug)]
pub struct Workspace<T> {
    chunks: Vec<Chunk<T>>,
    lanes: Vec<Lane<T>>,
    /// Where the first layer's products are in integers.
    fixed: Option<FixedLayer>,
    /// The chunks' pixels as its gradient has them; else nothing.
    gradient: Vec<Panels>,
    /// The next batch's pixels, if they are packed already.
    packed: Option<PackedBatch>,
    /// What was done with the batch as a whole.
    pub watch: Stopwatch,
    images: usize,
    images_per_task: usize,
    level: Level,
}

impl<T: Scalar> Workspace<T> {
    /// Memory for batches of up to `images` images, for the threads of the pool that this is called in, and for pixels in
    /// the form of `scale`.
    #[must_use]
    pub fn new(layout: &Layout, images: usize, purpose: Purpose, scale: &PixelScale<T>) -> Self {
        let images_per_task = parallel::images_per_task(images);
        let level = Level::detect();
        let tiles = scale.groups.as_ref().map(PixelGroups::tiles);
        let chunk = |start| {
            let images = images_per_task.min(images - start);
            Chunk::new(layout, images, purpose, tiles.is_some(), level)
        };
        let chunks: Vec<_> = (0..images).step_by(images_per_task).map(chunk).collect();
        // Chunks that keep their staged pixels need no lane for them.
        let staged = if tiles.is_none() && chunks.iter().any(|chunk| chunk.staged.is_none()) {
            images_per_task.min(images)
        } else {
            0
        };
        let pixels = layout.inputs();
        let lane = || Lane {
            gathered: vec![
                0;
                if tiles.is_some() {
                    0
                } else {
                    GATHERED * pixels
                }
            ],
            staged: Matrix::zeros(staged, pixels),
            packing: tiles.map(|tiles| {
                let images = images_per_task.min(images);
                let forward = packed::images_as_columns(images, tiles.pixels());
                (packed::scratch(tiles.pixels()), forward)
            }),
            watch: Stopwatch::default(),
        };
        let lanes = std::iter::repeat_with(lane)
            .take(rayon::current_num_threads().min(chunks.len()))
            .collect();
        let units = layout.layers()[0].outputs;
        let training = purpose == Purpose::Training;
        Self {
            lanes,
            fixed: tiles.map(|tiles| FixedLayer {
                weights: QuantizedWeights::new(level, units, tiles.pixels()),
                deltas: QuantizedDeltas::new(
                    level,
                    if training { units } else { 0 },
                    images,
                    images_per_task,
                ),
            }),
            gradient: chunks
                .iter()
                .map(|_| {
                    let tiles = tiles.filter(|_| training);
                    tiles.map_or_else(Panels::default, |tiles| {
                        packed::pixels_as_columns(images_per_task.min(images), tiles)
                    })
                })
                .collect(),
            packed: None,
            watch: Stopwatch::default(),
            chunks,
            images,
            images_per_task,
            level,
        }
    }

    /// Images of the largest batch that fits.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.images
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

    /// Hands over the pixels of the next batch, packed, or nothing; returns those of the last one.
    pub fn exchange_packed(&mut self, packed: Option<PackedBatch>) -> Option<PackedBatch> {
        std::mem::replace(&mut self.packed, packed)
    }

    /// Forgets what was timed, and times by `clock` from now on, or not at all.
    pub fn time(&mut self, clock: Option<Clock>) {
        self.watch = Stopwatch::new(clock);
        for lane in &mut self.lanes {
            lane.watch = self.watch;
        }
    }

    /// What each [`Part`] took: of what threads do side by side, the mean of them.
    #[must_use]
    pub fn spent(&self) -> [Duration; Part::COUNT] {
        std::array::from_fn(|part| {
            let lanes: Duration = self.lanes.iter().map(|lane| lane.watch.spent[part]).sum();
            self.watch.spent[part] + lanes / self.lanes.len().max(1) as u32
        })
    }

    /// Takes the images at `places` through the network, in parallel, and calls `then` for each chunk that is through. Which lane
    /// a chunk comes to depends on the number of threads; what it computes there does not.
    ///
    /// # Panics
    /// If the batch is larger than the workspace.
    pub fn forward(
        &mut self,
        pass: &Pass<'_, T>,
        places: &[u32],
        then: impl Fn(&mut Chunk<T>, &mut Lane<T>, &[u32]) + Sync,
    ) {
        assert!(places.len() <= self.capacity(), "a batch that fits");
        if let Some(FixedLayer { weights, .. }) = &mut self.fixed {
            self.watch.start();
            let groups = pass.scale.groups.as_ref().expect(ONE_FORM);
            let f32s = |numbers| T::slice_as_f32(numbers).expect(ONLY_F32);
            let w = &pass.mlp.parameters[pass.mlp.layout.layers()[0].weight.clone()];
            weights.quantize(groups, f32s(w), pass.mlp.bias(0).map(f32s));
            self.watch.lap(Part::RoundWeights);
        }
        let weights = self.fixed.as_ref().map(|fixed| &fixed.weights);
        let packed = self.packed.as_ref();
        let task = self.images_per_task;
        let count = places.len().div_ceil(task);
        let of_lane = count.div_ceil(self.lanes.len()).max(1);
        self.lanes
            .par_iter_mut()
            .zip(self.chunks[..count].par_chunks_mut(of_lane))
            .zip(self.gradient[..count].par_chunks_mut(of_lane))
            .zip(places.par_chunks(of_lane * task))
            .enumerate()
            .with_max_len(1)
            .for_each(|(number, (((lane, chunks), gradient), places))| {
                lane.watch.start();
                let chunks = chunks.iter_mut().zip(gradient).zip(places.chunks(task));
                for (number, ((chunk, gradient), places)) in (number * of_lane..).zip(chunks) {
                    let integers = weights.map(|weights| Integers {
                        weights,
                        packed: packed.map(|packed| &packed.forward[number]),
                        gradient,
                    });
                    chunk.forward(lane, pass, integers, places);
                    then(chunk, lane, places);
                }
            });
    }

    /// Rounds the first layer's deltas of a batch of `images` images, where its products are in integers.
    pub fn round_deltas(&mut self, images: usize) {
        if let Some(FixedLayer { deltas, .. }) = &mut self.fixed {
            let chunks = &self.chunks[..images.div_ceil(self.images_per_task)];
            self.watch.start();
            deltas.quantize(chunks.len(), |chunk| chunks[chunk].turned_deltas());
            self.watch.lap(Part::RoundDeltas);
        }
    }

    /// The first layer's gradient of a batch of `images` images, where its products are in integers.
    #[must_use]
    pub fn fixed_gradient<'a>(
        &'a self,
        images: usize,
        scale: &'a PixelScale<T>,
    ) -> Option<packed::Gradient<'a>> {
        let FixedLayer { deltas, .. } = self.fixed.as_ref()?;
        let chunks = images.div_ceil(self.images_per_task);
        Some(packed::Gradient {
            deltas,
            pixels: match &self.packed {
                Some(packed) => &packed.gradient[..chunks],
                None => &self.gradient[..chunks],
            },
            groups: scale.groups.as_ref()?,
        })
    }
}
