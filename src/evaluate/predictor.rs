//! Asking a finished model.

use std::ops::ControlFlow;

use super::metrics::{Evaluation, argmax};
use crate::data::{LabelledSamples, Samples, Standardizer};
use crate::engine::Blas;
use crate::error::{Error, Result};
use crate::input::{Door, InputSizes, Staged, StagedScale};
use crate::kernels::Level;
use crate::machine::Machine;
use crate::model::{AnyModel, Layout, Mlp, Model, ModelInfo};
use crate::network::footprint::Footprint;
use crate::network::{ErrorForm, Loss, Memory, MemoryUse, Pass};
use crate::scalar::{Dtype, Scalar};

/// Samples that are asked about at a time: as many as a large mini-batch has.
const SAMPLES: usize = 1920;

/// A model ready to be asked. The first question allocates the memory for 1920 samples, so make one predictor and ask it often.
///
/// Answers are those of the numbers in the model file: the first layer is computed in floating point whatever engine trained
/// it. Weights quantized to 16 bits would change probabilities by some 3e-5.
#[derive(Debug)]
pub struct Predictor<'a> {
    machine: &'a Machine,
    info: &'a ModelInfo,
    pixels: usize,
    typed: Typed<'a>,
}

/// By the type of the model's numbers.
#[derive(Debug)]
enum Typed<'a> {
    F32(Asked<'a, f32>),
    F64(Asked<'a, f64>),
}

/// A network with memory for asking it.
#[derive(Debug)]
struct Asked<'a, T: Scalar> {
    mlp: &'a Mlp<T>,
    scale: StagedScale<T>,
    level: Level,
    /// From the first question on.
    memory: Option<Memory<Staged<T>>>,
}

/// What a model says to a group of samples: rows of `classes` numbers, a row for each sample.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'a> {
    /// The samples, by their index.
    pub indices: &'a [u32],
    /// The number of classes.
    pub classes: usize,
    /// The weighted sums of the output layer.
    pub weighted_sums: &'a [f64],
    /// The outputs of the network.
    pub outputs: &'a [f64],
    /// The probabilities of the classes.
    pub probabilities: &'a [f64],
}

impl Outputs<'_> {
    /// The class that the model gives each sample.
    pub fn answers(&self) -> impl Iterator<Item = usize> {
        self.weighted_sums.chunks_exact(self.classes).map(argmax)
    }
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
            AnyModel::F32(model) => Typed::F32(Asked::new(machine, model, standardizer)),
            AnyModel::F64(model) => Typed::F64(Asked::new(machine, model, standardizer)),
        };
        Self {
            machine,
            info,
            pixels,
            typed,
        }
    }

    /// Calls `visit` for groups of the samples at `indices`, in their order. The work before that is parallel.
    ///
    /// # Errors
    /// [`Error::Array`] for samples of another size than the model's, [`Error::Memory`] where there is no memory to ask the model,
    /// [`Error::Changed`] where the samples' file was changed in the meantime: no group after that was visited.
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
        let (info, typed) = (self.info, &mut self.typed);
        match typed {
            Typed::F32(asked) => asked.check_memory(self.machine)?,
            Typed::F64(asked) => asked.check_memory(self.machine)?,
        }
        // From where the file was changed on, nothing is visited.
        let mut visit = |outputs: &Outputs<'_>| match samples.check() {
            Ok(()) => visit(outputs),
            Err(_) => ControlFlow::Break(()),
        };
        self.machine.install(|| match typed {
            Typed::F32(asked) => asked.for_each(info, samples, indices, &mut visit),
            Typed::F64(asked) => asked.for_each(info, samples, indices, &mut visit),
        });
        samples.check()
    }

    /// Bytes that a predictor allocates for a model of such a layout.
    pub(crate) fn bytes(layout: &Layout, dtype: Dtype, machine: &Machine) -> u64 {
        let footprint = Footprint {
            layout,
            dtype,
            door: Door::Staged,
            shape: (layout.inputs(), 1),
            batch: SAMPLES,
            purpose: MemoryUse::Evaluation,
            threads: machine.threads(),
        };
        footprint.bytes()
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
            output: self.info.output,
            form: ErrorForm::Objective,
            classes,
        };
        let mut confusion = vec![vec![0_u64; classes]; classes];
        let mut sum = 0.0;
        self.for_each(samples, indices, |outputs| {
            let labels = || outputs.indices.iter().map(|&index| labels[index as usize]);
            sum += loss.of_outputs(outputs.weighted_sums, outputs.outputs, labels());
            for (answer, label) in outputs.answers().zip(labels()) {
                confusion[usize::from(label)][answer] += 1;
            }
        })?;
        Ok(Evaluation::new(confusion, sum / indices.len() as f64))
    }
}

impl<'a, T: Scalar> Asked<'a, T> {
    fn new(machine: &Machine, model: &'a Model<T>, standardizer: &Standardizer) -> Self {
        Self {
            mlp: &model.mlp,
            scale: StagedScale::new(standardizer),
            level: machine.level(),
            memory: None,
        }
    }

    /// Refuses a model that there is no memory to ask.
    fn check_memory(&self, machine: &Machine) -> Result<()> {
        let layout = &self.mlp.layout;
        if self.memory.is_some() {
            return Ok(());
        }
        machine.check_memory(Predictor::bytes(layout, T::DTYPE, machine), || {
            let what = format!(
                "{SAMPLES} samples in a network of widths {:?}",
                layout.widths()
            );
            (what, "a smaller model")
        })
    }

    fn memory(&self) -> Memory<Staged<T>> {
        let layout = &self.mlp.layout;
        let sizes = InputSizes {
            layer: &layout.layers()[0],
            is_output: layout.layers().len() == 1,
            batch: SAMPLES,
            trains: false,
            level: self.level,
        };
        let input = Staged::new(&Blas, &sizes);
        Memory::new(input, layout, SAMPLES, MemoryUse::Evaluation, self.level)
    }

    fn for_each(
        &mut self,
        info: &ModelInfo,
        samples: Samples<'_>,
        indices: &[u32],
        visit: &mut dyn FnMut(&Outputs<'_>) -> ControlFlow<()>,
    ) {
        let made = self.memory.take().unwrap_or_else(|| self.memory());
        let Self {
            mlp,
            scale,
            level,
            memory,
        } = self;
        let memory = memory.insert(made);
        let pass = Pass::<Staged<T>> {
            engine: &Blas,
            mlp,
            scale,
        };
        let (level, classes) = (*level, mlp.layout.classes());
        let wide = |numbers: &[T], to: &mut Vec<f64>| {
            to.clear();
            to.extend(numbers.iter().map(|number| number.wide()));
        };
        let mut shares: Vec<T> = Vec::new();
        let (mut sums, mut outputs, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
        let mut flow = ControlFlow::Continue(());
        for indices in indices.chunks(SAMPLES) {
            memory.for_each_output(&pass, samples.source(), indices, |indices, z| {
                if flow.is_break() {
                    return;
                }
                wide(z, &mut sums);
                shares.clear();
                shares.extend_from_slice(z);
                info.output.forward(level, &mut shares, classes);
                wide(&shares, &mut outputs);
                info.probability.of_outputs(level, &mut shares, classes);
                wide(&shares, &mut probabilities);
                flow = visit(&Outputs {
                    indices,
                    classes,
                    weighted_sums: &sums,
                    outputs: &outputs,
                    probabilities: &probabilities,
                });
            });
            if flow.is_break() {
                break;
            }
        }
    }
}
