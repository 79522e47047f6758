//! The segments of a panel, put together.
//!
//! Where chunks are small, a panel's segments are a few quads long each, and every micro-tile would spend more time between its loops
//! than in them. Copied once for all rows, they are one loop.

use crate::kernels::panels::Kept;
use crate::kernels::shape::{COLUMNS, Line};

/// Quads that there is room for: those of eight chunks of 64 images.
pub(super) const MOST_QUADS: usize = 8 * COLUMNS;

/// What is kept of a panel.
pub(super) struct Gathered {
    lines: [Line; MOST_QUADS],
    quads: [u32; MOST_QUADS],
    count: usize,
}

impl Gathered {
    pub(super) fn empty() -> Self {
        Self {
            lines: [Line::ZERO; MOST_QUADS],
            quads: [0; MOST_QUADS],
            count: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds what is kept of a segment, whose quad 0 goes with the factors' quad `first_quad`.
    ///
    /// # Panics
    /// If there is no room for it.
    pub(super) fn push(&mut self, kept: Kept<'_>, first_quad: usize) {
        let range = self.count..self.count + kept.lines.len();
        self.lines[range.clone()].clone_from_slice(kept.lines);
        for (to, quad) in self.quads[range.clone()].iter_mut().zip(kept.quads) {
            *to = first_quad as u32 + quad;
        }
        self.count = range.end;
    }

    /// What was added since it was cleared.
    #[inline]
    pub(super) fn kept(&self) -> Kept<'_> {
        Kept {
            lines: &self.lines[..self.count],
            quads: &self.quads[..self.count],
        }
    }
}
