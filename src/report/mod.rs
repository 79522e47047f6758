//! What a run leaves for people and programs: its folder, its summary, and what the machine said of it.

mod events;
mod folder;
mod machine;

pub use folder::{EpochRecord, Recorder, RunFolder, Summary};
pub use machine::{commit, peak_rss_bytes, process_age, version};
