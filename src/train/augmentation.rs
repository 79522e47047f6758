//! How images are changed for training, by which settings, and which samples cannot be.

use super::options::TrainOptions;
use crate::data::{Augmentation, Samples};
use crate::error::{Error, Result};

impl TrainOptions {
    /// How images are changed for training.
    #[must_use]
    pub fn augmentation(&self) -> Augmentation {
        Augmentation {
            flip: self.flip,
            shift: self.shift,
            erase: self.erase,
        }
    }

    /// How images are changed for training, and with which seed; none where they stay as they are.
    #[must_use]
    pub fn seeded_augmentation(&self) -> Option<(Augmentation, u32)> {
        let augmentation = self.augmentation();
        (!augmentation.is_off()).then(|| (augmentation, self.seed_of_epochs()))
    }
}

/// Refuses changes that samples cannot bear: numbers that are no pixels have no left and right, and an image that is moved by all its
/// pixels is out of sight.
pub(super) fn check_augmentation(options: &TrainOptions, samples: Samples<'_>) -> Result<()> {
    let Augmentation { flip, shift, erase } = options.augmentation();
    if let Samples::Features(_) = samples {
        let given = [("flip", flip), ("shift", shift > 0), ("erase", erase > 0.0)];
        return match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((setting, _)) => refuse(
                setting,
                "expected images of bytes, which alone can be augmented, found features".to_owned(),
            ),
            None => Ok(()),
        };
    }
    let (rows, columns) = samples.shape();
    let most = rows.min(columns).saturating_sub(1);
    if shift as usize > most {
        let reason = format!(
            "expected at most {most}, so that something stays of images of {rows} x {columns} pixels, found {shift}"
        );
        return refuse("shift", reason);
    }
    Ok(())
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
