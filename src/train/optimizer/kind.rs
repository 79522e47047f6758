//! The names of the optimizers.

use serde::{Deserialize, Serialize};

/// Which optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// [`Sgd`](super::Sgd).
    #[default]
    Sgd,
    /// [`Sgd`](super::Sgd) that looks ahead.
    Nesterov,
    /// [`Adam`](super::Adam).
    Adam,
    /// [`Adam`](super::Adam) that weights may decay beside.
    AdamW,
}

impl OptimizerKind {
    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Nesterov => "nesterov",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
        }
    }

    /// Whether it divides by the root of a second moment, so that its learning rate is the length of a step whatever the gradient's.
    #[must_use]
    pub fn adapts(self) -> bool {
        matches!(self, Self::Adam | Self::AdamW)
    }
}
