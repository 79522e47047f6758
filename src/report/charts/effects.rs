//! The effect of a setting: the runs by its values, with the mean and the deviation of each.

use super::ticks;
use crate::figures::Figure;
use crate::figures::axes::{self, Axis};
use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::{length, told_apart};
use crate::report::swept::{Group, Setting, Swept, groups};

/// The size of the figure of one setting.
const CELL: (f64, f64) = (350.0, 232.0);
/// How many stand side by side in one figure.
const COLUMNS: usize = 2;
/// The space around them and between them.
const MARGIN: f64 = 16.0;
/// Where the area of the points begins and ends from above.
const AREA: (f64, f64) = (56.0, 196.0);
/// The room from the border of the area to the first and the last value.
const INSET: f64 = 22.0;
/// The most points of a figure.
const MOST_DOTS: usize = 500;
/// The most that a point is moved aside, so that points of one value can be told apart, and the share of the distance to the next value.
const ASIDE: (f64, f64) = (11.0, 0.3);

/// The figure of one setting's effect.
#[must_use]
pub fn effect(swept: &Swept, setting: &Setting) -> Figure {
    let panel = Panel::new(swept, setting);
    let title = format!("Effect of {}", setting.name);
    let mut svg = Svg::new(CELL.0, CELL.1, &title, &panel.description());
    panel.draw(&mut svg, (0.0, 0.0));
    svg.finish()
}

/// The figure of the effects of all settings that are no seeds, in rows of two.
#[must_use]
pub fn effects(swept: &Swept) -> Figure {
    let settings = || swept.settings.iter().filter(|setting| !setting.is_seed);
    let panels: Vec<Panel<'_>> = settings()
        .map(|setting| Panel::new(swept, setting))
        .collect();
    let (columns, rows) = (
        panels.len().clamp(1, COLUMNS),
        panels.len().div_ceil(COLUMNS).max(1),
    );
    let place = |number: usize, size: f64| MARGIN + number as f64 * (size + MARGIN);
    let size = (place(columns, CELL.0), place(rows, CELL.1));
    let told: Vec<String> = panels.iter().map(Panel::description).collect();
    let mut svg = Svg::new(size.0, size.1, "Effects of the settings", &told.join(" "));
    for (number, panel) in panels.iter().enumerate() {
        let corner = (
            place(number % COLUMNS, CELL.0),
            place(number / COLUMNS, CELL.1),
        );
        panel.draw(&mut svg, corner);
    }
    svg.finish()
}

/// The axis of the figures, which all settings share, from `bottom` to `top`.
pub(super) fn axis_of(swept: &Swept, bottom: f64, top: f64, most: usize) -> Axis {
    let span = swept.span();
    let [one, other] = [span.worst, span.best].map(|end| swept.measured.on_axis(end));
    let margin = (one - other).abs() * 0.06;
    Axis::linear(
        one.min(other) - margin,
        one.max(other) + margin,
        bottom,
        top,
        most,
    )
}

/// A setting with its groups.
struct Panel<'a> {
    swept: &'a Swept,
    setting: &'a Setting,
    groups: Vec<Group>,
}

impl<'a> Panel<'a> {
    fn new(swept: &'a Swept, setting: &'a Setting) -> Self {
        Self {
            swept,
            setting,
            groups: groups(swept, setting),
        }
    }

    fn description(&self) -> String {
        let told = self
            .groups
            .iter()
            .map(|group| group.told(&self.swept.measured));
        let told: Vec<String> = told.collect();
        format!(
            "{} by {}. {}.",
            self.swept.measured.name,
            self.setting.name,
            told.join("; ")
        )
    }

    fn draw(&self, svg: &mut Svg, (left, top): (f64, f64)) {
        let y = axis_of(self.swept, top + AREA.1, top + AREA.0, 6);
        let labels = y.ticks().iter().map(|&tick| length(&y.label(tick)));
        let from = left + labels.fold(0.0, f64::max) + 14.0;
        let area = (from, left + CELL.0 - 6.0);
        let log = if self.setting.is_log() { " (log)" } else { "" };
        let name = told_apart(&[format!("{}{log}", self.setting.name)], CELL.0 - 40.0).remove(0);
        svg.text(left + 2.0, top + 16.0, Anchor::Start, "head ink", &name);
        // The axis of the figures reaches over the whole area, that of the values begins within it.
        let ground = Axis::linear(0.0, 1.0, area.0, area.1, 1);
        axes::draw_grid(svg, &ground, &y, &self.swept.measured.label());
        let ends = (area.0 + INSET, area.1 - INSET);
        let labels = ticks::level(&self.setting.ticks(5), ends, (left, left + CELL.0));
        ticks::draw_level(svg, &labels, top + AREA.1);
        self.draw_dots(svg, &y, ends);
        for group in &self.groups {
            self.draw_group(svg, &y, ends, group);
        }
        self.draw_means(svg, &y, ends);
    }

    /// Draws the single runs.
    fn draw_dots(&self, svg: &mut Svg, y: &Axis, (from, to): (f64, f64)) {
        let aside = match self.setting.has_few_values() {
            true => (self.setting.gap() * (to - from) * ASIDE.1).min(ASIDE.0),
            false => 0.0,
        };
        let drawn = self.swept.thinned(MOST_DOTS);
        let opacity = (30.0 / drawn.len().max(1) as f64).sqrt().clamp(0.3, 0.7);
        for rank in drawn {
            if let Some(figure) = self.swept.runs[rank].figure {
                // The golden ratio's multiples are evenly spread, and neighbours in the ranking are far apart.
                let turn = (rank as f64 * 0.618_033_988_75).fract() * 2.0 - 1.0;
                let x = from + self.setting.at(rank) * (to - from) + turn * aside;
                svg.dot((x, self.height(y, figure)), 2.2, "fill7", opacity);
            }
        }
    }

    fn height(&self, y: &Axis, figure: f64) -> f64 {
        let inside = self.swept.span().inside(figure);
        y.place(self.swept.measured.on_axis(inside))
    }

    /// Where an end of a deviation stands, which may lie beyond all figures, and whether it is within the area.
    fn end(&self, y: &Axis, figure: f64) -> (f64, bool) {
        let place = y.place(self.swept.measured.on_axis(figure));
        let inside = place.clamp(y.to(), y.from());
        (inside, inside == place)
    }

    /// Draws the deviation of the runs of one value, or of a part of the range.
    fn draw_group(&self, svg: &mut Svg, y: &Axis, (from, to): (f64, f64), group: &Group) {
        let [left, right] = [group.ends.0, group.ends.1].map(|at| from + at * (to - from));
        svg.group("", &group.told(&self.swept.measured), |svg| {
            let Some(mean) = group.mean() else {
                let text = if group.pruned > 0 {
                    "pruned"
                } else {
                    "diverged"
                };
                let half = length(text) / 2.0;
                let x = ((left + right) / 2.0).clamp(from - INSET + half, to + INSET - half);
                svg.text(x, y.from() - 6.0, Anchor::Middle, "muted small", text);
                return;
            };
            let level = self.height(y, mean);
            let spread = group
                .deviation()
                .map(|size| [mean + size, mean - size].map(|end| self.end(y, end)));
            if left < right {
                if let Some([(upper, _), (lower, _)]) = spread {
                    let (top, height) = (upper.min(lower), (upper - lower).abs());
                    svg.shade([left + 1.0, top, right - left - 2.0, height], "fill0", 0.2);
                }
                svg.line(left + 1.0, level, right - 1.0, level, "line line0");
                return;
            }
            if let Some(ends) = spread {
                svg.line(left, ends[0].0, left, ends[1].0, "line line0");
                for (end, _) in ends.into_iter().filter(|(_, is_inside)| *is_inside) {
                    svg.line(left - 4.0, end, left + 4.0, end, "line line0");
                }
            }
            svg.circle(left, level, 4.0, "fill0");
        });
    }

    /// Joins the means of neighbouring numbers.
    fn draw_means(&self, svg: &mut Svg, y: &Axis, (from, to): (f64, f64)) {
        if !self.setting.is_scale() || !self.setting.has_few_values() {
            return;
        }
        let means = self.groups.iter().filter_map(|group| {
            let x = from + group.ends.0 * (to - from);
            Some((x, self.height(y, group.mean()?)))
        });
        svg.polyline(means, "line line0");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::swept::tests::swept;
    use super::*;

    #[test]
    fn runs_are_points_and_values_have_means() {
        let swept = swept(
            &[Some(0.9), Some(0.8), Some(0.7), None, None],
            &[
                ("a&b", &["1", "2", "1", "2", "3"]),
                ("c", &["x", "y", "x", "y", "y"]),
            ],
        );
        let svg = effect(&swept, &swept.settings[0]).svg;
        assert_eq!(svg.matches("r=\"2.2\"").count(), 3);
        assert_eq!(
            svg.matches("r=\"4\"").count(),
            2,
            "the third value has no figure"
        );
        assert!(svg.contains(">diverged<") && svg.contains("a&amp;b"));
        assert!(svg.contains("1: 2 runs, mean 80.00 %, deviation 14.14 %"));
        assert!(svg.contains("<polyline"), "numbers are joined");
        let words = effect(&swept, &swept.settings[1]).svg;
        assert!(!words.contains("<polyline"), "words are not");
        let both = effects(&swept);
        assert!(both.width > 2.0 * CELL.0 && both.height < 2.0 * CELL.1);
    }

    #[test]
    fn nothing_to_draw_is_drawn_too() {
        assert!(effects(&swept(&[], &[])).svg.contains("</svg>"));
        assert!(
            effects(&swept(&[None], &[("a", &["1"])]))
                .svg
                .contains("</svg>")
        );
    }
}
