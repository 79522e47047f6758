//! Curves over the epochs, with their names at their ends or in a legend below.

use super::Room;
use crate::figures::Figure;
use crate::figures::axes::{self, Axis};
use crate::figures::svg::{Anchor, Svg};
use crate::figures::words::{length, told_apart};

/// The height of a line of text.
const LINE: f64 = 15.0;
/// The height of the area of the curves.
const HEIGHT: f64 = 240.0;
/// The heights of what stands above and below that area.
const ABOVE: f64 = 44.0;
const BELOW: f64 = 46.0;
/// The size of small letters as a share of the usual ones.
const SMALL: f64 = 0.875;
/// Curves with more points than this are drawn without dots.
const MOST_DOTS: usize = 60;

/// One curve: points of an epoch, counted from 1, and a value.
pub(super) struct Curve {
    /// The rank of its run among several, from 1.
    pub(super) rank: Option<usize>,
    pub(super) name: String,
    /// Its place in the series' colours; none where it is drawn in grey, behind the others.
    pub(super) colour: Option<usize>,
    /// Whether the line is dashed, since another one has this colour too.
    pub(super) dashed: bool,
    pub(super) points: Vec<(f64, f64)>,
}

impl Curve {
    fn stroke(&self) -> String {
        let dashed = if self.dashed { " dashed" } else { "" };
        self.colour.map_or_else(
            || "line other".to_owned(),
            |colour| format!("line line{colour}{dashed}"),
        )
    }

    fn fill(&self) -> String {
        self.colour
            .map_or_else(|| "muted".to_owned(), |colour| format!("fill{colour}"))
    }
}

/// A function that makes an axis of the least and the greatest value, the coordinates where they are shown, and the most steps.
pub(super) type AxisOf = fn(f64, f64, f64, f64, usize) -> Axis;

/// What a figure of curves shows.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What the values are.
    pub(super) label: &'a str,
    /// The curves, the best run's first.
    pub(super) curves: &'a [Curve],
    /// The last epoch of the axis, from 1.
    pub(super) epochs: f64,
    /// The least and the greatest value.
    pub(super) range: (f64, f64),
    /// Whether points have dots.
    pub(super) dots: bool,
    pub(super) room: Room,
}

impl Chart<'_> {
    /// The figure, with an axis of values that `axis` makes and with values in the words of `shown`.
    pub(super) fn draw(&self, axis: AxisOf, shown: impl Fn(f64) -> String) -> Figure {
        let (low, high) = self.range;
        let bottom = ABOVE + HEIGHT;
        let y = axis(low, high, bottom, ABOVE, 6);
        let ends = self.ends(&y, &shown);
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let labels = widest(&mut y.ticks().iter().map(|&tick| length(&y.label(tick))));
        let names = widest(&mut ends.iter().map(|end| length(&end.text)));
        let (width, left, most) = match self.room {
            Room::Page => (700.0, (labels + 12.0).max(62.0), 8),
            Room::Phone => (350.0, labels + 12.0, 5),
        };
        let right = width - names - 20.0;
        let x = Axis::whole(1.0, self.epochs, left, right, most);
        let legend = self.legend(width - 44.0);
        let height = bottom + BELOW + legend.len() as f64 * LINE;
        let mut svg = Svg::new(width, height, self.title, &self.description(&shown));
        axes::draw(&mut svg, &x, &y, "epoch", self.label);
        // The best is drawn last, so that nothing covers it.
        for curve in self.curves.iter().rev() {
            let place = |&(epoch, value): &(f64, f64)| (x.place(epoch), y.place(value));
            svg.polyline(curve.points.iter().map(place), &curve.stroke());
            let dots = self.dots && curve.colour.is_some() && curve.points.len() <= MOST_DOTS;
            if dots || curve.points.len() == 1 {
                for point in &curve.points {
                    let (x, y) = place(point);
                    svg.circle(x, y, 2.5, &curve.fill());
                }
            }
        }
        for End { y, text, fill } in &ends {
            svg.text(right + 10.0, *y, Anchor::Start, fill, text);
        }
        for (line, (stroke, fill, text)) in legend.iter().enumerate() {
            let y = bottom + BELOW + 8.0 + line as f64 * LINE;
            svg.line(10.0, y - 4.0, 30.0, y - 4.0, stroke);
            svg.text(36.0, y, Anchor::Start, fill, text);
        }
        if self.room == Room::Page {
            hover(&mut svg, self.curves, [&x, &y], &shown);
        }
        svg.finish()
    }

    /// The figure in words: where each curve begins and ends.
    fn description(&self, shown: &impl Fn(f64) -> String) -> String {
        let ends = self.curves.iter().filter_map(|curve| {
            let (first, last) = (curve.points.first()?, curve.points.last()?);
            let (name, from, to) = (&curve.name, shown(first.1), shown(last.1));
            let (start, end) = (first.0, last.0);
            Some(format!(
                "{name}: {from} at epoch {start}, {to} at epoch {end}"
            ))
        });
        let ends: Vec<String> = ends.collect();
        format!("Curves of {}. {}.", self.label, ends.join(". "))
    }

    /// What is written beside the ends of curves: the last value, and before it the rank of the run, or the name where there is no
    /// legend. Texts that would cover one another are moved apart.
    fn ends(&self, y: &Axis, shown: &impl Fn(f64) -> String) -> Vec<End> {
        let coloured = self.curves.iter().filter(|curve| curve.colour.is_some());
        let mut ends: Vec<End> = coloured
            .filter_map(|curve| {
                let &(_, last) = curve.points.last()?;
                let text = match (curve.rank, self.room) {
                    (Some(rank), _) => format!("{rank}: {}", shown(last)),
                    (None, Room::Page) => format!("{} {}", curve.name, shown(last)),
                    (None, Room::Phone) => shown(last),
                };
                let (y, fill) = (y.place(last) + 4.0, curve.fill());
                Some(End { y, text, fill })
            })
            .collect();
        ends.sort_by(|one, other| one.y.total_cmp(&other.y));
        for index in 1..ends.len() {
            ends[index].y = ends[index].y.max(ends[index - 1].y + LINE);
        }
        let mut ceiling = y.from() + 4.0;
        for end in ends.iter_mut().rev() {
            end.y = end.y.min(ceiling);
            ceiling = end.y - LINE;
        }
        ends
    }

    /// The lines of the legend, each with the classes of its stroke and its text, in `room` units. There is none where
    /// names stand beside the curves.
    fn legend(&self, room: f64) -> Vec<(String, String, String)> {
        let single = self.curves.iter().all(|curve| curve.rank.is_none());
        if single && (self.room == Room::Page || self.curves.len() < 2) {
            return Vec::new();
        }
        let coloured = || self.curves.iter().filter(|curve| curve.colour.is_some());
        let names: Vec<String> = coloured().map(|curve| curve.name.clone()).collect();
        let (class, size) = match self.room {
            Room::Page => ("", 1.0),
            Room::Phone => (" small", SMALL),
        };
        let names = told_apart(&names, room / size - length("00: "));
        let line = |(curve, name): (&Curve, String)| {
            let rank = curve
                .rank
                .map_or_else(String::new, |rank| format!("{rank}: "));
            let fill = curve.fill() + class;
            (curve.stroke(), fill, format!("{rank}{name}"))
        };
        let mut lines: Vec<_> = coloured().zip(names).map(line).collect();
        let others = self.curves.len() - lines.len();
        if others > 0 {
            let text = match others {
                1 => "the other run".to_owned(),
                others => format!("the {others} other runs"),
            };
            lines.push(("line other".to_owned(), format!("muted{class}"), text));
        }
        lines
    }
}

/// A text beside the end of a curve.
struct End {
    y: f64,
    text: String,
    fill: String,
}

/// Draws an invisible band for each epoch, which shows the epoch's values while the pointer is on it.
fn hover(svg: &mut Svg, curves: &[Curve], [x, y]: [&Axis; 2], shown: &impl Fn(f64) -> String) {
    let curves = || curves.iter().filter(|curve| curve.colour.is_some());
    let mut epochs: Vec<f64> = curves()
        .flat_map(|curve| &curve.points)
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
        let at = |curve: &Curve| {
            let found = curve
                .points
                .binary_search_by(|point| point.0.total_cmp(&epoch));
            found.ok().map(|index| curve.points[index].1)
        };
        let values: Vec<(&Curve, f64)> = curves()
            .filter_map(|curve| at(curve).map(|value| (curve, value)))
            .collect();
        let told: Vec<String> = values
            .iter()
            .map(|(curve, value)| {
                let rank = curve.rank.map(|rank| rank.to_string());
                format!("{} {}", rank.as_ref().unwrap_or(&curve.name), shown(*value))
            })
            .collect();
        let title = format!("epoch {epoch}: {}", told.join(", "));
        svg.group("hit", &title, |svg| {
            svg.shade([before, top, after - before, bottom - top], "ink", 0.0);
            svg.line(middle, top, middle, bottom, "hint axis");
            for (curve, value) in &values {
                let fill = format!("hint {}", curve.fill());
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
