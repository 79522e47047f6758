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

use ndarray::{Axis, s};

pub use super::blocks::Buffers;
use super::blocks::{Block, Task, UnitTask, walk};
use super::objective::{L1Form, Norms, Objective};
use super::optimizer::{Optimizer, Pace, Row};
use crate::kernels::{self, Level};
use crate::model::Layout;
use crate::network::Gradients;
use crate::scalar::Scalar;

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
