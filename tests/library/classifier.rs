//! The front door: the same network as a planned run, the same answers as a predictor, and its refusals.

use gingham::Classifier;
use gingham::data::{Dataset, Labelled};
use gingham::error::Error;
use gingham::evaluate::Predictor;
use gingham::train::{NoObserver, Plan, train};
use ndarray::{Array1, Array2, Array3, Axis, s};

use crate::support::machine;

/// Images whose bright third says the class.
fn images() -> (Array3<u8>, Array1<u8>) {
    let labels = Array1::from_shape_fn(90, |image| (image % 3) as u8);
    let images = Array3::from_shape_fn((90, 6, 5), |(image, row, column)| {
        let noise = (image * 7 + row * 5 + column * 3) as u8 % 100;
        u8::from(row / 2 == image % 3) * 120 + noise
    });
    (images, labels)
}

fn classifier() -> Classifier {
    Classifier::new()
        .hidden_layers(&[12])
        .epochs(8)
        .batch_size(16)
}

#[test]
fn a_classifier_is_the_planned_run_and_its_predictor() {
    let (images, labels) = images();
    let mut classifier = classifier();
    classifier.fit(&images, &labels).unwrap();

    let labelled = Labelled::from_arrays(images.view(), labels.as_slice().unwrap()).unwrap();
    let (dataset, machine) = (Dataset::new(labelled, None).unwrap(), machine(2));
    let plan = Plan::new(classifier.options(), &dataset, &machine).unwrap();
    let outcome = train(&plan, &mut NoObserver).unwrap();
    assert!(
        classifier.model() == Some(&outcome.model),
        "the same network"
    );
    assert_eq!(classifier.history(), outcome.history);

    let mut predictor = Predictor::new(&machine, &outcome.model);
    let classes: Vec<usize> = predictor.predict(&dataset.train.images).unwrap();
    let found = classifier.predict(&images).unwrap();
    assert!(found.iter().map(|&class| usize::from(class)).eq(classes));
    let shares = classifier.predict_proba(&images).unwrap();
    assert_eq!(shares.dim(), (90, 3));
    for row in shares.rows() {
        assert!((row.sum() - 1.0).abs() < 1e-6, "{row}");
    }
    let right = found
        .iter()
        .zip(&labels)
        .filter(|(one, other)| one == other);
    let score = classifier.score(&images, &labels).unwrap();
    assert_eq!(score, right.count() as f64 / 90.0);
    assert!(score > 0.9, "it learns: {score}");
}

#[test]
fn a_saved_classifier_answers_alike() {
    let (images, labels) = images();
    let mut classifier = classifier();
    classifier.fit(&images, &labels).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    classifier.save(&path).unwrap();
    assert!(matches!(classifier.save(&path), Err(Error::Exists { .. })));
    let loaded = Classifier::load(&path).unwrap();
    let shares = |classifier: &Classifier| classifier.predict_proba(&images).unwrap();
    assert_eq!(shares(&loaded), shares(&classifier));
}

#[test]
fn flat_images_and_features_are_taken() {
    let (images, labels) = images();
    let flat = images.to_shape((90, 30)).unwrap().to_owned();
    let mut classifier = classifier();
    classifier.fit(&flat, &labels).unwrap();
    assert!(classifier.score(&flat, &labels).unwrap() > 0.9);
    // The same pixels are asked about in either shape: a sample is its numbers.
    assert_eq!(
        classifier.predict(&images).unwrap(),
        classifier.predict(&flat).unwrap()
    );
    let features: Array2<f32> = flat.mapv(|pixel| f32::from(pixel) / 255.0);
    let mut classifier = self::classifier();
    classifier.fit(&features, &labels).unwrap();
    assert!(classifier.score(&features, &labels).unwrap() > 0.9);
    // Views with strides of their own.
    let halves = classifier.predict(features.slice(s![..;2, ..])).unwrap();
    let all = classifier.predict(&features).unwrap();
    assert_eq!(
        halves,
        all.select(Axis(0), &(0..90).step_by(2).collect::<Vec<_>>())
    );
}

#[test]
fn what_cannot_be_meant_is_refused_and_leaves_the_classifier_as_it_was() {
    let (images, labels) = images();
    let mut classifier = classifier();
    assert!(matches!(classifier.predict(&images), Err(Error::NotFitted)));
    assert!(matches!(classifier.save("x"), Err(Error::NotFitted)));
    classifier.fit(&images, &labels).unwrap();
    let model = classifier.model().cloned();
    let short = labels.slice(s![..80]);
    let array = |result: Result<(), Error>, named: &str| match result {
        Err(Error::Array { array, .. }) => assert_eq!(array, named),
        other => panic!("{other:?}"),
    };
    array(classifier.fit(&images, short).map(|_| ()), "labels");
    array(classifier.score(&images, short).map(|_| ()), "labels");
    let empty = Array3::<u8>::zeros((0, 6, 5));
    array(
        classifier.fit(&empty, &Array1::zeros(0)).map(|_| ()),
        "samples",
    );
    let small = images.slice(s![.., ..5, ..]);
    array(classifier.predict(small).map(|_| ()), "samples");
    let mut features = Array2::<f32>::zeros((4, 2));
    features[[3, 1]] = f32::NAN;
    let found = classifier.fit(&features, &Array1::zeros(4)).map(|_| ());
    array(found, "features");
    assert!(classifier.model() == model.as_ref());
}
