//! Packed bytes as numbers: a few quads at a time.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::product::narrow;
use super::tile::{Along, Factors, Lanes, Lines, Sums};
use super::vectors::Vector;
use crate::kernels::panels::{Kept, Panels};
use crate::kernels::shape::{COLUMNS, Line, QUAD};

/// Quads that are widened at a time: their lines take 16 KiB, half of the first cache.
pub(super) const QUADS: usize = 64;

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

/// Some quads, widened.
#[repr(align(64))]
pub(super) struct Widened {
    /// Those of the quads before `count`, and of the rest, are numbers.
    lines: [MaybeUninit<Lanes>; QUADS * QUAD],
    /// Which quads they are.
    quads: [u32; QUADS],
    pub(super) count: usize,
    /// Numbers of a quad behind them that is not whole: the last one of an image.
    rest: usize,
}

impl Widened {
    #[inline(always)]
    pub(super) fn empty() -> Self {
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
    pub(super) unsafe fn push_pixels<V: Vector>(
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
    pub(super) unsafe fn tile<V: Vector>(
        &self,
        size: (usize, usize),
        factors: Factors,
        sums: Sums,
    ) {
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
pub(super) struct Counted<'a> {
    kept: Kept<'a>,
    place: usize,
    quads: Range<u32>,
    fills: bool,
}

impl<'a> Counted<'a> {
    #[inline(always)]
    pub(super) fn new(panels: &'a Panels, panel: usize, quads: Range<u32>, fills: bool) -> Self {
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
pub(super) unsafe fn widen_images<'a, V: Vector>(
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
