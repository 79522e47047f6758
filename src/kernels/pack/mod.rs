//! Pixels in the order in which integer products take them: copies only.
//!
//! A [`Panels`] has the bytes of sixteen columns side by side, [`QUAD`] of each, so that one load brings a quad of all. For the
//! forward product the columns are images and the quads pixels; for the gradient the columns are pixels and the quads images.
//! A quad that is zero in all sixteen columns adds nothing to any sum, so it is left out: half of Fashion-MNIST's pixels are
//! black, and where images of like outline stand side by side ([`crate::input::packed`]) a quarter of all quads goes.
//!
//! Both forms are made of [`Lines`], sixteen images transposed once, which stay in the first cache meanwhile.

#[cfg(target_arch = "x86_64")]
mod avx512;

use std::ops::Range;

use super::integer::{COLUMNS, QUAD, QUAD_BYTES};
use super::level::{Level, Set};
use super::tiles::Tiles;

/// A quad of sixteen columns: one cache line, one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct Line(pub(super) [u8; QUAD_BYTES]);

/// Panels, each with room for the same quads, in which only those that are not all zero are kept.
#[derive(Clone, Debug, Default)]
pub struct Panels {
    count: usize,
    /// Quads that a panel has room for.
    quads: usize,
    segments: usize,
    most_segments: usize,
    lines: Vec<Line>,
    /// Which quad each line is, rising within a panel.
    kept: Vec<u32>,
    /// Panel after panel, segment after segment: how many lines the panel has up to the segment's end.
    ends: Vec<u32>,
}

/// The lines of a segment of a panel, and which quads they are: each less than the room of its panels.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) lines: &'a [Line],
    pub(super) quads: &'a [u32],
}

impl Panels {
    /// Room for `count` panels of `quads` quads in up to `segments` segments; empty, and of one segment.
    ///
    /// # Panics
    /// If quads have no numbers of 32 bits.
    #[must_use]
    pub fn new(count: usize, quads: usize, segments: usize) -> Self {
        assert!(u32::try_from(quads).is_ok(), "quads that can be numbered");
        Self {
            count,
            quads,
            segments: 1,
            most_segments: segments,
            lines: vec![Line([0; QUAD_BYTES]); count * quads],
            kept: vec![0; count * quads],
            ends: vec![0; count * segments],
        }
    }

    /// Bytes that [`Self::new`] would take, but for a few to a panel.
    #[must_use]
    pub fn bytes(count: usize, quads: usize) -> usize {
        const OF_QUAD: usize = QUAD_BYTES + size_of::<u32>();
        count.saturating_mul(quads).saturating_mul(OF_QUAD)
    }

    /// Quads that a panel has room for.
    #[must_use]
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// Segments of a panel.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// How many panels there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Quads that are kept, of all panels together.
    #[must_use]
    pub fn kept(&self) -> usize {
        let last_end = |panel: usize| self.ends[(panel + 1) * self.segments - 1] as usize;
        (0..self.count).map(last_end).sum()
    }

    /// What is kept of a segment of a panel.
    #[inline]
    pub(super) fn segment(&self, panel: usize, segment: usize) -> Kept<'_> {
        let ends = &self.ends[panel * self.segments..][..self.segments];
        let first = segment.checked_sub(1).map_or(0, |before| ends[before]);
        let range = first as usize..ends[segment] as usize;
        let panel = panel * self.quads..(panel + 1) * self.quads;
        Kept {
            lines: &self.lines[panel.clone()][range.clone()],
            quads: &self.kept[panel][range],
        }
    }

    /// The room of the panels from number `panel` on.
    #[inline]
    pub(super) fn room(&self, panel: usize) -> Kept<'_> {
        let at = panel * self.quads;
        Kept {
            lines: self.lines.get(at..).unwrap_or(&[]),
            quads: self.kept.get(at..).unwrap_or(&[]),
        }
    }

    /// Replaces panel number `panel` by images as columns, of whose quads those of `segments` count.
    ///
    /// # Panics
    /// If there are other segments than the panels have room for, or quads that they or the lines have not.
    pub fn set_images(
        &mut self,
        level: Level,
        panel: usize,
        images: &Lines,
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

    /// Empties all panels, which then have `segments` segments.
    ///
    /// # Panics
    /// If there is no room for as many.
    pub fn clear(&mut self, segments: usize) {
        assert!(
            self.count == 0 || segments <= self.most_segments,
            "room for segments"
        );
        self.segments = segments;
        self.ends.fill(0);
    }

    /// Adds images to every panel, with pixels as columns: a panel has those of one of `tiles`, and the images are the quads from
    /// number `quad` on. Quads must come in rising order.
    ///
    /// # Panics
    /// If there is no room for them, or the images have not the tiles' pixels, or there are several segments.
    pub fn add_images(&mut self, level: Level, quad: usize, images: &Lines, tiles: Tiles) {
        let quads = images.images.div_ceil(QUAD);
        assert_eq!(self.segments, 1, "images are one segment");
        assert!(
            quad + quads <= self.quads && self.count == tiles.count(),
            "quads and tiles that there is room for"
        );
        let lines = &images.lines[..tiles.runs()];
        match level.set() {
            // SAFETY: this level exists only where the CPU was found to have its instructions.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512::pixels(self, quad, quads, lines, tiles) },
            _ => pixels(self, quad, quads, lines, tiles),
        }
    }
}

/// Up to sixteen images side by side: of each quad of pixels a line, with four bytes for each image.
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
            lines: vec![Line([0; QUAD_BYTES]); quads],
        }
    }

    /// Replaces the first quads by those of `images`, which have one length; what they are too few or too short for is zero. Asks
    /// meanwhile for the bytes of the `next` images: an order of images is a random walk through the file, and asking for sixteen
    /// at once takes as long as waiting for them.
    ///
    /// # Panics
    /// If there are more than sixteen images, of several lengths, or no room for their quads.
    pub fn set(&mut self, level: Level, images: &[&[u8]], next: &[&[u8]]) {
        let bytes = images.first().map_or(0, |image| image.len());
        assert!(
            images.len() <= COLUMNS && images.iter().all(|image| image.len() == bytes),
            "up to sixteen images of one length"
        );
        self.images = images.len();
        let lines = &mut self.lines[..bytes.div_ceil(QUAD)];
        match level.set() {
            // SAFETY: this level exists only where the CPU was found to have its instructions.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512::transpose(images, next, lines) },
            _ => transpose(images, lines),
        }
    }

    /// Replaces the quads from number `first` on by pixels of those before: `places` has, for each of four, the place of a pixel
    /// (its number, if quads are counted from the first image's first pixel), or nothing, which makes a zero.
    ///
    /// # Panics
    /// If there is no room for them, or a place is not before `first`.
    pub fn scatter(&mut self, level: Level, first: usize, places: &[[Option<u32>; QUAD]]) {
        let (from, to) = self.lines.split_at_mut(first);
        super::scatter(level, places, from, &mut to[..places.len()]);
    }
}

/// Copies the lines that are not all zero, and notes which they are, counted from `first`; returns how many.
fn keep(level: Level, first: usize, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
    match level.set() {
        // SAFETY: this level exists only where the CPU was found to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => unsafe { avx512::keep(first as u32, from, to, kept) },
        _ => {
            let mut count = 0;
            for (quad, line) in (first as u32..).zip(from) {
                if line.0 != [0; QUAD_BYTES] {
                    to[count] = *line;
                    kept[count] = quad;
                    count += 1;
                }
            }
            count
        }
    }
}

/// See [`Lines::set`].
fn transpose(images: &[&[u8]], lines: &mut [Line]) {
    for (quad, line) in lines.iter_mut().enumerate() {
        let (columns, _) = line.0.as_chunks_mut::<QUAD>();
        for (number, column) in columns.iter_mut().enumerate() {
            let pixels = images
                .get(number)
                .map_or(&[][..], |image| &image[quad * QUAD..]);
            *column = std::array::from_fn(|pixel| pixels.get(pixel).copied().unwrap_or(0));
        }
    }
}

/// See [`Panels::add_images`].
fn pixels(panels: &mut Panels, first_quad: usize, quads: usize, lines: &[Line], tiles: Tiles) {
    for panel in 0..panels.count {
        let runs = tiles.runs_of(panel);
        for quad in 0..quads {
            let mut pixels = [0; QUAD_BYTES];
            for (column, pixel) in pixels.as_chunks_mut::<QUAD>().0.iter_mut().enumerate() {
                if let Some(Line(line)) = lines.get(runs[column / QUAD]) {
                    let image = |image| line[(quad * QUAD + image) * QUAD + column % QUAD];
                    *pixel = std::array::from_fn(image);
                }
            }
            if pixels != [0; QUAD_BYTES] {
                let end = &mut panels.ends[panel];
                let at = panel * panels.quads + *end as usize;
                panels.lines[at] = Line(pixels);
                panels.kept[at] = (first_quad + quad) as u32;
                *end += 1;
            }
        }
    }
}
