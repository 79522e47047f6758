//! The seeds of a run: which one drives what, and that one alone drives all of it.

use gingham::data::{Dataset, Split};
use gingham::engine::EngineKind;
use gingham::input::Staged;
use gingham::machine::Machine;
use gingham::train::{NoObserver, Plan, Preset, TrainOptions, Trainer, train};

use crate::support::{garments, machine};

/// Shuffled mini-batches, with these seeds of the weights, the split and the order.
fn with(seed: u32, split_seed: Option<u32>, order_seed: Option<u32>) -> TrainOptions {
    TrainOptions {
        hidden: vec![9],
        epochs: 3,
        batch_size: Some(40),
        engine: EngineKind::Blas,
        seed,
        split_seed,
        order_seed,
        ..TrainOptions::of(Preset::Plain)
    }
}

/// What a run begins with and what it is shown.
struct Shown {
    split: Split,
    start: Vec<f32>,
    /// The images of every mini-batch, epoch after epoch.
    batches: Vec<Vec<u32>>,
}

fn shown(options: &TrainOptions, data: &Dataset, machine: &Machine) -> Shown {
    let plan = Plan::new(options, data, machine).unwrap();
    machine.run(|| {
        let mut trainer = Trainer::<Staged<f32>>::staged(&plan);
        let start = trainer.state().mlp.parameters.clone();
        let mut batches = Vec::new();
        while trainer.begin_epoch().is_some() {
            for number in trainer.remaining() {
                batches.push(trainer.order().batch(number).indices.to_vec());
                trainer.forward_and_backward(number);
                trainer.gradient_and_update(number).unwrap();
            }
            trainer.end_epoch();
        }
        Shown {
            split: trainer.order().split().clone(),
            start,
            batches,
        }
    })
}

#[test]
fn runs_that_differ_in_the_seed_of_their_weights_alone_see_the_same_mini_batches() {
    let (data, machine) = (garments(200, 0, 5), machine(2));
    let shown = |options: &TrainOptions| shown(options, &data, &machine);
    let (seven, first) = (shown(&with(7, None, None)), shown(&with(42, None, None)));
    let apart = shown(&with(7, Some(42), Some(42)));
    assert_eq!(apart.split, first.split);
    assert_eq!(apart.batches, first.batches);
    assert_eq!(apart.batches.len(), 3 * 4, "every one of them");
    assert_eq!(apart.start, seven.start);
    assert_ne!(apart.start, first.start);

    // Each seed drives its own part alone.
    let split = shown(&with(7, Some(42), None));
    assert_eq!((&split.split, &split.start), (&first.split, &seven.start));
    assert_ne!(split.batches, first.batches);
    let order = shown(&with(7, None, Some(42)));
    assert_eq!((&order.split, &order.start), (&seven.split, &seven.start));
    assert_ne!(order.batches, seven.batches);

    // Without shuffling the order is the split's, in every epoch.
    let still = |order_seed| TrainOptions {
        shuffle: false,
        ..with(7, Some(42), order_seed)
    };
    let [still, other] = [None, Some(3)].map(|order_seed| shown(&still(order_seed)));
    assert_eq!(still.batches[..4].concat(), first.split.train);
    assert_eq!(still.batches, other.batches);
}

#[test]
fn the_same_seed_three_times_is_the_seed_alone() {
    let (data, machine) = (garments(200, 20, 5), machine(2));
    let run = |options: &TrainOptions| {
        let plan = Plan::new(options, &data, &machine).unwrap();
        train(&plan, &mut NoObserver).unwrap()
    };
    for engine in [EngineKind::Blas, EngineKind::Fixed] {
        let of = |options| TrainOptions { engine, ..options };
        let alone = run(&of(with(42, None, None)));
        let thrice = run(&of(with(42, Some(42), Some(42))));
        assert!(alone.model.bytes() == thrice.model.bytes(), "{engine:?}");
        assert_eq!(alone.history, thrice.history, "{engine:?}");
        assert_eq!(alone.test_accuracy, thrice.test_accuracy, "{engine:?}");
        // The file keeps the seed that brings the held-out images back.
        let apart = run(&of(with(7, Some(42), Some(3))));
        assert_eq!(apart.model.info().seed, 42);
        assert!(alone.model.bytes() != apart.model.bytes(), "{engine:?}");
    }
}

#[test]
fn seeds_that_are_not_given_are_not_written() {
    let names = |options: &TrainOptions| -> Vec<String> {
        let table = toml::Table::try_from(options).unwrap();
        let names = table.into_iter().map(|(name, _)| name);
        names.filter(|name| name.contains("seed")).collect()
    };
    assert_eq!(names(&with(7, None, None)), ["seed"]);
    let all = ["order_seed", "seed", "split_seed"];
    assert_eq!(names(&with(7, Some(42), Some(0))), all);
}
