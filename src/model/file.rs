//! The model file: safetensors, with everything that is needed to predict.
//!
//! Tensors: `layers.L.weight` of shape `(outputs, inputs)` and, with biases, `layers.L.bias` of shape `(outputs)`, in
//! the type that the network was trained in; `scale.mean` and `scale.deviation` of shape `(pixels)` in f64. Metadata: one entry,
//! `gingham`, with [`ModelInfo`] as JSON. There is one entry only, because safetensors keeps metadata in a hash map: with
//! two entries, the same model would be written in a different order from run to run.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype as TensorDtype, TensorView};

use super::info::ModelInfo;
use super::tensors::{numbers, tensor};
use super::{Layout, Mlp};
use crate::data::{self, Standardizer};
use crate::durable;
use crate::error::{Error, Result};
use crate::scalar::{Dtype, Scalar};

/// The name of the one metadata entry.
const METADATA: &str = "gingham";

/// A trained network with all that is needed to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Model<T> {
    /// The network.
    pub mlp: Mlp<T>,
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
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], and [`Error::Model`] for everything that is wrong with its bytes.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = data::bytes(path)?;
        parse(&bytes).map_err(|reason| Error::Model {
            path: path.to_owned(),
            reason,
        })
    }

    /// Writes the model as a new file. The same model always makes the same bytes.
    ///
    /// # Errors
    /// [`Error::Exists`] and [`Error::Write`].
    pub fn save(&self, path: &Path) -> Result<()> {
        match self {
            Self::F32(model) => model.save(path),
            Self::F64(model) => model.save(path),
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
    /// [`Error::Exists`] and [`Error::Write`].
    pub fn save(&self, path: &Path) -> Result<()> {
        durable::write_new(path, &self.bytes())
    }

    /// The bytes of the model's file.
    pub fn bytes(&self) -> Vec<u8> {
        let arrays = self.arrays();
        let bytes: Vec<Vec<u8>> = arrays.iter().map(|array| array.values.bytes()).collect();
        let views = arrays.iter().zip(&bytes).map(|(array, bytes)| {
            let dtype = match (&array.values, T::DTYPE) {
                (Values::Parameters(_), Dtype::F32) => TensorDtype::F32,
                (Values::Parameters(_), Dtype::F64) | (Values::Scale(_), _) => TensorDtype::F64,
            };
            (
                array.name.as_str(),
                TensorView::new(dtype, array.shape.clone(), bytes)
                    .expect("a size that fits its shape"),
            )
        });
        let metadata = HashMap::from([(METADATA.to_owned(), self.info.to_json())]);
        safetensors::serialize(views, Some(metadata)).expect("sound tensors")
    }

    /// All arrays of the model under their names: from the first layer to the last, then those that scale pixels.
    #[must_use]
    pub fn arrays(&self) -> Vec<NamedArray<'_, T>> {
        let mut arrays = Vec::new();
        for (number, layer) in self.mlp.layout.layers().iter().enumerate() {
            let part =
                |range: &Range<usize>| Values::Parameters(&self.mlp.parameters[range.clone()]);
            arrays.push(NamedArray {
                name: weight_name(number),
                shape: vec![layer.outputs, layer.inputs],
                values: part(&layer.weight),
            });
            arrays.extend(layer.bias.as_ref().map(|bias| NamedArray {
                name: bias_name(number),
                shape: vec![layer.outputs],
                values: part(bias),
            }));
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
            Self::Parameters(numbers) => put(numbers),
            Self::Scale(numbers) => put(numbers),
        }
    }
}

fn weight_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("layers.{layer}.bias")
}

fn put<T: Scalar>(numbers: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(numbers));
    for &number in numbers {
        number.put_bytes(&mut bytes);
    }
    bytes
}

/// Reads the bytes of a model file; the error is the first defect, in words.
fn parse(bytes: &[u8]) -> Result<AnyModel, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let metadata = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(METADATA));
    let metadata = metadata.ok_or(format!("its metadata has no entry '{METADATA}'"))?;
    let info: ModelInfo =
        serde_json::from_str(metadata).map_err(|error| format!("its metadata: {error}"))?;
    if info.format != ModelInfo::FORMAT {
        return Err(format!(
            "expected format {}, found {}",
            ModelInfo::FORMAT,
            info.format
        ));
    }
    if !(0.0..1.0).contains(&info.holdout) {
        return Err(format!(
            "holdout: expected a share from 0 to below 1, found {}",
            info.holdout
        ));
    }
    info.check_classes()?;
    match tensor(&tensors, &weight_name(0))?.dtype() {
        TensorDtype::F32 => Ok(AnyModel::F32(model(&tensors, info)?)),
        TensorDtype::F64 => Ok(AnyModel::F64(model(&tensors, info)?)),
        other => Err(format!("expected weights in F32 or F64, found {other:?}")),
    }
}

fn model<T: Scalar>(tensors: &SafeTensors<'_>, info: ModelInfo) -> Result<Model<T>, String> {
    let pixels = info
        .rows
        .checked_mul(info.columns)
        .ok_or("its image size overflows")?;
    let mut widths = vec![pixels];
    while let Ok(weight) = tensors.tensor(&weight_name(widths.len() - 1)) {
        let &[outputs, inputs] = weight.shape() else {
            return Err(format!(
                "{}: expected two dimensions",
                weight_name(widths.len() - 1)
            ));
        };
        if inputs != widths[widths.len() - 1] || outputs == 0 {
            let name = weight_name(widths.len() - 1);
            return Err(format!(
                "{name}: expected {} inputs, found shape {:?}",
                widths[widths.len() - 1],
                weight.shape()
            ));
        }
        widths.push(outputs);
    }
    if widths.len() < 2 || widths[widths.len() - 1] != info.classes.len() || pixels == 0 {
        return Err(format!(
            "its widths {widths:?} do not lead to its {} classes",
            info.classes.len()
        ));
    }
    let biases = tensors.tensor(&bias_name(0)).is_ok();
    let layout = Layout::new(&widths, biases);
    let mut parameters = Vec::with_capacity(layout.parameters());
    for (number, layer) in layout.layers().iter().enumerate() {
        parameters.extend(numbers::<T>(
            tensors,
            &weight_name(number),
            &[layer.outputs, layer.inputs],
        )?);
        if biases {
            parameters.extend(numbers::<T>(tensors, &bias_name(number), &[layer.outputs])?);
        }
    }
    let standardizer = Standardizer {
        mean: numbers(tensors, "scale.mean", &[pixels])?,
        deviation: numbers(tensors, "scale.deviation", &[pixels])?,
    };
    if let Some(index) = standardizer
        .deviation
        .iter()
        .position(|&deviation| deviation <= 0.0)
    {
        return Err(format!(
            "scale.deviation: expected positive numbers, found {} at {index}",
            standardizer.deviation[index]
        ));
    }
    let mlp = Mlp {
        layout,
        parameters,
        activation: info.activation,
        output: info.output,
    };
    Ok(Model {
        mlp,
        standardizer,
        info,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Activation, HeldoutScale, Init, Output, Probability, Scale};

    fn example(biases: bool) -> Model<f32> {
        let layout = Layout::new(&[6, 4, 3], biases);
        let parameters = Init::Xavier.parameters(&layout, 7);
        let info = ModelInfo {
            format: ModelInfo::FORMAT,
            rows: 2,
            columns: 3,
            classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
            activation: Activation::Tanh,
            output: Output::Softmax,
            probability: Probability::Output,
            scale: Scale::Standard,
            heldout_scale: HeldoutScale::Train,
            holdout: 0.25,
            seed: 7,
            labels_sha256: String::new(),
            images_sha256: String::new(),
        };
        let mlp = Mlp {
            layout,
            parameters,
            activation: info.activation,
            output: info.output,
        };
        Model {
            mlp,
            standardizer: Standardizer {
                mean: vec![0.5; 6],
                deviation: vec![2.0; 6],
            },
            info,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for biases in [false, true] {
            let model = example(biases);
            let bytes = model.bytes();
            assert_eq!(bytes, model.bytes(), "the same model, the same bytes");
            assert_eq!(parse(&bytes), Ok(AnyModel::F32(model)));
        }
    }

    #[test]
    fn every_cut_and_every_flipped_header_byte_is_refused_or_read_without_panic() {
        let bytes = example(true).bytes();
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_err(), "cut to {length} bytes");
        }
        let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        for index in 0..header {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[index] ^= 1 << bit;
                let _ = parse(&damaged);
            }
        }
    }

    #[test]
    fn defects_are_named() {
        let reason = |change: &dyn Fn(&mut Model<f32>)| {
            let mut model = example(true);
            change(&mut model);
            parse(&model.bytes()).unwrap_err()
        };
        assert!(reason(&|model| model.info.format = 9).contains("expected format 1, found 9"));
        assert!(
            reason(&|model| model.info.columns = 4).contains("layers.0.weight: expected 8 inputs")
        );
        assert!(
            reason(&|model| model.info.classes.truncate(2))
                .contains("do not lead to its 2 classes")
        );
        assert!(
            reason(&|model| model.mlp.parameters[3] = f32::NAN)
                .contains("layers.0.weight: expected finite")
        );
        assert!(
            reason(&|model| model.standardizer.deviation[1] = 0.0)
                .contains("expected positive numbers, found 0 at 1")
        );
        let mean = |model: &mut Model<f32>| model.standardizer.mean.truncate(5);
        assert!(reason(&mean).contains("scale.mean: expected F64 [6], found F64 [5]"));
    }
}
