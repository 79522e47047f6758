//! The memory of packed pixels: that of panels, and that of sixteen images meanwhile.

use crate::kernels::integer::{Transposed, transpose};
use crate::kernels::{self, Level, Line, PanelMemory, PanelShape, Panels, QUAD};

/// Room for panels, which are empty at first, and of one segment.
///
/// # Panics
/// If quads cannot be numbered in 32 bits.
#[must_use]
pub fn panels(shape: PanelShape) -> Panels {
    let PanelShape {
        count,
        quads,
        segments,
    } = shape;
    let memory = PanelMemory {
        lines: vec![Line::ZERO; count * quads],
        kept: vec![0; count * quads],
        ends: vec![0; count * segments],
    };
    Panels::new(shape, memory)
}

/// Bytes that [`panels`] takes for `count` panels of `quads` quads, but for a few to a panel.
#[must_use]
pub(super) fn panel_bytes(count: usize, quads: usize) -> usize {
    const OF_QUAD: usize = size_of::<Line>() + size_of::<u32>();
    count.saturating_mul(quads).saturating_mul(OF_QUAD)
}

/// Up to sixteen images, transposed: a line for each of their quads, with an image in each of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    images: usize,
    lines: Vec<Line>,
}

impl Lines {
    /// Room for images of `quads` quads.
    #[must_use]
    pub fn new(quads: usize) -> Self {
        Self {
            images: 0,
            lines: vec![Line::ZERO; quads],
        }
    }

    /// Replaces the first quads by those of `images`, which have one length; what the images are too few or too short for is zero.
    /// Asks meanwhile for the bytes of the `next` images.
    ///
    /// # Panics
    /// If there are more than sixteen images, of several lengths, or no room for their quads.
    pub fn set(&mut self, level: Level, images: &[&[u8]], next: &[&[u8]]) {
        self.images = images.len();
        transpose(level, images, next, &mut self.lines);
    }

    /// Replaces the quads from number `first` on by pixels of those before. `indices` has, for each of four, the index of a pixel,
    /// or nothing, which makes a zero.
    ///
    /// # Panics
    /// If there is no room for them, or a pixel does not lie before `first`.
    pub fn scatter(&mut self, level: Level, first: usize, indices: &[[Option<u32>; QUAD]]) {
        let (from, to) = self.lines.split_at_mut(first);
        kernels::scatter(level, indices, from, &mut to[..indices.len()]);
    }

    /// The images, as panels take them.
    #[must_use]
    pub fn view(&self) -> Transposed<'_> {
        Transposed::new(self.images, &self.lines)
    }
}
