//! A product's operands, how they are checked, and the order in which they are gone through.
//!
//! What every kernel computes, for each panel of sixteen columns:
//!
//! ```text
//! for each row of the output:
//!     total[0..16] = start[row]                                           as f32
//!     for each sum, which is made of some segments:
//!         sum[0..16] = 0                                                  as i32
//!         for each kept quad of these segments:
//!             for each column: sum[column] += Σ over i of number[row][quad][i] · pixel[quad][column][i]
//!         total[0..16] += sum[0..16] as f32 · scale[row][sum]
//!     out[row][the panel's columns] = total
//! ```
//!
//! [`super::portable`] is written like this. Each further kernel numbers what it does otherwise, and all of them share this:
//! 1. Several rows are computed at once, as a *micro-tile*, so that each quad of pixels is loaded once for all of them.
//! 2. The loop over rows may stand outside the loop over panels ([`Checked::for_each_micro_tile`]).

use std::ops::Range;

use ndarray::{ArrayViewMut2, Axis};

use super::gathered::{self, Gathered};
use super::rows::{Rows, row_bytes};
use crate::kernels;
use crate::kernels::panels::{Kept, Panels};
use crate::kernels::shape::{COLUMNS, LINE_BYTES, QUAD};
use crate::kernels::tiles::{Placement, Tiles};

/// Quantized rows times packed pixels.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// The rows' numbers.
    pub factors: Rows<'a>,
    /// Row after row, a scale for each sum that [`Self::segments_of_sum`] makes.
    pub scales: &'a [f32],
    /// The pixels, chunk after chunk. The factors of a chunk's quads lie behind the factors of all quads that the chunks before it
    /// have room for.
    pub chunks: &'a [Panels],
    /// Segments, in the order of chunks, that go into one integer sum.
    pub segments_of_sum: usize,
    /// What each row's sums begin with, if not with 0.
    pub starts: Option<&'a [f32]>,
}

/// Where the output of a product begins within all that the product could compute, and how its columns lie.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The row of the factors that makes the output's first row.
    pub first_row: usize,
    /// How the pixels' columns lie in a row.
    pub tiles: Tiles,
    /// The output's first column among them, which must be the first of a strip of tiles.
    pub first_column: usize,
}

/// A product whose sizes were checked against those of an output. Only [`Checked::new`] makes one, so each kernel relies on this:
/// - every row of the output has its factors, scales and start;
/// - every chunk has all panels of the output, and every quad that is kept there has its four factors in each row;
/// - the columns of every panel of the output lie in the output, whose rows are contiguous.
#[derive(Clone)]
pub(super) struct Checked<'a> {
    product: Product<'a>,
    window: Window,
    /// The panels of the output.
    panels: Range<usize>,
    /// Scales of a row.
    sums: usize,
    /// The only panel, where its segments were gathered.
    gathered: Option<&'a Gathered>,
}

/// Of some rows of the output, a scale for each sum.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    scales: &'a [f32],
    sums: usize,
}

impl Scales<'_> {
    /// The scale of sum number `sum` of the row with this number among them.
    #[inline(always)]
    pub(super) fn of(self, row: usize, sum: usize) -> f32 {
        self.scales[row * self.sums + sum]
    }
}

/// Some rows of a panel of the output.
#[derive(Clone, Copy)]
pub(super) struct MicroTile {
    pub(super) panel: usize,
    /// Where the panel's columns lie in a row of the output.
    pub(super) placement: Placement,
    /// The first of the rows.
    pub(super) first: usize,
    /// Its number among the micro-tiles of the panel, and how many these are.
    pub(super) share: [usize; 2],
}

/// A segment of a panel of a chunk, or what was gathered of several.
pub(super) struct Segment<'a> {
    pub(super) kept: Kept<'a>,
    /// The factors' quad that its quad 0 goes with.
    pub(super) first_quad: usize,
    /// The sum that ends with it, if one does.
    pub(super) ends_sum: Option<usize>,
    /// What the memory of the next panel has, kept or not, in the segment's place; nothing where it was gathered.
    next: Kept<'a>,
}

impl Segment<'_> {
    /// Asks for one share of what comes in the segment's place in the next panel, as far as that has as many lines: the share with the
    /// first of these numbers, of as many as the second.
    #[inline(always)]
    pub(super) fn ask_for_next(&self, [number, shares]: [usize; 2]) {
        if self.next.lines.is_empty() {
            return;
        }
        let share = self.kept.lines.len().div_ceil(shares);
        let first = (number * share).min(self.next.lines.len());
        let count = share.min(self.next.lines.len() - first);
        kernels::ask_for(self.next.quads.as_ptr().wrapping_add(first), count);
        kernels::ask_for(self.next.lines.as_ptr().wrapping_add(first), count);
    }
}

impl<'a> Checked<'a> {
    /// Checks that `product` has all that the window `out` of it needs, which is not empty.
    ///
    /// # Panics
    /// If rows, panels, scales or starts are missing, columns do not end where a strip of tiles or the image does, or a row of
    /// `out` is not contiguous.
    pub(super) fn new(product: Product<'a>, window: Window, out: &ArrayViewMut2<'_, f32>) -> Self {
        let Window {
            first_row,
            tiles,
            first_column,
        } = window;
        let Product {
            factors,
            scales,
            chunks,
            segments_of_sum,
            starts,
        } = product;
        let (rows, columns) = out.dim();
        let last_row = first_row + rows;
        let last_column = first_column + columns;
        let (room, segments) = chunks
            .first()
            .map_or((0, 1), |chunk| (chunk.quads(), chunk.segments()));
        let sums = (segments * chunks.len()).div_ceil(segments_of_sum);
        assert!(last_row <= factors.count(), "rows of the factors");
        assert!(
            scales.len() >= last_row * sums,
            "a scale for each row and sum"
        );
        assert!(
            starts.is_none_or(|starts| starts.len() >= last_row),
            "a start for each row"
        );
        let strip = tiles.strip_pixels();
        let last_panel = if last_column.is_multiple_of(strip) {
            tiles.first_tile(last_column)
        } else {
            tiles.count()
        };
        assert!(
            first_column.is_multiple_of(strip)
                && (last_panel < tiles.count() || last_column == tiles.pixels()),
            "columns of whole strips"
        );
        for chunk in chunks {
            assert!(
                (chunk.quads(), chunk.segments()) == (room, segments)
                    && chunk.count() >= last_panel,
                "chunks of one form, with all panels"
            );
        }
        assert!(
            room * chunks.len() <= factors.quads(),
            "a factor for each quad"
        );
        assert!(
            out.stride_of(Axis(1)) == 1 || columns == 1,
            "contiguous rows"
        );
        Self {
            product,
            window,
            panels: tiles.first_tile(first_column)..last_panel,
            sums,
            gathered: None,
        }
    }

    /// The panels of the output.
    pub(super) fn panels(&self) -> Range<usize> {
        self.panels.clone()
    }

    /// Whether it pays to gather the segments of each panel before its `rows` rows are computed, up to `most` at a time: where all segments
    /// go into one sum, and there are several short ones.
    pub(super) fn gathers(&self, rows: usize, most: usize) -> bool {
        let chunks = self.product.chunks;
        let room = chunks.first().map_or(0, Panels::quads);
        rows > most
            && self.sums == 1
            && chunks.len() > 1
            && chunks.len() * room <= gathered::MOST_QUADS
    }

    /// The product of one panel, whose segments are gathered in `room`.
    pub(super) fn gather<'b>(&'b self, panel: usize, room: &'b mut Gathered) -> Checked<'b> {
        room.clear();
        self.for_each_segment(panel, |segment| {
            segment.ask_for_next([0, 1]);
            room.push(segment.kept, segment.first_quad);
        });
        Checked {
            panels: panel..panel + 1,
            gathered: Some(room),
            ..self.clone()
        }
    }

    /// What the sums of row `row` of the output begin with.
    pub(super) fn start(&self, row: usize) -> f32 {
        self.product
            .starts
            .map_or(0.0, |starts| starts[self.window.first_row + row])
    }

    /// Quads of a row of factors.
    pub(super) fn quads(&self) -> usize {
        self.product.factors.quads()
    }

    /// The factors' bytes for `count` rows of the output from row `first` on.
    #[inline(always)]
    pub(super) fn factors(&self, first: usize, count: usize) -> &[u8] {
        self.product
            .factors
            .bytes(self.window.first_row + first, count)
    }

    /// The scales of `count` rows of the output from row `first` on: of each row one for each sum.
    #[inline(always)]
    pub(super) fn scales(&self, first: usize, count: usize) -> Scales<'_> {
        let first = (self.window.first_row + first) * self.sums;
        Scales {
            scales: &self.product.scales[first..][..count * self.sums],
            sums: self.sums,
        }
    }

    /// Calls `each` for all segments that are added up for a panel:
    ///
    /// ```text
    /// for each chunk:
    ///     for each segment of the chunk:
    ///         each(what is kept of it, its place among the factors, the number of the sum that ends with it)
    /// ```
    ///
    /// 1. Where the panel was gathered, all its segments come as one.
    /// 2. The end of a sum is found by counting segments instead of dividing their number: a division takes as long as a quad.
    /// 3. The next panel's memory comes along, for kernels that ask for it in advance.
    #[inline(always)]
    pub(super) fn for_each_segment<'b>(&'b self, panel: usize, mut each: impl FnMut(Segment<'b>)) {
        let Product {
            chunks,
            segments_of_sum,
            ..
        } = self.product;
        let count = chunks.first().map_or(0, Panels::segments);
        let (mut sum, mut of_sum, mut left) = (0, 0, count * chunks.len());
        let (mut chunk, mut segment) = (0, 0);
        if self.gathered.is_some() {
            left = 1;
        }
        while left > 0 {
            of_sum += 1;
            left -= 1;
            let ends = of_sum == segments_of_sum || left == 0;
            let (kept, first_quad, next) = match self.gathered {
                Some(gathered) => (gathered.kept(), 0, Kept::EMPTY),
                None => {
                    let panels = &chunks[chunk];
                    (
                        panels.segment(panel, segment),
                        chunk * panels.quads(),
                        panels.behind(panel, segment),
                    )
                }
            };
            each(Segment {
                kept,
                first_quad,
                ends_sum: ends.then_some(sum),
                next,
            });
            if ends {
                (sum, of_sum) = (sum + 1, 0);
            }
            segment += 1;
            if segment == count {
                (chunk, segment) = (chunk + 1, 0);
            }
        }
    }

    /// Where a panel's columns lie in a row of the output.
    fn placement(&self, panel: usize) -> Placement {
        let placement = self.window.tiles.placement(panel);
        Placement {
            at: placement.at - self.window.first_column,
            ..placement
        }
    }

    /// Calls `each(micro-tile, its rows)` for all micro-tiles of an output of `rows` rows, up to `most` rows at a time:
    ///
    /// ```text
    /// for each panel:
    ///     for each group of rows:
    ///         each(the group's rows of the panel, how many they are)
    /// ```
    ///
    /// 1. Where the factors are larger than the panels, the two loops change places: the smaller operand is gone through again and
    ///    again while it is in the cache, the larger one once.
    /// 2. Groups are as large as they can be, and as equal: two rows alone would take as long as four.
    #[inline(always)]
    pub(super) fn for_each_micro_tile(
        &self,
        rows: usize,
        most: usize,
        mut each: impl FnMut(MicroTile, usize),
    ) {
        let panels = self.panels.clone();
        let quads = self.quads();
        let count = rows.div_ceil(most);
        let tile = |panel, placement, group: usize| {
            let (first, end) = (group * rows / count, (group + 1) * rows / count);
            let tile = MicroTile {
                panel,
                placement,
                first,
                share: [group, count],
            };
            (tile, end - first)
        };
        if row_bytes(quads) * rows > LINE_BYTES * quads * panels.len() && self.gathered.is_none() {
            for group in 0..count {
                for panel in panels.clone() {
                    let (tile, rows) = tile(panel, self.placement(panel), group);
                    each(tile, rows);
                }
            }
        } else {
            for panel in panels {
                let placement = self.placement(panel);
                for group in 0..count {
                    let (tile, rows) = tile(panel, placement, group);
                    each(tile, rows);
                }
            }
        }
    }

    /// Stores a panel's sums of row `row` of the output.
    #[inline(always)]
    pub(super) fn store(
        &self,
        out: &mut ArrayViewMut2<'_, f32>,
        row: usize,
        placement: Placement,
        totals: &[f32; COLUMNS],
    ) {
        let row = out.index_axis_mut(Axis(0), row);
        let row = row.into_slice().expect("contiguous rows");
        let runs = totals.as_chunks::<QUAD>().0;
        for (number, (totals, length)) in runs.iter().zip(placement.lengths).enumerate() {
            row.iter_mut()
                .skip(placement.at + number * placement.stride)
                .zip(&totals[..length])
                .for_each(|(out, total)| *out = *total);
        }
    }
}
