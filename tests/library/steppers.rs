//! A stepper of any engine, so that one test may go through all of them.

use gingham::data::{Images, Labelled, Standardizer};
use gingham::engine::EngineKind;
use gingham::input::packed::{Float, Products, Quantized};
use gingham::input::{Batch, Input, Packed, Staged};
use gingham::scalar::Scalar;
use gingham::train::objective::Norms;
use gingham::train::step::{Setup, Stepper};
use gingham::train::{LabelledSource, State};

/// A stepper together with the samples that it takes its mini-batches from. A mini-batch is named by its samples' indices.
pub trait Steps<T>: Send {
    /// One step. Returns the mini-batch's error before its update.
    fn step(&mut self, indices: &[u32]) -> f64;
    /// Phase 1. Returns the sum of the images' losses.
    fn forward_and_backward(&mut self, indices: &[u32]) -> f64;
    /// Both verbs of phase 2 at once.
    fn gradient_and_update(&mut self, indices: &[u32]) -> Norms;
    /// The first verb of phase 2.
    fn take_gradient(&mut self, indices: &[u32]);
    /// The second verb of phase 2.
    fn update(&mut self, indices: &[u32]) -> Norms;
    /// The gradient that phase 2 has left.
    fn gradient(&self) -> &[T];
    /// What the steps change.
    fn state(&mut self) -> &mut State<T>;
}

struct StepsOn<'a, D: Input> {
    stepper: Stepper<D>,
    data: LabelledSource<'a, D>,
}

fn batch<'a, D: Input>(data: LabelledSource<'a, D>, indices: &'a [u32]) -> Batch<'a, D> {
    Batch {
        source: data.source,
        labels: data.labels,
        indices,
        kept: None,
        augmented: None,
        trains: true,
    }
}

impl<D: Input> Steps<D::Number> for StepsOn<'_, D> {
    fn step(&mut self, indices: &[u32]) -> f64 {
        let batch = batch(self.data, indices);
        self.stepper.step(&batch);
        self.stepper.error(0, &batch)
    }

    fn forward_and_backward(&mut self, indices: &[u32]) -> f64 {
        self.stepper
            .forward_and_backward(&batch(self.data, indices));
        self.stepper.memory.loss(0)
    }

    fn gradient_and_update(&mut self, indices: &[u32]) -> Norms {
        self.stepper.gradient_and_update(&batch(self.data, indices));
        self.stepper.networks[0].norms()
    }

    fn take_gradient(&mut self, indices: &[u32]) {
        self.stepper.take_gradient(&batch(self.data, indices));
    }

    fn update(&mut self, indices: &[u32]) -> Norms {
        self.stepper.update(&batch(self.data, indices));
        self.stepper.networks[0].norms()
    }

    fn gradient(&self) -> &[D::Number] {
        self.stepper.networks[0].gradient()
    }

    fn state(&mut self) -> &mut State<D::Number> {
        &mut self.stepper.networks[0].state
    }
}

/// The types of numbers, each with the engines that compute in it.
pub trait Number: Scalar {
    /// A stepper with its first layer in integers.
    ///
    /// # Panics
    /// In any type but `f32`.
    fn packed<'a>(
        kind: EngineKind,
        setup: Setup<Self>,
        data: &'a Labelled,
        standardizer: &Standardizer,
    ) -> Box<dyn Steps<Self> + 'a>;
}

impl Number for f32 {
    fn packed<'a>(
        kind: EngineKind,
        setup: Setup<f32>,
        data: &'a Labelled,
        standardizer: &Standardizer,
    ) -> Box<dyn Steps<f32> + 'a> {
        match kind {
            EngineKind::Simd => packed_by::<Float>(setup, data, standardizer),
            _ => packed_by::<Quantized>(setup, data, standardizer),
        }
    }
}

impl Number for f64 {
    fn packed<'a>(
        _kind: EngineKind,
        _setup: Setup<f64>,
        _data: &'a Labelled,
        _standardizer: &Standardizer,
    ) -> Box<dyn Steps<f64> + 'a> {
        panic!("engines that pack pixels are for f32 only")
    }
}

fn packed_by<'a, P: Products>(
    setup: Setup<f32>,
    data: &'a Labelled,
    standardizer: &Standardizer,
) -> Box<dyn Steps<f32> + 'a> {
    let source: &'a Images = &data.images;
    Box::new(StepsOn::<Packed<P>> {
        stepper: Stepper::packed(setup, source.shape(), standardizer),
        data: LabelledSource {
            source,
            labels: &data.labels,
        },
    })
}

/// A stepper of any engine, for mini-batches from `data`. Call this within a pool.
pub fn steps<'a, T: Number>(
    kind: EngineKind,
    setup: Setup<T>,
    data: &'a Labelled,
    standardizer: &Standardizer,
) -> Box<dyn Steps<T> + 'a> {
    if kind.packs() {
        return T::packed(kind, setup, data, standardizer);
    }
    Box::new(StepsOn::<Staged<T>> {
        stepper: Stepper::staged(setup, kind, standardizer),
        data: LabelledSource {
            source: &data.images,
            labels: &data.labels,
        },
    })
}
