//! The order in which an image's pixels are multiplied, and what standardises them.

use std::ops::Range;

use crate::data::Standardizer;
use crate::kernels::integer::MOST_OF_SUM;
use crate::kernels::{self, Level, QUAD, Tiles};

/// Largest ratios of deviations within a group, of which the first is taken that keeps quads few. Six costs the weights of the
/// group's brightest pixels less than three bits of sixteen.
const LARGEST_RATIOS: [f64; 4] = [6.0, 36.0, 216.0, f64::INFINITY];
/// Most groups by deviation: pixels whose deviation is below the last group's belong to it too.
const MOST_GROUPS: usize = 8;
/// Quads of a segment: their numbers go into one sum.
const QUADS_OF_SEGMENT: usize = MOST_OF_SUM / QUAD;
/// Each group of a row of weights is filled up to a multiple of so many numbers: then vectors leave no rest, and a rest takes longer
/// than the vector that it is filled up to.
const GROUP_MULTIPLE: usize = 32;

/// Most quads that the pixels of an image are in: a quarter more than its own.
pub(super) fn most_quads(pixels: usize) -> usize {
    let quads = pixels.div_ceil(QUAD);
    quads + quads / 4 + MOST_GROUPS
}

/// Most numbers of a row of weights.
pub(super) fn most_numbers(pixels: usize) -> usize {
    most_quads(pixels) * QUAD + MOST_GROUPS * GROUP_MULTIPLE
}

/// Most segments that the quads of an image are in.
pub(super) fn most_segments(pixels: usize) -> usize {
    MOST_GROUPS + most_quads(pixels) / QUADS_OF_SEGMENT
}

/// The pixels sorted into groups of similar deviation, and the mean and deviation of each pixel.
///
/// The largest group has the whole image, as it is, and multiplies the pixels of other groups with 0: so its own pixels need not be
/// moved once more. The pixels of the other groups, which are few and scattered over the image, come behind it.
#[derive(Clone, Debug)]
pub struct PixelGroups {
    tiles: Tiles,
    /// The quads of each segment: of a group, or of a part of one that goes into one sum.
    pub(super) segments: Vec<Range<usize>>,
    /// For each quad of the groups behind the largest one, which pixels it has.
    pub(super) scattered: Vec<[Option<u32>; QUAD]>,
    /// For each segment, its indices in a row of weights in the groups' order, where each group is filled up to a multiple of
    /// [`GROUP_MULTIPLE`].
    pub(super) of_row: Vec<Range<usize>>,
    /// By index of such a row: the pixel's mean, or 0.
    pub(super) sorted_mean: Vec<f32>,
    /// By index behind the largest group: the pixel, or any.
    scattered_pixel: Vec<u32>,
    /// By index behind the largest group: one over the pixel's deviation, or 0.
    scattered_factor: Vec<f32>,
    /// By pixel: one over its deviation where it is of the largest group, or 0.
    factor_of_largest: Vec<f32>,
    /// By pixel: one over its deviation.
    factor: Vec<f32>,
    /// By pixel: its mean.
    mean: Vec<f32>,
}

impl PixelGroups {
    /// Groups the pixels of images of so many rows and columns by their deviations.
    ///
    /// # Panics
    /// If the standardizer has other pixels than the images.
    #[must_use]
    pub fn new(standardizer: &Standardizer, (rows, columns): (usize, usize)) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        let pixels = mean.len();
        assert_eq!(rows * columns, pixels, "pixels of an image");
        let factor = deviation.iter().map(|deviation| (1.0 / deviation) as f32);
        let mut sorted = Self {
            tiles: Tiles::of_image(rows, columns),
            segments: Vec::new(),
            scattered: Vec::new(),
            of_row: Vec::new(),
            sorted_mean: Vec::new(),
            scattered_pixel: Vec::new(),
            scattered_factor: Vec::new(),
            factor_of_largest: vec![0.0; pixels],
            factor: factor.collect(),
            mean: mean.iter().map(|&mean| mean as f32).collect(),
        };
        for (number, group) in fewest_quads(deviation).iter().enumerate() {
            if number == 0 {
                sorted.push_largest(group);
            } else {
                sorted.push_scattered(group);
            }
        }
        sorted
    }

    /// All pixels in one group of one segment, for products that need no groups.
    ///
    /// # Panics
    /// As [`Self::new`].
    #[must_use]
    pub fn single(standardizer: &Standardizer, (rows, columns): (usize, usize)) -> Self {
        let pixels = standardizer.mean.len();
        assert_eq!(rows * columns, pixels, "pixels of an image");
        Self {
            tiles: Tiles::of_image(rows, columns),
            segments: vec![0..pixels.div_ceil(QUAD)],
            scattered: Vec::new(),
            of_row: Vec::new(),
            sorted_mean: Vec::new(),
            scattered_pixel: Vec::new(),
            scattered_factor: Vec::new(),
            factor_of_largest: Vec::new(),
            factor: Vec::new(),
            mean: Vec::new(),
        }
    }

    /// Adds the largest group, which has the quads of the whole image.
    fn push_largest(&mut self, group: &[usize]) {
        let pixels = self.pixels();
        self.sorted_mean.resize(pixels, 0.0);
        for &pixel in group {
            self.factor_of_largest[pixel] = self.factor[pixel];
            self.sorted_mean[pixel] = self.mean[pixel];
        }
        self.push_segments(pixels.div_ceil(QUAD), 0);
    }

    /// Adds one of the other groups, whose quads have nothing but its own pixels.
    fn push_scattered(&mut self, group: &[usize]) {
        let first_index = self.sorted_mean.len();
        let quads = group.chunks(QUAD).map(|pixels| {
            std::array::from_fn(|number| pixels.get(number).map(|&pixel| pixel as u32))
        });
        self.scattered.extend(quads);
        for &pixel in group {
            self.sorted_mean.push(self.mean[pixel]);
            self.scattered_pixel.push(pixel as u32);
            self.scattered_factor.push(self.factor[pixel]);
        }
        let filled = group.len().next_multiple_of(GROUP_MULTIPLE) - group.len();
        let count = self.scattered_pixel.len() + filled;
        self.scattered_pixel.resize(count, 0);
        self.scattered_factor.resize(count, 0.0);
        self.push_segments(group.len().div_ceil(QUAD), first_index);
    }

    /// Adds the segments of a group of `quads` quads, whose numbers in a row of weights begin at `first_index`, and fills these up.
    fn push_segments(&mut self, quads: usize, first_index: usize) {
        let first = self.quads();
        let count = self.sorted_mean.len().next_multiple_of(GROUP_MULTIPLE);
        self.sorted_mean.resize(count, 0.0);
        for segment in (0..quads).step_by(QUADS_OF_SEGMENT) {
            let next = quads.min(segment + QUADS_OF_SEGMENT);
            self.segments.push(first + segment..first + next);
            let end = if next == quads {
                count
            } else {
                first_index + next * QUAD
            };
            self.of_row.push(first_index + segment * QUAD..end);
        }
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.tiles.pixels()
    }

    /// Quads of an image.
    #[must_use]
    pub fn quads(&self) -> usize {
        self.segments.last().map_or(0, |segment| segment.end)
    }

    /// How the images are divided into tiles.
    #[must_use]
    pub fn tiles(&self) -> Tiles {
        self.tiles
    }

    /// Divides the weights `w` of a unit by the deviations, and sorts them as [`Self::of_row`] has it. Overwrites `row`.
    pub(super) fn over_deviations(&self, level: Level, w: &[f32], row: &mut [f32]) {
        let (largest, rest) = row.split_at_mut(w.len());
        kernels::multiply(level, w, &self.factor_of_largest, largest);
        let fill = w.len().next_multiple_of(GROUP_MULTIPLE) - w.len();
        let (fill, rest) = rest.split_at_mut(fill);
        fill.fill(0.0);
        let scattered = self.scattered_pixel.iter().zip(&self.scattered_factor);
        for (quotient, (&pixel, &factor)) in rest.iter_mut().zip(scattered) {
            *quotient = w[pixel as usize] * factor;
        }
    }

    /// Turns sums over images `Σ d u` of the pixels from `first` on into a unit's gradient, given its `Σ d`.
    pub(super) fn centre(&self, level: Level, sum: f32, first: usize, d_w: &mut [f32]) {
        let pixels = first..first + d_w.len();
        let (mean, factor) = (&self.mean[pixels.clone()], &self.factor[pixels]);
        kernels::centre(level, sum, mean, factor, d_w);
    }
}

/// The groups of the smallest of [`LARGEST_RATIOS`] that keeps quads few.
fn fewest_quads(deviation: &[f64]) -> Vec<Vec<usize>> {
    let pixels = deviation.len();
    let quads_of = |groups: &Vec<Vec<usize>>| -> usize {
        let scattered = groups.iter().skip(1);
        let scattered = scattered.map(|group| group.len().div_ceil(QUAD));
        pixels.div_ceil(QUAD) + scattered.sum::<usize>()
    };
    LARGEST_RATIOS
        .iter()
        .map(|&ratio| groups(deviation, ratio))
        .find(|groups| quads_of(groups) <= most_quads(pixels))
        .expect("a single group has no more quads than the image")
}

/// The pixels of each group, the largest group first, if deviations within a group differ by less than `ratio`.
fn groups(deviation: &[f64], ratio: f64) -> Vec<Vec<usize>> {
    let mut falling: Vec<usize> = (0..deviation.len()).collect();
    falling.sort_by(|&a, &b| deviation[b].total_cmp(&deviation[a]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut largest = f64::INFINITY;
    for pixel in falling {
        let begins = deviation[pixel] * ratio < largest && groups.len() < MOST_GROUPS;
        match groups.last_mut() {
            Some(group) if !begins => group.push(pixel),
            _ => {
                largest = deviation[pixel];
                groups.push(vec![pixel]);
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_multiplied_once() {
        for (shape, spread) in [
            ((28, 28), 100),
            ((28, 28), 1),
            ((5, 7), 30_000),
            ((1, 50), 1000),
            ((40, 3), 2),
            ((60, 60), 7),
        ] {
            let pixels = shape.0 * shape.1;
            // The deviations are of many sizes and in no order.
            let deviation: Vec<f64> = (0..pixels)
                .map(|pixel| 1.0 / (1 + pixel * 7919 % pixels % spread) as f64)
                .collect();
            let mean = vec![3.0; pixels];
            let groups = PixelGroups::new(&Standardizer { mean, deviation }, shape);
            assert!(groups.quads() <= most_quads(pixels));
            assert!(groups.segments.len() <= most_segments(pixels));
            assert_eq!(groups.segments.len(), groups.of_row.len());
            let mut next = (0, 0);
            // Each pixel's number stands beside its own weight.
            let mut image: Vec<Option<u32>> = (0..pixels as u32).map(Some).collect();
            image.resize(pixels.next_multiple_of(QUAD), None);
            image.extend(groups.scattered.as_flattened());
            let ones: Vec<f32> = groups.factor.iter().map(|factor| 1.0 / factor).collect();
            let mut weights = vec![f32::NAN; most_numbers(pixels)];
            groups.over_deviations(Level::PORTABLE, &ones, &mut weights);
            let mut met = vec![0; pixels];
            for (quads, indices) in groups.segments.iter().zip(&groups.of_row) {
                assert_eq!((quads.start, indices.start), next);
                assert!(quads.len() <= QUADS_OF_SEGMENT && indices.len() <= MOST_OF_SUM);
                next = (quads.end, indices.end);
                let weights = &weights[indices.clone()];
                assert!(
                    weights[quads.len() * QUAD..]
                        .iter()
                        .all(|&weight| weight == 0.0)
                );
                for (&pixel, &weight) in image[quads.start * QUAD..].iter().zip(weights) {
                    if weight != 0.0 {
                        assert!((weight - 1.0).abs() < 1e-6);
                        met[pixel.expect("a pixel") as usize] += 1;
                    }
                }
            }
            assert!(
                met.iter().all(|&met| met == 1),
                "{shape:?}, {spread}: {met:?}"
            );
        }
    }
}
