//! The front door: train on arrays in memory, then ask.
//!
//! A [`Classifier`] has the methods that users of scikit-learn and linfa look for, with defaults of today's usual form. What it
//! does with them is the same as the command line does: [`Plan`], [`train()`],
//! [`Predictor`].

use std::path::Path;
use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis};

use crate::data::{
    Dataset, Features, Images, Labelled, LabelledFeatures, LabelledSamples, Samples,
};
use crate::error::{Error, Result};
use crate::evaluate::Predictor;
use crate::machine::Machine;
use crate::model::{Activation, AnyModel};
use crate::train::{
    EpochFigures, NoObserver, Observer, Plan, Preset, Start, TrainOptions, TrainingData, train,
};

/// A fully connected network that learns the classes of images or of rows of features.
///
/// ```
/// use gingham::Classifier;
/// use ndarray::{Array1, Array3};
///
/// // Two hundred images of 8 x 8 pixels: the bright half says the class.
/// let labels = Array1::from_shape_fn(200, |image| (image % 2) as u8);
/// let images = Array3::from_shape_fn((200, 8, 8), |(image, row, column)| {
///     let bright = (column < 4) == (image % 2 == 0);
///     (row + image % 7) as u8 + if bright { 200 } else { 0 }
/// });
/// let mut classifier = Classifier::new().hidden_layers(&[16]).epochs(5);
/// classifier.fit(&images, &labels)?;
/// assert_eq!(classifier.predict(&images)?, labels);
/// assert_eq!(classifier.score(&images, &labels)?, 1.0);
/// # Ok::<(), gingham::error::Error>(())
/// ```
///
/// Without other settings it has one hidden layer of 100 ReLU units and a softmax output, standardises every pixel by its mean
/// and deviation over the training samples, and takes 20 epochs of shuffled mini-batches of 128 at a learning rate of 0.02 with
/// momentum 0.9. It holds nothing out. The same seed gives the same network, bit for bit, on any number of threads.
#[derive(Clone, Debug)]
pub struct Classifier {
    options: TrainOptions,
    machine: OnceLock<Arc<Machine>>,
    model: Option<AnyModel>,
    history: Vec<EpochFigures>,
    warm_start: bool,
}

impl Default for Classifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Classifier {
    /// A classifier that has not been fitted yet, with the settings that the type's documentation names.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(TrainOptions {
            hidden: vec![100],
            holdout: 0.0,
            eval_every: Some(0),
            ..TrainOptions::of(Preset::Wide)
        })
    }

    /// A classifier that has not been fitted yet, with any settings of a run. `data` among them is not used.
    #[must_use]
    pub fn with_options(options: TrainOptions) -> Self {
        Self {
            options,
            machine: OnceLock::new(),
            model: None,
            history: Vec::new(),
            warm_start: false,
        }
    }

    /// Sets the number of units of each hidden layer; with none, the classifier is a logistic regression.
    #[must_use]
    pub fn hidden_layers(mut self, units: &[usize]) -> Self {
        self.options.hidden = units.to_vec();
        self
    }

    /// Sets what hidden layers do to their weighted sums.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.options.activation = activation;
        self
    }

    /// Sets the number of passes over the training samples.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.options.epochs = epochs;
        self
    }

    /// Sets the number of samples of a mini-batch.
    #[must_use]
    pub fn batch_size(mut self, samples: usize) -> Self {
        (self.options.batches, self.options.batch_size) = (None, Some(samples));
        self
    }

    /// Sets the learning rate.
    #[must_use]
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.options.learning_rate = rate;
        self
    }

    /// Sets the share of the last step that is kept, in `0..1`.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.options.momentum = momentum;
        self
    }

    /// Sets the factor of half the weights' squares in the objective.
    #[must_use]
    pub fn l2(mut self, factor: f64) -> Self {
        self.options.l2 = factor;
        self
    }

    /// Sets the seed of the initial weights and of the shuffling.
    #[must_use]
    pub fn seed(mut self, seed: u32) -> Self {
        self.options.seed = seed;
        self
    }

    /// Sets the number of threads; 0 means one for each core. No result depends on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        (self.options.threads, self.machine) = (threads, OnceLock::new());
        self
    }

    /// Sets whether a fit goes on from the network that was fitted or loaded before: from its weights and its scaling, the optimizer without a
    /// memory. The network's widths, activations and biases are then its own, whatever the settings say, and samples must have as many
    /// numbers and classes as those that it was trained on.
    #[must_use]
    pub fn warm_start(mut self, on: bool) -> Self {
        self.warm_start = on;
        self
    }

    /// The settings that the next fit will follow.
    #[must_use]
    pub fn options(&self) -> &TrainOptions {
        &self.options
    }

    /// Trains a network on `samples` and their classes, which are counted from 0. What was learnt before is forgotten, unless
    /// [`Self::warm_start`] says otherwise.
    ///
    /// # Errors
    /// [`Error::Array`] for arrays that do not fit together, [`Error::Setting`] for settings that cannot be meant and for samples that a
    /// warm start cannot go on with,
    /// [`Error::Threads`] where the system refuses threads, [`Error::Diverged`] where the error or a parameter is not finite any
    /// more; in each case the classifier is as it was before.
    pub fn fit<'a>(
        &mut self,
        samples: impl IntoSamples,
        labels: impl Into<ArrayView1<'a, u8>>,
    ) -> Result<&mut Self> {
        self.fit_observed(samples, labels, &mut NoObserver)
    }

    /// As [`Self::fit`], watched by an observer, which sees every epoch and may stop the training.
    ///
    /// # Errors
    /// As [`Self::fit`], and what the observer returns.
    pub fn fit_observed<'a>(
        &mut self,
        samples: impl IntoSamples,
        labels: impl Into<ArrayView1<'a, u8>>,
        observer: &mut dyn Observer,
    ) -> Result<&mut Self> {
        let labels = labels.into().to_vec();
        match samples.into_samples()? {
            HeldSamples::Images(images) => {
                let dataset = Dataset::new(Labelled::new(images, labels)?, None)?;
                self.fit_data(&dataset, observer)
            }
            HeldSamples::Features(features) => {
                self.fit_data(&LabelledFeatures::new(features, labels)?, observer)
            }
        }
    }

    /// Trains a network on a data set such as [`Dataset`], watched by an observer.
    ///
    /// # Errors
    /// As [`Self::fit`], and what the observer returns.
    pub fn fit_data<'a>(
        &mut self,
        data: impl Into<TrainingData<'a>>,
        observer: &mut dyn Observer,
    ) -> Result<&mut Self> {
        let machine = self.machine()?;
        let warm = self.model.clone().filter(|_| self.warm_start);
        let start = warm.map(Start::from);
        let plan = match &start {
            Some(start) => {
                let options = start.applied_to(self.options.clone());
                Plan::starting_from(start, &options, data, &machine)?
            }
            None => Plan::new(&self.options, data, &machine)?,
        };
        let outcome = train(&plan, observer)?;
        (self.model, self.history) = (Some(outcome.model), outcome.history);
        Ok(self)
    }

    /// The class of each sample.
    ///
    /// # Errors
    /// [`Error::Array`] for samples of another size than those that were trained on, and for features that are not finite;
    /// [`Error::NotFitted`]; where this is the first call that computes, [`Error::Setting`] and [`Error::Threads`] as
    /// [`Machine::new`].
    pub fn predict(&self, samples: impl IntoSamples) -> Result<Array1<u8>> {
        let classes = self.ask(samples, |predictor, samples| predictor.predict(samples))?;
        Ok(classes.into_iter().map(|class| class as u8).collect())
    }

    /// The probability of each class for each sample, `(samples, classes)`.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn predict_proba(&self, samples: impl IntoSamples) -> Result<Array2<f64>> {
        let classes = self.fitted()?.info().classes.len();
        let shares = self.ask(samples, |predictor, samples| {
            predictor.probabilities(samples)
        })?;
        let rows = shares.len() / classes;
        Ok(Array2::from_shape_vec((rows, classes), shares).expect("whole rows"))
    }

    /// The share of the samples that get their label, in 0..=1; 0 for no samples.
    ///
    /// # Errors
    /// As [`Self::predict`], and [`Error::Array`] where there are more or fewer labels than samples.
    pub fn score<'a>(
        &self,
        samples: impl IntoSamples,
        labels: impl Into<ArrayView1<'a, u8>>,
    ) -> Result<f64> {
        let labels = labels.into().to_vec();
        self.ask(samples, |predictor, samples| {
            let labelled = LabelledSamples::new(samples, &labels)?;
            let right = predictor.score(labelled, &samples.indices())?;
            Ok(right.unwrap_or(0.0))
        })
    }

    /// Writes the network as a new file, which the command line takes too.
    ///
    /// # Errors
    /// [`Error::NotFitted`], [`Error::Exists`] and [`Error::Write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.fitted()?.save(path.as_ref())
    }

    /// A classifier with the network of a model file, ready to predict. A model file does not hold the settings of its training:
    /// [`Self::options`] are those of [`Self::new`], and a [`Self::fit`] would follow them, from fresh weights unless
    /// [`Self::warm_start`] says otherwise.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`] and [`Error::Model`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self {
            model: Some(AnyModel::open(path.as_ref())?),
            ..Self::new()
        })
    }

    /// The network; none before it was fitted.
    #[must_use]
    pub fn model(&self) -> Option<&AnyModel> {
        self.model.as_ref()
    }

    /// The figures of each epoch of the last fit; none after [`Self::load`].
    #[must_use]
    pub fn history(&self) -> &[EpochFigures] {
        &self.history
    }

    fn fitted(&self) -> Result<&AnyModel> {
        self.model.as_ref().ok_or(Error::NotFitted)
    }

    fn ask<R>(
        &self,
        samples: impl IntoSamples,
        question: impl FnOnce(&mut Predictor<'_>, Samples<'_>) -> Result<R>,
    ) -> Result<R> {
        let model = self.fitted()?;
        let machine = self.machine()?;
        let samples = samples.into_samples()?;
        question(&mut Predictor::new(&machine, model), samples.view())
    }

    /// The machine, made where it is needed first.
    fn machine(&self) -> Result<Arc<Machine>> {
        if let Some(machine) = self.machine.get() {
            return Ok(Arc::clone(machine));
        }
        let made = Arc::new(Machine::new(self.options.threads)?);
        Ok(Arc::clone(self.machine.get_or_init(|| made)))
    }
}

/// Samples that a [`Classifier`] holds while it works on them.
#[derive(Debug)]
pub enum HeldSamples {
    /// Pictures of bytes.
    Images(Images),
    /// Rows of `f32` numbers.
    Features(Features),
}

impl HeldSamples {
    fn view(&self) -> Samples<'_> {
        match self {
            Self::Images(images) => Samples::Images(images),
            Self::Features(features) => Samples::Features(features),
        }
    }
}

/// What a [`Classifier`] takes for samples: images as `(images, rows, columns)` or flat as `(images, pixels)` of `u8`, and
/// features as `(samples, features)` of `f32`. Arrays are copied.
pub trait IntoSamples {
    /// The samples.
    ///
    /// # Errors
    /// [`Error::Array`] for samples without a number, and for features that are not finite.
    fn into_samples(self) -> Result<HeldSamples>;
}

impl IntoSamples for ArrayView3<'_, u8> {
    fn into_samples(self) -> Result<HeldSamples> {
        Images::from_array(self).map(HeldSamples::Images)
    }
}

impl IntoSamples for ArrayView2<'_, u8> {
    fn into_samples(self) -> Result<HeldSamples> {
        self.insert_axis(Axis(1)).into_samples()
    }
}

impl IntoSamples for ArrayView2<'_, f32> {
    fn into_samples(self) -> Result<HeldSamples> {
        Features::from_array(self).map(HeldSamples::Features)
    }
}

impl IntoSamples for &Array3<u8> {
    fn into_samples(self) -> Result<HeldSamples> {
        self.view().into_samples()
    }
}

impl IntoSamples for &Array2<u8> {
    fn into_samples(self) -> Result<HeldSamples> {
        self.view().into_samples()
    }
}

impl IntoSamples for &Array2<f32> {
    fn into_samples(self) -> Result<HeldSamples> {
        self.view().into_samples()
    }
}
