//! Answers from two looks at each image.

use gingham::data::{Features, LabelledFeatures};
use gingham::engine::EngineKind;
use gingham::evaluate::{Predictor, Tta, argmax};
use gingham::model::{AnyModel, Output};
use gingham::scalar::Dtype;
use gingham::train::{NoObserver, Plan, TrainOptions, train};
use ndarray::Array2;

use crate::augment::options;
use crate::support::{garments, labelled, machine};

#[test]
fn two_looks_are_the_mean_of_an_image_and_its_mirror_image() {
    let data = garments(200, 2000, 5);
    let machine = machine(2);
    let test = data.test.as_ref().unwrap();
    let (rows, columns) = test.images.shape();
    let mut mirrored = Vec::new();
    for index in 0..test.images.count() {
        let image = test.images.image(index);
        mirrored.extend(image.chunks(columns).flat_map(|row| row.iter().rev()));
    }
    let mirrored = labelled(rows as u32, columns as u32, &mirrored, &test.labels);
    for (dtype, output) in [
        (Dtype::F32, Output::Softmax),
        (Dtype::F64, Output::Sigmoid),
        (Dtype::F64, Output::Softmax),
    ] {
        let options = TrainOptions {
            output,
            ..options(EngineKind::Naive, dtype)
        };
        let model: AnyModel = train(
            &Plan::new(&options, &data, &machine).unwrap(),
            &mut NoObserver,
        )
        .unwrap()
        .model;
        let mut once = Predictor::new(&machine, &model);
        let (one, other) = (
            once.probabilities(&test.images).unwrap(),
            once.probabilities(&mirrored.images).unwrap(),
        );
        let expected: Vec<f64> = one
            .iter()
            .zip(&other)
            .map(|(one, other)| (one + other) / 2.0)
            .collect();
        assert_ne!(expected, one);
        let mut twice = Predictor::new(&machine, &model).with_tta(Some(Tta::Flip));
        let found = twice.probabilities(&test.images).unwrap();
        let largest = found
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(largest < 1e-15, "{dtype:?}, {output:?}: {largest}");
        assert_eq!(
            found,
            twice.probabilities(&mirrored.images).unwrap(),
            "both ways round"
        );
        let answers: Vec<usize> = found.chunks(10).map(argmax).collect();
        assert_eq!(twice.predict(&test.images).unwrap(), answers);
        let indices: Vec<u32> = (0..2000).rev().collect();
        let evaluation = twice.evaluation(test, &indices).unwrap();
        let right = answers
            .iter()
            .zip(&test.labels)
            .filter(|(answer, label)| **answer == usize::from(**label));
        assert!((evaluation.accuracy - right.count() as f64 / 2000.0).abs() < 1e-12);
        if output == Output::Softmax {
            let losses = found
                .chunks(10)
                .zip(&test.labels)
                .map(|(shares, &label)| -shares[usize::from(label)].ln());
            let mean = losses.sum::<f64>() / 2000.0;
            assert!(
                (evaluation.loss - mean).abs() < 1e-6 * mean,
                "{} {mean}",
                evaluation.loss
            );
        }
    }
}

#[test]
fn features_have_no_mirror_image() {
    let machine = machine(1);
    let numbers = Array2::from_shape_fn((40, 6), |(row, column)| (row * column) as f32);
    let features = Features::from_array(numbers.view()).unwrap();
    let labels: Vec<u8> = (0..40).map(|index| index % 2).collect();
    let labelled = LabelledFeatures::new(features, labels).unwrap();
    let options = TrainOptions {
        flip: false,
        shift: 0,
        erase: 0.0,
        ..options(EngineKind::Naive, Dtype::F32)
    };
    let model = train(
        &Plan::new(&options, &labelled, &machine).unwrap(),
        &mut NoObserver,
    )
    .unwrap()
    .model;
    let error = Predictor::new(&machine, &model)
        .with_tta(Some(Tta::Flip))
        .predict(&labelled.features)
        .unwrap_err();
    assert!(
        error.to_string().contains("tta: expected images of bytes"),
        "{error}"
    );
}
