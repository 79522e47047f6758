//! The files in a run's folder. The process that writes it holds the folder's lock.
//!
//! | file | what | when |
//! |---|---|---|
//! | `config.toml` | every setting, resolved; `train --config` repeats the run with it. | at the start |
//! | `start.safetensors` | the network that the run started from; only with `train --from` | at the start |
//! | `metrics.csv` | a line an epoch; an accuracy that was not asked for is empty | as epochs end |
//! | `metrics.jsonl` | the same and more as JSON, a line an epoch; what was not asked for is `null` | as epochs end |
//! | `events.out.tfevents.gingham` | the same for TensorBoard; only with [`RunFolder::log_events`](super::RunFolder::log_events) | as epochs end |
//! | `checkpoint.safetensors` | the run between two steps: `train --resume` goes on from it | now and then, and at the end |
//! | `best.safetensors` | the network after the best epoch by the run's metric | as epochs end |
//! | `model.safetensors` | the trained network | at the end, or where a signal stops the run |
//! | `summary.json` | the run in one object; its presence says that the run is whole | last |
//! | `report.html` | the run as a page, with `train --report` or by `report` | after it |

/// The settings.
pub const CONFIG: &str = "config.toml";
/// The run between two steps.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// The network after the best epoch.
pub const BEST: &str = "best.safetensors";
/// The trained network.
pub const MODEL: &str = "model.safetensors";
/// The network that the run started from.
pub const START: &str = "start.safetensors";
/// The run in one object.
pub const SUMMARY: &str = "summary.json";
