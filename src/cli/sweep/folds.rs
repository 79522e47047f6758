//! `gingham train --folds K`: a sweep over the folds of a cross-validation.

use std::path::Path;

use gingham::error::Result;
use gingham::quote;
use gingham::sweep::journal;
use gingham::sweep::results::Figures;
use gingham::sweep::{Entry, Metric, Results, Space};
use gingham::train::TrainOptions;
use serde_json::json;

use super::runs::Planned;
use super::several::{Several, check_count, heads, row};
use crate::cli::output::{self, facts, percent};
use crate::cli::settings::Resolved;
use crate::cli::train;

/// Trains the folds, in the folder of a sweep.
pub fn run(args: &train::Args, resolved: Resolved) -> anyhow::Result<()> {
    let out = planned(&resolved.options)?.train(args, resolved)?;
    show(&journal::read(&out)?, &out, args)
}

/// The plan, fold=1..K, and its runs.
fn planned(options: &TrainOptions) -> Result<Several> {
    let folds = options.folds.unwrap_or_default();
    check_count("folds", folds, "give the one to train by --fold")?;
    let space = Space::grid(&format!("fold=1..{folds}"))?;
    let run = |(number, assignment): (u32, _)| Planned {
        number: number as usize,
        assignment,
        options: TrainOptions {
            fold: Some(number),
            ..options.clone()
        },
    };
    let (preset, seed) = (options.preset.name(), options.seed);
    Ok(Several {
        planned: (1..).zip(space.runs()).map(run).collect(),
        space,
        name: format!("{preset}-seed{seed}-folds{folds}"),
    })
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
    let mut rows = vec![heads("fold")];
    rows.extend(
        entries
            .iter()
            .map(|entry| row(&entry.run.to_string(), entry)),
    );
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
