//! A batch's pixels in the form that both products take.

use rayon::prelude::*;

use super::PixelGroups;
use super::pixels::{most_quads, most_segments};
use crate::data::Images;
use crate::kernels::integer::{LANES, QUAD};
use crate::kernels::pack::{self, Panels, SLACK};
use crate::kernels::{self, Level, Tiles};
use crate::parallel;

/// What one thread needs while it packs: up to [`LANES`] images, in tiled order and sorted into groups.
#[derive(Debug)]
pub struct Scratch {
    tiled: Vec<u8>,
    sorted: Vec<u8>,
}

fn tiled_stride(tiles: Tiles) -> usize {
    tiles.places() + SLACK
}

fn sorted_stride(tiles: Tiles) -> usize {
    most_quads(tiles) * QUAD + SLACK
}

impl Scratch {
    /// For images cut into `tiles`.
    #[must_use]
    pub fn new(tiles: Tiles) -> Self {
        Self {
            tiled: vec![0; LANES * tiled_stride(tiles)],
            sorted: vec![0; LANES * sorted_stride(tiles)],
        }
    }
}

/// The pixels of a batch, chunk after chunk.
#[derive(Debug)]
pub struct Packed {
    /// Images as columns.
    pub forward: Vec<Panels>,
    /// Pixels as columns; of no use where no gradient is wanted.
    pub gradient: Vec<Panels>,
}

impl Packed {
    /// Memory for batches of up to `batch` images in chunks of `images`.
    #[must_use]
    pub fn new(batch: usize, images: usize, tiles: Tiles, for_gradient: bool) -> Self {
        Self::with_room(batch, images, tiles, most_quads(tiles), for_gradient)
    }

    /// With room for `quads` quads of an image.
    fn with_room(
        batch: usize,
        images: usize,
        tiles: Tiles,
        quads: usize,
        for_gradient: bool,
    ) -> Self {
        let chunks = batch.div_ceil(images);
        let images = images.min(batch);
        let forward = || Panels::new(images.div_ceil(LANES), quads, most_segments(tiles));
        let gradient = || match for_gradient {
            true => Panels::new(tiles.count(), images.div_ceil(QUAD), 1),
            false => Panels::default(),
        };
        Self {
            forward: std::iter::repeat_with(forward).take(chunks).collect(),
            gradient: std::iter::repeat_with(gradient).take(chunks).collect(),
        }
    }

    /// No memory, for `chunks` chunks whose pixels are not packed.
    #[must_use]
    pub fn none(chunks: usize) -> Self {
        Self {
            forward: vec![Panels::default(); chunks],
            gradient: vec![Panels::default(); chunks],
        }
    }

    /// Bytes that [`Self::new`] takes for training in batches of `batch` images.
    #[must_use]
    pub fn bytes(batch: usize, tiles: Tiles) -> usize {
        let images = parallel::images_per_task(batch);
        let chunks = batch.div_ceil(images);
        let images = images.min(batch);
        let forward = Panels::bytes(images.div_ceil(LANES), most_quads(tiles));
        let gradient = Panels::bytes(tiles.count(), images.div_ceil(QUAD));
        forward.saturating_add(gradient).saturating_mul(chunks)
    }

    /// The images at `places`, in chunks of `task`, in no more room than they need.
    #[must_use]
    pub fn of(
        level: Level,
        groups: &PixelGroups,
        images: &Images,
        places: &[u32],
        task: usize,
    ) -> Self {
        let quads = groups.quads();
        let mut packed = Self::with_room(places.len(), task, groups.tiles, quads, true);
        packed
            .forward
            .par_iter_mut()
            .zip(&mut packed.gradient)
            .zip(places.par_chunks(task))
            .for_each_init(
                || Scratch::new(groups.tiles),
                |scratch, ((forward, gradient), places)| {
                    pack(level, groups, images, places, scratch, forward, gradient);
                },
            );
        packed
    }
}

/// Packs the images at `places`, no more than there is room for in `forward` and, unless it is empty, in `gradient`.
pub fn pack(
    level: Level,
    groups: &PixelGroups,
    images: &Images,
    places: &[u32],
    scratch: &mut Scratch,
    forward: &mut Panels,
    gradient: &mut Panels,
) {
    let Scratch { tiled, sorted } = scratch;
    let stride = tiled_stride(groups.tiles);
    let sorted_stride = sorted_stride(groups.tiles);
    let mut ahead = places.iter();
    for &place in ahead.by_ref().take(LANES) {
        pack::prefetch(images.image(place as usize));
    }
    forward.clear(groups.segments.len());
    gradient.clear(1);
    for (panel, places) in places.chunks(LANES).enumerate() {
        // The next ones are asked for while these are packed: an order of images is a random walk through the file.
        for &place in ahead.by_ref().take(LANES) {
            pack::prefetch(images.image(place as usize));
        }
        let rows = tiled.chunks_exact_mut(stride);
        let rows = rows.zip(sorted.chunks_exact_mut(sorted_stride));
        for (&place, (tiled, sorted)) in places.iter().zip(rows) {
            groups.tiles.sort(images.image(place as usize), tiled);
            kernels::sort_pixels(level, &groups.runs, tiled, sorted);
        }
        let sorted = &sorted[..places.len() * sorted_stride];
        forward.set_images(level, panel, sorted, sorted_stride, &groups.segments);
        if gradient.count() == 0 {
            continue;
        }
        let tiled = tiled[..places.len() * stride].chunks(QUAD * stride);
        for (quad, rows) in (panel * (LANES / QUAD)..).zip(tiled) {
            gradient.add_images(level, quad, rows, stride);
        }
    }
}
