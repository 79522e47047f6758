//! Packed bytes as numbers: a few quads at a time.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::kernel::MicroKernel;
use super::product::narrow;
use super::tile::{Along, Factors, Lanes, Lines, Sums};
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
    /// The CPU has the kernel's instructions.
    unsafe fn push_images<K: MicroKernel>(
        &mut self,
        (quad, line): (u32, &Line),
        scale: [&[f32; QUAD]; 2],
    ) {
        let to = self.next(quad).as_mut_ptr().cast();
        // SAFETY: the caller says so, and there is room for four lines.
        unsafe { K::widen_images(line, scale, to) };
    }

    /// Adds a quad of pixels as columns: each column has a factor and an offset.
    ///
    /// # Safety
    /// The CPU has the kernel's instructions.
    pub(super) unsafe fn push_pixels<K: MicroKernel>(
        &mut self,
        (quad, line): (u32, &Line),
        scale: [&Lanes; 2],
    ) {
        let to = self.next(quad).as_mut_ptr().cast();
        // SAFETY: the caller says so, and there is room for four lines.
        unsafe { K::widen_pixels(line, scale, to) };
    }

    /// Room for the lines of a quad.
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
    pub(super) unsafe fn tile<K: MicroKernel>(
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
            narrow::<K>(size, along, (factors, lines, sums));
            if self.rest > 0 {
                let operands = (
                    factors.from(self.quads[self.count] as usize * QUAD),
                    lines.from(self.count * QUAD),
                    sums,
                );
                narrow::<K>(size, Along::All(self.rest), operands);
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
/// The CPU has the kernel's instructions.
pub(super) unsafe fn widen_images<'a, K: MicroKernel>(
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
        unsafe { widened.push_images::<K>((quad, line), [&factors[place], &offsets[place]]) };
        if (place + 1) * QUAD > pixels {
            widened.count -= 1;
            widened.rest = pixels % QUAD;
        }
    }
    &counted.kept.lines[counted.place..]
}
