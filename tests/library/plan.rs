//! What a plan makes of settings, data and machine, and what it refuses.

use gingham::data::{Dataset, LabelledFeatures};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::input::Door;
use gingham::kernels::Level;
use gingham::machine::Machine;
use gingham::scalar::Dtype;
use gingham::train::{Arithmetic, Plan, Preset, Size, TrainOptions, TrainingData};
use ndarray::Array2;

use crate::support::{engines, machine, random_dataset};

const PIXELS: usize = 12;

fn images() -> Dataset {
    random_dataset(3, 4, 100, 5, 3)
}

fn features() -> LabelledFeatures {
    let labels: Vec<u8> = (0..100).map(|index| index % 5).collect();
    LabelledFeatures::from_arrays(Array2::ones((100, PIXELS)).view(), &labels).unwrap()
}

fn article() -> TrainOptions {
    TrainOptions::of(Preset::Article)
}

fn wide() -> TrainOptions {
    TrainOptions::of(Preset::Wide)
}

fn with(engine: EngineKind, dtype: Dtype) -> TrainOptions {
    TrainOptions {
        engine,
        dtype,
        ..article()
    }
}

/// The name of an arithmetic.
fn name(plan: &Plan<'_>) -> &'static str {
    match plan.arithmetic() {
        Arithmetic::F32 => "f32",
        Arithmetic::F64 => "f64",
        Arithmetic::Panels(images) => {
            assert_eq!(images.pixels_per_image(), PIXELS, "the plan's images");
            "panels"
        }
        Arithmetic::Integers(images) => {
            assert_eq!(images.pixels_per_image(), PIXELS, "the plan's images");
            "integers"
        }
    }
}

#[test]
fn the_engine_is_resolved_by_data_type_and_level() {
    let (images, features) = (images(), features());
    let machine = machine(2);
    let portable = Machine::new(1).unwrap().at_level(Level::PORTABLE);
    let fast = if machine.level() > Level::PORTABLE {
        (EngineKind::Fixed, "integers", None)
    } else {
        (EngineKind::Blas, "f32", Some("slower than floating point"))
    };
    let slow = Some("slower than floating point");
    let data = || -> [TrainingData<'_>; 2] { [(&images).into(), (&features).into()] };
    let [of_images, of_features] = [0, 1];
    use Dtype::{F32, F64};
    use EngineKind::{Auto, Blas, Fixed, Naive, Simd};
    for (engine, dtype, of, machine, expected) in [
        (Auto, F32, of_images, &machine, fast),
        (Auto, F64, of_images, &machine, (Blas, "f64", Some("f64: "))),
        (
            Auto,
            F32,
            of_features,
            &machine,
            (Blas, "f32", Some("features: ")),
        ),
        (
            Auto,
            F64,
            of_features,
            &machine,
            (Blas, "f64", Some("f64: ")),
        ),
        (Auto, F32, of_images, &portable, (Blas, "f32", slow)),
        (Fixed, F32, of_images, &portable, (Fixed, "integers", slow)),
        (Blas, F32, of_images, &portable, (Blas, "f32", None)),
        (Simd, F32, of_images, &machine, (Simd, "panels", None)),
        (
            Simd,
            F32,
            of_images,
            &portable,
            (Simd, "panels", Some("slower than BLAS's")),
        ),
        (Blas, F64, of_images, &machine, (Blas, "f64", None)),
        (Blas, F32, of_features, &machine, (Blas, "f32", None)),
        (Naive, F32, of_images, &machine, (Naive, "f32", None)),
        (Naive, F64, of_features, &machine, (Naive, "f64", None)),
    ] {
        let plan = Plan::new(&with(engine, dtype), data()[of].clone(), machine).unwrap();
        let (resolved, arithmetic, note) = expected;
        let what = format!("{engine:?}, {dtype:?}, data {of}, {:?}", machine.level());
        assert_eq!(plan.settings().engine, resolved, "{what}");
        assert_eq!(plan.settings().dtype, dtype, "{what}");
        assert_eq!(name(&plan), arithmetic, "{what}");
        let packs = plan.arithmetic().door().packs();
        assert_eq!(packs, resolved.packs(), "{what}");
        match (plan.engine_note(), note) {
            (None, None) => {}
            (Some(found), Some(note)) => assert!(found.contains(note), "{what}: {found}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_plan_says_what_will_be_done() {
    let (images, machine) = (images(), machine(2));
    let plan = Plan::new(&article(), &images, &machine).unwrap();
    assert_eq!(plan.layout().widths(), [PIXELS, 50, 5]);
    assert_eq!(plan.training_samples(), 80);
    assert_eq!(plan.mini_batches().count(80), 25);
    assert_eq!(plan.objective(), article().objective());
    assert_eq!(plan.machine().threads(), machine.threads());
    assert_eq!(plan.data().classes, images.classes);
    let info = plan.model_info();
    assert_eq!((info.rows, info.columns), (3, 4));
    assert_eq!(info.classes, images.classes);
    assert_eq!(info.labels_sha256, images.train.labels_sha256);
    assert_eq!((info.seed, info.holdout), (42, 0.2));
    let features = features();
    let plan = Plan::new(&wide(), &features, &machine).unwrap();
    assert_eq!(plan.layout().widths(), [PIXELS, 512, 256, 5]);
    assert!(plan.layout().layers()[0].bias.is_some());
    let info = plan.model_info();
    assert_eq!((info.rows, info.columns), (1, PIXELS));
    assert_eq!(info.labels_sha256, features.labels_sha256);
    for (epochs, eval_every, expected) in [
        (30, None, 1),
        (31, None, 3),
        (300, None, 25),
        (300, Some(7), 7),
        (300, Some(0), 0),
    ] {
        let options = TrainOptions {
            epochs,
            eval_every,
            ..article()
        };
        let plan = Plan::new(&options, &images, &machine).unwrap();
        assert_eq!(plan.settings().eval_every, Some(expected), "{epochs}");
    }
}

#[test]
fn mini_batches_are_kept_where_their_order_stays_and_there_is_room() {
    let (images, features) = (images(), features());
    let machine = machine(2);
    let batch = |engine: EngineKind| match engine {
        engine if engine.packs() => Door::Packed.kept_bytes(4, (3, 4)),
        _ => Door::Staged.kept_bytes(4, (3, 4)),
    };
    for &engine in engines(Dtype::F32) {
        let keeps = |shuffle: bool, memory: Option<u64>| {
            let options = TrainOptions {
                shuffle,
                memory: memory.map(Size),
                ..with(engine, Dtype::F32)
            };
            let plan = Plan::new(&options, &images, &machine).unwrap();
            plan.keeps_batches()
        };
        assert!(keeps(false, None), "{engine:?}");
        assert!(
            !keeps(true, None),
            "{engine:?}: every epoch has another order"
        );
        // Room for one mini-batch of 25, which matters to packed pixels only.
        let packs = engine.packs();
        assert_eq!(keeps(false, Some(batch(engine))), !packs, "{engine:?}");
        assert!(keeps(false, Some(25 * batch(engine))), "{engine:?}");
    }
    let plan = Plan::new(&article(), &features, &machine).unwrap();
    assert!(!plan.keeps_batches(), "features are in memory already");
}

#[test]
fn settings_of_a_plan_make_the_same_plan_again() {
    let (images, features) = (images(), features());
    let machine = machine(2);
    let mut all = Vec::new();
    for options in [article(), wide()] {
        for engine in [EngineKind::Auto, EngineKind::Naive, EngineKind::Blas] {
            for dtype in [Dtype::F32, Dtype::F64] {
                for eval_every in [None, Some(0), Some(3)] {
                    all.push(TrainOptions {
                        engine,
                        dtype,
                        eval_every,
                        ..options.clone()
                    });
                }
            }
        }
    }
    all.push(with(EngineKind::Simd, Dtype::F32));
    all.push(with(EngineKind::Fixed, Dtype::F32));
    for options in all {
        let data: [TrainingData<'_>; 2] = [(&images).into(), (&features).into()];
        let kinds = if options.engine.packs() { 1 } else { 2 };
        for data in data.into_iter().take(kinds) {
            let plan = Plan::new(&options, data.clone(), &machine).unwrap();
            let again = Plan::new(plan.settings(), data, &machine).unwrap();
            assert_eq!(again.settings(), plan.settings(), "{options:?}");
            assert_eq!(name(&again), name(&plan), "{options:?}");
            assert_eq!(again.layout(), plan.layout(), "{options:?}");
            assert_eq!(again.mini_batches(), plan.mini_batches(), "{options:?}");
            assert_eq!(again.keeps_batches(), plan.keeps_batches(), "{options:?}");
            assert_eq!(again.model_info(), plan.model_info(), "{options:?}");
            for epoch in 0..plan.settings().epochs {
                assert_eq!(
                    again.settings().evaluates_after(epoch),
                    options.evaluates_after(epoch),
                    "{options:?}, epoch {epoch}"
                );
            }
        }
    }
}

/// What the refusal of options names and says.
fn refused<'a>(options: &TrainOptions, data: impl Into<TrainingData<'a>>) -> (String, String) {
    let (data, machine): (TrainingData<'_>, _) = (data.into(), machine(1));
    match Plan::new(options, data, &machine) {
        Err(Error::Setting { setting, reason }) => (setting.to_owned(), reason),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("these options cannot be meant: {options:?}"),
    }
}

/// Asserts that a change of the article's settings is refused by this setting and with these words.
#[track_caller]
fn assert_refused(setting: &str, says: &str, change: impl FnOnce(&mut TrainOptions)) {
    let mut options = article();
    change(&mut options);
    let (found, reason) = refused(&options, &images());
    assert_eq!(found, setting, "{reason}");
    assert!(reason.contains(says), "expected '{says}': {reason}");
}

#[test]
fn settings_that_no_run_can_have_are_refused() {
    assert_refused("hidden", "at most 64 layers, found 65", |options| {
        options.hidden = vec![1; 65];
    });
    assert_refused("hidden", "found 0", |options| options.hidden = vec![5, 0]);
    assert_refused("hidden", "found 1048577", |options| {
        options.hidden = vec![(1 << 20) + 1];
    });
    assert_refused("threads", "found 257", |options| options.threads = 257);
    assert_refused("epochs", "found 0", |options| options.epochs = 0);
    for engine in [EngineKind::Simd, EngineKind::Fixed] {
        assert_refused("engine", "expected dtype f32", |options| {
            (options.engine, options.dtype) = (engine, Dtype::F64);
        });
    }
    assert_refused("batches", "found 0", |options| options.batches = Some(0));
    assert_refused("batch_size", "found 0", |options| {
        (options.batches, options.batch_size) = (None, Some(0));
    });
    assert_refused("batches", "found both", |options| {
        options.batch_size = Some(10);
    });
    assert_refused("batches", "found neither", |options| options.batches = None);
    for rate in [0.0, -1.0, 2e6, f64::NAN] {
        assert_refused("learning_rate", "a number above 0", |options| {
            options.learning_rate = rate;
        });
    }
    for momentum in [1.0, -0.1, f64::NAN] {
        assert_refused("momentum", "below 1", |options| options.momentum = momentum);
    }
    for factor in [-1.0, 2e6, f64::NAN, f64::INFINITY] {
        assert_refused("l1", "from 0 to 1e6", |options| options.l1 = factor);
        assert_refused("l2", "from 0 to 1e6", |options| options.l2 = factor);
    }
    for share in [1.0, -0.5, f64::NAN] {
        assert_refused("holdout", "below 1", |options| options.holdout = share);
    }
}

#[test]
fn settings_that_do_not_fit_the_data_are_refused() {
    assert_refused("holdout", "all 100 are held out", |options| {
        options.holdout = 0.999;
    });
    assert_refused("batches", "at most 80, one for each", |options| {
        options.batches = Some(81);
    });
    assert_refused("hidden", "", |options| {
        options.hidden = vec![1 << 20, 1 << 20];
    });
    let packed = |options: &mut TrainOptions, memory: u64| {
        options.engine = EngineKind::Fixed;
        options.memory = Some(Size(memory));
    };
    let least = Door::Packed.kept_bytes(4, (3, 4));
    let says = format!(
        "expected at least {least} bytes, for a batch of 4 images, found {}",
        least - 1
    );
    assert_refused("memory", &says, |options| packed(options, least - 1));
    let mut enough = article();
    packed(&mut enough, least);
    assert!(Plan::new(&enough, &images(), &machine(1)).is_ok());
    // Only packed pixels need that room.
    let staged = TrainOptions {
        engine: EngineKind::Blas,
        memory: Some(Size(1)),
        ..article()
    };
    assert!(Plan::new(&staged, &images(), &machine(1)).is_ok());
    for engine in [EngineKind::Simd, EngineKind::Fixed] {
        let (setting, reason) = refused(&with(engine, Dtype::F32), &features());
        assert_eq!(setting, "engine");
        assert!(reason.contains("found features"), "{reason}");
    }
    let nothing = random_dataset(3, 4, 0, 5, 3);
    let machine = machine(1);
    let refused = Plan::new(&article(), &nothing, &machine);
    assert!(matches!(
        refused,
        Err(Error::Array {
            array: "samples",
            ..
        })
    ));
}

/// What a type of numbers takes for 0 or for 1 would train nothing, unsaid.
#[test]
fn numbers_that_f32_takes_for_others_are_refused() {
    for (setting, change) in [
        (
            "learning_rate",
            TrainOptions {
                learning_rate: 1e-46,
                ..TrainOptions::default()
            },
        ),
        (
            "momentum",
            TrainOptions {
                momentum: 0.999_999_999_999,
                ..TrainOptions::default()
            },
        ),
    ] {
        let error = change.validate().unwrap_err();
        assert!(error.to_string().starts_with(setting), "{error}");
        assert!(error.to_string().contains("--dtype f64"), "{error}");
        let wide = TrainOptions {
            dtype: Dtype::F64,
            engine: EngineKind::Blas,
            ..change
        };
        wide.validate().unwrap();
    }
}
