//! A batch's pixels in the form that both products take.

use rayon::prelude::*;

use super::groups::{PixelGroups, most_quads, most_segments};
use crate::cut;
use crate::data::Images;
use crate::kernels::integer::{COLUMNS, QUAD};
use crate::kernels::pack::{Lines, Panels};
use crate::kernels::{Level, Tiles};

/// What one thread needs while it packs images of `pixels` pixels.
#[must_use]
pub fn scratch(pixels: usize) -> Lines {
    Lines::new(most_quads(pixels))
}

/// Room for a chunk of up to `images` images as columns, with `quads` quads each.
fn room_for_forward(images: usize, pixels: usize, quads: usize) -> Panels {
    Panels::new(images.div_ceil(COLUMNS), quads, most_segments(pixels))
}

/// Room for a chunk of up to `images` images of `pixels` pixels as columns, whatever the groups.
#[must_use]
pub fn images_as_columns(images: usize, pixels: usize) -> Panels {
    room_for_forward(images, pixels, most_quads(pixels))
}

/// Room for a chunk of up to `images` images with pixels as columns.
#[must_use]
pub fn pixels_as_columns(images: usize, tiles: Tiles) -> Panels {
    Panels::new(tiles.count(), images.div_ceil(QUAD), 1)
}

/// The pixels of a batch, packed for good: chunk after chunk.
#[derive(Debug, Default)]
pub struct PackedBatch {
    /// Images as columns.
    pub forward: Vec<Panels>,
    /// Pixels as columns.
    pub gradient: Vec<Panels>,
}

/// Bytes that a [`PackedBatch`] of `batch` images of so many rows and columns takes at most.
#[must_use]
pub fn batch_bytes(batch: usize, (rows, columns): (usize, usize)) -> usize {
    PackedBatch::bytes(batch, Tiles::of_image(rows, columns))
}

impl PackedBatch {
    /// Bytes that [`Self::of`] takes at most, for `batch` images.
    #[must_use]
    pub fn bytes(batch: usize, tiles: Tiles) -> usize {
        let images = cut::chunk_images(batch);
        let chunks = batch.div_ceil(images);
        let images = images.min(batch);
        let forward = Panels::bytes(images.div_ceil(COLUMNS), most_quads(tiles.pixels()));
        let gradient = Panels::bytes(tiles.count(), images.div_ceil(QUAD));
        forward.saturating_add(gradient).saturating_mul(chunks)
    }

    /// How many pixels there are to be multiplied with a weight, and how many with a delta: those of quads that are not all 0.
    #[must_use]
    pub fn kept_pixels(&self) -> [usize; 2] {
        [&self.forward, &self.gradient].map(|panels| {
            let quads: usize = panels.iter().map(Panels::kept).sum();
            quads * QUAD * COLUMNS
        })
    }

    /// The images at `indices`, in chunks of `task`, in no more room than they need.
    #[must_use]
    pub fn of(
        level: Level,
        groups: &PixelGroups,
        images: &Images,
        indices: &[u32],
        task: usize,
    ) -> Self {
        let (tiles, batch) = (groups.tiles(), indices.len());
        let chunk = |scratch: &mut Lines, indices: &[u32]| {
            let mut forward = room_for_forward(indices.len(), groups.pixels(), groups.quads());
            // The factors of every chunk have their place behind those of a full one.
            let mut gradient = pixels_as_columns(task.min(batch), tiles);
            let room = PackRoom {
                scratch,
                forward: &mut forward,
                gradient: &mut gradient,
            };
            pack(level, groups, images, indices, room);
            (forward, gradient)
        };
        let (forward, gradient) = indices
            .par_chunks(task)
            .map_init(|| scratch(groups.pixels()), chunk)
            .unzip();
        Self { forward, gradient }
    }
}

/// Where a chunk is packed.
#[derive(Debug)]
pub struct PackRoom<'a> {
    /// What one thread needs meanwhile.
    pub scratch: &'a mut Lines,
    /// Images as columns.
    pub forward: &'a mut Panels,
    /// Pixels as columns; left alone if it has no panels.
    pub gradient: &'a mut Panels,
}

/// Packs the images at `indices`, no more than there is room for.
pub fn pack(
    level: Level,
    groups: &PixelGroups,
    images: &Images,
    indices: &[u32],
    room: PackRoom<'_>,
) {
    let PackRoom {
        scratch,
        forward,
        gradient,
    } = room;
    let first_scattered = groups.pixels().div_ceil(QUAD);
    forward.clear(groups.segments.len());
    gradient.clear(1);
    let sixteen = |indices: Option<&[u32]>| -> [&[u8]; COLUMNS] {
        let mut indices = indices.unwrap_or(&[]).iter();
        let image = |&index: &u32| images.image(index as usize);
        std::array::from_fn(|_| indices.next().map_or(&[][..], image))
    };
    let mut sixteens = indices.chunks(COLUMNS);
    let mut now = sixteen(sixteens.next());
    for (panel, indices) in indices.chunks(COLUMNS).enumerate() {
        let next = sixteen(sixteens.next());
        scratch.set(level, &now[..indices.len()], &next);
        scratch.scatter(level, first_scattered, &groups.scattered);
        forward.set_images(level, panel, scratch, &groups.segments);
        if gradient.count() > 0 {
            gradient.add_images(level, panel * (COLUMNS / QUAD), scratch, groups.tiles());
        }
        now = next;
    }
}
