//! Same seed, same bits: whatever the number of threads, and run after run.

use std::ops::ControlFlow;
use std::path::Path;

use gingham::cut::{BlockLimits, chunk_images};
use gingham::data::{Dataset, Labelled, Standardizer, synth};
use gingham::engine::EngineKind;
use gingham::error::Result;
use gingham::input::packed::{Float, Products, Quantized};
use gingham::input::{Batch, Input, Packed, Staged};
use gingham::model::{Activation, AnyModel, Init, Layout, Mlp, Output};
use gingham::network::ErrorForm;
use gingham::scalar::Dtype;
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::{Setup, Stepper};
use gingham::train::{
    Accuracies, EpochEnd, L1Form, Observer, Outcome, Plan, Reduction, Size, TrainOptions, train,
};

use crate::support::{
    bytes_of, engines, garments, labelled, level, machine, on_threads, random_dataset,
    relative_error, wide,
};

/// One, fewer than the machine has, as many, more, and a number that divides nothing.
const THREADS: [usize; 5] = [1, 2, 3, 5, 8];

/// Images of the training file; 0.2 of them are held out.
const IMAGES: u32 = 700;

fn synthetic() -> Dataset {
    garments(IMAGES, 40, 11)
}

/// The article's settings, on batches of 400 and 160 images: tasks of a size that follows the batch's, and many of them.
fn article() -> TrainOptions {
    TrainOptions {
        epochs: 3,
        batches: None,
        batch_size: Some(400),
        eval_every: Some(1),
        ..TrainOptions::default()
    }
}

/// Everything that the article's settings leave out, on batches that make tasks of the smallest size.
fn wide_and_shuffled() -> TrainOptions {
    TrainOptions {
        hidden: vec![300, 270],
        activation: Activation::Relu,
        output: Output::Softmax,
        bias: true,
        init: Init::He,
        epochs: 2,
        batch_size: Some(90),
        shuffle: true,
        learning_rate: 0.01,
        momentum: 0.9,
        l1: 1e-4,
        l1_form: L1Form::Sign,
        l2: 1e-3,
        reduction: Reduction::Mean,
        error: ErrorForm::Objective,
        ..article()
    }
}

/// What an observer is told, to the bit.
#[derive(Debug, Default, PartialEq)]
struct Told(Vec<(usize, u64, [Option<u64>; 3])>);

impl Observer for Told {
    fn trained(&mut self, epoch: usize, error: f64) -> Result<()> {
        self.0.push((epoch, error.to_bits(), [None; 3]));
        Ok(())
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let Accuracies {
            train,
            heldout,
            heldout_loss,
        } = end.accuracies.expect("evaluated after each epoch");
        assert!(train.is_some());
        let bits = [train, heldout, heldout_loss].map(|accuracy| accuracy.map(f64::to_bits));
        self.0.push((end.epoch, end.error.to_bits(), bits));
        Ok(ControlFlow::Continue(()))
    }
}

/// Everything that a run leaves.
#[derive(Debug, PartialEq)]
struct Left {
    told: Told,
    model: Vec<u8>,
    test_accuracy: Option<u64>,
}

fn run(data: &Dataset, options: &TrainOptions, threads: usize) -> (Left, Outcome) {
    let mut told = Told::default();
    let machine = machine(threads);
    let outcome = train(&Plan::new(options, data, &machine).unwrap(), &mut told).unwrap();
    assert_eq!(told.0.len(), 2 * options.epochs);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    outcome.model.save(&path).unwrap();
    let model = std::fs::read(&path).unwrap();
    let test_accuracy = outcome.test_accuracy.map(f64::to_bits);
    assert!(test_accuracy.is_some());
    let left = Left {
        told,
        model,
        test_accuracy,
    };
    (left, outcome)
}

/// These options with an engine and a type of numbers.
fn on(engine: EngineKind, dtype: Dtype, options: &TrainOptions) -> TrainOptions {
    TrainOptions {
        engine,
        dtype,
        ..options.clone()
    }
}

/// The parameters of a model, in `f64`.
fn parameters(model: &AnyModel) -> Vec<f64> {
    match model {
        AnyModel::F32(model) => wide(&model.mlp.parameters),
        AnyModel::F64(model) => model.mlp.parameters.clone(),
    }
}

fn same_for_any_threads(options: &TrainOptions) {
    let data = synthetic();
    let (first, _) = run(&data, options, 1);
    for threads in THREADS {
        let (again, _) = run(&data, options, threads);
        let (engine, dtype) = (options.engine, options.dtype.name());
        let what = format!("{engine:?}, {dtype}, {threads} threads");
        assert_eq!(again.told, first.told, "{what}: errors or accuracies");
        // Not assert_eq: nobody wants to read the bytes.
        assert!(again == first, "{what}: the model file");
    }
}

#[test]
fn the_cases_are_cut_as_they_are_meant_to_be() {
    let training = IMAGES as usize - IMAGES as usize / 5;
    for options in [article(), wide_and_shuffled()] {
        let cut = options.mini_batches();
        let batches = cut.count(training);
        let largest = cut.largest(training);
        assert!(
            batches > 1 && cut.range(training, batches - 1).len() < largest,
            "a tail"
        );
        assert!(chunk_images(largest) * 2 < largest, "several tasks a batch");
        assert!(
            !largest.is_multiple_of(chunk_images(largest)),
            "not all of one size"
        );
    }
    let smallest = chunk_images(1);
    assert!(
        chunk_images(400) > smallest && chunk_images(90) == smallest,
        "both regimes"
    );
    let widths = [784, 300, 270, 10];
    for pair in widths[..3].windows(2) {
        assert!(
            pair[0] > BlockLimits::FLOATING_POINT.most_columns
                && pair[1] > BlockLimits::FLOATING_POINT.most_rows,
            "several blocks in each direction"
        );
    }
}

#[test]
fn the_articles_network_is_the_same_for_any_threads() {
    // Without the regulariser too, which is so much larger than the images' losses that it hides their last bits.
    for l2 in [0.5, 0.0] {
        let options = TrainOptions { l2, ..article() };
        for dtype in [Dtype::F32, Dtype::F64] {
            for &kind in engines(dtype) {
                same_for_any_threads(&on(kind, dtype, &options));
            }
        }
    }
}

#[test]
fn a_run_on_changed_images_is_the_same_for_any_threads() {
    let options = TrainOptions {
        hidden: vec![130],
        holdout: 0.6,
        flip: true,
        shift: 2,
        erase: 0.3,
        ..wide_and_shuffled()
    };
    for dtype in [Dtype::F32, Dtype::F64] {
        for &kind in engines(dtype) {
            same_for_any_threads(&on(kind, dtype, &options));
        }
    }
}

#[test]
fn packed_for_good_or_batch_by_batch_is_the_same() {
    let data = synthetic();
    for hidden in [vec![], vec![20], vec![30, 20]] {
        let in_order = TrainOptions {
            hidden,
            shuffle: false,
            batch_size: Some(70),
            ..wide_and_shuffled()
        };
        let streamed = TrainOptions {
            memory: Some(Size(200_000)),
            ..in_order.clone()
        };
        let left = |engine: EngineKind, options: &TrainOptions| {
            let options = on(engine, Dtype::F32, options);
            let machine = machine(2);
            let keeps = Plan::new(&options, &data, &machine)
                .unwrap()
                .keeps_batches();
            assert_eq!(keeps, options.memory.is_none(), "what is compared");
            run(&data, &options, 2).0
        };
        for engine in [EngineKind::Simd, EngineKind::Fixed] {
            assert_eq!(left(engine, &streamed), left(engine, &in_order));
        }
    }
}

#[test]
fn a_wide_network_is_the_same_for_any_threads() {
    for shuffle in [true, false] {
        let options = TrainOptions {
            shuffle,
            ..wide_and_shuffled()
        };
        same_for_any_threads(&on(EngineKind::Blas, Dtype::F32, &options));
        same_for_any_threads(&on(EngineKind::Blas, Dtype::F64, &options));
        same_for_any_threads(&on(EngineKind::Simd, Dtype::F32, &options));
        same_for_any_threads(&on(EngineKind::Fixed, Dtype::F32, &options));
    }
}

#[test]
fn a_wide_network_is_the_same_for_any_threads_of_plain_loops() {
    // The naive engine takes its time: few of the images, one epoch.
    let options = TrainOptions {
        epochs: 1,
        holdout: 0.85,
        batch_size: Some(40),
        ..wide_and_shuffled()
    };
    same_for_any_threads(&on(EngineKind::Naive, Dtype::F32, &options));
    same_for_any_threads(&on(EngineKind::Naive, Dtype::F64, &options));
}

#[test]
fn seeds_and_shuffling_are_not_without_effect() {
    // What the tests above compare would be the same too if it depended on nothing.
    let data = synthetic();
    let options = TrainOptions {
        hidden: vec![20],
        ..wide_and_shuffled()
    };
    for &kind in &[EngineKind::Blas, EngineKind::Simd, EngineKind::Fixed] {
        let model = |options: &TrainOptions| {
            let options = on(kind, Dtype::F32, options);
            parameters(&run(&data, &options, 2).1.model)
        };
        let first = model(&options);
        for other in [
            TrainOptions {
                shuffle: false,
                ..options.clone()
            },
            TrainOptions {
                seed: 43,
                ..options.clone()
            },
            TrainOptions {
                momentum: 0.0,
                ..options.clone()
            },
        ] {
            assert_ne!(model(&other), first, "{kind:?}");
        }
    }
}

/// As [`stepped`], by products with packed pixels.
fn packed_steps<P: Products>(
    setup: Setup<f32>,
    standardizer: &Standardizer,
    data: &Labelled,
    (indices, keeps): (&[u32], bool),
) -> Vec<u8> {
    let shape = data.images.shape();
    let start = || Stepper::<Packed<P>>::packed(setup, shape, standardizer);
    stepped::<Packed<P>>(&data.images, &data.labels, indices, keeps, start)
}

/// The bytes of the parameters after some steps on the samples at `indices`, taken from where they are or, with `keeps`, from
/// what is kept of each mini-batch. `start` makes the stepper.
fn stepped<D: Input>(
    source: &D::Source,
    labels: &[u8],
    indices: &[u32],
    keeps: bool,
    start: impl FnOnce() -> Stepper<D> + Send,
) -> Vec<u8> {
    on_threads(2, || {
        let mut stepper = start();
        let halves = [&indices[..120], &indices[120..]];
        let kept = halves.map(|indices| {
            let input = stepper.memory.input();
            keeps.then(|| input.keep(&stepper.scale, source, indices))
        });
        for _ in 0..3 {
            for (indices, kept) in halves.into_iter().zip(&kept) {
                stepper.step(&Batch {
                    source,
                    labels,
                    indices,
                    kept: kept.as_ref(),
                    augmented: None,
                    trains: true,
                });
            }
        }
        bytes_of(&stepper.networks[0].state.mlp.parameters)
    })
}

#[test]
fn images_kept_in_their_order_train_to_the_same_bits() {
    // What a run does for an order that stays, on its own: the same images from other places in memory. The second network is
    // so wide that chunks keep their scaled pixels.
    let data = synthetic().train;
    let indices: Vec<u32> = (0..200).map(|index| index * 37 % IMAGES).collect();
    let copy = data.gathered(&indices);
    let in_order: Vec<u32> = (0..200).collect();
    let standardizer = Standardizer::fit(&data.images, &indices);
    for hidden in [20, 140] {
        let setup = || {
            let layout = Layout::new(&[784, hidden, 10], true);
            Setup {
                mlp: Mlp {
                    parameters: Init::Xavier.parameters(&layout, 1),
                    layout,
                    activation: Activation::Relu,
                    output: Output::Softmax,
                },
                optimizer: Box::new(Sgd {
                    nesterov: false,
                    momentum: 0.9,
                    level: level(),
                }),
                learning_rate: 0.01,
                recipe: Recipe::default(),
                class_weights: Vec::new(),
                objective: wide_and_shuffled().objective(),
                batch: 120,
                level: level(),
            }
        };
        let staged = |data: &Labelled, indices: &[u32], keeps: bool| {
            let start = || Stepper::<Staged<f32>>::staged(setup(), EngineKind::Blas, &standardizer);
            stepped::<Staged<f32>>(&data.images, &data.labels, indices, keeps, start)
        };
        let packed = |data: &Labelled, indices: &[u32], keeps: bool| {
            packed_steps::<Quantized>(setup(), &standardizer, data, (indices, keeps))
        };
        let float = |data: &Labelled, indices: &[u32], keeps: bool| {
            packed_steps::<Float>(setup(), &standardizer, data, (indices, keeps))
        };
        let first = staged(&data, &indices, false);
        assert!(first == staged(&copy, &in_order, false));
        assert!(first == staged(&data, &indices, true));
        let first = packed(&data, &indices, false);
        assert!(first == packed(&copy, &in_order, false));
        assert!(first == packed(&data, &indices, true));
        let first = float(&data, &indices, false);
        assert!(first == float(&copy, &in_order, false));
        assert!(first == float(&data, &indices, true));
    }
}

#[test]
fn the_engines_agree_after_an_epoch() {
    // Their sums are the same numbers in another order. Over an epoch of three steps that stays a few rounding errors of the way
    // that the parameters went; it is the long run that is chaotic. Measured: 2e-15 and 3e-6.
    const WIDE: f64 = 1e-12;
    const NARROW: f64 = 5e-5;
    // Weights and deltas of 16 bits leave five digits. Measured: 6e-5 for the article's settings, and 4e-3 for ReLUs, where a
    // unit whose weighted sum is near 0 is on in one network and off in the other, in seven steps with momentum.
    const QUANTIZED: [f64; 2] = [3e-4, 2e-2];
    let data = synthetic();
    let wide = TrainOptions {
        hidden: vec![270, 20],
        ..wide_and_shuffled()
    };
    for (options, quantized) in [article(), wide].into_iter().zip(QUANTIZED) {
        let options = TrainOptions {
            epochs: 1,
            ..options
        };
        let end = |kind, dtype| run(&data, &on(kind, dtype, &options), 2).1;
        let naive = end(EngineKind::Naive, Dtype::F64);
        let AnyModel::F64(model) = &naive.model else {
            panic!("trained in f64");
        };
        let start: Vec<f64> = options.init.parameters(&model.mlp.layout, options.seed);
        let way = |outcome: &Outcome| -> Vec<f64> {
            parameters(&outcome.model)
                .iter()
                .zip(&start)
                .map(|(end, start)| end - start)
                .collect()
        };
        let expected = way(&naive);
        let blas = end(EngineKind::Blas, Dtype::F64);
        let difference = relative_error(&way(&blas), &expected);
        let hidden = &options.hidden;
        assert!(difference < WIDE, "{hidden:?}: off by {difference:e}");
        assert!(
            (blas.error - naive.error).abs() < WIDE * naive.error,
            "{} {}",
            blas.error,
            naive.error
        );
        for &kind in engines(Dtype::F32) {
            let difference = relative_error(&way(&end(kind, Dtype::F32)), &expected);
            let tolerance = match kind {
                EngineKind::Fixed => quantized,
                _ => NARROW,
            };
            assert!(
                difference < tolerance,
                "{kind:?} in f32, {hidden:?}: off by {difference:e}"
            );
        }
    }
}

#[test]
fn the_smallest_networks_and_batches_train_alike() {
    // A layer of one unit and a batch of one image: matrices of one row, one column and one number, which slicing leaves without
    // a stride.
    const WIDE: f64 = 1e-12;
    // In f32, with weights and deltas of 16 bits. Measured: 2e-5.
    const QUANTIZED: f64 = 2e-4;
    // In f32, with nothing quantized. Measured: 4e-7.
    const NARROW: f64 = 4e-6;
    let data = random_dataset(3, 3, 13, 3, 6);
    let one_class = random_dataset(1, 1, 13, 1, 6);
    for data in [&data, &one_class] {
        for hidden in [
            vec![],
            vec![1],
            vec![1, 9],
            vec![9, 1],
            vec![1, 1],
            vec![1, 140, 1],
        ] {
            for batch_size in [1, 2, 3] {
                let options = TrainOptions {
                    hidden: hidden.clone(),
                    holdout: 0.0,
                    batch_size: Some(batch_size),
                    activation: Activation::Tanh,
                    ..wide_and_shuffled()
                };
                let end = |kind, dtype| {
                    let machine = machine(2);
                    let options = on(kind, dtype, &options);
                    let plan = Plan::new(&options, data, &machine).unwrap();
                    parameters(&train(&plan, &mut Told::default()).unwrap().model)
                };
                let expected = end(EngineKind::Naive, Dtype::F64);
                let difference = relative_error(&end(EngineKind::Blas, Dtype::F64), &expected);
                assert!(
                    difference < WIDE,
                    "{hidden:?}, batches of {batch_size}: {difference:e}"
                );
                let difference = relative_error(&end(EngineKind::Fixed, Dtype::F32), &expected);
                assert!(
                    difference < QUANTIZED,
                    "in integers, {hidden:?}, batches of {batch_size}: {difference:e}"
                );
                let difference = relative_error(&end(EngineKind::Simd, Dtype::F32), &expected);
                assert!(
                    difference < NARROW,
                    "in f32, {hidden:?}, batches of {batch_size}: {difference:e}"
                );
            }
        }
    }
}

#[test]
fn a_data_set_opened_by_another_name_is_the_same() {
    // Nothing of a run may come from where its files lie.
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    synth::write(&first, 60, 10, 1).unwrap();
    let second = folder.path().join("second");
    copy(&first, &second);
    let options = TrainOptions {
        hidden: vec![8],
        ..article()
    };
    for &engine in engines(Dtype::F32) {
        let options = on(engine, Dtype::F32, &options);
        let left = |path: &Path| run(&Dataset::open(path).unwrap(), &options, 2).0;
        let of_files = left(&first);
        assert!(of_files == left(&second), "{engine:?}");
        // Nor may it come from whether there are files.
        let data = Dataset::open(&first).unwrap();
        let copied = |data: &Labelled| {
            let pixels = (0..data.images.count()).flat_map(|index| data.images.image(index));
            labelled(28, 28, &pixels.copied().collect::<Vec<_>>(), &data.labels)
        };
        let copy = Dataset::new(copied(&data.train), data.test.as_ref().map(copied)).unwrap();
        let copy = copy.with_classes(data.classes).unwrap();
        assert!(of_files == run(&copy, &options, 2).0, "{engine:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
