use std::io::Write;
use std::ops::Range;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use gingham::cut::BlockLimits;
use gingham::data::{Dataset, Labelled, synth};
use gingham::engine::EngineKind;
use gingham::kernels::Level;
use gingham::machine::Machine;
use gingham::rng::{Purpose, Stream};
use gingham::scalar::{Dtype, Scalar};
use ndarray::ArrayView3;

pub const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Every engine that computes in floating point all through; in a build without BLAS the second one takes ndarray's own product.
pub const STAGED: [EngineKind; 2] = [EngineKind::Naive, EngineKind::Blas];

/// Every engine that computes in `dtype`: those that pack pixels are for `f32` only.
pub fn engines(dtype: Dtype) -> &'static [EngineKind] {
    use EngineKind::{Blas, Fixed, Naive, Simd};
    const ALL: [EngineKind; 4] = [Naive, Blas, Simd, Fixed];
    match dtype {
        Dtype::F32 => &ALL,
        Dtype::F64 => &STAGED,
    }
}

/// An IDX file of bytes.
pub fn idx(dimensions: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
    for dimension in dimensions {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes.extend(elements);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes the training files of a data set.
pub fn write_train(folder: &Path, rows: u32, columns: u32, pixels: &[u8], labels: &[u8]) {
    let count = u32::try_from(labels.len()).unwrap();
    let images = idx(&[count, rows, columns], pixels);
    std::fs::write(folder.join(TRAIN_IMAGES), images).unwrap();
    std::fs::write(folder.join(TRAIN_LABELS), idx(&[count], labels)).unwrap();
}

/// Images of so many rows and columns, one behind the other, with their labels.
pub fn labelled(rows: u32, columns: u32, pixels: &[u8], labels: &[u8]) -> Labelled {
    let shape = (labels.len(), rows as usize, columns as usize);
    let images = ArrayView3::from_shape(shape, pixels).unwrap();
    Labelled::from_arrays(images, labels).unwrap()
}

/// A data set of these training images.
pub fn dataset(rows: u32, columns: u32, pixels: &[u8], labels: &[u8]) -> Dataset {
    Dataset::new(labelled(rows, columns, pixels, labels), None).unwrap()
}

/// A data set of garments, `train` for training and `test` for the test, their classes in turn.
pub fn garments(train: u32, test: u32, seed: u32) -> Dataset {
    let images = |count: u32, first: u64| {
        let labels: Vec<u8> = (0..synth::CLASSES).cycle().take(count as usize).collect();
        let mut pixels = vec![0; labels.len() * 784];
        for ((index, &label), pixels) in (first..).zip(&labels).zip(pixels.chunks_exact_mut(784)) {
            synth::draw(seed, index, label, pixels);
        }
        labelled(28, 28, &pixels, &labels)
    };
    Dataset::new(images(train, 0), Some(images(test, 1 << 40))).unwrap()
}

/// A data set of random pixels, its labels in turn: every class has an image if there are as many.
pub fn random_dataset(rows: u32, columns: u32, images: usize, classes: u8, seed: u32) -> Dataset {
    let pixels = random_bytes(images * (rows * columns) as usize, seed);
    let labels: Vec<u8> = (0..classes).cycle().take(images).collect();
    dataset(rows, columns, &pixels, &labels)
}

pub fn random_bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut stream = Stream::new(seed, Purpose::Bench, 0);
    (0..count).map(|_| stream.below(256) as u8).collect()
}

/// A machine with so many threads.
pub fn machine(threads: usize) -> Machine {
    Machine::new(threads).unwrap()
}

/// The instructions that kernels may use here.
pub fn level() -> Level {
    machine(1).level()
}

/// Runs `work` where the library expects to be called: in a pool, with BLAS held to one thread.
pub fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    machine(threads).run(work)
}

/// The Euclidean length of the difference over that of `expected`.
///
/// # Panics
/// If the lists differ in length or there is nothing to compare with.
pub fn relative_error<T: Scalar>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let length = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    assert!(length > 0.0, "nothing to compare with");
    let difference = found
        .iter()
        .zip(expected)
        .map(|(found, expected)| (found.wide() - expected).powi(2));
    difference.sum::<f64>().sqrt() / length
}

pub fn wide<T: Scalar>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|number| number.wide()).collect()
}

/// The bytes of these numbers: equal where every bit is.
pub fn bytes_of<T: Scalar>(numbers: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        number.put_bytes(&mut bytes);
    }
    bytes
}

/// The parts that a weight matrix's rows or columns are cut into, by halving what is too large.
pub fn blocks(all: Range<usize>) -> Vec<Range<usize>> {
    match BlockLimits::FLOATING_POINT.half_of_rows(all.len()) {
        Some(half) => {
            let border = all.start + half;
            [blocks(all.start..border), blocks(border..all.end)].concat()
        }
        None => vec![all],
    }
}
