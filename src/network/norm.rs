//! Batch normalisation of hidden layers (S. Ioffe, C. Szegedy, 2015), chunk by chunk.
//!
//! With weighted sums `z` of one unit for the `n` images of a chunk:
//!
//! ```text
//! forward:   x = (z - mean(z)) / sqrt(variance(z) + epsilon)      y = gain x + bias
//! backward:  d_gain = sum(d_y x)   d_bias = sum(d_y)
//!            d_z = gain / sqrt(variance(z) + epsilon) (d_y - d_bias / n - x d_gain / n)
//! ```
//!
//! The images of a chunk are normalised by themselves ("ghost" batches: E. Hoffer et al., 2017), so that tasks share nothing; chunks are
//! cut by sizes, so neither the number of threads nor the engine shows in who is normalised with whom. Layers that are normalised have a
//! gain behind their bias ([`crate::model::Layout::normalized`]). A network that answers knows no other images: it takes
//! running means of the chunks' figures, and with these each normalised layer is a plain one ([`folded`]).

use crate::engine::Units;
use crate::kernels::{self, Level, Normal};
use crate::model::Mlp;
use crate::scalar::Scalar;

/// What is added to a variance.
const EPSILON: f64 = 1e-5;

/// What a chunk leaves behind in a layer that is normalised.
#[derive(Debug)]
pub(super) struct ChunkNorm<T> {
    /// The normalised sums `x`.
    normalized: Units<T>,
    /// By unit: the mean of its weighted sums, and the sum of the squares of their distances from it.
    pub(super) mean: Vec<T>,
    pub(super) squares: Vec<T>,
    /// By unit: one over the root of the variance and epsilon.
    factor: Vec<T>,
    pub(super) d_gain: Vec<T>,
    pub(super) d_bias: Vec<T>,
}

impl<T: Scalar> ChunkNorm<T> {
    pub(super) fn new(images: usize, units: usize, transposed: bool) -> Self {
        let of_units = || vec![T::zero(); units];
        Self {
            normalized: Units::new(images, units, transposed),
            mean: of_units(),
            squares: of_units(),
            factor: of_units(),
            d_gain: of_units(),
            d_bias: of_units(),
        }
    }

    /// Replaces the weighted sums `z` of `images` images by normalised ones, times the gain and with the bias added.
    pub(super) fn forward(
        &mut self,
        level: Level,
        images: usize,
        (gain, bias): (&[T], &[T]),
        z: &mut Units<T>,
    ) {
        let columns = z.columns().max(1);
        let inverse = T::of(1.0 / images as f64);
        let factor = |squares: T| T::one() / (squares * inverse + T::of(EPSILON)).sqrt();
        if z.is_transposed() {
            let rows = z.flat_mut(images).chunks_exact_mut(columns);
            let normalized = self.normalized.flat_mut(images).chunks_exact_mut(columns);
            for (unit, (z, x)) in rows.zip(normalized).enumerate() {
                let (z, x) = (&mut z[..images], &mut x[..images]);
                let (mean, squares) = kernels::moments(level, z);
                (self.mean[unit], self.squares[unit]) = (mean, squares);
                self.factor[unit] = factor(squares);
                let line = [mean, self.factor[unit], gain[unit], bias[unit]];
                kernels::normalize_unit(level, line, z, x);
            }
            return;
        }
        self.mean.fill(T::zero());
        self.squares.fill(T::zero());
        for z in z.flat(images).chunks_exact(columns) {
            kernels::add(level, &mut self.mean, z);
        }
        self.mean.iter_mut().for_each(|mean| *mean *= inverse);
        for z in z.flat(images).chunks_exact(columns) {
            kernels::add_deviations(level, &self.mean, z, &mut self.squares);
        }
        for (of_unit, &squares) in self.factor.iter_mut().zip(&self.squares) {
            *of_unit = factor(squares);
        }
        let by = Normal {
            mean: &self.mean,
            factor: &self.factor,
            gain,
            bias,
        };
        let rows = z.flat_mut(images).chunks_exact_mut(columns);
        let normalized = self.normalized.flat_mut(images).chunks_exact_mut(columns);
        for (z, x) in rows.zip(normalized) {
            kernels::normalize(level, by, z, x);
        }
    }

    /// Takes the deltas `d` of `images` images back, and notes the gradients of gain and bias.
    pub(super) fn backward(&mut self, level: Level, images: usize, gain: &[T], d: &mut Units<T>) {
        let columns = d.columns().max(1);
        let inverse = T::of(1.0 / images as f64);
        if d.is_transposed() {
            let rows = d.flat_mut(images).chunks_exact_mut(columns);
            let normalized = self.normalized.flat(images).chunks_exact(columns);
            for (unit, (d, x)) in rows.zip(normalized).enumerate() {
                let (d, x) = (&mut d[..images], &x[..images]);
                let (d_gain, d_bias) = kernels::product_sums(level, d, x);
                (self.d_gain[unit], self.d_bias[unit]) = (d_gain, d_bias);
                let line = [
                    gain[unit] * self.factor[unit],
                    d_bias * inverse,
                    d_gain * inverse,
                ];
                kernels::denormalize_unit(level, line, x, d);
            }
            return;
        }
        self.d_gain.fill(T::zero());
        self.d_bias.fill(T::zero());
        let rows = d.flat(images).chunks_exact(columns);
        let normalized = || self.normalized.flat(images).chunks_exact(columns);
        for (d, x) in rows.zip(normalized()) {
            kernels::add_products(level, d, x, &mut self.d_gain);
            kernels::add(level, &mut self.d_bias, d);
        }
        let by = Normal {
            mean: &self.d_bias,
            factor: &self.factor,
            gain,
            bias: &self.d_gain,
        };
        let rows = d.flat_mut(images).chunks_exact_mut(columns);
        for (d, x) in rows.zip(normalized()) {
            kernels::denormalize(level, by, inverse, (x, d));
        }
    }
}

/// Gives layer number `layer` of `mlp`, whose norm has a gain of 1 so far, the norm under which it answers with these running figures as
/// it does without one: the gain is the root that sums are divided by, and the mean that is taken from them comes back with the bias. A plain
/// layer stays as it is.
pub fn keep_answers<T: Scalar>(mlp: &mut Mlp<T>, layer: usize, figures: &[T]) {
    let layers = mlp.layout.layers();
    let (Some(gain), Some(bias)) = (layers[layer].gain.clone(), layers[layer].bias.clone()) else {
        return;
    };
    let before = layers[..layer].iter().filter(|layer| layer.gain.is_some());
    let begin: usize = before.map(|layer| 2 * layer.outputs).sum();
    let (means, variances) = figures[begin..].split_at(gain.len());
    for (gain, variance) in mlp.parameters[gain].iter_mut().zip(variances) {
        *gain = T::of((variance.wide() + EPSILON).sqrt());
    }
    for (bias, mean) in mlp.parameters[bias].iter_mut().zip(means) {
        *bias = T::of(bias.wide() + mean.wide());
    }
}

/// The network without norms that answers as `mlp` does with these running figures, laid out as [`super::Memory::follow`] has them:
/// `gain (w a - mean) factor + bias` are the weighted sums of a layer whose weights are `gain factor w`.
#[must_use]
pub fn folded<T: Scalar>(mlp: &Mlp<T>, figures: &[T]) -> Mlp<T> {
    let layout = mlp.layout.without_norms();
    let mut parameters = Vec::with_capacity(layout.parameters());
    let mut rest = figures;
    for (number, layer) in mlp.layout.layers().iter().enumerate() {
        let weight = &mlp.parameters[layer.weight.clone()];
        let bias = mlp.bias(number).unwrap_or_default();
        let Some(gain) = mlp.gain(number) else {
            parameters.extend(weight);
            parameters.extend(bias);
            continue;
        };
        let (means, others) = rest.split_at(layer.outputs);
        let (variances, others) = others.split_at(layer.outputs);
        rest = others;
        let factor = |unit: usize| gain[unit].wide() / (variances[unit].wide() + EPSILON).sqrt();
        for (unit, row) in weight.chunks_exact(layer.inputs).enumerate() {
            let factor = factor(unit);
            parameters.extend(row.iter().map(|w| T::of(w.wide() * factor)));
        }
        let shift =
            |(unit, bias): (usize, &T)| T::of(bias.wide() - means[unit].wide() * factor(unit));
        parameters.extend(bias.iter().enumerate().map(shift));
    }
    Mlp {
        layout,
        parameters,
        ..*mlp
    }
}
