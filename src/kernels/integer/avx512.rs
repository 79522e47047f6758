//! The products with AVX-512 VNNI: four products of a byte and a signed byte, added to each of sixteen sums, in one instruction.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T0, _mm_prefetch, _mm_storeu_ps, _mm512_add_epi32, _mm512_add_ps,
    _mm512_castps512_ps128, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_extractf32x4_ps,
    _mm512_load_si512, _mm512_mask_storeu_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_si512, _mm512_slli_epi32,
};

use ndarray::{ArrayViewMut2, Axis};

use super::{COLUMNS, Job, QUAD};
use crate::kernels::Placement;
use crate::kernels::pack::Kept;

/// Rows of a tile: of each a panel's high and low sums, 20 registers; with one of pixels 21 of 32. Every factor is used once,
/// so it comes from memory with the instruction that uses it: 21 loads for 20 products, of which the CPU does one a cycle.
const ROWS: usize = super::ROWS_OF_MICRO_TILE;

/// # Safety
/// The CPU has AVX-512 F, BW, VL and VNNI, and the sizes of `job` fit `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn product(job: &Job<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    let rows = out.len_of(Axis(0));
    job.for_each_tile(rows, ROWS, |panel, first, rows| {
        // SAFETY: the rows lie within `out`, and the sizes fit by this function's own contract.
        unsafe {
            match rows {
                1 => tile::<1>(job, first, panel, out),
                2 => tile::<2>(job, first, panel, out),
                3 => tile::<3>(job, first, panel, out),
                4 => tile::<4>(job, first, panel, out),
                5 => tile::<5>(job, first, panel, out),
                6 => tile::<6>(job, first, panel, out),
                7 => tile::<7>(job, first, panel, out),
                8 => tile::<8>(job, first, panel, out),
                9 => tile::<9>(job, first, panel, out),
                _ => tile::<ROWS>(job, first, panel, out),
            }
        }
    });
}

/// # Safety
/// As [`product`]; `R` rows from `first` on lie in `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tile<const R: usize>(
    job: &Job<'_>,
    first: usize,
    panel: usize,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let length = job.factors.quads * QUAD;
    let factors = &job.factors.bytes[2 * (job.first_row + first) * length..][..2 * R * length];
    let tiles = out.len_of(Axis(0)).div_ceil(ROWS);
    let mut totals: [__m512; R] = std::array::from_fn(|row| _mm512_set1_ps(job.start(first + row)));
    let mut high: [__m512i; R] = [_mm512_setzero_si512(); R];
    let mut low = high;
    job.for_each_part(panel, |part| {
        // This tile asks for its share of the next panel: only a panel's first tile touches new lines, and the ones after it
        // none, so that the hardware's own streams have no time to run ahead.
        let share = part.kept.lines.len().div_ceil(tiles);
        let before = first / ROWS * share;
        for (number, (line, &quad)) in part.kept.lines.iter().zip(part.kept.quads).enumerate() {
            #[allow(unused_unsafe)] // newer compilers know that it is safe
            // SAFETY: a prefetch of any address is sound.
            unsafe {
                let ahead = before + number.min(share);
                let Kept { lines, quads } = part.next;
                _mm_prefetch::<_MM_HINT_T0>(lines.as_ptr().wrapping_add(ahead).cast());
                _mm_prefetch::<_MM_HINT_T0>(quads.as_ptr().wrapping_add(ahead).cast());
            }
            // SAFETY: a line is as long as a register, and aligned like one.
            let pixels = unsafe { _mm512_load_si512(line.0.as_ptr().cast()) };
            let at = (part.first_quad + quad as usize) * QUAD;
            for row in 0..R {
                // SAFETY: a kept quad lies within the room of its panels, which lies within each of the rows' two halves.
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
        if let Some(scale) = part.ends_sum {
            for row in 0..R {
                let scale = _mm512_set1_ps(job.scale(first + row, scale));
                let sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(high[row]), low[row]);
                let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
                totals[row] = _mm512_add_ps(totals[row], scaled);
                high[row] = _mm512_setzero_si512();
                low[row] = _mm512_setzero_si512();
            }
        }
    });
    let Placement {
        at,
        stride,
        lengths,
    } = job.placement(panel);
    let run = COLUMNS / lengths.len();
    let row_stride = out.stride_of(Axis(0));
    for row in 0..R {
        // SAFETY: the row lies in `out`, and so do a spot's runs; other lanes are masked.
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
