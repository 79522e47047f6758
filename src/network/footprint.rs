//! How much memory a mini-batch will take, to be known before any of it is allocated.

use super::memory::MemoryUse;
use crate::input::{Door, NARROW_UNITS, PixelSizes, product};
use crate::model::Layout;
use crate::scalar::Dtype;

/// What the memory of a mini-batch is made for.
#[derive(Clone, Copy, Debug)]
pub struct Footprint<'a> {
    /// The network.
    pub layout: &'a Layout,
    /// The type of its numbers.
    pub dtype: Dtype,
    /// How pixels enter.
    pub door: Door,
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// Images of the largest mini-batch.
    pub batch: usize,
    /// Forward only, or back too.
    pub purpose: MemoryUse,
    /// Threads that work on it.
    pub threads: usize,
}

impl Footprint<'_> {
    /// Bytes of all large arrays of [`Memory`](super::Memory); its small ones are left out.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let layers = self.layout.layers();
        let first = &layers[0];
        let trains = self.purpose == MemoryUse::Training;
        let chunk = self.door.chunk_images(self.batch).min(self.batch);
        let normed = self.layout.running_figures() / 2;
        let chunks = self.batch.div_ceil(chunk.max(1));
        let in_lanes = chunk * self.threads.min(chunks);
        let units = layers.iter().map(|layer| layer.outputs).sum();
        let activations = product(&[self.batch, units, 1 + usize::from(trains)])
            + product(&[self.batch, normed, usize::from(trains)]);
        let shares: u128 = layers
            .iter()
            .skip(usize::from(!self.door.keeps_shares()))
            .filter(|layer| trains && layer.outputs <= NARROW_UNITS)
            .map(|layer| product(&[chunks, layer.outputs, layer.inputs]))
            .sum();
        let pixels = self.door.step_bytes(&PixelSizes {
            shape: self.shape,
            batch: self.batch,
            in_lanes,
            units: first.outputs,
            number_bytes: self.dtype.bytes(),
            trains,
            is_read_again: trains && first.outputs > NARROW_UNITS,
        });
        let number = self.dtype.bytes() as u128;
        u64::try_from(number * (activations + shares) + pixels).unwrap_or(u64::MAX)
    }
}
