//! Packing with AVX-512: matrices of quads, and of bytes, turned in registers.

use std::arch::x86_64::{
    __m512i, _mm512_maskz_loadu_epi8, _mm512_maskz_loadu_epi32, _mm512_setzero_si512,
    _mm512_shuffle_i32x4, _mm512_store_si512, _mm512_test_epi32_mask, _mm512_unpackhi_epi8,
    _mm512_unpackhi_epi16, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi8,
    _mm512_unpacklo_epi16, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::ops::Range;

use super::{LANES, Line, Panels, QUAD};

/// Quads that one load brings.
const QUADS: usize = 16;
/// Pixels that one load brings.
const PIXELS: usize = 64;

/// See [`super::images`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn images(
    images: &[u8],
    stride: usize,
    quads: Range<usize>,
    lines: &mut [Line],
    kept: &mut [u32],
) -> usize {
    let images = images.chunks_exact(stride);
    let mut count = 0;
    for first in quads.clone().step_by(QUADS) {
        let width = (quads.end - first).min(QUADS);
        let mask = if width < QUADS {
            (1_u16 << width) - 1
        } else {
            u16::MAX
        };
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, image) in rows.iter_mut().zip(images.clone()) {
            let quads = &image[first * QUAD..][..width * QUAD];
            // SAFETY: the mask leaves out what lies behind the slice.
            *row = unsafe { _mm512_maskz_loadu_epi32(mask, quads.as_ptr().cast()) };
        }
        for (quad, column) in (first..first + width).zip(turn(rows)) {
            // Written in any case, and counted if it is not all zero: the next one takes its place otherwise.
            lines[count].set(column);
            kept[count] = quad as u32;
            count += usize::from(_mm512_test_epi32_mask(column, column) != 0);
        }
    }
    count
}

/// A 16 x 16 matrix of quads, turned: pairs of rows, pairs of pairs, and so on.
#[target_feature(enable = "avx512f")]
fn turn(rows: [__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    let (mut pairs, mut fours) = ([zero; 16], [zero; 16]);
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    for i in 0..4 {
        let [a, b, c, d] = [
            pairs[4 * i],
            pairs[4 * i + 1],
            pairs[4 * i + 2],
            pairs[4 * i + 3],
        ];
        fours[4 * i] = _mm512_unpacklo_epi64(a, c);
        fours[4 * i + 1] = _mm512_unpackhi_epi64(a, c);
        fours[4 * i + 2] = _mm512_unpacklo_epi64(b, d);
        fours[4 * i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    // fours[4 i + j] has, in its lane l, column 4 l + j of rows 4 i to 4 i + 3: what is left is to turn lanes.
    let mut columns = [zero; 16];
    for j in 0..4 {
        let lanes = turn_lanes([fours[j], fours[4 + j], fours[8 + j], fours[12 + j]]);
        for (l, lane) in lanes.into_iter().enumerate() {
            columns[4 * l + j] = lane;
        }
    }
    columns
}

/// Four registers of four 16-byte lanes as a 4 x 4 matrix, turned.
#[target_feature(enable = "avx512f")]
fn turn_lanes([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let ab_even = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b); // a0 a2 b0 b2
    let ab_odd = _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b);
    let cd_even = _mm512_shuffle_i32x4::<0b10_00_10_00>(c, d);
    let cd_odd = _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d);
    [
        _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_even, cd_even), // a0 b0 c0 d0
        _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_odd, cd_odd),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_even, cd_even),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_odd, cd_odd),
    ]
}

/// See [`super::Panels::add_images`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pixels(panels: &mut Panels, quad: u32, images: &[u8], stride: usize) {
    let count = panels.count;
    for (group, ends) in panels.ends[..count].chunks_mut(PIXELS / LANES).enumerate() {
        let first = group * PIXELS;
        let width = (count * LANES - first).min(PIXELS);
        let mut rows = [_mm512_setzero_si512(); QUAD];
        for (row, image) in rows.iter_mut().zip(images.chunks_exact(stride)) {
            let pixels = &image[first..][..width];
            // SAFETY: the mask leaves out what lies behind the slice.
            *row = unsafe {
                _mm512_maskz_loadu_epi8(u64::MAX >> (PIXELS - width), pixels.as_ptr().cast())
            };
        }
        let [a, b, c, d] = rows;
        let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
        // Each has, in its lane l, four of the pixels 16 l to 16 l + 15.
        let quads = turn_lanes([
            _mm512_unpacklo_epi16(ab_low, cd_low),
            _mm512_unpackhi_epi16(ab_low, cd_low),
            _mm512_unpacklo_epi16(ab_high, cd_high),
            _mm512_unpackhi_epi16(ab_high, cd_high),
        ]);
        let room = group * (PIXELS / LANES) * panels.quads;
        for (panel, (end, pixels)) in ends.iter_mut().zip(quads).enumerate() {
            let at = room + panel * panels.quads + *end as usize;
            panels.lines[at].set(pixels);
            panels.kept[at] = quad;
            *end += u32::from(_mm512_test_epi32_mask(pixels, pixels) != 0);
        }
    }
}

impl Line {
    #[target_feature(enable = "avx512f")]
    fn set(&mut self, bytes: __m512i) {
        // SAFETY: a line is as long as a register, and aligned like one.
        unsafe { _mm512_store_si512(self.0.as_mut_ptr().cast(), bytes) }
    }
}
