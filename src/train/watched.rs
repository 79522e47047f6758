//! Runs side by side with whoever watches each: how they begin, and how they end one by one.

use std::ops::ControlFlow;

use super::checkpoint::Checkpoint;
use super::group::Group;
use super::observer::Observer;
use super::plan::Plan;
use super::running::{End, Ended, Finished, Outcome, Running};
use super::state::Accuracies;
use crate::error::Result;
use crate::evaluate::Predictor;
use crate::input::Input;
use crate::model::{AnyModel, Model};
use crate::scalar::Scalar;

/// Runs side by side, with whoever watches each.
pub(super) struct Watched<'e, 'a, D: Input, O> {
    /// The runs that go on; none when all have ended.
    group: Option<Group<'a, D>>,
    /// In the order of the group.
    members: Vec<Member<'a, O>>,
    ended: &'e mut Ended<'e, O>,
}

/// Who watches a run.
struct Member<'a, O> {
    /// The run's number among all that began.
    number: usize,
    plan: &'a Plan<'a>,
    checkpoint: Option<&'a Checkpoint>,
    observer: O,
    /// Whether it ends here, whatever its plan says.
    breaks: bool,
}

impl<O> Member<'_, O> {
    fn end(self, outcome: Result<Outcome>) -> End<O> {
        End {
            run: self.number,
            observer: self.observer,
            outcome,
        }
    }
}

/// A run that took its last step.
struct Trained<'a, D: Input, O> {
    member: Member<'a, O>,
    accuracies: Accuracies,
    result: Result<Finished<D::Number>>,
}

impl<'e, 'a, D: Input, O: Observer> Watched<'e, 'a, D, O>
where
    AnyModel: From<Model<D::Number>>,
{
    pub(super) fn new(
        group: Group<'a, D>,
        runs: Vec<Running<'a, O>>,
        ended: &'e mut Ended<'e, O>,
    ) -> Self {
        let member = |(number, run)| {
            let Running {
                plan,
                checkpoint,
                observer,
            } = run;
            Member {
                number,
                plan,
                checkpoint,
                observer,
                breaks: false,
            }
        };
        Self {
            group: Some(group),
            members: runs.into_iter().enumerate().map(member).collect(),
            ended,
        }
    }

    /// Puts each run where it goes on.
    ///
    /// # Panics
    /// If those are several places.
    pub(super) fn begin(&mut self) {
        let checkpoints: Vec<_> = self.members.iter().map(|run| run.checkpoint).collect();
        self.each(|group, run, _| match checkpoints[run] {
            Some(checkpoint) => group.restore(run, checkpoint).map(ControlFlow::Continue),
            None => Ok(ControlFlow::Continue(())),
        });
        self.each(|group, run, observer| {
            let [first, this] = [0, run].map(|run| group.state(run));
            let is_there = (first.epoch, first.batch) == (this.epoch, this.batch);
            assert!(is_there, "runs side by side go on at one place");
            observer.prepared();
            Ok(ControlFlow::Continue(()))
        });
    }

    /// The runs that go on.
    ///
    /// # Panics
    /// If all have ended.
    pub(super) fn group(&mut self) -> &mut Group<'a, D> {
        self.group.as_mut().expect("a run that goes on")
    }

    /// Whether all have ended.
    pub(super) fn are_over(&self) -> bool {
        self.members.is_empty()
    }

    /// Calls `ask` for each run with its number in the group. A run that fails there ends here; one that breaks, when its epoch is over.
    pub(super) fn each(
        &mut self,
        mut ask: impl FnMut(&mut Group<'a, D>, usize, &mut dyn Observer) -> Result<ControlFlow<()>>,
    ) {
        let Some(group) = &mut self.group else {
            return;
        };
        let mut failed = Vec::new();
        let mut ends = Vec::new();
        for (run, member) in self.members.iter_mut().enumerate() {
            match ask(group, run, &mut member.observer) {
                Ok(flow) => member.breaks |= flow.is_break(),
                Err(error) => failed.push((run, error)),
            }
        }
        for (run, error) in failed.into_iter().rev() {
            group.remove(run);
            let member = self.members.remove(run);
            ends.push(member.end(Err(error)));
        }
        if self.members.is_empty() {
            self.group = None;
        }
        if !ends.is_empty() {
            ends.reverse();
            (self.ended)(ends);
        }
    }

    /// Ends the runs that are over, and begins the next epoch of the others, or goes on in one. Returns its number, counted from 0; none
    /// where no run is left.
    pub(super) fn begin_epoch(&mut self) -> Option<usize> {
        self.end_those_over();
        self.group.as_mut().map(Group::begin_epoch)
    }

    /// Evaluates the runs whose plans want it after that epoch, and those that end with it.
    pub(super) fn evaluate(&mut self, epoch: usize) {
        let Self { group, members, .. } = self;
        let due: Vec<bool> = members
            .iter()
            .map(|run| run.breaks || run.plan.settings().evaluates_after(epoch))
            .collect();
        if let Some(group) = group.as_mut().filter(|_| due.contains(&true)) {
            group.evaluate(|run| due[run]);
        }
    }

    fn end_those_over(&mut self) {
        let Self { group, members, .. } = self;
        let Some(these) = group else {
            return;
        };
        let over = members.iter().enumerate();
        let over: Vec<bool> = over
            .map(|(run, member)| member.breaks || these.is_over(run))
            .collect();
        let lacks = |run: usize| {
            let last = these.state(run).history.last();
            over[run] && last.is_none_or(|last| last.accuracies.is_none())
        };
        let lacking: Vec<bool> = (0..over.len()).map(lacks).collect();
        let evaluated = if lacking.contains(&true) {
            these.evaluate(|run| lacking[run])
        } else {
            Vec::new()
        };
        let mut trained: Vec<Trained<'_, D, O>> = Vec::new();
        for run in (0..over.len()).rev().filter(|&run| over[run]) {
            let last = these.state(run).history.last();
            let noted = last.and_then(|last| last.accuracies);
            let accuracies = noted.unwrap_or_else(|| evaluated[run]);
            trained.push(Trained {
                member: members.remove(run),
                accuracies,
                result: these.finish(run),
            });
        }
        // The memory of the steps is given back before the test samples are looked at.
        if members.is_empty() {
            *group = None;
        }
        let end = |trained| {
            let Trained {
                mut member,
                accuracies,
                result,
            } = trained;
            let outcome = result.and_then(|result| outcome(&mut member, accuracies, result));
            member.end(outcome)
        };
        let ends: Vec<End<O>> = trained.into_iter().rev().map(end).collect();
        if !ends.is_empty() {
            (self.ended)(ends);
        }
    }
}

/// What a run leaves that was trained to its end.
fn outcome<T: Scalar>(
    member: &mut Member<'_, impl Observer>,
    accuracies: Accuracies,
    (model, history, restored): Finished<T>,
) -> Result<Outcome>
where
    AnyModel: From<Model<T>>,
{
    let plan = member.plan;
    let model = AnyModel::from(model);
    member.observer.finished(&model)?;
    let test_accuracy = match plan.data().test {
        Some(test) => {
            Predictor::new(plan.machine(), &model).score(test, &test.samples.indices())?
        }
        None => None,
    };
    let kept = match restored {
        Some(epoch) => history.get(epoch),
        None => history.last(),
    };
    let of_kept = kept.filter(|_| restored.is_some());
    Ok(Outcome {
        model,
        error: kept.map_or(f64::NAN, |epoch| epoch.error),
        accuracies: of_kept
            .and_then(|epoch| epoch.accuracies)
            .unwrap_or(accuracies),
        restored,
        test_accuracy,
        training_samples: plan.training_samples(),
        history,
    })
}
