//! The model as an ONNX graph that takes images as they are.
//!
//! | | name | type | shape |
//! |---|---|---|---|
//! | input | `pixels` | u8 | `(batch, rows, columns)`, any batch |
//! | output | `probabilities` | f32 | `(batch, classes)` |
//! | output | `class` | i64 | `(batch)` |
//!
//! Between them: `Flatten`, `Cast`, scaling by `factor · u + offset`, then per layer `Gemm` and its activation, in the model's own
//! type and with the arithmetic that [`StagedScale`] has, so that a runtime differs from `predict` by rounding alone. The
//! class is the argmax of the weighted sums, the first one where several are equal. Of an ensemble, each network has its nodes behind a
//! prefix, `probabilities` is the `Mean` of theirs, and the class its argmax. Metadata: `classes`, a JSON list of the class names.
//!
//! Opset 13 and IR version 7 are the lowest that have these operators in this form: every runtime since 2020 reads them.
//! Field numbers are those of `onnx.proto`.

use crate::error::{Error, Result};
use crate::formats::protobuf::Message;
use crate::input::StagedScale;
use crate::model::{Activation, Mlp, Model, Output, Probability};
use crate::scalar::{Dtype, Scalar};

const IR_VERSION: i64 = 7;
const OPSET: i64 = 13;
/// The limit of Protocol Buffers, and so of an ONNX model in one file.
const MOST_BYTES: usize = i32::MAX as usize;

/// `TensorProto.DataType`.
#[derive(Clone, Copy)]
enum Element {
    Float = 1,
    Uint8 = 2,
    Int64 = 7,
    Double = 11,
}

impl Element {
    fn of<T: Scalar>() -> Self {
        match T::DTYPE {
            Dtype::F32 => Self::Float,
            Dtype::F64 => Self::Double,
        }
    }
}

pub(super) fn bytes<T: Scalar>(model: &Model<T>) -> Result<Vec<u8>> {
    let info = &model.info;
    let classes = serde_json::to_string(&info.classes).expect("a list of strings");
    let message = Message::default()
        .integer(1, IR_VERSION)
        .text(2, "gingham")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, &graph(model))
        .message(8, &Message::default().text(1, "").integer(2, OPSET))
        .message(14, &Message::default().text(1, "classes").text(2, &classes));
    let size = message.bytes().len();
    if size > MOST_BYTES {
        return Err(Error::Setting {
            setting: "format",
            reason: format!("an ONNX file has at most {MOST_BYTES} bytes, this model takes {size}"),
        });
    }
    Ok(message.into_bytes())
}

/// A graph under construction. Most nodes take the output of the node before them.
struct Graph {
    message: Message,
    /// The name of the last node's output.
    last: String,
}

impl Graph {
    /// A node that makes `output` of the last output and of `others`.
    fn then(&mut self, operator: &str, others: &[&str], attributes: &[(&str, i64)], output: &str) {
        let last = std::mem::replace(&mut self.last, output.to_owned());
        let inputs = [&[last.as_str()], others].concat();
        self.node(operator, &inputs, attributes, output);
    }

    /// A node that makes `output` of `inputs`.
    fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, i64)], output: &str) {
        /// `AttributeProto.INT`
        const INT: i64 = 2;
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, output).text(4, operator);
        for (name, value) in attributes {
            let attribute = Message::default().text(1, name).integer(3, *value);
            node = node.message(5, &attribute.integer(20, INT));
        }
        self.add(1, &node);
    }

    fn tensor<T: Scalar>(&mut self, name: &str, shape: &[usize], values: &[T]) {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        for value in values {
            value.put_bytes(&mut bytes);
        }
        let mut tensor = Message::default();
        for &length in shape {
            tensor = tensor.integer(1, length as i64);
        }
        tensor = tensor.integer(2, Element::of::<T>() as i64);
        self.add(5, &tensor.text(8, name).data(9, &bytes));
    }

    fn add(&mut self, field: u32, part: &Message) {
        self.message = std::mem::take(&mut self.message).message(field, part);
    }
}

fn graph<T: Scalar>(model: &Model<T>) -> Message {
    let info = &model.info;
    let mut graph = Graph {
        message: Message::default().text(2, "gingham"),
        last: "pixels".to_owned(),
    };
    let own = Element::of::<T>() as i64;
    let scale = StagedScale::<T>::new(&model.standardizer);
    let pixels = [model.standardizer.pixels()];
    graph.tensor("scale.factor", &pixels, &scale.factor);
    graph.tensor("scale.offset", &pixels, &scale.offset);
    graph.then("Flatten", &[], &[("axis", 1)], "flat");
    graph.then("Cast", &[], &[("to", own)], "numbers");
    graph.then("Mul", &["scale.factor"], &[], "stretched");
    graph.then("Add", &["scale.offset"], &[], "scaled");

    let class = [("axis", 1), ("keepdims", 0)];
    if model.others.is_empty() {
        layers(&mut graph, &model.mlp, "");
        let sums = graph.last.clone();
        graph.node("ArgMax", &[&sums], &class, "class");
        probabilities::<T>(&mut graph, (info.output, info.probability), "");
    } else {
        let mut shares = Vec::new();
        for (network, mlp) in model.networks().enumerate() {
            let prefix = format!("networks.{network}.");
            "scaled".clone_into(&mut graph.last);
            layers(&mut graph, mlp, &prefix);
            probabilities::<T>(&mut graph, (info.output, info.probability), &prefix);
            shares.push(graph.last.clone());
        }
        let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
        graph.node("Mean", &shares, &[], "mean");
        "mean".clone_into(&mut graph.last);
        graph.node("ArgMax", &["mean"], &class, "class");
    }
    graph.then(
        "Cast",
        &[],
        &[("to", Element::Float as i64)],
        "probabilities",
    );

    let image = [None, Some(info.rows), Some(info.columns)];
    let answers = [None, Some(info.classes.len())];
    graph.add(11, &value("pixels", Element::Uint8, &image));
    graph.add(12, &value("probabilities", Element::Float, &answers));
    graph.add(12, &value("class", Element::Int64, &[None]));
    graph.message
}

/// Adds the nodes of a network's layers, up to the output layer's weighted sums, with names behind `prefix`.
fn layers<T: Scalar>(graph: &mut Graph, mlp: &Mlp<T>, prefix: &str) {
    let layers = mlp.layout.layers();
    for (number, layer) in layers.iter().enumerate() {
        let [weight, bias] =
            ["weight", "bias"].map(|part| format!("{prefix}layers.{number}.{part}"));
        let shape = [layer.outputs, layer.inputs];
        graph.tensor(&weight, &shape, &mlp.parameters[layer.weight.clone()]);
        let mut operands = vec![weight.as_str()];
        if let Some(numbers) = mlp.bias(number) {
            graph.tensor(&bias, &[layer.outputs], numbers);
            operands.push(&bias);
        }
        let sums = format!("{prefix}layers.{number}.sums");
        graph.then("Gemm", &operands, &[("transB", 1)], &sums);
        if number + 1 < layers.len() {
            let operator = match mlp.activation {
                Activation::Sigmoid => "Sigmoid",
                Activation::Relu => "Relu",
                Activation::Tanh => "Tanh",
            };
            let activations = format!("{prefix}layers.{number}.activations");
            graph.then(operator, &[], &[], &activations);
        }
    }
}

/// Adds the nodes that make probabilities of the output layer's weighted sums, with names behind `prefix`.
fn probabilities<T: Scalar>(
    graph: &mut Graph,
    (output, probability): (Output, Probability),
    prefix: &str,
) {
    let named = |name: &str| format!("{prefix}{name}");
    let softmax = |graph: &mut Graph, name: &str| {
        graph.then("Softmax", &[], &[("axis", 1)], &named(name));
    };
    match (output, probability) {
        // σ(z) over its sum is the softmax of log σ(z) = min(z, 0) - log(1 + e^-|z|), which stays exact where onnxruntime cuts σ
        // off, at z = -18. It has no Softplus in f64.
        (Output::Sigmoid, Probability::Output) => {
            let sums = graph.last.clone();
            graph.tensor(&named("zero"), &[], &[T::zero()]);
            graph.tensor(&named("one"), &[], &[T::one()]);
            graph.then("Abs", &[], &[], &named("magnitudes"));
            graph.then("Neg", &[], &[], &named("exponents"));
            graph.then("Exp", &[], &[], &named("powers"));
            graph.then("Add", &[&named("one")], &[], &named("denominators"));
            graph.then("Log", &[], &[], &named("logarithms"));
            graph.last = sums;
            graph.then("Min", &[&named("zero")], &[], &named("numerators"));
            graph.then("Sub", &[&named("logarithms")], &[], &named("log outputs"));
            softmax(graph, "shares");
        }
        (Output::Sigmoid, Probability::Softmax) => {
            graph.then("Sigmoid", &[], &[], &named("outputs"));
            softmax(graph, "shares");
        }
        // Outputs that add up to 1 are probabilities already.
        (Output::Softmax, Probability::Output) => softmax(graph, "shares"),
        (Output::Softmax, Probability::Softmax) => {
            softmax(graph, "outputs");
            softmax(graph, "shares");
        }
    }
}

/// A `ValueInfoProto` for an input or output. A length that is not known is the batch's.
fn value(name: &str, element: Element, shape: &[Option<usize>]) -> Message {
    let mut dimensions = Message::default();
    for length in shape {
        let dimension = match length {
            Some(length) => Message::default().integer(1, *length as i64),
            None => Message::default().text(2, "batch"),
        };
        dimensions = dimensions.message(1, &dimension);
    }
    let tensor = Message::default()
        .integer(1, element as i64)
        .message(2, &dimensions);
    Message::default()
        .text(1, name)
        .message(2, &Message::default().message(1, &tensor))
}
