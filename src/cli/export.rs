//! `gingham export`

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham::export::{self, Format};
use gingham::model::AnyModel;
use gingham::quote;
use serde_json::json;

use super::Common;
use super::infile::open_model;
use super::outfile::{self, Force};

/// Write a model in another format: ONNX, NumPy's or a table.
///
/// onnx: a graph with the scaling within it; 'pixels' (u8, batch x rows x columns) in, 'probabilities' (f32) and 'class' (i64)
/// out. npz: every array under its name in the model file, 'classes' and the metadata. csv: array,unit,input,value, a line a number.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham export --model runs/article-seed42-0001 --out model.onnx"
)]
pub struct Args {
    /// The model file, or the folder of its run
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// What to write [default: what the ending of --out names]
    #[arg(long, value_name = "NAME", value_parser = formats())]
    format: Option<Format>,
    /// The new file; '-': stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    force: Force,
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
    let Args { out, force, .. } = args;
    let formats = Format::ALL.map(|format| (format, format.name()));
    let format = outfile::format_of(Some(out), args.format, &formats, None)?;
    outfile::check(out, *force)?;
    let model = open_model(&args.model, args.common.output())?;
    let bytes = match &model {
        AnyModel::F32(model) => export::bytes(model, format),
        AnyModel::F64(model) => export::bytes(model, format),
    }?;
    outfile::write(out, &bytes, *force)?;
    let (name, size_bytes) = (format.name(), bytes.len());
    let output = args.common.output();
    if outfile::is_stdout(out) {
        output.progress(format_args!("stdout: {name}, {size_bytes} bytes"));
        return Ok(());
    }
    output.result(if args.common.json {
        json!({ "out": quote::text(out), "format": name, "size_bytes": size_bytes }).to_string()
    } else {
        format!("{}: {name}, {size_bytes} bytes", quote::path(out))
    })
}
