//! What a run is trained on: a [`Dataset`] or [`LabelledFeatures`], borrowed.

use crate::data::{Dataset, LabelledFeatures, LabelledSamples};
use crate::error::Result;

/// What a run is trained on, borrowed: a [`Dataset`] or [`LabelledFeatures`].
#[derive(Clone, Debug)]
pub struct TrainingData<'a> {
    /// The samples that are trained on and held out.
    pub train: LabelledSamples<'a>,
    /// The official test samples, where there are some.
    pub test: Option<LabelledSamples<'a>>,
    /// A validation set, which is held out in the place of a part of `train`.
    pub validation: Option<LabelledSamples<'a>>,
    /// The name of each class, by label.
    pub classes: Vec<String>,
    /// The digest of the training labels.
    pub labels_sha256: &'a str,
    /// The digest of the official test labels, where there are some.
    pub test_labels_sha256: Option<&'a str>,
    /// The digest of the labels of the validation set, where there is one.
    pub validation_labels_sha256: Option<&'a str>,
}

impl TrainingData<'_> {
    /// The samples whose indices the held-out ones are.
    #[must_use]
    pub fn heldout(&self) -> LabelledSamples<'_> {
        self.validation.unwrap_or(self.train)
    }

    /// Refuses samples of a run whose file was changed since it was opened.
    ///
    /// # Errors
    /// [`Error::Changed`](crate::error::Error::Changed).
    pub fn check(&self) -> Result<()> {
        self.train.samples.check()?;
        self.validation
            .map_or(Ok(()), |validation| validation.samples.check())
    }
}

impl<'a> From<&'a Dataset> for TrainingData<'a> {
    fn from(dataset: &'a Dataset) -> Self {
        Self {
            train: (&dataset.train).into(),
            test: dataset.test.as_ref().map(Into::into),
            validation: dataset.validation.as_ref().map(Into::into),
            classes: dataset.classes.clone(),
            labels_sha256: &dataset.train.labels_sha256,
            test_labels_sha256: dataset.test.as_ref().map(|test| &*test.labels_sha256),
            validation_labels_sha256: dataset.validation.as_ref().map(|own| &*own.labels_sha256),
        }
    }
}

impl<'a> From<&'a LabelledFeatures> for TrainingData<'a> {
    fn from(labelled: &'a LabelledFeatures) -> Self {
        let last = labelled.labels.iter().copied().max().unwrap_or(0);
        Self {
            train: labelled.into(),
            test: None,
            validation: None,
            classes: (0..=last).map(|label| label.to_string()).collect(),
            labels_sha256: &labelled.labels_sha256,
            test_labels_sha256: None,
            validation_labels_sha256: None,
        }
    }
}
