//! What the user of `train` may not expect.

use gingham::data::split;
use gingham::error::{cut, list};
use gingham::train::Plan;

use super::base;
use super::output::shown;

/// What the user may not expect of a run, before it starts.
pub fn of(plan: &Plan<'_>) -> Vec<String> {
    let engine = plan.settings().engine.name();
    let of_engine = plan.engine_note();
    let images = plan.mini_batches().largest(plan.training_samples());
    let remarks = base::remarks(plan.settings(), images);
    classes_without_images(plan)
        .into_iter()
        .chain(classes_of_one_name(plan))
        .chain(of_engine.map(|note| format!("engine {engine}: {note}")))
        .chain(plan.data_note().map(str::to_owned))
        .chain(plan.start_notes())
        .chain(remarks.into_iter().map(str::to_owned))
        .collect()
}

/// That two classes have one name, where two have.
fn classes_of_one_name(plan: &Plan<'_>) -> Option<String> {
    let classes = &plan.data().classes;
    let twice = classes.iter().enumerate().find_map(|(label, name)| {
        let first = classes.iter().position(|other| other == name)?;
        (first < label).then_some((first, label, name))
    });
    twice.map(|(first, label, name)| {
        let name = shown(&cut(name));
        format!("classes {first} and {label} have one name, {name}: answers cannot be told apart by names")
    })
}

/// That classes have no image to train on, where some have none.
fn classes_without_images(plan: &Plan<'_>) -> Option<String> {
    /// With more images than that, chance leaves some of them in any share that is not held out.
    const MANY: usize = 1000;
    /// The names that are told.
    const TOLD: usize = 5;
    let data = plan.data();
    let mut counts = vec![0_usize; data.classes.len()];
    for &label in data.train.labels {
        counts[usize::from(label)] += 1;
    }
    if counts.iter().all(|&count| count > MANY) {
        return None;
    }
    let settings = plan.settings();
    let images = data.train.labels.len() as u32;
    counts.fill(0);
    for index in split(images, settings.holdout, settings.seed_of_split()).train {
        counts[usize::from(data.train.labels[index as usize])] += 1;
    }
    let lacking: Vec<String> = counts
        .iter()
        .zip(&data.classes)
        .enumerate()
        .filter(|(_, (count, _))| **count == 0)
        .map(|(label, (_, name))| format!("{label} ({})", shown(&cut(name))))
        .collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "no training image shows class {}: the network cannot learn what these look like",
            list(&lacking, TOLD)
        )
    })
}
