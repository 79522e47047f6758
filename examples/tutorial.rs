//! The tutorial's network under the tutorial's own parameter names:  cargo run --release --example tutorial -- DATA_FOLDER

#![allow(clippy::print_stdout)] // an example is there to show something

use gingham::data::Dataset;
use gingham::error::Error;
use gingham::machine::Machine;
use gingham::train::{NoObserver, Outcome, Plan, TrainOptions, train};

/// The parameters of the tutorial's class `NeuralNetMLP`.
struct NeuralNetMlp {
    /// Hidden units.
    n_hidden: usize,
    l2: f64,
    l1: f64,
    epochs: usize,
    /// The learning rate.
    eta: f64,
    /// The number of mini-batches an epoch is cut into.
    minibatches: usize,
    shuffle: bool,
    random_state: u32,
}

impl Default for NeuralNetMlp {
    fn default() -> Self {
        Self {
            n_hidden: 50,
            l2: 0.5,
            l1: 0.0,
            epochs: 300,
            eta: 0.001,
            minibatches: 25,
            shuffle: false,
            random_state: 42,
        }
    }
}

impl NeuralNetMlp {
    /// Splits, standardises and trains as the tutorial does.
    fn fit(&self, dataset: &Dataset, machine: &Machine) -> Result<Outcome, Error> {
        let options = TrainOptions {
            hidden: vec![self.n_hidden],
            l2: self.l2,
            l1: self.l1,
            epochs: self.epochs,
            learning_rate: self.eta,
            batches: Some(self.minibatches),
            shuffle: self.shuffle,
            seed: self.random_state,
            ..TrainOptions::default()
        };
        train(&Plan::new(&options, dataset, machine)?, &mut NoObserver)
    }
}

fn main() -> Result<(), Error> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "data/fashion-mnist".to_owned());
    let outcome = NeuralNetMlp {
        epochs: 30,
        ..NeuralNetMlp::default()
    }
    .fit(&Dataset::open(folder.as_ref())?, &Machine::new(0)?)?;
    for figures in outcome.history.iter().step_by(10) {
        println!("epoch {:3}: cost {:.3}", figures.epoch, figures.error);
    }
    let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    println!(
        "training accuracy: {:.2} %",
        percent(outcome.accuracies.train)
    );
    println!(
        "held-out accuracy: {:.2} %",
        percent(outcome.accuracies.heldout)
    );
    Ok(())
}
