//! What the user of `train` may not expect.

use gingham::error::{cut, list};
use gingham::train::Plan;

use super::base;
use super::output::shown;

/// The classes that a note names.
const TOLD: usize = 5;

/// What the user may not expect of a run, before it starts.
pub fn of(plan: &Plan<'_>) -> Vec<String> {
    let engine = plan.settings().engine.name();
    let of_engine = plan.engine_note();
    let images = plan.mini_batches().largest(plan.training_samples());
    let remarks = base::remarks(plan.settings(), images);
    classes_without_images(plan)
        .into_iter()
        .chain(classes_of_few_images(plan))
        .chain(validation_is_trained_on(plan))
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
    let data = plan.data();
    if images_of_each(plan).iter().all(|&count| count > MANY) {
        return None;
    }
    let mut counts = vec![0_usize; data.classes.len()];
    for index in plan.split().train {
        counts[usize::from(data.train.labels[index as usize])] += 1;
    }
    let lacking = classes(plan, &counts, |count| count == 0);
    (!lacking.is_empty()).then(|| {
        format!(
            "no training image shows class {}: the network cannot learn what these look like",
            list(&lacking, TOLD)
        )
    })
}

/// That a class has too few images for each fold of a cross-validation to hold one out, where one has.
fn classes_of_few_images(plan: &Plan<'_>) -> Option<String> {
    let folds = plan.settings().folds? as usize;
    let few = classes(plan, &images_of_each(plan), |count| {
        (1..folds).contains(&count)
    });
    (!few.is_empty()).then(|| {
        format!(
            "fewer images than the {folds} folds show class {}: some folds hold none of them out",
            list(&few, TOLD)
        )
    })
}

/// That the held-out images are those that are trained on, where they are.
fn validation_is_trained_on(plan: &Plan<'_>) -> Option<String> {
    let settings = plan.settings();
    let own = settings.validation_images_sha256.as_ref()?;
    (settings.images_sha256.as_ref() == Some(own)).then(|| {
        "the images of the validation set are the training images: the held-out accuracy says nothing about other images".to_owned()
    })
}

/// The images of each class in the training file.
fn images_of_each(plan: &Plan<'_>) -> Vec<usize> {
    let data = plan.data();
    let mut counts = vec![0; data.classes.len()];
    for &label in data.train.labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

/// The classes whose number of images is as asked for, by number and name.
fn classes(plan: &Plan<'_>, counts: &[usize], asked: impl Fn(usize) -> bool) -> Vec<String> {
    let named = counts.iter().zip(&plan.data().classes).enumerate();
    named
        .filter(|(_, (count, _))| asked(**count))
        .map(|(label, (_, name))| format!("{label} ({})", shown(&cut(name))))
        .collect()
}
