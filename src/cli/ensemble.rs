//! `gingham ensemble`

use std::path::PathBuf;

use gingham::error::Error;
use gingham::model::AnyModel;
use gingham::quote;
use serde_json::json;

use super::Common;
use super::infile::{self, open_model};
use super::outfile::{self, Force};

/// Make one model of several: it answers with the mean of their probabilities.
///
/// The models may have other widths and other weights, as runs have that differ in their seed; samples, classes, data and what was held out must
/// be the same. The new file is a model as others are: evaluate, predict, explore and export take it, and train --from does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham sweep --preset wide --grid 'seed=1..5' --order-seed 1 --split-seed 1 --out runs/five
  gingham ensemble runs/five/runs/* --out five.safetensors
  gingham evaluate --model five.safetensors --split test")]
pub struct Args {
    /// Model files, or folders of runs
    #[arg(value_name = "MODEL", required = true, num_args = 1..)]
    models: Vec<PathBuf>,
    /// The new model file; '-': stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    force: Force,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let Args { out, force, .. } = args;
    infile::check_stdin(args.models.iter().map(PathBuf::as_path))?;
    outfile::check(out, *force)?;
    let output = args.common.output();
    let mut models = Vec::new();
    for path in &args.models {
        models.push(open_model(path, output)?);
    }
    let all = AnyModel::ensemble(models).map_err(|(number, what)| Error::Setting {
        setting: "models",
        reason: format!(
            "expected models that differ in their networks alone, found another {what} in {} than in {}",
            quote::path(&args.models[number]),
            quote::path(&args.models[0])
        ),
    })?;
    outfile::write(out, &all.bytes(), *force)?;
    if outfile::is_stdout(out) {
        return Ok(());
    }
    let networks = all.networks();
    let text = if args.common.json {
        json!({ "out": quote::text(out), "networks": networks }).to_string()
    } else {
        format!("{}: {networks} networks", quote::path(out))
    };
    output.result(text)
}
