//! Copies of operands, in the order in which micro-tiles read them.

use super::tile::Lanes;
use super::vectors::Vector;
use crate::kernels::shape::COLUMNS;

/// Copies `depth` lines of `width` columns from a matrix of such strides; further columns of the sixteen become 0.
///
/// # Safety
/// The CPU has the vector's instructions, the matrix has these numbers, and there is room for so many lines.
#[inline(always)]
pub(super) unsafe fn lines<V: Vector>(
    (from, [row_stride, column_stride]): (*const f32, [isize; 2]),
    (depth, width): (usize, usize),
    to: *mut Lanes,
) {
    // SAFETY: the caller says that these numbers are there.
    unsafe {
        if width == COLUMNS && column_stride == 1 {
            for k in 0..depth {
                let from = from.offset(k as isize * row_stride);
                V::store(V::load(from), to.add(k).cast());
            }
            return;
        }
        let turned = if row_stride == 1 {
            V::turn(from, column_stride, [depth, width], to)
        } else {
            [0, 0]
        };
        for k in 0..depth {
            let from = from.offset(k as isize * row_stride);
            let line = to.add(k).cast::<f32>();
            let first = if k < turned[0] { turned[1] } else { 0 };
            for column in first..COLUMNS {
                let number = if column < width {
                    *from.offset(column as isize * column_stride)
                } else {
                    0.0
                };
                line.add(column).write(number);
            }
        }
    }
}
