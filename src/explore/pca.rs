//! Principal components, by subspace iteration.
//!
//! ```text
//! X   (points, pixels), each column less its mean
//! V   random orthonormal columns, a few more than are asked for
//! repeat:  V = orthonormal columns that span Xᵀ (X V)
//! H = Vᵀ Xᵀ X V = R Λ Rᵀ;  V = V R;  scores = X V
//! ```
//!
//! Xᵀ X is never formed: it has the square of the pixels, and images may be large. The error of component `k` shrinks in each
//! round by the ratio of the first neglected eigenvalue to the `k`-th. Products are BLAS's, the rest is done in `f64`.
//! Source: Y. Saad, "Numerical Methods for Large Eigenvalue Problems", 2nd ed. 2011, algorithm 5.3.

use ndarray::{Array1, Array2, Axis, s};

use crate::rng::{Purpose, Stream};

/// How many columns are iterated beyond those asked for. The last columns converge slowest, and these are dropped.
const SPARE: usize = 14;
/// The number of iterations. With Fashion-MNIST's spectrum the 50th eigenvalue is then right to four digits, the 20th to seven.
const ROUNDS: usize = 40;

/// Principal components of a set of points, and where the points lie along them.
#[derive(Clone, Debug)]
pub struct Components {
    /// The directions `(components, pixels)`, a unit vector in each row, by falling variance. The number of largest magnitude in each
    /// row is positive.
    pub axes: Array2<f32>,
    /// The distance of each point from the mean of all along each direction, `(points, components)`.
    pub scores: Array2<f32>,
    /// The variance along each direction, with the number of points as divisor.
    pub variances: Vec<f64>,
    /// The sum of the variances of all pixels, which includes the directions that are left out.
    pub total_variance: f64,
}

impl Components {
    /// The first `count` components of `points` `(points, pixels)`, or as many as there are pixels.
    #[must_use]
    pub fn of(mut points: Array2<f32>, count: usize) -> Self {
        let (rows, pixels) = points.dim();
        let total_variance = centre(&mut points);
        let count = count.min(pixels);
        let mut v = Array2::from_shape_simple_fn((pixels, (count + SPARE).min(pixels)), {
            let mut stream = Stream::new(0, Purpose::Components, 0);
            move || stream.normal()
        });
        orthonormalize(&mut v);
        for _ in 0..ROUNDS {
            v = squared(&points, &v);
            orthonormalize(&mut v);
        }
        let (values, rotation) = eigen(v.t().dot(&squared(&points, &v)));
        let mut axes = v.dot(&rotation.slice(s![.., ..count])).reversed_axes();
        for mut axis in axes.rows_mut() {
            let largest = axis.iter().copied().fold(0.0_f64, |largest, number| {
                if number.abs() > largest.abs() {
                    number
                } else {
                    largest
                }
            });
            if largest < 0.0 {
                axis.mapv_inplace(|number| -number);
            }
        }
        let axes = axes.mapv(|number| number as f32);
        Self {
            scores: points.dot(&axes.t()),
            axes: axes.as_standard_layout().into_owned(),
            variances: values[..count]
                .iter()
                .map(|value| value.max(0.0) / rows as f64)
                .collect(),
            total_variance,
        }
    }
}

/// Subtracts from each column its mean. Returns the total variance.
fn centre(points: &mut Array2<f32>) -> f64 {
    let rows = points.nrows() as f64;
    let mut mean = Array1::<f64>::zeros(points.ncols());
    for row in points.rows() {
        mean.zip_mut_with(&row, |mean, &number| *mean += f64::from(number));
    }
    mean /= rows;
    let mean = mean.mapv(|mean| mean as f32);
    *points -= &mean;
    let squares = |row: ndarray::ArrayView1<'_, f32>| -> f64 {
        row.iter().map(|&number| f64::from(number).powi(2)).sum()
    };
    points.axis_iter(Axis(0)).map(squares).sum::<f64>() / rows
}

/// Computes `Xᵀ (X V)`.
fn squared(points: &Array2<f32>, v: &Array2<f64>) -> Array2<f64> {
    let v = v.mapv(|number| number as f32);
    points.t().dot(&points.dot(&v)).mapv(f64::from)
}

/// Makes the columns orthonormal (Gram and Schmidt, modified, twice over). A column that depends on those before it becomes
/// zero.
fn orthonormalize(v: &mut Array2<f64>) {
    /// A column that shrinks below this share depends on the others: what is left is rounding of products in `f32`.
    const DEPENDENT: f64 = 1e-7;
    let mut columns = v.t().as_standard_layout().into_owned();
    for index in 0..columns.nrows() {
        let (before, mut rest) = columns.view_mut().split_at(Axis(0), index);
        let mut column = rest.row_mut(0);
        let length = column.dot(&column).sqrt();
        for _ in 0..2 {
            for other in before.rows() {
                let along = other.dot(&column);
                column.scaled_add(-along, &other);
            }
        }
        let left = column.dot(&column).sqrt();
        if left > DEPENDENT * length {
            column /= left;
        } else {
            column.fill(0.0);
        }
    }
    v.assign(&columns.t());
}

/// The eigenvalues of a symmetric matrix in falling order, and their eigenvectors as columns, by Jacobi's rotations.
fn eigen(matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    /// Each sweep squares the numbers off the diagonal once they are small, so five to ten sweeps are enough for this size.
    const MOST_SWEEPS: usize = 30;
    let size = matrix.nrows();
    let mut a = (&matrix + &matrix.t()) / 2.0;
    let mut vectors = Array2::<f64>::eye(size);
    for _ in 0..MOST_SWEEPS {
        let diagonal: f64 = a.diag().iter().map(|number| number * number).sum();
        let all: f64 = a.iter().map(|number| number * number).sum();
        if all - diagonal <= 1e-28 * all {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&one, &other| a[[other, other]].total_cmp(&a[[one, one]]));
    let values = order.iter().map(|&index| a[[index, index]]).collect();
    (values, vectors.select(Axis(1), &order))
}

/// Rotates rows and columns `p` and `q` so that the number where they meet becomes 0 (G. Golub, C. Van Loan, "Matrix
/// Computations", 4th ed. 2013, section 8.5.2).
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let tau = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let tangent = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |first: &mut f64, second: &mut f64| {
        (*first, *second) = (
            cosine * *first - sine * *second,
            sine * *first + cosine * *second,
        );
    };
    for k in 0..a.nrows() {
        let (mut first, mut second) = (a[[p, k]], a[[q, k]]);
        turn(&mut first, &mut second);
        (a[[p, k]], a[[q, k]]) = (first, second);
    }
    for matrix in [a, vectors] {
        for k in 0..matrix.nrows() {
            let (mut first, mut second) = (matrix[[k, p]], matrix[[k, q]]);
            turn(&mut first, &mut second);
            (matrix[[k, p]], matrix[[k, q]]) = (first, second);
        }
    }
}
