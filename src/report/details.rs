//! What a trained network makes of images, as a report shows it: figures, a grid of predictions, mistakes, calibration.

use std::path::{Path, PathBuf};

use crate::data::Dataset;
use crate::error::Result;
pub use crate::evaluate::calibration::Bin;
use crate::evaluate::calibration::calibration;
use crate::evaluate::{Answers, Evaluation, Part, Portion, check_fit};
use crate::machine::Machine;
use crate::model::AnyModel;

/// Images in the grid of predictions: the tutorial's five rows of three.
const PREDICTIONS: usize = 15;
/// Images among the most confident mistakes.
const MISTAKES: usize = 15;
/// Bins of the reliability diagram, five per cent each.
const BINS: usize = 20;

/// An image with what the network makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its place in its file, from 0.
    pub place: u32,
    /// Its class.
    pub label: usize,
    /// The network's answer.
    pub answer: usize,
    /// The probability of each class.
    pub shares: Vec<f64>,
    /// Its pixels, row by row.
    pub pixels: Vec<u8>,
}

/// A network's answers to one part of a data set.
#[derive(Clone, Debug)]
pub struct Details {
    /// Which images.
    pub part: Part,
    /// The name of each class.
    pub classes: Vec<String>,
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// The same figures as `evaluate` prints.
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
}

impl Details {
    /// Asks `model` about the official test images of the data set in `folder`; where it has none about those held out, and
    /// where none were, about those that it was trained with.
    ///
    /// # Errors
    /// As [`Dataset::open`], [`check_fit`] and [`Portion::of`].
    pub fn of(machine: &Machine, model: &AnyModel, folder: &Path) -> Result<Self> {
        let dataset = Dataset::open(folder)?;
        check_fit(model.info(), &dataset)?;
        let part = if dataset.test.is_some() {
            Part::Test
        } else if model.info().holdout > 0.0 {
            Part::Heldout
        } else {
            Part::Train
        };
        let portion = Portion::of(model, &dataset, part)?;
        let evaluation = portion.evaluation(machine, model)?;
        let answers = portion.answers(machine, model)?;
        let shown = |places: &[usize]| {
            places
                .iter()
                .map(|&place| show(&portion, &answers, place))
                .collect::<Vec<_>>()
        };
        let confidence = |place: usize| answers.shares(place)[answers.answers[place]];
        let right = |place: usize| {
            answers.answers[place]
                == usize::from(portion.data.labels[portion.indices[place] as usize])
        };
        let all = 0..portion.indices.len();
        let mut wrong: Vec<usize> = all.clone().filter(|&place| !right(place)).collect();
        wrong.sort_by(|&one, &other| confidence(other).total_cmp(&confidence(one)));
        wrong.truncate(MISTAKES);
        let first: Vec<usize> = all.clone().take(PREDICTIONS).collect();
        let judged: Vec<(f64, bool)> = all.map(|place| (confidence(place), right(place))).collect();
        let (bins, calibration_error) = calibration(&judged, BINS);
        let mut checksums = Vec::new();
        for labelled in [Some(&dataset.train), dataset.test.as_ref()]
            .into_iter()
            .flatten()
        {
            let images = &labelled.images;
            checksums.push((images.path().to_owned(), images.sha256()));
            checksums.push((
                labelled.labels_path().to_owned(),
                labelled.labels_sha256.clone(),
            ));
        }
        Ok(Self {
            part,
            classes: model.info().classes.clone(),
            shape: portion.data.images.shape(),
            evaluation,
            predictions: shown(&first),
            mistakes: shown(&wrong),
            bins,
            calibration_error,
            checksums,
        })
    }
}

/// The image at `place` of the portion.
fn show(portion: &Portion<'_>, answers: &Answers, place: usize) -> Shown {
    let number = portion.indices[place];
    Shown {
        place: number,
        label: usize::from(portion.data.labels[number as usize]),
        answer: answers.answers[place],
        shares: answers.shares(place).to_vec(),
        pixels: portion.data.images.image(number as usize).to_vec(),
    }
}
