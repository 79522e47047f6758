//! Axes: they map values to coordinates, choose round ticks, and draw the grid and its labels.

use super::svg::{Anchor, Svg};

/// Far beyond what is drawn, and far enough below the largest number that sums and differences are numbers too.
const MOST: f64 = 1e300;

/// Values along a line of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
    ticks: Vec<f64>,
    decimals: usize,
}

impl Axis {
    /// A linear axis that shows `low` at `from` and `high` at `to`, with at most `most` steps between round ticks. A range that is
    /// empty or not finite is widened to one that can be shown.
    #[must_use]
    pub fn linear(low: f64, high: f64, from: f64, to: f64, most: usize) -> Self {
        let (low, high) = sound(low, high);
        Self::stepped(low, high, from, to, step(high - low, most))
    }

    /// As [`linear`](Self::linear), with ticks at whole numbers only.
    #[must_use]
    pub fn whole(low: f64, high: f64, from: f64, to: f64, most: usize) -> Self {
        let (low, high) = sound(low, high);
        Self::stepped(low, high, from, to, whole_step(high - low, most))
    }

    /// An axis of counts: from 0 to a round one that is at least `high`, with ticks at whole numbers only.
    #[must_use]
    pub fn counts(high: f64, from: f64, to: f64, most: usize) -> Self {
        const COUNTED: f64 = 1e15; // more than can be counted
        let (_, high) = sound(0.0, high.min(COUNTED));
        let (step, decimals) = whole_step(high, most);
        let high = (high / step - 1e-9).ceil() * step;
        Self::stepped(0.0, high, from, to, (step, decimals))
    }

    fn stepped(low: f64, high: f64, from: f64, to: f64, (step, decimals): (f64, usize)) -> Self {
        // A tick still counts where rounding puts it a little outside.
        let (first, last) = (
            (low / step - 1e-9).ceil() as i64,
            (high / step + 1e-9).floor() as i64,
        );
        let ticks = (first..=last).map(|place| place as f64 * step).collect();
        Self {
            low,
            high,
            from,
            to,
            log: false,
            ticks,
            decimals,
        }
    }

    /// A linear axis whose ends are moved outwards to round ticks.
    #[must_use]
    pub fn rounded(low: f64, high: f64, from: f64, to: f64, most: usize) -> Self {
        let (low, high) = sound(low, high);
        let (step, decimals) = step(high - low, most);
        let low = (low / step + 1e-9).floor() * step;
        let high = (high / step - 1e-9).ceil() * step;
        Self::stepped(low, high, from, to, (step, decimals))
    }

    /// A logarithmic axis from `low` to `high`, both positive, with ticks at 1, 2 and 5 times powers of ten, or at the powers
    /// alone where those are more than `most`. Where it cannot be (a bound that is not positive), a linear one.
    #[must_use]
    pub fn log(low: f64, high: f64, from: f64, to: f64, most: usize) -> Self {
        if !(low > 0.0 && high > low && high.is_finite()) {
            return Self::linear(low, high, from, to, most);
        }
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let inside = |tick: &f64| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(tick);
        let ticks_of = |factors: &[f64], every: usize| -> Vec<f64> {
            (first..=last)
                .step_by(every)
                .flat_map(|power| {
                    factors
                        .iter()
                        .map(move |factor| factor * 10_f64.powi(power))
                })
                .filter(inside)
                .collect()
        };
        let mut ticks = ticks_of(&[1.0, 2.0, 5.0], 1);
        let mut every = 1;
        while ticks.len() > most.max(2) {
            ticks = ticks_of(&[1.0], every);
            every += 1;
        }
        let linear = Self::linear(low, high, from, to, most);
        if ticks.len() < 2 {
            ticks = linear.ticks.clone();
        }
        let least = ticks.first().copied().unwrap_or(low);
        let decimals = (-least.log10().floor()).clamp(0.0, 9.0) as usize;
        Self {
            ticks,
            decimals: decimals.max(if high - low < 10.0 {
                linear.decimals
            } else {
                0
            }),
            log: true,
            ..linear
        }
    }

    /// Where `value` is shown.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value.clamp(-MOST, MOST) - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// The round values that are labelled.
    #[must_use]
    pub(crate) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// A value as the axis writes it.
    #[must_use]
    pub fn label(&self, value: f64) -> String {
        let decimals = if self.log && value >= 1.0 && value.fract() == 0.0 {
            0
        } else {
            self.decimals
        };
        grouped(value, decimals)
    }

    /// The least value shown.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The greatest value shown.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The coordinate of the least value.
    #[must_use]
    pub fn from(&self) -> f64 {
        self.from
    }

    /// The coordinate of the greatest value.
    #[must_use]
    pub fn to(&self) -> f64 {
        self.to
    }
}

/// Draws the grid, the ticks and the labels of two axes. The label of `y` is horizontal and stands above the axis, where it is easy to
/// read.
pub fn draw(svg: &mut Svg, x: &Axis, y: &Axis, x_label: &str, y_label: &str) {
    draw_grid(svg, x, y, y_label);
    let (right, bottom) = (x.from.max(x.to), y.from.max(y.to));
    for &tick in x.ticks() {
        let place = x.place(tick);
        svg.line(place, bottom, place, bottom + 4.0, "axis");
        svg.text(
            place,
            bottom + 18.0,
            Anchor::Middle,
            "muted",
            &x.label(tick),
        );
    }
    svg.text(right, bottom + 35.0, Anchor::End, "muted", x_label);
}

/// Draws the same without the parts that belong to `x`, for the upper of two figures above each other.
pub(crate) fn draw_grid(svg: &mut Svg, x: &Axis, y: &Axis, y_label: &str) {
    let (left, right) = (x.from.min(x.to), x.from.max(x.to));
    let (top, bottom) = (y.from.min(y.to), y.from.max(y.to));
    for &tick in y.ticks() {
        let place = y.place(tick);
        svg.line(left, place, right, place, "grid");
        svg.text(
            left - 8.0,
            place + 4.0,
            Anchor::End,
            "muted",
            &y.label(tick),
        );
    }
    svg.line(left, bottom, right, bottom, "axis");
    svg.text(left, top - 12.0, Anchor::Start, "muted", y_label);
}

/// A number with `decimals` places, its thousands set apart by commas.
#[must_use]
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), ""), |parts| parts);
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let mut grouped = String::from(if value < 0.0 && !zero { "\u{2212}" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && value.is_finite() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// A range that can be divided by its length.
fn sound(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = if low <= high {
        (low, high)
    } else {
        (high, low)
    };
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    let (low, high) = (low.clamp(-MOST, MOST), high.clamp(-MOST, MOST));
    if high - low > (1e-12 * low.abs().max(high.abs())).max(1e-300) {
        (low, high)
    } else {
        let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        (low - margin, high + margin)
    }
}

/// The least round step (1, 2 or 5 times a power of ten) that divides `length` into at most `most`, and the decimals that it has.
fn step(length: f64, most: usize) -> (f64, usize) {
    let rough = length / most.max(1) as f64;
    let power = rough.log10().floor();
    let unit = 10_f64.powf(power);
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * unit >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0);
    let decimals = if factor == 10.0 { -power - 1.0 } else { -power };
    (factor * unit, decimals.clamp(0.0, 15.0) as usize)
}

/// As [`step`], but never below 1.
fn whole_step(length: f64, most: usize) -> (f64, usize) {
    let (step, decimals) = step(length, most);
    if step < 1.0 {
        (1.0, 0)
    } else {
        (step, decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_numbers_have_an_axis() {
        for (low, high) in [
            (-f64::MAX, f64::MAX),
            (f64::MAX, f64::MAX),
            (-1.7e308, -1.7e308),
            (0.0, 1e308),
            (1e-320, 2e-320),
        ] {
            for axis in [
                Axis::linear(low, high, 0.0, 100.0, 5),
                Axis::rounded(low, high, 0.0, 100.0, 5),
                Axis::whole(low, high, 0.0, 100.0, 5),
                Axis::log(low, high, 0.0, 100.0, 5),
            ] {
                assert!(axis.ticks().len() < 20, "{low} {high}: {axis:?}");
                for value in [low, high, 0.0] {
                    assert!(
                        axis.place(value).is_finite(),
                        "{low} {high} {value}: {axis:?}"
                    );
                }
            }
        }
    }

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round() {
        let axis = Axis::linear(1.0, 300.0, 0.0, 100.0, 6);
        assert_eq!(labels(&axis), ["50", "100", "150", "200", "250", "300"]);
        let axis = Axis::rounded(18_123.0, 61_240.5, 0.0, 100.0, 5);
        assert_eq!(
            labels(&axis),
            [
                "10,000", "20,000", "30,000", "40,000", "50,000", "60,000", "70,000"
            ][..]
                .to_vec()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        );
        assert_eq!((axis.place(10_000.0), axis.place(70_000.0)), (0.0, 100.0));
        let axis = Axis::rounded(0.12, 0.27, 0.0, 1.0, 4);
        assert_eq!(labels(&axis), ["0.10", "0.15", "0.20", "0.25", "0.30"]);
        assert_eq!(
            labels(&Axis::linear(-1.0, 1.0, 0.0, 1.0, 4)),
            ["\u{2212}1.0", "\u{2212}0.5", "0.0", "0.5", "1.0"]
        );
    }

    #[test]
    fn whole_numbers_have_no_halves_between_them() {
        for (epochs, expected) in [
            (1.0, &["1"][..]),
            (2.0, &["1", "2"]),
            (3.0, &["1", "2", "3"]),
            (10.0, &["2", "4", "6", "8", "10"]),
        ] {
            assert_eq!(labels(&Axis::whole(1.0, epochs, 0.0, 1.0, 8)), expected);
        }
        assert_eq!(labels(&Axis::counts(1.0, 0.0, 1.0, 6)), ["0", "1"]);
        assert_eq!(labels(&Axis::counts(0.0, 0.0, 1.0, 2)), ["0", "1"]);
        assert_eq!(labels(&Axis::counts(2.0, 0.0, 1.0, 6)), ["0", "1", "2"]);
        let many = Axis::counts(61_240.0, 0.0, 1.0, 2);
        assert_eq!(labels(&many), ["0", "50,000", "100,000"]);
    }

    #[test]
    fn logarithms_are_even() {
        let axis = Axis::log(1.0, 1000.0, 0.0, 300.0, 4);
        assert_eq!(labels(&axis), ["1", "10", "100", "1,000"]);
        assert!((axis.place(10.0) - 100.0).abs() < 1e-9);
        let axis = Axis::log(0.02, 3.0, 0.0, 1.0, 8);
        assert_eq!(
            labels(&axis),
            ["0.02", "0.05", "0.10", "0.20", "0.50", "1", "2"]
        );
        assert!(!Axis::log(0.0, 3.0, 0.0, 1.0, 8).log);
    }

    #[test]
    fn no_range_is_too_odd() {
        for (low, high) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (f64::NAN, 1.0),
            (f64::NEG_INFINITY, f64::INFINITY),
            (-f64::MAX, f64::MAX),
            (1.0, 1.0 + f64::EPSILON),
            (1e300, 2e300),
            (0.0, 5e-324),
        ] {
            for axis in [
                Axis::linear(low, high, 0.0, 1.0, 5),
                Axis::rounded(low, high, 0.0, 1.0, 5),
                Axis::log(low, high, 0.0, 1.0, 5),
                Axis::whole(low, high, 0.0, 1.0, 5),
                Axis::counts(high, 0.0, 1.0, 5),
            ] {
                assert!(axis.ticks().len() < 20, "{low} {high}: {axis:?}");
                assert!(axis.place(0.5).is_finite(), "{low} {high}: {axis:?}");
            }
        }
    }
}
