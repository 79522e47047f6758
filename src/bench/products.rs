//! The two products of the first layer and nothing else: what OpenBLAS alone would take, or the kernels for packed pixels.

use std::slice;
use std::time::Instant;

use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::kept;
use crate::cut::{self, BlockLimits};
use crate::data::{Images, Standardizer};
use crate::engine::{Blas, Engine, Units};
use crate::input::packed::{Outlines, PackedBatch, PackedLane, Products};
use crate::input::{
    BlockRange, ChunkDelta, FirstLayer, Input, InputSizes, Packed, Pixels, Room, Sums, Taken,
};
use crate::kernels::Panels;
use crate::model::Layer;
use crate::rng::{Purpose, Stream};
use crate::scalar::Scalar;
use crate::train::Plan;

/// Images of a forward product that are worth trying.
const IMAGES: [usize; 10] = [16, 32, 64, 96, 160, 240, 320, 480, 640, 960];
/// Columns of a gradient that are worth trying.
const COLUMNS: [usize; 7] = [64, 112, 160, 208, 272, 400, 784];
/// Times that each is tried.
const TRIES: usize = 5;

/// How the products are cut into tasks.
#[derive(Clone, Copy)]
pub(super) struct Chunking {
    /// Images of a forward product.
    images: usize,
    /// Columns of a gradient.
    columns: usize,
}

/// A batch that is staged already, a weight matrix and deltas.
pub(super) struct StagedProducts<T> {
    x: Array2<T>,
    w: Array2<T>,
    d: Array2<T>,
    z: Array2<T>,
    d_w: Array2<T>,
}

impl<T: Scalar> StagedProducts<T> {
    /// Random operands.
    pub(super) fn new(layer: &Layer, batch: usize) -> Self {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let mut stream = Stream::new(1, Purpose::Bench, 0);
        let mut random =
            |shape| Array2::from_shape_simple_fn(shape, || T::of(stream.uniform(-1.0, 1.0)));
        Self {
            x: random((batch, inputs)),
            w: random((outputs, inputs)),
            d: random((batch, outputs)),
            z: Array2::zeros((batch, outputs)),
            d_w: Array2::zeros((outputs, inputs)),
        }
    }

    /// Of the chunkings above the fastest for the threads of the pool that this is called in.
    pub(super) fn best(&mut self) -> Chunking {
        Chunking {
            images: fastest(&IMAGES, |images| self.forward(images)),
            columns: fastest(&COLUMNS, |columns| self.gradient(columns)),
        }
    }

    /// Both products of one batch.
    pub(super) fn run(&mut self, chunking: Chunking) {
        self.forward(chunking.images);
        self.gradient(chunking.columns);
    }

    fn forward(&mut self, images: usize) {
        let Self { x, w, z, .. } = self;
        let chunks = z.axis_chunks_iter_mut(Axis(0), images);
        let work: Vec<_> = chunks.zip(x.axis_chunks_iter(Axis(0), images)).collect();
        work.into_par_iter()
            .for_each(|(z, x)| Blas.forward(x, w.view(), z));
    }

    fn gradient(&mut self, columns: usize) {
        let Self { x, d, d_w, .. } = self;
        let chunks = d_w.axis_chunks_iter_mut(Axis(1), columns);
        let work: Vec<_> = chunks.zip(x.axis_chunks_iter(Axis(1), columns)).collect();
        work.into_par_iter()
            .for_each(|(d_w, x)| Blas.gradient(d.view(), x, d_w, false));
    }
}

/// The candidate whose fastest try is the fastest.
fn fastest(candidates: &[usize], mut run: impl FnMut(usize)) -> usize {
    let mut best = (f64::INFINITY, candidates[0]);
    for _ in 0..TRIES {
        for &candidate in candidates {
            let start = Instant::now();
            run(candidate);
            let seconds = start.elapsed().as_secs_f64();
            if seconds < best.0 {
                best = (seconds, candidate);
            }
        }
    }
    best.1
}

/// A mini-batch that is packed already, weights and deltas in the form in which `P` multiplies them; chunked as a step is.
pub(super) struct PackedProducts<'a, P: Products> {
    input: Packed<P>,
    images: &'a Images,
    indices: Vec<u32>,
    weight: Array2<f32>,
    scale: P::Scale,
    kept: PackedBatch,
    chunks: Vec<Chunk>,
    /// Of each chunk, what it would leave behind if it were not kept.
    memory: Vec<Panels>,
    d_w: Array2<f32>,
}

/// The images of one task.
struct Chunk {
    first: usize,
    images: usize,
    lane: PackedLane,
    z: Units<f32>,
    d: Units<f32>,
    own: Option<Units<f32>>,
}

impl<'a, P: Products> PackedProducts<'a, P> {
    /// The first `batch` training images of a plan, arranged as in a mini-batch.
    pub(super) fn of(plan: &Plan<'_>, images: &'a Images, batch: usize) -> Self {
        let split = plan.split();
        let standardizer = Standardizer::fit(images, &split.train);
        let mut indices = split.train[..batch].to_vec();
        Outlines::new(images).arrange(&mut indices, std::iter::once(0..batch));
        plan.machine()
            .run(|| Self::new(plan, &standardizer, images, &indices))
    }

    /// The images at `indices` with random weights and deltas, for the first layer of a plan's network.
    fn new(
        plan: &Plan<'_>,
        standardizer: &Standardizer,
        images: &'a Images,
        indices: &[u32],
    ) -> Self {
        let layer = &plan.layout().layers()[0];
        let (units, pixels, batch) = (layer.outputs, layer.inputs, indices.len());
        let sizes = InputSizes {
            layer,
            is_output: false,
            batch,
            trains: true,
            level: plan.machine().level(),
        };
        let mut stream = Stream::new(1, Purpose::Bench, 0);
        let mut random = || stream.uniform(-1.0, 1.0) as f32;
        let scale = P::scale(standardizer, images.shape());
        let mut input = Packed::<P>::new(&sizes, images.shape());
        let weight = Array2::from_shape_simple_fn((units, pixels), &mut random);
        input.begin(FirstLayer {
            weight: weight.view(),
            bias: None,
            scale: &scale,
        });
        let size = cut::packed_chunk_images(batch);
        let chunks: Vec<Chunk> = (0..batch)
            .step_by(size)
            .map(|first| {
                let images = size.min(batch - first);
                let mut d = Units::new(images, units, true);
                d.view_mut(images).mapv_inplace(|_: f32| random());
                Chunk {
                    first,
                    images,
                    lane: input.lane(),
                    own: input.own(),
                    z: Units::new(images, units, true),
                    d,
                }
            })
            .collect();
        input.finish_deltas(chunks.len(), |chunk| chunks[chunk].delta::<P>());
        Self {
            kept: input.keep(&scale, images, indices),
            images,
            indices: indices.to_vec(),
            weight,
            scale,
            memory: chunks
                .iter()
                .map(|chunk| input.chunk(chunk.images))
                .collect(),
            input,
            chunks,
            d_w: Array2::zeros((units, pixels)),
        }
    }

    /// The share of the pixels that forward and gradient multiply.
    pub(super) fn kept(&self) -> Option<[f64; 2]> {
        let (images, pixels) = (self.indices.len(), self.scale.as_ref().pixels());
        kept::of_pixels(slice::from_ref(&self.kept), images, pixels)
    }

    /// Both products of one mini-batch.
    pub(super) fn run(&mut self) {
        let Self {
            input,
            indices,
            weight,
            scale,
            kept,
            chunks,
            memory,
            d_w,
            ..
        } = self;
        let images = self.images;
        let layer = FirstLayer::<Packed<P>> {
            weight: weight.view(),
            bias: None,
            scale,
        };
        chunks
            .par_iter_mut()
            .zip(&mut *memory)
            .enumerate()
            .for_each(|(number, (chunk, memory))| {
                let pixels = Pixels {
                    source: images,
                    indices: &indices[chunk.first..chunk.first + chunk.images],
                    kept: Some(&*kept),
                    augmented: None,
                    trains: true,
                    chunk: number,
                    first: chunk.first,
                };
                let room = Room {
                    lane: &mut chunk.lane,
                    chunk: memory,
                };
                let sums = Sums {
                    z: &mut chunk.z,
                    own: &mut chunk.own,
                };
                input.forward(layer, &pixels, &room, sums);
            });
        let limits = input.block_limits(indices.len());
        let (rows, columns) = d_w.dim();
        let whole = BlockRange {
            rows: 0..rows,
            columns: 0..columns,
        };
        let taken = Taken {
            scale: &*scale,
            kept: Some(&*kept),
            chunks: &*memory,
        };
        let delta = |chunk: usize| chunks[chunk].delta::<P>();
        let work = |block: &BlockRange, d_w: ArrayViewMut2<'_, f32>| {
            input.gradient(taken, &delta, block, d_w);
        };
        blocks(&work, limits, whole, d_w.view_mut());
    }
}

impl Chunk {
    fn delta<P: Products>(&self) -> ChunkDelta<'_, Packed<P>> {
        ChunkDelta {
            units: &self.d,
            own: &self.own,
            images: self.images,
        }
    }
}

/// Cuts a gradient as a step does.
fn blocks(
    work: &(impl Fn(&BlockRange, ArrayViewMut2<'_, f32>) + Sync),
    limits: BlockLimits,
    block: BlockRange,
    d_w: ArrayViewMut2<'_, f32>,
) {
    let BlockRange { rows, columns } = block.clone();
    let (axis, at) = if let Some(half) = limits.half_of_rows(rows.len()) {
        (Axis(0), half)
    } else if let Some(half) = limits.half_of_columns(columns.len()) {
        (Axis(1), half)
    } else {
        return work(&block, d_w);
    };
    let (mut one, mut other) = (block.clone(), block);
    if axis == Axis(0) {
        (one.rows.end, other.rows.start) = (rows.start + at, rows.start + at);
    } else {
        (one.columns.end, other.columns.start) = (columns.start + at, columns.start + at);
    }
    let (first, second) = d_w.split_at(axis, at);
    rayon::join(
        || blocks(work, limits, one, first),
        || blocks(work, limits, other, second),
    );
}
