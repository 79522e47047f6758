//! How much the classes count in what is descended on.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::quote;

/// What the losses of the images of a class are multiplied by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeight {
    /// Something that follows from the training images.
    Rule(WeightRule),
    /// A number for each class, by its number.
    Each(Vec<f64>),
}

/// What class weights follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightRule {
    /// Every image counts the same.
    None,
    /// Every class that has images counts the same: of `n` training images, of which class `c` has `n_c` and `k` classes have any, those
    /// of class `c` count `n / (k n_c)`, so that their mean is 1. It is scikit-learn's `compute_class_weight("balanced", ...)`.
    Balanced,
}

impl Default for ClassWeight {
    fn default() -> Self {
        Self::Rule(WeightRule::None)
    }
}

impl FromStr for ClassWeight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let weight = |part: &str| {
            part.trim().parse().map_err(|_| {
                let found = quote::name(part);
                format!("expected 'none', 'balanced' or numbers, found '{found}'")
            })
        };
        match text {
            "none" => Ok(Self::Rule(WeightRule::None)),
            "balanced" => Ok(Self::Rule(WeightRule::Balanced)),
            _ => text
                .split(',')
                .map(weight)
                .collect::<Result<_, _>>()
                .map(Self::Each),
        }
    }
}

impl ClassWeight {
    /// The weight of each class among training images with these labels; empty where all are 1.
    ///
    /// # Panics
    /// If a label is none of the classes.
    pub(super) fn of_classes(&self, labels: impl Iterator<Item = u8>, classes: usize) -> Vec<f64> {
        match self {
            Self::Rule(WeightRule::None) => Vec::new(),
            Self::Each(weights) => weights.clone(),
            Self::Rule(WeightRule::Balanced) => {
                let mut counts = vec![0_u32; classes];
                labels.for_each(|label| counts[usize::from(label)] += 1);
                let images: u32 = counts.iter().sum();
                let shown = counts.iter().filter(|&&count| count > 0).count();
                let mean = f64::from(images) / shown as f64;
                let weight = |count| {
                    if count > 0 {
                        mean / f64::from(count)
                    } else {
                        0.0
                    }
                };
                counts.into_iter().map(weight).collect()
            }
        }
    }

    /// Refuses weights that are not those of so many classes.
    pub(super) fn check_classes(&self, classes: usize) -> Result<()> {
        match self {
            Self::Each(weights) if weights.len() != classes => refuse(format!(
                "expected a number for each of the {classes} classes, found {}",
                weights.len()
            )),
            _ => Ok(()),
        }
    }

    /// Refuses weights that no class can have.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Each(weights) = self else {
            return Ok(());
        };
        let wrong = weights.iter().find(|weight| !(0.0..=1e6).contains(*weight));
        match wrong {
            Some(wrong) => refuse(format!("expected numbers from 0 to 1e6, found {wrong:?}")),
            None if weights.iter().all(|&weight| weight == 0.0) => {
                refuse("expected a number above 0 among them, found none".to_owned())
            }
            None => Ok(()),
        }
    }
}

fn refuse<T>(reason: String) -> Result<T> {
    let setting = "class_weight";
    Err(Error::Setting { setting, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        let balanced = ClassWeight::Rule(WeightRule::Balanced);
        // compute_class_weight("balanced", classes=[0, 1, 3], y=[0, 0, 0, 1, 3, 3]): 2/3, 2, 1. Class 2 has no image.
        let weights = balanced.of_classes([0, 3, 0, 1, 3, 0].into_iter(), 4);
        assert_eq!(weights, [2.0 / 3.0, 2.0, 0.0, 1.0]);
    }
}
