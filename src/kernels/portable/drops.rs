//! Units that are left out.

use crate::rng::hash;
use crate::scalar::Scalar;

/// What [`crate::kernels::drop_of_unit`] and [`crate::kernels::drop_of_image`] leave out.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<T> {
    /// The number of the first unit.
    pub first_unit: u32,
    /// A unit of an image is left out if its hash is below this.
    pub below: u32,
    /// The factor of what stays.
    pub factor: T,
}

/// What tells units apart: the golden ratio's share of 2³², so that numbers side by side come to lie far from one another.
const UNIT: u32 = 0x9e37_79b9;

impl<T: Scalar> LeftOut<T> {
    #[inline(always)]
    fn of(self, key: u32, value: T) -> T {
        if hash(key) < self.below {
            T::zero()
        } else {
            value * self.factor
        }
    }
}

/// See [`crate::kernels::drop_of_unit`].
#[inline(always)]
pub fn drop_of_unit<T: Scalar>(drop: LeftOut<T>, keys: &[u32], values: &mut [T]) {
    let unit = drop.first_unit.wrapping_mul(UNIT);
    for (value, &key) in values.iter_mut().zip(keys) {
        *value = drop.of(key.wrapping_add(unit), *value);
    }
}

/// See [`crate::kernels::drop_of_image`].
#[inline(always)]
pub fn drop_of_image<T: Scalar>(drop: LeftOut<T>, key: u32, values: &mut [T]) {
    let first = drop.first_unit.wrapping_mul(UNIT);
    let mut key = key.wrapping_add(first);
    for value in values {
        *value = drop.of(key, *value);
        key = key.wrapping_add(UNIT);
    }
}
