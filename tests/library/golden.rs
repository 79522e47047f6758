//! Ten steps of eleven small networks, against NumPy: `tests/golden/ten_steps.json`, made by `scripts/reference.py`,
//! which checks itself by central differences and says what each figure means.
//!
//! Tolerances, relative, by the Euclidean length of each tensor. The engines sum in other orders than NumPy, scale
//! pixels by one multiplication and one addition, and compute exponentials by another library; all of that is a few
//! rounding errors a step in numbers of ordinary size, which ten steps do not magnify.

use gingham::data::{Dataset, Standardizer};
use gingham::engine::EngineKind;
use gingham::model::{Activation, Layout, Mlp, Output};
use gingham::network::ErrorForm;
use gingham::scalar::Scalar;
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{L1Form, Objective, Reduction, Regularizer};
use serde::Deserialize;

use crate::steppers::{Number, steps};
use crate::support::{dataset, engines, level, on_threads, relative_error};

/// In f64. Measured: 8e-16, OpenBLAS 0.3.21; the rest is for other libraries' exponentials.
const WIDE: f64 = 1e-13;
/// In f32, whose rounding is 5e8 times as coarse. Measured: 4e-7.
const NARROW: f64 = 5e-6;
/// In f32 with the first layer in integers, whose weights and deltas of 16 bits leave five digits of the largest. Measured: 4e-6
/// in an error, 5e-5 in a tensor.
const QUANTIZED: f64 = 3e-4;

#[derive(Deserialize)]
struct Golden {
    input: Input,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Input {
    images: usize,
    pixels_per_image: usize,
    classes: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    settings: Settings,
    initial: Vec<Tensors>,
    first_gradients: Vec<Tensors>,
    losses: Vec<f64>,
    article_errors: Option<Vec<f64>>,
    #[serde(rename = "final")]
    last: Vec<Tensors>,
}

#[derive(Deserialize)]
struct Settings {
    hidden: Vec<usize>,
    activation: Activation,
    output: Output,
    bias: bool,
    l1: f64,
    l1_form: L1Form,
    l2: f64,
    momentum: f64,
    learning_rate: f64,
    reduction: Reduction,
    steps: usize,
}

/// One layer's weight and bias, or what belongs to them.
#[derive(Deserialize)]
struct Tensors {
    shape: [usize; 2],
    weight: Vec<f64>,
    bias: Option<Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/ten_steps.json")).unwrap()
}

impl Golden {
    fn dataset(&self) -> Dataset {
        let pixels = u32::try_from(self.input.pixels_per_image).unwrap();
        let data = dataset(1, pixels, &self.input.pixels, &self.input.labels);
        assert_eq!(data.classes.len(), self.input.classes);
        assert_eq!(data.train.labels.len(), self.input.images);
        data
    }

    fn standardizer(&self) -> Standardizer {
        let Input {
            mean, deviation, ..
        } = &self.input;
        Standardizer {
            mean: mean.clone(),
            deviation: deviation.clone(),
        }
    }

    /// What `case` trains, before its first step.
    fn network<T: Scalar>(&self, case: &Case) -> Mlp<T> {
        let Settings { hidden, bias, .. } = &case.settings;
        let mut widths = vec![self.input.pixels_per_image];
        widths.extend(hidden);
        widths.push(self.input.classes);
        let layout = Layout::new(&widths, *bias);
        let mut parameters = Vec::new();
        for (layer, tensors) in layout.layers().iter().zip(&case.initial) {
            assert_eq!(tensors.shape, [layer.outputs, layer.inputs]);
            assert_eq!(tensors.bias.is_some(), *bias);
            let numbers = tensors.weight.iter().chain(tensors.bias.iter().flatten());
            parameters.extend(numbers.map(|&number| T::of(number)));
        }
        assert_eq!(parameters.len(), layout.parameters());
        Mlp {
            layout,
            parameters,
            activation: case.settings.activation,
            output: case.settings.output,
        }
    }

    /// Trains `case` and compares everything that is written down about it.
    fn follow<T: Number>(&self, case: &Case, error: ErrorForm, kind: EngineKind, tolerance: f64) {
        let name = format!("{}, {}, {}", case.name, kind.name(), T::DTYPE.name());
        let settings = &case.settings;
        let expected = match (error, &case.article_errors) {
            (ErrorForm::Objective, _) => &case.losses,
            (ErrorForm::Article, Some(errors)) => errors,
            (ErrorForm::Article, None) => return,
        };
        assert_eq!(expected.len(), settings.steps);
        let data = self.dataset();
        let objective = Objective {
            reduction: settings.reduction,
            regularizer: Regularizer {
                l1: settings.l1,
                l1_form: settings.l1_form,
                l2: settings.l2,
            },
            error,
        };
        let indices: Vec<u32> = (0..).take(self.input.images).collect();
        let setup = Setup {
            mlp: self.network::<T>(case),
            optimizer: Box::new(Sgd {
                nesterov: false,
                momentum: T::of(settings.momentum),
                level: level(),
            }),
            learning_rate: settings.learning_rate,
            recipe: Recipe::default(),
            class_weights: Vec::new(),
            objective,
            batch: indices.len(),
            level: level(),
        };
        on_threads(2, || {
            let mut steps = steps(kind, setup, &data.train, &self.standardizer());
            let layout = steps.state().mlp.layout.clone();
            for (step, expected) in expected.iter().enumerate() {
                let found = steps.step(&indices);
                let difference = (found - expected).abs() / expected.abs();
                assert!(
                    difference <= tolerance,
                    "{name}: {error:?} of step {step}: {expected}, got {found}"
                );
                if step == 0 {
                    let what = format!("{name}: first gradient");
                    let expected = &case.first_gradients;
                    compare(&what, &layout, steps.gradient(), expected, tolerance);
                }
            }
            let what = format!("{name}: parameters after the last step");
            let found = &steps.state().mlp.parameters;
            compare(&what, &layout, found, &case.last, tolerance);
        });
    }
}

/// Compares a buffer, tensor by tensor.
fn compare<T: Scalar>(
    what: &str,
    layout: &Layout,
    found: &[T],
    expected: &[Tensors],
    tolerance: f64,
) {
    assert_eq!(layout.layers().len(), expected.len());
    for (number, (layer, expected)) in layout.layers().iter().zip(expected).enumerate() {
        let difference = relative_error(&found[layer.weight.clone()], &expected.weight);
        assert!(
            difference <= tolerance,
            "{what}: weight {number} is off by {difference:e}"
        );
        assert_eq!(layer.bias.is_some(), expected.bias.is_some());
        if let (Some(bias), Some(expected)) = (&layer.bias, &expected.bias) {
            let difference = relative_error(&found[bias.clone()], expected);
            assert!(
                difference <= tolerance,
                "{what}: bias {number} is off by {difference:e}"
            );
        }
    }
}

fn follow_all<T: Number>(tolerance: f64) {
    let golden = golden();
    assert_eq!(golden.cases.len(), 11);
    let with_article_errors = golden
        .cases
        .iter()
        .filter(|case| case.article_errors.is_some());
    assert_eq!(with_article_errors.count(), 3);
    for case in &golden.cases {
        for &kind in engines(T::DTYPE) {
            let tolerance = match kind {
                EngineKind::Fixed => QUANTIZED,
                _ => tolerance,
            };
            for error in [ErrorForm::Objective, ErrorForm::Article] {
                golden.follow::<T>(case, error, kind, tolerance);
            }
        }
    }
}

#[test]
fn ten_steps_in_f64_are_numpys() {
    follow_all::<f64>(WIDE);
}

#[test]
fn ten_steps_in_f32_are_numpys() {
    follow_all::<f32>(NARROW);
}

#[test]
fn standardisation_is_numpys() {
    // Both are within a rounding or two of the exact figure.
    let golden = golden();
    let data = golden.dataset();
    let indices: Vec<u32> = (0..).take(golden.input.images).collect();
    let found = Standardizer::fit(&data.train.images, &indices);
    assert_eq!(found.mean, golden.input.mean);
    for (found, expected) in found.deviation.iter().zip(&golden.input.deviation) {
        assert!(
            (found - expected).abs() <= 4.0 * f64::EPSILON * expected,
            "{found} {expected}"
        );
    }
}
