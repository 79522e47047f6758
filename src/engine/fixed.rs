//! The first layer's products straight from the pixels, in integers.
//!
//! In a small network nearly all arithmetic is the first layer's two products, and their pixels are bytes already. So weights and
//! deltas are rounded to 16 bits and the products are sums of integers ([`crate::kernels::integer`]): several times what a CPU
//! does in `f32`, and the same bits whatever the instructions. Master weights, updates and all further layers stay `f32`.
//!
//! With pixel `u`, its mean `m` and its deviation `s`:
//! - forward: `z_h = Σ (w_hf / s_f) u_f - Σ (w_hf / s_f) m_f`. The quotients are rounded with one scale for each unit and *group of
//!   pixels of similar deviation*: those run from 0.1 to 104 in Fashion-MNIST, and one scale for all would leave the weights of
//!   bright pixels a few bits. The means' share is computed from the rounded weights, so that errors cancel.
//! - gradient: `dW_hf = (Σ d_h u_f - m_f Σ d_h) / s_f` over the images. Deltas are rounded with one scale for each unit and chunk of
//!   images, and both sums take the rounded ones.

use std::ops::Range;

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use crate::data::{Images, Standardizer};
use crate::kernels::integer::{LANES, MOST_OF_SEGMENT, Product, QUAD, Rounded, Start};
use crate::kernels::pack::{self, Run, SLACK};
use crate::kernels::{self, Level};
use crate::parallel;

/// Largest ratio of deviations within a group: it costs the weights of the group's brightest pixels less than three bits.
const LARGEST_RATIO: f64 = 6.0;
/// Groups by deviation: what is below the last one's belongs to it too.
const MOST_GROUPS: usize = 8;
/// Rows of weights that one task rounds.
const ROWS_PER_TASK: usize = 5;

/// Quads of an image sorted into groups, each of which begins a quad: the same for all images of a size.
fn quads_of_image(pixels: usize) -> usize {
    pixels.div_ceil(QUAD) + MOST_GROUPS + pixels / MOST_OF_SEGMENT
}

/// The pixels sorted into groups of similar deviation, and the figures of each.
#[derive(Clone, Debug)]
pub struct PixelGroups {
    pixels: usize,
    /// From an image's order to the groups'.
    runs: Vec<Run>,
    /// The quads of each group.
    segments: Vec<Range<usize>>,
    /// The places of each group's numbers, without what fills its last quad.
    places: Vec<Range<usize>>,
    /// By place: the mean.
    sorted_mean: Vec<f32>,
    /// By pixel: one over the deviation.
    factor: Vec<f32>,
    /// By pixel: the mean.
    mean: Vec<f32>,
}

impl PixelGroups {
    /// Groups by the deviations, and keeps the figures.
    #[must_use]
    pub fn new(standardizer: &Standardizer) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        let pixels = mean.len();
        let mut falling: Vec<usize> = (0..pixels).collect();
        falling.sort_by(|&a, &b| deviation[b].total_cmp(&deviation[a]));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut largest = f64::INFINITY;
        for pixel in falling {
            let begins = deviation[pixel] * LARGEST_RATIO < largest && groups.len() < MOST_GROUPS;
            match groups.last_mut() {
                Some(group) if !begins => group.push(pixel),
                _ => {
                    largest = deviation[pixel];
                    groups.push(vec![pixel]);
                }
            }
        }
        let mut sorted = Self {
            pixels,
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
        let mut next = 0;
        for mut group in groups {
            group.sort_unstable();
            for group in group.chunks(MOST_OF_SEGMENT) {
                sorted.places.push(next..next + group.len());
                sorted
                    .segments
                    .push(next / QUAD..(next + group.len()).div_ceil(QUAD));
                for (place, &pixel) in (next..).zip(group) {
                    sorted.place(pixel, place);
                }
                next = (next + group.len()).next_multiple_of(QUAD);
            }
        }
        sorted
    }

    /// Says where a pixel goes, places in rising order.
    fn place(&mut self, pixel: usize, place: usize) {
        self.sorted_mean[place] = self.mean[pixel];
        match self.runs.last_mut() {
            Some(Run { from, to, length })
                if (*from + *length) as usize == pixel
                    && (*to + *length) as usize == place
                    && (*length as usize) < SLACK =>
            {
                *length += 1;
            }
            _ => self.runs.push(Run {
                from: pixel as u32,
                to: place as u32,
                length: 1,
            }),
        }
    }

    /// Turns sums over images `Σ d u` of the pixels from `first` on into a unit's gradient, given its `Σ d`.
    pub fn centre(&self, level: Level, sum: f32, first: usize, d_w: &mut [f32]) {
        let pixels = first..first + d_w.len();
        kernels::centre(
            level,
            sum,
            &self.mean[pixels.clone()],
            &self.factor[pixels],
            d_w,
        );
    }
}

/// The first layer's weights, rounded: anew for every step.
#[derive(Debug)]
pub struct RoundedWeights {
    rounded: Rounded,
    /// Unit after unit, a scale for each group.
    scales: Vec<f32>,
    /// By unit: its bias, without the means' share.
    start: Vec<f32>,
    /// Of each task, a row in the image's order and one in the groups'.
    scratch: Vec<f32>,
}

impl RoundedWeights {
    /// Memory for `units` units and images of `pixels` pixels.
    #[must_use]
    pub fn new(level: Level, units: usize, pixels: usize) -> Self {
        let numbers = quads_of_image(pixels) * QUAD;
        let tasks = units.div_ceil(ROWS_PER_TASK);
        Self {
            rounded: Rounded::zeros(level, units, numbers),
            scales: vec![0.0; units * (MOST_GROUPS + pixels / MOST_OF_SEGMENT)],
            start: vec![0.0; units],
            scratch: vec![0.0; tasks * Self::scratch_of(pixels)],
        }
    }

    fn scratch_of(pixels: usize) -> usize {
        pixels + SLACK + quads_of_image(pixels) * QUAD + SLACK
    }

    /// Rounds the weights `w`, row-major `(units, pixels)`.
    pub fn round(&mut self, groups: &PixelGroups, w: &[f32], bias: Option<&[f32]>) {
        let level = self.rounded.level();
        let pixels = groups.pixels;
        let count = groups.segments.len();
        self.rounded
            .par_rows_mut(ROWS_PER_TASK)
            .zip(self.scales.par_chunks_mut(ROWS_PER_TASK * count))
            .zip(self.start.par_chunks_mut(ROWS_PER_TASK))
            .zip(self.scratch.par_chunks_exact_mut(Self::scratch_of(pixels)))
            .zip(w.par_chunks(ROWS_PER_TASK * pixels))
            .enumerate()
            .for_each(|(task, ((((rows, scales), starts), scratch), w))| {
                let (natural, sorted) = scratch.split_at_mut(pixels + SLACK);
                let rows = rows
                    .zip(scales.chunks_exact_mut(count))
                    .zip(starts)
                    .zip(w.chunks_exact(pixels));
                for (number, (((mut row, scales), start), w)) in rows.enumerate() {
                    kernels::multiply(level, w, &groups.factor, natural);
                    pack::sort(&groups.runs, natural, sorted);
                    let mut share = 0.0;
                    for (place, scale) in groups.places.iter().zip(scales) {
                        *scale = row.round(place.start, &sorted[place.clone()]).scale;
                        share += f64::from(*scale) * row.dot(place.clone(), &groups.sorted_mean);
                    }
                    let bias = bias.map_or(0.0, |bias| bias[task * ROWS_PER_TASK + number]);
                    *start = (f64::from(bias) - share) as f32;
                }
            });
    }
}

/// What one thread needs while it packs: up to [`LANES`] images as they are and sorted.
#[derive(Debug)]
pub struct Scratch {
    natural: Vec<u8>,
    sorted: Vec<u8>,
}

impl Scratch {
    /// For images of `pixels` pixels.
    #[must_use]
    pub fn new(pixels: usize) -> Self {
        Self {
            natural: vec![0; LANES * (pixels + SLACK)],
            sorted: vec![0; LANES * (quads_of_image(pixels) * QUAD + SLACK)],
        }
    }
}

/// The pixels of a chunk of images, packed for both products.
#[derive(Debug)]
pub struct Packed {
    pixels: usize,
    /// Images as columns.
    forward: Vec<u8>,
    /// Pixels as columns; none where no gradient is wanted.
    gradient: Vec<u8>,
    /// Quads of images that a panel for the gradient has room for.
    image_quads: usize,
}

impl Packed {
    /// Memory for `images` images of `pixels` pixels.
    #[must_use]
    pub fn new(images: usize, pixels: usize, for_gradient: bool) -> Self {
        let image_quads = images.div_ceil(QUAD);
        let gradient = if for_gradient {
            pixels.div_ceil(LANES) * pack::panel_bytes(image_quads)
        } else {
            0
        };
        Self {
            pixels,
            forward: vec![0; images.div_ceil(LANES) * pack::panel_bytes(quads_of_image(pixels))],
            gradient: vec![0; gradient],
            image_quads,
        }
    }

    /// Other memory of the same size.
    #[must_use]
    pub fn of_the_same_size(&self) -> Self {
        Self {
            forward: vec![0; self.forward.len()],
            gradient: vec![0; self.gradient.len()],
            ..*self
        }
    }

    /// Bytes that [`Self::new`] would take for training.
    fn bytes(images: usize, pixels: usize) -> usize {
        images.div_ceil(LANES) * pack::panel_bytes(quads_of_image(pixels))
            + pixels.div_ceil(LANES) * pack::panel_bytes(images.div_ceil(QUAD))
    }

    /// Bytes that the chunks of a batch of `batch` images take for training.
    #[must_use]
    pub fn bytes_of_batch(batch: usize, pixels: usize) -> usize {
        let task = parallel::images_per_task(batch);
        Self::bytes(task.min(batch), pixels).saturating_mul(batch.div_ceil(task))
    }

    /// Packs the images at `places`, no more than there is memory for.
    pub fn pack(
        &mut self,
        level: Level,
        groups: &PixelGroups,
        images: &Images,
        places: &[u32],
        scratch: &mut Scratch,
    ) {
        let Scratch { natural, sorted } = scratch;
        let stride = self.pixels + SLACK;
        let sorted_stride = quads_of_image(self.pixels) * QUAD + SLACK;
        let quads = groups.segments.last().map_or(0, |segment| segment.end);
        let panel_bytes = pack::panel_bytes(quads_of_image(self.pixels));
        let columns = self.forward.chunks_exact_mut(panel_bytes);
        let mut ahead = places.iter();
        for &place in ahead.by_ref().take(LANES) {
            pack::prefetch(images.image(place as usize));
        }
        for (number, (places, panel)) in places.chunks(LANES).zip(columns).enumerate() {
            // The next ones are asked for while these are packed: an order of images is a random walk through the file.
            for &place in ahead.by_ref().take(LANES) {
                pack::prefetch(images.image(place as usize));
            }
            for (&place, row) in places.iter().zip(natural.chunks_exact_mut(stride)) {
                row[..self.pixels].copy_from_slice(images.image(place as usize));
            }
            let rows = natural.chunks_exact(stride).take(places.len());
            for (row, sorted) in rows.zip(sorted.chunks_exact_mut(sorted_stride)) {
                kernels::sort_pixels(level, &groups.runs, row, sorted);
            }
            let sorted = &sorted[..places.len() * sorted_stride];
            kernels::pack_images(level, sorted, sorted_stride, quads, panel);
            if self.gradient.is_empty() {
                continue;
            }
            for (quad, rows) in natural[..places.len() * stride]
                .chunks(QUAD * stride)
                .enumerate()
            {
                let at = pack::panel_bytes(number * (LANES / QUAD) + quad);
                kernels::pack_pixels(
                    level,
                    rows,
                    stride,
                    self.pixels,
                    pack::panel_bytes(self.image_quads),
                    &mut self.gradient[at..],
                );
            }
        }
    }
}

/// What a chunk of images needs of the first layer.
#[derive(Debug)]
pub struct FixedChunk {
    /// Its pixels.
    pub packed: Packed,
    /// Whether these are what the next batch wants.
    pub is_packed: bool,
    /// Unit after unit, the images' deltas; no rows where no gradient is wanted.
    deltas: Rounded,
    /// By unit: the deltas' scale.
    scales: Vec<f32>,
    /// By unit: the sum of the deltas, as rounded.
    sums: Vec<f32>,
    quads: usize,
}

impl FixedChunk {
    /// Memory for `images` images of `pixels` pixels and `units` units.
    #[must_use]
    pub fn new(level: Level, images: usize, pixels: usize, units: usize, training: bool) -> Self {
        let units = if training { units } else { 0 };
        Self {
            packed: Packed::new(images, pixels, training),
            is_packed: false,
            deltas: Rounded::zeros(level, units, images),
            scales: vec![0.0; units],
            sums: vec![0.0; units],
            quads: 0,
        }
    }

    /// Weighted sums of the packed images into `z`, `(units, images)`.
    pub fn forward(
        &self,
        weights: &RoundedWeights,
        groups: &PixelGroups,
        z: ArrayViewMut2<'_, f32>,
    ) {
        let product = Product {
            factors: &weights.rounded,
            scales: &weights.scales,
            segments: &groups.segments,
            panels: &self.packed.forward,
        };
        product.compute(0, 0, Start::Rows(&weights.start), z);
    }

    /// Rounds the deltas of `images` images, the first of each row of `d`, `(units, stride)`.
    pub fn round_deltas(&mut self, d: &[f32], stride: usize, images: usize) {
        self.quads = images.div_ceil(QUAD);
        for (unit, d) in d.chunks_exact(stride).enumerate() {
            let rounding = self.deltas.row_mut(unit).round(0, &d[..images]);
            self.scales[unit] = rounding.scale;
            self.sums[unit] = rounding.scale * rounding.sum as f32;
        }
    }

    /// The sum of a unit's deltas, as rounded.
    #[must_use]
    pub fn sum(&self, unit: usize) -> f32 {
        self.sums[unit]
    }

    /// Adds `Σ d u` over the chunk's images to a block of sums whose first row is unit `first_unit` and whose first column
    /// pixel `first_pixel`, or begins it with that.
    ///
    /// # Panics
    /// If `first_pixel` is not the first of a panel.
    pub fn gradient(
        &self,
        first_unit: usize,
        first_pixel: usize,
        d_w: ArrayViewMut2<'_, f32>,
        accumulate: bool,
    ) {
        assert!(first_pixel.is_multiple_of(LANES), "a block of whole panels");
        let segment = 0..self.quads;
        let product = Product {
            factors: &self.deltas,
            scales: &self.scales,
            segments: std::slice::from_ref(&segment),
            panels: &self.packed.gradient,
        };
        let start = if accumulate { Start::Add } else { Start::Zero };
        product.compute(first_unit, first_pixel / LANES, start, d_w);
    }
}
