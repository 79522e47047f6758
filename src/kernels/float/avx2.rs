//! The kernel with AVX2 and FMA.
//!
//! A line of sixteen columns is two vectors. Six rows have twelve sums, which with a line and a factor are fifteen of sixteen
//! registers, and enough to keep two units busy that take four cycles.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256, __m256i, _mm_cvtsi32_si128, _mm256_and_si256, _mm256_broadcast_ss, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_permute2f128_ps,
    _mm256_set1_epi32, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_srl_epi32, _mm256_storeu_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::kernel::MicroKernel;
use super::tile::{Along, Lanes, Tile};
use crate::kernels::shape::{Line, QUAD};

/// AVX2 and FMA.
pub(super) struct Avx2;

impl MicroKernel for Avx2 {
    const MOST_ROWS: usize = 6;

    unsafe fn tile<const R: usize>(along: Along<'_>, tile: &Tile) {
        // SAFETY: the caller keeps to the same contract, here and below.
        unsafe {
            match along {
                Along::All(count) => all::<R>(count, tile),
                Along::Quads(quads) => of_quads::<R>(quads, tile),
            }
        }
    }

    unsafe fn turn(
        from: *const f32,
        stride: isize,
        sizes: [usize; 2],
        to: *mut Lanes,
    ) -> [usize; 2] {
        // SAFETY: as above.
        unsafe { turn(from, stride, sizes, to) }
    }

    unsafe fn widen_images(line: &Line, [factor, offset]: [&[f32; QUAD]; 2], to: *mut Lanes) {
        // SAFETY: as above.
        unsafe { widen_images(line, factor, offset, to) }
    }

    unsafe fn widen_pixels(line: &Line, [factor, offset]: [&Lanes; 2], to: *mut Lanes) {
        // SAFETY: as above.
        unsafe { widen_pixels(line, factor, offset, to) }
    }
}

/// See [`MicroKernel::tile`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx2,fma")]
unsafe fn all<const R: usize>(count: usize, tile: &Tile) {
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        let mut sums = load::<R>(tile);
        for k in 0..count {
            add(tile, k, k, &mut sums);
        }
        store(tile, &sums);
    }
}

/// See [`MicroKernel::tile`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx2,fma")]
unsafe fn of_quads<const R: usize>(quads: &[u32], tile: &Tile) {
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        let mut sums = load::<R>(tile);
        for (place, &quad) in quads.iter().enumerate() {
            let (line, factor) = (QUAD * place, QUAD * quad as usize);
            add(tile, line, factor, &mut sums);
            add(tile, line + 1, factor + 1, &mut sums);
            add(tile, line + 2, factor + 2, &mut sums);
            add(tile, line + 3, factor + 3, &mut sums);
        }
        store(tile, &sums);
    }
}

/// What the sums begin with.
///
/// # Safety
/// That of [`MicroKernel::tile`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load<const R: usize>(tile: &Tile) -> [[__m256; 2]; R] {
    let mut sums = [[_mm256_setzero_ps(); 2]; R];
    if tile.accumulate {
        for row in 0..R {
            // SAFETY: the caller says that these numbers are there.
            unsafe {
                let from = tile.sums(row);
                sums[row] = [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))];
            }
        }
    }
    sums
}

/// Adds the products of a line with a factor of each row.
///
/// # Safety
/// That of [`MicroKernel::tile`], and there are such a line and such factors.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn add<const R: usize>(
    tile: &Tile,
    line: usize,
    factor: usize,
    sums: &mut [[__m256; 2]; R],
) {
    // SAFETY: the caller says that these numbers are there.
    unsafe {
        let line = tile.line(line);
        let line = [_mm256_loadu_ps(line), _mm256_loadu_ps(line.add(8))];
        for row in 0..R {
            let factor = _mm256_broadcast_ss(&*tile.factor(row, factor));
            sums[row][0] = _mm256_fmadd_ps(factor, line[0], sums[row][0]);
            sums[row][1] = _mm256_fmadd_ps(factor, line[1], sums[row][1]);
        }
    }
}

/// # Safety
/// That of [`MicroKernel::tile`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn store<const R: usize>(tile: &Tile, sums: &[[__m256; 2]; R]) {
    for row in 0..R {
        // SAFETY: the caller says that these sums may be written to.
        unsafe {
            let to = tile.sums(row);
            _mm256_storeu_ps(to, sums[row][0]);
            _mm256_storeu_ps(to.add(8), sums[row][1]);
        }
    }
}

/// Byte number `number` of each column, as numbers.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn numbers(line: &Line, number: usize) -> [__m256; 2] {
    // SAFETY: a line is two vectors long.
    let words: [__m256i; 2] = unsafe {
        let from = line.0.as_ptr().cast::<__m256i>();
        [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))]
    };
    let (low, count) = (_mm256_set1_epi32(255), _mm_cvtsi32_si128(8 * number as i32));
    let byte = |word| _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srl_epi32(word, count), low));
    [byte(words[0]), byte(words[1])]
}

/// See [`MicroKernel::widen_images`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn widen_images(
    line: &Line,
    factor: &[f32; QUAD],
    offset: &[f32; QUAD],
    to: *mut Lanes,
) {
    for number in 0..QUAD {
        let [first, second] = numbers(line, number);
        let factor = _mm256_broadcast_ss(&factor[number]);
        let offset = _mm256_broadcast_ss(&offset[number]);
        // SAFETY: the caller says that there is room for four lines.
        unsafe {
            let to = to.add(number).cast::<f32>();
            _mm256_storeu_ps(to, _mm256_fmadd_ps(first, factor, offset));
            _mm256_storeu_ps(to.add(8), _mm256_fmadd_ps(second, factor, offset));
        }
    }
}

/// See [`MicroKernel::widen_pixels`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn widen_pixels(line: &Line, factor: &Lanes, offset: &Lanes, to: *mut Lanes) {
    // SAFETY: sixteen numbers are two vectors, and the caller says that there is room for four lines.
    unsafe {
        let (factor, offset) = (factor.as_ptr(), offset.as_ptr());
        let factors = [_mm256_loadu_ps(factor), _mm256_loadu_ps(factor.add(8))];
        let offsets = [_mm256_loadu_ps(offset), _mm256_loadu_ps(offset.add(8))];
        for number in 0..QUAD {
            let [first, second] = numbers(line, number);
            let to = to.add(number).cast::<f32>();
            _mm256_storeu_ps(to, _mm256_fmadd_ps(first, factors[0], offsets[0]));
            _mm256_storeu_ps(to.add(8), _mm256_fmadd_ps(second, factors[1], offsets[1]));
        }
    }
}

/// Numbers that are transposed at once, in both directions.
const SQUARE: usize = 8;

/// See [`MicroKernel::turn`].
///
/// # Safety
/// That contract.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn turn(
    from: *const f32,
    stride: isize,
    sizes: [usize; 2],
    to: *mut Lanes,
) -> [usize; 2] {
    let [depth, width] = sizes.map(|length| length / SQUARE * SQUARE);
    for k in (0..depth).step_by(SQUARE) {
        for column in (0..width).step_by(SQUARE) {
            let mut rows = [_mm256_setzero_ps(); SQUARE];
            // SAFETY: the caller says that these numbers are there.
            unsafe {
                for number in 0..SQUARE {
                    let row = (column + number) as isize;
                    rows[number] = _mm256_loadu_ps(from.add(k).offset(row * stride));
                }
                let turned = transposed(rows);
                for number in 0..SQUARE {
                    let line = to.add(k + number).cast::<f32>();
                    _mm256_storeu_ps(line.add(column), turned[number]);
                }
            }
        }
    }
    [depth, width]
}

/// Eight rows of eight numbers, transposed.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn transposed([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
    let (upper, lower) = (fours([a, b, c, d]), fours([e, f, g, h]));
    [
        _mm256_permute2f128_ps::<0x20>(upper[0], lower[0]),
        _mm256_permute2f128_ps::<0x20>(upper[1], lower[1]),
        _mm256_permute2f128_ps::<0x20>(upper[2], lower[2]),
        _mm256_permute2f128_ps::<0x20>(upper[3], lower[3]),
        _mm256_permute2f128_ps::<0x31>(upper[0], lower[0]),
        _mm256_permute2f128_ps::<0x31>(upper[1], lower[1]),
        _mm256_permute2f128_ps::<0x31>(upper[2], lower[2]),
        _mm256_permute2f128_ps::<0x31>(upper[3], lower[3]),
    ]
}

/// Of four rows a to d: a0 b0 c0 d0 | a4 b4 c4 d4, and the same of numbers 1 and 5, 2 and 6, 3 and 7.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn fours([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
    let (high_ab, high_cd) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
    [
        _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
        _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
        _mm256_shuffle_ps::<0b01_00_01_00>(high_ab, high_cd),
        _mm256_shuffle_ps::<0b11_10_11_10>(high_ab, high_cd),
    ]
}
