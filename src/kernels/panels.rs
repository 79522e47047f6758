//! Panels: the bytes of sixteen columns side by side, [`QUAD`](super::QUAD) of each, so that one load brings a quad of all of them.
//!
//! For the forward product the columns are images and the quads are pixels; for the gradient the columns are pixels and the quads
//! are images. A quad that is zero in all sixteen columns adds nothing to any sum, so it is left out: half of Fashion-MNIST's pixels
//! are black, and where images of like outline stand side by side a quarter of all quads goes.
//!
//! The memory comes from the caller (the module `input::packed` allocates it), and [`super::integer`] fills it. This struct owns
//! it, where all other kernels borrow slices, for one reason: the unsafe loops of the products rely on every kept quad lying
//! within the room of its panels. Private fields keep that true from the moment of packing. A borrowed view would have to be
//! checked quad by quad at every product.

use super::shape::Line;

/// Panels, each with room for the same quads, in which only those that are not all zero are kept.
///
/// What always holds: of each panel, the numbers in `kept` before its last segment's end are smaller than `quads`.
#[derive(Clone, Debug, Default)]
pub struct Panels {
    pub(super) count: usize,
    /// Quads that a panel has room for.
    pub(super) quads: usize,
    pub(super) segments: usize,
    most_segments: usize,
    pub(super) lines: Vec<Line>,
    /// Which quad each line is, rising within a panel.
    pub(super) kept: Vec<u32>,
    /// Panel after panel, segment after segment: how many lines the panel has up to the segment's end.
    pub(super) ends: Vec<u32>,
}

/// How large panels are.
#[derive(Clone, Copy, Debug)]
pub struct PanelShape {
    /// How many panels there are.
    pub count: usize,
    /// Quads that each has room for.
    pub quads: usize,
    /// Segments that each has at most.
    pub segments: usize,
}

/// What panels are kept in.
#[derive(Clone, Debug)]
pub struct PanelMemory {
    /// A line for each quad of each panel.
    pub lines: Vec<Line>,
    /// A number for each line.
    pub kept: Vec<u32>,
    /// A number for each segment of each panel.
    pub ends: Vec<u32>,
}

/// The lines that are kept of a segment of a panel, and which quads they are: each number is less than the room of its panels.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) lines: &'a [Line],
    pub(super) quads: &'a [u32],
}

impl Kept<'_> {
    /// Nothing.
    pub(super) const EMPTY: Self = Self {
        lines: &[],
        quads: &[],
    };
}

impl Panels {
    /// Panels in `memory`, empty, and of one segment.
    ///
    /// # Panics
    /// If the memory has another size than `shape` says, or quads cannot be numbered in 32 bits.
    #[must_use]
    pub fn new(shape: PanelShape, memory: PanelMemory) -> Self {
        let PanelShape {
            count,
            quads,
            segments,
        } = shape;
        let PanelMemory {
            lines,
            kept,
            mut ends,
        } = memory;
        assert!(u32::try_from(quads).is_ok(), "quads that can be numbered");
        assert!(
            count.checked_mul(quads) == Some(lines.len()) && kept.len() == lines.len(),
            "a line and a number for each quad"
        );
        assert!(
            count.checked_mul(segments) == Some(ends.len()),
            "an end for each segment"
        );
        ends.fill(0);
        Self {
            count,
            quads,
            segments: 1,
            most_segments: segments,
            lines,
            kept,
            ends,
        }
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

    /// What lies in the place of a segment of a panel in the next panel, kept or not, and behind that.
    #[inline]
    pub(super) fn behind(&self, panel: usize, segment: usize) -> Kept<'_> {
        let ends = &self.ends[panel * self.segments..][..self.segments];
        let first = segment.checked_sub(1).map_or(0, |before| ends[before]);
        self.from((panel + 1) * self.quads + first as usize)
    }

    /// The room of the panels from number `panel` on, kept or not.
    #[inline]
    pub(super) fn room(&self, panel: usize) -> Kept<'_> {
        self.from(panel * self.quads)
    }

    /// The room from line number `at` on.
    #[inline]
    fn from(&self, at: usize) -> Kept<'_> {
        Kept {
            lines: self.lines.get(at..).unwrap_or(&[]),
            quads: self.kept.get(at..).unwrap_or(&[]),
        }
    }
}
