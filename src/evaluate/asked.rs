//! A network with the memory for asking it, by one side of the door.

use std::fmt;
use std::ops::ControlFlow;

use super::metrics::argmax;
use crate::data::Standardizer;
use crate::engine::{Blas, Engine, Simd};
use crate::error::Result;
use crate::input::packed::{Float, FloatScale};
use crate::input::{Door, Input, InputSizes, Packed, Staged, StagedScale};
use crate::kernels::Level;
use crate::machine::Machine;
use crate::model::{Layout, Mlp, Model, ModelInfo};
use crate::network::footprint::Footprint;
use crate::network::{Memory, MemoryUse, Pass};
use crate::scalar::{Dtype, Scalar};

/// Samples that are asked about at a time: as many as a large mini-batch has.
pub(super) const SAMPLES: usize = 1920;

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
    /// Whether these are means over several looks at each sample. Then the answer is the class of the highest mean probability, and the
    /// weighted sums are those whose outputs the mean outputs are.
    pub averaged: bool,
}

impl Outputs<'_> {
    /// The class that the model gives each sample.
    pub fn answers(&self) -> impl Iterator<Item = usize> {
        let sums = self.weighted_sums.chunks_exact(self.classes);
        let shares = self.probabilities.chunks_exact(self.classes);
        sums.zip(shares).map(|(sums, shares)| {
            if self.averaged {
                most_probable(shares, sums)
            } else {
                argmax(sums)
            }
        })
    }
}

/// The class of the highest probability; among several, that of the highest weighted sum.
fn most_probable(shares: &[f64], sums: &[f64]) -> usize {
    let better = |class: usize, best: usize| {
        shares[class] > shares[best]
            || (shares[class].total_cmp(&shares[best]).is_eq() && sums[class] > sums[best])
    };
    let worse_first = |best, class| if better(class, best) { class } else { best };
    (1..shares.len()).fold(0, worse_first)
}

/// A network with memory for asking it.
pub(super) struct Asked<'a, D: Input> {
    mlp: &'a Mlp<D::Number>,
    scale: D::Scale,
    engine: &'static dyn Engine<D::Number>,
    level: Level,
    /// Makes the door by which samples enter.
    door: Box<dyn Fn(&InputSizes<'_>) -> D + Send + Sync>,
    side: Door,
    /// From the first question on.
    memory: Option<Memory<D>>,
}

impl<D: Input> fmt::Debug for Asked<'_, D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Asked")
            .field("engine", &self.engine)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// Bytes that are allocated to ask a model of such a layout by that side of the door.
pub(super) fn bytes(layout: &Layout, dtype: Dtype, machine: &Machine, door: Door) -> u64 {
    let footprint = Footprint {
        layout,
        dtype,
        door,
        shape: (layout.inputs(), 1),
        batch: SAMPLES,
        purpose: MemoryUse::Evaluation,
        threads: machine.threads(),
    };
    footprint.bytes()
}

impl<'a, T: Scalar> Asked<'a, Staged<T>> {
    pub(super) fn staged(
        machine: &Machine,
        model: &'a Model<T>,
        standardizer: &Standardizer,
    ) -> Self {
        Self {
            mlp: &model.mlp,
            scale: StagedScale::new(standardizer),
            engine: &Blas,
            level: machine.level(),
            door: Box::new(|sizes| Staged::new(&Blas, sizes)),
            side: Door::Staged,
            memory: None,
        }
    }
}

impl<'a> Asked<'a, Packed<Float>> {
    pub(super) fn packed(
        machine: &Machine,
        model: &'a Model<f32>,
        standardizer: &Standardizer,
    ) -> Self {
        let shape = (model.info.rows, model.info.columns);
        Self {
            mlp: &model.mlp,
            scale: FloatScale::new(standardizer, shape),
            engine: Simd::at(machine.level()),
            level: machine.level(),
            door: Box::new(move |sizes| Packed::new(sizes, shape)),
            side: Door::PackedFloat,
            memory: None,
        }
    }
}

impl<D: Input> Asked<'_, D> {
    /// Refuses a model that there is no memory to ask.
    fn check_memory(&self, machine: &Machine) -> Result<()> {
        let layout = &self.mlp.layout;
        if self.memory.is_some() {
            return Ok(());
        }
        let needed = bytes(layout, D::Number::DTYPE, machine, self.side);
        machine.check_memory(needed, || {
            let what = format!(
                "{SAMPLES} samples in a network of widths {:?}",
                layout.widths()
            );
            (what, "a smaller model")
        })
    }

    fn memory(&self) -> Memory<D> {
        let layout = &self.mlp.layout;
        let sizes = InputSizes {
            layer: &layout.layers()[0],
            is_output: layout.layers().len() == 1,
            batch: SAMPLES,
            trains: false,
            level: self.level,
        };
        let input = (self.door)(&sizes);
        Memory::new(input, layout, SAMPLES, MemoryUse::Evaluation, self.level)
    }

    /// Calls `visit` for groups of the samples at those indices, until it breaks.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::error::Error::Memory).
    pub(super) fn for_each(
        &mut self,
        machine: &Machine,
        info: &ModelInfo,
        samples: (&D::Source, &[u32]),
        visit: &mut (dyn FnMut(&Outputs<'_>) -> ControlFlow<()> + Send),
    ) -> Result<()> {
        self.check_memory(machine)?;
        machine.install(|| self.ask(info, samples, visit));
        Ok(())
    }

    fn ask(
        &mut self,
        info: &ModelInfo,
        (source, indices): (&D::Source, &[u32]),
        visit: &mut dyn FnMut(&Outputs<'_>) -> ControlFlow<()>,
    ) {
        let made = self.memory.take().unwrap_or_else(|| self.memory());
        let Self {
            mlp,
            scale,
            engine,
            level,
            memory,
            ..
        } = self;
        let memory = memory.insert(made);
        let pass = Pass::<D> {
            engine: *engine,
            mlp,
            scale,
        };
        let (level, classes) = (*level, mlp.layout.classes());
        let wide = |numbers: &[D::Number], to: &mut Vec<f64>| {
            to.clear();
            to.extend(numbers.iter().map(|number| number.wide()));
        };
        let mut shares: Vec<D::Number> = Vec::new();
        let (mut sums, mut outputs, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
        let mut flow = ControlFlow::Continue(());
        for indices in indices.chunks(SAMPLES) {
            memory.for_each_output(&pass, source, indices, |indices, z| {
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
                    averaged: false,
                });
            });
            if flow.is_break() {
                break;
            }
        }
    }
}
