//! What is allocated, counted: nothing by a step of training, and nothing on the word of a file's header.
//!
//! Allocations are counted for the threads that a test names, so neither the test harness nor another test can be seen in a
//! count. OpenBLAS keeps its buffers by means of its own, which are not counted: what this shows is our side.

// A global allocator is an unsafe trait. This one hands every call to the system's, and counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gingham::data::{
    Augmentation, Dataset, IdxError, Images, Labelled, SampleSource, Standardizer, synth,
};
use gingham::engine::EngineKind;
use gingham::error::Error;
use gingham::explore::{Statistics, mean_image};
use gingham::input::packed::Float;
use gingham::input::{Batch, Door, Input, Packed, Staged};
use gingham::machine::Machine;
use gingham::model::{Activation, Init, Layout as NetworkLayout, Mlp, Output};
use gingham::network::footprint::Footprint;
use gingham::network::{ErrorForm, MemoryUse};
use gingham::scalar::{Dtype, Scalar};
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::{Setup, Stepper};
use gingham::train::{L1Form, Objective, Reduction, Regularizer};
use ndarray::ArrayView3;

/// What the threads that carry it did.
#[derive(Default)]
struct Count {
    calls: AtomicUsize,
    bytes: AtomicUsize,
}

impl Count {
    /// One that lives for ever, so that a thread may carry it as long as it likes.
    fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

thread_local! {
    /// Without a destructor and known at compile time: looking at it allocates nothing.
    static CARRIED: Cell<Option<&'static Count>> = const { Cell::new(None) };
}

/// The system's allocator, counting new blocks and grown ones.
struct Counting;

fn count(bytes: usize) {
    if let Some(count) = CARRIED.get() {
        count.calls.fetch_add(1, Ordering::SeqCst);
        count.bytes.fetch_add(bytes, Ordering::SeqCst);
    }
}

// SAFETY: every method hands its arguments to the system's allocator and returns its answer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is the one that the system's allocator asks for; so below.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A network and a job for it.
struct Job {
    hidden: &'static [usize],
    biases: bool,
    momentum: f64,
    objective: Objective,
    /// Images of the largest batch, and of a smaller one.
    batches: [u32; 2],
}

const ARTICLE: Job = Job {
    hidden: &[50],
    biases: false,
    momentum: 0.0,
    objective: Objective {
        reduction: Reduction::Sum,
        regularizer: Regularizer {
            l1: 0.0,
            l1_form: L1Form::Linear,
            l2: 0.5,
        },
        error: ErrorForm::Article,
    },
    batches: [320, 319],
};

/// Two hidden layers cut into several blocks, momentum, biases, both regularisers, a tail.
const WIDE: Job = Job {
    hidden: &[300, 40],
    biases: true,
    momentum: 0.9,
    objective: Objective {
        reduction: Reduction::Mean,
        regularizer: Regularizer {
            l1: 1e-4,
            l1_form: L1Form::Sign,
            l2: 1e-3,
        },
        error: ErrorForm::Objective,
    },
    batches: [100, 9],
};

/// A batch of one image and layers of one unit: matrices of one row, one column and one number, before and behind wide layers.
const NARROW: Job = Job {
    hidden: &[1, 300, 1, 20],
    batches: [40, 1],
    ..WIDE
};

/// Twenty garments.
fn synthetic() -> Labelled {
    let labels: Vec<u8> = (0..synth::CLASSES).cycle().take(20).collect();
    let mut pixels = vec![0; 20 * 784];
    for ((index, &label), pixels) in (0..).zip(&labels).zip(pixels.chunks_exact_mut(784)) {
        synth::draw(1, index, label, pixels);
    }
    let images = ArrayView3::from_shape((20, 28, 28), &pixels).unwrap();
    Labelled::from_arrays(images, &labels).unwrap()
}

/// What a stepper for `job` begins with.
fn setup<T: Scalar>(job: &Job, machine: &Machine) -> Setup<T> {
    let widths = [&[784], job.hidden, &[usize::from(synth::CLASSES)]].concat();
    let layout = NetworkLayout::new(&widths, job.biases);
    Setup {
        mlp: Mlp {
            parameters: Init::Xavier.parameters(&layout, 3),
            layout,
            activation: Activation::Sigmoid,
            output: Output::Softmax,
        },
        optimizer: Box::new(Sgd {
            nesterov: false,
            momentum: T::of(job.momentum),
            level: machine.level(),
        }),
        learning_rate: 1e-3,
        recipe: Recipe::default(),
        class_weights: Vec::new(),
        objective: job.objective,
        batch: job.batches[0] as usize,
        level: machine.level(),
    }
}

/// How mini-batches are taken in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Read,
    Kept,
    Changed,
}

/// Allocations of the first step of a stepper, and of thirty more.
fn allocations<D: Input>(
    job: &Job,
    machine: &Machine,
    (source, labels): (&D::Source, &[u8]),
    form: Form,
    start: impl FnOnce() -> Stepper<D> + Send,
) -> [usize; 2] {
    const STEPS: usize = 30;
    // A batch may hold an image more than once.
    let batches = job
        .batches
        .map(|images| (0..20).cycle().take(images as usize).collect::<Vec<u32>>());
    let counted = Count::new();
    let changes = Augmentation {
        flip: true,
        shift: 2,
        erase: 0.5,
    };
    machine.run(|| {
        let mut stepper = start();
        let kept = batches.each_ref().map(|indices| {
            let input = stepper.memory.input();
            (form == Form::Kept).then(|| input.keep(&stepper.scale, source, indices))
        });
        let batch = |number: usize| Batch::<D> {
            source,
            labels,
            indices: &batches[number],
            kept: kept[number].as_ref(),
            augmented: (form == Form::Changed).then(|| changes.of_epoch(3, number)),
            trains: true,
        };
        rayon::broadcast(|_| CARRIED.set(Some(counted)));
        stepper.step(&batch(0));
        let first = counted.calls();
        let mut sum = stepper.error(0, &batch(0));
        for step in 0..STEPS {
            if step == STEPS / 2 {
                stepper.memory.time(Some(Instant::now)); // without a clock and with one
            }
            let batch = batch((step + 1) % 2);
            stepper.step(&batch);
            sum += stepper.error(0, &batch);
        }
        // The two verbs of phase 2 apart, and what is between them.
        stepper.forward_and_backward(&batch(0));
        stepper.take_gradient(&batch(0));
        sum += stepper.networks[0].gradient().len() as f64;
        stepper.update(&batch(0));
        let all = counted.calls();
        assert!(sum.is_finite() && stepper.networks[0].state.step == 2 + STEPS as u64);
        // The count sees the threads that it is meant to see.
        rayon::broadcast(|_| drop(std::hint::black_box(Box::new(7))));
        assert!(counted.calls() >= all + rayon::current_num_threads());
        [first, all - first]
    })
}

fn a_step_allocates_nothing(job: &Job) {
    let data = synthetic();
    let standardizer = Standardizer::fit(&data.images, &(0..20).collect::<Vec<u32>>());
    use EngineKind::{Blas, Fixed, Naive, Simd};
    for kind in [Naive, Blas, Simd, Fixed] {
        if kind == Blas && !cfg!(feature = "blas") {
            continue; // ndarray's own product packs its operands in memory that it allocates for each call
        }
        let forms = [Form::Read, Form::Kept, Form::Changed];
        for (threads, form) in forms.iter().flat_map(|&form| [(1, form), (2, form)]) {
            let machine = Machine::new(threads).unwrap();
            let images: &Images = &data.images;
            let samples = (images, &data.labels[..]);
            let [_, later] = if kind == Simd {
                allocations::<Packed<Float>>(job, &machine, samples, form, || {
                    Stepper::packed(setup(job, &machine), images.shape(), &standardizer)
                })
            } else if kind == Fixed {
                allocations::<Packed>(job, &machine, samples, form, || {
                    Stepper::packed(setup(job, &machine), images.shape(), &standardizer)
                })
            } else {
                let images: &dyn SampleSource = &data.images;
                let samples = (images, &data.labels[..]);
                allocations::<Staged<f32>>(job, &machine, samples, form, || {
                    Stepper::staged(setup(job, &machine), kind, &standardizer)
                })
            };
            assert_eq!(
                later, 0,
                "{kind:?}, {threads} threads, {form:?}: allocations in the steps after the first"
            );
        }
    }
}

#[test]
fn a_step_of_the_articles_network_allocates_nothing() {
    a_step_allocates_nothing(&ARTICLE);
}

#[test]
fn a_step_of_a_wide_network_allocates_nothing() {
    a_step_allocates_nothing(&WIDE);
}

#[test]
fn a_step_of_one_image_or_one_unit_allocates_nothing() {
    a_step_allocates_nothing(&NARROW);
}

/// Bytes that this thread asks for while it runs `work`.
fn bytes_of(work: impl FnOnce()) -> usize {
    let counted = Count::new();
    CARRIED.set(Some(counted));
    work();
    CARRIED.set(None);
    counted.bytes.load(Ordering::SeqCst)
}

#[test]
fn the_memory_of_the_steps_is_known_beforehand() {
    let data = synthetic();
    let standardizer = Standardizer::fit(&data.images, &(0..20).collect::<Vec<u32>>());
    let near = |asked: usize, footprint: u64, what: &str| {
        let share = footprint as f64 / asked as f64;
        assert!(
            (0.8..1.3).contains(&share),
            "{what}: {footprint} of {asked} bytes"
        );
    };
    for (job, threads) in [(&ARTICLE, 1), (&ARTICLE, 2), (&WIDE, 1), (&WIDE, 2)] {
        let machine = Machine::new(threads).unwrap();
        let layout = setup::<f32>(job, &machine).mlp.layout;
        let footprint = |door, dtype| Footprint {
            layout: &layout,
            dtype,
            door,
            shape: (28, 28),
            batch: job.batches[0] as usize,
            purpose: MemoryUse::Training,
            threads,
        };
        let slots = usize::from(job.momentum > 0.0);
        let numbers = layout.parameters() * (1 + slots); // with the gradient
        let staged = |numbers: usize, dtype: Dtype| {
            footprint(Door::Staged, dtype).bytes() + (numbers * dtype.bytes()) as u64
        };
        let of_f32 = machine.install(|| {
            let setup = setup::<f32>(job, &machine);
            bytes_of(|| drop(Stepper::staged(setup, EngineKind::Blas, &standardizer)))
        });
        near(of_f32, staged(numbers, Dtype::F32), "f32");
        let of_f64 = machine.install(|| {
            let setup = setup::<f64>(job, &machine);
            bytes_of(|| drop(Stepper::staged(setup, EngineKind::Blas, &standardizer)))
        });
        near(of_f64, staged(numbers, Dtype::F64), "f64");
        let packed = machine.install(|| {
            let setup = setup::<f32>(job, &machine);
            bytes_of(|| drop(Stepper::<Packed>::packed(setup, (28, 28), &standardizer)))
        });
        let float = machine.install(|| {
            let setup = setup::<f32>(job, &machine);
            bytes_of(|| {
                drop(Stepper::<Packed<Float>>::packed(
                    setup,
                    (28, 28),
                    &standardizer,
                ))
            })
        });
        let bytes = footprint(Door::Packed, Dtype::F32).bytes() + (numbers * 4) as u64;
        near(packed, bytes, "packed, in integers");
        let bytes = footprint(Door::PackedFloat, Dtype::F32).bytes() + (numbers * 4) as u64;
        near(float, bytes, "packed, in f32");
    }
}

#[test]
fn statistics_cost_nothing_for_each_class_and_pixel() {
    // 256 classes of 128 x 128 pixels are 32 MB of sums, if all are kept at once.
    const MOST: usize = 1 << 20;
    let pixels = vec![7; 4 * 128 * 128];
    let images = ArrayView3::from_shape((4, 128, 128), &pixels).unwrap();
    let data = Labelled::from_arrays(images, &[0, 255, 1, 7]).unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let asked = pool.install(|| {
        bytes_of(|| {
            let found = Statistics::of(&data, 256);
            assert_eq!(found.class_counts[255], 1);
            assert_eq!(mean_image(&data, 255)[0], 7.0);
        })
    });
    assert!(asked < MOST, "{asked} bytes");
}

#[test]
fn a_header_that_promises_the_moon_costs_nothing() {
    // 2.3e18 bytes, 9.9e9 bytes and 1.7e9 bytes of pixels; 72 are there. What is allowed is what a decoder and its buffers take.
    const MOST: usize = 1 << 20;
    let images = |dimensions: [u32; 3]| {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend(
            dimensions
                .iter()
                .flat_map(|dimension| dimension.to_be_bytes()),
        );
        bytes.resize(16 + 72, 0);
        bytes
    };
    let put =
        |folder: &Path, name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    for dimensions in [
        [u32::MAX, 32_767, 16_383],
        [1, 99_999, 99_999],
        [2_200_000, 28, 28],
    ] {
        let bytes = images(dimensions);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &bytes).unwrap();
        let packed = encoder.finish().unwrap();
        for (name, bytes) in [
            ("train-images-idx3-ubyte", &bytes),
            ("train-images-idx3-ubyte.gz", &packed),
        ] {
            let folder = tempfile::tempdir().unwrap();
            put(folder.path(), name, bytes);
            let asked = bytes_of(|| assert!(Dataset::open(folder.path()).is_err()));
            assert!(asked < MOST, "{dimensions:?}, {name}: {asked} bytes");
        }
    }
}

#[test]
fn a_packed_file_of_zeros_costs_what_its_header_accounts_for() {
    // A bomb: 64 MB of zeros behind a header that promises 10 labels.
    const MOST: usize = 1 << 20;
    let mut bytes = vec![0, 0, 8, 1, 0, 0, 0, 10];
    bytes.resize(64 << 20, 0);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let images = [
        &[0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 1][..],
        &[0; 10],
    ]
    .concat();
    std::fs::write(folder.path().join("train-images-idx3-ubyte"), images).unwrap();
    std::fs::write(
        folder.path().join("train-labels-idx1-ubyte.gz"),
        encoder.finish().unwrap(),
    )
    .unwrap();
    let asked = bytes_of(|| {
        let error = Dataset::open(folder.path()).unwrap_err();
        let size = IdxError::Size {
            expected: 18,
            found: 19,
        };
        assert!(
            matches!(&error, Error::Idx { source, .. } if *source == size),
            "{error:?}"
        );
    });
    assert!(asked < MOST, "{asked} bytes");
}

#[test]
fn packed_images_are_not_unpacked_before_their_labels_agree() {
    // 64 MB of images that are all there, and three labels.
    const MOST: usize = 1 << 20;
    const COUNT: u32 = 1 << 16;
    let mut bytes = vec![0, 0, 8, 3];
    for dimension in [COUNT, 32, 32] {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes.resize(16 + (64 << 20), 0);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("train-images-idx3-ubyte.gz", &encoder.finish().unwrap());
    put(
        "train-labels-idx1-ubyte",
        &[0, 0, 8, 1, 0, 0, 0, 3, 0, 0, 0],
    );
    let asked = bytes_of(|| {
        let error = Dataset::open(folder.path()).unwrap_err();
        assert!(matches!(&error, Error::Mismatch { .. }), "{error:?}");
    });
    assert!(asked < MOST, "{asked} bytes");
}
