//! A trained network asked about a part of a data set: what `evaluate` prints and what a report shows are the same calls.

use serde::Serialize;

use super::metrics::{Evaluation, Evaluator, best, probabilities};
use super::{evaluation_workspace, heldout_scale};
use crate::data::{Dataset, Labelled, Split, Standardizer, split};
use crate::engine::EngineKind;
use crate::engine::workspace::PixelScale;
use crate::error::{Error, Result};
use crate::model::{Model, ModelInfo};
use crate::scalar::Scalar;

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
    /// Their places in it; there is at least one.
    pub places: Vec<u32>,
    /// What their pixels are scaled by.
    pub standardizer: Standardizer,
}

/// What a model answers to images, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Classes.
    pub classes: usize,
    /// The class of each image.
    pub answers: Vec<usize>,
    /// The probabilities of the classes as `predict --proba` prints them, row-major `(images, classes)`.
    pub probabilities: Vec<f64>,
}

impl Answers {
    /// The probabilities of the classes for image number `place` of these.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn shares(&self, place: usize) -> &[f64] {
        &self.probabilities[place * self.classes..(place + 1) * self.classes]
    }
}

impl<'a> Portion<'a> {
    /// The images of `part`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the data set has no test file, or other training labels than the model was trained with;
    /// [`Error::Setting`] where no image belongs to the part, or where an imported model does not know.
    pub fn of<T: Scalar>(model: &Model<T>, dataset: &'a Dataset, part: Part) -> Result<Self> {
        let info = &model.info;
        let (data, places, standardizer) = match part {
            Part::Test => {
                let data = dataset.test.as_ref().ok_or_else(|| Error::Mismatch {
                    path: dataset.folder.clone(),
                    expected: "test files (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte)"
                        .to_owned(),
                    found: "none".to_owned(),
                })?;
                let places = (0..data.labels.len() as u32).collect();
                (data, places, model.standardizer.clone())
            }
            Part::Train => {
                let places = trained_split(info, dataset)?.train;
                (&dataset.train, places, model.standardizer.clone())
            }
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
        Ok(Self {
            data,
            places,
            standardizer,
        })
    }

    /// Everything that labels allow to be said about the model's answers.
    #[must_use]
    pub fn evaluation<T: Scalar>(&self, model: &Model<T>) -> Evaluation {
        self.ask(model, |evaluator| {
            evaluator.evaluation(self.data, &self.places)
        })
    }

    /// What the model answers to each image.
    #[must_use]
    pub fn answers<T: Scalar>(&self, model: &Model<T>) -> Answers {
        let info = &model.info;
        let classes = info.classes.len();
        let mut answers = Vec::with_capacity(self.places.len());
        let mut all = Vec::with_capacity(self.places.len() * classes);
        let mut shares = Vec::new();
        self.ask(model, |evaluator| {
            let level = evaluator.workspace.level();
            evaluator.for_each_output(&self.data.images, &self.places, |_, z| {
                answers.extend(z.chunks_exact(classes).map(best));
                shares.clear();
                shares.extend_from_slice(z);
                probabilities(level, info.output, info.probability, classes, &mut shares);
                all.extend(shares.iter().map(|share| share.wide()));
            });
        });
        Answers {
            classes,
            answers,
            probabilities: all,
        }
    }

    fn ask<T: Scalar, R>(
        &self,
        model: &Model<T>,
        question: impl FnOnce(&mut Evaluator<'_, T>) -> R,
    ) -> R {
        let kind = EngineKind::ANSWERS;
        let scale = PixelScale::new(&self.standardizer, self.data.images.shape(), kind);
        question(&mut Evaluator {
            engine: kind.engine(),
            mlp: &model.mlp,
            scale: &scale,
            workspace: &mut evaluation_workspace(&model.mlp, &scale),
        })
    }
}

/// Refuses a data set of other images or classes than the model's.
///
/// # Errors
/// [`Error::Mismatch`].
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
