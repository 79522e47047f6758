//! `gingham evaluate`

use std::path::PathBuf;

use clap::ValueEnum;
use gingham::evaluate::{self, Evaluation, Portion, Predictor};
use gingham::model::AnyModel;
use gingham::quote;
use gingham::report::{self, Run};
use serde::Serialize;

use super::common::open_folder;
use super::infile::{model_path, open_model};
use super::output::{facts, percent, shown, table};
use super::predict::{Ground, Invert, Tta};
use super::{Common, data_folder};

/// Say how a model does on labelled images.
///
/// Prints accuracy, top-2 and balanced accuracy, F1 (each class counted once, and by its images), the area under the ROC curve, log loss
/// and mean loss; precision, recall and F1 of each class; and the confusion matrix. The mean loss is the one that the network was trained on,
/// without the regulariser; the log loss is of the probabilities.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham evaluate --model runs/article-seed42-0001/model.safetensors --split heldout"
)]
pub struct Args {
    /// The model file, or the folder of the run that left it
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
    /// Answer by the mean probabilities of each image and its mirror image, left to right
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Model")]
    tta: Option<Tta>,
    /// Take labels by their number, also where the data set has other class names than the model, or the same in another order
    #[arg(long, help_heading = "Data and settings")]
    by_number: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    tta: Option<evaluate::Tta>,
    class_names: &'a [String],
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let file = model_path(&args.model);
    let model = open_model(&args.model, args.common.output())?;
    let output = args.common.output();
    let folder = open_folder(&data_folder(args.data.as_deref()), output)?;
    let other = Run::settings_of(&file, model.info())
        .filter(|_| args.split == Part::Test)
        .and_then(|settings| report::other_test_files(&settings, &folder));
    let portion = machine.run(|| Portion::of(&model, folder, args.split.into(), args.by_number))?;
    let of_images = turned(&portion, &model);
    for note in portion.notes.iter().chain(&other).chain(&of_images) {
        output.note(note);
    }
    let tta = args.tta.map(evaluate::Tta::from);
    let mut predictor =
        Predictor::with_standardizer(&machine, &model, &portion.standardizer).with_tta(tta);
    let evaluation = machine.run(|| predictor.evaluation(&portion.data, &portion.indices))?;
    let names = &model.info().classes;
    if args.common.json {
        let answer = Answer {
            split: args.split,
            tta,
            class_names: names,
            evaluation: &evaluation,
        };
        return output.result(serde_json::to_string(&answer)?);
    }
    let shown: Vec<String> = names.iter().map(|name| shown(name)).collect();
    output.result(tables(&evaluation, &shown, tta))?;
    for remark in evaluation.remarks(&shown, &portion.training_images) {
        output.note(remark);
    }
    Ok(())
}

/// What there is to say where most images have another border than those that the model was trained with.
fn turned(portion: &Portion, model: &AnyModel) -> Option<String> {
    let ground = Ground::new(Invert::No, model);
    let images = &portion.data.images;
    let other = portion
        .indices
        .iter()
        .filter(|&&index| ground.is_other(images.image(index as usize), images.columns()))
        .count();
    let [found, usual] = ground.words();
    (2 * other > portion.indices.len()).then(|| {
        format!(
            "{}: the border of {other} images is {found} and the model takes it to be {usual}: black and white may be the \
             wrong way round",
            quote::path(images.path())
        )
    })
}

impl From<Part> for evaluate::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Train => Self::Train,
            Part::Heldout => Self::Heldout,
            Part::Test => Self::Test,
        }
    }
}

fn tables(evaluation: &Evaluation, names: &[String], tta: Option<evaluate::Tta>) -> String {
    let texts = |cells: &[&str]| {
        cells
            .iter()
            .map(|&cell| cell.to_owned())
            .collect::<Vec<_>>()
    };
    let maybe = |figure: Option<f64>, decimals: usize| {
        figure.map_or("-".to_owned(), |figure| format!("{figure:.decimals$}"))
    };
    let looks = tta.map(|evaluate::Tta::Flip| {
        let how = "flip: the mean of each image and its mirror image";
        ("tta", how.to_owned())
    });
    let figures = [
        ("images", evaluation.images.to_string()),
        ("accuracy", percent(Some(evaluation.accuracy))),
        ("top-2 accuracy", percent(evaluation.top2_accuracy)),
        (
            "balanced accuracy",
            percent(Some(evaluation.balanced_accuracy)),
        ),
        ("macro F1", format!("{:.4}", evaluation.macro_f1)),
        ("weighted F1", format!("{:.4}", evaluation.weighted_f1)),
        ("AUC (one against the rest)", maybe(evaluation.auc, 4)),
        ("log loss", maybe(evaluation.log_loss, 6)),
        ("mean loss", format!("{:.6}", evaluation.loss)),
    ];
    let head: Vec<_> = figures.into_iter().chain(looks).collect();
    let head = facts(&head);
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
