//! The tensors of a safetensors file as lists of finite numbers. An error is the defect in words.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype as TensorDtype, TensorView};

use crate::scalar::{Dtype, Scalar};

/// The tensor of this name.
pub(super) fn tensor<'a>(tensors: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>, String> {
    tensors
        .tensor(name)
        .map_err(|_| format!("it has no tensor '{name}'"))
}

/// The finite numbers of a tensor of exactly this name, shape and type.
pub(super) fn numbers<T: Scalar>(
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

/// The finite numbers of a tensor of exactly this name and shape, in either type.
pub(super) fn any_numbers(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f64>, String> {
    if tensor(tensors, name)?.dtype() == TensorDtype::F32 {
        let narrow: Vec<f32> = numbers(tensors, name, shape)?;
        return Ok(narrow.into_iter().map(f64::from).collect());
    }
    numbers(tensors, name, shape)
}
