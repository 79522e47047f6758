//! `gingham predict`

use std::path::PathBuf;

use anyhow::Context;
use gingham::data::{Images, png};
use gingham::engine::EngineKind;
use gingham::engine::workspace::PixelScale;
use gingham::error::Error;
use gingham::model::{AnyModel, Model};
use gingham::parallel::Threads;
use gingham::scalar::Scalar;
use gingham::train::evaluation_workspace;
use gingham::train::metrics::{Evaluator, best, probabilities};
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
    probabilities: Option<Vec<f64>>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let threads = args
        .common
        .pool(args.common.threads.unwrap_or(0), EngineKind::Auto)?;
    let model = AnyModel::open(&args.model).context("reading the model")?;
    match &model {
        AnyModel::F32(model) => predict(args, model, &threads),
        AnyModel::F64(model) => predict(args, model, &threads),
    }
}

fn predict<T: Scalar>(args: &Args, model: &Model<T>, threads: &Threads) -> anyhow::Result<()> {
    let (rows, columns) = (model.info.rows, model.info.columns);
    let (mut images, names) = match &args.idx {
        Some(path) => (Images::open(path).context("reading images")?, None),
        None => {
            let read = |path: &PathBuf| png::grey(path, rows, columns);
            let images = args.png.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let names = args
                .png
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>();
            (
                Images::copied(rows, columns, images.iter().map(Vec::as_slice)),
                Some(names),
            )
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
    if args.invert {
        images = images.inverted();
    }
    threads.run(|| print(args, model, &images, names.as_deref()))
}

fn print<T: Scalar>(
    args: &Args,
    model: &Model<T>,
    images: &Images,
    names: Option<&[String]>,
) -> anyhow::Result<()> {
    let info = &model.info;
    let classes = info.classes.len();
    let kind = EngineKind::ANSWERS;
    let scale = PixelScale::new(&model.standardizer, images.shape(), kind);
    let mut workspace = evaluation_workspace(&model.mlp, &scale);
    let level = workspace.level();
    let mut evaluator = Evaluator {
        engine: kind.engine(),
        mlp: &model.mlp,
        scale: &scale,
        workspace: &mut workspace,
    };
    let places: Vec<u32> = (0..images.count() as u32).collect();
    let mut lines = String::new();
    let mut written = Ok(());
    evaluator.for_each_output(images, &places, |places, z| {
        let mut shares = z.to_vec();
        probabilities(level, info.output, info.probability, classes, &mut shares);
        let answers = z.chunks_exact(classes).zip(shares.chunks_exact(classes));
        for (place, (z, shares)) in places.iter().zip(answers) {
            let class = best(z);
            let shares = args
                .proba
                .then(|| shares.iter().map(|share| share.wide()).collect());
            let number = place.to_string();
            let image = names.map_or(number.as_str(), |names| &names[*place as usize]);
            let row = Row {
                image,
                class,
                name: &info.classes[class],
                probabilities: shares,
            };
            lines.push_str(&line(&row, args.common.json));
        }
        if written.is_ok() {
            written = Output::result(args.common.output(), lines.trim_end());
        }
        lines.clear();
    });
    written
}

fn line(row: &Row<'_>, json: bool) -> String {
    if json {
        return serde_json::to_string(row).expect("plain fields") + "\n";
    }
    let shares = row
        .probabilities
        .iter()
        .flatten()
        .map(|share| format!("\t{share:.6}"))
        .collect::<String>();
    format!("{}\t{}\t{}{shares}\n", row.image, row.class, row.name)
}
