//! The figures of a report, each from figures that were computed elsewhere.

mod calibration;
mod cells;
mod confusion;
mod curves;
mod weights;

pub use calibration::reliability;
pub use cells::{cell, grid, scale};
pub use confusion::confusion;
pub use curves::{accuracy, error};
pub use weights::weights;

/// A share as per cent, with as many places as accuracies have everywhere.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// At most `most` letters of `text`, the last an ellipsis where some are left out.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "\u{2026}"
}
