//! `gingham bench`

use std::path::PathBuf;

use clap::ValueEnum;
use gingham::bench::{self, BenchOptions, Parts, Report, Row};
use gingham::engine::EngineKind;
use gingham::scalar::Dtype;

use super::output::{markdown, table};
use super::{Common, data_folder, open_data};

/// Time the engines on the article's job, side by side.
///
/// An epoch of 784-50-10 on 48,000 images in 25 mini-batches, evaluation and loading not counted, in rounds in which every engine
/// runs once; medians. 'products' is the first layer's two products alone.
///
/// The second table has shares of the peaks, which are measured in the same run; 'kept' is the share of pixels that forward and gradient
/// multiply, because not all of a vector's are black. The third has where an epoch's time goes, from epochs timed afterwards: stage the
/// pixels, forward, loss, backward, gradient and update, round weights and deltas; of what threads do side by side, the mean. 'left' is
/// waiting and joining.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gingham bench --engine blas --dtype f32 --epochs 31")]
pub struct Args {
    /// Engines to time
    #[arg(
        long,
        value_name = "NAME,..",
        value_delimiter = ',',
        default_value = "naive,blas,fixed",
        help_heading = "Data and settings"
    )]
    engine: Vec<Engine>,
    /// Types to time them in
    #[arg(
        long,
        value_name = "TYPE,..",
        value_delimiter = ',',
        default_value = "f32,f64",
        help_heading = "Data and settings"
    )]
    dtype: Vec<Type>,
    /// Rounds; the naive engine takes part in every fifth
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..=100_000),
          help_heading = "Data and settings")]
    epochs: u32,
    /// The folder of the data set [default: $GINGHAM_DATA, else data/fashion-mnist]
    #[arg(long, value_name = "DIR", help_heading = "Data and settings")]
    data: Option<PathBuf>,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json", help_heading = "Runtime and output")]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Engine {
    Naive,
    Blas,
    Simd,
    Fixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    F32,
    F64,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let dataset = open_data(&data_folder(args.data.as_deref()), args.common.output())?;
    let kind = |engine: &Engine| match engine {
        Engine::Naive => EngineKind::Naive,
        Engine::Blas => EngineKind::Blas,
        Engine::Simd => EngineKind::Simd,
        Engine::Fixed => EngineKind::Fixed,
    };
    let dtype = |dtype: &Type| match dtype {
        Type::F32 => Dtype::F32,
        Type::F64 => Dtype::F64,
    };
    let types = || args.dtype.iter().map(dtype);
    let options = BenchOptions {
        subjects: args
            .engine
            .iter()
            .map(kind)
            .flat_map(|kind| types().map(move |dtype| (kind, dtype)))
            .filter(|&(kind, dtype)| !kind.packs() || dtype == Dtype::F32)
            .collect(),
        epochs: args.epochs as usize,
        threads: args.common.threads.unwrap_or(0),
    };
    let output = args.common.output();
    let report = bench::run(&dataset, &options, &mut |what| output.progress(what))?;
    if args.common.json {
        output.result(serde_json::to_string(&report)?)
    } else {
        output.result(text(&report, if args.markdown { markdown } else { table }))
    }
}

/// The report, its tables by `table`: three, because one would be wider than a terminal.
fn text(report: &Report, table: impl Fn(&[Vec<String>]) -> String) -> String {
    let Report {
        images,
        batch,
        rounds,
        level,
        blas,
        peak_gflops_per_core,
        integer_peak_gops_per_core,
        rows,
        parts,
        ..
    } = report;
    format!(
        "{images} images in batches of {batch}; medians of {rounds} rounds\n\n{}\n\n\
         peaks of a core, measured in this run ({level}): {peak_gflops_per_core:.0} GFLOP/s in f32, half of it in f64;\n\
         {integer_peak_gops_per_core:.0} GOP/s in integers, of which 'with black' counts all pixels and 'executed' those multiplied\n\n\
         {}\n\nwhere the time of an epoch goes, in ms\n\n{}\n\n{blas}",
        table(&times(rows)),
        table(&shares(rows)),
        table(&self::parts(parts))
    )
}

/// A table's rows: `heads`, then the subject, its threads and what `cells` gives, for each row.
fn rows<const N: usize>(
    rows: &[Row],
    heads: [&str; N],
    cells: impl Fn(&Row) -> [String; N],
) -> Vec<Vec<String>> {
    let first = ["", "threads"].into_iter().chain(heads);
    let row = |row: &Row| {
        let subject = format!("{} {}", row.engine, row.dtype);
        [subject, row.threads.to_string()]
            .into_iter()
            .chain(cells(row))
            .collect()
    };
    std::iter::once(first.map(str::to_owned).collect())
        .chain(rows.iter().map(row))
        .collect()
}

/// What there is of a figure.
fn figure(figure: Option<f64>, text: impl Fn(f64) -> String) -> String {
    figure.map_or_else(|| "-".to_owned(), text)
}

fn times(report: &[Row]) -> Vec<Vec<String>> {
    let heads = [
        "ms/epoch",
        "fastest ms",
        "images/s",
        "x naive",
        "x products",
        "x 1 thread",
    ];
    rows(report, heads, |row| {
        let times = |times| figure(times, |times| format!("{times:.2}"));
        [
            format!("{:.2}", row.ms_per_epoch),
            format!("{:.2}", row.fastest_ms),
            format!("{:.0}", row.images_per_second),
            times(row.times_naive),
            times(row.over_products),
            times(row.times_one_thread),
        ]
    })
}

fn shares(report: &[Row]) -> Vec<Vec<String>> {
    let heads = [
        "GFLOP/s",
        "of f32",
        "of int, with black",
        "executed",
        "kept",
    ];
    rows(report, heads, |row| {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        [
            format!("{:.1}", row.gflops),
            percent(row.share_of_peak),
            figure(row.share_of_integer_peak, percent),
            figure(row.executed_share_of_integer_peak, percent),
            row.kept.map_or_else(
                || "-".to_owned(),
                |kept| {
                    kept.map(|share| format!("{:.0} %", share * 100.0))
                        .join(", ")
                },
            ),
        ]
    })
}

/// Where the time goes, as rows of a table.
fn parts(parts: &[Parts]) -> Vec<Vec<String>> {
    let heads = [
        "", "threads", "stage", "forward", "loss", "backward", "update", "round w", "round d",
        "left", "total",
    ];
    let row = |parts: &Parts| {
        let ms = [
            parts.stage_ms,
            parts.forward_ms,
            parts.loss_ms,
            parts.backward_ms,
            parts.update_ms,
            parts.round_weights_ms,
            parts.round_deltas_ms,
            parts.left_ms,
            parts.total_ms,
        ];
        let Parts {
            engine,
            dtype,
            threads,
            ..
        } = parts;
        let mut row = vec![format!("{engine} {dtype}"), threads.to_string()];
        row.extend(ms.map(|ms| format!("{ms:.2}")));
        row
    };
    std::iter::once(heads.map(str::to_owned).to_vec())
        .chain(parts.iter().map(row))
        .collect()
}
