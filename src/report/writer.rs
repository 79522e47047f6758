//! Files that are written while the run goes on: a thread of its own waits for the disk.
//!
//! Of each name the newest bytes are written; older ones that have not been begun are left out. So a disk that is slower than
//! the run holds nothing up, and the file on it is the newest that the disk could take.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

use super::place::Place;
use crate::durable;
use crate::error::{Error, Result};

/// The thread and what lies before it.
#[derive(Debug)]
pub(super) struct Writer {
    desk: Arc<Desk>,
    /// None where the system gives no thread: then files are written by the one that asks for it.
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Desk {
    place: Arc<Place>,
    files: Mutex<Files>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Files {
    /// By name, in the order in which they are written.
    waiting: BTreeMap<&'static str, Vec<u8>>,
    is_writing: bool,
    is_closed: bool,
    failures: Vec<Error>,
}

impl Writer {
    pub(super) fn new(place: Arc<Place>) -> Self {
        let desk = Arc::new(Desk {
            place,
            files: Mutex::default(),
            changed: Condvar::new(),
        });
        let thread = Builder::new().name("writer".to_owned()).spawn({
            let desk = Arc::clone(&desk);
            move || desk.work()
        });
        Self {
            desk,
            thread: thread.ok(),
        }
    }

    /// Has `bytes` written as the folder's file `name`, in the place of the one that is there.
    pub(super) fn put(&self, name: &'static str, bytes: Vec<u8>) {
        if self.thread.is_none() {
            let written = write(&self.desk.place, name, &bytes);
            self.desk.lock().failures.extend(written.err());
            return;
        }
        self.desk.lock().waiting.insert(name, bytes);
        self.desk.changed.notify_all();
    }

    /// What could not be written since the last call.
    pub(super) fn failures(&self) -> Vec<Error> {
        std::mem::take(&mut self.desk.lock().failures)
    }

    /// Waits until everything is on the disk; then as [`Self::failures`].
    pub(super) fn flush(&self) -> Vec<Error> {
        let mut files = self.desk.lock();
        while files.is_writing || !files.waiting.is_empty() {
            files = self.desk.wait(files);
        }
        std::mem::take(&mut files.failures)
    }
}

impl Drop for Writer {
    /// What was asked for is written.
    fn drop(&mut self) {
        self.desk.lock().is_closed = true;
        self.desk.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it does not panic
        }
    }
}

impl Desk {
    fn work(&self) {
        let mut files = self.lock();
        loop {
            match files.waiting.pop_first() {
                Some((name, bytes)) => {
                    files.is_writing = true;
                    drop(files);
                    let written = write(&self.place, name, &bytes);
                    files = self.lock();
                    files.is_writing = false;
                    files.failures.extend(written.err());
                    self.changed.notify_all();
                }
                None if files.is_closed => return,
                None => files = self.wait(files),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Files> {
        self.files.lock().expect("nobody panics with it")
    }

    fn wait<'a>(&self, files: MutexGuard<'a, Files>) -> MutexGuard<'a, Files> {
        self.changed.wait(files).expect("nobody panics with it")
    }
}

/// Writes a file of the folder, whatever the folder's name is now, in the place of the one that is there.
pub(super) fn write(place: &Place, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = place.now().map_err(|source| Error::Write {
        path: place.path().join(name),
        source,
    })?;
    durable::write_over(&folder.join(name), bytes)
}
