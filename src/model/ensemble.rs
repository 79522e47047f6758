//! Models of several networks.

use super::file::{AnyModel, Model};
use super::info::ModelInfo;
use crate::data::Standardizer;
use crate::scalar::Scalar;

impl AnyModel {
    /// One model of the networks of several, of which there is one at least: its answer is the mean of the probabilities of all. They may
    /// have other widths and other weights, and nothing else may differ: neither the form of the samples nor what was held out.
    ///
    /// # Errors
    /// The number of the first model that does not go with the first one, counted from 0, and in words in what.
    ///
    /// # Panics
    /// If there is no model.
    pub fn ensemble(models: Vec<Self>) -> Result<Self, (usize, &'static str)> {
        let mut models = models.into_iter();
        let mut all = models.next().expect("a model at least");
        for (model, number) in models.zip(1..) {
            let differs = |what: &'static str| (number, what);
            match (&mut all, model) {
                (Self::F32(all), Self::F32(model)) => all.join(model).map_err(differs)?,
                (Self::F64(all), Self::F64(model)) => all.join(model).map_err(differs)?,
                _ => return Err(differs("type of numbers")),
            }
        }
        Ok(all)
    }

    /// How many networks it has.
    #[must_use]
    pub fn networks(&self) -> usize {
        match self {
            Self::F32(model) => model.networks().count(),
            Self::F64(model) => model.networks().count(),
        }
    }
}

impl<T: Scalar> Model<T> {
    /// Takes the networks of another model in. The error is what is not alike.
    fn join(&mut self, other: Self) -> Result<(), &'static str> {
        if let Some(what) = difference(&self.info, &other.info) {
            return Err(what);
        }
        if !same(&self.standardizer, &other.standardizer) {
            return Err("scaling of pixels");
        }
        self.others.push(other.mlp);
        self.others.extend(other.others);
        Ok(())
    }
}

/// In what two models differ beside their networks; none where they are alike.
fn difference(one: &ModelInfo, other: &ModelInfo) -> Option<&'static str> {
    let alike = [
        (
            "size of images",
            (one.rows, one.columns) == (other.rows, other.columns),
        ),
        ("classes", one.classes == other.classes),
        ("activation", one.activation == other.activation),
        ("output", one.output == other.output),
        ("probability", one.probability == other.probability),
        (
            "scale",
            (one.scale, one.heldout_scale) == (other.scale, other.heldout_scale),
        ),
        (
            "data",
            (&one.labels_sha256, &one.images_sha256)
                == (&other.labels_sha256, &other.images_sha256),
        ),
        (
            "split",
            one.split_rule() == other.split_rule() && one.validation == other.validation,
        ),
    ];
    alike
        .into_iter()
        .find(|(_, alike)| !alike)
        .map(|(what, _)| what)
}

/// Whether both scale pixels to the same bits.
fn same(one: &Standardizer, other: &Standardizer) -> bool {
    let bits = |figures: &[f64]| figures.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    bits(&one.mean) == bits(&other.mean) && bits(&one.deviation) == bits(&other.deviation)
}
