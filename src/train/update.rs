//! Phase 2 of a step: from the gradients of a mini-batch to new parameters, block by block.
//!
//! It has two verbs, [`gradient`] and [`update`]. Between them the gradient of all parameters lies in one buffer, laid out as
//! the parameters are: whatever needs the whole gradient before any parameter moves (its norm, the gradients of other
//! machines) goes there. Where nothing needs to happen between them, [`gradient_and_update`] does both to a block while it is in
//! the cache; the bits are the same.
//!
//! Each task takes a block of a weight matrix, or the biases or gains of a layer. No two tasks touch the same number. The cut depends
//! on sizes alone and the norms are added up along the tree of its halvings, so neither the number of threads nor their luck
//! shows in a result.

use std::ops::Range;

use ndarray::{ArrayViewMut2, ArrayViewMut3, Axis, s};

use super::objective::{L1Form, Norms, Objective};
use super::optimizer::{Optimizer, Pace, Row};
use crate::cut::BlockLimits;
use crate::input::BlockRange;
use crate::kernels::{self, Level};
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

/// What is done to the gradient of a mini-batch and then to the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a, T: Scalar> {
    /// How parameters move.
    pub optimizer: &'a dyn Optimizer<T>,
    /// How far they move.
    pub pace: Pace<T>,
    /// The share of each weight that is there before the optimizer moves it; 1 where weights do not decay beside the gradient.
    pub keep: T,
    /// The factor of the gradient: of the images' losses, 1 for a sum over the mini-batch and one over its images for a mean; of a
    /// gradient that lies in the buffer already, 1 or what shortens it.
    pub factor: T,
    /// What pulls weights towards zero.
    pub decay: Decay<T>,
    /// The instructions that kernels may use.
    pub level: Level,
}

/// What pulls weights (never biases) towards zero.
#[derive(Clone, Copy, Debug)]
pub struct Decay<T> {
    /// The factor of the weights' signs in the gradient.
    sign: T,
    /// The factor of the weights in the gradient.
    shrink: T,
    /// Whether the error needs the norms of the weights.
    needs_norms: bool,
}

impl<T: Scalar> Decay<T> {
    /// The regulariser of an objective.
    #[must_use]
    pub fn of(objective: &Objective) -> Self {
        let regularizer = objective.regularizer;
        let (sign, shrink) = match regularizer.l1_form {
            L1Form::Sign => (regularizer.l1, regularizer.l2),
            L1Form::Linear => (0.0, regularizer.l1 + regularizer.l2),
        };
        Self {
            sign: T::of(sign),
            shrink: T::of(shrink),
            needs_norms: regularizer.l1 != 0.0 || regularizer.l2 != 0.0,
        }
    }

    /// `d_w = factor · d_w + (the regulariser's gradient at w)`.
    fn add_to(&self, level: Level, w: &[T], factor: T, d_w: &mut [T]) {
        kernels::combine(level, self.shrink, w, factor, d_w);
        if self.sign != T::zero() {
            for (d_w, &w) in d_w.iter_mut().zip(w) {
                // At 0 the magnitude has no derivative; 0 is the subgradient of least size.
                *d_w += if w == T::zero() {
                    w
                } else {
                    self.sign * w.signum()
                };
            }
        }
    }
}

/// The first verb: fills the gradient buffer with the gradient of the mini-batch's loss, `rule.factor` times the sums over its
/// images. Returns the gradient's norms.
pub fn gradient<T: Scalar>(
    gradients: &dyn Gradients<T>,
    layout: &Layout,
    rule: &Rule<'_, T>,
    buffers: Buffers<'_, T>,
) -> Norms {
    let scale = |row: &mut [T]| {
        row.iter_mut().for_each(|d_w| *d_w *= rule.factor);
        Norms::of(rule.level, row)
    };
    walk(gradients, layout, buffers, &|task| match task {
        Task::Weights(mut block) => {
            gradients.weights(block.layer, &block.range(), block.d_w.view_mut());
            let rows = block.d_w.rows_mut().into_iter();
            rows.map(|mut d_w| scale(d_w.as_slice_mut().expect("contiguous rows")))
                .fold(Norms::default(), |sum, row| sum + row)
        }
        Task::Units(mut task) => {
            task.take_gradient(gradients);
            scale(task.row.gradient)
        }
    })
}

/// The second verb: adds the regulariser's gradient to `rule.factor` times the one that lies in the buffer, and moves all parameters
/// by the sum. Returns the norms of the weights before they moved.
pub fn update<T: Scalar>(
    gradients: &dyn Gradients<T>,
    layout: &Layout,
    rule: &Rule<'_, T>,
    buffers: Buffers<'_, T>,
) -> Norms {
    walk(gradients, layout, buffers, &|task| match task {
        Task::Weights(block) => rule.update_weights(block),
        Task::Units(task) => rule.update_units(task),
    })
}

/// Both verbs, one after the other for each block. Returns the norms of the weights before they moved.
pub fn gradient_and_update<T: Scalar>(
    gradients: &dyn Gradients<T>,
    layout: &Layout,
    rule: &Rule<'_, T>,
    buffers: Buffers<'_, T>,
) -> Norms {
    walk(gradients, layout, buffers, &|task| match task {
        Task::Weights(mut block) => {
            gradients.weights(block.layer, &block.range(), block.d_w.view_mut());
            rule.update_weights(block)
        }
        Task::Units(mut task) => {
            task.take_gradient(gradients);
            rule.update_units(task)
        }
    })
}

impl<T: Scalar> Rule<'_, T> {
    fn update_weights(&self, block: Block<'_, T>) -> Norms {
        let Block {
            mut w,
            mut d_w,
            mut slots,
            ..
        } = block;
        let mut norms = Norms::default();
        let columns = w.ncols();
        let (next_w, next_slots) = (w.as_ptr(), slots.as_ptr());
        let (of_row, [of_slot, of_slots_row]) =
            (w.strides()[0], [slots.strides()[0], slots.strides()[1]]);
        for (row, (mut w, mut d_w)) in w.rows_mut().into_iter().zip(d_w.rows_mut()).enumerate() {
            let w = w.as_slice_mut().expect("contiguous rows");
            let d_w = d_w.as_slice_mut().expect("contiguous rows");
            // A block's rows are short pieces far from one another: the CPU does not see the next ones coming.
            let next = row as isize + 1;
            kernels::ask_for(next_w.wrapping_offset(next * of_row), columns);
            for slot in 0..slots.len_of(Axis(0)) as isize {
                let at = slot * of_slot + next * of_slots_row;
                kernels::ask_for(next_slots.wrapping_offset(at), columns);
            }
            if self.decay.needs_norms {
                norms = norms + Norms::of(self.level, w);
            }
            self.decay.add_to(self.level, w, self.factor, d_w);
            if self.keep != T::one() {
                w.iter_mut().for_each(|w| *w *= self.keep);
            }
            let row = Row {
                parameters: w,
                gradient: d_w,
                slots: slots.slice_mut(s![.., row, ..]),
            };
            self.optimizer.update(self.pace, row);
        }
        norms
    }

    fn update_units(&self, UnitTask { row, .. }: UnitTask<'_, T>) -> Norms {
        for number in &mut *row.gradient {
            *number *= self.factor;
        }
        let row = Row {
            parameters: row.numbers,
            gradient: row.gradient,
            slots: row.slots,
        };
        self.optimizer.update(self.pace, row);
        Norms::default()
    }
}

/// The parameters of one task, with their gradient and their slots.
enum Task<'a, T> {
    /// A block of a weight matrix.
    Weights(Block<'a, T>),
    /// The biases or the gains of a layer.
    Units(UnitTask<'a, T>),
}

/// Numbers of a layer's units: its biases, or its gains.
struct UnitTask<'a, T> {
    layer: usize,
    are_gains: bool,
    row: UnitRow<'a, T>,
}

impl<T: Scalar> UnitTask<'_, T> {
    fn take_gradient(&mut self, gradients: &dyn Gradients<T>) {
        if self.are_gains {
            gradients.gains(self.layer, self.row.gradient);
        } else {
            gradients.biases(self.layer, self.row.gradient);
        }
    }
}

struct UnitRow<'a, T> {
    numbers: &'a mut [T],
    gradient: &'a mut [T],
    slots: ArrayViewMut2<'a, T>,
}

/// A block of a weight matrix, with its gradient and what the optimizer remembers of it.
struct Block<'a, T> {
    layer: usize,
    first_row: usize,
    first_column: usize,
    w: ArrayViewMut2<'a, T>,
    d_w: ArrayViewMut2<'a, T>,
    slots: ArrayViewMut3<'a, T>,
}

impl<T> Block<'_, T> {
    /// Where it lies in its matrix.
    fn range(&self) -> BlockRange {
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
fn walk<T: Scalar>(
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
