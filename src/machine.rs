//! The machine that a run has: its threads, its instruction level, its memory.
//!
//! A [`Machine`] is made once and handed down as a value. Nothing else reads the environment, asks the system for its memory
//! or detects the CPU. Making one holds BLAS to one thread, so whoever has a machine may compute:
//!
//! rayon's pool does the parallel work, and BLAS computes each call on the thread that makes it. Work is cut by its size
//! alone ([`crate::cut`]), so the same seed gives the same bits on any machine with the same BLAS. Three flavours of OpenBLAS
//! need three measures. The flavour with threads of its own is told once to use one. The OpenMP flavour keeps its count for
//! each calling thread, so every worker tells it anew. The serial flavour may have been built without locks, which it does
//! not tell, so it gets one caller only.

mod limits;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::EngineKind;
use crate::engine::blas::{self, Threading};
use crate::error::{Error, Result};
use crate::kernels::Level;
use crate::quote;

/// More threads than this are refused: no machine has them, and OpenBLAS runs out of buffers.
pub const MOST_THREADS: usize = 256;

/// The environment variable that lowers the instruction level to `portable` or `avx2`. `avx512` and an empty value allow all that
/// the CPU has; nothing can raise the level above that.
const LEVEL_VARIABLE: &str = "GINGHAM_LEVEL";

/// Threads, instruction level and memory, decided once.
#[derive(Debug)]
pub struct Machine {
    pool: rayon::ThreadPool,
    level: Level,
    /// Whether the CPU offers more.
    lowered: bool,
    memory_bytes: Option<u64>,
    note: Option<&'static str>,
}

impl Machine {
    /// This machine with `threads` threads, or with one for each core where that is 0. [`Self::for_engine`] is for an engine that
    /// needs fewer.
    ///
    /// # Errors
    /// [`Error::Setting`] above [`MOST_THREADS`], for a value of `GINGHAM_LEVEL` that means nothing, and where OpenBLAS
    /// mistakes the CPU; [`Error::Threads`] where the system refuses; [`Error::Memory`] where a limit leaves BLAS no room.
    pub fn new(threads: usize) -> Result<Self> {
        Self::for_engine(threads, EngineKind::Auto)
    }

    /// As [`Self::new`], for one engine: the naive one gets one thread.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn for_engine(requested: usize, engine: EngineKind) -> Result<Self> {
        check_threads(requested)?;
        let level = allowed_level()?;
        let naive = engine == EngineKind::Naive;
        blas::check_core()?; // for the naive engine too: finished models are asked through BLAS
        let available = || {
            std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
        };
        let wanted = if requested == 0 {
            available()
        } else {
            requested
        };
        let serial_blas = blas::library().threading == Threading::Serial;
        let mut note = match wanted {
            1 => None,
            _ if naive => Some("the naive engine is one thread by definition"),
            _ if serial_blas => Some(
                "this OpenBLAS is the serial flavour, which need not be safe under several callers",
            ),
            _ => None,
        };
        let threads = if note.is_some() { 1 } else { wanted };
        check_room(threads)?;
        let mut pool = pool(threads)?;
        blas::map_buffers(&pool);
        // Every worker says it for itself: the OpenMP flavour keeps its count for each calling thread.
        let held = pool
            .broadcast(|_| blas::hold_to_one_thread())
            .into_iter()
            .all(|held| held);
        if !held && !naive {
            note = Some(
                "this OpenBLAS does not let itself be held to one thread, so it gets one caller",
            );
            pool = self::pool(1)?;
        } // of its buffers there are enough now
        Ok(Self {
            pool,
            level,
            lowered: level < Level::highest(),
            memory_bytes: limits::memory_bytes(),
            note,
        })
    }

    /// The same machine at another instruction level, for tests and benches.
    #[must_use]
    pub fn at_level(self, level: Level) -> Self {
        Self {
            level,
            lowered: level < Level::highest(),
            ..self
        }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Why there are fewer threads than asked for, if there are.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        self.note
    }

    /// The instructions that kernels may use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Whether the environment allows less than the CPU offers.
    #[must_use]
    pub fn is_lowered(&self) -> bool {
        self.lowered
    }

    /// The memory that this process may have, where the system tells: the machine's, or less where a control group (a container)
    /// or a limit of the address space allows less.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    /// Refuses work that takes `needed_bytes` of memory where the process may not have them. `what` says what takes them and what
    /// to give instead.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn check_memory(
        &self,
        needed_bytes: u64,
        what: impl FnOnce() -> (String, &'static str),
    ) -> Result<()> {
        /// What a command takes beside: pages, messages, the arenas of the C library.
        const MORE_BYTES: u64 = 24 << 20;
        let all = needed_bytes.saturating_add(MORE_BYTES);
        if self.memory_bytes.is_none_or(|most| all <= most) && limits::are_free(1, all) {
            return Ok(());
        }
        let (what, instead) = what();
        Err(Error::Memory {
            what,
            needed_bytes: all,
            allowed_bytes: self.memory_bytes,
            way_out: way_out(instead),
        })
    }

    /// Runs `work` on these threads: everything parallel within it uses them. Called from one of them, it costs nothing.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }

    /// As [`Self::install`], and until `work` returns none of the threads sleeps.
    ///
    /// A step is two short phases of some hundred microseconds. A worker that runs out of tasks before the others would
    /// be put to sleep, and waking it costs as much as a tenth of a phase; so each one keeps asking for tasks, and gives way
    /// to other programs in between.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let done = AtomicBool::new(false);
        self.pool.in_place_scope(|scope| {
            let done = &done;
            self.pool.install(|| {
                let _set_at_the_end = SetOnDrop(done);
                let own = rayon::current_thread_index();
                scope.spawn_broadcast(move |_, worker| {
                    // The worker that does `work` has nothing to wait for: it would wait for itself.
                    while Some(worker.index()) != own && !done.load(Ordering::Relaxed) {
                        if rayon::yield_now() == Some(rayon::Yield::Idle) {
                            std::thread::yield_now();
                        }
                    }
                });
                work()
            })
        })
    }
}

/// Refuses a number of threads that cannot be meant.
///
/// # Errors
/// [`Error::Setting`] above [`MOST_THREADS`].
pub fn check_threads(requested: usize) -> Result<()> {
    if requested <= MOST_THREADS {
        return Ok(());
    }
    Err(Error::Setting {
        setting: "threads",
        reason: format!(
            "expected at most {MOST_THREADS} (0: one for each core), found {requested}"
        ),
    })
}

/// Refuses an environment that no [`Machine`] can be made in, for commands that make none.
///
/// # Errors
/// [`Error::Setting`] for a value of `GINGHAM_LEVEL` that means nothing.
pub fn check_environment() -> Result<()> {
    allowed_level().map(|_| ())
}

/// The highest level that this CPU offers and the environment allows.
fn allowed_level() -> Result<Level> {
    let highest = Level::highest();
    let value = std::env::var_os(LEVEL_VARIABLE).unwrap_or_default();
    if value.is_empty() {
        return Ok(highest);
    }
    let lowered = value.to_str().and_then(|name| highest.at_most(name));
    lowered.ok_or_else(|| Error::Setting {
        setting: LEVEL_VARIABLE,
        reason: format!(
            "expected portable, avx2 or avx512, found {}",
            quote::path(Path::new(&value))
        ),
    })
}

/// Refuses a limit of memory under which BLAS could not have its buffers: OpenBLAS asks for ever instead of giving up.
///
/// # Errors
/// [`Error::Memory`].
fn check_room(threads: usize) -> Result<()> {
    /// A thread that calls OpenBLAS took 66 MiB (its buffer of 32, and the C library's arena), the program and its first two
    /// threads 437; with twice as much for a thread no limit was found under which OpenBLAS hangs.
    const BYTES_PER_THREAD: u64 = 128 << 20;
    let parts = threads + 2;
    if limits::are_free(parts, BYTES_PER_THREAD) {
        return Ok(());
    }
    Err(Error::Memory {
        what: format!("BLAS and {threads} threads"),
        needed_bytes: parts as u64 * BYTES_PER_THREAD,
        allowed_bytes: limits::memory_bytes(),
        way_out: way_out(if threads > 1 { "--threads 1" } else { "" }),
    })
}

/// What to give instead of what there is no memory for.
fn way_out(instead: &str) -> String {
    let limited = limits::address_space_bytes().is_some();
    let raise = if limited {
        "raise the limit (ulimit -v, -d)"
    } else {
        "take a machine or a control group with more memory"
    };
    match instead {
        "" => raise.to_owned(),
        instead => format!("give {instead}, or {raise}"),
    }
}

fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("gingham-{number}"))
        .build()
        .map_err(|error| Error::Threads {
            threads,
            reason: error.to_string(),
        })
}

/// Sets its flag when it is dropped: at the end of a scope, and where that ends by a panic too.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
