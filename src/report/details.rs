//! What a trained network answers to images, as a report shows it: accuracies, a grid of predictions, mistakes, calibration.

use std::path::PathBuf;

use crate::data::DataFolder;
use crate::error::Result;
pub use crate::evaluate::calibration::Bin;
use crate::evaluate::calibration::calibration;
use crate::evaluate::{Answers, Evaluation, Part, Portion, changed_images};
use crate::machine::Machine;
use crate::model::AnyModel;

/// Images in the grid of predictions: the tutorial's five rows of three.
const PREDICTIONS: usize = 15;
/// Images among the most confident mistakes.
const MISTAKES: usize = 15;
/// Bins of the reliability diagram, five per cent each.
const BINS: usize = 20;

/// An image with the network's answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The index of the image in its file, from 0.
    pub index: u32,
    /// The class that the file gives it.
    pub label: usize,
    /// The class that the network answers.
    pub answer: usize,
    /// The probability of each class.
    pub shares: Vec<f64>,
    /// Its pixels, row by row.
    pub pixels: Vec<u8>,
}

/// A network's answers to one part of a data set.
#[derive(Clone, Debug)]
pub struct Details {
    /// The part of the data set that the images belong to.
    pub part: Part,
    /// The name of each class.
    pub classes: Vec<String>,
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// Images of each class in the training file.
    pub training_images: Vec<u64>,
    /// The same numbers as `evaluate` prints.
    pub evaluation: Evaluation,
    /// The first images of the part.
    pub predictions: Vec<Shown>,
    /// The wrong answers that the network was surest of, the surest first.
    pub mistakes: Vec<Shown>,
    /// The reliability diagram.
    pub bins: Vec<Bin>,
    /// The expected calibration error, in 0..=1.
    pub calibration_error: f64,
    /// The data files, decoded, with their SHA-256.
    pub checksums: Vec<(PathBuf, String)>,
    /// What the user may not expect of the data set: see [`Portion::notes`] and [`DataFolder::note`].
    pub notes: Vec<String>,
}

impl Details {
    /// Asks `model` about images of the data set `dataset`: about the official test images where there are any, else about the
    /// held-out images, and where none of the data set were held out about the training images.
    ///
    /// # Errors
    /// As [`Portion::of`], which has a use for `by_number`.
    pub fn of(
        machine: &Machine,
        model: &AnyModel,
        dataset: DataFolder,
        by_number: bool,
    ) -> Result<Self> {
        let is_validation = model.info().validation.as_ref().is_some_and(|own| {
            let train = dataset.train.as_ref();
            train.is_some_and(|train| train.labels_sha256 == own.labels_sha256)
        });
        let part = if dataset.test.is_some() && !is_validation {
            Part::Test
        } else if model.info().holds_out() || is_validation {
            Part::Heldout
        } else {
            Part::Train
        };
        let mut checksums = Vec::new();
        for labelled in dataset.train.iter().chain(&dataset.test) {
            let images = &labelled.images;
            checksums.push((images.path().to_owned(), images.sha256().to_owned()));
            checksums.push((
                labelled.labels_path().to_owned(),
                labelled.labels_sha256.clone(),
            ));
        }
        let changed = dataset
            .train
            .as_ref()
            .filter(|_| part == Part::Test) // else the portion says it
            .and_then(|data| changed_images(model.info(), data));
        let unread = dataset.note.clone();
        let portion = Portion::of(model, dataset, part, by_number)?;
        let evaluation = portion.evaluation(machine, model)?;
        let answers = portion.answers(machine, model)?;
        let shown = |indices: &[usize]| {
            indices
                .iter()
                .map(|&index| show(&portion, &answers, index))
                .collect::<Vec<_>>()
        };
        let confidence = |index: usize| answers.shares(index)[answers.answers[index]];
        let right = |index: usize| {
            answers.answers[index]
                == usize::from(portion.data.labels[portion.indices[index] as usize])
        };
        let all = 0..portion.indices.len();
        let mut wrong: Vec<usize> = all.clone().filter(|&index| !right(index)).collect();
        wrong.sort_by(|&one, &other| confidence(other).total_cmp(&confidence(one)));
        wrong.truncate(MISTAKES);
        let first: Vec<usize> = all.clone().take(PREDICTIONS).collect();
        let judged: Vec<(f64, bool)> = all.map(|index| (confidence(index), right(index))).collect();
        let (bins, calibration_error) = calibration(&judged, BINS);
        Ok(Self {
            part,
            classes: model.info().classes.clone(),
            shape: portion.data.images.shape(),
            training_images: portion.training_images.clone(),
            evaluation,
            predictions: shown(&first),
            mistakes: shown(&wrong),
            bins,
            calibration_error,
            checksums,
            notes: portion
                .notes
                .into_iter()
                .chain(changed)
                .chain(unread)
                .collect(),
        })
    }
}

/// The image number `index` of the portion, with the answer to it.
fn show(portion: &Portion, answers: &Answers, index: usize) -> Shown {
    let number = portion.indices[index];
    Shown {
        index: number,
        label: usize::from(portion.data.labels[number as usize]),
        answer: answers.answers[index],
        shares: answers.shares(index).to_vec(),
        pixels: portion.data.images.image(number as usize).to_vec(),
    }
}
