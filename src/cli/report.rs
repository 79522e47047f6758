//! `gingham report`

use std::path::{Path, PathBuf};

use anyhow::Context;
use gingham::error::{Error, Result};
use gingham::quote;
use gingham::report::Report;
use gingham::sweep::folder;

use super::sweep::shown::Figure;
use super::{Common, outfile, runs, sweep_report};

/// Make a page of a run or of a sweep: ranking, curves, confusion matrix, predictions, mistakes, calibration, weights, settings.
///
/// Writes one HTML file that needs nothing else, and prints its name. Several runs are compared by curves and in a table, the best
/// by held-out accuracy first, and everything else is about that one. A run that is not finished is shown as far as it came; what
/// cannot be shown beside others gets a note. The network is asked about the official test images, or where there are none about those held
/// out.
///
/// The page of a sweep, also while it runs, has the ranking of its runs, the curves of the best, every run by its settings, the effect of each
/// setting and the spread over seeds, and all of that about the best run. Several folders of a sweep are read as one, which they must be
/// parts of.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham report runs/article-seed42-0001
  gingham report runs/* --out comparison.html
  gingham report sweeps/rate")]
pub struct Args {
    /// Folders of runs, or the models in them; or the folder of a sweep
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// The page, which must not exist without --force; '-': stdout [default: report.html in the folder of the sweep, or of the first run that can be shown]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What decides which run of a sweep is better [default: heldout_accuracy; error where no images were held out]
    #[arg(long, value_name = "FIGURE")]
    metric: Option<Figure>,
    /// The folder of the data set [default: the one that the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Take labels by their number, also where the data set has other class names than the model
    #[arg(long)]
    by_number: bool,
    #[command(flatten)]
    force: outfile::Force,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let output = args.common.output();
    if let Some(out) = &args.out {
        check_ending(out)?;
    }
    if is_sweep(args)? {
        let found = sweep_report::found(&args.runs, args.metric)?;
        let page = || found.page(&machine, args.data.as_deref(), args.by_number);
        return write(args, &args.runs[0], || machine.run(page));
    }
    let runs = runs::open(&args.runs, output)?;
    runs::note_unfinished(&runs, output);
    let page = || Report::of(&machine, &runs, args.data.as_deref(), args.by_number);
    write(args, &runs[0].path, || machine.run(page))
}

/// Whether the folders are those of a sweep; a mixture, and what is asked of a sweep alone, are refused.
fn is_sweep(args: &Args) -> Result<bool> {
    let is_sweep = |path: &&PathBuf| folder::is_sweep(path);
    let sweep = args.runs.iter().find(is_sweep);
    let other = args.runs.iter().find(|path| !is_sweep(path));
    match (sweep, other) {
        (Some(sweep), Some(other)) => Err(Error::Setting {
            setting: "RUN_DIR",
            reason: format!(
                "expected folders of runs, or those of one sweep, found both: {} is a sweep's, {} is not",
                quote::path(sweep),
                quote::path(other)
            ),
        }),
        (None, Some(other)) if args.metric.is_some() => Err(Error::Setting {
            setting: "metric",
            reason: format!(
                "expected the folder of a sweep, whose runs it ranks, found {}",
                quote::path(other)
            ),
        }),
        (sweep, _) => Ok(sweep.is_some()),
    }
}

/// Writes the page that `make` makes, without --out into `folder`.
fn write(args: &Args, folder: &Path, make: impl FnOnce() -> Result<Report>) -> anyhow::Result<()> {
    let output = args.common.output();
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| folder.join("report.html"));
    outfile::check(&out, args.force)?;
    let report = make().context("making the report")?;
    outfile::write(&out, report.html.as_bytes(), args.force)?;
    for note in report.notes {
        output.note(note);
    }
    if outfile::is_stdout(&out) {
        return Ok(());
    }
    if args.common.json {
        return output.result(serde_json::json!({ "report": quote::text(&out) }));
    }
    output.result(quote::path(&out))
}

/// Refuses a name whose ending says that the file is no page.
fn check_ending(out: &Path) -> Result<()> {
    const OTHERS: [&str; 9] = [
        "svg",
        "png",
        "pdf",
        "json",
        "jsonl",
        "csv",
        "md",
        "txt",
        "safetensors",
    ];
    let ending = out.extension().unwrap_or_default().to_string_lossy();
    if OTHERS
        .iter()
        .any(|other| ending.eq_ignore_ascii_case(other))
    {
        return Err(Error::Setting {
            setting: "out",
            reason: format!(
                "expected a name that ends in .html, found {}; 'gingham plot' draws single figures as .svg or .png",
                quote::path(out)
            ),
        });
    }
    Ok(())
}
