//! The arrays of a run's state, as a checkpoint names them.

use crate::model::Layout;

/// An array of the state.
pub(super) struct Array {
    pub name: String,
    pub shape: Vec<usize>,
    pub kind: ArrayKind,
}

/// Which of the state's buffers an array is a part of.
pub(super) enum ArrayKind {
    Parameters,
    Slots,
    Figures,
}

/// The arrays of a state whose optimizer remembers `slots` numbers of each parameter, in the order of the state's buffers.
pub(super) fn arrays(layout: &Layout, slots: usize) -> Vec<Array> {
    let mut arrays = Vec::new();
    for (number, layer) in layout.layers().iter().enumerate() {
        let mut add = |part: &str, shape: Vec<usize>| {
            let name = format!("layers.{number}.{part}");
            if slots > 0 {
                arrays.push(Array {
                    name: format!("slots.{name}"),
                    shape: [&[slots], &*shape].concat(),
                    kind: ArrayKind::Slots,
                });
            }
            arrays.push(Array {
                name,
                shape,
                kind: ArrayKind::Parameters,
            });
        };
        add("weight", vec![layer.outputs, layer.inputs]);
        if layer.bias.is_some() {
            add("bias", vec![layer.outputs]);
        }
        if layer.gain.is_some() {
            add("gain", vec![layer.outputs]);
            arrays.push(Array {
                name: format!("figures.layers.{number}"),
                shape: vec![2, layer.outputs],
                kind: ArrayKind::Figures,
            });
        }
    }
    arrays
}
