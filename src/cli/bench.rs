//! `gingham bench`

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham::bench::{self, BenchOptions, Parts, Report, Row};
use gingham::engine::EngineKind;
use gingham::error::Result;
use gingham::scalar::Dtype;
use gingham::train::{Preset, TrainOptions};

use super::output::{self, markdown, table};
use super::settings::Shape;
use super::{Common, data_folder, open_data};

/// The engines that can be timed.
const ENGINES: &[EngineKind] = &[
    EngineKind::Naive,
    EngineKind::Blas,
    EngineKind::Simd,
    EngineKind::Fixed,
];

/// Time the engines on a job of training, side by side.
///
/// The job is an epoch of training as a preset has it (the article's: 784-50-10 on 48,000 images in 25 mini-batches) or as the options
/// below change it; shuffling counts, evaluation and loading do not. In each round every engine trains once, and times are the medians
/// of the rounds. 'spread' is by how much the third quartile of the rounds is above the first. 'products' is the first layer's two
/// products alone.
///
/// Shares are of the peaks, which are measured between the rounds; 'kept' is the share of pixels that forward and gradient
/// multiply, because not all of a vector's are black. The last table has where an epoch's time goes, from epochs timed afterwards: stage the
/// pixels, forward, loss, backward, gradient and update, round weights and deltas; of what threads do side by side, the mean. 'left' is
/// waiting and joining.
///
/// Warnings name the rows whose share of a peak is above 100 %, since the machine was slower when that peak was measured, and the rows
/// whose spread is above 20 %. An epoch of fewer than 10 million operations is refused, because it is over too soon.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham bench --engine blas --dtype f32 --epochs 31\n  \
                  gingham bench --preset wide --hidden 1024,256 --engine blas,fixed --scaling"
)]
pub struct Args {
    /// Where settings that are not given come from, as in 'gingham train'
    #[arg(long, value_name = "NAME", default_value = Preset::Article.name(), value_parser = preset(),
          help_heading = "Data and settings")]
    preset: Preset,
    #[command(flatten)]
    shape: Shape,
    /// Engines to time; the naive one takes minutes for an epoch of a wide network [default: all of them]
    #[arg(
        long,
        value_name = "NAME,..",
        value_delimiter = ',',
        value_parser = engine(),
        help_heading = "Data and settings"
    )]
    engine: Vec<EngineKind>,
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
    /// Time engines with 1, 2, 4, .. threads, up to those of --threads, instead of with one and with all
    #[arg(long, help_heading = "Runtime and output")]
    scaling: bool,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json", help_heading = "Runtime and output")]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    F32,
    F64,
}

fn engine() -> impl TypedValueParser<Value = EngineKind> {
    let named = |name: String| {
        let engine = ENGINES.iter().find(|engine| engine.name() == name);
        *engine.expect("one of these names")
    };
    PossibleValuesParser::new(ENGINES.iter().map(|engine| engine.name())).map(named)
}

fn preset() -> impl TypedValueParser<Value = Preset> {
    let named = |name: String| {
        let preset = Preset::ALL.into_iter().find(|preset| preset.name() == name);
        preset.expect("one of these names")
    };
    PossibleValuesParser::new(Preset::ALL.map(Preset::name)).map(named)
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let job = args.shape.over(args.preset)?;
    let options = BenchOptions {
        subjects: subjects(args, &job)?,
        epochs: args.epochs as usize,
        threads: args.common.threads.unwrap_or(0),
        scaling: args.scaling,
        job,
    };
    let output = args.common.output();
    let dataset = open_data(&data_folder(args.data.as_deref()), output)?;
    let report = bench::run(&dataset, &options, &mut |what| output.progress(what))?;
    if !output.quiet {
        report.warnings.iter().for_each(output::warning);
    }
    if args.common.json {
        output.result(serde_json::to_string(&report)?)
    } else {
        output.result(text(&report, if args.markdown { markdown } else { table }))
    }
}

/// Each engine in each type that it computes in, once. Where none is left, the error is that of the last one.
fn subjects(args: &Args, job: &TrainOptions) -> Result<Vec<(EngineKind, Dtype)>> {
    let engines = if args.engine.is_empty() {
        ENGINES
    } else {
        &args.engine
    };
    let mut subjects = Vec::new();
    let mut refused = None;
    for &engine in engines {
        for dtype in &args.dtype {
            let dtype = match dtype {
                Type::F32 => Dtype::F32,
                Type::F64 => Dtype::F64,
            };
            let settings = TrainOptions {
                engine,
                dtype,
                ..job.clone()
            };
            match settings.validate() {
                Err(error) => refused = Some(error),
                Ok(()) if subjects.contains(&(engine, dtype)) => (),
                Ok(()) => subjects.push((engine, dtype)),
            }
        }
    }
    match refused.filter(|_| subjects.is_empty()) {
        Some(error) => Err(error),
        None => Ok(subjects),
    }
}

/// The report, its tables by `table`: several, because one would be wider than a terminal.
fn text(report: &Report, table: impl Fn(&[Vec<String>]) -> String) -> String {
    let Report {
        level,
        blas,
        peak_gflops_per_core,
        integer_peak_gops_per_core,
        rows,
        parts,
        ..
    } = report;
    let packed: Vec<Row> = rows
        .iter()
        .filter(|row| row.kept.is_some())
        .cloned()
        .collect();
    let of_packed = format!(
        "'executed' is the share of the peak that the multiplied pixels take, of fixed the peak in integers\n\
         ({integer_peak_gops_per_core:.0} GOP/s for a core); 'with black' counts all pixels\n\n{}\n\n",
        table(&self::packed(&packed))
    );
    format!(
        "{}\n\n{}\n\n\
         peak of a core in f32, measured in this run ({level}): {peak_gflops_per_core:.0} GFLOP/s, half of it in f64\n\n\
         {}\n\n{}where the time of an epoch goes, in ms\n\n{}\n\n{blas}",
        job(report),
        table(&times(rows)),
        table(&shares(rows)),
        if packed.is_empty() { "" } else { &of_packed },
        table(&self::parts(parts))
    )
}

/// What was timed, and how often.
fn job(report: &Report) -> String {
    let Report {
        preset,
        network,
        images,
        batch,
        batches,
        shuffle,
        rounds,
        ..
    } = report;
    let network: Vec<String> = network.iter().map(ToString::to_string).collect();
    let network = network.join("-");
    let order = if *shuffle {
        "shuffled"
    } else {
        "in fixed order"
    };
    let plural = |count: usize, one: &str, more: &str| {
        let word = if count == 1 { one } else { more };
        format!("{count} {word}")
    };
    format!(
        "{network} (preset {preset}), {images} images in {} of {batch}, {order}\nmedians of {}",
        plural(*batches, "mini-batch", "mini-batches"),
        plural(*rounds, "round", "rounds"),
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

/// Without a fraction from a second on: tables stay narrow.
fn milliseconds(ms: f64) -> String {
    let decimals = if ms < 1000.0 { 2 } else { 0 };
    format!("{ms:.decimals$}")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn times(report: &[Row]) -> Vec<Vec<String>> {
    let heads = ["ms/epoch", "fastest", "spread", "images/s", "x naive"];
    rows(report, heads, |row| {
        [
            milliseconds(row.ms_per_epoch),
            milliseconds(row.fastest_ms),
            figure(row.spread, percent),
            format!("{:.0}", row.images_per_second),
            figure(row.times_naive, |times| format!("{times:.2}")),
        ]
    })
}

fn shares(report: &[Row]) -> Vec<Vec<String>> {
    let heads = ["x 1 thread", "x products", "GFLOP/s", "of f32"];
    rows(report, heads, |row| {
        let times = |times| figure(times, |times| format!("{times:.2}"));
        [
            times(row.times_one_thread),
            times(row.over_products),
            format!("{:.1}", row.gflops),
            percent(row.share_of_peak),
        ]
    })
}

fn packed(report: &[Row]) -> Vec<Vec<String>> {
    let heads = ["of int, with black", "executed", "kept"];
    rows(report, heads, |row| {
        let kept = |kept: [f64; 2]| {
            let shares = kept.map(|share| format!("{:.0} %", share * 100.0));
            shares.join(", ")
        };
        [
            figure(row.share_of_integer_peak, percent),
            figure(
                row.executed_share_of_peak
                    .or(row.executed_share_of_integer_peak),
                percent,
            ),
            row.kept.map_or_else(|| "-".to_owned(), kept),
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
        row.extend(ms.map(milliseconds));
        row
    };
    std::iter::once(heads.map(str::to_owned).to_vec())
        .chain(parts.iter().map(row))
        .collect()
}
