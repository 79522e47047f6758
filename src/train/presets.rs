//! The names of the presets; [`TrainOptions::of`](super::TrainOptions::of) has their settings.

use serde::{Deserialize, Serialize};

/// A named set of defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The tutorial's network and its quirks.
    Article,
    /// A wider network in today's usual form: ReLU, softmax, biases, momentum, shuffled mini-batches.
    Wide,
    /// A small network in today's usual form, which single settings can be changed of.
    Plain,
    /// The wider network on a falling learning rate: most of what it can learn, in a few epochs.
    Fast,
    /// A network wider still, by today's recipe: what one network learns in minutes on two cores.
    Best,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 5] = [
        Self::Article,
        Self::Plain,
        Self::Wide,
        Self::Fast,
        Self::Best,
    ];

    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Wide => "wide",
            Self::Plain => "plain",
            Self::Fast => "fast",
            Self::Best => "best",
        }
    }
}
