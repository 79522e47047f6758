//! What is timed.

use std::time::{Duration, Instant};

use super::kept;
use super::scaling::uses_threads;
use crate::data::Images;
use crate::engine::EngineKind;
use crate::error::Result;
use crate::input::packed::{Float, Products, Quantized};
use crate::input::{Input, Packed, Staged};
use crate::network::stopwatch::{Activity, Clock};
use crate::scalar::Dtype;
use crate::train::{Arithmetic, Plan, Trainer};

/// Rounds between two epochs of the naive engine, which takes as long as forty of the others.
const NAIVE_EVERY: usize = 5;

/// Epochs that a training takes each time: the last one is timed.
pub(super) const EPOCHS: usize = 2;

/// An epoch, timed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch {
    pub(super) seconds: f64,
    /// What each part took, where a clock was handed in.
    pub(super) spent: [Duration; Activity::COUNT],
    /// Where pixels are packed, the shares of them that are multiplied.
    pub(super) kept: Option<[f64; 2]>,
}

/// Something that can run an epoch over and over.
pub(super) struct Subject<'a> {
    /// Its engine.
    pub(super) kind: EngineKind,
    /// Whether it is but the first layer's two products, as this engine computes them.
    pub(super) products: bool,
    pub(super) dtype: Dtype,
    pub(super) threads: usize,
    /// Runs in rounds whose number it divides: slow ones less often.
    pub(super) every: usize,
    /// Runs an epoch, its parts timed by that clock.
    pub(super) epoch: Box<dyn FnMut(Option<Clock>) -> Result<Epoch> + 'a>,
    pub(super) seconds: Vec<f64>,
    /// Of packed pixels, the last epoch's [`kept::of_pixels`].
    pub(super) kept: Option<[f64; 2]>,
}

impl<'a> Subject<'a> {
    /// One that trains epoch after epoch.
    pub(super) fn training(plan: Plan<'a>) -> Self {
        let settings = plan.settings();
        let (kind, dtype, threads) = (settings.engine, settings.dtype, plan.machine().threads());
        let epoch = move |clock: Option<Clock>| {
            plan.machine().run(|| match plan.arithmetic() {
                Arithmetic::F32 => epoch(&mut Trainer::<Staged<f32>>::staged(&plan), clock),
                Arithmetic::F64 => epoch(&mut Trainer::<Staged<f64>>::staged(&plan), clock),
                Arithmetic::Panels(images) => packed_epoch::<Float>(&plan, images, clock),
                Arithmetic::Integers(images) => packed_epoch::<Quantized>(&plan, images, clock),
            })
        };
        Self {
            kind,
            products: false,
            dtype,
            threads,
            every: if uses_threads(kind) { 1 } else { NAIVE_EVERY },
            epoch: Box::new(epoch),
            seconds: Vec::new(),
            kept: None,
        }
    }
}

/// The second of [`EPOCHS`]: the first one finds memory as the other subjects left it, and a run has hundreds that do not. Where a run
/// shuffles its images, that is a part of the epoch.
fn epoch<D: Input>(trainer: &mut Trainer<'_, D>, clock: Option<Clock>) -> Result<Epoch> {
    let mut seconds = 0.0;
    for time in [None, clock] as [_; EPOCHS] {
        trainer.stepper_mut().memory.time(time);
        let start = Instant::now();
        trainer.begin_epoch();
        for batch in 0..trainer.batches() {
            trainer.forward_and_backward(batch);
            trainer.gradient_and_update(batch)?;
        }
        seconds = start.elapsed().as_secs_f64();
        trainer.end_epoch();
    }
    trainer.plan().data().train.samples.check()?;
    Ok(Epoch {
        seconds,
        spent: trainer.stepper_mut().memory.spent(),
        kept: None,
    })
}

/// The same of packed pixels.
fn packed_epoch<P: Products>(
    plan: &Plan<'_>,
    images: &Images,
    clock: Option<Clock>,
) -> Result<Epoch> {
    let mut trainer = Trainer::<Packed<P>>::packed(plan, images);
    let epoch = epoch(&mut trainer, clock)?;
    let kept = multiplied(&mut trainer, images);
    Ok(Epoch { kept, ..epoch })
}

/// The shares of the pixels that are multiplied. Where each step packs its images anew, those of the last epoch's first mini-batch stand
/// for all.
fn multiplied<P: Products>(
    trainer: &mut Trainer<'_, Packed<P>>,
    images: &Images,
) -> Option<[f64; 2]> {
    let pixels = images.pixels_per_image();
    let order = trainer.order();
    if !order.kept().is_empty() {
        let count = trainer.plan().training_samples();
        return kept::of_pixels(order.kept(), count, pixels);
    }
    let indices = order.batch(0).indices.to_vec();
    let stepper = trainer.stepper_mut();
    let packed = stepper
        .memory
        .input()
        .keep(&stepper.scale, images, &indices);
    kept::of_pixels(&[packed], indices.len(), pixels)
}
