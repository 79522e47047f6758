//! The network that a run starts from, where it does not start from fresh weights. [`Plan::starting_from`](super::Plan::starting_from) takes it.
//!
//! Its parameters and the figures that scale its pixels take the place of those that a run draws and computes. What the network is made
//! of (its widths, activations and biases, and whether it scales pixels) is its own and cannot be set. How probabilities are made of its outputs, how
//! held-out samples are scaled and in which type is computed are the network's too where nothing else is asked for. All else
//! (data, split, order, optimizer) is the run's.

use std::path::Path;

use super::options::TrainOptions;
use crate::data::{self, Standardizer};
use crate::error::{Error, Result, list};
use crate::evaluate::has_names;
use crate::model::tensors::check_scaling;
use crate::model::{AnyModel, Layout, Seal};
use crate::scalar::{Dtype, Scalar};

/// The most class names of a list that a message shows.
const MOST_SHOWN: usize = 12;

/// A network that runs start from.
#[derive(Clone, Debug)]
pub struct Start {
    model: AnyModel,
    seal: Seal,
    bytes: Vec<u8>,
    sha256: String,
}

/// Of an ensemble, the first network.
impl From<AnyModel> for Start {
    fn from(model: AnyModel) -> Self {
        Self::of(model.bytes(), model, Seal::Whole)
    }
}

impl Start {
    /// Reads a model file.
    ///
    /// # Errors
    /// Those of [`AnyModel::open`], and [`Error::Setting`] for an ensemble.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = data::bytes(path)?.to_vec();
        let (model, seal) = AnyModel::parse(&bytes, path)?;
        match model.networks() {
            1 => Ok(Self::of(bytes, model, seal)),
            found => refuse(
                "from",
                format!(
                    "expected a model of one network to start from, found an ensemble of {found}"
                ),
            ),
        }
    }

    fn of(bytes: Vec<u8>, model: AnyModel, seal: Seal) -> Self {
        Self {
            sha256: data::sha256(&bytes),
            model,
            seal,
            bytes,
        }
    }

    /// The network.
    #[must_use]
    pub fn model(&self) -> &AnyModel {
        &self.model
    }

    /// Whether its file carries a digest of itself.
    #[must_use]
    pub fn seal(&self) -> Seal {
        self.seal
    }

    /// The bytes of its file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of its file, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The same settings with those that are the network's as it has them.
    #[must_use]
    pub fn applied_to(&self, options: TrainOptions) -> TrainOptions {
        let info = self.model.info();
        let widths = self.layout().widths();
        TrainOptions {
            hidden: widths[1..widths.len() - 1].to_vec(),
            activation: info.activation,
            output: info.output,
            probability: info.probability,
            bias: self.has_biases(),
            scale: info.scale,
            heldout_scale: info.heldout_scale,
            dtype: self.dtype(),
            ..options
        }
    }

    /// The type of its parameters.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        match self.model {
            AnyModel::F32(_) => Dtype::F32,
            AnyModel::F64(_) => Dtype::F64,
        }
    }

    /// What a user may not expect of a run in `dtype` that starts from it, on samples of the classes `names`.
    pub(super) fn notes(&self, dtype: Dtype, names: &[String]) -> Vec<String> {
        let classes = &self.model.info().classes;
        let are_named = has_names(classes) || has_names(names);
        let renamed = (are_named && classes != names).then(|| {
            format!(
                "labels are taken by their number: the classes of the data set are {}, and those of the model that the run starts from are {}",
                list(names, MOST_SHOWN),
                list(classes, MOST_SHOWN)
            )
        });
        let converted = (dtype != self.dtype()).then(|| {
            let (from, how) = match dtype {
                Dtype::F32 => ("f64", "rounded to"),
                Dtype::F64 => ("f32", "taken over into"),
            };
            let to = dtype.name();
            format!("the {from} parameters of the model that the run starts from are {how} {to}")
        });
        renamed.into_iter().chain(converted).collect()
    }

    /// Its parameters, each as the nearest number of this type, laid out for a network with norms if `layout` has them: their gains are 1.
    pub(super) fn parameters<T: Scalar>(&self, layout: &Layout) -> Vec<T> {
        fn converted<T: Scalar>(parameters: &[impl Scalar]) -> Vec<T> {
            let numbers = parameters.iter();
            numbers.map(|number| T::of(number.wide())).collect()
        }
        let own: Vec<T> = match &self.model {
            AnyModel::F32(model) => converted(&model.mlp.parameters),
            AnyModel::F64(model) => converted(&model.mlp.parameters),
        };
        let mut parameters = Vec::with_capacity(layout.parameters());
        for (layer, own_layer) in layout.layers().iter().zip(self.layout().layers()) {
            for part in own_layer.parts() {
                parameters.extend_from_slice(&own[part.clone()]);
            }
            let gains = layer.gain.as_ref().map_or(0, ExactSizeIterator::len);
            parameters.extend(std::iter::repeat_n(T::one(), gains));
        }
        parameters
    }

    /// What scales its pixels.
    pub(super) fn standardizer(&self) -> &Standardizer {
        self.model.standardizer()
    }

    /// Refuses settings of another network than this one, and samples of another number of pixels or classes.
    pub(super) fn check(
        &self,
        options: &TrainOptions,
        pixels: usize,
        classes: usize,
    ) -> Result<()> {
        if let Some(expected) = options
            .from_sha256
            .as_ref()
            .filter(|sha| **sha != self.sha256)
        {
            return refuse(
                "from",
                format!(
                    "expected the model with the SHA-256 {expected}, found one with {}",
                    self.sha256
                ),
            );
        }
        self.check_settings(options)?;
        for (what, expected, found) in [
            ("numbers a sample (pixels)", pixels, self.layout().inputs()),
            ("classes", classes, self.layout().classes()),
        ] {
            if expected != found {
                return refuse(
                    "from",
                    format!(
                        "expected a model for {expected} {what}, as the data set has, found one for {found}"
                    ),
                );
            }
        }
        if options.dtype == Dtype::F32 {
            self.check_f32()?;
        }
        Ok(())
    }

    /// Refuses settings of another network than this one.
    fn check_settings(&self, options: &TrainOptions) -> Result<()> {
        let own = self.applied_to(options.clone());
        differs("hidden", &own.hidden, &options.hidden)?;
        if !own.hidden.is_empty() {
            differs("activation", &own.activation, &options.activation)?;
        }
        differs("output", &own.output, &options.output)?;
        differs("bias", &own.bias, &options.bias)?;
        differs("scale", &own.scale, &options.scale)
    }

    /// Refuses numbers that `f32` cannot hold.
    fn check_f32(&self) -> Result<()> {
        let wrong = match &self.model {
            AnyModel::F32(_) => None,
            AnyModel::F64(model) => {
                let mut parameters = model.mlp.parameters.iter();
                parameters
                    .find(|&&number| !f32::of(number).is_finite())
                    .map(|number| format!("the parameter {number:e}"))
            }
        };
        let wrong = wrong.or_else(|| check_scaling::<f32>(self.standardizer()).err());
        match wrong {
            Some(found) => refuse(
                "dtype",
                format!(
                    "expected f64, as the model has it, found f32, which cannot hold its numbers: {found}"
                ),
            ),
            None => Ok(()),
        }
    }

    fn has_biases(&self) -> bool {
        self.layout()
            .layers()
            .iter()
            .any(|layer| layer.bias.is_some())
    }

    fn layout(&self) -> &Layout {
        match &self.model {
            AnyModel::F32(model) => &model.mlp.layout,
            AnyModel::F64(model) => &model.mlp.layout,
        }
    }
}

/// Refuses a setting that is not as the network has it.
fn differs<T: PartialEq + serde::Serialize>(
    setting: &'static str,
    own: &T,
    asked: &T,
) -> Result<()> {
    if own == asked {
        return Ok(());
    }
    let shown = |value: &T| serde_json::to_string(value).unwrap_or_default();
    let (own, asked) = (shown(own), shown(asked));
    refuse(
        setting,
        format!("expected {own}, as the model that the run starts from has it, found {asked}"),
    )
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
