//! A trained network asked about a part of a data set: what `evaluate` prints and what a report shows are the same calls.

use serde::Serialize;

use super::metrics::Evaluation;
use super::predictor::Predictor;
use crate::data::{Dataset, Labelled, Split, Standardizer, split};
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::model::{AnyModel, HeldoutScale, ModelInfo, Scale};

/// Which images of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Those that the model was trained with.
    Train,
    /// Those that were held out then.
    Heldout,
    /// The official test file.
    Test,
}

/// The images of a part, and what the model scales them by.
#[derive(Clone, Debug)]
pub struct Portion<'a> {
    /// The file that they are in.
    pub data: &'a Labelled,
    /// Their indices in it; there is at least one.
    pub indices: Vec<u32>,
    /// What their pixels are scaled by.
    pub standardizer: Standardizer,
}

/// What a model answers to images, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// The number of classes.
    pub classes: usize,
    /// The class that the model gives each image, which need not be its label.
    pub answers: Vec<usize>,
    /// The probabilities of the classes as `predict --proba` prints them, row-major `(images, classes)`.
    pub probabilities: Vec<f64>,
}

impl Answers {
    /// The probabilities of the classes for the image that was answered as number `number`.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn shares(&self, number: usize) -> &[f64] {
        &self.probabilities[number * self.classes..(number + 1) * self.classes]
    }
}

impl<'a> Portion<'a> {
    /// The images of `part`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the data set has no test file, or other training labels than the model was trained with;
    /// [`Error::Setting`] where no image belongs to the part, and for `Train` and `Heldout` of an imported model, of which it is
    /// not known what it was trained with.
    pub fn of(model: &AnyModel, dataset: &'a Dataset, part: Part) -> Result<Self> {
        let info = model.info();
        let standardizer = model.standardizer();
        let (data, indices, standardizer) = match part {
            Part::Test => {
                let data = dataset.test.as_ref().ok_or_else(|| Error::Mismatch {
                    path: dataset.folder.clone(),
                    expected: "test files (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte)"
                        .to_owned(),
                    found: "none".to_owned(),
                })?;
                let indices = (0..data.labels.len() as u32).collect();
                (data, indices, standardizer.clone())
            }
            Part::Train => {
                let indices = trained_split(info, dataset)?.train;
                (&dataset.train, indices, standardizer.clone())
            }
            Part::Heldout => {
                let indices = trained_split(info, dataset)?.heldout;
                let own = || Standardizer::fit(&dataset.train.images, &indices);
                let scale = heldout_standardizer(info.scale, info.heldout_scale, standardizer, own);
                (&dataset.train, indices, scale)
            }
        };
        if indices.is_empty() {
            let reason =
                "expected a model that held images out, found one that held out none".to_owned();
            return Err(Error::Setting {
                setting: "split",
                reason,
            });
        }
        Ok(Self {
            data,
            indices,
            standardizer,
        })
    }

    /// How right the model's answers are by the labels: accuracy, loss, and the figures of each class.
    ///
    /// # Errors
    /// [`Error::Array`] where the images are of another size than the model's.
    pub fn evaluation(&self, machine: &Machine, model: &AnyModel) -> Result<Evaluation> {
        Predictor::with_standardizer(machine, model, &self.standardizer)
            .evaluation(self.data, &self.indices)
    }

    /// What the model answers to each image.
    ///
    /// # Errors
    /// [`Error::Array`] where the images are of another size than the model's.
    pub fn answers(&self, machine: &Machine, model: &AnyModel) -> Result<Answers> {
        let classes = model.info().classes.len();
        let mut answers = Answers {
            classes,
            answers: Vec::with_capacity(self.indices.len()),
            probabilities: Vec::with_capacity(self.indices.len() * classes),
        };
        Predictor::with_standardizer(machine, model, &self.standardizer).for_each(
            &self.data.images,
            &self.indices,
            |outputs| {
                answers.answers.extend(outputs.answers());
                answers.probabilities.extend(outputs.probabilities);
            },
        )?;
        Ok(answers)
    }
}

/// What standardises the held-out samples, given the training samples' `standardizer`; `own` makes their own.
#[must_use]
pub fn heldout_standardizer(
    scale: Scale,
    heldout_scale: HeldoutScale,
    standardizer: &Standardizer,
    own: impl FnOnce() -> Standardizer,
) -> Standardizer {
    match (scale, heldout_scale) {
        (Scale::Standard, HeldoutScale::Own) => own(),
        _ => standardizer.clone(),
    }
}

/// Refuses a data set whose images have another size, or whose classes another number, than the model's.
///
/// # Errors
/// [`Error::Mismatch`], which names both.
pub fn check_fit(info: &ModelInfo, dataset: &Dataset) -> Result<()> {
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

/// The split that the model was trained with, which only the same labels bring back.
fn trained_split(info: &ModelInfo, dataset: &Dataset) -> Result<Split> {
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
