//! Runs that are pruned at rungs: all come to the first one, and of each rung the best go on to the next.

use std::sync::Mutex;

use gingham::sweep::{Halving, Rung, SweepFolder};

use super::groups::{self, Limits, Wanted};
use super::runs::{Planned, Sweep};
use super::sink::own;

impl Sweep<'_> {
    /// Trains what has not ended yet, rung after rung. Which runs go on depends on figures alone that are on the disk, so a sweep that
    /// was stopped goes on with the same runs.
    pub fn by_rungs(
        &self,
        planned: &[Planned],
        (wanted, limits): (&[Wanted], Limits),
        halving: Halving,
        folder: &mut SweepFolder,
    ) -> anyhow::Result<()> {
        let epochs = planned.iter().map(|run| run.options.epochs).min();
        let prunings = halving.prunings(planned.len(), epochs.unwrap_or_default());
        let mut ends = Mutex::new(self.sink(planned.len(), folder)?);
        let mut competing: Vec<usize> = (0..planned.len()).collect();
        for left in (0..=prunings).rev() {
            let sink = own(&mut ends);
            let until = |run: &Planned| halving.epochs(run.options.epochs, left);
            sink.rung = (left > 0).then(|| Rung::new(halving.going_on(competing.len())));
            let (mut there, mut others) = (Vec::new(), Vec::new());
            for run in competing {
                let number = planned[run].number;
                match sink.folder.rungs().standing(number, until(&planned[run])) {
                    Some(standing) => there.push(standing),
                    None => others.push(run),
                }
            }
            // What was known before the process began.
            let rung = &mut sink.rung;
            let out = there.into_iter().filter_map(|run| rung.as_mut()?.take(run));
            let out: Vec<usize> = out.map(|standing| standing.run).collect();
            sink.prune(out)?;
            let wanted = others.iter().map(|&run| wanted[run].clone()).collect();
            for group in groups::groups(wanted, limits) {
                let runs = group.iter().map(|&place| &planned[others[place]]);
                let runs = runs.map(|run| (run, (left > 0).then(|| until(run))));
                self.group(&runs.collect::<Vec<_>>(), &ends)?;
                own(&mut ends).outcome()?;
            }
            let sink = own(&mut ends);
            let going_on = sink.rung.take().map(|rung| rung.going_on());
            let going_on = going_on.unwrap_or_default().into_iter();
            competing = going_on.map(|number| index(planned, number)).collect();
        }
        Ok(())
    }
}

/// Where the run of this number stands among those that are planned, which are in the order of their numbers.
fn index(planned: &[Planned], number: usize) -> usize {
    planned
        .binary_search_by_key(&number, |run| run.number)
        .expect("a run of the plan")
}
