//! Parallel coordinates: an axis for each setting and one for the figure, and a line through them for each run.
//!
//! On a page the axes stand side by side. On a phone, and where there are too many of them, each is a line of its own below the one before it.

mod layout;

use super::Room;
use super::ticks::{self, Label, SMALL};
use crate::figures::Figure;
use crate::figures::axes::grouped;
use crate::figures::colour::TONES;
use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::{length, told_apart};
use crate::report::swept::{Setting, Swept, Tick};
use layout::{Layout, RIBBON, STRIP};

/// The most lines on a page and on a phone.
pub(crate) const MOST_LINES: [usize; 2] = [1000, 300];
/// What is covered of the lines behind a text.
const VEIL: f64 = 0.8;

/// The figure of all runs of a sweep. The lines of the best are drawn last.
#[must_use]
pub fn parallel(swept: &Swept, room: Room) -> Figure {
    let chart = Layout::new(swept, room);
    let title = "Settings and figures of all runs";
    let mut svg = Svg::new(chart.width, chart.height(), title, &chart.description());
    chart.draw_lines(&mut svg);
    chart.draw_best(&mut svg);
    for axis in 0..=swept.settings.len() {
        chart.draw_axis(&mut svg, axis);
    }
    chart.draw_strip(&mut svg);
    chart.draw_legend(&mut svg);
    svg.finish()
}

/// The style class of a tone: `share` is from 0 at the worst to 1 at the best.
pub(super) fn tone(share: f64) -> usize {
    ((share * TONES.len() as f64) as usize).min(TONES.len() - 1)
}

impl Layout<'_> {
    fn draw_lines(&self, svg: &mut Svg) {
        let most = MOST_LINES[usize::from(self.room == Room::Phone)];
        let drawn = self.swept.thinned(most);
        // Many lines lie on one another.
        let opacity = (40.0 / drawn.len().max(1) as f64).sqrt().clamp(0.35, 0.9);
        for &rank in drawn.iter().rev() {
            let figure = self.swept.runs[rank].figure;
            let tone = figure.map_or_else(
                || "other".to_owned(),
                |figure| format!("strand{}", tone(self.span.share(figure))),
            );
            let points = self.points(rank);
            match self.room {
                Room::Page => svg.group("", &self.swept.told(rank), |svg| {
                    svg.strand(&points, &tone, opacity);
                }),
                Room::Phone => svg.strand(&points, &tone, opacity),
            };
        }
    }

    /// Draws the line of the best run, with its points.
    fn draw_best(&self, svg: &mut Svg) {
        if self.swept.figures().next().is_none() {
            return;
        }
        let points = self.points(0);
        svg.group("", &self.swept.told(0), |svg| {
            svg.polyline(points.iter().copied(), "line line1");
            for (x, y) in points {
                svg.circle(x, y, 3.5, "fill1");
            }
        });
    }

    /// Draws an axis with its name and its ticks.
    fn draw_axis(&self, svg: &mut Svg, axis: usize) {
        /// How far runs are moved beyond the ends.
        const BEYOND: f64 = RIBBON.0 / 2.0;
        let (x1, y1) = self.point(axis, 0.0, -BEYOND);
        let (x2, y2) = self.point(axis, 1.0, BEYOND);
        svg.line(x1, y1, x2, y2, "axis");
        let setting = self.swept.settings.get(axis);
        let ticks = self.ticks(setting);
        let name = setting.map_or_else(
            || self.swept.measured.label(),
            |setting| match setting.is_log() {
                true => format!("{} (log)", setting.name),
                false => setting.name.clone(),
            },
        );
        if self.is_upright {
            self.draw_upright(svg, (axis, setting.is_none()), &name, &ticks);
        } else {
            let y = self.across[axis];
            let name = told_apart(&[name], self.width - 40.0).remove(0);
            veil(svg, (self.ends.0 - 2.0, y - 10.0), &name, Anchor::Start);
            svg.text(self.ends.0, y - 10.0, Anchor::Start, "ink", &name);
            let labels = ticks::level(&ticks, self.ends, (4.0, self.width - 4.0));
            for Label { middle, text, .. } in &labels {
                veil(svg, (*middle, y + 16.0), text, Anchor::Middle);
            }
            ticks::draw_level(svg, &labels, y);
        }
    }

    fn draw_upright(
        &self,
        svg: &mut Svg,
        (axis, is_figure): (usize, bool),
        name: &str,
        ticks: &[Tick],
    ) {
        let x = self.across[axis];
        let distance = self
            .across
            .get(1)
            .map_or(self.width, |next| next - self.across[0]);
        // The figure's name stands above the others, since it is longer.
        if is_figure {
            svg.text(self.width - 8.0, 16.0, Anchor::End, "ink", name);
        } else {
            let room = match axis {
                0 => (2.0 * (x - 4.0)).min(distance - 8.0),
                _ => distance - 8.0,
            };
            // Ticks tell of a logarithm too.
            let name = match length(name) > room {
                true => name.trim_end_matches(" (log)"),
                false => name,
            };
            let name = told_apart(&[name.to_owned()], room).remove(0);
            svg.text(x, 38.0, Anchor::Middle, "ink", &name);
        }
        let room = if axis == 0 { x - 12.0 } else { distance - 20.0 };
        for Label { tick, text, .. } in ticks::upright(ticks, self.ends, room) {
            if is_figure {
                let x = x + STRIP;
                svg.line(x, tick, x + 4.0, tick, "axis");
                svg.text(x + 8.0, tick + 4.0, Anchor::Start, "muted small", &text);
            } else {
                svg.line(x - 4.0, tick, x, tick, "axis");
                veil(svg, (x - 7.0, tick + 4.0), &text, Anchor::End);
                svg.text(x - 7.0, tick + 4.0, Anchor::End, "muted small", &text);
            }
        }
    }

    /// What is written at the axis of a setting, or at that of the figure.
    fn ticks(&self, setting: Option<&Setting>) -> Vec<Tick> {
        if let Some(setting) = setting {
            return setting.ticks(6);
        }
        let ticks = self.figure.ticks().iter();
        ticks
            .map(|&tick| Tick {
                at: self.figure.place(tick),
                text: self.figure.label(tick),
            })
            .collect()
    }

    /// Draws the tones along the axis of the figure.
    fn draw_strip(&self, svg: &mut Svg) {
        let axis = self.swept.settings.len();
        if self.swept.figures().next().is_none() {
            return;
        }
        let count = TONES.len();
        for number in 0..count {
            let share = |step: usize| {
                let good = step as f64 / count as f64;
                let figure = self.span.worst + good * (self.span.best - self.span.worst);
                self.share(figure)
            };
            let (from, to) = (
                self.point(axis, share(number), 0.0),
                self.point(axis, share(number + 1), 0.0),
            );
            let fill = format!("tone{number}");
            let (x, y) = (from.0.min(to.0), from.1.min(to.1));
            if self.is_upright {
                svg.rect(x, y, STRIP, (from.1 - to.1).abs(), &fill);
            } else {
                svg.rect(x, y - STRIP, (from.0 - to.0).abs(), STRIP, &fill);
            }
        }
    }

    fn draw_legend(&self, svg: &mut Svg) {
        let y = self.below();
        let mut x = if self.is_upright { 10.0 } else { self.ends.0 };
        let mut entry = |stroke: &str, fill: &str, text: &str| {
            svg.line(x, y - 4.0, x + 20.0, y - 4.0, stroke);
            svg.text(x + 26.0, y, Anchor::Start, fill, text);
            x += 26.0 + length(text) * SMALL + 16.0;
        };
        if let Some(run) = self.swept.runs.first().filter(|run| run.figure.is_some()) {
            entry(
                "line line1",
                "fill1 small",
                &format!("run {}, the best", run.number),
            );
        }
        let pruned = self.swept.runs.iter().filter(|run| run.pruned.is_some());
        let pruned = pruned.count();
        let diverged = self.swept.runs.len() - self.swept.figures().count() - pruned;
        for (runs, are) in [(diverged, "diverged"), (pruned, "pruned")] {
            if runs > 0 {
                let text = format!("{} {are}", grouped(runs as f64, 0));
                entry("line other", "muted small", &text);
            }
        }
    }

    /// The figure in words.
    fn description(&self) -> String {
        let settings = self.swept.settings.iter().map(|setting| &*setting.name);
        let settings: Vec<&str> = settings.collect();
        let best = match self.swept.figures().next() {
            Some(_) => format!(" The best is {}.", self.swept.told(0)),
            None => String::new(),
        };
        format!(
            "A line for each of {} runs through axes for {} and {}.{best}",
            self.swept.runs.len(),
            settings.join(", "),
            self.swept.measured.name
        )
    }
}

/// Covers most of what is behind a small text.
fn veil(svg: &mut Svg, (x, y): (f64, f64), text: &str, anchor: Anchor) {
    let width = length(text) * SMALL + 2.0;
    let left = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width + 1.0,
    };
    svg.shade([left, y - 10.0, width, 13.0], "paper", VEIL);
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::swept::tests::swept;
    use super::*;

    pub(super) fn small() -> Swept {
        swept(
            &[Some(0.9), Some(0.8), Some(0.7), None],
            &[
                ("learning-rate", &["0.001", "0.01", "0.001", "1"]),
                ("activation", &["relu", "sigmoid", "<b>", "relu"]),
            ],
        )
    }

    #[test]
    fn each_run_has_a_line_and_those_without_a_figure_end_before_it() {
        let swept = small();
        for room in [Room::Page, Room::Phone] {
            let chart = Layout::new(&swept, room);
            assert_eq!(chart.is_upright, room == Room::Page);
            assert_eq!(chart.points(0).len(), 3);
            assert_eq!(chart.points(3).len(), 2);
            let svg = parallel(&swept, room).svg;
            assert_eq!(
                svg.matches("<polyline").count(),
                5,
                "the best is drawn twice"
            );
            assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;"));
            assert!(svg.contains(">1 diverged<") && svg.contains(">run 1, the best<"));
        }
    }

    #[test]
    fn many_axes_stand_below_one_another() {
        let names: Vec<String> = (0..12).map(|axis| format!("setting-{axis}")).collect();
        let settings: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (&**name, &["1", "2"][..]))
            .collect();
        let swept = swept(&[Some(0.9), Some(0.8)], &settings);
        let figure = parallel(&swept, Room::Page);
        assert!(figure.height > 12.0 * layout::ROW && figure.width <= 700.0);
    }

    #[test]
    fn a_sweep_without_figures_or_settings_is_drawn_too() {
        for swept in [
            swept(&[None, None], &[("a", &["1", "2"])]),
            swept(&[Some(0.5)], &[]),
            swept(&[], &[]),
        ] {
            for room in [Room::Page, Room::Phone] {
                assert!(parallel(&swept, room).svg.contains("</svg>"));
            }
        }
    }

    #[test]
    fn ten_thousand_runs_are_bounded() {
        let figures: Vec<Option<f64>> = (0..10_000).map(|run| Some(-f64::from(run))).collect();
        let texts: Vec<String> = (0..10_000).map(|run| run.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let swept = swept(&figures, &[("a", &texts), ("b", &texts)]);
        let [page, phone] = [Room::Page, Room::Phone].map(|room| parallel(&swept, room).svg);
        assert_eq!(page.matches("<polyline").count(), MOST_LINES[0] + 1);
        assert_eq!(phone.matches("<polyline").count(), MOST_LINES[1] + 1);
    }
}
