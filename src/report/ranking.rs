//! Several runs side by side: which is the best, and in which settings they differ.

use super::Run;
use crate::figures::words::visible;

/// What runs are ranked by: the first of these that any of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Accuracy on the held-out images.
    Heldout,
    /// Accuracy on the official test images.
    Test,
    /// Accuracy on the training images.
    Training,
}

impl Measure {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Heldout => "held-out accuracy",
            Self::Test => "test accuracy",
            Self::Training => "training accuracy",
        }
    }

    /// The last value that the run has of it, in 0..=1.
    #[must_use]
    pub fn of(self, run: &Run) -> Option<f64> {
        let finish = run.finish.as_ref();
        let mut epochs = run.epochs.iter().rev();
        match self {
            Self::Heldout => finish
                .and_then(|finish| finish.heldout_accuracy)
                .or_else(|| epochs.find_map(|epoch| epoch.heldout_accuracy)),
            Self::Test => finish.and_then(|finish| finish.test_accuracy),
            Self::Training => finish
                .and_then(|finish| finish.train_accuracy)
                .or_else(|| epochs.find_map(|epoch| epoch.train_accuracy)),
        }
    }
}

/// Runs in the order of their worth.
#[derive(Clone, Debug)]
pub struct Ranking<'a> {
    /// The runs, the best first. Those that did not finish stand last; equal ones stay in the order in which they were given.
    pub runs: Vec<&'a Run>,
    /// What they are ranked by; none where no run was evaluated.
    pub measure: Option<Measure>,
    /// The names of the settings that are not the same in all runs.
    pub differing: Vec<String>,
}

impl<'a> Ranking<'a> {
    /// The ranking of `runs`.
    #[must_use]
    pub fn of(runs: &'a [Run]) -> Self {
        let measure = [Measure::Heldout, Measure::Test, Measure::Training]
            .into_iter()
            .find(|measure| runs.iter().any(|run| measure.of(run).is_some()));
        let worth = |run: &Run| {
            let value = measure.and_then(|measure| measure.of(run));
            (run.finish.is_some(), value.unwrap_or(-1.0))
        };
        let mut ranked: Vec<&Run> = runs.iter().collect();
        ranked.sort_by(|one, other| {
            let (one, other) = (worth(one), worth(other));
            other.0.cmp(&one.0).then(other.1.total_cmp(&one.1))
        });
        let mut differing: Vec<String> = runs
            .iter()
            .flat_map(|run| run.settings.keys().cloned())
            .collect();
        differing.sort_unstable();
        differing.dedup();
        differing.retain(|key| {
            // A run of an older version has no digests, which does not say that its data are others.
            let is_known = |run: &&Run| !is_digest(key) || run.settings.contains_key(key);
            let mut values = runs
                .iter()
                .filter(is_known)
                .map(|run| run.settings.get(key));
            let first = values.next();
            values.any(|value| Some(value) != first)
        });
        Self {
            runs: ranked,
            measure,
            differing,
        }
    }

    /// A text for each run that tells it from the others, best first: its settings where those suffice, else its name too.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let of = |run: &&Run| {
            let settings = self.differing.iter().filter_map(|key| {
                let value = setting(run, key)?;
                Some(format!("{key} {value}"))
            });
            settings.collect::<Vec<_>>().join(", ")
        };
        let settings: Vec<String> = self.runs.iter().map(of).collect();
        let alone = |text: &String| settings.iter().filter(|other| *other == text).count() == 1;
        let labels = self.runs.iter().zip(&settings).map(|(run, text)| {
            if text.is_empty() {
                run.name()
            } else if alone(text) {
                text.clone()
            } else {
                format!("{}: {text}", run.name())
            }
        });
        labels.collect()
    }
}

/// A setting of a run as people write it: without quotes and brackets, and of a digest its beginning.
#[must_use]
pub fn setting(run: &Run, key: &str) -> Option<String> {
    let text = plain(run.settings.get(key)?);
    Some(if is_digest(key) {
        text.chars().take(8).collect()
    } else {
        text
    })
}

/// Whether a setting says which data a run saw.
fn is_digest(key: &str) -> bool {
    key.ends_with("_sha256")
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => visible(text),
        toml::Value::Array(values) if values.is_empty() => "none".to_owned(),
        toml::Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
