//! How `train` keeps a run: checkpoints, the best model, and going on where a run was stopped.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use gingham::durable;
use gingham::error::{Error, Result};
use gingham::quote;
use gingham::report::files::CONFIG;
use gingham::report::{Every, Keep, Keeping, OnSaveError};
use gingham::train::Plan;

use super::signals::Listener;

/// The options of `train` that keep a run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Keeping the run")]
pub struct Choices {
    /// Go on with the run in this folder, under its own settings; 'auto': with the one in --out, where there is one
    #[arg(long, value_name = "DIR|auto")]
    pub resume: Option<PathBuf>,
    /// Go on also where data, settings or version are not those of the checkpoint
    #[arg(long, requires = "resume")]
    pub resume_anyway: bool,
    /// Time (30s, 10m, 2h) or epochs from one checkpoint to the next; 0: none but at the end
    #[arg(long, value_name = "TIME|N", default_value = "5m")]
    checkpoint_every: Interval,
    /// Which network is kept: that of the last epoch, of the best one by --metric, or both
    #[arg(long, value_name = "WHICH", default_value = "both")]
    keep: Which,
    /// What happens when a checkpoint or a line of the metrics cannot be written
    #[arg(long, value_name = "WHAT", default_value = "warn")]
    on_save_error: Policy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    Best,
    Last,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    Stop,
    Warn,
}

/// `--checkpoint-every`.
#[derive(Clone, Copy, Debug)]
struct Interval(Every);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!("expected a time such as 30s, 10m or 2h, or a number of epochs, found '{text}'")
        };
        let letters = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number: u32 = text[..text.len() - letters.len()]
            .parse()
            .map_err(|_| refused())?;
        let seconds = match letters {
            "" if number == 0 => return Ok(Self(Every::Never)),
            "" => return Ok(Self(Every::Epochs(number as usize))),
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(refused()),
        };
        let time = Duration::from_secs(u64::from(number) * seconds);
        Ok(Self(Every::Time(time)))
    }
}

impl Choices {
    /// How a run of `plan` is kept. From here on signals are left to it.
    ///
    /// # Errors
    /// [`Error::Setting`] where the best network is to be kept and nothing tells which one that is.
    pub fn keeping(&self, plan: &Plan<'_>, signals: &Listener) -> Result<Keeping> {
        let keep = match self.keep {
            Which::Best => Keep::Best,
            Which::Last => Keep::Last,
            Which::Both => Keep::Both,
        };
        let by_heldout = plan.settings().metric().is_heldout();
        if keep == Keep::Best && by_heldout && !plan.holds_out() {
            return Err(Error::Setting {
                setting: "keep",
                reason: "expected held-out images, whose accuracy tells the best network, found --holdout 0"
                    .to_owned(),
            });
        }
        Ok(Keeping {
            every: self.checkpoint_every.0,
            keep,
            patience: None,
            on_error: match self.on_save_error {
                Policy::Stop => OnSaveError::Stop,
                Policy::Warn => OnSaveError::Warn,
            },
            signal: signals.watch(),
        })
    }

    /// The folder of the run that is to go on: the one that is named, or with `auto` that of `out`, if it is there.
    ///
    /// # Errors
    /// [`Error::Setting`] for `auto` without `out`, and for a folder that is no run's.
    pub fn folder(&self, out: Option<&Path>) -> Result<Option<PathBuf>> {
        let refuse = |reason: String| {
            let setting = "resume";
            Err(Error::Setting { setting, reason })
        };
        let Some(resume) = &self.resume else {
            return Ok(None);
        };
        let folder = match (self.is_auto(), out) {
            (true, Some(out)) => out,
            (true, None) => {
                return refuse(
                    "expected --out with 'auto', which names the run's folder, found none".into(),
                );
            }
            (false, Some(_)) => {
                return refuse(
                    "expected no --out: the run goes on in its own folder; 'auto' takes that of --out"
                        .into(),
                );
            }
            (false, None) => resume,
        };
        let is_run = folder.join(CONFIG).is_file();
        if self.is_auto() {
            // A process that was killed at once leaves a folder without settings.
            let is_begun = is_run || durable::is_without_files(folder);
            return match folder.symlink_metadata() {
                Ok(_) if is_begun => Ok(Some(folder.to_owned())),
                Ok(_) => Err(Error::Exists {
                    path: folder.to_owned(),
                }),
                Err(_) => Ok(None),
            };
        }
        if is_run {
            return Ok(Some(folder.to_owned()));
        }
        refuse(format!(
            "expected the folder of a run, with its config.toml, found {}",
            quote::path(folder)
        ))
    }

    /// Whether the command's own settings hold, and not those of the run's folder.
    pub fn is_auto(&self) -> bool {
        self.resume.as_deref() == Some(Path::new("auto"))
    }

    /// Refuses to go on with another run than the one that was stopped.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self, folder: &Path, differences: &[String]) -> Result<()> {
        if differences.is_empty() || self.resume_anyway {
            return Ok(());
        }
        Err(Error::Setting {
            setting: "resume",
            reason: format!(
                "expected what the run in {} was stopped with, found {}; --resume-anyway goes on all the same",
                quote::path(folder),
                differences.join(", ")
            ),
        })
    }
}
