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
/// runs once; medians. 'products' is the first layer's two products alone. The peak is measured in the same run. The second table has
/// where an epoch's time goes, from epochs timed afterwards: of what threads do side by side, the mean; 'left' is waiting and joining.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gingham bench --engine blas --dtype f32 --epochs 31")]
pub struct Args {
    /// Engines to time
    #[arg(
        long,
        value_name = "NAME,..",
        value_delimiter = ',',
        default_value = "naive,blas,fixed"
    )]
    engine: Vec<Engine>,
    /// Types to time them in
    #[arg(
        long,
        value_name = "TYPE,..",
        value_delimiter = ',',
        default_value = "f32,f64"
    )]
    dtype: Vec<Type>,
    /// Rounds; the naive engine takes part in every fifth
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    epochs: u32,
    /// The folder of the data set [default: $GINGHAM_DATA, else data/fashion-mnist]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Engine {
    Naive,
    Blas,
    Fixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    F32,
    F64,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let dataset = open_data(&data_folder(args.data.as_deref()))?;
    let kind = |engine: &Engine| match engine {
        Engine::Naive => EngineKind::Naive,
        Engine::Blas => EngineKind::Blas,
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
            .filter(|&subject| subject != (EngineKind::Fixed, Dtype::F64))
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

/// The report, its table by `table`.
fn text(report: &Report, table: impl Fn(&[Vec<String>]) -> String) -> String {
    let heads = [
        "",
        "threads",
        "ms/epoch",
        "fastest",
        "images/s",
        "GFLOP/s",
        "of f32 peak",
        "of int peak, black pixels counted",
        "executed",
        "kept forward, gradient",
        "x naive",
        "x products",
        "x 1 thread",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for row in &report.rows {
        let Row {
            engine,
            dtype,
            threads,
            ms_per_epoch,
            fastest_ms,
            images_per_second,
            gflops,
            ..
        } = row;
        let times = |times: Option<f64>| {
            times.map_or_else(|| "-".to_owned(), |times| format!("{times:.2}"))
        };
        let share = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
        };
        rows.push(vec![
            format!("{engine} {dtype}"),
            threads.to_string(),
            format!("{ms_per_epoch:.2}"),
            format!("{fastest_ms:.2}"),
            format!("{images_per_second:.0}"),
            format!("{gflops:.1}"),
            format!("{:.1} %", row.share_of_peak * 100.0),
            share(row.share_of_integer_peak),
            share(row.executed_share_of_integer_peak),
            row.kept.map_or_else(
                || "-".to_owned(),
                |[forward, gradient]| {
                    format!("{:.0} %, {:.0} %", forward * 100.0, gradient * 100.0)
                },
            ),
            times(row.times_naive),
            times(row.over_products),
            times(row.times_one_thread),
        ]);
    }
    let Report {
        images,
        batch,
        rounds,
        level,
        blas,
        peak_gflops_per_core,
        integer_peak_gops_per_core,
        ..
    } = report;
    format!(
        "{}\n\n{images} images in batches of {batch}; medians of {rounds} rounds\n\
         peaks of a core, measured in this run ({level}): {peak_gflops_per_core:.0} GFLOP/s in f32, half of it in f64; \
         {integer_peak_gops_per_core:.0} GOP/s in integers\n{blas}\n\nms/epoch of each part\n\n{}",
        table(&rows),
        table(&parts(&report.parts))
    )
}

/// Where the time goes, as rows of a table.
fn parts(parts: &[Parts]) -> Vec<Vec<String>> {
    let heads = [
        "",
        "threads",
        "stage",
        "forward",
        "loss",
        "backward",
        "gradient, update",
        "round weights",
        "round deltas",
        "left",
        "total",
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
