//! A batch's pixels in the form that both products take.

use rayon::prelude::*;

use super::PixelGroups;
use super::pixels::{most_quads, most_segments};
use crate::data::Images;
use crate::kernels::integer::{LANES, QUAD};
use crate::kernels::pack::{Lines, Panels};
use crate::kernels::{Level, Tiles};
use crate::parallel;

/// What one thread needs while it packs images of `pixels` pixels.
#[must_use]
pub fn scratch(pixels: usize) -> Lines {
    Lines::new(most_quads(pixels))
}

/// Room for a chunk of up to `images` images as columns, with `quads` quads each.
fn room_for_forward(images: usize, pixels: usize, quads: usize) -> Panels {
    Panels::new(images.div_ceil(LANES), quads, most_segments(pixels))
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
        let forward = Panels::bytes(images.div_ceil(LANES), most_quads(tiles.pixels()));
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
        let (tiles, batch) = (groups.tiles(), places.len());
        let chunk = |scratch: &mut Lines, places: &[u32]| {
            let mut forward = room_for_forward(places.len(), groups.pixels(), groups.quads());
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
            .map_init(|| scratch(groups.pixels()), chunk)
            .unzip();
        Self { forward, gradient }
    }
}

/// Packs the images at `places`, no more than there is room for in `forward` and, unless it is empty, in `gradient`.
#[expect(clippy::too_many_arguments)]
pub fn pack(
    level: Level,
    groups: &PixelGroups,
    images: &Images,
    places: &[u32],
    scratch: &mut Lines,
    forward: &mut Panels,
    gradient: &mut Panels,
) {
    let first_scattered = groups.pixels().div_ceil(QUAD);
    forward.clear(groups.segments.len());
    gradient.clear(1);
    let sixteen = |places: Option<&[u32]>| -> [&[u8]; LANES] {
        let mut places = places.unwrap_or(&[]).iter();
        let image = |&place: &u32| images.image(place as usize);
        std::array::from_fn(|_| places.next().map_or(&[][..], image))
    };
    let mut sixteens = places.chunks(LANES);
    let mut now = sixteen(sixteens.next());
    for (panel, places) in places.chunks(LANES).enumerate() {
        let next = sixteen(sixteens.next());
        scratch.set(level, &now[..places.len()], &next);
        scratch.scatter(level, first_scattered, &groups.scattered);
        forward.set_images(level, panel, scratch, &groups.segments);
        if gradient.count() > 0 {
            gradient.add_images(level, panel * (LANES / QUAD), scratch, groups.tiles());
        }
        now = next;
    }
}
