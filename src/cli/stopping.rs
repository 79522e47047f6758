//! The settings by which a run ends before its epochs are over, and by which its best network is told.

use gingham::train::{Metric, Span};
use serde::Serialize;

/// When a run ends early, and which network is its best one.
#[derive(Debug, clap::Args, Serialize)]
#[command(next_help_heading = "Stopping")]
pub struct Stopping {
    /// What decides which network of a run, and which run of a sweep, is better [default: heldout_accuracy; where no images are held out, error
    /// among runs]
    #[arg(long, value_name = "FIGURE", value_parser = Metric::ALL.map(Metric::name))]
    metric: Option<String>,
    /// End when N evaluations have found nothing better, and leave the best network; without --eval-every each epoch is evaluated
    #[arg(long, value_name = "N")]
    early_stopping: Option<u32>,
    /// By how much an evaluation must be better to count, beside --early-stopping
    #[arg(long, value_name = "DIFFERENCE")]
    min_delta: Option<f64>,
    /// End after the epoch in which this time is over, such as 90s, 5m or 1h30m; what a run took before it was stopped counts
    #[arg(long, value_name = "TIME")]
    max_time: Option<Span>,
}
