//! A file's bytes, without reading them: the only place where a file is mapped.
//!
//! A file may change under its map. What we do about it:
//!
//! - **It is shortened, or its disk fails.** Reading a page that is gone ends a process with SIGBUS. On Linux a handler puts a page of
//!   zeros there, and the map knows from then on that it is damaged.
//! - **It is written over in place.** We may see old and new bytes mixed. Its size or the time of its last change tell;
//!   where that time alone is another one, the digest tells whether the bytes are.
//! - **Another file takes its name, or it is removed.** The map stays with the old file, whole.
//!
//! [`Bytes::check`] names the first two as errors. Until then there is wrong data, and never memory unsafety on our side: bytes are only
//! ever copied out or added up, never used as a size or an index after they were checked, but for labels, which [`super::labelled`]
//! copies first.

#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::ops::Deref;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use super::stream::stream;
use crate::error::{Error, Result};

/// Files below this size are read: a page of heap is cheaper than a mapping.
const MAPPED_FROM_BYTES: u64 = 64 * 1024;

/// A stream that says more than this never ends, as far as we can tell. No model of our own presets is larger.
const MOST_BYTES_OF_A_STREAM: u64 = 1 << 30;

/// The bytes of a file, mapped or in memory.
#[derive(Debug)]
pub(crate) enum Bytes {
    Mapped(Map),
    Owned(Vec<u8>),
}

impl Bytes {
    /// Refuses what was changed since it was opened; `path` is its name in the message.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        self.check_but(path, |_| false)
    }

    /// The same, but where `is_same` finds in the bytes what they were when the file was opened, it counts as unchanged: its time of
    /// change was set, by `touch` or by a copy of the same bytes.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub(crate) fn check_but(&self, path: &Path, is_same: impl Fn(&[u8]) -> bool) -> Result<()> {
        let Self::Mapped(map) = self else {
            return Ok(());
        };
        let changed = |change| {
            Err(Error::Changed {
                path: path.to_owned(),
                change,
            })
        };
        match map.change() {
            None => Ok(()),
            Some(Change::Damage) => changed("it was shortened, or a part of it could not be read"),
            Some(Change::Length) => changed("it was written to"),
            // The time is read before the bytes: what is written after it shows in the next look.
            Some(Change::Time(now)) if is_same(&map.bytes) && !map.guard.is_damaged() => {
                *map.modified.lock().expect("nobody panics with it") = now;
                Ok(())
            }
            Some(Change::Time(_)) => changed("it was written to"),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => &map.bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// A mapped file.
#[derive(Debug)]
pub(crate) struct Map {
    guard: guard::Guard, // dropped before the map is
    bytes: memmap2::Mmap,
    file: File,
    /// The time of its last change, as far as that is known to have changed nothing.
    modified: Mutex<Option<SystemTime>>,
}

/// What has happened to a file since it was mapped.
enum Change {
    /// A part of it is gone.
    Damage,
    /// It has another length.
    Length,
    /// The time of its last change is this one now.
    Time(Option<SystemTime>),
}

impl Map {
    fn new(file: File) -> std::io::Result<Self> {
        let modified = file.metadata()?.modified().ok();
        // SAFETY: the map is read-only and private to `Map`, which hands out shared slices that do not outlive it; the
        // module's text says what a change of the file under us can and cannot do.
        let bytes = unsafe { memmap2::Mmap::map(&file) }?;
        Ok(Self {
            guard: guard::Guard::new(&bytes),
            bytes,
            file,
            modified: Mutex::new(modified),
        })
    }

    fn change(&self) -> Option<Change> {
        let now = self.file.metadata().ok()?;
        let length = self.bytes.len() as u64;
        if self.guard.is_damaged() || now.len() < length {
            return Some(Change::Damage);
        }
        if now.len() != length {
            return Some(Change::Length);
        }
        let time = now.modified().ok();
        let is_known = time == *self.modified.lock().expect("nobody panics with it");
        (!is_known).then_some(Change::Time(time))
    }
}

/// The handler of SIGBUS.
#[cfg(target_os = "linux")]
mod guard {
    use std::ffi::{c_int, c_void};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// Maps that are guarded at one time; later ones are not.
    const MOST: usize = 64;

    /// A guarded map: its first address, or 0 where the slot is free, and the address behind its last.
    struct Slot {
        start: AtomicUsize,
        end: AtomicUsize,
        is_damaged: AtomicBool,
    }

    static SLOTS: [Slot; MOST] = [const {
        Slot {
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            is_damaged: AtomicBool::new(false),
        }
    }; MOST];

    /// What handled the signal before, and the size of a page; nothing where the handler could not be installed.
    static BEFORE: OnceLock<Option<(libc::sigaction, usize)>> = OnceLock::new();

    /// Guards a map until it is dropped, which must be before the map is.
    #[derive(Debug)]
    pub(super) struct Guard(Option<usize>);

    impl Guard {
        pub(super) fn new(map: &[u8]) -> Self {
            if map.is_empty() || BEFORE.get_or_init(install).is_none() {
                return Self(None);
            }
            let range = map.as_ptr_range();
            // A slot that is being filled is an empty range: no address lies at or above the highest one.
            let claimed = |slot: &Slot| {
                let free =
                    slot.start
                        .compare_exchange(0, usize::MAX, Ordering::AcqRel, Ordering::Relaxed);
                free.is_ok()
            };
            let slot = SLOTS.iter().position(claimed);
            if let Some(slot) = slot {
                let slot = &SLOTS[slot];
                slot.is_damaged.store(false, Ordering::Relaxed);
                slot.end.store(range.end.addr(), Ordering::Relaxed);
                slot.start.store(range.start.addr(), Ordering::Release);
            }
            Self(slot)
        }

        pub(super) fn is_damaged(&self) -> bool {
            self.0
                .is_some_and(|slot| SLOTS[slot].is_damaged.load(Ordering::Relaxed))
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            if let Some(slot) = self.0 {
                SLOTS[slot].start.store(0, Ordering::Release);
            }
        }
    }

    /// Puts our handler before the one that is there.
    fn install() -> Option<(libc::sigaction, usize)> {
        // SAFETY: both structs are plain numbers, for which zeros are values; the handler is a function of the signature that
        // SA_SIGINFO asks for, and it calls nothing but what is safe in a handler.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
            let mut ours: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_sigbus;
            ours.sa_sigaction = handler as *const () as usize;
            ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            let done = libc::sigaction(libc::SIGBUS, &ours, &mut before) == 0;
            done.then_some((before, page))
        }
    }

    /// Puts a page of zeros where a page of a guarded map is gone. Every other signal goes to the handler that was there before.
    extern "C" fn on_sigbus(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
        // `install` has set this for its only caller, or is about to; without it nothing is mapped yet.
        let before = BEFORE.get().copied().flatten();
        if let Some((_, page)) = before {
            // SAFETY: the system hands in a valid `info`, and for SIGBUS it holds an address.
            let address = unsafe { (*info).si_addr() }.addr();
            let slot = SLOTS.iter().find(|slot| {
                (slot.start.load(Ordering::Acquire)..slot.end.load(Ordering::Relaxed))
                    .contains(&address)
            });
            if let Some(slot) = slot {
                slot.is_damaged.store(true, Ordering::Relaxed);
                let start = address - address % page;
                // SAFETY: the page lies in a map of ours, which is read-only and which nobody else replaces; the system call is safe
                // in a handler, and `errno` is put back.
                let mapped = unsafe {
                    let errno = *libc::__errno_location();
                    let mapped = libc::mmap(
                        std::ptr::without_provenance_mut(start),
                        page,
                        libc::PROT_READ,
                        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                        -1,
                        0,
                    );
                    *libc::__errno_location() = errno;
                    mapped
                };
                if mapped != libc::MAP_FAILED {
                    return;
                }
            }
        }
        // SAFETY: what was there before us is put back, with what the system told of it. The instruction is tried again and finds it;
        // a signal that somebody sent, whose code is not above 0, is sent once more.
        unsafe {
            match before {
                Some((before, _)) => libc::sigaction(signal, &before, std::ptr::null_mut()),
                None => i32::from(libc::signal(signal, libc::SIG_DFL) == libc::SIG_ERR),
            };
            if (*info).si_code <= 0 {
                libc::raise(signal);
            }
        }
    }
}

/// Elsewhere a map is not guarded.
#[cfg(not(target_os = "linux"))]
mod guard {
    #[derive(Debug)]
    pub(super) struct Guard;

    impl Guard {
        pub(super) fn new(_map: &[u8]) -> Self {
            Self
        }

        pub(super) fn is_damaged(&self) -> bool {
            false
        }
    }
}

/// Opens a regular file. Whatever else stands at `path` is refused before it is opened, since opening a FIFO would
/// wait for its writer.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`].
pub(crate) fn open(path: &Path) -> Result<File> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let kind = std::fs::metadata(path).map_err(read)?.file_type();
    if kind.is_file() {
        return File::open(path).map_err(read);
    }
    let found = if kind.is_dir() {
        "a directory"
    } else {
        "a pipe, socket or device"
    };
    Err(Error::NotAFile {
        path: path.to_owned(),
        found,
    })
}

/// The bytes of the regular file at `path`: mapped where it is large and the system lets us, read otherwise. Those of a
/// [stream](stream()) are read.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`].
pub(crate) fn bytes(path: &Path) -> Result<Bytes> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    if let Some(stream) = stream(path) {
        let mut bytes = Vec::new();
        let most = MOST_BYTES_OF_A_STREAM;
        stream?
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(read)?;
        if bytes.len() as u64 > most {
            let reason = format!(
                "expected at most {} MiB from a stream, found more",
                most >> 20
            );
            return Err(read(IoError::new(ErrorKind::InvalidData, reason)));
        }
        return Ok(Bytes::Owned(bytes));
    }
    let mut file = open(path)?;
    if file.metadata().map_err(read)?.len() >= MAPPED_FROM_BYTES
        && let Ok(map) = file.try_clone().and_then(Map::new)
    {
        return Ok(Bytes::Mapped(map));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(read)?;
    Ok(Bytes::Owned(bytes))
}
