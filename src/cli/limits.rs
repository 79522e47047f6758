//! What the system does to a process that meets one of its limits, made into an error and exit code 1.

/// From here on a file that may not grow (`ulimit -f`) is an error of the write, which names the file, and no signal. Where the system
/// refuses memory, Rust's library says how much was asked for and aborts: the exit code is then that of any failure of the
/// system. Large allocations are looked at beforehand (`Error::Memory`), so this is for the rest.
#[cfg(unix)]
pub fn become_errors() {
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGABRT, SIGXFSZ};
    use signal_hook::flag;

    static TOO_LARGE: AtomicBool = AtomicBool::new(false);
    static ALWAYS: AtomicBool = AtomicBool::new(true);
    // Where a signal cannot be caught, it ends the program as before.
    let _ = flag::register(SIGXFSZ, &TOO_LARGE);
    let _ = flag::register_conditional_shutdown(SIGABRT, 1, &ALWAYS);
}

/// Elsewhere there are no such signals.
#[cfg(not(unix))]
pub fn become_errors() {}
