//! The two products of the first layer and nothing else: what OpenBLAS alone would take, or the integer kernels.

use std::slice;
use std::time::Instant;

use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::parts;
use crate::data::{Images, Standardizer};
use crate::engine::{Blas, Engine};
use crate::input::packed::{
    ChunkDeltas, Gradient, PackedBatch, Packing, PixelGroups, QuantizedDeltas, QuantizedWeights,
};
use crate::kernels::Level;
use crate::parallel::{self, Cut};
use crate::rng::{Purpose, Stream};
use crate::scalar::Scalar;

/// Images of a forward product that are worth trying.
const IMAGES: [usize; 7] = [96, 160, 240, 320, 480, 640, 960];
/// Columns of a gradient that are worth trying.
const COLUMNS: [usize; 6] = [112, 160, 208, 272, 400, 784];
/// Times that each is tried.
const TRIES: usize = 5;

/// A batch that is staged already, a weight matrix and deltas.
pub(super) struct Products<T> {
    x: Array2<T>,
    w: Array2<T>,
    d: Array2<T>,
    z: Array2<T>,
    d_w: Array2<T>,
    images: usize,
    columns: usize,
}

impl<T: Scalar> Products<T> {
    /// Random operands, and of the chunkings above the fastest for the threads of the pool that this is called in.
    pub(super) fn best(outputs: usize, inputs: usize, batch: usize) -> Self {
        let mut stream = Stream::new(1, Purpose::Bench, 0);
        let mut random =
            |shape| Array2::from_shape_simple_fn(shape, || T::of(stream.uniform(-1.0, 1.0)));
        let mut products = Self {
            x: random((batch, inputs)),
            w: random((outputs, inputs)),
            d: random((batch, outputs)),
            z: Array2::zeros((batch, outputs)),
            d_w: Array2::zeros((outputs, inputs)),
            images: batch,
            columns: inputs,
        };
        products.images = fastest(&IMAGES, |images| {
            products.images = images;
            products.forward();
        });
        products.columns = fastest(&COLUMNS, |columns| {
            products.columns = columns;
            products.gradient();
        });
        products
    }

    /// Both products of one batch.
    pub(super) fn run(&mut self) {
        self.forward();
        self.gradient();
    }

    fn forward(&mut self) {
        let Self {
            x, w, z, images, ..
        } = self;
        let chunks = z.axis_chunks_iter_mut(Axis(0), *images).into_par_iter();
        let work = chunks.zip(x.axis_chunks_iter(Axis(0), *images));
        work.for_each(|(z, x)| Blas.forward(x, w.view(), z));
    }

    fn gradient(&mut self) {
        let Self {
            x, d, d_w, columns, ..
        } = self;
        let chunks = d_w.axis_chunks_iter_mut(Axis(1), *columns).into_par_iter();
        let work = chunks.zip(x.axis_chunks_iter(Axis(1), *columns));
        work.for_each(|(d_w, x)| Blas.gradient(d.view(), x, d_w, false));
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

/// A batch that is packed already, rounded weights and rounded deltas; chunked as a step is.
pub(super) struct IntegerProducts {
    groups: PixelGroups,
    weights: QuantizedWeights,
    deltas: QuantizedDeltas,
    packed: PackedBatch,
    z: Vec<Array2<f32>>,
    d_w: Array2<f32>,
    cut: Cut,
}

impl IntegerProducts {
    /// The images at `places`, random weights and deltas.
    pub(super) fn new(
        standardizer: &Standardizer,
        images: &Images,
        places: &[u32],
        units: usize,
    ) -> Self {
        let level = Level::detect();
        let mut stream = Stream::new(1, Purpose::Bench, 0);
        let mut random = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| stream.uniform(-1.0, 1.0) as f32)
                .collect()
        };
        let pixels = images.pixels_per_image();
        let groups = PixelGroups::new(standardizer, images.shape());
        let mut weights = QuantizedWeights::new(level, units, groups.pixels());
        weights.quantize(&groups, &random(units * pixels), None);
        let batch = places.len();
        let task = parallel::images_per_task(batch);
        let mut deltas = QuantizedDeltas::new(level, units, batch, task);
        let chunks: Vec<usize> = places.chunks(task).map(<[u32]>::len).collect();
        let numbers = random(units * task);
        deltas.quantize(chunks.len(), |chunk| {
            ChunkDeltas::new(&numbers, task, chunks[chunk])
        });
        let packing = Packing {
            level,
            groups: &groups,
            images,
        };
        Self {
            packed: PackedBatch::of(&packing, places, task),
            z: chunks
                .iter()
                .map(|&images| Array2::zeros((units, images)))
                .collect(),
            d_w: Array2::zeros((units, pixels)),
            cut: Cut::in_integers(batch, pixels, groups.tiles().strip_pixels()),
            groups,
            weights,
            deltas,
        }
    }

    /// The share of the pixels that forward and gradient multiply.
    pub(super) fn kept(&self) -> Option<[f64; 2]> {
        let images = self.z.iter().map(|z| z.dim().1).sum();
        parts::kept(slice::from_ref(&self.packed), images, self.groups.pixels())
    }

    /// Both products of one batch.
    pub(super) fn run(&mut self) {
        let Self {
            groups,
            weights,
            deltas,
            packed,
            z,
            d_w,
            cut,
        } = self;
        z.par_iter_mut()
            .zip(&packed.forward)
            .for_each(|(z, panels)| weights.forward(panels, z.view_mut()));
        let gradient = Gradient {
            deltas,
            pixels: &packed.gradient,
            groups,
        };
        blocks(&gradient, *cut, (0, 0), d_w.view_mut());
    }
}

/// Cuts a gradient as a step does.
fn blocks(
    gradient: &Gradient<'_>,
    cut: Cut,
    (row, column): (usize, usize),
    d_w: ArrayViewMut2<'_, f32>,
) {
    let (rows, columns) = d_w.dim();
    let (axis, at, rest) = if let Some(half) = cut.half_of_rows(rows) {
        (Axis(0), half, (row + half, column))
    } else if let Some(half) = cut.half_of_columns(columns) {
        (Axis(1), half, (row, column + half))
    } else {
        return gradient.block(row, column, d_w);
    };
    let (first, second) = d_w.split_at(axis, at);
    rayon::join(
        || blocks(gradient, cut, (row, column), first),
        || blocks(gradient, cut, rest, second),
    );
}
