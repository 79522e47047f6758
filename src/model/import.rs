//! Networks that were trained elsewhere: a safetensors file with PyTorch's names becomes a [`Model`].
//!
//! What is read: the layers of an `nn.Sequential` or of any module whose linear layers are numbered, `0.weight`, `0.bias`,
//! `2.weight`, .., `layers.0.weight`, .. or `fc1.weight`, ..; they follow one another by that number. A file of one layer needs none.
//! Weights have the shape `(outputs, inputs)`; all arrays are F64, or all are F32, F16 or BF16, which become F32; finite, and there are no others. Where some
//! layers have no bias, zeros stand for it.
//!
//! What such a file cannot say comes in [`ImportOptions`]. Nothing is guessed where a wrong guess would show in wrong answers only.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype as TensorDtype;

use super::archive;
use super::info::MOST_CLASSES;
use super::tensors::{any_numbers, check_scaling, numbers, tensor, up_to_f32};
use super::{
    Activation, AnyModel, HeldoutScale, Layout, Mlp, Model, ModelInfo, Output, Probability, Scale,
};
use crate::data::{self, Standardizer};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// The arrays that [`Scaling::File`] reads, in 0..=255 as the pixels.
const SCALE_ARRAYS: [&str; 2] = ["scale.mean", "scale.deviation"];

/// What the network was given for a pixel `u` in 0..=255.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// `u` itself.
    None,
    /// `(u / 255 - mean) / deviation`, as torchvision's `ToTensor` and `Normalize` have it.
    Numbers {
        /// Subtracted from every pixel in 0..=1.
        mean: f64,
        /// What the difference is divided by.
        deviation: f64,
    },
    /// `(u - mean) / deviation` with `scale.mean` and `scale.deviation` from the file, a number each a pixel.
    File,
}

/// What the file does not say.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What hidden layers do to their weighted sums; needed where there are any.
    pub activation: Option<Activation>,
    /// What the output layer does.
    pub output: Output,
    /// How probabilities are made of outputs.
    pub probability: Probability,
    /// What the network was given for a pixel.
    pub scaling: Scaling,
    /// Rows of an image; none for square images.
    pub rows: Option<usize>,
    /// The names of the classes; none for numbers from 0.
    pub classes: Option<Vec<String>>,
}

impl ImportOptions {
    /// Reads the network in the safetensors file at `path`.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::NotAFile`]; [`Error::Network`] for everything that is wrong with its bytes;
    /// [`Error::Setting`] for options that do not fit it.
    pub fn read(&self, path: &Path) -> Result<AnyModel> {
        if let Scaling::Numbers { mean, deviation } = self.scaling
            && !(mean.is_finite() && deviation.is_finite() && deviation > 0.0)
        {
            return Err(setting(
                "scale",
                format!(
                    "expected a finite mean and a positive deviation, found {mean},{deviation}"
                ),
            ));
        }
        let bytes = data::bytes(path)?;
        let refuse = |reason| Error::Network {
            path: path.to_owned(),
            reason,
        };
        let tensors = archive::arrays(&bytes).map_err(refuse)?;
        let modules = self.modules(&tensors).map_err(refuse)?;
        match modules[0].dtype(&tensors).map_err(refuse)? {
            TensorDtype::F32 | TensorDtype::F16 | TensorDtype::BF16 => {
                let network = network(&tensors, &modules, up_to_f32).map_err(refuse)?;
                Ok(AnyModel::F32(self.model(network, &tensors, refuse)?))
            }
            TensorDtype::F64 => {
                let network = network(&tensors, &modules, numbers::<f64>).map_err(refuse)?;
                Ok(AnyModel::F64(self.model(network, &tensors, refuse)?))
            }
            other => Err(refuse(format!(
                "expected weights in F32, F64, F16 or BF16, found {other}"
            ))),
        }
    }

    /// The linear layers in their order, at least one.
    fn modules(&self, tensors: &SafeTensors<'_>) -> Result<Vec<Module>, String> {
        let mut found: BTreeMap<&str, Module> = BTreeMap::new();
        for name in tensors.names() {
            if SCALE_ARRAYS.contains(&name) {
                if self.scaling == Scaling::File {
                    continue;
                }
                return Err(format!(
                    "{name}: expected --scale file with an array of this name, found another --scale"
                ));
            }
            let (module, part) = name.rsplit_once('.').unwrap_or(("", name));
            let entry = found.entry(module).or_default();
            match part {
                "weight" => entry.weight = Some(name.to_owned()),
                "bias" => entry.bias = Some(name.to_owned()),
                _ => {
                    return Err(format!(
                        "expected weights and biases of linear layers alone, such as '0.weight' and '0.bias', found {name:?}"
                    ));
                }
            }
        }
        let mut ordered: BTreeMap<u64, Module> = BTreeMap::new();
        let alone = found.len() == 1;
        let mut first_stem = None;
        for (name, module) in found {
            let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
            let number = name[stem.len()..].parse().ok().or(alone.then_some(0));
            let Some(number) = number.filter(|_| *first_stem.get_or_insert(stem) == stem) else {
                return Err(format!(
                    "expected layers that differ in their number alone, such as '0.weight' and '2.weight', found {name:?}"
                ));
            };
            if ordered.insert(number, module).is_some() {
                return Err(format!(
                    "expected one layer of the number {number}, found two"
                ));
            }
        }
        if ordered.is_empty() {
            return Err("expected the arrays of linear layers, found none".to_owned());
        }
        Ok(ordered.into_values().collect())
    }

    /// The network with what the options say.
    fn model<T: Scalar>(
        &self,
        (layout, parameters): (Layout, Vec<T>),
        tensors: &SafeTensors<'_>,
        refuse: impl Fn(String) -> Error,
    ) -> Result<Model<T>> {
        let (pixels, classes) = (layout.inputs(), layout.classes());
        if !(2..=MOST_CLASSES).contains(&classes) {
            return Err(refuse(format!(
                "expected an output for each of 2 to {MOST_CLASSES} classes, found {classes} outputs"
            )));
        }
        let (rows, columns) = self.shape(pixels)?;
        let activation = match self.activation {
            Some(activation) => activation,
            // A network without hidden layers has the name in its file, and no use for it.
            None if layout.layers().len() == 1 => Activation::Relu,
            None => {
                let reason = "expected what its hidden layers do, which the file does not say";
                return Err(setting("activation", reason.to_owned()));
            }
        };
        let names = match &self.classes {
            Some(names) if names.len() == classes => names.clone(),
            Some(names) => {
                let found = names.len();
                let reason = format!("expected {classes} names, one an output, found {found}");
                return Err(setting("classes", reason));
            }
            None => (0..classes).map(|class| class.to_string()).collect(),
        };
        let standardizer = self.standardizer(tensors, pixels).map_err(&refuse)?;
        check_scaling::<T>(&standardizer).map_err(|reason| match self.scaling {
            Scaling::File => refuse(reason),
            Scaling::None | Scaling::Numbers { .. } => {
                setting("scale", reason.trim_start_matches("scale: ").to_owned())
            }
        })?;
        let info = ModelInfo {
            format: ModelInfo::FORMAT,
            rows,
            columns,
            classes: names,
            activation,
            output: self.output,
            probability: self.probability,
            scale: match self.scaling {
                Scaling::None => Scale::None,
                Scaling::Numbers { .. } | Scaling::File => Scale::Standard,
            },
            heldout_scale: HeldoutScale::Train,
            // Which images it was trained with is not known: no share, no seed, no digest.
            holdout: 0.0,
            stratify: false,
            fold: None,
            validation: None,
            seed: 0,
            labels_sha256: String::new(),
            images_sha256: String::new(),
        };
        let mlp = Mlp {
            layout,
            parameters,
            activation,
            output: self.output,
        };
        Ok(Model {
            others: Vec::new(),
            mlp,
            standardizer,
            info,
        })
    }

    /// Rows and columns of an image of so many pixels.
    fn shape(&self, pixels: usize) -> Result<(usize, usize)> {
        let rows = self.rows.unwrap_or_else(|| pixels.isqrt());
        let fits = rows > 0 && pixels.is_multiple_of(rows);
        if fits && (self.rows.is_some() || rows * rows == pixels) {
            return Ok((rows, pixels / rows));
        }
        let found = match self.rows {
            Some(rows) => rows.to_string(),
            None => "none, and no square has so many".to_owned(),
        };
        let reason = format!("expected the rows of an image of {pixels} pixels, found {found}");
        Err(setting("rows", reason))
    }

    fn standardizer(
        &self,
        tensors: &SafeTensors<'_>,
        pixels: usize,
    ) -> Result<Standardizer, String> {
        match self.scaling {
            Scaling::None => Ok(Standardizer::identity(pixels)),
            Scaling::Numbers { mean, deviation } => Ok(Standardizer {
                mean: vec![255.0 * mean; pixels],
                deviation: vec![255.0 * deviation; pixels],
            }),
            Scaling::File => {
                let [mean, deviation] =
                    SCALE_ARRAYS.map(|name| any_numbers(tensors, name, &[pixels]));
                let (mean, deviation) = (mean?, deviation?);
                Ok(Standardizer { mean, deviation })
            }
        }
    }
}

/// A linear layer: the names of its arrays.
#[derive(Default)]
struct Module {
    weight: Option<String>,
    bias: Option<String>,
}

impl Module {
    fn weight(&self) -> Result<&str, String> {
        let bias = self.bias.as_deref().unwrap_or_default();
        let missing = || format!("{bias:?}: expected the weight that goes with it, found none");
        self.weight.as_deref().ok_or_else(missing)
    }

    fn dtype(&self, tensors: &SafeTensors<'_>) -> Result<TensorDtype, String> {
        Ok(tensor(tensors, self.weight()?)?.dtype())
    }
}

/// The layers' widths and their parameters, as `read` reads an array.
fn network<T: Scalar>(
    tensors: &SafeTensors<'_>,
    modules: &[Module],
    read: impl Fn(&SafeTensors<'_>, &str, &[usize]) -> Result<Vec<T>, String>,
) -> Result<(Layout, Vec<T>), String> {
    let mut widths = Vec::with_capacity(modules.len() + 1);
    for module in modules {
        let name = module.weight()?;
        let view = tensor(tensors, name)?;
        let &[outputs, inputs] = view.shape() else {
            let shape = view.shape();
            return Err(format!(
                "{name:?}: expected the shape (outputs, inputs), found {shape:?}"
            ));
        };
        let expected = *widths.last().unwrap_or(&inputs);
        if inputs != expected || inputs == 0 || outputs == 0 {
            return Err(format!(
                "{name:?}: expected the shape (outputs, {expected}) with outputs above 0, found [{outputs}, {inputs}]"
            ));
        }
        if widths.is_empty() {
            widths.push(inputs);
        }
        widths.push(outputs);
    }
    let biases = modules.iter().any(|module| module.bias.is_some());
    let layout = Layout::new(&widths, biases);
    let mut parameters = Vec::with_capacity(layout.parameters());
    for (module, layer) in modules.iter().zip(layout.layers()) {
        let shape = [layer.outputs, layer.inputs];
        parameters.extend(read(tensors, module.weight()?, &shape)?);
        match &module.bias {
            Some(name) => parameters.extend(read(tensors, name, &[layer.outputs])?),
            None if biases => parameters.extend(std::iter::repeat_n(T::zero(), layer.outputs)),
            None => {}
        }
    }
    Ok((layout, parameters))
}

fn setting(setting: &'static str, reason: String) -> Error {
    Error::Setting { setting, reason }
}
