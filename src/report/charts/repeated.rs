//! The spread over seeds: runs that differ in nothing else, on a line for each setting.

use super::Room;
use super::ticks::SMALL;
use crate::figures::Figure;
use crate::figures::axes::Axis;
use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::told_apart;
use crate::report::swept::{Group, Measured, Span};

/// The most lines.
pub(crate) const MOST_ROWS: usize = 12;
/// The most points of a line.
const MOST_DOTS: usize = 100;
/// The height of a line with its name.
const ROW: f64 = 38.0;
const ABOVE: f64 = 30.0;
const BELOW: f64 = 46.0;

/// The figure of the first groups, of which there may be more.
#[must_use]
pub fn repeated(groups: &[Group], measured: &Measured, room: Room) -> Figure {
    let groups: Vec<&Group> = groups
        .iter()
        .filter(|group| !group.figures.is_empty())
        .take(MOST_ROWS)
        .collect();
    let width = match room {
        Room::Page => 700.0,
        Room::Phone => 350.0,
    };
    let figures = groups.iter().flat_map(|group| &group.figures);
    let span = Span::of(figures.copied(), measured);
    let [one, other] = [span.worst, span.best].map(|end| measured.on_axis(end));
    let margin = (one - other).abs() * 0.04;
    let x = Axis::linear(
        one.min(other) - margin,
        one.max(other) + margin,
        20.0,
        width - 20.0,
        if room == Room::Page { 8 } else { 4 },
    );
    let bottom = ABOVE + groups.len() as f64 * ROW;
    let told: Vec<String> = groups.iter().map(|group| group.told(measured)).collect();
    let title = "Spread over seeds";
    let mut svg = Svg::new(
        width,
        bottom + BELOW,
        title,
        &format!("{}.", told.join(". ")),
    );
    for &tick in x.ticks() {
        let place = x.place(tick);
        svg.line(place, ABOVE - 14.0, place, bottom, "grid");
        svg.text(
            place,
            bottom + 16.0,
            Anchor::Middle,
            "muted",
            &x.label(tick),
        );
    }
    svg.line(x.from(), bottom, x.to(), bottom, "axis");
    svg.text(
        x.to(),
        bottom + 34.0,
        Anchor::End,
        "muted",
        &measured.label(),
    );
    let names: Vec<String> = groups.iter().map(|group| group.text.clone()).collect();
    let names = told_apart(&names, (width - 40.0) / SMALL);
    for (row, (group, name)) in groups.iter().zip(names).enumerate() {
        let y = ABOVE + row as f64 * ROW;
        let place = |figure: f64| x.place(measured.on_axis(span.inside(figure)));
        svg.text(x.from(), y, Anchor::Start, "ink small", &name);
        svg.group("", &group.told(measured), |svg| {
            let y = y + 13.0;
            let Some(mean) = group.mean() else { return };
            if let Some(size) = group.deviation() {
                let [from, to] = [mean - size, mean + size].map(place);
                svg.shade([from, y - 5.0, to - from, 10.0], "fill0", 0.2);
            }
            for &figure in group.figures.iter().take(MOST_DOTS) {
                svg.dot((place(figure), y), 2.6, "fill7", 0.75);
            }
            svg.line(place(mean), y - 7.0, place(mean), y + 7.0, "line line0");
        });
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::super::super::swept::{over_seeds, tests::swept};
    use super::*;

    #[test]
    fn each_setting_has_a_line_with_its_runs() {
        let mut swept = swept(
            &[Some(0.9), Some(0.8), Some(0.7), None, None],
            &[
                ("a", &["x", "y", "x", "y", "z"]),
                ("seed", &["1", "1", "2", "2", "3"]),
            ],
        );
        swept.settings[1].is_seed = true;
        let groups = over_seeds(&swept);
        for room in [Room::Page, Room::Phone] {
            let svg = repeated(&groups, &swept.measured, room).svg;
            assert_eq!(svg.matches("r=\"2.6\"").count(), 3);
            assert!(svg.contains(">a x<") && svg.contains(">a y<"));
            assert!(!svg.contains(">a z<"), "it has no figure");
        }
        assert!(
            repeated(&[], &swept.measured, Room::Page)
                .svg
                .contains("</svg>")
        );
    }
}
