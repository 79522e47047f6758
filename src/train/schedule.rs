//! How the learning rate goes over a run.

use serde::{Deserialize, Serialize};

/// The form of a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleForm {
    /// The rate stays.
    #[default]
    Constant,
    /// Half a cosine, from the rate down to the last one (I. Loshchilov, F. Hutter, 2016, equation 5, without restarts).
    Cosine,
    /// A straight line from the rate down to the last one.
    Linear,
    /// A tenth of the rate after half of the steps, a hundredth after three quarters.
    Step,
}

impl ScheduleForm {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::Constant, Self::Cosine, Self::Linear, Self::Step];

    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::Linear => "linear",
            Self::Step => "step",
        }
    }

    /// Whether it comes down to a last rate.
    #[must_use]
    pub fn falls_to_last(self) -> bool {
        matches!(self, Self::Cosine | Self::Linear)
    }
}

/// A learning rate as a pure function of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The form, behind the warm-up.
    pub form: ScheduleForm,
    /// The highest rate.
    pub peak: f64,
    /// The rate that the run comes down to, where its form does.
    pub last: f64,
    /// The share of the steps during which the rate rises in a straight line, in `0..1`.
    pub warmup: f64,
    /// The steps of the run.
    pub steps: u64,
}

impl Schedule {
    /// Whether every step has the same rate.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.form == ScheduleForm::Constant && self.warmup == 0.0
    }

    /// The rate of the step before which `taken` steps were taken.
    #[must_use]
    pub fn rate(&self, taken: u64) -> f64 {
        let Self { peak, last, .. } = *self;
        let rising = (self.warmup * self.steps as f64).round();
        let taken = taken as f64;
        if taken < rising {
            return peak * (taken + 1.0) / rising;
        }
        let falling = (self.steps as f64 - rising).max(1.0);
        let place = ((taken - rising) / falling).min(1.0);
        match self.form {
            ScheduleForm::Constant => peak,
            ScheduleForm::Cosine => {
                last + (peak - last) * 0.5 * (1.0 + (std::f64::consts::PI * place).cos())
            }
            ScheduleForm::Linear => last + (peak - last) * (1.0 - place),
            ScheduleForm::Step if place < 0.5 => peak,
            ScheduleForm::Step if place < 0.75 => peak * 0.1,
            ScheduleForm::Step => peak * 0.01,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(form: ScheduleForm, warmup: f64, steps: u64) -> Schedule {
        Schedule {
            form,
            peak: 0.1,
            last: 0.01,
            warmup,
            steps,
        }
    }

    #[test]
    fn rates_are_those_of_the_formulas() {
        // PyTorch 2.9: LinearLR(0.25, 1, 3), then CosineAnnealingLR(8, 0.01), step by step; printed with six digits.
        let cosine = schedule(ScheduleForm::Cosine, 0.25, 12);
        for (taken, rate) in [
            (0, 0.033_333),
            (1, 0.066_667),
            (2, 0.1),
            (3, 0.1),
            (4, 0.097_286),
            (6, 0.0775),
            (9, 0.0325),
            (11, 0.012_714),
        ] {
            assert!(
                (cosine.rate(taken) - rate).abs() < 5e-7,
                "{taken}: {}",
                cosine.rate(taken)
            );
        }
        let linear = schedule(ScheduleForm::Linear, 0.0, 10);
        assert!((linear.rate(5) - 0.055).abs() < 1e-12);
        let step = schedule(ScheduleForm::Step, 0.0, 8);
        let rates: Vec<f64> = (0..8).map(|taken| step.rate(taken)).collect();
        for (rate, expected) in rates.iter().zip([1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01]) {
            assert!((rate - 0.1 * expected).abs() < 1e-12, "{rates:?}");
        }
    }

    #[test]
    fn a_rate_is_never_above_the_peak_nor_below_the_last() {
        for form in ScheduleForm::ALL {
            for warmup in [0.0, 0.05, 0.5, 0.99] {
                for steps in [1, 2, 7, 1000] {
                    let schedule = schedule(form, warmup, steps);
                    for taken in 0..=steps + 1 {
                        let rate = schedule.rate(taken);
                        assert!(
                            rate > 0.0 && rate <= 0.1 + 1e-15,
                            "{schedule:?} {taken} {rate}"
                        );
                    }
                }
            }
        }
        assert!(schedule(ScheduleForm::Constant, 0.0, 9).is_constant());
        assert!(!schedule(ScheduleForm::Constant, 0.1, 9).is_constant());
    }
}
