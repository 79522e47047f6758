//! The tensors of a safetensors file as lists of finite numbers. An error is the defect in words.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype as TensorDtype, TensorView};

use crate::data::Standardizer;
use crate::scalar::{Dtype, Scalar};

/// The tensor of this name.
pub(crate) fn tensor<'a>(tensors: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>, String> {
    tensors
        .tensor(name)
        .map_err(|_| format!("{name}: expected an array of this name, found none"))
}

/// The finite numbers of a tensor of exactly this name, shape and type.
pub(crate) fn numbers<T: Scalar>(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<T>, String> {
    let view = tensor(tensors, name)?;
    let right_type = match T::DTYPE {
        Dtype::F32 => view.dtype() == TensorDtype::F32,
        Dtype::F64 => view.dtype() == TensorDtype::F64,
    };
    if view.shape() != shape || !right_type {
        let expected = T::DTYPE.name().to_uppercase();
        return Err(format!(
            "{name}: expected {expected} {shape:?}, found {:?} {:?}",
            view.dtype(),
            view.shape()
        ));
    }
    let numbers = T::from_bytes(view.data());
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(format!(
            "{name}: expected finite numbers, found {} at {index}",
            numbers[index]
        )),
        None => Ok(numbers),
    }
}

/// Refuses figures that make no finite numbers of type `T` of pixels.
pub(crate) fn check_scaling<T: Scalar>(standardizer: &Standardizer) -> Result<(), String> {
    let figures = standardizer.mean.iter().zip(&standardizer.deviation);
    for (index, (&mean, &deviation)) in figures.enumerate() {
        if deviation <= 0.0 {
            return Err(format!(
                "scale.deviation: expected positive numbers, found {deviation} at {index}"
            ));
        }
        // As the first layer takes them in.
        let (factor, offset) = (T::of(1.0 / deviation), T::of(-mean / deviation));
        let white = factor * T::of_pixel(u8::MAX) + offset;
        if !(offset.is_finite() && white.is_finite()) {
            let dtype = T::DTYPE.name();
            return Err(format!(
                "scale: expected pixels that stay finite numbers of {dtype}, found the mean {mean:e} and the deviation \
                 {deviation:e} at {index}"
            ));
        }
    }
    Ok(())
}

/// The numbers of a list of `count` in F64, which may be NaN.
pub(crate) fn figures(
    tensors: &SafeTensors<'_>,
    name: &str,
    count: usize,
) -> Result<Vec<f64>, String> {
    let view = tensor(tensors, name)?;
    if view.shape() != [count] || view.dtype() != TensorDtype::F64 {
        return Err(format!(
            "{name}: expected F64 [{count}], found {:?} {:?}",
            view.dtype(),
            view.shape()
        ));
    }
    Ok(f64::from_bytes(view.data()))
}

/// The finite numbers of a tensor of exactly this name and shape, in any type.
pub(super) fn any_numbers(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f64>, String> {
    if tensor(tensors, name)?.dtype() == TensorDtype::F64 {
        return numbers(tensors, name, shape);
    }
    let narrow: Vec<f32> = up_to_f32(tensors, name, shape)?;
    Ok(narrow.into_iter().map(f64::from).collect())
}

/// As [`numbers`], and those of a tensor in F16 or BF16, which `f32` holds without rounding.
pub(super) fn up_to_f32(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f32>, String> {
    let view = tensor(tensors, name)?;
    let widen = match view.dtype() {
        TensorDtype::F16 => from_f16,
        TensorDtype::BF16 => from_bf16,
        _ => return numbers(tensors, name, shape),
    };
    if view.shape() != shape {
        let found = view.shape();
        return Err(format!(
            "{name}: expected the shape {shape:?}, found {found:?}"
        ));
    }
    let (halves, _) = view.data().as_chunks();
    let numbers: Vec<f32> = halves
        .iter()
        .map(|&half| widen(u16::from_le_bytes(half)))
        .collect();
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(format!(
            "{name}: expected finite numbers, found {} at {index}",
            numbers[index]
        )),
        None => Ok(numbers),
    }
}

/// The upper half of an `f32`.
fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 binary16: a sign, five bits of exponent, ten bits of fraction.
fn from_f16(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    let size = match bits >> 10 & 0x1f {
        0 => fraction * 2_f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction) * 2_f32.powi(i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened() {
        for (bits, number) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(from_f16(bits), number, "{bits:#06x}");
        }
        assert!(from_f16(0x7e00).is_nan());
        assert_eq!(from_bf16(0x3f80), 1.0);
        assert_eq!(from_bf16(0xc049), -3.140_625);
    }
}
