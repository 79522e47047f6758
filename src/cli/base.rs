//! The preset that settings which are not given come from, where no preset is named.
//!
//! Some settings only make sense together. The article adds up the losses of 1,920 images, so its learning rate is 0.001 and its
//! L2 factor 0.5; averaged losses need a rate twenty times as high and an L2 factor a thousand times as low. Its weights
//! begin in [-1, 1), which sigmoids bear and ReLUs do not. Its probabilities are the softmax of the outputs, which squashes
//! the outputs of a softmax layer a second time. So whoever asks for one of these in today's form gets the others with it.

use gingham::error::{Error, Result};
use gingham::model::{Activation, Init, Output, Probability, Scale};
use gingham::quote;
use gingham::sweep::Assignment;
use gingham::train::{Preset, Reduction, TrainOptions};
use toml::Table;

use super::config::Config;

/// A setting that belongs to today's form: its name, the values that ask for this form (any value, where there are none), and
/// what of the article's does not go with them. With `--preset article` the user's word holds.
///
/// Everything else was tried with the article's settings on Fashion-MNIST, 20 epochs each, and bears them: of momentum, batch sizes,
/// Xavier's weights, biases, shuffling, other probabilities and other widths, the worst ends at 81.7 % held out, the article itself
/// at 84.3 %.
const TODAYS_FORM: [(&str, &[&str], &str); 6] = [
    // An activation that is named at all, so that a sweep over activations differs in nothing else. The same holds for outputs.
    ("activation", &[], "initial weights and learning rate"),
    ("output", &[], "probability and learning rate"),
    ("reduction", &["mean"], "learning rate and l2"),
    // The article's figure of the error knows no other target, its layers have no biases, and its rate is not one of Adam's.
    ("label_smoothing", &[], "reported error"),
    ("norm", &["batch"], "layers without biases"),
    ("optimizer", &["adam", "adamw"], "learning rate and l2"),
];

/// The preset for these settings, of which none is `preset`, and the note about it; no note where it is the usual one.
pub fn base(given: &Table) -> (Preset, Option<String>) {
    let asks = |(name, values, _): &&(&str, &[&str], &str)| {
        let named =
            |value: &toml::Value| value.as_str().is_some_and(|value| values.contains(&value));
        given
            .get(*name)
            .is_some_and(|value| values.is_empty() || named(value))
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

/// The settings of a preset with those that go with what is in `given`, where they are not given: Adam's steps are as long as its
/// learning rate whatever the gradient's length, and an L2 term goes through its moments. The figures are PyTorch's. A preset that is
/// Adam's itself has no momentum: another optimizer brings the rate, the momentum and the L2 factor of the recipes that have one.
///
/// Images that are mirrored or moved show bright pixels where there is none in the file, and the deviation of such a pixel is next to
/// nothing: they are standardised by the figures of all pixels.
pub fn with_companions(given: &Table, mut settings: TrainOptions) -> TrainOptions {
    let flips = given.get("flip").and_then(toml::Value::as_bool);
    let shift = given.get("shift").and_then(toml::Value::as_integer);
    if settings.scale == Scale::Standard && (flips == Some(true) || shift.is_some_and(|by| by > 0))
    {
        settings.scale = Scale::Global;
    }
    let optimizer = given.get("optimizer").and_then(toml::Value::as_str);
    let own = settings.optimizer;
    match optimizer.filter(|&optimizer| optimizer != own.name()) {
        Some("adam") => {
            settings.learning_rate = 0.001;
            (settings.l2, settings.weight_decay) = (0.0, 0.0);
        }
        Some("adamw") => {
            settings.learning_rate = 0.001;
            (settings.l2, settings.weight_decay) = (0.0, 0.01);
        }
        Some(_) if own.adapts() => {
            (settings.learning_rate, settings.momentum) = (0.1, 0.9);
            (settings.l2, settings.weight_decay) = (0.0005, 0.0);
        }
        _ => {}
    }
    settings
}

/// The preset that settings name.
pub fn preset(given: &Table) -> Option<Preset> {
    let name = given.get("preset")?.clone();
    Some(name.try_into().expect("a name that was checked"))
}

/// What there is to say of a preset that a flag names beside a configuration file of another one. What the file gives holds over the
/// preset, as ever.
///
/// # Errors
/// [`Error::Setting`] where the file leaves nothing to the preset: its name alone would change, and say what is not so.
pub fn beside(file: &Config, flags: &Table) -> Result<Option<String>> {
    let table = &file.settings.table;
    let (Some(named), Some(own)) = (preset(flags), preset(table)) else {
        return Ok(None);
    };
    if named == own {
        return Ok(None);
    }
    let [of_named, of_own] =
        [named, own].map(|preset| Table::try_from(TrainOptions::of(preset)).expect("plain values"));
    // Two keys cut an epoch, of which a table has one.
    let is_in = |name: &str, table: &Table| match name {
        "batches" | "batch_size" => {
            table.contains_key("batches") || table.contains_key("batch_size")
        }
        name => table.contains_key(name),
    };
    let (given, open): (Vec<&String>, Vec<&String>) = of_named
        .keys()
        .filter(|name| *name != "preset" && of_own.get(*name) != of_named.get(*name))
        .filter(|name| !is_in(name, flags))
        .partition(|name| is_in(name, table));
    let stay: Vec<&str> = given
        .into_iter()
        .filter(|name| table.get(*name) != of_named.get(*name))
        .map(String::as_str)
        .collect();
    let (named, own) = (named.name(), own.name());
    match (stay.is_empty(), open.is_empty()) {
        (true, _) => Ok(None),
        (false, false) => Ok(Some(format!(
            "preset {named}: {} stay as {} has them, whose preset is {own}",
            stay.join(", "),
            quote::path(file.path())
        ))),
        (false, true) => Err(Error::Setting {
            setting: "preset",
            reason: format!(
                "expected {own}, as {} has it, found {named}: the file gives all settings in which these differ, so that the name \
                 alone would change; leave --preset out, or --config",
                quote::path(file.path())
            ),
        }),
    }
}

/// What refusals call the plan of a sweep.
pub const PLAN: &str = "plan";

/// What is wrong with a run of the plan, or with the plan itself.
pub fn of_run(assignment: &Assignment, error: Error) -> Error {
    match error {
        Error::Setting { setting, reason } if setting != PLAN => Error::Setting {
            setting: PLAN,
            reason: format!("{assignment}: {setting}: {reason}"),
        },
        error => error,
    }
}

/// Refuses what a sweep's plan cannot give its runs: what is no setting, what a flag gives already, and what all runs of a process share.
///
/// # Errors
/// [`Error::Setting`].
pub fn check_assigned(assigned: &Table, flags: &Table) -> Result<()> {
    const SHARED: [&str; 6] = ["data", "from", "memory", "metric", "threads", "validation"];
    let all = gingham::train::Config::every_setting();
    for name in assigned.keys() {
        let is_setting = all.contains_key(name) && !name.ends_with("sha256");
        let reason = if SHARED.contains(&name.as_str()) {
            "expected a setting in which runs of one sweep can differ; all of them share this one"
        } else if !is_setting {
            "expected the name of a setting of 'gingham train', such as learning-rate"
        } else if flags.contains_key(name) {
            "expected either a flag or the plan to give it, found both"
        } else {
            continue;
        };
        let flag = name.replace('_', "-");
        return Err(Error::Setting {
            setting: PLAN,
            reason: format!("{}: {reason}", quote::name(&flag)),
        });
    }
    Ok(())
}

/// Values that do not go with the learning rate of the presets in today's form: the setting, the value, the one that does, and what to give.
const OWN_RATE: [(&str, &str, &str, &str); 2] = [
    // A sum over 128 images is 128 times their mean: the error is not a number after 22 steps.
    ("reduction", "sum", "mean", "--learning-rate and --l2"),
    // Pixels up to 255: all hidden units are 0 for good, and every image gets one answer.
    ("scale", "none", "standard", "--learning-rate, such as 1e-5"),
];

/// Refuses what does not go with the learning rate of a preset in today's form, where no other rate is given.
///
/// # Errors
/// [`Error::Setting`].
pub fn check(preset: Preset, given: &Table) -> Result<()> {
    let is_given = |(name, value, ..): &&(&str, &str, &str, &str)| {
        given.get(*name).and_then(toml::Value::as_str) == Some(*value)
    };
    let clash = OWN_RATE.iter().find(is_given);
    match clash.filter(|_| preset != Preset::Article && !given.contains_key("learning_rate")) {
        None => Ok(()),
        Some(&(setting, found, expected, flags)) => Err(Error::Setting {
            setting,
            reason: format!(
                "expected {expected} with the learning rate of the preset {}, found {found}: give {flags} too, or --preset article",
                preset.name()
            ),
        }),
    }
}

/// What a user who named the preset, or a configuration file, should know of the settings together: the word holds, and a note says
/// what it leads to. `images` is the number of images in a mini-batch.
pub fn remarks(settings: &TrainOptions, images: usize) -> Vec<&'static str> {
    let averaged = settings.reduction == Reduction::Mean;
    // What an image's gradient moves the weights by in the long run.
    let pull = settings.learning_rate / (1.0 - settings.momentum);
    let descends = !settings.optimizer.adapts();
    let moves = settings.flip || settings.shift > 0;
    let hidden = !settings.hidden.is_empty();
    let relu = hidden && settings.activation == Activation::Relu;
    [
        (
            averaged && settings.l2 > 0.05,
            "the L2 term outweighs losses that are averaged: with --reduction mean goes --l2 0.0005 or less",
        ),
        (
            averaged && settings.l1 > 0.01,
            "the L1 term outweighs losses that are averaged: with --reduction mean goes --l1 0.001 or less",
        ),
        (
            // The article's is 1.9; the preset wide with added losses, 25, ends in numbers that are none.
            descends && !averaged && pull * images as f64 > 10.0,
            "losses are added up over a mini-batch, so each step is long: a lower --learning-rate goes with --reduction sum",
        ),
        (
            relu && settings.init == Init::Uniform && settings.from_sha256.is_none(),
            "ReLUs pass on large sums of weights in [-1, 1): --init he goes with --activation relu",
        ),
        (
            // The article's rate with averaged losses ends at 4.5 %, and 0.001 without momentum at 77 % after 4 epochs.
            descends && averaged && settings.scale == Scale::Standard && pull < 0.005,
            "losses are averaged over a mini-batch, so each step is short: a higher --learning-rate, such as 0.02, goes with \
             --reduction mean",
        ),
        (
            moves && settings.scale == Scale::Standard,
            "mirrored and moved images show bright pixels where the file has none, which one by one are scaled to large numbers: --scale global \
             goes with --flip and --shift",
        ),
        (
            settings.output == Output::Softmax && settings.probability == Probability::Softmax,
            "probabilities are the softmax of what is a softmax already, so all are nearly alike: --probability output goes \
             with --output softmax",
        ),
        (
            descends && settings.scale == Scale::None && pull > 1e-3,
            "pixels up to 255 make steps long: --learning-rate 1e-5 goes with --scale none",
        ),
    ]
    .into_iter()
    .filter_map(|(clashes, note)| clashes.then_some(note))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_lead_nowhere_together_are_remarked_upon() {
        let remarks = |preset, change: &dyn Fn(&mut TrainOptions)| {
            let mut settings = TrainOptions::of(preset);
            change(&mut settings);
            let images = settings.batch_size.unwrap_or(1920);
            remarks(&settings, images).len()
        };
        for preset in Preset::ALL {
            assert_eq!(remarks(preset, &|_| ()), 0, "{preset:?}");
        }
        let mean = |settings: &mut TrainOptions| settings.reduction = Reduction::Mean;
        let sum = |settings: &mut TrainOptions| settings.reduction = Reduction::Sum;
        let relu = |settings: &mut TrainOptions| settings.activation = Activation::Relu;
        let raw = |settings: &mut TrainOptions| settings.scale = Scale::None;
        let squashed = |settings: &mut TrainOptions| settings.output = Output::Softmax;
        let flat = |settings: &mut TrainOptions| {
            settings.hidden.clear();
            raw(settings);
        };
        assert_eq!(
            remarks(Preset::Article, &mean),
            2,
            "the L2 term, and the rate"
        );
        assert_eq!(remarks(Preset::Article, &squashed), 1);
        assert_eq!(remarks(Preset::Plain, &flat), 1);
        assert_eq!(remarks(Preset::Article, &relu), 1);
        assert_eq!(remarks(Preset::Article, &raw), 0);
        assert_eq!(remarks(Preset::Wide, &sum), 1);
        assert_eq!(remarks(Preset::Wide, &raw), 1);
    }

    #[test]
    fn another_optimizer_brings_its_own_rate() {
        let of = |preset, optimizer: &str| {
            let given = format!("optimizer = \"{optimizer}\"").parse().unwrap();
            let settings = with_companions(&given, TrainOptions::of(preset));
            let held = (settings.l2, settings.weight_decay);
            (settings.learning_rate, settings.momentum, held)
        };
        let best = (0.005, 0.0, (0.0, 0.05));
        assert_eq!(of(Preset::Best, "adamw"), best, "as without the flag");
        assert_eq!(of(Preset::Best, "adam"), (0.001, 0.0, (0.0, 0.0)));
        assert_eq!(of(Preset::Best, "nesterov"), (0.1, 0.9, (0.0005, 0.0)));
        assert_eq!(of(Preset::Plain, "adamw"), (0.001, 0.9, (0.0, 0.01)));
        assert_eq!(of(Preset::Plain, "nesterov").0, 0.02);
        assert_eq!(of(Preset::Fast, "sgd").0, 0.1);
    }

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
