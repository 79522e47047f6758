//! `gingham report`

use std::path::PathBuf;

use anyhow::Context;
use gingham::report::{self, Run};

use super::{Common, outfile};

/// Make a page of a run: curves, confusion matrix, predictions, mistakes, calibration, weights, settings.
///
/// Writes one HTML file that needs nothing else, and prints its name. With several runs curves and a table compare them, and
/// everything else is about the first. A run that is not finished is shown as far as it came. The network is asked about the
/// official test images, or where there are none about those held out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham report runs/article-seed42-0001
  gingham report runs/first runs/second --out comparison.html")]
pub struct Args {
    /// Folders of runs
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// The page, which must not exist without --force; '-': stdout [default: report.html in the first run's folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The folder of the data set [default: the one that the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    force: outfile::Force,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let runs = args
        .runs
        .iter()
        .map(|path| Run::open(path))
        .collect::<Result<Vec<_>, _>>()
        .context("reading the run")?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.runs[0].join("report.html"));
    let output = args.common.output();
    for run in runs.iter().filter(|run| run.finish.is_none()) {
        output.progress(format_args!(
            "{}: not finished (no summary.json); shown up to epoch {}",
            run.path.display(),
            run.epochs.len()
        ));
    }
    let data = args.data.as_deref();
    let lacking = outfile::make(&out, args.force, |out| {
        Ok(machine.run(|| report::write(&machine, &runs, data, out))?)
    })
    .context("making the report")?;
    if let Some(lacking) = lacking {
        output.progress(format_args!("without predictions: {lacking}"));
    }
    if outfile::is_stdout(&out) {
        return Ok(());
    }
    if args.common.json {
        return output.result(serde_json::json!({ "report": out.display().to_string() }));
    }
    output.result(out.display())
}
