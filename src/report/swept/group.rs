//! Runs that have something in common, with the mean of their figures.

use std::collections::HashMap;

use super::{Measured, Setting, Swept, SweptRun};

/// The parts of the range of a setting with many values.
const PARTS: usize = 6;

/// Some runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub text: String,
    /// Where this begins and ends on the axis of the setting, from 0 to 1; the same for a single value.
    pub ends: (f64, f64),
    /// The figures of those that have one, the best first.
    pub figures: Vec<f64>,
    /// How many diverged.
    pub diverged: usize,
    /// How many were pruned.
    pub pruned: usize,
}

impl Group {
    fn new(text: String, ends: (f64, f64)) -> Self {
        Self {
            text,
            ends,
            figures: Vec::new(),
            diverged: 0,
            pruned: 0,
        }
    }

    fn add(&mut self, run: SweptRun) {
        match (run.figure, run.pruned) {
            (Some(figure), _) => self.figures.push(figure),
            (None, Some(_)) => self.pruned += 1,
            (None, None) => self.diverged += 1,
        }
    }

    /// The mean of the figures.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = self.figures.len();
        (count > 0).then(|| self.figures.iter().sum::<f64>() / count as f64)
    }

    /// Their standard deviation, from n - 1; none for fewer than two.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.figures.len() > 1)?;
        let squares: f64 = (self.figures.iter().map(|figure| (figure - mean).powi(2))).sum();
        Some((squares / (self.figures.len() - 1) as f64).sqrt())
    }

    /// The group in words.
    #[must_use]
    pub fn told(&self, measured: &Measured) -> String {
        let mut told = vec![format!(
            "{} runs",
            self.figures.len() + self.diverged + self.pruned
        )];
        told.extend(
            self.mean()
                .map(|mean| format!("mean {}", measured.shown(mean))),
        );
        told.extend((self.deviation()).map(|size| format!("deviation {}", measured.shown(size))));
        if self.diverged > 0 {
            told.push(format!("{} diverged", self.diverged));
        }
        if self.pruned > 0 {
            told.push(format!("{} pruned", self.pruned));
        }
        format!("{}: {}", self.text, told.join(", "))
    }
}

/// The runs by the values of a setting, or by equal parts of its range where it has many values.
#[must_use]
pub fn groups(swept: &Swept, setting: &Setting) -> Vec<Group> {
    let mut groups: Vec<Group> = if setting.has_few_values() {
        let values = setting.values.iter();
        values
            .map(|value| Group::new(value.text.clone(), (value.at, value.at)))
            .collect()
    } else {
        let ends = |part: usize| [part, part + 1].map(|end| end as f64 / PARTS as f64);
        (0..PARTS)
            .map(|part| {
                let [from, to] = ends(part);
                let text = format!("{} to {}", setting.number_at(from), setting.number_at(to));
                Group::new(text, (from, to))
            })
            .collect()
    };
    for (rank, run) in swept.runs.iter().enumerate() {
        let place = if setting.has_few_values() {
            setting.value(rank)
        } else {
            ((setting.at(rank) * PARTS as f64) as usize).min(PARTS - 1)
        };
        groups[place].add(*run);
    }
    groups.retain(|group| !group.figures.is_empty() || group.diverged + group.pruned > 0);
    groups
}

/// Runs that differ in seeds alone, the best mean first. Empty where no run is repeated.
#[must_use]
pub fn over_seeds(swept: &Swept) -> Vec<Group> {
    let mut places = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (rank, run) in swept.runs.iter().enumerate() {
        let rest = swept.settings.iter().filter(|setting| !setting.is_seed);
        let rest: Vec<String> = rest
            .map(|setting| format!("{} {}", setting.name, setting.text(rank)))
            .collect();
        let text = match rest.is_empty() {
            true => "all runs".to_owned(),
            false => rest.join(", "),
        };
        let place = *places.entry(text.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group::new(text, (0.0, 0.0)));
        }
        groups[place].add(*run);
    }
    let is_repeated = |group: &Group| group.figures.len() > 1;
    if !groups.iter().any(is_repeated) {
        return Vec::new();
    }
    let cost = |group: &Group| {
        let mean = group.mean();
        mean.map_or(f64::INFINITY, |mean| swept.measured.cost(mean))
    };
    groups.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    groups
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;
    use super::*;

    #[test]
    fn runs_are_grouped_by_values_or_by_parts_of_the_range() {
        let swept = swept(
            &[Some(0.75), Some(0.5), Some(0.25), None],
            &[("a", &["2", "1", "2", "1"])],
        );
        let by_value = groups(&swept, &swept.settings[0]);
        assert_eq!(
            by_value[0].told(&swept.measured),
            "1: 2 runs, mean 50.00 %, 1 diverged"
        );
        assert_eq!(
            by_value[1].told(&swept.measured),
            "2: 2 runs, mean 50.00 %, deviation 35.36 %"
        );
        assert_eq!(by_value[1].ends, (1.0, 1.0));
    }

    #[test]
    fn a_setting_of_many_values_has_parts() {
        let figures: Vec<Option<f64>> = (0..61).map(|run| Some(f64::from(-run))).collect();
        let texts: Vec<String> = (0..61).map(|run| run.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let swept = swept(&figures, &[("a", &texts)]);
        let parts = groups(&swept, &swept.settings[0]);
        let counts: Vec<usize> = parts.iter().map(|part| part.figures.len()).collect();
        assert_eq!(counts, [10, 10, 10, 10, 10, 11]);
        assert_eq!(parts[0].text, "0 to 10");
    }

    #[test]
    fn repetitions_differ_in_seeds_alone() {
        let mut swept = swept(
            &[Some(0.9), Some(0.8), Some(0.7), None],
            &[
                ("a", &["x", "y", "x", "y"]),
                ("seed", &["1", "1", "2", "2"]),
            ],
        );
        swept.settings[1].is_seed = true;
        let groups = over_seeds(&swept);
        let texts: Vec<&str> = groups.iter().map(|group| &*group.text).collect();
        assert_eq!(texts, ["a x", "a y"]);
        assert_eq!(groups[1].diverged, 1);
        swept.settings[1].is_seed = false;
        assert!(over_seeds(&swept).is_empty());
    }
}
