//! Stops a run when the held-out images have not got better for three evaluations, and keeps the best network:
//! cargo run --release --example observer -- DATA_FOLDER

#![allow(clippy::print_stdout)] // an example is there to show something

use std::ops::ControlFlow;

use gingham::data::Dataset;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::model::AnyModel;
use gingham::train::{EpochEnd, Observer, Plan, Preset, TrainOptions, train};

/// What early stopping remembers.
#[derive(Default)]
struct EarlyStopping {
    best: Option<(f64, AnyModel)>,
    /// Evaluations since the best one.
    since: usize,
}

impl Observer for EarlyStopping {
    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let Some(heldout) = end.accuracies.and_then(|accuracies| accuracies.heldout) else {
            return Ok(ControlFlow::Continue(()));
        };
        println!(
            "epoch {}: {:.2} % of the held-out images",
            end.epoch,
            100.0 * heldout
        );
        self.since += 1;
        if self.best.as_ref().is_none_or(|(best, _)| heldout > *best) {
            (self.best, self.since) = (Some((heldout, end.model())), 0);
        }
        Ok(if self.since < 3 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    }
}

fn main() -> Result<(), Error> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "data/fashion-mnist".to_owned());
    let machine = Machine::new(0)?;
    let dataset = Dataset::open(folder.as_ref())?;
    let options = TrainOptions {
        hidden: vec![100],
        epochs: 100,
        eval_every: Some(1),
        ..TrainOptions::of(Preset::Wide)
    };
    let mut stopping = EarlyStopping::default();
    train(&Plan::new(&options, &dataset, &machine)?, &mut stopping)?;
    if let Some((heldout, model)) = stopping.best {
        println!(
            "kept: {:.2} %, {} classes",
            100.0 * heldout,
            model.info().classes.len()
        );
    }
    Ok(())
}
