//! The products with AVX2: bytes widened to 16 bits, multiplied with 16-bit factors and added in pairs. The instruction that
//! takes bytes directly saturates, so it is of no use here.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256i, _mm_load_si128, _mm256_add_epi32, _mm256_cvtepu8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use ndarray::{ArrayViewMut2, Axis};

use super::{COLUMNS, Job, QUAD, QUAD_BYTES};

/// Rows of a tile: of each a panel's pairs of sums, 12 registers; with one of pixels and one of factors 14 of 16.
const ROWS: usize = 3;
/// Registers of a panel's sums, two for each column.
const PARTS: usize = 4;

/// # Safety
/// The CPU has AVX2, and the sizes of `job` fit `out`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn product(job: &Job<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    let rows = out.len_of(Axis(0));
    job.for_each_tile(rows, ROWS, |panel, first, rows| {
        // SAFETY: the rows lie within `out`, and the sizes fit by this function's own contract.
        unsafe {
            match rows {
                1 => tile::<1>(job, first, panel, out),
                2 => tile::<2>(job, first, panel, out),
                _ => tile::<ROWS>(job, first, panel, out),
            }
        }
    });
}

/// # Safety
/// As [`product`]; `R` rows from `first` on lie in `out`.
#[target_feature(enable = "avx2")]
unsafe fn tile<const R: usize>(
    job: &Job<'_>,
    first: usize,
    panel: usize,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let length = job.factors.quads * QUAD;
    let factors = &job.factors.bytes[2 * (job.first_row + first) * length..][..2 * R * length];
    let mut totals: [[f32; COLUMNS]; R] =
        std::array::from_fn(|row| [job.start(first + row); COLUMNS]);
    let mut pairs: [[__m256i; PARTS]; R] = [[_mm256_setzero_si256(); PARTS]; R];
    job.for_each_part(panel, |part| {
        for (line, &quad) in part.kept.lines.iter().zip(part.kept.quads) {
            let quad = part.first_quad + quad as usize;
            let mut words = [_mm256_setzero_si256(); R];
            for (row, words) in words.iter_mut().enumerate() {
                // SAFETY: a kept quad lies within the room of its panels, which lies within each row.
                let quad = unsafe {
                    let at = factors.as_ptr().add(2 * (row * length + quad * QUAD));
                    at.cast::<i64>().read_unaligned()
                };
                *words = _mm256_set1_epi64x(quad);
            }
            for part in 0..PARTS {
                // SAFETY: a quarter of a line, which is aligned to more than that.
                let bytes = unsafe {
                    let at = line.0.as_ptr().add(part * (QUAD_BYTES / PARTS));
                    _mm_load_si128(at.cast())
                };
                let pixels = _mm256_cvtepu8_epi16(bytes);
                for row in 0..R {
                    let products = _mm256_madd_epi16(pixels, words[row]);
                    pairs[row][part] = _mm256_add_epi32(pairs[row][part], products);
                }
            }
        }
        let Some(scale) = part.ends_sum else {
            return;
        };
        for row in 0..R {
            let mut sums = [0_i32; COLUMNS];
            for half in 0..2 {
                // Of a and b with columns 0 1 | 2 3 and 4 5 | 6 7 this makes 0 1 4 5 | 2 3 6 7, which is then put in order.
                let sum = _mm256_hadd_epi32(pairs[row][2 * half], pairs[row][2 * half + 1]);
                let sum = _mm256_permute4x64_epi64::<0b11_01_10_00>(sum);
                // SAFETY: eight of the sixteen sums.
                unsafe { _mm256_storeu_si256(sums.as_mut_ptr().add(8 * half).cast(), sum) };
            }
            pairs[row] = [_mm256_setzero_si256(); PARTS];
            let scale = job.scale(first + row, scale);
            for (total, sum) in totals[row].iter_mut().zip(sums) {
                *total += sum as f32 * scale;
            }
        }
    });
    for (row, totals) in totals.iter().enumerate() {
        job.store(out, first + row, job.placement(panel), totals);
    }
}
