//! The progress bar of a terminal.
//!
//! This is our own code and not indicatif. That crate, with three more, would bring a thread that redraws and a carriage return, and which
//! numbers are left out on a narrow terminal would still be for us to say. The run only leaves its latest epoch in a mutex; a thread
//! of its own looks there ten times a second and draws. So a run does not wait for the drawing, however slow the terminal is, and the
//! time that is left counts down through long epochs. The cursor is never hidden: a run that is interrupted leaves the terminal as it was.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::builder::styling::{AnsiColor, Style};
use gingham::report::{EpochRecord, Times};
use terminal_size::Width;

use super::numbers::{duration, figure, short};
use super::plan::Plan;
use crate::cli::output::percent;

/// The time from one drawing to the next.
const INTERVAL: Duration = Duration::from_millis(100);

/// The width that is taken where a terminal does not tell its own.
const COLUMNS: usize = 80;

/// A bar on stderr, from its start until it is dropped.
pub struct Bar {
    latest: Arc<Mutex<Latest>>,
    /// The thread ends when this is dropped.
    stop: Option<Sender<()>>,
    /// The thread that draws; none where the system has no thread for it, since the run is more important than its bar.
    drawing: Option<JoinHandle<()>>,
}

/// What the bar knows of the run so far.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    /// The last epoch, the times until then, and when it ended.
    epoch: Option<(EpochRecord, Times, Instant)>,
    /// The last accuracy on the held-out images, and the number of the epoch that it is of, counted from 1.
    heldout: Option<(f64, usize)>,
}

impl Bar {
    /// Starts the thread that draws.
    pub fn start(plan: Plan) -> Self {
        let latest = Arc::new(Mutex::new(Latest::default()));
        let (stop, stopped) = mpsc::channel::<()>();
        let shared = Arc::clone(&latest);
        let color =
            anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let draw = move || {
            let mut drawn = String::new();
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let latest = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                let line = line(&figures(&latest, &plan, Instant::now()), columns(), color);
                if line != drawn {
                    put(&format!("\r{line}\x1b[K"));
                    drawn = line;
                }
            }
            if !drawn.is_empty() {
                wipe();
            }
        };
        Self {
            latest,
            stop: Some(stop),
            drawing: thread::Builder::new()
                .name("bar".to_owned())
                .spawn(draw)
                .ok(),
        }
    }

    /// Hands over the record of an epoch.
    pub fn show(&mut self, record: &EpochRecord, times: &Times) {
        let now = Instant::now();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.epoch = Some((*record, *times, now));
        let heldout = record.heldout_accuracy;
        latest.heldout = heldout
            .map(|share| (share, record.epoch + 1))
            .or(latest.heldout);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(drawing) = self.drawing.take() {
            let _ = drawing.join(); // a bar that failed must not stop the run
        }
    }
}

/// Writes to stderr at once, without anstream's filter, since it is already decided whether there are colours.
fn put(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Removes what is drawn.
pub fn wipe() {
    put("\r\x1b[K");
}

fn columns() -> usize {
    terminal_size::terminal_size_of(std::io::stderr())
        .map_or(COLUMNS, |(Width(columns), _)| usize::from(columns))
}

/// How far the bar reaches, and the texts after it.
struct Figures {
    /// The share that is done, in 0..=1.
    done: f64,
    /// The texts from left to right, each with its rank. Where not all have room, the text of the highest rank is left out first.
    texts: Vec<(usize, String)>,
}

fn figures(latest: &Latest, plan: &Plan, now: Instant) -> Figures {
    let width = plan.epochs.to_string().len();
    let count = |done: usize| (0, format!("{done:>width$}/{}", plan.epochs));
    let Some((record, times, ended)) = latest.epoch else {
        return Figures {
            done: 0.0,
            texts: vec![count(0)],
        };
    };
    let done = record.epoch + 1;
    let so_far = record.seconds / done as f64;
    let left = plan.seconds_left(&record, &times) - now.duration_since(ended).as_secs_f64();
    let heldout = latest.heldout.map(|(share, epoch)| {
        let percent = percent(Some(share));
        // A figure of an earlier epoch says so.
        if epoch == done {
            percent
        } else {
            format!("{percent} at {epoch}/{}", plan.epochs)
        }
    });
    let mut texts = vec![count(done), (2, format!("error {}", figure(record.error)))];
    texts.extend(heldout.map(|percent| (3, format!("held-out {percent}"))));
    texts.push((
        4,
        format!("{} images/s", short(plan.images as f64 / so_far)),
    ));
    texts.push((1, format!("{} left", duration(left))));
    Figures {
        done: done as f64 / plan.epochs as f64,
        texts,
    }
}

/// The line of the bar. It is never wider than `columns` less one, since many terminals begin a new line after their last column.
fn line(figures: &Figures, columns: usize, color: bool) -> String {
    /// The least and the greatest width of the bar, without its brackets.
    const LEAST: usize = 4;
    const MOST: usize = 40;
    /// The highest rank.
    const LAST: usize = 4;
    let room = columns.saturating_sub(1);
    let up_to = |last: usize| {
        let shown = figures.texts.iter().filter(|(rank, _)| *rank <= last);
        let shown: Vec<&str> = shown.map(|(_, text)| text.as_str()).collect();
        shown.join("  ")
    };
    let frame = |text: &str| text.chars().count() + "[] ".len();
    let mut texts = (0..=LAST).rev().map(up_to);
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

    const PLAN: Plan = Plan {
        epochs: 300,
        evaluated_every: 25,
        images: 48_000,
        test_share: 0.0,
    };

    /// The line after `done` epochs of `epoch_s` seconds each, half a second after the last.
    fn seen(done: usize, epoch_s: f64, error: f64, columns: usize) -> String {
        let start = Instant::now();
        let after = |epochs: usize| start + Duration::from_secs_f64(epoch_s * epochs as f64);
        let record = EpochRecord {
            epoch: done.saturating_sub(1),
            error,
            train_accuracy: None,
            heldout_accuracy: None,
            seconds: epoch_s * done as f64,
        };
        let evaluated = done - done % 25;
        let latest = Latest {
            epoch: (done > 0).then(|| (record, Times::default(), after(done))),
            heldout: (evaluated > 0).then_some((0.871_23, evaluated)),
        };
        let now = after(done) + Duration::from_millis(500);
        line(&figures(&latest, &PLAN, now), columns, false)
    }

    #[test]
    fn figures_give_way_on_a_narrow_terminal() {
        let at = |columns| seen(150, 0.021, 183.364_019, columns);
        assert_eq!(
            at(120),
            "[====================>                   ] \
             150/300  error 183.364  held-out 87.12 %  2.29 M images/s  3 s left"
        );
        assert_eq!(
            at(80),
            "[====>    ] 150/300  error 183.364  held-out 87.12 %  2.29 M images/s  3 s left"
        );
        assert_eq!(
            at(60),
            "[===>  ] 150/300  error 183.364  held-out 87.12 %  3 s left"
        );
        assert_eq!(at(40), "[==> ] 150/300  error 183.364  3 s left");
        assert_eq!(at(30), "[====>    ] 150/300  3 s left");
        assert_eq!(at(15), "[==> ] 150/300");
        assert_eq!(at(9), "150/300");
        assert_eq!(at(7), "");
        assert_eq!(at(0), "");
        assert_eq!(
            seen(0, 1.0, 0.0, 40),
            "[>                            ]   0/300"
        );
        assert!(seen(300, 1.0, 0.5, 40).starts_with("[===="));
        assert_eq!(
            seen(160, 0.021, 183.364_019, 80),
            "[========>      ] 160/300  error 183.364  held-out 87.12 % at 150/300  3 s left",
            "an accuracy of an earlier epoch is not shown as the current one's"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in 0..200 {
            for done in [0, 1, 2, 24, 25, 299, 300] {
                for epoch_s in [1e-7, 0.021, 1e3, 1e6] {
                    for error in [0.0, 1e-12, 0.3, 1784.241, -12.5, 1e300, f64::MAX] {
                        let line = seen(done, epoch_s, error, columns);
                        assert!(line.chars().count() <= columns.saturating_sub(1), "{line}");
                        assert!(!line.contains(char::is_control), "{line:?}");
                    }
                }
            }
        }
    }

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
