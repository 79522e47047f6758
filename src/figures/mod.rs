//! Figures: what the program draws, as SVG that stands alone and as PNG.
//!
//! A figure is built by [`svg::Svg`] on [`axes`] in the colours of [`colour`]. Its colours are classes of one style sheet with a
//! light and a dark form, so a figure follows the reader's scheme wherever it is opened, and a page that holds many
//! states the sheet once. No figure refers to anything outside itself.

pub mod axes;
mod clusters;
pub mod colour;
mod faint;
mod figure;
#[cfg(feature = "pictures")]
mod letters;
mod pixels;
#[cfg(feature = "pictures")]
mod raster;
mod shapes;
pub mod svg;
pub mod words;

pub use figure::Figure;

impl Figure {
    /// The `svg` element without its style sheet, for a page that states [`colour::style_sheet`] once for all its figures.
    #[must_use]
    pub fn inline(&self) -> String {
        self.svg
            .replacen(&svg::style_element(), "", 1)
            .trim_end()
            .to_owned()
    }
}
