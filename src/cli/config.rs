//! A configuration file. What is wrong in it is told with its line, in the file's own words.

use std::path::{Path, PathBuf};

use gingham::error::{Error, Result};
use gingham::train::{Size, TrainOptions};
use toml::de::DeTable;
use toml::{Table, Value};

use super::{near, words};

/// A configuration file whose keys are settings and whose values have the settings' types.
pub struct Config {
    path: PathBuf,
    /// The settings that it gives.
    pub table: Table,
    /// The line of each, counted from 1.
    lines: Vec<(String, usize)>,
}

impl Config {
    /// Reads the file at `path` and checks each of its keys.
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
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            let reason = "expected a regular file, found a directory, pipe or device";
            return Err(refuse(reason.to_owned()));
        }
        let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            let line = line_of(&error.as_bytes()[..place]);
            refuse(format!(
                "line {line}: expected text in UTF-8, found other bytes"
            ))
        })?;
        let told = |error: toml::de::Error| {
            let place = error.span().map_or(0, |span| span.start);
            let line = line_of(&text.as_bytes()[..place.min(text.len())]);
            let message = one_line(error.message());
            refuse(match duplicate(&text, &error) {
                Some(key) => format!("line {line}: {message}: {key} is there already"),
                None => format!("line {line}: {message}"),
            })
        };
        let parsed = DeTable::parse(&text).map_err(told)?;
        let mut lines: Vec<(String, usize)> = parsed
            .get_ref()
            .keys()
            .map(|key| {
                (
                    key.get_ref().to_string(),
                    line_of(&text.as_bytes()[..key.span().start]),
                )
            })
            .collect();
        lines.sort_by_key(|(_, line)| *line);
        let table: Table = text.parse().map_err(told)?;
        let config = Self {
            path: path.to_owned(),
            table,
            lines,
        };
        let settings = every_setting();
        for (key, line) in &config.lines {
            check(key, &config.table[key], &settings)
                .map_err(|reason| refuse(format!("line {line}: {reason}")))?;
        }
        Ok(config)
    }

    /// The error that this setting of the file is unusable.
    pub fn refuse(&self, setting: &str, reason: &str) -> Error {
        let line = self.lines.iter().find(|(key, _)| key == setting);
        let place = line.map_or_else(String::new, |(_, line)| format!("line {line}: "));
        Error::Config {
            path: self.path.clone(),
            reason: format!("{place}{setting}: {reason}"),
        }
    }
}

/// A value for every setting, those that may be left out included.
fn every_setting() -> Table {
    let options = TrainOptions {
        batches: Some(1),
        batch_size: Some(1),
        eval_every: Some(1),
        memory: Some(Size(0)),
        images_sha256: Some(String::new()),
        labels_sha256: Some(String::new()),
        test_images_sha256: Some(String::new()),
        test_labels_sha256: Some(String::new()),
        classes_sha256: Some(String::new()),
        ..TrainOptions::default()
    };
    Table::try_from(options).expect("settings are a table of plain values")
}

/// Whether `found` is a value for `key`, alone; `settings` has a sound value for each. The error is what was expected and found.
fn check(key: &str, found: &Value, settings: &Table) -> Result<(), String> {
    let Some(sound) = settings.get(key) else {
        return Err(unknown(key, settings));
    };
    let expected = match sound {
        Value::Integer(_) if key == "seed" => "a whole number from 0 to 4294967295",
        Value::Integer(_) => "a whole number from 0",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of whole numbers such as [100, 50]",
        _ => "a text in quotes",
    };
    let refuse = || {
        format!(
            "{key}: expected {expected}, found {}",
            one_line(&found.to_string())
        )
    };
    let whole_for_fraction = sound.is_float() && found.is_integer();
    if !sound.same_type(found) && !whole_for_fraction {
        return Err(refuse());
    }
    let mut alone = settings.clone();
    alone.insert(key.to_owned(), found.clone());
    match alone.try_into::<TrainOptions>() {
        Ok(_) => Ok(()),
        // Of names the reader tells which there are; of numbers it would name types of this program.
        Err(error) if sound.is_str() => {
            let told = one_line(error.message()).replace("unknown variant", "unknown value");
            Err(format!("{key}: {told}"))
        }
        Err(_) => Err(refuse()),
    }
}

/// What to say of a key that is no setting.
fn unknown(key: &str, settings: &Table) -> String {
    let near = settings
        .keys()
        .filter_map(|name| Some((near::edits(key, name)?, name.clone())))
        .min()
        .map(|(_, name)| name);
    let known = |flag: &str| settings.contains_key(&flag.replace('-', "_"));
    let hint = match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => match words::hint(key, known) {
            Some(words::Hint::Flag(flag)) => {
                format!("did you mean `{}`?", flag.replace('-', "_"))
            }
            Some(words::Hint::Words(words)) => words.to_owned(),
            None => "a run's config.toml has all settings".to_owned(),
        },
    };
    format!("unknown setting `{key}`; {hint}")
}

/// The key that stands twice in the file, where that is the error.
fn duplicate<'a>(text: &'a str, error: &toml::de::Error) -> Option<&'a str> {
    let span = error
        .span()
        .filter(|_| error.message().contains("duplicate"))?;
    text.get(span)
}

/// The number of the line that follows `before`, counted from 1.
fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
