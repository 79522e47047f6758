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
const TODAYS_FORM: [(&str, &[&str], &str); 4] = [
    // An activation that is named at all, so that a sweep over activations differs in nothing else. The same holds for outputs.
    ("activation", &[], "initial weights and learning rate"),
    ("output", &[], "probability and learning rate"),
    ("reduction", &["mean"], "learning rate and l2"),
    ("init", &["he"], "learning rate"),
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
                "preset plain: settings that are not given are of today's form, since {name} = {value} does not go with the \
                 article's {lost}; --preset article keeps those"
            );
            (Preset::Plain, Some(note))
        }
    }
}

/// Refuses sums of losses with the learning rate that the preset `plain` has for their mean.
///
/// # Errors
/// [`Error::Setting`].
pub fn check(preset: Preset, given: &Table) -> Result<()> {
    let sums = given.get("reduction").and_then(toml::Value::as_str) == Some("sum");
    if preset != Preset::Plain || !sums || given.contains_key("learning_rate") {
        return Ok(());
    }
    Err(Error::Setting {
        setting: "reduction",
        reason: "expected mean with the learning rate of the preset plain, found sum: give --learning-rate and --l2 too, or \
                 --preset article"
            .to_owned(),
    })
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
            ("init = \"uniform\"", Preset::Article),
            ("reduction = \"mean\"", Preset::Plain),
            ("activation = \"sigmoid\"", Preset::Plain),
            ("output = \"softmax\"", Preset::Plain),
            ("init = \"he\"", Preset::Plain),
        ] {
            let (found, note) = base(&given.parse().unwrap());
            assert_eq!(found, preset, "{given}");
            assert_eq!(note.is_some(), preset == Preset::Plain, "{given}");
        }
    }
}
