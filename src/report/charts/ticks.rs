//! Texts along an axis that do not cover one another.

use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::{length, told_apart};
use crate::report::swept::Tick;

/// The height of a line of text.
const LINE: f64 = 14.0;
/// The distance of neighbouring texts.
const GAP: f64 = 8.0;
/// The size of small letters as a share of the usual ones, of which [`length`] is.
pub(super) const SMALL: f64 = 0.875;

/// A text at a coordinate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    /// Where its tick is.
    pub(super) tick: f64,
    /// Where its middle is.
    pub(super) middle: f64,
    pub(super) text: String,
}

/// The labels of ticks on a line from `from` to `to` that goes upwards.
pub(super) fn upright(ticks: &[Tick], (from, to): (f64, f64), room: f64) -> Vec<Label> {
    let texts = cut(ticks, room / SMALL);
    fitted(ticks, texts, (from, to), |_| LINE)
}

/// The labels of ticks on a line from `from` to `to` that goes to the right, within `within`.
pub(super) fn level(ticks: &[Tick], (from, to): (f64, f64), within: (f64, f64)) -> Vec<Label> {
    /// What a text needs at least to be more than its ellipsis.
    const LEAST: f64 = 48.0;
    let room = (to - from) / ticks.len().saturating_sub(1).max(1) as f64 - GAP;
    let texts = cut(ticks, room.max(LEAST) / SMALL);
    let size = |text: &str| length(text) * SMALL;
    let mut labels = fitted(ticks, texts, (from, to), |text| size(text) + GAP);
    for label in &mut labels {
        let half = size(&label.text) / 2.0;
        label.middle = label.middle.max(within.0 + half).min(within.1 - half);
    }
    labels
}

/// Draws the labels below a line at height `y`.
pub(super) fn draw_level(svg: &mut Svg, labels: &[Label], y: f64) {
    for label in labels {
        svg.line(label.tick, y, label.tick, y + 4.0, "axis");
        svg.text(
            label.middle,
            y + 16.0,
            Anchor::Middle,
            "muted small",
            &label.text,
        );
    }
}

/// The texts of the ticks, each in `room` units.
fn cut(ticks: &[Tick], room: f64) -> Vec<String> {
    let texts: Vec<String> = ticks.iter().map(|tick| tick.text.clone()).collect();
    told_apart(&texts, room)
}

/// The labels for which there is room: the first, the last, and of the others what stands clear of these.
fn fitted(
    ticks: &[Tick],
    texts: Vec<String>,
    (from, to): (f64, f64),
    size: impl Fn(&str) -> f64,
) -> Vec<Label> {
    let mut labels: Vec<Label> = ticks
        .iter()
        .zip(texts)
        .map(|(tick, text)| {
            let place = from + tick.at * (to - from);
            Label {
                tick: place,
                middle: place,
                text,
            }
        })
        .collect();
    let mut kept: Vec<Label> = Vec::new();
    let last = labels.pop();
    let mut add = |label: Label| {
        let is_clear = |other: &Label| {
            let both = size(&other.text) / 2.0 + size(&label.text) / 2.0;
            (other.tick - label.tick).abs() >= both
        };
        if kept.iter().all(is_clear) {
            kept.push(label);
        }
    };
    let mut rest = labels.into_iter();
    rest.next().into_iter().chain(last).for_each(&mut add);
    rest.for_each(&mut add);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(texts: &[(&str, f64)]) -> Vec<Tick> {
        let texts = texts.iter();
        texts
            .map(|&(text, at)| Tick {
                at,
                text: text.to_owned(),
            })
            .collect()
    }

    fn texts(labels: &[Label]) -> Vec<&str> {
        labels.iter().map(|label| &*label.text).collect()
    }

    #[test]
    fn labels_do_not_cover_one_another() {
        let near = ticks(&[("0.001", 0.0), ("0.002", 0.01), ("0.5", 0.5), ("1", 1.0)]);
        let labels = level(&near, (20.0, 320.0), (0.0, 350.0));
        assert_eq!(texts(&labels), ["0.001", "1", "0.5"]);
        let labels = upright(&near, (240.0, 40.0), 60.0);
        assert_eq!(texts(&labels), ["0.001", "1", "0.5"]);
        assert_eq!(labels[0].tick, 240.0);
        let one = ticks(&[("relu", 0.0)]);
        assert_eq!(texts(&level(&one, (20.0, 320.0), (0.0, 350.0))), ["relu"]);
        assert!(level(&[], (20.0, 320.0), (0.0, 350.0)).is_empty());
    }

    #[test]
    fn labels_stay_within_the_figure() {
        let long = "a-rather-long-name-of-a-value-at-the-end-of-the-axis";
        let ends = ticks(&[(long, 0.0), ("x", 1.0)]);
        for label in level(&ends, (20.0, 320.0), (4.0, 346.0)) {
            let half = length(&label.text) * SMALL / 2.0;
            assert!(
                label.middle - half >= 3.9 && label.middle + half <= 346.1,
                "{label:?}"
            );
        }
    }
}
