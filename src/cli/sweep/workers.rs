//! Runs that share no mini-batches and are too small for all threads: beside each other, each on one thread.
//!
//! A step of a small network is over in some ten microseconds, and threads that share it wait for one another twice. Where each thread has
//! a run of its own, nobody waits. The bits are those of any number of threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

use gingham::engine::EngineKind;
use gingham::machine::Machine;
use gingham::train::Plan;

use super::groups::Limits;
use super::runs::{Planned, Shared, Sweep};
use super::sink::{Sink, locked};

/// A run whose steps have at most so many multiply-adds of the forward pass for each thread is small. Measured with 784-16-10 on two threads
/// (`benches/record/2026-11-26-sweep.md`): two runs at a time take 0.73 of the time with mini-batches of 32, which is 0.2 million a thread,
/// and 0.9 of it, once even more than before, with 256, which is 1.6 million; between these nothing was measured.
const MOST_OF_A_THREAD: usize = 1 << 19;

/// Runs that are trained in one go, each with the epochs after which it pauses.
type Together<'p> = Vec<(&'p Planned, Option<usize>)>;

impl Sweep<'_> {
    /// Trains the small runs among those that are alone in their groups, beside each other, where that pays. Returns the groups that
    /// are left.
    pub fn small_ones<'p>(
        &self,
        groups: Vec<Together<'p>>,
        limits: Limits,
        sink: &Mutex<Sink<'_>>,
    ) -> anyhow::Result<Vec<Together<'p>>> {
        let threads = self.shared.machine.threads();
        let alone = groups.iter().filter(|group| group.len() == 1).count();
        if threads == 1 || alone < 2 || limits.is_one() {
            return Ok(groups);
        }
        let (mut is_small, mut most_bytes) = (Vec::new(), 0);
        for group in &groups {
            let is_one = match group[..] {
                [(run, None)] => {
                    let plan = self.shared.plan(run)?;
                    let is_small = multiply_adds(&plan) / threads <= MOST_OF_A_THREAD;
                    if is_small {
                        most_bytes = plan.bytes_alone().max(most_bytes);
                    }
                    is_small
                }
                _ => false,
            };
            is_small.push(is_one);
        }
        let count = is_small.iter().filter(|is_small| **is_small).count();
        let workers = threads.min(count).min(limits.room(most_bytes));
        // Where the system refuses a thread, fewer have to do.
        let machine = |_| Machine::for_engine(1, EngineKind::Auto).ok();
        let machines: Vec<Machine> = match workers {
            0 | 1 => Vec::new(),
            _ => (0..workers).map_while(machine).collect(),
        };
        if machines.len() < 2 {
            return Ok(groups);
        }
        let mut of_groups = is_small.into_iter();
        let is_small = |_: &Together<'_>| of_groups.next().unwrap_or_default();
        let (small, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_small);
        self.beside_each_other(&small, &machines, sink);
        locked(sink).outcome()?;
        Ok(others)
    }

    /// Trains runs on several machines, each of which takes the next one when it has ended one.
    fn beside_each_other(
        &self,
        runs: &[Together<'_>],
        machines: &[Machine],
        sink: &Mutex<Sink<'_>>,
    ) {
        let taken = AtomicUsize::new(0);
        let work = |machine| {
            let sweep = Sweep {
                shared: Shared {
                    machine,
                    ..self.shared
                },
                ..*self
            };
            while !locked(sink).has_failed()
                && let Some(run) = runs.get(taken.fetch_add(1, Ordering::Relaxed))
            {
                if let Err(error) = sweep.group(run, sink) {
                    locked(sink).fail(error);
                }
            }
        };
        let Some((own, others)) = machines.split_first() else {
            return;
        };
        thread::scope(|scope| {
            for (number, machine) in others.iter().enumerate() {
                // A worker that the system refuses leaves its runs to the others.
                let name = format!("worker-{number}");
                let _ = Builder::new()
                    .name(name)
                    .spawn_scoped(scope, || work(machine));
            }
            work(own);
        });
    }
}

/// Multiply-adds of a step's forward pass.
fn multiply_adds(plan: &Plan<'_>) -> usize {
    let images = plan.mini_batches().largest(plan.training_samples());
    images.saturating_mul(plan.layout().parameters())
}
