//! Products of 16-bit numbers with pixels, summed exactly.
//!
//! A row of numbers is quantized to 16 bits, with one scale for what goes into one sum ([`RowMut`]). Pixels stay the bytes that they
//! are, packed so that sixteen sums run side by side ([`Panels`](super::Panels)). The sums are integers, so neither their order, nor
//! what is left out because it is zero, nor the instructions that add them up can be seen in a result: every level gives the same
//! bits. Why no sum can overflow is told in the file `range.rs`.
//!
//! Reading order: `range.rs` and `rows.rs` (what a quantized number is, and how a row of them lies), `product.rs` (what a product
//! is, in pseudo-code) and `gathered.rs` (short segments put together), `kernel.rs` and `choice.rs` (what an instruction set supplies, and which one does), `portable.rs` (the kernel that is written as it is
//! thought), `avx2` and `avx512` (what these do otherwise), `quantize.rs` and `pack.rs` (how the operands are made). Allocation
//! and threads are the matter of the module `input::packed`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod choice;
mod gathered;
mod kernel;
mod pack;
mod portable;
mod product;
mod quantize;
mod range;
mod rows;

use ndarray::{ArrayViewMut2, Axis};

use choice::with_kernel;
use gathered::Gathered;
use kernel::MicroKernel;
pub use pack::{Transposed, transpose};
use product::Checked;
pub use product::{Product, Window};
pub use quantize::{RowMut, number};
pub use range::{MOST, MOST_OF_SUM, MOST_SUM, Magnitudes};
pub use rows::{Rows, row_bytes};

/// Rows at whose multiples it is worth dividing a matrix: those of the largest micro-tile, which is AVX-512's. The same on every CPU,
/// so that work is divided by sizes alone.
pub const ROWS_OF_MICRO_TILE: usize = 10;

impl Product<'_> {
    /// `out[r][c] = start + sum over sums of scale · sum over k of number[r][k] · pixel[k][c]`, for as many rows and columns as `out`
    /// has from the beginning of `window` on. The columns end where a strip of tiles ends, or the last tile. Sums of products are
    /// exact; each is rounded to `f32` once, then scaled, then added, one after the other. Overwrites `out`.
    ///
    /// # Panics
    /// If rows, panels, scales or starts are missing, columns do not end so, or a row of `out` is not contiguous.
    pub fn compute(&self, window: Window, mut out: ArrayViewMut2<'_, f32>) {
        if out.is_empty() {
            return;
        }
        let checked = Checked::new(*self, window, &out);
        with_kernel!(self.factors.level(), Kernel => {
            // SAFETY: the level exists, so the CPU was found to have its instructions; the product was checked against `out`.
            unsafe { by_panels::<Kernel>(&checked, &mut out) }
        });
    }
}

/// Computes a product, panel by panel where that is better.
///
/// # Safety
/// That of [`by_micro_tiles`].
unsafe fn by_panels<K: MicroKernel>(product: &Checked<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    if !product.gathers(out.len_of(Axis(0)), K::ROWS) {
        // SAFETY: the caller keeps to the same contract.
        return unsafe { by_micro_tiles::<K>(product, out) };
    }
    let mut room = Gathered::empty();
    for panel in product.panels() {
        let product = product.gather(panel, &mut room);
        // SAFETY: as above; this is a part of the product.
        unsafe { by_micro_tiles::<K>(&product, out) };
    }
}

/// Computes all micro-tiles of a product.
///
/// # Safety
/// The CPU has the kernel's instructions, and `product` was checked against `out`.
unsafe fn by_micro_tiles<K: MicroKernel>(product: &Checked<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    let rows = out.len_of(Axis(0));
    product.for_each_micro_tile(rows, K::ROWS, |tile, rows| {
        // SAFETY: the caller keeps to the same contract, and the tile is of the product.
        unsafe {
            match rows {
                1 => K::micro_tile::<1>(product, tile, out),
                // What lies below is not even compiled for these kernels.
                _ if const { K::ROWS <= 1 } => unreachable!("rows of a micro-tile"),
                2 => K::micro_tile::<2>(product, tile, out),
                3 => K::micro_tile::<3>(product, tile, out),
                4 => K::micro_tile::<4>(product, tile, out),
                5 => K::micro_tile::<5>(product, tile, out),
                6 => K::micro_tile::<6>(product, tile, out),
                _ if const { K::ROWS <= 6 } => unreachable!("rows of a micro-tile"),
                7 => K::micro_tile::<7>(product, tile, out),
                8 => K::micro_tile::<8>(product, tile, out),
                9 => K::micro_tile::<9>(product, tile, out),
                10 => K::micro_tile::<10>(product, tile, out),
                _ => unreachable!("rows of a micro-tile"),
            }
        }
    });
}
