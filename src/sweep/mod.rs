//! Sweeps: the same training under many settings.
//!
//! [`space`] reads the plan of a sweep, a grid or random draws, as an ordered list of assignments of settings. It knows nothing of
//! training: whoever covers settings with an assignment checks that its names are settings, and that its values can be meant.
//! [`journal`] has a line for each run that has ended, [`folder`] is where that and the best runs are kept, [`ranking`] says
//! which these are, and [`results`] what they tell. [`halving`] says which runs go on where most are ended early, and [`rungs`] remembers
//! how far they had come. A [`shard`] is the part of a plan that one process trains; [`parts`] reads the folders
//! of shards as one sweep.

mod assignment;
mod axes;
mod draws;
mod file;
pub mod folder;
pub mod halving;
pub mod journal;
mod page;
pub mod parts;
mod pieces;
pub mod ranking;
pub mod results;
pub mod rungs;
pub mod shard;
pub mod space;
mod values;

pub use crate::train::Metric;
pub use assignment::Assignment;
pub use folder::{Choice, Identity, SweepFolder};
pub use halving::{Halving, Rung};
pub use journal::{Divergence, Ending, Entry, Pruned};
pub use page::Found;
pub use parts::Parts;
pub use ranking::{Standing, ranked};
pub use results::Results;
pub use shard::Shard;
pub use space::{Runs, Space};
