//! A line of a terminal that is drawn again and again: a bar and some texts.
//!
//! This is our own code and not indicatif. That crate, with three more, would bring a thread that redraws and a carriage return, and which
//! numbers are left out on a narrow terminal would still be for us to say. The work only leaves what it knows in a mutex; a thread
//! of its own looks there ten times a second and draws. So the work does not wait for the drawing, however slow the terminal is, and the
//! time that is left counts down through long epochs. The cursor is never hidden: what is interrupted leaves the terminal as it was.

use std::io::{StderrLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::builder::styling::{AnsiColor, Style};
use terminal_size::Width;

/// The time from one drawing to the next.
const INTERVAL: Duration = Duration::from_millis(100);

/// The width that is taken where a terminal does not tell its own.
const COLUMNS: usize = 80;

/// Whether a line is drawn now. It changes while stderr is locked. There is one terminal, so there is one of these.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// A line on stderr, from its start until it is dropped. `S` is what is known of the work.
pub struct Drawing<S> {
    state: Arc<Mutex<S>>,
    /// The thread ends when this is dropped.
    stop: Option<Sender<()>>,
    /// The thread that draws; none where the system has no thread for it, since the work is more important than its bar.
    thread: Option<JoinHandle<()>>,
}

impl<S: Clone + Send + 'static> Drawing<S> {
    /// Starts the thread that draws what `figures` makes of the state.
    pub fn start(state: S, figures: impl Fn(&S, Instant) -> Figures + Send + 'static) -> Self {
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = mpsc::channel::<()>();
        let shared = Arc::clone(&state);
        let color =
            anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let draw = move || {
            let mut drawn = String::new();
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let known = known.clone();
                let line = line(&figures(&known, Instant::now()), columns(), color);
                let mut stderr = std::io::stderr().lock();
                let is_drawn = IS_DRAWN.load(Ordering::Relaxed) || line.is_empty();
                if line != drawn || !is_drawn {
                    put(&mut stderr, &format!("\r{line}\x1b[K"));
                    IS_DRAWN.store(true, Ordering::Relaxed);
                    drawn = line;
                }
            }
            wipe();
        };
        Self {
            state,
            stop: Some(stop),
            thread: thread::Builder::new()
                .name("bar".to_owned())
                .spawn(draw)
                .ok(),
        }
    }

    /// Changes what is known.
    pub fn change(&self, change: impl FnOnce(&mut S)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<S> Drop for Drawing<S> {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a bar that failed must not stop the work
        }
    }
}

/// Writes to stderr at once, without anstream's filter, since it is already decided whether there are colours.
fn put(stderr: &mut StderrLock<'_>, text: &str) {
    let _ = stderr.write_all(text.as_bytes());
}

/// Removes what is drawn, and keeps it off for as long as the result lives: what is printed meanwhile stands on lines of its own.
pub fn hold() -> StderrLock<'static> {
    let mut stderr = std::io::stderr().lock();
    if IS_DRAWN.swap(false, Ordering::Relaxed) {
        put(&mut stderr, "\r\x1b[K");
    }
    stderr
}

/// Removes what is drawn.
pub fn wipe() {
    drop(hold());
}

fn columns() -> usize {
    terminal_size::terminal_size_of(std::io::stderr())
        .map_or(COLUMNS, |(Width(columns), _)| usize::from(columns))
}

/// How far the bar reaches, and the texts after it.
pub struct Figures {
    /// The share that is done, in 0..=1.
    pub done: f64,
    /// The texts from left to right, each with its rank. Where not all have room, the text of the highest rank is left out first.
    pub texts: Vec<(usize, String)>,
}

/// The line of the bar. It is never wider than `columns` less one, since many terminals begin a new line after their last column.
pub fn line(figures: &Figures, columns: usize, color: bool) -> String {
    /// The least and the greatest width of the bar, without its brackets.
    const LEAST: usize = 4;
    const MOST: usize = 40;
    let room = columns.saturating_sub(1);
    let up_to = |last: usize| {
        let shown = figures.texts.iter().filter(|(rank, _)| *rank <= last);
        let shown: Vec<&str> = shown.map(|(_, text)| text.as_str()).collect();
        shown.join("  ")
    };
    let frame = |text: &str| text.chars().count() + "[] ".len();
    let ranks = figures.texts.iter().map(|(rank, _)| *rank);
    let mut texts = (0..=ranks.max().unwrap_or(0)).rev().map(up_to);
    let Some(text) = texts.find(|text| frame(text) + LEAST <= room) else {
        // There is no room for a bar. Nothing is cut off, since half a number would be a wrong number.
        return Some(up_to(0))
            .filter(|count| count.chars().count() <= room)
            .unwrap_or_default();
    };
    let cells = (room - frame(&text)).min(MOST);
    let filled = ((figures.done * cells as f64) as usize).min(cells);
    let head = if filled < cells { ">" } else { "" };
    let bar = "=".repeat(filled) + head;
    let blank = " ".repeat(cells - bar.len());
    let style = if color {
        AnsiColor::Green.on_default()
    } else {
        Style::new()
    };
    format!("[{style}{bar}{style:#}{blank}] {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_room() {
        let figures = Figures {
            done: 0.5,
            texts: vec![(0, "1/2".to_owned())],
        };
        let plain = line(&figures, 20, false);
        let coloured = line(&figures, 20, true);
        assert_eq!(plain, "[======>      ] 1/2");
        assert_eq!(coloured, "[\x1b[32m======>\x1b[0m      ] 1/2");
    }
}
