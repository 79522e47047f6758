//! The progress bar of a run.

use std::time::Instant;

use gingham::report::{EpochRecord, Times};

use super::line::{Drawing, Figures};
use super::numbers::{duration, figure, short};
use super::plan::Plan;
use crate::cli::output::percent;

/// A bar on stderr, from its start until it is dropped.
pub struct Bar(Drawing<Latest>);

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
        let draw = move |latest: &Latest, now| figures(latest, &plan, now);
        Self(Drawing::start(Latest::default(), draw))
    }

    /// Hands over the record of an epoch.
    pub fn show(&mut self, record: &EpochRecord, times: &Times) {
        let now = Instant::now();
        self.0.change(|latest| {
            latest.epoch = Some((*record, *times, now));
            let heldout = record.heldout_accuracy;
            latest.heldout = heldout
                .map(|share| (share, record.epoch + 1))
                .or(latest.heldout);
        });
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::line::line;
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
            heldout_loss: None,
            learning_rate: None,
            gradient_norm: None,
            images_per_second: None,
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
}
