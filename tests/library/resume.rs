//! A run that was stopped between two steps and goes on ends with the bits of one that was never stopped.

use std::ops::ControlFlow;

use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::error::{Error, Result};
use gingham::model::{Activation, Init, Output};
use gingham::rng::{Purpose, Stream};
use gingham::scalar::Dtype;
use gingham::train::{
    Checkpoint, Elapsed, EpochEnd, Observer, Outcome, Plan, Reduction, StepEnd, TrainOptions,
    differences, go_on, train,
};

use crate::support::{engines, garments, machine};

fn data() -> Dataset {
    garments(200, 20, 5)
}

/// Momentum, biases, two hidden layers, shuffled mini-batches of which the last is smaller; evaluated after every second epoch.
fn options(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        hidden: vec![20, 12],
        activation: Activation::Relu,
        output: Output::Softmax,
        bias: true,
        init: Init::He,
        epochs: 5,
        batches: None,
        batch_size: Some(64),
        shuffle: true,
        learning_rate: 0.02,
        momentum: 0.9,
        l2: 1e-3,
        reduction: Reduction::Mean,
        eval_every: Some(2),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

/// The article's settings: no momentum, no biases, always one order.
fn article(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        epochs: 4,
        batches: Some(3),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

/// The same on images that every epoch has otherwise.
fn augmented(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        flip: true,
        shift: 2,
        erase: 0.5,
        ..article(engine, dtype)
    }
}

fn elapsed() -> Elapsed {
    Elapsed {
        prepare_s: 0.5,
        train_s: 7.25,
        evaluation_s: 0.125,
        epochs_s: Vec::new(),
    }
}

/// Stops a run after so many steps, in the middle of an epoch or at its end, and keeps its checkpoint.
struct StopsAfter {
    steps: u64,
    at_end: bool,
    checkpoint: Vec<u8>,
}

impl StopsAfter {
    fn stop(&mut self, checkpoint: Result<Vec<u8>>) -> Error {
        self.checkpoint = checkpoint.unwrap();
        Error::NotFitted // any error ends a run
    }
}

impl Observer for StopsAfter {
    fn stepped(&mut self, step: &StepEnd<'_>) -> Result<()> {
        if !self.at_end && step.step == self.steps {
            return Err(self.stop(step.checkpoint(&elapsed())));
        }
        Ok(())
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        if self.at_end && end.step >= self.steps {
            return Err(self.stop(end.checkpoint(&elapsed())));
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// A checkpoint of the run after so many steps.
pub fn stopped(plan: &Plan<'_>, steps: u64, at_end: bool) -> Vec<u8> {
    let mut observer = StopsAfter {
        steps,
        at_end,
        checkpoint: Vec::new(),
    };
    train(plan, &mut observer).unwrap_err();
    assert!(!observer.checkpoint.is_empty(), "{steps} steps");
    observer.checkpoint
}

/// The run goes on from these bytes, and is stopped no more.
pub fn resumed(plan: &Plan<'_>, checkpoint: &[u8]) -> Result<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    std::fs::write(&path, checkpoint).unwrap();
    let checkpoint = Checkpoint::open(&path)?;
    assert_eq!(checkpoint.differences(plan), [""; 0]);
    let mut again = elapsed();
    again.epochs_s = vec![7.25; checkpoint.history().len()];
    assert_eq!(checkpoint.elapsed(), &again);
    go_on(plan, Some(&checkpoint), &mut gingham::train::NoObserver)
}

fn same(found: &Outcome, expected: &Outcome, what: &str) {
    assert!(
        found.model.bytes() == expected.model.bytes(),
        "{what}: the model"
    );
    assert_eq!(found.history, expected.history, "{what}");
    assert_eq!(
        (found.error.to_bits(), found.accuracies, found.test_accuracy),
        (
            expected.error.to_bits(),
            expected.accuracies,
            expected.test_accuracy
        ),
        "{what}"
    );
}

#[test]
fn a_run_that_goes_on_has_the_bits_of_one_that_was_never_stopped() {
    let (data, one, three) = (data(), machine(1), machine(3));
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            for options in [
                options(engine, dtype),
                article(engine, dtype),
                augmented(engine, dtype),
            ] {
                let plan = Plan::new(&options, &data, &one).unwrap();
                let whole = train(&plan, &mut gingham::train::NoObserver).unwrap();
                let batches = plan.mini_batches().count(plan.training_samples()) as u64;
                let steps = batches * options.epochs as u64;
                let mut random = Stream::new(7, Purpose::Shuffle, steps);
                let mut places: Vec<u32> = (1..=steps as u32).collect();
                random.shuffle(&mut places);
                for &place in &places[..3] {
                    let other = Plan::new(&options, &data, &three).unwrap();
                    for at_end in [false, true] {
                        let checkpoint = stopped(&plan, place.into(), at_end);
                        let again = resumed(&other, &checkpoint).unwrap();
                        let what = format!("{engine:?} {dtype:?}, {place} steps, {at_end}");
                        same(&again, &whole, &what);
                    }
                }
            }
        }
    }
}

/// A small network's file, a checkpoint of the run that made it, and the run's settings.
pub fn example(engine: EngineKind, dtype: Dtype) -> (Vec<u8>, Vec<u8>, TrainOptions) {
    let data = crate::support::dataset(2, 2, &[7; 80], &[0, 1].repeat(10));
    let machine = machine(1);
    let options = TrainOptions {
        hidden: vec![2],
        momentum: 0.5,
        ..article(engine, dtype)
    };
    let plan = Plan::new(&options, &data, &machine).unwrap();
    let outcome = train(&plan, &mut gingham::train::NoObserver).unwrap();
    (
        outcome.model.bytes(),
        stopped(&plan, 5, false),
        plan.settings().clone(),
    )
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_checkpoint_is_refused() {
    let (_, bytes, _) = example(EngineKind::Blas, Dtype::F32);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let is_refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        matches!(Checkpoint::open(&path), Err(Error::Checkpoint { .. }))
    };
    assert!(!is_refused(&bytes));
    for length in 0..bytes.len() {
        assert!(is_refused(&bytes[..length]), "cut to {length} bytes");
    }
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&damaged), "bit {bit}");
    }
}

#[test]
fn what_differs_is_named_and_another_network_is_refused() {
    let (data, machine) = (data(), machine(1));
    let options = options(EngineKind::Blas, Dtype::F32);
    let plan = Plan::new(&options, &data, &machine).unwrap();
    let bytes = stopped(&plan, 3, false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    std::fs::write(&path, &bytes).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();

    let others = garments(200, 20, 6);
    let changed = TrainOptions {
        epochs: 9,
        threads: 3,
        ..options.clone()
    };
    let other = Plan::new(&changed, &others, &machine).unwrap();
    let found = checkpoint.differences(&other);
    assert_eq!(
        found,
        [
            "epochs 9 where it was 5",
            "other images (SHA-256)",
            "other test images (SHA-256)"
        ]
    );
    assert_eq!(found, differences(plan.settings(), &other));

    for changed in [
        TrainOptions {
            hidden: vec![20, 13],
            ..options.clone()
        },
        TrainOptions {
            momentum: 0.0,
            ..options.clone()
        },
        TrainOptions {
            dtype: Dtype::F64,
            ..options.clone()
        },
        TrainOptions {
            batch_size: Some(150),
            ..options.clone()
        },
    ] {
        let plan = Plan::new(&changed, &data, &machine).unwrap();
        let refused = go_on(&plan, Some(&checkpoint), &mut gingham::train::NoObserver);
        assert!(
            matches!(refused, Err(Error::Checkpoint { .. })),
            "{changed:?}"
        );
    }
}

#[test]
fn another_seed_of_the_order_or_the_split_is_a_difference() {
    let (data, machine) = (data(), machine(1));
    let with = |seed, split_seed, order_seed| TrainOptions {
        seed,
        split_seed,
        order_seed,
        ..options(EngineKind::Blas, Dtype::F32)
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for (then, now, expected) in [
        (
            with(42, None, None),
            with(42, None, Some(7)),
            "order_seed 7 where it was 42",
        ),
        (
            with(42, None, Some(7)),
            with(42, None, None),
            "order_seed 42 where it was 7",
        ),
        (
            with(42, Some(3), Some(7)),
            with(42, Some(4), Some(7)),
            "split_seed 4 where it was 3",
        ),
        // The seed that a part has in any case is none of its own.
        (with(42, None, None), with(42, Some(42), Some(42)), ""),
    ] {
        let [then, now] = [then, now].map(|options| Plan::new(&options, &data, &machine).unwrap());
        std::fs::write(&path, stopped(&then, 3, false)).unwrap();
        let checkpoint = Checkpoint::open(&path).unwrap();
        let found = checkpoint.differences(&now);
        assert_eq!(found.join(", "), expected);
        assert_eq!(found, differences(then.settings(), &now));
    }
}
