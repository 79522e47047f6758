//! The figure by which epochs of a run, and runs of a sweep, are compared.

use serde::{Deserialize, Serialize};

use super::state::EpochFigures;

/// A figure by which the better of two networks is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The accuracy on the held-out samples; the highest is best.
    #[default]
    HeldoutAccuracy,
    /// The mean loss of the held-out samples; the lowest is best.
    HeldoutLoss,
    /// The epoch's error; the lowest is best.
    Error,
}

impl Metric {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::HeldoutAccuracy, Self::HeldoutLoss, Self::Error];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HeldoutAccuracy => "heldout_accuracy",
            Self::HeldoutLoss => "heldout_loss",
            Self::Error => "error",
        }
    }

    /// Whether it is a figure of held-out samples, which there must be then.
    #[must_use]
    pub fn is_heldout(self) -> bool {
        self != Self::Error
    }

    /// An epoch's figure; none where it was not evaluated, also of its error, and where the figure is not finite.
    #[must_use]
    pub fn of_epoch(self, epoch: &EpochFigures) -> Option<f64> {
        let accuracies = epoch.accuracies?;
        let figure = match self {
            Self::HeldoutAccuracy => accuracies.heldout?,
            Self::HeldoutLoss => accuracies.heldout_loss?,
            Self::Error => epoch.error,
        };
        figure.is_finite().then_some(figure)
    }

    /// What is smaller for a better figure.
    #[must_use]
    pub fn cost(self, figure: f64) -> f64 {
        match self {
            Self::HeldoutAccuracy => -figure,
            Self::HeldoutLoss | Self::Error => figure,
        }
    }
}
