//! The sections with figures of a sweep's runs.

use super::tables;
use crate::figures::axes::grouped;
use crate::figures::svg::escape;
use crate::figures::words::length;
use crate::report::charts::{self, Room};
use crate::report::page::Section;
use crate::report::page::html::{Cell, figure_of_two, paragraph, table};
use crate::report::swept::{Setting, Swept, groups, over_seeds};
use crate::report::{Measure, Ranking, Run};
use crate::sweep::results::Results;

/// The best runs whose curves are drawn.
pub const CURVES: usize = 10;
/// The rows of a table of epochs.
const MOST_EPOCHS: usize = 30;

/// All sections between the ranking and the best run. `kept` are runs whose folders are there, each with its rank.
pub fn all(results: &Results, swept: &Swept, kept: &[(usize, Run)]) -> Vec<Section<'static>> {
    let mut sections: Vec<Section<'_>> = vec![(
        "best-runs",
        "Curves of the best",
        curves(results, swept, kept),
    )];
    if !swept.settings.is_empty() {
        sections.push(("parallel", "All runs by their settings", parallel(swept)));
    }
    if swept.settings.iter().any(|setting| !setting.is_seed) {
        sections.push(("effects", "Effect of each setting", effects(swept)));
    }
    let repeated = repeated(swept);
    sections.extend(repeated.map(|text| ("seeds", "Spread over seeds", text)));
    sections
}

/// The curves of the best runs.
fn curves(results: &Results, swept: &Swept, kept: &[(usize, Run)]) -> String {
    let ranked = swept.figures().count().min(CURVES);
    let ranks: Vec<usize> = kept.iter().map(|(rank, _)| *rank).collect();
    let gone = (1..=ranked).filter(|rank| !ranks.contains(rank));
    let gone: Vec<String> = gone
        .map(|rank| format!("{rank} (run {})", results.runs[rank - 1].run))
        .collect();
    let mut text = match (gone.len(), ranks.len()) {
        (0, _) => String::new(),
        (_, 0) => paragraph("There are no curves, since the folders of the best runs are gone."),
        _ => paragraph(&format!(
            "The folders of these ranks are gone, so their curves are left out: {}.",
            gone.join(", ")
        )),
    };
    if ranks.is_empty() {
        return text;
    }
    let ranking = Ranking {
        runs: kept.iter().map(|(_, run)| run).collect(),
        measure: Some(Measure::Heldout),
        differing: Vec::new(), // the curves have names of their own
    };
    let rooms = [Room::Page, Room::Phone];
    let named = rooms.map(|room| named(swept, &ranks, room));
    let [page, phone] = [0, 1].map(|at| charts::best_accuracy(&ranking, &named[at], rooms[at]));
    let accuracy = match (page, phone) {
        (Some(page), Some(phone)) => figure_of_two(
            [page, phone],
            "Accuracy by epoch",
            "Curves have the ranks of their runs, and the names of the settings in which these differ. The axis need not begin at 0.",
        ),
        _ => String::new(),
    };
    let error = figure_of_two(
        [0, 1].map(|at| charts::best_error(&ranking, &named[at], rooms[at])),
        "Error by epoch",
        "The mean of the epoch's mini-batches.",
    );
    let values = format!(
        "<details><summary>The values as a table</summary>\n{}</details>\n",
        epochs(swept, kept)
    );
    let both = if swept.measured.is_share {
        [accuracy, error]
    } else {
        [error, accuracy]
    };
    text.extend(both);
    text + &values
}

/// The runs of these ranks, each with its rank and with the settings in which they differ. Where a name is longer than a phone has room
/// for, it is the values alone, in the order of the table.
fn named(swept: &Swept, ranks: &[usize], room: Room) -> Vec<(usize, String)> {
    const PHONE: f64 = 310.0;
    let differs = |setting: &&Setting| {
        let values = ranks.iter().map(|rank| setting.value(rank - 1));
        values
            .clone()
            .any(|value| Some(value) != values.clone().next())
    };
    let settings: Vec<&Setting> = swept.settings.iter().filter(differs).collect();
    let joined = |gap: &str, text: fn(&Setting, usize) -> String| {
        let name = |rank: &usize| {
            let texts = settings.iter().map(|setting| text(setting, rank - 1));
            let texts: Vec<String> = texts.collect();
            match texts.is_empty() {
                true => (*rank, format!("run {}", swept.runs[rank - 1].number)),
                false => (*rank, texts.join(gap)),
            }
        };
        ranks.iter().map(name).collect::<Vec<_>>()
    };
    let whole = joined(", ", |setting, rank| {
        format!("{} {}", setting.name, setting.text(rank))
    });
    let is_long = |(_, name): &(usize, String)| length(name) > PHONE;
    match room {
        Room::Phone if whole.iter().any(is_long) => {
            joined(" \u{b7} ", |setting, rank| setting.text(rank).to_owned())
        }
        _ => whole,
    }
}

/// The figure of the runs in `kept` by epoch, a column for each.
fn epochs(swept: &Swept, kept: &[(usize, Run)]) -> String {
    let longest = kept
        .iter()
        .map(|(_, run)| run.epochs.len())
        .max()
        .unwrap_or(0);
    let heads = kept.iter().map(|(rank, _)| format!("rank {rank}"));
    let heads: Vec<String> = std::iter::once("epoch".to_owned()).chain(heads).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let cell = |run: &Run, epoch: usize| {
        let record = run.epochs.get(epoch);
        if swept.measured.is_share {
            return Cell::share(record.and_then(|record| record.heldout_accuracy));
        }
        record.map_or(Cell::Empty, |record| {
            Cell::Number(swept.measured.shown(record.error), record.error)
        })
    };
    let is_known = |epoch: &usize| {
        let cells = kept.iter().map(|(_, run)| cell(run, *epoch));
        cells.into_iter().any(|cell| !matches!(cell, Cell::Empty))
    };
    let known: Vec<usize> = (0..longest).filter(is_known).collect();
    let every = known.len().div_ceil(MOST_EPOCHS).max(1);
    let rows: Vec<Vec<Cell>> = known
        .iter()
        .rev()
        .step_by(every)
        .rev()
        .map(|&epoch| {
            let first = Cell::Number((epoch + 1).to_string(), epoch as f64 + 1.0);
            let cells = kept.iter().map(|(_, run)| cell(run, epoch));
            std::iter::once(first).chain(cells).collect()
        })
        .collect();
    let caption = match swept.measured.is_share {
        true => "Held-out accuracy by epoch",
        false => "Error by epoch",
    };
    table("best-epochs", caption, &heads, &rows)
}

/// The parallel coordinates.
fn parallel(swept: &Swept) -> String {
    let mut text = String::from("Each run is a line through its settings to its figure.");
    let runs = swept.runs.len();
    let [most, _] = charts::MOST_LINES;
    if runs > most {
        text += &format!(
            " Of {} runs {} lines are drawn: the best tenth of these, and an even choice of the others.",
            grouped(runs as f64, 0),
            grouped(most as f64, 0)
        );
    }
    if let Some(beyond) = swept.beyond() {
        text = text + " " + &beyond;
    }
    let rooms = [Room::Page, Room::Phone];
    let caption = "The darker a line is (on a dark ground: the lighter), the better is its run; the best is orange. Runs of one value lie beside \
                   one another. Lines of runs that diverged or were pruned end before the figure. Point at a line to read its run.";
    paragraph(&text)
        + &figure_of_two(
            rooms.map(|room| charts::parallel(swept, room)),
            "All runs by their settings",
            caption,
        )
}

/// The figures of the settings' effects, and their values.
fn effects(swept: &Swept) -> String {
    let mut text = String::from(
        "Each point is a run. Where a setting has few values, a disc is the mean of the runs of a value, whatever their other settings are, with one \
         standard deviation on both sides; where it has many, a line and its shade are those of a part of the range.",
    );
    if let Some(beyond) = swept.beyond() {
        text = text + " " + &beyond;
    }
    let settings = || swept.settings.iter().filter(|setting| !setting.is_seed);
    let figures: String = settings()
        .map(|setting| format!("<li>{}</li>\n", charts::effect(swept, setting).inline()))
        .collect();
    let tables: String = settings()
        .enumerate()
        .map(|(number, setting)| {
            let groups = groups(swept, setting);
            tables::groups(&format!("effect-{number}"), &setting.name, &groups, swept)
        })
        .collect();
    format!(
        "{}<ul class=\"effects\" aria-label=\"{}\">\n{figures}</ul>\n<details><summary>The values as tables</summary>\n{tables}</details>\n",
        paragraph(&text),
        escape("Effects of the settings")
    )
}

/// The spread over seeds; none where no run is repeated.
fn repeated(swept: &Swept) -> Option<String> {
    let groups = over_seeds(swept);
    if groups.is_empty() {
        return None;
    }
    let shown = groups
        .iter()
        .filter(|group| !group.figures.is_empty())
        .count();
    let mut text = String::from(
        "Runs on a line differ in nothing but seeds. The line across is their mean, the shade one standard deviation on both sides.",
    );
    if shown > charts::MOST_ROWS {
        text += &format!(
            " Of {} settings the {} with the best means are drawn.",
            grouped(shown as f64, 0),
            charts::MOST_ROWS
        );
    }
    let figures =
        [Room::Page, Room::Phone].map(|room| charts::repeated(&groups, &swept.measured, room));
    let values = tables::groups("over-seeds", "settings", &groups, swept);
    Some(format!(
        "{}{}<details><summary>The values as a table</summary>\n{values}</details>\n",
        paragraph(&text),
        figure_of_two(figures, "Spread over seeds", "The best mean stands first.")
    ))
}
