//! Error and accuracy by epoch, of one run or of several laid over one another.

use super::lines::{AxisOf, Chart, Curve};
use super::{Room, percent};
use crate::figures::Figure;
use crate::figures::axes::{Axis, grouped};
use crate::network::ErrorForm;
use crate::report::{EpochRecord, Ranking, Run};

/// The most points in all curves of a figure: a screen shows no more.
const MOST_POINTS: usize = 400;
/// The scale is logarithmic where the ratio of the largest to the least error is at least this.
const LOG_FROM: f64 = 30.0;
/// The colours of the best of several runs, by their place in the series' colours: those that are neither grey nor alike.
const COLOURS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 9];

/// A value of an epoch, if it has it.
type Get = fn(&EpochRecord) -> Option<f64>;

/// The style class of the colour of the run that has this rank, from 0; none for a run that is drawn in grey.
pub(crate) fn colour(rank: usize) -> Option<String> {
    COLOURS.get(rank).map(|colour| format!("fill{colour}"))
}

/// The figure of the error by epoch.
#[must_use]
pub fn error(ranking: &Ranking<'_>, room: Room) -> Figure {
    error_of(ranking, None, room)
}

/// The same of the best runs of a sweep, each of which has its rank, counted from 1, and its name in `named`.
#[must_use]
pub fn best_error(ranking: &Ranking<'_>, named: &[(usize, String)], room: Room) -> Figure {
    error_of(ranking, Some(named), room)
}

fn error_of(ranking: &Ranking<'_>, named: Option<&[(usize, String)]>, room: Room) -> Figure {
    let get: Get = |record| Some(record.error);
    let curves = match ranking.runs[..] {
        [run] if named.is_none() => vec![curve_of(run, "error", 0, get)],
        _ => curves_of(ranking, named, get),
    };
    let forms: Vec<ErrorForm> = ranking.runs.iter().map(|run| run.options.error).collect();
    let form = match forms[..] {
        [first, ..] if forms.iter().all(|form| *form == first) => match first {
            ErrorForm::Article => "error (the article's form)",
            ErrorForm::Objective => "error (the objective)",
        },
        _ => "error (of different forms)",
    };
    let mean = match room {
        Room::Page => ", mean of the epoch's batches",
        Room::Phone => "",
    };
    let chart = Chart {
        title: "Error by epoch",
        label: &format!("{form}{mean}"),
        curves: &curves,
        epochs: longest(ranking),
        range: range(&curves),
        dots: false,
        room,
    };
    of_numbers(chart)
}

/// A figure of numbers that have no bounds of their own, on a logarithmic scale where they are far apart.
fn of_numbers(chart: Chart<'_>) -> Figure {
    let (low, high) = chart.range;
    let log = low > 0.0 && high / low >= LOG_FROM;
    let low = if log { low } else { low.min(0.0) };
    let scale = if log { ", log scale" } else { "" };
    let axis: AxisOf = if log { Axis::log } else { Axis::rounded };
    let chart = Chart {
        label: &format!("{}{scale}", chart.label),
        range: (low, high),
        ..chart
    };
    chart.draw(axis, |value| grouped(value, decimals(value)))
}

/// The figure of the mean loss of the held-out images by epoch, for epochs that were evaluated. None where there is no such loss.
#[must_use]
pub fn loss(ranking: &Ranking<'_>, room: Room) -> Option<Figure> {
    let get: Get = |record| record.heldout_loss;
    let mut curves = match ranking.runs[..] {
        [run] => vec![curve_of(run, "held out", 1, get)],
        _ => curves_of(ranking, None, get),
    };
    curves.retain(|curve| !curve.points.is_empty());
    if curves.is_empty() {
        return None;
    }
    Some(of_numbers(Chart {
        title: "Held-out loss by epoch",
        label: "mean loss of the held-out images",
        curves: &curves,
        epochs: longest(ranking),
        range: range(&curves),
        dots: true,
        room,
    }))
}

/// The figure of the accuracy by epoch, for epochs that were evaluated. One run has a curve for the training images and one for the
/// held-out images; of several runs each has one, for its held-out images. None where no epoch was evaluated.
#[must_use]
pub fn accuracy(ranking: &Ranking<'_>, room: Room) -> Option<Figure> {
    accuracy_of(ranking, None, room)
}

/// The same of the best runs of a sweep, each of which has its rank, counted from 1, and its name in `named`.
#[must_use]
pub fn best_accuracy(
    ranking: &Ranking<'_>,
    named: &[(usize, String)],
    room: Room,
) -> Option<Figure> {
    accuracy_of(ranking, Some(named), room)
}

fn accuracy_of(
    ranking: &Ranking<'_>,
    named: Option<&[(usize, String)]>,
    room: Room,
) -> Option<Figure> {
    let heldout: Get = |record| record.heldout_accuracy.map(|share| share * 100.0);
    let train: Get = |record| record.train_accuracy.map(|share| share * 100.0);
    let any_heldout = ranking.runs.iter().any(|run| {
        run.epochs
            .iter()
            .any(|record| record.heldout_accuracy.is_some())
    });
    let (mut curves, label) = match ranking.runs[..] {
        [run] if named.is_none() => {
            let both = vec![
                curve_of(run, "training", 0, train),
                curve_of(run, "held out", 1, heldout),
            ];
            (both, "images right, %")
        }
        _ if any_heldout => (
            curves_of(ranking, named, heldout),
            "held-out images right, %",
        ),
        _ => (curves_of(ranking, named, train), "training images right, %"),
    };
    curves.retain(|curve| !curve.points.is_empty());
    if curves.is_empty() {
        return None;
    }
    let axis = |low: f64, high: f64, from: f64, to: f64, most: usize| {
        let axis = Axis::rounded(low, high, from, to, most);
        if axis.low() >= 0.0 && axis.high() <= 100.0 {
            return axis;
        }
        // An accuracy lies between 0 and 100 %, so the axis does too.
        Axis::linear(axis.low().max(0.0), axis.high().min(100.0), from, to, most)
    };
    let chart = Chart {
        title: "Accuracy by epoch",
        label,
        curves: &curves,
        epochs: longest(ranking),
        range: range(&curves),
        dots: true,
        room,
    };
    Some(chart.draw(axis, |value| percent(value / 100.0)))
}

/// A curve of the only run of a figure.
fn curve_of(run: &Run, name: &str, colour: usize, get: Get) -> Curve {
    Curve {
        rank: None,
        name: name.to_owned(),
        colour: Some(colour),
        dashed: false,
        points: points(&run.epochs, 1, get),
    }
}

/// A curve of each of several runs, the best first.
fn curves_of(ranking: &Ranking<'_>, named: Option<&[(usize, String)]>, get: Get) -> Vec<Curve> {
    let labels = || ranking.labels().into_iter();
    let names: Vec<(usize, String)> = match named {
        Some(named) => named.to_vec(),
        None => (1..).zip(labels()).collect(),
    };
    let ranked = ranking.runs.iter().zip(names).enumerate();
    ranked
        .map(|(place, (run, (rank, name)))| Curve {
            rank: Some(rank),
            name,
            colour: match named {
                // Where each curve has a name, colours are taken again.
                Some(_) => Some(COLOURS[place % COLOURS.len()]),
                None => COLOURS.get(place).copied(),
            },
            dashed: place >= COLOURS.len(),
            points: points(&run.epochs, ranking.runs.len(), get),
        })
        .collect()
}

/// The last epoch of the longest run, from 1: where the axes of both figures end.
fn longest(ranking: &Ranking<'_>) -> f64 {
    let epochs = ranking.runs.iter().map(|run| run.epochs.len());
    epochs.max().unwrap_or(1) as f64
}

/// The points of a run's curve, thinned so that the curves of one figure have about [`MOST_POINTS`] together, but never fewer than a
/// quarter of that each. The first and the last point always stay.
fn points(epochs: &[EpochRecord], runs: usize, value: Get) -> Vec<(f64, f64)> {
    let all: Vec<(f64, f64)> = epochs
        .iter()
        .filter_map(|record| value(record).map(|value| (record.epoch as f64 + 1.0, value)))
        .collect();
    let most = MOST_POINTS / runs.clamp(1, 4);
    let every = all.len().div_ceil(most).max(1);
    let last = all.len().saturating_sub(1);
    let kept = |index: usize| index.is_multiple_of(every) || index == last;
    all.into_iter()
        .enumerate()
        .filter_map(|(index, point)| kept(index).then_some(point))
        .collect()
}

/// The least and the greatest value of all curves.
fn range(curves: &[Curve]) -> (f64, f64) {
    let values = curves.iter().flat_map(|curve| &curve.points);
    values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), &(_, value)| (low.min(value), high.max(value)),
    )
}

/// How many decimals a value needs for four or more digits.
fn decimals(value: f64) -> usize {
    match value.abs() {
        size if size >= 1000.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    }
}
