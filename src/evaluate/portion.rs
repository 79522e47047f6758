//! A trained network asked about a part of a data set: what `evaluate` prints and what a report shows are the same calls.

use std::path::Path;

use serde::Serialize;

use super::class_names::number_as;
use super::metrics::{Evaluation, images_of_each};
use super::predictor::Predictor;
use crate::data::{DataFolder, Labelled, Split, Standardizer};
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::model::{AnyModel, HeldoutScale, ModelInfo, Scale};
use crate::quote;

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
#[derive(Debug)]
pub struct Portion {
    /// The images of the file that they are in. The labels are the model's classes.
    pub data: Labelled,
    /// Their indices in it; there is at least one.
    pub indices: Vec<u32>,
    /// What their pixels are scaled by.
    pub standardizer: Standardizer,
    /// The images of each class among those that the folder has for training, where the model was trained with these labels; else
    /// nothing.
    pub training_images: Vec<u64>,
    /// What the user may not expect: that labels were matched with the model's classes by name, that images have changed.
    pub notes: Vec<String>,
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

impl Portion {
    /// The images of `part`. Their labels become the model's classes: by name where both sides have names, unless `by_number`, and by
    /// number otherwise.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the images have another size than the model's, where a label is none of its classes, where the folder
    /// has no such files, and where its training labels are others than the model was trained with;
    /// [`Error::Setting`] where no image belongs to the part, and for `Train` and `Heldout` of an imported model, of which it is
    /// not known what it was trained with.
    pub fn of(model: &AnyModel, folder: DataFolder, part: Part, by_number: bool) -> Result<Self> {
        let info = model.info();
        check_fit(info, &folder)?;
        let trained_with = |data: &&Labelled| data.labels_sha256 == info.labels_sha256;
        let training_images = folder
            .train
            .as_ref()
            .filter(trained_with)
            .map_or_else(Vec::new, |data| {
                images_of_each(&data.labels, info.classes.len())
            });
        let standardizer = model.standardizer();
        let mut changed = None;
        let (mut data, indices, standardizer) = match part {
            Part::Test => {
                let data = folder
                    .test
                    .ok_or_else(|| no_files(&folder.path, "test", "t10k"))?;
                let indices = (0..data.labels.len() as u32).collect();
                (data, indices, standardizer.clone())
            }
            Part::Heldout if info.validation.is_some() => {
                let data = folder
                    .train
                    .ok_or_else(|| no_files(&folder.path, "training", "train"))?;
                check_validation(info, &folder.path, &data)?;
                changed = changed_images(info, &data);
                let indices: Vec<u32> = (0..data.labels.len() as u32).collect();
                let own = || info.scale.standardizer(&data.images, &indices);
                let scale = heldout_standardizer(info.scale, info.heldout_scale, standardizer, own);
                (data, indices, scale)
            }
            Part::Train | Part::Heldout => {
                let data = folder
                    .train
                    .ok_or_else(|| no_files(&folder.path, "training", "train"))?;
                let Split { train, heldout } = trained_split(info, &folder.path, &data)?;
                changed = changed_images(info, &data);
                if part == Part::Train {
                    (data, train, standardizer.clone())
                } else {
                    let own = || info.scale.standardizer(&data.images, &heldout);
                    let scale =
                        heldout_standardizer(info.scale, info.heldout_scale, standardizer, own);
                    (data, heldout, scale)
                }
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
        let names = folder.names.as_deref().filter(|_| !by_number);
        let matched = number_as(&info.classes, names, &mut data)?;
        Ok(Self {
            data,
            indices,
            standardizer,
            training_images,
            notes: matched.into_iter().chain(changed).collect(),
        })
    }

    /// How right the model's answers are by the labels: accuracy, loss, and the figures of each class.
    ///
    /// # Errors
    /// [`Error::Array`] where the images are of another size than the model's.
    pub fn evaluation(&self, machine: &Machine, model: &AnyModel) -> Result<Evaluation> {
        Predictor::with_standardizer(machine, model, &self.standardizer)
            .evaluation(&self.data, &self.indices)
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
        (Scale::Standard | Scale::Global, HeldoutScale::Own) => own(),
        _ => standardizer.clone(),
    }
}

/// What there is to say where images have been replaced under the labels that the model was trained with, or under those of its validation
/// set.
pub(crate) fn changed_images(info: &ModelInfo, data: &Labelled) -> Option<String> {
    let trained = [(&info.labels_sha256, &info.images_sha256, "trained")];
    let own = info.validation.iter();
    let validated = own.map(|own| (&own.labels_sha256, &own.images_sha256, "validated"));
    let mut known = trained.into_iter().chain(validated);
    known.find_map(|(labels, images, what)| {
        let changed =
            !images.is_empty() && data.labels_sha256 == *labels && data.images.sha256() != images;
        changed.then(|| {
            format!(
                "{}: the model was {what} with other images under the same labels (SHA-256)",
                quote::path(data.images.path())
            )
        })
    })
}

/// Refuses images of another size than the model's.
fn check_fit(info: &ModelInfo, folder: &DataFolder) -> Result<()> {
    let describe = |rows, columns, classes| {
        format!("images of {rows} x {columns} pixels in {classes} classes")
    };
    for data in folder.train.iter().chain(&folder.test) {
        let (rows, columns) = data.images.shape();
        if (rows, columns) != (info.rows, info.columns) {
            let most = data
                .labels
                .iter()
                .max()
                .map_or(0, |&last| usize::from(last) + 1);
            let classes = folder.names.as_ref().map_or(most, Vec::len);
            let expected = describe(info.rows, info.columns, info.classes.len());
            return Err(Error::Mismatch {
                path: data.images.path().to_owned(),
                expected: format!("{expected}, as the model's"),
                found: describe(rows, columns, classes),
            });
        }
    }
    Ok(())
}

fn no_files(folder: &Path, which: &str, prefix: &str) -> Error {
    Error::Mismatch {
        path: folder.to_owned(),
        expected: format!(
            "{which} files ({prefix}-images-idx3-ubyte and {prefix}-labels-idx1-ubyte)"
        ),
        found: "none".to_owned(),
    }
}

/// The split that the model was trained with, which only the same labels bring back.
fn trained_split(info: &ModelInfo, folder: &Path, data: &Labelled) -> Result<Split> {
    if info.labels_sha256.is_empty() {
        return Err(Error::Setting {
            setting: "split",
            reason: "expected test: which images an imported model was trained with is not known"
                .to_owned(),
        });
    }
    let labels = &data.labels_sha256;
    if *labels == info.labels_sha256 {
        return Ok(info.split_rule().split(&data.labels));
    }
    Err(Error::Mismatch {
        path: folder.to_owned(),
        expected: format!(
            "the training labels that the model was trained with (SHA-256 {})",
            info.labels_sha256
        ),
        found: format!("others ({labels})"),
    })
}

/// Refuses other images than those of the validation set that was held out, which are all of that folder's training files.
fn check_validation(info: &ModelInfo, folder: &Path, data: &Labelled) -> Result<()> {
    match &info.validation {
        Some(own) if own.labels_sha256 != data.labels_sha256 => Err(Error::Mismatch {
            path: folder.to_owned(),
            expected: format!(
                "the validation set that the model was trained with, whose labels have the SHA-256 {}",
                own.labels_sha256
            ),
            found: format!("other training labels ({})", data.labels_sha256),
        }),
        _ => Ok(()),
    }
}
