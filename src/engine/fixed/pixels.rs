//! The order in which an image's pixels are multiplied, and what standardises them.

use std::ops::Range;

use crate::data::Standardizer;
use crate::kernels::integer::{LANES, MOST_OF_SUM, QUAD};
use crate::kernels::pack::{Run, SLACK};
use crate::kernels::{self, Level, Tiles};

/// Largest ratios of deviations within a group, of which the first is taken that keeps quads few. Six costs the weights of the
/// group's brightest pixels less than three bits of sixteen.
const LARGEST_RATIOS: [f64; 4] = [6.0, 36.0, 216.0, f64::INFINITY];
/// Groups by deviation: what is below the last one's belongs to it too.
const MOST_GROUPS: usize = 8;
/// Quads of a segment: their numbers go into one sum.
const QUADS_OF_SEGMENT: usize = MOST_OF_SUM / QUAD;

/// Most quads that the pixels of an image are in: a quarter more than the runs of its tiles.
pub(super) fn most_quads(tiles: Tiles) -> usize {
    let runs = tiles.places() / QUAD;
    runs + runs / 4 + MOST_GROUPS
}

/// Most segments that they are in.
pub(super) fn most_segments(tiles: Tiles) -> usize {
    MOST_GROUPS + most_quads(tiles) / QUADS_OF_SEGMENT
}

/// The pixels sorted into groups of similar deviation, and the figures of each.
///
/// In a group that has most of the image, a quad is a run of a tile, and where one of its pixels belongs to another group, the number
/// that this is multiplied with is 0: so four weights are moved at once. The quads of smaller groups, whose pixels are
/// scattered, are any four: so there are few of them.
#[derive(Clone, Debug)]
pub struct PixelGroups {
    pub(super) tiles: Tiles,
    /// From tiled order to the groups'.
    pub(super) runs: Vec<Run>,
    /// The quads of each group, or part of one that goes into one sum.
    pub(super) segments: Vec<Range<usize>>,
    /// By quad: the pixel that it begins with, if it is a run.
    first_pixels: Vec<u32>,
    /// The place and the pixel of each number of the quads that are not.
    scattered: Vec<(u32, u32)>,
    /// By place: the mean, or 0.
    pub(super) sorted_mean: Vec<f32>,
    /// By place: one over the deviation, or 0.
    sorted_factor: Vec<f32>,
    /// By pixel: one over the deviation.
    factor: Vec<f32>,
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
        let tiles = Tiles::of_image(rows, columns);
        // The pixel at each place of tiled order, if there is one.
        let mut tiled = vec![None; tiles.places()];
        let all: Vec<_> = (0..pixels).map(Some).collect();
        tiles.sort(&all, &mut tiled);
        let groups = LARGEST_RATIOS
            .iter()
            .map(|&ratio| groups(deviation, &tiled, ratio))
            .find(|groups| groups.iter().map(Vec::len).sum::<usize>() <= most_quads(tiles))
            .expect("a single group has no more quads than there are runs");
        let mut sorted = Self {
            tiles,
            runs: Vec::new(),
            segments: Vec::new(),
            first_pixels: Vec::new(),
            scattered: Vec::new(),
            sorted_mean: Vec::new(),
            sorted_factor: Vec::new(),
            factor: deviation
                .iter()
                .map(|deviation| (1.0 / deviation) as f32)
                .collect(),
            mean: mean.iter().map(|&mean| mean as f32).collect(),
        };
        for group in groups {
            for segment in group.chunks(QUADS_OF_SEGMENT) {
                let first = sorted.first_pixels.len();
                sorted.segments.push(first..first + segment.len());
                for quad in segment {
                    sorted.add(quad);
                }
            }
        }
        sorted
    }

    /// Adds a quad to the last segment.
    fn add(&mut self, quad: &Quad) {
        let to = self.first_pixels.len() * QUAD;
        for (to, member) in (to..).zip(quad.members) {
            let pixel = member.map(|(_, pixel)| pixel);
            let figure = |figures: &[f32]| pixel.map_or(0.0, |pixel| figures[pixel]);
            self.sorted_mean.push(figure(&self.mean));
            self.sorted_factor.push(figure(&self.factor));
            if let (Some((from, pixel)), None) = (member, quad.run) {
                self.scattered.push((to as u32, pixel as u32));
                self.copy(from, to, 1);
            }
        }
        if let Some((from, _)) = quad.run {
            self.copy(from, to, QUAD);
        }
        let first = quad.run.map_or(0, |(_, pixel)| pixel);
        self.first_pixels.push(first as u32);
    }

    /// Says that some neighbours in tiled order go to place `to`, which is behind all others.
    fn copy(&mut self, from: usize, to: usize, length: usize) {
        match self.runs.last_mut() {
            Some(run)
                if (run.from + run.length) as usize == from
                    && (run.to + run.length) as usize == to
                    && run.length as usize + length <= SLACK =>
            {
                run.length += length as u32;
            }
            _ => self.runs.push(Run {
                from: from as u32,
                to: to as u32,
                length: length as u32,
            }),
        }
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.factor.len()
    }

    /// Quads of an image.
    #[must_use]
    pub fn quads(&self) -> usize {
        self.first_pixels.len()
    }

    /// How the images are cut into tiles.
    #[must_use]
    pub fn tiles(&self) -> Tiles {
        self.tiles
    }

    /// The weights `w` of a unit over the deviations, in the groups' order.
    pub(super) fn scaled(&self, level: Level, w: &[f32], sorted: &mut [f32]) {
        kernels::scaled_quads(level, &self.first_pixels, w, &self.sorted_factor, sorted);
        for &(to, pixel) in &self.scattered {
            let pixel = pixel as usize;
            sorted[to as usize] = w[pixel] * self.factor[pixel];
        }
    }

    /// Turns sums over images `Σ d u` of the pixels from `first` on into a unit's gradient, given its `Σ d`.
    pub(super) fn centre(&self, level: Level, sum: f32, first: usize, d_w: &mut [f32]) {
        let pixels = first..first + d_w.len();
        let (mean, factor) = (&self.mean[pixels.clone()], &self.factor[pixels]);
        kernels::centre(level, sum, mean, factor, d_w);
    }
}

/// Four numbers of a group.
struct Quad {
    /// The place in tiled order and the pixel of the first, if they are a run of a tile.
    run: Option<(usize, usize)>,
    /// The places and pixels that belong to the group.
    members: [Option<(usize, usize)>; QUAD],
}

/// The quads of each group, in tiled order, if deviations within a group differ by less than `ratio`.
fn groups(deviation: &[f64], tiled: &[Option<usize>], ratio: f64) -> Vec<Vec<Quad>> {
    let mut falling: Vec<usize> = (0..deviation.len()).collect();
    falling.sort_by(|&a, &b| deviation[b].total_cmp(&deviation[a]));
    let mut group_of = vec![0; deviation.len()];
    let (mut groups, mut largest) = (0, f64::INFINITY);
    for pixel in falling {
        let begins = groups == 0 || deviation[pixel] * ratio < largest;
        if begins && groups < MOST_GROUPS {
            largest = deviation[pixel];
            groups += 1;
        }
        group_of[pixel] = groups - 1;
    }
    let quads_of = |group: usize| {
        let member = |(place, pixel): (usize, &Option<usize>)| {
            let pixel = pixel.filter(|&pixel| group_of[pixel] == group)?;
            Some((place, pixel))
        };
        let members: Vec<_> = tiled.iter().enumerate().map(member).collect();
        let runs = members.as_chunks::<QUAD>().0.iter().enumerate();
        let runs: Vec<_> = runs
            .filter(|(_, members)| members.iter().any(Option::is_some))
            .collect();
        let all: Vec<_> = members.iter().flatten().copied().collect();
        if 2 * all.len() >= QUAD * runs.len() {
            let quad = |(run, members): (usize, &[_; QUAD])| Quad {
                run: tiled[run * QUAD].map(|pixel| (run * QUAD, pixel)),
                members: *members,
            };
            runs.into_iter().map(quad).collect()
        } else {
            let quad = |four: &[_]| Quad {
                run: None,
                members: std::array::from_fn(|place| four.get(place).copied()),
            };
            all.chunks(QUAD).map(quad).collect()
        }
    };
    (0..groups).map(quads_of).collect()
}

const _: () = assert!(LANES.is_multiple_of(QUAD) && SLACK.is_multiple_of(QUAD));
