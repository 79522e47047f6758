//! The products of every engine against their definition, and the kernels of every level against the portable ones.

use gingham::engine::{Blas, Engine, Naive, Simd};
use gingham::kernels::{self, Level, portable};
use gingham::rng::{Purpose, Stream};
use gingham::scalar::Scalar;
use ndarray::{Array2, ArrayView2, s};
use proptest::prelude::*;

use crate::support::{bytes_of, level as level_here, on_threads};

/// A matrix that is a block of columns of a wider one. What surrounds it is `around`.
struct Sliced<T> {
    whole: Array2<T>,
    left: usize,
    columns: usize,
    around: T,
}

impl<T: Scalar> Sliced<T> {
    /// `(rows, columns)` with `left` columns before and `right` behind it, and `fill` for its numbers.
    fn new(
        (rows, columns): (usize, usize),
        (left, right): (usize, usize),
        around: T,
        mut fill: impl FnMut() -> T,
    ) -> Self {
        let mut whole = Array2::from_elem((rows, left + columns + right), around);
        for number in whole.slice_mut(s![.., left..left + columns]) {
            *number = fill();
        }
        Self {
            whole,
            left,
            columns,
            around,
        }
    }

    fn view(&self) -> ArrayView2<'_, T> {
        self.whole
            .slice(s![.., self.left..self.left + self.columns])
    }

    fn view_mut(&mut self) -> ndarray::ArrayViewMut2<'_, T> {
        self.whole
            .slice_mut(s![.., self.left..self.left + self.columns])
    }

    /// Whether what surrounds the matrix is as it was.
    fn is_alone(&self) -> bool {
        let own = self.left..self.left + self.columns;
        self.whole
            .indexed_iter()
            .all(|((_, column), &number)| own.contains(&column) || same_bits(number, self.around))
    }
}

/// Whether two numbers are the same bits; a NaN counts as any other, since which one comes out is no promise.
fn same_bits<T: Scalar>(one: T, other: T) -> bool {
    (one.is_nan() && other.is_nan()) || bytes_of(&[one]) == bytes_of(&[other])
}

#[derive(Clone, Copy, Debug)]
enum Product {
    /// `z = x wᵀ`
    Forward,
    /// `d_x = d_z w`
    Backward,
    /// `d_w = d_zᵀ x`
    Gradient,
}

const PRODUCTS: [Product; 3] = [Product::Forward, Product::Backward, Product::Gradient];

#[derive(Clone, Debug)]
struct Case {
    images: usize,
    inputs: usize,
    outputs: usize,
    /// Columns on both sides of each of the three matrices.
    around: [(usize, usize); 3],
    accumulate: bool,
    seed: u32,
}

/// `start + sum of a·b` and `|start| + sum of |a·b|`, as if in twice the precision (T. Ogita, S. Rump, S. Oishi, 2005,
/// algorithm 5.3).
fn oracle(start: f64, factors: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut sum, mut rest, mut magnitude) = (start, 0.0, start.abs());
    for (a, b) in factors {
        let product = a * b;
        let next = sum + product;
        let part = next - sum;
        rest += (sum - (next - part)) + (product - part) + a.mul_add(b, -product);
        sum = next;
        magnitude += product.abs();
    }
    (sum + rest, magnitude)
}

/// Computes one product by `engine` and compares every element with the oracle.
///
/// The tolerance is a theorem, not a guess: a sum of `n` products in any order, fused or not, is within
/// `n u / (1 - n u)` of the sum of their magnitudes, `u` half a unit in the last place (N. Higham, "Accuracy and Stability
/// of Numerical Algorithms", section 3.1); the start of an accumulation counts as one more product.
fn check<T: Scalar>(engine: &dyn Engine<T>, product: Product, case: &Case) -> Result<(), String> {
    let Case {
        images,
        inputs,
        outputs,
        around,
        accumulate,
        seed,
    } = *case;
    let mut stream = Stream::new(seed, Purpose::Bench, 0);
    let mut draw = || T::of(stream.normal());
    let [first, second, third] = around;
    let (nan, stone) = (T::of(f64::NAN), T::of(7.0));
    let (x, d_z, w) = ((images, inputs), (images, outputs), (outputs, inputs));
    let (left, right, result, terms) = match product {
        Product::Forward => (x, w, d_z, inputs),
        Product::Backward => (d_z, w, x, outputs),
        Product::Gradient => (d_z, x, w, images),
    };
    let accumulate = accumulate && matches!(product, Product::Gradient);
    // Numbers around an operand must not be read, those around the result not be written.
    let left = Sliced::new(left, first, nan, &mut draw);
    let right = Sliced::new(right, second, nan, &mut draw);
    let mut result = Sliced::new(
        result,
        third,
        stone,
        || if accumulate { draw() } else { nan },
    );
    let before = result.whole.clone();
    match product {
        Product::Forward => engine.forward(left.view(), right.view(), result.view_mut()),
        Product::Backward => engine.backward(left.view(), right.view(), result.view_mut()),
        Product::Gradient => {
            engine.gradient(left.view(), right.view(), result.view_mut(), accumulate)
        }
    }
    if !result.is_alone() {
        return Err(format!("{product:?} wrote beside its result: {case:?}"));
    }
    let (a, b) = (left.view(), right.view());
    for ((row, column), &found) in result.view().indexed_iter() {
        let factors = (0..terms).map(|term| match product {
            Product::Forward => (a[[row, term]].wide(), b[[column, term]].wide()),
            Product::Backward => (a[[row, term]].wide(), b[[term, column]].wide()),
            Product::Gradient => (a[[term, row]].wide(), b[[term, column]].wide()),
        });
        let start = if accumulate {
            before[[row, third.0 + column]].wide()
        } else {
            0.0
        };
        let (expected, magnitude) = oracle(start, factors);
        let roundings = (terms + 1) as f64 * T::epsilon().wide() / 2.0;
        let tolerance = roundings / (1.0 - roundings) * magnitude;
        let distance = (found.wide() - expected).abs();
        if distance > tolerance || distance.is_nan() {
            return Err(format!(
                "{product:?} [{row}, {column}]: {expected}, got {found}: {case:?}"
            ));
        }
    }
    Ok(())
}

fn check_all(case: &Case) -> Result<(), String> {
    for product in PRODUCTS {
        check::<f32>(&Naive, product, case)?;
        check::<f64>(&Naive, product, case)?;
        check::<f32>(&Blas, product, case)?;
        check::<f64>(&Blas, product, case)?;
        for level in Level::all() {
            check::<f32>(Simd::at(level), product, case)?;
        }
    }
    Ok(())
}

fn around() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![Just((0, 0)), (0_usize..20, 0_usize..20)]
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = (1_usize..40, 1_usize..40, 1_usize..40);
    let surroundings = [around(), around(), around()];
    (sizes, surroundings, any::<bool>(), any::<u32>()).prop_map(
        |(sizes, around, accumulate, seed)| Case {
            images: sizes.0,
            inputs: sizes.1,
            outputs: sizes.2,
            around,
            accumulate,
            seed,
        },
    )
}

#[test]
fn products_of_random_shapes_are_their_definition() {
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    on_threads(1, || {
        proptest!(config, |(case in case())| {
            check_all(&case).map_err(TestCaseError::fail)?;
        });
    });
}

#[test]
fn products_of_the_smallest_shapes_are_their_definition() {
    // ndarray takes products without a dimension above 7 to itself, and a slice of one row or column has no stride.
    const SIZES: [usize; 5] = [1, 2, 7, 8, 9];
    on_threads(1, || {
        for images in SIZES {
            for inputs in SIZES {
                for outputs in SIZES {
                    for accumulate in [false, true] {
                        for around in [[(0, 0); 3], [(3, 2); 3]] {
                            let case = Case {
                                images,
                                inputs,
                                outputs,
                                around,
                                accumulate,
                                seed: 5,
                            };
                            check_all(&case).unwrap();
                        }
                    }
                }
            }
        }
    });
}

/// Numbers that kernels trip over, and some that they should not.
fn awkward<T: Scalar>(count: usize, finite: bool, seed: u32) -> Vec<T> {
    let tiny = T::min_positive_value();
    let two = T::one() + T::one();
    let mut special = vec![
        T::zero(),
        -T::zero(),
        tiny,
        -tiny,
        tiny / two,
        -tiny / two,
        T::one(),
        -T::one(),
    ];
    special.extend([-745.2, -708.5, -103.9, -87.4, -87.2, 88.6, 88.8, 709.5].map(T::of));
    if !finite {
        let largest = T::max_value();
        special.extend([
            T::nan(),
            T::infinity(),
            T::neg_infinity(),
            largest,
            -largest,
        ]);
    }
    let mut stream = Stream::new(seed, Purpose::Bench, 2);
    let mut number = || match stream.below(3) {
        0 => special[stream.below(special.len() as u32) as usize],
        _ => T::of(stream.normal() * 20.0),
    };
    std::iter::repeat_with(&mut number).take(count).collect()
}

/// Beyond twice what a loop of four of the widest vectors takes: 4 · 16 f32.
const LONGEST: usize = 2 * 64 + 1;

/// Calls `check` for every level above the portable one, and lengths and offsets at which vectors end anywhere.
fn for_every_level(check: impl Fn(Level, usize, usize)) {
    for level in Level::all() {
        for length in 0..=LONGEST {
            for offset in [0, 1, 3, 7] {
                check(level, length, offset);
            }
        }
    }
}

#[track_caller]
fn assert_same_bits<T: Scalar>(what: &str, found: &[T], expected: &[T]) {
    assert_eq!(found.len(), expected.len());
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            same_bits(found, expected),
            "{what} [{place}]: portable {expected:e}, got {found:e}"
        );
    }
}

/// Runs a kernel in place at every level and compares the whole buffer, so that what lies beside the slice counts too.
fn in_place<T: Scalar>(name: &str, kernel: impl Fn(Level, &mut [T]), portable: impl Fn(&mut [T])) {
    for_every_level(|level, length, offset| {
        let numbers = awkward::<T>(offset + length + 5, false, (length * 8 + offset) as u32);
        let (mut found, mut expected) = (numbers.clone(), numbers);
        kernel(level, &mut found[offset..offset + length]);
        portable(&mut expected[offset..offset + length]);
        let what = format!(
            "{name}, {}, {}, {length} from {offset}",
            T::DTYPE.name(),
            level.name()
        );
        assert_same_bits(&what, &found, &expected);
    });
}

#[test]
fn exp_is_the_same_at_every_level() {
    in_place::<f32>("exp", kernels::exp, portable::exp);
    in_place::<f64>("exp", kernels::exp, portable::exp);
}

#[test]
fn sigmoid_is_the_same_at_every_level() {
    in_place::<f32>("sigmoid", kernels::sigmoid, portable::sigmoid);
    in_place::<f64>("sigmoid", kernels::sigmoid, portable::sigmoid);
}

fn scale_is_the_same<T: Scalar>() {
    type Kernel<'a, T> = dyn Fn(&[u8], &[T], &[T], &mut [T]) + 'a;
    for_every_level(|level, length, offset| {
        let seed = (length * 8 + offset) as u32;
        let mut stream = Stream::new(seed, Purpose::Bench, 3);
        let pixels: Vec<u8> = (0..length + offset)
            .map(|_| stream.below(256) as u8)
            .collect();
        let factor = awkward::<T>(length + offset, false, seed);
        let shift = awkward::<T>(length + offset, false, seed + 1);
        let own = offset..offset + length;
        // Poisoned: what is overwritten must not be read, and what lies behind it not be written.
        let run = |kernel: &Kernel<'_, T>| {
            let mut scaled = vec![T::nan(); offset + length + 5];
            kernel(
                &pixels[own.clone()],
                &factor[own.clone()],
                &shift[own.clone()],
                &mut scaled[own.clone()],
            );
            scaled
        };
        let found = run(&|pixels, factor, shift, scaled| {
            kernels::standardize(level, pixels, factor, shift, scaled)
        });
        let expected = run(&portable::standardize);
        let what = format!(
            "standardize, {}, {}, {length} from {offset}",
            T::DTYPE.name(),
            level.name()
        );
        assert_same_bits(&what, &found, &expected);
        let (before, rest) = found.split_at(offset);
        assert!(
            before
                .iter()
                .chain(&rest[length..])
                .all(|number| number.is_nan()),
            "{what}: written beside"
        );
        for (place, found) in rest[..length].iter().enumerate() {
            let place = offset + place;
            let product = factor[place] * T::of(f64::from(pixels[place]));
            assert!(
                same_bits(*found, product + shift[place]),
                "{what}: two roundings, as documented"
            );
        }
    });
}

/// A kernel that changes `sum` by `other`: at every level the same bits, and those that `expected` gives for each pair.
fn pairwise<T: Scalar>(
    name: &str,
    kernel: impl Fn(Level, &mut [T], &[T]),
    portable: impl Fn(&mut [T], &[T]),
    expected: impl Fn(T, T) -> T,
) {
    for_every_level(|level, length, offset| {
        let seed = (length * 8 + offset) as u32;
        let numbers = awkward::<T>(offset + length + 5, false, seed);
        let other = awkward::<T>(offset + length, false, seed + 1);
        let own = offset..offset + length;
        let (mut found, mut plain) = (numbers.clone(), numbers.clone());
        kernel(level, &mut found[own.clone()], &other[own.clone()]);
        portable(&mut plain[own.clone()], &other[own.clone()]);
        let what = format!(
            "{name}, {}, {}, {length} from {offset}",
            T::DTYPE.name(),
            level.name()
        );
        assert_same_bits(&what, &found, &plain);
        for (place, (&found, &before)) in found.iter().zip(&numbers).enumerate() {
            let expected = if own.contains(&place) {
                expected(before, other[place])
            } else {
                before
            };
            assert!(
                same_bits(found, expected),
                "{what} [{place}]: {expected:e}, got {found:e}"
            );
        }
    });
}

#[test]
fn add_is_the_same_at_every_level() {
    pairwise::<f32>("add", kernels::add, portable::add, |sum, value| sum + value);
    pairwise::<f64>("add", kernels::add, portable::add, |sum, value| sum + value);
}

fn sigmoid_backward_is_the_same<T: Scalar>() {
    pairwise::<T>(
        "sigmoid_backward",
        |level, d, a| kernels::sigmoid_backward(level, a, d),
        |d, a| portable::sigmoid_backward(a, d),
        |d, a| d * (a * (T::one() - a)),
    );
}

#[test]
fn sigmoid_backward_is_the_same_at_every_level() {
    sigmoid_backward_is_the_same::<f32>();
    sigmoid_backward_is_the_same::<f64>();
}

#[test]
fn scale_is_the_same_at_every_level() {
    scale_is_the_same::<f32>();
    scale_is_the_same::<f64>();
}

fn norms_are_the_same<T: Scalar>() {
    for_every_level(|level, length, offset| {
        let seed = (length * 8 + offset) as u32;
        for finite in [true, false] {
            let numbers = awkward::<T>(length + offset, finite, seed);
            let (magnitudes, squares) = kernels::norms(level, &numbers[offset..]);
            let expected = portable::norms(&numbers[offset..]);
            let what = format!(
                "norms, {}, {}, {length} from {offset}",
                T::DTYPE.name(),
                level.name()
            );
            assert_same_bits(&what, &[magnitudes, squares], &[expected.0, expected.1]);
            assert!(
                !finite || (magnitudes.is_finite() && squares.is_finite()),
                "{what}"
            );
        }
    });
}

#[test]
fn norms_are_the_same_at_every_level() {
    norms_are_the_same::<f32>();
    norms_are_the_same::<f64>();
}

/// A level that this CPU lacks is not tested, which must not go unnoticed: it is printed, and with
/// `GINGHAM_ALL_LEVELS` set, as a machine sets it that is there to cover them, it is a failure.
#[test]
#[allow(clippy::print_stderr)] // the notice of what was skipped
fn every_level_is_there_or_said_to_be_missing() {
    let names: Vec<&str> = Level::all().map(Level::name).collect();
    assert_eq!(names[0], "portable");
    assert!(
        Level::all().any(|level| level == level_here()),
        "the detected level is among those tested"
    );
    if cfg!(target_arch = "x86_64") {
        for level in ["avx2", "avx512"] {
            if !names.contains(&level) {
                eprintln!("skipped: kernels at level {level}, which this CPU does not offer");
                assert!(
                    std::env::var_os("GINGHAM_ALL_LEVELS").is_none(),
                    "no {level} here"
                );
            }
        }
    }
}
