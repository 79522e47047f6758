//! Pixels in the order in which the products take them: copies only.
//!
//! ```text
//! for each sixteen images of a chunk:
//!     transpose them: line q has, in its column c, the pixels from 4 q on of image c
//!     forward: copy the lines that are not all zero to a panel of its own
//!     gradient: append these images' quads to the panel of each tile, unless they are all zero
//! ```
//!
//! 1. Both forms are made from the same sixteen images, which stay in the first cache meanwhile.
//! 2. Pixels whose group is not the image's largest are copied once more, behind the image ([`scatter`](crate::kernels::scatter)).

use std::ops::Range;

use super::choice::with_kernel;
use super::kernel::MicroKernel;
use crate::kernels::level::Level;
use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, Line, QUAD};
use crate::kernels::tiles::Tiles;

/// Up to sixteen images, transposed: a line for each of their quads, with an image in each of its columns.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<'a> {
    images: usize,
    lines: &'a [Line],
}

impl<'a> Transposed<'a> {
    /// `images` images, of which [`transpose`] has made `lines`.
    ///
    /// # Panics
    /// If there are more than sixteen.
    #[must_use]
    pub fn new(images: usize, lines: &'a [Line]) -> Self {
        assert!(images <= COLUMNS, "up to sixteen images");
        Self { images, lines }
    }
}

/// Transposes up to sixteen `images` of one length: overwrites the first of `lines` with their quads. What the images are too few
/// or too short for is zero. Asks meanwhile for the bytes of the `next` images: an order of images is a random walk through the
/// file, and asking for sixteen at once takes as long as waiting for them.
///
/// # Panics
/// If there are more than sixteen images, of several lengths, or fewer lines than their quads.
pub fn transpose(level: Level, images: &[&[u8]], next: &[&[u8]], lines: &mut [Line]) {
    let bytes = images.first().map_or(0, |image| image.len());
    assert!(
        images.len() <= COLUMNS && images.iter().all(|image| image.len() == bytes),
        "up to sixteen images of one length"
    );
    let lines = &mut lines[..bytes.div_ceil(QUAD)];
    with_kernel!(level, Kernel => {
        // SAFETY: the level exists, so the CPU was found to have its instructions. The images' length and the number of lines,
        // on which masked loads rely, were checked above.
        unsafe { Kernel::transpose(images, next, lines) }
    });
}

/// Copies the lines that are not all zero, and notes which they are, counted from `first`. Returns how many they are.
fn keep(level: Level, first: usize, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
    with_kernel!(level, Kernel => {
        // SAFETY: the level exists, so the CPU was found to have its instructions; nothing else is unchecked.
        unsafe { Kernel::keep(first as u32, from, to, kept) }
    })
}

impl Panels {
    /// Replaces panel number `panel` by images as columns, of whose quads those of `segments` count.
    ///
    /// # Panics
    /// If there are other segments than the panels have room for, or quads that they or the images have not.
    pub fn set_images(
        &mut self,
        level: Level,
        panel: usize,
        images: Transposed<'_>,
        segments: &[Range<usize>],
    ) {
        assert_eq!(segments.len(), self.segments, "segments");
        let room = panel * self.quads..(panel + 1) * self.quads;
        let lines = &mut self.lines[room.clone()];
        let kept = &mut self.kept[room];
        let ends = &mut self.ends[panel * self.segments..];
        let mut count = 0_usize;
        let mut before = 0;
        for (quads, end) in segments.iter().zip(ends) {
            // What the products rely on: every number that is noted is less than the room of a panel.
            assert!(
                before <= quads.start && quads.start <= quads.end && quads.end <= self.quads,
                "rising segments within a panel"
            );
            before = quads.end;
            let from = &images.lines[quads.clone()];
            let to = (&mut lines[count..], &mut kept[count..]);
            count += keep(level, quads.start, from, to.0, to.1);
            *end = count as u32;
        }
    }

    /// Appends images to every panel, with pixels as columns: a panel has the pixels of one of `tiles`, and the images are the quads
    /// from number `quad` on. Quads must come in rising order.
    ///
    /// # Panics
    /// If there is no room for them, or the images have not the tiles' pixels, or there are several segments.
    pub fn add_images(&mut self, level: Level, quad: usize, images: Transposed<'_>, tiles: Tiles) {
        let quads = images.images.div_ceil(QUAD);
        assert_eq!(self.segments, 1, "images are one segment");
        // What the products rely on: every number that is noted is less than the room of a panel.
        assert!(
            quad.checked_add(quads).is_some_and(|end| end <= self.quads)
                && self.count == tiles.count(),
            "quads and tiles that there is room for"
        );
        let lines = &images.lines[..tiles.runs()];
        with_kernel!(level, Kernel => {
            // SAFETY: the level exists, so the CPU was found to have its instructions; nothing else is unchecked.
            unsafe { Kernel::pixels(self, quad, quads, lines, tiles) }
        });
    }
}
