//! The kernel with AVX-512.
//!
//! A line is one vector. Each product takes its factor from memory, so that loads, two a cycle, are one more than the products, two
//! a cycle too: the more rows, the nearer to the peak. Copies are those of AVX2, which every such CPU has.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::avx2;
use super::kernel::MicroKernel;
use super::tile::{Along, Lanes, Tile};
use crate::kernels::shape::{Line, QUAD};

/// AVX-512 F, with AVX2 and FMA.
pub(super) struct Avx512;

impl MicroKernel for Avx512 {
    const MOST_ROWS: usize = 12;

    unsafe fn tile<const R: usize>(along: Along<'_>, tile: &Tile) {
        // SAFETY: the caller keeps to the same contract, here and below.
        unsafe {
            match along {
                Along::All(count) => all::<R>(count, tile),
                Along::Quads(quads) => of_quads::<R>(quads, tile),
            }
        }
    }

    unsafe fn turn(
        from: *const f32,
        stride: isize,
        sizes: [usize; 2],
        to: *mut Lanes,
    ) -> [usize; 2] {
        // SAFETY: as above.
        unsafe { avx2::turn(from, stride, sizes, to) }
    }

    unsafe fn widen_images(line: &Line, [factor, offset]: [&[f32; QUAD]; 2], to: *mut Lanes) {
        // SAFETY: as above.
        unsafe { avx2::widen_images(line, factor, offset, to) }
    }

    unsafe fn widen_pixels(line: &Line, [factor, offset]: [&Lanes; 2], to: *mut Lanes) {
        // SAFETY: as above.
        unsafe { avx2::widen_pixels(line, factor, offset, to) }
    }
}

/// See [`MicroKernel::tile`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx512f")]
unsafe fn all<const R: usize>(count: usize, tile: &Tile) {
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        let mut sums = load::<R>(tile);
        for k in 0..count {
            add(tile, k, k, &mut sums);
        }
        store(tile, &sums);
    }
}

/// See [`MicroKernel::tile`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx512f")]
unsafe fn of_quads<const R: usize>(quads: &[u32], tile: &Tile) {
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        let mut sums = load::<R>(tile);
        for (place, &quad) in quads.iter().enumerate() {
            let (line, factor) = (QUAD * place, QUAD * quad as usize);
            add(tile, line, factor, &mut sums);
            add(tile, line + 1, factor + 1, &mut sums);
            add(tile, line + 2, factor + 2, &mut sums);
            add(tile, line + 3, factor + 3, &mut sums);
        }
        store(tile, &sums);
    }
}

/// What the sums begin with.
///
/// # Safety
/// That of [`MicroKernel::tile`].
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load<const R: usize>(tile: &Tile) -> [__m512; R] {
    let mut sums = [_mm512_setzero_ps(); R];
    if tile.accumulate {
        for row in 0..R {
            // SAFETY: the caller says that these numbers are there.
            sums[row] = unsafe { _mm512_loadu_ps(tile.sums(row)) };
        }
    }
    sums
}

/// Adds the products of a line with a factor of each row.
///
/// # Safety
/// That of [`MicroKernel::tile`], and there are such a line and such factors.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn add<const R: usize>(tile: &Tile, line: usize, factor: usize, sums: &mut [__m512; R]) {
    // SAFETY: the caller says that these numbers are there.
    unsafe {
        let line = _mm512_loadu_ps(tile.line(line));
        for row in 0..R {
            let factor = _mm512_set1_ps(*tile.factor(row, factor));
            sums[row] = _mm512_fmadd_ps(factor, line, sums[row]);
        }
    }
}

/// # Safety
/// That of [`MicroKernel::tile`].
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store<const R: usize>(tile: &Tile, sums: &[__m512; R]) {
    for row in 0..R {
        // SAFETY: the caller says that these sums may be written to.
        unsafe { _mm512_storeu_ps(tile.sums(row), sums[row]) };
    }
}
