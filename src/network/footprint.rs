//! How much memory a mini-batch will take, to be known before any of it is allocated.

use super::memory::MemoryUse;
use crate::cut;
use crate::input::{Door, NARROW_UNITS};
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
        let (first, pixels) = (&layers[0], self.layout.inputs());
        let trains = self.purpose == MemoryUse::Training;
        let chunk = cut::chunk_images(self.batch).min(self.batch);
        let chunks = self.batch.div_ceil(chunk.max(1));
        let in_lanes = chunk * self.threads.min(chunks);
        let units = layers.iter().map(|layer| layer.outputs).sum();
        let activations = product(&[self.batch, units, 1 + usize::from(trains)]);
        let staged = self.door == Door::Staged;
        let shares: u128 = layers
            .iter()
            .skip(usize::from(!staged))
            .filter(|layer| trains && layer.outputs <= NARROW_UNITS)
            .map(|layer| product(&[chunks, layer.outputs, layer.inputs]))
            .sum();
        let number = self.dtype.bytes() as u128;
        let pixels = match (self.door, trains && first.outputs > NARROW_UNITS) {
            (Door::Staged, true) => number * product(&[self.batch, pixels]),
            (Door::Staged, false) => number * product(&[in_lanes, pixels]),
            (Door::Packed, _) => {
                let quantized = product(&[2, first.outputs, pixels + self.batch]);
                let images = self.batch + in_lanes;
                u128::from(self.door.kept_bytes(images, self.shape)) + quantized
            }
        };
        u64::try_from(number * (activations + shares) + pixels).unwrap_or(u64::MAX)
    }
}

/// A product that cannot overflow: of three sizes, none of which is above the largest number of images or parameters.
fn product(sizes: &[usize]) -> u128 {
    sizes.iter().fold(1, |product: u128, &size| {
        product.saturating_mul(size as u128)
    })
}
