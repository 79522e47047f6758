//! A data set: training images, the official test images where there are some, and the names of the classes.

use std::path::{Path, PathBuf};

use super::classes::known_names;
use super::folder::{DataFolder, check_shapes};
use super::labelled::Labelled;
use crate::error::Result;

/// A training file, the official test file where there is one, and the names of the classes.
#[derive(Debug)]
pub struct Dataset {
    /// The folder it was opened from.
    pub folder: PathBuf,
    /// The training images; the hold-out is cut from these.
    pub train: Labelled,
    /// The official test images.
    pub test: Option<Labelled>,
    /// The name of each class, by label.
    pub classes: Vec<String>,
}

impl Dataset {
    /// Opens the folder as [`DataFolder::open`] does; it must have training files.
    ///
    /// # Errors
    /// Those of [`DataFolder::open`], and [`Error::Read`](crate::error::Error::Read) where there are no training files.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::of(DataFolder::open(folder)?)
    }

    /// The data set in a folder that has been opened; it must have training files.
    ///
    /// # Errors
    /// [`Error::Read`](crate::error::Error::Read) where there are no training files, and
    /// [`Error::Mismatch`](crate::error::Error::Mismatch) for test images of a class that no training image has, where classes have
    /// no names.
    pub fn of(folder: DataFolder) -> Result<Self> {
        let train = folder
            .train
            .ok_or_else(|| DataFolder::no_training(&folder.path))?;
        Self {
            folder: folder.path,
            train,
            test: folder.test,
            classes: Vec::new(),
        }
        .with_classes_or_default(folder.names)
    }

    /// A data set in memory: training images, and test images where there are some. Classes are named by their numbers.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::error::Error::Mismatch) for test images of another size, or of a class that no training image has.
    pub fn new(train: Labelled, test: Option<Labelled>) -> Result<Self> {
        Self {
            folder: PathBuf::new(),
            train,
            test,
            classes: Vec::new(),
        }
        .with_classes_or_default(None)
    }

    /// The same data set with other names of its classes, by label.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::error::Error::Mismatch) where a label has no name.
    pub fn with_classes(self, names: Vec<String>) -> Result<Self> {
        self.with_classes_or_default(Some(names))
    }

    /// Names the classes, and checks that the parts belong together.
    fn with_classes_or_default(self, names: Option<Vec<String>>) -> Result<Self> {
        let Self {
            folder,
            train,
            test,
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
        Ok(Self {
            folder,
            train,
            test,
            classes,
        })
    }
}
