//! `gingham predict`

mod ground;
mod images;
mod remarks;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{ArgGroup, ValueEnum};
use gingham::data::Images;
use gingham::evaluate::{self, Predictor};
use gingham::machine::Machine;
use gingham::model::AnyModel;
use serde::Serialize;

pub use ground::{Ground, Invert};
use images::Asked;

use super::Common;
use super::infile::{check_stdin, open_model};
use super::output::{self, Output, shown};

/// Name the class of images.
///
/// Prints a line an image: its place or file, class, class name, and with --proba the probability of each class,
/// separated by tabs; with --json an object a line. Pixels are scaled by the figures that the model was trained with.
/// Pictures that cannot be read are named, and the others answered; the exit code is then 3.
/// A file whose name is no text is named as a shell would quote it ($'\377.png'), in JSON too.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("images").required(true).multiple(true).args(["png", "idx"])), after_help = "\
Example:
  gingham predict --model model.safetensors --proba shirt.png boot.png
  gingham predict --model model.safetensors --invert=auto photos/*.png
  gingham predict --model model.safetensors --idx t10k-images-idx3-ubyte | cut -f 3 | sort | uniq -c")]
pub struct Args {
    /// The model file, or the folder of the run that left it
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    model: PathBuf,
    /// Turn black and white round first: for dark garments on a light ground. 'auto' does so where an image's border is light.
    /// Transparency is laid on white where an image is turned round, on black where it is not
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_value = "no",
        default_missing_value = "yes",
        help_heading = "Images"
    )]
    invert: Invert,
    /// Answer by the mean probabilities of each image and its mirror image, left to right
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Model")]
    tta: Option<Tta>,
    /// An IDX file of images, raw or .gz; '-': standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "png",
        help_heading = "Images"
    )]
    idx: Option<PathBuf>,
    /// PNG images of the size that the model takes; '-': standard input
    #[arg(value_name = "PNG", help_heading = "Images")]
    png: Vec<PathBuf>,
    /// Print the probability of each class
    #[arg(long, help_heading = "Runtime and output")]
    proba: bool,
    /// Print the names of the columns first
    #[arg(long, conflicts_with = "json", help_heading = "Runtime and output")]
    header: bool,
    #[command(flatten)]
    common: Common,
}

/// More than one look at an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tta {
    Flip,
}

impl From<Tta> for evaluate::Tta {
    fn from(tta: Tta) -> Self {
        match tta {
            Tta::Flip => Self::Flip,
        }
    }
}

/// What is printed of an image as JSON.
#[derive(Serialize)]
struct Row<'a> {
    image: &'a str,
    class: usize,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<&'a [f64]>,
}

/// Makes `--invert auto` one argument, which it must be: without that, the first picture behind `--invert` would be its value.
pub fn joined(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    let mut are_flags = true;
    for argument in arguments {
        are_flags &= argument != "--";
        match joined.last_mut() {
            Some(last) if are_flags && *last == *"--invert" && argument == "auto" => {
                last.push("=auto");
            }
            _ => joined.push(argument),
        }
    }
    joined
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let given = [Some(&args.model), args.idx.as_ref()].into_iter().flatten();
    check_stdin(given.chain(&args.png).map(PathBuf::as_path))?;
    let machine = args.common.machine()?;
    let model = open_model(&args.model, args.common.output())?;
    let ground = Ground::new(args.invert, &model);
    let (rows, columns) = (model.info().rows, model.info().columns);
    let Asked {
        names,
        images,
        remarks,
        mut refused,
    } = match &args.idx {
        Some(path) => images::of_idx(path, [rows, columns], &ground)?,
        None => images::of_pictures(&args.png, [rows, columns], &ground),
    };
    let output = args.common.output();
    for remark in remarks.lines() {
        output.note(remark);
    }
    let last = refused.pop();
    for error in refused {
        output::error(format_args!("{:#}", anyhow::Error::from(error)));
    }
    if args.header {
        output.result(header(args.proba, &model))?;
    }
    let name = |index: u32| match names.get(index as usize) {
        Some(name) => name.clone(),
        None => index.to_string(),
    };
    machine.run(|| print(args, &machine, &model, (&images, &name)))?;
    last.map_or(Ok(()), |error| Err(error.into()))
}

fn header(with_shares: bool, model: &AnyModel) -> String {
    let mut columns: Vec<String> = ["image", "class", "name"].map(str::to_owned).to_vec();
    if with_shares {
        columns.extend(model.info().classes.iter().map(|name| shown(name)));
    }
    columns.join("\t")
}

/// Asks the model about the images, and prints a line for each, under its name.
fn print(
    args: &Args,
    machine: &Machine,
    model: &AnyModel,
    (images, name): (&Images, &(dyn Fn(u32) -> String + Sync)),
) -> anyhow::Result<()> {
    let classes = &model.info().classes;
    let indices: Vec<u32> = (0..images.count() as u32).collect();
    let mut lines = String::new();
    let mut written = Ok(());
    // A reader that has gone, such as `head`, ends it.
    let mut predictor = Predictor::new(machine, model).with_tta(args.tta.map(Into::into));
    predictor.for_each_while(images, &indices, |outputs| {
        let shares = outputs.probabilities.chunks_exact(outputs.classes);
        let answers = outputs.answers().zip(shares);
        for (&index, (class, shares)) in outputs.indices.iter().zip(answers) {
            let row = Row {
                image: &name(index),
                class,
                name: &classes[class],
                probabilities: args.proba.then_some(shares),
            };
            lines.push_str(&line(&row, args.common.json));
        }
        written = Output::result(args.common.output(), lines.trim_end());
        lines.clear();
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    written
}

fn line(row: &Row<'_>, json: bool) -> String {
    if json {
        return serde_json::to_string(row).expect("plain fields") + "\n";
    }
    let shares = row
        .probabilities
        .into_iter()
        .flatten()
        .map(|share| format!("\t{share:.6}"))
        .collect::<String>();
    let (image, name) = (shown(row.image), shown(row.name));
    format!("{image}\t{}\t{name}{shares}\n", row.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_belongs_to_invert_and_a_picture_does_not() {
        for (typed, read) in [
            ("predict --invert auto a.png", "predict --invert=auto a.png"),
            ("predict --invert a.png auto", "predict --invert a.png auto"),
            ("predict a.png --invert auto", "predict a.png --invert=auto"),
            ("predict -- --invert auto", "predict -- --invert auto"),
        ] {
            let words = |text: &str| -> Vec<OsString> { text.split(' ').map(Into::into).collect() };
            assert_eq!(joined(words(typed)), words(read));
        }
    }
}
