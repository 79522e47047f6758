//! `gingham sweep`

mod estimate;
pub mod folds;
mod groups;
pub mod members;
mod rungs;
mod runs;
mod several;
pub mod shown;
mod sink;
mod workers;

use std::path::{Path, PathBuf};

use gingham::error::{Error, Result};
use gingham::quote;
use gingham::report::{self, Keeping};
use gingham::sweep::folder::BEST;
use gingham::sweep::{Choice, Halving, Identity, Metric, Results, Shard, Space, SweepFolder};
use gingham::train::{Plan, Start, TrainOptions};

use super::output::Output;
use super::progress::numbers::duration;
use super::settings::{Flags, Sources};
use super::signals::Listener;
use super::{Common, base, open_training_data, outfile, output, train as single};
use estimate::{Estimate, Work};
use groups::{Limits, Wanted};
use runs::{Planned, Shared, Sweep};
use sink::Shown;

/// Runs that are planned without being asked for by `--yes`.
const MANY_RUNS: u64 = 100_000;

/// Train many networks, one for each combination of settings.
///
/// The plan names settings of 'gingham train' and their values; the product of all is trained, the last setting changing fastest. Settings
/// that are given as flags or by --config hold for every run. A list has numbers, words, 'a..b' for whole numbers from a to b, and
/// 'log(a,b,n)' for n numbers from a to b whose ratios are equal; the hidden layers of one network are joined by '-'. With --random, values are
/// drawn: from 'uniform(a,b)', 'log(a,b)', 'a..b' and lists.
///
/// Every run that ends is a line of journal.jsonl in the sweep's folder: its number, what the plan says of it, and the summary that 'gingham
/// train --json' prints. The same command goes on where a sweep was stopped or killed, and repeats no run that has ended. A run
/// that diverges is written down as such, and the sweep goes on. Of the best runs the folders are kept, under runs/.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gingham sweep --epochs 30 --grid 'learning-rate=0.0005,0.001,0.002; seed=1..3' --out sweeps/rate\n  \
                  gingham sweep --preset plain --grid 'learning-rate=log(0.01,1); hidden=50,100,200-100' --random 20 --out sweeps/drawn"
)]
pub struct Args {
    /// What is swept, such as 'learning-rate=0.001,0.002; hidden=50,512-256; seed=1..5'
    #[arg(
        long,
        value_name = "PLAN",
        required_unless_present = "space",
        help_heading = "Plan"
    )]
    grid: Option<String>,
    /// Draw so many runs from the plan's ranges instead of taking their product
    #[arg(long, value_name = "N", requires = "grid", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Plan")]
    random: Option<u32>,
    /// Seed of what --random draws
    #[arg(
        long,
        value_name = "N",
        requires = "random",
        default_value_t = 1,
        help_heading = "Plan"
    )]
    random_seed: u32,
    /// Read what is swept from a TOML file, with a table [grid] or [random]
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "grid",
        help_heading = "Plan"
    )]
    space: Option<PathBuf>,
    /// Train the I-th of N equal parts of the plan, each in a folder of its own: every N-th run, from the I-th on
    #[arg(long, value_name = "I/N", help_heading = "Plan")]
    shard: Option<Shard>,
    /// Print the plan and an estimate of its time, check every run of it, and keep nothing
    #[arg(long, help_heading = "Plan")]
    dry_run: bool,
    /// Allow more than 100,000 runs
    #[arg(long, help_heading = "Plan")]
    yes: bool,
    #[command(flatten)]
    flags: Flags,
    /// Read settings that hold for every run from a TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE", help_heading = "Data and settings")]
    config: Option<PathBuf>,
    /// The sweep's folder: a new one, or that of the same sweep, to go on
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "dry_run",
        help_heading = "Results"
    )]
    out: Option<PathBuf>,
    /// Train at most so many runs side by side, where they see the same mini-batches; 1: all runs one after the other [default: 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Runtime and output")]
    group: Option<u32>,
    /// End a run when N evaluations have found nothing better by --metric, with its last network; --early-stopping leaves the best one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Plan")]
    patience: Option<u32>,
    /// Prune runs: the best R-th part by the metric goes on to R times the epochs, again and again, up to all epochs
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(2..), help_heading = "Plan")]
    halving: Option<u32>,
    /// Runs whose folders are kept, the best ones; of the others the journal keeps the figures
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Results")]
    top: usize,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let output = args.common.output();
    let space = space(args)?;
    let Resolved {
        mut planned,
        start,
        mut notes,
    } = resolved(args, &space)?;
    // What the runs share is told by any of them.
    let first = &planned[0].options;
    let machine = args.common.machine_for(first.threads, first.engine)?;
    let signals = Listener::start();
    let dataset = open_training_data(first, output)?;
    let shared = Shared {
        dataset: &dataset,
        machine: &machine,
        start: start.as_ref(),
    };
    let (mut wanted, mut works) = (Vec::new(), Vec::new());
    for run in &planned {
        let plan = shared.plan(run)?;
        wanted.push(Wanted::from(&plan));
        works.extend(args.dry_run.then(|| Work::from(&plan)));
    }
    let plan = shared.plan(&planned[0])?;
    let metric = metric(&plan);
    notes.extend(super::notes::of(&plan));
    let mut identity = identity(plan.settings(), &space, &planned);
    let patience = patience(args, &plan, &mut identity)?;
    let halving = halving(args, metric, &mut identity);
    if let Some(shard) = args.shard {
        identity.shard = Some(shard);
        let numbers = planned.iter().map(|run| run.number);
        let pairs = numbers.zip(wanted).filter(|(number, _)| shard.has(*number));
        wanted = pairs.map(|(_, wanted)| wanted).collect();
        planned.retain(|run| shard.has(run.number));
        let mut numbers = 1..;
        works.retain(|_| numbers.next().is_some_and(|number| shard.has(number)));
        notes.extend(planned.is_empty().then(|| nothing(shard, &identity)));
    }
    let limits = Limits::new(args.group, &machine);
    if args.dry_run {
        let groups = groups::groups(wanted, limits).len();
        return print_plan((&planned, &works), &shared, (groups, halving), args);
    }
    let out = args.out.as_deref().expect("clap requires it");
    outfile::check_folder(out)?;
    let (top, halves) = (args.top, halving.is_some());
    let choice = Choice {
        metric,
        top,
        halves,
    };
    let mut folder = SweepFolder::open(out, &identity, choice)?;
    notes.iter().for_each(|note| output.note(note));
    output.progress(format_args!("writing {}", quote::path(out)));
    if planned.is_empty() {
        return Ok(());
    }
    let keeping = Keeping {
        signal: signals.watch(),
        patience,
        ..Keeping::default()
    };
    let sweep = Sweep {
        shared,
        keeping: &keeping,
        shown: Shown {
            metric,
            json: args.common.json,
            output,
        },
    };
    match halving {
        Some(halving) => sweep.by_rungs(&planned, (&wanted, limits), halving, &mut folder)?,
        None => sweep.all(&planned, (wanted, limits), &mut folder)?,
    }
    if args.common.json {
        return Ok(());
    }
    show(&folder, metric, out, output)
}

/// Prints the best runs.
fn show(folder: &SweepFolder, metric: Metric, out: &Path, output: Output) -> anyhow::Result<()> {
    let results = Results::of(folder.best(), metric)?;
    let ranking = shown::ranking(&results, metric, BEST);
    output.result(output::table(&ranking))?;
    if folder.ended() > BEST {
        let more =
            "all runs, spreads over seeds and the effect of each setting: gingham sweep-report";
        output.progress(format_args!("{more} {}", quote::argument(out)));
    }
    Ok(())
}

/// What is swept.
fn space(args: &Args) -> anyhow::Result<Space> {
    let space = match (&args.grid, &args.space, args.random) {
        (Some(text), _, Some(runs)) => Space::random(text, runs, args.random_seed)?,
        (Some(text), _, None) => Space::grid(text)?,
        (None, Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            Space::of_toml(&text)?
        }
        (None, None, _) => unreachable!("clap requires one of them"),
    };
    if space.count() > MANY_RUNS && !args.yes {
        let reason = format!(
            "expected at most {MANY_RUNS} runs without --yes, found {}",
            space.count()
        );
        let setting = base::PLAN;
        return Err(Error::Setting { setting, reason }.into());
    }
    Ok(space)
}

/// The figure that decides.
fn metric(plan: &Plan<'_>) -> Metric {
    match plan.settings().metric {
        Some(metric) => metric,
        None if !plan.holds_out() => Metric::Error,
        None => Metric::HeldoutAccuracy,
    }
}

/// The patience that is asked for, with which a sweep is another one than without.
fn patience(args: &Args, plan: &Plan<'_>, identity: &mut Identity) -> Result<Option<usize>> {
    if let Some(patience) = args.patience {
        if !plan.holds_out() {
            return Err(Error::Setting {
                setting: "patience",
                reason: "expected held-out images, whose accuracy decides, found none".to_owned(),
            });
        }
        let name = "patience".to_owned();
        identity.settings.insert(name, patience.into());
        if let Some(metric) = plan.settings().metric {
            let name = "metric".to_owned();
            identity.settings.insert(name, metric.name().into());
        }
    }
    Ok(args.patience.map(|patience| patience as usize))
}

/// Whether runs are pruned, which makes a sweep another one; which ones, depends on the figure too.
fn halving(args: &Args, metric: Metric, identity: &mut Identity) -> Option<Halving> {
    let factor = args.halving?;
    let settings = &mut identity.settings;
    settings.insert("halving".to_owned(), factor.into());
    settings.insert("metric".to_owned(), metric.name().into());
    Some(Halving::new(factor))
}

/// All runs, with what they share.
struct Resolved {
    /// The runs, of which there is one at least.
    planned: Vec<Planned>,
    /// The network that every run starts from; none where they start from fresh weights.
    start: Option<Start>,
    /// What the user should know about the settings of the first one.
    notes: Vec<String>,
}

/// All runs, with their settings.
fn resolved(args: &Args, space: &Space) -> Result<Resolved> {
    let (mut planned, mut start, mut notes) = (Vec::new(), None, Vec::new());
    for (number, assignment) in (1..).zip(space.runs()) {
        let assigned = assignment.to_table();
        let sources = Sources {
            config: args.config.as_deref(),
            assigned: Some(&assigned),
            ..Sources::default()
        };
        let resolved = args.flags.resolve(&sources, args.common.threads);
        let resolved = resolved.map_err(|error| base::of_run(&assignment, error))?;
        let options = single::with_absolute_folders(resolved.options);
        if number == 1 {
            (start, notes) = (resolved.start, resolved.notes);
        }
        planned.push(Planned {
            number,
            assignment,
            options,
        });
    }
    Ok(Resolved {
        planned,
        start,
        notes,
    })
}

/// What makes this sweep the same as another one: the settings that its runs share, which are those of the first one, and the plan.
/// Neither the number of threads nor the memory nor the folders of the data, which the digests tell, changes a result.
fn identity(first: &TrainOptions, space: &Space, planned: &[Planned]) -> Identity {
    let swept = space.keys();
    let stops_early = planned
        .iter()
        .any(|run| run.options.early_stopping.is_some());
    let mut settings = report::by_name(first);
    settings.retain(|name, _| {
        let is_free = ["data", "threads", "memory", "validation"].contains(&name.as_str());
        // A figure that only ranks may be another one when the sweep goes on.
        let is_free = is_free || (name == "metric" && !stops_early);
        !is_free && !swept.contains(&name.as_str())
    });
    let assigned = planned.iter().map(|run| run.assignment.to_string());
    let swept = swept.into_iter().map(str::to_owned).collect();
    Identity::new(settings, swept, assigned)
}

/// What is said of a shard without runs.
fn nothing(shard: Shard, identity: &Identity) -> String {
    let runs = identity.runs;
    format!(
        "there is nothing to do: the plan has {runs} runs, and none of them belongs to shard {shard}"
    )
}

fn print_plan(
    (planned, works): (&[Planned], &[Work]),
    shared: &Shared<'_>,
    (groups, halving): (usize, Option<Halving>),
    args: &Args,
) -> anyhow::Result<()> {
    let output = args.common.output();
    let estimate = match output.quiet && !args.common.json {
        true => None,
        false => Estimate::of(shared, (planned, works), groups, halving)?,
    };
    for (place, run) in planned.iter().enumerate() {
        let (number, assignment) = (run.number, run.assignment.to_string());
        if args.common.json {
            let seconds = estimate.as_ref().map(|estimate| estimate.runs_s[place]);
            let line = serde_json::json!({ "run": number, "assigned": assignment, "settings": run.options, "estimated_seconds": seconds });
            output.result(line)?;
        } else {
            output.result(format_args!("{number:5}  {assignment}"))?;
        }
    }
    let runs = planned.len();
    match estimate {
        Some(estimate) => output.progress(format_args!(
            "{runs} runs, about {} on {} threads: an estimate from a few steps of {} of them",
            duration(estimate.total_s),
            estimate.threads,
            estimate.measured
        )),
        None => output.progress(format_args!("{runs} runs")),
    }
    Ok(())
}
