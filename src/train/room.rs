//! Whether there is memory for a run, asked before any of it is taken: where an allocation fails, nothing but an abort is left.

use crate::error::Result;
use crate::evaluate::Predictor;
use crate::machine::Machine;
use crate::network::footprint::Footprint;

/// What is remembered of each sample: the split, the order of the epochs, the order of this epoch.
const INDEX_BYTES: u64 = 3 * size_of::<u32>() as u64;

/// What a run allocates.
pub(super) struct Job<'a> {
    /// The memory of its steps.
    pub(super) steps: Footprint<'a>,
    /// Numbers that are remembered of each parameter: by the optimizer, and of the best network where the run may end early.
    pub(super) slots: u64,
    /// All samples, those that are held out too.
    pub(super) samples: usize,
    /// Bytes of the mini-batches that are kept for all epochs.
    pub(super) kept_bytes: u64,
}

impl Job<'_> {
    /// Bytes of the network with its gradient and its slots, and of what is made to keep it.
    fn of_network(&self) -> (u64, u64) {
        let Footprint { layout, dtype, .. } = self.steps;
        let numbers = (layout.parameters() * dtype.bytes()) as u64;
        // A checkpoint that is made, one that waits for the disk and one that is being written; the best model in the same three
        // forms, and a copy of a single array.
        (
            numbers * (2 + self.slots),
            numbers * (3 * (1 + self.slots) + 4),
        )
    }

    /// The most bytes that the run takes beside others that see the same mini-batches. It is too much by the pixels of a step, which they
    /// share.
    pub(super) fn beside(&self) -> u64 {
        let (network, keeping) = self.of_network();
        network
            .saturating_add(keeping)
            .saturating_add(self.steps.bytes())
    }

    /// The most bytes that the run takes where it shares its mini-batches with no other.
    pub(super) fn alone(&self) -> u64 {
        self.beside().saturating_add(self.kept_bytes)
    }

    /// Refuses a run that the machine has no memory for.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::error::Error::Memory).
    pub(super) fn check(&self, machine: &Machine) -> Result<()> {
        let Footprint {
            layout,
            dtype,
            batch,
            ..
        } = self.steps;
        let parameters = layout.parameters() as u64;
        let numbers = parameters * dtype.bytes() as u64;
        let (network, keeping) = self.of_network();
        let steps = self.steps.bytes().saturating_add(self.kept_bytes);
        let samples = self.samples as u64 * INDEX_BYTES;
        // When the steps are over, their memory is given back. Then the model is asked, and made into the bytes of its file: its
        // arrays one by one, and all of them together.
        let asking = numbers.saturating_add(Predictor::bytes(layout, dtype, machine));
        let saving = numbers * 3;
        let needed = network
            .saturating_add(steps)
            .saturating_add(keeping)
            .max(asking)
            .max(saving);
        machine.check_memory(needed.saturating_add(samples), || {
            let (network, steps) = (network >> 20, steps >> 20);
            (
                format!(
                    "{parameters} parameters ({network} MB), {} samples and mini-batches of {batch} ({steps} MB)",
                    self.samples
                ),
                "fewer --hidden units, or smaller mini-batches (--batch-size)",
            )
        })
    }
}
