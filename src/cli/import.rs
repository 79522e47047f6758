//! `gingham import`

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham::data;
use gingham::model::{Activation, AnyModel, ImportOptions, Model, Output, Probability, Scaling};
use gingham::quote;
use gingham::scalar::Scalar;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Common;
use super::infile;
use super::outfile::{self, Force};

/// Make a model file of a network that was trained elsewhere.
///
/// Reads a safetensors file with the arrays of linear layers under PyTorch's names ('0.weight', '0.bias', '2.weight', ..), in F32, F64,
/// F16 or BF16, weights of the shape (outputs, inputs). What such a file cannot say, the options do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham import net.safetensors --activation relu --scale 0.5,0.5 --out model.safetensors
  gingham evaluate --model model.safetensors --split test")]
pub struct Args {
    /// The safetensors file; '-': standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The new model file; '-': stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    force: Force,
    /// What the network was given for a pixel: 'none': 0..255; 'unit': over 255 (ToTensor); 'MEAN,DEVIATION': that, minus the mean,
    /// over the deviation (Normalize); 'file': by the file's arrays scale.mean and scale.deviation, in 0..255, a number a pixel
    #[arg(
        long,
        value_name = "HOW",
        allow_hyphen_values = true,
        help_heading = "What the file does not say"
    )]
    scale: Pixels,
    /// What hidden layers do to their weighted sums; needed where there are any
    #[arg(
        long,
        value_name = "NAME",
        value_parser = named::<Activation>(&["sigmoid", "relu", "tanh"]),
        help_heading = "What the file does not say"
    )]
    activation: Option<Activation>,
    /// What the output layer does
    #[arg(
        long,
        value_name = "NAME",
        value_parser = named::<Output>(&["sigmoid", "softmax"]),
        default_value = "softmax",
        help_heading = "What the file does not say"
    )]
    output: Output,
    /// What probabilities are: the outputs over their sum, or the softmax of the outputs
    #[arg(
        long,
        value_name = "NAME",
        value_parser = named::<Probability>(&["output", "softmax"]),
        default_value = "output",
        help_heading = "What the file does not say"
    )]
    probability: Probability,
    /// Rows of an image [default: images are square]
    #[arg(long, value_name = "N", help_heading = "What the file does not say")]
    rows: Option<usize>,
    /// Names of the classes: a file with a name a line, or 'fashion-mnist' [default: 0, 1, ..]
    #[arg(long, value_name = "FILE", help_heading = "What the file does not say")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// A setting by the name that the model file has for it.
fn named<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value(name.into()))
}

#[derive(Clone, Copy, Debug)]
struct Pixels(Scaling);

impl FromStr for Pixels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = || {
            let (mean, deviation) = text.split_once(',')?;
            Some(Scaling::Numbers {
                mean: mean.trim().parse().ok()?,
                deviation: deviation.trim().parse().ok()?,
            })
        };
        match text {
            "none" => Some(Scaling::None),
            "unit" => Some(Scaling::Numbers {
                mean: 0.0,
                deviation: 1.0,
            }),
            "file" => Some(Scaling::File),
            _ => numbers(),
        }
        .map(Self)
        .ok_or_else(|| "expected none, unit, file or MEAN,DEVIATION such as 0.5,0.5".to_owned())
    }
}

impl Args {
    fn options(&self) -> anyhow::Result<ImportOptions> {
        let classes = match &self.classes {
            Some(name) if name.as_os_str() == "fashion-mnist" => {
                Some(data::FASHION_MNIST_CLASSES.map(str::to_owned).to_vec())
            }
            Some(file) => {
                Some(data::class_names(infile::input(file)).context("reading the class names")?)
            }
            None => None,
        };
        Ok(ImportOptions {
            activation: self.activation,
            output: self.output,
            probability: self.probability,
            scaling: self.scale.0,
            rows: self.rows,
            classes,
        })
    }
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let given = [Some(&args.file), args.classes.as_ref()];
    infile::check_stdin(given.into_iter().flatten().map(PathBuf::as_path))?;
    outfile::check(&args.out, args.force)?;
    let model = args
        .options()?
        .read(infile::input(&args.file))
        .context("reading the network")?;
    match &model {
        AnyModel::F32(model) => save(args, model),
        AnyModel::F64(model) => save(args, model),
    }
}

fn save<T: Scalar>(args: &Args, model: &Model<T>) -> anyhow::Result<()> {
    let out = &args.out;
    outfile::write(out, &model.bytes(), args.force)?;
    let widths = model.mlp.layout.widths();
    let dtype = T::DTYPE.name();
    if outfile::is_stdout(out) {
        return Ok(());
    }
    let text = if args.common.json {
        json!({ "out": quote::text(out), "widths": widths, "dtype": dtype }).to_string()
    } else {
        let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
        format!("{}: {} {dtype}", quote::path(out), widths.join("-"))
    };
    args.common.output().result(text)
}
