//! Runs that are trained side by side get the bits that each gets alone.

use std::ops::ControlFlow;

use gingham::data::Dataset;
use gingham::engine::EngineKind;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::model::{Activation, Init, Output};
use gingham::scalar::Dtype;
use gingham::train::{
    Checkpoint, Elapsed, End, EpochEnd, NoObserver, Observer, Outcome, Plan, Reduction, Running,
    StepEnd, TrainOptions, go_on, side_by_side, train,
};

use crate::support::{engines, garments, machine};

/// Networks of all kinds that see the same mini-batches: narrow, wide, without hidden layers, by other rates, for fewer epochs.
fn several(base: &TrainOptions) -> Vec<TrainOptions> {
    let with = |change: &dyn Fn(&mut TrainOptions)| {
        let mut options = base.clone();
        change(&mut options);
        options
    };
    vec![
        with(&|_| {}),
        with(&|options| options.learning_rate *= 0.5),
        with(&|options| options.hidden = vec![140]),
        with(&|options| options.hidden = vec![7, 150, 9]),
        with(&|options| options.hidden = Vec::new()),
        with(&|options| (options.seed, options.l2) = (77, 0.01)),
        with(&|options| (options.epochs, options.activation) = (2, Activation::Tanh)),
        with(&|options| (options.bias, options.momentum) = (!options.bias, 0.5)),
    ]
}

/// Shuffled mini-batches of 64, the last one smaller; evaluated after every second epoch.
fn shuffled(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        hidden: vec![20, 12],
        activation: Activation::Relu,
        output: Output::Softmax,
        bias: true,
        init: Init::He,
        epochs: 3,
        batches: None,
        batch_size: Some(64),
        shuffle: true,
        learning_rate: 0.02,
        momentum: 0.9,
        l2: 1e-3,
        reduction: Reduction::Mean,
        eval_every: Some(2),
        split_seed: Some(5),
        order_seed: Some(6),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

/// The article's settings: always one order.
fn article(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        epochs: 3,
        batches: Some(2),
        split_seed: Some(3),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

fn plans<'a>(options: &[TrainOptions], data: &'a Dataset, machine: &'a Machine) -> Vec<Plan<'a>> {
    let plan = |options| Plan::new(options, data, machine).unwrap();
    options.iter().map(plan).collect()
}

/// Trains plans side by side: the outcome of each, in the order of the plans.
fn together(plans: &[Plan<'_>]) -> Vec<Result<Outcome>> {
    let runs = plans.iter().map(|plan| Running {
        plan,
        checkpoint: None,
        observer: NoObserver,
    });
    let mut outcomes: Vec<Option<Result<Outcome>>> = plans.iter().map(|_| None).collect();
    side_by_side(runs.collect(), &mut |ends| {
        for End { run, outcome, .. } in ends {
            assert!(outcomes[run].replace(outcome).is_none(), "a run ends once");
        }
    });
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap())
        .collect()
}

/// All that a run leaves but its error's text.
fn shown(outcome: &Outcome) -> (Vec<u8>, String) {
    let Outcome {
        model,
        error,
        accuracies,
        restored,
        test_accuracy,
        training_samples,
        history,
    } = outcome;
    let rest = format!(
        "{error:e} {accuracies:?} {restored:?} {test_accuracy:?} {training_samples} {history:?}"
    );
    (model.bytes(), rest)
}

#[test]
fn each_run_has_the_bits_that_it_has_alone() {
    let data = garments(200, 20, 5);
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let augmented = TrainOptions {
                flip: true,
                shift: 2,
                erase: 0.5,
                ..shuffled(engine, dtype)
            };
            for base in [shuffled(engine, dtype), article(engine, dtype), augmented] {
                let options = several(&base);
                let alone = machine(2);
                let expected: Vec<_> = plans(&options, &data, &alone)
                    .iter()
                    .map(|plan| shown(&train(plan, &mut NoObserver).unwrap()))
                    .collect();
                for threads in [1, 3] {
                    let machine = machine(threads);
                    let plans = plans(&options, &data, &machine);
                    let found = together(&plans);
                    for ((found, expected), options) in found.iter().zip(&expected).zip(&options) {
                        let found = shown(found.as_ref().unwrap());
                        assert_eq!(&found, expected, "{threads} {options:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_run_that_diverges_ends_alone() {
    let data = garments(100, 10, 5);
    let machine = machine(2);
    let mut options = several(&shuffled(EngineKind::Blas, Dtype::F32));
    options[1].learning_rate = 1e6;
    let plans = plans(&options, &data, &machine);
    for (number, (found, plan)) in together(&plans).into_iter().zip(&plans).enumerate() {
        let alone = train(plan, &mut NoObserver);
        match (found, alone) {
            (Ok(found), Ok(alone)) => assert_eq!(shown(&found), shown(&alone)),
            (Err(found), Err(alone)) => {
                assert_eq!(number, 1);
                assert!(matches!(found, Error::Diverged { .. }));
                assert_eq!(found.to_string(), alone.to_string());
            }
            (found, alone) => panic!("{found:?} {alone:?}"),
        }
    }
}

/// Stops after so many steps, with a checkpoint; or breaks after an epoch.
struct Stops {
    after: u64,
    breaks_after: Option<usize>,
    checkpoint: Option<Vec<u8>>,
}

impl Stops {
    fn after(steps: u64) -> Self {
        Self {
            after: steps,
            breaks_after: None,
            checkpoint: None,
        }
    }
}

impl Observer for Stops {
    fn stepped(&mut self, step: &StepEnd<'_>) -> Result<()> {
        if step.step < self.after {
            return Ok(());
        }
        self.checkpoint = Some(step.checkpoint(&Elapsed::default())?);
        Err(Error::Setting {
            setting: "stop",
            reason: String::new(),
        })
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        Ok(match self.breaks_after {
            Some(epoch) if epoch == end.epoch => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

#[test]
fn runs_go_on_side_by_side_from_their_checkpoints() {
    let data = garments(200, 20, 5);
    let machine = machine(2);
    let options = several(&shuffled(EngineKind::Simd, Dtype::F32));
    let plans = plans(&options, &data, &machine);
    let runs = plans.iter().map(|plan| Running {
        plan,
        checkpoint: None,
        observer: Stops::after(4), // in the middle of the second epoch
    });
    let folder = tempfile::tempdir().unwrap();
    let mut stopped: Vec<Option<Checkpoint>> = plans.iter().map(|_| None).collect();
    side_by_side(runs.collect(), &mut |ends: Vec<End<Stops>>| {
        for End {
            run,
            observer,
            outcome,
        } in ends
        {
            assert!(outcome.is_err());
            let bytes = observer.checkpoint.expect("one when it stopped");
            let path = folder.path().join(run.to_string());
            std::fs::write(&path, bytes).unwrap();
            stopped[run] = Some(Checkpoint::open(&path).unwrap());
        }
    });
    let runs = plans.iter().zip(&stopped).map(|(plan, stopped)| Running {
        plan,
        checkpoint: stopped.as_ref(),
        observer: NoObserver,
    });
    let mut count = 0;
    side_by_side(runs.collect(), &mut |ends| {
        for End { run, outcome, .. } in ends {
            let alone = go_on(&plans[run], stopped[run].as_ref(), &mut NoObserver).unwrap();
            assert_eq!(shown(&outcome.unwrap()), shown(&alone));
            let whole = train(&plans[run], &mut NoObserver).unwrap();
            assert_eq!(shown(&whole), shown(&alone));
            count += 1;
        }
    });
    assert_eq!(count, plans.len());
}

#[test]
fn a_run_that_breaks_has_the_bits_of_fewer_epochs() {
    let data = garments(100, 10, 5);
    let machine = machine(2);
    let mut options = several(&article(EngineKind::Fixed, Dtype::F32));
    let plans_of = plans(&options, &data, &machine);
    let runs = plans_of.iter().enumerate().map(|(run, plan)| Running {
        plan,
        checkpoint: None,
        observer: Stops {
            breaks_after: Some(run % 3),
            ..Stops::after(u64::MAX)
        },
    });
    let mut found = vec![None; plans_of.len()];
    side_by_side(runs.collect(), &mut |ends| {
        for End { run, outcome, .. } in ends {
            found[run] = Some(outcome.unwrap().model.bytes());
        }
    });
    for (run, options) in options.iter_mut().enumerate() {
        options.epochs = options.epochs.min(run % 3 + 1);
    }
    for (found, plan) in found.into_iter().zip(&plans(&options, &data, &machine)) {
        let alone = train(plan, &mut NoObserver).unwrap();
        assert_eq!(found.unwrap(), alone.model.bytes());
    }
}

#[test]
fn runs_that_see_other_batches_are_told_apart() {
    let data = garments(100, 10, 5);
    let machine = machine(2);
    let sight = |options: &TrainOptions| Plan::new(options, &data, &machine).unwrap().sight();
    let base = shuffled(EngineKind::Blas, Dtype::F32);
    for alike in several(&base) {
        assert_eq!(sight(&alike), sight(&base));
    }
    let changes: [fn(&mut TrainOptions); 7] = [
        |options| options.split_seed = Some(9),
        |options| options.order_seed = Some(9),
        |options| options.shuffle = false,
        |options| options.batch_size = Some(32),
        |options| options.holdout = 0.3,
        |options| options.engine = EngineKind::Naive,
        |options| options.dtype = Dtype::F64,
    ];
    for change in changes {
        let mut other = base.clone();
        change(&mut other);
        assert_ne!(sight(&other), sight(&base));
    }
}
