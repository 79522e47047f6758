//! What the page about a sweep is made of.

use std::path::PathBuf;

use crate::sweep::journal::Entry;
use crate::sweep::ranking::Metric;

/// The best runs whose curves are drawn.
pub(super) const CURVES: usize = 10;

/// What a sweep has found, as its folders tell.
#[derive(Clone, Debug)]
pub struct Found {
    /// The folders of the sweep, or of its parts; there is one at least.
    pub folders: Vec<PathBuf>,
    /// How many runs are planned.
    pub planned: u64,
    /// The runs that have ended, each once.
    pub entries: Vec<Entry>,
    /// What they are compared by.
    pub metric: Metric,
}
