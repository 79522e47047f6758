//! What probabilities are worth: the area under the curve, log loss, and whether the class is among the two best answers.

use rayon::prelude::*;

use super::asked::Outputs;
use super::metrics::ScoreFigures;

/// The least probability that a logarithm is taken of, as in scikit-learn.
const LEAST: f64 = f64::EPSILON;

/// The probabilities of labelled samples, as they come in.
#[derive(Clone, Debug)]
pub struct Scores {
    classes: usize,
    labels: Vec<u8>,
    /// Row-major `(samples, classes)`.
    probabilities: Vec<f64>,
    /// The samples whose class is among the two best answers.
    in_two: usize,
}

impl Scores {
    /// Those of no samples yet, of which there will be so many.
    #[must_use]
    pub fn new(classes: usize, samples: usize) -> Self {
        Self {
            classes,
            labels: Vec::with_capacity(samples),
            probabilities: Vec::with_capacity(samples * classes),
            in_two: 0,
        }
    }

    /// Adds a group of samples with their labels.
    ///
    /// # Panics
    /// If a label is none of the classes.
    pub fn add(&mut self, outputs: &Outputs<'_>, labels: impl Iterator<Item = u8>) {
        self.probabilities.extend(outputs.probabilities);
        let rows = outputs.weighted_sums.chunks_exact(self.classes);
        for (z, label) in rows.zip(labels) {
            // Of equal sums the lowest class is the better answer, as in `argmax`.
            let class = usize::from(label);
            let above = z[..class].iter().filter(|other| **other >= z[class]);
            let below = z[class + 1..].iter().filter(|other| **other > z[class]);
            self.in_two += usize::from(above.count() + below.count() < 2);
            self.labels.push(label);
        }
    }

    /// The figures; those of no samples are NaN.
    #[must_use]
    pub fn figures(&self) -> ScoreFigures {
        let samples = self.labels.len() as f64;
        let rows = self.probabilities.chunks_exact(self.classes);
        let loss = rows.zip(&self.labels).map(|(shares, label)| {
            let share = shares[usize::from(*label)];
            -share.clamp(LEAST, 1.0 - LEAST).ln()
        });
        let areas: Vec<Option<f64>> = (0..self.classes)
            .into_par_iter()
            .map(|class| self.auc_of(class))
            .collect();
        let areas: Vec<f64> = areas.into_iter().flatten().collect();
        ScoreFigures {
            top2_accuracy: self.in_two as f64 / samples,
            auc: (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64),
            log_loss: loss.sum::<f64>() / samples,
        }
    }

    /// The share of the pairs of a sample of the class and one of another class in which the former has the higher probability of the class; a
    /// pair of equals counts half. None where there is no pair.
    fn auc_of(&self, class: usize) -> Option<f64> {
        let shares = self.probabilities.iter().skip(class).step_by(self.classes);
        let is_of = |label: &u8| usize::from(*label) == class;
        let mut scored: Vec<(f64, bool)> =
            shares.copied().zip(self.labels.iter().map(is_of)).collect();
        // -0 and 0 are equal here, as they are in scikit-learn.
        scored.iter_mut().for_each(|(share, _)| *share += 0.0);
        scored.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let (mut wins, mut others_below, mut own) = (0.0, 0_u64, 0_u64);
        for equals in scored.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
            let own_here = equals.iter().filter(|(_, is_own)| *is_own).count() as u64;
            let others_here = equals.len() as u64 - own_here;
            wins += own_here as f64 * (others_below as f64 + others_here as f64 / 2.0);
            (others_below, own) = (others_below + others_here, own + own_here);
        }
        let pairs = own as f64 * others_below as f64;
        (pairs > 0.0).then(|| wins / pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Evaluation;

    /// The figures of these probabilities, which are their own weighted sums.
    fn figures(probabilities: &[f64], labels: &[u8], classes: usize) -> (Evaluation, ScoreFigures) {
        let indices: Vec<u32> = (0..labels.len() as u32).collect();
        let outputs = Outputs {
            indices: &indices,
            classes,
            weighted_sums: probabilities,
            outputs: probabilities,
            probabilities,
            averaged: false,
        };
        let mut scores = Scores::new(classes, labels.len());
        scores.add(&outputs, labels.iter().copied());
        let mut confusion = vec![vec![0; classes]; classes];
        for (answer, label) in outputs.answers().zip(labels) {
            confusion[usize::from(*label)][answer] += 1;
        }
        let figures = scores.figures();
        (
            Evaluation::new(confusion, 0.5).with_scores(&figures),
            figures,
        )
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-14, "{found} and {expected}");
    }

    /// Ten samples of three classes, in eighths, so that equal probabilities are exactly equal.
    const EIGHTHS: [f64; 30] = [
        4., 2., 2., 4., 4., 0., 2., 4., 2., 4., 3., 1., 0., 4., 4., 1., 2., 5., 2., 3., 3., 5., 2.,
        1., 0., 0., 8., 3., 4., 1.,
    ];
    const LABELS: [u8; 10] = [0, 0, 1, 1, 2, 2, 1, 2, 2, 0];

    #[test]
    fn figures_are_scikit_learns() {
        // With p = EIGHTHS / 8, y = LABELS and a = p.argmax(1), scikit-learn 1.9.1 says of these:
        //   f1_score(y, a, average="macro"), f1_score(y, a, average="weighted"), balanced_accuracy_score(y, a),
        //   top_k_accuracy_score(y, p, k=2), roc_auc_score(y, p, multi_class="ovr", average="macro"), log_loss(y, p)
        let probabilities = EIGHTHS.map(|eighths| eighths / 8.0);
        let (evaluation, _) = figures(&probabilities, &LABELS, 3);
        assert_near(evaluation.macro_f1, 0.6031746031746031);
        assert_near(evaluation.weighted_f1, 0.6095238095238095);
        assert_near(evaluation.balanced_accuracy, 0.611111111111111);
        assert_near(evaluation.top2_accuracy.unwrap(), 0.9);
        assert_near(evaluation.auc.unwrap(), 0.746031746031746);
        assert_near(evaluation.log_loss.unwrap(), 0.8264521652200532);
    }

    #[test]
    fn two_classes_are_scikit_learns() {
        // p = [0.25, 0.5, 0.5, 0.875, 0] of class 1, y = [0, 0, 1, 1, 1]: roc_auc_score(y, p) and log_loss(y, p), whose last sample has the
        // probability 0.
        let probabilities = [0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.125, 0.875, 1.0, 0.0];
        let (_, figures) = figures(&probabilities, &[0, 0, 1, 1, 1], 2);
        assert_near(figures.auc.unwrap(), 0.5833333333333333);
        assert_near(figures.log_loss, 7.570232243062669);
        assert_eq!(figures.top2_accuracy, 1.0);
    }

    #[test]
    fn classes_without_samples_are_left_out() {
        // A fourth class that no sample has changes no mean of scikit-learn's, with labels=[0, 1, 2] where it asks for them.
        let rows = EIGHTHS.chunks(3);
        let wider: Vec<f64> = rows.flat_map(|row| [row[0], row[1], row[2], 0.0]).collect();
        let of_four = figures(&wider, &LABELS, 4).0;
        let of_three = figures(&EIGHTHS, &LABELS, 3).0;
        assert_eq!(of_four.auc, of_three.auc);
        assert_eq!(of_four.macro_f1, of_three.macro_f1);
        assert_eq!(of_four.balanced_accuracy, of_three.balanced_accuracy);
        // y = [0, 0, 1, 1], a = [0, 2, 1, 1]: f1_score counts the class that only an answer has, balanced_accuracy_score does not.
        let (evaluation, figures) = figures(
            &[1., 0., 0., 0., 0., 1., 0., 1., 0., 0., 1., 0.],
            &[0, 0, 1, 1],
            3,
        );
        assert_near(evaluation.macro_f1, 0.5555555555555555);
        assert_near(evaluation.weighted_f1, 0.8333333333333333);
        assert_near(evaluation.balanced_accuracy, 0.75);
        assert_near(figures.auc.unwrap(), 0.875);
        let alone = figures_of_one_class();
        assert_eq!(alone.auc, None);
    }

    fn figures_of_one_class() -> ScoreFigures {
        figures(&[1.0, 0.0, 0.5, 0.5], &[0, 0], 2).1
    }

    #[test]
    fn no_numbers_make_it_panic() {
        for odd in [f64::NAN, f64::INFINITY, -0.0, -1.0, 2.0] {
            let (_, figures) = figures(&[odd, 0.0, 0.5, odd], &[0, 1], 2);
            assert!(figures.auc.is_some(), "{odd}");
        }
        let zeros = figures(&[0.0, 1.0, -0.0, 1.0], &[0, 1], 2).1;
        assert_eq!(zeros.auc, Some(0.5), "0 and -0 are equal");
    }
}
