//! Products with packed pixels: bytes become `f32` numbers a few at a time, in the first cache, and are multiplied there.
//!
//! ```text
//! for each panel of sixteen columns, some quads at a time:
//!     widen each kept quad: four lines, x = factor · u + offset
//!     for each micro-tile's rows: the micro-tile of these lines
//! ```
//!
//! A quad that is black in all columns is not kept. Where the offsets are 0 it adds nothing and is passed over; else it is widened as
//! the zeros that it is ([`Bytes::fills`]).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::tile::{self, Factors, Lanes, Sums};
use super::vectors::{Vector, for_every_vector};
use super::widened::{Bytes, Counted, QUADS, Widened, widen_images};
use crate::kernels;
use crate::kernels::level::Level;
use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, QUAD};
use crate::kernels::tiles::{Placement, Tiles};

/// Panels that are widened at a time, where their columns are images: each row of weights is then read half as often.
const PANELS: usize = 2;
/// Quads of images in a sum, where chunks have no more: sums of sums lose fewer digits than one long sum does.
const QUADS_OF_SUM: usize = 128;
/// Rows of a gradient whose sums are kept at hand.
const ROWS: usize = 128;

/// The first layer's forward product.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `(units, pixels)`
    pub weights: ArrayView2<'a, f32>,
    /// What each unit's sum begins with.
    pub starts: &'a [f32],
    /// What the pixels are.
    pub bytes: Bytes<'a>,
}

/// The first layer's gradient.
#[derive(Clone, Copy, Debug)]
pub struct Deltas<'a> {
    /// `(units, images)`; of every chunk as many as there is room for, with zeros where no image is.
    pub deltas: ArrayView2<'a, f32>,
    /// What the pixels are.
    pub bytes: Bytes<'a>,
    /// How pixels are divided into columns.
    pub tiles: Tiles,
}

impl Weights<'_> {
    /// `z[unit][image] = start[unit] + Σ over pixels of weight[unit][pixel] · x[pixel][image]`. Overwrites `z`, `(units, images)`, whose
    /// rows are contiguous.
    ///
    /// # Panics
    /// If the sizes differ, the weights' rows are not contiguous, or the panels have several segments or too few images.
    pub fn forward(&self, level: Level, panels: &Panels, mut z: ArrayViewMut2<'_, f32>) {
        let Self {
            weights,
            starts,
            bytes,
        } = *self;
        let ((units, images), pixels) = (z.dim(), weights.ncols());
        let quads = pixels.div_ceil(QUAD);
        assert!(
            weights.nrows() == units && starts.len() >= units,
            "weights and a start for each unit"
        );
        assert!(
            weights.strides()[1] == 1 && (z.strides()[1] == 1 || images <= 1),
            "contiguous rows"
        );
        assert!(
            panels.segments() == 1
                && panels.quads() >= quads
                && panels.count() * COLUMNS >= images
                && [bytes.factor, bytes.offset].map(<[f32]>::len) == [quads * QUAD; 2],
            "panels of these images, and a scale for each pixel"
        );
        for (mut row, &start) in z.rows_mut().into_iter().zip(starts) {
            row.fill(start);
        }
        // SAFETY: the sizes were checked; every kept quad of a panel lies within its room, and those beyond the pixels are left out.
        unsafe { forward(level, self, panels, &mut z) }
    }
}

impl Deltas<'_> {
    /// `d_w[unit][pixel] = Σ over images of delta[unit][image] · x[pixel][image]`, for as many units and pixels as `d_w` has from row
    /// `first_unit` and column `first_pixel` on, which begins a strip of tiles. Sums are of some five hundred images at a time, and then
    /// added up. Overwrites `d_w`, whose rows are contiguous.
    ///
    /// # Panics
    /// If there are other units or images than the chunks have room for, or columns do not begin and end where a strip of tiles does.
    pub fn gradient(
        &self,
        level: Level,
        chunks: &[Panels],
        [first_unit, first_pixel]: [usize; 2],
        mut d_w: ArrayViewMut2<'_, f32>,
    ) {
        let Self {
            deltas,
            bytes,
            tiles,
        } = *self;
        let (units, pixels) = d_w.dim();
        let last = first_pixel + pixels;
        let strip = tiles.strip_pixels();
        assert!(
            first_pixel.is_multiple_of(strip)
                && (last.is_multiple_of(strip) || last == tiles.pixels()),
            "columns of whole strips"
        );
        let room = chunks.first().map_or(0, Panels::quads);
        assert!(
            first_unit + units <= deltas.nrows()
                && room * chunks.len() * QUAD <= deltas.ncols()
                && (deltas.strides()[1] == 1 || deltas.ncols() <= 1),
            "a delta for each image, in contiguous rows"
        );
        let is_whole = |panels: &Panels| {
            (panels.segments(), panels.quads(), panels.count()) == (1, room, tiles.count())
        };
        assert!(
            chunks.iter().all(is_whole)
                && [bytes.factor, bytes.offset]
                    .map(|scale| scale.len() >= tiles.pixels())
                    .iter()
                    .all(|&is| is),
            "chunks of one form, and a scale for each pixel"
        );
        let end = if last.is_multiple_of(strip) {
            tiles.first_tile(last)
        } else {
            tiles.count()
        };
        let mut totals = [[[0.0; COLUMNS]; ROWS]; 2];
        for row in (0..units).step_by(ROWS) {
            let rows = ROWS.min(units - row);
            for panel in tiles.first_tile(first_pixel)..end {
                totals[0][..rows].fill([0.0; COLUMNS]);
                let range = (first_unit + row, rows);
                // SAFETY: the sizes were checked; every kept quad of a panel lies within its room, which has its deltas.
                unsafe { gradient(level, self, chunks, range, (panel, &mut totals)) };
                let placement = tiles.placement(panel);
                for (number, totals) in totals[0][..rows].iter().enumerate() {
                    let to = d_w.row_mut(row + number);
                    let to = to.into_slice().expect("contiguous rows");
                    store(totals, placement, first_pixel, to);
                }
            }
        }
    }
}

/// Stores the sums of a panel's columns where they lie in a row of pixels from number `first` on.
fn store(sums: &Lanes, placement: Placement, first: usize, row: &mut [f32]) {
    let runs = sums.as_chunks::<QUAD>().0;
    for (number, (sums, length)) in runs.iter().zip(placement.lengths).enumerate() {
        let at = (placement.at + number * placement.stride).wrapping_sub(first);
        match row.get_mut(at..).and_then(<[f32]>::first_chunk_mut) {
            Some(to) if length == QUAD => *to = *sums, // a copy of unknown length is a call
            _ if length > 0 => row[at..at + length].copy_from_slice(&sums[..length]),
            _ => {}
        }
    }
}

for_every_vector! {
    /// # Safety
    /// [`Weights::forward`] has checked the sizes.
    forward, forward_body(of: &Weights<'_>, panels: &Panels, z: &mut ArrayViewMut2<'_, f32>)
}

/// # Safety
/// That of [`forward`].
#[inline(always)]
unsafe fn forward_body<V: Vector>(
    of: &Weights<'_>,
    panels: &Panels,
    z: &mut ArrayViewMut2<'_, f32>,
) {
    let mut widened = std::array::from_fn::<_, PANELS, _>(|_| Widened::empty());
    let (units, images) = z.dim();
    let pixels = of.weights.ncols();
    let quads = pixels.div_ceil(QUAD);
    let blocks = quads.div_ceil(QUADS);
    let row_stride = z.strides()[0];
    let all = Factors {
        start: of.weights.as_ptr(),
        row_stride: of.weights.strides()[0],
        stride: 1,
    };
    for first in (0..images.div_ceil(COLUMNS)).step_by(PANELS) {
        let count = PANELS.min(images.div_ceil(COLUMNS) - first);
        for block in 0..blocks {
            let quads = (block * quads / blocks) as u32..((block + 1) * quads / blocks) as u32;
            let is_last = block + 1 == blocks;
            for (number, widened) in widened[..count].iter_mut().enumerate() {
                let panel = first + number;
                // SAFETY: the caller says that the CPU has these instructions.
                let behind = unsafe {
                    widen_images::<V>(of.bytes, (panels, panel), (quads.clone(), pixels), widened)
                };
                let soon = if is_last {
                    panels.room(panel + PANELS).lines
                } else {
                    behind
                };
                kernels::ask_for(soon.as_ptr(), QUADS);
            }
            for (row, rows) in tile::row_groups::<V>(units) {
                let numbers = quads.start as usize * QUAD..quads.end as usize * QUAD;
                all.ask_for(row + rows..row + 2 * rows, numbers);
                for (number, widened) in widened[..count].iter().enumerate() {
                    let column = (first + number) * COLUMNS;
                    let width = COLUMNS.min(images - column);
                    // SAFETY: the rows and the columns are of the output, and the weights have every quad's pixels.
                    unsafe {
                        let start = z.as_mut_ptr().offset(row as isize * row_stride).add(column);
                        let sums = Sums {
                            start,
                            row_stride,
                            accumulate: true,
                        };
                        widened.tile::<V>((rows, width), all.rows_from(row), sums);
                    }
                }
            }
        }
    }
}

for_every_vector! {
    /// Adds the products of a panel, whose columns are pixels, to the first of `totals`, for so many units from a first one on; the
    /// second is room.
    ///
    /// # Safety
    /// [`Deltas::gradient`] has checked the sizes, and there are as many totals as units.
    gradient, gradient_body(
        of: &Deltas<'_>,
        chunks: &[Panels],
        units: (usize, usize),
        totals: (usize, &mut [[Lanes; ROWS]; 2])
    )
}

/// # Safety
/// That of [`gradient`].
#[inline(always)]
unsafe fn gradient_body<V: Vector>(
    of: &Deltas<'_>,
    chunks: &[Panels],
    (first, units): (usize, usize),
    (panel, [totals, sums]): (usize, &mut [[Lanes; ROWS]; 2]),
) {
    // SAFETY: the caller says that the CPU has these instructions.
    let scale = column_scale(of, panel).map(|numbers| unsafe { V::load(numbers.as_ptr()) });
    let mut widened = Widened::empty();
    let mut before = 0;
    let room = chunks.first().map_or(0, Panels::quads);
    let chunks_of_sum = (QUADS_OF_SUM / room.max(1)).max(1);
    for (group, of_sum) in chunks.chunks(chunks_of_sum).enumerate() {
        sums[..units].fill([0.0; COLUMNS]);
        for (number, chunk) in of_sum.iter().enumerate() {
            let next = chunks.get(group * chunks_of_sum + number + 1);
            let soon = next.map_or(chunks[0].room(panel + 1), |next| next.segment(panel, 0));
            kernels::ask_for(soon.lines.as_ptr(), QUADS);
            for (quad, line) in Counted::new(chunk, panel, 0..room as u32, of.bytes.fills) {
                // SAFETY: the caller says that the CPU has these instructions.
                unsafe { widened.push_pixels::<V>((before + quad, line), scale) };
                if widened.count == QUADS {
                    // SAFETY: the caller keeps to the same contract.
                    unsafe { add_pixels::<V>(of, (first, units), &widened, sums) };
                    widened.count = 0;
                }
            }
            before += room as u32;
        }
        // SAFETY: as above.
        unsafe { add_pixels::<V>(of, (first, units), &widened, sums) };
        widened.count = 0;
        for (total, sum) in totals[..units].iter_mut().zip(sums.iter()) {
            for column in 0..COLUMNS {
                total[column] += sum[column];
            }
        }
    }
}

/// Adds the products of what is widened to the sums of all units.
///
/// # Safety
/// That of [`gradient`], and the deltas have the quads that are widened.
#[inline(always)]
unsafe fn add_pixels<V: Vector>(
    of: &Deltas<'_>,
    (first, units): (usize, usize),
    widened: &Widened,
    sums: &mut [Lanes; ROWS],
) {
    let sums = Sums {
        start: sums.as_mut_ptr().cast(),
        row_stride: COLUMNS as isize,
        accumulate: true,
    };
    let all = Factors {
        start: of.deltas.as_ptr(),
        row_stride: of.deltas.strides()[0],
        stride: 1,
    };
    for (row, rows) in tile::row_groups::<V>(units) {
        // SAFETY: the units have their sums, and the deltas of every quad.
        unsafe {
            let factors = all.rows_from(first + row);
            widened.tile::<V>((rows, COLUMNS), factors, sums.rows_from(row));
        }
    }
}

/// The factor and the offset of each of a panel's columns, which are pixels; of those that are not there, 0.
#[inline(always)]
fn column_scale(of: &Deltas<'_>, panel: usize) -> [Lanes; 2] {
    let Placement {
        at,
        stride,
        lengths,
    } = of.tiles.placement(panel);
    [of.bytes.factor, of.bytes.offset].map(|scale| {
        std::array::from_fn(|column| {
            let (run, place) = (column / QUAD, column % QUAD);
            let pixel = at + run * stride + place;
            if place < lengths[run] {
                scale[pixel]
            } else {
                0.0
            }
        })
    })
}
