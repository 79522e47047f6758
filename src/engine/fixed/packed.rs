//! A batch's pixels in the form that both products take.

use rayon::prelude::*;

use super::PixelGroups;
use super::pixels::{most_quads, most_segments};
use crate::data::Images;
use crate::kernels::integer::{LANES, QUAD};
use crate::kernels::pack::{self, Panels};
use crate::kernels::{Level, Tiles};
use crate::parallel;

/// What one thread needs while it packs: up to [`LANES`] images, in tiled order and behind that the smaller groups.
#[derive(Debug)]
pub struct Scratch {
    rows: Vec<u8>,
}

/// Bytes of a row.
fn row_bytes(tiles: Tiles) -> usize {
    most_quads(tiles) * QUAD
}

impl Scratch {
    /// For images cut into `tiles`.
    #[must_use]
    pub fn new(tiles: Tiles) -> Self {
        Self {
            rows: vec![0; LANES * row_bytes(tiles)],
        }
    }
}

/// Room for a chunk of up to `images` images as columns, with `quads` quads each.
fn room_for_forward(images: usize, tiles: Tiles, quads: usize) -> Panels {
    Panels::new(images.div_ceil(LANES), quads, most_segments(tiles))
}

/// Room for a chunk of up to `images` images as columns, whatever the groups.
#[must_use]
pub fn images_as_columns(images: usize, tiles: Tiles) -> Panels {
    room_for_forward(images, tiles, most_quads(tiles))
}

/// Room for a chunk of up to `images` images with pixels as columns.
#[must_use]
pub fn pixels_as_columns(images: usize, tiles: Tiles) -> Panels {
    Panels::new(tiles.count(), images.div_ceil(QUAD), 1)
}

/// The pixels of a batch, packed for good: chunk after chunk.
#[derive(Debug, Default)]
pub struct Packed {
    /// Images as columns.
    pub forward: Vec<Panels>,
    /// Pixels as columns.
    pub gradient: Vec<Panels>,
}

impl Packed {
    /// Bytes that [`Self::of`] takes at most, for `batch` images.
    #[must_use]
    pub fn bytes(batch: usize, tiles: Tiles) -> usize {
        let images = parallel::images_per_task(batch);
        let chunks = batch.div_ceil(images);
        let images = images.min(batch);
        let forward = Panels::bytes(images.div_ceil(LANES), most_quads(tiles));
        let gradient = Panels::bytes(tiles.count(), images.div_ceil(QUAD));
        forward.saturating_add(gradient).saturating_mul(chunks)
    }

    /// How many pixels there are to be multiplied with a weight, and how many with a delta: those of quads that are not all 0.
    #[must_use]
    pub fn kept_pixels(&self) -> [usize; 2] {
        [&self.forward, &self.gradient].map(|panels| {
            let quads: usize = panels.iter().map(Panels::kept).sum();
            quads * QUAD * LANES
        })
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
        let (tiles, batch) = (groups.tiles, places.len());
        let chunk = |scratch: &mut Scratch, places: &[u32]| {
            let mut forward = room_for_forward(places.len(), tiles, groups.quads());
            // The factors of every chunk have their place behind those of a full one.
            let mut gradient = pixels_as_columns(task.min(batch), tiles);
            pack(
                level,
                groups,
                images,
                places,
                scratch,
                &mut forward,
                &mut gradient,
            );
            (forward, gradient)
        };
        let (forward, gradient) = places
            .par_chunks(task)
            .map_init(|| Scratch::new(tiles), chunk)
            .unzip();
        Self { forward, gradient }
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
    let tiles = groups.tiles;
    let stride = row_bytes(tiles);
    let mut ahead = places.iter();
    for &place in ahead.by_ref().take(LANES) {
        pack::prefetch(images.image(place as usize));
    }
    forward.clear(groups.segments.len());
    gradient.clear(1);
    for (panel, places) in places.chunks(LANES).enumerate() {
        let rows = &mut scratch.rows[..places.len() * stride];
        for (&place, row) in places.iter().zip(rows.chunks_exact_mut(stride)) {
            // The image a panel further on is asked for while this one is sorted: an order of images is a random walk through the
            // file, and asking for sixteen at once takes as long as waiting for them.
            if let Some(&place) = ahead.next() {
                pack::prefetch(images.image(place as usize));
            }
            tiles.sort(images.image(place as usize), row);
            for scattered in &groups.scattered {
                row[scattered.to as usize] = row[scattered.from as usize];
            }
        }
        forward.set_images(level, panel, rows, stride, &groups.segments);
        if gradient.count() == 0 {
            continue;
        }
        for (quad, rows) in (panel * (LANES / QUAD)..).zip(rows.chunks(QUAD * stride)) {
            gradient.add_images(level, quad, rows, stride);
        }
    }
}
