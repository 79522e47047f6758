//! `gingham sweep-report`

use std::path::PathBuf;

use anyhow::Context;
use gingham::sweep::results::Figures;
use gingham::sweep::{Entry, Found, Metric, Parts, Results};
use serde::Deserialize;

use super::Common;
use super::output::{Output, markdown, table};
use super::sweep::shown::{Figure, ranking, shown};

/// Shards that are named where they are missing.
const SHARDS: usize = 10;

/// Show what a sweep has found, also while it runs.
///
/// The best runs, the mean and the spread over seeds where seeds are swept, and for each other setting the runs by its values. Several folders
/// are read as one sweep, which they must be parts of, such as its shards: with the same settings, over the same plan.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham sweep-report sweeps/rate\n  gingham sweep-report sweeps/rate --csv > rate.csv\n  \
                  gingham sweep-report sweeps/rate/shard-*"
)]
pub struct Args {
    /// The folders of the sweep
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// What decides which run is better [default: that by which runs were pruned, else heldout_accuracy; error where no images were held out]
    #[arg(long, value_name = "FIGURE")]
    metric: Option<Figure>,
    /// Ranks that are shown; JSON and CSV have all
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Print a line for each run as CSV, the best one first
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    csv: bool,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let output = args.common.output();
    let parts = Parts::read(&args.folders).context("reading the sweep")?;
    tell_of_missing(&parts, output);
    let halves = parts.identity.settings.contains_key("halving");
    let metric = metric(args.metric, &parts);
    let (planned, entries) = (parts.identity.runs, parts.entries);
    let results = Results::of(&entries, metric)?;
    if args.common.json {
        let mut whole = serde_json::to_value(&results)?;
        whole["planned"] = planned.into();
        whole["metric"] = metric.name().into();
        return output.result(whole);
    }
    if args.csv {
        return output.result(csv(&results, metric, halves));
    }
    let tables = if args.markdown { markdown } else { table };
    let ended = results.ended;
    let pruned = match results.pruned {
        0 => String::new(),
        pruned => format!(", {pruned} pruned"),
    };
    output.result(format_args!(
        "{ended} of {planned} runs have ended, {} of them diverged{pruned}; {:.1} s of training\n",
        results.diverged, results.train_seconds
    ))?;
    output.result(tables(&ranking(&results, metric, args.top)))?;
    if !results.over_seeds.is_empty() {
        let first = results.runs.first().map(|run| &run.assigned);
        let names: Vec<&str> = first
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let heads = match (
            names.contains(&"fold"),
            names.iter().any(|name| name.ends_with("seed")),
        ) {
            (true, true) => "over seeds and folds",
            (true, false) => "over folds",
            (false, _) => "over seeds",
        };
        let rows = figures(heads, results.over_seeds.iter().take(args.top), metric);
        output.result(format_args!("\n{}", tables(&rows)))?;
    }
    for effect in &results.by_setting {
        let rows = figures(&effect.setting, effect.values.iter(), metric);
        output.result(format_args!("\n{}", tables(&rows)))?;
    }
    Ok(())
}

/// Says which shards of a sweep are not there.
fn tell_of_missing(parts: &Parts, output: Output) {
    if let Some((count, missing)) = parts.missing() {
        let names: Vec<String> = missing.iter().take(SHARDS).map(u32::to_string).collect();
        let more = match missing.len().saturating_sub(SHARDS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        output.note(format_args!(
            "of the {count} shards of this sweep these are not among the folders: {}{more}",
            names.join(", ")
        ));
    }
}

/// What the sweep in these folders has found.
pub fn found(folders: &[PathBuf], asked: Option<Figure>) -> anyhow::Result<Found> {
    let parts = Parts::read(folders).context("reading the sweep")?;
    Ok(Found {
        folders: folders.to_vec(),
        planned: parts.identity.runs,
        metric: metric(asked, &parts),
        entries: parts.entries,
    })
}

/// The figure that decides. Where none is asked for, it is the one by which runs were pruned, else the accuracy on the held-out images where runs
/// have it.
fn metric(asked: Option<Figure>, parts: &Parts) -> Metric {
    let settings = &parts.identity.settings;
    let by_which = settings
        .get("metric")
        .filter(|_| settings.contains_key("halving"));
    let pruned_by = by_which.and_then(|name| Metric::deserialize(name).ok());
    let has_accuracy = |entry: &Entry| entry.figure(Metric::HeldoutAccuracy).is_some();
    match asked.map(Figure::metric).or(pruned_by) {
        Some(metric) => metric,
        None if parts.entries.iter().any(has_accuracy) => Metric::HeldoutAccuracy,
        None => Metric::Error,
    }
}

/// Means and spreads of some runs, a line each.
fn figures<'a>(
    heads: &str,
    groups: impl Iterator<Item = &'a Figures>,
    metric: Metric,
) -> Vec<Vec<String>> {
    let groups: Vec<&Figures> = groups.collect();
    let has_pruned = groups.iter().any(|group| group.pruned > 0);
    let heads = [heads, "runs", "mean", "deviation", "best", "diverged"];
    let row = |group: &&Figures| {
        let mut row = vec![
            group.of.clone(),
            group.runs.to_string(),
            shown(group.mean, metric),
            shown(group.deviation, metric),
            shown(group.best, metric),
            group.diverged.to_string(),
        ];
        row.extend(has_pruned.then(|| group.pruned.to_string()));
        row
    };
    let mut heads = heads.map(str::to_owned).to_vec();
    heads.extend(has_pruned.then(|| "pruned".to_owned()));
    std::iter::once(heads)
        .chain(groups.iter().map(row))
        .collect()
}

/// All runs, the best one first: figures in full, and nothing where there is none. Where runs are pruned, the last column has the epoch.
fn csv(results: &Results, metric: Metric, halves: bool) -> String {
    let number = |figure: Option<f64>| figure.map_or_else(String::new, |figure| figure.to_string());
    let names = results.runs.first().map(|run| &run.assigned);
    let names = names.into_iter().flatten().map(|(name, _)| name.as_str());
    let heads = ["rank", "run"].into_iter().chain(names);
    let heads = heads.chain([metric.name(), "test_accuracy", "train_seconds"]);
    let heads = heads.chain(halves.then_some("pruned"));
    let mut lines = vec![heads.collect::<Vec<_>>().join(",")];
    for (rank, run) in results.runs.iter().enumerate() {
        let mut cells = vec![(rank + 1).to_string(), run.run.to_string()];
        cells.extend(run.assigned.iter().map(|(_, value)| value.clone()));
        cells.extend([run.figure, run.test_accuracy, run.train_seconds].map(number));
        if halves {
            let epoch = run.pruned.map(|epoch| epoch.to_string());
            cells.push(epoch.unwrap_or_default());
        }
        lines.push(cells.join(","));
    }
    lines.join("\n")
}
