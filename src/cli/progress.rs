//! How a run is seen while it runs: a bar on a terminal, a few lines elsewhere.
//!
//! Lines get rarer as the run goes on, so that a log of any length stays short: 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, ..
//! epochs, or shortly after these, where accuracies are known by then. A bar is drawn only where stderr is a terminal: a log never
//! holds control characters.

use std::io::IsTerminal;

use clap::ValueEnum;
use gingham::report::EpochRecord;

use super::bar::Bar;
use super::output::{Output, percent};

/// `--progress`.
#[derive(Debug, clap::Args)]
pub struct Flag {
    /// How the run is seen on stderr; 'auto': a bar on a terminal that can draw it, else lines
    #[arg(
        long = "progress",
        id = "progress",
        value_name = "HOW",
        default_value = "auto",
        help_heading = "Runtime and output"
    )]
    pub mode: Mode,
}

/// How a run is seen. (What is said of the values here would be help of its own to clap, a paragraph each.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    // A bar where stderr is a terminal and $TERM not 'dumb', else lines.
    Auto,
    // A bar where stderr is a terminal, else lines.
    Bar,
    // Lines, fewer as the run goes on.
    Lines,
    // Nothing.
    None,
}

/// What is known of a run before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Epochs that it will have.
    pub epochs: usize,
    /// Epochs from one evaluation to the next; 0: at the end only.
    pub evaluated_every: usize,
    /// Images of an epoch.
    pub images: usize,
}

/// Shows a run. Dropped, it takes its bar away.
pub enum Progress {
    Bar(Bar),
    Lines {
        output: Output,
        plan: Plan,
        /// Counts of epochs after which there is a line, the next one last.
        due: Vec<usize>,
    },
    None,
}

impl Progress {
    /// Begins to show a run, which begins now.
    pub fn start(mode: Mode, output: Output, plan: Plan) -> Self {
        let drawable = || std::env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
        let terminal = || std::io::stderr().is_terminal();
        let bar = match mode {
            _ if output.quiet => return Self::None,
            Mode::None => return Self::None,
            Mode::Auto => terminal() && drawable(),
            Mode::Bar => terminal(),
            Mode::Lines => false,
        };
        if bar {
            return Self::Bar(Bar::start(plan));
        }
        let mut due = due(plan.epochs, plan.evaluated_every);
        due.reverse();
        Self::Lines { output, plan, due }
    }

    /// Shows an epoch.
    pub fn show(&mut self, record: &EpochRecord) {
        match self {
            Self::Bar(bar) => bar.show(record),
            Self::Lines { output, plan, due } => {
                if due.pop_if(|due| *due <= record.epoch + 1).is_some() {
                    output.progress(line(record, plan));
                }
            }
            Self::None => {}
        }
    }
}

/// After how many epochs there is a line, in rising order; the last one always has one.
fn due(epochs: usize, evaluated_every: usize) -> Vec<usize> {
    const STEPS: [usize; 6] = [10, 15, 20, 30, 50, 70];
    let marks =
        |decade: u32| STEPS.map(|step| step.saturating_mul(10_usize.saturating_pow(decade)) / 10);
    let marks: Vec<usize> = (0..)
        .flat_map(marks)
        .take_while(|&mark| mark < epochs)
        .chain([epochs])
        .collect();
    let between = |pair: &[usize]| {
        let evaluated = match evaluated_every {
            0 => epochs,
            every => pair[0].div_ceil(every) * every,
        };
        if evaluated < pair[1] {
            evaluated
        } else {
            pair[0]
        }
    };
    let mut due: Vec<usize> = marks.windows(2).map(between).chain([epochs]).collect();
    due.dedup();
    due
}

fn line(record: &EpochRecord, plan: &Plan) -> String {
    let EpochRecord {
        epoch,
        error,
        heldout_accuracy,
        seconds,
        ..
    } = *record;
    let (done, epochs) = (epoch + 1, plan.epochs);
    let an_epoch = seconds / done as f64;
    format!(
        "epoch {done:>width$} of {epochs}  error {:<8}  held-out {:>7}  {:>6} images/s  {} left",
        figure(error),
        percent(heldout_accuracy),
        short(plan.images as f64 / an_epoch),
        duration(an_epoch * (epochs - done) as f64),
        width = epochs.to_string().len(),
    )
}

/// An error in six digits, with the exponent where these would not do.
pub fn figure(error: f64) -> String {
    let size = error.abs();
    if error != 0.0 && !(1e-3..999_999.5).contains(&size) {
        return format!("{error:.4e}");
    }
    let decimals = [9.999_995, 99.999_95, 999.9995, 9_999.995, 99_999.95]
        .iter()
        .filter(|&&least| size >= least)
        .count();
    let decimals = if size < 0.999_999_5 { 6 } else { 5 - decimals };
    format!("{error:.decimals$}")
}

/// A large number in three digits.
pub fn short(number: f64) -> String {
    let (divisor, unit) = match number {
        number if number >= 999.5e6 => (1e9, " G"),
        number if number >= 999.5e3 => (1e6, " M"),
        number if number >= 999.5 => (1e3, " k"),
        _ => (1.0, ""),
    };
    let number = number / divisor;
    let decimals = match number {
        number if number >= 99.95 => 0,
        number if number >= 9.995 => 1,
        _ => 2,
    };
    format!("{number:.decimals$}{unit}")
}

/// A time as people say it, rounded up.
pub fn duration(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = seconds.max(0.0).ceil() as u64; // saturates, and takes what is no number for 0
    match seconds {
        DAY.. => format!("{} d {:02} h", seconds / DAY, seconds % DAY / HOUR),
        HOUR.. => format!("{} h {:02} min", seconds / HOUR, seconds % HOUR / MINUTE),
        MINUTE.. => format!("{} min {:02} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_get_rarer() {
        assert_eq!(due(1, 1), [1]);
        assert_eq!(due(2, 1), [1, 2]);
        assert_eq!(due(30, 1), [1, 2, 3, 5, 7, 10, 15, 20, 30]);
        // Evaluated after every 25th: of the lines that may wait for one, those do.
        assert_eq!(
            due(300, 25),
            [1, 2, 3, 5, 7, 10, 15, 25, 30, 50, 75, 100, 150, 200, 300]
        );
        assert_eq!(due(12, 0), [1, 2, 3, 5, 7, 10, 12]);
        for epochs in [1, 9, 100, 299, 1_000_000, u32::MAX as usize] {
            for every in [0, 1, 7, 25, epochs] {
                let due = due(epochs, every);
                assert!(due.is_sorted_by(|a, b| a < b), "{epochs} {every}: {due:?}");
                assert_eq!(due.last(), Some(&epochs));
                assert!(due.len() < 60, "{epochs} {every}: {due:?}");
            }
        }
    }

    #[test]
    fn numbers_are_short_and_have_units() {
        for (number, text) in [
            (0.0, "0.00"),
            (7.123, "7.12"),
            (999.4, "999"),
            (999.6, "1.00 k"),
            (2_286_754.0, "2.29 M"),
            (99_960.0, "100 k"),
            (123_456_789_012.0, "123 G"),
        ] {
            assert_eq!(short(number), text);
        }
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.2, "1 s"),
            (59.5, "1 min 00 s"),
            (3_725.0, "1 h 02 min"),
            (100_000.0, "1 d 03 h"),
            (f64::NAN, "0 s"),
            (-1.0, "0 s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert!(duration(f64::INFINITY).ends_with(" h"));
        for (error, text) in [
            (0.0, "0.000000"),
            (0.412_345_67, "0.412346"),
            (0.999_999_7, "1.00000"),
            (-183.364_019, "-183.364"),
            (1_784.241_422, "1784.24"),
            (9_999.996, "10000.0"),
            (999_999.4, "999999"),
            (1e6, "1.0000e6"),
            (1e-4, "1.0000e-4"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(figure(error), text);
        }
    }
}
