//! Parallel coordinates: an axis for each setting and one for the figure, and a line through them for each run.
//!
//! On a page the axes stand side by side. On a phone, and where there are too many of them, each is a line of its own below the one before it.

use super::Room;
use super::ticks::{self, Label, SMALL};
use crate::figures::Figure;
use crate::figures::axes::{Axis, grouped};
use crate::figures::colour::TONES;
use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::{length, told_apart};
use crate::report::swept::{Setting, Span, Swept, Tick};

/// The most lines on a page and on a phone.
pub(crate) const MOST_LINES: [usize; 2] = [1000, 300];
/// The least distance of axes that stand side by side.
const LEAST_DISTANCE: f64 = 84.0;
/// The height of such axes, and what stands above them.
const HEIGHT: f64 = 300.0;
const ABOVE: f64 = 58.0;
/// The distance of axes below one another, and what stands above the first.
const ROW: f64 = 64.0;
const ABOVE_ROWS: f64 = 40.0;
/// The most room that the runs of one value take beside one another, and the share of the distance to the next value.
const RIBBON: (f64, f64) = (18.0, 0.6);
/// The width of the tones at the axis of the figure.
const STRIP: f64 = 6.0;
/// What is covered of the lines behind a text.
const VEIL: f64 = 0.8;

/// The figure of all runs of a sweep. The lines of the best are drawn last.
#[must_use]
pub fn parallel(swept: &Swept, room: Room) -> Figure {
    let chart = Chart::new(swept, room);
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

/// The figure's runs, with where its axes stand.
struct Chart<'a> {
    swept: &'a Swept,
    room: Room,
    span: Span,
    /// The axis of the figure, from 0 to 1.
    figure: Axis,
    is_upright: bool,
    width: f64,
    /// Where the axes begin and end.
    ends: (f64, f64),
    /// Where each axis is on the way across them; the last one is the figure's.
    across: Vec<f64>,
    /// How far each run is moved along each axis, so that the runs of one value lie beside one another.
    moved: Vec<Vec<f64>>,
}

impl<'a> Chart<'a> {
    fn new(swept: &'a Swept, room: Room) -> Self {
        let span = swept.span();
        let ends = [span.worst, span.best].map(|end| swept.measured.on_axis(end));
        let figure = Axis::linear(ends[0].min(ends[1]), ends[0].max(ends[1]), 0.0, 1.0, 5);
        let count = swept.settings.len();
        let width = match room {
            Room::Page => 700.0,
            Room::Phone => 350.0,
        };
        let (left, right) = margins(swept, &figure);
        let distance = (width - left - right) / count.max(1) as f64;
        let is_upright = room == Room::Page && distance >= LEAST_DISTANCE;
        let (ends, across): ((f64, f64), Vec<f64>) = if is_upright {
            let across = (0..=count).map(|axis| left + axis as f64 * distance);
            ((ABOVE + HEIGHT, ABOVE), across.collect())
        } else {
            let across = (0..=count).map(|axis| ABOVE_ROWS + axis as f64 * ROW);
            ((20.0, width - 20.0), across.collect())
        };
        let length = (ends.1 - ends.0).abs();
        let moved = swept.settings.iter();
        Self {
            swept,
            room,
            span,
            figure,
            is_upright,
            width,
            ends,
            across,
            moved: moved
                .map(|setting| ribbons(setting, swept.runs.len(), length))
                .collect(),
        }
    }

    /// Where the legend stands.
    fn below(&self) -> f64 {
        if self.is_upright {
            self.ends.0 + 34.0
        } else {
            self.across.last().copied().unwrap_or(ABOVE_ROWS) + 44.0
        }
    }

    fn height(&self) -> f64 {
        self.below() + 10.0
    }

    /// A point at a share of the way along an axis, and so many units further.
    fn point(&self, axis: usize, share: f64, moved: f64) -> (f64, f64) {
        let (from, to) = self.ends;
        let along = from + share * (to - from) + moved * (to - from).signum();
        let across = self.across[axis];
        if self.is_upright {
            (across, along)
        } else {
            (along, across)
        }
    }

    /// Where a figure stands on its axis, from 0 to 1.
    fn share(&self, figure: f64) -> f64 {
        let inside = self.span.inside(figure);
        self.figure.place(self.swept.measured.on_axis(inside))
    }

    /// The line of a run; that of one without a figure ends at the last setting.
    fn points(&self, rank: usize) -> Vec<(f64, f64)> {
        let settings = self.swept.settings.iter().enumerate();
        let place = |(axis, setting): (usize, &Setting)| {
            self.point(axis, setting.at(rank), self.moved[axis][rank])
        };
        let figure = self.swept.runs[rank].figure;
        let last = figure.map(|figure| {
            let share = self.share(figure);
            self.point(self.swept.settings.len(), share, 0.0)
        });
        settings.map(place).chain(last).collect()
    }

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
        let distance = self.across.get(1).map_or(self.width, |next| next - self.across[0]);
        // The figure's name stands above the others, since it is longer.
        if is_figure {
            svg.text(self.width - 8.0, 16.0, Anchor::End, "ink", name);
        } else {
            let room = match axis {
                0 => (2.0 * (x - 4.0)).min(distance - 8.0),
                _ => distance - 8.0,
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
            let (from, to) = (self.point(axis, share(number), 0.0), self.point(axis, share(number + 1), 0.0));
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
            entry("line line1", "fill1 small", &format!("run {}, the best", run.number));
        }
        let diverged = self.swept.runs.len() - self.swept.figures().count();
        if diverged > 0 {
            let text = format!("{} diverged", grouped(diverged as f64, 0));
            entry("line other", "muted small", &text);
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

/// What stands to the left and to the right of axes that stand side by side.
fn margins(swept: &Swept, figure: &Axis) -> (f64, f64) {
    const MOST: f64 = 120.0;
    let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
    let left = swept.settings.first().map_or(20.0, |setting| {
        let ticks = setting.ticks(6);
        let labels = widest(&mut ticks.iter().map(|tick| length(&tick.text) * SMALL));
        let log = if setting.is_log() { " (log)" } else { "" };
        (labels + 14.0).max(length(&format!("{}{log}", setting.name)) / 2.0 + 6.0)
    });
    let labels = figure.ticks().iter();
    let labels = widest(&mut labels.map(|&tick| length(&figure.label(tick)) * SMALL));
    (left.min(MOST), labels + STRIP + 16.0)
}

/// How far each run is moved along an axis of this length: the runs of a value lie beside one another, the best of them foremost.
fn ribbons(setting: &Setting, runs: usize, length: f64) -> Vec<f64> {
    let mut moved = vec![0.0; runs];
    if !setting.has_few_values() {
        return moved;
    }
    let most = (setting.gap() * length * RIBBON.1).min(RIBBON.0);
    let mut counts = vec![0_usize; setting.values.len()];
    for rank in 0..runs {
        counts[setting.value(rank)] += 1;
    }
    let mut seen = vec![0_usize; setting.values.len()];
    for (rank, moved) in moved.iter_mut().enumerate() {
        let value = setting.value(rank);
        *moved = (0.5 - (seen[value] as f64 + 0.5) / counts[value] as f64) * most;
        seen[value] += 1;
    }
    moved
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
mod tests {
    use super::super::super::swept::tests::swept;
    use super::*;

    fn small() -> Swept {
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
            let chart = Chart::new(&swept, room);
            assert_eq!(chart.is_upright, room == Room::Page);
            assert_eq!(chart.points(0).len(), 3);
            assert_eq!(chart.points(3).len(), 2);
            let svg = parallel(&swept, room).svg;
            assert_eq!(svg.matches("<polyline").count(), 5, "the best is drawn twice");
            assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;"));
            assert!(svg.contains(">1 diverged<") && svg.contains(">run 1, the best<"));
        }
    }

    #[test]
    fn runs_of_one_value_lie_beside_one_another() {
        let swept = small();
        let moved = ribbons(&swept.settings[0], 4, 300.0);
        assert!(moved[0] > moved[2] && moved[0] <= RIBBON.0 / 2.0, "{moved:?}");
        assert_eq!((moved[1], moved[3]), (0.0, 0.0));
    }

    #[test]
    fn many_axes_stand_below_one_another() {
        let names: Vec<String> = (0..12).map(|axis| format!("setting-{axis}")).collect();
        let settings: Vec<(&str, &[&str])> =
            names.iter().map(|name| (&**name, &["1", "2"][..])).collect();
        let swept = swept(&[Some(0.9), Some(0.8)], &settings);
        let figure = parallel(&swept, Room::Page);
        assert!(figure.height > 12.0 * ROW && figure.width <= 700.0);
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
