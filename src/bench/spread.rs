//! What the rounds of a subject have in common, and how far they lie apart.

/// Times of rounds, by their size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) fastest: f64,
    pub(super) first_quartile: f64,
    pub(super) median: f64,
    pub(super) third_quartile: f64,
    pub(super) slowest: f64,
    /// The rounds.
    rounds: usize,
}

impl Spread {
    /// Of these times, in whatever order.
    pub(super) fn of(times: &[f64]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable_by(f64::total_cmp);
        Self {
            fastest: quantile(&times, 0.0),
            first_quartile: quantile(&times, 0.25),
            median: quantile(&times, 0.5),
            third_quartile: quantile(&times, 0.75),
            slowest: quantile(&times, 1.0),
            rounds: times.len(),
        }
    }

    /// By how much of the first quartile the third one is above it: a single round that was disturbed does not change it. None of one
    /// round alone.
    pub(super) fn relative(&self) -> Option<f64> {
        (self.rounds > 1).then(|| self.third_quartile / self.first_quartile - 1.0)
    }
}

/// The middle of the times; of an even number, the mean of the two.
pub(super) fn median(times: &[f64]) -> f64 {
    Spread::of(times).median
}

/// The time below which that share of the sorted times lies, in a straight line between two of them (type 7 of R. J. Hyndman and
/// Y. Fan, Sample quantiles in statistical packages, 1996).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let part = place - below as f64;
    sorted[below] * (1.0 - part) + sorted[above] * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_numpys() {
        // numpy.percentile([9, 1, 4, 2, 7, 3], [0, 25, 50, 75, 100])
        let spread = Spread::of(&[9.0, 1.0, 4.0, 2.0, 7.0, 3.0]);
        let Spread {
            fastest,
            first_quartile,
            median,
            third_quartile,
            slowest,
            ..
        } = spread;
        assert_eq!(
            [fastest, first_quartile, median, third_quartile, slowest],
            [1.0, 2.25, 3.5, 6.25, 9.0]
        );
        let relative = spread.relative().expect("six rounds");
        assert!((relative - (6.25 / 2.25 - 1.0)).abs() < 1e-12, "{relative}");
    }

    #[test]
    fn one_disturbed_round_leaves_the_spread() {
        let mut times = [10.0; 11];
        times[4] = 1000.0;
        let spread = Spread::of(&times);
        assert_eq!((spread.relative(), spread.slowest), (Some(0.0), 1000.0));
    }

    #[test]
    fn of_one_round_and_of_none() {
        let spread = Spread::of(&[3.0]);
        assert_eq!((spread.median, spread.slowest), (3.0, 3.0));
        assert_eq!(spread.relative(), None);
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[1.0, 2.0]), 1.5);
    }
}
