//! The two products of the first layer and nothing else: what OpenBLAS alone would take, or the integer kernels.

use std::time::Instant;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::data::{Images, Standardizer};
use crate::engine::fixed::{FixedChunk, PixelGroups, RoundedWeights, Scratch};
use crate::engine::{Blas, Engine};
use crate::kernels::{LANES, Level};
use crate::parallel::{self, LARGEST_BLOCK};
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
    weights: RoundedWeights,
    chunks: Vec<(FixedChunk, Array2<f32>)>,
    d_w: Array2<f32>,
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
        let groups = PixelGroups::new(standardizer);
        let mut weights = RoundedWeights::new(level, units, pixels);
        weights.round(&groups, &random(units * pixels), None);
        let mut scratch = Scratch::new(pixels);
        let chunk = |places: &[u32]| {
            let count = places.len();
            let mut chunk = FixedChunk::new(level, count, pixels, units, true);
            chunk
                .packed
                .pack(level, &groups, images, places, &mut scratch);
            chunk.round_deltas(&random(units * count), count, count);
            (chunk, Array2::zeros((units, count.next_multiple_of(LANES))))
        };
        let chunks = places
            .chunks(parallel::images_per_task(places.len()))
            .map(chunk)
            .collect();
        Self {
            groups,
            weights,
            chunks,
            d_w: Array2::zeros((units, pixels)),
        }
    }

    /// Both products of one batch.
    pub(super) fn run(&mut self) {
        let Self {
            groups,
            weights,
            chunks,
            d_w,
        } = self;
        chunks
            .par_iter_mut()
            .for_each(|(chunk, z)| chunk.forward(weights, groups, z.view_mut()));
        let columns = parallel::half(d_w.ncols(), LARGEST_BLOCK.1)
            .and_then(|half| parallel::half(half, LARGEST_BLOCK.1))
            .unwrap_or(LARGEST_BLOCK.1);
        let blocks = d_w.axis_chunks_iter_mut(Axis(1), columns).into_par_iter();
        blocks.enumerate().for_each(|(block, mut d_w)| {
            for (number, (chunk, _)) in chunks.iter().enumerate() {
                chunk.gradient(0, block * columns, d_w.view_mut(), number > 0);
            }
        });
    }
}
