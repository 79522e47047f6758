//! A data set: training images, the official test images where there are some, and the names of the classes.

use std::path::{Path, PathBuf};

use super::files;
use super::labelled::Labelled;
use crate::error::{Error, Result};
use crate::formats::idx::Content;

/// Digest of Fashion-MNIST's training labels (the decoded file), by which its class names are known.
const FASHION_MNIST_LABELS: &str =
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9";

/// The class names of Fashion-MNIST, by label.
pub const FASHION_MNIST_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

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
    /// Opens the folder: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and where present the same with `t10k`
    /// for `train`, raw or `.gz`, and `classes.txt` (a class name a line).
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], [`Error::Idx`], and [`Error::Mismatch`] where files do not belong together.
    pub fn open(folder: &Path) -> Result<Self> {
        if let Err(source) = std::fs::read_dir(folder) {
            return Err(Error::Read {
                path: folder.to_owned(),
                source,
            });
        }
        let train = Labelled::open(folder, "train")?;
        let has_test = [Content::Images, Content::Labels]
            .iter()
            .any(|&content| files::find(folder, "t10k", content).exists());
        let test = has_test
            .then(|| Labelled::open(folder, "t10k"))
            .transpose()?;
        let names = folder.join("classes.txt");
        let names = names
            .exists()
            .then(|| files::class_names(&names))
            .transpose()?;
        Self {
            folder: folder.to_owned(),
            train,
            test,
            classes: Vec::new(),
        }
        .with_classes_or_default(names)
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

    /// Names the classes, and checks that the parts belong together.
    fn with_classes_or_default(self, names: Option<Vec<String>>) -> Result<Self> {
        let Self {
            folder,
            train,
            test,
            ..
        } = self;
        let (classes, why) = match names {
            Some(names) => (names, "classes.txt names no more"),
            None if train.labels_sha256 == FASHION_MNIST_LABELS => (
                FASHION_MNIST_CLASSES.map(str::to_owned).to_vec(),
                "Fashion-MNIST has no more",
            ),
            None => {
                let last = train.labels.iter().copied().max().unwrap_or(0);
                (
                    (0..=last).map(|label| label.to_string()).collect(),
                    "the training labels have no more",
                )
            }
        };
        train.check_labels(classes.len(), why)?;
        if let Some(test) = &test {
            test.check_labels(classes.len(), why)?;
            if test.images.shape() != train.images.shape() {
                let (rows, columns) = train.images.shape();
                return Err(Error::Mismatch {
                    path: test.images.path().to_owned(),
                    expected: format!(
                        "images of {rows} x {columns} pixels, as the training images"
                    ),
                    found: format!("{} x {}", test.images.rows(), test.images.columns()),
                });
            }
        }
        Ok(Self {
            folder,
            train,
            test,
            classes,
        })
    }
}
