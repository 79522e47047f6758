//! Signals that ask a run to stop: the first one is left to the run, a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// From now on the number of the first such signal is put where this leads; until then 0 stands there. Signals that the process was
/// told to ignore stay ignored: `nohup` and a shell's background jobs rely on it. Where the system does not allow it, signals stay
/// what they are.
pub fn watch() -> Arc<AtomicUsize> {
    let first = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(AtomicBool::new(false));
    let ignored = ignored();
    for signal in STOPPING {
        if ignored >> (signal - 1) & 1 == 1 {
            continue;
        }
        // They run in the order of their registration: a second signal finds `seen` set.
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&seen));
        let _ = flag::register(signal, Arc::clone(&seen));
        let _ = flag::register_usize(signal, Arc::clone(&first), signal as usize);
    }
    first
}

/// The signals that the process ignores, a bit each from the lowest; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}
