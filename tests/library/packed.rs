//! A step with its first layer straight from packed pixels beside one from staged ones.

use gingham::data::Standardizer;
use gingham::engine::EngineKind;
use gingham::model::{Activation, Init, Layout, Mlp, Output};
use gingham::rng::{Purpose, Stream};
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{Preset, TrainOptions};

use crate::steppers::steps;
use crate::support::{level, on_threads, random_dataset, relative_error, wide};

/// A network and a mini-batch for it.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    hidden: &'a [usize],
    bias: bool,
    /// Rows and columns of an image.
    size: (u32, u32),
    images: usize,
}

/// The gradient and the error of one step.
fn step(kind: EngineKind, case: Case<'_>) -> (Vec<f64>, f64) {
    let Case {
        hidden,
        bias,
        size,
        images,
    } = case;
    let data = random_dataset(size.0, size.1, 200, 3, 5).train;
    let fitted: Vec<u32> = (0..200).collect();
    let standardizer = Standardizer::fit(&data.images, &fitted);
    let widths: Vec<usize> = [&[(size.0 * size.1) as usize], hidden, &[3]].concat();
    let layout = Layout::new(&widths, bias);
    let mut parameters: Vec<f32> = Init::Xavier.parameters(&layout, 3);
    // Biases begin at 0, which would hide a wrong one.
    let mut stream = Stream::new(4, Purpose::Bench, 14);
    for bias in layout
        .layers()
        .iter()
        .filter_map(|layer| layer.bias.clone())
    {
        parameters[bias].fill_with(|| stream.uniform(-0.5, 0.5) as f32);
    }
    let mlp = Mlp {
        layout,
        parameters,
        activation: Activation::Tanh,
        output: Output::Softmax,
    };
    let options = TrainOptions {
        l2: 0.01,
        ..TrainOptions::of(Preset::Wide)
    };
    let setup = Setup {
        mlp,
        optimizer: Box::new(Sgd {
            nesterov: false,
            momentum: 0.5,
            level: level(),
        }),
        learning_rate: 0.1,
        recipe: Recipe::default(),
        class_weights: Vec::new(),
        objective: options.objective(),
        batch: images.max(150),
        level: level(),
    };
    let indices: Vec<u32> = (0..images as u32).map(|index| index * 7 % 200).collect();
    on_threads(2, || {
        let mut steps = steps::<f32>(kind, setup, &data, &standardizer);
        // The second step finds memory as the first one, of another size, has left it.
        steps.step(&fitted[..101]);
        let error = steps.step(&indices);
        (wide(steps.gradient()), error)
    })
}

/// Compares a step on the engines that pack pixels with one that stages them.
fn compare_steps(case: Case<'_>) {
    // 16 bits leave five digits of a weight, and of a delta's largest. In f32 rounding alone differs. Measured: 8e-5 and 5e-6.
    const TOLERANCES: [(EngineKind, f64); 2] =
        [(EngineKind::Fixed, 2e-4), (EngineKind::Simd, 2e-5)];
    let (expected, error) = step(EngineKind::Blas, case);
    for (kind, tolerance) in TOLERANCES {
        let (found, packed) = step(kind, case);
        let difference = relative_error(&found, &expected);
        assert!(
            difference < tolerance,
            "{kind:?}, {case:?}: gradients differ by {difference:e}"
        );
        assert!(
            (packed / error - 1.0).abs() < tolerance,
            "{kind:?}, {case:?}: {packed} {error}"
        );
    }
}

#[test]
fn a_step_from_packed_pixels_is_a_step_from_staged_ones() {
    for (hidden, size) in [
        (&[50][..], (28, 28)),
        (&[7, 5], (5, 7)),
        (&[], (28, 28)),
        (&[1], (1, 1)),
        (&[130], (9, 9)),
        (&[300, 20], (40, 40)),
    ] {
        for bias in [false, true] {
            for images in [1, 3, 31, 150] {
                compare_steps(Case {
                    hidden,
                    bias,
                    size,
                    images,
                });
            }
        }
    }
}

/// A sum takes a thousand images, and a batch may have any number of sums.
#[test]
fn a_step_from_packed_pixels_takes_a_batch_of_any_size() {
    compare_steps(Case {
        hidden: &[7],
        bias: true,
        size: (3, 3),
        images: 70_000,
    });
}
