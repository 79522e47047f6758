//! `gingham report`

use std::path::{Path, PathBuf};

use anyhow::Context;
use gingham::error::{Error, Result};
use gingham::quote;
use gingham::report::Report;

use super::{Common, outfile, runs};

/// Make a page of a run: curves, confusion matrix, predictions, mistakes, calibration, weights, settings.
///
/// Writes one HTML file that needs nothing else, and prints its name. Several runs are compared by curves and in a table, the best
/// by held-out accuracy first, and everything else is about that one. A run that is not finished is shown as far as it came; what
/// cannot be shown beside others gets a note. The network is asked about the official test images, or where there are none about those held
/// out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  gingham report runs/article-seed42-0001
  gingham report runs/* --out comparison.html")]
pub struct Args {
    /// Folders of runs, or the models in them
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// The page, which must not exist without --force; '-': stdout [default: report.html in the folder of the first run that can be shown]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
    let runs = runs::open(&args.runs, output)?;
    runs::note_unfinished(&runs, output);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| runs[0].path.join("report.html"));
    outfile::check(&out, args.force)?;
    let report = machine
        .run(|| Report::of(&machine, &runs, args.data.as_deref(), args.by_number))
        .context("making the report")?;
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
