//! Sweeps: the same training under many settings.
//!
//! [`space`] reads the plan of a sweep, a grid or random draws, as an ordered list of assignments of settings. It knows nothing of
//! training: whoever covers settings with an assignment checks that its names are settings, and that its values can be meant.

mod assignment;
mod axes;
mod draws;
mod file;
mod pieces;
pub mod space;
mod values;

pub use assignment::Assignment;
pub use space::{Runs, Space};
