//! The model file: safetensors, with everything that is needed to predict.
//!
//! Tensors: `layers.L.weight` of shape `(outputs, inputs)` and, with biases, `layers.L.bias` of shape `(outputs)`, in
//! the type that the network was trained in; of an ensemble, those of its second network under `networks.1.layers.L.weight` and so on; `scale.mean` and `scale.deviation` of shape `(pixels)` in f64. There are no others.
//! Metadata: one entry, `gingham`, with [`ModelInfo`] as JSON and the digest of the file ([`super::seal`]).

use std::ops::Range;
use std::path::Path;

use super::Mlp;
use super::info::ModelInfo;
use super::seal;
use crate::data::Standardizer;
use crate::durable;
use crate::error::Result;
use crate::scalar::Scalar;

/// The name of the one metadata entry.
pub(super) const METADATA: &str = "gingham";

/// A trained network with all that is needed to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Model<T> {
    /// The network.
    pub mlp: Mlp<T>,
    /// Further networks, where it is an ensemble: its answer is the mean of the probabilities of all of them.
    pub others: Vec<Mlp<T>>,
    /// The means and deviations that scale its pixels.
    pub standardizer: Standardizer,
    /// How it was trained, and on which data.
    pub info: ModelInfo,
}

/// A model as a file holds it, in either type of numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyModel {
    /// A model that was trained in 32 bits.
    F32(Model<f32>),
    /// A model that was trained in 64 bits.
    F64(Model<f64>),
}

impl AnyModel {
    /// Writes the model as a new file. The same model always makes the same bytes.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::error::Error::Exists) and [`Error::Write`](crate::error::Error::Write).
    pub fn save(&self, path: &Path) -> Result<()> {
        match self {
            Self::F32(model) => model.save(path),
            Self::F64(model) => model.save(path),
        }
    }

    /// The bytes of the model's file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(model) => model.bytes(),
            Self::F64(model) => model.bytes(),
        }
    }

    /// What the file says beside its tensors.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        match self {
            Self::F32(model) => &model.info,
            Self::F64(model) => &model.info,
        }
    }

    /// What scales the pixels.
    #[must_use]
    pub fn standardizer(&self) -> &Standardizer {
        match self {
            Self::F32(model) => &model.standardizer,
            Self::F64(model) => &model.standardizer,
        }
    }
}

impl From<Model<f32>> for AnyModel {
    fn from(model: Model<f32>) -> Self {
        Self::F32(model)
    }
}

impl From<Model<f64>> for AnyModel {
    fn from(model: Model<f64>) -> Self {
        Self::F64(model)
    }
}

impl<T: Scalar> Model<T> {
    /// Writes the model as a new file. The same model always makes the same bytes.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::error::Error::Exists) and [`Error::Write`](crate::error::Error::Write).
    pub fn save(&self, path: &Path) -> Result<()> {
        durable::write_new(path, &self.bytes())
    }

    /// The bytes of the model's file.
    pub fn bytes(&self) -> Vec<u8> {
        let arrays = self.arrays();
        let views = arrays.into_iter().map(|array| {
            let view = match array.values {
                Values::Parameters(numbers) => seal::Array::new(array.shape, numbers),
                Values::Scale(numbers) => seal::Array::new(array.shape, numbers),
            };
            (array.name, view)
        });
        seal::sealed(views, METADATA, &self.info)
    }

    /// Its networks, of which there is one at least.
    pub fn networks(&self) -> impl Iterator<Item = &Mlp<T>> {
        std::iter::once(&self.mlp).chain(&self.others)
    }

    /// All arrays of the model under their names: network after network from the first layer to the last, then those that scale pixels.
    #[must_use]
    pub fn arrays(&self) -> Vec<NamedArray<'_, T>> {
        let mut arrays = Vec::new();
        for (network, mlp) in self.networks().enumerate() {
            for (number, layer) in mlp.layout.layers().iter().enumerate() {
                let part =
                    |range: &Range<usize>| Values::Parameters(&mlp.parameters[range.clone()]);
                arrays.push(NamedArray {
                    name: weight_name(network, number),
                    shape: vec![layer.outputs, layer.inputs],
                    values: part(&layer.weight),
                });
                arrays.extend(layer.bias.as_ref().map(|bias| NamedArray {
                    name: bias_name(network, number),
                    shape: vec![layer.outputs],
                    values: part(bias),
                }));
            }
        }
        for (name, figures) in [
            ("scale.mean", &self.standardizer.mean),
            ("scale.deviation", &self.standardizer.deviation),
        ] {
            arrays.push(NamedArray {
                name: name.to_owned(),
                shape: vec![figures.len()],
                values: Values::Scale(figures),
            });
        }
        arrays
    }
}

/// An array of a model, as its file names it.
#[derive(Clone, Debug)]
pub struct NamedArray<'a, T> {
    /// Its name in the file.
    pub name: String,
    /// `(outputs, inputs)`, `(outputs)` or `(pixels)`.
    pub shape: Vec<usize>,
    /// Its numbers, row by row.
    pub values: Values<'a, T>,
}

/// The numbers of an array.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a, T> {
    /// Weights or biases, in the network's type.
    Parameters(&'a [T]),
    /// The means or the deviations that scale pixels.
    Scale(&'a [f64]),
}

impl<T: Scalar> Values<'_, T> {
    /// Their bytes, little end first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Parameters(numbers) => seal::put(numbers),
            Self::Scale(numbers) => seal::put(numbers),
        }
    }
}

/// The name of the weights of layer number `layer` in network number `network`, both counted from 0.
pub(super) fn weight_name(network: usize, layer: usize) -> String {
    format!("{}layers.{layer}.weight", prefix(network))
}

pub(super) fn bias_name(network: usize, layer: usize) -> String {
    format!("{}layers.{layer}.bias", prefix(network))
}

/// What stands before the names of a network's arrays. Of the only network of a model, nothing does.
fn prefix(network: usize) -> String {
    match network {
        0 => String::new(),
        other => format!("networks.{other}."),
    }
}
