//! Packing with AVX-512: matrices of quads, and of bytes, transposed in registers.

use std::arch::x86_64::{
    __m512i, _MM_HINT_T1, _mm_prefetch, _mm512_load_si512, _mm512_maskz_loadu_epi8,
    _mm512_set_epi8, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4,
    _mm512_store_si512, _mm512_test_epi32_mask, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, LINE_BYTES, Line, QUAD};
use crate::kernels::tiles::Tiles;

/// See [`MicroKernel::transpose`](super::MicroKernel::transpose). The images are of one length, and `lines` are no more than their quads.
///
/// ```text
/// for each 64 bytes of the images:
///     load them as a row for each image, zero where the image ends: 16 x 16 quads
///     transpose the quads, and store each column as a line
/// ```
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn transpose(images: &[&[u8]], next: &[&[u8]], lines: &mut [Line]) {
    for (number, lines) in lines.chunks_mut(COLUMNS).enumerate() {
        let at = number * LINE_BYTES;
        for image in next {
            #[allow(unused_unsafe)] // newer compilers know that it is safe
            // SAFETY: a prefetch of any address is sound.
            unsafe {
                _mm_prefetch::<_MM_HINT_T1>(image.as_ptr().wrapping_add(at).cast());
            }
        }
        let mut rows = [_mm512_setzero_si512(); COLUMNS];
        for (row, image) in rows.iter_mut().zip(images) {
            let bytes = &image[at..image.len().min(at + LINE_BYTES)];
            let mask = u64::MAX >> (LINE_BYTES - bytes.len());
            // SAFETY: the mask leaves out what lies behind the slice.
            *row = unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) };
        }
        for (line, column) in lines.iter_mut().zip(transposed(rows)) {
            line.set(column);
        }
    }
}

/// See [`MicroKernel::keep`](super::MicroKernel::keep).
#[target_feature(enable = "avx512f")]
pub(super) fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
    let mut count = 0;
    for (quad, line) in (first..).zip(from) {
        // Written in any case, and counted if it is not all zero: the next one takes its place otherwise.
        let line = line.get();
        to[count].set(line);
        kept[count] = quad;
        count += usize::from(_mm512_test_epi32_mask(line, line) != 0);
    }
    count
}

/// A 16 x 16 matrix of quads, transposed: pairs of rows, pairs of pairs, and so on.
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; 16]) -> [__m512i; 16] {
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
        let lanes = transposed_lanes([fours[j], fours[4 + j], fours[8 + j], fours[12 + j]]);
        for (l, lane) in lanes.into_iter().enumerate() {
            columns[4 * l + j] = lane;
        }
    }
    columns
}

/// Four registers of four 16-byte lanes as a 4 x 4 matrix, transposed.
#[target_feature(enable = "avx512f")]
fn transposed_lanes([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
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

/// See [`MicroKernel::pixels`](super::MicroKernel::pixels). What differs from the pseudo-code of [`super::super::portable::pixels`]:
/// 1. All quads of a panel are made at once: a shuffle transposes the 4 x 4 bytes within each lane, then lanes are transposed.
/// 2. Every line is written, and counted only if it is not zero: the next one takes its place otherwise.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pixels(
    panels: &mut Panels,
    first_quad: usize,
    quads: usize,
    lines: &[Line],
    tiles: Tiles,
) {
    // In each lane, four images' four pixels: transposed, four pixels' four images.
    let order = _mm512_set_epi8(
        15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0, 15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5,
        1, 12, 8, 4, 0, 15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0, 15, 11, 7, 3, 14, 10,
        6, 2, 13, 9, 5, 1, 12, 8, 4, 0,
    );
    for panel in 0..panels.count {
        let mut runs = [_mm512_setzero_si512(); COLUMNS / QUAD];
        for (pixels, run) in runs.iter_mut().zip(tiles.runs_of(panel)) {
            if let Some(line) = lines.get(run) {
                *pixels = _mm512_shuffle_epi8(line.get(), order);
            }
        }
        let mut end = panels.ends[panel];
        let room = panel * panels.quads..(panel + 1) * panels.quads;
        let (lines, kept) = (&mut panels.lines[room.clone()], &mut panels.kept[room]);
        for (quad, pixels) in (first_quad..first_quad + quads).zip(transposed_lanes(runs)) {
            lines[end as usize].set(pixels);
            kept[end as usize] = quad as u32;
            end += u32::from(_mm512_test_epi32_mask(pixels, pixels) != 0);
        }
        panels.ends[panel] = end;
    }
}

impl Line {
    #[target_feature(enable = "avx512f")]
    fn get(&self) -> __m512i {
        // SAFETY: a line is as long as a register, and aligned like one.
        unsafe { _mm512_load_si512(self.0.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    fn set(&mut self, bytes: __m512i) {
        // SAFETY: a line is as long as a register, and aligned like one.
        unsafe { _mm512_store_si512(self.0.as_mut_ptr().cast(), bytes) }
    }
}
