//! The order in which an image's pixels are multiplied, and what standardises them.

use std::ops::Range;

use crate::data::Standardizer;
use crate::kernels::integer::{MOST_OF_SUM, QUAD};
use crate::kernels::pack::{Run, SLACK};
use crate::kernels::{self, Level, Tiles};

/// Largest ratio of deviations within a group: it costs the weights of the group's brightest pixels less than three bits.
const LARGEST_RATIO: f64 = 6.0;
/// Groups by deviation: what is below the last one's belongs to it too.
const MOST_GROUPS: usize = 8;

/// Most segments that the pixels of an image are in.
pub(super) fn most_segments(pixels: usize) -> usize {
    MOST_GROUPS + pixels / MOST_OF_SUM
}

/// Quads of an image sorted into segments, each of which begins a quad: the same for all images of a size.
pub(super) fn quads_of_image(pixels: usize) -> usize {
    pixels.div_ceil(QUAD) + most_segments(pixels)
}

/// The pixels sorted into groups of similar deviation, and the figures of each.
#[derive(Clone, Debug)]
pub struct PixelGroups {
    pub(super) tiles: Tiles,
    /// From tiled order to the groups'.
    pub(super) runs: Vec<Run>,
    /// The quads of each group, or part of one that goes into one sum.
    pub(super) segments: Vec<Range<usize>>,
    /// The places of each segment's numbers, without what fills its last quad.
    pub(super) places: Vec<Range<usize>>,
    /// By place: the mean.
    pub(super) sorted_mean: Vec<f32>,
    /// By pixel: one over the deviation.
    pub(super) factor: Vec<f32>,
    /// By pixel: the mean.
    mean: Vec<f32>,
}

impl PixelGroups {
    /// Groups by the deviations, and keeps the figures, of images of so many rows and columns.
    ///
    /// # Panics
    /// If the images have other pixels than the figures.
    #[must_use]
    pub fn new(standardizer: &Standardizer, (rows, columns): (usize, usize)) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        let pixels = mean.len();
        assert_eq!(rows * columns, pixels, "pixels of an image");
        let mut falling: Vec<usize> = (0..pixels).collect();
        falling.sort_by(|&a, &b| deviation[b].total_cmp(&deviation[a]));
        let mut group_of = vec![0; pixels];
        let (mut groups, mut largest) = (0, f64::INFINITY);
        for pixel in falling {
            if deviation[pixel] * LARGEST_RATIO < largest && groups < MOST_GROUPS {
                largest = deviation[pixel];
                groups += 1;
            }
            group_of[pixel] = groups - 1;
        }
        let mut sorted = Self {
            tiles: Tiles::of_image(rows, columns),
            runs: Vec::new(),
            segments: Vec::new(),
            places: Vec::new(),
            sorted_mean: vec![0.0; quads_of_image(pixels) * QUAD],
            factor: deviation
                .iter()
                .map(|deviation| (1.0 / deviation) as f32)
                .collect(),
            mean: mean.iter().map(|&mean| mean as f32).collect(),
        };
        // The pixel at each place of tiled order, if there is one.
        let mut tiled = vec![None; sorted.tiles.places()];
        let all: Vec<_> = (0..pixels).map(Some).collect();
        sorted.tiles.sort(&all, &mut tiled);
        let mut next = 0;
        for group in 0..groups {
            let of_group = |(place, pixel): (usize, &Option<usize>)| {
                pixel
                    .filter(|&pixel| group_of[pixel] == group)
                    .map(|pixel| (place, pixel))
            };
            let group: Vec<_> = tiled.iter().enumerate().filter_map(of_group).collect();
            for segment in group.chunks(MOST_OF_SUM) {
                let places = next..next + segment.len();
                for (to, &(from, pixel)) in places.clone().zip(segment) {
                    sorted.sorted_mean[to] = sorted.mean[pixel];
                    sorted.add(from, to);
                }
                sorted
                    .segments
                    .push(places.start / QUAD..places.end.div_ceil(QUAD));
                next = places.end.next_multiple_of(QUAD);
                sorted.places.push(places);
            }
        }
        sorted
    }

    /// Says where a place of tiled order goes; where to, in rising order.
    fn add(&mut self, from: usize, to: usize) {
        match self.runs.last_mut() {
            Some(run)
                if (run.from + run.length) as usize == from
                    && (run.to + run.length) as usize == to
                    && (run.length as usize) < SLACK =>
            {
                run.length += 1;
            }
            _ => self.runs.push(Run {
                from: from as u32,
                to: to as u32,
                length: 1,
            }),
        }
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.factor.len()
    }

    /// How the images are cut into tiles.
    #[must_use]
    pub fn tiles(&self) -> Tiles {
        self.tiles
    }

    /// Turns sums over images `Σ d u` of the pixels from `first` on into a unit's gradient, given its `Σ d`.
    pub(super) fn centre(&self, level: Level, sum: f32, first: usize, d_w: &mut [f32]) {
        let pixels = first..first + d_w.len();
        let (mean, factor) = (&self.mean[pixels.clone()], &self.factor[pixels]);
        kernels::centre(level, sum, mean, factor, d_w);
    }
}
