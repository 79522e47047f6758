//! `gingham plot`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use gingham::error::{Error, Result};
use gingham::figures::Figure;
use gingham::machine::Machine;
use gingham::quote;
use gingham::report::charts::{self, Room};
use gingham::report::{self, Details, Ranking, Run};
use gingham::sweep::Found;

use super::{Common, outfile, runs, sweep_report};

/// Draw one figure of a run or of a sweep.
///
/// Writes it as a new file and prints its name. A figure of error or accuracy takes several runs, the best of which are drawn in colour.
/// 'parallel' and 'effects' are figures of a sweep.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham plot runs/article-seed42-0001 --kind confusion --out confusion.png
  gingham plot runs/* --kind accuracy
  gingham plot sweeps/rate --kind parallel")]
pub struct Args {
    /// Folders of runs, or the models in them; or the folder of a sweep
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// What is drawn
    #[arg(long, value_enum)]
    kind: Kind,
    /// The form of the file [default: that of the ending of --out, else svg]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file, which must not exist without --force; '-': stdout [default: KIND.FORMAT in the folder of the sweep, or of the first run that can be shown]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The folder of the data set [default: the one that the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Take labels by their number, also where the data set has other class names than the model
    #[arg(long)]
    by_number: bool,
    /// Pixels a unit of a PNG: 2 makes text of about 24 pixels
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0)]
    scale: f32,
    #[command(flatten)]
    force: outfile::Force,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The error by epoch
    Error,
    /// Accuracies by epoch
    Accuracy,
    /// The confusion matrix
    Confusion,
    /// The first images with the probabilities of their classes
    Predictions,
    /// The wrong answers that the network was surest of
    Mistakes,
    /// How often the network is right, by how sure it is
    Calibration,
    /// The first layer's weights as images
    Weights,
    /// All runs of a sweep by their settings, as parallel coordinates
    Parallel,
    /// The effect of each setting of a sweep
    Effects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let curves = matches!(args.kind, Kind::Error | Kind::Accuracy);
    let of_sweep = matches!(args.kind, Kind::Parallel | Kind::Effects);
    if args.runs.len() > 1 && !curves && !of_sweep {
        return Err(Error::Setting {
            setting: "kind",
            reason: format!(
                "expected one run for a figure of this kind, found {}",
                args.runs.len()
            ),
        }
        .into());
    }
    let forms = Format::ALL.map(|format| (format, format.ending()));
    let format = outfile::format_of(args.out.as_deref(), args.format, &forms, Some(Format::Svg))?;
    if of_sweep {
        let found = sweep_report::found(&args.runs, None)?;
        let folder = &found.folders[0];
        return write(args, format, folder, || draw_sweep(args.kind, &found));
    }
    let output = args.common.output();
    let runs = runs::open(&args.runs, output)?;
    if curves {
        runs::note_unfinished(&runs, output);
    }
    let figure = || machine.run(|| draw(args, &machine, &runs));
    write(args, format, &runs[0].path, figure)
}

/// Writes what `draw` draws, without --out into `folder`.
fn write(
    args: &Args,
    format: Format,
    folder: &Path,
    draw: impl FnOnce() -> Result<Figure>,
) -> anyhow::Result<()> {
    let output = args.common.output();
    let kind = args.kind.to_possible_value().expect("no kind is hidden");
    let file = format!("{}.{}", kind.get_name(), format.ending());
    let out = args.out.clone().unwrap_or_else(|| folder.join(file));
    outfile::check(&out, args.force)?;
    let figure = draw().context("drawing the figure")?;
    let bytes = match format {
        Format::Svg => figure.svg.into_bytes(),
        Format::Png => figure.png(args.scale)?,
    };
    outfile::write(&out, &bytes, args.force)?;
    if outfile::is_stdout(&out) {
        return Ok(());
    }
    if args.common.json {
        return output.result(serde_json::json!({ "figure": quote::text(&out) }));
    }
    output.result(quote::path(&out))
}

impl Format {
    const ALL: [Self; 2] = [Self::Svg, Self::Png];

    /// The ending of the names of such files.
    fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// Draws a figure of a sweep.
fn draw_sweep(kind: Kind, found: &Found) -> Result<Figure> {
    let swept = found.swept()?;
    let settings = swept.settings.iter();
    if !settings
        .map(|setting| setting.is_seed)
        .any(|is_seed| kind == Kind::Parallel || !is_seed)
    {
        return Err(Error::Mismatch {
            path: found.folders[0].clone(),
            expected: match kind {
                Kind::Parallel => "runs that have ended and differ in a setting",
                _ => "runs that have ended and differ in a setting that is no seed",
            }
            .to_owned(),
            found: format!("{} runs that have ended", swept.runs.len()),
        });
    }
    Ok(match kind {
        Kind::Effects => charts::effects(&swept),
        _ => charts::parallel(&swept, Room::Page),
    })
}

fn draw(args: &Args, machine: &Machine, runs: &[Run]) -> Result<Figure> {
    let run = &runs[0];
    let lacking = |what: &str, found: &str| Error::Mismatch {
        path: run.path.clone(),
        expected: what.to_owned(),
        found: found.to_owned(),
    };
    let details = || -> Result<Details> {
        let details = report::details(machine, run, args.data.as_deref(), args.by_number)?
            .map_err(|why| {
                lacking(
                    "a run whose network can be asked",
                    why.trim_end_matches('.'),
                )
            })?;
        for note in &details.notes {
            args.common.output().note(note);
        }
        Ok(details)
    };
    Ok(match args.kind {
        Kind::Error => charts::error(&Ranking::of(runs), Room::Page),
        Kind::Accuracy => charts::accuracy(&Ranking::of(runs), Room::Page)
            .ok_or_else(|| lacking("an epoch that was evaluated", "none"))?,
        Kind::Confusion => {
            let details = details()?;
            charts::confusion(&details.evaluation, &details.classes, Room::Page)
        }
        Kind::Predictions => {
            let details = details()?;
            charts::grid(
                "Predictions",
                &details.predictions,
                details.shape,
                &details.classes,
            )
        }
        Kind::Mistakes => {
            let details = details()?;
            charts::grid(
                "Most confident mistakes",
                &details.mistakes,
                details.shape,
                &details.classes,
            )
        }
        Kind::Calibration => {
            let details = details()?;
            charts::reliability(&details.bins, details.calibration_error)
        }
        Kind::Weights => {
            let model = run.model.as_ref();
            charts::weights(model.ok_or_else(|| lacking("a run with its model", "none"))?)
        }
        Kind::Parallel | Kind::Effects => unreachable!("figures of a sweep"),
    })
}
