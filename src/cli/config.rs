//! A configuration file. What is wrong in it is told with its line, in the file's own words.

use std::io::Read;
use std::path::{Path, PathBuf};

use gingham::data;
use gingham::error::{Error, Result};
use gingham::train;
use toml::Table;

use super::{infile, near, words};

/// The most bytes of a file of settings; those of a run have a thousand.
const MOST_BYTES: u64 = 16 << 20;

/// A configuration file whose keys are settings and whose values have the settings' types.
pub struct Config {
    path: PathBuf,
    /// What stands in it.
    pub settings: train::Config,
}

impl Config {
    /// Reads the file at `path`, standard input for `-`, or what a shell hands over as `<(..)`, and checks each of its keys.
    ///
    /// # Errors
    /// [`Error::Config`] for the first mistake.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Config {
            path: path.to_owned(),
            reason,
        };
        let inside = path.join("config.toml");
        if inside.is_file() {
            return Self::read(&inside); // of a run's folder
        }
        let of_system = |error: std::io::Error| refuse(error.to_string());
        let source: Box<dyn Read> = match data::stream(infile::input(path)) {
            Some(Ok(stream)) => stream,
            Some(Err(Error::Read { source, .. })) => return Err(of_system(source)),
            Some(Err(error)) => return Err(error),
            None => {
                if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
                    let reason = "expected a regular file, found a directory, pipe or device";
                    return Err(refuse(reason.to_owned()));
                }
                Box::new(std::fs::File::open(path).map_err(of_system)?)
            }
        };
        let mut bytes = Vec::new();
        source
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(of_system)?;
        if bytes.len() as u64 > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(refuse(format!(
                "expected at most {most} MiB of settings, found more"
            )));
        }
        Ok(Self {
            settings: train::Config::parse(&bytes, &hint).map_err(refuse)?,
            path: path.to_owned(),
        })
    }

    /// The error that this setting of the file is unusable.
    pub fn refuse(&self, setting: &str, reason: &str) -> Error {
        Error::Config {
            path: self.path.clone(),
            reason: self.settings.message(setting, reason),
        }
    }

    /// Whether it names a folder of data that is there.
    pub fn has_data(&self) -> bool {
        let data = self
            .settings
            .table
            .get("data")
            .and_then(toml::Value::as_str);
        data.is_some_and(|data| Path::new(data).is_dir())
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What to say of a key that is no setting.
fn hint(key: &str, settings: &Table) -> String {
    let near = settings
        .keys()
        .filter_map(|name| Some((near::edits(key, name)?, name.clone())))
        .min()
        .map(|(_, name)| name);
    let known = |flag: &str| settings.contains_key(&flag.replace('-', "_"));
    match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => match words::hint(key, known) {
            Some(words::Hint::Flag(flag)) => {
                format!("did you mean `{}`?", flag.replace('-', "_"))
            }
            Some(words::Hint::Words(words)) => words.to_owned(),
            None => "a run's config.toml has all settings".to_owned(),
        },
    }
}
