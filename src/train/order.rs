//! Which images an epoch takes, in which order, in which mini-batches.

use std::ops::Range;

use crate::data::batches::Batches;
use crate::data::{Augmentation, Augmented, Split};
use crate::input::{Batch, Input};
use crate::rng::{Purpose, Stream};

/// A source of samples with the class of each.
#[derive(Debug)]
pub struct LabelledSource<'a, D: Input> {
    /// Where pixels come from.
    pub source: &'a D::Source,
    /// The class of each sample of the source.
    pub labels: &'a [u8],
}

impl<D: Input> Clone for LabelledSource<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Input> Copy for LabelledSource<'_, D> {}

impl<'a, D: Input> LabelledSource<'a, D> {
    /// Any samples of the source as mini-batches of up to `most`, that only go forward.
    pub fn batches_of<'s>(
        self,
        indices: &'s [u32],
        most: usize,
    ) -> impl Iterator<Item = Batch<'s, D>>
    where
        'a: 's,
    {
        indices.chunks(most).map(move |indices| Batch {
            source: self.source,
            labels: self.labels,
            indices,
            kept: None,
            augmented: None,
            trains: false,
        })
    }
}

/// The order of the training samples.
#[derive(Debug)]
pub struct Order<'a, D: Input> {
    data: LabelledSource<'a, D>,
    split: Split,
    batches: Batches,
    /// The seed of the shuffling; none where every epoch has the same order.
    shuffle: Option<u32>,
    /// What the samples become in the epoch that is under way; none where they stay as they are.
    augmented: Option<Augmented>,
    arranger: D::Arranger,
    /// How many images are arranged among themselves: at most those of a mini-batch, which has several such groups where this is smaller.
    most_arranged: usize,
    /// The order of the epoch that is under way: the indices of the training samples, mini-batch after mini-batch.
    current: Vec<u32>,
    /// Of each mini-batch, what is kept of it for all epochs; empty where nothing is.
    kept: Vec<D::Kept>,
}

impl<'a, D: Input> Order<'a, D> {
    /// The order of the training samples of `split`, shuffled anew for every epoch if there is a seed for that. The images of a mini-batch stand
    /// next to others like them, where that is quicker; with `chance_chunks`, which images share a chunk of it stays as it is drawn.
    #[must_use]
    pub fn new(
        data: LabelledSource<'a, D>,
        split: Split,
        batches: Batches,
        shuffle: Option<u32>,
        chance_chunks: bool,
    ) -> Self {
        let mut order = Self {
            data,
            current: split.train.clone(),
            split,
            batches,
            shuffle,
            augmented: None,
            arranger: D::arranger(data.source),
            most_arranged: usize::MAX,
            kept: Vec::new(),
        };
        if chance_chunks {
            order.most_arranged = D::chunk_images(order.largest_batch());
        }
        order.arrange();
        order
    }

    /// Changes the samples so in training, for every epoch anew, with that seed. The images within a mini-batch are still arranged by what they
    /// are in the file, so that no epoch has to look at all of them.
    ///
    /// # Panics
    /// If mini-batches are kept already.
    #[must_use]
    pub fn augmented(mut self, augmentation: Option<(Augmentation, u32)>) -> Self {
        assert!(self.kept.is_empty(), "mini-batches that are not kept");
        self.augmented = augmentation.map(|(changes, seed)| changes.of_epoch(seed, 0));
        self
    }

    /// Keeps every mini-batch in the form in which `input` takes it in, since no epoch changes it.
    ///
    /// # Panics
    /// If the order is shuffled, or its samples are changed.
    pub fn keep(&mut self, input: &D, scale: &D::Scale) {
        let stays = self.shuffle.is_none() && self.augmented.is_none();
        assert!(stays, "mini-batches that stay as they are");
        self.kept = (0..self.count())
            .map(|number| input.keep(scale, self.data.source, self.indices(number)))
            .collect();
    }

    /// What is kept of each mini-batch; empty where nothing is.
    #[must_use]
    pub fn kept(&self) -> &[D::Kept] {
        &self.kept
    }

    /// Puts the samples into the order of epoch number `epoch`, and changes them as it does.
    pub fn begin_epoch(&mut self, epoch: usize) {
        if let Some(augmented) = &mut self.augmented {
            augmented.epoch = epoch;
        }
        if let Some(seed) = self.shuffle {
            self.current.copy_from_slice(&self.split.train);
            Stream::new(seed, Purpose::Shuffle, epoch as u64).shuffle(&mut self.current);
            self.arrange();
        }
    }

    /// The number of mini-batches in an epoch.
    #[must_use]
    pub fn count(&self) -> usize {
        self.batches.count(self.current.len())
    }

    /// Mini-batch number `number` of the epoch.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn batch(&self, number: usize) -> Batch<'_, D> {
        Batch {
            source: self.data.source,
            labels: self.data.labels,
            indices: self.indices(number),
            kept: self.kept.get(number),
            augmented: self.augmented,
            trains: true,
        }
    }

    /// Any samples of its data as mini-batches of up to `most`, that only go forward.
    pub fn batches_of<'s>(
        &'s self,
        indices: &'s [u32],
        most: usize,
    ) -> impl Iterator<Item = Batch<'s, D>> {
        self.data.batches_of(indices, most)
    }

    /// Images of the largest mini-batch.
    #[must_use]
    pub fn largest_batch(&self) -> usize {
        self.batches.largest(self.current.len())
    }

    /// The training and the held-out samples, in the order of the split.
    #[must_use]
    pub fn split(&self) -> &Split {
        &self.split
    }

    fn indices(&self, number: usize) -> &[u32] {
        &self.current[self.batches.range(self.current.len(), number)]
    }

    fn arrange(&mut self) {
        let (images, batches) = (self.current.len(), self.batches);
        let most = self.most_arranged;
        let ranges = (0..self.count()).flat_map(move |number| {
            let Range { start, end } = batches.range(images, number);
            (start..end)
                .step_by(most)
                .map(move |start| start..end.min(start.saturating_add(most)))
        });
        D::arrange(&mut self.arranger, &mut self.current, ranges);
    }
}
