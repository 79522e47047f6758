//! The vectors of each set of instructions: all that the products of this module need of them.
//!
//! A new set of instructions is one [`Vector`], and one arm of [`for_every_vector`].

use crate::kernels::shape::{COLUMNS, Line, QUAD};

/// Compiles a body that is generic over a [`Vector`] for every set of instructions: an entry that matches on the level, and under it
/// one function a set. A macro, because the alternative is three copies of every signature.
macro_rules! for_every_vector {
    ($(#[$doc:meta])* $name:ident, $body:ident ($($argument:ident: $type:ty),*)) => {
        $(#[$doc])*
        pub(super) unsafe fn $name(level: $crate::kernels::level::Level, $($argument: $type),*) {
            use $crate::kernels::level::Set;
            #[cfg(target_arch = "x86_64")]
            mod x86 {
                use super::*;

                /// # Safety
                /// That of the entry, and the CPU has AVX2 and FMA.
                #[target_feature(enable = "avx2,fma")]
                pub(super) unsafe fn avx2($($argument: $type),*) {
                    // SAFETY: the caller keeps to the same contract.
                    unsafe { $body::<std::arch::x86_64::__m256>($($argument),*) }
                }

                /// # Safety
                /// That of the entry, and the CPU has AVX-512 F, BW, VL and VNNI.
                #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vl,avx512vnni")]
                pub(super) unsafe fn avx512($($argument: $type),*) {
                    // SAFETY: the caller keeps to the same contract.
                    unsafe { $body::<std::arch::x86_64::__m512>($($argument),*) }
                }
            }
            // SAFETY: the caller keeps to the same contract; a level of a set exists only where the CPU was found to have its
            // instructions.
            unsafe {
                match level.set() {
                    Set::Portable => $body::<$crate::kernels::float::vectors::Plain>($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Set::Avx2 => x86::avx2($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Set::Avx512 => x86::avx512($($argument),*),
                }
            }
        }
    };
}
pub(super) use for_every_vector;

/// A few `f32` numbers side by side, which instructions of one set take at once.
///
/// Every function is `unsafe` because the CPU must have the set's instructions, and because pointers are followed. All are inlined
/// into a function that is compiled for the set.
pub(super) trait Vector: Copy {
    /// The vectors that sixteen columns take: an array of so many.
    type Line: AsRef<[Self]> + AsMut<[Self]> + Copy;

    /// Most rows of a micro-tile: its sums stay in registers, with a line and a factor.
    const MOST_ROWS: usize;

    /// A vector with this number everywhere.
    unsafe fn splat(number: f32) -> Self;

    /// Sixteen zeros.
    unsafe fn zeros() -> Self::Line;

    /// The sixteen numbers that lie at `from`.
    unsafe fn load(from: *const f32) -> Self::Line;

    /// The numbers of a quad of bytes: of each byte of a column, the sixteen columns side by side.
    unsafe fn widen(line: &Line) -> [Self::Line; QUAD];

    /// Writes sixteen numbers to `to`.
    unsafe fn store(line: Self::Line, to: *mut f32);

    /// `a · b + c`, rounded once.
    unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self;

    /// Transposes squares: writes to the first `width` columns of `depth` lines what lies in rows `stride` numbers apart. Returns of how many
    /// lines and columns it has done so.
    unsafe fn turn(
        _from: *const f32,
        _stride: isize,
        _sizes: [usize; 2],
        _to: *mut [f32; COLUMNS],
    ) -> [usize; 2] {
        [0, 0]
    }
}

/// Numbers that the compiler may put into vectors of its own.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; 4]);

impl Vector for Plain {
    type Line = [Self; 4];
    const MOST_ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(number: f32) -> Self {
        Self([number; 4])
    }

    #[inline(always)]
    unsafe fn zeros() -> [Self; 4] {
        [Self([0.0; 4]); 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [Self; 4] {
        // SAFETY: the caller says that sixteen numbers may be read.
        let numbers = unsafe { from.cast::<[[f32; 4]; 4]>().read() };
        numbers.map(Self)
    }

    #[inline(always)]
    unsafe fn widen(line: &Line) -> [[Self; 4]; QUAD] {
        let columns = line.0.as_chunks::<QUAD>().0;
        std::array::from_fn(|number| {
            std::array::from_fn(|part| {
                Self(std::array::from_fn(|lane| {
                    columns[4 * part + lane][number].into()
                }))
            })
        })
    }

    #[inline(always)]
    unsafe fn store(line: [Self; 4], to: *mut f32) {
        // SAFETY: the caller says that there is room for sixteen numbers.
        unsafe {
            to.cast::<[[f32; 4]; COLUMNS / 4]>()
                .write(line.map(|part| part.0))
        };
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            a.0[lane].mul_add(b.0[lane], c.0[lane])
        }))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256i, __m512, _mm256_and_si256, _mm256_cvtepi32_ps, _mm256_fmadd_ps,
        _mm256_loadu_ps, _mm256_loadu_si256, _mm256_permute2f128_ps, _mm256_set1_epi32,
        _mm256_set1_ps, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_srli_epi32, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm512_and_si512, _mm512_cvtepi32_ps,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_set1_ps,
        _mm512_setzero_ps, _mm512_srli_epi32, _mm512_storeu_ps,
    };

    use super::{COLUMNS, Line, QUAD, Vector};

    /// AVX2 and FMA: twelve sums, two vectors of a line and one of a factor are fifteen of sixteen registers.
    impl Vector for __m256 {
        type Line = [Self; 2];
        const MOST_ROWS: usize = 6;

        #[inline(always)]
        unsafe fn splat(number: f32) -> Self {
            // SAFETY: the caller says that the CPU has these instructions, here and below.
            unsafe { _mm256_set1_ps(number) }
        }

        #[inline(always)]
        unsafe fn zeros() -> [Self; 2] {
            // SAFETY: as above.
            unsafe { [_mm256_setzero_ps(); 2] }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> [Self; 2] {
            // SAFETY: the caller says that sixteen numbers may be read.
            unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
        }

        #[inline(always)]
        unsafe fn widen(line: &Line) -> [[Self; 2]; QUAD] {
            // SAFETY: as above; a line is two vectors long.
            unsafe {
                let from = line.0.as_ptr().cast::<__m256i>();
                let words = [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))];
                let low = _mm256_set1_epi32(255);
                let number = |words: [__m256i; 2]| words.map(|words| _mm256_cvtepi32_ps(words));
                let byte = |words: __m256i| _mm256_and_si256(words, low);
                [
                    number(words.map(byte)),
                    number(words.map(|words| byte(_mm256_srli_epi32::<8>(words)))),
                    number(words.map(|words| byte(_mm256_srli_epi32::<16>(words)))),
                    number(words.map(|words| _mm256_srli_epi32::<24>(words))),
                ]
            }
        }

        #[inline(always)]
        unsafe fn store([first, second]: [Self; 2], to: *mut f32) {
            // SAFETY: the caller says that there is room for sixteen numbers.
            unsafe {
                _mm256_storeu_ps(to, first);
                _mm256_storeu_ps(to.add(8), second);
            }
        }

        #[inline(always)]
        unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self {
            // SAFETY: as above.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn turn(
            from: *const f32,
            stride: isize,
            sizes: [usize; 2],
            to: *mut [f32; COLUMNS],
        ) -> [usize; 2] {
            // SAFETY: the caller keeps to the same contract; these instructions include AVX2.
            unsafe { turn(from, stride, sizes, to) }
        }
    }

    /// AVX-512: a line is one vector. Every factor comes from memory with its product, so that loads, two a cycle, are one more than
    /// products, two a cycle too: the more rows, the nearer to the peak.
    impl Vector for __m512 {
        type Line = [Self; 1];
        const MOST_ROWS: usize = 12;

        #[inline(always)]
        unsafe fn splat(number: f32) -> Self {
            // SAFETY: the caller says that the CPU has these instructions, here and below.
            unsafe { _mm512_set1_ps(number) }
        }

        #[inline(always)]
        unsafe fn zeros() -> [Self; 1] {
            // SAFETY: as above.
            unsafe { [_mm512_setzero_ps(); 1] }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> [Self; 1] {
            // SAFETY: the caller says that sixteen numbers may be read.
            unsafe { [_mm512_loadu_ps(from)] }
        }

        #[inline(always)]
        unsafe fn widen(line: &Line) -> [[Self; 1]; QUAD] {
            // SAFETY: as above; a line is one vector long.
            unsafe {
                let words = _mm512_loadu_si512(line.0.as_ptr().cast());
                let low = _mm512_set1_epi32(255);
                [
                    [_mm512_cvtepi32_ps(_mm512_and_si512(words, low))],
                    [_mm512_cvtepi32_ps(_mm512_and_si512(
                        _mm512_srli_epi32::<8>(words),
                        low,
                    ))],
                    [_mm512_cvtepi32_ps(_mm512_and_si512(
                        _mm512_srli_epi32::<16>(words),
                        low,
                    ))],
                    [_mm512_cvtepi32_ps(_mm512_srli_epi32::<24>(words))],
                ]
            }
        }

        #[inline(always)]
        unsafe fn store([line]: [Self; 1], to: *mut f32) {
            // SAFETY: the caller says that there is room for sixteen numbers.
            unsafe { _mm512_storeu_ps(to, line) };
        }

        #[inline(always)]
        unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self {
            // SAFETY: as above.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn turn(
            from: *const f32,
            stride: isize,
            sizes: [usize; 2],
            to: *mut [f32; COLUMNS],
        ) -> [usize; 2] {
            // SAFETY: the caller keeps to the same contract; these instructions include AVX2.
            unsafe { turn(from, stride, sizes, to) }
        }
    }

    /// Numbers that are transposed at once, in both directions.
    const SQUARE: usize = 8;

    /// See [`Vector::turn`].
    ///
    /// # Safety
    /// These numbers are there, there is room for so many lines, and the CPU has AVX2.
    #[target_feature(enable = "avx2")]
    unsafe fn turn(
        from: *const f32,
        stride: isize,
        sizes: [usize; 2],
        to: *mut [f32; COLUMNS],
    ) -> [usize; 2] {
        let [depth, width] = sizes.map(|length| length / SQUARE * SQUARE);
        for k in (0..depth).step_by(SQUARE) {
            for column in (0..width).step_by(SQUARE) {
                // SAFETY: the caller says that these numbers are there.
                unsafe {
                    let from = from.add(k).offset(column as isize * stride);
                    let row = |row: usize| _mm256_loadu_ps(from.offset(row as isize * stride));
                    let rows = transposed(std::array::from_fn(row));
                    for (number, row) in rows.into_iter().enumerate() {
                        let line = to.add(k + number).cast::<f32>();
                        _mm256_storeu_ps(line.add(column), row);
                    }
                }
            }
        }
        [depth, width]
    }

    /// Eight rows of eight numbers, transposed.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn transposed([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
        // Pairs of rows: a0 b0 a1 b1 | a4 b4 a5 b5, then a2 b2 a3 b3 | a6 b6 a7 b7.
        let pairs = [[a, b], [c, d], [e, f], [g, h]]
            .map(|[x, y]| [_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y)]);
        let [ab, cd, ef, gh] = pairs;
        // Fours of rows: a0 b0 c0 d0 | a4 b4 c4 d4, and so on for 1 and 5, 2 and 6, 3 and 7.
        let fours = |x: [__m256; 2], y: [__m256; 2]| {
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(x[0], y[0]),
                _mm256_shuffle_ps::<0b11_10_11_10>(x[0], y[0]),
                _mm256_shuffle_ps::<0b01_00_01_00>(x[1], y[1]),
                _mm256_shuffle_ps::<0b11_10_11_10>(x[1], y[1]),
            ]
        };
        let (upper, lower) = (fours(ab, cd), fours(ef, gh));
        std::array::from_fn(|number| {
            let (x, y) = (upper[number % 4], lower[number % 4]);
            if number < 4 {
                _mm256_permute2f128_ps::<0x20>(x, y)
            } else {
                _mm256_permute2f128_ps::<0x31>(x, y)
            }
        })
    }
}
