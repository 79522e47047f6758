//! Today's recipes: ten steps of each against PyTorch (`tests/golden/recipe.json`, made by `scripts/recipe_reference.py`), gradients with
//! every ingredient against differences, and the same bits however the work is cut.

use gingham::data::{Dataset, Standardizer};
use gingham::engine::EngineKind;
use gingham::input::packed::{Float, Quantized};
use gingham::input::{Input, Packed, Staged};
use gingham::model::{Activation, AnyModel, Layer, Mlp, Output};
use gingham::network::folded;
use gingham::scalar::Dtype;
use gingham::train::step::Setup;
use gingham::train::{
    Arithmetic, ClassWeight, NoObserver, Norm, OptimizerKind, Outcome, Plan, Preset, Reduction,
    ScheduleForm, Start, TrainOptions, Trainer, WeightRule, train,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::resume::{resumed, stopped};
use crate::steppers::{Number, Steps, steps};
use crate::support::{
    bytes_of, dataset, engines, garments, level, machine, on_threads, relative_error, wide,
};

const IMAGES: u32 = 40;
const PIXELS: u32 = 6;

/// In f64. Measured: 6e-16; the rest is for other libraries' exponentials.
const WIDE: f64 = 1e-13;
/// In f32. Measured: 3e-7.
const NARROW: f64 = 3e-6;
/// In f32 with the first layer in integers. Measured: 1.1e-5.
const QUANTIZED: f64 = 1e-4;

#[derive(Deserialize)]
struct Golden {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    settings: Map<String, Value>,
    initial: Vec<Tensors>,
    rates: Vec<f64>,
    errors: Vec<f64>,
    #[serde(rename = "final")]
    last: Vec<Tensors>,
    answering: Vec<Tensors>,
}

#[derive(Deserialize)]
struct Tensors {
    weight: Vec<f64>,
    bias: Vec<f64>,
    #[serde(default)]
    gain: Vec<f64>,
}

impl Case {
    fn options(&self) -> TrainOptions {
        let of_preset = TrainOptions {
            l2: 0.0,
            momentum: 0.0,
            ..TrainOptions::of(Preset::Plain)
        };
        let Ok(Value::Object(mut all)) = serde_json::to_value(of_preset) else {
            panic!("settings are a table");
        };
        all.extend(self.settings.clone());
        let options: TrainOptions = serde_json::from_value(all.into()).unwrap();
        options.validate().unwrap();
        options
    }
}

fn flat(tensors: &[Tensors]) -> Vec<f64> {
    let of_layer = |layer: &Tensors| [&*layer.weight, &layer.bias, &layer.gain].concat();
    tensors.iter().flat_map(of_layer).collect()
}

fn setup<T: Number>(options: &TrainOptions, parameters: &[f64], steps: u64) -> Setup<T> {
    Setup {
        mlp: Mlp {
            layout: options.layout(PIXELS as usize, 4).unwrap(),
            parameters: parameters.iter().map(|&number| T::of(number)).collect(),
            activation: options.activation,
            output: options.output,
        },
        optimizer: options.optimizer(level()),
        learning_rate: options.learning_rate,
        objective: options.objective(),
        recipe: options.recipe(steps),
        class_weights: match &options.class_weight {
            ClassWeight::Each(weights) => weights.clone(),
            ClassWeight::Rule(_) => Vec::new(),
        },
        batch: IMAGES as usize,
        level: level(),
    }
}

fn follow<T: Number>(golden: &Golden, case: &Case, kind: EngineKind, tolerance: f64) {
    let what = format!("{}, {}, {}", case.name, kind.name(), T::DTYPE.name());
    let data = dataset(1, PIXELS, &golden.pixels, &golden.labels);
    let standardizer = Standardizer {
        mean: golden.mean.clone(),
        deviation: golden.deviation.clone(),
    };
    let options = case.options();
    let indices: Vec<u32> = (0..IMAGES).collect();
    let setup = setup::<T>(&options, &flat(&case.initial), case.errors.len() as u64);
    let schedule = setup.recipe.schedule;
    on_threads(2, || {
        let mut steps = steps(kind, setup, &data.train, &standardizer);
        for (step, (expected, rate)) in case.errors.iter().zip(&case.rates).enumerate() {
            let own = schedule.map_or(options.learning_rate, |it| it.rate(step as u64));
            assert!(
                (own - rate).abs() < 1e-12,
                "{what}: rate {step}: {own} {rate}"
            );
            let found = steps.step(&indices);
            let difference = (found - expected).abs() / expected.abs();
            assert!(
                difference <= tolerance,
                "{what}: error of step {step}: {expected}, got {found}"
            );
        }
        let state = steps.state();
        let difference = relative_error(&state.mlp.parameters, &flat(&case.last));
        assert!(difference <= tolerance, "{what}: off by {difference:e}");
        let optimizer = options.optimizer::<T>(level());
        let answering = state.answering(&*optimizer);
        assert!(!answering.layout.has_norms());
        let difference = relative_error(&answering.parameters, &flat(&case.answering));
        assert!(
            difference <= tolerance,
            "{what}: the answering network is off by {difference:e}"
        );
    });
}

#[test]
fn ten_steps_of_each_recipe_are_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/recipe.json")).unwrap();
    assert_eq!(golden.cases.len(), 7);
    for case in &golden.cases {
        for &kind in engines(Dtype::F64) {
            follow::<f64>(&golden, case, kind, WIDE);
        }
        for &kind in engines(Dtype::F32) {
            let tolerance = match kind {
                EngineKind::Fixed => QUANTIZED,
                _ => NARROW,
            };
            follow::<f32>(&golden, case, kind, tolerance);
        }
    }
}

/// Half the distance of the two points of a difference: rounding errs by 1e-16 of an objective near 2 over this, and no ReLU is as near
/// to its corner.
const STEP: f64 = 1e-6;

#[test]
fn gradients_with_every_ingredient_are_the_differences() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/recipe.json")).unwrap();
    let data = dataset(1, PIXELS, &golden.pixels, &golden.labels);
    let indices: Vec<u32> = (0..IMAGES).collect();
    let standardizer = Standardizer::fit(&data.train.images, &indices);
    let recipes = |activation, output, norm| TrainOptions {
        hidden: vec![9, 7],
        activation,
        output,
        norm,
        dropout: 0.3,
        label_smoothing: 0.2,
        class_weight: ClassWeight::Each(vec![0.5, 2.0, 1.0, 3.0]),
        optimizer: OptimizerKind::AdamW,
        l2: 0.0,
        ..TrainOptions::of(Preset::Plain)
    };
    for activation in [Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
        for output in [Output::Softmax, Output::Sigmoid] {
            for norm in [Norm::None, Norm::Batch] {
                let options = recipes(activation, output, norm);
                let layout = options.layout(PIXELS as usize, 4).unwrap();
                let mut parameters: Vec<f64> = options.init.parameters(&layout, 5);
                // Neither biases at 0 nor gains at 1 would show a mistake.
                for (number, place) in layout.layers().iter().flat_map(Layer::parts).enumerate() {
                    for (index, parameter) in parameters[place.clone()].iter_mut().enumerate() {
                        *parameter += 0.3 * ((number * 7 + index) as f64).sin();
                    }
                }
                for &kind in engines(Dtype::F64) {
                    let mut setup = setup::<f64>(&options, &parameters, 10);
                    setup.learning_rate = 0.0;
                    let what = format!("{activation:?} {output:?} {norm:?} {}", kind.name());
                    on_threads(1, || {
                        let mut steps = steps(kind, setup, &data.train, &standardizer);
                        let (analytic, numeric) = gradients(&mut *steps, &indices);
                        for part in layout.layers().iter().flat_map(Layer::parts) {
                            let (found, expected) =
                                (&analytic[part.clone()], &numeric[part.clone()]);
                            let size: f64 = expected.iter().map(|d| d * d).sum();
                            assert!(size > 1e-8, "{what}: {part:?} has no gradient to speak of");
                            let error = relative_error(found, expected);
                            assert!(error < 1e-6, "{what}: {part:?}: {error:e}");
                        }
                    });
                }
            }
        }
    }
}

/// The gradient of the first step, and the central differences of its error.
fn gradients(steps: &mut dyn Steps<f64>, indices: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let error = |steps: &mut dyn Steps<f64>| {
        steps.state().step = 0; // what is left out depends on it
        steps.step(indices)
    };
    error(steps);
    let analytic = steps.gradient().to_vec();
    let numeric = (0..analytic.len()).map(|parameter| {
        let before = steps.state().mlp.parameters[parameter];
        let (right, left) = (before + STEP, before - STEP);
        steps.state().mlp.parameters[parameter] = right;
        let above = error(steps);
        steps.state().mlp.parameters[parameter] = left;
        let below = error(steps);
        steps.state().mlp.parameters[parameter] = before;
        (above - below) / (right - left)
    });
    let numeric = numeric.collect();
    (analytic, numeric)
}

/// Every ingredient at once, with shuffled mini-batches of which the last is smaller.
fn everything(engine: EngineKind, dtype: Dtype, batch: usize) -> TrainOptions {
    TrainOptions {
        hidden: vec![20, 12],
        epochs: 4,
        batch_size: Some(batch),
        learning_rate: 0.01,
        reduction: Reduction::Mean,
        optimizer: OptimizerKind::AdamW,
        weight_decay: 0.05,
        schedule: ScheduleForm::Cosine,
        warmup: 0.1,
        clip_norm: Some(0.7),
        label_smoothing: 0.1,
        class_weight: ClassWeight::Rule(WeightRule::Balanced),
        dropout: 0.2,
        norm: Norm::Batch,
        ema: 0.9,
        eval_every: Some(2),
        engine,
        dtype,
        ..TrainOptions::of(Preset::Plain)
    }
}

fn trained(data: &Dataset, options: &TrainOptions, threads: usize) -> Outcome {
    let machine = machine(threads);
    let plan = Plan::new(options, data, &machine).unwrap();
    train(&plan, &mut NoObserver).unwrap()
}

#[test]
fn threads_and_pauses_show_in_no_bit() {
    let data = garments(200, 20, 5);
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let options = everything(engine, dtype, 64);
            let whole = trained(&data, &options, 1);
            for threads in [2, 3, 8] {
                let other = trained(&data, &options, threads);
                assert!(
                    other.model.bytes() == whole.model.bytes(),
                    "{engine:?} {dtype:?} {threads}"
                );
            }
            let (one, three) = (machine(1), machine(3));
            let plan = Plan::new(&options, &data, &one).unwrap();
            let other = Plan::new(&options, &data, &three).unwrap();
            for (steps, at_end) in [(4, false), (6, true), (11, false)] {
                let again = resumed(&other, &stopped(&plan, steps, at_end)).unwrap();
                let what = format!("{engine:?} {dtype:?}, {steps} steps");
                assert!(again.model.bytes() == whole.model.bytes(), "{what}");
                assert_eq!(again.history, whole.history, "{what}");
            }
        }
    }
}

#[test]
fn engines_agree_on_who_is_left_out_and_normalised_with_whom() {
    let data = garments(200, 20, 5);
    // Below 33 images, inputs would cut a mini-batch in ways of their own.
    for batch in [32, 64] {
        let options = |engine, dtype| TrainOptions {
            // Adam divides small gradients by small ones: what is rounded differently ends far apart.
            optimizer: OptimizerKind::Nesterov,
            epochs: 2,
            ..everything(engine, dtype, batch)
        };
        let parameters = |engine, dtype| -> Vec<f64> {
            let outcome = trained(&data, &options(engine, dtype), 2);
            match &outcome.model {
                AnyModel::F32(model) => model.mlp.parameters.iter().map(|&w| w.into()).collect(),
                AnyModel::F64(model) => model.mlp.parameters.clone(),
            }
        };
        let exact = parameters(EngineKind::Naive, Dtype::F64);
        // Measured: 2e-16, 2e-7 and 5e-6.
        for (engine, dtype, bound) in [
            (EngineKind::Blas, Dtype::F64, 1e-13),
            (EngineKind::Naive, Dtype::F32, 2e-6),
            (EngineKind::Blas, Dtype::F32, 2e-6),
            (EngineKind::Simd, Dtype::F32, 2e-6),
            (EngineKind::Fixed, Dtype::F32, 5e-5),
        ] {
            let error = relative_error(&parameters(engine, dtype), &exact);
            assert!(error < bound, "{engine:?} {dtype:?} {batch}: {error:e}");
        }
    }
}

#[test]
fn a_single_image_cannot_be_normalised() {
    let (data, machine) = (garments(20, 10, 5), machine(1));
    let options = everything(EngineKind::Blas, Dtype::F32, 1);
    let refused = Plan::new(&options, &data, &machine)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("norm: expected mini-batches of at least 2"),
        "{refused}"
    );
}

#[test]
fn a_folded_network_answers_as_the_normalised_one() {
    let options = everything(EngineKind::Blas, Dtype::F64, 40);
    let layout = options.layout(PIXELS as usize, 4).unwrap();
    let parameters: Vec<f64> = (0..layout.parameters()).map(|i| (i as f64).cos()).collect();
    let figures: Vec<f64> = (0..layout.running_figures())
        .map(|i| 0.5 + (i as f64 * 0.7).sin().abs())
        .collect();
    let mlp = Mlp {
        layout,
        parameters,
        activation: Activation::Tanh,
        output: Output::Softmax,
    };
    let plain = folded(&mlp, &figures);
    let x: Vec<f64> = (0..PIXELS).map(|i| f64::from(i) * 0.3 - 0.8).collect();
    let (mut with_norms, mut without) = (x.clone(), x);
    let mut rest = &*figures;
    for layer in 0..3 {
        let sums = |mlp: &Mlp<f64>, a: &[f64]| -> Vec<f64> {
            let row = |w: ndarray::ArrayView1<'_, f64>| w.iter().zip(a).map(|(w, a)| w * a).sum();
            mlp.weight(layer).rows().into_iter().map(row).collect()
        };
        let bias = mlp.bias(layer).unwrap();
        let mut z = sums(&mlp, &with_norms);
        if let Some(gain) = mlp.gain(layer) {
            let (means, others) = rest.split_at(z.len());
            let (variances, others) = others.split_at(z.len());
            rest = others;
            for (unit, z) in z.iter_mut().enumerate() {
                *z = gain[unit] * (*z - means[unit]) / (variances[unit] + 1e-5).sqrt();
            }
        }
        with_norms = z.iter().zip(bias).map(|(z, b)| (z + b).tanh()).collect();
        let z = sums(&plain, &without);
        let bias = plain.bias(layer).unwrap();
        without = z.iter().zip(bias).map(|(z, b)| (z + b).tanh()).collect();
    }
    assert!(relative_error(&without, &with_norms) < 1e-14);
    assert_ne!(bytes_of(&without), bytes_of(&figures));
}

/// The parameters of the network that answers before the first step, and the gains of the first layer in training.
fn before_the_first_step<D: Input>(trainer: &Trainer<'_, D>) -> [Vec<f64>; 2] {
    let gains = trainer.state().mlp.gain(0).unwrap_or_default();
    [wide(&trainer.model().mlp.parameters), wide(gains)]
}

#[test]
fn a_run_with_norms_starts_from_the_answers_of_a_network() {
    let (data, others) = (garments(200, 20, 5), garments(170, 20, 6));
    let (one, three) = (machine(1), machine(3));
    for dtype in [Dtype::F32, Dtype::F64] {
        for &engine in engines(dtype) {
            let what = format!("{engine:?} {dtype:?}");
            let options = everything(engine, dtype, 64);
            let model = trained(&data, &options, 2).model;
            let own = match &model {
                AnyModel::F32(model) => wide(&model.mlp.parameters),
                AnyModel::F64(model) => wide(&model.mlp.parameters),
            };
            let start = Start::from(model);
            let plan = Plan::starting_from(&start, &options, &others, &one).unwrap();
            let [parameters, gains] = one.run(|| match plan.arithmetic() {
                Arithmetic::F32 => before_the_first_step(&Trainer::<Staged<f32>>::staged(&plan)),
                Arithmetic::F64 => before_the_first_step(&Trainer::<Staged<f64>>::staged(&plan)),
                Arithmetic::Panels(images) => {
                    before_the_first_step(&Trainer::<Packed<Float>>::packed(&plan, images))
                }
                Arithmetic::Integers(images) => {
                    before_the_first_step(&Trainer::<Packed<Quantized>>::packed(&plan, images))
                }
            });
            let bound = if dtype == Dtype::F64 { 1e-14 } else { 1e-6 };
            let error = relative_error(&parameters, &own);
            assert!(error < bound, "{what}: {error:e}");
            assert!(gains.iter().all(|&gain| gain > 0.0 && gain != 1.0));

            let whole = train(&plan, &mut NoObserver).unwrap();
            let other = Plan::starting_from(&start, &options, &others, &three).unwrap();
            let again = resumed(&other, &stopped(&plan, 4, false)).unwrap();
            assert!(again.model.bytes() == whole.model.bytes(), "{what}");
        }
    }
}

#[test]
fn a_network_keeps_what_it_has_learnt_when_it_gets_norms() {
    let data = garments(1500, 300, 5);
    let learnt = TrainOptions {
        hidden: vec![30, 20],
        epochs: 10,
        batch_size: Some(64),
        ..TrainOptions::of(Preset::Plain)
    };
    let before = trained(&data, &learnt, 2);
    let start = Start::from(before.model);
    let options = TrainOptions {
        epochs: 1,
        learning_rate: 1e-3,
        norm: Norm::Batch,
        ..learnt
    };
    let machine = machine(2);
    let plan = Plan::starting_from(&start, &options, &data, &machine).unwrap();
    let after = train(&plan, &mut NoObserver).unwrap();
    let [before, after] = [before.test_accuracy, after.test_accuracy].map(Option::unwrap);
    assert!(before > 0.5 && after > before - 0.03, "{before} {after}");
}
