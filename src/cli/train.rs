//! `gingham train`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use gingham::data::{self, Dataset};
use gingham::engine::blas;
use gingham::kernels::Level;
use gingham::parallel::Threads;
use gingham::report::{self, EpochRecord, Recorder, Run, RunFolder, Summary};
use gingham::scalar::{Dtype, Scalar};
use gingham::train::{self, Preset, TrainOptions};

use super::output::{facts, percent};
use super::progress::{self, Plan, Progress};
use super::settings::{Flags, presets_and_example};
use super::{Common, open_data};

/// Train a network and write its run folder.
#[derive(Debug, clap::Args)]
#[command(after_help = presets_and_example())]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Read settings from a TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE", help_heading = "Data and settings")]
    config: Option<PathBuf>,
    /// The run's folder, which must not exist [default: the next free runs/PRESET-seedN-0001]
    #[arg(long, value_name = "DIR", help_heading = "Runtime and output")]
    out: Option<PathBuf>,
    /// Write an event file for TensorBoard into the run's folder too
    #[arg(long, help_heading = "Runtime and output")]
    tensorboard: bool,
    #[command(flatten)]
    progress: progress::Flag,
    /// Write report.html into the run's folder at the end, as 'gingham report' does
    #[arg(long, help_heading = "Runtime and output")]
    report: bool,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let options = args
        .flags
        .resolve(args.config.as_deref(), args.common.threads)?;
    let threads = args.common.pool(options.threads, options.engine)?;
    match options.dtype {
        Dtype::F32 => train_in::<f32>(args, options, &threads),
        Dtype::F64 => train_in::<f64>(args, options, &threads),
    }
}

#[expect(clippy::too_many_lines)]
fn train_in<T: Scalar>(
    args: &Args,
    mut options: TrainOptions,
    threads: &Threads,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let age_at_start = report::process_age().unwrap_or_default();
    let output = args.common.output();
    let dataset = open_data(&options.data)?;
    train::check(&dataset, &options)?;
    // What the configuration file says is what was done: resolved, and the same from any folder whose name it can hold.
    if let Some(folder) = options
        .data
        .canonicalize()
        .ok()
        .filter(|folder| folder.to_str().is_some())
    {
        options.data = folder;
    }
    let engine_note = options.engine_note();
    options.engine = options.engine.resolve(T::DTYPE);
    options.eval_every = Some(options.evaluation_interval());
    let mut folder = create_folder(args.out.as_deref(), &options)?;
    output.progress(format_args!("writing {}", folder.path().display()));
    let images = training_images(&dataset, &options);
    if args.tensorboard {
        folder.log_events(images)?;
    }

    if let Some(note) = engine_note {
        output.note(format_args!("engine {}: {note}", options.engine.name()));
    }

    let plan = Plan {
        epochs: options.epochs,
        evaluated_every: options.evaluation_interval(),
        images,
    };
    let mut progress = Progress::start(args.progress.mode, output, plan);
    let mut show = |record: &EpochRecord| progress.show(record);
    let mut recorder = Recorder::new(&mut folder, &mut show);
    let outcome = threads
        .run(|| train::train::<T>(&dataset, &options, &mut recorder))
        .context("training")?;
    let Recorder {
        prepare_s,
        train_s,
        evaluation_s,
        ..
    } = recorder;
    drop(progress);
    folder.write_model(&outcome.model)?;

    let images = outcome.training_images as f64 * options.epochs as f64;
    let summary = Summary {
        preset: options.preset,
        seed: options.seed,
        epochs: options.epochs,
        engine: options.engine.name().into(),
        engine_note: engine_note.map(Into::into),
        level: Level::detect().name().into(),
        dtype: options.dtype.name().into(),
        threads: threads.count(),
        cpu: report::cpu(),
        final_error: outcome.error,
        train_accuracy: outcome.accuracies.train,
        heldout_accuracy: outcome.accuracies.heldout,
        test_accuracy: outcome.test_accuracy,
        train_seconds: train_s,
        total_seconds: (age_at_start + started.elapsed()).as_secs_f64(),
        prepare_seconds: prepare_s,
        evaluation_seconds: evaluation_s,
        images_per_second: images / train_s,
        peak_rss_bytes: report::peak_rss_bytes(),
        run_dir: folder.path().to_owned(),
        model: folder.model_path(),
        blas: blas::library(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: report::commit().into(),
        labels_sha256: dataset.train.labels_sha256.clone(),
    };
    folder.finish(&summary)?;
    if args.report {
        let run = Run::open(&summary.run_dir).context("reading the run")?;
        let out = summary.run_dir.join("report.html");
        threads
            .run(|| report::write(&[run], Some(&dataset.folder), &out))
            .context("making the report")?;
        output.progress(format_args!("wrote {}", out.display()));
    }
    if args.common.json {
        output.result(serde_json::to_string(&summary).expect("plain fields"))
    } else {
        output.result(summary_table(&summary))
    }
}

/// How many images an epoch takes.
fn training_images(dataset: &Dataset, options: &TrainOptions) -> usize {
    let count = dataset.train.labels.len();
    count - data::held_out(count as u32, options.holdout)
}

fn create_folder(out: Option<&Path>, options: &TrainOptions) -> anyhow::Result<RunFolder> {
    let config = toml::to_string(options).expect("settings are a table of plain values");
    let folder = match out {
        Some(path) => RunFolder::create(path, &config),
        None => {
            let preset = match options.preset {
                Preset::Article => "article",
                Preset::Wide => "wide",
            };
            RunFolder::create_next(
                Path::new("runs"),
                &format!("{preset}-seed{}", options.seed),
                &config,
            )
        }
    };
    folder.context("making the run's folder")
}

fn summary_table(summary: &Summary) -> String {
    let row = |name: &'static str, value: String| (name, value);
    let memory = summary.peak_rss_bytes.map_or("-".to_owned(), |bytes| {
        format!("{:.0} MB", bytes as f64 / 1e6)
    });
    facts(&[
        row("train accuracy", percent(summary.train_accuracy)),
        row("held-out accuracy", percent(summary.heldout_accuracy)),
        row("test accuracy", percent(summary.test_accuracy)),
        row("final error", format!("{:.6}", summary.final_error)),
        row("epochs", summary.epochs.to_string()),
        row(
            "engine",
            format!(
                "{} {}, {}, {} threads",
                summary.engine, summary.dtype, summary.level, summary.threads
            ),
        ),
        row("training", format!("{:.2} s", summary.train_seconds)),
        row(
            "an epoch",
            format!(
                "{:.2} ms",
                summary.train_seconds / summary.epochs as f64 * 1e3
            ),
        ),
        row(
            "images",
            format!("{:.0} a second", summary.images_per_second),
        ),
        row("in all", format!("{:.2} s", summary.total_seconds)),
        row("peak memory", memory),
        row("model", summary.model.display().to_string()),
    ])
}
