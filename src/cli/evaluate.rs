//! `gingham evaluate`

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use gingham::data::{Dataset, Labelled, Standardizer, split};
use gingham::engine::EngineKind;
use gingham::engine::workspace::PixelScale;
use gingham::error::Error;
use gingham::model::{AnyModel, Model, ModelInfo};
use gingham::scalar::Scalar;
use gingham::train::metrics::{Evaluation, Evaluator};
use gingham::train::{evaluation_workspace, heldout_scale};
use serde::Serialize;

use super::output::{facts, percent, table};
use super::{Common, data_folder, open_data};

/// Say how a model does on labelled images.
///
/// Prints accuracy and mean loss, precision, recall and F1 of each class, and the confusion matrix.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham evaluate --model runs/article-seed42-0001/model.safetensors --split heldout"
)]
pub struct Args {
    /// The model file
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    model: PathBuf,
    /// The folder of the data set [default: $GINGHAM_DATA, else data/fashion-mnist]
    #[arg(long, value_name = "DIR", help_heading = "Data and settings")]
    data: Option<PathBuf>,
    /// Which images: those it was trained with, those held out then, or the official test file
    #[arg(
        long,
        value_enum,
        default_value = "test",
        help_heading = "Data and settings"
    )]
    split: Part,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Train,
    Heldout,
    Test,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    split: Part,
    class_names: &'a [String],
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let threads = args
        .common
        .pool(args.common.threads.unwrap_or(0), EngineKind::Auto)?;
    let model = AnyModel::open(&args.model).context("reading the model")?;
    let dataset = open_data(&data_folder(args.data.as_deref()))?;
    check_fit(model.info(), &dataset)?;
    let evaluation = threads.run(|| match &model {
        AnyModel::F32(model) => evaluate(model, &dataset, args.split),
        AnyModel::F64(model) => evaluate(model, &dataset, args.split),
    })?;
    let names = &model.info().classes;
    let output = args.common.output();
    if args.common.json {
        let answer = Answer {
            split: args.split,
            class_names: names,
            evaluation: &evaluation,
        };
        return output.result(serde_json::to_string(&answer)?);
    }
    output.result(tables(&evaluation, names))
}

/// Refuses a data set of other images or classes than the model's.
fn check_fit(info: &ModelInfo, dataset: &Dataset) -> Result<(), Error> {
    let images = &dataset.train.images;
    let describe = |rows, columns, classes| {
        format!("images of {rows} x {columns} pixels in {classes} classes")
    };
    let expected = describe(info.rows, info.columns, info.classes.len());
    let found = describe(images.rows(), images.columns(), dataset.classes.len());
    if expected == found {
        return Ok(());
    }
    let expected = format!("{expected}, as the model's");
    Err(Error::Mismatch {
        path: images.path().to_owned(),
        expected,
        found,
    })
}

fn evaluate<T: Scalar>(
    model: &Model<T>,
    dataset: &Dataset,
    part: Part,
) -> Result<Evaluation, Error> {
    let info = &model.info;
    let (data, places, standardizer) = match part {
        Part::Test => {
            let data = dataset.test.as_ref().ok_or_else(|| Error::Mismatch {
                path: dataset.folder.clone(),
                expected: "test files (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte)"
                    .to_owned(),
                found: "none".to_owned(),
            })?;
            (
                data,
                (0..data.labels.len() as u32).collect(),
                model.standardizer.clone(),
            )
        }
        Part::Train => (
            &dataset.train,
            trained_split(info, dataset)?.train,
            model.standardizer.clone(),
        ),
        Part::Heldout => {
            let places = trained_split(info, dataset)?.heldout;
            let scale = heldout_scale(
                info.scale,
                info.heldout_scale,
                &model.standardizer,
                dataset,
                &places,
            );
            (&dataset.train, places, scale)
        }
    };
    if places.is_empty() {
        let reason =
            "expected a model that held images out, found one that held out none".to_owned();
        return Err(Error::Setting {
            setting: "split",
            reason,
        });
    }
    Ok(on(model, data, &places, &standardizer))
}

/// The split that the model was trained with, which only the same labels bring back.
fn trained_split(info: &ModelInfo, dataset: &Dataset) -> Result<gingham::data::Split, Error> {
    if info.labels_sha256.is_empty() {
        return Err(Error::Setting {
            setting: "split",
            reason: "expected test: which images an imported model was trained with is not known"
                .to_owned(),
        });
    }
    let labels = &dataset.train.labels_sha256;
    if *labels == info.labels_sha256 {
        return Ok(split(
            dataset.train.labels.len() as u32,
            info.holdout,
            info.seed,
        ));
    }
    Err(Error::Mismatch {
        path: dataset.folder.clone(),
        expected: format!(
            "the training labels that the model was trained with (SHA-256 {})",
            info.labels_sha256
        ),
        found: format!("others ({labels})"),
    })
}

fn on<T: Scalar>(
    model: &Model<T>,
    data: &Labelled,
    places: &[u32],
    standardizer: &Standardizer,
) -> Evaluation {
    let kind = EngineKind::ANSWERS;
    let scale = PixelScale::new(standardizer, data.images.shape(), kind);
    Evaluator {
        engine: kind.engine(),
        mlp: &model.mlp,
        scale: &scale,
        workspace: &mut evaluation_workspace(&model.mlp, &scale),
    }
    .evaluation(data, places)
}

fn tables(evaluation: &Evaluation, names: &[String]) -> String {
    let texts = |cells: &[&str]| {
        cells
            .iter()
            .map(|&cell| cell.to_owned())
            .collect::<Vec<_>>()
    };
    let head = facts(&[
        ("images", evaluation.images.to_string()),
        ("accuracy", percent(Some(evaluation.accuracy))),
        ("mean loss", format!("{:.6}", evaluation.loss)),
    ]);
    let mut classes = vec![texts(&["class", "images", "precision", "recall", "F1"])];
    for (name, class) in names.iter().zip(&evaluation.classes) {
        let share = |share: f64| format!("{share:.4}");
        let figures = [
            class.images.to_string(),
            share(class.precision),
            share(class.recall),
            share(class.f1),
        ];
        classes.push([name.clone()].into_iter().chain(figures).collect());
    }
    let mut confusion = vec![vec!["true class / answer".to_owned()]];
    confusion[0].extend((0..names.len()).map(|label| label.to_string()));
    for (label, (name, row)) in names.iter().zip(&evaluation.confusion).enumerate() {
        let counts = row.iter().map(u64::to_string);
        confusion.push(
            [format!("{label} {name}")]
                .into_iter()
                .chain(counts)
                .collect(),
        );
    }
    format!("{head}\n\n{}\n\n{}", table(&classes), table(&confusion))
}
