//! The reliability diagram: accuracy by confidence.

use crate::figures::Figure;
use crate::figures::axes::{self, Axis, grouped};
use crate::figures::svg::{Anchor, Svg};
use crate::report::Bin;

/// Accuracy over confidence in bins, against the diagonal of a network that is right as often as it says; above it, how
/// many images each bin holds.
#[must_use]
pub fn reliability(bins: &[Bin], error: f64) -> Figure {
    let (width, height) = (400.0, 410.0);
    let (left, right) = (62.0, width - 24.0);
    let (top, bottom) = (140.0, height - 46.0);
    let filled = || bins.iter().filter(|bin| bin.images > 0);
    let told = filled().map(|bin| {
        format!(
            "confidence {:.1} %, right {:.1} %, {} images",
            bin.confidence * 100.0,
            bin.accuracy * 100.0,
            bin.images
        )
    });
    let description = format!(
        "Expected calibration error {:.2} %. By bins: {}.",
        error * 100.0,
        told.collect::<Vec<_>>().join("; ")
    );
    let mut svg = Svg::new(width, height, "Calibration", &description);
    let x = Axis::linear(0.0, 100.0, left, right, 5);
    let y = Axis::linear(0.0, 100.0, bottom, top, 5);

    let most = bins.iter().map(|bin| bin.images).max().unwrap_or(0);
    let count = Axis::counts(most as f64, 88.0, 36.0, 2);
    axes::draw_grid(&mut svg, &x, &count, "images");
    axes::draw(
        &mut svg,
        &x,
        &y,
        "confidence: probability of the answer, %",
        "right answers, %",
    );
    svg.polyline(
        [
            (x.place(0.0), y.place(0.0)),
            (x.place(100.0), y.place(100.0)),
        ],
        "line axis dashed",
    );
    for bin in filled() {
        let (from, to) = (
            x.place(bin.low * 100.0) + 0.5,
            x.place(bin.high * 100.0) - 0.5,
        );
        let (at, value) = (
            x.place(bin.confidence * 100.0),
            y.place(bin.accuracy * 100.0),
        );
        let title = format!(
            "confidence above {:.0} to {:.0} %: {} images, mean confidence {:.1} %, right {:.1} %",
            bin.low * 100.0,
            bin.high * 100.0,
            grouped(bin.images as f64, 0),
            bin.confidence * 100.0,
            bin.accuracy * 100.0
        );
        svg.group("", &title, |svg| {
            let level = count.place(bin.images as f64);
            svg.rect(from, level, to - from, count.from() - level, "fill7");
            svg.shade([from, value, to - from, bottom - value], "fill0", 0.25);
            svg.line(at, value, at, y.place(bin.confidence * 100.0), "line line1");
            svg.circle(at, value, 4.0, "fill0");
        });
    }
    let note = format!("expected calibration error {:.2} %", error * 100.0);
    svg.text(right, top - 12.0, Anchor::End, "ink", &note);
    svg.finish()
}
