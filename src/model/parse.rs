//! A model file read back. The bytes are not trusted: every array must be there with its shape, and no other.

use std::collections::HashSet;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype as TensorDtype;

use super::file::{AnyModel, METADATA, Model, bias_name, weight_name};
use super::info::ModelInfo;
use super::seal::{self, Seal};
use super::tensors::{check_scaling, numbers, tensor};
use super::{Layout, Mlp};
use crate::data::{self, Standardizer};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// The arrays that scale pixels.
const SCALE: [&str; 2] = ["scale.mean", "scale.deviation"];

impl AnyModel {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], and [`Error::Model`] for everything that is wrong with its bytes.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::open_with_seal(path)?.0)
    }

    /// The same, with whether the file carries a digest of itself: those of older versions carry none.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_with_seal(path: &Path) -> Result<(Self, Seal)> {
        Self::parse(&data::bytes(path)?, path)
    }

    /// The same of the bytes of the file at `path`.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<(Self, Seal)> {
        parse(bytes).map_err(|reason| Error::Model {
            path: path.to_owned(),
            reason,
        })
    }
}

/// Reads the bytes of a model file; the error is the first defect, in words.
fn parse(bytes: &[u8]) -> Result<(AnyModel, Seal), String> {
    let (tensors, info, seal) = seal::opened::<ModelInfo>(bytes, METADATA)?;
    if info.format != ModelInfo::FORMAT {
        return Err(format!(
            "expected format {}, found {}",
            ModelInfo::FORMAT,
            info.format
        ));
    }
    info.check_split()?;
    info.check_classes()?;
    let model = match tensor(&tensors, &weight_name(0, 0))?.dtype() {
        TensorDtype::F32 => AnyModel::F32(model(&tensors, info)?),
        TensorDtype::F64 => AnyModel::F64(model(&tensors, info)?),
        other => return Err(format!("expected weights in F32 or F64, found {other:?}")),
    };
    Ok((model, seal))
}

fn model<T: Scalar>(tensors: &SafeTensors<'_>, info: ModelInfo) -> Result<Model<T>, String> {
    let pixels = info
        .rows
        .checked_mul(info.columns)
        .ok_or_else(|| {
            let (rows, columns) = (info.rows, info.columns);
            format!("expected images that can exist, found {rows} x {columns} pixels: their number overflows")
        })?;
    let layouts = layouts(tensors, pixels)?;
    let mut networks = Vec::with_capacity(layouts.len());
    for (network, layout) in layouts.into_iter().enumerate() {
        if layout.classes() != info.classes.len() {
            return Err(format!(
                "expected widths that lead to its {} classes, found {:?}",
                info.classes.len(),
                layout.widths()
            ));
        }
        networks.push(Mlp {
            parameters: parameters(tensors, network, &layout)?,
            layout,
            activation: info.activation,
            output: info.output,
        });
    }
    let standardizer = Standardizer {
        mean: numbers(tensors, SCALE[0], &[pixels])?,
        deviation: numbers(tensors, SCALE[1], &[pixels])?,
    };
    check_scaling::<T>(&standardizer)?;
    Ok(Model {
        mlp: networks.remove(0),
        others: networks,
        standardizer,
        info,
    })
}

/// The layouts of its networks; every other array must be one that belongs to them.
fn layouts(tensors: &SafeTensors<'_>, pixels: usize) -> Result<Vec<Layout>, String> {
    let mut layouts = vec![layout(tensors, 0, pixels)?];
    while tensors.tensor(&weight_name(layouts.len(), 0)).is_ok() {
        layouts.push(layout(tensors, layouts.len(), pixels)?);
    }
    let names = |(network, layout): (usize, &Layout)| {
        let layers = 0..layout.layers().len();
        layers.flat_map(move |layer| [weight_name(network, layer), bias_name(network, layer)])
    };
    let known: HashSet<String> = layouts
        .iter()
        .enumerate()
        .flat_map(names)
        .chain(SCALE.map(str::to_owned))
        .collect();
    let unknown = tensors.names().into_iter();
    let unknown = unknown.filter(|name| !known.contains(*name)).min();
    match unknown {
        Some(name) => {
            let layers = layouts[0].layers().len();
            let others = match layouts.len() {
                1 => String::new(),
                networks => format!(" in each of {networks} networks"),
            };
            Err(format!(
                "expected {layers} layers{others} and the scaling of {pixels} pixels, found the array {name:?} beside them"
            ))
        }
        None => Ok(layouts),
    }
}

/// The layout that the names and shapes of the weights of network number `network` tell.
fn layout(tensors: &SafeTensors<'_>, network: usize, pixels: usize) -> Result<Layout, String> {
    let mut widths = vec![pixels];
    while let Ok(weight) = tensors.tensor(&weight_name(network, widths.len() - 1)) {
        let (name, inputs) = (
            weight_name(network, widths.len() - 1),
            widths[widths.len() - 1],
        );
        match *weight.shape() {
            [outputs, found] if found == inputs && outputs > 0 && inputs > 0 => {
                widths.push(outputs);
            }
            [_, _] => {
                let found = weight.shape();
                return Err(format!(
                    "{name}: expected {inputs} inputs and at least one output, found shape {found:?}"
                ));
            }
            ref found => {
                return Err(format!(
                    "{name}: expected two dimensions, found shape {found:?}"
                ));
            }
        }
    }
    if widths.len() < 2 {
        return Err(format!(
            "{}: expected an array of this name, found none",
            weight_name(network, 0)
        ));
    }
    let layers = widths.len() - 1;
    let has = |layer: usize| tensors.tensor(&bias_name(network, layer)).is_ok();
    Ok(Layout::new(&widths, (0..layers).any(has)))
}

/// All parameters, layer after layer.
fn parameters<T: Scalar>(
    tensors: &SafeTensors<'_>,
    network: usize,
    layout: &Layout,
) -> Result<Vec<T>, String> {
    let mut parameters = Vec::with_capacity(layout.parameters());
    for (number, layer) in layout.layers().iter().enumerate() {
        let shape = [layer.outputs, layer.inputs];
        parameters.extend(numbers::<T>(
            tensors,
            &weight_name(network, number),
            &shape,
        )?);
        if layer.bias.is_some() {
            let name = bias_name(network, number);
            parameters.extend(numbers::<T>(tensors, &name, &[layer.outputs])?);
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

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
            stratify: false,
            fold: None,
            validation: None,
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
            others: Vec::new(),
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
            assert_eq!(parse(&bytes), Ok((AnyModel::F32(model), Seal::Whole)));
        }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused() {
        let bytes = example(true).bytes();
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_err(), "cut to {length} bytes");
        }
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&damaged).is_err(), "bit {bit}");
        }
    }

    /// The same arrays, in a file as older versions wrote it, under the names that `name` makes of them.
    fn without_digest(model: &Model<f32>, name: impl Fn(&str) -> String) -> Vec<u8> {
        let arrays = model.arrays();
        let arrays: Vec<_> = arrays
            .iter()
            .map(|array| (name(&array.name), &array.shape, array.values.bytes()))
            .collect();
        let views = arrays.iter().map(|(name, shape, bytes)| {
            let dtype = match name.starts_with("scale") {
                true => TensorDtype::F64,
                false => TensorDtype::F32,
            };
            (name, TensorView::new(dtype, shape.to_vec(), bytes).unwrap())
        });
        let metadata = HashMap::from([(METADATA.to_owned(), model.info.to_json())]);
        safetensors::serialize(views, Some(metadata)).unwrap()
    }

    #[test]
    fn a_file_without_a_digest_is_read_and_its_arrays_are_counted() {
        let model = example(true);
        let plain = without_digest(&model, str::to_owned);
        assert_eq!(
            parse(&plain),
            Ok((AnyModel::F32(model.clone()), Seal::None))
        );
        for (old, new, says) in [
            (
                "layers.1.bias",
                "layers.1.bjas",
                "found the array \"layers.1.bjas\"",
            ),
            (
                "layers.0.bias",
                "layers.4.bias",
                "found the array \"layers.4.bias\"",
            ),
            ("layers.1.weight", "layers.2.weight", "array \"layers."),
            (
                "layers.0.weight",
                "layers.7.weight",
                "layers.0.weight: expected an array of this name, found none",
            ),
            ("scale.mean", "scale.mode", "found the array \"scale.mode\""),
        ] {
            let renamed = |name: &str| if name == old { new } else { name }.to_owned();
            let reason = parse(&without_digest(&model, renamed)).unwrap_err();
            assert!(reason.contains(says), "{new}: {reason}");
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
                .contains("expected widths that lead to its 2 classes, found [6, 4, 3]")
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
