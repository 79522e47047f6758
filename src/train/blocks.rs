//! The parameters of a network, cut into the tasks of phase 2.
//!
//! The cut depends on sizes alone, and what tasks return is added up along the tree of its halvings.

use std::ops::Range;

use ndarray::{ArrayViewMut2, ArrayViewMut3, Axis};

use super::objective::Norms;
use crate::cut::BlockLimits;
use crate::input::BlockRange;
use crate::model::{Layer, Layout};
use crate::network::Gradients;
use crate::scalar::Scalar;

/// The buffers of a network's parameters, each laid out as [`Layout`] says.
#[derive(Debug)]
pub struct Buffers<'a, T> {
    /// The parameters.
    pub parameters: &'a mut [T],
    /// Their gradient.
    pub gradient: &'a mut [T],
    /// What the optimizer remembers: layer after layer, of the weights, then of the biases, then of the gains, each `(slots, parameters)`.
    pub slots: &'a mut [T],
}

/// The parameters of one task, with their gradient and their slots.
pub(super) enum Task<'a, T> {
    /// A block of a weight matrix.
    Weights(Block<'a, T>),
    /// The biases or the gains of a layer.
    Units(UnitTask<'a, T>),
}

/// Numbers of a layer's units: its biases, or its gains.
pub(super) struct UnitTask<'a, T> {
    pub(super) layer: usize,
    pub(super) are_gains: bool,
    pub(super) row: UnitRow<'a, T>,
}

impl<T: Scalar> UnitTask<'_, T> {
    pub(super) fn take_gradient(&mut self, gradients: &dyn Gradients<T>) {
        if self.are_gains {
            gradients.gains(self.layer, self.row.gradient);
        } else {
            gradients.biases(self.layer, self.row.gradient);
        }
    }
}

pub(super) struct UnitRow<'a, T> {
    pub(super) numbers: &'a mut [T],
    pub(super) gradient: &'a mut [T],
    pub(super) slots: ArrayViewMut2<'a, T>,
}

/// A block of a weight matrix, with its gradient and what the optimizer remembers of it.
pub(super) struct Block<'a, T> {
    pub(super) layer: usize,
    pub(super) first_row: usize,
    pub(super) first_column: usize,
    pub(super) w: ArrayViewMut2<'a, T>,
    pub(super) d_w: ArrayViewMut2<'a, T>,
    pub(super) slots: ArrayViewMut3<'a, T>,
}

impl<T> Block<'_, T> {
    /// Where it lies in its matrix.
    pub(super) fn range(&self) -> BlockRange {
        let (rows, columns) = self.w.dim();
        BlockRange {
            rows: self.first_row..self.first_row + rows,
            columns: self.first_column..self.first_column + columns,
        }
    }

    /// Cuts in two before row (axis 0) or column (axis 1) number `at`.
    fn split(self, axis: Axis, at: usize) -> (Self, Self) {
        let (w, w_rest) = self.w.split_at(axis, at);
        let (d_w, d_w_rest) = self.d_w.split_at(axis, at);
        let (slots, slots_rest) = self.slots.split_at(Axis(axis.0 + 1), at);
        let (down, right) = if axis.0 == 0 { (at, 0) } else { (0, at) };
        let rest = Block {
            layer: self.layer,
            first_row: self.first_row + down,
            first_column: self.first_column + right,
            w: w_rest,
            d_w: d_w_rest,
            slots: slots_rest,
        };
        let first = Block {
            w,
            d_w,
            slots,
            ..self
        };
        (first, rest)
    }
}

/// What is done in a task.
type Work<'a, T> = &'a (dyn Fn(Task<'_, T>) -> Norms + Sync);

/// Does `work` to the parameters of a network, in parallel.
pub(super) fn walk<T: Scalar>(
    gradients: &dyn Gradients<T>,
    layout: &Layout,
    buffers: Buffers<'_, T>,
    work: Work<'_, T>,
) -> Norms {
    let parameters = layout.parameters().max(1);
    Walk {
        gradients,
        slots: buffers.slots.len() / parameters,
        work,
    }
    .layers(layout.layers(), 0, buffers)
}

struct Walk<'a, T: Scalar> {
    gradients: &'a dyn Gradients<T>,
    /// Numbers that the optimizer remembers of each parameter.
    slots: usize,
    work: Work<'a, T>,
}

impl<T: Scalar> Walk<'_, T> {
    /// Layer `number` and all after it; the buffers begin where that layer's parameters do.
    fn layers(&self, layers: &[Layer], number: usize, buffers: Buffers<'_, T>) -> Norms {
        let Some(layer) = layers.get(number) else {
            return Norms::default();
        };
        let parameters = layer.parameters();
        let (here, later) = buffers.split_at(parameters, self.slots);
        let here = || self.layer(layer, number, here);
        let later = || self.layers(layers, number + 1, later);
        let (here, later) = rayon::join(here, later);
        here + later
    }

    fn layer(&self, layer: &Layer, number: usize, buffers: Buffers<'_, T>) -> Norms {
        const MATRIX: &str = "a matrix of the layer's size";
        let (rows, columns) = (layer.outputs, layer.inputs);
        let (weights, units) = buffers.split_at(layer.weight.len(), self.slots);
        let (biases, gains) = units.split_at(layer.bias.as_ref().map_or(0, Range::len), self.slots);
        let block = Block {
            layer: number,
            first_row: 0,
            first_column: 0,
            w: ArrayViewMut2::from_shape((rows, columns), weights.parameters).expect(MATRIX),
            d_w: ArrayViewMut2::from_shape((rows, columns), weights.gradient).expect(MATRIX),
            slots: ArrayViewMut3::from_shape((self.slots, rows, columns), weights.slots)
                .expect(MATRIX),
        };
        let units = |buffers: Buffers<'_, T>, are_gains: bool| {
            if buffers.parameters.is_empty() {
                return Norms::default();
            }
            let row = UnitRow {
                numbers: buffers.parameters,
                gradient: buffers.gradient,
                slots: ArrayViewMut2::from_shape((self.slots, rows), buffers.slots).expect(MATRIX),
            };
            (self.work)(Task::Units(UnitTask {
                layer: number,
                are_gains,
                row,
            }))
        };
        let units = || units(biases, false) + units(gains, true);
        let limits = self.gradients.block_limits(number);
        let (weights, units) = rayon::join(|| self.blocks(block, limits), units);
        weights + units
    }

    /// Halves a block until its blocks are as small as `limits` wants them, and does the work to those.
    fn blocks(&self, block: Block<'_, T>, limits: BlockLimits) -> Norms {
        let (rows, columns) = block.w.dim();
        let (first, second) = if let Some(half) = limits.half_of_rows(rows) {
            block.split(Axis(0), half)
        } else if let Some(half) = limits.half_of_columns(columns) {
            block.split(Axis(1), half)
        } else {
            return (self.work)(Task::Weights(block));
        };
        let (first, second) = rayon::join(
            || self.blocks(first, limits),
            || self.blocks(second, limits),
        );
        first + second
    }
}

impl<'a, T> Buffers<'a, T> {
    /// The same buffers, for a while.
    pub(super) fn reborrow(&mut self) -> Buffers<'_, T> {
        Buffers {
            parameters: self.parameters,
            gradient: self.gradient,
            slots: self.slots,
        }
    }

    /// The first `parameters` parameters, and the rest.
    fn split_at(self, parameters: usize, slots: usize) -> (Self, Self) {
        let (first, rest) = self.parameters.split_at_mut(parameters);
        let (d_first, d_rest) = self.gradient.split_at_mut(parameters);
        let (first_slots, rest_slots) = self.slots.split_at_mut(parameters * slots);
        let first = Buffers {
            parameters: first,
            gradient: d_first,
            slots: first_slots,
        };
        let rest = Buffers {
            parameters: rest,
            gradient: d_rest,
            slots: rest_slots,
        };
        (first, rest)
    }
}
