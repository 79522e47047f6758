//! The products in plain Rust: what the other levels are held against.

use ndarray::ArrayViewMut2;

use super::{Job, LANES, QUAD, QUAD_BYTES};
use crate::kernels::pack;

pub(super) fn product(job: &Job<'_>, mut out: ArrayViewMut2<'_, f32>) {
    let quads = job.factors.quads;
    for (row, mut out) in out.rows_mut().into_iter().enumerate() {
        let words = job.row(row);
        let (words, _) = words.as_chunks::<{ 2 * QUAD }>();
        let panels = job.panels.chunks_exact(pack::panel_bytes(quads));
        for (columns, panel) in (0..out.len()).step_by(LANES).zip(panels) {
            let width = LANES.min(out.len() - columns);
            let out = &mut out.as_slice_mut().expect("contiguous rows")[columns..][..width];
            if let Some(start) = job.start(row) {
                out.fill(start);
            }
            for (number, segment) in job.segments.iter().enumerate() {
                let bytes = &panel[segment.start * QUAD_BYTES..segment.end * QUAD_BYTES];
                let sums = sums(&words[segment.clone()], bytes);
                let scale = job.scale(row, number);
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out += sum as f32 * scale;
                }
            }
        }
    }
}

/// The exact sums of a segment, for the sixteen columns of a panel.
fn sums(words: &[[u8; 2 * QUAD]], panel: &[u8]) -> [i32; LANES] {
    let mut sums = [0_i32; LANES];
    let (panel, _) = panel.as_chunks::<QUAD_BYTES>();
    for (words, bytes) in words.iter().zip(panel) {
        let (columns, _) = bytes.as_chunks::<QUAD>();
        for (sum, column) in sums.iter_mut().zip(columns) {
            for (&word, &byte) in words.as_chunks().0.iter().zip(column) {
                *sum += i32::from(i16::from_le_bytes(word)) * i32::from(byte);
            }
        }
    }
    sums
}
