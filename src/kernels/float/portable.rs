//! The kernel in plain Rust: what the other kernels are held against. Where the CPU has no fused multiply-add, the C library computes
//! it, slowly.

use super::kernel::MicroKernel;
use super::tile::{Along, Lanes, Tile};
use crate::kernels::shape::{COLUMNS, Line, QUAD};

/// No instructions beyond those that every CPU has.
pub(super) struct Portable;

impl MicroKernel for Portable {
    const MOST_ROWS: usize = 6;

    unsafe fn tile<const R: usize>(along: Along<'_>, tile: &Tile) {
        // SAFETY: the caller says that all of this may be read, and the sums written to.
        unsafe {
            for row in 0..R {
                let to = tile.sums(row).cast::<Lanes>();
                let mut sums = if tile.accumulate {
                    to.read()
                } else {
                    [0.0; COLUMNS]
                };
                along.for_each(|line, factor| {
                    let line = &*tile.line(line).cast::<Lanes>();
                    let factor = *tile.factor(row, factor);
                    for (sum, number) in sums.iter_mut().zip(line) {
                        *sum = factor.mul_add(*number, *sum);
                    }
                });
                to.write(sums);
            }
        }
    }

    unsafe fn turn(_: *const f32, _: isize, _: [usize; 2], _: *mut Lanes) -> [usize; 2] {
        [0, 0]
    }

    unsafe fn widen_images(line: &Line, [factor, offset]: [&[f32; QUAD]; 2], to: *mut Lanes) {
        for number in 0..QUAD {
            let widened = numbers(line, number).map(|u| u.mul_add(factor[number], offset[number]));
            // SAFETY: the caller says that there is room.
            unsafe { to.add(number).write(widened) };
        }
    }

    unsafe fn widen_pixels(line: &Line, [factor, offset]: [&Lanes; 2], to: *mut Lanes) {
        for number in 0..QUAD {
            let u = numbers(line, number);
            let widened =
                std::array::from_fn(|column| u[column].mul_add(factor[column], offset[column]));
            // SAFETY: the caller says that there is room.
            unsafe { to.add(number).write(widened) };
        }
    }
}

/// Byte number `number` of each column.
fn numbers(line: &Line, number: usize) -> Lanes {
    let columns = line.0.as_chunks::<QUAD>().0;
    std::array::from_fn(|column| columns[column][number].into())
}
