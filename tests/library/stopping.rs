//! Runs that end early, and what an evaluation says of the loss.

use std::ops::ControlFlow;

use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::error::Result;
use gingham::evaluate::Predictor;
use gingham::input::Staged;
use gingham::model::{AnyModel, HeldoutScale};
use gingham::scalar::Dtype;
use gingham::train::{
    EpochEnd, Metric, NoObserver, Norm, Observer, Plan, Preset, TrainOptions, Trainer, train,
};

use crate::resume::{resumed, stopped};
use crate::support::{engines, garments, machine};

/// A rate at which the figures swing.
fn options(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        hidden: vec![6],
        epochs: 40,
        batch_size: Some(20),
        learning_rate: 0.15,
        engine,
        dtype,
        early_stopping: Some(3),
        ..TrainOptions::of(Preset::Plain)
    }
}

fn data() -> Dataset {
    garments(120, 20, 4)
}

/// Keeps the network of every epoch.
#[derive(Default)]
struct Networks(Vec<AnyModel>);

impl Observer for Networks {
    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        self.0.push(end.model());
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn a_run_without_progress_ends_with_its_best_network() {
    let (data, machine) = (data(), machine(2));
    for (metric, min_delta) in [
        (None, None),
        (Some(Metric::HeldoutLoss), None),
        (Some(Metric::HeldoutLoss), Some(0.05)),
        (Some(Metric::Error), Some(0.2)),
    ] {
        let options = TrainOptions {
            metric,
            min_delta,
            ..options(EngineKind::Blas, Dtype::F32)
        };
        let plan = Plan::new(&options, &data, &machine).unwrap();
        let mut networks = Networks::default();
        let outcome = train(&plan, &mut networks).unwrap();
        let epochs = outcome.history.len();
        assert!(epochs < 40, "{metric:?} ends early");

        let figure = |epoch: usize| options.metric().of_epoch(&outcome.history[epoch]).unwrap();
        let cost = |epoch: &usize| options.metric().cost(figure(*epoch));
        let best = (0..epochs)
            .min_by(|one, other| cost(one).total_cmp(&cost(other)))
            .unwrap();
        assert_eq!(outcome.restored, Some(best));
        assert!(outcome.model.bytes() == networks.0[best].bytes());
        assert_eq!(Some(outcome.accuracies), outcome.history[best].accuracies);
        assert_eq!(outcome.error, outcome.history[best].error);
        // By the definition, from the front: three evaluations in a row that are not better by the difference.
        let (mut reference, mut waited) = (f64::INFINITY, 0);
        for epoch in 0..epochs {
            assert!(waited < 3, "{metric:?}: not after epoch {epoch}");
            if cost(&epoch) < reference - min_delta.unwrap_or(0.0) {
                (reference, waited) = (cost(&epoch), 0);
            } else {
                waited += 1;
            }
        }
        assert_eq!(waited, 3, "{metric:?}");
        // Up to there it is a run like any other.
        let whole = TrainOptions {
            early_stopping: None,
            min_delta: None,
            epochs,
            ..options.clone()
        };
        let whole = train(
            &Plan::new(&whole, &data, &machine).unwrap(),
            &mut NoObserver,
        )
        .unwrap();
        assert_eq!(whole.history, outcome.history);
        assert!(whole.model.bytes() == networks.0[epochs - 1].bytes());
    }
}

#[test]
fn a_run_that_goes_on_ends_where_it_would_have_ended() {
    let data = data();
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let options = options(engine, dtype);
            let one = machine(1);
            let plan = Plan::new(&options, &data, &one).unwrap();
            let expected = train(&plan, &mut NoObserver).unwrap();
            let epochs = expected.history.len() as u64;
            let steps = 5 * epochs; // 96 images in mini-batches of 20
            assert!(epochs < 40, "{engine:?} {dtype:?}");
            for (at, at_end) in [
                (3, false),
                (5, true),
                (steps - 6, false),
                (steps - 5, true),
                (steps - 1, false),
                (steps, true),
            ] {
                let checkpoint = stopped(&plan, at, at_end);
                let other = machine(3);
                let plan = Plan::new(&options, &data, &other).unwrap();
                let found = resumed(&plan, &checkpoint).unwrap();
                assert!(found.model.bytes() == expected.model.bytes(), "{at}");
                assert_eq!(found.history, expected.history, "{at}");
                assert_eq!(found.restored, expected.restored, "{at}");
                assert_eq!(found.accuracies, expected.accuracies, "{at}");
            }
        }
    }
}

#[test]
fn the_best_network_of_norms_and_averaged_parameters_is_the_one_that_answered() {
    let data = data();
    let share = |right: Option<f64>| right.expect("samples that were asked about");
    for (dtype, norm, ema, bound) in [
        (Dtype::F64, Norm::Batch, 0.9, 1e-12),
        (Dtype::F64, Norm::Batch, 0.0, 1e-12),
        (Dtype::F64, Norm::None, 0.9, 1e-12),
        (Dtype::F32, Norm::Batch, 0.9, 1e-5),
    ] {
        let what = format!("{dtype:?} {norm:?} {ema}");
        let options = TrainOptions {
            norm,
            ema,
            hidden: vec![9, 6],
            heldout_scale: HeldoutScale::Train,
            ..options(EngineKind::Blas, dtype)
        };
        let one = machine(1);
        let plan = Plan::new(&options, &data, &one).unwrap();
        let mut networks = Networks::default();
        let outcome = train(&plan, &mut networks).unwrap();
        let (best, epochs) = (outcome.restored.unwrap(), outcome.history.len());
        assert!(best + 1 < epochs && epochs < 40, "{what}: {best} {epochs}");
        assert!(outcome.model.bytes() == networks.0[best].bytes(), "{what}");

        // Asked again, it is as right as it was after that epoch.
        let noted = outcome.history[best].accuracies.unwrap();
        let split = plan.split();
        let mut asked = Predictor::new(&one, &outcome.model);
        for (indices, noted) in [(&split.train, noted.train), (&split.heldout, noted.heldout)] {
            let found = share(asked.score(&data.train, indices).unwrap());
            assert_eq!(found, share(noted), "{what}");
        }
        let found = asked.evaluation(&data.train, &split.heldout).unwrap().loss;
        let off = (noted.heldout_loss.unwrap() / found - 1.0).abs();
        assert!(off < bound, "{what}: {off}");

        // A run that goes on has the best network from its checkpoint, where it is a plain one.
        let steps = 5 * epochs as u64; // 96 images in mini-batches of 20
        for (at, at_end) in [(steps - 6, false), (steps - 5, true), (steps, true)] {
            let checkpoint = stopped(&plan, at, at_end);
            let other = machine(3);
            let plan = Plan::new(&options, &data, &other).unwrap();
            let found = resumed(&plan, &checkpoint).unwrap();
            assert!(found.model.bytes() == outcome.model.bytes(), "{what}: {at}");
            assert_eq!(found.history, outcome.history, "{what}: {at}");
            assert_eq!(found.restored, Some(best), "{what}: {at}");
            assert_eq!(found.accuracies, outcome.accuracies, "{what}: {at}");
        }
    }
}

#[test]
fn the_loss_of_held_out_samples_is_that_of_the_finished_network() {
    let data = data();
    let machine = machine(2);
    for preset in [Preset::Plain, Preset::Article] {
        for dtype in [Dtype::F32, Dtype::F64] {
            for &engine in engines(dtype) {
                let options = TrainOptions {
                    hidden: vec![7],
                    epochs: 2,
                    batches: Some(4),
                    batch_size: None,
                    heldout_scale: HeldoutScale::Train,
                    engine,
                    dtype,
                    ..TrainOptions::of(preset)
                };
                let plan = Plan::new(&options, &data, &machine).unwrap();
                let outcome = train(&plan, &mut NoObserver).unwrap();
                let heldout = plan.split().heldout;
                let mut predictor = Predictor::new(&machine, &outcome.model);
                let evaluation = predictor.evaluation(&data.train, &heldout).unwrap();
                let found = outcome.accuracies.heldout_loss.unwrap();
                let bound = match (dtype, engine) {
                    (Dtype::F64, _) => 1e-12,
                    (Dtype::F32, EngineKind::Fixed) => 1e-3, // weights of 16 bits
                    (Dtype::F32, _) => 1e-5,
                };
                let off = (found / evaluation.loss - 1.0).abs();
                assert!(off < bound, "{engine:?} {dtype:?}: {found}, {off}");
            }
        }
    }
}

#[test]
fn nothing_held_out_has_no_loss_and_an_epoch_has_rate_and_norm() {
    let (data, machine) = (data(), machine(2));
    let options = TrainOptions {
        holdout: 0.0,
        early_stopping: None,
        epochs: 1,
        ..options(EngineKind::Blas, Dtype::F64)
    };
    let plan = Plan::new(&options, &data, &machine).unwrap();
    machine.run(|| {
        let mut trainer = Trainer::<Staged<f64>>::staged(&plan);
        trainer.begin_epoch();
        for number in trainer.remaining() {
            trainer.forward_and_backward(number);
            trainer.gradient_and_update(number).unwrap();
        }
        trainer.end_epoch();
        assert_eq!(trainer.evaluate().heldout_loss, None);
        let gradient = trainer.stepper_mut().networks[0].gradient();
        let norm = gradient
            .iter()
            .map(|number| number * number)
            .sum::<f64>()
            .sqrt();
        let last = trainer.history()[0];
        assert!((last.gradient_norm.unwrap() / norm - 1.0).abs() < 1e-12);
        assert_eq!(last.learning_rate, Some(0.15));
    });
    let in_f32 = TrainOptions {
        dtype: Dtype::F32,
        ..options
    };
    let plan = Plan::new(&in_f32, &data, &machine).unwrap();
    let outcome = train(&plan, &mut NoObserver).unwrap();
    assert_eq!(
        outcome.history[0].learning_rate,
        Some(0.15),
        "not 0.15000000596"
    );
}

#[test]
fn settings_that_end_nothing_are_refused() {
    let (data, machine) = (data(), machine(1));
    let plain = || options(EngineKind::Blas, Dtype::F32);
    let refused = |change: &dyn Fn(&mut TrainOptions), says: &str| {
        let mut options = plain();
        change(&mut options);
        let error = Plan::new(&options, &data, &machine)
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    };
    refused(
        &|options| options.early_stopping = Some(0),
        "from 1, found 0",
    );
    refused(&|options| options.eval_every = Some(0), "eval_every 0");
    refused(
        &|options| options.min_delta = Some(-0.5),
        "from 0 to 1e6, found -0.5",
    );
    refused(&|options| options.min_delta = Some(f64::NAN), "found NaN");
    let alone = |options: &mut TrainOptions| {
        (options.early_stopping, options.min_delta) = (None, Some(0.5));
    };
    refused(&alone, "early_stopping beside it, found 0.5 alone");
    refused(
        &|options| options.holdout = 0.0,
        "--metric error, found --holdout 0",
    );
    for (metric, says) in [
        (Metric::HeldoutLoss, "whose loss is asked for"),
        (Metric::HeldoutAccuracy, "whose accuracy is asked for"),
    ] {
        let change = |options: &mut TrainOptions| {
            (options.holdout, options.metric) = (0.0, Some(metric));
        };
        refused(&change, says);
    }
    let mut by_error = plain();
    (by_error.holdout, by_error.metric) = (0.0, Some(Metric::Error));
    let plan = Plan::new(&by_error, &data, &machine).unwrap();
    assert_eq!(
        plan.settings().evaluation_interval(),
        1,
        "each epoch is evaluated"
    );
    train(&plan, &mut NoObserver).unwrap();
}
