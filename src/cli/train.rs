//! `gingham train`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use gingham::data::Dataset;
use gingham::durable;
use gingham::error::Error;
use gingham::machine::Machine;
use gingham::quote;
use gingham::report::files::CHECKPOINT;
use gingham::report::{
    self, EndedBy, EpochRecord, Keep, Keeping, Recorder, Report, Run, RunFolder, Summary, Times,
    Watcher,
};
use gingham::train::{self, Checkpoint, Elapsed, Plan, Span, TrainOptions};

use super::output::{self, Output};
use super::progress::{self, Progress};
use super::settings::{Flags, Resolved, Sources, presets_and_example};
use super::signals::Listener;
use super::{Common, keeping, notes, open_training_data, outfile, summary};

/// Train a network and write its run folder.
///
/// With --folds and no --fold, a network is trained for each fold, as 'gingham sweep' does with the plan fold=1..K, and the mean and the
/// standard deviation of their held-out accuracies are printed. With --ensemble N, N networks are trained that differ in the seed of their
/// weights and dropout, and the folder gets one model that answers by the mean of their probabilities. The same command with --out goes on
/// where it was stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = presets_and_example())]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Train N networks, with the seeds from --seed on, and write one model that answers by the mean of their probabilities
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..), help_heading = "Data and settings")]
    pub ensemble: Option<u32>,
    /// Read settings from a TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE", help_heading = "Data and settings")]
    config: Option<PathBuf>,
    /// The run's folder, which must not exist [default: the next free runs/PRESET-seedN-0001]
    #[arg(long, value_name = "DIR", help_heading = "Runtime and output")]
    pub out: Option<PathBuf>,
    /// Write an event file for TensorBoard into the run's folder too
    #[arg(long, help_heading = "Runtime and output")]
    tensorboard: bool,
    #[command(flatten)]
    pub keeping: keeping::Choices,
    #[command(flatten)]
    pub progress: progress::Flag,
    /// Write report.html into the run's folder at the end, as 'gingham report' does
    #[arg(long, help_heading = "Runtime and output")]
    report: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Trains one network; `several` trains those of an ensemble, or one for each fold where all are asked for.
pub fn run(
    args: &Args,
    several: impl FnOnce(&Args, Resolved) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let age_at_start = report::process_age().unwrap_or_default();
    let resumed = args.keeping.folder(args.out.as_deref())?;
    let (goes_on, run) = match &resumed {
        Some(folder) => (!args.keeping.is_auto(), Some(folder.as_path())),
        None => (false, None),
    };
    let sources = Sources {
        config: if goes_on { run } else { args.config.as_deref() },
        goes_on,
        run,
        assigned: None,
    };
    let mut resolved = args.flags.resolve(&sources, args.common.threads)?;
    let all_folds = resolved.options.folds.is_some() && resolved.options.fold.is_none();
    if all_folds || args.ensemble.is_some() {
        args.check_several(all_folds)?;
        resolved.options = with_absolute_folders(resolved.options);
        return several(args, resolved);
    }
    let Resolved {
        mut options,
        start,
        notes: mut remarks,
    } = resolved;
    let machine = args.common.machine_for(options.threads, options.engine)?;
    // Before the plan looks at how much memory there is, since a thread takes some.
    let signals = Listener::start();
    let output = args.common.output();
    let dataset = open_training_data(&options, output)?;
    options = with_absolute_folders(options);
    let plan = match &start {
        Some(start) => Plan::starting_from(start, &options, &dataset, &machine)?,
        None => Plan::new(&options, &dataset, &machine)?,
    };
    let keeping = args.keeping.keeping(&plan, &signals)?;
    let (mut folder, checkpoint) = match resumed {
        Some(folder) => match go_on(&folder, &plan, args)? {
            GoesOn::Run(begun) => *begun,
            GoesOn::Whole(summary) => {
                output.note("this run is whole: nothing is left to train");
                if args.report {
                    write_report(&machine, &dataset, &summary, output)?;
                }
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
    remarks.extend(notes::of(&plan));
    for note in remarks {
        output.note(note);
    }
    let mut summary = train_into(&mut folder, &plan, checkpoint.as_ref(), &keeping, args)?;
    // Of a run that goes on, with what it had taken before.
    let before = checkpoint.map_or(0.0, |checkpoint| checkpoint.elapsed().sum_s());
    summary.total_seconds = before + (age_at_start + started.elapsed()).as_secs_f64();
    folder.finish(&summary)?;
    if args.report {
        write_report(&machine, &dataset, &summary, output)?;
    }
    print(&summary, args)
}

impl Args {
    /// Refuses what is of a single run, where several are trained: one for each fold, or those of an ensemble.
    ///
    /// # Errors
    /// [`Error::Setting`].
    fn check_several(&self, all_folds: bool) -> gingham::error::Result<()> {
        if all_folds && self.ensemble.is_some() {
            return Err(Error::Setting {
                setting: "ensemble",
                reason: "expected one fold (--fold) or no folds beside it, found all --folds"
                    .to_owned(),
            });
        }
        for (setting, is_given, instead) in [
            (
                "resume",
                self.keeping.resume.is_some(),
                "the same command with --out goes on where it was stopped",
            ),
            (
                "report",
                self.report,
                "give the folders of the runs to 'gingham report'",
            ),
            (
                "tensorboard",
                self.tensorboard,
                "train a single network with an event file",
            ),
        ] {
            if is_given {
                let reason = match all_folds {
                    true => format!(
                        "expected one fold (--fold) beside it, found --folds alone, which trains them all: {instead}"
                    ),
                    false => format!(
                        "expected a single network, found --ensemble, which trains several: {instead}"
                    ),
                };
                return Err(Error::Setting { setting, reason });
            }
        }
        Ok(())
    }
}

/// Writes the page of a run that is whole into its folder.
fn write_report(
    machine: &Machine,
    dataset: &Dataset,
    summary: &Summary,
    output: Output,
) -> anyhow::Result<()> {
    let run = Run::open(&summary.run_dir).context("reading the run")?;
    let out = summary.run_dir.join("report.html");
    // The run names the folder of its validation set.
    let folder = Some(&*dataset.folder).filter(|_| dataset.validation.is_none());
    let report = machine
        .run(|| Report::of(machine, &[run], folder, false))
        .context("making the report")?;
    durable::write_over(&out, report.html.as_bytes())?;
    output.progress(format_args!("wrote {}", quote::path(&out)));
    Ok(())
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
        && !has_time_left(&summary, plan)
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

/// Whether a run whose time was over has been given more.
fn has_time_left(summary: &Summary, plan: &Plan<'_>) -> bool {
    let taken_s = summary.prepare_seconds + summary.train_seconds + summary.evaluation_seconds;
    let most = plan.settings().max_time;
    let is_over = |most: Span| taken_s >= most.duration().as_secs_f64();
    summary.ended_by == Some(EndedBy::MaxTime) && !most.is_some_and(is_over)
}

fn print(summary: &Summary, args: &Args) -> anyhow::Result<()> {
    if args.common.json {
        let text = serde_json::to_string(summary).expect("plain fields");
        args.common.output().result(text)
    } else {
        args.common.output().result(summary::table(summary))
    }
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
    let mut recorder = Recorder::new(plan.settings(), folder, keeping, &mut watcher, &elapsed);
    let outcome = train::go_on(plan, checkpoint, &mut recorder);
    if let (Err(error), true) = (&outcome, args.common.json)
        && let Some(ending) = ending(error, &recorder)
    {
        args.common.output().result(ending)?;
    }
    let outcome = outcome.map_err(|error| match error {
        Error::Write { .. } | Error::Elsewhere { .. } => error.into(),
        _ => anyhow::Error::from(error).context("training"),
    })?;
    let (times, best, ended_by) = (recorder.times(), recorder.best(), recorder.ended_by());
    drop(watcher);
    let summary = Summary::new(plan, &outcome, times, folder.path_now());
    let summary = summary.with_best(best).ended_by(ended_by);
    if keeping.keep == Keep::Best {
        return Ok(summary.of_best_alone());
    }
    Ok(summary)
}

/// What `--json` prints of a run that diverged or was stopped by a signal; none where it failed in another way.
fn ending(error: &Error, recorder: &Recorder<'_>) -> Option<serde_json::Value> {
    let run_dir = recorder.run_dir();
    let checkpoint = run_dir.join(CHECKPOINT);
    let checkpoint = checkpoint.is_file().then_some(checkpoint);
    match error {
        Error::Diverged {
            what,
            epoch,
            batch,
            step,
            layer,
            learning_rate,
            ..
        } => Some(serde_json::json!({
            "diverged": what,
            "epoch": epoch,
            "batch": batch,
            "step": step,
            "layer": layer,
            "learning_rate": learning_rate,
            "run_dir": run_dir,
            "checkpoint": checkpoint,
        })),
        Error::Stopped {
            signal,
            epoch,
            batch,
            step,
            ..
        } => Some(serde_json::json!({
            "stopped": signal,
            "epoch": epoch,
            "batch": batch,
            "step": step,
            "run_dir": run_dir,
            "checkpoint": checkpoint,
        })),
        _ => None,
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

/// The settings with folders by names that are the same from everywhere.
pub fn with_absolute_folders(options: TrainOptions) -> TrainOptions {
    TrainOptions {
        data: absolute(options.data),
        validation: options.validation.map(absolute),
        ..options
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
