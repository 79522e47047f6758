//! The memory of quantized rows.

use rayon::prelude::*;

use crate::kernels::integer::{RowMut, Rows, number, row_bytes};
use crate::kernels::{Level, QUAD};

/// Rows of numbers quantized to 16 bits, in the form that a level's products want. Rows are padded with zeros to whole quads.
#[derive(Clone, Debug)]
pub struct QuantizedRows {
    level: Level,
    quads: usize,
    bytes: Vec<u8>,
}

impl QuantizedRows {
    /// Memory for `rows` rows of `numbers` numbers, all zero.
    #[must_use]
    pub fn zeros(level: Level, rows: usize, numbers: usize) -> Self {
        let quads = numbers.div_ceil(QUAD);
        Self {
            level,
            quads,
            bytes: vec![0; rows * row_bytes(quads)],
        }
    }

    /// The level that the rows are for.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// All rows, as products take them.
    #[must_use]
    pub fn view(&self) -> Rows<'_> {
        Rows::new(self.level, self.quads, &self.bytes)
    }

    /// Row number `row`, to be filled.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, row: usize) -> RowMut<'_> {
        let length = row_bytes(self.quads);
        RowMut::new(self.level, &mut self.bytes[row * length..][..length])
    }

    /// All rows, `rows` at a time, to be filled by as many threads.
    ///
    /// # Panics
    /// If a row has no numbers, or `rows` is 0.
    pub fn par_rows_mut(
        &mut self,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = impl Iterator<Item = RowMut<'_>>> {
        let (level, length) = (self.level, row_bytes(self.quads));
        self.bytes.par_chunks_mut(rows * length).map(move |rows| {
            rows.chunks_exact_mut(length)
                .map(move |bytes| RowMut::new(level, bytes))
        })
    }

    /// The number at `index` of row `row`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn number(&self, row: usize, index: usize) -> i16 {
        number(self.view(), row, index)
    }
}
