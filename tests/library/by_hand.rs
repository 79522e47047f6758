//! A run by hand: what a caller does between the two verbs of phase 2 counts, and nothing done is nothing changed.

use gingham::engine::EngineKind;
use gingham::input::Staged;
use gingham::model::AnyModel;
use gingham::train::{NoObserver, Plan, Preset, TrainOptions, Trainer, train};

use crate::support::{machine, random_dataset};

/// Trains by the two verbs, changing each gradient by `change` in between; the parameters.
fn by_hand(plan: &Plan<'_>, change: impl Fn(&mut [f32]) + Sync) -> Vec<f32> {
    plan.machine().run(|| {
        let mut trainer = Trainer::<Staged<f32>>::staged(plan);
        while trainer.begin_epoch().is_some() {
            for batch in 0..trainer.batches() {
                trainer.forward_and_backward(batch);
                change(trainer.take_gradient(batch));
                trainer.update(batch).unwrap();
            }
            trainer.end_epoch();
        }
        trainer.model().mlp.parameters
    })
}

#[test]
fn the_gradient_can_be_clipped_between_the_verbs() {
    let data = random_dataset(4, 5, 60, 3, 9);
    let options = TrainOptions {
        hidden: vec![7],
        epochs: 2,
        batch_size: Some(16),
        engine: EngineKind::Blas,
        l2: 0.0,
        momentum: 0.0,
        learning_rate: 0.5,
        ..TrainOptions::of(Preset::Wide)
    };
    let machine = machine(2);
    let plan = Plan::new(&options, &data, &machine).unwrap();
    let AnyModel::F32(whole) = train(&plan, &mut NoObserver).unwrap().model else {
        panic!("a run in f32");
    };
    assert_eq!(by_hand(&plan, |_| ()), whole.mlp.parameters);

    // Clipped to nothing, nothing moves.
    let start = options.init.parameters::<f32>(plan.layout(), options.seed);
    assert_eq!(by_hand(&plan, |gradient| gradient.fill(0.0)), start);

    // Clipped by its norm, a step is no longer than the learning rate times that.
    const MOST: f32 = 0.01;
    let clip = |gradient: &mut [f32]| {
        let norm = gradient.iter().map(|d| d * d).sum::<f32>().sqrt();
        let factor = (MOST / norm).min(1.0);
        gradient.iter_mut().for_each(|d| *d *= factor);
    };
    let clipped = by_hand(&plan, clip);
    let steps = (2 * 48_usize.div_ceil(16)) as f32;
    let way = clipped
        .iter()
        .zip(&start)
        .map(|(end, start)| (end - start).powi(2));
    let way = way.sum::<f32>().sqrt();
    assert!(way > 0.0 && way <= 1.001 * steps * MOST * 0.5, "{way}");
}
