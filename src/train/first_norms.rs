//! The norms of a network that a run starts from.
//!
//! A model has plain layers: what a norm did is within their weights ([`crate::network::folded`]), and models of other programs may never
//! have had one. In training each hidden layer gets a norm under which it answers as before, whatever the mean and the variance of its
//! weighted sums are ([`keep_answers`]). These are found out layer after layer, from mini-batches of the run itself, since each layer is
//! normalised on what the ones before it make of them.

use super::order::Order;
use super::step::Stepper;
use crate::input::Input;
use crate::network::{Pass, keep_answers};

/// How many images the figures are taken from, where there are as many. With 8,192 the standard error of a mean is about a
/// hundredth of the deviation.
const IMAGES: usize = 8192;

impl<D: Input> Stepper<D> {
    /// Gives all networks, which have plain layers with gains of 1 so far, their norms, on mini-batches from the whole epoch of `order`.
    pub(super) fn find_norms(&mut self, order: &Order<'_, D>) {
        let Self {
            engine,
            scale,
            memory,
            networks,
        } = self;
        let (engine, scale) = (*engine, &*scale);
        let batches = IMAGES.div_ceil(order.largest_batch()).min(order.count());
        let layers = networks[0].state.mlp.layout.layers().len();
        for layer in 0..layers - 1 {
            for taken in 0..batches {
                let batch = order.batch(taken * order.count() / batches);
                let pass = |network: usize| {
                    let mlp = &networks[network].state.mlp;
                    Some(Pass { engine, mlp, scale })
                };
                memory.for_each_output_of(scale, pass, &batch, |_, _, _| ());
                for (number, network) in networks.iter_mut().enumerate() {
                    let (mlp, figures) = (&network.state.mlp, &mut network.state.figures);
                    memory.follow(number, mlp, 1.0 / (taken as f64 + 1.0), figures);
                }
            }
            for network in &mut *networks {
                let state = &mut network.state;
                keep_answers(&mut state.mlp, layer, &state.figures);
            }
        }
    }
}
