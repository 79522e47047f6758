//! `gingham explore`

mod answer;
mod drawing;

use std::path::PathBuf;

use anyhow::Context;
use gingham::data::Labelled;
use gingham::error::Error;
use gingham::explore::{Map, MapOptions, figures, map_figures};
use gingham::figures::Figure;
use gingham::quote;
use serde_json::json;

use answer::{Answer, Files, MapAnswer, Part};

use super::common::open_folder;
use super::outfile::{self, Force};
use super::output::shown;
use super::{Common, album, data_folder};

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
    /// Which file's images are drawn, printed or mapped [default: train, where there is one; of a map: test, where there is one]
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
    /// Images on the map, the file's first; 0: no map [default: 2000, or as many as there are; none of too few]
    #[arg(long, value_name = "N", requires = "figures", help_heading = "Figures")]
    map: Option<usize>,
    /// Neighbours that a point of the map looks to, more or less
    #[arg(long, value_name = "N", default_value_t = MapOptions::default().perplexity, requires = "figures", help_heading = "Figures")]
    perplexity: f64,
    /// Seed of the map
    #[arg(long, value_name = "N", default_value_t = MapOptions::default().seed, requires = "figures", help_heading = "Figures")]
    seed: u32,
    #[command(flatten)]
    force: Force,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let output = args.common.output();
    let folder = open_folder(&data_folder(args.data.as_deref()), output)?;
    let files = Files::of(folder).context("reading the data set")?;
    if let Some(index) = args.pixels {
        return pixels(args, &files, index);
    }
    let drawn = files.part(args.of.unwrap_or(files.usual()))?;
    let plan = plan(args, &files)?;
    if let Some(folder) = &args.figures {
        outfile::check_folder(folder)?;
        album::prepare(folder, plan.is_some(), args.force)?;
    }
    let mut answer = machine.run(|| Answer::of(&files))?;
    files.check()?;
    if !args.common.json {
        output.result(answer.tables())?;
        if args.images > 0 {
            output.result(drawing::first_of_each(drawn, &files.classes, args.images))?;
        }
    }
    let mut map = None;
    if let Some((of, data, options)) = plan {
        output.progress(format_args!(
            "t-SNE of {} images, perplexity {}",
            options.images, options.perplexity
        ));
        let made = machine.run(|| Map::of(data, &options, machine.level()))?;
        answer.map = Some(MapAnswer::new(of, &options, &made));
        map = Some((data, made));
    }
    files.check()?;
    if let Some(folder) = &args.figures {
        album::write(folder, &pictures(&files, drawn, &answer, map)?, args.force)?;
        output.progress(format_args!("figures in {}", quote::path(folder)));
    }
    if args.common.json {
        return output.result(serde_json::to_string(&answer)?);
    }
    if let Some(map) = &answer.map {
        output.result(format_args!("\n{}", map.facts()))?;
    }
    Ok(())
}

/// All figures, in the order of [`album`]'s names.
fn pictures(
    files: &Files,
    drawn: &Labelled,
    answer: &Answer<'_>,
    map: Option<(&Labelled, Map)>,
) -> Result<Vec<Figure>, Error> {
    let classes = &files.classes;
    let counted: Vec<_> = answer
        .files()
        .into_iter()
        .map(|(name, file)| (name, &file.statistics))
        .collect();
    let (which, statistics) = counted[0];
    let mut all = vec![
        figures::contact_sheet(drawn, classes),
        figures::mean_images(which, files.part(files.usual())?, classes),
        figures::class_histogram(&counted, classes),
        figures::pixel_histogram(which, statistics),
    ];
    if let Some((data, map)) = &map {
        all.push(map_figures::dots(map, &data.labels, classes));
        all.push(map_figures::images(map, data, classes));
    }
    Ok(all)
}

/// The map that was asked for. Its options are checked before minutes of work.
fn plan<'a>(
    args: &Args,
    files: &'a Files,
) -> Result<Option<(Part, &'a Labelled, MapOptions)>, Error> {
    if args.figures.is_none() || args.map == Some(0) {
        return Ok(None);
    }
    let either = if files.test.is_some() {
        Part::Test
    } else {
        Part::Train
    };
    let of = args.of.unwrap_or(either);
    let data = files.part(of)?;
    let options = MapOptions {
        images: args
            .map
            .unwrap_or_else(|| MapOptions::default().images.min(data.images.count())),
        perplexity: args.perplexity,
        seed: args.seed,
    };
    match options.check(data) {
        Ok(()) => Ok(Some((of, data, options))),
        // Of a map that nobody asked for, it is enough to say why there is none.
        Err(error @ (Error::Setting { setting: "map", .. } | Error::Mismatch { .. }))
            if args.map.is_none() =>
        {
            args.common.output().note(format_args!("no map: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Prints the numbers of an image.
fn pixels(args: &Args, files: &Files, index: usize) -> anyhow::Result<()> {
    let of = args.of.unwrap_or(files.usual());
    let data = files.part(of)?;
    if index >= data.images.count() {
        let last = data.images.count() - 1;
        let path = quote::path(data.images.path());
        let reason = format!("expected 0 to {last}, the images of {path}, found {index}");
        return Err(Error::Setting {
            setting: "pixels",
            reason,
        }
        .into());
    }
    let (image, label) = (data.images.image(index), data.labels[index]);
    let name = &files.classes[usize::from(label)];
    let columns = data.images.columns();
    let result = if args.common.json {
        let rows: Vec<&[u8]> = image.chunks(columns).collect();
        json!({ "of": of, "image": index, "label": label, "name": name, "pixels": rows })
            .to_string()
    } else {
        let numbers = drawing::numbers(image, columns);
        format!("{numbers}\nlabel {label}, {}", shown(name))
    };
    args.common.output().result(result)
}
