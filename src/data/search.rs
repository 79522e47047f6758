//! Which files of a folder are those of a data set.
//!
//! The usual names are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the same with `t10k` for `train`. Archives and tools make
//! others of them, which are read too:
//!
//! - `test` or `testing` for `t10k`, `training` for `train`, any case of letters, and a dot, underscore or blank for a hyphen
//!   (7-Zip, Kaggle);
//! - with the name of a set in front, such as `emnist-letters-train-images-idx3-ubyte`;
//! - `NAME/NAME`, a file in a folder of its own name (Kaggle), and files in `raw/` and `*/raw/` (torchvision);
//! - files in folders called `train` and `test`, where the names of the files need not say it again;
//! - each of them with `.gz` behind it, which counts only where the same file is not there without it.
//!
//! Where several files could be meant, they must hold the same bytes; otherwise all are refused by name. Validation files are found,
//! so that they can be named, but nothing reads them.

use std::path::{Path, PathBuf};

use super::files;
use crate::error::{Error, Result};
use crate::formats::idx::Content;
use crate::quote;

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// One of the pairs of files of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    Train,
    Test,
    Validation,
}

impl Pair {
    /// The pair that a word of a file's or folder's name stands for.
    fn named(word: &str) -> Option<Self> {
        match word {
            "train" | "training" => Some(Self::Train),
            "t10k" | "test" | "testing" => Some(Self::Test),
            "val" | "valid" | "validation" => Some(Self::Validation),
            _ => None,
        }
    }

    /// The usual name of one of the two files.
    pub(super) fn file_name(self, content: Content) -> String {
        let pair = match self {
            Self::Train => "train",
            Self::Test => "t10k",
            Self::Validation => "validation",
        };
        match content {
            Content::Images => format!("{pair}-images-idx3-ubyte"),
            Content::Labels => format!("{pair}-labels-idx1-ubyte"),
        }
    }
}

/// What the name of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    /// What stands in front of the name, such as `emnist-letters`; mostly nothing.
    set: String,
    pair: Pair,
    content: Content,
}

impl Role {
    /// The role of a file of this name, if it is a data file's name. In a folder that has the files of one pair the name need not say
    /// of which.
    fn of(name: &str, folder: Option<Pair>) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let words: Vec<&str> = name.split(['-', '_', '.', ' ']).collect();
        let words = words.strip_suffix(&["ubyte"]).unwrap_or(&words);
        let (content, words) = match words {
            [words @ .., "images", "idx3"] => (Content::Images, words),
            [words @ .., "labels", "idx1"] => (Content::Labels, words),
            _ => return None,
        };
        let named = words
            .split_last()
            .and_then(|(last, set)| Some((Pair::named(last)?, set)));
        let (named, set) = named.or(folder.map(|pair| (pair, words)))?;
        // A folder of validation files may call them after any pair.
        let pair = if folder == Some(Pair::Validation) {
            Pair::Validation
        } else {
            named
        };
        let is_elsewhere = folder.is_some_and(|folder| folder != pair);
        // A name that begins with a dot is hidden: macOS writes such files beside those of an archive.
        let is_hidden = set.first().is_some_and(|word| word.is_empty());
        (!is_elsewhere && !is_hidden).then(|| Self {
            set: set.join("-"),
            pair,
            content,
        })
    }
}

/// A path whose name is a data file's.
#[derive(Clone, Debug)]
struct Candidate {
    path: PathBuf,
    role: Role,
}

/// The data files that were found in a folder.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<Candidate>);

impl Found {
    /// Looks for data files in `folder` and in `folder/raw`; where there are none, in every `raw` one folder below; and where these have
    /// none either, in folders of single pairs.
    pub(super) fn within(folder: &Path) -> Result<Self> {
        let read = |source| Error::Read {
            path: folder.to_owned(),
            source,
        };
        std::fs::read_dir(folder).map_err(read)?;
        let mut found = candidates(folder, None);
        found.extend(in_raw(folder));
        let is_lacking = |found: &[Candidate]| {
            found
                .iter()
                .all(|candidate| candidate.role.pair == Pair::Validation)
        };
        if is_lacking(&found) {
            found.extend(entries(folder).iter().flat_map(|path| in_raw(path)));
        }
        let is_split = is_lacking(&found);
        found.extend(in_pair_folders(folder, is_split));
        found.sort_by_key(|candidate| {
            let is_usual = |name: &std::ffi::OsStr| {
                *name == *candidate.role.pair.file_name(candidate.role.content)
            };
            let usual = candidate.path.file_name().is_some_and(is_usual);
            (!usual, candidate.path.clone())
        });
        Ok(Self(found))
    }

    /// The validation files.
    pub(super) fn validation(&self) -> impl Iterator<Item = &Path> {
        let of_pair = |candidate: &&Candidate| candidate.role.pair == Pair::Validation;
        let found = self.0.iter().filter(of_pair);
        found.map(|candidate| candidate.path.as_path())
    }

    /// The one file that holds these images or labels, if there is any.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where there are several that differ, and those of reading them.
    pub(super) fn file(&self, pair: Pair, content: Content) -> Result<Option<PathBuf>> {
        let of_role = |candidate: &&Candidate| {
            candidate.role.pair == pair && candidate.role.content == content
        };
        let mut fitting: Vec<&Candidate> = self.0.iter().filter(of_role).collect();
        // A folder in place of the file counts only where there is no file, so that opening it says what it is.
        if fitting.iter().any(|candidate| !candidate.path.is_dir()) {
            fitting.retain(|candidate| !candidate.path.is_dir());
        }
        if fitting
            .iter()
            .any(|candidate| candidate.role.set.is_empty())
        {
            fitting.retain(|candidate| candidate.role.set.is_empty());
        }
        let paths: Vec<&Path> = fitting.iter().map(|fits| fits.path.as_path()).collect();
        let is_packed_twin = |path: &Path| {
            files::is_packed(path) && paths.contains(&path.with_extension("").as_path())
        };
        let mut paths = paths.iter().filter(|path| !is_packed_twin(path));
        let Some(&first) = paths.next() else {
            return Ok(None);
        };
        for other in paths {
            if *files::open(first, content)?.0 != *files::open(other, content)?.0 {
                let folder = first.parent().unwrap_or(Path::new(""));
                return Err(Error::Mismatch {
                    path: folder.to_owned(),
                    expected: format!(
                        "one file of {content} in place of {}",
                        pair.file_name(content)
                    ),
                    found: format!(
                        "{} and {}, which differ: move one of them away, or name a folder that has one alone",
                        quote::path(first),
                        quote::path(other)
                    ),
                });
            }
        }
        Ok(Some(first.to_owned()))
    }
}

/// Refuses files whose names say that they are of different sets.
pub(super) fn check_sets(paths: &[&Path]) -> Result<()> {
    let set = |path: &Path| {
        let role = path
            .file_name()?
            .to_str()
            .and_then(|name| Role::of(name, None));
        Some(role.map_or_else(String::new, |role| role.set))
    };
    let Some((first, others)) = paths.split_first() else {
        return Ok(());
    };
    match others.iter().find(|other| set(other) != set(first)) {
        None => Ok(()),
        Some(other) => Err(Error::Mismatch {
            path: (*other).to_owned(),
            expected: format!("a file of the same data set as {}", quote::path(first)),
            found: "one of another set by its name".to_owned(),
        }),
    }
}

/// A folder just below this one that has data files, for a message.
pub(super) fn folder_below(folder: &Path) -> Option<PathBuf> {
    entries(folder)
        .into_iter()
        .find(|path| path.is_dir() && !candidates(path, None).is_empty())
}

/// The folders just below this one that are called by a pair, such as `train`, with that pair.
pub(super) fn pair_folders(folder: &Path) -> Vec<(PathBuf, Pair)> {
    let of_pair = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let pair = Pair::named(&name)?;
        path.is_dir().then_some((path, pair))
    };
    entries(folder).into_iter().filter_map(of_pair).collect()
}

/// The data files in folders of single pairs: validation files, and where the data set `is_split` into such folders, the others too. A folder
/// that has files of another pair may be a data set itself, so that there are none then.
fn in_pair_folders(folder: &Path, is_split: bool) -> Vec<Candidate> {
    let mut folders = pair_folders(folder);
    let has_others = |(path, pair): &(PathBuf, Pair)| {
        let named = candidates(path, None);
        let is_other = |candidate: &Candidate| candidate.role.pair != *pair;
        *pair != Pair::Validation && named.iter().any(is_other)
    };
    if !is_split || folders.iter().any(has_others) {
        folders.retain(|(_, pair)| *pair == Pair::Validation);
    }
    let within = |(path, pair): &(PathBuf, Pair)| candidates(path, Some(*pair));
    folders.iter().flat_map(within).collect()
}

/// The data files in the folder `raw` of this one, in any case of letters.
fn in_raw(folder: &Path) -> Vec<Candidate> {
    let is_raw = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case("raw"))
    };
    let raw = entries(folder).into_iter().filter(is_raw);
    raw.flat_map(|path| candidates(&path, None)).collect()
}

/// The paths in a folder, in their order; none where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .take(MOST_ENTRIES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}

/// The data files in a folder, which may be that of one pair, and those in folders of their own name. Such a folder without one is a
/// candidate itself.
fn candidates(folder: &Path, pair: Option<Pair>) -> Vec<Candidate> {
    let candidate = |path: PathBuf| {
        let role = Role::of(path.file_name()?.to_str()?, pair)?;
        path.exists().then_some(Candidate { path, role })
    };
    let mut found = Vec::new();
    for outer in entries(folder).into_iter().filter_map(candidate) {
        let same = |inner: &Candidate| inner.role == outer.role && !inner.path.is_dir();
        let mut inner: Vec<Candidate> = if outer.path.is_dir() {
            let inner = entries(&outer.path).into_iter().filter_map(candidate);
            inner.filter(same).collect()
        } else {
            Vec::new()
        };
        if inner.is_empty() {
            inner.push(outer);
        }
        found.append(&mut inner);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_data_files_and_others() {
        let (images, labels) = (Content::Images, Content::Labels);
        for (name, set, pair, content) in [
            ("train-images-idx3-ubyte", "", Pair::Train, images),
            ("train-images.idx3-ubyte", "", Pair::Train, images),
            ("t10k-labels-idx1-ubyte.gz", "", Pair::Test, labels),
            ("test-labels.idx1-ubyte", "", Pair::Test, labels),
            ("TRAIN-LABELS-IDX1-UBYTE.GZ", "", Pair::Train, labels),
            ("test_images_idx3", "", Pair::Test, images),
            ("training-images-idx3-ubyte", "", Pair::Train, images),
            ("Testing-Labels-idx1-ubyte", "", Pair::Test, labels),
            ("val-images-idx3-ubyte", "", Pair::Validation, images),
            ("valid-labels.idx1-ubyte", "", Pair::Validation, labels),
            ("validation-images-idx3-ubyte", "", Pair::Validation, images),
            (
                "emnist-letters-test-images-idx3-ubyte",
                "emnist-letters",
                Pair::Test,
                images,
            ),
        ] {
            let role = Role::of(name, None).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (role.set.as_str(), role.pair, role.content),
                (set, pair, content),
                "{name}"
            );
        }
        for name in [
            "",
            "train",
            "._train-images-idx3-ubyte",
            "train-images-idx1-ubyte",
            "train-images-idx3-ubyte.bak",
            "train-images-idx3-ubyte.gz.part",
            "images-idx3-ubyte",
            "classes.txt",
        ] {
            assert_eq!(Role::of(name, None), None, "{name}");
        }
        for pair in [Pair::Train, Pair::Test, Pair::Validation] {
            for content in [images, labels] {
                let role = Role::of(&pair.file_name(content), None).unwrap();
                assert_eq!((role.pair, role.content), (pair, content));
            }
        }
    }

    #[test]
    fn a_folder_of_one_pair_says_what_its_files_are() {
        let role = |name, folder| Role::of(name, Some(folder)).map(|role| (role.pair, role.set));
        let nothing = String::new;
        for (name, folder, expected) in [
            (
                "images-idx3-ubyte",
                Pair::Train,
                Some((Pair::Train, nothing())),
            ),
            (
                "labels.idx1-ubyte.gz",
                Pair::Test,
                Some((Pair::Test, nothing())),
            ),
            (
                "t10k-images-idx3-ubyte",
                Pair::Test,
                Some((Pair::Test, nothing())),
            ),
            (
                "letters-images-idx3-ubyte",
                Pair::Test,
                Some((Pair::Test, "letters".to_owned())),
            ),
            ("t10k-images-idx3-ubyte", Pair::Train, None),
            (
                "t10k-images-idx3-ubyte",
                Pair::Validation,
                Some((Pair::Validation, nothing())),
            ),
            ("._images-idx3-ubyte", Pair::Train, None),
        ] {
            assert_eq!(role(name, folder), expected, "{name}");
        }
    }
}
