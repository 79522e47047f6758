//! A run's folder read back: settings, metrics, summary, model.
//!
//! The bytes are not trusted: each file is read by a total function that names the first defect. A folder without
//! `summary.json` is a run that has not ended or was interrupted: the files that are there are read, and a last line of the metrics
//! that is cut off is left out.

use std::path::{Path, PathBuf};

use super::fields::{self, Holds};
use super::files::{BEST, CONFIG, MODEL, SUMMARY};
use super::{EpochRecord, Summary};
use crate::data;
use crate::error::{Error, Result};
use crate::model::{AnyModel, ModelInfo};
use crate::quote;
use crate::train::{Config, TrainOptions};

/// A run, as it is read from its folder.
#[derive(Clone, Debug)]
pub struct Run {
    /// The folder.
    pub path: PathBuf,
    /// Every setting.
    pub options: TrainOptions,
    /// The settings as the file spells them, by name.
    pub settings: toml::Table,
    /// The records of its epochs; there is at least one.
    pub epochs: Vec<EpochRecord>,
    /// The summary; none where the run has not ended.
    pub finish: Option<Summary>,
    /// The trained network; none where it has not been written.
    pub model: Option<AnyModel>,
}

impl Run {
    /// Reads a run's folder. A model in it names the folder too, and is then the one that is asked; else that is the network after the
    /// last epoch, or the best one where no other was kept.
    ///
    /// # Errors
    /// [`Error::Read`] where there is no folder; [`Error::Mismatch`] where it is no run's, where no epoch was recorded, or where a
    /// line or the summary is not what a run writes; [`Error::Config`] for settings, [`Error::Model`] for a model that cannot be
    /// understood.
    pub fn open(path: &Path) -> Result<Self> {
        let named = [MODEL, BEST]
            .into_iter()
            .find(|name| path.ends_with(name) && path.is_file());
        let path = match path.parent().filter(|_| named.is_some()) {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => path,
        };
        std::fs::read_dir(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let here = |name: &str| {
            let file = path.join(name);
            file.symlink_metadata().is_ok().then_some(file)
        };
        let lacking = |name: &str| Error::Mismatch {
            path: path.to_owned(),
            expected: "the folder of a run, with config.toml and metrics.jsonl".to_owned(),
            found: format!("no {name}"),
        };
        let (options, settings) = settings_in(path)?.ok_or_else(|| lacking(CONFIG))?;
        let metrics = here("metrics.jsonl").ok_or_else(|| lacking("metrics.jsonl"))?;
        let finish = summary_in(path)?;
        let epochs =
            epochs(&data::bytes(&metrics)?, finish.is_some()).map_err(|(expected, found)| {
                Error::Mismatch {
                    path: metrics,
                    expected,
                    found,
                }
            })?;
        let model = match named {
            Some(name) => here(name),
            None => here(MODEL).or_else(|| here(BEST)),
        };
        let model = model.map(|file| AnyModel::open(&file)).transpose()?;
        Ok(Self {
            path: path.to_owned(),
            options,
            settings,
            epochs,
            finish,
            model,
        })
    }

    /// The settings of the run that left this model in its folder, if it is there: beside a `config.toml` that names the same data.
    #[must_use]
    pub fn settings_of(model: &Path, info: &ModelInfo) -> Option<TrainOptions> {
        let file = model.with_file_name("config.toml");
        let (options, _) = settings(&data::bytes(&file).ok()?).ok()?;
        let is_of_model = options.images_sha256.as_ref() == Some(&info.images_sha256)
            && options.labels_sha256.as_ref() == Some(&info.labels_sha256);
        is_of_model.then_some(options)
    }

    /// The folder's own name.
    #[must_use]
    pub fn name(&self) -> String {
        let path = self.path.canonicalize();
        let path = path.as_ref().unwrap_or(&self.path);
        path.file_name().map_or_else(
            || quote::text(&self.path),
            |name| quote::text(Path::new(name)),
        )
    }
}

/// The settings in a run's folder, and as the file spells them; none where there is no such file.
pub(super) fn settings_in(folder: &Path) -> Result<Option<(TrainOptions, toml::Table)>> {
    let path = folder.join(CONFIG);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    match settings(&data::bytes(&path)?) {
        Ok(settings) => Ok(Some(settings)),
        Err(reason) => Err(Error::Config { path, reason }),
    }
}

/// The summary in a run's folder; none where there is no such file.
pub(super) fn summary_in(folder: &Path) -> Result<Option<Summary>> {
    let path = folder.join(SUMMARY);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    match summary(&data::bytes(&path)?) {
        Ok(summary) => Ok(Some(summary)),
        Err((expected, found)) => Err(Error::Mismatch {
            path,
            expected,
            found,
        }),
    }
}

/// The settings of `config.toml`; the error is the defect in words.
fn settings(bytes: &[u8]) -> Result<(TrainOptions, toml::Table), String> {
    let hint = |_: &str, _: &toml::Table| "a run of this version has none of this name".to_owned();
    let config = Config::parse(bytes, &hint)?;
    if let Some(lacking) = config.lacking() {
        return Err(format!("expected every setting, found no `{lacking}`"));
    }
    let table = config.table.clone();
    let told = |error: toml::de::Error| error.message().to_owned();
    let options: TrainOptions = table.clone().try_into().map_err(told)?;
    options.validate().map_err(|error| match &error {
        Error::Setting { setting, reason } => config.message(setting, reason),
        _ => error.to_string(),
    })?;
    Ok((options, table))
}

/// What is in `summary.json`; the error is what was expected and what was found.
fn summary(bytes: &[u8]) -> Result<Summary, (String, String)> {
    const FIELDS: [(&str, Holds); 23] = [
        ("preset", Holds::Text),
        ("seed", Holds::Whole),
        ("epochs", Holds::Whole),
        ("engine", Holds::Text),
        ("dtype", Holds::Text),
        ("threads", Holds::Whole),
        ("final_error", Holds::Number),
        ("train_accuracy", Holds::MaybeNumber),
        ("heldout_accuracy", Holds::MaybeNumber),
        ("heldout_loss", Holds::MaybeNumber),
        ("test_accuracy", Holds::MaybeNumber),
        ("train_seconds", Holds::Number),
        ("total_seconds", Holds::Number),
        ("prepare_seconds", Holds::Number),
        ("evaluation_seconds", Holds::Number),
        ("images_per_second", Holds::Number),
        ("peak_rss_bytes", Holds::MaybeNumber),
        ("run_dir", Holds::Text),
        ("model", Holds::Text),
        ("blas", Holds::Object),
        ("version", Holds::Text),
        ("commit", Holds::Text),
        ("labels_sha256", Holds::Text),
    ];
    // The file has a field a line.
    let place = |name: &str| {
        let start = format!("\"{name}\"");
        let is_there = |line: &[u8]| line.trim_ascii_start().starts_with(start.as_bytes());
        let line = bytes.split(|&byte| byte == b'\n').position(is_there);
        line.map_or_else(String::new, |line| format!(" in line {}", line + 1))
    };
    fields::read(bytes, "the summary of a run", &FIELDS, place)
}

/// The lines of `metrics.jsonl`; the error is what was expected and what was found. Of a run that is not `whole` a last line
/// without its end is left out.
fn epochs(bytes: &[u8], whole: bool) -> Result<Vec<EpochRecord>, (String, String)> {
    const FIELDS: [(&str, Holds); 9] = [
        ("epoch", Holds::Whole),
        ("error", Holds::Number),
        ("train_accuracy", Holds::MaybeNumber),
        ("heldout_accuracy", Holds::MaybeNumber),
        ("seconds", Holds::Number),
        ("heldout_loss", Holds::MaybeNumber),
        ("learning_rate", Holds::MaybeNumber),
        ("gradient_norm", Holds::MaybeNumber),
        ("images_per_second", Holds::MaybeNumber),
    ];
    let bytes = match bytes.iter().rposition(|&byte| byte == b'\n') {
        _ if whole => bytes,
        Some(end) => &bytes[..=end],
        None => &[],
    };
    let mut epochs = Vec::new();
    let lines = bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        let what = format!("the record of an epoch in line {}", index + 1);
        let record: EpochRecord = fields::read(line, &what, &FIELDS, |_| String::new())?;
        if record.epoch != index {
            return Err((
                format!("epoch {index} in line {}", index + 1),
                format!("epoch {}", record.epoch),
            ));
        }
        epochs.push(record);
    }
    if epochs.is_empty() {
        return Err((
            "at least one epoch".to_owned(),
            "none: the run has not come that far".to_owned(),
        ));
    }
    Ok(epochs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINES: &[u8] = b"{\"epoch\":0,\"error\":2.5,\"train_accuracy\":0.5,\"heldout_accuracy\":null,\"seconds\":0.1}\n\
        {\"epoch\":1,\"error\":1.5,\"train_accuracy\":null,\"heldout_accuracy\":null,\"seconds\":0.2}\n";

    #[test]
    fn metrics_are_read_up_to_where_they_are_whole() {
        assert_eq!(epochs(LINES, true).unwrap().len(), 2);
        let cut = &LINES[..LINES.len() - 10];
        assert_eq!(epochs(cut, false).unwrap().len(), 1, "still being written");
        assert!(epochs(cut, true).unwrap_err().0.contains("line 2"));
        assert!(epochs(b"", false).unwrap_err().0.contains("at least one"));
        assert!(epochs(&LINES[..20], false).is_err());
        let twice = [LINES, LINES].concat();
        assert_eq!(
            epochs(&twice, true).unwrap_err(),
            ("epoch 2 in line 3".to_owned(), "epoch 0".to_owned())
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes: Vec<u8>, place in 0_usize..150, byte: u8) {
            let _ = epochs(&bytes, true);
            let _ = settings(&bytes);
            let _ = summary(&bytes);
            let mut damaged = LINES.to_vec();
            damaged[place] = byte;
            let _ = epochs(&damaged, false);
        }
    }
}
