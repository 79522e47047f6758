//! The preset that settings which are not given come from, where no preset is named.
//!
//! Some settings only make sense together. The article adds up the losses of 1,920 images, so its learning rate is 0.001 and its
//! L2 factor 0.5; averaged losses need a rate twenty times as high and an L2 factor a thousand times as low. Its weights
//! begin in [-1, 1), which sigmoids bear and ReLUs do not. Its probabilities are the softmax of the outputs, which squashes
//! the outputs of a softmax layer a second time. So whoever asks for one of these in today's form gets the others with it.

use gingham::error::{Error, Result};
use gingham::train::Preset;
use toml::Table;

/// A setting that belongs to today's form: its name, the values that ask for this form (any value, where there are none), and
/// what of the article's does not go with them. With `--preset article` the user's word holds.
///
/// Everything else was tried with the article's settings on Fashion-MNIST, 20 epochs each, and bears them: of momentum, batch sizes,
/// Xavier's weights, biases, shuffling, other probabilities and other widths, the worst ends at 81.7 % held out, the article itself
/// at 84.3 %.
const TODAYS_FORM: [(&str, &[&str], &str); 3] = [
    // An activation that is named at all, so that a sweep over activations differs in nothing else. The same holds for outputs.
    ("activation", &[], "initial weights and learning rate"),
    ("output", &[], "probability and learning rate"),
    ("reduction", &["mean"], "learning rate and l2"),
];

/// The preset for these settings, of which none is `preset`, and the note about it; no note where it is the usual one.
pub fn base(given: &Table) -> (Preset, Option<String>) {
    let asks = |(name, values, _): &&(&str, &[&str], &str)| {
        let value = given.get(*name).and_then(toml::Value::as_str);
        value.is_some_and(|value| values.is_empty() || values.contains(&value))
    };
    match TODAYS_FORM.iter().find(asks) {
        None => (Preset::Article, None),
        Some((name, _, lost)) => {
            let value = &given[*name];
            let note = format!(
                "preset plain: {name} = {value} is given, and the article's {lost} are made for its own form alone; so what is \
                 not given is of today's form (--preset article keeps the article's)"
            );
            (Preset::Plain, Some(note))
        }
    }
}

/// Values that do not go with the learning rate of the preset `plain`: the setting, the value, the one that does, and what to give.
const OWN_RATE: [(&str, &str, &str, &str); 2] = [
    // A sum over 128 images is 128 times their mean: the error is not a number after 22 steps.
    ("reduction", "sum", "mean", "--learning-rate and --l2"),
    // Pixels up to 255: all hidden units are 0 for good, and every image gets one answer.
    ("scale", "none", "standard", "--learning-rate, such as 1e-5"),
];

/// Refuses what does not go with the learning rate of the preset `plain`, where no other rate is given.
///
/// # Errors
/// [`Error::Setting`].
pub fn check(preset: Preset, given: &Table) -> Result<()> {
    let is_given = |(name, value, ..): &&(&str, &str, &str, &str)| {
        given.get(*name).and_then(toml::Value::as_str) == Some(*value)
    };
    let clash = OWN_RATE.iter().find(is_given);
    match clash.filter(|_| preset == Preset::Plain && !given.contains_key("learning_rate")) {
        None => Ok(()),
        Some(&(setting, found, expected, flags)) => Err(Error::Setting {
            setting,
            reason: format!(
                "expected {expected} with the learning rate of the preset plain, found {found}: give {flags} too, or --preset article"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn todays_form_is_asked_for_by_name_or_by_value() {
        for (given, preset) in [
            ("", Preset::Article),
            ("hidden = [100]\nmomentum = 0.9", Preset::Article),
            ("reduction = \"sum\"", Preset::Article),
            ("init = \"he\"", Preset::Article),
            ("reduction = \"mean\"", Preset::Plain),
            ("activation = \"sigmoid\"", Preset::Plain),
            ("output = \"softmax\"", Preset::Plain),
        ] {
            let (found, note) = base(&given.parse().unwrap());
            assert_eq!(found, preset, "{given}");
            assert_eq!(note.is_some(), preset == Preset::Plain, "{given}");
        }
    }
}
