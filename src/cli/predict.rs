//! `gingham predict`

use std::path::PathBuf;

use anyhow::Context;
use gingham::data::{Images, png};
use gingham::error::Error;
use gingham::evaluate::Predictor;
use gingham::machine::Machine;
use gingham::model::AnyModel;
use serde::Serialize;

use super::Common;
use super::output::Output;

/// Name the class of images.
///
/// Prints a line an image: its place or file, class, class name, and with --proba the probability of each class,
/// separated by tabs; with --json an object a line. Pixels are scaled by the figures that the model was trained with.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham predict --model model.safetensors --proba shirt.png boot.png
  gingham predict --model model.safetensors --idx t10k-images-idx3-ubyte | cut -f 3 | sort | uniq -c")]
pub struct Args {
    /// The model file
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    model: PathBuf,
    /// Turn black and white round first: for dark garments on a light ground
    #[arg(long, help_heading = "Images")]
    invert: bool,
    /// An IDX file of images, raw or .gz
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "png",
        required_unless_present = "png",
        help_heading = "Images"
    )]
    idx: Option<PathBuf>,
    /// PNG images of the size that the model takes
    #[arg(value_name = "PNG", help_heading = "Images")]
    png: Vec<PathBuf>,
    /// Print the probability of each class
    #[arg(long, help_heading = "Runtime and output")]
    proba: bool,
    #[command(flatten)]
    common: Common,
}

/// What is printed of an image as JSON.
#[derive(Serialize)]
struct Row<'a> {
    image: &'a str,
    class: usize,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<&'a [f64]>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let model = AnyModel::open(&args.model).context("reading the model")?;
    let images = images(args, &model)?;
    machine.run(|| print(args, &machine, &model, &images))
}

/// The images that are asked about, of the size that the model takes.
fn images(args: &Args, model: &AnyModel) -> anyhow::Result<Images> {
    let (rows, columns) = (model.info().rows, model.info().columns);
    let images = match &args.idx {
        Some(path) => Images::open(path).context("reading images")?,
        None => {
            let read = |path: &PathBuf| png::grey(path, rows, columns);
            let images = args.png.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            Images::copied(rows, columns, images.iter().map(Vec::as_slice))
        }
    };
    if (images.rows(), images.columns()) != (rows, columns) {
        let expected = format!("images of {rows} x {columns} pixels, as the model takes");
        let found = format!("{} x {}", images.rows(), images.columns());
        return Err(Error::Mismatch {
            path: images.path().to_owned(),
            expected,
            found,
        }
        .into());
    }
    Ok(if args.invert {
        images.inverted()
    } else {
        images
    })
}

fn print(args: &Args, machine: &Machine, model: &AnyModel, images: &Images) -> anyhow::Result<()> {
    let name = |index: u32| match args.png.get(index as usize) {
        Some(path) => path.display().to_string(),
        None => index.to_string(),
    };
    let classes = &model.info().classes;
    let indices: Vec<u32> = (0..images.count() as u32).collect();
    let mut lines = String::new();
    let mut written = Ok(());
    Predictor::new(machine, model).for_each(images, &indices, |outputs| {
        let shares = outputs.probabilities.chunks_exact(outputs.classes);
        let answers = outputs.answers().zip(shares);
        for (&index, (class, shares)) in outputs.indices.iter().zip(answers) {
            let row = Row {
                image: &name(index),
                class,
                name: &classes[class],
                probabilities: args.proba.then_some(shares),
            };
            lines.push_str(&line(&row, args.common.json));
        }
        if written.is_ok() {
            written = Output::result(args.common.output(), lines.trim_end());
        }
        lines.clear();
    })?;
    written
}

fn line(row: &Row<'_>, json: bool) -> String {
    if json {
        return serde_json::to_string(row).expect("plain fields") + "\n";
    }
    let shares = row
        .probabilities
        .into_iter()
        .flatten()
        .map(|share| format!("\t{share:.6}"))
        .collect::<String>();
    format!("{}\t{}\t{}{shares}\n", row.image, row.class, row.name)
}
