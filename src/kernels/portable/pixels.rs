//! What is done with pixels before the products.

use crate::kernels::shape::{COLUMNS, Line, QUAD};
use crate::scalar::Scalar;

/// See [`crate::kernels::standardize`].
#[inline(always)]
pub fn standardize<T: Scalar>(pixels: &[u8], factor: &[T], offset: &[T], standardized: &mut [T]) {
    for (((standardized, &pixel), &factor), &offset) in
        standardized.iter_mut().zip(pixels).zip(factor).zip(offset)
    {
        *standardized = factor * T::of_pixel(pixel) + offset;
    }
}

/// See [`crate::kernels::scatter`].
#[inline(always)]
pub fn scatter(indices: &[[Option<u32>; QUAD]], from: &[Line], to: &mut [Line]) {
    for (indices, to) in indices.iter().zip(to) {
        let mut quads = [0_u32; COLUMNS];
        for (to, index) in indices.iter().enumerate() {
            let Some(index) = index.map(|index| index as usize) else {
                continue;
            };
            let (from, _) = from[index / QUAD].0.as_chunks::<QUAD>();
            let right = index % QUAD * 8;
            for (quad, &from) in quads.iter_mut().zip(from) {
                *quad |= (u32::from_le_bytes(from) >> right & 0xFF) << (to * 8);
            }
        }
        for (to, quad) in to.0.as_chunks_mut().0.iter_mut().zip(quads) {
            *to = quad.to_le_bytes();
        }
    }
}
