//! What a data set is like, before anything is trained on it.
//!
//! [`Statistics`] and [`Duplicates`] are exact: sums of integers, and images compared byte by byte. [`Map`] lays images out in
//! the plane so that similar ones are neighbours: their principal components ([`pca`]), then t-SNE ([`affinities`],
//! [`tsne`]). [`text`] draws images in a terminal, [`figures`] and [`map_figures`] draw them as SVG. Nothing here prints or knows a
//! model, and nothing depends on the number of threads.

#[doc(hidden)] // for the tests
pub mod affinities;
mod duplicates;
pub mod figures;
mod map;
pub mod map_figures;
mod markers;
#[doc(hidden)] // for the tests
pub mod pca;
mod statistics;
pub mod text;
#[doc(hidden)] // for the tests
pub mod tsne;

pub use duplicates::{Duplicates, Overlap};
pub use map::{Map, MapOptions};
pub use statistics::{Statistics, mean_image};
