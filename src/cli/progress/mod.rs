//! How a run is seen while it runs: a bar on a terminal, a few lines elsewhere.
//!
//! A bar is drawn only where stderr is a terminal: a log never holds control characters.

mod bar;
pub mod line;
mod lines;
pub mod numbers;
mod plan;

use std::io::IsTerminal;

use clap::ValueEnum;
use gingham::report::{EpochRecord, Times};

use super::output::Output;
use bar::Bar;

pub use plan::Plan;

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

/// Whether stderr is a terminal that can draw a bar.
pub fn is_drawable() -> bool {
    let can_draw = || std::env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
    std::io::stderr().is_terminal() && can_draw()
}

/// Shows a run. The bar disappears when this is dropped.
pub enum Progress {
    Bar(Bar),
    Lines {
        output: Output,
        plan: Plan,
        /// The numbers of epochs after which there is a line, in falling order: the next one is the last.
        due: Vec<usize>,
    },
    None,
}

impl Progress {
    /// Begins to show a run that begins now.
    pub fn start(mode: Mode, output: Output, plan: Plan) -> Self {
        let terminal = || std::io::stderr().is_terminal();
        let bar = match mode {
            _ if output.quiet => return Self::None,
            Mode::None => return Self::None,
            Mode::Auto => is_drawable(),
            Mode::Bar => terminal(),
            Mode::Lines => false,
        };
        if bar {
            return Self::Bar(Bar::start(plan));
        }
        let mut due = lines::due(plan.epochs, plan.evaluated_every);
        due.reverse();
        Self::Lines { output, plan, due }
    }

    /// Makes room for a message: a bar is wiped off, and drawn again below it.
    pub fn clear(&self) {
        if let Self::Bar(_) = self {
            line::wipe();
        }
    }

    /// Shows an epoch.
    pub fn show(&mut self, record: &EpochRecord, times: &Times) {
        match self {
            Self::Bar(bar) => bar.show(record, times),
            Self::Lines { output, plan, due } => {
                let mut is_due = false;
                // A run that goes on has left more than one behind it.
                while due.pop_if(|due| *due <= record.epoch + 1).is_some() {
                    is_due = true;
                }
                if is_due {
                    output.progress(lines::line(record, times, plan));
                }
            }
            Self::None => {}
        }
    }
}
