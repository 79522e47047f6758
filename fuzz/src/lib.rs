//! What every fuzz target does: it hands the fuzzer's bytes to its reader, in a folder of its own, and ends the process where the
//! reader holds more than [`MOST_BYTES`] beyond its input. The fuzzer itself looks for panics, for reads that hang, and, under
//! the address sanitizer, for bytes beside their memory.
//!
//! When a target ends it says the most memory that a read took and how long the longest one was.

#[path = "../../tests/library/hostile/bodies.rs"]
#[allow(dead_code)] // a target has one of the readers
pub mod bodies;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Once};
use std::time::Instant;

/// The target of a reader, which is a function of `bodies`. No other reader is in the target's program, since the fuzzer looks at all
/// of a program's branches after each run.
#[macro_export]
macro_rules! target {
    ($reader:ident) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::watch($crate::bodies::$reader, bytes));
    };
}

/// What a reader may hold beyond its input.
const MOST_BYTES: usize = 64 << 20;

/// Bytes that are allocated now, and the most since a read began.
static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST_HELD: AtomicUsize = AtomicUsize::new(0);
/// The most bytes that a read held, and the nanoseconds of the longest one.
static MOST_OF_ALL: AtomicUsize = AtomicUsize::new(0);
static LONGEST_NS: AtomicU64 = AtomicU64::new(0);

/// The folder that readers find their files in.
static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// The system's allocator, counting.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn add(bytes: usize) {
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    MOST_HELD.fetch_max(held, Relaxed);
}

// SAFETY: every method hands its arguments to the system's allocator and returns its answer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promise is the one that the system's allocator asks for; so below.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks are there while the bytes are copied.
        add(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Hands `bytes` to a reader.
///
/// # Panics
/// Where the reader panics, and where it holds more than it may.
pub fn watch(read: fn(&[u8], &Path), bytes: &[u8]) {
    static FIRST: Once = Once::new();
    let folder = FOLDER.path();
    FIRST.call_once(|| {
        // What a reader makes once and keeps (a pool of threads) is not a read's.
        read(&[], folder);
        // SAFETY: the function is called at most once, when the process ends, and does not unwind.
        unsafe { libc::atexit(end) };
    });
    let before = HELD.load(Relaxed);
    MOST_HELD.store(before, Relaxed);
    let started = Instant::now();
    read(bytes, folder);
    let ns = started.elapsed().as_nanos() as u64;
    let held = MOST_HELD.load(Relaxed).saturating_sub(before);
    assert!(
        held <= MOST_BYTES + bytes.len(),
        "the reader held {held} bytes, of which {} are its input's",
        bytes.len()
    );
    MOST_OF_ALL.fetch_max(held, Relaxed);
    LONGEST_NS.fetch_max(ns, Relaxed);
}

extern "C" fn end() {
    // A static value is not dropped.
    let _ = std::fs::remove_dir_all(FOLDER.path());
    let (held, ns) = (MOST_OF_ALL.load(Relaxed), LONGEST_NS.load(Relaxed));
    eprintln!(
        "most memory of a read: {:.2} MiB; longest read: {:.1} ms",
        held as f64 / f64::from(1 << 20),
        ns as f64 / 1e6
    );
}
