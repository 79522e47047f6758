//! The parts of a run: reader, standardisation, a step, evaluation, each on the network and batch sizes that we ship.
//!
//! On a synthetic set of 7,680 images, so that it runs anywhere. Loading is not counted but where it is the subject. Whole
//! epochs against what the machine allows are `gingham bench`'s.

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use gingham::data::{Dataset, Standardizer, idx, synth};
use gingham::engine::EngineKind;
use gingham::engine::workspace::PixelScale;
use gingham::kernels::Level;
use gingham::model::Mlp;
use gingham::parallel::Threads;
use gingham::train::metrics::Evaluator;
use gingham::train::optimizer::Sgd;
use gingham::train::step::Trainer;
use gingham::train::{Preset, TrainOptions, evaluation_workspace, objective};

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
    let threads = Threads::new(threads, EngineKind::Blas).expect("a pool");
    let places: Vec<u32> = (0..IMAGES).collect();
    let fit = || Standardizer::fit(&DATASET.train.images, &places);
    bencher
        .counter(ItemsCount::new(IMAGES))
        .bench(|| threads.run(fit));
}

/// One step: (preset, engine, images of the batch).
#[divan::bench(args = [
    (Preset::Article, EngineKind::Naive, 1920), (Preset::Article, EngineKind::Blas, 1920),
    (Preset::Article, EngineKind::Fixed, 1920), (Preset::Wide, EngineKind::Blas, 128),
    (Preset::Wide, EngineKind::Fixed, 128), (Preset::Wide, EngineKind::Blas, 512),
    (Preset::Wide, EngineKind::Fixed, 512),
])]
fn step(bencher: Bencher<'_, '_>, (preset, engine, images): (Preset, EngineKind, u32)) {
    let options = TrainOptions::of(preset);
    let scale = PixelScale::new(&standardizer(), DATASET.train.images.shape(), engine);
    let optimizer = Sgd {
        learning_rate: options.learning_rate as f32,
        momentum: options.momentum as f32,
        level: Level::detect(),
    };
    let places: Vec<u32> = (0..images).collect();
    let threads = Threads::new(0, engine).expect("a pool");
    let (engine, objective, network) = (engine.engine(), objective(&options), network(&options));
    let data = &DATASET.train;
    let mut trainer = threads.run(|| {
        Trainer::new(
            engine,
            &optimizer,
            objective,
            data,
            &scale,
            network,
            images as usize,
        )
    });
    let errors: Vec<f64> = threads.run(|| (0..30).map(|_| trainer.step(&places)).collect());
    assert!(errors[29] < errors[0], "steps go down: {errors:?}");
    bencher
        .counter(ItemsCount::new(images))
        .bench_local(|| threads.run(|| trainer.step(&places)));
}

/// The accuracy on all images: (preset, engine).
#[divan::bench(args = [
    (Preset::Article, EngineKind::Blas), (Preset::Article, EngineKind::Fixed),
    (Preset::Wide, EngineKind::Blas), (Preset::Wide, EngineKind::Fixed),
])]
fn evaluate(bencher: Bencher<'_, '_>, (preset, engine): (Preset, EngineKind)) {
    let mlp = network(&TrainOptions::of(preset));
    let scale = PixelScale::<f32>::new(&standardizer(), DATASET.train.images.shape(), engine);
    let places: Vec<u32> = (0..IMAGES).collect();
    let threads = Threads::new(0, engine).expect("a pool");
    let mut workspace = threads.run(|| evaluation_workspace(&mlp, &scale));
    let engine = engine.engine();
    bencher.counter(ItemsCount::new(IMAGES)).bench_local(|| {
        threads.run(|| {
            Evaluator {
                engine,
                mlp: &mlp,
                scale: &scale,
                workspace: &mut workspace,
            }
            .accuracy(&DATASET.train, &places)
        })
    });
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
