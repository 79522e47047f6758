//! What a folder has of a data set. A model can be asked about any part of it; training needs the training files.

use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use super::classes::{class_names, known_names};
use super::labelled::Labelled;
use super::search::{Found, Pair, check_sets, folder_below, pair_folders};
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
    /// What the user may not expect: that the folder has validation files, which are not read.
    pub note: Option<String>,
}

/// The file with the names of the classes in a folder, if there is one: `classes.txt`, in any case of letters, else `classes.txt.gz`.
fn names_in(folder: &Path) -> Option<PathBuf> {
    let usual = folder.join("classes.txt");
    if usual.symlink_metadata().is_ok() {
        return Some(usual);
    }
    let paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let called = |name: &str| {
        let is_called = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        paths.iter().filter(is_called).min().cloned()
    };
    called("classes.txt").or_else(|| called("classes.txt.gz"))
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
            return Err(no_data(path, &found));
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
            note: unread(&found),
        })
    }

    /// The error for a folder that has no training images, where these are needed.
    pub(super) fn no_training(path: &Path) -> Error {
        no_file(
            path.join(Pair::Train.file_name(Content::Images)),
            "the folder has test files alone, which can be explored, and which a trained model can be asked about",
        )
    }
}

/// What there is to say of validation files.
fn unread(found: &Found) -> Option<String> {
    let first = found.validation().next()?;
    let names = [Content::Images, Content::Labels].map(|content| Pair::Test.file_name(content));
    Some(format!(
        "{}: validation files are not read, since a share of the training images is held out (--holdout); to hold these out instead, \
         put them into a folder of their own under the names of training files, for --validation; to ask a model about them, as {} and {}, \
         for 'gingham evaluate --data'",
        first.display(),
        names[0],
        names[1]
    ))
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

/// The error for a folder without training and test files.
fn no_data(folder: &Path, found: &Found) -> Error {
    let expected = folder.join(Pair::Train.file_name(Content::Images));
    if let Some(below) = folder_below(folder) {
        let where_else = format!(
            "data files are in {}: give that folder",
            quote::path(&below)
        );
        return no_file(expected, &where_else);
    }
    if let Some(unread) = unread(found) {
        return no_file(
            expected,
            &format!("the folder has no training files; {unread}"),
        );
    }
    let Some((of_pair, pair)) = pair_folders(folder).into_iter().next() else {
        return no_file(expected, "the folder has no data files");
    };
    let [images, labels] =
        [Content::Images, Content::Labels].map(|content| pair.file_name(content));
    let layout = format!(
        "there is {}, but no {images} and {labels} in it; pictures have to be put into such files first",
        quote::path(&of_pair)
    );
    no_file(expected, &layout)
}

fn no_file(path: PathBuf, why: &str) -> Error {
    Error::Read {
        path,
        source: IoError::new(ErrorKind::NotFound, format!("No such file: {why}")),
    }
}
