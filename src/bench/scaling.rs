//! At how many threads an engine is timed.

use super::options::BenchOptions;
use crate::engine::EngineKind;
use crate::error::Result;
use crate::machine::Machine;

/// The machines that engines are timed on, the one with one thread first.
pub(super) fn machines(options: &BenchOptions) -> Result<Vec<Machine>> {
    let all = Machine::new(options.threads)?;
    let mut counts = thread_counts(all.threads(), options.scaling);
    counts.pop(); // `all` has the last one
    let mut machines = counts
        .into_iter()
        .map(Machine::new)
        .collect::<Result<Vec<_>>>()?;
    machines.push(all);
    Ok(machines)
}

/// Whether an engine has work for more threads than one.
pub(super) fn uses_threads(kind: EngineKind) -> bool {
    kind != EngineKind::Naive
}

/// 1 and all of them; with `scaling` the powers of two between, too.
fn thread_counts(all: usize, scaling: bool) -> Vec<usize> {
    let most = if scaling { all } else { 2 };
    let mut counts: Vec<usize> = std::iter::successors(Some(1), |count| Some(2 * count))
        .take_while(|&count| count < most.min(all))
        .collect();
    counts.push(all);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_counts_double_up_to_all() {
        for (all, without, with) in [
            (1, &[1][..], &[1][..]),
            (2, &[1, 2], &[1, 2]),
            (3, &[1, 3], &[1, 2, 3]),
            (4, &[1, 4], &[1, 2, 4]),
            (12, &[1, 12], &[1, 2, 4, 8, 12]),
            (16, &[1, 16], &[1, 2, 4, 8, 16]),
        ] {
            assert_eq!(thread_counts(all, false), without, "{all}");
            assert_eq!(thread_counts(all, true), with, "{all}");
        }
    }
}
