//! Every product of a training step reaches BLAS, counted and compared with what the step's shapes demand.
//!
//! ndarray leaves BLAS without a word where strides or sizes do not suit it. So this program brings its own `cblas_sgemm` and
//! `cblas_dgemm`: the linker takes a symbol from the program's own object files before it looks into any library,
//! shared or static, and every product of the `blas` engine comes here, is noted, and is computed by plain loops.

#![cfg(feature = "blas")]
// Functions under C's names, with C's pointers.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ops::Range;
use std::sync::Mutex;

use gingham::cut::{BlockLimits, chunk_images};
use gingham::data::{Labelled, Standardizer, synth};
use gingham::engine::EngineKind;
use gingham::input::packed::{Float, Products, Quantized};
use gingham::input::{Batch, Packed, Staged};
use gingham::machine::Machine;
use gingham::model::{Activation, Init, Layout, Mlp, Output};
use gingham::network::ErrorForm;
use gingham::scalar::Scalar;
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::{Setup, Stepper};
use gingham::train::{L1Form, Objective, Reduction, Regularizer};
use ndarray::ArrayView3;

/// A product as BLAS is asked for it: rows, columns, length of the sums, and whether it is added to what is there.
type Call = (usize, usize, usize, bool);

/// The calls since they were last taken. One test at a time: see [`calls_of`].
static CALLS: Mutex<Vec<Call>> = Mutex::new(Vec::new());

/// The values of `CBLAS_LAYOUT` and `CBLAS_TRANSPOSE` that ndarray uses.
const ROW_MAJOR: c_int = 101;
const COLUMN_MAJOR: c_int = 102;
const AS_IT_IS: c_int = 111;
const TRANSPOSED: c_int = 112;

/// How a matrix lies in memory, as BLAS describes it.
#[derive(Clone, Copy)]
struct Lies {
    layout: c_int,
    transposed: c_int,
    leading: c_int,
}

/// A matrix behind a C pointer.
struct Matrix<T> {
    start: *mut T,
    down: usize,
    right: usize,
}

impl<T> Matrix<T> {
    /// A matrix of `(rows, columns)` after it was transposed where that is asked for.
    ///
    /// # Panics
    /// If rows or columns overlap: the leading dimension is too small, which BLAS refuses too.
    fn new(start: *mut T, lies: Lies, (rows, columns): (usize, usize)) -> Self {
        let leading = usize::try_from(lies.leading).unwrap();
        let Lies {
            layout, transposed, ..
        } = lies;
        assert!(
            [AS_IT_IS, TRANSPOSED].contains(&transposed),
            "operation {transposed}"
        );
        let row_major = match layout {
            ROW_MAJOR => transposed == AS_IT_IS,
            COLUMN_MAJOR => transposed == TRANSPOSED,
            _ => panic!("layout {layout}"),
        };
        let (down, right) = if row_major {
            (leading, 1)
        } else {
            (1, leading)
        };
        assert!(
            leading >= if row_major { columns } else { rows },
            "leading dimension {leading}"
        );
        Self { start, down, right }
    }

    /// # Safety
    /// The element must be within the matrix, and the matrix within memory that may be read and written.
    unsafe fn at(&self, row: usize, column: usize) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.start.add(row * self.down + column * self.right) }
    }
}

/// What both functions do: `c = alpha a b + beta c`.
///
/// # Safety
/// The matrices must be of the sizes that `sizes` says (rows, columns, terms), in memory that may be read, and for `c` written.
unsafe fn product<T: Scalar>(
    sizes: [c_int; 3],
    [alpha, beta]: [T; 2],
    [a, b]: [&Matrix<T>; 2],
    c: &Matrix<T>,
) {
    let [rows, columns, terms] = sizes.map(|size| usize::try_from(size).unwrap());
    assert!(
        alpha == T::one() && (beta == T::zero() || beta == T::one()),
        "factors {alpha} {beta}"
    );
    CALLS
        .lock()
        .unwrap()
        .push((rows, columns, terms, beta == T::one()));
    for row in 0..rows {
        for column in 0..columns {
            // SAFETY: within the sizes that the caller promises.
            unsafe {
                let sum = (0..terms)
                    .map(|term| *a.at(row, term) * *b.at(term, column))
                    .sum::<T>();
                let place = c.at(row, column);
                *place = if beta == T::zero() { sum } else { *place + sum };
            }
        }
    }
}

/// Defines one of BLAS's two names.
macro_rules! gemm {
    ($name:ident, $scalar:ty) => {
        /// BLAS's product, noted down and computed by plain loops.
        ///
        /// # Safety
        /// As BLAS asks: matrices of these sizes, layouts and leading dimensions.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            layout: c_int,
            transposed_a: c_int,
            transposed_b: c_int,
            rows: c_int,
            columns: c_int,
            terms: c_int,
            alpha: $scalar,
            a: *const $scalar,
            leading_a: c_int,
            b: *const $scalar,
            leading_b: c_int,
            beta: $scalar,
            c: *mut $scalar,
            leading_c: c_int,
        ) {
            let [m, n, k] = [rows, columns, terms].map(|size| usize::try_from(size).unwrap());
            let lies = |transposed, leading| Lies {
                layout,
                transposed,
                leading,
            };
            let a = Matrix::new(a.cast_mut(), lies(transposed_a, leading_a), (m, k));
            let b = Matrix::new(b.cast_mut(), lies(transposed_b, leading_b), (k, n));
            let c = Matrix::new(c, lies(AS_IT_IS, leading_c), (m, n));
            // SAFETY: BLAS's own conditions, which ndarray meets; `a` and `b` are read only.
            unsafe { product([rows, columns, terms], [alpha, beta], [&a, &b], &c) }
        }
    };
}

gemm!(cblas_sgemm, f32);
gemm!(cblas_dgemm, f64);

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

/// What a stepper on mini-batches of up to `capacity` images begins with.
fn setup<T: Scalar>(hidden: &[usize], capacity: usize, machine: &Machine) -> Setup<T> {
    let layout = Layout::new(&[&[784], hidden, &[10]].concat(), false);
    Setup {
        mlp: Mlp {
            parameters: Init::Xavier.parameters(&layout, 3),
            layout,
            activation: Activation::Sigmoid,
            output: Output::Sigmoid,
        },
        optimizer: Box::new(Sgd {
            nesterov: false,
            momentum: T::zero(),
            level: machine.level(),
        }),
        learning_rate: 0.01,
        recipe: Recipe::default(),
        class_weights: Vec::new(),
        objective: Objective {
            reduction: Reduction::Sum,
            regularizer: Regularizer {
                l1: 0.0,
                l1_form: L1Form::Linear,
                l2: 0.5,
            },
            error: ErrorForm::Article,
        },
        batch: capacity,
        level: machine.level(),
    }
}

/// What `step` returns, and the calls that it makes, sorted. `step` gets a machine, twenty images, what scales them, and the
/// indices of `images` of them.
fn calls_of<R>(
    images: usize,
    step: impl FnOnce(&Machine, &Labelled, &Standardizer, &[u32]) -> R,
) -> (Vec<Call>, R) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _mine = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|failed| failed.into_inner());
    let data = synthetic();
    let indices: Vec<u32> = (0..20).cycle().take(images).collect();
    let standardizer = Standardizer::fit(&data.images, &indices);
    let machine = Machine::new(2).unwrap();
    CALLS
        .lock()
        .unwrap_or_else(|failed| failed.into_inner())
        .clear();
    let result = step(&machine, &data, &standardizer, &indices);
    let mut calls = std::mem::take(&mut *CALLS.lock().unwrap());
    calls.sort_unstable();
    (calls, result)
}

/// The calls of one step in floating point on `images` images, sorted, and the parameters after it.
fn calls_in_floating_point<T: Scalar>(
    kind: EngineKind,
    hidden: &[usize],
    images: usize,
    capacity: usize,
) -> (Vec<Call>, Vec<T>) {
    calls_of(images, |machine, data, standardizer, indices| {
        machine.run(|| {
            let setup = setup(hidden, capacity, machine);
            let mut stepper = Stepper::<Staged<T>>::staged(setup, kind, standardizer);
            stepper.step(&Batch {
                source: &data.images,
                labels: &data.labels,
                indices,
                kept: None,
                augmented: None,
                trains: true,
            });
            stepper.networks.swap_remove(0).state.mlp.parameters
        })
    })
}

/// The calls of one step with products of packed pixels, sorted.
fn calls_by<P: Products>(hidden: &[usize], images: usize, capacity: usize) -> Vec<Call> {
    let step =
        |machine: &Machine, data: &Labelled, standardizer: &Standardizer, indices: &[u32]| {
            machine.run(|| {
                let setup = setup(hidden, capacity, machine);
                let mut stepper = Stepper::<Packed<P>>::packed(setup, (28, 28), standardizer);
                stepper.step(&Batch {
                    source: &data.images,
                    labels: &data.labels,
                    indices,
                    kept: None,
                    augmented: None,
                    trains: true,
                });
            });
        };
    calls_of(images, step).0
}

/// Layers of up to so many units have their gradient taken task by task, others block by block. Where exactly the border lies is
/// a matter of speed: the layers here keep clear of it.
const NARROW_UNITS: usize = 128;

/// The parts that a weight matrix's rows or columns are cut into, by halving what is too large.
fn blocks(all: Range<usize>) -> Vec<Range<usize>> {
    match BlockLimits::FLOATING_POINT.half_of_rows(all.len()) {
        Some(half) => {
            let border = all.start + half;
            [blocks(all.start..border), blocks(border..all.end)].concat()
        }
        None => vec![all],
    }
}

/// What all layers must ask for in a step of `images` images in tasks of `task`, sorted.
fn expected(hidden: &[usize], images: usize, task: usize) -> Vec<Call> {
    let tasks: Vec<usize> = (0..images)
        .step_by(task)
        .map(|start| task.min(images - start))
        .collect();
    let mut widths = vec![784];
    widths.extend(hidden);
    widths.push(10);
    let mut calls = Vec::new();
    for (layer, pair) in widths.windows(2).enumerate() {
        let (inputs, outputs) = (pair[0], pair[1]);
        for (number, &images) in tasks.iter().enumerate() {
            calls.push((images, outputs, inputs, false));
            if layer > 0 {
                calls.push((images, inputs, outputs, false));
            }
            if outputs <= NARROW_UNITS {
                calls.push((outputs, inputs, images, false));
                continue;
            }
            for rows in blocks(0..outputs) {
                let columns = blocks(0..inputs).into_iter();
                calls
                    .extend(columns.map(|columns| (rows.len(), columns.len(), images, number > 0)));
            }
        }
    }
    calls.sort_unstable();
    calls
}

#[test]
fn every_product_of_the_articles_step_reaches_blas() {
    let task = chunk_images(1920);
    let expected = expected(&[50], 1920, task);
    // Of each task: both layers forward, back through the second one, both layers' gradients.
    assert_eq!(expected.len(), 5 * 1920_usize.div_ceil(task));
    assert_eq!(
        calls_in_floating_point::<f32>(EngineKind::Blas, &[50], 1920, 1920).0,
        expected
    );
    assert_eq!(
        calls_in_floating_point::<f64>(EngineKind::Blas, &[50], 1920, 1920).0,
        expected
    );
}

#[test]
fn every_product_of_other_steps_reaches_blas() {
    // Wide layers in blocks; a tail; one image alone, and with one unit, whose matrices have one row or one column.
    for (hidden, images) in [
        (&[300, 270][..], 128),
        (&[], 100),
        (&[50], 241),
        (&[50], 1),
        (&[1], 40),
        (&[1], 1),
        (&[20, 1, 20], 33),
        (&[1, 300], 33),
        (&[1, 300, 1], 1),
    ] {
        let task = chunk_images(300);
        let found = calls_in_floating_point::<f32>(EngineKind::Blas, hidden, images, 300).0;
        assert_eq!(
            found,
            expected(hidden, images, task),
            "{hidden:?}, {images} images"
        );
    }
}

#[test]
fn engines_that_pack_pixels_ask_nothing_of_blas() {
    for (hidden, images) in [(&[300, 270][..], 128), (&[], 100), (&[1], 1)] {
        assert_eq!(calls_by::<Float>(hidden, images, 300), []);
        assert_eq!(calls_by::<Quantized>(hidden, images, 300), []);
    }
}

#[test]
fn the_counted_product_is_the_product() {
    // And so what was counted is what the step is made of. Plain loops all through, in f64: rounding alone differs.
    const TOLERANCE: f64 = 1e-12;
    let (calls, blas) = calls_in_floating_point::<f64>(EngineKind::Blas, &[50], 100, 100);
    let (none, naive) = calls_in_floating_point::<f64>(EngineKind::Naive, &[50], 100, 100);
    assert!(
        !calls.is_empty() && none.is_empty(),
        "the naive engine does without"
    );
    for (blas, naive) in blas.iter().zip(&naive) {
        assert!(
            (blas - naive).abs() <= TOLERANCE * naive.abs().max(1.0),
            "{blas} {naive}"
        );
    }
}
