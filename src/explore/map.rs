//! Images laid out in the plane so that similar ones are neighbours.

use ndarray::Array2;

use super::affinities::{Affinities, least_points};
use super::pca::Components;
use super::tsne::{self, Plane};
use crate::data::Labelled;
use crate::error::{Error, Result};
use crate::kernels::Level;
use crate::quote;

/// How many principal components distances are measured in. The first ones hold nearly all differences between images, and less
/// of their noise.
const COMPONENTS: usize = 50;

/// The most pixels of an image's longer side that count. Larger images are shrunk first: where images lie does not depend on more, but the
/// memory for their components does, 1.5 GB of them at 512 x 512.
const MOST_SIDE: usize = 64;

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapOptions {
    /// How many images the map has; they are the first of the file.
    pub images: usize,
    /// The effective number of neighbours of a point.
    pub perplexity: f64,
    /// The seed of the principal components' start and of the points' first coordinates.
    pub seed: u32,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self {
            images: 2000,
            perplexity: 30.0,
            seed: 42,
        }
    }
}

impl MapOptions {
    /// Refuses options and images of which no map can be made.
    ///
    /// # Errors
    /// [`Error::Setting`], and [`Error::Mismatch`] where the images are all the same.
    pub fn check(&self, data: &Labelled) -> Result<()> {
        let refuse = |setting, reason| Err(Error::Setting { setting, reason });
        let Self {
            images, perplexity, ..
        } = *self;
        if !(2.0..=1000.0).contains(&perplexity) {
            let reason = format!("expected 2 to 1000, found {perplexity}");
            return refuse("perplexity", reason);
        }
        let (least, held) = (least_points(perplexity), data.images.count());
        let most = held.min(tsne::MOST_POINTS);
        let reason = if images < least {
            format!(
                "expected at least {least} images for a perplexity of {perplexity}, found {images}"
            )
        } else if images > held {
            format!(
                "expected at most the {held} images of {}, found {images}",
                quote::path(data.images.path())
            )
        } else if images > most {
            format!("expected at most {most} images, found {images}")
        } else if (1..images).all(|index| data.images.image(index) == data.images.image(0)) {
            return Err(Error::Mismatch {
                path: data.images.path().to_owned(),
                expected: "images that differ, to make a map of".to_owned(),
                found: format!("{images} times the same"),
            });
        } else {
            return Ok(());
        };
        refuse("map", reason)
    }
}

/// A map of a file's first images, by t-SNE.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The coordinates of each image.
    pub plane: Plane,
    /// The divergence that is left, in nats: see [`Plane::gradient`].
    pub divergence: f64,
    /// The share of images whose nearest neighbour has the same label: see [`Plane::nearest_agree`].
    pub nearest_agree: f64,
    /// The share of the images' variance that lies in the principal components in which distances are measured.
    pub variance_share: f64,
}

impl Map {
    /// The map of the first images of `data`. It is the same for the same seed and BLAS, whatever the number of threads.
    ///
    /// # Errors
    /// As [`MapOptions::check`].
    pub fn of(data: &Labelled, options: &MapOptions, level: Level) -> Result<Self> {
        options.check(data)?;
        let components = Components::of(points(data, options.images), COMPONENTS);
        let scores = components.scores.view();
        let affinities = Affinities::of(scores, options.perplexity, level);
        let plane = tsne::embed(&affinities, scores, options.seed, level);
        let (_, divergence) = plane.gradient(&affinities, level);
        Ok(Self {
            nearest_agree: plane.nearest_agree(&data.labels[..options.images]),
            plane,
            divergence,
            variance_share: components.variances.iter().sum::<f64>()
                / components.total_variance.max(f64::MIN_POSITIVE),
        })
    }
}

/// The first images as rows of numbers in 0..=1, the large ones shrunk to the means of square blocks.
fn points(data: &Labelled, images: usize) -> Array2<f32> {
    let (rows, columns) = data.images.shape();
    let times = rows.max(columns).div_ceil(MOST_SIDE);
    let width = columns.div_ceil(times);
    let mut points = Array2::zeros((images, rows.div_ceil(times) * width));
    // A block at the right or lower border may have fewer pixels; what is left out there is black.
    let white = 255.0 * (times * times) as f32;
    let mut sums = vec![0_u32; points.ncols()];
    for (index, mut point) in points.rows_mut().into_iter().enumerate() {
        sums.fill(0);
        for (place, &pixel) in data.images.image(index).iter().enumerate() {
            let (row, column) = (place / columns / times, place % columns / times);
            sums[row * width + column] += u32::from(pixel);
        }
        for (number, &sum) in point.iter_mut().zip(&sums) {
            *number = sum as f32 / white;
        }
    }
    points
}
