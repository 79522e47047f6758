//! The classes of a data set as those of a model: a place in a list of names is a label, and two lists may have two orders.

use super::alike;
use crate::data::Labelled;
use crate::error::{Error, Result, cut, list};

/// The most names of a list that a message shows.
const MOST_SHOWN: usize = 12;

/// Gives each label the number that the model has for the class of its name. `names` are those of the data set, by label. Where one of
/// the two sides has no names, labels stay as they are.
///
/// Returns what there is to say where a label has changed.
///
/// # Errors
/// [`Error::Mismatch`] where the model has no class, or several, of a label's name, where two labels have one name, and for a label beyond the model's classes.
pub(super) fn number_as(
    classes: &[String],
    names: Option<&[String]>,
    data: &mut Labelled,
) -> Result<Option<String>> {
    let named = names.filter(|names| has_names(names) && has_names(classes));
    let mut note = None;
    if let Some(names) = named {
        let mut numbers = [0; 256];
        let mut moved = Vec::new();
        let mut taken = Vec::new();
        for label in used(&data.labels) {
            let class = class_of(label, names, classes);
            // Two labels of one name would become one class.
            let class = class.filter(|class| !taken.contains(class));
            let class = class.ok_or_else(|| Error::Mismatch {
                path: data.labels_path().to_owned(),
                expected: format!(
                    "labels of the model's classes ({})",
                    list(classes, MOST_SHOWN)
                ),
                found: format!(
                    "{}, class {label} of {}{}; to take labels by their number all the same: --by-number",
                    cut(&names[label]),
                    list(names, MOST_SHOWN),
                    alike_in(classes, &names[label]).unwrap_or_default()
                ),
            })?;
            taken.push(class);
            if class != label {
                moved.push(label);
            }
            numbers[label] = class as u8; // A model whose labels are bytes has no more classes.
        }
        if let Some(&label) = moved.first() {
            let class = numbers[label];
            note = Some(format!(
                "the data set has the model's classes in another order, so labels are matched by name: \
                 its {label} is the model's {class}, {}",
                cut(&names[label])
            ));
        }
        for label in &mut data.labels {
            *label = numbers[usize::from(*label)];
        }
    }
    data.check_labels(classes.len(), "the model has no more classes")?;
    Ok(note)
}

/// Whether these are names, and not just the numbers that stand for names which nobody knows.
pub(crate) fn has_names(names: &[String]) -> bool {
    let is_number = |(number, name): (usize, &String)| *name == number.to_string();
    !names.iter().enumerate().all(is_number)
}

/// The labels that occur, in their order.
fn used(labels: &[u8]) -> Vec<usize> {
    let mut found = [false; 256];
    for &label in labels {
        found[usize::from(label)] = true;
    }
    (0..256).filter(|&label| found[label]).collect()
}

/// The model's class of the name that `label` has: the class of the same number where that has the name, else the only one.
fn class_of(label: usize, names: &[String], classes: &[String]) -> Option<usize> {
    let name = &names[label];
    if classes.get(label) == Some(name) {
        return Some(label);
    }
    let mut same = (0..classes.len()).filter(|&class| classes[class] == *name);
    let only = same.next();
    only.filter(|_| same.next().is_none())
}

/// What there is to say where a class of the model has a name that looks as this one.
fn alike_in(classes: &[String], name: &str) -> Option<String> {
    let class = classes
        .iter()
        .find(|class| alike::look_alike(class, name))?;
    let [model, own] = [class, name].map(|name| cut(&alike::escaped(name)));
    Some(format!(
        "; a class of the model looks the same and is written with other characters, {model} there and {own} here"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Images;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// The labels as the model's classes, and whether something was said.
    fn numbered(classes: &str, own: &str, labels: &[u8]) -> Result<(Vec<u8>, bool)> {
        let pixels = vec![[0_u8]; labels.len()];
        let images = Images::copied(1, 1, pixels.iter().map(|pixel| &pixel[..]));
        let mut data = Labelled::new(images, labels.to_vec())?;
        let own = names(own);
        let own = (!own.is_empty()).then_some(&own[..]);
        let note = number_as(&names(classes), own, &mut data)?;
        Ok((data.labels, note.is_some()))
    }

    #[test]
    fn labels_follow_their_names() {
        for (classes, own, labels, expected, said) in [
            ("cat dog cow", "cat dog cow", [0, 1, 2], [0, 1, 2], false),
            ("cat dog cow", "dog cow cat", [0, 1, 2], [1, 2, 0], true),
            // Fewer, and names that no label uses.
            ("cat dog cow", "cow cat", [0, 1, 1], [2, 0, 0], true),
            ("cat dog", "cat dog horse", [0, 1, 0], [0, 1, 0], false),
            // One side has no names.
            ("0 1 2", "dog cow cat", [0, 1, 2], [0, 1, 2], false),
            ("dog cow cat", "0 1 2", [0, 1, 2], [0, 1, 2], false),
            ("dog cow cat", "", [0, 1, 2], [0, 1, 2], false),
            // A name twice, at the same places on both sides.
            ("x y x", "x y x", [0, 1, 2], [0, 1, 2], false),
        ] {
            let found = numbered(classes, own, &labels).unwrap();
            assert_eq!(found, (expected.to_vec(), said), "{own} of {classes}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for (classes, own, labels, says) in [
            (
                "cat dog cow",
                "cat dog horse",
                [0, 1, 2],
                "horse, class 2 of cat, dog, horse",
            ),
            ("cat dog cow", "Cat Dog Cow", [0, 1, 2], "--by-number"),
            ("x y x", "y x x", [0, 1, 2], "x, class 1 of"),
            ("a b c", "a a c", [0, 1, 2], "a, class 1 of a, a, c"),
            (
                "cat caf\u{e9} dog",
                "cat cafe\u{301} dog",
                [0, 1, 2],
                "caf\\u{e9} there and cafe\\u{301} here; to take labels by their number all the same: --by-number",
            ),
            ("cat dog", "", [0, 1, 2], "label 2 at image 2"),
            ("cat dog", "0 1 2", [0, 2, 1], "label 2 at image 1"),
        ] {
            let error = numbered(classes, own, &labels).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
