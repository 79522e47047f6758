//! Where the axes of parallel coordinates stand, and where each run's line goes.

use super::super::Room;
use super::super::ticks::SMALL;
use crate::figures::axes::Axis;
use crate::figures::words::length;
use crate::report::swept::{Setting, Span, Swept};

/// The least distance of axes that stand side by side.
const LEAST_DISTANCE: f64 = 84.0;
/// The height of such axes, and what stands above them.
const HEIGHT: f64 = 300.0;
const ABOVE: f64 = 58.0;
/// The distance of axes below one another, and what stands above the first.
pub(super) const ROW: f64 = 64.0;
const ABOVE_ROWS: f64 = 30.0;
/// The most room that the runs of one value take beside one another, and the share of the distance to the next value.
pub(super) const RIBBON: (f64, f64) = (18.0, 0.6);
/// The width of the tones at the axis of the figure.
pub(super) const STRIP: f64 = 6.0;

/// The figure's runs, with where its axes stand.
pub(super) struct Layout<'a> {
    pub(super) swept: &'a Swept,
    pub(super) room: Room,
    pub(super) span: Span,
    /// The axis of the figure, from 0 to 1.
    pub(super) figure: Axis,
    pub(super) is_upright: bool,
    pub(super) width: f64,
    /// Where the axes begin and end.
    pub(super) ends: (f64, f64),
    /// Where each axis is on the way across them; the last one is the figure's.
    pub(super) across: Vec<f64>,
    /// How far each run is moved along each axis, so that the runs of one value lie beside one another.
    pub(super) moved: Vec<Vec<f64>>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(swept: &'a Swept, room: Room) -> Self {
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
    pub(super) fn below(&self) -> f64 {
        if self.is_upright {
            self.ends.0 + 34.0
        } else {
            self.across.last().copied().unwrap_or(ABOVE_ROWS) + 44.0
        }
    }

    pub(super) fn height(&self) -> f64 {
        self.below() + 10.0
    }

    /// A point at a share of the way along an axis, and so many units further.
    pub(super) fn point(&self, axis: usize, share: f64, moved: f64) -> (f64, f64) {
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
    pub(super) fn share(&self, figure: f64) -> f64 {
        let inside = self.span.inside(figure);
        self.figure.place(self.swept.measured.on_axis(inside))
    }

    /// The line of a run; that of one without a figure ends at the last setting.
    pub(super) fn points(&self, rank: usize) -> Vec<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use super::super::tests::small;
    use super::*;

    #[test]
    fn lines_of_runs_without_a_figure_end_before_it() {
        let swept = small();
        for room in [Room::Page, Room::Phone] {
            let layout = Layout::new(&swept, room);
            assert_eq!(layout.is_upright, room == Room::Page);
            assert_eq!(layout.points(0).len(), 3);
            assert_eq!(layout.points(3).len(), 2);
        }
    }

    #[test]
    fn runs_of_one_value_lie_beside_one_another() {
        let swept = small();
        let moved = ribbons(&swept.settings[0], 4, 300.0);
        assert!(
            moved[0] > moved[2] && moved[0] <= RIBBON.0 / 2.0,
            "{moved:?}"
        );
        assert_eq!((moved[1], moved[3]), (0.0, 0.0));
    }
}
