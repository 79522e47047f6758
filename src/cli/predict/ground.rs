//! Light things on dark, or dark things on light: which way round an image is, and which way the model wants it.

use clap::ValueEnum;
use gingham::data::png::{Picture, is_light};
use gingham::model::AnyModel;

/// Whether images are turned round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Invert {
    No,
    Yes,
    /// Where that makes an image's border as light or dark as in training
    Auto,
}

/// How an image becomes the pixels that the model is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    invert: Invert,
    /// Whether the model was trained with images of a light border. Where it does not say, their border was dark, as in the well-known sets.
    is_light: bool,
}

impl Ground {
    pub fn new(invert: Invert, model: &AnyModel) -> Self {
        let mean: Vec<u8> = (model.standardizer().mean.iter())
            .map(|mean| mean.round() as u8)
            .collect();
        Self {
            invert,
            is_light: is_light(&mean, model.info().columns),
        }
    }

    /// The pixels of a picture.
    pub fn lay(&self, picture: &Picture) -> Vec<u8> {
        let inverts = self.inverts(|| picture.has_light_ground());
        // Behind the inversion, transparency must be what the model takes for nothing.
        let ground = if inverts == self.is_light { 0 } else { 255 };
        turned(&picture.on(ground), inverts)
    }

    /// The pixels of an opaque image.
    pub fn turn(&self, pixels: &[u8], columns: usize) -> Vec<u8> {
        turned(pixels, self.inverts(|| is_light(pixels, columns)))
    }

    /// Whether [`Self::turn`] leaves images as they are.
    pub fn turns_nothing(&self) -> bool {
        self.invert == Invert::No
    }

    /// Whether such an image has another border than those in training.
    pub fn is_other(&self, pixels: &[u8], columns: usize) -> bool {
        is_light(pixels, columns) != self.is_light
    }

    /// What the border of an [other](Self::is_other) image is, and what that of training images was.
    pub fn words(&self) -> [&'static str; 2] {
        if self.is_light {
            ["dark", "light"]
        } else {
            ["light", "dark"]
        }
    }

    fn inverts(&self, is_light: impl Fn() -> bool) -> bool {
        match self.invert {
            Invert::No => false,
            Invert::Yes => true,
            Invert::Auto => is_light() != self.is_light,
        }
    }
}

fn turned(pixels: &[u8], inverts: bool) -> Vec<u8> {
    let turn = |&pixel: &u8| if inverts { 255 - pixel } else { pixel };
    pixels.iter().map(turn).collect()
}
