//! The products with AVX2: bytes widened to 16 bits, multiplied with 16-bit factors and added in pairs. The instruction that
//! takes bytes directly saturates, so it is of no use here.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepu8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use ndarray::{ArrayViewMut2, Axis};

use super::{Job, LANES, QUAD, QUAD_BYTES};
use crate::kernels::pack;

/// Rows of a tile: of each a panel's pairs of sums, 12 registers; with one of pixels and one of factors 14 of 16.
const ROWS: usize = 3;
/// Registers of a panel's sums, two for each column.
const PARTS: usize = 4;

/// # Safety
/// The CPU has AVX2, and the sizes of `job` fit `out`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn product(job: &Job<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    let (rows, columns) = out.dim();
    for column in (0..columns).step_by(LANES) {
        for first in (0..rows).step_by(ROWS) {
            // SAFETY: the tile lies within `out`, and the sizes fit by this function's own contract.
            unsafe {
                match rows - first {
                    1 => tile::<1>(job, first, column, out),
                    2 => tile::<2>(job, first, column, out),
                    _ => tile::<ROWS>(job, first, column, out),
                }
            }
        }
    }
}

/// # Safety
/// As [`product`]; `R` rows from `first` on and a panel's columns, perhaps not all, from `column` on lie in `out`.
#[target_feature(enable = "avx2")]
unsafe fn tile<const R: usize>(
    job: &Job<'_>,
    first: usize,
    column: usize,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let quads = job.factors.quads;
    let length = quads * QUAD;
    let factors = &job.factors.bytes[2 * (job.first_row + first) * length..][..2 * R * length];
    let panel_bytes = pack::panel_bytes(quads);
    let panel = &job.panels[column / LANES * panel_bytes..][..panel_bytes];
    let width = (out.len_of(Axis(1)) - column).min(LANES);
    for row in 0..R {
        if let Some(start) = job.start(first + row) {
            columns(out, first + row, column, width).fill(start);
        }
    }
    for (number, segment) in job.segments.iter().enumerate() {
        let mut pairs: [[__m256i; PARTS]; R] = [[_mm256_setzero_si256(); PARTS]; R];
        for quad in segment.clone() {
            let mut words = [_mm256_setzero_si256(); R];
            for (row, words) in words.iter_mut().enumerate() {
                // SAFETY: the segment's quads lie within each row.
                let quad = unsafe {
                    let at = factors.as_ptr().add(2 * (row * length + quad * QUAD));
                    at.cast::<i64>().read_unaligned()
                };
                *words = _mm256_set1_epi64x(quad);
            }
            for part in 0..PARTS {
                // SAFETY: the segment's quads lie within the panel.
                let bytes = unsafe {
                    let at = panel
                        .as_ptr()
                        .add(quad * QUAD_BYTES + part * (QUAD_BYTES / PARTS));
                    _mm_loadu_si128(at.cast())
                };
                let pixels = _mm256_cvtepu8_epi16(bytes);
                for row in 0..R {
                    let products = _mm256_madd_epi16(pixels, words[row]);
                    pairs[row][part] = _mm256_add_epi32(pairs[row][part], products);
                }
            }
        }
        for row in 0..R {
            let mut sums = [0_i32; LANES];
            for half in 0..2 {
                // Of a and b with columns 0 1 | 2 3 and 4 5 | 6 7 this makes 0 1 4 5 | 2 3 6 7, which is then put in order.
                let sum = _mm256_hadd_epi32(pairs[row][2 * half], pairs[row][2 * half + 1]);
                let sum = _mm256_permute4x64_epi64::<0b11_01_10_00>(sum);
                // SAFETY: eight of the sixteen sums.
                unsafe { _mm256_storeu_si256(sums.as_mut_ptr().add(8 * half).cast(), sum) };
            }
            let scale = job.scale(first + row, number);
            for (out, sum) in columns(out, first + row, column, width)
                .iter_mut()
                .zip(sums)
            {
                *out += sum as f32 * scale;
            }
        }
    }
}

/// Some columns of a row.
fn columns<'a>(
    out: &'a mut ArrayViewMut2<'_, f32>,
    row: usize,
    column: usize,
    width: usize,
) -> &'a mut [f32] {
    let row = out.index_axis_mut(Axis(0), row);
    &mut row.into_slice().expect("contiguous rows")[column..column + width]
}
