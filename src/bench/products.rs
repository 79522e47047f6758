//! The two products of the first layer and nothing else: what OpenBLAS alone would take.

use std::time::Instant;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::engine::{Blas, Engine};
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
