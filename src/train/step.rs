//! One step of training, in two phases.
//!
//! 1. **By images.** Each task takes some of the batch's images through the network and back; what it computes
//!    (activations, deltas, loss, its part of narrow layers' gradients) stays in its [`Chunk`].
//! 2. **By parameters.** Each task takes a block of a weight matrix: its gradient over the whole batch, chunk after
//!    chunk in order, the regulariser, the update. No two tasks touch the same number, so nothing races.
//!
//! Work is cut by sizes alone and sums are joined along the tree that the cutting made, so neither the number of
//! threads nor their luck can be seen in a result. A step allocates nothing.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3, Axis, s};

use super::loss::{ErrorForm, loss_and_delta};
use super::optimizer::Optimizer;
use super::options::{L1Form, Reduction};
use crate::data::Labelled;
use crate::engine::Engine;
use crate::engine::stopwatch::Part;
use crate::engine::workspace::{Chunk, ChunkGradient, Pass, PixelScale, Purpose, Workspace};
use crate::input::packed::{self, PackedBatch, Packing};
use crate::kernels::{self, Level};
use crate::model::{Layer, Mlp};
use crate::parallel::Cut;
use crate::scalar::Scalar;

/// What pulls weights (never biases) towards zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regularizer {
    /// Factor of the sum of magnitudes.
    pub l1: f64,
    /// Which gradient that has.
    pub l1_form: L1Form,
    /// Factor of half the sum of squares.
    pub l2: f64,
}

/// The objective that a step descends on, and how it is reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Whether the images' losses are added up or averaged.
    pub reduction: Reduction,
    /// What is added for the weights' sake.
    pub regularizer: Regularizer,
    /// Which figure is reported.
    pub error: ErrorForm,
}

impl Objective {
    /// The factor of the images' gradients.
    fn image_factor(&self, images: usize) -> f64 {
        match self.reduction {
            Reduction::Sum => 1.0,
            Reduction::Mean => 1.0 / images as f64,
        }
    }

    /// The batch's error from the sum of its images' losses and the norms of all weights.
    fn error(&self, images: usize, classes: usize, loss: f64, norms: Norms) -> f64 {
        let Regularizer { l1, l1_form, l2 } = self.regularizer;
        match (self.error, l1_form) {
            (ErrorForm::Article, _) => {
                0.5 * (loss / classes as f64
                    + l2 / 2.0 * norms.squares
                    + l1 / 2.0 * norms.magnitudes)
            }
            (ErrorForm::Objective, L1Form::Sign) => {
                self.image_factor(images) * loss + l2 / 2.0 * norms.squares + l1 * norms.magnitudes
            }
            (ErrorForm::Objective, L1Form::Linear) => {
                self.image_factor(images) * loss + (l1 + l2) / 2.0 * norms.squares
            }
        }
    }
}

/// Of some weights, the sum of magnitudes and the sum of squares.
#[derive(Clone, Copy, Debug, Default)]
struct Norms {
    magnitudes: f64,
    squares: f64,
}

impl std::ops::Add for Norms {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            magnitudes: self.magnitudes + other.magnitudes,
            squares: self.squares + other.squares,
        }
    }
}

/// A network in training, with all the memory that its steps need.
pub struct Trainer<'a, T: Scalar> {
    engine: &'a dyn Engine<T>,
    optimizer: &'a dyn Optimizer<T>,
    objective: Objective,
    data: &'a Labelled,
    scale: &'a PixelScale<T>,
    /// The network.
    pub mlp: Mlp<T>,
    gradient: Vec<T>,
    state: Vec<T>,
    /// The batch's memory; evaluation between epochs borrows it.
    pub workspace: Workspace<T>,
    /// Batch after batch, its chunks' pixels, where they were packed for good.
    packed: Vec<PackedBatch>,
    steps: u64,
}

impl<'a, T: Scalar> Trainer<'a, T> {
    /// A trainer for batches of up to `largest_batch` images.
    #[must_use]
    pub fn new(
        engine: &'a dyn Engine<T>,
        optimizer: &'a dyn Optimizer<T>,
        objective: Objective,
        data: &'a Labelled,
        scale: &'a PixelScale<T>,
        mlp: Mlp<T>,
        largest_batch: usize,
    ) -> Self {
        let parameters = mlp.layout.parameters();
        Self {
            engine,
            optimizer,
            objective,
            data,
            scale,
            gradient: vec![T::zero(); parameters],
            state: vec![T::zero(); parameters * optimizer.slots()],
            workspace: Workspace::new(&mlp.layout, largest_batch, Purpose::Training, scale),
            mlp,
            packed: Vec::new(),
            steps: 0,
        }
    }

    /// The gradient that the last step followed, laid out as the parameters are.
    #[must_use]
    pub fn gradient(&self) -> &[T] {
        &self.gradient
    }

    /// Of [`Self::keep_packed`]'s batches, the packed pixels; of none where none were packed.
    #[must_use]
    pub fn packed(&self) -> &[PackedBatch] {
        &self.packed
    }

    /// How many steps were taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Packs the pixels of all batches for good, so that [`Self::step_on`] finds them so. Does nothing where the first layer's
    /// products are not in integers.
    pub fn keep_packed<'b>(&mut self, batches: impl Iterator<Item = &'b [u32]>) {
        let Some(groups) = &self.scale.groups else {
            return;
        };
        let packing = Packing {
            level: self.workspace.level(),
            groups,
            images: &self.data.images,
        };
        let task = self.workspace.images_per_task();
        self.packed = batches
            .map(|places| PackedBatch::of(&packing, places, task))
            .collect();
    }

    /// One step on batch number `batch` of those in [`Self::keep_packed`], which are the images at `places`; without that, on
    /// those all the same. Returns the batch's error before its update.
    ///
    /// # Panics
    /// As [`Self::step`].
    pub fn step_on(&mut self, batch: usize, places: &[u32]) -> f64 {
        let Some(packed) = self.packed.get_mut(batch) else {
            return self.step(places);
        };
        let packed = std::mem::take(packed);
        self.workspace.exchange_packed(Some(packed));
        let error = self.step(places);
        self.packed[batch] = self.workspace.exchange_packed(None).unwrap_or_default();
        error
    }

    /// One step on the images at `places`. Returns the batch's error before its update.
    ///
    /// # Panics
    /// If there are more images than the trainer has memory for, or none, or one that the data has not.
    pub fn step(&mut self, places: &[u32]) -> f64 {
        let loss = self.by_images(places);
        let norms = self.by_parameters(places.len());
        self.steps += 1;
        self.objective
            .error(places.len(), self.mlp.layout.classes(), loss, norms)
    }

    /// Phase 1. Returns the sum of the images' losses.
    fn by_images(&mut self, places: &[u32]) -> f64 {
        let Self {
            engine,
            objective,
            data,
            scale,
            mlp,
            workspace,
            ..
        } = self;
        let pass = Pass {
            engine: *engine,
            mlp,
            images: &data.images,
            scale,
        };
        let (output, classes) = (mlp.output, mlp.layout.classes());
        workspace.forward(&pass, places, |chunk, lane, places| {
            let labels = places.iter().map(|&place| data.labels[place as usize]);
            let level = chunk.level();
            let (z, d) = chunk.output();
            chunk.loss = loss_and_delta(level, output, objective.error, classes, z, labels, d);
            lane.watch.lap(Part::Loss);
            chunk.backward(lane, &pass);
            lane.watch.lap(Part::Backward);
        });
        workspace.round_deltas(places.len());
        workspace
            .chunks(places.len())
            .iter()
            .map(|chunk| chunk.loss)
            .sum()
    }

    /// Phase 2. Returns the norms of the weights before the update.
    fn by_parameters(&mut self, images: usize) -> Norms {
        let Self {
            engine,
            optimizer,
            objective,
            mlp,
            scale,
            gradient,
            state,
            workspace,
            steps,
            ..
        } = self;
        let Regularizer { l1, l1_form, l2 } = objective.regularizer;
        let (l1_sign, shrink) = match l1_form {
            L1Form::Sign => (l1, l2),
            L1Form::Linear => (0.0, l1 + l2),
        };
        workspace.watch.start();
        let update = Update {
            engine: *engine,
            optimizer: *optimizer,
            chunks: workspace.chunks(images),
            fixed: workspace.fixed_gradient(images, scale),
            images,
            image_factor: T::of(objective.image_factor(images)),
            l1_sign: T::of(l1_sign),
            shrink: T::of(shrink),
            level: workspace.level(),
            needs_norms: l1 != 0.0 || l2 != 0.0,
            step: *steps,
        };
        let norms = update.layers(mlp.layout.layers(), 0, &mut mlp.parameters, gradient, state);
        workspace.watch.lap(Part::Update);
        norms
    }
}

/// What every task of phase 2 reads.
struct Update<'a, T: Scalar> {
    engine: &'a dyn Engine<T>,
    optimizer: &'a dyn Optimizer<T>,
    chunks: &'a [Chunk<T>],
    /// The first layer's gradient, where its products are in integers.
    fixed: Option<packed::Gradient<'a>>,
    images: usize,
    image_factor: T,
    l1_sign: T,
    shrink: T,
    needs_norms: bool,
    level: Level,
    step: u64,
}

impl<T: Scalar> Update<'_, T> {
    /// Layer `number` and all after it; the slices begin where that layer's parameters do.
    fn layers(
        &self,
        layers: &[Layer],
        number: usize,
        parameters: &mut [T],
        gradient: &mut [T],
        state: &mut [T],
    ) -> Norms {
        let Some(layer) = layers.get(number) else {
            return Norms::default();
        };
        let slots = self.optimizer.slots();
        let weights = layer.weight.len();
        let biases = layer.bias.as_ref().map_or(0, |bias| bias.len());
        let (parameters, later_parameters) = parameters.split_at_mut(weights + biases);
        let (gradient, later_gradient) = gradient.split_at_mut(weights + biases);
        let (state, later_state) = state.split_at_mut((weights + biases) * slots);
        let here = || {
            let (w, bias) = parameters.split_at_mut(weights);
            let (d_w, d_bias) = gradient.split_at_mut(weights);
            let (w_state, bias_state) = state.split_at_mut(weights * slots);
            let (rows, columns) = (layer.outputs, layer.inputs);
            let matrix = "a matrix of the layer's size";
            let block = Block {
                layer: number,
                first_row: 0,
                first_column: 0,
                w: ArrayViewMut2::from_shape((rows, columns), w).expect(matrix),
                d_w: ArrayViewMut2::from_shape((rows, columns), d_w).expect(matrix),
                state: ArrayViewMut3::from_shape((slots, rows, columns), w_state).expect(matrix),
            };
            let update_bias = || {
                if !bias.is_empty() {
                    let bias_state =
                        ArrayViewMut2::from_shape((slots, rows), bias_state).expect(matrix);
                    self.bias(number, bias, d_bias, bias_state);
                }
            };
            let cut = match self.fixed_of(number) {
                Some(fixed) => {
                    Cut::in_integers(self.images, columns, fixed.groups.tiles().strip_pixels())
                }
                None => Cut::IN_FLOATING_POINT,
            };
            rayon::join(|| self.blocks(block, cut), update_bias).0
        };
        let later = || {
            self.layers(
                layers,
                number + 1,
                later_parameters,
                later_gradient,
                later_state,
            )
        };
        let (here, later) = rayon::join(here, later);
        here + later
    }

    /// The layer's gradient, where its products are in integers.
    fn fixed_of(&self, layer: usize) -> Option<packed::Gradient<'_>> {
        self.fixed.filter(|_| layer == 0)
    }

    /// Halves a block until its parts are as small as `cut` wants them, and updates those.
    fn blocks(&self, block: Block<'_, T>, cut: Cut) -> Norms {
        let (rows, columns) = block.w.dim();
        let halves = if let Some(half) = cut.half_of_rows(rows) {
            block.split(Axis(0), half)
        } else if let Some(half) = cut.half_of_columns(columns) {
            block.split(Axis(1), half)
        } else {
            return self.block(block);
        };
        let (first, second) =
            rayon::join(|| self.blocks(halves.0, cut), || self.blocks(halves.1, cut));
        first + second
    }

    /// One task: a block's gradient over the whole batch, its regulariser, its update.
    fn block(&self, block: Block<'_, T>) -> Norms {
        let Block {
            layer,
            first_row,
            first_column,
            mut w,
            mut d_w,
            mut state,
        } = block;
        let (rows, columns) = w.dim();
        let (rows, columns) = (
            first_row..first_row + rows,
            first_column..first_column + columns,
        );
        if let Some(fixed) = self.fixed_of(layer) {
            let d_w = T::view_as_f32(d_w.view_mut()).expect("integers go with f32");
            fixed.block(rows.start, columns.start, d_w);
        } else {
            self.gradient(layer, rows, columns, d_w.view_mut());
        }
        let mut norms = Norms::default();
        for (row, (mut w, mut d_w)) in w.rows_mut().into_iter().zip(d_w.rows_mut()).enumerate() {
            let w = w.as_slice_mut().expect("contiguous rows");
            let d_w = d_w.as_slice_mut().expect("contiguous rows");
            if self.needs_norms {
                let (magnitudes, squares) = kernels::norms(self.level, w);
                norms = norms
                    + Norms {
                        magnitudes,
                        squares,
                    };
            }
            self.regularize(w, d_w);
            self.optimizer
                .update(self.step, w, d_w, state.slice_mut(s![.., row, ..]));
        }
        norms
    }

    /// A block's gradient, where products are in floating point: chunk after chunk.
    fn gradient(
        &self,
        layer: usize,
        rows: Range<usize>,
        columns: Range<usize>,
        mut d_w: ArrayViewMut2<'_, T>,
    ) {
        for (number, chunk) in self.chunks.iter().enumerate() {
            match chunk.gradient(layer) {
                ChunkGradient::Part(part) => {
                    let part = part.slice_move(s![rows.clone(), columns.clone()]);
                    self.add_part(part, d_w.view_mut(), number > 0);
                }
                ChunkGradient::Factors { delta, input } => {
                    let delta = delta.slice_move(s![.., rows.clone()]);
                    let input = input.slice_move(s![.., columns.clone()]);
                    self.engine
                        .gradient(delta, input, d_w.view_mut(), number > 0);
                }
            }
        }
    }

    /// Adds a chunk's part to a block's gradient, or begins it with that part.
    fn add_part(&self, part: ArrayView2<'_, T>, mut d_w: ArrayViewMut2<'_, T>, accumulate: bool) {
        for (part, mut d_w) in part.rows().into_iter().zip(d_w.rows_mut()) {
            let part = part.to_slice().expect("contiguous rows");
            let d_w = d_w.as_slice_mut().expect("contiguous rows");
            if accumulate {
                kernels::add(self.level, d_w, part);
            } else {
                d_w.copy_from_slice(part);
            }
        }
    }

    /// Scales the images' gradient and adds the regulariser's.
    fn regularize(&self, w: &[T], d_w: &mut [T]) {
        kernels::combine(self.level, self.shrink, w, self.image_factor, d_w);
        if self.l1_sign != T::zero() {
            for (d_w, &w) in d_w.iter_mut().zip(w) {
                // At 0 the magnitude has no derivative; 0 is the one of least size.
                *d_w += if w == T::zero() {
                    w
                } else {
                    self.l1_sign * w.signum()
                };
            }
        }
    }

    /// One task: a layer's bias. Its gradient is the sum of the deltas: as the weights' products have them, rounded, or image after
    /// image.
    fn bias(&self, layer: usize, bias: &mut [T], d_bias: &mut [T], state: ArrayViewMut2<'_, T>) {
        if let Some(fixed) = self.fixed_of(layer) {
            for (unit, d_bias) in d_bias.iter_mut().enumerate() {
                *d_bias = T::of(fixed.sum_of_deltas(unit).into());
            }
        } else {
            d_bias.fill(T::zero());
            for chunk in self.chunks {
                for delta in chunk.delta(layer).rows() {
                    for (sum, &delta) in d_bias.iter_mut().zip(delta) {
                        *sum += delta;
                    }
                }
            }
        }
        for d_bias in &mut *d_bias {
            *d_bias *= self.image_factor;
        }
        self.optimizer.update(self.step, bias, d_bias, state);
    }
}

/// A block of a weight matrix, with its gradient and what the optimizer remembers of it.
struct Block<'a, T> {
    layer: usize,
    first_row: usize,
    first_column: usize,
    w: ArrayViewMut2<'a, T>,
    d_w: ArrayViewMut2<'a, T>,
    state: ArrayViewMut3<'a, T>,
}

impl<T> Block<'_, T> {
    /// Cuts in two before row (axis 0) or column (axis 1) number `at`.
    fn split(self, axis: Axis, at: usize) -> (Self, Self) {
        let (w, w_rest) = self.w.split_at(axis, at);
        let (d_w, d_w_rest) = self.d_w.split_at(axis, at);
        let (state, state_rest) = self.state.split_at(Axis(axis.0 + 1), at);
        let (down, right) = if axis.0 == 0 { (at, 0) } else { (0, at) };
        let rest = Block {
            layer: self.layer,
            first_row: self.first_row + down,
            first_column: self.first_column + right,
            w: w_rest,
            d_w: d_w_rest,
            state: state_rest,
        };
        (
            Block {
                w,
                d_w,
                state,
                ..self
            },
            rest,
        )
    }
}
