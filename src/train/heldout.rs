//! What a run holds out: a share of the training file, a fold of it, or a validation set of its own.

use super::options::TrainOptions;
use super::training_data::TrainingData;
use crate::data::{Fold, HoldOut, SplitRule};
use crate::error::{Error, Result};

impl TrainOptions {
    /// The fold that is held out; none where no cross-validation is made.
    #[must_use]
    pub fn held_out_fold(&self) -> Option<Fold> {
        let (of, number) = (self.folds?, self.fold?);
        Some(Fold { number, of })
    }

    /// How the training file is split.
    #[must_use]
    pub fn split_rule(&self) -> SplitRule {
        let share = HoldOut::Share(self.holdout);
        SplitRule {
            hold_out: self.held_out_fold().map_or(share, HoldOut::Fold),
            stratify: self.stratify,
            seed: self.seed_of_split(),
        }
    }

    /// Refuses several ways to hold images out at once, and a fold that there is not.
    pub(super) fn check_hold_out(&self) -> Result<()> {
        let says = match (self.folds, &self.validation) {
            (Some(_), Some(_)) => {
                return refuse(
                    "validation",
                    "expected this or folds, found both".to_owned(),
                );
            }
            (Some(folds @ 0..2), None) => {
                return refuse("folds", format!("expected at least 2, found {folds}"));
            }
            (Some(_), None) => "folds, which say",
            (None, Some(_)) => "a validation set, which says",
            (None, None) => "",
        };
        if !says.is_empty() && self.holdout != 0.0 {
            return refuse(
                "holdout",
                format!(
                    "expected no share, or 0, beside {says} what is held out, found {:?}",
                    self.holdout
                ),
            );
        }
        match (self.folds, self.fold) {
            (None, Some(fold)) => refuse(
                "fold",
                format!(
                    "expected the number of folds (folds) beside one of them, found fold {fold} alone"
                ),
            ),
            (Some(folds), Some(fold)) if fold == 0 || fold > folds => refuse(
                "fold",
                format!("expected a number from 1 to {folds}, the number of folds, found {fold}"),
            ),
            _ => Ok(()),
        }
    }

    /// The number of samples that train, of so many.
    ///
    /// # Errors
    /// [`Error::Setting`] where none is left, for more folds than samples, and where it is not said which fold is held out.
    pub(super) fn training_samples(&self, samples: usize) -> Result<usize> {
        if let Some(folds) = self.folds {
            if folds as usize > samples {
                return refuse(
                    "folds",
                    format!(
                        "expected at most {samples}, one for each training image, found {folds}"
                    ),
                );
            }
            if self.fold.is_none() {
                return refuse(
                    "fold",
                    format!(
                        "expected which of the {folds} folds is held out, found none: give --fold, or fold=1..{folds} in the plan of a sweep"
                    ),
                );
            }
        }
        match samples - self.split_rule().held_out(samples) {
            0 => refuse(
                "holdout",
                format!(
                    "expected a share that leaves an image to train on, found {}: all {samples} are held out; give a smaller --holdout, or 0",
                    self.holdout
                ),
            ),
            training => Ok(training),
        }
    }
}

/// Refuses a validation set that does not go with the settings or with the training samples.
///
/// # Errors
/// [`Error::Setting`] where the options ask for one and there is none, or the other way round, [`Error::Array`] for samples of another kind or size, for
/// none, and for a class that no training sample has.
pub(super) fn check_validation(options: &TrainOptions, data: &TrainingData<'_>) -> Result<()> {
    let Some(validation) = data.validation else {
        return match options.validation {
            None => Ok(()),
            Some(_) => refuse(
                "validation",
                "expected the validation set itself among the data, found its name alone"
                    .to_owned(),
            ),
        };
    };
    if options.folds.is_some() || options.holdout != 0.0 {
        return refuse(
            if options.folds.is_some() {
                "folds"
            } else {
                "holdout"
            },
            "expected none, or a share of 0, beside a validation set, which is what is held out"
                .to_owned(),
        );
    }
    let (train, own) = (data.train.samples, validation.samples);
    let kind = |is_image| if is_image { "images" } else { "features" };
    let shown = |is_image, (rows, columns)| {
        format!("{} of {rows} x {columns} numbers each", kind(is_image))
    };
    let [expected, found] =
        [train, own].map(|samples| shown(samples.images().is_some(), samples.shape()));
    let wrong = |expected: String, found: String| {
        Err(Error::Array {
            array: "validation samples",
            expected,
            found,
        })
    };
    if expected != found {
        return wrong(expected, found);
    }
    if own.count() == 0 {
        return wrong("at least one".to_owned(), "none".to_owned());
    }
    let classes = data.classes.len();
    match validation.labels.iter().max() {
        Some(&most) if usize::from(most) >= classes => wrong(
            format!("labels 0 to {}", classes - 1),
            format!("label {most}"),
        ),
        _ => Ok(()),
    }
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
