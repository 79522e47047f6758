//! The kernel with AVX2: bytes are widened to 16 bits, multiplied with 16-bit factors, and added in pairs. The instruction that
//! takes bytes directly saturates, so it is of no use here.
//!
//! What differs from the pseudo-code of [`super::product`], beside the two points there:
//! 1. A panel is computed in halves of eight columns, so that the sums of six rows stay in registers.
//! 2. A product instruction adds a quad's products in pairs only, so each column has two sums until a sum ends.
//! 3. Pixels come in quarters of a line, four columns to a register: widened, a quarter fills one.
//! 4. A row's four factors are loaded and repeated over a register in one go.
//! 5. Each half of a micro-tile asks for its share of the next panel, before its loop: within it, a request costs what a product does.
//! 6. When a sum ends, its two registers are added horizontally, which leaves the columns out of order: a permutation puts them
//!    back.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256, __m256i, _mm_load_si128, _mm_storeu_ps, _mm256_add_epi32, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi16, _mm256_extractf128_ps,
    _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_mul_ps, _mm256_permute4x64_epi64,
    _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_si256, _mm256_storeu_ps,
};

use ndarray::{ArrayViewMut2, Axis};

use super::kernel::MicroKernel;
use super::product::{Checked, MicroTile};
use super::rows::Form;
use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, LINE_BYTES, Line, QUAD};
use crate::kernels::tiles::{Placement, Tiles};

mod packing;

/// Halves of a panel: each has the sums of a row in two registers.
const HALVES: usize = 2;
/// Columns of a half, as many as a register has sums.
const HALF: usize = COLUMNS / HALVES;
/// Registers of a half's pixels, and of the sums of a row: each has a pair of sums for four columns.
const QUARTERS: usize = 2;
/// Bytes that one of these registers has before they are widened.
const QUARTER_BYTES: usize = LINE_BYTES / (HALVES * QUARTERS);

/// AVX2.
pub(super) struct Avx2;

impl MicroKernel for Avx2 {
    /// Twelve registers of sums, two of pixels, one of factors and one of products are all sixteen that there are.
    const ROWS: usize = 6;
    const FORM: Form = Form::Words;

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
/// The CPU has AVX2, and the rest of that contract.
#[target_feature(enable = "avx2")]
unsafe fn micro_tile<const R: usize>(
    product: &Checked<'_>,
    tile: MicroTile,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    // SAFETY: the caller keeps to the same contract, so the rows lie in `out`, and the panel's columns in the rows.
    unsafe {
        let halves = std::array::from_fn(|half| half_tile::<R>(product, tile, half));
        store(&halves, tile, product, out);
    }
}

/// Half number `half` of a micro-tile of `R` rows. It asks for its share of the next panel.
///
/// # Safety
/// As [`micro_tile`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn half_tile<const R: usize>(
    product: &Checked<'_>,
    tile: MicroTile,
    half: usize,
) -> [__m256; R] {
    let MicroTile {
        panel,
        first,
        share: [number, shares],
        ..
    } = tile;
    let row_bytes = 2 * QUAD * product.quads();
    let factors = product.factors(first, R);
    let scales = product.scales(first, R);
    let mut totals: [__m256; R] =
        std::array::from_fn(|row| _mm256_set1_ps(product.start(first + row)));
    let mut pairs: [[__m256i; QUARTERS]; R] = [[_mm256_setzero_si256(); QUARTERS]; R];
    product.for_each_segment(panel, |segment| {
        segment.ask_for_next([HALVES * number + half, HALVES * shares]);
        for (line, &quad) in segment.kept.lines.iter().zip(segment.kept.quads) {
            let at = (segment.first_quad + quad as usize) * 2 * QUAD;
            let pixels: [__m256i; QUARTERS] = std::array::from_fn(|quarter| {
                // SAFETY: this is a quarter of a line, which is aligned to more than a quarter is long.
                let bytes = unsafe {
                    let at = (half * QUARTERS + quarter) * QUARTER_BYTES;
                    _mm_load_si128(line.0.as_ptr().add(at).cast())
                };
                _mm256_cvtepu8_epi16(bytes)
            });
            for row in 0..R {
                // SAFETY: the product was checked, so a kept quad has its four factors in each of the R rows.
                let words = unsafe {
                    let at = factors.as_ptr().add(row * row_bytes + at);
                    _mm256_set1_epi64x(at.cast::<i64>().read_unaligned())
                };
                for quarter in 0..QUARTERS {
                    let products = _mm256_madd_epi16(pixels[quarter], words);
                    pairs[row][quarter] = _mm256_add_epi32(pairs[row][quarter], products);
                }
            }
        }
        let Some(number) = segment.ends_sum else {
            return;
        };
        for row in 0..R {
            // Of a and b with columns 0 1 | 2 3 and 4 5 | 6 7 this makes 0 1 4 5 | 2 3 6 7, which is then put in order.
            let sum = _mm256_hadd_epi32(pairs[row][0], pairs[row][1]);
            let sum = _mm256_permute4x64_epi64::<0b11_01_10_00>(sum);
            let scale = _mm256_set1_ps(scales.of(row, number));
            let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
            totals[row] = _mm256_add_ps(totals[row], scaled);
            pairs[row] = [_mm256_setzero_si256(); QUARTERS];
        }
    });
    totals
}

/// Stores the sums of a micro-tile.
///
/// # Safety
/// The CPU has AVX2, the rows lie in `out`, and the runs of the placement lie in each of them.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store<const R: usize>(
    halves: &[[__m256; R]; HALVES],
    tile: MicroTile,
    product: &Checked<'_>,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let MicroTile {
        placement, first, ..
    } = tile;
    let Placement {
        at,
        stride,
        lengths,
    } = placement;
    let row_stride = out.stride_of(Axis(0));
    for row in 0..R {
        if lengths == [QUAD; COLUMNS / QUAD] {
            // SAFETY: the row lies in `out`, and so do the four runs of four.
            unsafe {
                let row_start = out.as_mut_ptr().offset((first + row) as isize * row_stride);
                for (half, totals) in halves.iter().enumerate() {
                    let to = row_start.add(at + 2 * half * stride);
                    _mm_storeu_ps(to, _mm256_castps256_ps128(totals[row]));
                    _mm_storeu_ps(to.add(stride), _mm256_extractf128_ps::<1>(totals[row]));
                }
            }
        } else {
            let mut totals = [0.0; COLUMNS];
            for (half, to) in halves.iter().zip(totals.as_chunks_mut::<HALF>().0) {
                // SAFETY: this is room for eight numbers.
                unsafe { _mm256_storeu_ps(to.as_mut_ptr(), half[row]) };
            }
            product.store(out, first + row, placement, &totals);
        }
    }
}
