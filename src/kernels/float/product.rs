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
use crate::kernels::shape::COLUMNS;

/// Numbers of the inner dimension that are taken at a time: a panel's lines (16 KiB) and a micro-tile's factors stay in the first cache.
const DEPTH: usize = 256;
/// Panels whose lines are copied at a time; they stay in the second cache.
const PANELS: usize = 4;
/// Lines further apart than so many numbers are copied: each would come from a page of its own.
const NEAR: isize = 64;
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
    for first in (0..depth.max(1)).step_by(DEPTH) {
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
            for (row, rows) in tile::row_groups::<V>(rows) {
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
                        let operands = (factors.from_row(row), lines, sums);
                        narrow::<V>(size, Along::All(depth), operands);
                    }
                }
            }
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
            let from = sums.from_row(row).start;
            whole
                .from_row(row)
                .start
                .copy_from_nonoverlapping(from, width);
        }
        tile::compute::<V>(rows, along, (factors, lines, whole));
        for row in 0..rows {
            let from = whole.from_row(row).start;
            sums.from_row(row)
                .start
                .copy_from_nonoverlapping(from, width);
        }
    }
}
