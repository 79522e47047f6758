//! What an evaluation says against direct counts, and model files on their way to the disk and back.

use std::path::Path;

use gingham::data::{Dataset, Standardizer};
use gingham::engine::EngineKind;
use gingham::engine::workspace::{PixelScale, Purpose, Workspace};
use gingham::error::Error;
use gingham::kernels::Level;
use gingham::model::{Activation, AnyModel, Init, Layout, Mlp, Model, Output, Probability};
use gingham::scalar::Scalar;
use gingham::train::loss::ErrorForm;
use gingham::train::metrics::{Evaluator, best, probabilities};
use gingham::train::optimizer::Sgd;
use gingham::train::step::{Objective, Regularizer, Trainer};
use gingham::train::{L1Form, Observer, Preset, Reduction, TrainOptions, train};

use crate::support::{ENGINES, bytes_of, on_threads, random_dataset};

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
fn some_places(data: &Dataset) -> Vec<u32> {
    let count = u32::try_from(data.train.labels.len()).unwrap();
    (0..count)
        .rev()
        .step_by(3)
        .flat_map(|place| [place, place])
        .collect()
}

/// The weighted sums of the images at `places`, through a workspace for `capacity` images.
#[expect(clippy::too_many_arguments)]
fn outputs<T: Scalar>(
    kind: EngineKind,
    mlp: &Mlp<T>,
    standardizer: &Standardizer,
    data: &Dataset,
    places: &[u32],
    capacity: usize,
) -> Vec<T> {
    let scale = PixelScale::new(standardizer, data.train.images.shape(), kind);
    let mut workspace = Workspace::new(&mlp.layout, capacity, Purpose::Evaluation, &scale);
    let mut evaluator = Evaluator {
        engine: kind.engine(),
        mlp,
        scale: &scale,
        workspace: &mut workspace,
    };
    let (mut seen, mut found) = (Vec::new(), Vec::new());
    evaluator.for_each_output(&data.train.images, places, |places, z| {
        assert_eq!(z.len(), places.len() * mlp.layout.classes());
        seen.extend_from_slice(places);
        found.extend_from_slice(z);
    });
    assert_eq!(seen, places, "all of them, in their order");
    found
}

fn fit(data: &Dataset) -> Standardizer {
    let all: Vec<u32> = (0..).take(data.train.labels.len()).collect();
    Standardizer::fit(&data.train.images, &all)
}

#[test]
fn loss_is_the_mean_of_what_a_step_descends_on() {
    // The same terms, joined in groups of another size: some rounding errors of a sum of 56 numbers.
    const TOLERANCE: f64 = 1e-13;
    let data = images();
    let scale = PixelScale::<f64>::new(&fit(&data), data.train.images.shape(), EngineKind::Naive);
    let places = some_places(&data);
    let stay = Sgd {
        learning_rate: 0.0,
        momentum: 0.0,
        level: Level::detect(),
    };
    let objective = Objective {
        reduction: Reduction::Mean,
        regularizer: Regularizer {
            l1: 0.0,
            l1_form: L1Form::Sign,
            l2: 0.0,
        },
        error: ErrorForm::Objective,
    };
    on_threads(2, || {
        for (kind, output) in ENGINES
            .into_iter()
            .flat_map(|kind| OUTPUTS.map(|output| (kind, output)))
        {
            let mlp = network(output);
            let capacity = places.len();
            let mut trainer = Trainer::new(
                kind.engine(),
                &stay,
                objective,
                &data.train,
                &scale,
                mlp.clone(),
                capacity,
            );
            let expected = trainer.step(&places);
            for capacity in [1, 32, 50, 100] {
                let mut workspace =
                    Workspace::new(&mlp.layout, capacity, Purpose::Evaluation, &scale);
                let (mlp, workspace) = (&mlp, &mut workspace);
                let mut evaluator = Evaluator {
                    engine: kind.engine(),
                    mlp,
                    scale: &scale,
                    workspace,
                };
                let loss = evaluator.evaluation(&data.train, &places).loss;
                let difference = (loss - expected).abs() / expected;
                assert!(
                    difference < TOLERANCE,
                    "{kind:?}, {output:?}, {capacity}: {expected}, got {loss}"
                );
            }
        }
    });
}

#[test]
fn counts_are_those_of_the_answers() {
    let data = images();
    let standardizer = fit(&data);
    let scale = PixelScale::<f64>::new(&standardizer, data.train.images.shape(), EngineKind::Naive);
    let places = some_places(&data);
    let classes = usize::from(CLASSES);
    on_threads(2, || {
        for kind in ENGINES {
            let mlp = network::<f64>(Output::Softmax);
            let z = outputs(kind, &mlp, &standardizer, &data, &places, 32);
            let mut confusion = vec![vec![0; classes]; classes];
            for (z, &place) in z.chunks(classes).zip(&places) {
                confusion[usize::from(data.train.labels[place as usize])][best(z)] += 1;
            }
            let right: u64 = (0..classes).map(|class| confusion[class][class]).sum();
            assert!(
                right > 0 && right < places.len() as u64,
                "a network that is neither perfect nor hopeless"
            );
            let mut workspace = Workspace::new(&mlp.layout, 20, Purpose::Training, &scale);
            let workspace = &mut workspace;
            let mut evaluator = Evaluator {
                engine: kind.engine(),
                mlp: &mlp,
                scale: &scale,
                workspace,
            };
            let evaluation = evaluator.evaluation(&data.train, &places);
            assert_eq!(evaluation.confusion, confusion);
            assert_eq!(evaluation.images, places.len() as u64);
            assert_eq!(evaluation.accuracy, right as f64 / places.len() as f64);
            assert_eq!(
                evaluator.accuracy(&data.train, &places),
                Some(evaluation.accuracy)
            );
            assert_eq!(evaluator.accuracy(&data.train, &[]), None);
        }
    });
}

#[test]
fn probabilities_are_shares() {
    // Softmax outputs add up to 1 within the rounding of ten divisions.
    let level = gingham::kernels::Level::detect();
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
        probabilities(level, output, probability, 3, &mut found);
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

/// Sees nothing.
struct Blind;

impl Observer for Blind {
    fn trained(&mut self, _: usize, _: f64) -> gingham::error::Result<()> {
        Ok(())
    }

    fn ended(
        &mut self,
        _: usize,
        _: f64,
        _: Option<gingham::train::Accuracies>,
    ) -> gingham::error::Result<()> {
        Ok(())
    }
}

/// A trained model in each of the two presets' forms.
fn trained<T: Scalar>(data: &Dataset, preset: Preset) -> Model<T> {
    let options = TrainOptions {
        hidden: vec![6, 7],
        epochs: 2,
        batches: None,
        batch_size: Some(30),
        engine: EngineKind::Blas,
        ..TrainOptions::of(preset)
    };
    let outcome = on_threads(2, || train::<T>(data, &options, &mut Blind));
    outcome.unwrap().model
}

fn there_and_back<T: Scalar>(narrow: impl Fn(AnyModel) -> Option<Model<T>>) {
    let data = images();
    let places = some_places(&data);
    let folder = tempfile::tempdir().unwrap();
    for preset in [Preset::Article, Preset::Wide] {
        let model = trained::<T>(&data, preset);
        let path = folder.path().join(format!("{preset:?}"));
        model.save(&path).unwrap();
        let opened = AnyModel::open(&path).unwrap();
        assert_eq!(opened.info(), &model.info);
        let opened = narrow(opened).expect("the type that it was trained in");
        assert_eq!(
            bytes_of(&opened.mlp.parameters),
            bytes_of(&model.mlp.parameters)
        );
        assert_eq!(
            bytes_of(&opened.standardizer.mean),
            bytes_of(&model.standardizer.mean)
        );
        assert_eq!(
            bytes_of(&opened.standardizer.deviation),
            bytes_of(&model.standardizer.deviation)
        );
        let answers = |model: &Model<T>| {
            let Model {
                mlp, standardizer, ..
            } = model;
            on_threads(1, || {
                outputs(EngineKind::Blas, mlp, standardizer, &data, &places, 32)
            })
        };
        assert_eq!(bytes_of(&answers(&opened)), bytes_of(&answers(&model)));
        // Saved once more, the same bytes: nothing was lost that the first file held.
        let again = folder.path().join(format!("{preset:?} again"));
        opened.save(&again).unwrap();
        assert!(std::fs::read(&again).unwrap() == std::fs::read(&path).unwrap());
    }
}

#[test]
fn a_model_comes_back_from_its_file_as_it_was() {
    there_and_back::<f32>(|model| match model {
        AnyModel::F32(model) => Some(model),
        AnyModel::F64(_) => None,
    });
    there_and_back::<f64>(|model| match model {
        AnyModel::F64(model) => Some(model),
        AnyModel::F32(_) => None,
    });
}

#[test]
fn a_model_is_never_written_over_anything() {
    let model = trained::<f32>(&images(), Preset::Article);
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
