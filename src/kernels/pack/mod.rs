//! Pixels in the order in which integer products take them: copies only.
//!
//! A [`Panels`] has the bytes of sixteen columns side by side, [`QUAD`] of each, so that one load brings a quad of all. For the
//! forward product the columns are images and the quads pixels; for the gradient the columns are pixels and the quads images.
//! A quad that is zero in all sixteen columns adds nothing to any sum, so it is left out: half of Fashion-MNIST's pixels are
//! black, and where images of like outline stand side by side ([`crate::engine::fixed`]) a quarter of all quads goes.

#[cfg(target_arch = "x86_64")]
mod avx512;

use std::ops::Range;

use super::integer::{LANES, QUAD, QUAD_BYTES};
use super::level::{Level, Set};

/// A quad of sixteen columns: one cache line, one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [u8; QUAD_BYTES]);

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

    /// Replaces panel number `panel` by images as columns. `images` holds up to sixteen rows of `stride` bytes, of which the quads
    /// of `segments` count; columns without an image are zero.
    ///
    /// # Panics
    /// If there are other segments than the panels have room for, or quads that they or the images have not.
    pub fn set_images(
        &mut self,
        level: Level,
        panel: usize,
        images: &[u8],
        stride: usize,
        segments: &[Range<usize>],
    ) {
        assert_eq!(segments.len(), self.segments, "segments");
        assert!(
            images.len().is_multiple_of(stride) && images.len() <= LANES * stride,
            "up to sixteen rows"
        );
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
            assert!(quads.end * QUAD <= stride, "segments within a row");
            before = quads.end;
            let to = (&mut lines[count..], &mut kept[count..]);
            count += match level.set() {
                // SAFETY: this level exists only where the CPU was found to have its instructions.
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => unsafe { avx512::images(images, stride, quads.clone(), to.0, to.1) },
                _ => self::images(images, stride, quads.clone(), to.0, to.1),
            };
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

    /// Adds quad number `quad` to every panel, with pixels as columns: up to four rows of `stride` bytes, of which the first
    /// `16 · count` count. Quads must come in rising order.
    ///
    /// # Panics
    /// If there is no room for it, or there are several segments.
    pub fn add_images(&mut self, level: Level, quad: usize, images: &[u8], stride: usize) {
        assert_eq!(self.segments, 1, "images are one segment");
        assert!(quad < self.quads, "a quad that there is room for");
        assert!(
            self.count * LANES <= stride
                && images.len().is_multiple_of(stride)
                && images.len() <= QUAD * stride,
            "up to four rows, with all panels' pixels"
        );
        match level.set() {
            // SAFETY: this level exists only where the CPU was found to have its instructions.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512::pixels(self, quad as u32, images, stride) },
            _ => pixels(self, quad as u32, images, stride),
        }
    }
}

/// Asks for bytes that will be read soon; does nothing where there is no instruction for it.
#[inline]
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        #[allow(unused_unsafe)] // newer compilers know that it is safe
        // SAFETY: a prefetch of any address is sound, and this one is a slice's.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// A segment of a panel with images as columns: writes the quads that are not all zero, and which they are; returns how many.
fn images(
    images: &[u8],
    stride: usize,
    quads: Range<usize>,
    lines: &mut [Line],
    kept: &mut [u32],
) -> usize {
    let mut count = 0;
    for quad in quads {
        let mut line = [0; QUAD_BYTES];
        let (columns, _) = line.as_chunks_mut::<QUAD>();
        for (column, image) in columns.iter_mut().zip(images.chunks_exact(stride)) {
            column.copy_from_slice(&image[quad * QUAD..][..QUAD]);
        }
        if line != [0; QUAD_BYTES] {
            lines[count] = Line(line);
            kept[count] = quad as u32;
            count += 1;
        }
    }
    count
}

/// See [`Panels::add_images`].
fn pixels(panels: &mut Panels, quad: u32, images: &[u8], stride: usize) {
    let mut rows = images.chunks_exact(stride);
    let rows: [&[u8]; QUAD] = std::array::from_fn(|_| rows.next().unwrap_or(&[]));
    for (panel, end) in panels.ends[..panels.count].iter_mut().enumerate() {
        let mut line = [0; QUAD_BYTES];
        for (image, row) in rows.iter().enumerate() {
            let pixels = row.get(panel * LANES..).unwrap_or(&[]);
            for (column, &pixel) in line.as_chunks_mut::<QUAD>().0.iter_mut().zip(pixels) {
                column[image] = pixel;
            }
        }
        if line != [0; QUAD_BYTES] {
            let at = panel * panels.quads + *end as usize;
            panels.lines[at] = Line(line);
            panels.kept[at] = quad;
            *end += 1;
        }
    }
}
