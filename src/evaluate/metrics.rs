//! What a network is worth: accuracy, confusion matrix, precision, recall, F1.

use serde::Serialize;

use crate::error::{cut, list};
use crate::scalar::Scalar;

/// The most classes of one kind that a remark names.
const MOST_SHOWN: usize = 12;

/// The index of the largest number, the first of equals. A NaN is never larger than another number; without numbers it is 0.
#[must_use]
pub fn argmax<T: Scalar>(z: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in z.iter().enumerate() {
        if *value > z[best] {
            best = index;
        }
    }
    best
}

/// How a network did on labelled images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The number of images.
    pub images: u64,
    /// Share of them that the network got right, in 0..=1.
    pub accuracy: f64,
    /// The mean over the images of the output's cross-entropy, by the natural logarithm and without the regulariser.
    pub loss: f64,
    /// The mean of the classes' F1, each counted once: of those that an image or an answer has.
    pub macro_f1: f64,
    /// The mean of the classes' F1, each weighted by its images.
    pub weighted_f1: f64,
    /// The mean of the classes' recalls: of those that an image has.
    pub balanced_accuracy: f64,
    /// Share of the images whose class is the network's first or second answer; none where the answers' probabilities are not known, as for the
    /// two below.
    pub top2_accuracy: Option<f64>,
    /// The area under the curve of true against false positives (ROC) of each class against all others, by its probability; the mean over the
    /// classes that an image has and another has not, each counted once. None where there is no such class.
    pub auc: Option<f64>,
    /// The mean over the images of `-log p`, with the probability `p` of its class, at least 2⁻⁵² and at most 1 - 2⁻⁵². Unlike `loss` it is of the
    /// probabilities that `predict --proba` prints.
    pub log_loss: Option<f64>,
    /// The figures of each class, by label.
    pub classes: Vec<ClassFigures>,
    /// Images by their class (row) and the network's answer (column).
    pub confusion: Vec<Vec<u64>>,
}

/// How a network did on one class. A quotient with nothing below the line counts as 0, as in scikit-learn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Images of the class.
    pub images: u64,
    /// Right answers among all answers of this class.
    pub precision: f64,
    /// Right answers among all images of this class.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// The figures of a network's probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreFigures {
    /// See [`Evaluation::top2_accuracy`].
    pub top2_accuracy: f64,
    /// See [`Evaluation::auc`].
    pub auc: Option<f64>,
    /// See [`Evaluation::log_loss`].
    pub log_loss: f64,
}

impl Evaluation {
    /// The figures that follow from a confusion matrix, `(classes, classes)`: images by their class (row) and the answer (column).
    ///
    /// # Panics
    /// If the matrix is not square.
    #[must_use]
    pub fn new(confusion: Vec<Vec<u64>>, loss: f64) -> Self {
        let share = |part: u64, whole: u64| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let of_class = |class: usize| {
            let right = confusion[class][class];
            let images = confusion[class].iter().sum();
            let answers: u64 = confusion.iter().map(|row| row[class]).sum();
            // 2 P R / (P + R) = 2 right / (images + answers)
            let f1 = share(2 * right, images + answers);
            ClassFigures {
                images,
                precision: share(right, answers),
                recall: share(right, images),
                f1,
            }
        };
        let classes: Vec<ClassFigures> = (0..confusion.len()).map(of_class).collect();
        let images = classes.iter().map(|class| class.images).sum();
        let has_images = |class: &&ClassFigures| class.images > 0;
        // Without images, whatever the answers, F1 is 0.
        let has_answers = |class: usize| confusion.iter().any(|row| row[class] > 0);
        let seen =
            (0..classes.len()).filter(|&class| classes[class].images > 0 || has_answers(class));
        let balanced = classes.iter().filter(has_images);
        let macro_f1 = mean(classes.iter().map(|class| class.f1), seen.count());
        let of_images = |class: &ClassFigures| class.f1 * class.images as f64;
        let weighted_f1 = mean(classes.iter().map(of_images), images as usize);
        let recalls = balanced.clone().map(|class| class.recall);
        let balanced_accuracy = mean(recalls, balanced.count());
        let right = (0..confusion.len())
            .map(|class| confusion[class][class])
            .sum();
        Self {
            images,
            accuracy: share(right, images),
            loss,
            macro_f1,
            weighted_f1,
            balanced_accuracy,
            top2_accuracy: None,
            auc: None,
            log_loss: None,
            classes,
            confusion,
        }
    }

    /// The same with the figures of the answers' probabilities.
    #[must_use]
    pub fn with_scores(self, scores: &ScoreFigures) -> Self {
        Self {
            top2_accuracy: Some(scores.top2_accuracy),
            auc: scores.auc,
            log_loss: Some(scores.log_loss),
            ..self
        }
    }

    /// What is odd about single classes, a sentence for each kind: those without a training image, those of whose images none
    /// got a right answer, those without an image among the evaluated ones. `training_images` has the images of each class that
    /// the network was trained with, or nothing where that is not known.
    #[must_use]
    pub fn remarks(&self, names: &[String], training_images: &[u64]) -> Vec<String> {
        let unknown = |class: usize| training_images.get(class) == Some(&0);
        let figures = |class: usize| self.classes[class];
        let sentence = |words: &str, is: &dyn Fn(usize) -> bool| {
            let found = (0..self.classes.len()).filter(|&class| is(class));
            let found: Vec<String> = found.map(|class| named(class, names)).collect();
            (!found.is_empty()).then(|| format!("{words}: {}.", list(&found, MOST_SHOWN)))
        };
        let sentences = [
            sentence(
                "Classes without a training image, which the network cannot know",
                &unknown,
            ),
            sentence(
                "Classes with a recall of 0, since none of their images got a right answer",
                &|class| {
                    !unknown(class) && figures(class).images > 0 && figures(class).recall == 0.0
                },
            ),
            sentence(
                "Classes without an image among those evaluated, whose figures mean nothing",
                &|class| figures(class).images == 0,
            ),
        ];
        sentences.into_iter().flatten().collect()
    }
}

/// The sum of figures over their number; 0 for none.
fn mean(figures: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    figures.sum::<f64>() / count as f64
}

/// How many of the labels each of `classes` classes has.
#[must_use]
pub fn images_of_each(labels: &[u8], classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    for &label in labels {
        if let Some(count) = counts.get_mut(usize::from(label)) {
            *count += 1;
        }
    }
    counts
}

/// A class by its name and its number.
fn named(class: usize, names: &[String]) -> String {
    let number = class.to_string();
    match names.get(class) {
        Some(name) if *name != number => format!("{} ({number})", cut(name)),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_class() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(argmax(&[0.0_f32, 0.0]), 0);
    }

    #[test]
    fn odd_classes_are_remarked_upon() {
        let confusion = vec![vec![2, 1, 0], vec![1, 0, 0], vec![0; 3]];
        let evaluation = Evaluation::new(confusion, 0.5);
        let names = ["cat", "dog", "2"].map(str::to_owned);
        let remarks = evaluation.remarks(&names, &[9, 9, 0]);
        assert_eq!(remarks.len(), 3, "{remarks:?}");
        assert!(remarks[0].contains("without a training image") && remarks[0].ends_with(": 2."));
        assert!(remarks[1].contains("recall of 0") && remarks[1].ends_with(": dog (1)."));
        assert!(remarks[2].contains("among those evaluated") && remarks[2].ends_with(": 2."));
        let all = Evaluation::new(vec![vec![1, 0], vec![0, 1]], 0.5);
        assert!(all.remarks(&names, &[1, 1]).is_empty());
        let many = Evaluation::new(vec![vec![0; 40]; 40], 0.5);
        assert!(many.remarks(&[], &[])[0].ends_with("10, 11 and 28 more."));
    }

    #[test]
    fn figures_are_scikit_learns() {
        // sklearn.metrics.precision_recall_fscore_support([0,0,0,1,1,3], [0,0,1,1,3,1], zero_division=0)
        let confusion = vec![
            vec![2, 1, 0, 0],
            vec![0, 1, 0, 1],
            vec![0; 4],
            vec![0, 1, 0, 0],
        ];
        let evaluation = Evaluation::new(confusion, 0.5);
        assert_eq!((evaluation.images, evaluation.accuracy), (6, 0.5));
        let figures = |class: usize| {
            let ClassFigures {
                precision,
                recall,
                f1,
                ..
            } = evaluation.classes[class];
            [precision, recall, f1].map(|share| (share * 1e8).round() / 1e8)
        };
        assert_eq!(figures(0), [1.0, 0.66666667, 0.8]);
        assert_eq!(figures(1), [0.33333333, 0.5, 0.4]);
        assert_eq!(figures(2), [0.0; 3]);
        assert_eq!(figures(3), [0.0; 3]);
    }
}
