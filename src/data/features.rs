//! Samples that are no pictures: rows of `f32` numbers in memory, and what the first layer takes in of either kind.

use ndarray::ArrayView2;

use super::files;
use super::images::Images;
use super::labelled::Labelled;
use crate::error::{Error, Result};

/// Samples of as many `f32` numbers each, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    values: Vec<f32>,
    columns: usize,
}

impl Features {
    /// A copy of an array of shape `(samples, features)`.
    ///
    /// # Errors
    /// [`Error::Array`] for samples without a feature, for more than 2³² - 1 samples, and for a number that is not finite.
    pub fn from_array(array: ArrayView2<'_, f32>) -> Result<Self> {
        let (count, columns) = array.dim();
        let refuse = |expected: &str, found: String| {
            Err(Error::Array {
                array: "features",
                expected: expected.to_owned(),
                found,
            })
        };
        if columns == 0 || u32::try_from(count).is_err() {
            let found = format!("{:?}", array.shape());
            return refuse("shape (samples, features) with at least one feature", found);
        }
        let values: Vec<f32> = array.iter().copied().collect();
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => {
                let (row, column) = (index / columns, index % columns);
                let found = format!("{} at [{row}, {column}]", values[index]);
                refuse("finite numbers", found)
            }
            None => Ok(Self { values, columns }),
        }
    }

    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() / self.columns
    }

    /// The number of features of a sample.
    #[must_use]
    pub fn per_sample(&self) -> usize {
        self.columns
    }

    /// The features of sample number `index`.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    pub fn sample(&self, index: usize) -> &[f32] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }
}

/// What a network is asked about or trained on: images or features, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// Pictures of bytes.
    Images(&'a Images),
    /// Rows of `f32` numbers.
    Features(&'a Features),
}

impl<'a> Samples<'a> {
    /// Where they are.
    #[must_use]
    pub fn source(self) -> &'a (dyn SampleSource + 'static) {
        match self {
            Self::Images(images) => images,
            Self::Features(features) => features,
        }
    }

    /// The images, where they are such.
    #[must_use]
    pub fn images(self) -> Option<&'a Images> {
        match self {
            Self::Images(images) => Some(images),
            Self::Features(_) => None,
        }
    }

    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Images(images) => images.count(),
            Self::Features(features) => features.count(),
        }
    }

    /// Refuses samples whose file was changed since it was opened.
    ///
    /// # Errors
    /// [`Error::Changed`](crate::error::Error::Changed).
    pub fn check(&self) -> crate::error::Result<()> {
        match self {
            Self::Images(images) => images.check(),
            Self::Features(_) => Ok(()),
        }
    }

    /// Rows and columns of a sample; features are one row.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Images(images) => images.shape(),
            Self::Features(features) => (1, features.per_sample()),
        }
    }

    /// Numbers of a sample.
    #[must_use]
    pub fn per_sample(&self) -> usize {
        let (rows, columns) = self.shape();
        rows * columns
    }

    /// The indices of all samples, in their order.
    #[must_use]
    pub fn indices(&self) -> Vec<u32> {
        (0..self.count() as u32).collect()
    }
}

/// What can be borrowed as [`Samples`].
pub trait SampleSource: Sync + std::fmt::Debug {
    /// The samples.
    fn samples(&self) -> Samples<'_>;
}

impl SampleSource for Images {
    fn samples(&self) -> Samples<'_> {
        Samples::Images(self)
    }
}

impl SampleSource for Features {
    fn samples(&self) -> Samples<'_> {
        Samples::Features(self)
    }
}

impl<'a> From<&'a Images> for Samples<'a> {
    fn from(images: &'a Images) -> Self {
        Self::Images(images)
    }
}

impl<'a> From<&'a Features> for Samples<'a> {
    fn from(features: &'a Features) -> Self {
        Self::Features(features)
    }
}

/// Features and the class of each sample.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledFeatures {
    /// The samples.
    pub features: Features,
    /// The class of each sample.
    pub labels: Vec<u8>,
    /// The digest of the labels, as [`Labelled::labels_sha256`].
    pub labels_sha256: String,
}

impl LabelledFeatures {
    /// Copies of an array of shape `(samples, features)` and of the samples' classes, counted from 0.
    ///
    /// # Errors
    /// [`Error::Array`] as [`Features::from_array`], and where there are more or fewer labels than samples.
    pub fn from_arrays(features: ArrayView2<'_, f32>, labels: &[u8]) -> Result<Self> {
        Self::new(Features::from_array(features)?, labels.to_vec())
    }

    /// Features with the class of each sample, counted from 0.
    ///
    /// # Errors
    /// [`Error::Array`] where there are more or fewer labels than samples.
    pub fn new(features: Features, labels: Vec<u8>) -> Result<Self> {
        files::check_count(&labels, features.count(), "sample")?;
        Ok(Self {
            features,
            labels_sha256: files::labels_sha256(&labels),
            labels,
        })
    }
}

/// Samples with the class of each, borrowed: every batch takes its pixels and its labels from one value of this type.
#[derive(Clone, Copy, Debug)]
pub struct LabelledSamples<'a> {
    /// The samples.
    pub samples: Samples<'a>,
    /// The class of each sample.
    pub labels: &'a [u8],
}

impl<'a> LabelledSamples<'a> {
    /// Samples with the class of each.
    ///
    /// # Errors
    /// [`Error::Array`] where there are more or fewer labels than samples.
    pub fn new(samples: Samples<'a>, labels: &'a [u8]) -> Result<Self> {
        files::check_count(labels, samples.count(), "sample")?;
        Ok(Self { samples, labels })
    }
}

impl<'a> From<&'a Labelled> for LabelledSamples<'a> {
    fn from(labelled: &'a Labelled) -> Self {
        Self {
            samples: Samples::Images(&labelled.images),
            labels: &labelled.labels,
        }
    }
}

impl<'a> From<&'a LabelledFeatures> for LabelledSamples<'a> {
    fn from(labelled: &'a LabelledFeatures) -> Self {
        Self {
            samples: Samples::Features(&labelled.features),
            labels: &labelled.labels,
        }
    }
}
