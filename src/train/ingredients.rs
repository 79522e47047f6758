//! From settings to what today's recipes add to a step: [`Recipe`], the optimizer, and what of them cannot be meant.

use super::optimizer::{Adam, Averaged, Optimizer, OptimizerKind, Sgd};
use super::options::TrainOptions;
use super::recipe::{Norm, Recipe};
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::kernels::Level;
use crate::network::ErrorForm;
use crate::scalar::Scalar;

/// How much a mini-batch counts in running figures, where the parameters are not averaged.
const FIGURE_WEIGHT: f64 = 0.02;

/// The share of Adam's first moment that is kept, where it is not given.
const BETA1: f64 = 0.9;
/// The share of its second moment.
const BETA2: f64 = 0.999;
/// What it adds to the root of that.
const EPSILON: f64 = 1e-8;

impl TrainOptions {
    /// What is added to the steps of a run that takes `steps` of them.
    #[must_use]
    pub fn recipe(&self, steps: u64) -> Recipe {
        let schedule = Schedule {
            form: self.schedule,
            peak: self.learning_rate,
            last: self.final_rate,
            warmup: self.warmup,
            steps,
        };
        Recipe {
            schedule: Some(schedule).filter(|schedule| !schedule.is_constant()),
            weight_decay: self.weight_decay,
            clip_norm: self.clip_norm,
            label_smoothing: self.label_smoothing,
            dropout: self.dropout,
            seed: self.seed,
            // Averaged parameters need figures as old as they are.
            figure_weight: if self.ema > 0.0 {
                1.0 - self.ema
            } else {
                FIGURE_WEIGHT
            },
        }
    }

    /// How parameters move.
    #[must_use]
    pub fn optimizer<T: Scalar>(&self, level: Level) -> Box<dyn Optimizer<T>> {
        let optimizer: Box<dyn Optimizer<T>> = if self.optimizer.adapts() {
            Box::new(Adam {
                beta1: self.beta1.unwrap_or(BETA1),
                beta2: self.beta2.unwrap_or(BETA2),
                epsilon: T::of(self.epsilon.unwrap_or(EPSILON)),
                level,
            })
        } else {
            Box::new(Sgd {
                momentum: T::of(self.momentum),
                nesterov: self.optimizer == OptimizerKind::Nesterov,
                level,
            })
        };
        if self.ema == 0.0 {
            return optimizer;
        }
        Box::new(Averaged {
            optimizer,
            decay: self.ema,
            level,
        })
    }

    /// Numbers that are remembered of each parameter.
    pub(super) fn slots(&self) -> usize {
        self.optimizer::<f64>(Level::PORTABLE).slots()
    }

    /// Refuses what cannot be meant of the settings of a recipe.
    pub(super) fn check_recipe(&self) -> Result<()> {
        const SHARE: &str = "a share from 0 to below 1";
        let shares = [
            ("warmup", Some(self.warmup)),
            ("label_smoothing", Some(self.label_smoothing)),
            ("dropout", Some(self.dropout)),
            ("ema", Some(self.ema)),
            ("beta1", self.beta1),
            ("beta2", self.beta2),
        ];
        for (setting, share) in shares {
            let share = share.unwrap_or_default();
            check(setting, (0.0..1.0).contains(&share), SHARE, share)?;
        }
        let decay = self.weight_decay;
        let expected = "a number from 0 to 1e3";
        check(
            "weight_decay",
            (0.0..=1e3).contains(&decay),
            expected,
            decay,
        )?;
        let expected = "a number above 0, at most 1";
        let epsilon = self.epsilon.unwrap_or(EPSILON);
        check(
            "epsilon",
            epsilon > 0.0 && epsilon <= 1.0,
            expected,
            epsilon,
        )?;
        let expected = "a number above 0";
        let most = self.clip_norm.unwrap_or(1.0);
        check("clip_norm", most > 0.0 && most.is_finite(), expected, most)?;
        let last = self.final_rate;
        let expected = "a number from 0 to the learning rate";
        check(
            "final_rate",
            (0.0..=self.learning_rate).contains(&last),
            expected,
            last,
        )?;
        self.class_weight.check()?;
        self.check_together()
    }

    /// Refuses norms for mini-batches of up to `images` images where there is nothing to normalise by.
    pub(super) fn check_norm(&self, images: usize) -> Result<()> {
        if self.norm == Norm::Batch && images < 2 {
            let reason =
                format!("expected mini-batches of at least 2 images with batch, found {images}");
            return refuse("norm", reason);
        }
        Ok(())
    }

    /// Refuses settings without an effect beside the others.
    fn check_together(&self) -> Result<()> {
        let optimizer = self.optimizer.name();
        let schedule = self.schedule.name();
        let of_adam = [
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("epsilon", self.epsilon),
        ];
        if let Some((setting, _)) = of_adam.iter().find(|(_, given)| given.is_some())
            && !self.optimizer.adapts()
        {
            let reason =
                format!("expected the optimizer adam or adamw beside it, found {optimizer}");
            return refuse(setting, reason);
        }
        if self.optimizer == OptimizerKind::Nesterov && self.momentum == 0.0 {
            let reason = "expected a momentum above 0 with nesterov, found 0".to_owned();
            return refuse("momentum", reason);
        }
        if self.optimizer == OptimizerKind::Adam && self.weight_decay != 0.0 {
            let reason =
                "expected the optimizer adamw, sgd or nesterov beside it, found adam".to_owned();
            return refuse("weight_decay", reason);
        }
        if self.final_rate != 0.0 && !self.schedule.falls_to_last() {
            let reason =
                format!("expected the schedule cosine or linear beside it, found {schedule}");
            return refuse("final_rate", reason);
        }
        if self.norm == Norm::Batch && !self.bias {
            let reason = "expected bias = true beside it, found false".to_owned();
            return refuse("norm", reason);
        }
        if self.label_smoothing != 0.0 && self.error == ErrorForm::Article {
            let reason = "expected error = objective beside it, found article".to_owned();
            return refuse("label_smoothing", reason);
        }
        Ok(())
    }
}

fn check(setting: &'static str, fits: bool, expected: &str, found: f64) -> Result<()> {
    if fits {
        return Ok(());
    }
    refuse(setting, format!("expected {expected}, found {found:?}"))
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
