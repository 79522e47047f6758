//! The kernel with AVX-512 VNNI: one instruction multiplies a byte with a signed byte four times, and adds that to each of sixteen
//! sums.
//!
//! What differs from the pseudo-code of [`super::product`], beside the two points there:
//! 1. A factor is `256 high + low`, so each column has two sums. When a sum ends they are put together modulo 2³²: the whole fits
//!    into 32 bits, even where a part does not.
//! 2. Every factor is used once, so it comes from memory with the instruction that uses it.
//! 3. Each micro-tile asks for its share of the next panel, before its loop: within it, a request costs what a load does.
//! 4. Results are stored from the register by runs, with masks where a run is short.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m512, __m512i, _mm_storeu_ps, _mm512_add_epi32, _mm512_add_ps, _mm512_castps512_ps128,
    _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_extractf32x4_ps, _mm512_load_si512,
    _mm512_mask_storeu_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_slli_epi32,
};

use ndarray::{ArrayViewMut2, Axis};

use super::kernel::MicroKernel;
use super::product::{Checked, MicroTile};
use super::rows::Form;
use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, Line, QUAD};
use crate::kernels::tiles::{Placement, Tiles};

mod packing;

/// AVX-512 F, BW, VL and VNNI.
pub(super) struct Avx512;

impl MicroKernel for Avx512 {
    /// The high and low sums of ten rows are 20 registers, with one of pixels 21 of 32: 21 loads for 20 products, of which the CPU
    /// does one a cycle.
    const ROWS: usize = 10;
    const FORM: Form = Form::Halves;

    unsafe fn micro_tile<const R: usize>(
        product: &Checked<'_>,
        tile: MicroTile,
        out: &mut ArrayViewMut2<'_, f32>,
    ) {
        // SAFETY: the caller keeps to the same contract.
        unsafe { micro_tile::<R>(product, tile, out) }
    }

    unsafe fn transpose(images: &[&[u8]], next: &[&[u8]], lines: &mut [Line]) {
        // SAFETY: the caller says that the CPU has these instructions.
        unsafe { packing::transpose(images, next, lines) }
    }

    unsafe fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
        // SAFETY: as above.
        unsafe { packing::keep(first, from, to, kept) }
    }

    unsafe fn pixels(
        panels: &mut Panels,
        first_quad: usize,
        quads: usize,
        lines: &[Line],
        tiles: Tiles,
    ) {
        // SAFETY: as above.
        unsafe { packing::pixels(panels, first_quad, quads, lines, tiles) }
    }
}

/// See [`MicroKernel::micro_tile`].
///
/// # Safety
/// The CPU has AVX-512 F, BW, VL and VNNI, and the rest of that contract.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn micro_tile<const R: usize>(
    product: &Checked<'_>,
    tile: MicroTile,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let MicroTile {
        panel,
        placement,
        first,
        share,
    } = tile;
    let length = product.quads() * QUAD;
    let factors = product.factors(first, R);
    let scales = product.scales(first, R);
    let mut totals: [__m512; R] =
        std::array::from_fn(|row| _mm512_set1_ps(product.start(first + row)));
    let mut high: [__m512i; R] = [_mm512_setzero_si512(); R];
    let mut low = high;
    product.for_each_segment(panel, |segment| {
        // Only a panel's first micro-tile touches new lines, and those after it touch none, so that the hardware's own streams have no
        // time to run ahead.
        segment.ask_for_next(share);
        for (line, &quad) in segment.kept.lines.iter().zip(segment.kept.quads) {
            // SAFETY: a line is as long as a register, and aligned like one.
            let pixels = unsafe { _mm512_load_si512(line.0.as_ptr().cast()) };
            let at = (segment.first_quad + quad as usize) * QUAD;
            for row in 0..R {
                // SAFETY: the product was checked, so a kept quad has its four factors in both halves of each of the R rows.
                let (h, l) = unsafe {
                    let at = factors.as_ptr().add(2 * row * length + at);
                    (
                        at.cast::<i32>().read_unaligned(),
                        at.add(length).cast::<i32>().read_unaligned(),
                    )
                };
                high[row] = _mm512_dpbusd_epi32(high[row], pixels, _mm512_set1_epi32(h));
                low[row] = _mm512_dpbusd_epi32(low[row], pixels, _mm512_set1_epi32(l));
            }
        }
        if let Some(number) = segment.ends_sum {
            for row in 0..R {
                let scale = _mm512_set1_ps(scales.of(row, number));
                let sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(high[row]), low[row]);
                let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
                totals[row] = _mm512_add_ps(totals[row], scaled);
                high[row] = _mm512_setzero_si512();
                low[row] = _mm512_setzero_si512();
            }
        }
    });
    // SAFETY: the rows lie in `out`, and the product was checked, so the panel's columns lie in the rows.
    unsafe { store(&totals, placement, first, out) }
}

/// Stores a panel's sums of `R` rows of the output, from row `first` on.
///
/// # Safety
/// The CPU has AVX-512 F, BW, VL and VNNI, the rows lie in `out`, and the runs of `placement` lie in each of them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn store<const R: usize>(
    totals: &[__m512; R],
    placement: Placement,
    first: usize,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let Placement {
        at,
        stride,
        lengths,
    } = placement;
    let run = COLUMNS / lengths.len();
    let row_stride = out.stride_of(Axis(0));
    for row in 0..R {
        // SAFETY: the row lies in `out`, and so do the runs; what lies between or behind them is masked.
        unsafe {
            let row_start = out.as_mut_ptr().offset((first + row) as isize * row_stride);
            if stride == run {
                let width: usize = lengths.iter().sum();
                let mask = (u32::MAX >> (32 - width)) as u16;
                _mm512_mask_storeu_ps(row_start.add(at), mask, totals[row]);
            } else if lengths == [run; COLUMNS / QUAD] {
                // The common case, without the masks, which cost a store what four stores do.
                let to = row_start.add(at);
                _mm_storeu_ps(to, _mm512_castps512_ps128(totals[row]));
                _mm_storeu_ps(to.add(stride), _mm512_extractf32x4_ps::<1>(totals[row]));
                _mm_storeu_ps(to.add(2 * stride), _mm512_extractf32x4_ps::<2>(totals[row]));
                _mm_storeu_ps(to.add(3 * stride), _mm512_extractf32x4_ps::<3>(totals[row]));
            } else {
                for (number, length) in lengths.into_iter().enumerate() {
                    let mask = ((1_u16 << length) - 1) << (number * run);
                    let to = row_start.add(at).wrapping_add(number * stride);
                    _mm512_mask_storeu_ps(to.wrapping_sub(number * run), mask, totals[row]);
                }
            }
        }
    }
}
