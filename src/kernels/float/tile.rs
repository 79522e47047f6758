//! The micro-tile: a few rows times sixteen columns, whose sums stay in registers.
//!
//! ```text
//! for each k, in rising order:
//!     for each row: for each of the sixteen columns: sum[row][column] = fma(factor[row][k], line[k][column], sum[row][column])
//! ```
//!
//! A fused multiply-add rounds once wherever it is computed, so all sets of instructions give the same bits.

use std::ops::Range;

use super::kernel::MicroKernel;
use crate::kernels::ask_for;
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
                ask_for(row.wrapping_offset(number as isize * self.stride), 1);
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
pub(super) fn row_groups<K: MicroKernel>(
    rows: usize,
) -> impl Iterator<Item = (usize, usize)> + Clone {
    let count = rows.div_ceil(K::MOST_ROWS);
    (0..count).map(move |group| {
        let first = group * rows / count;
        (first, (group + 1) * rows / count - first)
    })
}

/// A micro-tile: what is multiplied, and where its sums are.
pub(super) struct Tile {
    factors: Factors,
    lines: Lines,
    sums: Sums,
    /// Whether products are added to what is there, which is else overwritten.
    pub(super) accumulate: bool,
}

/// See [`Factors`], [`Lines`] and [`Sums`]. Each function is safe to call where the number that it names is there.
impl Tile {
    /// Number `k` of row `row`.
    ///
    /// # Safety
    /// It is there.
    #[inline(always)]
    pub(super) unsafe fn factor(&self, row: usize, k: usize) -> *const f32 {
        let Factors {
            start,
            row_stride,
            stride,
        } = self.factors;
        // SAFETY: the caller says so.
        unsafe { start.offset(row as isize * row_stride + k as isize * stride) }
    }

    /// Line `k`.
    ///
    /// # Safety
    /// It is there.
    #[inline(always)]
    pub(super) unsafe fn line(&self, k: usize) -> *const f32 {
        // SAFETY: the caller says so.
        unsafe { self.lines.start.offset(k as isize * self.lines.stride) }
    }

    /// The sums of row `row`.
    ///
    /// # Safety
    /// They are there.
    #[inline(always)]
    pub(super) unsafe fn sums(&self, row: usize) -> *mut f32 {
        // SAFETY: the caller says so.
        unsafe { self.sums.start.offset(row as isize * self.sums.row_stride) }
    }
}

impl Along<'_> {
    /// Calls `each` with the number of each line and of the factors that go with it.
    pub(super) fn for_each(self, mut each: impl FnMut(usize, usize)) {
        match self {
            Self::All(count) => (0..count).for_each(|k| each(k, k)),
            Self::Quads(quads) => {
                for (place, &quad) in quads.iter().enumerate() {
                    for number in 0..QUAD {
                        each(QUAD * place + number, QUAD * quad as usize + number);
                    }
                }
            }
        }
    }
}

/// Computes a micro-tile of `rows` rows.
///
/// # Safety
/// The CPU has the kernel's instructions, `rows` is from 1 to [`MicroKernel::MOST_ROWS`], and all that `factors`, `lines` and `sums` say of so
/// many rows may be read, and of `sums` written to by nobody else.
#[inline]
pub(super) unsafe fn compute<K: MicroKernel>(
    rows: usize,
    along: Along<'_>,
    (factors, lines, sums): (Factors, Lines, Sums),
) {
    let tile = &Tile {
        factors,
        lines,
        sums,
        accumulate: sums.accumulate,
    };
    // SAFETY: the caller keeps to the same contract.
    unsafe {
        match rows {
            1 => K::tile::<1>(along, tile),
            2 => K::tile::<2>(along, tile),
            3 => K::tile::<3>(along, tile),
            4 => K::tile::<4>(along, tile),
            5 => K::tile::<5>(along, tile),
            6 => K::tile::<6>(along, tile),
            // What lies below is not even compiled for kernels of fewer rows.
            _ if const { K::MOST_ROWS <= 6 } => unreachable!("rows of a micro-tile"),
            7 => K::tile::<7>(along, tile),
            8 => K::tile::<8>(along, tile),
            9 => K::tile::<9>(along, tile),
            10 => K::tile::<10>(along, tile),
            11 => K::tile::<11>(along, tile),
            12 => K::tile::<12>(along, tile),
            _ => unreachable!("rows of a micro-tile"),
        }
    }
}
