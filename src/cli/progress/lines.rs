//! The lines that show a run in a log.
//!
//! Lines get rarer as the run goes on, so that a log of any length stays short: 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, ..
//! epochs, or shortly after these, where accuracies are known by then.

use gingham::report::{EpochRecord, Times};

use super::numbers::{duration, figure, short};
use super::plan::Plan;
use crate::cli::output::percent;

/// After how many epochs there is a line, in rising order; the last one always has one.
pub(super) fn due(epochs: usize, evaluated_every: usize) -> Vec<usize> {
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

/// The line of an epoch.
pub(super) fn line(record: &EpochRecord, times: &Times, plan: &Plan) -> String {
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
        duration(plan.seconds_left(record, times)),
        width = epochs.to_string().len(),
    )
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
}
