//! The model as one table, for a spreadsheet, R or a data frame.
//!
//! ```text
//! array,unit,input,value
//! layers.0.weight,0,0,-0.0412     the weight of unit 0 for input 0
//! layers.0.bias,0,,0.25           the bias of unit 0
//! scale.mean,,0,3.5               what is subtracted from pixel 0
//! scale.deviation,,0,11.25        what the difference is divided by
//! ```
//!
//! Each line has one number. Lines of one unit each would differ in length from layer to layer, but readers expect a rectangle. Every
//! number is the shortest decimal that reads back as the same bits. Class names and activations are not in the table.

use std::fmt::Write;

use crate::model::{Model, Values};
use crate::scalar::Scalar;

pub(super) fn bytes<T: Scalar>(model: &Model<T>) -> Vec<u8> {
    let mut text = String::from("array,unit,input,value\n");
    for array in model.arrays() {
        let columns = array.shape.last().copied().unwrap_or(1);
        let mut line = |index: usize, value: &dyn std::fmt::Debug| {
            let name = &array.name;
            let written = match (&array.values, array.shape.len()) {
                (Values::Parameters(_), 1) => writeln!(text, "{name},{index},,{value:?}"),
                (Values::Parameters(_), _) => {
                    let (unit, input) = (index / columns, index % columns);
                    writeln!(text, "{name},{unit},{input},{value:?}")
                }
                (Values::Scale(_), _) => writeln!(text, "{name},,{index},{value:?}"),
            };
            written.expect("memory takes everything");
        };
        match array.values {
            Values::Parameters(values) => values.iter().enumerate().for_each(|(at, v)| line(at, v)),
            Values::Scale(values) => values.iter().enumerate().for_each(|(at, v)| line(at, v)),
        }
    }
    text.into_bytes()
}
