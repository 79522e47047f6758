//! The products in plain Rust: what the other levels are held against.

use ndarray::{ArrayViewMut2, Axis};

use super::{COLUMNS, Job, QUAD};
use crate::kernels::pack::Kept;

pub(super) fn product(job: &Job<'_>, out: &mut ArrayViewMut2<'_, f32>) {
    for panel in job.panels_of_out.clone() {
        let spot = job.placement(panel);
        for row in 0..out.len_of(Axis(0)) {
            let mut totals = [job.start(row); COLUMNS];
            let mut sums = [0_i32; COLUMNS];
            job.for_each_part(panel, |part| {
                let (words, _) = job.row(row).as_chunks::<{ 2 * QUAD }>();
                add(&words[part.first_quad..], part.kept, &mut sums);
                if let Some(scale) = part.ends_sum {
                    let scale = job.scale(row, scale);
                    for (total, sum) in totals.iter_mut().zip(&mut sums) {
                        *total += std::mem::take(sum) as f32 * scale;
                    }
                }
            });
            job.store(out, row, spot, &totals);
        }
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
