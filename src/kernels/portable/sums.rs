//! Sums over a vector, in many partial ones.

use crate::scalar::Scalar;

/// Partial sums, one for each lane of the vectors: enough independent ones that the compiler can keep two vectors of any width
/// busy.
pub(super) const LANES: usize = 32;

/// Calls `each` for all values in groups of [`LANES`], the last one filled up with zeros.
#[inline(always)]
fn by_lanes<T: Scalar>(values: &[T], mut each: impl FnMut(&[T; LANES])) {
    let (groups, rest) = values.as_chunks::<LANES>();
    groups.iter().for_each(&mut each);
    if !rest.is_empty() {
        let mut last = [T::zero(); LANES];
        last[..rest.len()].copy_from_slice(rest);
        each(&last);
    }
}

/// Joins all lanes, the upper half with the lower, again and again. Joining them one after the other would take longer than summing
/// up a row of a block does.
#[inline(always)]
pub(super) fn joined<T: Copy>(lanes: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    let lanes: [T; 16] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 16]));
    let lanes: [T; 8] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 8]));
    let lanes: [T; 4] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 4]));
    let lanes: [T; 2] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 2]));
    join(lanes[0], lanes[1])
}

/// See [`crate::kernels::norms`].
#[inline(always)]
pub fn norms<T: Scalar>(values: &[T]) -> (f64, f64) {
    let (mut magnitudes, mut squares) = ([T::zero(); LANES], [T::zero(); LANES]);
    by_lanes(values, |values| {
        for lane in 0..LANES {
            magnitudes[lane] += values[lane].abs();
            squares[lane] += values[lane] * values[lane];
        }
    });
    let total = |lanes: [T; LANES]| joined(lanes.map(Scalar::wide), |a, b| a + b);
    (total(magnitudes), total(squares))
}

/// See [`crate::kernels::dot`].
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(last_a.iter().zip(last_b)) {
        *sum += a * b;
    }
    joined(sums, |a, b| a + b)
}

/// See [`crate::kernels::sum`].
#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    by_lanes(values, |values| {
        for lane in 0..LANES {
            sums[lane] += values[lane];
        }
    });
    joined(sums, |a, b| a + b)
}

/// See [`crate::kernels::magnitudes`].
#[inline(always)]
pub fn magnitudes(values: &[f32]) -> (f32, f32) {
    // The comparison is false for NaN, which the sum does not lose.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let (mut largest, mut sums) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    by_lanes(values, |values| {
        for lane in 0..LANES {
            let magnitude = values[lane].abs();
            largest[lane] = larger(magnitude, largest[lane]);
            sums[lane] += magnitude;
        }
    });
    (joined(largest, larger), joined(sums, |a, b| a + b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_every_length() {
        for length in 0..40 {
            let values: Vec<f64> = (0..length).map(|i| f64::from(i) * 0.5 - 7.0).collect();
            let (magnitudes, squares) = norms(&values);
            assert_eq!(magnitudes, values.iter().map(|x| x.abs()).sum::<f64>());
            assert_eq!(squares, values.iter().map(|x| x * x).sum::<f64>());
        }
    }
}
