//! The networks of one `gingham train`: a sweep whose plan the command writes itself.

use std::path::PathBuf;

use gingham::error::{Error, Result};
use gingham::quote;
use gingham::sweep::{Choice, Entry, Space, SweepFolder};
use gingham::train::Plan;

use super::groups::{Limits, Wanted};
use super::runs::{Planned, Shared, Sweep};
use super::sink::Shown;
use super::{MANY_RUNS, identity, metric};
use crate::cli::output::{Output, percent};
use crate::cli::progress::Mode;
use crate::cli::settings::Resolved;
use crate::cli::signals::Listener;
use crate::cli::{notes, open_training_data, outfile, train};

/// What is trained.
pub struct Several {
    /// The plan.
    pub space: Space,
    /// Its runs, of which there is one at least.
    pub planned: Vec<Planned>,
    /// What a folder is called where --out names none, before its number.
    pub name: String,
}

impl Several {
    /// Trains all of them, and returns the folder of the sweep. `resolved` are the settings that they were planned from.
    pub fn train(&self, args: &train::Args, resolved: Resolved) -> anyhow::Result<PathBuf> {
        let output = args.common.output();
        let Resolved {
            options,
            start,
            notes: mut remarks,
        } = resolved;
        let machine = args.common.machine_for(options.threads, options.engine)?;
        let signals = Listener::start();
        let dataset = open_training_data(&options, output)?;
        let shared = Shared {
            dataset: &dataset,
            machine: &machine,
            start: start.as_ref(),
        };
        // What is wrong with the settings is wrong with the first run, and is said of them and not of a plan that nobody has written.
        let first = &self.planned[0].options;
        let plan = match &start {
            Some(start) => Plan::starting_from(start, first, &dataset, &machine)?,
            None => Plan::new(first, &dataset, &machine)?,
        };
        let mut wanted = Vec::new();
        for run in &self.planned {
            wanted.push(Wanted::from(&shared.plan(run)?));
        }
        let keeping = args.keeping.keeping(&plan, &signals)?;
        let identity = identity(plan.settings(), &self.space, &self.planned);
        args.out.as_deref().map_or(Ok(()), outfile::check_folder)?;
        let out = args.out.clone().unwrap_or_else(|| self.next_folder());
        let metric = metric(&plan);
        let choice = Choice {
            metric,
            top: self.planned.len(),
            halves: false,
        };
        let mut folder = SweepFolder::open(&out, &identity, choice)?;
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
        let trained = sweep.all(&self.planned, (wanted, limits), &mut folder);
        if let (Err(_), None) = (&trained, &args.out) {
            output.note(format_args!(
                "going on takes --out {} in the command",
                quote::argument(&out)
            ));
        }
        trained?;
        Ok(out)
    }

    /// The first folder of the usual name that is not there yet.
    fn next_folder(&self) -> PathBuf {
        let named = |number: u32| PathBuf::from(format!("runs/{}-{number:04}", self.name));
        let free = (1..)
            .map(named)
            .find(|name| name.symlink_metadata().is_err());
        free.expect("numbers without an end")
    }
}

/// Refuses more networks than a command trains without being asked twice.
///
/// # Errors
/// [`Error::Setting`], which says what to do `instead`.
pub fn check_count(setting: &'static str, found: u32, instead: &str) -> Result<()> {
    if u64::from(found) <= MANY_RUNS {
        return Ok(());
    }
    Err(Error::Setting {
        setting,
        reason: format!(
            "expected at most {MANY_RUNS} where all are trained, found {found}: {instead}"
        ),
    })
}

/// The heads of the table that [`row`] gives the rows of; `what` is in a row.
pub fn heads(what: &str) -> Vec<String> {
    let heads = [what, "held out", "training", "test", "error", "seconds"];
    heads.map(str::to_owned).to_vec()
}

/// How a network did.
pub fn row(name: &str, entry: &Entry) -> Vec<String> {
    let name = name.to_owned();
    let Some(summary) = entry.summary() else {
        return vec![name, "diverged".to_owned()];
    };
    vec![
        name,
        percent(summary.heldout_accuracy),
        percent(summary.train_accuracy),
        percent(summary.test_accuracy),
        format!("{:.6}", summary.final_error),
        format!("{:.2}", summary.train_seconds),
    ]
}
