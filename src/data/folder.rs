//! What a folder has of a data set. A model can be asked about any part of it; training needs the training files.

use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use super::classes::{class_names, known_names};
use super::labelled::Labelled;
use super::search::{Found, Pair, check_sets, folder_below};
use crate::error::{Error, Result};
use crate::formats::idx::Content;
use crate::quote;

/// The files of a data set that are in a folder. There is at least one pair.
#[derive(Debug)]
pub struct DataFolder {
    /// The folder.
    pub path: PathBuf,
    /// The training images, where there are some.
    pub train: Option<Labelled>,
    /// The official test images, where there are some.
    pub test: Option<Labelled>,
    /// The name of each class, by label, where they are known: from `classes.txt`, or because the training labels are Fashion-MNIST's.
    pub names: Option<Vec<String>>,
}

/// The file with the names of the classes in a folder, if there is one: `classes.txt`, in any case of letters.
fn names_in(folder: &Path) -> Option<PathBuf> {
    const NAME: &str = "classes.txt";
    let usual = folder.join(NAME);
    if usual.symlink_metadata().is_ok() {
        return Some(usual);
    }
    let entries = std::fs::read_dir(folder).ok()?;
    let is_named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_named)
        .min()
}

impl DataFolder {
    /// Opens `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the same with `t10k` for `train`, each raw or `.gz`, and
    /// `classes.txt` (a class name a line). Other names that archives and tools give these files are read too; see the guide.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], [`Error::Idx`], and [`Error::Mismatch`] where files do not belong together or where
    /// several files could be meant.
    pub fn open(path: &Path) -> Result<Self> {
        let found = Found::within(path)?;
        let train = files(&found, Pair::Train, path)?;
        let test = files(&found, Pair::Test, path)?;
        if train.is_none() && test.is_none() {
            return Err(no_data(path));
        }
        let all = train.iter().chain(&test).flatten();
        check_sets(&all.clone().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let beside = all.filter_map(|file| file.parent());
        let names = std::iter::once(path).chain(beside).find_map(names_in);
        let open = |files: Option<[PathBuf; 2]>| {
            files
                .map(|[images, labels]| Labelled::open(&images, &labels))
                .transpose()
        };
        let (train, test) = (open(train)?, open(test)?);
        let names = match &names {
            Some(names) => Some(class_names(names)?),
            None => train
                .as_ref()
                .and_then(|train| known_names(&train.labels_sha256)),
        };
        if let Some(names) = &names {
            for labelled in train.iter().chain(&test) {
                labelled.check_labels(names.len(), "classes.txt names no more")?;
            }
        }
        if let (Some(train), Some(test)) = (&train, &test) {
            check_shapes(train, test)?;
        }
        Ok(Self {
            path: path.to_owned(),
            train,
            test,
            names,
        })
    }

    /// The training images.
    ///
    /// # Errors
    /// [`Error::Read`] where there are none.
    pub(super) fn into_train(self) -> Result<(Labelled, Option<Labelled>, Option<Vec<String>>)> {
        let Self {
            path,
            train,
            test,
            names,
        } = self;
        match train {
            Some(train) => Ok((train, test, names)),
            None => Err(no_file(
                path.join(Pair::Train.file_name(Content::Images)),
                "the folder has test files alone, which only a trained model can be asked about",
            )),
        }
    }
}

/// Refuses test images of another size than the training images.
pub(super) fn check_shapes(train: &Labelled, test: &Labelled) -> Result<()> {
    if test.images.shape() == train.images.shape() {
        return Ok(());
    }
    let (rows, columns) = train.images.shape();
    Err(Error::Mismatch {
        path: test.images.path().to_owned(),
        expected: format!("images of {rows} x {columns} pixels, as the training images"),
        found: format!("{} x {}", test.images.rows(), test.images.columns()),
    })
}

/// The files of a pair, images first; none where neither is there.
fn files(found: &Found, pair: Pair, folder: &Path) -> Result<Option<[PathBuf; 2]>> {
    let file = |content| found.file(pair, content);
    let missing = |content, other: &Path| {
        let there = format!(
            "{} is there, and the two belong together",
            quote::path(other)
        );
        no_file(folder.join(pair.file_name(content)), &there)
    };
    match (file(Content::Images)?, file(Content::Labels)?) {
        (Some(images), Some(labels)) => Ok(Some([images, labels])),
        (Some(images), None) => Err(missing(Content::Labels, &images)),
        (None, Some(labels)) => Err(missing(Content::Images, &labels)),
        (None, None) => Ok(None),
    }
}

/// The error for a folder without data files.
fn no_data(folder: &Path) -> Error {
    let expected = folder.join(Pair::Train.file_name(Content::Images));
    match folder_below(folder) {
        Some(below) => {
            let where_else = format!(
                "data files are in {}: give that folder",
                quote::path(&below)
            );
            no_file(expected, &where_else)
        }
        None => no_file(expected, "the folder has no data files"),
    }
}

fn no_file(path: PathBuf, why: &str) -> Error {
    Error::Read {
        path,
        source: IoError::new(ErrorKind::NotFound, format!("No such file: {why}")),
    }
}
