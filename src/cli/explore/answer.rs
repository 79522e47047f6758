//! The result of `gingham explore`, as JSON and as tables.

use std::path::PathBuf;

use clap::ValueEnum;
use gingham::data::{DataFolder, Dataset, Labelled};
use gingham::error::Error;
use gingham::explore::{Duplicates, Map, MapOptions, Overlap, Statistics};
use gingham::quote;
use serde::Serialize;

use crate::cli::output::{facts, percent, shown, table};

/// One of the two files of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Train,
    Test,
}

/// The files of a data set, of which there is at least one, and the names of the classes.
pub struct Files {
    pub folder: PathBuf,
    train: Option<Labelled>,
    pub test: Option<Labelled>,
    pub classes: Vec<String>,
}

impl Files {
    /// Refuses files that were changed since they were opened.
    pub fn check(&self) -> Result<(), Error> {
        let mut files = self.train.iter().chain(&self.test);
        files.try_for_each(|labelled| labelled.images.check())
    }

    /// The files in a folder. Where classes have no names, the training labels say how many there are, and test labels where these are
    /// alone.
    pub fn of(folder: DataFolder) -> Result<Self, Error> {
        if folder.train.is_some() {
            let dataset = Dataset::of(folder)?;
            return Ok(Self {
                folder: dataset.folder,
                train: Some(dataset.train),
                test: dataset.test,
                classes: dataset.classes,
            });
        }
        let labels = folder.test.iter().flat_map(|test| &test.labels);
        let last = labels.copied().max().unwrap_or(0);
        let numbers = || (0..=last).map(|label| label.to_string()).collect();
        Ok(Self {
            folder: folder.path,
            train: None,
            test: folder.test,
            classes: folder.names.unwrap_or_else(numbers),
        })
    }

    /// The file that is shown unless told otherwise.
    pub fn usual(&self) -> Part {
        if self.train.is_some() {
            Part::Train
        } else {
            Part::Test
        }
    }

    /// The images of this file.
    pub fn part(&self, part: Part) -> Result<&Labelled, Error> {
        let (file, which, prefix) = match part {
            Part::Train => (&self.train, "training", "train"),
            Part::Test => (&self.test, "test", "t10k"),
        };
        file.as_ref().ok_or_else(|| Error::Mismatch {
            path: self.folder.clone(),
            expected: format!(
                "{which} files ({prefix}-images-idx3-ubyte and {prefix}-labels-idx1-ubyte)"
            ),
            found: "none".to_owned(),
        })
    }
}

/// The statistics of a data set, which are printed as JSON or as tables.
#[derive(Serialize)]
pub struct Answer<'a> {
    pub data: String,
    pub rows: usize,
    pub columns: usize,
    pub class_names: &'a [String],
    pub train: Option<File>,
    pub test: Option<File>,
    /// Test images that are among the training images.
    pub overlap: Option<Overlap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapAnswer>,
}

/// The statistics of one file.
#[derive(Serialize)]
pub struct File {
    #[serde(flatten)]
    pub statistics: Statistics,
    pub duplicates: Duplicates,
}

/// How the map was made, and how good it is.
#[derive(Serialize)]
pub struct MapAnswer {
    pub of: Part,
    pub images: usize,
    pub perplexity: f64,
    pub seed: u32,
    /// The share of the pixels' variance that lies in the principal components in which distances are measured.
    pub variance_share: f64,
    pub divergence: f64,
    pub nearest_same_class: f64,
}

impl File {
    fn of(data: &Labelled, classes: usize) -> Self {
        Self {
            statistics: Statistics::of(data, classes),
            duplicates: Duplicates::within(data),
        }
    }
}

impl MapAnswer {
    pub fn new(of: Part, options: &MapOptions, map: &Map) -> Self {
        Self {
            of,
            images: options.images,
            perplexity: options.perplexity,
            seed: options.seed,
            variance_share: map.variance_share,
            divergence: map.divergence,
            nearest_same_class: map.nearest_agree,
        }
    }

    pub fn facts(&self) -> String {
        let of = match self.of {
            Part::Train => "training",
            Part::Test => "test",
        };
        facts(&[
            (
                "map",
                format!("{} {of} images, seed {}", self.images, self.seed),
            ),
            ("nearest alike", percent(Some(self.nearest_same_class))),
            ("divergence", format!("{:.4}", self.divergence)),
            ("variance kept", percent(Some(self.variance_share))),
        ])
    }
}

impl<'a> Answer<'a> {
    /// Computes the statistics of a whole data set.
    pub fn of(files: &'a Files) -> Result<Self, Error> {
        let classes = files.classes.len();
        let (train, test) = (files.train.as_ref(), files.test.as_ref());
        let (rows, columns) = files.part(files.usual())?.images.shape();
        Ok(Self {
            data: quote::text(&files.folder),
            rows,
            columns,
            class_names: &files.classes,
            train: train.map(|train| File::of(train, classes)),
            test: test.map(|test| File::of(test, classes)),
            overlap: test
                .zip(train)
                .map(|(test, train)| Overlap::of(test, train)),
            map: None,
        })
    }

    /// The files by their names; there is at least one.
    pub fn files(&self) -> Vec<(&'static str, &File)> {
        let all = [("training", &self.train), ("test", &self.test)];
        all.into_iter()
            .filter_map(|(name, file)| Some((name, file.as_ref()?)))
            .collect()
    }

    /// The tables that people read.
    pub fn tables(&self) -> String {
        let files = self.files();
        let head = facts(&[
            ("data", shown(&self.data)),
            (
                "images",
                format!(
                    "{} x {} pixels, {} classes",
                    self.rows,
                    self.columns,
                    self.class_names.len()
                ),
            ),
        ]);
        let row = |name: &str, value: &dyn Fn(&File) -> String| {
            let values = files.iter().map(|(_, file)| value(file));
            [name.to_owned()]
                .into_iter()
                .chain(values)
                .collect::<Vec<_>>()
        };
        let names = files.iter().map(|(name, _)| (*name).to_owned());
        let mut heads: Vec<String> = std::iter::once(String::new()).chain(names).collect();
        let about = [
            heads.clone(),
            row("images", &|file| file.statistics.images.to_string()),
            row("class balance", &|file| {
                format!("{:.3}", file.statistics.balance)
            }),
            row("pixel mean", &|file| {
                format!("{:.2}", file.statistics.pixel_mean)
            }),
            row("pixel deviation", &|file| {
                format!("{:.2}", file.statistics.pixel_deviation)
            }),
            row("black pixels", &|file| {
                percent(Some(file.statistics.black_share))
            }),
            row("blank images", &|file| {
                file.statistics.blank_images.to_string()
            }),
            row("duplicates", &|file| file.duplicates.images.to_string()),
            row("  otherwise labelled", &|file| {
                file.duplicates.other_label.to_string()
            }),
        ];
        let overlap = self.overlap.as_ref().map_or_else(String::new, |overlap| {
            let Overlap {
                images,
                other_label,
                ..
            } = overlap;
            let rows = facts(&[
                ("test images also in training", images.to_string()),
                ("  otherwise labelled", other_label.to_string()),
            ]);
            format!("\n\n{rows}")
        });
        heads[0] = "class".to_owned();
        let mut classes = vec![heads];
        for (label, name) in self.class_names.iter().enumerate() {
            classes.push(row(&format!("{label} {}", shown(name)), &|file| {
                file.statistics.class_counts[label].to_string()
            }));
        }
        format!(
            "{head}\n\n{}{overlap}\n\n{}",
            table(&about),
            table(&classes)
        )
    }
}
