//! How many pixels are multiplied at all.

use crate::input::packed::PackedBatch;

/// Of `images` images of `pixels` pixels, packed, the share that forward and gradient multiply: quads that are all black they leave
/// out, and what fills a quad up they multiply too. None where nothing is packed.
pub(super) fn of_pixels(packed: &[PackedBatch], images: usize, pixels: usize) -> Option<[f64; 2]> {
    let counts = packed.iter().map(PackedBatch::kept_pixels);
    let [forward, gradient] = counts.reduce(|[a, b], [c, d]| [a + c, b + d])?;
    let all = (images * pixels) as f64;
    Some([forward as f64 / all, gradient as f64 / all])
}
