//! `gingham export`

use std::path::PathBuf;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham::export::{self, Format};
use gingham::model::AnyModel;
use serde_json::json;

use super::Common;

/// Write a model in another format: ONNX, NumPy's or a table.
///
/// onnx: a graph with the scaling within it; 'pixels' (u8, batch x rows x columns) in, 'probabilities' (f32) and 'class' (i64)
/// out. npz: every array under its name in the model file, 'classes' and the metadata. csv: array,unit,input,value, a line a number.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham export --model model.safetensors --format onnx --out model.onnx"
)]
pub struct Args {
    /// The model file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// What to write
    #[arg(long, value_name = "NAME", value_parser = formats())]
    format: Format,
    /// The new file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).map(|name| {
        let format = Format::ALL.into_iter().find(|format| format.name() == name);
        format.expect("one of these names")
    })
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let Args { out, format, .. } = args;
    let model = AnyModel::open(&args.model).context("reading the model")?;
    let size_bytes = match &model {
        AnyModel::F32(model) => export::write(model, *format, out),
        AnyModel::F64(model) => export::write(model, *format, out),
    }?;
    let name = format.name();
    args.common.output().result(if args.common.json {
        json!({ "out": out.to_string_lossy(), "format": name, "size_bytes": size_bytes })
            .to_string()
    } else {
        format!("{}: {name}, {size_bytes} bytes", out.display())
    })
}
