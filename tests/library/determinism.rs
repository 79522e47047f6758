//! Same seed, same bits: whatever the number of threads, and run after run.

use std::path::Path;

use gingham::data::{Dataset, Labelled, Standardizer, synth};
use gingham::engine::EngineKind;
use gingham::engine::workspace::PixelScale;
use gingham::error::Result;
use gingham::kernels::Level;
use gingham::model::{Activation, Init, Layout, Mlp, Output};
use gingham::parallel::{Cut, images_per_task};
use gingham::scalar::Scalar;
use gingham::train::loss::ErrorForm;
use gingham::train::optimizer::Sgd;
use gingham::train::step::Trainer;
use gingham::train::{
    Accuracies, L1Form, Observer, Outcome, Reduction, Size, TrainOptions, objective, train,
};

use crate::support::{ENGINES, bytes_of, on_threads, random_dataset, relative_error, wide};

/// One, fewer than the machine has, as many, more, and a number that divides nothing.
const THREADS: [usize; 5] = [1, 2, 3, 5, 8];

/// Images of the training file; 0.2 of them are held out.
const IMAGES: u32 = 700;

fn synthetic() -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("set");
    synth::write(&set, IMAGES, 40, 11).unwrap();
    Dataset::open(&set).unwrap()
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
struct Told(Vec<(usize, u64, [Option<u64>; 2])>);

impl Observer for Told {
    fn trained(&mut self, epoch: usize, error: f64) -> Result<()> {
        self.0.push((epoch, error.to_bits(), [None, None]));
        Ok(())
    }

    fn ended(&mut self, epoch: usize, error: f64, accuracies: Option<Accuracies>) -> Result<()> {
        let Accuracies { train, heldout } = accuracies.expect("evaluated after each epoch");
        assert!(train.is_some());
        let bits = [train, heldout].map(|accuracy| accuracy.map(f64::to_bits));
        self.0.push((epoch, error.to_bits(), bits));
        Ok(())
    }
}

/// Everything that a run leaves.
#[derive(Debug, PartialEq)]
struct Left {
    told: Told,
    model: Vec<u8>,
    test_accuracy: Option<u64>,
}

fn run<T: Scalar>(
    data: &Dataset,
    options: &TrainOptions,
    kind: EngineKind,
    threads: usize,
) -> (Left, Outcome<T>) {
    let mut told = Told::default();
    let outcome = on_threads(threads, || {
        let options = TrainOptions {
            engine: kind,
            ..options.clone()
        };
        train::<T>(data, &options, &mut told)
    })
    .unwrap();
    assert_eq!(told.0.len(), 2 * options.epochs);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    outcome.model.save(&path).unwrap();
    let model = std::fs::read(&path).unwrap();
    let test_accuracy = outcome.test_accuracy.map(f64::to_bits);
    assert!(test_accuracy.is_some());
    (
        Left {
            told,
            model,
            test_accuracy,
        },
        outcome,
    )
}

fn same_for_any_threads<T: Scalar>(options: &TrainOptions, kind: EngineKind) {
    let data = synthetic();
    let (first, _) = run::<T>(&data, options, kind, 1);
    for threads in THREADS {
        let (again, _) = run::<T>(&data, options, kind, threads);
        let what = format!("{kind:?}, {}, {threads} threads", T::DTYPE.name());
        assert_eq!(again.told, first.told, "{what}: errors or accuracies");
        // Not assert_eq: nobody wants to read the bytes.
        assert!(again == first, "{what}: the model file");
    }
}

#[test]
fn the_cases_are_cut_as_they_are_meant_to_be() {
    let training = IMAGES as usize - IMAGES as usize / 5;
    for options in [article(), wide_and_shuffled()] {
        let cut = options.cut();
        let batches = cut.count(training);
        let largest = cut.largest(training);
        assert!(
            batches > 1 && cut.range(training, batches - 1).len() < largest,
            "a tail"
        );
        assert!(
            images_per_task(largest) * 2 < largest,
            "several tasks a batch"
        );
        assert!(
            !largest.is_multiple_of(images_per_task(largest)),
            "not all of one size"
        );
    }
    let smallest = images_per_task(1);
    assert!(
        images_per_task(400) > smallest && images_per_task(90) == smallest,
        "both regimes"
    );
    let widths = [784, 300, 270, 10];
    for pair in widths[..3].windows(2) {
        assert!(
            pair[0] > Cut::IN_FLOATING_POINT.most.1 && pair[1] > Cut::IN_FLOATING_POINT.most.0,
            "several blocks in each direction"
        );
    }
}

#[test]
fn the_articles_network_is_the_same_for_any_threads() {
    // Without the regulariser too, which is so much larger than the images' losses that it hides their last bits.
    for l2 in [0.5, 0.0] {
        let options = TrainOptions { l2, ..article() };
        for kind in ENGINES {
            same_for_any_threads::<f32>(&options, kind);
            same_for_any_threads::<f64>(&options, kind);
        }
        same_for_any_threads::<f32>(&options, EngineKind::Fixed);
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
        let left = |options: &TrainOptions| run::<f32>(&data, options, EngineKind::Fixed, 2).0;
        assert_eq!(left(&streamed), left(&in_order));
    }
}

#[test]
fn a_wide_network_is_the_same_for_any_threads() {
    for shuffle in [true, false] {
        let options = TrainOptions {
            shuffle,
            ..wide_and_shuffled()
        };
        same_for_any_threads::<f32>(&options, EngineKind::Blas);
        same_for_any_threads::<f64>(&options, EngineKind::Blas);
        same_for_any_threads::<f32>(&options, EngineKind::Fixed);
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
    same_for_any_threads::<f32>(&options, EngineKind::Naive);
    same_for_any_threads::<f64>(&options, EngineKind::Naive);
}

#[test]
fn seeds_and_shuffling_are_not_without_effect() {
    // What the tests above compare would be the same too if it depended on nothing.
    let data = synthetic();
    let options = TrainOptions {
        hidden: vec![20],
        ..wide_and_shuffled()
    };
    let model = |options: &TrainOptions| {
        run::<f32>(&data, options, EngineKind::Blas, 2)
            .1
            .model
            .mlp
            .parameters
    };
    let first = model(&options);
    assert_ne!(
        model(&TrainOptions {
            shuffle: false,
            ..options.clone()
        }),
        first
    );
    assert_ne!(
        model(&TrainOptions {
            seed: 43,
            ..options.clone()
        }),
        first
    );
    assert_ne!(
        model(&TrainOptions {
            momentum: 0.0,
            ..options.clone()
        }),
        first
    );
}

#[test]
fn images_copied_into_their_order_train_to_the_same_bits() {
    // What `train` does for an order that stays, on its own: the same images, from other places.
    let data = synthetic();
    let places: Vec<u32> = (0..200).map(|place| place * 37 % IMAGES).collect();
    let copy = data.train.gathered(&places);
    let in_order: Vec<u32> = (0..200).collect();
    let scale = PixelScale::<f32>::new(
        &Standardizer::fit(&data.train.images, &places),
        data.train.images.shape(),
        EngineKind::Blas,
    );
    let optimizer = Sgd {
        learning_rate: 0.01,
        momentum: 0.9,
        level: Level::detect(),
    };
    let parameters = |data: &Labelled, places: &[u32]| {
        on_threads(2, || {
            let layout = Layout::new(&[784, 20, 10], true);
            let parameters = Init::Xavier.parameters(&layout, 1);
            let mlp = Mlp {
                layout,
                parameters,
                activation: Activation::Relu,
                output: Output::Softmax,
            };
            let objective = objective(&wide_and_shuffled());
            let engine = EngineKind::Blas.engine();
            let mut trainer = Trainer::new(engine, &optimizer, objective, data, &scale, mlp, 120);
            for _ in 0..3 {
                trainer.step(&places[..120]);
                trainer.step(&places[120..]);
            }
            bytes_of(&trainer.mlp.parameters)
        })
    };
    assert!(parameters(&copy, &in_order) == parameters(&data.train, &places));
}

#[test]
fn the_engines_agree_after_an_epoch() {
    // Their sums are the same numbers in another order. Over an epoch of three steps that stays a few rounding errors of the way
    // that the parameters went; it is the long run that is chaotic. Measured: 2e-15 and 3e-6.
    const WIDE: f64 = 1e-12;
    const NARROW: f64 = 5e-5;
    let data = synthetic();
    for options in [
        article(),
        TrainOptions {
            hidden: vec![270, 20],
            ..wide_and_shuffled()
        },
    ] {
        let options = TrainOptions {
            epochs: 1,
            ..options
        };
        let (_, naive) = run::<f64>(&data, &options, EngineKind::Naive, 2);
        let start: Vec<f64> = options
            .init
            .parameters(&naive.model.mlp.layout, options.seed);
        let way = |end: &[f64]| -> Vec<f64> {
            end.iter()
                .zip(&start)
                .map(|(end, start)| end - start)
                .collect()
        };
        let expected = way(&naive.model.mlp.parameters);
        let (_, blas) = run::<f64>(&data, &options, EngineKind::Blas, 2);
        let difference = relative_error(&way(&blas.model.mlp.parameters), &expected);
        assert!(
            difference < WIDE,
            "{:?}: off by {difference:e}",
            options.hidden
        );
        assert!(
            (blas.error - naive.error).abs() < WIDE * naive.error,
            "{} {}",
            blas.error,
            naive.error
        );
        for kind in ENGINES {
            let (_, narrow) = run::<f32>(&data, &options, kind, 2);
            let difference = relative_error(&way(&wide(&narrow.model.mlp.parameters)), &expected);
            assert!(
                difference < NARROW,
                "{kind:?} in f32, {:?}: off by {difference:e}",
                options.hidden
            );
        }
    }
}

#[test]
fn the_smallest_networks_and_batches_train_alike() {
    // A layer of one unit and a batch of one image: matrices of one row, one column and one number, which slicing leaves without
    // a stride.
    const WIDE: f64 = 1e-12;
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
                let end = |kind: EngineKind| {
                    let outcome = on_threads(2, || {
                        let options = TrainOptions {
                            engine: kind,
                            ..options.clone()
                        };
                        train::<f64>(data, &options, &mut Told::default())
                    });
                    outcome.unwrap().model.mlp.parameters
                };
                let difference = relative_error(&end(EngineKind::Blas), &end(EngineKind::Naive));
                assert!(
                    difference < WIDE,
                    "{hidden:?}, batches of {batch_size}: {difference:e}"
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
    let left =
        |path: &Path| run::<f32>(&Dataset::open(path).unwrap(), &options, EngineKind::Blas, 2).0;
    assert!(left(&first) == left(&second));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
