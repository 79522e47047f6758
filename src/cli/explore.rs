//! `gingham explore`

use std::path::PathBuf;

use clap::ValueEnum;
use gingham::data::{Dataset, Labelled};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::explore::text::{self, Ink, Picture};
use gingham::explore::{Duplicates, Map, MapOptions, Overlap, Statistics, figures, map_figures};
use gingham::figures::{Figure, colour};
use serde::Serialize;
use serde_json::json;

use super::output::{facts, percent, table};
use super::{Common, album, data_folder, open_data};

/// Show what is in a data set.
///
/// Prints counts per class, pixel mean and deviation, blank images and duplicates within and across the files, and draws a few
/// images of each class. --figures writes pictures: a contact sheet, the mean image of each class, histograms of classes
/// and pixels, and a map on which similar images are neighbours (t-SNE).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham explore --data data/fashion-mnist
  gingham explore --pixels 0
  gingham explore --figures pictures --map 5000 --of train")]
pub struct Args {
    /// The folder of the data set [default: $GINGHAM_DATA, else data/fashion-mnist]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which file's images are drawn, printed or mapped [default: train; of a map: test, where there is one]
    #[arg(long, value_enum, value_name = "FILE")]
    of: Option<Part>,
    /// Draw so many images of each class, as large as they fit; 0: none
    #[arg(long, value_name = "N", default_value_t = 4)]
    images: usize,
    /// Print the numbers of image I instead
    #[arg(long, value_name = "I")]
    pixels: Option<usize>,
    /// Write the figures into this folder, as SVG and PNG
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "pixels",
        help_heading = "Figures"
    )]
    figures: Option<PathBuf>,
    /// Images on the map, the file's first; 0: no map [default: 2000, or as many as there are]
    #[arg(long, value_name = "N", requires = "figures", help_heading = "Figures")]
    map: Option<usize>,
    /// Neighbours that a point of the map looks to, more or less
    #[arg(long, value_name = "N", default_value_t = MapOptions::default().perplexity, requires = "figures", help_heading = "Figures")]
    perplexity: f64,
    /// Seed of the map
    #[arg(long, value_name = "N", default_value_t = MapOptions::default().seed, requires = "figures", help_heading = "Figures")]
    seed: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Train,
    Test,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    data: String,
    rows: usize,
    columns: usize,
    class_names: &'a [String],
    train: File,
    test: Option<File>,
    /// Test images that are among the training images.
    overlap: Option<Overlap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<MapAnswer>,
}

#[derive(Serialize)]
struct File {
    #[serde(flatten)]
    statistics: Statistics,
    duplicates: Duplicates,
}

#[derive(Serialize)]
struct MapAnswer {
    of: Part,
    images: usize,
    perplexity: f64,
    seed: u32,
    /// Of the pixels' variance, what the principal components have that distances are measured in.
    variance_share: f64,
    divergence: f64,
    nearest_same_class: f64,
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
    fn new(of: Part, options: &MapOptions, map: &Map) -> Self {
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

    fn facts(&self) -> String {
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

pub fn run(args: &Args) -> anyhow::Result<()> {
    let threads = args
        .common
        .pool(args.common.threads.unwrap_or(0), EngineKind::Auto)?;
    let dataset = open_data(&data_folder(args.data.as_deref()))?;
    let output = args.common.output();
    if let Some(place) = args.pixels {
        return pixels(args, &dataset, place);
    }
    let drawn = part(&dataset, args.of.unwrap_or(Part::Train))?;
    let plan = plan(args, &dataset)?;
    if let Some(folder) = &args.figures {
        album::prepare(folder, plan.is_some())?;
    }
    let mut answer = threads.run(|| answer(&dataset));
    if !args.common.json {
        output.result(tables(&answer))?;
        draw(args, drawn, &dataset.classes)?;
    }
    let mut map = None;
    if let Some((of, data, options)) = plan {
        output.progress(format_args!(
            "t-SNE of {} images, perplexity {}",
            options.images, options.perplexity
        ));
        let made = threads.run(|| Map::of(data, &options))?;
        answer.map = Some(MapAnswer::new(of, &options, &made));
        map = Some((data, made));
    }
    if let Some(folder) = &args.figures {
        album::write(folder, &pictures(&dataset, drawn, &answer, map))?;
        output.progress(format_args!("figures in {}", folder.display()));
    }
    if args.common.json {
        return output.result(serde_json::to_string(&answer)?);
    }
    if let Some(map) = &answer.map {
        output.result(format_args!("\n{}", map.facts()))?;
    }
    Ok(())
}

/// All figures, in the order of their names in [`album`].
fn pictures(
    dataset: &Dataset,
    drawn: &Labelled,
    answer: &Answer<'_>,
    map: Option<(&Labelled, Map)>,
) -> Vec<Figure> {
    let classes = &dataset.classes;
    let train = &answer.train.statistics;
    let test = answer.test.as_ref().map(|test| ("test", &test.statistics));
    let files: Vec<_> = [("training", train)].into_iter().chain(test).collect();
    let mut all = vec![
        figures::contact_sheet(drawn, classes),
        figures::mean_images(train, answer.columns, classes),
        figures::class_histogram(&files, classes),
        figures::pixel_histogram(train),
    ];
    if let Some((data, map)) = &map {
        all.push(map_figures::dots(map, &data.labels, classes));
        all.push(map_figures::images(map, data, classes));
    }
    all
}

fn answer(dataset: &Dataset) -> Answer<'_> {
    let classes = dataset.classes.len();
    let test = dataset.test.as_ref();
    let (rows, columns) = dataset.train.images.shape();
    Answer {
        data: dataset.folder.display().to_string(),
        rows,
        columns,
        class_names: &dataset.classes,
        train: File::of(&dataset.train, classes),
        test: test.map(|test| File::of(test, classes)),
        overlap: test.map(|test| Overlap::of(test, &dataset.train)),
        map: None,
    }
}

fn part(dataset: &Dataset, part: Part) -> Result<&Labelled, Error> {
    match part {
        Part::Train => Ok(&dataset.train),
        Part::Test => dataset.test.as_ref().ok_or_else(|| Error::Mismatch {
            path: dataset.folder.clone(),
            expected: "test files (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte)".to_owned(),
            found: "none".to_owned(),
        }),
    }
}

/// The map that was asked for, checked before minutes of work.
fn plan<'a>(
    args: &Args,
    dataset: &'a Dataset,
) -> Result<Option<(Part, &'a Labelled, MapOptions)>, Error> {
    if args.figures.is_none() || args.map == Some(0) {
        return Ok(None);
    }
    let either = if dataset.test.is_some() {
        Part::Test
    } else {
        Part::Train
    };
    let of = args.of.unwrap_or(either);
    let data = part(dataset, of)?;
    let options = MapOptions {
        images: args
            .map
            .unwrap_or_else(|| MapOptions::default().images.min(data.images.count())),
        perplexity: args.perplexity,
        seed: args.seed,
    };
    options.check(data)?;
    Ok(Some((of, data, options)))
}

/// Prints an image's numbers.
fn pixels(args: &Args, dataset: &Dataset, place: usize) -> anyhow::Result<()> {
    let of = args.of.unwrap_or(Part::Train);
    let data = part(dataset, of)?;
    if place >= data.images.count() {
        let last = data.images.count() - 1;
        let path = data.images.path().display();
        let reason = format!("expected 0 to {last}, the images of {path}, found {place}");
        return Err(Error::Setting {
            setting: "pixels",
            reason,
        }
        .into());
    }
    let (image, label) = (data.images.image(place), data.labels[place]);
    let name = &dataset.classes[usize::from(label)];
    let columns = data.images.columns();
    let result = if args.common.json {
        let rows: Vec<&[u8]> = image.chunks(columns).collect();
        json!({ "of": of, "image": place, "label": label, "name": name, "pixels": rows })
            .to_string()
    } else {
        let lines = text::numbers(image, columns, ink());
        format!("{}\nlabel {label}, {name}", lines.join("\n"))
    };
    args.common.output().result(result)
}

fn tables(answer: &Answer<'_>) -> String {
    let files: Vec<&File> = [Some(&answer.train), answer.test.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    let head = facts(&[
        ("data", answer.data.clone()),
        (
            "images",
            format!(
                "{} x {} pixels, {} classes",
                answer.rows,
                answer.columns,
                answer.class_names.len()
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
    let overlap = answer.overlap.as_ref().map_or_else(String::new, |overlap| {
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
    for (label, name) in answer.class_names.iter().enumerate() {
        classes.push(row(&format!("{label} {name}"), &|file| {
            file.statistics.class_counts[label].to_string()
        }));
    }
    format!(
        "{head}\n\n{}{overlap}\n\n{}",
        table(&about),
        table(&classes)
    )
}

/// Draws the first images of each class.
fn draw(args: &Args, data: &Labelled, classes: &[String]) -> anyhow::Result<()> {
    if args.images == 0 {
        return Ok(());
    }
    let columns = data.images.columns();
    let (times, count) = text::fitting(columns, args.images, width());
    let mut lines = Vec::new();
    let ink = ink();
    let first = figures::first_of_each(data, classes.len(), count);
    for (label, (name, places)) in classes.iter().zip(first).enumerate() {
        let picture = |place| Picture::shrunk(data.images.image(place), columns, times);
        let pictures: Vec<Picture> = places.into_iter().map(picture).collect();
        lines.push(format!("\n{}{label} {name}", swatch(ink, label)));
        lines.extend(text::side_by_side(&pictures, ink));
    }
    args.common.output().result(lines.join("\n"))
}

/// The colour of a class in the figures, where there is colour.
fn swatch(ink: Ink, label: usize) -> String {
    let colour = colour::SERIES[label % colour::SERIES.len()].dark;
    match ink {
        Ink::Plain => String::new(),
        _ => ink.paint(colour::rgb(colour), "\u{25a0} "),
    }
}

/// What stdout can show.
fn ink() -> Ink {
    let is = |value| std::env::var_os("COLORTERM").is_some_and(|found| found == value);
    if anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never {
        Ink::Plain
    } else if is("truecolor") || is("24bit") {
        Ink::TrueColour
    } else {
        Ink::Colours256
    }
}

/// Columns of the terminal.
fn width() -> usize {
    let stated = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    stated.or_else(measured).unwrap_or(80)
}
