//! Products of matrices: how they are gone through, and which operand is copied on the way.
//!
//! ```text
//! for each block of the inner dimension:
//!     for each few panels of sixteen columns:
//!         copy their lines, unless they lie well as they are
//!         for each few rows:
//!             copy their factors, unless those of a row lie one after the other
//!             for each micro-tile's rows among them, and each of the panels: the micro-tile
//! ```
//!
//! The order of each output's sum is that of the inner dimension, whatever is copied and however the loops are cut.

use std::mem::MaybeUninit;

use super::copy;
use super::tile::{self, Along, Factors, Lanes, Lines, MOST_ROWS, Sums};
use super::vectors::{Vector, for_every_vector};
use crate::kernels;
use crate::kernels::shape::COLUMNS;

/// Numbers of the inner dimension that are taken at a time: a panel's lines (16 KiB) and a micro-tile's factors stay in the first cache.
const DEPTH: usize = 256;
/// Panels whose lines are copied at a time; they stay in the second cache.
const PANELS: usize = 4;
/// Lines further apart than so many numbers are copied: each would come from a page of its own.
const NEAR: isize = 64;
/// Pairs that are taken at once.
const MOST_PAIRS: usize = 8;
/// With fewer rows than this, copying lines costs more than it saves.
const FEW_ROWS: usize = 24;
/// A matrix that is read.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) start: *const f32,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) strides: [isize; 2],
}

impl Operand {
    /// The place of a number.
    ///
    /// # Safety
    /// The matrix has it.
    unsafe fn at(&self, row: usize, column: usize) -> *const f32 {
        // SAFETY: the caller keeps to the same contract.
        unsafe {
            self.start
                .offset(row as isize * self.strides[0] + column as isize * self.strides[1])
        }
    }
}

/// The matrix that is written to, whose columns lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) start: *mut f32,
    pub(super) row_stride: isize,
}

/// Room for what is copied.
struct Room {
    lines: [[Lanes; DEPTH]; PANELS],
    factors: [Lanes; DEPTH],
}

for_every_vector! {
    /// `c = a b`, or with `accumulate` `c += a b`, for `a` of `(m, k)` and `b` of `(k, n)`.
    ///
    /// # Safety
    /// The operands may be read, and `c` has m rows of n numbers that may be written to by nobody else; `a.columns == b.rows`.
    multiply, blocks(a: Operand, b: Operand, c: Output, accumulate: bool)
}

/// # Safety
/// That of [`multiply`].
#[inline(always)]
unsafe fn blocks<V: Vector>(a: Operand, b: Operand, c: Output, accumulate: bool) {
    let mut room = MaybeUninit::<Room>::uninit();
    let room = room.as_mut_ptr();
    let depth = a.columns;
    for first in (0..depth).step_by(DEPTH) {
        let block = Block {
            a,
            b,
            c,
            first,
            depth: DEPTH.min(depth - first),
            accumulate: accumulate || first > 0,
        };
        for column in (0..b.columns).step_by(PANELS * COLUMNS) {
            // SAFETY: the caller keeps to the same contract, and the block lies in the matrices.
            unsafe { block.panels::<V>(column, room) };
        }
    }
}

for_every_vector! {
    /// `c = Σ a b` over `count` pairs, which is the same as one after the other.
    ///
    /// # Safety
    /// That of [`multiply`] for each pair, all of which are of one shape but for the inner dimension.
    multiply_and_add_up, pairs(count: usize, pair: &dyn Fn(usize) -> [Operand; 2], c: Output)
}

/// Many short pairs are taken at once, so that the sums are in the first cache from one pair to the next.
///
/// # Safety
/// That of [`multiply_and_add_up`].
#[inline(always)]
unsafe fn pairs<V: Vector>(count: usize, pair: &dyn Fn(usize) -> [Operand; 2], c: Output) {
    let mut room = MaybeUninit::<Room>::uninit();
    let room = room.as_mut_ptr();
    let mut first = 0;
    while first < count {
        let [a, b] = pair(first);
        let mut some = [None; MOST_PAIRS];
        let (mut taken, mut depth) = (0, 0);
        while taken < MOST_PAIRS && first + taken < count {
            let [a, b] = pair(first + taken);
            if a.strides[1] != 1 || depth + a.columns > DEPTH {
                break;
            }
            some[taken] = Some([a, b]);
            (taken, depth) = (taken + 1, depth + a.columns);
        }
        // SAFETY: the caller keeps to the same contract.
        unsafe {
            if taken == 0 {
                blocks::<V>(a, b, c, first > 0);
                taken = 1;
            } else {
                short_pairs::<V>(&some[..taken], c, first > 0, room);
            }
        }
        first += taken;
    }
}

/// The sum over pairs whose inner dimensions together are at most [`DEPTH`], and whose factors lie one after the other.
///
/// # Safety
/// That of [`multiply_and_add_up`], and there is a pair in each place.
#[inline(always)]
unsafe fn short_pairs<V: Vector>(
    pairs: &[Option<[Operand; 2]>],
    c: Output,
    accumulate: bool,
    room: *mut Room,
) {
    let Some([Operand { rows: m, .. }, Operand { columns: n, .. }]) = pairs[0] else {
        return;
    };
    for column in (0..n).step_by(PANELS * COLUMNS) {
        let count = (n - column).div_ceil(COLUMNS).min(PANELS);
        for number in 0..count {
            let at = column + number * COLUMNS;
            let width = COLUMNS.min(n - at);
            let mut before = 0;
            for &[_, b] in pairs.iter().flatten() {
                // SAFETY: these numbers are in the matrix, and in the room.
                unsafe {
                    let to = (&raw mut (*room).lines[number]).cast::<Lanes>().add(before);
                    copy::lines::<V>((b.at(0, at), b.strides), (b.rows, width), to);
                }
                before += b.rows;
            }
        }
        for (row, rows) in tile::row_groups::<V>(m) {
            for number in 0..count {
                let at = column + number * COLUMNS;
                let size = (rows, COLUMNS.min(n - at));
                let mut before = 0;
                for (pair, &[a, _]) in pairs.iter().flatten().enumerate() {
                    // SAFETY: the rows and columns are of the output, and the lines were copied.
                    unsafe {
                        let factors = Factors {
                            start: a.at(row, 0),
                            row_stride: a.strides[0],
                            stride: 1,
                        };
                        let lines = Lines {
                            start: (&raw const (*room).lines[number]).cast(),
                            stride: COLUMNS as isize,
                        };
                        let sums = Sums {
                            start: c.start.offset(row as isize * c.row_stride).add(at),
                            row_stride: c.row_stride,
                            accumulate: accumulate || pair > 0,
                        };
                        let operands = (factors, lines.from(before), sums);
                        narrow::<V>(size, Along::All(a.columns), operands);
                    }
                    before += a.columns;
                }
            }
        }
    }
}

/// A block of the inner dimension.
struct Block {
    a: Operand,
    b: Operand,
    c: Output,
    first: usize,
    depth: usize,
    accumulate: bool,
}

impl Block {
    /// Computes the [`PANELS`] panels from column `column` on, or as many as there are.
    ///
    /// # Safety
    /// That of [`multiply`], and there is such a column.
    #[inline(always)]
    unsafe fn panels<V: Vector>(&self, column: usize, room: *mut Room) {
        let Self { a, b, c, .. } = *self;
        let (first, depth) = (self.first, self.depth);
        let count = (b.columns - column).div_ceil(COLUMNS).min(PANELS);
        let mut lines = [Lines {
            start: std::ptr::null(),
            stride: 0,
        }; PANELS];
        for (number, lines) in lines[..count].iter_mut().enumerate() {
            // SAFETY: the caller keeps to the same contract.
            *lines = unsafe { self.lines::<V>(column + number * COLUMNS, number, room) };
        }
        let lie_well = a.strides[1] == 1 || depth == 1;
        let rows_at_once = if lie_well { a.rows } else { COLUMNS };
        for some in (0..a.rows).step_by(rows_at_once) {
            let rows = rows_at_once.min(a.rows - some);
            // SAFETY: these numbers are in the matrix, and in the room.
            let factors = unsafe {
                let from = a.at(some, first);
                if lie_well {
                    Factors {
                        start: from,
                        row_stride: a.strides[0],
                        stride: 1,
                    }
                } else {
                    let to = (&raw mut (*room).factors).cast();
                    copy::lines::<V>((from, [a.strides[1], a.strides[0]]), (depth, rows), to);
                    Factors {
                        start: to.cast(),
                        row_stride: 1,
                        stride: COLUMNS as isize,
                    }
                }
            };
            if !lie_well {
                self.ask_for_columns(some + rows_at_once);
            }
            for (row, rows) in tile::row_groups::<V>(rows) {
                if lie_well {
                    factors.ask_for(row + rows..row + 2 * rows, 0..depth);
                }
                for (number, &lines) in lines[..count].iter().enumerate() {
                    let at = column + number * COLUMNS;
                    // SAFETY: the rows and columns are of the output.
                    unsafe {
                        let sums = Sums {
                            start: c.start.offset((some + row) as isize * c.row_stride).add(at),
                            row_stride: c.row_stride,
                            accumulate: self.accumulate,
                        };
                        let size = (rows, COLUMNS.min(b.columns - at));
                        let operands = (factors.rows_from(row), lines, sums);
                        narrow::<V>(size, Along::All(depth), operands);
                    }
                }
            }
        }
    }

    /// Asks for the factors of the sixteen rows from `row` on, which lie side by side and need not be there.
    #[inline(always)]
    fn ask_for_columns(&self, row: usize) {
        let [row_stride, stride] = self.a.strides;
        let start = self.a.start.wrapping_offset(row as isize * row_stride);
        for k in self.first..self.first + self.depth {
            kernels::ask_for(start.wrapping_offset(k as isize * stride), 1);
        }
    }

    /// The lines of the panel that begins at column `column`, as they are or copied to place `number` of the room.
    ///
    /// # Safety
    /// That of [`Self::panels`].
    #[inline(always)]
    unsafe fn lines<V: Vector>(&self, column: usize, number: usize, room: *mut Room) -> Lines {
        let b = self.b;
        let width = COLUMNS.min(b.columns - column);
        let is_near = b.strides[0].abs() <= NEAR || self.a.rows < FEW_ROWS;
        // SAFETY: these numbers are in the matrix, and in the room.
        unsafe {
            let from = b.at(self.first, column);
            if b.strides[1] == 1 && width == COLUMNS && is_near {
                return Lines {
                    start: from,
                    stride: b.strides[0],
                };
            }
            let to = (&raw mut (*room).lines[number]).cast();
            copy::lines::<V>((from, b.strides), (self.depth, width), to);
            Lines {
                start: to.cast(),
                stride: COLUMNS as isize,
            }
        }
    }
}

/// A micro-tile of so many rows and columns, at most sixteen.
///
/// # Safety
/// That of [`tile::compute`], but that `sums` has only so many columns.
#[inline(always)]
pub(super) unsafe fn narrow<V: Vector>(
    (rows, width): (usize, usize),
    along: Along<'_>,
    (factors, lines, sums): (Factors, Lines, Sums),
) {
    if width == COLUMNS {
        // SAFETY: the caller keeps to the same contract.
        return unsafe { tile::compute::<V>(rows, along, (factors, lines, sums)) };
    }
    let mut all = [[0.0; COLUMNS]; MOST_ROWS];
    let whole = Sums {
        start: all.as_mut_ptr().cast(),
        row_stride: COLUMNS as isize,
        accumulate: sums.accumulate,
    };
    // SAFETY: the caller says that these columns are there; of `whole` there are sixteen.
    unsafe {
        for row in 0..rows {
            let from = sums.rows_from(row).start;
            whole
                .rows_from(row)
                .start
                .copy_from_nonoverlapping(from, width);
        }
        tile::compute::<V>(rows, along, (factors, lines, whole));
        for row in 0..rows {
            let from = whole.rows_from(row).start;
            sums.rows_from(row)
                .start
                .copy_from_nonoverlapping(from, width);
        }
    }
}
