//! `gingham train`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use gingham::data::split;
use gingham::durable;
use gingham::error::{Error, cut, list};
use gingham::quote;
use gingham::report::files::CHECKPOINT;
use gingham::report::{
    self, EpochRecord, Keep, Keeping, Recorder, Report, Run, RunFolder, Summary, Times, Watcher,
};
use gingham::train::{self, Checkpoint, Elapsed, Plan, TrainOptions};

use super::output::{self, facts, percent, shown};
use super::progress::{self, Progress};
use super::settings::{Flags, Resolved, presets_and_example};
use super::{Common, base, keeping, open_data, outfile};

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
    keeping: keeping::Choices,
    #[command(flatten)]
    progress: progress::Flag,
    /// Write report.html into the run's folder at the end, as 'gingham report' does
    #[arg(long, help_heading = "Runtime and output")]
    report: bool,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let started = Instant::now();
    let age_at_start = report::process_age().unwrap_or_default();
    let resumed = args.keeping.folder(args.out.as_deref())?;
    let config = match &resumed {
        Some(folder) if !args.keeping.is_auto() => Some(folder.as_path()),
        _ => args.config.as_deref(),
    };
    let Resolved {
        mut options,
        start,
        notes: mut remarks,
    } = args.flags.resolve(config, args.common.threads)?;
    let machine = args.common.machine_for(options.threads, options.engine)?;
    let output = args.common.output();
    let dataset = open_data(&options.data, output)?;
    options.data = absolute(options.data);
    let plan = match &start {
        Some(start) => Plan::starting_from(start, &options, &dataset, &machine)?,
        None => Plan::new(&options, &dataset, &machine)?,
    };
    let keeping = args.keeping.keeping(&plan)?;
    let (mut folder, checkpoint) = match resumed {
        Some(folder) => match go_on(&folder, &plan, args)? {
            GoesOn::Run(begun) => *begun,
            GoesOn::Whole(summary) => {
                output.note("this run is whole: nothing is left to do");
                return print(&summary, args);
            }
        },
        None => (create_folder(args.out.as_deref(), plan.settings())?, None),
    };
    output.progress(format_args!("writing {}", quote::path(folder.path())));
    if args.tensorboard && !folder.has_events() {
        folder.log_events(plan.training_samples())?;
    }
    if let Some(start) = &start {
        folder.keep_start(start)?;
    }
    remarks.extend(notes(&plan));
    for note in remarks {
        output.note(note);
    }
    let mut summary = train_into(&mut folder, &plan, checkpoint.as_ref(), &keeping, args)?;
    // Of a run that goes on, with what it had taken before.
    let before = checkpoint.map_or(0.0, |checkpoint| checkpoint.elapsed().sum_s());
    summary.total_seconds = before + (age_at_start + started.elapsed()).as_secs_f64();
    folder.finish(&summary)?;
    if args.report {
        let run = Run::open(&summary.run_dir).context("reading the run")?;
        let out = summary.run_dir.join("report.html");
        let report = machine
            .run(|| Report::of(&machine, &[run], Some(&dataset.folder), false))
            .context("making the report")?;
        durable::write_over(&out, report.html.as_bytes())?;
        output.progress(format_args!("wrote {}", quote::path(&out)));
    }
    print(&summary, args)
}

/// A run that was begun before.
enum GoesOn {
    /// It was stopped, after this checkpoint if there is one.
    Run(Box<(RunFolder, Option<Checkpoint>)>),
    /// It has ended.
    Whole(Box<Summary>),
}

/// Opens the folder of a run that was begun before, if it was begun as `plan` says.
fn go_on(folder: &Path, plan: &Plan<'_>, args: &Args) -> anyhow::Result<GoesOn> {
    let output = args.common.output();
    let claim = RunFolder::claim(folder)?;
    let checkpoint = claim.checkpoint()?;
    let then = claim.settings()?;
    let differences = match (&checkpoint, &then) {
        (Some(checkpoint), _) => checkpoint.differences(plan),
        (None, Some(then)) => train::differences(then, plan),
        (None, None) => Vec::new(),
    };
    args.keeping.check(folder, &differences)?;
    for difference in &differences {
        output.note(format_args!("going on with {difference}"));
    }
    if differences.is_empty()
        && let Some(summary) = claim.summary()?
    {
        return Ok(GoesOn::Whole(Box::new(summary)));
    }
    let is_new = then.is_none() || !differences.is_empty();
    let config = is_new.then(|| config(plan.settings()));
    let mut folder = claim.go_on(checkpoint.as_ref(), config.as_deref())?;
    if folder.has_events() {
        folder.log_events(plan.training_samples())?;
    }
    output.progress(match &checkpoint {
        Some(checkpoint) => format!("going on after step {}", checkpoint.info().step),
        None => "beginning anew: the run was stopped before its first checkpoint".to_owned(),
    });
    Ok(GoesOn::Run(Box::new((folder, checkpoint))))
}

fn print(summary: &Summary, args: &Args) -> anyhow::Result<()> {
    if args.common.json {
        let text = serde_json::to_string(summary).expect("plain fields");
        args.common.output().result(text)
    } else {
        args.common.output().result(summary_table(summary))
    }
}

/// What the user may not expect of a run, before it starts.
fn notes(plan: &Plan<'_>) -> Vec<String> {
    let engine = plan.settings().engine.name();
    let of_engine = plan.engine_note();
    let images = plan.mini_batches().largest(plan.training_samples());
    let remarks = base::remarks(plan.settings(), images);
    classes_without_images(plan)
        .into_iter()
        .chain(of_engine.map(|note| format!("engine {engine}: {note}")))
        .chain(plan.data_note().map(str::to_owned))
        .chain(plan.start_notes())
        .chain(remarks.into_iter().map(str::to_owned))
        .collect()
}

/// That classes have no image to train on, where some have none.
fn classes_without_images(plan: &Plan<'_>) -> Option<String> {
    /// With more images than that, chance leaves some of them in any share that is not held out.
    const MANY: usize = 1000;
    /// The names that are told.
    const TOLD: usize = 5;
    let data = plan.data();
    let mut counts = vec![0_usize; data.classes.len()];
    for &label in data.train.labels {
        counts[usize::from(label)] += 1;
    }
    if counts.iter().all(|&count| count > MANY) {
        return None;
    }
    let settings = plan.settings();
    let images = data.train.labels.len() as u32;
    counts.fill(0);
    for index in split(images, settings.holdout, settings.seed).train {
        counts[usize::from(data.train.labels[index as usize])] += 1;
    }
    let lacking: Vec<String> = counts
        .iter()
        .zip(&data.classes)
        .enumerate()
        .filter(|(_, (count, _))| **count == 0)
        .map(|(label, (_, name))| format!("{label} ({})", shown(&cut(name))))
        .collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "no training image shows class {}: the network cannot learn what these look like",
            list(&lacking, TOLD)
        )
    })
}

/// Trains, records every epoch in the folder, shows it, and writes the model.
fn train_into(
    folder: &mut RunFolder,
    plan: &Plan<'_>,
    checkpoint: Option<&Checkpoint>,
    keeping: &Keeping,
    args: &Args,
) -> anyhow::Result<Summary> {
    let shape = progress::Plan {
        epochs: plan.settings().epochs,
        evaluated_every: plan.settings().evaluation_interval(),
        images: plan.training_samples(),
        test_share: plan.data().test.as_ref().map_or(0.0, |test| {
            test.labels.len() as f64 / plan.data().train.labels.len() as f64
        }),
    };
    let mut watcher = OnScreen {
        progress: Progress::start(args.progress.mode, args.common.output(), shape),
    };
    let elapsed = checkpoint.map_or_else(Elapsed::default, |from| from.elapsed().clone());
    let mut recorder = Recorder::new(folder, keeping, &mut watcher, &elapsed);
    let outcome = train::go_on(plan, checkpoint, &mut recorder);
    if let (Err(error @ Error::Diverged { .. }), true) = (&outcome, args.common.json) {
        args.common
            .output()
            .result(divergence(error, folder.path()))?;
        return Err(outcome.expect_err("it diverged")).context("training");
    }
    let outcome = outcome.context("training")?;
    let (times, best) = (recorder.times(), recorder.best());
    drop(watcher);
    let summary = Summary::new(plan, &outcome, times, folder.path_now()).with_best(best);
    if keeping.keep == Keep::Best {
        folder.remove_model()?;
        let model = summary.best_model.clone().unwrap_or_default();
        return Ok(Summary { model, ..summary });
    }
    folder.write_model(&outcome.model)?;
    Ok(summary)
}

/// What `--json` prints of a run that diverged.
fn divergence(error: &Error, run_dir: &Path) -> serde_json::Value {
    let checkpoint = run_dir.join(CHECKPOINT);
    match error {
        Error::Diverged {
            what,
            epoch,
            batch,
            step,
            layer,
            learning_rate,
            ..
        } => serde_json::json!({
            "diverged": what,
            "epoch": epoch,
            "batch": batch,
            "step": step,
            "layer": layer,
            "learning_rate": learning_rate,
            "run_dir": run_dir,
            "checkpoint": checkpoint.is_file().then_some(checkpoint),
        }),
        _ => serde_json::Value::Null,
    }
}

/// Shows a run on stderr.
struct OnScreen {
    progress: Progress,
}

impl Watcher for OnScreen {
    fn show(&mut self, record: &EpochRecord, times: &Times) {
        self.progress.show(record, times);
    }

    fn warn(&mut self, error: &Error) {
        self.progress.clear();
        let error = error as &dyn std::error::Error;
        let source = error
            .source()
            .map_or_else(String::new, |source| format!(": {source}"));
        output::warning(format_args!("{error}{source}; the run goes on"));
    }
}

/// The folder by a name that is the same from everywhere, where a configuration file can hold that name.
fn absolute(folder: PathBuf) -> PathBuf {
    let absolute = folder.canonicalize().ok();
    absolute
        .filter(|folder| folder.to_str().is_some())
        .unwrap_or(folder)
}

/// The settings as a run's folder holds them.
pub fn config(options: &TrainOptions) -> String {
    toml::to_string(options).expect("settings are a table of plain values")
}

fn create_folder(out: Option<&Path>, options: &TrainOptions) -> anyhow::Result<RunFolder> {
    let config = config(options);
    out.map_or(Ok(()), outfile::check_folder)?;
    let folder = match out {
        Some(path) => RunFolder::create(path, &config),
        None => {
            let name = format!("{}-seed{}", options.preset.name(), options.seed);
            RunFolder::create_next(Path::new("runs"), &name, &config)
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
        row("model", quote::path(&summary.model)),
    ])
}
