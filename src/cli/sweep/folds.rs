//! `gingham train --folds K`: a sweep over the folds of a cross-validation.

use std::path::{Path, PathBuf};

use gingham::error::{Error, Result};
use gingham::quote;
use gingham::sweep::journal;
use gingham::sweep::results::Figures;
use gingham::sweep::{Choice, Entry, Metric, Results, Space, SweepFolder};
use gingham::train::{Plan, TrainOptions};
use serde_json::json;

use super::groups::{Limits, Wanted};
use super::runs::{Planned, Shared, Sweep};
use super::sink::Shown;
use super::{MANY_RUNS, identity};
use crate::cli::output::{self, Output, facts, percent};
use crate::cli::progress::Mode;
use crate::cli::settings::Resolved;
use crate::cli::signals::Listener;
use crate::cli::{notes, open_training_data, outfile, train};

/// Trains the folds, in the folder of a sweep.
pub fn run(args: &train::Args, resolved: Resolved) -> anyhow::Result<()> {
    let output = args.common.output();
    let Resolved {
        mut options,
        start,
        notes: mut remarks,
    } = resolved;
    options.data = train::absolute(options.data);
    options.validation = options.validation.map(train::absolute);
    let (space, planned) = planned(&options)?;
    let machine = args.common.machine_for(options.threads, options.engine)?;
    let signals = Listener::start();
    let dataset = open_training_data(&options, output)?;
    let shared = Shared {
        dataset: &dataset,
        machine: &machine,
        start: start.as_ref(),
    };
    // What is wrong with the settings is wrong with the first fold, and is said of them and not of a plan that nobody has written.
    let first = &planned[0].options;
    let plan = match &start {
        Some(start) => Plan::starting_from(start, first, &dataset, &machine)?,
        None => Plan::new(first, &dataset, &machine)?,
    };
    let mut wanted = Vec::new();
    for run in &planned {
        wanted.push(Wanted::from(&shared.plan(run)?));
    }
    let keeping = args.keeping.keeping(&plan, &signals)?;
    let identity = identity(plan.settings(), &space, &planned);
    args.out.as_deref().map_or(Ok(()), outfile::check_folder)?;
    let out = args.out.clone().unwrap_or_else(|| next(&options));
    let metric = Metric::HeldoutAccuracy;
    let top = planned.len();
    let mut folder = SweepFolder::open(
        &out,
        &identity,
        Choice {
            metric,
            top,
            halves: false,
        },
    )?;
    output.progress(format_args!("writing {}", quote::path(&out)));
    remarks.extend(notes::of(&plan));
    remarks.iter().for_each(|note| output.note(note));
    let sweep = Sweep {
        shared,
        keeping: &keeping,
        shown: Shown {
            metric,
            json: false,
            output: Output {
                quiet: output.quiet || args.progress.mode == Mode::None,
            },
        },
    };
    let limits = Limits::new(None, &machine);
    let trained = sweep.all(&planned, (wanted, limits), &mut folder);
    if let (Err(_), None) = (&trained, &args.out) {
        output.note(format_args!(
            "going on takes --out {} in the command",
            quote::argument(&out)
        ));
    }
    trained?;
    show(&journal::read(&out)?, &out, args)
}

/// The plan, fold=1..K, and its runs.
fn planned(options: &TrainOptions) -> Result<(Space, Vec<Planned>)> {
    let folds = options.folds.unwrap_or_default();
    if u64::from(folds) > MANY_RUNS {
        return Err(Error::Setting {
            setting: "folds",
            reason: format!(
                "expected at most {MANY_RUNS} where all are trained, found {folds}: give the one to train by --fold"
            ),
        });
    }
    let space = Space::grid(&format!("fold=1..{folds}"))?;
    let run = |(number, assignment): (u32, _)| Planned {
        number: number as usize,
        assignment,
        options: TrainOptions {
            fold: Some(number),
            ..options.clone()
        },
    };
    let planned = (1..).zip(space.runs()).map(run).collect();
    Ok((space, planned))
}

/// The first folder of the usual name that is not there yet.
fn next(options: &TrainOptions) -> PathBuf {
    let (preset, seed) = (options.preset.name(), options.seed);
    let folds = options.folds.unwrap_or_default();
    let named = |number: u32| format!("runs/{preset}-seed{seed}-folds{folds}-{number:04}");
    let mut names = (1..).map(|number| PathBuf::from(named(number)));
    let free = names.find(|name| name.symlink_metadata().is_err());
    free.expect("numbers without an end")
}

/// Prints the folds in their order, and the mean and the deviation of their accuracies.
fn show(entries: &[Entry], out: &Path, args: &train::Args) -> anyhow::Result<()> {
    let output = args.common.output();
    let results = Results::of(entries, Metric::HeldoutAccuracy)?;
    let all = results.over_seeds.first();
    let mean = all.and_then(|all| all.mean);
    let deviation = all.and_then(|all| all.deviation);
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.run);
    if args.common.json {
        return output.result(json!({
            "folds": entries,
            "heldout_accuracy_mean": mean,
            "heldout_accuracy_deviation": deviation,
            "diverged": results.diverged,
            "sweep_dir": out,
        }));
    }
    let heads = ["fold", "held out", "training", "test", "error", "seconds"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| row(entry)));
    output.result(output::table(&rows))?;
    let rows = [
        ("mean held-out accuracy", percent(mean)),
        ("standard deviation", percent(deviation)),
        ("folds", counted(all)),
        ("in", quote::path(out)),
    ];
    output.result(format_args!("\n{}", facts(&rows)))
}

/// How many folds the mean is of.
fn counted(all: Option<&Figures>) -> String {
    let (runs, diverged) = all.map_or((0, 0), |all| (all.runs, all.diverged));
    match diverged {
        0 => runs.to_string(),
        _ => format!("{runs}, and {diverged} diverged"),
    }
}

fn row(entry: &Entry) -> Vec<String> {
    let fold = entry.run.to_string();
    let Some(summary) = entry.summary() else {
        return vec![fold, "diverged".to_owned()];
    };
    vec![
        fold,
        percent(summary.heldout_accuracy),
        percent(summary.train_accuracy),
        percent(summary.test_accuracy),
        format!("{:.6}", summary.final_error),
        format!("{:.2}", summary.train_seconds),
    ]
}
