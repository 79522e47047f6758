//! Where a recorder puts the files of its run: the run's folder, or memory until there has to be a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::MODEL;
use super::folder::RunFolder;
use super::record::EpochRecord;
use crate::error::Result;
use crate::model::AnyModel;
use crate::train::Start;

/// Where the files of a run are put.
pub trait RunFiles: Send {
    /// The epochs so far.
    fn records(&self) -> &[EpochRecord];

    /// Appends an epoch to the metrics.
    ///
    /// # Errors
    /// [`Error::Write`](crate::error::Error::Write).
    fn append(&mut self, record: &EpochRecord) -> Result<()>;

    /// Has `bytes` written as the file `name`, in the place of the one that is there. What could not be written is told later, by the folder.
    fn put(&mut self, name: &'static str, bytes: Vec<u8>);

    /// The folder, which is there from now on, with all that was put.
    ///
    /// # Errors
    /// [`Error::Write`](crate::error::Error::Write) and those of [`RunFolder::create`].
    fn folder(&mut self) -> Result<&mut RunFolder>;

    /// The folder if it is there.
    fn present(&mut self) -> Option<&mut RunFolder>;

    /// The name of the folder, also where it is not there yet.
    fn path_now(&self) -> PathBuf;

    /// Puts the network of a run that is over; where there is a folder, it is written when this returns.
    ///
    /// # Errors
    /// Those of [`RunFolder::write_model`].
    fn put_model(&mut self, model: &AnyModel) -> Result<()>;
}

impl RunFiles for RunFolder {
    fn records(&self) -> &[EpochRecord] {
        RunFolder::records(self)
    }

    fn append(&mut self, record: &EpochRecord) -> Result<()> {
        RunFolder::append(self, record)
    }

    fn put(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.writer().put(name, bytes);
    }

    fn folder(&mut self) -> Result<&mut RunFolder> {
        Ok(self)
    }

    fn present(&mut self) -> Option<&mut RunFolder> {
        Some(self)
    }

    fn path_now(&self) -> PathBuf {
        RunFolder::path_now(self)
    }

    fn put_model(&mut self, model: &AnyModel) -> Result<()> {
        self.write_model(model)
    }
}

/// The files of a run of a sweep. They stay in memory until the run is stopped, a checkpoint is due, or the run has ended as one of the best:
/// most runs never need a folder.
#[derive(Debug)]
pub struct LaterFolder<'a> {
    path: PathBuf,
    config: String,
    start: Option<&'a Start>,
    records: Vec<EpochRecord>,
    files: BTreeMap<&'static str, Vec<u8>>,
    there: Option<RunFolder>,
}

impl<'a> LaterFolder<'a> {
    /// The folder of a run that begins; `config` is its `config.toml`, and `start` the network that it starts from.
    #[must_use]
    pub fn new(path: &Path, config: String, start: Option<&'a Start>) -> Self {
        Self {
            path: path.to_owned(),
            config,
            start,
            records: Vec::new(),
            files: BTreeMap::new(),
            there: None,
        }
    }

    /// The folder of a run that goes on.
    #[must_use]
    pub fn there(folder: RunFolder) -> Self {
        Self {
            path: folder.path().to_owned(),
            config: String::new(),
            start: None,
            records: Vec::new(),
            files: BTreeMap::new(),
            there: Some(folder),
        }
    }
}

impl RunFiles for LaterFolder<'_> {
    fn records(&self) -> &[EpochRecord] {
        match &self.there {
            Some(folder) => folder.records(),
            None => &self.records,
        }
    }

    fn append(&mut self, record: &EpochRecord) -> Result<()> {
        match &mut self.there {
            Some(folder) => folder.append(record),
            None => {
                self.records.push(*record);
                Ok(())
            }
        }
    }

    fn put(&mut self, name: &'static str, bytes: Vec<u8>) {
        match &mut self.there {
            Some(folder) => folder.put(name, bytes),
            None => {
                self.files.insert(name, bytes);
            }
        }
    }

    fn folder(&mut self) -> Result<&mut RunFolder> {
        let folder = match self.there.take() {
            Some(folder) => return Ok(self.there.insert(folder)),
            None => RunFolder::create(&self.path, &self.config)?,
        };
        // Whatever fails below, the folder is there, and all that could be written is in it.
        let folder = self.there.insert(folder);
        for (name, bytes) in std::mem::take(&mut self.files) {
            folder.put(name, bytes);
        }
        // An epoch that could not be written is written with the next.
        let appended: Vec<Result<()>> = self
            .records
            .drain(..)
            .map(|record| folder.append(&record))
            .collect();
        if let Some(start) = self.start {
            folder.keep_start(start)?;
        }
        appended.into_iter().collect::<Result<()>>()?;
        Ok(folder)
    }

    fn present(&mut self) -> Option<&mut RunFolder> {
        self.there.as_mut()
    }

    fn path_now(&self) -> PathBuf {
        match &self.there {
            Some(folder) => folder.path_now(),
            None => self.path.clone(),
        }
    }

    fn put_model(&mut self, model: &AnyModel) -> Result<()> {
        match &mut self.there {
            Some(folder) => folder.write_model(model),
            None => {
                self.files.insert(MODEL, model.bytes());
                Ok(())
            }
        }
    }
}
