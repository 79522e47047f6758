//! The result of `gingham explore`, as JSON and as tables.

use clap::ValueEnum;
use gingham::data::{Dataset, Labelled};
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

impl Part {
    /// The images of this file.
    pub fn of(self, dataset: &Dataset) -> Result<&Labelled, Error> {
        match self {
            Self::Train => Ok(&dataset.train),
            Self::Test => dataset.test.as_ref().ok_or_else(|| Error::Mismatch {
                path: dataset.folder.clone(),
                expected: "test files (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte)"
                    .to_owned(),
                found: "none".to_owned(),
            }),
        }
    }
}

/// The statistics of a data set, which are printed as JSON or as tables.
#[derive(Serialize)]
pub struct Answer<'a> {
    pub data: String,
    pub rows: usize,
    pub columns: usize,
    pub class_names: &'a [String],
    pub train: File,
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
    pub fn of(dataset: &'a Dataset) -> Self {
        let classes = dataset.classes.len();
        let test = dataset.test.as_ref();
        let (rows, columns) = dataset.train.images.shape();
        Self {
            data: quote::text(&dataset.folder),
            rows,
            columns,
            class_names: &dataset.classes,
            train: File::of(&dataset.train, classes),
            test: test.map(|test| File::of(test, classes)),
            overlap: test.map(|test| Overlap::of(test, &dataset.train)),
            map: None,
        }
    }

    /// The tables that people read.
    pub fn tables(&self) -> String {
        let files: Vec<&File> = [Some(&self.train), self.test.as_ref()]
            .into_iter()
            .flatten()
            .collect();
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
            let values = files.iter().map(|file| value(file));
            [name.to_owned()]
                .into_iter()
                .chain(values)
                .collect::<Vec<_>>()
        };
        let mut heads = vec![String::new(), "training".to_owned(), "test".to_owned()];
        heads.truncate(1 + files.len());
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
