//! The kernel with AVX2: bytes are widened to 16 bits, multiplied with 16-bit factors, and added in pairs. The instruction that
//! takes bytes directly saturates, so it is of no use here.
//!
//! What differs from the pseudo-code of [`super::product`], beside the two points there:
//! 1. A product instruction adds a quad's products in pairs only, so each column has two sums until a sum ends.
//! 2. Pixels come in quarters of a line, four columns to a register: widened, a quarter fills one.
//! 3. All of a row's four factors are loaded and repeated over a register in one go, before the quarters.
//! 4. When a sum ends, neighbouring registers are added horizontally, which leaves the columns out of order: a permutation puts
//!    them back.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256i, _mm_load_si128, _mm256_add_epi32, _mm256_cvtepu8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use ndarray::ArrayViewMut2;

use super::kernel::MicroKernel;
use super::portable;
use super::product::Checked;
use super::rows::Form;
use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, LINE_BYTES, Line, QUAD};
use crate::kernels::tiles::Tiles;

/// Quarters of a line, and registers of a row's sums: each has a pair of sums for four columns.
const QUARTERS: usize = 4;

/// AVX2.
pub(super) struct Avx2;

impl MicroKernel for Avx2 {
    /// Twelve registers of sums, three of factors, one of pixels and one of products are one more than there are: one sum travels
    /// through the stack.
    const ROWS: usize = 3;
    const FORM: Form = Form::Words;

    unsafe fn micro_tile<const R: usize>(
        product: &Checked<'_>,
        first: usize,
        panel: usize,
        out: &mut ArrayViewMut2<'_, f32>,
    ) {
        // SAFETY: the caller keeps to the same contract.
        unsafe { micro_tile::<R>(product, first, panel, out) }
    }

    // Packing is scalar with AVX2: nobody has written it with vectors yet.

    unsafe fn transpose(images: &[&[u8]], _next: &[&[u8]], lines: &mut [Line]) {
        portable::transpose(images, lines);
    }

    unsafe fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
        portable::keep(first, from, to, kept)
    }

    unsafe fn pixels(
        panels: &mut Panels,
        first_quad: usize,
        quads: usize,
        lines: &[Line],
        tiles: Tiles,
    ) {
        portable::pixels(panels, first_quad, quads, lines, tiles);
    }
}

/// See [`MicroKernel::micro_tile`].
///
/// # Safety
/// The CPU has AVX2, and the rest of that contract.
#[target_feature(enable = "avx2")]
unsafe fn micro_tile<const R: usize>(
    product: &Checked<'_>,
    first: usize,
    panel: usize,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let length = product.quads() * QUAD;
    let factors = product.factors(first, R);
    let mut totals: [[f32; COLUMNS]; R] =
        std::array::from_fn(|row| [product.start(first + row); COLUMNS]);
    let mut pairs: [[__m256i; QUARTERS]; R] = [[_mm256_setzero_si256(); QUARTERS]; R];
    product.for_each_segment(panel, |segment| {
        for (line, &quad) in segment.kept.lines.iter().zip(segment.kept.quads) {
            let quad = segment.first_quad + quad as usize;
            let mut words = [_mm256_setzero_si256(); R];
            for (row, words) in words.iter_mut().enumerate() {
                // SAFETY: the product was checked, so a kept quad has its four factors in each of the R rows.
                let quad = unsafe {
                    let at = factors.as_ptr().add(2 * (row * length + quad * QUAD));
                    at.cast::<i64>().read_unaligned()
                };
                *words = _mm256_set1_epi64x(quad);
            }
            for quarter in 0..QUARTERS {
                // SAFETY: this is a quarter of a line, which is aligned to more than a quarter is long.
                let bytes = unsafe {
                    let at = line.0.as_ptr().add(quarter * (LINE_BYTES / QUARTERS));
                    _mm_load_si128(at.cast())
                };
                let pixels = _mm256_cvtepu8_epi16(bytes);
                for row in 0..R {
                    let products = _mm256_madd_epi16(pixels, words[row]);
                    pairs[row][quarter] = _mm256_add_epi32(pairs[row][quarter], products);
                }
            }
        }
        let Some(scale) = segment.ends_sum else {
            return;
        };
        for row in 0..R {
            let mut sums = [0_i32; COLUMNS];
            for half in 0..2 {
                // Of a and b with columns 0 1 | 2 3 and 4 5 | 6 7 this makes 0 1 4 5 | 2 3 6 7, which is then put in order.
                let sum = _mm256_hadd_epi32(pairs[row][2 * half], pairs[row][2 * half + 1]);
                let sum = _mm256_permute4x64_epi64::<0b11_01_10_00>(sum);
                // SAFETY: these are eight of the sixteen sums.
                unsafe { _mm256_storeu_si256(sums.as_mut_ptr().add(8 * half).cast(), sum) };
            }
            pairs[row] = [_mm256_setzero_si256(); QUARTERS];
            let scale = product.scale(first + row, scale);
            for (total, sum) in totals[row].iter_mut().zip(sums) {
                *total += sum as f32 * scale;
            }
        }
    });
    for (row, totals) in totals.iter().enumerate() {
        product.store(out, first + row, product.placement(panel), totals);
    }
}
