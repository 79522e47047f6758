//! A finished figure: its text and its size.

use super::shapes::Shape;

/// A finished figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The whole file: one `svg` element with its title, its description and its style sheet.
    pub svg: String,
    /// The width in units.
    pub width: f64,
    /// The height in units.
    pub height: f64,
    /// What it shows, for its PNG.
    pub(super) shapes: Vec<Shape>,
}
