//! A setting as an axis: how far apart its values stand, and which of them are written.

use std::collections::HashMap;

use crate::figures::axes::{Axis, grouped};

/// An axis has a tick for each value where there are no more than so many, and its runs have a mean for each.
const MOST_VALUES: usize = 12;
/// An axis is logarithmic where the greatest value is more than this many times all but a twentieth of the values.
const LOG_FROM: f64 = 100.0;
/// And where it is at least this many times the least, and the middle one of the values lies in this share of the range.
const SKEWED_FROM: f64 = 8.0;
const SKEWED: f64 = 0.3;

/// A setting, and the value that it has in each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The setting's name.
    pub name: String,
    /// Whether it is a seed: runs that differ in nothing else are repetitions.
    pub is_seed: bool,
    /// Its different values, in the order in which they stand on the axis.
    pub values: Vec<Tick>,
    /// The place of each run's value among these, the best run first.
    of_runs: Vec<usize>,
    spacing: Spacing,
}

/// A text on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it stands, from 0 at the axis' beginning to 1 at its end.
    pub at: f64,
    /// The text.
    pub text: String,
}

/// How values are placed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    /// Words, and numbers that no scale tells apart: at equal distances.
    Even,
    Linear {
        low: f64,
        high: f64,
    },
    Log {
        low: f64,
        high: f64,
    },
}

impl Spacing {
    /// The spacing of numbers in rising order.
    fn of(numbers: &[f64]) -> Self {
        let [low, .., high] = *numbers else {
            return Self::Even;
        };
        let middle = numbers[(numbers.len() - 1) / 2];
        let is_skewed = middle / 2.0 - low / 2.0 < SKEWED * (high / 2.0 - low / 2.0);
        // Of evenly drawn numbers the least can be as near to 0 as it will.
        let usual = numbers[numbers.len() / 20];
        let is_log = |low: f64| {
            let is_spread = high / low.max(usual) > LOG_FROM;
            low > 0.0 && (is_spread || high / low >= SKEWED_FROM && is_skewed)
        };
        let above_0 = numbers.iter().copied().find(|&number| number > 0.0);
        match above_0 {
            _ if is_log(low) => Self::Log { low, high },
            // 0 has no logarithm.
            Some(least) if low == 0.0 && is_log(least) && numbers.len() <= MOST_VALUES => {
                Self::Even
            }
            _ => Self::Linear { low, high },
        }
    }

    /// Where a number stands, from 0 to 1; none where numbers are placed as words are.
    fn place(self, number: f64) -> Option<f64> {
        let place = match self {
            Self::Even => return None,
            // Halves, since a difference of the ends may be more than the largest number.
            Self::Linear { low, high } => (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
            Self::Log { low, high } => (number / low).ln() / (high / low).ln(),
        };
        Some(place)
    }

    /// The number at a place.
    fn number(self, at: f64) -> Option<f64> {
        match self {
            Self::Even => None,
            Self::Linear { low, high } => Some(low * (1.0 - at) + high * at),
            Self::Log { low, high } => Some((low.ln() * (1.0 - at) + high.ln() * at).exp()),
        }
    }
}

impl Setting {
    /// The setting `name` with the value of each run as text, the best run first; `numbers` are those of the runs in the plan.
    #[must_use]
    pub fn new(name: &str, is_seed: bool, texts: &[&str], numbers: &[usize]) -> Self {
        let mut in_order: Vec<usize> = (0..texts.len()).collect();
        in_order.sort_by_key(|&rank| numbers[rank]);
        let mut places = HashMap::new();
        let mut values: Vec<&str> = Vec::new();
        for rank in in_order {
            places.entry(texts[rank]).or_insert_with(|| {
                values.push(texts[rank]);
            });
        }
        let read: Option<Vec<f64>> = values.iter().map(|text| number(text)).collect();
        let mut spacing = Spacing::Even;
        let mut shares: Vec<f64> = Vec::new();
        if let Some(read) = read {
            let mut both: Vec<(f64, &str)> = read.into_iter().zip(values).collect();
            both.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (rising, texts): (Vec<f64>, Vec<&str>) = both.into_iter().unzip();
            spacing = Spacing::of(&rising);
            shares = rising.iter().filter_map(|&at| spacing.place(at)).collect();
            values = texts;
        } else if values.iter().all(|text| widths(text).is_some()) {
            values.sort_by_key(|text| widths(text));
        }
        if shares.is_empty() {
            let steps = values.len().saturating_sub(1).max(1) as f64;
            shares = (0..values.len())
                .map(|place| place as f64 / steps)
                .collect();
        }
        let places: HashMap<&str, usize> = values.iter().copied().zip(0..).collect();
        let values = values.iter().zip(&shares);
        Self {
            name: name.to_owned(),
            is_seed,
            of_runs: texts.iter().map(|text| places[text]).collect(),
            values: values
                .map(|(text, &at)| Tick {
                    at,
                    text: (*text).to_owned(),
                })
                .collect(),
            spacing,
        }
    }

    /// Whether each value has a tick of its own.
    #[must_use]
    pub fn has_few_values(&self) -> bool {
        self.spacing == Spacing::Even || self.values.len() <= MOST_VALUES
    }

    /// Whether the values are numbers whose distances mean something.
    #[must_use]
    pub fn is_scale(&self) -> bool {
        self.spacing != Spacing::Even
    }

    /// Whether the axis is logarithmic.
    #[must_use]
    pub fn is_log(&self) -> bool {
        matches!(self.spacing, Spacing::Log { .. })
    }

    /// The place of the run's value among all.
    #[must_use]
    pub fn value(&self, rank: usize) -> usize {
        self.of_runs[rank]
    }

    /// The run's value as the plan has it.
    #[must_use]
    pub fn text(&self, rank: usize) -> &str {
        &self.values[self.of_runs[rank]].text
    }

    /// Where the run stands on the axis, from 0 to 1.
    #[must_use]
    pub fn at(&self, rank: usize) -> f64 {
        self.values[self.of_runs[rank]].at
    }

    /// The number at a place of the axis, in words.
    #[must_use]
    pub fn number_at(&self, at: f64) -> String {
        self.spacing.number(at).map_or_else(String::new, short)
    }

    /// The least distance of two values.
    #[must_use]
    pub fn gap(&self) -> f64 {
        let pairs = self.values.windows(2);
        pairs
            .map(|pair| pair[1].at - pair[0].at)
            .fold(1.0, f64::min)
    }

    /// What is written at the axis: its values, or about `most` round numbers.
    #[must_use]
    pub fn ticks(&self, most: usize) -> Vec<Tick> {
        if self.has_few_values() {
            return self.values.clone();
        }
        let axis = match self.spacing {
            Spacing::Linear { low, high } => Axis::linear(low, high, 0.0, 1.0, most),
            Spacing::Log { low, high } => Axis::log(low, high, 0.0, 1.0, most),
            Spacing::Even => return self.values.clone(),
        };
        let tick = |&number: &f64| Tick {
            at: axis.place(number),
            text: short(number),
        };
        axis.ticks().iter().map(tick).collect()
    }
}

/// A value as a number.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A value as the widths of hidden layers, of which there may be none.
fn widths(text: &str) -> Option<Vec<u32>> {
    match text {
        "none" => Some(Vec::new()),
        _ => text.split('-').map(|width| width.parse().ok()).collect(),
    }
}

/// A number in three digits, with an exponent where it is very small or large.
fn short(number: f64) -> String {
    let size = number.abs();
    if number != 0.0 && !(1e-3..1e6).contains(&size) {
        let text = format!("{number:.2e}");
        let (digits, exponent) = text.split_once('e').expect("an exponent");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}e{exponent}").replace('-', "\u{2212}");
    }
    let decimals = match size {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        size if size >= 0.01 => 4,
        _ => 5,
    };
    let text = grouped(number, decimals);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(texts: &[&str]) -> Setting {
        let numbers: Vec<usize> = (1..=texts.len()).collect();
        Setting::new("s", false, texts, &numbers)
    }

    fn places(texts: &[&str]) -> Vec<(String, f64)> {
        let values = setting(texts).values.into_iter();
        values
            .map(|tick| (tick.text, (tick.at * 1e3).round() / 1e3))
            .collect()
    }

    fn expected(values: &[(&str, f64)]) -> Vec<(String, f64)> {
        let values = values.iter();
        values.map(|&(text, at)| (text.to_owned(), at)).collect()
    }

    #[test]
    fn words_stand_at_equal_distances_in_the_order_of_the_plan() {
        let words = ["relu", "50-25", "1", "relu"];
        let even = expected(&[("relu", 0.0), ("50-25", 0.5), ("1", 1.0)]);
        assert_eq!(places(&words), even);
        // The best run is not the first of the plan.
        let setting = Setting::new("s", false, &["b", "a", "c"], &[2, 1, 3]);
        let order: Vec<&str> = setting.values.iter().map(|tick| &*tick.text).collect();
        assert_eq!(order, ["a", "b", "c"]);
        assert_eq!((setting.text(0), setting.at(0)), ("b", 0.5));
        assert!(!setting.is_scale() && setting.has_few_values());
        let layers = places(&["64-32", "100", "none", "25"]).into_iter();
        let layers: Vec<String> = layers.map(|(text, _)| text).collect();
        assert_eq!(layers, ["none", "25", "64-32", "100"]);
        assert_eq!(places(&["x"]), expected(&[("x", 0.0)]));
        assert_eq!(places(&[]), []);
    }

    #[test]
    fn numbers_stand_by_their_size() {
        assert_eq!(
            places(&["0.002", "0.0005", "0.001"]),
            expected(&[("0.0005", 0.0), ("0.001", 0.333), ("0.002", 1.0)])
        );
        assert_eq!(
            places(&["-1.0", "1.0", "0"]),
            expected(&[("-1.0", 0.0), ("0", 0.5), ("1.0", 1.0)])
        );
        let widest = setting(&["-1e308", "1e308", "0"]);
        assert_eq!(widest.values[1].at, 0.5);
    }

    #[test]
    fn what_is_spread_over_decades_stands_by_its_logarithm() {
        let decades = setting(&["1e-5", "0.001", "0.1"]);
        assert!(decades.is_log());
        assert!((decades.values[1].at - 0.5).abs() < 1e-9);
        // One decade in equal ratios is the same; seeds in equal steps are not.
        assert!(setting(&["0.0003", "0.000948683", "0.003"]).is_log());
        assert!(!setting(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]).is_log());
        assert!(!setting(&["0.0005", "0.001", "0.002"]).is_log());
        let drawn: Vec<String> = (0..500)
            .map(|n| format!("{}", 0.0001 + 0.002 * f64::from(n)))
            .collect();
        let drawn: Vec<&str> = drawn.iter().map(String::as_str).collect();
        assert!(!setting(&drawn).is_log(), "evenly drawn");
        // 0 has no logarithm.
        let with_0 = ["0", "0.001", "0.01", "1"];
        let even = expected(&[("0", 0.0), ("0.001", 0.333), ("0.01", 0.667), ("1", 1.0)]);
        assert_eq!(places(&with_0), even);
    }

    #[test]
    fn many_values_have_round_ticks() {
        let texts: Vec<String> = (0..100)
            .map(|n| format!("{}", 0.013 * f64::from(n)))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let many = setting(&texts);
        let ticks: Vec<String> = many.ticks(5).into_iter().map(|tick| tick.text).collect();
        assert_eq!(ticks, ["0", "0.5", "1"]);
        let texts: Vec<String> = (0..50)
            .map(|n| format!("{:e}", 10_f64.powf(f64::from(n) / 10.0 - 5.0)))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let many = setting(&texts);
        assert!(many.is_log());
        let ticks: Vec<String> = many.ticks(6).into_iter().map(|tick| tick.text).collect();
        assert_eq!(
            ticks,
            ["1e\u{2212}5", "1e\u{2212}4", "0.001", "0.01", "0.1"]
        );
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (0.001_234_5, "0.00123"),
            (12_345.6, "12,346"),
            (100.0, "100"),
            (3.2e-7, "3.2e\u{2212}7"),
            (-2e9, "\u{2212}2e9"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
