//! The network: its shape, its one flat buffer of parameters, and how that buffer is read by name.
//!
//! A network of widths `w0, w1, .., wn` has `n` layers. Layer `l` maps `w_l` inputs to `w_(l+1)` outputs by a weight
//! matrix of shape `(outputs, inputs)`, row-major, and where biases are on by a bias of `outputs` numbers. The buffer
//! holds layer after layer, each its weight and then its bias. Nothing here multiplies matrices: engines do.

mod activation;
mod archive;
mod file;
mod import;
mod info;
mod init;
mod parse;
pub(crate) mod seal;
pub(crate) mod tensors;

use std::ops::Range;

use ndarray::ArrayView2;

pub use activation::{Activation, Output, Probability};
pub use file::{AnyModel, Model, NamedArray, Values};
pub use import::{ImportOptions, Scaling};
pub use info::{Digests, HeldoutScale, ModelInfo, Scale};
pub use init::Init;
pub use seal::Seal;

use crate::scalar::Scalar;

/// Where one layer's parameters stand in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Numbers that come in.
    pub inputs: usize,
    /// Units, and so numbers that go out.
    pub outputs: usize,
    /// The weight matrix, `(outputs, inputs)`, row-major.
    pub weight: Range<usize>,
    /// The bias, directly behind the weight, where the network has biases.
    pub bias: Option<Range<usize>>,
    /// The gain, directly behind that, of a layer that is normalised: the factor of its normalised sums, to which the bias is added.
    pub gain: Option<Range<usize>>,
}

impl Layer {
    /// Parameters of the layer.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.parts().map(|part| part.len()).sum()
    }

    /// Where its weights, its biases and its gains stand, those that it has.
    pub fn parts(&self) -> impl Iterator<Item = &Range<usize>> {
        let behind = [self.bias.as_ref(), self.gain.as_ref()];
        std::iter::once(&self.weight).chain(behind.into_iter().flatten())
    }
}

/// Where every layer's parameters stand in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    layers: Vec<Layer>,
}

impl Layout {
    /// The layout for `widths`: inputs, hidden units of each hidden layer, classes.
    ///
    /// # Panics
    /// With fewer than two widths, or where the number of parameters is no `usize`; options are validated before.
    #[must_use]
    pub fn new(widths: &[usize], biases: bool) -> Self {
        assert!(widths.len() >= 2, "a network has inputs and outputs");
        let mut next = 0;
        let layers = widths
            .windows(2)
            .map(|pair| {
                let (inputs, outputs) = (pair[0], pair[1]);
                let weight = next..next + inputs.checked_mul(outputs).expect("a size");
                let bias = biases.then(|| weight.end..weight.end + outputs);
                next = bias.as_ref().map_or(weight.end, |bias| bias.end);
                Layer {
                    inputs,
                    outputs,
                    weight,
                    bias,
                    gain: None,
                }
            })
            .collect();
        Self { layers }
    }

    /// The same with normalised hidden layers.
    #[must_use]
    pub fn normalized(&self) -> Self {
        self.shifted(|hidden, units| if hidden { units } else { 0 })
    }

    /// The same without norms.
    #[must_use]
    pub fn without_norms(&self) -> Self {
        self.shifted(|_, _| 0)
    }

    /// The same layers, each with so many gains, told whether it is hidden and its units.
    fn shifted(&self, gains: impl Fn(bool, usize) -> usize) -> Self {
        let mut next = 0;
        let mut take = |size: usize| {
            let range = next..next + size;
            next = range.end;
            range
        };
        let last = self.layers.len() - 1;
        let layer = |(number, layer): (usize, &Layer)| {
            let gains = gains(number < last, layer.outputs);
            Layer {
                weight: take(layer.weight.len()),
                bias: layer.bias.as_ref().map(|bias| take(bias.len())),
                gain: (gains > 0).then(|| take(gains)),
                ..*layer
            }
        };
        Self {
            layers: self.layers.iter().enumerate().map(layer).collect(),
        }
    }

    /// Whether some layer is normalised.
    #[must_use]
    pub fn has_norms(&self) -> bool {
        self.layers.iter().any(|layer| layer.gain.is_some())
    }

    /// Numbers that a network keeps running means of: two for each unit that is normalised.
    #[must_use]
    pub fn running_figures(&self) -> usize {
        let normed = self.layers.iter().filter(|layer| layer.gain.is_some());
        normed.map(|layer| 2 * layer.outputs).sum()
    }

    /// The layers, from the pixels to the classes.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Parameters in all.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(Layer::parameters).sum()
    }

    /// Inputs, hidden units of each hidden layer, classes.
    #[must_use]
    pub fn widths(&self) -> Vec<usize> {
        let outputs = self.layers.iter().map(|layer| layer.outputs);
        std::iter::once(self.inputs()).chain(outputs).collect()
    }

    /// Numbers that the first layer takes.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Numbers that the last layer gives.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs
    }
}

/// A multi-layer perceptron.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<T> {
    /// Where the parameters stand.
    pub layout: Layout,
    /// All parameters.
    pub parameters: Vec<T>,
    /// What every hidden layer does to its weighted sums.
    pub activation: Activation,
    /// What the output layer does to its weighted sums.
    pub output: Output,
}

impl<T: Scalar> Mlp<T> {
    /// The weight matrix of layer `layer`, `(outputs, inputs)`.
    ///
    /// # Panics
    /// If there is no such layer.
    #[must_use]
    pub fn weight(&self, layer: usize) -> ArrayView2<'_, T> {
        let Layer {
            inputs,
            outputs,
            weight,
            ..
        } = &self.layout.layers[layer];
        ArrayView2::from_shape((*outputs, *inputs), &self.parameters[weight.clone()])
            .expect("the layout's own sizes")
    }

    /// The gain of layer `layer`, if it is normalised.
    ///
    /// # Panics
    /// If there is no such layer.
    #[must_use]
    pub fn gain(&self, layer: usize) -> Option<&[T]> {
        let gain = self.layout.layers[layer].gain.clone();
        gain.map(|gain| &self.parameters[gain])
    }

    /// The bias of layer `layer`, if the network has biases.
    ///
    /// # Panics
    /// If there is no such layer.
    #[must_use]
    pub fn bias(&self, layer: usize) -> Option<&[T]> {
        self.layout.layers[layer]
            .bias
            .clone()
            .map(|bias| &self.parameters[bias])
    }
}
