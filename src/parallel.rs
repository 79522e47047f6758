//! The one owner of threads: how many there are, how work is cut, and what BLAS may do.
//!
//! The rule: rayon's pool does the parallel work and BLAS computes each call on the thread that makes it. Work is cut
//! by its size alone, never by how many threads there are, so that the same seed gives the same bits on any machine with the same
//! BLAS. Three flavours of OpenBLAS need three measures. With threads of its own it is told once to use one. The OpenMP
//! flavour keeps its count per calling thread, so every worker tells it anew. The serial one may have been built
//! without locks, which it does not tell, so it gets one caller only.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::EngineKind;
use crate::engine::blas::{self, Threading};
use crate::error::{Error, Result};
use crate::kernels::integer::ROWS_OF_MICRO_TILE;

/// More threads than this are refused: no machine has them, and OpenBLAS runs out of buffers.
pub const MOST_THREADS: usize = 256;

/// How a weight matrix is cut into blocks, whose gradient one task computes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Rows and columns of the largest block.
    pub most: (usize, usize),
    /// Blocks begin at multiples of so many rows and columns.
    pub unit: (usize, usize),
}

impl Cut {
    /// For products in floating point: at pairs of vectors. Measured: `benches/record/2026-11-23-openblas-shapes.md`.
    pub const IN_FLOATING_POINT: Self = Self {
        most: (256, 256),
        unit: (32, 32),
    };

    /// For the first layer's products in integers over `images` images of `pixels` pixels, which may be cut at multiples of `unit`.
    /// Where packed images stay in the cache of a core, blocks are of whole rows, which are read and written as streams; else
    /// of few columns.
    #[must_use]
    pub fn in_integers(images: usize, pixels: usize, unit: usize) -> Self {
        const CACHED_BYTES: usize = 512 * 1024;
        let columns = if images.saturating_mul(pixels) <= CACHED_BYTES {
            usize::MAX
        } else {
            128
        };
        Self {
            most: (32, columns),
            unit: (ROWS_OF_MICRO_TILE, unit),
        }
    }

    /// Where rows are cut in two, if they are too many for a block.
    #[must_use]
    pub fn half_of_rows(self, rows: usize) -> Option<usize> {
        half(rows, self.most.0, self.unit.0)
    }

    /// Where columns are cut in two, if they are too many for a block.
    #[must_use]
    pub fn half_of_columns(self, columns: usize) -> Option<usize> {
        half(columns, self.most.1, self.unit.1)
    }
}

/// Near the middle of more than `most`, at a multiple of `unit`, if there is one.
fn half(size: usize, most: usize, unit: usize) -> Option<usize> {
    (size > most.max(unit)).then(|| ((size / 2 + unit / 2) / unit * unit).max(unit))
}

/// Images of a batch that one task takes through all layers. Measured: `benches/record/2026-11-23-openblas-shapes.md`.
const IMAGES_PER_TASK: std::ops::RangeInclusive<usize> = 32..=240;
/// Tasks to aim at for a batch too small to fill the largest ones.
const TASKS_PER_BATCH: usize = 8;

/// The pool that a run's work goes through.
#[derive(Debug)]
pub struct Threads {
    pool: rayon::ThreadPool,
    /// Why there are fewer than asked for, if there are.
    pub note: Option<&'static str>,
}

impl Threads {
    /// A pool of `requested` threads (0: as many as the machine offers) for `engine`, and BLAS held to one thread.
    ///
    /// # Errors
    /// [`Error::Setting`] above [`MOST_THREADS`] and where OpenBLAS mistakes the CPU, [`Error::Threads`] where the system
    /// refuses.
    pub fn new(requested: usize, engine: EngineKind) -> Result<Self> {
        check_count(requested)?;
        if engine != EngineKind::Naive {
            blas::check_core()?;
        }
        let available = || {
            std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
        };
        let wanted = if requested == 0 {
            available()
        } else {
            requested
        };
        let serial_blas = blas::library().threading == Threading::Serial;
        let note = match engine {
            EngineKind::Naive if wanted > 1 => Some("the naive engine is one thread by definition"),
            _ if wanted > 1 && serial_blas => Some(
                "this OpenBLAS is the serial flavour, which need not be safe under several callers",
            ),
            _ => None,
        };
        let pool = pool(if note.is_some() { 1 } else { wanted })?;
        // Every worker says it for itself: the OpenMP flavour keeps its count per calling thread.
        let held = pool
            .broadcast(|_| blas::hold_to_one_thread())
            .into_iter()
            .all(|held| held);
        if held || engine == EngineKind::Naive {
            return Ok(Self { pool, note });
        }
        let note =
            Some("this OpenBLAS does not let itself be held to one thread, so it gets one caller");
        Ok(Self {
            pool: self::pool(1)?,
            note,
        })
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` in the pool: everything parallel within it uses these threads, and until it returns none of them sleeps.
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

/// The machine's memory, where it tells.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Refuses a number of threads that cannot be meant.
///
/// # Errors
/// [`Error::Setting`] above [`MOST_THREADS`].
pub fn check_count(requested: usize) -> Result<()> {
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

/// Sets its flag when it is dropped: at the end of a scope, by a panic too.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Images that one task takes through all layers, in batches of at most `batch` images.
#[must_use]
pub fn images_per_task(batch: usize) -> usize {
    batch
        .div_ceil(TASKS_PER_BATCH)
        .next_multiple_of(16)
        .clamp(*IMAGES_PER_TASK.start(), *IMAGES_PER_TASK.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_whole_units_and_smaller() {
        for (most, unit) in [(256, 32), (128, 112), (32, 10), (1, 16)] {
            for size in (most + unit + 1..3000).chain([1 << 20]) {
                let half = half(size, most, unit).unwrap();
                assert!(
                    half.is_multiple_of(unit)
                        && half < size
                        && half.abs_diff(size - half) <= 2 * unit,
                    "{size} {half}"
                );
            }
            assert_eq!(half(most, most, unit), None);
            assert_eq!(half(unit, most, unit), None);
        }
    }

    #[test]
    fn tasks_depend_on_sizes_and_are_whole_vectors() {
        for (batch, expected) in [(1, 32), (128, 32), (512, 64), (1920, 240), (60_000, 240)] {
            assert_eq!(images_per_task(batch), expected);
        }
    }
}
