//! The products with AVX-512 VNNI: four products of a byte and a signed byte, added to each of sixteen sums, in one instruction.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_epi32, _mm512_add_ps,
    _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_setzero_si512, _mm512_slli_epi32,
};

use ndarray::{ArrayViewMut2, Axis};

use super::{Job, LANES, QUAD, QUAD_BYTES};
use crate::kernels::pack;

/// Rows of a tile: of each two panels' high and low sums, 20 registers; with two of pixels and one of factors 23 of 32.
const ROWS: usize = 5;
/// Panels of a tile.
const PANELS: usize = 2;

/// # Safety
/// The CPU has AVX-512 F, BW and VNNI, and the sizes of `job` fit `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn product(job: &Job<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    let (rows, columns) = out.dim();
    let tiles = rows.div_ceil(ROWS);
    let bytes = PANELS * pack::panel_bytes(job.factors.quads);
    let share = bytes.div_ceil(tiles).next_multiple_of(QUAD_BYTES);
    for first_column in (0..columns).step_by(PANELS * LANES) {
        let width = (columns - first_column).min(PANELS * LANES);
        let next = first_column / LANES * pack::panel_bytes(job.factors.quads) + bytes;
        for (tile_number, first) in (0..rows).step_by(ROWS).enumerate() {
            let ahead = next + tile_number * share;
            let place = Place {
                row: first,
                column: first_column,
                width,
                ahead,
                ahead_last: ahead + share - QUAD_BYTES,
            };
            // SAFETY: the tile lies within `out`, and the sizes fit by this function's own contract.
            unsafe {
                match ((rows - first).min(ROWS), width > LANES) {
                    (1, true) => tile::<1, 2>(job, place, out),
                    (2, true) => tile::<2, 2>(job, place, out),
                    (3, true) => tile::<3, 2>(job, place, out),
                    (4, true) => tile::<4, 2>(job, place, out),
                    (_, true) => tile::<ROWS, 2>(job, place, out),
                    (1, false) => tile::<1, 1>(job, place, out),
                    (2, false) => tile::<2, 1>(job, place, out),
                    (3, false) => tile::<3, 1>(job, place, out),
                    (4, false) => tile::<4, 1>(job, place, out),
                    (_, false) => tile::<ROWS, 1>(job, place, out),
                }
            }
        }
    }
}

/// Where a tile begins in the output, and its columns.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    width: usize,
    /// Bytes of the panels, from the first one's beginning, that will be wanted soon: this tile asks for them.
    ahead: usize,
    ahead_last: usize,
}

/// # Safety
/// As [`product`]; `R` rows and `P` panels' columns, the last one's perhaps not all, lie in `out` from `place` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn tile<const R: usize, const P: usize>(
    job: &Job<'_>,
    place: Place,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let quads = job.factors.quads;
    let length = quads * QUAD;
    let factors = &job.factors.bytes[2 * (job.first_row + place.row) * length..][..2 * R * length];
    let panel_bytes = pack::panel_bytes(quads);
    let panels = &job.panels[place.column / LANES * panel_bytes..][..P * panel_bytes];
    let mask = |panel: usize| -> u16 {
        let width = place.width - panel * LANES;
        if width >= LANES {
            u16::MAX
        } else {
            (1 << width) - 1
        }
    };
    let row_stride = out.stride_of(Axis(0));
    // SAFETY: the place lies in `out`.
    let corner = unsafe {
        out.as_mut_ptr()
            .offset(place.row as isize * row_stride)
            .add(place.column)
    };

    let mut totals: [[__m512; P]; R] = [[_mm512_setzero_ps(); P]; R];
    for row in 0..R {
        for panel in 0..P {
            totals[row][panel] = match job.start(place.row + row) {
                Some(start) => _mm512_set1_ps(start),
                // SAFETY: lanes beyond the output's columns are masked.
                None => unsafe {
                    let from = corner.offset(row as isize * row_stride).add(panel * LANES);
                    _mm512_maskz_loadu_ps(mask(panel), from)
                },
            };
        }
    }
    for (number, segment) in job.segments.iter().enumerate() {
        let mut high: [[__m512i; P]; R] = [[_mm512_setzero_si512(); P]; R];
        let mut low = high;
        for quad in segment.clone() {
            let ahead = (place.ahead + quad * QUAD_BYTES).min(place.ahead_last);
            #[allow(unused_unsafe)] // newer compilers know that it is safe
            // SAFETY: a prefetch of any address is sound.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(job.panels.as_ptr().wrapping_add(ahead).cast());
            }
            let mut pixels = [_mm512_setzero_si512(); P];
            for panel in 0..P {
                // SAFETY: the segment's quads lie within each panel.
                pixels[panel] = unsafe {
                    _mm512_loadu_si512(
                        panels
                            .as_ptr()
                            .add(panel * panel_bytes + quad * QUAD_BYTES)
                            .cast(),
                    )
                };
            }
            for row in 0..R {
                // SAFETY: the segment's quads lie within each of the rows' two halves.
                let (h, l) = unsafe {
                    let at = factors.as_ptr().add(2 * row * length + quad * QUAD);
                    (
                        at.cast::<i32>().read_unaligned(),
                        at.add(length).cast::<i32>().read_unaligned(),
                    )
                };
                let (h, l) = (_mm512_set1_epi32(h), _mm512_set1_epi32(l));
                for panel in 0..P {
                    high[row][panel] = _mm512_dpbusd_epi32(high[row][panel], pixels[panel], h);
                    low[row][panel] = _mm512_dpbusd_epi32(low[row][panel], pixels[panel], l);
                }
            }
        }
        for row in 0..R {
            let scale = _mm512_set1_ps(job.scale(place.row + row, number));
            for panel in 0..P {
                let sum =
                    _mm512_add_epi32(_mm512_slli_epi32::<8>(high[row][panel]), low[row][panel]);
                let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
                totals[row][panel] = _mm512_add_ps(totals[row][panel], scaled);
            }
        }
    }
    for row in 0..R {
        for panel in 0..P {
            // SAFETY: lanes beyond the output's columns are masked.
            unsafe {
                let to = corner.offset(row as isize * row_stride).add(panel * LANES);
                _mm512_mask_storeu_ps(to, mask(panel), totals[row][panel]);
            }
        }
    }
}
