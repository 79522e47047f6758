//! `train --from`: the model that a run starts from, and the settings that follow from it.

use std::path::{Path, PathBuf};

use gingham::data::STDIN;
use gingham::error::{Error, Result};
use gingham::model::{Activation, Output, Seal};
use gingham::quote;
use gingham::report::files::START;
use gingham::train::{Preset, Start, TrainOptions};
use toml::Table;

use super::base;
use super::config::Config;
use super::infile::{check_stdin, model_path};

/// The setting's name.
const FROM: &str = "from";
/// That of the digest.
const DIGEST: &str = "from_sha256";

/// A model to start from, as it was found.
pub struct Found {
    pub start: Start,
    /// The name of its file, for the run's settings.
    pub path: PathBuf,
    /// That damage to the file would not show.
    pub note: Option<String>,
}

/// The model that the flags name, else the one that the file names; none where none is named. A run's folder keeps a copy, which is
/// taken where the run is repeated from its own settings, or goes on in the folder `run` by flags whose model has gone.
///
/// # Errors
/// Those of [`Start::open`]; [`Error::Setting`] and [`Error::Config`] for settings that do not go with it.
pub fn find(flags: &Table, file: Option<&Config>, run: Option<&Path>) -> Result<Option<Found>> {
    let named = |table: &Table| {
        let name = table.get(FROM).and_then(toml::Value::as_str);
        name.map(PathBuf::from)
    };
    let found = match (named(flags), file) {
        (Some(given), _) => {
            check_stdin([given.as_path()].into_iter().chain(file.map(Config::path)))?;
            let path = model_path(&given);
            let copy = run.map(|run| run.join(START)).filter(|copy| copy.is_file());
            match copy.filter(|_| given != Path::new("-") && !path.exists()) {
                Some(copy) => Found::open(&copy, path)?,
                None => Found::open(&path, absolute(&path))?,
            }
        }
        (None, Some(file)) => match (named(&file.settings.table), digest(file)) {
            (Some(given), digest) => {
                let copy = file.path().with_file_name(START);
                let path = if digest.is_some() && copy.is_file() {
                    copy
                } else {
                    model_path(&given)
                };
                let found = Found::open(&path, given)?;
                check_digest(file, &path, &found.start)?;
                found
            }
            (None, Some(_)) => {
                let reason =
                    "expected the setting `from`, which names the file, found the digest alone";
                return Err(file.refuse(DIGEST, reason));
            }
            (None, None) => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    if flags.contains_key("init") {
        return Err(Error::Setting {
            setting: "init",
            reason: "expected none beside a model to start from, which has weights, found both: leave --init or --from out".to_owned(),
        });
    }
    Ok(Some(found))
}

impl Found {
    fn open(path: &Path, name: PathBuf) -> Result<Self> {
        let start = Start::open(path)?;
        let note = (start.seal() == Seal::None).then(|| {
            format!(
                "{}: an older version wrote it, without a digest: damage to it would not show",
                quote::path(path)
            )
        });
        Ok(Self {
            start,
            path: name,
            note,
        })
    }

    /// The preset for these settings, of which none is `preset`, and the note about it; no note where it is the usual one. The article's
    /// learning rate and L2 factor were made for sigmoids, so a network of another form gets those of today's.
    pub fn base(&self, given: &Table) -> (Preset, Option<String>) {
        let own = self.start.applied_to(TrainOptions::of(Preset::Article));
        let mut form = Vec::new();
        if !own.hidden.is_empty() && own.activation != Activation::Sigmoid {
            form.push("hidden layers");
        }
        if own.output != Output::Sigmoid {
            form.push("outputs");
        }
        if form.is_empty() {
            let mut others = given.clone();
            for name in ["activation", "output"] {
                others.remove(name);
            }
            return base::base(&others);
        }
        let note = format!(
            "preset plain: the model's {} are no sigmoids, and the article's learning rate and l2 are made for these; so what is not \
             given is of today's form (--preset article keeps the article's)",
            form.join(" and ")
        );
        (Preset::Plain, Some(note))
    }
}

fn digest(file: &Config) -> Option<&str> {
    file.settings.table.get(DIGEST)?.as_str()
}

/// Refuses another model than the one that the file was written for.
fn check_digest(file: &Config, path: &Path, start: &Start) -> Result<()> {
    let (found, path) = (start.sha256(), quote::path(path));
    match digest(file) {
        Some(expected) if expected != found => Err(file.refuse(
            DIGEST,
            &format!(
                "expected the model with the SHA-256 {expected}, found one with {found} in {path}: give another by --from, or leave \
                 {DIGEST} out"
            ),
        )),
        _ => Ok(()),
    }
}

/// The file by a name that is the same from everywhere, where a configuration file can hold that name.
fn absolute(path: &Path) -> PathBuf {
    if path == Path::new(STDIN) {
        return path.to_owned();
    }
    let absolute = path.canonicalize().ok();
    absolute
        .filter(|path| path.to_str().is_some())
        .unwrap_or_else(|| path.to_owned())
}
