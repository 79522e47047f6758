//! The kernel in plain Rust: what the other kernels are held against.

use ndarray::ArrayViewMut2;

use super::kernel::MicroKernel;
use super::product::{Checked, MicroTile};
use super::rows::Form;
use crate::kernels::panels::{Kept, Panels};
use crate::kernels::shape::{COLUMNS, LINE_BYTES, Line, QUAD};
use crate::kernels::tiles::Tiles;

/// No instructions beyond those that every CPU has, so none of its functions is unsafe in fact.
pub(super) struct Portable;

impl MicroKernel for Portable {
    /// The compiler keeps one row's sums in registers on every CPU.
    const ROWS: usize = 1;
    const FORM: Form = Form::Words;

    unsafe fn micro_tile<const R: usize>(
        product: &Checked<'_>,
        tile: MicroTile,
        out: &mut ArrayViewMut2<'_, f32>,
    ) {
        let MicroTile {
            panel,
            placement,
            first,
            ..
        } = tile;
        for row in first..first + R {
            let mut totals = [product.start(row); COLUMNS];
            let mut sums = [0_i32; COLUMNS];
            product.for_each_segment(panel, |segment| {
                let (words, _) = product.factors(row, 1).as_chunks::<{ 2 * QUAD }>();
                add(&words[segment.first_quad..], segment.kept, &mut sums);
                if let Some(scale) = segment.ends_sum {
                    let scale = product.scales(row, 1).of(0, scale);
                    for (total, sum) in totals.iter_mut().zip(&mut sums) {
                        *total += std::mem::take(sum) as f32 * scale;
                    }
                }
            });
            product.store(out, row, placement, &totals);
        }
    }

    unsafe fn transpose(images: &[&[u8]], _next: &[&[u8]], lines: &mut [Line]) {
        transpose(images, lines);
    }

    unsafe fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
        keep(first, from, to, kept)
    }

    unsafe fn pixels(
        panels: &mut Panels,
        first_quad: usize,
        quads: usize,
        lines: &[Line],
        tiles: Tiles,
    ) {
        pixels(panels, first_quad, quads, lines, tiles);
    }
}

/// Adds the products of a segment's pixels, for the sixteen columns of a panel.
fn add(words: &[[u8; 2 * QUAD]], kept: Kept<'_>, sums: &mut [i32; COLUMNS]) {
    for (line, &quad) in kept.lines.iter().zip(kept.quads) {
        let (words, _) = words[quad as usize].as_chunks();
        let (columns, _) = line.0.as_chunks::<QUAD>();
        for (sum, column) in sums.iter_mut().zip(columns) {
            for (&word, &byte) in words.iter().zip(column) {
                *sum += i32::from(i16::from_le_bytes(word)) * i32::from(byte);
            }
        }
    }
}

/// See [`MicroKernel::transpose`]: line `q` has, in its column `c`, the pixels from `4 q` on of image `c`.
pub(super) fn transpose(images: &[&[u8]], lines: &mut [Line]) {
    for (quad, line) in lines.iter_mut().enumerate() {
        let (columns, _) = line.0.as_chunks_mut::<QUAD>();
        for (number, column) in columns.iter_mut().enumerate() {
            let pixels = images
                .get(number)
                .map_or(&[][..], |image| &image[quad * QUAD..]);
            *column = std::array::from_fn(|pixel| pixels.get(pixel).copied().unwrap_or(0));
        }
    }
}

/// See [`MicroKernel::keep`].
pub(super) fn keep(first: u32, from: &[Line], to: &mut [Line], kept: &mut [u32]) -> usize {
    let mut count = 0;
    for (quad, line) in (first..).zip(from) {
        if line.0 != [0; LINE_BYTES] {
            to[count] = *line;
            kept[count] = quad;
            count += 1;
        }
    }
    count
}

/// See [`MicroKernel::pixels`]:
///
/// ```text
/// for each panel, whose columns are the sixteen pixels of a tile:
///     for each quad of images:
///         make a line: in column c, pixel c of the tile of the quad's four images
///         append it to the panel, unless it is zero
/// ```
pub(super) fn pixels(
    panels: &mut Panels,
    first_quad: usize,
    quads: usize,
    lines: &[Line],
    tiles: Tiles,
) {
    for panel in 0..panels.count {
        let runs = tiles.runs_of(panel);
        for quad in 0..quads {
            let mut pixels = [0; LINE_BYTES];
            for (column, pixel) in pixels.as_chunks_mut::<QUAD>().0.iter_mut().enumerate() {
                if let Some(Line(line)) = lines.get(runs[column / QUAD]) {
                    let image = |image| line[(quad * QUAD + image) * QUAD + column % QUAD];
                    *pixel = std::array::from_fn(image);
                }
            }
            if pixels != [0; LINE_BYTES] {
                let end = &mut panels.ends[panel];
                let at = panel * panels.quads + *end as usize;
                panels.lines[at] = Line(pixels);
                panels.kept[at] = (first_quad + quad) as u32;
                *end += 1;
            }
        }
    }
}
