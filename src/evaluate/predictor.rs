//! Asking a finished model.

use std::ops::ControlFlow;

use serde::Serialize;

use super::asked::{self, Asked, Outputs, SAMPLES};
use super::mean::Mean;
use super::metrics::Evaluation;
use super::scores::Scores;
use crate::data::{LabelledSamples, Samples, Standardizer};
use crate::error::{Error, Result};
use crate::input::packed::Float;
use crate::input::{Door, Packed, Staged};
use crate::kernels::Level;
use crate::machine::Machine;
use crate::model::{AnyModel, Layout, ModelInfo};
use crate::network::{ErrorForm, Loss};
use crate::scalar::Dtype;

/// More than one look at an image, at the time of the question ("test-time augmentation").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tta {
    /// The image and its mirror image, left to right: probabilities are the means of both. It takes twice the time.
    Flip,
}

/// A model ready to be asked. The first question allocates the memory for 1920 samples, so make one predictor and ask it often.
///
/// Answers are those of the numbers in the model file: the first layer is computed in floating point whatever engine trained
/// it. Weights quantized to 16 bits would change probabilities by some 3e-5. Images of bytes go through products of our own, where the
/// network is in `f32` and the CPU has instructions for them; all else goes through BLAS.
#[derive(Debug)]
pub struct Predictor<'a> {
    machine: &'a Machine,
    info: &'a ModelInfo,
    pixels: usize,
    networks: usize,
    typed: Typed<'a>,
    tta: Option<Tta>,
}

/// By the type of the model's numbers: each of its networks.
#[derive(Debug)]
enum Typed<'a> {
    F32 {
        staged: Vec<Asked<'a, Staged<f32>>>,
        /// For images, where the CPU has instructions for them.
        packed: Option<Vec<Asked<'a, Packed<Float>>>>,
    },
    F64(Vec<Asked<'a, Staged<f64>>>),
}

impl<'a> Predictor<'a> {
    /// A predictor whose samples are scaled as the training samples were.
    #[must_use]
    pub fn new(machine: &'a Machine, model: &'a AnyModel) -> Self {
        match model {
            AnyModel::F32(typed) => Self::with_standardizer(machine, model, &typed.standardizer),
            AnyModel::F64(typed) => Self::with_standardizer(machine, model, &typed.standardizer),
        }
    }

    /// A predictor whose samples are scaled by another standardizer.
    ///
    /// # Panics
    /// If the standardizer is for samples of another size than the model's.
    #[must_use]
    pub fn with_standardizer(
        machine: &'a Machine,
        model: &'a AnyModel,
        standardizer: &Standardizer,
    ) -> Self {
        let info = model.info();
        let pixels = info.rows * info.columns;
        assert_eq!(standardizer.pixels(), pixels, "numbers of a sample");
        let typed = match model {
            AnyModel::F32(model) => {
                let shape = (model.info.rows, model.info.columns);
                let staged = |mlp| Asked::staged(machine, mlp, standardizer);
                let packed = |mlp| Asked::packed(machine, mlp, (standardizer, shape));
                Typed::F32 {
                    staged: model.networks().map(staged).collect(),
                    packed: (machine.level() > Level::PORTABLE)
                        .then(|| model.networks().map(packed).collect()),
                }
            }
            AnyModel::F64(model) => {
                let staged = |mlp| Asked::staged(machine, mlp, standardizer);
                Typed::F64(model.networks().map(staged).collect())
            }
        };
        Self {
            machine,
            info,
            pixels,
            networks: model.networks(),
            typed,
            tta: None,
        }
    }

    /// The same predictor with answers from more than one look at each image; with none, from the image alone.
    #[must_use]
    pub fn with_tta(self, tta: Option<Tta>) -> Self {
        Self { tta, ..self }
    }

    /// Calls `visit` for groups of the samples at `indices`, in their order. The work before that is parallel.
    ///
    /// # Errors
    /// [`Error::Array`] for samples of another size than the model's, [`Error::Memory`] where there is no memory to ask the model,
    /// [`Error::Changed`] where the samples' file was changed in the meantime: no group after that was visited; [`Error::Setting`] for
    /// features, where a [`Tta`] was asked for.
    ///
    /// # Panics
    /// If an index is beyond the samples.
    pub fn for_each<'s>(
        &mut self,
        samples: impl Into<Samples<'s>>,
        indices: &[u32],
        mut visit: impl FnMut(&Outputs<'_>) + Send,
    ) -> Result<()> {
        self.for_each_while(samples, indices, |outputs| {
            visit(outputs);
            ControlFlow::Continue(())
        })
    }

    /// The same until `visit` breaks: the samples behind are not asked about, but for those of the 1920 that are under way.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    ///
    /// # Panics
    /// As [`Self::for_each`].
    pub fn for_each_while<'s>(
        &mut self,
        samples: impl Into<Samples<'s>>,
        indices: &[u32],
        mut visit: impl FnMut(&Outputs<'_>) -> ControlFlow<()> + Send,
    ) -> Result<()> {
        let samples = samples.into();
        if samples.per_sample() != self.pixels {
            return Err(Error::Array {
                array: "samples",
                expected: format!("{} numbers each, as the model takes", self.pixels),
                found: samples.per_sample().to_string(),
            });
        }
        if self.tta.is_some() || self.networks > 1 {
            return self.ask_often(samples, indices, &mut visit);
        }
        self.ask(0, (samples, indices), &mut visit)
    }

    /// As [`Self::for_each_while`], each network, and by each look at a sample.
    fn ask_often(
        &mut self,
        samples: Samples<'_>,
        indices: &[u32],
        visit: &mut (dyn FnMut(&Outputs<'_>) -> ControlFlow<()> + Send),
    ) -> Result<()> {
        let to_mirror = match (self.tta, samples) {
            (None, _) => None,
            (Some(Tta::Flip), Samples::Images(images)) => Some(images),
            (Some(Tta::Flip), Samples::Features(_)) => {
                let reason =
                    "expected images of bytes, which alone have a mirror image, found features";
                return Err(Error::Setting {
                    setting: "tta",
                    reason: reason.to_owned(),
                });
            }
        };
        for indices in indices.chunks(SAMPLES) {
            let mut all = Mean::new(self.info.output, self.info.classes.len());
            let mut take = |outputs: &Outputs<'_>| {
                all.take(outputs);
                ControlFlow::Continue(())
            };
            for network in 0..self.networks {
                self.ask(network, (samples, indices), &mut take)?;
            }
            if let Some(images) = to_mirror {
                let mirrored = images.mirrored(indices);
                let own: Vec<u32> = (0..indices.len() as u32).collect();
                for network in 0..self.networks {
                    self.ask(network, (Samples::Images(&mirrored), &own), &mut take)?;
                }
            }
            samples.check()?;
            if visit(&all.outputs(indices)).is_break() {
                break;
            }
        }
        samples.check()
    }

    /// As [`Self::for_each_while`], one network, each sample once, and none is refused.
    fn ask(
        &mut self,
        network: usize,
        (samples, indices): (Samples<'_>, &[u32]),
        visit: &mut (dyn FnMut(&Outputs<'_>) -> ControlFlow<()> + Send),
    ) -> Result<()> {
        // From where the file was changed on, nothing is visited.
        let mut visit = |outputs: &Outputs<'_>| match samples.check() {
            Ok(()) => visit(outputs),
            Err(_) => ControlFlow::Break(()),
        };
        let (info, machine) = (self.info, self.machine);
        let source = samples.source();
        match (&mut self.typed, samples) {
            (
                Typed::F32 {
                    packed: Some(asked),
                    ..
                },
                Samples::Images(images),
            ) => asked[network].for_each(machine, info, (images, indices), &mut visit)?,
            (Typed::F32 { staged, .. }, _) => {
                staged[network].for_each(machine, info, (source, indices), &mut visit)?;
            }
            (Typed::F64(asked), _) => {
                asked[network].for_each(machine, info, (source, indices), &mut visit)?;
            }
        }
        samples.check()
    }

    /// Bytes that a predictor allocates at most for a model of such a layout.
    pub(crate) fn bytes(layout: &Layout, dtype: Dtype, machine: &Machine) -> u64 {
        let bytes = |side| asked::bytes(layout, dtype, machine, side);
        bytes(Door::Staged).max(bytes(Door::PackedFloat))
    }

    /// The class of each sample.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub fn predict<'s>(&mut self, samples: impl Into<Samples<'s>>) -> Result<Vec<usize>> {
        let samples = samples.into();
        let mut classes = Vec::with_capacity(samples.count());
        self.for_each(samples, &samples.indices(), |outputs| {
            classes.extend(outputs.answers());
        })?;
        Ok(classes)
    }

    /// The probability of each class for each sample, row-major `(samples, classes)`.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub fn probabilities<'s>(&mut self, samples: impl Into<Samples<'s>>) -> Result<Vec<f64>> {
        let samples = samples.into();
        let mut all = Vec::with_capacity(samples.count() * self.info.classes.len());
        self.for_each(samples, &samples.indices(), |outputs| {
            all.extend(outputs.probabilities);
        })?;
        Ok(all)
    }

    /// The share of the samples at `indices` that get their label, in 0..=1; none for no samples.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    ///
    /// # Panics
    /// As [`Self::for_each`].
    pub fn score<'s>(
        &mut self,
        labelled: impl Into<LabelledSamples<'s>>,
        indices: &[u32],
    ) -> Result<Option<f64>> {
        let LabelledSamples { samples, labels } = labelled.into();
        let mut right = 0_usize;
        self.for_each(samples, indices, |outputs| {
            let answers = outputs.answers().zip(outputs.indices);
            right += answers
                .filter(|(answer, index)| *answer == usize::from(labels[**index as usize]))
                .count();
        })?;
        Ok((!indices.is_empty()).then(|| right as f64 / indices.len() as f64))
    }

    /// How right the answers to the samples at `indices` are by their labels. There must be one sample at least; the mean loss of
    /// none is NaN.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    ///
    /// # Panics
    /// If a label is none of the model's classes, or an index is beyond the samples.
    pub fn evaluation<'s>(
        &mut self,
        labelled: impl Into<LabelledSamples<'s>>,
        indices: &[u32],
    ) -> Result<Evaluation> {
        let LabelledSamples { samples, labels } = labelled.into();
        let classes = self.info.classes.len();
        let loss = Loss {
            label_smoothing: 0.0,
            class_weights: &[],
            output: self.info.output,
            form: ErrorForm::Objective,
            classes,
        };
        let mut confusion = vec![vec![0_u64; classes]; classes];
        let mut sum = 0.0;
        let mut scores = Scores::new(classes, indices.len());
        self.for_each(samples, indices, |outputs| {
            let labels = || outputs.indices.iter().map(|&index| labels[index as usize]);
            sum += loss.of_outputs(outputs.weighted_sums, outputs.outputs, labels());
            for (answer, label) in outputs.answers().zip(labels()) {
                confusion[usize::from(label)][answer] += 1;
            }
            scores.add(outputs, labels());
        })?;
        let figures = self.machine.install(|| scores.figures());
        Ok(Evaluation::new(confusion, sum / indices.len() as f64).with_scores(&figures))
    }
}
