//! Row-major matrices whose first number begins a cache line.
//!
//! The allocator gives large buffers an address 16 bytes behind a page's, and every wide load of a row then touches two lines.
//! Beginning on a line is worth 2 to 3 % of an epoch: `benches/record/2026-11-23-step.md`.

use ndarray::{ArrayView2, ArrayViewMut2, s};

use crate::scalar::Scalar;

/// Bytes of a cache line, and of the widest vector.
const LINE_BYTES: usize = 64;

/// A matrix of a fixed size, of which any number of first rows can be used.
#[derive(Debug)]
pub struct Matrix<T> {
    buffer: Vec<T>,
    start: usize,
    rows: usize,
    columns: usize,
}

impl<T: Scalar> Matrix<T> {
    /// All zero.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        let slack = LINE_BYTES / size_of::<T>();
        let buffer = vec![T::zero(); rows * columns + slack];
        // A wish, not a promise: where it cannot be had, nothing but time is lost.
        let start = buffer.as_ptr().align_offset(LINE_BYTES).min(slack);
        Self {
            buffer,
            start,
            rows,
            columns,
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The first `rows` rows, one behind the other.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn flat(&self, rows: usize) -> &[T] {
        assert!(rows <= self.rows, "rows of the matrix");
        &self.buffer[self.start..][..rows * self.columns]
    }

    /// The first `rows` rows, one behind the other.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn flat_mut(&mut self, rows: usize) -> &mut [T] {
        assert!(rows <= self.rows, "rows of the matrix");
        &mut self.buffer[self.start..][..rows * self.columns]
    }

    /// The first `rows` rows as a matrix.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn view(&self, rows: usize) -> ArrayView2<'_, T> {
        ArrayView2::from_shape((rows, self.columns), self.flat(rows)).expect("a slice of this size")
    }

    /// The first `rows` rows as a matrix.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn view_mut(&mut self, rows: usize) -> ArrayViewMut2<'_, T> {
        let columns = self.columns;
        ArrayViewMut2::from_shape((rows, columns), self.flat_mut(rows))
            .expect("a slice of this size")
    }
}

/// A number of each of a layer's units for each image, row-major `(images, units)` or transposed.
#[derive(Debug)]
pub struct Units<T> {
    numbers: Matrix<T>,
    transposed: bool,
}

impl<T: Scalar> Units<T> {
    /// All zero. Transposed rows begin on cache lines.
    #[must_use]
    pub fn new(images: usize, units: usize, transposed: bool) -> Self {
        let line = LINE_BYTES / size_of::<T>();
        let numbers = if transposed {
            Matrix::zeros(units, images.next_multiple_of(line))
        } else {
            Matrix::zeros(images, units)
        };
        Self {
            numbers,
            transposed,
        }
    }

    /// Those of the first `images` images, `(images, units)`.
    ///
    /// # Panics
    /// Here and below, if there are fewer.
    #[must_use]
    pub fn view(&self, images: usize) -> ArrayView2<'_, T> {
        if self.transposed {
            let all = self.numbers.view(self.numbers.rows());
            all.slice_move(s![.., ..images]).reversed_axes()
        } else {
            self.numbers.view(images)
        }
    }

    /// Those of the first `images` images, `(images, units)`.
    pub fn view_mut(&mut self, images: usize) -> ArrayViewMut2<'_, T> {
        if self.transposed {
            let all = self.numbers.view_mut(self.numbers.rows());
            all.slice_move(s![.., ..images]).reversed_axes()
        } else {
            self.numbers.view_mut(images)
        }
    }

    /// Those of the first `images` images as they lie; if transposed, of all images that there is memory for.
    #[must_use]
    pub fn flat(&self, images: usize) -> &[T] {
        let rows = if self.transposed {
            self.numbers.rows()
        } else {
            images
        };
        self.numbers.flat(rows)
    }

    /// Those of the first `images` images as they lie; if transposed, of all images that there is memory for.
    pub fn flat_mut(&mut self, images: usize) -> &mut [T] {
        let rows = if self.transposed {
            self.numbers.rows()
        } else {
            images
        };
        self.numbers.flat_mut(rows)
    }

    /// Whether they lie unit after unit.
    #[must_use]
    pub fn is_transposed(&self) -> bool {
        self.transposed
    }

    /// From one row's first number to the next's: units, or, if transposed, the images that there is memory for.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.numbers.columns()
    }

    /// Adds each unit's bias to its numbers for the first `images` images.
    pub fn add_bias(&mut self, images: usize, bias: &[T]) {
        let columns = self.numbers.columns();
        let transposed = self.transposed;
        let rows = self.flat_mut(images).chunks_exact_mut(columns.max(1));
        if transposed {
            for (row, &bias) in rows.zip(bias) {
                row.iter_mut().for_each(|number| *number += bias);
            }
        } else {
            for row in rows {
                for (number, &bias) in row.iter_mut().zip(bias) {
                    *number += bias;
                }
            }
        }
    }

    /// Unit after unit, and from one unit's first number to the next's.
    ///
    /// # Panics
    /// If they are not transposed.
    #[must_use]
    pub fn transposed_rows(&self) -> (&[T], usize) {
        assert!(self.transposed, "transposed numbers");
        (
            self.numbers.flat(self.numbers.rows()),
            self.numbers.columns(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_begins_on_a_line() {
        for (rows, columns) in [(0, 3), (1, 1), (5, 7), (240, 784)] {
            let mut matrix = Matrix::<f32>::zeros(rows, columns);
            matrix.flat_mut(rows).fill(1.5);
            assert_eq!(matrix.flat(rows).as_ptr().align_offset(LINE_BYTES), 0);
            assert_eq!(matrix.view(rows).dim(), (rows, columns));
            assert!(matrix.flat(rows).iter().all(|&number| number == 1.5));
        }
    }
}
