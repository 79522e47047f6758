//! What a network is worth: outputs of many images, accuracy, confusion matrix, precision, recall, F1.

use serde::Serialize;

use super::loss::{ErrorForm, loss};
use crate::data::{Images, Labelled};
use crate::engine::Engine;
use crate::engine::workspace::{Pass, PixelScale, Workspace};
use crate::kernels::Level;
use crate::model::{Mlp, Output, Probability};
use crate::scalar::Scalar;

/// A network ready to be asked, with the memory that this needs.
pub struct Evaluator<'a, T: Scalar> {
    /// How products are computed.
    pub engine: &'a dyn Engine<T>,
    /// The network.
    pub mlp: &'a Mlp<T>,
    /// What its pixels are scaled by.
    pub scale: &'a PixelScale<T>,
    /// Memory, of any capacity.
    pub workspace: &'a mut Workspace<T>,
}

impl<T: Scalar> Evaluator<'_, T> {
    /// Calls `visit` for groups of the images at `places`, in their order, with the places and the weighted sums of
    /// the output layer, row-major `(images, classes)`. The work before that is parallel.
    ///
    /// # Panics
    /// If a place is beyond the images, or the images are of another size than the network's.
    pub fn for_each_output(
        &mut self,
        images: &Images,
        places: &[u32],
        mut visit: impl FnMut(&[u32], &[T]),
    ) {
        let Self {
            engine,
            mlp,
            scale,
            workspace,
        } = self;
        let pass = Pass {
            engine: *engine,
            mlp,
            images,
            scale,
        };
        for places in places.chunks(workspace.capacity()) {
            workspace.forward(&pass, places, |_, _, _| ());
            for (chunk, places) in workspace
                .chunks(places.len())
                .iter()
                .zip(places.chunks(workspace.images_per_task()))
            {
                visit(places, chunk.weighted_sums());
            }
        }
    }

    /// The share of the images at `places` whose class the network gets right; none for no images.
    pub fn accuracy(&mut self, data: &Labelled, places: &[u32]) -> Option<f64> {
        let classes = self.mlp.layout.classes();
        let mut right = 0_usize;
        self.for_each_output(&data.images, places, |places, z| {
            right += z
                .chunks_exact(classes)
                .zip(places)
                .filter(|(z, place)| best(z) == usize::from(data.labels[**place as usize]))
                .count();
        });
        (!places.is_empty()).then(|| right as f64 / places.len() as f64)
    }

    /// Everything that labels allow to be said about the images at `places`; there must be some.
    pub fn evaluation(&mut self, data: &Labelled, places: &[u32]) -> Evaluation {
        let classes = self.mlp.layout.classes();
        let output = self.mlp.output;
        let mut confusion = vec![vec![0_u64; classes]; classes];
        let mut sum = 0.0;
        let mut outputs = Vec::new();
        let level = self.workspace.level();
        self.for_each_output(&data.images, places, |places, z| {
            let labels = || places.iter().map(|&place| data.labels[place as usize]);
            outputs.clear();
            outputs.extend_from_slice(z);
            output.forward(level, &mut outputs, classes);
            sum += loss(output, ErrorForm::Objective, classes, z, &outputs, labels());
            for (z, label) in z.chunks_exact(classes).zip(labels()) {
                confusion[usize::from(label)][best(z)] += 1;
            }
        });
        Evaluation::new(confusion, sum / places.len() as f64)
    }
}

/// The place of the largest number, the first of equals.
#[must_use]
pub fn best<T: Scalar>(z: &[T]) -> usize {
    let mut best = 0;
    for (place, value) in z.iter().enumerate() {
        if *value > z[best] {
            best = place;
        }
    }
    best
}

/// Replaces weighted sums, rows of `classes` numbers, by probabilities.
pub fn probabilities<T: Scalar>(
    level: Level,
    output: Output,
    probability: Probability,
    classes: usize,
    z: &mut [T],
) {
    output.forward(level, z, classes);
    probability.of_outputs(level, z, classes);
}

/// How a network did on labelled images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Images.
    pub images: u64,
    /// Share of them that the network got right, in 0..=1.
    pub accuracy: f64,
    /// Mean over the images of the output's cross-entropy, natural logarithm.
    pub loss: f64,
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

impl Evaluation {
    /// The figures that follow from a confusion matrix.
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
        let right = (0..confusion.len())
            .map(|class| confusion[class][class])
            .sum();
        Self {
            images,
            accuracy: share(right, images),
            loss,
            classes,
            confusion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_class() {
        assert_eq!(best(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(best(&[0.0_f32, 0.0]), 0);
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
