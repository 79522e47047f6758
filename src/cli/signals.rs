//! Signals that ask a run to stop: the first one is left to the run, a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;

#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// Within this time a second signal is the first one once more: `timeout` and some schedulers send it to the process and to its group.
const SAME_SIGNAL: Duration = Duration::from_millis(250);

/// The stack of the thread that waits for signals. It calls nothing deep.
const STACK_BYTES: usize = 128 << 10;

/// Waits for the signals that ask a run to stop, in a thread of its own.
pub struct Listener {
    first: Arc<AtomicUsize>,
    /// None where the system gives no thread: then signals stay what they are.
    handle: Option<Handle>,
}

impl Listener {
    /// Starts the thread. Until [`Self::watch`] signals stay what they are.
    pub fn start() -> Self {
        let first = Arc::new(AtomicUsize::new(0));
        let handle = Signals::new([0_i32; 0]).ok().and_then(|signals| {
            let handle = signals.handle();
            let first = Arc::clone(&first);
            let thread = Builder::new()
                .name("signals".to_owned())
                .stack_size(STACK_BYTES)
                .spawn(move || wait(signals, &first));
            thread.ok().map(|_| handle)
        });
        Self { first, handle }
    }

    /// From now on the number of the first such signal is put where this leads; until then 0 stands there. Signals that the process
    /// was told to ignore stay ignored: `nohup` and a shell's background jobs rely on it.
    pub fn watch(&self) -> Arc<AtomicUsize> {
        let ignored = ignored();
        let wanted = STOPPING.into_iter();
        for signal in wanted.filter(|signal| ignored >> (signal - 1) & 1 == 0) {
            if let Some(handle) = &self.handle {
                let _ = handle.add_signal(signal); // where it is not allowed, the signal stays what it is
            }
        }
        Arc::clone(&self.first)
    }
}

/// Notes the first signal, and ends the process at a second one.
fn wait(mut signals: Signals, first: &AtomicUsize) {
    let mut seen: Option<Instant> = None;
    for signal in signals.forever() {
        match seen {
            None => {
                seen = Some(Instant::now());
                first.store(signal.unsigned_abs() as usize, Ordering::Relaxed);
            }
            Some(at) if at.elapsed() < SAME_SIGNAL => {}
            Some(_) => low_level::exit(128 + signal),
        }
    }
}

/// The signals that the process ignores, a bit each from the lowest; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}
