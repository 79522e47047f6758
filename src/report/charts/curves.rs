//! Error and accuracy by epoch, of one run or of several laid over one another.

use super::{percent, shortened};
use crate::figures::Figure;
use crate::figures::axes::{self, Axis, grouped};
use crate::figures::svg::{Anchor, Svg};
use crate::network::ErrorForm;
use crate::report::{EpochRecord, Run};

/// The width and the height of a figure.
const SIZE: (f64, f64) = (700.0, 330.0);
/// The margins of a figure: top, right, bottom, left.
const MARGINS: [f64; 4] = [44.0, 168.0, 46.0, 62.0];
/// The most points in all curves of a figure: a screen shows no more.
const MOST_POINTS: usize = 400;
/// The scale is logarithmic where the ratio of the largest to the least error is at least this.
const LOG_FROM: f64 = 30.0;
/// The height of a line of text.
const LINE: f64 = 15.0;

/// One curve: points of an epoch, counted from 1, and a value.
struct Series {
    name: String,
    paint: String,
    points: Vec<(f64, f64)>,
    dots: bool,
}

/// The figure of the error by epoch.
#[must_use]
pub fn error(runs: &[Run]) -> Figure {
    let series: Vec<Series> = runs
        .iter()
        .enumerate()
        .map(|(number, run)| Series {
            name: if runs.len() == 1 {
                "error".to_owned()
            } else {
                run.name()
            },
            paint: format!("line line{}", number % 10),
            points: points(&run.epochs, runs.len(), |record| Some(record.error)),
            dots: false,
        })
        .collect();
    let forms: Vec<ErrorForm> = runs.iter().map(|run| run.options.error).collect();
    let form = match forms[..] {
        [first, ..] if forms.iter().all(|form| *form == first) => match first {
            ErrorForm::Article => "error (the article's form)",
            ErrorForm::Objective => "error (the objective)",
        },
        _ => "error (of different forms)",
    };
    let values = || {
        series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1)
    };
    let (low, high) = range(values());
    let log = low > 0.0 && high / low >= LOG_FROM;
    let low = if log { low } else { low.min(0.0) };
    let scale = if log { ", log scale" } else { "" };
    let label = format!("{form}, mean of the epoch's batches{scale}");
    let axis: AxisOf = if log { Axis::log } else { Axis::rounded };
    let chart = Chart {
        title: "Error by epoch",
        label: &label,
        series: &series,
        epochs: longest(runs),
        range: (low, high),
    };
    chart.draw(axis, |value| grouped(value, decimals(value)))
}

/// The figure of the accuracy by epoch, for epochs that were evaluated. One run has a curve for the training images and one for the
/// held-out images; of several runs each has one, for its held-out images. None where no epoch was evaluated.
#[must_use]
pub fn accuracy(runs: &[Run]) -> Option<Figure> {
    let of = |run: &Run, name: &str, paint: String, get: fn(&EpochRecord) -> Option<f64>| Series {
        name: name.to_owned(),
        paint,
        points: points(&run.epochs, runs.len(), |record| {
            get(record).map(|share| share * 100.0)
        }),
        dots: true,
    };
    let heldout = |record: &EpochRecord| record.heldout_accuracy;
    let train = |record: &EpochRecord| record.train_accuracy;
    let any_heldout = runs.iter().any(|run| {
        run.epochs
            .iter()
            .any(|record| record.heldout_accuracy.is_some())
    });
    let (series, label): (Vec<Series>, &str) = match runs {
        [run] => {
            let both = vec![
                of(run, "training", "line line0".to_owned(), train),
                of(run, "held out", "line line1".to_owned(), heldout),
            ];
            (both, "images right, %")
        }
        _ => {
            let (get, label): (fn(&EpochRecord) -> Option<f64>, _) = if any_heldout {
                (heldout, "held-out images right, %")
            } else {
                (train, "training images right, %")
            };
            let each = runs.iter().enumerate();
            let each = each.map(|(number, run)| {
                of(run, &run.name(), format!("line line{}", number % 10), get)
            });
            (each.collect(), label)
        }
    };
    let series: Vec<Series> = series
        .into_iter()
        .filter(|series| !series.points.is_empty())
        .collect();
    if series.is_empty() {
        return None;
    }
    let bounds = range(
        series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1),
    );
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
        series: &series,
        epochs: longest(runs),
        range: bounds,
    };
    Some(chart.draw(axis, |value| percent(value / 100.0)))
}

/// The last epoch of the longest run, from 1: where the axes of both figures end.
fn longest(runs: &[Run]) -> f64 {
    runs.iter().map(|run| run.epochs.len()).max().unwrap_or(1) as f64
}

/// The points of a run's curve, thinned so that the curves of one figure have about [`MOST_POINTS`] together, but never fewer than a
/// quarter of that each. The first and the last point always stay.
fn points(
    epochs: &[EpochRecord],
    runs: usize,
    value: impl Fn(&EpochRecord) -> Option<f64>,
) -> Vec<(f64, f64)> {
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

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
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

/// A function that makes an axis of the least and the greatest value, the coordinates where they are shown, and the most steps.
type AxisOf = fn(f64, f64, f64, f64, usize) -> Axis;

/// What a figure of curves shows.
struct Chart<'a> {
    title: &'a str,
    /// What the values are.
    label: &'a str,
    series: &'a [Series],
    /// The last epoch of the axis, from 1.
    epochs: f64,
    /// The least and the greatest value.
    range: (f64, f64),
}

impl Chart<'_> {
    /// The figure, with an axis of values that `axis` makes and with values in the words of `shown`.
    fn draw(&self, axis: AxisOf, shown: impl Fn(f64) -> String) -> Figure {
        let Self {
            title,
            label,
            series,
            epochs,
            range: (low, high),
        } = *self;
        let [top, right, bottom, left] = MARGINS;
        let (width, height) = SIZE;
        let ends = series.iter().filter_map(|series| {
            let (first, last) = (series.points.first()?, series.points.last()?);
            Some(format!(
                "{}: {} at epoch {}, {} at epoch {}",
                series.name,
                shown(first.1),
                first.0,
                shown(last.1),
                last.0
            ))
        });
        let description = format!(
            "Curves of {label}. {}.",
            ends.collect::<Vec<_>>().join(". ")
        );
        let mut svg = Svg::new(width, height, title, &description);
        let x = Axis::linear(1.0, epochs, left, width - right, 8);
        let y = axis(low, high, height - bottom, top, 6);
        axes::draw(&mut svg, &x, &y, "epoch", label);
        for series in series {
            let place = |&(epoch, value): &(f64, f64)| (x.place(epoch), y.place(value));
            svg.polyline(series.points.iter().map(place), &series.paint);
            if series.dots && series.points.len() <= 60 || series.points.len() == 1 {
                let fill = series.paint.replace("line line", "fill");
                for point in &series.points {
                    let (x, y) = place(point);
                    svg.circle(x, y, 2.5, &fill);
                }
            }
        }
        end_labels(&mut svg, series, &y, width - right + 10.0, &shown);
        hover(&mut svg, series, &x, &y, &shown);
        svg.finish()
    }
}

/// Writes the name and the last value of each curve beside its end. Labels that would cover one another are moved apart.
fn end_labels(svg: &mut Svg, series: &[Series], y: &Axis, x: f64, shown: &impl Fn(f64) -> String) {
    let mut labels: Vec<(f64, &Series, f64)> = series
        .iter()
        .filter_map(|series| {
            series
                .points
                .last()
                .map(|last| (y.place(last.1) + 4.0, series, last.1))
        })
        .collect();
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    for index in 1..labels.len() {
        labels[index].0 = labels[index].0.max(labels[index - 1].0 + LINE);
    }
    let mut ceiling = y.from() + 4.0;
    for label in labels.iter_mut().rev() {
        label.0 = label.0.min(ceiling);
        ceiling = label.0 - LINE;
    }
    for (y, series, value) in labels {
        let fill = series.paint.replace("line line", "fill");
        let text = format!("{} {}", shortened(&series.name, 16), shown(value));
        svg.text(x, y, Anchor::Start, &fill, &text);
    }
}

/// Draws an invisible band for each epoch, which shows the epoch's values while the pointer is on it.
fn hover(svg: &mut Svg, series: &[Series], x: &Axis, y: &Axis, shown: &impl Fn(f64) -> String) {
    let mut epochs: Vec<f64> = series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.0)
        .collect();
    epochs.sort_by(f64::total_cmp);
    epochs.dedup();
    let (top, bottom) = (y.to(), y.from());
    for (index, &epoch) in epochs.iter().enumerate() {
        let middle = x.place(epoch);
        let before = index
            .checked_sub(1)
            .map_or(x.from(), |index| (x.place(epochs[index]) + middle) / 2.0);
        let after = epochs
            .get(index + 1)
            .map_or(x.to(), |&next| (x.place(next) + middle) / 2.0);
        let at = |series: &Series| {
            let found = series
                .points
                .binary_search_by(|point| point.0.total_cmp(&epoch));
            found.ok().map(|index| series.points[index].1)
        };
        let values: Vec<(&Series, f64)> = series
            .iter()
            .filter_map(|series| at(series).map(|value| (series, value)))
            .collect();
        let told: Vec<String> = values
            .iter()
            .map(|(series, value)| format!("{} {}", series.name, shown(*value)))
            .collect();
        let title = format!("epoch {epoch}: {}", told.join(", "));
        svg.group("hit", &title, |svg| {
            svg.shade([before, top, after - before, bottom - top], "ink", 0.0);
            svg.line(middle, top, middle, bottom, "hint axis");
            for (series, value) in &values {
                let fill = series.paint.replace("line line", "hint fill");
                svg.circle(middle, y.place(*value), 3.5, &fill);
            }
            let told = if values.len() > 2 {
                format!("epoch {epoch}")
            } else {
                title.clone()
            };
            svg.text(x.to(), top - 27.0, Anchor::End, "hint ink", &told);
        });
    }
}
