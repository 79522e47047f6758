//! Random settings, each trained in several ways that must agree: on other numbers of threads and at other levels to the bit, after a
//! stop to the bit, and by other engines within what rounding allows. `GINGHAM_DIFFERENTIAL=1000` tries so many.

use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::kernels::Level;
use gingham::model::{Activation, Init, Output};
use gingham::network::ErrorForm;
use gingham::rng::{Purpose, Stream};
use gingham::scalar::Dtype;
use gingham::train::{L1Form, NoObserver, Outcome, Plan, Reduction, TrainOptions, train};

use crate::resume::{resumed, stopped};
use crate::support::{engines, machine, random_dataset};

/// A data set and the settings of a run on it.
fn case(number: u32) -> (Dataset, TrainOptions) {
    let mut random = Stream::new(number, Purpose::Bench, 1);
    let mut below = |limit: u32| random.below(limit) as usize;
    let (rows, columns) = (3 + below(10) as u32, 3 + below(10) as u32);
    let data = random_dataset(rows, columns, 60 + below(100), 2 + below(4) as u8, number);
    let hidden = (0..below(3)).map(|_| 1 + below(20)).collect();
    let options = TrainOptions {
        hidden,
        activation: [Activation::Sigmoid, Activation::Relu, Activation::Tanh][below(3)],
        output: [Output::Sigmoid, Output::Softmax][below(2)],
        bias: below(2) == 0,
        init: [Init::Xavier, Init::He][below(2)],
        epochs: 2,
        batches: None,
        batch_size: Some(5 + below(50)),
        shuffle: below(2) == 0,
        learning_rate: 0.01,
        momentum: [0.0, 0.9][below(2)],
        l1: [0.0, 1e-4][below(2)],
        l1_form: L1Form::Linear,
        l2: [0.0, 1e-3][below(2)],
        reduction: Reduction::Mean,
        error: ErrorForm::Objective,
        eval_every: Some(1),
        seed: number,
        ..TrainOptions::default()
    };
    (data, options)
}

/// What an engine's rounding may add to the relative error of an epoch's error, against plain loops in f64. Each weighted sum of
/// `inputs` numbers is off by at most so many roundings of a unit, and each step adds its own; where weights are quantized to 16
/// bits, the roundings are independent of one another, so that their sum grows with the root of their number (four deviations).
fn bound(engine: EngineKind, dtype: Dtype, (inputs, steps): (usize, usize)) -> f64 {
    let roundings = (inputs * steps) as f64;
    match (engine, dtype) {
        (EngineKind::Fixed, _) => 4.0 * roundings.sqrt() * 2_f64.powi(-16),
        (_, Dtype::F32) => roundings * 2_f64.powi(-24),
        (_, Dtype::F64) => roundings * 2_f64.powi(-53),
    }
}

fn same(found: &Outcome, expected: &Outcome, what: &str) {
    assert!(
        found.model.bytes() == expected.model.bytes(),
        "{what}: the model"
    );
    assert_eq!(found.history, expected.history, "{what}");
}

#[test]
fn every_way_to_train_agrees() {
    let count = std::env::var("GINGHAM_DIFFERENTIAL").map_or(40, |count| count.parse().unwrap());
    for number in 0..count {
        let (data, options) = case(number);
        let reference = TrainOptions {
            engine: EngineKind::Naive,
            dtype: Dtype::F64,
            ..options.clone()
        };
        let one = machine(1);
        let plan = Plan::new(&reference, &data, &one).unwrap();
        let steps = plan.mini_batches().count(plan.training_samples()) * options.epochs;
        let sizes = (plan.layout().inputs(), steps);
        let reference = train(&plan, &mut NoObserver).unwrap();
        for dtype in [Dtype::F32, Dtype::F64] {
            for &engine in engines(dtype) {
                let options = TrainOptions {
                    engine,
                    dtype,
                    ..options.clone()
                };
                let what = format!("case {number}, {engine:?} {dtype:?}");
                let plan = Plan::new(&options, &data, &one).unwrap();
                let whole = train(&plan, &mut NoObserver).unwrap();
                for level in Level::all() {
                    let machine = machine(3).at_level(level);
                    let other = Plan::new(&options, &data, &machine).unwrap();
                    let again = train(&other, &mut NoObserver).unwrap();
                    same(
                        &again,
                        &whole,
                        &format!("{what}, 3 threads, {}", level.name()),
                    );
                }
                let stop = 1 + number as u64 % (steps as u64 - 1);
                let again = resumed(&plan, &stopped(&plan, stop, false)).unwrap();
                same(
                    &again,
                    &whole,
                    &format!("{what}, stopped after {stop} steps"),
                );
                for (found, expected) in whole.history.iter().zip(&reference.history) {
                    let off = (found.error / expected.error - 1.0).abs();
                    let most = bound(engine, dtype, sizes);
                    assert!(off <= most, "{what}, {options:?}: {off:e} above {most:e}");
                }
            }
        }
    }
}
