//! The runs of a sweep, from the text of its plan.
//!
//! # The text of a grid
//! Axes stand between `;`, each `name=values`; the names are those of settings, with `-` or `_`. Values stand between commas:
//! - numbers and words: `0.001`, `relu`; `on` and `off` for the settings that are true or false (`bias`, `shuffle`);
//! - hidden layers, with `-` between their widths: `hidden=50,512-256,none` are three networks, the last without hidden layers;
//! - whole ranges with both ends: `1..5`;
//! - `log(low,high,count)`: `count` numbers in equal steps of the logarithm. Both ends are as they are given, the numbers between
//!   have 6 significant digits, and settings that are whole numbers get whole ones.
//!
//! # The text of a random plan
//! The same, but the values of an axis are `uniform(low,high)`, `log(low,high)` or `choice(a,b,..)`; a list or a range is a choice.
//! Real numbers have 6 significant digits, so that what is printed is the value. Numbers are fixed for ever by the seed, the number of the
//! draw and the number of the axis: more runs, or another axis at the end, leave those that were there as they are.
//!
//! # The file
//! In TOML, either `[grid]` with an axis a key, or `[random]` with `runs`, perhaps `seed` (0 where it is not given), and axes. An axis is
//! a list of values, or a text of the form above:
//!
//! ```toml
//! [grid]
//! learning-rate = [0.0003, 0.001]
//! hidden = [[50], [512, 256]]
//! seed = "1..5"
//! ```
//!
//! # What is refused
//! Everything that is not as above, a name or a value that stands there twice, numbers that are not finite, ranges of more than 1,000,000
//! numbers, and plans with more than 1,000,000 values on all axes together.

use toml::Value;

use super::assignment::Assignment;
use super::axes::{self, Axes};
use super::draws::Place;
use super::file;
use crate::error::{Error, Result};

/// An ordered list of assignments of settings, which is never held as a whole.
///
/// ```
/// use gingham::sweep::Space;
///
/// let space = Space::grid("learning-rate=0.001,0.01; hidden=50,512-256")?;
/// let runs: Vec<String> = space.runs().map(|run| run.to_string()).collect();
/// assert_eq!(runs[1], "learning-rate=0.001 hidden=512-256");
/// assert_eq!(runs.len(), 4);
/// # Ok::<(), gingham::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    axes: Axes,
}

impl Space {
    /// All combinations of values. The last axis is the fastest.
    ///
    /// # Errors
    /// [`Error::Setting`] under the name `grid` for the first mistake: its column, counted in characters from 1, the setting, what was
    /// expected and what was found.
    pub fn grid(text: &str) -> Result<Self> {
        let axes = axes::grid(text).map_err(|refusal| refusal.in_line("grid", text))?;
        Ok(Self {
            axes: Axes::Grid(axes),
        })
    }

    /// As many runs as `runs`, with drawn values.
    ///
    /// # Errors
    /// [`Error::Setting`] under the name `random` for the first mistake, as those of [`Self::grid`], and where there are no runs.
    pub fn random(text: &str, runs: u32, seed: u32) -> Result<Self> {
        let axes = axes::random(text).map_err(|refusal| refusal.in_line("random", text))?;
        if runs == 0 {
            return Err(Error::Setting {
                setting: "random",
                reason: "runs: expected a whole number from 1, found 0".to_owned(),
            });
        }
        Ok(Self {
            axes: Axes::Random { axes, runs, seed },
        })
    }

    /// The plan in a file of TOML.
    ///
    /// # Errors
    /// [`Error::Setting`] under the name `grid`, `random`, or `plan` where it is neither, for the first mistake: its line, the setting,
    /// what was expected and what was found.
    pub fn of_toml(text: &str) -> Result<Self> {
        let axes = file::read(text)?;
        Ok(Self { axes })
    }

    /// The keys of the settings, as a configuration file spells them, in the order of the plan.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        match &self.axes {
            Axes::Grid(axes) => axes.iter().map(|axis| &*axis.key).collect(),
            Axes::Random { axes, .. } => axes.iter().map(|axis| &*axis.key).collect(),
        }
    }

    /// The number of runs; [`u64::MAX`] where there are as many or more.
    #[must_use]
    pub fn count(&self) -> u64 {
        match &self.axes {
            Axes::Grid(axes) => axes.iter().fold(1, |count: u64, axis| {
                count.saturating_mul(axis.values.len() as u64)
            }),
            Axes::Random { runs, .. } => u64::from(*runs),
        }
    }

    /// The run with this number, counted from 0; none beyond the last one.
    #[must_use]
    pub fn run(&self, number: u64) -> Option<Assignment> {
        if number >= self.count() {
            return None;
        }
        let settings = match &self.axes {
            Axes::Grid(axes) => {
                let mut rest = number;
                let mut settings: Vec<(String, Value)> = Vec::with_capacity(axes.len());
                for axis in axes.iter().rev() {
                    let count = axis.values.len() as u64;
                    let value = axis.values[(rest % count) as usize].clone();
                    settings.push((axis.key.clone(), value));
                    rest /= count;
                }
                settings.reverse();
                settings
            }
            Axes::Random { axes, seed, .. } => {
                let run = u32::try_from(number).ok()?;
                let settings = (0..).zip(axes).map(|(axis, drawn)| {
                    let place = Place {
                        seed: *seed,
                        run,
                        axis,
                    };
                    (drawn.key.clone(), drawn.values.value(place))
                });
                settings.collect()
            }
        };
        Some(Assignment::new(settings))
    }

    /// The runs in their order, each made when it is asked for.
    #[must_use]
    pub fn runs(&self) -> Runs<'_> {
        Runs {
            space: self,
            next: 0,
        }
    }
}

impl<'a> IntoIterator for &'a Space {
    type Item = Assignment;
    type IntoIter = Runs<'a>;

    fn into_iter(self) -> Runs<'a> {
        self.runs()
    }
}

/// The runs of a [`Space`].
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    space: &'a Space,
    next: u64,
}

impl Iterator for Runs<'_> {
    type Item = Assignment;

    fn next(&mut self) -> Option<Assignment> {
        let run = self.space.run(self.next)?;
        self.next += 1;
        Some(run)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.space.count() - self.next);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}
