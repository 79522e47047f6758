//! The model as NumPy keeps arrays: an `.npz` archive.
//!
//! Arrays have the names, shapes and types that they have in the model file. Two more arrays come with them: `classes`, the class
//! names as a vector of strings, and `gingham`, the model file's metadata (JSON) as a string without dimensions.

use crate::formats::npz::Archive;
use crate::model::{Model, Values};
use crate::scalar::{Dtype, Scalar};

pub(super) fn bytes<T: Scalar>(model: &Model<T>) -> Vec<u8> {
    let mut archive = Archive::new();
    for array in model.arrays() {
        let descr = match (&array.values, T::DTYPE) {
            (Values::Parameters(_), Dtype::F32) => "<f4",
            (Values::Parameters(_), Dtype::F64) | (Values::Scale(_), _) => "<f8",
        };
        archive.add(&array.name, descr, &array.shape, &array.values.bytes());
    }
    let names: Vec<&str> = model.info.classes.iter().map(String::as_str).collect();
    archive.add_strings("classes", &[names.len()], &names);
    archive.add_strings("gingham", &[], &[&model.info.to_json()]);
    archive.into_bytes()
}
