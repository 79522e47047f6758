//! A run that starts from a network: it has the network's weights and scaling, and everything else is its own.

use std::path::Path;

use gingham::data::{Dataset, Images, Labelled};
use gingham::engine::EngineKind;
use gingham::error::{Error, Result};
use gingham::machine::Machine;
use gingham::model::{Activation, AnyModel, ImportOptions, Output, Probability, Scale, Scaling};
use gingham::scalar::Dtype;
use gingham::train::{
    Accuracies, Checkpoint, NoObserver, Outcome, Plan, Preset, Start, TrainOptions, TrainingData,
    differences, train,
};

use crate::resume::{resumed, stopped};
use crate::support::{engines, garments, machine};

/// The article's settings on few images.
fn article(engine: EngineKind, dtype: Dtype, epochs: usize) -> TrainOptions {
    TrainOptions {
        epochs,
        batches: Some(3),
        eval_every: Some(1),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

/// Today's form: momentum, biases and shuffled mini-batches.
fn plain(epochs: usize) -> TrainOptions {
    TrainOptions {
        hidden: vec![12],
        batch_size: Some(64),
        epochs,
        engine: EngineKind::Blas,
        ..TrainOptions::of(Preset::Plain)
    }
}

fn trained(options: &TrainOptions, data: &Dataset, machine: &Machine) -> Outcome {
    train(&Plan::new(options, data, machine).unwrap(), &mut NoObserver).unwrap()
}

fn from(
    start: &Start,
    options: &TrainOptions,
    data: &Dataset,
    machine: &Machine,
) -> Result<Outcome> {
    let plan = Plan::starting_from(start, options, data, machine)?;
    train(&plan, &mut NoObserver)
}

/// A network of two epochs.
fn start(data: &Dataset, machine: &Machine) -> Start {
    trained(&plain(2), data, machine).model.into()
}

/// Its parameters in 64 bits.
fn parameters(model: &AnyModel) -> Vec<f64> {
    match model {
        AnyModel::F32(model) => crate::support::wide(&model.mlp.parameters),
        AnyModel::F64(model) => model.mlp.parameters.clone(),
    }
}

/// Settings whose steps are too short to move a weight that is not nearly zero.
fn still(options: TrainOptions) -> TrainOptions {
    TrainOptions {
        learning_rate: 1e-30,
        momentum: 0.0,
        l2: 0.0,
        epochs: 1,
        eval_every: Some(1),
        ..options
    }
}

#[test]
fn without_momentum_and_shuffling_two_epochs_and_one_are_three() {
    let (data, machine) = (garments(200, 20, 5), machine(2));
    let folder = tempfile::tempdir().unwrap();
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let what = format!("{engine:?} {dtype:?}");
            let options = |epochs| article(engine, dtype, epochs);
            let whole = trained(&options(3), &data, &machine);
            let path = folder.path().join(format!("{what}.safetensors"));
            let two = trained(&options(2), &data, &machine);
            two.model.save(&path).unwrap();
            let start = Start::open(&path).unwrap();
            let found = from(&start, &options(1), &data, &machine).unwrap();
            assert!(found.model.bytes() == whole.model.bytes(), "{what}");
            let (last, only) = (&whole.history[2], &found.history[0]);
            assert_eq!(only.error.to_bits(), last.error.to_bits(), "{what}");
            assert_eq!(only.accuracies, last.accuracies, "{what}");
            assert_eq!(found.test_accuracy, whole.test_accuracy, "{what}");
        }
    }
}

#[test]
fn a_stopped_run_that_started_from_a_network_goes_on_to_the_same_bits() {
    let (data, others) = (garments(200, 20, 5), garments(170, 20, 6));
    let (one, three) = (machine(1), machine(3));
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let options = TrainOptions {
                engine,
                dtype,
                ..plain(3)
            };
            let start = Start::from(trained(&options, &data, &one).model);
            // Other data than the network's, whose own figures would scale pixels otherwise.
            let plan = Plan::starting_from(&start, &options, &others, &one).unwrap();
            let whole = train(&plan, &mut NoObserver).unwrap();
            assert_eq!(whole.model.standardizer(), start.model().standardizer());
            for (steps, at_end) in [(2, false), (3, true), (7, false)] {
                let checkpoint = stopped(&plan, steps, at_end);
                let other = Plan::starting_from(&start, &options, &others, &three).unwrap();
                let again = resumed(&other, &checkpoint).unwrap();
                let what = format!("{engine:?} {dtype:?}, {steps} steps, {at_end}");
                assert!(again.model.bytes() == whole.model.bytes(), "{what}");
                assert_eq!(again.history, whole.history, "{what}");
            }
        }
    }
}

#[test]
fn steps_of_no_length_leave_the_answers_as_they_were() {
    let (data, machine) = (garments(200, 50, 5), machine(2));
    for (options, dtype) in [
        (article(EngineKind::Naive, Dtype::F32, 4), Dtype::F32),
        (article(EngineKind::Naive, Dtype::F32, 4), Dtype::F64),
        (article(EngineKind::Blas, Dtype::F64, 4), Dtype::F64),
        (article(EngineKind::Blas, Dtype::F64, 4), Dtype::F32),
        (plain(4), Dtype::F32),
    ] {
        let before = trained(&options, &data, &machine);
        let options = TrainOptions {
            dtype,
            ..still(options)
        };
        let start = Start::from(before.model);
        let after = from(&start, &options, &data, &machine).unwrap();
        let shares = |of: Accuracies| (of.train, of.heldout);
        assert_eq!(shares(after.accuracies), shares(before.accuracies));
        assert_eq!(after.test_accuracy, before.test_accuracy);
        // The loss is a sum of numbers of the run's own type.
        let [after_loss, before_loss] = [after.accuracies, before.accuracies]
            .map(|accuracies| accuracies.heldout_loss.expect("held-out images"));
        assert!((after_loss / before_loss - 1.0).abs() < 1e-6);
        let narrowed = |parameter: f64| match dtype {
            Dtype::F32 => f64::from(parameter as f32),
            Dtype::F64 => parameter,
        };
        let moved = parameters(&after.model)
            .into_iter()
            .zip(parameters(start.model()))
            .any(|(after, before)| (after - narrowed(before)).abs() > 1e-25);
        assert!(!moved, "{dtype:?}");
    }
}

#[test]
fn settings_and_data_of_another_network_are_refused() {
    let (data, machine) = (garments(100, 20, 5), machine(1));
    let start = start(&data, &machine);
    let own = plain(1);
    let (small, few) = (
        crate::support::random_dataset(5, 4, 100, 10, 1),
        crate::support::random_dataset(28, 28, 100, 7, 1),
    );
    type Change = fn(&mut TrainOptions);
    let cases: [(Change, &Dataset, &str); 9] = [
        (
            |options| options.hidden = vec![12, 5],
            &data,
            "hidden: expected [12], as the model that the run starts from has it, found [12,5]",
        ),
        (
            |options| options.activation = Activation::Tanh,
            &data,
            "activation: expected \"relu\", as the model that the run starts from has it, found \"tanh\"",
        ),
        (
            |options| options.output = Output::Sigmoid,
            &data,
            "output: expected \"softmax\"",
        ),
        (|options| options.bias = false, &data, "bias: expected true"),
        (
            |options| options.scale = Scale::None,
            &data,
            "scale: expected \"standard\"",
        ),
        (
            |_| (),
            &small,
            "from: expected a model for 20 numbers a sample (pixels), as the data set has, found one for 784",
        ),
        (
            |_| (),
            &few,
            "from: expected a model for 7 classes, as the data set has, found one for 10",
        ),
        (
            |options| options.from_sha256 = Some("0".repeat(64)),
            &data,
            "from: expected the model with the SHA-256 0000",
        ),
        (
            |options| options.epochs = 0,
            &data,
            "epochs: expected a number from 1",
        ),
    ];
    for (change, data, says) in cases {
        let mut options = own.clone();
        change(&mut options);
        let error = from(&start, &options, data, &machine).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error:?}");
        assert!(error.to_string().starts_with(says), "{error}");
    }
    // Names and digests are no network.
    for options in [
        TrainOptions {
            from: Some("model.safetensors".into()),
            ..own.clone()
        },
        TrainOptions {
            from_sha256: Some(start.sha256().to_owned()),
            ..own
        },
    ] {
        let error = Plan::new(&options, &data, &machine).unwrap_err();
        assert!(error.to_string().starts_with("from: expected"), "{error}");
    }
}

#[test]
fn numbers_that_f32_cannot_hold_are_refused() {
    let (data, machine) = (garments(100, 20, 5), machine(1));
    let options = article(EngineKind::Blas, Dtype::F64, 1);
    let AnyModel::F64(sound) = trained(&options, &data, &machine).model else {
        panic!("64 bits were asked for");
    };
    let (mut large, mut flat) = (sound.clone(), sound);
    large.mlp.parameters[7] = -1e300;
    flat.standardizer.deviation[7] = 1e-200;
    for (model, says) in [(large, "the parameter -1e300"), (flat, "1e-200 at 7")] {
        let start = Start::from(AnyModel::from(model));
        assert!(Plan::starting_from(&start, &options, &data, &machine).is_ok());
        let narrow = TrainOptions {
            dtype: Dtype::F32,
            ..options.clone()
        };
        let error = from(&start, &narrow, &data, &machine)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("dtype: expected f64"), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_plan_holds_the_digest_and_a_checkpoint_knows_another_network() {
    let (data, machine) = (garments(100, 20, 5), machine(1));
    let (first, second) = (
        start(&data, &machine),
        Start::from(trained(&plain(1), &data, &machine).model),
    );
    let named = TrainOptions {
        from: Some("here.safetensors".into()),
        ..plain(2)
    };
    let plan = Plan::starting_from(&first, &named, &data, &machine).unwrap();
    assert_eq!(
        plan.settings().from.as_deref(),
        Some(Path::new("here.safetensors"))
    );
    assert_eq!(plan.settings().from_sha256.as_deref(), Some(first.sha256()));
    // Handed in again, the settings make the same plan.
    let again = Plan::starting_from(&first, plan.settings(), &data, &machine).unwrap();
    assert_eq!(again.settings(), plan.settings());
    assert_eq!(plan.start_notes(), [""; 0]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    std::fs::write(&path, stopped(&plan, 1, false)).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let moved = TrainOptions {
        from: Some("there.safetensors".into()),
        ..plain(2)
    };
    let same = Plan::starting_from(&first, &moved, &data, &machine).unwrap();
    assert_eq!(checkpoint.differences(&same), [""; 0]);
    let other = Plan::starting_from(&second, &moved, &data, &machine).unwrap();
    let fresh = Plan::new(&plain(2), &data, &machine).unwrap();
    for other in [&other, &fresh] {
        let expected = ["another model to start from (SHA-256)"];
        assert_eq!(checkpoint.differences(other), expected);
        assert_eq!(differences(plan.settings(), other), expected);
    }
}

/// The same images under other names.
fn renamed<'a>(data: &'a Dataset, names: &[&str]) -> TrainingData<'a> {
    TrainingData {
        classes: names.iter().map(|&name| name.to_owned()).collect(),
        ..data.into()
    }
}

#[test]
fn other_class_names_and_another_type_are_told() {
    let (data, machine) = (garments(100, 20, 5), machine(1));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let numbers = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let plan = Plan::new(&plain(1), renamed(&data, &names), &machine).unwrap();
    let start = Start::from(train(&plan, &mut NoObserver).unwrap().model);
    let notes = |names: &[&str], dtype| {
        let options = TrainOptions { dtype, ..plain(1) };
        let data = renamed(&data, names);
        let plan = Plan::starting_from(&start, &options, data, &machine).unwrap();
        plan.start_notes()
    };
    assert_eq!(notes(&names, Dtype::F32), [""; 0]);
    let [told] = &notes(&numbers, Dtype::F32)[..] else {
        panic!("one note: the trained model will have numbers for names");
    };
    assert!(
        told.contains("are 0, 1, 2") && told.contains("are a, b, c"),
        "{told}"
    );
    let mut turned = names;
    turned.reverse();
    let [told] = &notes(&turned, Dtype::F32)[..] else {
        panic!("one note");
    };
    assert!(
        told.contains("are j, i, h") && told.contains("are a, b, c"),
        "{told}"
    );
    let [told] = &notes(&names, Dtype::F64)[..] else {
        panic!("one note");
    };
    assert!(
        told.contains("f32 parameters") && told.contains("into f64"),
        "{told}"
    );
}

#[test]
fn networks_from_elsewhere_are_trained_on() {
    let (data, machine) = (garments(400, 50, 5), machine(2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let numbers: Vec<u8> = (0..9 * 784 + 9 * 10)
        .flat_map(|place| (((place * 7919 % 2003) as f32 / 2003.0 - 0.5) / 9.0).to_le_bytes())
        .collect();
    let (first, second) = numbers.split_at(9 * 784 * 4);
    let array = |shape: [usize; 2], bytes| {
        let dtype = safetensors::Dtype::F32;
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).unwrap()
    };
    let arrays = [
        ("0.weight", array([9, 784], first)),
        ("2.weight", array([10, 9], second)),
    ];
    std::fs::write(&path, safetensors::serialize(arrays, None).unwrap()).unwrap();
    for (scaling, learning_rate) in [
        (
            Scaling::Numbers {
                mean: 0.5,
                deviation: 0.5,
            },
            0.05,
        ),
        (Scaling::None, 1e-5),
    ] {
        let import = ImportOptions {
            activation: Some(Activation::Relu),
            output: Output::Softmax,
            probability: Probability::Output,
            scaling,
            rows: None,
            classes: None,
        };
        let start = Start::from(import.read(&path).unwrap());
        let options = TrainOptions {
            learning_rate,
            ..start.applied_to(plain(6))
        };
        assert_eq!(options.hidden, [9]);
        assert!(!options.bias);
        let mut first_error = None;
        for &engine in engines(Dtype::F32) {
            let options = TrainOptions {
                engine,
                ..options.clone()
            };
            let found = from(&start, &options, &data, &machine).unwrap();
            assert_eq!(found.model.standardizer(), start.model().standardizer());
            assert_eq!(found.model.info().scale, start.model().info().scale);
            let errors: Vec<f64> = found.history.iter().map(|epoch| epoch.error).collect();
            let what = format!("{engine:?} {scaling:?}: {errors:?}");
            assert!(errors[5] < 0.99 * errors[0], "{what}");
            let expected = *first_error.get_or_insert(errors[0]);
            assert!((errors[0] / expected - 1.0).abs() < 1e-2, "{what}");
        }
    }
}

#[test]
fn a_classifier_goes_on_where_it_is_told_to() {
    use gingham::Classifier;
    let data = garments(200, 0, 5);
    let classifier = || {
        let options = TrainOptions {
            epochs: 2,
            holdout: 0.0,
            ..article(EngineKind::Blas, Dtype::F32, 2)
        };
        Classifier::with_options(options)
    };
    let fitted = |classifier: Classifier| {
        let mut classifier = classifier;
        classifier.fit_data(&data, &mut NoObserver).unwrap();
        classifier
    };
    let bytes = |classifier: &Classifier| classifier.model().unwrap().bytes();
    let four = fitted(classifier().epochs(4));
    let warm = fitted(fitted(classifier().warm_start(true)));
    assert!(bytes(&warm) == bytes(&four), "two epochs and two");
    let cold = fitted(fitted(classifier()));
    assert!(
        bytes(&cold) == bytes(&fitted(classifier())),
        "what was learnt is forgotten"
    );

    // Of a network that was loaded the form is known.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    four.save(&path).unwrap();
    let loaded = Classifier::load(&path).unwrap().warm_start(true).epochs(1);
    let loaded = fitted(loaded.learning_rate(1e-5));
    let info = loaded.model().unwrap().info();
    assert_eq!(info.activation, Activation::Sigmoid);
    assert_ne!(bytes(&loaded), bytes(&four));

    // Of other samples it is not the network.
    let mut loaded = loaded;
    let before = bytes(&loaded);
    let images = Images::copied(1, 2, [&[1_u8, 2][..], &[3, 4]].into_iter());
    let others = Dataset::new(Labelled::new(images, vec![0, 1]).unwrap(), None).unwrap();
    let error = loaded.fit_data(&others, &mut NoObserver).unwrap_err();
    assert!(error.to_string().starts_with("from: expected"), "{error}");
    assert!(bytes(&loaded) == before);
}
