//! Augmentation: what an image becomes, and that every engine is shown exactly that.

use gingham::data::augment::{Change, Rectangle};
use gingham::data::{Augmentation, Augmented, Dataset, Features, LabelledFeatures, Standardizer};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::evaluate::Predictor;
use gingham::input::packed::{Float, Quantized};
use gingham::input::{Input, Packed, Staged};
use gingham::model::{Activation, HeldoutScale, Init, Output, Probability};
use gingham::rng::{Purpose, Stream};
use gingham::scalar::{Dtype, Scalar};
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{
    Arithmetic, NoObserver, Plan, Reduction, State, TrainOptions, Trainer, differences, train,
};
use ndarray::Array2;

use crate::steppers::{Number, steps};
use crate::support::{bytes_of, engines, garments, labelled, machine, random_dataset};

const ALL: Augmentation = Augmentation {
    flip: true,
    shift: 2,
    erase: 0.5,
};

/// Two layers, shuffled mini-batches of which the last is smaller, all changes.
pub fn options(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        hidden: vec![20, 12],
        activation: Activation::Relu,
        output: Output::Softmax,
        probability: Probability::Output,
        bias: true,
        init: Init::He,
        epochs: 3,
        batches: None,
        batch_size: Some(50),
        shuffle: true,
        flip: true,
        shift: 3,
        erase: 0.5,
        learning_rate: 0.02,
        momentum: 0.9,
        l2: 1e-3,
        reduction: Reduction::Mean,
        order_seed: Some(6),
        engine,
        dtype,
        ..TrainOptions::default()
    }
}

fn rectangle([top, bottom, left, right]: [usize; 4]) -> Option<Rectangle> {
    let (rows, columns) = (top..bottom, left..right);
    Some(Rectangle { rows, columns })
}

#[test]
fn what_an_image_becomes_is_frozen() {
    // By a ChaCha8 and the same formulas in Python, which owe nothing to ours.
    let far = Augmentation {
        shift: 9,
        erase: 1.0,
        ..ALL
    };
    for ((seed, epoch, index), (flips, down, right, erased), (down_far, right_far, erased_far)) in [
        (
            (42, 0, 0),
            (false, 2, 1, rectangle([13, 19, 3, 17])),
            (8, 2, [1, 4, 6, 13]),
        ),
        ((42, 0, 1), (true, 0, -2, None), (-1, -7, [0, 5, 20, 25])),
        ((42, 3, 5), (false, -2, -1, None), (-7, -3, [2, 5, 22, 28])),
        (
            (7, 299, 59_999),
            (true, 1, 0, rectangle([3, 14, 8, 12])),
            (3, 2, [0, 5, 13, 15]),
        ),
        (
            (u32::MAX, 12, u32::MAX),
            (true, -1, -1, None),
            (-5, -5, [2, 4, 13, 19]),
        ),
    ] {
        let change = ALL.of_epoch(seed, epoch).change(index, (28, 28));
        assert_eq!(
            change,
            Change {
                flips,
                down,
                right,
                erased
            }
        );
        let change = far.of_epoch(seed, epoch).change(index, (5, 40));
        let (down, right, erased) = (down_far, right_far, rectangle(erased_far));
        assert_eq!(
            change,
            Change {
                flips,
                down,
                right,
                erased
            }
        );
    }
}

#[test]
fn an_image_is_mirrored_then_moved_then_erased() {
    let image = [1, 2, 3, 4, 5, 6];
    for (flips, down, right, erased, expected) in [
        (false, 0, 0, None, [1, 2, 3, 4, 5, 6]),
        (true, 0, 0, None, [3, 2, 1, 6, 5, 4]),
        (false, 1, 0, None, [0, 0, 0, 1, 2, 3]),
        (false, -1, 0, None, [4, 5, 6, 0, 0, 0]),
        (false, 0, 1, None, [0, 1, 2, 0, 4, 5]),
        (false, 0, -2, None, [3, 0, 0, 6, 0, 0]),
        (true, 0, 1, None, [0, 3, 2, 0, 6, 5]),
        (true, 1, -1, None, [0, 0, 0, 2, 1, 0]),
        (true, 1, -1, rectangle([1, 2, 0, 1]), [0, 0, 0, 0, 1, 0]),
        (false, 0, 0, rectangle([0, 2, 1, 3]), [1, 0, 0, 4, 0, 0]),
        (false, 0, 3, None, [0; 6]),
        (true, i64::MIN, 0, None, [0; 6]),
        (false, 0, i64::MAX, None, [0; 6]),
    ] {
        let change = Change {
            flips,
            down,
            right,
            erased,
        };
        let mut found = [77; 6];
        change.apply((2, 3), &image, &mut found);
        assert_eq!(found, expected, "{change:?}");
    }
}

/// Images that changes are drawn for.
const DRAWN: u32 = 30_000;

/// What becomes of so many images in an epoch.
fn drawn(augmentation: Augmentation, epoch: usize) -> Vec<Change> {
    let augmented = augmentation.of_epoch(3, epoch);
    let change = |index| augmented.change(index, (28, 28));
    (0..DRAWN).map(change).collect()
}

/// The share of these is within five standard errors of what is expected.
fn near(all: &[Change], is_one: impl Fn(&Change) -> bool, share: f64) {
    let found = all.iter().filter(|change| is_one(change)).count();
    let expected = share * f64::from(DRAWN);
    let most = 5.0 * (expected * (1.0 - share)).sqrt();
    let distance = (found as f64 - expected).abs();
    assert!(distance < most, "{found}, expected {expected}");
}

#[test]
fn changes_are_as_frequent_as_they_should_be() {
    let all = drawn(ALL, 1);
    near(&all, |change| change.flips, 0.5);
    for by in -2..=2 {
        near(&all, |change| change.down == by, 0.2);
        near(&all, |change| change.right == by, 0.2);
    }
    let is_far = |change: &Change| (change.down, change.right) == (2, -2);
    near(&all, |change| is_far(change) && change.flips, 0.02);
    near(&all, |change| change.erased.is_some(), 0.5);
    // Another epoch is another draw.
    let again = drawn(ALL, 2);
    let alike = all.iter().zip(&again).filter(|(one, other)| one == other);
    assert!(alike.count() < DRAWN as usize / 50);
}

#[test]
fn each_kind_of_change_has_numbers_of_its_own() {
    let all = drawn(ALL, 1);
    let none = Augmentation::default();
    let alone = [
        Augmentation { flip: true, ..none },
        Augmentation { shift: 2, ..none },
        Augmentation { erase: 0.5, ..none },
    ];
    let [flips, shifts, erases] = alone.map(|alone| drawn(alone, 1));
    for (number, together) in all.into_iter().enumerate() {
        let (flip, shift, erase) = (&flips[number], &shifts[number], &erases[number]);
        let parts = Change {
            flips: flip.flips,
            down: shift.down,
            right: shift.right,
            erased: erase.erased.clone(),
        };
        assert_eq!(together, parts);
        assert!(!shift.flips && !erase.flips && flip.erased.is_none());
        assert_eq!([flip.down, flip.right, erase.down, erase.right], [0; 4]);
    }
}

#[test]
fn rectangles_have_the_sizes_of_random_erasing() {
    let all = drawn(ALL, 1);
    let erased: Vec<&Rectangle> = all.iter().filter_map(|one| one.erased.as_ref()).collect();
    let sizes = |of: fn(f64, f64) -> f64| -> Vec<f64> {
        let size = |one: &&Rectangle| of(one.rows.len() as f64, one.columns.len() as f64);
        erased.iter().map(size).collect()
    };
    let areas = sizes(|rows, columns| rows * columns / 784.0);
    let logarithms = sizes(|rows, columns| (rows / columns).ln());
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    assert!((mean(&areas) - 0.11).abs() < 0.002, "{}", mean(&areas));
    let middle = (0.3_f64 * 3.3).ln() / 2.0;
    let found = mean(&logarithms);
    assert!((found - middle).abs() < 0.03, "{found}");
    assert!(areas.iter().all(|area| (0.012..0.22).contains(area)));
    for at in [
        |one: &Rectangle| one.rows.clone(),
        |one: &Rectangle| one.columns.clone(),
    ] {
        assert!(erased.iter().all(|one| at(one).end <= 28));
        assert!(erased.iter().any(|one| at(one).start == 0));
        assert!(erased.iter().any(|one| at(one).end == 28));
    }
}

/// What `augmented` makes of all images, pixel by pixel from the numbers of the stream.
fn slowly(augmented: Augmented, data: &Dataset) -> Vec<u8> {
    let images = &data.train.images;
    let (rows, columns) = images.shape();
    let Augmentation { flip, shift, erase } = augmented.augmentation;
    let mut all = Vec::new();
    for index in 0..images.count() {
        let image = images.image(index);
        let number = (augmented.epoch << 32 | index) as u64;
        let mut stream = Stream::new(augmented.seed, Purpose::Augment, number);
        let drawn: Vec<f64> = (0..8).map(|_| stream.unit()).collect();
        let flips = flip && drawn[0] < 0.5;
        let ways = f64::from(2 * shift + 1);
        let moved = |unit: f64| (unit * ways).floor() as isize - shift as isize;
        let (down, right) = (moved(drawn[1]), moved(drawn[2]));
        let area = (0.02 + 0.18 * drawn[4]) * (rows * columns) as f64;
        let ratio = 0.3 * 11_f64.powf(drawn[5]);
        let height = ((area * ratio).sqrt().round() as usize).clamp(1, rows);
        let width = ((area / ratio).sqrt().round() as usize).clamp(1, columns);
        let top = (drawn[6] * (rows - height + 1) as f64).floor() as usize;
        let left = (drawn[7] * (columns - width + 1) as f64).floor() as usize;
        for row in 0..rows {
            for column in 0..columns {
                let is_erased = drawn[3] < erase
                    && (top..top + height).contains(&row)
                    && (left..left + width).contains(&column);
                let from_row = row as isize - down;
                let mut from = column as isize - right;
                if flips {
                    from = columns as isize - 1 - from;
                }
                let is_there =
                    (0..rows as isize).contains(&from_row) && (0..columns as isize).contains(&from);
                all.push(if is_there && !is_erased {
                    image[from_row as usize * columns + from as usize]
                } else {
                    0
                });
            }
        }
    }
    all
}

/// Takes a run's epochs, and beside each a stepper's over images that were changed beforehand: both must have the same bits.
fn same_as_changed_beforehand<D: Input>(mut trainer: Trainer<'_, D>, data: &Dataset, what: &str)
where
    D::Number: Number,
{
    let plan = trainer.plan();
    let settings = plan.settings();
    let train = &data.train;
    let (rows, columns) = train.images.shape();
    let (augmentation, seed) = settings.seeded_augmentation().unwrap();
    let standardizer = Standardizer::fit(&train.images, &trainer.order().split().train);
    let mut state: Option<State<D::Number>> = None;
    while let Some(epoch) = trainer.begin_epoch() {
        let pixels = slowly(augmentation.of_epoch(seed, epoch), data);
        assert!(
            pixels != slowly(augmentation.of_epoch(seed, epoch + 1), data),
            "{what}"
        );
        let changed = labelled(rows as u32, columns as u32, &pixels, &train.labels);
        let level = plan.machine().level();
        let momentum = D::Number::of(settings.momentum);
        let setup = Setup {
            mlp: trainer.state().mlp.clone(),
            optimizer: Box::new(Sgd {
                nesterov: false,
                momentum,
                level,
            }),
            learning_rate: settings.learning_rate,
            recipe: Recipe::default(),
            class_weights: Vec::new(),
            objective: plan.objective(),
            batch: trainer.order().largest_batch(),
            level,
        };
        let mut twin = steps(settings.engine, setup, &changed, &standardizer);
        if let Some(state) = state.take() {
            *twin.state() = state;
        }
        for number in trainer.remaining() {
            let indices = trainer.order().batch(number).indices.to_vec();
            trainer.forward_and_backward(number);
            trainer.gradient_and_update(number).unwrap();
            twin.step(&indices);
            let (found, expected) = (&trainer.state().mlp, &twin.state().mlp);
            let same = bytes_of(&found.parameters) == bytes_of(&expected.parameters);
            assert!(same, "{what}, epoch {epoch}, mini-batch {number}");
        }
        trainer.end_epoch();
        state = Some(twin.state().clone());
    }
}

#[test]
fn every_engine_trains_on_what_the_images_become() {
    // Garments, whose black quads are left out; and noise of a shape that fills neither quads nor tiles.
    let sets = [garments(230, 10, 5), random_dataset(9, 13, 230, 4, 8)];
    for data in &sets {
        for dtype in [Dtype::F32, Dtype::F64] {
            for &engine in engines(dtype) {
                for (hidden, shuffle) in [(vec![20, 12], true), (vec![140], false), (vec![], true)]
                {
                    let options = TrainOptions {
                        hidden,
                        shuffle,
                        ..options(engine, dtype)
                    };
                    let what = format!("{:?}, {shuffle}, {engine:?}, {dtype:?}", options.hidden);
                    let machine = machine(2);
                    let plan = Plan::new(&options, data, &machine).unwrap();
                    assert!(!plan.keeps_batches());
                    machine.run(|| match plan.arithmetic() {
                        Arithmetic::F32 => same_as_changed_beforehand(
                            Trainer::<Staged<f32>>::staged(&plan),
                            data,
                            &what,
                        ),
                        Arithmetic::F64 => same_as_changed_beforehand(
                            Trainer::<Staged<f64>>::staged(&plan),
                            data,
                            &what,
                        ),
                        Arithmetic::Panels(images) => {
                            same_as_changed_beforehand(
                                Trainer::<Packed<Float>>::packed(&plan, images),
                                data,
                                &what,
                            );
                        }
                        Arithmetic::Integers(images) => {
                            same_as_changed_beforehand(
                                Trainer::<Packed<Quantized>>::packed(&plan, images),
                                data,
                                &what,
                            );
                        }
                    });
                }
            }
        }
    }
}

#[test]
fn accuracies_are_those_of_the_images_as_they_are() {
    let data = garments(200, 20, 5);
    let machine = machine(2);
    for &engine in engines(Dtype::F64) {
        let options = TrainOptions {
            holdout: 0.25,
            ..options(engine, Dtype::F64)
        };
        let options = TrainOptions {
            heldout_scale: HeldoutScale::Train,
            ..options
        };
        let plan = Plan::new(&options, &data, &machine).unwrap();
        let outcome = train(&plan, &mut NoObserver).unwrap();
        let mut predictor = Predictor::new(&machine, &outcome.model);
        let split = plan.split();
        let train = predictor.score(&data.train, &split.train).unwrap();
        let heldout = predictor.score(&data.train, &split.heldout).unwrap();
        assert_eq!(
            (train, heldout),
            (outcome.accuracies.train, outcome.accuracies.heldout),
            "{engine:?}"
        );
        // And the pixels are scaled by the figures of the images as they are.
        let expected = Standardizer::fit(&data.train.images, &split.train);
        assert_eq!(outcome.model.standardizer(), &expected);
    }
}

#[test]
fn runs_share_pixels_where_changes_and_their_seed_are_the_same() {
    let (data, machine) = (garments(60, 0, 5), machine(1));
    let base = TrainOptions {
        shuffle: false,
        split_seed: Some(1),
        order_seed: None,
        ..options(EngineKind::Blas, Dtype::F32)
    };
    let sight = |change: &dyn Fn(&mut TrainOptions)| {
        let mut options = base.clone();
        change(&mut options);
        Plan::new(&options, &data, &machine).unwrap().sight()
    };
    let first = sight(&|_| {});
    assert_eq!(first, sight(&|options| options.order_seed = Some(42)));
    assert_eq!(
        first,
        sight(&|options| (options.seed, options.order_seed) = (7, Some(42)))
    );
    let others: [&dyn Fn(&mut TrainOptions); 6] = [
        &|options| options.seed = 7,
        &|options| options.order_seed = Some(7),
        &|options| options.flip = false,
        &|options| options.shift = 1,
        &|options| options.erase = 0.25,
        &|options| (options.flip, options.shift, options.erase) = (false, 0, 0.0),
    ];
    for (number, other) in others.into_iter().enumerate() {
        assert_ne!(first, sight(other), "{number}");
    }
    let off =
        |options: &mut TrainOptions| (options.flip, options.shift, options.erase) = (false, 0, 0.0);
    let seventh = |options: &mut TrainOptions| {
        off(options);
        options.seed = 7;
    };
    assert_eq!(
        sight(&off),
        sight(&seventh),
        "without changes no seed drives them"
    );
    let plan = Plan::new(&base, &data, &machine).unwrap();
    let mut then = plan.settings().clone();
    off(&mut then);
    let expected = [
        "erase 0.5 where it was 0",
        "flip true where it was false",
        "shift 3 where it was 0",
    ];
    assert_eq!(differences(&then, &plan), expected);
}

#[test]
fn what_cannot_be_changed_is_refused_by_the_settings_name() {
    let machine = machine(1);
    let plain = TrainOptions {
        flip: false,
        shift: 0,
        erase: 0.0,
        ..options(EngineKind::Naive, Dtype::F32)
    };
    let refused = |result: Result<Plan<'_>, Error>| match result {
        Err(Error::Setting { setting, reason }) => format!("{setting}: {reason}"),
        other => panic!("{other:?}"),
    };
    let numbers = Array2::from_shape_fn((40, 6), |(row, column)| (row * column) as f32);
    let labels: Vec<u8> = (0..40).map(|index| index % 2).collect();
    let features = Features::from_array(numbers.view()).unwrap();
    let features = LabelledFeatures::new(features, labels).unwrap();
    for (setting, options) in [
        (
            "flip",
            TrainOptions {
                flip: true,
                ..plain.clone()
            },
        ),
        (
            "shift",
            TrainOptions {
                shift: 1,
                ..plain.clone()
            },
        ),
        (
            "erase",
            TrainOptions {
                erase: 0.1,
                ..plain.clone()
            },
        ),
    ] {
        let expected = format!(
            "{setting}: expected images of bytes, which alone can be augmented, found features"
        );
        assert_eq!(refused(Plan::new(&options, &features, &machine)), expected);
    }
    let data = random_dataset(5, 9, 40, 2, 1);
    let far = TrainOptions {
        shift: 5,
        ..plain.clone()
    };
    assert_eq!(
        refused(Plan::new(&far, &data, &machine)),
        "shift: expected at most 4, so that something stays of images of 5 x 9 pixels, found 5"
    );
    for erase in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let wrong = TrainOptions {
            erase,
            ..plain.clone()
        };
        let expected = format!("erase: expected a probability from 0 to 1, found {erase:?}");
        assert_eq!(refused(Plan::new(&wrong, &data, &machine)), expected);
    }
}
