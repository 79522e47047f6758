//! Analytic gradients against central differences in f64, and reported errors against their definitions.
//!
//! A stepper whose learning rate is 0 is a function: it returns the objective at its parameters and leaves its gradient
//! behind. The differences are taken of that function, and its values are checked against a direct evaluation
//! of the documented formulas, so that a loss and a gradient that agree on something else do not pass.

use gingham::cut::{BlockLimits, chunk_images};
use gingham::data::{Dataset, Standardizer};
use gingham::engine::EngineKind;
use gingham::kernels::Level;
use gingham::model::{Activation, Layout, Mlp, Output};
use gingham::network::ErrorForm;
use gingham::rng::{Purpose, Stream};
use gingham::scalar::Dtype;
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{L1Form, Objective, Reduction, Regularizer};

use crate::steppers::{Number, Steps, steps};
use crate::support::{STAGED, blocks, engines, level, on_threads, random_dataset, relative_error};

/// Half the distance of the two points of a difference. Rounding errs by some 1e-16 of the objective over this, truncation by
/// a sixth of this squared times the third derivative: 1e-9 and less each, where the objective is about 100. The
/// largest relative error measured, in a tensor whose gradient is below 0.003, is 2e-8.
const STEP: f64 = 1e-4;

/// What the first issue asks for: the largest relative error of a gradient, tensor by tensor, by the Euclidean length and of
/// every element by the largest.
const TOLERANCE: f64 = 1e-6;

const ACTIVATIONS: [Activation; 3] = [Activation::Sigmoid, Activation::Relu, Activation::Tanh];
const OUTPUTS: [Output; 2] = [Output::Sigmoid, Output::Softmax];
const REDUCTIONS: [Reduction; 2] = [Reduction::Sum, Reduction::Mean];

/// None, each by itself, and all together.
const REGULARIZERS: [Regularizer; 5] = [
    regularizer(0.0, L1Form::Sign, 0.0),
    regularizer(0.0, L1Form::Sign, 0.5),
    regularizer(0.3, L1Form::Sign, 0.0),
    regularizer(0.3, L1Form::Sign, 0.5),
    regularizer(0.3, L1Form::Linear, 0.5),
];

const fn regularizer(l1: f64, l1_form: L1Form, l2: f64) -> Regularizer {
    Regularizer { l1, l1_form, l2 }
}

/// Units of the hidden layers: on both sides of the 7 below which ndarray leaves BLAS.
const HIDDEN: [&[usize]; 4] = [&[], &[9], &[5, 8], &[6, 10, 4]];

const ROWS: u32 = 2;
const COLUMNS: u32 = 5;
const CLASSES: u8 = 4;
/// More than the 32 that one task takes at least, so that a batch is more than one task's.
const IMAGES: usize = 37;

/// A data set with what standardises it.
struct Inputs {
    data: Dataset,
    standardizer: Standardizer,
    /// The standardised pixels of each image.
    x: Vec<Vec<f64>>,
    indices: Vec<u32>,
}

fn inputs(rows: u32, columns: u32, images: usize, classes: u8) -> Inputs {
    let data = random_dataset(rows, columns, images, classes, 17);
    let indices: Vec<u32> = (0..).take(images).collect();
    let standardizer = Standardizer::fit(&data.train.images, &indices);
    let Standardizer { mean, deviation } = &standardizer;
    let standardized = |index: &u32| {
        let pixels = data.train.images.image(*index as usize);
        let figures = pixels.iter().zip(mean).zip(deviation);
        figures
            .map(|((&pixel, mean), deviation)| (f64::from(pixel) - mean) / deviation)
            .collect()
    };
    let x = indices.iter().map(standardized).collect();
    Inputs {
        data,
        standardizer,
        x,
        indices,
    }
}

/// A network with parameters in -1..1, none so near 0 that |w| has its corner within a step.
fn network(
    widths: &[usize],
    biases: bool,
    activation: Activation,
    output: Output,
    seed: u32,
) -> Mlp<f64> {
    let layout = Layout::new(widths, biases);
    let mut stream = Stream::new(seed, Purpose::Bench, 1);
    let draw = || {
        let size = stream.uniform(0.001, 1.0);
        if stream.below(2) == 0 { size } else { -size }
    };
    let parameters = std::iter::repeat_with(draw)
        .take(layout.parameters())
        .collect();
    Mlp {
        layout,
        parameters,
        activation,
        output,
    }
}

/// The weighted sums of every layer for one image, straight from the definition.
fn weighted_sums(mlp: &Mlp<f64>, x: &[f64]) -> Vec<Vec<f64>> {
    let mut a = x.to_vec();
    let mut sums: Vec<Vec<f64>> = Vec::new();
    for layer in 0..mlp.layout.layers().len() {
        let sum = |(unit, weights): (usize, ndarray::ArrayView1<'_, f64>)| {
            let bias = mlp.bias(layer).map_or(0.0, |bias| bias[unit]);
            bias + weights.iter().zip(&a).map(|(w, a)| w * a).sum::<f64>()
        };
        let z: Vec<f64> = mlp
            .weight(layer)
            .rows()
            .into_iter()
            .enumerate()
            .map(sum)
            .collect();
        a = z
            .iter()
            .map(|&z| match mlp.activation {
                Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
                Activation::Relu => z.max(0.0),
                Activation::Tanh => z.tanh(),
            })
            .collect();
        sums.push(z);
    }
    sums
}

/// The error of a batch of all images, straight from the definitions in `network::loss`.
fn error_by_definition(inputs: &Inputs, mlp: &Mlp<f64>, objective: Objective) -> f64 {
    let Objective {
        reduction,
        regularizer,
        error,
    } = objective;
    let Regularizer { l1, l1_form, l2 } = regularizer;
    // -log of the logistic function.
    let log_loss = |z: f64| (-z).exp().ln_1p();
    let mut images = 0.0;
    for (x, &label) in inputs.x.iter().zip(&inputs.data.train.labels) {
        let sums = weighted_sums(mlp, x);
        let z = &sums[sums.len() - 1];
        let z_y = z[usize::from(label)];
        images += match (mlp.output, error) {
            (Output::Softmax, _) => z.iter().map(|z| z.exp()).sum::<f64>().ln() - z_y,
            (Output::Sigmoid, ErrorForm::Article) => log_loss(z_y),
            (Output::Sigmoid, ErrorForm::Objective) => {
                let others = z
                    .iter()
                    .enumerate()
                    .filter(|(class, _)| *class != usize::from(label));
                log_loss(z_y) + others.map(|(_, &z)| log_loss(-z)).sum::<f64>()
            }
        };
    }
    let weights = || {
        mlp.layout
            .layers()
            .iter()
            .flat_map(|layer| &mlp.parameters[layer.weight.clone()])
    };
    let squares: f64 = weights().map(|w| w * w).sum();
    let magnitudes: f64 = weights().map(|w| w.abs()).sum();
    match error {
        // 0.5 · mean over classes of [ -sum over the batch of y_c log a_c + l2/2 |w|² + l1/2 |w|₁ ]
        ErrorForm::Article => {
            let classes = mlp.layout.classes() as f64;
            0.5 * (images / classes + l2 / 2.0 * squares + l1 / 2.0 * magnitudes)
        }
        ErrorForm::Objective => {
            let share = match reduction {
                Reduction::Sum => 1.0,
                Reduction::Mean => 1.0 / inputs.x.len() as f64,
            };
            let of_l1 = match l1_form {
                L1Form::Sign => l1 * magnitudes,
                L1Form::Linear => l1 / 2.0 * squares,
            };
            share * images + l2 / 2.0 * squares + of_l1
        }
    }
}

/// A stepper that leaves the parameters as they are.
fn still<'a, T: Number>(
    kind: EngineKind,
    inputs: &'a Inputs,
    mlp: &Mlp<f64>,
    objective: Objective,
) -> Box<dyn Steps<T> + 'a> {
    let setup = Setup {
        mlp: Mlp {
            layout: mlp.layout.clone(),
            parameters: mlp.parameters.iter().map(|&number| T::of(number)).collect(),
            activation: mlp.activation,
            output: mlp.output,
        },
        optimizer: Box::new(Sgd {
            nesterov: false,
            momentum: T::zero(),
            level: Level::PORTABLE,
        }),
        learning_rate: 0.0,
        recipe: Recipe::default(),
        class_weights: Vec::new(),
        objective,
        batch: inputs.indices.len(),
        level: level(),
    };
    steps(kind, setup, &inputs.data.train, &inputs.standardizer)
}

/// The central difference of the stepper's error by parameter number `parameter`.
fn central_difference(steps: &mut dyn Steps<f64>, indices: &[u32], parameter: usize) -> f64 {
    let before = steps.state().mlp.parameters[parameter];
    let (right, left) = (before + STEP, before - STEP);
    steps.state().mlp.parameters[parameter] = right;
    let above = steps.step(indices);
    steps.state().mlp.parameters[parameter] = left;
    let below = steps.step(indices);
    steps.state().mlp.parameters[parameter] = before;
    (above - below) / (right - left)
}

/// Which hidden weighted sums are above 0, over all images: what must not change within a difference of ReLUs.
fn active(inputs: &Inputs, mlp: &Mlp<f64>) -> Vec<bool> {
    let of_image = |x: &Vec<f64>| {
        let mut sums = weighted_sums(mlp, x);
        sums.pop();
        sums.into_iter().flatten().map(|z| z > 0.0)
    };
    inputs.x.iter().flat_map(of_image).collect()
}

/// Whether no step of a difference moves a ReLU over its corner.
fn is_smooth(inputs: &Inputs, mlp: &Mlp<f64>) -> bool {
    let here = active(inputs, mlp);
    let mut moved = mlp.clone();
    (0..mlp.parameters.len()).all(|parameter| {
        let before = mlp.parameters[parameter];
        let same = [before + STEP, before - STEP].iter().all(|&value| {
            moved.parameters[parameter] = value;
            active(inputs, &moved) == here
        });
        moved.parameters[parameter] = before;
        same
    })
}

/// A network of the shape that every ReLU keeps clear of its corner in.
fn smooth_network(
    inputs: &Inputs,
    hidden: &[usize],
    biases: bool,
    activation: Activation,
    output: Output,
) -> Mlp<f64> {
    let mut widths = vec![inputs.x[0].len()];
    widths.extend(hidden);
    widths.push(inputs.data.classes.len());
    (0..20)
        .map(|seed| network(&widths, biases, activation, output, seed))
        .find(|mlp| activation != Activation::Relu || is_smooth(inputs, mlp))
        .expect("a network without a weighted sum near 0")
}

/// Compares the gradient with all central differences, tensor by tensor.
fn check(what: &str, steps: &mut dyn Steps<f64>, indices: &[u32]) {
    steps.step(indices);
    let analytic = steps.gradient().to_vec();
    let count = analytic.len();
    let numeric: Vec<f64> = (0..count)
        .map(|parameter| central_difference(steps, indices, parameter))
        .collect();
    let layout = steps.state().mlp.layout.clone();
    for (number, layer) in layout.layers().iter().enumerate() {
        for (name, tensor) in [
            ("weight", Some(&layer.weight)),
            ("bias", layer.bias.as_ref()),
        ] {
            let Some(tensor) = tensor else { continue };
            let (analytic, numeric) = (&analytic[tensor.clone()], &numeric[tensor.clone()]);
            let largest = numeric
                .iter()
                .fold(0.0, |largest: f64, d| largest.max(d.abs()));
            assert!(
                largest > 0.001,
                "{what}: {name} {number} has no gradient to speak of: {largest:e}"
            );
            let error = relative_error(analytic, numeric);
            assert!(
                error < TOLERANCE,
                "{what}: {name} {number}: relative error {error:e}"
            );
            for (element, (analytic, numeric)) in analytic.iter().zip(numeric).enumerate() {
                let error = (analytic - numeric).abs() / largest;
                assert!(
                    error < TOLERANCE,
                    "{what}: {name} {number}, element {element}: {analytic}, but differences give {numeric}"
                );
            }
        }
    }
}

/// Every combination, called back with a description.
fn for_every_case(inputs: &Inputs, mut visit: impl FnMut(&str, &Mlp<f64>, Reduction, Regularizer)) {
    for activation in ACTIVATIONS {
        for output in OUTPUTS {
            for hidden in HIDDEN {
                for biases in [true, false] {
                    let mlp = smooth_network(inputs, hidden, biases, activation, output);
                    for reduction in REDUCTIONS {
                        for regularizer in REGULARIZERS {
                            let what = format!(
                                "{activation:?}, {output:?}, {hidden:?}, biases {biases}, {reduction:?}, {regularizer:?}"
                            );
                            visit(&what, &mlp, reduction, regularizer);
                        }
                    }
                }
            }
        }
    }
}

fn gradients_are_differences(kind: EngineKind) {
    let inputs = inputs(ROWS, COLUMNS, IMAGES, CLASSES);
    assert!(chunk_images(IMAGES) < IMAGES, "more than one task");
    on_threads(1, || {
        for_every_case(&inputs, |what, mlp, reduction, regularizer| {
            let objective = Objective {
                reduction,
                regularizer,
                error: ErrorForm::Objective,
            };
            let mut steps = still(kind, &inputs, mlp, objective);
            check(what, &mut *steps, &inputs.indices);
        });
    });
}

#[test]
fn naive_gradients_are_differences() {
    gradients_are_differences(EngineKind::Naive);
}

#[test]
fn blas_gradients_are_differences() {
    gradients_are_differences(EngineKind::Blas);
}

#[test]
fn gradients_of_matrices_cut_into_blocks_are_differences() {
    // Both weight matrices are cut in rows and columns, the batch in tasks with a rest. Every difference costs two steps of
    // a wide network, so the parameters are the corners of the blocks and some between them.
    let inputs = inputs(17, 18, 45, 10);
    let hidden = [
        BlockLimits::FLOATING_POINT.most_rows + 5,
        BlockLimits::FLOATING_POINT.most_rows + 14,
    ];
    let mut widths = vec![17 * 18];
    widths.extend(hidden);
    widths.push(10);
    let mlp = network(&widths, true, Activation::Sigmoid, Output::Softmax, 3);
    let mut parameters = Vec::new();
    for layer in mlp.layout.layers() {
        let ends = |size: usize| -> Vec<usize> {
            let parts = blocks(0..size).into_iter();
            parts
                .flat_map(|part| [part.start, (part.start + part.end) / 2, part.end - 1])
                .collect()
        };
        for &row in &ends(layer.outputs) {
            for &column in &ends(layer.inputs) {
                parameters.push(layer.weight.start + row * layer.inputs + column);
            }
        }
        parameters.extend(layer.bias.clone().into_iter().flatten().step_by(50));
    }
    let objective = Objective {
        reduction: Reduction::Mean,
        regularizer: regularizer(0.01, L1Form::Sign, 0.1),
        error: ErrorForm::Objective,
    };
    on_threads(2, || {
        for kind in STAGED {
            let mut steps = still::<f64>(kind, &inputs, &mlp, objective);
            steps.step(&inputs.indices);
            let gradient = steps.gradient().to_vec();
            let analytic: Vec<f64> = parameters
                .iter()
                .map(|&parameter| gradient[parameter])
                .collect();
            let numeric: Vec<f64> = parameters
                .iter()
                .map(|&parameter| central_difference(&mut *steps, &inputs.indices, parameter))
                .collect();
            let error = relative_error(&analytic, &numeric);
            assert!(error < TOLERANCE, "{kind:?}: relative error {error:e}");
        }
    });
}

#[test]
fn reported_errors_are_their_definitions() {
    // Two evaluations of the same sums of a few hundred numbers, in f64: far below this unless a term is missing.
    const TOLERANCE: f64 = 1e-12;
    let inputs = inputs(ROWS, COLUMNS, IMAGES, CLASSES);
    on_threads(1, || {
        for_every_case(&inputs, |what, mlp, reduction, regularizer| {
            for kind in STAGED {
                for error in [ErrorForm::Objective, ErrorForm::Article] {
                    let objective = Objective {
                        reduction,
                        regularizer,
                        error,
                    };
                    let found = still::<f64>(kind, &inputs, mlp, objective).step(&inputs.indices);
                    let expected = error_by_definition(&inputs, mlp, objective);
                    let difference = (found - expected).abs() / expected;
                    assert!(
                        difference < TOLERANCE,
                        "{what}, {kind:?}, {error:?}: {expected}, got {found}"
                    );
                }
            }
        });
    });
}

#[test]
fn the_articles_error_is_reported_but_never_descended_on() {
    let inputs = inputs(ROWS, COLUMNS, IMAGES, CLASSES);
    let mlp = smooth_network(&inputs, &[9], false, Activation::Sigmoid, Output::Sigmoid);
    let objective = |error| Objective {
        reduction: Reduction::Sum,
        regularizer: regularizer(0.3, L1Form::Linear, 0.5),
        error,
    };
    on_threads(1, || {
        for kind in STAGED {
            let mut descended = still::<f64>(kind, &inputs, &mlp, objective(ErrorForm::Objective));
            let mut reported = still::<f64>(kind, &inputs, &mlp, objective(ErrorForm::Article));
            assert_ne!(
                descended.step(&inputs.indices),
                reported.step(&inputs.indices)
            );
            assert_eq!(
                descended.gradient(),
                reported.gradient(),
                "the step is the same"
            );
            // What is reported has another slope: it leaves out the wrong classes' share and half the rest.
            let gradient = reported.gradient().to_vec();
            let slopes: Vec<f64> = (0..gradient.len())
                .map(|parameter| central_difference(&mut *reported, &inputs.indices, parameter))
                .collect();
            let difference = relative_error(&gradient, &slopes);
            assert!(difference > 0.5, "{kind:?}: {difference}");
        }
    });
}

#[test]
fn gradients_and_errors_in_f32_are_those_in_f64() {
    // Differences are beyond `f32`, so here the oracle is the naive engine in `f64`, whose gradients are differences.
    // Tolerances of the error and of a tensor of the gradient. Measured: 3e-8 and 9e-7, and with weights and deltas of 16 bits,
    // which leave five digits of the largest, 3e-6 and 8e-5.
    const NARROW: [f64; 2] = [5e-7, 1e-5];
    const QUANTIZED: [f64; 2] = [2e-5, 4e-4];
    let inputs = inputs(ROWS, COLUMNS, IMAGES, CLASSES);
    on_threads(1, || {
        for_every_case(&inputs, |what, mlp, reduction, regularizer| {
            let objective = Objective {
                reduction,
                regularizer,
                error: ErrorForm::Objective,
            };
            let mut oracle = still::<f64>(EngineKind::Naive, &inputs, mlp, objective);
            let error = oracle.step(&inputs.indices);
            for &kind in engines(Dtype::F32) {
                let mut steps = still::<f32>(kind, &inputs, mlp, objective);
                let [of_error, of_gradient] = match kind {
                    EngineKind::Fixed => QUANTIZED,
                    _ => NARROW,
                };
                let difference = (steps.step(&inputs.indices) - error).abs() / error;
                assert!(
                    difference < of_error,
                    "{what}, {kind:?}: the error is off by {difference:e}"
                );
                for layer in mlp.layout.layers() {
                    for tensor in std::iter::once(&layer.weight).chain(&layer.bias) {
                        let found = &steps.gradient()[tensor.clone()];
                        let expected = &oracle.gradient()[tensor.clone()];
                        let difference = relative_error(found, expected);
                        assert!(
                            difference < of_gradient,
                            "{what}, {kind:?}: {tensor:?} is off by {difference:e}"
                        );
                    }
                }
            }
        });
    });
}
