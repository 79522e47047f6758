//! `gingham plot`

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use gingham::error::{Error, Result};
use gingham::figures::Figure;
use gingham::machine::Machine;
use gingham::report::{self, Details, Run, charts};

use super::{Common, outfile};

/// Draw one figure of a run.
///
/// Writes it as a new file and prints its name. A figure of error or accuracy takes several runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham plot runs/article-seed42-0001 --kind confusion --format png")]
pub struct Args {
    /// Folders of runs
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// What is drawn
    #[arg(long, value_enum)]
    kind: Kind,
    /// The form of the file
    #[arg(long, value_enum, default_value = "svg")]
    format: Format,
    /// The file, which must not exist without --force; '-': stdout [default: KIND.FORMAT in the first run's folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The folder of the data set [default: the one that the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let curves = matches!(args.kind, Kind::Error | Kind::Accuracy);
    if args.runs.len() > 1 && !curves {
        return Err(Error::Setting {
            setting: "kind",
            reason: format!(
                "expected one run for a figure of this kind, found {}",
                args.runs.len()
            ),
        }
        .into());
    }
    let runs = args
        .runs
        .iter()
        .map(|path| Run::open(path))
        .collect::<Result<Vec<_>>>()
        .context("reading the run")?;
    let name = |value: &dyn ToString| value.to_string();
    let kind = args.kind.to_possible_value().expect("no kind is hidden");
    let format = args.format.to_possible_value().expect("nor a format");
    let file = format!("{}.{}", name(&kind.get_name()), name(&format.get_name()));
    let out = args.out.clone().unwrap_or_else(|| args.runs[0].join(file));
    outfile::check(&out, args.force)?;
    let figure = machine
        .run(|| draw(args, &machine, &runs))
        .context("drawing the figure")?;
    let bytes = match args.format {
        Format::Svg => figure.svg.into_bytes(),
        Format::Png => figure.png(args.scale)?,
    };
    outfile::write(&out, &bytes, args.force)?;
    if outfile::is_stdout(&out) {
        return Ok(());
    }
    let output = args.common.output();
    if args.common.json {
        return output.result(serde_json::json!({ "figure": out.display().to_string() }));
    }
    output.result(out.display())
}

fn draw(args: &Args, machine: &Machine, runs: &[Run]) -> Result<Figure> {
    let run = &runs[0];
    let lacking = |what: &str, found: &str| Error::Mismatch {
        path: run.path.clone(),
        expected: what.to_owned(),
        found: found.to_owned(),
    };
    let details = || -> Result<Details> {
        report::details(machine, run, args.data.as_deref())?.map_err(|why| {
            lacking(
                "a run whose network can be asked",
                why.trim_end_matches('.'),
            )
        })
    };
    Ok(match args.kind {
        Kind::Error => charts::error(runs),
        Kind::Accuracy => {
            charts::accuracy(runs).ok_or_else(|| lacking("an epoch that was evaluated", "none"))?
        }
        Kind::Confusion => {
            let details = details()?;
            charts::confusion(&details.evaluation, &details.classes)
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
    })
}
