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

// Loops over columns, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::mem::MaybeUninit;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::product::narrow;
use super::tile::{self, Along, Factors, Lanes, Lines, Sums};
use super::vectors::{Vector, for_every_vector};
use crate::kernels::level::Level;
use crate::kernels::panels::{Kept, Panels};
use crate::kernels::shape::{COLUMNS, Line, QUAD};
use crate::kernels::tiles::{Placement, Tiles};

/// Quads that are widened at a time: their lines take 16 KiB, half of the first cache.
const QUADS: usize = 64;
/// Panels that are widened at a time, where their columns are images: each row of weights is then read half as often.
const PANELS: usize = 2;
/// Rows of a gradient whose sums are kept at hand.
const ROWS: usize = 128;

/// How bytes become numbers: `x = factor · u + offset`, by pixel.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a> {
    /// The factor of each pixel, filled up with zeros to whole quads.
    pub factor: &'a [f32],
    /// The offset of each pixel, filled up like that.
    pub offset: &'a [f32],
    /// Whether a black pixel is another number than 0: some offset is not 0.
    pub fills: bool,
}

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
    /// `first_unit` and column `first_pixel` on, which begins a strip of tiles. Overwrites `d_w`, whose rows are contiguous.
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
        for row in (0..units).step_by(ROWS) {
            let rows = ROWS.min(units - row);
            for panel in tiles.first_tile(first_pixel)..end {
                let mut sums = [[0.0; COLUMNS]; ROWS];
                let range = (first_unit + row, rows);
                // SAFETY: the sizes were checked; every kept quad of a panel lies within its room, which has its deltas.
                unsafe { gradient(level, self, chunks, range, (panel, &mut sums)) };
                let placement = tiles.placement(panel);
                for (number, sums) in sums[..rows].iter().enumerate() {
                    let to = d_w.row_mut(row + number);
                    let to = to.into_slice().expect("contiguous rows");
                    store(sums, placement, first_pixel, to);
                }
            }
        }
    }
}

/// Stores the sums of a panel's columns where they lie in a row of pixels from number `first` on.
fn store(sums: &Lanes, placement: Placement, first: usize, row: &mut [f32]) {
    let runs = sums.as_chunks::<QUAD>().0;
    for (number, (sums, length)) in runs.iter().zip(placement.lengths).enumerate() {
        if length > 0 {
            let at = placement.at - first + number * placement.stride;
            row[at..at + length].copy_from_slice(&sums[..length]);
        }
    }
}

/// Some quads, widened.
#[repr(align(64))]
struct Widened {
    /// Those of the quads before `count`, and of the rest, are numbers.
    lines: [MaybeUninit<Lanes>; QUADS * QUAD],
    /// Which quads they are.
    quads: [u32; QUADS],
    count: usize,
    /// Numbers of a quad behind them that is not whole: the last one of an image.
    rest: usize,
}

impl Widened {
    #[inline(always)]
    fn empty() -> Self {
        Self {
            lines: [MaybeUninit::uninit(); QUADS * QUAD],
            quads: [0; QUADS],
            count: 0,
            rest: 0,
        }
    }

    /// Adds a quad of images as columns: each of its four lines has a factor and an offset.
    ///
    /// # Safety
    /// The CPU has the vector's instructions.
    #[inline(always)]
    unsafe fn push_images<V: Vector>(
        &mut self,
        (quad, line): (u32, &Line),
        factor: [f32; QUAD],
        offset: [f32; QUAD],
    ) {
        let to = self.next(quad);
        // SAFETY: the caller says so, and `to` has these lines.
        unsafe {
            let numbers = V::widen(line);
            for line in 0..QUAD {
                let (factor, offset) = (V::splat(factor[line]), V::splat(offset[line]));
                let mut numbers = numbers[line];
                for number in numbers.as_mut() {
                    *number = V::multiply_add(*number, factor, offset);
                }
                V::store(numbers, to[line].as_mut_ptr().cast());
            }
        }
    }

    /// Adds a quad of pixels as columns: each column has a factor and an offset.
    ///
    /// # Safety
    /// The CPU has the vector's instructions.
    #[inline(always)]
    unsafe fn push_pixels<V: Vector>(
        &mut self,
        (quad, line): (u32, &Line),
        [factor, offset]: [V::Line; 2],
    ) {
        let to = self.next(quad);
        let (factor, offset) = (factor.as_ref(), offset.as_ref());
        // SAFETY: the caller says so, and `to` has these lines.
        unsafe {
            let numbers = V::widen(line);
            for line in 0..QUAD {
                let mut numbers = numbers[line];
                for (part, number) in numbers.as_mut().iter_mut().enumerate() {
                    *number = V::multiply_add(*number, factor[part], offset[part]);
                }
                V::store(numbers, to[line].as_mut_ptr().cast());
            }
        }
    }

    /// Room for the lines of a quad.
    #[inline(always)]
    fn next(&mut self, quad: u32) -> &mut [MaybeUninit<Lanes>; QUAD] {
        let place = self.count;
        self.quads[place] = quad;
        self.count += 1;
        &mut self.lines.as_chunks_mut::<QUAD>().0[place]
    }

    /// The micro-tile of these quads, of so many rows and columns; `factors` are those of its first row.
    ///
    /// # Safety
    /// That of [`tile::compute`], but that `sums` has only so many columns.
    #[inline(always)]
    unsafe fn tile<V: Vector>(&self, size: (usize, usize), factors: Factors, sums: Sums) {
        let lines = Lines {
            start: self.lines.as_ptr().cast(),
            stride: COLUMNS as isize,
        };
        let along = Along::Quads(&self.quads[..self.count]);
        // SAFETY: the caller keeps to the same contract. The quad that is not whole lies behind the others.
        unsafe {
            narrow::<V>(size, along, (factors, lines, sums));
            if self.rest > 0 {
                let operands = (
                    factors.from(self.quads[self.count] as usize * QUAD),
                    lines.from(self.count * QUAD),
                    sums,
                );
                narrow::<V>(size, Along::All(self.rest), operands);
            }
        }
    }
}

/// The quads of a panel that count, in their order: the kept ones, or all of them, where black is another number than 0.
struct Counted<'a> {
    kept: Kept<'a>,
    place: usize,
    quads: Range<u32>,
    fills: bool,
}

impl<'a> Counted<'a> {
    #[inline(always)]
    fn new(panels: &'a Panels, panel: usize, quads: Range<u32>, fills: bool) -> Self {
        let kept = panels.segment(panel, 0);
        Self {
            place: kept.quads.partition_point(|&quad| quad < quads.start),
            kept,
            quads,
            fills,
        }
    }
}

impl<'a> Iterator for Counted<'a> {
    type Item = (u32, &'a Line);

    #[inline(always)]
    fn next(&mut self) -> Option<(u32, &'a Line)> {
        let quad = self.kept.quads.get(self.place).copied();
        let quad = quad.filter(|&quad| quad < self.quads.end);
        if self.fills {
            let next = self.quads.next()?;
            if quad != Some(next) {
                return Some((next, &Line::ZERO));
            }
        }
        let quad = quad?;
        let line = &self.kept.lines[self.place];
        self.place += 1;
        Some((quad, line))
    }
}

/// Widens those of `quads` that count, of a panel whose columns are images of `pixels` pixels. Returns the kept lines behind them.
///
/// # Safety
/// The CPU has the vector's instructions.
#[inline(always)]
unsafe fn widen_images<'a, V: Vector>(
    bytes: Bytes<'_>,
    (panels, panel): (&'a Panels, usize),
    (quads, pixels): (Range<u32>, usize),
    widened: &mut Widened,
) -> &'a [Line] {
    let factors = bytes.factor.as_chunks::<QUAD>().0;
    let offsets = bytes.offset.as_chunks::<QUAD>().0;
    (widened.count, widened.rest) = (0, 0);
    let mut counted = Counted::new(panels, panel, quads, bytes.fills);
    for (quad, line) in &mut counted {
        let place = quad as usize;
        // SAFETY: the caller says so.
        unsafe { widened.push_images::<V>((quad, line), factors[place], offsets[place]) };
        if (place + 1) * QUAD > pixels {
            widened.count -= 1;
            widened.rest = pixels % QUAD;
        }
    }
    &counted.kept.lines[counted.place..]
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
                soon.iter().take(QUADS).for_each(|line| V::ask_for(line));
            }
            for (row, rows) in tile::row_groups::<V>(units) {
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
                        widened.tile::<V>((rows, width), all.from_row(row), sums);
                    }
                }
            }
        }
    }
}

for_every_vector! {
    /// Adds the products of a panel, whose columns are pixels, to `sums`, for so many units from a first one on.
    ///
    /// # Safety
    /// [`Deltas::gradient`] has checked the sizes, and there are as many sums as units.
    gradient, gradient_body(
        of: &Deltas<'_>,
        chunks: &[Panels],
        units: (usize, usize),
        sums: (usize, &mut [Lanes; ROWS])
    )
}

/// # Safety
/// That of [`gradient`].
#[inline(always)]
unsafe fn gradient_body<V: Vector>(
    of: &Deltas<'_>,
    chunks: &[Panels],
    (first, units): (usize, usize),
    (panel, sums): (usize, &mut [Lanes; ROWS]),
) {
    // SAFETY: the caller says that the CPU has these instructions.
    let scale = column_scale(of, panel).map(|numbers| unsafe { V::load(numbers.as_ptr()) });
    let mut widened = Widened::empty();
    let mut before = 0;
    for (number, chunk) in chunks.iter().enumerate() {
        let room = chunk.quads() as u32;
        let soon = match chunks.get(number + 1) {
            Some(next) => next.segment(panel, 0).lines,
            None => chunks[0].room(panel + 1).lines,
        };
        soon.iter().take(QUADS).for_each(|line| V::ask_for(line));
        for (quad, line) in Counted::new(chunk, panel, 0..room, of.bytes.fills) {
            // SAFETY: the caller says that the CPU has these instructions.
            unsafe { widened.push_pixels::<V>((before + quad, line), scale) };
            if widened.count == QUADS {
                // SAFETY: the caller keeps to the same contract.
                unsafe { add_pixels::<V>(of, (first, units), &widened, sums) };
                widened.count = 0;
            }
        }
        before += room;
    }
    // SAFETY: as above.
    unsafe { add_pixels::<V>(of, (first, units), &widened, sums) };
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
            let factors = all.from_row(first + row);
            widened.tile::<V>((rows, COLUMNS), factors, sums.from_row(row));
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
