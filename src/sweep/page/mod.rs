//! The page about a sweep: one HTML file, as that about runs.
//!
//! The ranking comes first, then figures of all runs, and at the end all that the page about a run has, about the best one. What the
//! journal tells is always there; curves and the network's answers need the folders of runs, which only the best have.

mod sections;
mod tables;

use std::path::{Path, PathBuf};

use super::folder;
use super::journal::Entry;
use super::results::{Results, is_seed};
use crate::error::Result;
use crate::figures::axes::grouped;
use crate::figures::svg::escape;
use crate::machine::Machine;
use crate::quote;
use crate::report::page::html::{number, paragraph};
use crate::report::page::{Section, about, document, sections_of};
use crate::report::swept::{Measured, Setting, Swept, SweptRun};
use crate::report::{self, Ranking, Report, Run};
use crate::train::Metric;

/// What a sweep has found, as its folders tell.
#[derive(Clone, Debug)]
pub struct Found {
    /// The folders of the sweep, or of its parts; there is one at least.
    pub folders: Vec<PathBuf>,
    /// How many runs are planned.
    pub planned: u64,
    /// The runs that have ended, each once.
    pub entries: Vec<Entry>,
    /// What they are compared by.
    pub metric: Metric,
}

impl Found {
    /// The page. The network of the best run is asked about images as that of [`Report::of`] is, where the folder of the run is there.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::error::Error::Setting) for a run whose assignment is none, and those of [`report::details`].
    pub fn page(&self, machine: &Machine, data: Option<&Path>, by_number: bool) -> Result<Report> {
        let results = Results::of(&self.entries, self.metric)?;
        let swept = swept(&results, self.metric);
        let mut kept: Vec<(usize, Run)> = Vec::new();
        for (rank, run) in results.runs.iter().enumerate().take(sections::CURVES) {
            if run.figure.is_some() && run.pruned.is_none() {
                kept.extend(self.open(run.run).map(|opened| (rank + 1, opened)));
            }
        }
        let best = kept.iter().find(|(rank, _)| *rank == 1).map(|(_, run)| run);
        let mut notes = Vec::new();
        let drawn: Vec<usize> = kept.iter().map(|(rank, _)| *rank).collect();
        let ranking = tables::ranking(&self.entries, &results, &swept, &drawn);
        let mut sections: Vec<Section<'_>> = vec![("runs", "Ranking", ranking)];
        if !swept.runs.is_empty() {
            sections.extend(sections::all(&results, &swept, kept.as_slice()));
        }
        match best {
            Some(run) => {
                let details = report::details(machine, run, data, by_number)?;
                let told = details.as_ref().map_err(String::as_str);
                let alone = Ranking::of(std::slice::from_ref(run));
                let about = about::head(&alone, told) + &about::curves(&alone);
                sections.push(("best", "The best run", about));
                sections.extend(sections_of(run, told));
                match details {
                    Ok(details) => notes = details.notes,
                    Err(lacking) => notes.push(format!("without predictions: {lacking}")),
                }
            }
            None => {
                if let Some(settings) = self.settings_of_best(&results) {
                    sections.push(("best", "The best run", settings));
                }
            }
        }
        let title = format!("Sweep {}", self.name());
        let html = document(&title, &self.head(&results, &swept), &sections);
        Ok(Report { html, notes })
    }

    /// The runs as figures show them.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::error::Error::Setting) for a run whose assignment is none.
    pub fn swept(&self) -> Result<Swept> {
        let results = Results::of(&self.entries, self.metric)?;
        Ok(swept(&results, self.metric))
    }

    /// The name of the first folder.
    fn name(&self) -> String {
        let path = &self.folders[0];
        let whole = path.canonicalize();
        let name = whole.as_ref().unwrap_or(path).file_name();
        name.map_or_else(|| quote::text(path), |name| quote::text(Path::new(name)))
    }

    /// The run of this number, where a folder still has it. A sweep that goes on may remove it at any time.
    fn open(&self, run: usize) -> Option<Run> {
        let folders = self.folders.iter();
        let paths = folders.map(|folder| folder::run_dir(folder, run));
        paths.filter_map(|path| Run::open(&path).ok()).next()
    }

    /// The head of the page: how far the sweep is, and the best run's figures.
    fn head(&self, results: &Results, swept: &Swept) -> String {
        let count = |count: u64| grouped(count as f64, 0);
        let ended = results.ended as u64;
        let planned = count(self.planned);
        let mut text = format!("{} of {planned} runs have ended", count(ended));
        for (runs, are) in [
            (results.diverged, "diverged"),
            (results.pruned, "were pruned"),
        ] {
            if runs > 0 {
                text += &format!(", {} of them {are}", count(runs as u64));
            }
        }
        text.push('.');
        let mut key: Vec<(String, String)> = Vec::new();
        if let (Some(best), Some(figure)) = (results.runs.first(), swept.figures().next()) {
            text += &format!(
                " The best by {}: {}.",
                swept.measured.name,
                told(best.run, &best.assigned)
            );
            let name = format!("best {}", swept.measured.name);
            key.push((name, number(&swept.measured.shown(figure), figure)));
            if let Some(test) = best.test_accuracy {
                let shown = number(&report::charts::percent(test), test);
                key.push(("test accuracy of the best".to_owned(), shown));
            }
        }
        let seconds = results.train_seconds;
        key.push((
            "training of all runs".to_owned(),
            number(&tables::seconds(seconds), seconds),
        ));
        let mut head = format!("<p class=\"lede\">{}</p>\n", escape(&text));
        if ended < self.planned {
            head += &format!(
                "<p class=\"note\">This sweep is not finished: {} of its runs are left.</p>\n",
                count(self.planned - ended)
            );
        }
        let pairs = key.iter();
        let pairs: String = pairs
            .map(|(name, value)| format!("<div><dt>{}</dt><dd>{value}</dd></div>", escape(name)))
            .collect();
        head + &format!("<dl class=\"key\">{pairs}</dl>\n")
    }

    /// What the journal has of the best run.
    fn settings_of_best(&self, results: &Results) -> Option<String> {
        let mut best = results.runs.first().into_iter();
        let best = best.find(|run| run.figure.is_some() && run.pruned.is_none())?;
        let entry = self.entries.iter().find(|entry| entry.run == best.run)?;
        let gone = format!(
            "The folder of run {} is gone, so this is what the journal has of it: its settings.",
            best.run
        );
        Some(paragraph(&gone) + &tables::settings(entry.summary()?))
    }
}

/// A run and its settings in words.
fn told(run: usize, assigned: &[(String, String)]) -> String {
    let pairs = assigned.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    format!("run {run} ({})", pairs.join(", "))
}

/// The runs with the settings that are not the same in all of them.
fn swept(results: &Results, metric: Metric) -> Swept {
    let runs = || results.runs.iter();
    let names = results.runs.first().map(|run| &run.assigned);
    let names = names.into_iter().flatten().map(|(name, _)| name);
    let numbers: Vec<usize> = runs().map(|run| run.run).collect();
    let setting = |name: &String| {
        let value = |run: &'_ super::results::Ranked| {
            let pair = run.assigned.iter().find(|(own, _)| own == name);
            pair.map_or_else(String::new, |(_, value)| value.clone())
        };
        let texts: Vec<String> = runs().map(value).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let setting = Setting::new(name, is_seed(name), &texts, &numbers);
        (setting.values.len() > 1).then_some(setting)
    };
    let name = metric
        .name()
        .replace("heldout", "held-out")
        .replace('_', " ");
    Swept {
        settings: names.filter_map(setting).collect(),
        runs: runs()
            .map(|run| SweptRun {
                number: run.run,
                figure: (run.figure).filter(|figure| figure.is_finite() && run.pruned.is_none()),
                pruned: run.pruned,
            })
            .collect(),
        measured: Measured {
            is_share: name.ends_with("accuracy"),
            is_rising: metric.cost(1.0) < 0.0,
            name,
        },
    }
}
