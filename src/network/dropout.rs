//! Dropout: units that a step leaves out (N. Srivastava et al., 2014), those that stay made larger in turn, so that nothing is to be done
//! when a network answers.
//!
//! Whether a unit of an image is left out is a pure function of seed, step, layer, unit and image: a hash of them. So nothing is stored,
//! and no cut of the work shows.

use super::memory::Chunk;
use crate::engine::Units;
use crate::input::Input;
use crate::kernels::{self, LeftOut, Level};
use crate::model::Activation;
use crate::rng::{Purpose, Stream, hash};
use crate::scalar::Scalar;

/// What one step leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The share of each hidden layer's units, in `0..1`.
    share: f64,
    /// What tells the step from others.
    key: u32,
}

impl Dropout {
    /// The share `share` of the units, in the step before which `taken` steps were taken.
    #[must_use]
    pub fn new(share: f64, seed: u32, taken: u64) -> Self {
        let key = Stream::new(seed, Purpose::Dropout, taken).word();
        Self { share, key }
    }

    /// Fills in what tells the images at `indices` apart in layer number `layer`.
    fn keys(&self, layer: usize, indices: &[u32], keys: &mut [u32]) {
        let of_layer = hash(self.key.wrapping_add(layer as u32));
        for (key, &index) in keys.iter_mut().zip(indices) {
            *key = hash(of_layer ^ hash(index));
        }
    }

    /// Leaves units of layer number `layer` out, of the images at `indices`; `keys` is room for a number of each.
    fn apply<T: Scalar>(
        &self,
        level: Level,
        (layer, indices): (usize, &[u32]),
        keys: &mut [u32],
        units: &mut Units<T>,
    ) {
        let keys = &mut keys[..indices.len()];
        self.keys(layer, indices, keys);
        let drop = |unit: usize| LeftOut {
            first_unit: unit as u32,
            below: (self.share * f64::from(u32::MAX)) as u32,
            factor: T::of(1.0 / (1.0 - self.share)),
        };
        let images = indices.len();
        let columns = units.columns().max(1);
        let transposed = units.is_transposed();
        let rows = units.flat_mut(images).chunks_exact_mut(columns);
        if transposed {
            for (unit, row) in rows.enumerate() {
                kernels::drop_of_unit(level, drop(unit), keys, &mut row[..images]);
            }
        } else {
            for (&mut key, row) in keys.iter_mut().zip(rows) {
                kernels::drop_of_image(level, drop(0), key, row);
            }
        }
    }
}

impl<D: Input> Chunk<D> {
    /// Leaves units of layer number `layer` out, of the images at `indices`.
    pub(super) fn leave_out(&mut self, dropout: Dropout, layer: usize, indices: &[u32]) {
        let units = &mut self.activations[layer];
        dropout.apply(self.level, (layer, indices), &mut self.keys, units);
    }

    /// Takes the deltas of layer number `layer` back through the units that were left out and through the activation.
    pub(super) fn back_through(
        &mut self,
        activation: Activation,
        dropout: Option<Dropout>,
        (layer, indices): (usize, &[u32]),
    ) {
        let (level, images) = (self.level, self.images);
        let (a, d) = (&self.activations[layer], &mut self.deltas[layer]);
        let Some(dropout) = dropout else {
            return activation.backward(level, a.flat(images), d.flat_mut(images));
        };
        // What ReLU made 0 stays so, whether it was left out or not.
        if activation == Activation::Relu {
            activation.backward(level, a.flat(images), d.flat_mut(images));
            let factor = D::Number::of(1.0 / (1.0 - dropout.share));
            d.flat_mut(images).iter_mut().for_each(|d| *d *= factor);
        } else {
            dropout.apply(level, (layer, indices), &mut self.keys, d);
            let kept = D::Number::of(1.0 - dropout.share);
            activation.backward_of_scaled(kept, a.flat(images), d.flat_mut(images));
        }
    }
}
