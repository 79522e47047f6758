//! A batch's pixels in the form that both products take.

use rayon::prelude::*;

use super::groups::{PixelGroups, most_quads, most_segments};
use super::panels::{Lines, panel_bytes, panels};
use crate::cut;
use crate::data::{Augmented, Images};
use crate::kernels::{COLUMNS, Level, PanelShape, Panels, QUAD, Tiles};

/// What one thread needs while it packs images.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// Sixteen images, transposed.
    lines: Lines,
    /// Sixteen images as they were changed; empty where none will be.
    changed: Vec<u8>,
}

/// What one thread needs while it packs images of `pixels` pixels, which may be changed where `trains` says so.
#[must_use]
pub fn scratch(pixels: usize, trains: bool) -> Scratch {
    Scratch {
        lines: Lines::new(most_quads(pixels)),
        changed: vec![0; if trains { COLUMNS * pixels } else { 0 }],
    }
}

/// Room for a chunk of up to `images` images as columns, with `quads` quads each.
fn room_for_forward(images: usize, pixels: usize, quads: usize) -> Panels {
    panels(PanelShape {
        count: images.div_ceil(COLUMNS),
        quads,
        segments: most_segments(pixels),
    })
}

/// Room for a chunk of up to `images` images of `pixels` pixels, with images as columns, whatever the groups.
#[must_use]
pub fn images_as_columns(images: usize, pixels: usize) -> Panels {
    room_for_forward(images, pixels, most_quads(pixels))
}

/// Room for a chunk of up to `images` images, with pixels as columns.
#[must_use]
pub fn pixels_as_columns(images: usize, tiles: Tiles) -> Panels {
    panels(PanelShape {
        count: tiles.count(),
        quads: images.div_ceil(QUAD),
        segments: 1,
    })
}

/// What decides how images are packed.
#[derive(Clone, Copy, Debug)]
pub struct Packing<'a> {
    /// The instructions that kernels may use.
    pub level: Level,
    /// The order in which an image's pixels are multiplied.
    pub groups: &'a PixelGroups,
    /// The images, of which a batch is some.
    pub images: &'a Images,
    /// How they are changed before they are packed.
    pub augmented: Option<Augmented>,
}

/// The pixels of a batch, packed for good: chunk after chunk.
#[derive(Debug, Default)]
pub struct PackedBatch {
    /// The pixels with images as columns.
    pub forward: Vec<Panels>,
    /// The same pixels with pixels as columns.
    pub gradient: Vec<Panels>,
}

/// Bytes that a [`PackedBatch`] of `batch` images of so many rows and columns takes at most.
#[must_use]
pub fn batch_bytes(batch: usize, (rows, columns): (usize, usize)) -> usize {
    PackedBatch::bytes(
        batch,
        cut::packed_chunk_images(batch),
        Tiles::of_image(rows, columns),
    )
}

/// Bytes of the pixels of a step that packs `batch` images of so many rows and columns: with images as columns, of the `in_lanes` images
/// that are worked on at one time, and with pixels as columns, of all of them, where there will be gradients; then of sixteen images
/// that each lane may change, too.
#[must_use]
pub fn step_bytes(
    batch: usize,
    in_lanes: usize,
    (rows, columns): (usize, usize),
    trains: bool,
) -> usize {
    let tiles = Tiles::of_image(rows, columns);
    let images = cut::packed_chunk_images(batch).min(batch).max(1);
    let forward = panel_bytes(in_lanes.div_ceil(COLUMNS), most_quads(tiles.pixels()));
    let chunks = if trains { batch.div_ceil(images) } else { 0 };
    let gradient = panel_bytes(tiles.count(), images.div_ceil(QUAD));
    let changed = if trains {
        in_lanes
            .div_ceil(images)
            .saturating_mul(COLUMNS * tiles.pixels())
    } else {
        0
    };
    forward
        .saturating_add(changed)
        .saturating_add(gradient.saturating_mul(chunks))
}

impl PackedBatch {
    /// Bytes that [`Self::of`] takes at most for `batch` images, in chunks of `images_per_chunk`.
    #[must_use]
    pub fn bytes(batch: usize, images_per_chunk: usize, tiles: Tiles) -> usize {
        let chunks = batch.div_ceil(images_per_chunk);
        let images = images_per_chunk.min(batch);
        let forward = panel_bytes(images.div_ceil(COLUMNS), most_quads(tiles.pixels()));
        let gradient = panel_bytes(tiles.count(), images.div_ceil(QUAD));
        forward.saturating_add(gradient).saturating_mul(chunks)
    }

    /// How many pixels are multiplied with a weight, and how many with a delta: those of kept quads.
    #[must_use]
    pub fn kept_pixels(&self) -> [usize; 2] {
        [&self.forward, &self.gradient].map(|panels| {
            let quads: usize = panels.iter().map(Panels::kept).sum();
            quads * QUAD * COLUMNS
        })
    }

    /// Packs the images at `indices`, in chunks of `images_per_chunk`, in no more room than they need.
    #[must_use]
    pub fn of(packing: &Packing<'_>, indices: &[u32], images_per_chunk: usize) -> Self {
        let groups = packing.groups;
        let chunk = |scratch: &mut Scratch, chunk: &[u32]| {
            let mut forward = room_for_forward(chunk.len(), groups.pixels(), groups.quads());
            // A chunk's factors lie behind the factors of full chunks, so all chunks have the room of a full one.
            let images = images_per_chunk.min(indices.len());
            let mut gradient = pixels_as_columns(images, groups.tiles());
            pack(packing, chunk, scratch, &mut forward, Some(&mut gradient));
            (forward, gradient)
        };
        let (forward, gradient) = indices
            .par_chunks(images_per_chunk)
            .map_init(
                || scratch(groups.pixels(), packing.augmented.is_some()),
                chunk,
            )
            .unzip();
        Self { forward, gradient }
    }
}

/// Packs the images at `indices`, which are no more than there is room for in `forward` and, where there will be one, in `gradient`:
///
/// ```text
/// for each sixteen images:
///     change them, where they are to be changed
///     transpose them
///     forward: keep the quads of each group of pixels, as a panel of its own
///     gradient: keep these images' quads in the panel of each tile
/// ```
///
/// 1. The pixels of all groups but the largest are first copied behind the image, so that a group's quads lie together.
/// 2. The next sixteen images are asked for while these are transposed.
///
/// # Panics
/// If images are to be changed and the scratch is not for training.
pub fn pack(
    packing: &Packing<'_>,
    indices: &[u32],
    scratch: &mut Scratch,
    forward: &mut Panels,
    mut gradient: Option<&mut Panels>,
) {
    let Packing {
        level,
        groups,
        images,
        augmented,
    } = *packing;
    let Scratch { lines, changed } = scratch;
    let first_scattered = groups.pixels().div_ceil(QUAD);
    forward.clear(groups.segments.len());
    if let Some(gradient) = &mut gradient {
        gradient.clear(1);
    }
    let sixteen = |indices: Option<&[u32]>| -> [&[u8]; COLUMNS] {
        let mut indices = indices.unwrap_or(&[]).iter();
        let image = |&index: &u32| images.image(index as usize);
        std::array::from_fn(|_| indices.next().map_or(&[][..], image))
    };
    let mut sixteens = indices.chunks(COLUMNS);
    let mut now = sixteen(sixteens.next());
    for (panel, indices) in indices.chunks(COLUMNS).enumerate() {
        let next = sixteen(sixteens.next());
        let mut these = now;
        if let Some(augmented) = augmented {
            let changed = changed.chunks_exact_mut(groups.pixels());
            for ((&index, this), changed) in indices.iter().zip(&mut these).zip(changed) {
                augmented.change_into(index, images.shape(), this, changed);
                *this = changed;
            }
        }
        lines.set(level, &these[..indices.len()], &next);
        lines.scatter(level, first_scattered, &groups.scattered);
        forward.set_images(level, panel, lines.view(), &groups.segments);
        if let Some(gradient) = &mut gradient {
            let quad = panel * (COLUMNS / QUAD);
            gradient.add_images(level, quad, lines.view(), groups.tiles());
        }
        now = next;
    }
}
