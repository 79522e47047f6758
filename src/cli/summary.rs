//! What is printed of a run that has ended.

use gingham::quote;
use gingham::report::{EndedBy, Summary};

use super::output::{facts, percent};

/// The epochs of a run, with why they are not more, and whose network is left.
fn epochs(summary: &Summary) -> String {
    let ended = summary.ended_by.filter(|by| *by != EndedBy::Epochs);
    let ended = ended.map_or_else(String::new, |by| format!(": {}", by.words()));
    let restored = summary.restored_epoch.map(|epoch| epoch + 1);
    let restored = restored.map_or_else(String::new, |epoch| {
        format!("; the network is that of epoch {epoch}, the best one")
    });
    format!("{}{ended}{restored}", summary.epochs)
}

/// The summary as a table.
pub fn table(summary: &Summary) -> String {
    let row = |name: &'static str, value: String| (name, value);
    let memory = summary.peak_rss_bytes.map_or("-".to_owned(), |bytes| {
        format!("{:.0} MB", bytes as f64 / 1e6)
    });
    facts(&[
        row("train accuracy", percent(summary.train_accuracy)),
        row("held-out accuracy", percent(summary.heldout_accuracy)),
        row(
            "held-out loss",
            summary
                .heldout_loss
                .map_or("-".to_owned(), |loss| format!("{loss:.6}")),
        ),
        row("test accuracy", percent(summary.test_accuracy)),
        row("final error", format!("{:.6}", summary.final_error)),
        row("epochs", epochs(summary)),
        row(
            "engine",
            format!(
                "{} {}, {}, {} threads",
                summary.engine, summary.dtype, summary.level, summary.threads
            ),
        ),
        row("training", format!("{:.2} s", summary.train_seconds)),
        row(
            "an epoch",
            format!(
                "{:.2} ms",
                summary.train_seconds / summary.epochs as f64 * 1e3
            ),
        ),
        row(
            "images",
            format!("{:.0} a second", summary.images_per_second),
        ),
        row("in all", format!("{:.2} s", summary.total_seconds)),
        row("peak memory", memory),
        row("model", quote::path(&summary.model)),
    ])
}
