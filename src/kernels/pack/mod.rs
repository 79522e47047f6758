//! Pixels in the order in which integer products take them: copies only.
//!
//! A panel has the bytes of sixteen columns, [`QUAD`] of a column side by side, so that one load brings a quad of each. For the forward
//! product the columns are images and the quads pixels; for the gradient the columns are pixels and the quads images.

#[cfg(target_arch = "x86_64")]
mod avx512;

use super::integer::{LANES, QUAD, QUAD_BYTES};
use super::level::{Level, Set};

/// Bytes that may be read or written behind an image's last, so that copies can be of a fixed length.
pub const SLACK: usize = 32;

/// A run of neighbouring pixels that stay neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Place of the first among an image's pixels.
    pub from: u32,
    /// Its place after sorting.
    pub to: u32,
    /// At most [`SLACK`].
    pub length: u32,
}

/// Bytes of a panel of so many quads.
#[must_use]
pub const fn panel_bytes(quads: usize) -> usize {
    quads * QUAD_BYTES
}

/// Copies runs to their places, in rising order of `to`: each copy is of [`SLACK`] items, and what it writes beyond its run the
/// next one overwrites.
#[inline(always)]
pub fn sort<T: Copy>(runs: &[Run], from: &[T], to: &mut [T]) {
    for run in runs {
        let from = &from[run.from as usize..][..SLACK];
        to[run.to as usize..][..SLACK].copy_from_slice(from);
    }
}

/// [`images`], for a level.
#[inline]
pub fn pack_images(level: Level, images: &[u8], stride: usize, quads: usize, panel: &mut [u8]) {
    match level.set() {
        // SAFETY: this level exists only where the CPU was found to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => unsafe { avx512::images(images, stride, quads, panel) },
        _ => self::images(images, stride, quads, panel),
    }
}

/// [`pixels`], for a level.
#[inline]
pub fn pack_pixels(
    level: Level,
    images: &[u8],
    stride: usize,
    pixels: usize,
    panel_stride: usize,
    panels: &mut [u8],
) {
    match level.set() {
        // SAFETY: this level exists only where the CPU was found to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => unsafe { avx512::pixels(images, stride, pixels, panel_stride, panels) },
        _ => self::pixels(images, stride, pixels, panel_stride, panels),
    }
}

/// Asks for bytes that will be read soon; does nothing where there is no instruction for it.
#[inline]
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        #[allow(unused_unsafe)] // newer compilers know that it is safe
        // SAFETY: a prefetch of any address is sound, and this one is a slice's.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// One panel for the forward product: images as columns. `images` holds up to sixteen rows of `stride` bytes, of which
/// the first `quads` quads count; columns without an image become zero.
#[inline(always)]
pub fn images(images: &[u8], stride: usize, quads: usize, panel: &mut [u8]) {
    let (panel, _) = panel.as_chunks_mut::<QUAD_BYTES>();
    let panel = &mut panel[..quads];
    let count = images.len() / stride;
    if count < LANES {
        panel.fill([0; QUAD_BYTES]);
    }
    // Four images at a time: sixteen bytes of each are four quads, turned like a 4 x 4 matrix.
    for first in (0..count).step_by(4) {
        let row = |number: usize| -> &[[u8; 4]] {
            let row = images.get((first + number) * stride..(first + number + 1) * stride);
            row.unwrap_or(&[]).as_chunks().0
        };
        let rows = [row(0), row(1), row(2), row(3)];
        if rows.iter().all(|row| row.len() >= quads) {
            for (quad, panel) in panel.iter_mut().enumerate() {
                let columns = &mut panel.as_chunks_mut::<QUAD>().0[first..first + 4];
                for (column, row) in columns.iter_mut().zip(rows) {
                    *column = row[quad];
                }
            }
        } else {
            for (number, row) in rows.iter().enumerate() {
                for (panel, quad) in panel.iter_mut().zip(row.iter()) {
                    panel.as_chunks_mut::<QUAD>().0[first + number] = *quad;
                }
            }
        }
    }
}

/// One quad of images for the gradient, in every panel of `pixels` pixels: pixels as columns. `images` holds up to four rows of
/// `stride` bytes. Panel number `p`'s part begins at `p · panel_stride` of `panels`.
#[inline(always)]
pub fn pixels(images: &[u8], stride: usize, pixels: usize, panel_stride: usize, panels: &mut [u8]) {
    const NOTHING: [u8; LANES] = [0; LANES];
    for (panel, first) in (0..pixels).step_by(LANES).enumerate() {
        let row = |number: usize| -> &[u8; LANES] {
            let at = number * stride + first;
            images
                .get(at..)
                .and_then(|rest| rest.first_chunk())
                .unwrap_or(&NOTHING)
        };
        let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
        let (columns, _) = panels[panel * panel_stride..][..QUAD_BYTES].as_chunks_mut::<QUAD>();
        for (column, out) in columns.iter_mut().enumerate() {
            *out = [a[column], b[column], c[column], d[column]];
        }
    }
}
