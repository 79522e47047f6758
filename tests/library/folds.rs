//! What a run holds out: stratified shares, folds, and a validation set of its own. What they are is held against definitions that are
//! computed plainly here; that they are scikit-learn's, `data::split` tests by itself.

use std::collections::BTreeMap;

use gingham::data::{Dataset, Split};
use gingham::engine::EngineKind;
use gingham::evaluate::Predictor;
use gingham::input::Staged;
use gingham::machine::Machine;
use gingham::model::HeldoutScale;
use gingham::scalar::Dtype;
use gingham::train::{
    Checkpoint, NoObserver, Outcome, Plan, Preset, Start, TrainOptions, Trainer, differences, train,
};

use crate::resume::{resumed, stopped};
use crate::support::{dataset, engines, garments, labelled, machine, random_bytes};

fn plain() -> TrainOptions {
    TrainOptions {
        hidden: vec![9],
        epochs: 2,
        batch_size: Some(40),
        engine: EngineKind::Blas,
        ..TrainOptions::of(Preset::Plain)
    }
}

fn fold(number: u32, folds: u32) -> TrainOptions {
    TrainOptions {
        holdout: 0.0,
        folds: Some(folds),
        fold: Some(number),
        ..plain()
    }
}

/// The settings for a validation set.
fn validated() -> TrainOptions {
    TrainOptions {
        holdout: 0.0,
        ..plain()
    }
}

/// 150 images to train on, and as a validation set the 50 behind them in the same row of garments.
fn with_validation() -> Dataset {
    let all = garments(200, 0, 5).train;
    let part = |range: std::ops::Range<u32>| {
        let part = all.gathered(&range.collect::<Vec<_>>());
        gingham::data::Labelled::new(part.images, part.labels).unwrap()
    };
    let data = Dataset::new(part(0..150), None).unwrap();
    data.with_validation(part(150..200)).unwrap()
}

fn trained(options: &TrainOptions, data: &Dataset, machine: &Machine) -> Outcome {
    let plan = Plan::new(options, data, machine).unwrap();
    train(&plan, &mut NoObserver).unwrap()
}

fn refused(options: &TrainOptions, data: &Dataset) -> String {
    Plan::new(options, data, &machine(1))
        .unwrap_err()
        .to_string()
}

/// Three classes with 20, 7 and 2 images.
fn uneven() -> Dataset {
    let labels = [vec![0; 20], vec![1; 7], vec![2; 2]].concat();
    dataset(4, 4, &random_bytes(29 * 16, 3), &labels)
}

#[test]
fn a_trainer_follows_the_plan() {
    let (data, machine) = (uneven(), machine(1));
    let mut held_out = Vec::new();
    for number in 1..=4 {
        let options = TrainOptions {
            stratify: true,
            batch_size: Some(10),
            ..fold(number, 4)
        };
        let plan = Plan::new(&options, &data, &machine).unwrap();
        let Split { train, heldout } = machine.run(|| {
            Trainer::<Staged<f32>>::staged(&plan)
                .order()
                .split()
                .clone()
        });
        assert_eq!(
            plan.split(),
            Split {
                train: train.clone(),
                heldout: heldout.clone()
            }
        );
        assert_eq!(plan.training_samples(), train.len());
        assert!(plan.holds_out());
        let mut counts = BTreeMap::new();
        for &index in &heldout {
            *counts.entry(data.train.labels[index as usize]).or_insert(0) += 1;
        }
        assert_eq!(counts[&0], 5);
        assert!((1..=2).contains(&counts[&1]), "{counts:?}");
        held_out.extend(heldout);
    }
    held_out.sort_unstable();
    assert_eq!(held_out, (0..29).collect::<Vec<_>>(), "each image once");
}

#[test]
fn from_two_folds_to_one_for_each_image() {
    let data = uneven();
    for folds in [2, 3, 28, 29] {
        let machine = machine(1);
        let mut held_out = 0;
        for number in 1..=folds {
            let options = TrainOptions {
                batch_size: Some(10),
                ..fold(number, folds)
            };
            let outcome = trained(&options, &data, &machine);
            held_out += 29 - outcome.training_samples;
            assert!(outcome.accuracies.heldout.is_some(), "{number} of {folds}");
        }
        assert_eq!(held_out, 29, "{folds}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let data = uneven();
    let with = |change: fn(&mut TrainOptions)| {
        let mut options = fold(1, 4);
        change(&mut options);
        refused(&options, &data)
    };
    for (found, says) in [
        (
            with(|options| options.fold = Some(0)),
            "fold: expected a number from 1 to 4, the number of folds, found 0",
        ),
        (with(|options| options.fold = Some(5)), "found 5"),
        (
            with(|options| options.folds = Some(1)),
            "folds: expected at least 2, found 1",
        ),
        (
            with(|options| options.folds = Some(30)),
            "folds: expected at most 29, one for each training image, found 30",
        ),
        (
            with(|options| options.folds = Some(u32::MAX)),
            "folds: expected at most 29",
        ),
        (
            with(|options| options.folds = None),
            "fold: expected the number of folds",
        ),
        (
            with(|options| options.fold = None),
            "fold: expected which of the 4 folds is held out, found none",
        ),
        (
            with(|options| options.holdout = 0.25),
            "holdout: expected no share, or 0, beside folds, which say what is held out, found 0.25",
        ),
        (
            with(|options| options.validation = Some("there".into())),
            "validation: expected this or folds, found both",
        ),
    ] {
        assert!(found.contains(says), "{found}");
    }
    // A single image is never both held out and trained on.
    let one = dataset(4, 4, &random_bytes(16, 3), &[0]);
    assert!(refused(&fold(1, 2), &one).contains("folds: expected at most 1"));
    let stratified = TrainOptions {
        stratify: true,
        holdout: 0.99,
        ..plain()
    };
    assert!(refused(&stratified, &data).contains("leaves an image to train on"));
}

/// Without the new settings nothing of a run says a word of them.
#[test]
fn settings_that_are_not_given_are_not_written() {
    let (data, machine) = (uneven(), machine(1));
    let words = ["stratify", "fold", "validation"];
    let outcome = trained(&plain(), &data, &machine);
    let plan = Plan::new(&plain(), &data, &machine).unwrap();
    for text in [
        toml::to_string(plan.settings()).unwrap(),
        outcome.model.info().to_json(),
    ] {
        assert!(!words.iter().any(|word| text.contains(word)), "{text}");
    }
    let off = TrainOptions {
        stratify: false,
        ..plain()
    };
    assert!(trained(&off, &data, &machine).model.bytes() == outcome.model.bytes());
    // What an older version has written is read as it was meant.
    let text = toml::to_string(plan.settings()).unwrap();
    let read: TrainOptions = toml::from_str(&text).unwrap();
    assert_eq!(&read, plan.settings());
}

#[test]
fn a_model_knows_what_was_held_out() {
    let (data, machine) = (uneven(), machine(1));
    let options = TrainOptions {
        stratify: true,
        seed: 7,
        split_seed: Some(5),
        ..fold(3, 4)
    };
    let outcome = trained(&options, &data, &machine);
    let info = outcome.model.info();
    let plan = Plan::new(&options, &data, &machine).unwrap();
    assert_eq!(info.split_rule().split(&data.train.labels), plan.split());
    assert!(info.holds_out() && info.stratify && info.seed == 5);
    let json: serde_json::Value = serde_json::from_str(&info.to_json()).unwrap();
    assert_eq!(json["fold"], serde_json::json!({ "number": 3, "of": 4 }));
    assert_eq!(json["holdout"], 0.0);
}

/// Each engine asks a validation set as it asks images of the training file: where the network and the images are the same, so is
/// the accuracy.
#[test]
fn a_validation_set_is_what_is_held_out() {
    let (data, machine) = (with_validation(), machine(2));
    let validation = data.validation.as_ref().unwrap();
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            for heldout_scale in [HeldoutScale::Own, HeldoutScale::Train] {
                let options = TrainOptions {
                    engine,
                    dtype,
                    heldout_scale,
                    ..validated()
                };
                let what = format!("{engine:?} {dtype:?} {heldout_scale:?}");
                let plan = Plan::new(&options, &data, &machine).unwrap();
                assert_eq!(plan.training_samples(), 150, "{what}");
                assert_eq!(plan.split().heldout, (0..50).collect::<Vec<_>>());
                let outcome = train(&plan, &mut NoObserver).unwrap();
                // All training images train, as with nothing held out: a validation set changes no parameter.
                let alone = Dataset::new(garments(150, 0, 5).train, None).unwrap();
                let nothing = trained(&options, &alone, &machine);
                assert_eq!(
                    nothing.history.last().unwrap().error,
                    outcome.error,
                    "{what}"
                );
                assert_eq!(nothing.accuracies.heldout, None);
                let own = match heldout_scale {
                    HeldoutScale::Train => outcome.model.standardizer().clone(),
                    HeldoutScale::Own => {
                        let all: Vec<u32> = (0..50).collect();
                        gingham::data::Standardizer::fit(&validation.images, &all)
                    }
                };
                let all: Vec<u32> = (0..50).collect();
                let asked = machine.run(|| {
                    Predictor::with_standardizer(&machine, &outcome.model, &own)
                        .evaluation(validation, &all)
                        .unwrap()
                });
                let found = outcome.accuracies.heldout.unwrap();
                // Where steps multiply integers, a few answers may differ.
                let tolerance = if engine == EngineKind::Fixed {
                    2.0 / 50.0
                } else {
                    0.0
                };
                assert!((found - asked.accuracy).abs() <= tolerance, "{what}");
                let digests = outcome.model.info().validation.clone().unwrap();
                assert_eq!(digests.labels_sha256, validation.labels_sha256);
                assert_eq!(digests.images_sha256, validation.images.sha256());
                let settings = plan.settings();
                assert_eq!(
                    settings.validation_labels_sha256,
                    Some(digests.labels_sha256)
                );
            }
        }
    }
}

#[test]
fn a_validation_set_that_does_not_fit_is_refused() {
    let data = || dataset(4, 4, &random_bytes(8 * 16, 3), &[0, 1, 2, 0, 1, 2, 0, 1]);
    let error = |rows, columns, labels: &[u8]| {
        let pixels = random_bytes(labels.len() * (rows * columns) as usize, 4);
        let validation = labelled(rows, columns, &pixels, labels);
        data().with_validation(validation).unwrap_err().to_string()
    };
    let size = error(4, 5, &[0, 1]);
    assert!(size.contains("4 x 4") && size.contains("4 x 5"), "{size}");
    let class = error(4, 4, &[0, 3]);
    assert!(
        class.contains("0 to 2") && class.contains("label 3"),
        "{class}"
    );
    assert!(error(4, 4, &[]).contains("at least one"));
    let both = with_validation();
    assert!(refused(&plain(), &both).contains("holdout: expected none, or a share of 0"));
    assert!(refused(&fold(1, 4), &both).contains("folds: expected none"));
    let lacking = TrainOptions {
        validation: Some("there".into()),
        ..validated()
    };
    assert!(refused(&lacking, &uneven()).contains("found its name alone"));
}

#[test]
fn a_run_goes_on_and_starts_from_another_one() {
    let machine = machine(1);
    let stratified = TrainOptions {
        stratify: true,
        ..plain()
    };
    for (options, data) in [
        (stratified, garments(200, 20, 5)),
        (fold(2, 3), garments(200, 20, 5)),
        (validated(), with_validation()),
    ] {
        let plan = Plan::new(&options, &data, &machine).unwrap();
        let whole = train(&plan, &mut NoObserver).unwrap();
        let again = resumed(&plan, &stopped(&plan, 5, false)).unwrap();
        assert!(again.model.bytes() == whole.model.bytes());
        assert_eq!(again.history, whole.history);
        let start = Start::from(whole.model);
        let plan = Plan::starting_from(&start, &options, &data, &machine).unwrap();
        let on = train(&plan, &mut NoObserver).unwrap();
        assert!(on.accuracies.heldout.is_some());
    }
}

#[test]
fn another_way_to_hold_out_is_a_difference() {
    let (data, machine) = (garments(200, 20, 5), machine(1));
    let other = with_validation();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let stratified = TrainOptions {
        stratify: true,
        ..plain()
    };
    for (then, now, on, expected) in [
        (
            plain(),
            stratified,
            &data,
            "stratify true where it was false",
        ),
        (fold(1, 4), fold(2, 4), &data, "fold 2 where it was 1"),
        (fold(1, 4), fold(1, 5), &data, "folds 5 where it was 4"),
    ] {
        let [then, now] = [then, now].map(|options| Plan::new(&options, on, &machine).unwrap());
        std::fs::write(&path, stopped(&then, 3, false)).unwrap();
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.differences(&now).join(", "), expected);
        assert_eq!(differences(then.settings(), &now).join(", "), expected);
    }
    let then = Plan::new(&validated(), &other, &machine).unwrap();
    let alone = Dataset::new(garments(150, 0, 5).train, None).unwrap();
    let now = Plan::new(&validated(), &alone, &machine).unwrap();
    let found = differences(then.settings(), &now);
    let expected = [
        "other validation images (SHA-256)",
        "other validation labels (SHA-256)",
    ];
    assert_eq!(found, expected);
}
