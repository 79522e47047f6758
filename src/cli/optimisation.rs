//! The settings of the steps: how long a run is, how parameters move, and what is added to the objective.

use gingham::train::ClassWeight;
use serde::Serialize;

/// How a run descends, and on what.
#[derive(Debug, clap::Args, Serialize)]
pub struct Descent {
    /// Passes over the training images
    #[arg(
        long,
        value_name = "N",
        display_order = 0,
        help_heading = "Optimisation"
    )]
    epochs: Option<u32>,
    /// The step's length by the gradient's
    #[arg(
        long,
        visible_alias = "lr",
        value_name = "RATE",
        help_heading = "Optimisation"
    )]
    learning_rate: Option<f64>,
    /// How parameters move; where these are not given, adam and adamw take a learning rate of 0.001 and no L2, adamw a weight decay of 0.01
    #[arg(long, value_name = "NAME", value_parser = ["sgd", "nesterov", "adam", "adamw"], help_heading = "Optimisation")]
    optimizer: Option<String>,
    /// The share of the last step that sgd and nesterov keep
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    momentum: Option<f64>,
    /// The share of the first moment that adam and adamw keep [default: 0.9]
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    beta1: Option<f64>,
    /// The share of the second moment that they keep [default: 0.999]
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    beta2: Option<f64>,
    /// What they add to the root of the second moment [default: 1e-8]
    #[arg(long, value_name = "NUMBER", help_heading = "Optimisation")]
    epsilon: Option<f64>,
    /// The share of each weight, times the learning rate, that a step takes away beside the gradient
    #[arg(long, value_name = "FACTOR", help_heading = "Optimisation")]
    weight_decay: Option<f64>,
    /// How the learning rate goes over the run: it stays, falls as a cosine or in a line, or falls to a tenth at the half and to a hundredth at
    /// three quarters
    #[arg(long, value_name = "FORM", value_parser = ["constant", "cosine", "linear", "step"], help_heading = "Optimisation")]
    schedule: Option<String>,
    /// The share of the steps during which the learning rate rises
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    warmup: Option<f64>,
    /// The learning rate that cosine and linear come down to
    #[arg(long, value_name = "RATE", help_heading = "Optimisation")]
    final_rate: Option<f64>,
    /// The greatest length of a mini-batch's gradient; a longer one is shortened
    #[arg(long, value_name = "LENGTH", help_heading = "Optimisation")]
    clip_norm: Option<f64>,
    /// The share of the target that is spread over all classes
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    label_smoothing: Option<f64>,
    /// What the losses of each class's images are multiplied by: 'balanced', as if all classes had the same number of them, or numbers
    #[arg(long, value_name = "W,W,..", help_heading = "Optimisation")]
    class_weight: Option<ClassWeight>,
    /// The share of hidden units that a step leaves out
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    dropout: Option<f64>,
    /// What hidden layers' weighted sums are normalised by: nothing, or mean and deviation of the images of a chunk of the mini-batch
    #[arg(long, value_name = "HOW", value_parser = ["none", "batch"], help_heading = "Optimisation")]
    norm: Option<String>,
    /// Answer with a mean of the parameters over the steps, of which each step keeps this share, such as 0.999
    #[arg(long, value_name = "SHARE", help_heading = "Optimisation")]
    ema: Option<f64>,
    /// Factor of the weights' magnitudes
    #[arg(long, value_name = "FACTOR", help_heading = "Optimisation")]
    l1: Option<f64>,
    /// Which gradient that has: the sign of the weight, or (the article's) the weight
    #[arg(long, value_name = "FORM", value_parser = ["sign", "linear"], help_heading = "Optimisation")]
    l1_form: Option<String>,
    /// Factor of half the weights' squares
    #[arg(long, value_name = "FACTOR", help_heading = "Optimisation")]
    l2: Option<f64>,
    /// Whether losses are added up or averaged over a batch
    #[arg(long, value_name = "HOW", value_parser = ["sum", "mean"], help_heading = "Optimisation")]
    reduction: Option<String>,
    /// Which figure is reported: what the steps descend on, or the article's
    #[arg(long, value_name = "FORM", value_parser = ["objective", "article"], help_heading = "Optimisation")]
    error: Option<String>,
}
