//! What an instruction set supplies, and the choice among the sets.
//!
//! A new set is a file with one [`MicroKernel`], and one arm of [`with_kernel`].

use super::tile::{Along, Lanes, Tile};
use crate::kernels::shape::{Line, QUAD};

/// The products in `f32` of one instruction set.
///
/// Every function is `unsafe` for the same reasons: the CPU must have the instructions of the set, and pointers are followed.
pub(super) trait MicroKernel {
    /// Most rows of a micro-tile: its sums stay in registers, with a line and a factor.
    const MOST_ROWS: usize;

    /// Computes a micro-tile of `R` rows.
    ///
    /// # Safety
    /// The CPU has the set's instructions, and all that `tile` says of so many rows may be read, and its sums written to by nobody else.
    unsafe fn tile<const R: usize>(along: Along<'_>, tile: &Tile);

    /// Transposes squares: writes to the first `width` columns of `depth` lines what lies in rows `stride` numbers apart. Returns of how
    /// many lines and columns it has done so.
    ///
    /// # Safety
    /// The CPU has the set's instructions, these numbers are there, and there is room for so many lines.
    unsafe fn turn(
        from: *const f32,
        stride: isize,
        sizes: [usize; 2],
        to: *mut Lanes,
    ) -> [usize; 2];

    /// Writes the four lines of a quad whose columns are images: `x = factor · u + offset`, with a factor and an offset for each line.
    ///
    /// # Safety
    /// The CPU has the set's instructions, and there is room for four lines.
    unsafe fn widen_images(line: &Line, scale: [&[f32; QUAD]; 2], to: *mut Lanes);

    /// The same of a quad whose columns are pixels, with a factor and an offset for each column.
    ///
    /// # Safety
    /// As [`Self::widen_images`].
    unsafe fn widen_pixels(line: &Line, scale: [&Lanes; 2], to: *mut Lanes);
}

/// Evaluates an expression with `$Kernel` standing for the kernel of a level. A macro, because a function cannot take an expression
/// that is generic over a type.
macro_rules! with_kernel {
    ($level:expr, $Kernel:ident => $expression:expr) => {
        match $level.set() {
            $crate::kernels::level::Set::Portable => {
                type $Kernel = $crate::kernels::float::portable::Portable;
                $expression
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::level::Set::Avx2 => {
                type $Kernel = $crate::kernels::float::avx2::Avx2;
                $expression
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::level::Set::Avx512 => {
                type $Kernel = $crate::kernels::float::avx512::Avx512;
                $expression
            }
        }
    };
}
pub(super) use with_kernel;
