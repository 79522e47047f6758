//! What an instruction set supplies.
//!
//! A new instruction set is a file with one [`MicroKernel`], one arm in `choice.rs`, and one set in `kernels/level.rs`.

use ndarray::ArrayViewMut2;

use super::product::{Checked, MicroTile};
use super::rows::Form;
use crate::kernels::panels::Panels;
use crate::kernels::shape::Line;
use crate::kernels::tiles::Tiles;

/// The integer products of one instruction set, and the packing of their pixels.
///
/// Every function is `unsafe` for the same reason: the CPU must have the instructions of the set. `choice.rs` picks the kernel by
/// a level, which exists only where the CPU was found to have them.
pub(super) trait MicroKernel {
    /// Most rows of a micro-tile: its sums, of a panel for each row, stay in registers.
    const ROWS: usize;

    /// The form of a row's numbers.
    const FORM: Form;

    /// Computes a micro-tile of `R` rows. Overwrites them.
    ///
    /// # Safety
    /// The CPU has the set's instructions, `product` was checked against `out`, and the tile is one of its own
    /// ([`Checked::for_each_micro_tile`]), of so many rows.
    unsafe fn micro_tile<const R: usize>(
        product: &Checked<'_>,
        tile: MicroTile,
        out: &mut ArrayViewMut2<'_, f32>,
    );

    /// Transposes up to sixteen `images`: overwrites `lines` with their quads, of each image a column. What images are too few or
    /// too short for is zero. May ask for the bytes of the `next` images meanwhile.
    ///
    /// # Safety
    /// The CPU has the set's instructions.
    unsafe fn transpose(images: &[&[u8]], next: &[&[u8]], lines: &mut [Line]);

    /// Copies the lines of `from` that are not all zero to the front of `to`, and their numbers, counted from `first`, to that of
    /// `kept`. Returns how many these are. May write more of `to` and `kept`, but no further than `from` is long.
    ///
    /// # Safety
    /// The CPU has the set's instructions.
    unsafe fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize;

    /// Appends `quads` quads of images, from number `first_quad` on, to every panel, with the pixels of one of `tiles` as columns.
    /// `lines` are the images, transposed.
    ///
    /// # Safety
    /// The CPU has the set's instructions.
    unsafe fn pixels(
        panels: &mut Panels,
        first_quad: usize,
        quads: usize,
        lines: &[Line],
        tiles: Tiles,
    );
}
