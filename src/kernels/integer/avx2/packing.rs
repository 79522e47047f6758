//! Packing with AVX2: matrices of quads, and of bytes, transposed in registers.

use std::arch::x86_64::{
    __m256i, _MM_HINT_T1, _mm_load_si128, _mm_prefetch, _mm_set_epi8, _mm_shuffle_epi8,
    _mm_store_si128, _mm256_load_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_setzero_si256, _mm256_store_si256, _mm256_testz_si256,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};

use crate::kernels::panels::Panels;
use crate::kernels::shape::{COLUMNS, LINE_BYTES, Line, QUAD};
use crate::kernels::tiles::Tiles;

/// Registers of a line.
const HALVES: usize = 2;
/// Bytes of a register.
const REGISTER: usize = LINE_BYTES / HALVES;
/// Columns of half a line.
const HALF: usize = COLUMNS / HALVES;

/// See [`MicroKernel::transpose`](super::MicroKernel::transpose). The images are of one length, and `lines` are no more than their quads.
///
/// ```text
/// for each 32 bytes of the images:
///     for each eight images:
///         load the bytes as a row for each image, zero where the image ends: 8 x 8 quads
///         transpose the quads, and store each column as half a line
/// ```
#[target_feature(enable = "avx2")]
pub(super) fn transpose(images: &[&[u8]], next: &[&[u8]], lines: &mut [Line]) {
    for (number, lines) in lines.chunks_mut(HALF).enumerate() {
        let at = number * REGISTER;
        if at.is_multiple_of(LINE_BYTES) {
            for image in next {
                #[allow(unused_unsafe)] // newer compilers know that it is safe
                // SAFETY: a prefetch of any address is sound.
                unsafe {
                    _mm_prefetch::<_MM_HINT_T1>(image.as_ptr().wrapping_add(at).cast());
                }
            }
        }
        for half in 0..HALVES {
            let mut rows = [_mm256_setzero_si256(); HALF];
            for (row, image) in rows.iter_mut().zip(images.iter().skip(half * HALF)) {
                *row = load(&image[at..]);
            }
            for (line, column) in lines.iter_mut().zip(transposed(rows)) {
                line.set_half(half, column);
            }
        }
    }
}

/// The first 32 bytes, zero where there are fewer.
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8]) -> __m256i {
    match bytes.first_chunk::<REGISTER>() {
        // SAFETY: these are as many bytes as a register has.
        Some(bytes) => unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) },
        None => {
            let mut all = [0; REGISTER];
            all[..bytes.len()].copy_from_slice(bytes);
            // SAFETY: as above.
            unsafe { _mm256_loadu_si256(all.as_ptr().cast()) }
        }
    }
}

/// An 8 x 8 matrix of quads, transposed: pairs of rows, pairs of pairs, and halves.
#[target_feature(enable = "avx2")]
fn transposed(rows: [__m256i; HALF]) -> [__m256i; HALF] {
    let zero = _mm256_setzero_si256();
    let (mut pairs, mut fours) = ([zero; HALF], [zero; HALF]);
    for i in 0..4 {
        pairs[2 * i] = _mm256_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    for i in 0..2 {
        let [a, b, c, d] = [
            pairs[4 * i],
            pairs[4 * i + 1],
            pairs[4 * i + 2],
            pairs[4 * i + 3],
        ];
        fours[4 * i] = _mm256_unpacklo_epi64(a, c);
        fours[4 * i + 1] = _mm256_unpackhi_epi64(a, c);
        fours[4 * i + 2] = _mm256_unpacklo_epi64(b, d);
        fours[4 * i + 3] = _mm256_unpackhi_epi64(b, d);
    }
    // fours[4 i + j] has, in its lane l, column 4 l + j of rows 4 i to 4 i + 3: what is left is to turn lanes.
    let mut columns = [zero; HALF];
    for j in 0..4 {
        columns[j] = _mm256_permute2x128_si256::<0x20>(fours[j], fours[4 + j]);
        columns[4 + j] = _mm256_permute2x128_si256::<0x31>(fours[j], fours[4 + j]);
    }
    columns
}

/// See [`MicroKernel::keep`](super::MicroKernel::keep).
#[target_feature(enable = "avx2")]
pub(super) fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
    let mut count = 0;
    for (quad, line) in (first..).zip(from) {
        // Written in any case, and counted if it is not all zero: the next one takes its place otherwise.
        let (a, b) = (line.half(0), line.half(1));
        let line = &mut to[count];
        line.set_half(0, a);
        line.set_half(1, b);
        kept[count] = quad;
        let any = _mm256_or_si256(a, b);
        count += usize::from(_mm256_testz_si256(any, any) == 0);
    }
    count
}

/// See [`MicroKernel::pixels`](super::MicroKernel::pixels). What differs from the pseudo-code of [`super::super::portable::pixels`]:
/// 1. A shuffle transposes the 4 x 4 bytes of a run at once.
/// 2. Every line is written, and counted only if it is not zero: the next one takes its place otherwise.
#[target_feature(enable = "avx2")]
pub(super) fn pixels(
    panels: &mut Panels,
    first_quad: usize,
    quads: usize,
    lines: &[Line],
    tiles: Tiles,
) {
    /// Bytes of a quad of images in a line.
    const QUAD_BYTES: usize = QUAD * QUAD;
    // Four images' four pixels: transposed, four pixels' four images.
    let order = _mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    for panel in 0..panels.count {
        let runs = tiles
            .runs_of(panel)
            .map(|run| lines.get(run).unwrap_or(&Line::ZERO));
        let mut end = panels.ends[panel];
        let room = panel * panels.quads..(panel + 1) * panels.quads;
        let (to, kept) = (&mut panels.lines[room.clone()], &mut panels.kept[room]);
        for quad in 0..quads {
            let line = &mut to[end as usize];
            let from = quad * QUAD_BYTES;
            for (run, to) in runs.iter().zip(line.0.as_chunks_mut::<QUAD_BYTES>().0) {
                let pixels = &run.0[from..from + QUAD_BYTES];
                // SAFETY: both are sixteen bytes, and aligned to as many, since a line is aligned to more.
                unsafe {
                    let pixels = _mm_load_si128(pixels.as_ptr().cast());
                    _mm_store_si128(to.as_mut_ptr().cast(), _mm_shuffle_epi8(pixels, order));
                }
            }
            kept[end as usize] = (first_quad + quad) as u32;
            let any = _mm256_or_si256(line.half(0), line.half(1));
            end += u32::from(_mm256_testz_si256(any, any) == 0);
        }
        panels.ends[panel] = end;
    }
}

impl Line {
    #[target_feature(enable = "avx2")]
    fn half(&self, half: usize) -> __m256i {
        let bytes = &self.0.as_chunks::<REGISTER>().0[half];
        // SAFETY: half a line is as long as a register, and aligned like one.
        unsafe { _mm256_load_si256(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn set_half(&mut self, half: usize, to: __m256i) {
        let bytes = &mut self.0.as_chunks_mut::<REGISTER>().0[half];
        // SAFETY: half a line is as long as a register, and aligned like one.
        unsafe { _mm256_store_si256(bytes.as_mut_ptr().cast(), to) }
    }
}
