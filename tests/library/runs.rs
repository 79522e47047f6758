//! Runs as a user of the library watches, stops and feeds them.

use std::ops::ControlFlow;

use gingham::data::{Dataset, Features, LabelledFeatures};
use gingham::engine::EngineKind;
use gingham::error::{Error, Result};
use gingham::evaluate::Predictor;
use gingham::model::{Activation, AnyModel, HeldoutScale, Output, Scale};
use gingham::scalar::Dtype;
use gingham::train::{
    EpochEnd, NoObserver, Observer, Outcome, Plan, Preset, TrainOptions, TrainingData, train,
};
use ndarray::Array2;

use crate::support::{
    STAGED, engines, garments, labelled, machine, random_dataset, relative_error, wide,
};

fn options(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        hidden: vec![20],
        epochs: 5,
        batch_size: Some(40),
        engine,
        dtype,
        ..TrainOptions::of(Preset::Wide)
    }
}

fn outcome<'a>(
    data: impl Into<TrainingData<'a>>,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let (data, machine): (TrainingData<'_>, _) = (data.into(), machine(2));
    train(&Plan::new(options, data, &machine)?, observer)
}

/// Everything of an outcome that could differ.
fn parts(outcome: &Outcome) -> impl PartialEq + std::fmt::Debug {
    let Outcome {
        model,
        error,
        accuracies,
        restored,
        test_accuracy,
        training_samples,
        history,
    } = outcome.clone();
    assert_eq!(restored, None);
    assert_eq!(history.last().map(|last| last.error), Some(error));
    let error = error.to_bits();
    (
        model,
        error,
        accuracies,
        test_accuracy,
        training_samples,
        history,
    )
}

fn parameters(model: &AnyModel) -> Vec<f64> {
    match model {
        AnyModel::F32(model) => wide(&model.mlp.parameters),
        AnyModel::F64(model) => model.mlp.parameters.clone(),
    }
}

/// Breaks after some epochs, and counts what it is told.
struct Stops {
    after: usize,
    prepared: usize,
    ended: usize,
}

impl Observer for Stops {
    fn prepared(&mut self) {
        self.prepared += 1;
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        assert_eq!(end.epoch, self.ended, "no epoch after the break");
        self.ended += 1;
        Ok(if self.ended == self.after {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }
}

#[test]
fn a_run_that_is_stopped_is_a_shorter_run() {
    let data = garments(200, 30, 3);
    for &engine in engines(Dtype::F32) {
        for eval_every in [Some(0), Some(1), Some(2), None] {
            for (shuffle, after) in [(true, 1), (false, 3)] {
                let long = TrainOptions {
                    shuffle,
                    eval_every,
                    ..options(engine, Dtype::F32)
                };
                let short = TrainOptions {
                    epochs: after,
                    ..long.clone()
                };
                let mut stops = Stops {
                    after,
                    prepared: 0,
                    ended: 0,
                };
                let stopped = outcome(&data, &long, &mut stops).unwrap();
                assert_eq!((stops.prepared, stops.ended), (1, after));
                let expected = outcome(&data, &short, &mut NoObserver).unwrap();
                assert_eq!(
                    parts(&stopped),
                    parts(&expected),
                    "{engine:?}, evaluated {eval_every:?}, {after} epochs"
                );
            }
        }
    }
}

/// Keeps the network after each epoch, with what was said of it.
#[derive(Default)]
struct Keeps(Vec<(AnyModel, f64, Option<f64>)>);

impl Observer for Keeps {
    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let heldout = end.accuracies.and_then(|accuracies| accuracies.heldout);
        self.0.push((end.model(), end.error, heldout));
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn the_model_that_an_observer_sees_is_the_network_as_it_is() {
    let data = garments(200, 30, 3);
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let options = options(engine, dtype);
            let mut keeps = Keeps::default();
            let last = outcome(&data, &options, &mut keeps).unwrap();
            assert_eq!(keeps.0.len(), options.epochs);
            for (epoch, (model, error, heldout)) in keeps.0.iter().enumerate() {
                let shorter = TrainOptions {
                    epochs: epoch + 1,
                    ..options.clone()
                };
                let expected = outcome(&data, &shorter, &mut NoObserver).unwrap();
                assert!(*model == expected.model, "{engine:?}, epoch {epoch}");
                assert_eq!(*error, expected.error);
                assert_eq!(*heldout, expected.accuracies.heldout);
            }
            assert!(keeps.0[0].0 != keeps.0[1].0, "an epoch changes the network");
            assert!(keeps.0[options.epochs - 1].0 == last.model);
        }
    }
}

/// Fails after the first epoch.
struct Fails;

impl Observer for Fails {
    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        Err(Error::NotFitted)
    }

    fn ended(&mut self, _end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        panic!("the run was to end before");
    }
}

#[test]
fn an_observers_error_is_the_runs_error() {
    let data = random_dataset(2, 3, 50, 3, 1);
    for &engine in engines(Dtype::F32) {
        let ended = outcome(&data, &options(engine, Dtype::F32), &mut Fails);
        assert!(matches!(ended, Err(Error::NotFitted)), "{ended:?}");
    }
}

/// The training images of a data set as rows of pixel values.
fn as_features(data: &Dataset) -> LabelledFeatures {
    let images = &data.train.images;
    let shape = (images.count(), images.pixels_per_image());
    let pixels = Array2::from_shape_fn(shape, |(index, pixel)| {
        f32::from(images.image(index)[pixel])
    });
    LabelledFeatures::from_arrays(pixels.view(), &data.train.labels).unwrap()
}

#[test]
fn pixel_values_as_features_train_as_images_do() {
    // Without standardisation both ways compute the same products of the same numbers: to the bit. The standardizers of images
    // and features sum in other orders, which is a rounding or two in the figures of a pixel. Measured: 1e-16, and in f32,
    // where the figures round to the same numbers, nothing.
    const WIDE: f64 = 1e-13;
    const NARROW: f64 = 1e-5;
    let data = random_dataset(4, 5, 200, 3, 8);
    let features = as_features(&data);
    for dtype in [Dtype::F32, Dtype::F64] {
        for engine in STAGED {
            for (scale, heldout_scale) in [
                (Scale::None, HeldoutScale::Train),
                (Scale::Standard, HeldoutScale::Train),
                (Scale::Standard, HeldoutScale::Own),
            ] {
                // A wide layer and a narrow one; in an order that stays, whose images are kept, and in others.
                for (hidden, shuffle) in [(vec![140, 9], false), (vec![9], true)] {
                    let options = TrainOptions {
                        hidden,
                        shuffle,
                        scale,
                        heldout_scale,
                        // Raw pixels are a hundred times as large as standardised ones.
                        learning_rate: if scale == Scale::None { 1e-4 } else { 0.02 },
                        ..options(engine, dtype)
                    };
                    let of_images = outcome(&data, &options, &mut NoObserver).unwrap();
                    let of_features = outcome(&features, &options, &mut NoObserver).unwrap();
                    let expected = parameters(&of_images.model);
                    let found = parameters(&of_features.model);
                    let what = format!("{engine:?}, {dtype:?}, {scale:?}, {:?}", options.hidden);
                    if scale == Scale::None {
                        assert!(found == expected, "{what}");
                        assert_eq!(of_features.history, of_images.history, "{what}");
                    } else {
                        let difference = relative_error(&found, &expected);
                        let tolerance = match dtype {
                            Dtype::F32 => NARROW,
                            Dtype::F64 => WIDE,
                        };
                        assert!(difference < tolerance, "{what}: {difference:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_network_answers_alike_to_images_and_to_their_pixel_values() {
    let data = garments(120, 1, 6);
    let features = as_features(&data);
    let machine = machine(2);
    // In f32 images and features go through products that round in another order.
    for (dtype, tolerance) in [(Dtype::F32, 1e-5), (Dtype::F64, 0.0)] {
        let model = outcome(&data, &options(EngineKind::Blas, dtype), &mut NoObserver);
        let model = model.unwrap().model;
        let mut predictor = Predictor::new(&machine, &model);
        let images = &data.train.images;
        let classes = predictor.predict(images).unwrap();
        assert_eq!(predictor.predict(&features.features).unwrap(), classes);
        let probabilities = predictor.probabilities(images).unwrap();
        let of_features = predictor.probabilities(&features.features).unwrap();
        for (found, expected) in of_features.iter().zip(&probabilities) {
            let difference = (found - expected).abs();
            assert!(difference <= tolerance, "{dtype:?}: {difference:e}");
        }
        let all: Vec<u32> = (0..120).collect();
        let share = predictor.score(&features, &all).unwrap();
        assert_eq!(share, predictor.score(&data.train, &all).unwrap());
        let [found, expected] = [
            predictor.evaluation(&features, &all).unwrap(),
            predictor.evaluation(&data.train, &all).unwrap(),
        ];
        assert_eq!(found.confusion, expected.confusion);
        assert!((found.loss - expected.loss).abs() <= tolerance * expected.loss);
        // Samples of another size are refused, of either kind.
        let small = labelled(2, 2, &[0; 4], &[0]);
        let features = Features::from_array(Array2::zeros((1, 785)).view()).unwrap();
        for (refused, size) in [
            (predictor.predict(&small.images).map(|_| ()), "4"),
            (predictor.probabilities(&features).map(|_| ()), "785"),
        ] {
            assert!(
                matches!(&refused, Err(Error::Array { array: "samples", found, .. }) if found == size),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn features_of_any_size_separate() {
    // Two clouds that a line separates, with negative numbers and large ones: what no image can hold.
    let labels: Vec<u8> = (0..200).map(|index| index % 2).collect();
    let points = Array2::from_shape_fn((200, 2), |(index, axis)| {
        let side = if index % 2 == 0 { -1.0 } else { 1.0 };
        [1e6, -1e-3][axis] * (side + ((index * 7 + axis * 3) % 11) as f32 / 20.0)
    });
    let data = LabelledFeatures::from_arrays(points.view(), &labels).unwrap();
    let options = TrainOptions {
        activation: Activation::Tanh,
        output: Output::Softmax,
        ..options(EngineKind::Auto, Dtype::F32)
    };
    let outcome = outcome(&data, &options, &mut NoObserver).unwrap();
    assert_eq!(outcome.accuracies.train, Some(1.0));
    assert_eq!(outcome.accuracies.heldout, Some(1.0));
    assert_eq!(outcome.test_accuracy, None);
    assert_eq!(outcome.training_samples, 160);
    let info = outcome.model.info();
    assert_eq!((info.rows, info.columns), (1, 2));
    assert_eq!(info.classes, ["0", "1"]);
}
