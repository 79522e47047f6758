//! The metrics files while a run writes them: a line an epoch, each in the files as soon as its epoch is over.

use std::fs::File;
use std::io::Write;

use super::place::Place;
use super::record::EpochRecord;
use super::writer;
use crate::error::{Error, Result};

const CSV: &str = "metrics.csv";
const JSONL: &str = "metrics.jsonl";
const HEAD: &str = "epoch,error,train_accuracy,heldout_accuracy,seconds\n";

/// `metrics.csv` and `metrics.jsonl`.
#[derive(Debug)]
pub(super) struct Metrics {
    records: Vec<EpochRecord>,
    /// The two files, open at their ends; none after something could not be written, so that they lack a line or a part of one.
    files: Option<[File; 2]>,
}

impl Metrics {
    /// Files with these records and no others.
    pub(super) fn new(place: &Place, records: Vec<EpochRecord>) -> Result<Self> {
        let mut metrics = Self {
            records,
            files: None,
        };
        metrics.write_all(place)?;
        Ok(metrics)
    }

    /// The epochs so far.
    pub(super) fn records(&self) -> &[EpochRecord] {
        &self.records
    }

    /// Appends an epoch. One that could not be written is written with the next.
    pub(super) fn append(&mut self, place: &Place, record: &EpochRecord) -> Result<()> {
        self.records.push(*record);
        let Some(files) = &mut self.files else {
            return self.write_all(place);
        };
        for ((file, text), name) in files.iter_mut().zip(lines(record)).zip([CSV, JSONL]) {
            if let Err(source) = file.write_all(text.as_bytes()) {
                self.files = None;
                let path = place.path().join(name);
                return Err(Error::Write { path, source });
            }
        }
        Ok(())
    }

    /// Waits until all is on the disk.
    pub(super) fn sync(&mut self, place: &Place) -> Result<()> {
        let Some(files) = &self.files else {
            return self.write_all(place);
        };
        for (file, name) in files.iter().zip([CSV, JSONL]) {
            file.sync_all().map_err(|source| Error::Write {
                path: place.path().join(name),
                source,
            })?;
        }
        Ok(())
    }

    /// Writes both files anew.
    fn write_all(&mut self, place: &Place) -> Result<()> {
        let (mut csv, mut jsonl) = (HEAD.to_owned(), String::new());
        for record in &self.records {
            let [row, line] = lines(record);
            csv += &row;
            jsonl += &line;
        }
        writer::write(place, CSV, csv.as_bytes())?;
        writer::write(place, JSONL, jsonl.as_bytes())?;
        let open = |name: &str| {
            let failed = |source| Error::Write {
                path: place.path().join(name),
                source,
            };
            let path = place.now().map_err(failed)?.join(name);
            File::options().append(true).open(path).map_err(failed)
        };
        self.files = Some([open(CSV)?, open(JSONL)?]);
        Ok(())
    }
}

/// The line of an epoch in each file; the CSV has the columns that it always had.
fn lines(record: &EpochRecord) -> [String; 2] {
    let field = |figure: Option<f64>| figure.map_or_else(String::new, |figure| figure.to_string());
    let EpochRecord {
        epoch,
        error,
        train_accuracy,
        heldout_accuracy,
        seconds,
        ..
    } = record;
    let (train, heldout) = (field(*train_accuracy), field(*heldout_accuracy));
    let json = serde_json::to_string(record).expect("plain numbers");
    [
        format!("{epoch},{error},{train},{heldout},{seconds:.6}\n"),
        json + "\n",
    ]
}
