//! What an evaluation says against direct counts, and model files on their way to the disk and back.

use std::path::Path;

use gingham::data::{Dataset, Standardizer};
use gingham::engine::{Engine, EngineKind, Simd};
use gingham::error::Error;
use gingham::evaluate::{Predictor, accuracy, argmax};
use gingham::input::packed::{Float, Products, Quantized};
use gingham::input::{Batch, Input, InputSizes, Packed, Staged};
use gingham::model::{
    Activation, AnyModel, HeldoutScale, Init, Layout, Mlp, Model, ModelInfo, Output, Probability,
    Scale,
};
use gingham::network::{ErrorForm, Loss, Memory, MemoryUse, Pass};
use gingham::scalar::{Dtype, Scalar};
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{
    L1Form, NoObserver, Objective, Plan, Preset, Reduction, Regularizer, TrainOptions, train,
};

use crate::steppers::{Number, steps};
use crate::support::{
    STAGED, bytes_of, engines, level, machine, on_threads, random_dataset, relative_error, wide,
};

const OUTPUTS: [Output; 2] = [Output::Sigmoid, Output::Softmax];
const CLASSES: u8 = 5;

fn images() -> Dataset {
    random_dataset(3, 4, 83, CLASSES, 3)
}

fn network<T: Scalar>(output: Output) -> Mlp<T> {
    let layout = Layout::new(&[12, 9, usize::from(CLASSES)], true);
    let parameters = Init::Uniform.parameters(&layout, 5);
    Mlp {
        layout,
        parameters,
        activation: Activation::Tanh,
        output,
    }
}

/// Every third image twice, from the last to the first: neither the order nor the number is the file's.
fn some_indices(data: &Dataset) -> Vec<u32> {
    let count = u32::try_from(data.train.labels.len()).unwrap();
    (0..count)
        .rev()
        .step_by(3)
        .flat_map(|index| [index, index])
        .collect()
}

/// A network as a model that was made of it.
fn model<T: Scalar>(mlp: &Mlp<T>, data: &Dataset) -> Model<T> {
    let info = ModelInfo {
        format: ModelInfo::FORMAT,
        rows: 3,
        columns: 4,
        classes: data.classes.clone(),
        activation: mlp.activation,
        output: mlp.output,
        probability: Probability::Output,
        scale: Scale::Standard,
        heldout_scale: HeldoutScale::Train,
        holdout: 0.0,
        stratify: false,
        fold: None,
        validation: None,
        seed: 1,
        labels_sha256: String::new(),
        images_sha256: String::new(),
    };
    Model {
        others: Vec::new(),
        mlp: mlp.clone(),
        standardizer: fit(data),
        info,
    }
}

/// The weighted sums of the images at some indices, and the network's accuracy on them, through memory of some kind.
struct Answers<T> {
    sums: Vec<T>,
    accuracy: Option<f64>,
    accuracy_on_none: Option<f64>,
}

/// What a network of `model` answers through memory for `capacity` images, its first layer by `door`.
fn ask<D: Input>(
    products: &'static dyn Engine<D::Number>,
    model: &Model<D::Number>,
    (source, labels): (&D::Source, &[u8]),
    indices: &[u32],
    (memory, scale): (&mut Memory<D>, &D::Scale),
) -> Answers<D::Number> {
    let mlp = &model.mlp;
    let pass = Pass::<D> {
        engine: products,
        mlp,
        scale,
    };
    let (mut seen, mut sums) = (Vec::new(), Vec::new());
    memory.for_each_output(&pass, source, indices, |indices, z| {
        assert_eq!(z.len(), indices.len() * mlp.layout.classes());
        seen.extend_from_slice(indices);
        sums.extend_from_slice(z);
    });
    assert_eq!(seen, indices, "all of them, in their order");
    let mut on = |indices: &[u32]| {
        let capacity = memory.capacity();
        let batches = indices.chunks(capacity).map(|indices| Batch {
            source,
            labels,
            indices,
            kept: None,
            augmented: None,
            trains: false,
        });
        accuracy(memory, &pass, batches)
    };
    Answers {
        sums,
        accuracy: on(indices),
        accuracy_on_none: on(&[]),
    }
}

/// Memory for the first layer of `mlp`.
fn sizes<T: Scalar>(mlp: &Mlp<T>, capacity: usize, purpose: MemoryUse) -> InputSizes<'_> {
    InputSizes {
        layer: &mlp.layout.layers()[0],
        is_output: mlp.layout.layers().len() == 1,
        batch: capacity,
        trains: purpose == MemoryUse::Training,
        level: level(),
    }
}

/// As [`ask`], with the first layer in floating point.
fn staged_answers<T: Scalar>(
    engine: EngineKind,
    model: &Model<T>,
    data: &Dataset,
    indices: &[u32],
    (capacity, purpose): (usize, MemoryUse),
) -> Answers<T> {
    let images = &data.train.images;
    let sizes = sizes(&model.mlp, capacity, purpose);
    let products = engine.of_staged();
    let door = Staged::<T>::new(products, &sizes);
    let mut memory = Memory::new(door, &model.mlp.layout, capacity, purpose, level());
    let scale = Staged::<T>::scale(&model.standardizer, images.shape());
    let samples = (images as &_, &data.train.labels[..]);
    ask::<Staged<T>>(products, model, samples, indices, (&mut memory, &scale))
}

/// As [`ask`], with the first layer by products with packed pixels.
fn packed_answers<P: Products>(
    model: &Model<f32>,
    data: &Dataset,
    indices: &[u32],
    (capacity, purpose): (usize, MemoryUse),
) -> Answers<f32> {
    let images = &data.train.images;
    let door = Packed::<P>::new(&sizes(&model.mlp, capacity, purpose), images.shape());
    let mut memory = Memory::new(door, &model.mlp.layout, capacity, purpose, level());
    let scale = P::scale(&model.standardizer, images.shape());
    let samples = (images, &data.train.labels[..]);
    ask::<Packed<P>>(
        Simd::at(level()),
        model,
        samples,
        indices,
        (&mut memory, &scale),
    )
}

fn fit(data: &Dataset) -> Standardizer {
    let all: Vec<u32> = (0..).take(data.train.labels.len()).collect();
    Standardizer::fit(&data.train.images, &all)
}

#[test]
fn loss_is_the_mean_of_what_a_step_descends_on() {
    // The same terms, joined in groups of another size: some rounding errors of a sum of 56 numbers.
    loss_is_what_a_step_descends_on::<f64>(|_| 1e-13);
    // In f32 the sums' terms are rounded alike, however they are joined. Measured: 1e-8. A predictor asks in floating point
    // even where a step's first layer is in integers, with weights of 16 bits. Measured: 2e-6.
    loss_is_what_a_step_descends_on::<f32>(|kind| match kind {
        EngineKind::Fixed => 2e-5,
        _ => 2e-7,
    });
}

fn loss_is_what_a_step_descends_on<T: Number>(tolerance: impl Fn(EngineKind) -> f64)
where
    AnyModel: From<Model<T>>,
{
    let data = images();
    let indices = some_indices(&data);
    let objective = Objective {
        reduction: Reduction::Mean,
        regularizer: Regularizer {
            l1: 0.0,
            l1_form: L1Form::Sign,
            l2: 0.0,
        },
        error: ErrorForm::Objective,
    };
    let machine = machine(2);
    for (&kind, output) in engines(T::DTYPE)
        .iter()
        .flat_map(|kind| OUTPUTS.map(|output| (kind, output)))
    {
        let mlp = network::<T>(output);
        let setup = Setup {
            mlp: mlp.clone(),
            optimizer: Box::new(Sgd {
                nesterov: false,
                momentum: T::zero(),
                level: level(),
            }),
            learning_rate: 0.0,
            recipe: Recipe::default(),
            class_weights: Vec::new(),
            objective,
            batch: indices.len(),
            level: level(),
        };
        let expected = machine.run(|| {
            let mut steps = steps(kind, setup, &data.train, &fit(&data));
            steps.step(&indices)
        });
        let model = model(&mlp, &data);
        for capacity in [1, 32, 50, 100] {
            let memory = (capacity, MemoryUse::Evaluation);
            let engine = match kind {
                EngineKind::Fixed => EngineKind::Blas,
                other => other,
            };
            let z = machine.run(|| staged_answers(engine, &model, &data, &indices, memory).sums);
            let mut a = z.clone();
            output.forward(level(), &mut a, usize::from(CLASSES));
            let labels = indices
                .iter()
                .map(|&index| data.train.labels[index as usize]);
            let loss = Loss {
                label_smoothing: 0.0,
                class_weights: &[],
                output,
                form: ErrorForm::Objective,
                classes: usize::from(CLASSES),
            };
            let loss = loss.of_outputs(&z, &a, labels) / indices.len() as f64;
            let difference = (loss - expected).abs() / expected;
            assert!(
                difference < tolerance(kind),
                "{kind:?}, {output:?}, {capacity}: {expected}, got {loss}"
            );
        }
        let model = AnyModel::from(model);
        let mut predictor = Predictor::new(&machine, &model);
        // More samples than the predictor takes at a time are asked about in groups, whose losses are added up.
        for times in [1, 100] {
            let indices = indices.repeat(times);
            let loss = predictor.evaluation(&data.train, &indices).unwrap().loss;
            let difference = (loss - expected).abs() / expected;
            assert!(
                difference < tolerance(kind),
                "{kind:?}, {output:?}, {times}: {expected}, got {loss}"
            );
        }
    }
}

/// How often the class of a row is answered by the row's largest weighted sum.
fn count<T: Scalar>(sums: &[T], data: &Dataset, indices: &[u32]) -> Vec<Vec<u64>> {
    let classes = usize::from(CLASSES);
    let mut confusion = vec![vec![0; classes]; classes];
    for (z, &index) in sums.chunks(classes).zip(indices) {
        confusion[usize::from(data.train.labels[index as usize])][argmax(z)] += 1;
    }
    confusion
}

#[test]
fn counts_are_those_of_the_answers() {
    counts_are_right::<f64>();
    counts_are_right::<f32>();
}

fn counts_are_right<T: Scalar>()
where
    AnyModel: From<Model<T>>,
{
    let data = images();
    let indices = some_indices(&data);
    let model = model(&network::<T>(Output::Softmax), &data);
    let evaluation = {
        let machine = machine(2);
        let model = AnyModel::from(model.clone());
        let mut predictor = Predictor::new(&machine, &model);
        let evaluation = predictor.evaluation(&data.train, &indices).unwrap();
        let share = predictor.score(&data.train, &indices).unwrap();
        assert_eq!(share, Some(evaluation.accuracy));
        assert_eq!(predictor.score(&data.train, &[]).unwrap(), None);
        evaluation
    };
    assert_eq!(evaluation.images, indices.len() as u64);
    for kind in STAGED {
        for (capacity, purpose) in [(32, MemoryUse::Evaluation), (20, MemoryUse::Training)] {
            on_threads(2, || {
                let memory = (capacity, purpose);
                let found = staged_answers(kind, &model, &data, &indices, memory);
                let confusion = count(&found.sums, &data, &indices);
                let classes = 0..usize::from(CLASSES);
                let right: u64 = classes.map(|class| confusion[class][class]).sum();
                assert!(
                    right > 0 && right < indices.len() as u64,
                    "a network that is neither perfect nor hopeless"
                );
                assert_eq!(evaluation.confusion, confusion, "{kind:?}");
                assert_eq!(evaluation.accuracy, right as f64 / indices.len() as f64);
                assert_eq!(found.accuracy, Some(evaluation.accuracy));
                assert_eq!(found.accuracy_on_none, None);
            });
        }
    }
}

#[test]
fn answers_from_packed_pixels_are_those_from_staged_ones() {
    // Weights of 16 bits leave five digits of the largest. Measured: 2e-5.
    packed_answers_are_those_of_staged_ones::<Quantized>(1e-4);
    // In f32 rounding alone differs. Measured: 2e-7.
    packed_answers_are_those_of_staged_ones::<Float>(1e-6);
}

fn packed_answers_are_those_of_staged_ones<P: Products>(tolerance: f64) {
    let data = images();
    let indices = some_indices(&data);
    let model = model(&network::<f32>(Output::Softmax), &data);
    on_threads(2, || {
        let memory = (32, MemoryUse::Evaluation);
        let expected = staged_answers(EngineKind::Naive, &model, &data, &indices, memory);
        for (capacity, purpose) in [(32, MemoryUse::Evaluation), (20, MemoryUse::Training)] {
            let found = packed_answers::<P>(&model, &data, &indices, (capacity, purpose));
            let difference = relative_error(&found.sums, &wide(&expected.sums));
            assert!(difference < tolerance, "{capacity}: {difference:e}");
            let confusion = count(&found.sums, &data, &indices);
            let classes = 0..usize::from(CLASSES);
            let right: u64 = classes.map(|class| confusion[class][class]).sum();
            assert_eq!(found.accuracy, Some(right as f64 / indices.len() as f64));
            assert_eq!(found.accuracy_on_none, None);
        }
    });
}

#[test]
fn weighted_sums_are_those_of_any_memory() {
    // How many images are taken at a time changes which chunk an image is in, and nothing of its weighted sums but their
    // rounding: BLAS may sum another way for another number of rows.
    const TOLERANCE: f64 = 1e-13;
    let data = images();
    let indices = some_indices(&data);
    let model = model(&network::<f64>(Output::Softmax), &data);
    for kind in STAGED {
        on_threads(2, || {
            let of = |capacity| {
                let memory = (capacity, MemoryUse::Evaluation);
                staged_answers(kind, &model, &data, &indices, memory).sums
            };
            let expected = of(56);
            for capacity in [1, 32, 50, 100] {
                let difference = relative_error(&of(capacity), &expected);
                assert!(
                    difference < TOLERANCE,
                    "{kind:?}, {capacity}: {difference:e}"
                );
            }
        });
    }
}

#[test]
fn probabilities_are_shares() {
    // Softmax outputs add up to 1 within the rounding of ten divisions.
    let level = level();
    let z: Vec<f64> = vec![1.5, -2.0, 0.25, -1000.0, 0.0, 1000.0];
    let article = |row: &[f64]| {
        let squashed: Vec<f64> = row
            .iter()
            .map(|z| (1.0 / (1.0 + (-z).exp())).exp())
            .collect();
        let sum: f64 = squashed.iter().sum();
        squashed
            .into_iter()
            .map(|share| share / sum)
            .collect::<Vec<f64>>()
    };
    let plain = |row: &[f64]| {
        let squashed: Vec<f64> = row.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
        let sum: f64 = squashed.iter().sum();
        squashed
            .into_iter()
            .map(|share| share / sum)
            .collect::<Vec<f64>>()
    };
    let softmax = |row: &[f64]| {
        let highest = row.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = row.iter().map(|z| (z - highest).exp()).sum();
        row.iter()
            .map(|z| (z - highest).exp() / sum)
            .collect::<Vec<f64>>()
    };
    type Definition<'a> = &'a dyn Fn(&[f64]) -> Vec<f64>;
    let cases: [(Output, Probability, Definition<'_>); 3] = [
        (Output::Sigmoid, Probability::Softmax, &article),
        (Output::Sigmoid, Probability::Output, &plain),
        (Output::Softmax, Probability::Output, &softmax),
    ];
    for (output, probability, definition) in cases {
        let mut found = z.clone();
        output.forward(level, &mut found, 3);
        probability.of_outputs(level, &mut found, 3);
        for (found, z) in found.chunks(3).zip(z.chunks(3)) {
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-15 * 4.0);
            for (found, expected) in found.iter().zip(definition(z)) {
                assert!(
                    (found - expected).abs() < 1e-15 * 4.0,
                    "{output:?}, {probability:?}: {found} {expected}"
                );
            }
        }
    }
}

/// A trained model in each of the two presets' forms.
fn trained(data: &Dataset, preset: Preset, engine: EngineKind, dtype: Dtype) -> AnyModel {
    let options = TrainOptions {
        hidden: vec![6, 7],
        epochs: 2,
        batches: None,
        batch_size: Some(30),
        engine,
        dtype,
        ..TrainOptions::of(preset)
    };
    let machine = machine(2);
    let plan = Plan::new(&options, data, &machine).unwrap();
    train(&plan, &mut NoObserver).unwrap().model
}

/// The type and the bytes of a model's parameters.
fn parameters(model: &AnyModel) -> (Dtype, Vec<u8>) {
    match model {
        AnyModel::F32(model) => (Dtype::F32, bytes_of(&model.mlp.parameters)),
        AnyModel::F64(model) => (Dtype::F64, bytes_of(&model.mlp.parameters)),
    }
}

fn there_and_back(preset: Preset, engine: EngineKind, dtype: Dtype) {
    let data = images();
    let folder = tempfile::tempdir().unwrap();
    let model = trained(&data, preset, engine, dtype);
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let opened = AnyModel::open(&path).unwrap();
    assert_eq!(opened.info(), model.info());
    assert_eq!(parameters(&opened), parameters(&model));
    assert_eq!(parameters(&opened).0, dtype, "what it was trained in");
    let scale = |model: &AnyModel| {
        let Standardizer { mean, deviation } = model.standardizer();
        [bytes_of(mean), bytes_of(deviation)]
    };
    assert_eq!(scale(&opened), scale(&model));
    let machine = machine(1);
    let answers = |model: &AnyModel| {
        let mut predictor = Predictor::new(&machine, model);
        let mut sums = Vec::new();
        let indices = some_indices(&data);
        predictor
            .for_each(&data.train.images, &indices, |outputs| {
                sums.extend_from_slice(outputs.weighted_sums);
            })
            .unwrap();
        assert_eq!(sums.len(), indices.len() * usize::from(CLASSES));
        bytes_of(&sums)
    };
    assert_eq!(answers(&opened), answers(&model));
    // Saved once more, the same bytes: nothing was lost that the first file held.
    let again = folder.path().join("again");
    opened.save(&again).unwrap();
    assert!(std::fs::read(&again).unwrap() == std::fs::read(&path).unwrap());
}

#[test]
fn a_model_comes_back_from_its_file_as_it_was() {
    for preset in [Preset::Article, Preset::Wide] {
        for dtype in [Dtype::F32, Dtype::F64] {
            for &engine in engines(dtype) {
                there_and_back(preset, engine, dtype);
            }
        }
    }
}

#[test]
fn a_model_is_never_written_over_anything() {
    let model = trained(&images(), Preset::Article, EngineKind::Blas, Dtype::F32);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept");
    std::fs::write(&file, "kept").unwrap();
    let inner = folder.path().join("folder");
    std::fs::create_dir(&inner).unwrap();
    for path in [&file, &inner] {
        let error = model.save(path).unwrap_err();
        assert!(
            matches!(&error, Error::Exists { path: named } if named == path),
            "{error:?}"
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    let nowhere = folder.path().join("missing").join("model");
    assert!(matches!(model.save(&nowhere), Err(Error::Write { path, .. }) if path == nowhere));
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["folder", "kept"],
        "and nothing is left of the attempts"
    );
}

#[test]
fn what_is_no_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let of = |path: &Path| AnyModel::open(path).unwrap_err();
    assert!(
        matches!(of(&path("missing")), Error::Read { path: named, .. } if named == path("missing"))
    );
    assert!(matches!(
        of(folder.path()),
        Error::NotAFile {
            found: "a directory",
            ..
        }
    ));
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("text"), "weights: none\n".repeat(100)).unwrap();
    for name in ["empty", "text"] {
        assert!(
            matches!(of(&path(name)), Error::Model { path: named, .. } if named == path(name)),
            "{name}"
        );
    }
    // A sound safetensors file of somebody else's.
    let other =
        safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1], &[7]).unwrap();
    std::fs::write(
        path("other"),
        safetensors::serialize([("w", other)], None).unwrap(),
    )
    .unwrap();
    assert!(
        matches!(of(&path("other")), Error::Model { reason, .. } if reason.contains("'gingham'"))
    );
}
