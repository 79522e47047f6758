//! Signals that ask a run to stop: the first one is left to the run, a later one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
#[cfg(unix)]
use std::sync::atomic::Ordering;
#[cfg(unix)]
use std::thread::Builder;
#[cfg(unix)]
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
#[cfg(unix)]
use signal_hook::iterator::Signals;

#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];

/// Signals that follow the first one within this time are taken for the same: `timeout` sends its signal to the process and then to
/// its group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(500);

/// From now on the number of the first such signal is put where this leads; until then 0 stands there. Signals that the process was
/// told to ignore stay ignored: `nohup` and a shell's background jobs rely on it. Where the system does not allow it, signals stay
/// what they are.
#[cfg(unix)]
pub fn watch() -> Arc<AtomicUsize> {
    let first = Arc::new(AtomicUsize::new(0));
    let ignored = ignored();
    let minded = STOPPING
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let Ok(mut signals) = Signals::new(minded) else {
        return first;
    };
    let handle = signals.handle();
    let told = Arc::clone(&first);
    let watching = Builder::new().name("signals".to_owned()).spawn(move || {
        let mut since: Option<Instant> = None;
        for signal in signals.forever() {
            let since = *since.get_or_insert_with(Instant::now);
            if told.load(Ordering::Relaxed) == 0 {
                told.store(signal as usize, Ordering::Relaxed);
            } else if since.elapsed() > SAME {
                signal_hook::low_level::exit(128 + signal);
            }
        }
    });
    if watching.is_err() {
        handle.close(); // without a thread nobody would hear them
    }
    first
}

/// Elsewhere the first signal is left to the run, and so is every other one.
#[cfg(not(unix))]
pub fn watch() -> Arc<AtomicUsize> {
    let first = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register_usize(signal, Arc::clone(&first), signal as usize);
    }
    first
}

/// The signals that the process ignores, a bit each from the lowest; none where the system does not tell.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}
