//! What is said of a run that left the finite numbers.

use super::state::State;
use crate::error::Error;
use crate::model::Mlp;
use crate::scalar::Scalar;

/// A step of a run.
pub(super) struct Place {
    pub epoch: usize,
    pub batch: usize,
    pub step: u64,
}

impl Place {
    /// The step that led to `state`, in epochs of `batches` mini-batches.
    pub fn before<T>(state: &State<T>, batches: usize) -> Self {
        let (epoch, batches) = match state.batch {
            0 => (state.epoch.saturating_sub(1), batches),
            done => (state.epoch, done),
        };
        Self {
            epoch,
            batch: batches - 1,
            step: state.step.saturating_sub(1),
        }
    }
}

/// The error that `what` became `value` in the step `at`, with the first layer whose parameters are not finite either.
pub(super) fn error<T: Scalar>(
    what: &'static str,
    value: f64,
    at: Place,
    mlp: &Mlp<T>,
    learning_rate: f64,
) -> Error {
    let layers = mlp.layout.layers().iter();
    let mut parameters = layers.map(|layer| {
        let start = layer.weight.start;
        &mlp.parameters[start..start + layer.parameters()]
    });
    let is_wrong = |parameters: &[T]| parameters.iter().any(|number| !number.wide().is_finite());
    Error::Diverged {
        what,
        value,
        epoch: at.epoch,
        batch: at.batch,
        step: at.step,
        layer: parameters.position(is_wrong),
        learning_rate,
    }
}
