//! The epochs of a run that are over, with their times, as arrays of a checkpoint.

use safetensors::SafeTensors;

use super::state::{Accuracies, EpochFigures, State};
use crate::model::tensors::figures;

/// The time that a run has taken so far, in seconds. Training reads no clock: who watches it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Elapsed {
    /// For preparations.
    pub prepare_s: f64,
    /// In epochs, those of the epoch under way included.
    pub train_s: f64,
    /// In evaluations.
    pub evaluation_s: f64,
    /// In epochs up to the end of each.
    pub epochs_s: Vec<f64>,
}

impl Elapsed {
    /// All of it.
    #[must_use]
    pub fn sum_s(&self) -> f64 {
        self.prepare_s + self.train_s + self.evaluation_s
    }
}

/// The arrays, each `(epochs that are over)`.
pub(super) const NAMES: [&str; 7] = [
    "history.error",
    "history.train_accuracy",
    "history.heldout_accuracy",
    "history.seconds",
    "history.heldout_loss",
    "history.learning_rate",
    "history.gradient_norm",
];
/// As many of them are in files of every version.
const ALWAYS: usize = 4;

/// The number of them in a file.
pub(super) fn count(tensors: &SafeTensors<'_>) -> usize {
    let is_there = |name: &&&str| tensors.tensor(name).is_ok();
    ALWAYS + NAMES[ALWAYS..].iter().filter(is_there).count()
}

/// Their numbers; NaN is what is not known.
pub(super) fn numbers<T>(state: &State<T>, elapsed: &Elapsed) -> [Vec<f64>; 7] {
    let of = |figure: &dyn Fn(&EpochFigures) -> Option<f64>| {
        let figures = state.history.iter();
        figures
            .map(|epoch| figure(epoch).unwrap_or(f64::NAN))
            .collect()
    };
    let mut seconds = elapsed.epochs_s.clone();
    seconds.resize(state.history.len(), elapsed.train_s);
    [
        of(&|epoch| Some(epoch.error)),
        of(&|epoch| epoch.accuracies?.train),
        of(&|epoch| epoch.accuracies?.heldout),
        seconds,
        of(&|epoch| epoch.accuracies?.heldout_loss),
        of(&|epoch| epoch.learning_rate),
        of(&|epoch| epoch.gradient_norm),
    ]
}

/// The epochs that are over, and the seconds up to the end of each.
pub(super) fn read(
    tensors: &SafeTensors<'_>,
    epochs: usize,
) -> Result<(Vec<EpochFigures>, Vec<f64>), String> {
    let [first @ .., a, b, c] = NAMES;
    let later = [a, b, c];
    let [error, train, heldout, seconds] = first.map(|name| figures(tensors, name, epochs));
    let (error, train, heldout, seconds) = (error?, train?, heldout?, seconds?);
    let later = later.map(|name| match tensors.tensor(name) {
        Ok(_) => figures(tensors, name, epochs).map(Some),
        Err(_) => Ok(None),
    });
    let [loss, rate, norm] = later;
    let (loss, rate, norm) = (loss?, rate?, norm?);
    let history = (0..epochs).map(|epoch| {
        let known = |figures: &[f64]| Some(figures[epoch]).filter(|figure| !figure.is_nan());
        let known_later = |figures: &Option<Vec<f64>>| figures.as_deref().and_then(known);
        EpochFigures {
            epoch,
            error: error[epoch],
            accuracies: known(&train).map(|train| Accuracies {
                train: Some(train),
                heldout: known(&heldout),
                heldout_loss: known_later(&loss),
            }),
            learning_rate: known_later(&rate),
            gradient_norm: known_later(&norm),
        }
    });
    Ok((history.collect(), seconds))
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView, serialize};

    use super::*;

    fn read_with(names: &[&str]) -> (usize, Vec<EpochFigures>) {
        let numbers: Vec<u8> = [0.5_f64, 0.25]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let view = |name: &&str| {
            let view = TensorView::new(Dtype::F64, vec![2], &numbers).unwrap();
            ((*name).to_owned(), view)
        };
        let bytes = serialize(names.iter().map(view), None).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        (count(&tensors), read(&tensors, 2).unwrap().0)
    }

    #[test]
    fn files_of_older_versions_have_fewer_figures() {
        let (count, epochs) = read_with(&NAMES[..ALWAYS]);
        assert_eq!((count, epochs.len()), (4, 2));
        assert_eq!(epochs[1].error, 0.25);
        assert_eq!(epochs[1].accuracies.unwrap().heldout_loss, None);
        assert_eq!(
            (epochs[1].learning_rate, epochs[1].gradient_norm),
            (None, None)
        );
        let (count, epochs) = read_with(&NAMES);
        assert_eq!(count, 7);
        assert_eq!(epochs[0].accuracies.unwrap().heldout_loss, Some(0.5));
        assert_eq!(epochs[0].gradient_norm, Some(0.5));
    }
}
