//! `gingham train --ensemble N`: a sweep over the seeds of networks that answer together.

use std::path::Path;

use anyhow::{Context, bail};
use gingham::data::DataFolder;
use gingham::durable;
use gingham::error::{Error, Result};
use gingham::evaluate::{Evaluation, Part, Portion, Predictor};
use gingham::machine::Machine;
use gingham::model::AnyModel;
use gingham::quote;
use gingham::report::Summary;
use gingham::report::files::MODEL;
use gingham::sweep::{Entry, Space, folder, journal};
use gingham::train::TrainOptions;
use serde_json::json;

use super::runs::Planned;
use super::several::{Several, check_count, heads, row};
use crate::cli::infile::model_path;
use crate::cli::output::{self, facts, percent};
use crate::cli::settings::Resolved;
use crate::cli::train;

/// Trains the networks in the folder of a sweep, and writes the model of all into it.
pub fn run(args: &train::Args, networks: u32, resolved: Resolved) -> anyhow::Result<()> {
    if resolved.start.is_some() {
        return Err(Error::Setting {
            setting: "from",
            reason: "expected fresh weights, which make the networks of an ensemble differ, found one network that all start from"
                .to_owned(),
        }
        .into());
    }
    let options = resolved.options.clone();
    let out = planned(&options, networks)?.train(args, resolved)?;
    let mut entries = journal::read(&out)?;
    entries.sort_by_key(|entry| entry.run);
    check_whole(&entries, &out)?;
    let mut models = Vec::new();
    for entry in &entries {
        let path = model_path(&folder::run_dir(&out, entry.run));
        models.push(AnyModel::open(&path).context("reading a network of the ensemble")?);
    }
    let all = AnyModel::ensemble(models).map_err(|(number, what)| Error::Setting {
        setting: "out",
        reason: format!(
            "expected networks that differ in their weights alone, found another {what} in {} than in the first one",
            quote::path(&folder::run_dir(&out, entries[number].run))
        ),
    })?;
    let path = out.join(MODEL);
    durable::write_over(&path, &all.bytes())?;
    let machine = args.common.machine_for(options.threads, options.engine)?;
    let of = |part, folder: &Path, of_one: fn(&Summary) -> Option<f64>| {
        let has_part = entries[0].summary().and_then(of_one).is_some();
        let found = has_part.then(|| evaluation(&machine, &all, folder, part));
        found.transpose()
    };
    let heldout = options.validation.as_deref().unwrap_or(&options.data);
    let found = Found {
        heldout: of(Part::Heldout, heldout, |one| one.heldout_accuracy)?,
        test: of(Part::Test, &options.data, |one| one.test_accuracy)?,
    };
    show(&entries, &found, &path, args)
}

/// How all networks do together. A figure is none where there are no such images.
struct Found {
    heldout: Option<Evaluation>,
    test: Option<Evaluation>,
}

/// Asks the model of all about a part of the data set in a folder.
fn evaluation(
    machine: &Machine,
    model: &AnyModel,
    folder: &Path,
    part: Part,
) -> anyhow::Result<Evaluation> {
    let folder = DataFolder::open(folder).context("reading the data set")?;
    machine.run(|| {
        let portion = Portion::of(model, folder, part, false)?;
        let mut predictor = Predictor::with_standardizer(machine, model, &portion.standardizer);
        Ok(predictor.evaluation(&portion.data, &portion.indices)?)
    })
}

/// The plan, seed=S..S+N-1, and its runs, which see the same images in the same order.
fn planned(options: &TrainOptions, networks: u32) -> Result<Several> {
    check_count("ensemble", networks, "give fewer")?;
    let first = options.seed;
    let Some(last) = first.checked_add(networks - 1) else {
        return Err(Error::Setting {
            setting: "seed",
            reason: format!(
                "expected at most {}, so that each of {networks} networks has one, found {first}",
                u32::MAX - (networks - 1)
            ),
        });
    };
    let space = Space::grid(&format!("seed={first}..{last}"))?;
    let run = |(number, (seed, assignment))| Planned {
        number,
        assignment,
        options: TrainOptions {
            seed,
            split_seed: Some(options.seed_of_split()),
            order_seed: Some(options.order_seed.unwrap_or(first)),
            ..options.clone()
        },
    };
    let preset = options.preset.name();
    Ok(Several {
        planned: (1..)
            .zip((first..=last).zip(space.runs()))
            .map(run)
            .collect(),
        space,
        name: format!("{preset}-seed{first}-ensemble{networks}"),
    })
}

/// Refuses to make a model of some of the networks.
fn check_whole(entries: &[Entry], out: &Path) -> anyhow::Result<()> {
    let diverged: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.summary().is_none())
        .map(|entry| entry.assigned.as_str())
        .collect();
    if diverged.is_empty() {
        return Ok(());
    }
    let others = match diverged.len() == entries.len() {
        true => String::new(),
        false => format!(
            ", or 'gingham ensemble', which makes one model of the others under {}",
            quote::path(out)
        ),
    };
    bail!(
        "{} of {} networks diverged ({}): a smaller learning rate may help{others}",
        diverged.len(),
        entries.len(),
        diverged.join(", ")
    )
}

/// Prints the networks in their order, and what all answer together.
fn show(entries: &[Entry], found: &Found, model: &Path, args: &train::Args) -> anyhow::Result<()> {
    let output = args.common.output();
    let accuracy = |of: &Option<Evaluation>| of.as_ref().map(|of| of.accuracy);
    let loss = |of: &Option<Evaluation>| of.as_ref().map(|of| of.loss);
    if args.common.json {
        return output.result(json!({
            "networks": entries,
            "heldout_accuracy": accuracy(&found.heldout),
            "heldout_loss": loss(&found.heldout),
            "test_accuracy": accuracy(&found.test),
            "test_loss": loss(&found.test),
            "model": model,
        }));
    }
    let mut rows = vec![heads("network")];
    rows.extend(entries.iter().map(|entry| row(&entry.assigned, entry)));
    let mut all = vec![String::new(); rows[0].len()];
    all[0] = "all".to_owned();
    all[1] = percent(accuracy(&found.heldout));
    all[3] = percent(accuracy(&found.test));
    rows.push(all);
    output.result(output::table(&rows))?;
    output.result(format_args!(
        "\n{}",
        facts(&[("model of all", quote::path(model))])
    ))
}
