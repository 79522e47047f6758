//! The parts of a run: reader, standardisation, a step, evaluation, each on the network and batch sizes that we ship.
//!
//! On a synthetic set of 7,680 images, so that it runs anywhere. Loading is not counted but where it is the subject. Whole
//! epochs against what the machine allows are `gingham bench`'s.

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use gingham::data::{Dataset, Images, Standardizer, idx, synth};
use gingham::engine::{Engine, EngineKind, Simd};
use gingham::evaluate::accuracy;
use gingham::input::packed::Float;
use gingham::input::{Batch, Input, InputSizes, Packed, Staged};
use gingham::machine::Machine;
use gingham::model::Mlp;
use gingham::network::{Memory, MemoryUse, Pass};
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::{Setup, Stepper};
use gingham::train::{Preset, TrainOptions};

const IMAGES: u32 = 7680;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    synth::write(&folder.path().join("set"), IMAGES, 1, 1).expect("a synthetic set");
    folder
});

static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
    Dataset::open(&FOLDER.path().join("set")).expect("the set that was just written")
});

fn main() {
    divan::main();
}

/// Opens the folder: maps, checks, copies and digests labels.
#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let folder = FOLDER.path().join("set");
    LazyLock::force(&DATASET);
    bencher.bench(|| Dataset::open(&folder));
}

/// Believes a header.
#[divan::bench]
fn header(bencher: Bencher<'_, '_>) {
    let bytes = std::fs::read(FOLDER.path().join("set").join("train-images-idx3-ubyte"))
        .expect("the images");
    assert_eq!(
        idx::whole(&bytes, idx::Content::Images)
            .expect("a sound file")
            .count,
        IMAGES as usize
    );
    bencher.bench(|| idx::whole(divan::black_box(&bytes), idx::Content::Images));
}

/// Means and deviations of all pixels.
#[divan::bench(args = [1, 0])]
fn standardize(bencher: Bencher<'_, '_>, threads: usize) {
    let machine = Machine::new(threads).expect("a pool");
    let indices: Vec<u32> = (0..IMAGES).collect();
    let fit = || Standardizer::fit(&DATASET.train.images, &indices);
    bencher
        .counter(ItemsCount::new(IMAGES))
        .bench(|| machine.run(fit));
}

/// One step: (preset, engine, images of the batch).
#[divan::bench(args = [
    (Preset::Article, EngineKind::Naive, 1920), (Preset::Article, EngineKind::Blas, 1920),
    (Preset::Article, EngineKind::Simd, 1920), (Preset::Article, EngineKind::Fixed, 1920),
    (Preset::Wide, EngineKind::Blas, 128), (Preset::Wide, EngineKind::Simd, 128),
    (Preset::Wide, EngineKind::Fixed, 128), (Preset::Wide, EngineKind::Blas, 512),
    (Preset::Wide, EngineKind::Fixed, 512),
])]
fn step(bencher: Bencher<'_, '_>, (preset, engine, images): (Preset, EngineKind, u32)) {
    let options = TrainOptions::of(preset);
    let machine = Machine::for_engine(0, engine).expect("a pool");
    let standardizer = standardizer();
    let setup = Setup {
        mlp: network(&options),
        optimizer: Box::new(Sgd {
            nesterov: false,
            momentum: options.momentum as f32,
            level: machine.level(),
        }),
        learning_rate: options.learning_rate,
        recipe: Recipe::default(),
        class_weights: Vec::new(),
        objective: options.objective(),
        batch: images as usize,
        level: machine.level(),
    };
    let bencher = bencher.counter(ItemsCount::new(images));
    let data: &Images = &DATASET.train.images;
    if engine == EngineKind::Fixed {
        let stepper = machine.run(|| Stepper::packed(setup, data.shape(), &standardizer));
        steps::<Packed>(bencher, &machine, stepper, data);
    } else if engine == EngineKind::Simd {
        let stepper = machine.run(|| Stepper::packed(setup, data.shape(), &standardizer));
        steps::<Packed<Float>>(bencher, &machine, stepper, data);
    } else {
        let stepper = machine.run(|| Stepper::staged(setup, engine, &standardizer));
        steps::<Staged<f32>>(bencher, &machine, stepper, data);
    }
}

/// Steps on one mini-batch, over and over, after it was seen that they go down.
fn steps<D: Input>(
    bencher: Bencher<'_, '_>,
    machine: &Machine,
    mut stepper: Stepper<D>,
    source: &D::Source,
) {
    let indices: Vec<u32> = (0..stepper.memory.capacity() as u32).collect();
    let batch = Batch {
        source,
        labels: &DATASET.train.labels,
        indices: &indices,
        kept: None,
        augmented: None,
        trains: true,
    };
    let mut error = || {
        stepper.step(&batch);
        stepper.error(0, &batch)
    };
    let errors: Vec<f64> = machine.run(|| (0..30).map(|_| error()).collect());
    assert!(errors[29] < errors[0], "steps go down: {errors:?}");
    bencher.bench_local(|| machine.run(|| stepper.step(&batch)));
}

/// The accuracy on all images: (preset, engine).
#[divan::bench(args = [
    (Preset::Article, EngineKind::Blas), (Preset::Article, EngineKind::Simd),
    (Preset::Article, EngineKind::Fixed), (Preset::Wide, EngineKind::Blas),
    (Preset::Wide, EngineKind::Simd), (Preset::Wide, EngineKind::Fixed),
])]
fn evaluate(bencher: Bencher<'_, '_>, (preset, engine): (Preset, EngineKind)) {
    let mlp = network(&TrainOptions::of(preset));
    let machine = Machine::for_engine(0, engine).expect("a pool");
    let sizes = InputSizes {
        layer: &mlp.layout.layers()[0],
        is_output: false,
        batch: BATCH,
        trains: false,
        level: machine.level(),
    };
    let bencher = bencher.counter(ItemsCount::new(IMAGES));
    let asked = Asked {
        machine: &machine,
        engine,
        mlp: &mlp,
    };
    let data: &Images = &DATASET.train.images;
    if engine == EngineKind::Fixed {
        let door = Packed::new(&sizes, data.shape());
        ask::<Packed>(bencher, &asked, door, data);
    } else if engine == EngineKind::Simd {
        let door = Packed::new(&sizes, data.shape());
        ask::<Packed<Float>>(bencher, &asked, door, data);
    } else {
        let door = Staged::new(engine.of_staged(), &sizes);
        ask::<Staged<f32>>(bencher, &asked, door, data);
    }
}

/// Images that are asked about at a time.
const BATCH: usize = 1920;

/// A network that is asked about all images.
struct Asked<'a> {
    machine: &'a Machine,
    engine: EngineKind,
    mlp: &'a Mlp<f32>,
}

/// Asks over and over.
fn ask<D: Input<Number = f32>>(
    bencher: Bencher<'_, '_>,
    asked: &Asked<'_>,
    door: D,
    source: &D::Source,
) {
    let Asked {
        machine,
        engine,
        mlp,
    } = *asked;
    let products: &dyn Engine<f32> = if engine.packs() {
        Simd::at(machine.level())
    } else {
        engine.of_staged()
    };
    let pass = Pass::<D> {
        engine: products,
        mlp,
        scale: &D::scale(&standardizer(), (28, 28)),
    };
    let (purpose, level) = (MemoryUse::Evaluation, machine.level());
    let mut memory = machine.run(|| Memory::new(door, &mlp.layout, BATCH, purpose, level));
    let (labels, indices) = (&DATASET.train.labels, (0..IMAGES).collect::<Vec<u32>>());
    let batches = || {
        indices.chunks(BATCH).map(|indices| Batch {
            source,
            labels,
            indices,
            kept: None,
            augmented: None,
            trains: false,
        })
    };
    bencher.bench_local(|| machine.run(|| accuracy(&mut memory, &pass, batches())));
}

fn standardizer() -> Standardizer {
    Standardizer::fit(&DATASET.train.images, &(0..IMAGES).collect::<Vec<_>>())
}

fn network(options: &TrainOptions) -> Mlp<f32> {
    let layout = options.layout(784, 10).expect("a preset's network");
    let parameters = options.init.parameters(&layout, 42);
    Mlp {
        layout,
        parameters,
        activation: options.activation,
        output: options.output,
    }
}
