//! `gingham synth`

use std::path::PathBuf;

use gingham::data::synth;
use gingham::quote;
use serde_json::json;

use super::{Common, outfile};

/// Draw a data set: ten classes of garments, of any size, no download.
///
/// Writes the four IDX files and classes.txt into a new folder. An image depends on the seed, its place and its class alone.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham synth --out data/synth --train 60000 --test 10000 --seed 1"
)]
pub struct Args {
    /// Training images
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    train: u32,
    /// Test images
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    test: u32,
    /// Seed of everything that is drawn
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        help_heading = "Data and settings"
    )]
    seed: u32,
    /// The new folder
    #[arg(long, value_name = "DIR", help_heading = "Runtime and output")]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let machine = args.common.machine()?;
    let Args {
        out,
        train,
        test,
        seed,
        ..
    } = args;
    outfile::check_folder(out)?;
    args.common
        .output()
        .progress(format_args!("drawing {train} + {test} images"));
    machine.run(|| synth::write(out, *train, *test, *seed))?;
    let result = if args.common.json {
        json!({ "out": quote::text(out), "train": train, "test": test, "seed": seed }).to_string()
    } else {
        format!(
            "{}: {train} training and {test} test images of {} classes",
            quote::path(out),
            synth::CLASSES
        )
    };
    args.common.output().result(result)
}
