//! A data set: training images, the official test images and a validation set where there are some, and the names of the classes.

use std::path::{Path, PathBuf};

use super::classes::known_names;
use super::folder::{DataFolder, check_shapes};
use super::labelled::Labelled;
use crate::error::{Error, Result, list};

/// The most class names that a message shows.
const MOST_SHOWN: usize = 12;

/// A training file, the official test file where there is one, and the names of the classes.
#[derive(Debug)]
pub struct Dataset {
    /// The folder it was opened from.
    pub folder: PathBuf,
    /// The training images; the hold-out is cut from these.
    pub train: Labelled,
    /// The official test images.
    pub test: Option<Labelled>,
    /// A validation set of one's own: images that are held out in the place of a part of the training images.
    pub validation: Option<Labelled>,
    /// The name of each class, by label.
    pub classes: Vec<String>,
}

impl Dataset {
    /// Opens the folder as [`DataFolder::open`] does; it must have training files.
    ///
    /// # Errors
    /// Those of [`DataFolder::open`], and [`Error::Read`] where there are no training files.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::of(DataFolder::open(folder)?)
    }

    /// The data set in a folder that has been opened; it must have training files.
    ///
    /// # Errors
    /// [`Error::Read`] where there are no training files, and
    /// [`Error::Mismatch`] for test images of a class that no training image has, where classes have
    /// no names.
    pub fn of(folder: DataFolder) -> Result<Self> {
        let train = folder
            .train
            .ok_or_else(|| DataFolder::no_training(&folder.path))?;
        Self {
            folder: folder.path,
            train,
            test: folder.test,
            validation: None,
            classes: Vec::new(),
        }
        .with_classes_or_default(folder.names)
    }

    /// A data set in memory: training images, and test images where there are some. Classes are named by their numbers.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for test images of another size, or of a class that no training image has.
    pub fn new(train: Labelled, test: Option<Labelled>) -> Result<Self> {
        Self {
            folder: PathBuf::new(),
            train,
            test,
            validation: None,
            classes: Vec::new(),
        }
        .with_classes_or_default(None)
    }

    /// The same data set with other names of its classes, by label.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where a label has no name.
    pub fn with_classes(self, names: Vec<String>) -> Result<Self> {
        self.with_classes_or_default(Some(names))
    }

    /// The same data set with a validation set.
    ///
    /// # Errors
    /// [`Error::Array`] for no images, [`Error::Mismatch`] for images of another size than the training images, and for labels that
    /// are none of its classes.
    pub fn with_validation(self, validation: Labelled) -> Result<Self> {
        if validation.labels.is_empty() {
            return Err(Error::Array {
                array: "validation images",
                expected: "at least one".to_owned(),
                found: "none".to_owned(),
            });
        }
        check_shapes(&self.train, &validation)?;
        validation.check_labels(
            self.classes.len(),
            "the training images have no more classes",
        )?;
        Ok(Self {
            validation: Some(validation),
            ..self
        })
    }

    /// The same with the training files of another folder as its validation set.
    ///
    /// # Errors
    /// Those of [`Self::with_validation`]; [`Error::Read`] for a folder without training files, and [`Error::Mismatch`] for one that has
    /// another number of classes, or classes of other names.
    pub fn with_validation_of(self, folder: DataFolder) -> Result<Self> {
        let validation = folder
            .train
            .ok_or_else(|| DataFolder::no_training(&folder.path))?;
        if let Some(names) = folder.names {
            let named = |names: &[String]| {
                let mut places = names.iter().enumerate();
                places.any(|(label, name)| *name != label.to_string())
            };
            let differ = named(&names) && named(&self.classes) && names != self.classes;
            if differ || names.len() != self.classes.len() {
                let shown = |names: &[String]| {
                    format!("the {} classes {}", names.len(), list(names, MOST_SHOWN))
                };
                return Err(Error::Mismatch {
                    path: folder.path,
                    expected: format!("{}, as the training images have", shown(&self.classes)),
                    found: shown(&names),
                });
            }
        }
        self.with_validation(validation)
    }

    /// Names the classes, and checks that the parts belong together.
    fn with_classes_or_default(self, names: Option<Vec<String>>) -> Result<Self> {
        let Self {
            folder,
            train,
            test,
            validation,
            ..
        } = self;
        let names = names.or_else(|| known_names(&train.labels_sha256));
        let (classes, why) = match names {
            Some(names) => (names, "classes.txt names no more"),
            None => {
                let last = train.labels.iter().copied().max().unwrap_or(0);
                (
                    (0..=last).map(|label| label.to_string()).collect(),
                    "the training labels have no more; a classes.txt can name more classes, one a line",
                )
            }
        };
        train.check_labels(classes.len(), why)?;
        if let Some(test) = &test {
            test.check_labels(classes.len(), why)?;
            check_shapes(&train, test)?;
        }
        if let Some(validation) = &validation {
            validation.check_labels(classes.len(), why)?;
            check_shapes(&train, validation)?;
        }
        Ok(Self {
            folder,
            train,
            test,
            validation,
            classes,
        })
    }
}
