//! The micro-tile: a few rows times sixteen columns, whose sums stay in registers.
//!
//! ```text
//! for each k, in rising order:
//!     for each row: for each of the sixteen columns: sum[row][column] = fma(factor[row][k], line[k][column], sum[row][column])
//! ```
//!
//! There is one loop for all sets of instructions, over the [`Vector`] of each. A fused multiply-add rounds once wherever it is computed, so
//! all sets give the same bits; where a CPU has none, the C library computes it, slowly.

// Loops over registers, which have numbers: the same one of several arrays.
#![expect(clippy::needless_range_loop)]

use std::ops::Range;

use super::vectors::Vector;
use crate::kernels;
use crate::kernels::shape::{COLUMNS, QUAD};

/// Sixteen numbers side by side.
pub(super) type Lanes = [f32; COLUMNS];

/// The factors of a micro-tile: number `k` of row `r` is at `start + r * row_stride + k * stride`.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    pub(super) start: *const f32,
    pub(super) row_stride: isize,
    pub(super) stride: isize,
}

/// The lines of a micro-tile: line `k` is the sixteen numbers from `start + k * stride` on.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub(super) start: *const f32,
    pub(super) stride: isize,
}

/// The sums of a micro-tile: those of row `r` are the sixteen numbers from `start + r * row_stride` on.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) start: *mut f32,
    pub(super) row_stride: isize,
    /// Whether products are added to what is there, which is else overwritten.
    pub(super) accumulate: bool,
}

impl Factors {
    /// Asks for some numbers of some rows, which need not be there: the next ones lie too far from one another for the CPU to see them
    /// coming.
    #[inline(always)]
    pub(super) fn ask_for(self, rows: Range<usize>, numbers: Range<usize>) {
        const OF_CACHE_LINE: usize = 16;
        for row in rows {
            let row = self.start.wrapping_offset(row as isize * self.row_stride);
            for number in numbers.clone().step_by(OF_CACHE_LINE) {
                kernels::ask_for(row.wrapping_offset(number as isize * self.stride), 1);
            }
        }
    }

    /// Those of the rows from `row` on.
    ///
    /// # Safety
    /// There is such a row.
    #[inline(always)]
    pub(super) unsafe fn rows_from(self, row: usize) -> Self {
        // SAFETY: the caller says so.
        let start = unsafe { self.start.offset(row as isize * self.row_stride) };
        Self { start, ..self }
    }

    /// Those from number `k` on.
    ///
    /// # Safety
    /// There is such a number.
    #[inline(always)]
    pub(super) unsafe fn from(self, k: usize) -> Self {
        // SAFETY: the caller says so.
        let start = unsafe { self.number(k as isize) };
        Self { start, ..self }
    }

    /// Number `k` of the first row.
    ///
    /// # Safety
    /// It is there.
    #[inline(always)]
    unsafe fn number(self, k: isize) -> *const f32 {
        // SAFETY: the caller says so.
        unsafe { self.start.offset(k * self.stride) }
    }
}

impl Lines {
    /// Those from line `k` on.
    ///
    /// # Safety
    /// There is such a line.
    #[inline(always)]
    pub(super) unsafe fn from(self, k: usize) -> Self {
        // SAFETY: the caller says so.
        let start = unsafe { self.line(k as isize) };
        Self { start, ..self }
    }

    /// Line `k`.
    ///
    /// # Safety
    /// It is there.
    #[inline(always)]
    unsafe fn line(self, k: isize) -> *const f32 {
        // SAFETY: the caller says so.
        unsafe { self.start.offset(k * self.stride) }
    }
}

impl Sums {
    /// Those of the rows from `row` on.
    ///
    /// # Safety
    /// There is such a row.
    #[inline(always)]
    pub(super) unsafe fn rows_from(self, row: usize) -> Self {
        // SAFETY: the caller says so.
        let start = unsafe { self.row(row) };
        Self { start, ..self }
    }

    /// The sums of row `row`.
    ///
    /// # Safety
    /// They are there.
    #[inline(always)]
    unsafe fn row(self, row: usize) -> *mut f32 {
        // SAFETY: the caller says so.
        unsafe { self.start.offset(row as isize * self.row_stride) }
    }
}

/// Which of the factors' numbers go with the lines.
#[derive(Clone, Copy)]
pub(super) enum Along<'a> {
    /// So many, one after the other.
    All(usize),
    /// Those of these quads: four lines for each.
    Quads(&'a [u32]),
}

/// Most rows of a micro-tile on any CPU.
pub(super) const MOST_ROWS: usize = 12;

/// The first row and the number of rows of each micro-tile of `rows` rows: as many as fit, and as equal as they can be.
#[inline(always)]
pub(super) fn row_groups<V: Vector>(rows: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    let count = rows.div_ceil(V::MOST_ROWS);
    (0..count).map(move |group| {
        let first = group * rows / count;
        (first, (group + 1) * rows / count - first)
    })
}

/// Computes a micro-tile of `rows` rows.
///
/// # Safety
/// The CPU has the vector's instructions, `rows` is from 1 to [`Vector::MOST_ROWS`], and all that `factors`, `lines` and `sums` say of so
/// many rows may be read, and of `sums` written to by nobody else.
#[inline(always)]
pub(super) unsafe fn compute<V: Vector>(
    rows: usize,
    along: Along<'_>,
    (f, l, s): (Factors, Lines, Sums),
) {
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        match rows {
            1 => tile::<V, 1>(along, f, l, s),
            2 => tile::<V, 2>(along, f, l, s),
            3 => tile::<V, 3>(along, f, l, s),
            4 => tile::<V, 4>(along, f, l, s),
            5 => tile::<V, 5>(along, f, l, s),
            6 => tile::<V, 6>(along, f, l, s),
            // What lies below is not even compiled for vectors of fewer rows.
            _ if const { V::MOST_ROWS <= 6 } => unreachable!("rows of a micro-tile"),
            7 => tile::<V, 7>(along, f, l, s),
            8 => tile::<V, 8>(along, f, l, s),
            9 => tile::<V, 9>(along, f, l, s),
            10 => tile::<V, 10>(along, f, l, s),
            11 => tile::<V, 11>(along, f, l, s),
            12 => tile::<V, 12>(along, f, l, s),
            _ => unreachable!("rows of a micro-tile"),
        }
    }
}

/// # Safety
/// That of [`compute`], for `R` rows.
#[inline(always)]
unsafe fn tile<V: Vector, const R: usize>(along: Along<'_>, f: Factors, l: Lines, s: Sums) {
    // SAFETY: the caller says that all of this may be read and written to.
    unsafe {
        let mut sums = [V::zeros(); R];
        if s.accumulate {
            for row in 0..R {
                sums[row] = V::load(s.row(row));
            }
        }
        match along {
            Along::All(count) => {
                for k in 0..count as isize {
                    add::<V, R>(f.number(k), f.row_stride, l.line(k), &mut sums);
                }
            }
            Along::Quads(quads) => {
                for (place, &quad) in quads.iter().enumerate() {
                    let (line, factor) = ((QUAD * place) as isize, QUAD as isize * quad as isize);
                    for number in 0..QUAD as isize {
                        let factors = f.number(factor + number);
                        add::<V, R>(factors, f.row_stride, l.line(line + number), &mut sums);
                    }
                }
            }
        }
        for row in 0..R {
            V::store(sums[row], s.row(row));
        }
    }
}

/// Adds the products of a line with a factor of each row.
///
/// # Safety
/// These numbers may be read.
#[inline(always)]
unsafe fn add<V: Vector, const R: usize>(
    factors: *const f32,
    row_stride: isize,
    line: *const f32,
    sums: &mut [V::Line; R],
) {
    // SAFETY: the caller says so.
    unsafe {
        let line = V::load(line);
        for row in 0..R {
            let factor = V::splat(*factors.offset(row as isize * row_stride));
            for (sum, &numbers) in sums[row].as_mut().iter_mut().zip(line.as_ref()) {
                *sum = V::multiply_add(factor, numbers, *sum);
            }
        }
    }
}
