//! The size of a run, from which the bar and the lines tell how far it is and how long it will take.

use gingham::report::{EpochRecord, Times};

/// What is known of a run before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The epochs that it will have.
    pub epochs: usize,
    /// The number of epochs from one evaluation to the next; 0 means that only the last one is evaluated.
    pub evaluated_every: usize,
    /// The training images of an epoch.
    pub images: usize,
    /// The official test images as a share of those that an evaluation takes: they are asked about once, after the last epoch.
    pub test_share: f64,
}

impl Plan {
    /// The evaluations after the first `epochs` epochs.
    fn evaluations(&self, epochs: usize) -> usize {
        let every = self.evaluated_every;
        let regular = epochs.checked_div(every).unwrap_or(0);
        let last = epochs >= self.epochs && (every == 0 || !self.epochs.is_multiple_of(every));
        regular + usize::from(last)
    }

    /// The seconds from the end of the epoch of this record to the end of the run.
    pub fn seconds_left(&self, record: &EpochRecord, times: &Times) -> f64 {
        /// What an evaluation takes of an epoch's time, as long as none was timed: of the products forward, backward and
        /// of the gradient it has the first.
        const FORWARD: f64 = 1.0 / 3.0;
        let done = record.epoch + 1;
        let an_epoch = record.seconds / done as f64;
        let an_evaluation = match self.evaluations(done) {
            0 => an_epoch * FORWARD,
            evaluated => times.evaluation_s / evaluated as f64,
        };
        let evaluations = self.evaluations(self.epochs) - self.evaluations(done);
        let left = an_epoch * self.epochs.saturating_sub(done) as f64
            + an_evaluation * (evaluations as f64 + self.test_share);
        // Times are rounded up to whole seconds, and a run that ends now has none left.
        if left < 0.05 { 0.0 } else { left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_has_the_evaluations_in_it() {
        let left = |evaluated_every, epoch, evaluation_s| {
            let plan = Plan {
                epochs: 10,
                evaluated_every,
                images: 100,
                test_share: 0.5,
            };
            let record = EpochRecord {
                epoch,
                error: 1.0,
                train_accuracy: None,
                heldout_accuracy: None,
                heldout_loss: None,
                learning_rate: None,
                gradient_norm: None,
                images_per_second: None,
                seconds: 3.0 * (epoch + 1) as f64,
            };
            let times = Times {
                evaluation_s,
                ..Times::default()
            };
            plan.seconds_left(&record, &times)
        };
        assert_eq!(left(1, 0, 2.0), 9.0 * (3.0 + 2.0) + 1.0);
        assert_eq!(
            left(4, 4, 2.0),
            5.0 * 3.0 + 2.0 * 2.0 + 1.0,
            "of epochs 8 and 10"
        );
        assert_eq!(
            left(0, 4, 0.0),
            5.0 * 3.0 + 1.5,
            "of the last epoch, not timed yet"
        );
        assert_eq!(left(0, 9, 4.0), 2.0, "the test images alone");
    }
}
