//! What the system and the build know about this process.

use std::sync::OnceLock;
use std::time::Duration;

use crate::engine::blas;

/// The commit that this program was built from, with a `+` after it where files were changed; `unknown` outside a checkout.
#[must_use]
pub fn commit() -> &'static str {
    env!("GINGHAM_COMMIT")
}

/// The text that `gingham --version` prints after the name.
#[must_use]
pub fn version() -> String {
    format!(
        "{} (commit {})\n{}",
        env!("CARGO_PKG_VERSION"),
        commit(),
        blas::library()
    )
}

/// The CPU's name; none where the system does not tell. The system is asked once: Linux measures the clocks of all CPUs before it
/// answers, which takes milliseconds.
#[must_use]
pub fn cpu() -> Option<String> {
    static CPU: OnceLock<Option<String>> = OnceLock::new();
    let ask = || {
        let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("model name"))?;
        let name = line.trim_start_matches([' ', '\t', ':']).trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    CPU.get_or_init(ask).clone()
}

/// The most memory that this process ever had in use, mapped files included; none where the system does not tell.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The time since this process began, loading of libraries included, in steps of 10 ms; none where the system does not
/// tell.
#[must_use]
pub fn process_age() -> Option<Duration> {
    /// Clock ticks a second: Linux fixes this for what it shows to programs.
    const TICKS_PER_S: f64 = 100.0;
    /// The index of `starttime` among the fields after the program's name, which ends with the last parenthesis (proc(5), field 22).
    const START: usize = 19;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let start_ticks: f64 = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(START)?
        .parse()
        .ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime_s: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(uptime_s - start_ticks / TICKS_PER_S).ok()
}
