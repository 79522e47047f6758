//! Figures as PNG, in their light colours, in the same letters on every machine: the font is built in.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::{Figure, colour};
use crate::error::{Error, Result};

/// The most pixels of a picture, 256 MB of them.
const MOST_PIXELS: f64 = 64e6;

impl Figure {
    /// The figure as PNG, `scale` pixels a unit.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scale that is not positive or that makes more than 64 million pixels.
    ///
    /// # Panics
    /// Where the figure is no SVG; one from [`Svg::finish`](super::svg::Svg::finish) is.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>> {
        let (width, height) = (
            (self.width * f64::from(scale)).ceil(),
            (self.height * f64::from(scale)).ceil(),
        );
        if !(scale > 0.0 && width * height <= MOST_PIXELS && width >= 1.0 && height >= 1.0) {
            return Err(Error::Setting {
                setting: "scale",
                reason: format!(
                    "expected a picture of 1 to {:.0} million pixels, found {width} x {height}",
                    MOST_PIXELS / 1e6
                ),
            });
        }
        // The rasteriser knows no media queries.
        let light = self.svg.replacen(&colour::dark_style_sheet(), "", 1);
        let options = Options {
            fontdb: fonts(),
            ..Options::default()
        };
        let tree = Tree::from_str(&light, &options).expect("our own SVG");
        let mut picture = Pixmap::new(width as u32, height as u32).expect("a size checked above");
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut picture.as_mut(),
        );
        Ok(picture.encode_png().expect("a picture in memory"))
    }
}

/// The one font, read once.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans_condensed::regular().to_vec());
        let family = fonts
            .faces()
            .next()
            .and_then(|face| face.families.first())
            .map(|(name, _)| name.clone());
        fonts.set_sans_serif_family(family.expect("the font has a name"));
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}
