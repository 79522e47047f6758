//! A figure as it is handed on.

/// A finished figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The whole file: one `svg` element with its title, its description and its style sheet.
    pub svg: String,
    /// Units across.
    pub width: f64,
    /// Units down.
    pub height: f64,
}
