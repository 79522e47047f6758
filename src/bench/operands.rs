//! The first layer's two products alone as something to time, on one machine after another with the same operands.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use super::products::{PackedProducts, StagedProducts};
use super::subject::{Epoch, Subject};
use crate::input::packed::{Float, Products, Quantized};
use crate::machine::Machine;
use crate::scalar::Scalar;
use crate::train::{Arithmetic, Plan};

/// What an engine multiplies, in one type; shared by the subjects of all thread counts.
pub(super) enum Operands<'a> {
    F32(Rc<RefCell<StagedProducts<f32>>>),
    F64(Rc<RefCell<StagedProducts<f64>>>),
    Panels(Rc<RefCell<PackedProducts<'a, Float>>>),
    Integers(Rc<RefCell<PackedProducts<'a, Quantized>>>),
}

/// Computes both products of one mini-batch so many times and returns the seconds that they take.
type Repeat<'a> = Box<dyn FnMut(usize) -> f64 + 'a>;

impl<'a> Operands<'a> {
    /// For the first layer and the largest mini-batch of a plan.
    pub(super) fn of(plan: &Plan<'a>) -> Self {
        let layer = &plan.layout().layers()[0];
        let batch = plan.mini_batches().largest(plan.training_samples());
        match plan.arithmetic() {
            Arithmetic::F32 => Self::F32(Rc::new(RefCell::new(StagedProducts::new(layer, batch)))),
            Arithmetic::F64 => Self::F64(Rc::new(RefCell::new(StagedProducts::new(layer, batch)))),
            Arithmetic::Panels(images) => {
                let products = PackedProducts::of(plan, images, batch);
                Self::Panels(Rc::new(RefCell::new(products)))
            }
            Arithmetic::Integers(images) => {
                let products = PackedProducts::of(plan, images, batch);
                Self::Integers(Rc::new(RefCell::new(products)))
            }
        }
    }

    /// The two products of the first layer alone, on the plan's machine: a mini-batch's, as many times as an epoch has mini-batches.
    /// Where its mini-batches are of several sizes, the time is that of as many images as the epoch has.
    pub(super) fn subject(&self, plan: &Plan<'a>) -> Subject<'a> {
        let (machine, samples) = (plan.machine(), plan.training_samples());
        let batches = plan.mini_batches();
        let count = batches.count(samples);
        let share = samples as f64 / (count * batches.largest(samples)) as f64;
        let (mut repeat, kept): (Repeat<'a>, Option<[f64; 2]>) = match self {
            Self::F32(products) => (staged(products, machine), None),
            Self::F64(products) => (staged(products, machine), None),
            Self::Panels(products) => packed(products, machine),
            Self::Integers(products) => packed(products, machine),
        };
        Subject {
            kind: plan.settings().engine,
            products: true,
            dtype: plan.settings().dtype,
            threads: machine.threads(),
            every: 1,
            epoch: Box::new(move |_| {
                Ok(Epoch {
                    seconds: repeat(count) * share,
                    kept,
                    ..Epoch::default()
                })
            }),
            seconds: Vec::new(),
            kept: None,
        }
    }
}

/// Both products through BLAS at the chunking that is best on this machine.
fn staged<'a, T: Scalar>(
    products: &Rc<RefCell<StagedProducts<T>>>,
    machine: &'a Machine,
) -> Repeat<'a> {
    let products = Rc::clone(products);
    let best = {
        let products = &mut *products.borrow_mut();
        machine.run(|| products.best())
    };
    Box::new(move |count| {
        let products = &mut *products.borrow_mut();
        machine.run(|| seconds(count, || products.run(best)))
    })
}

/// Both products from packed pixels, and the shares of these that they multiply.
fn packed<'a, P: Products>(
    products: &Rc<RefCell<PackedProducts<'a, P>>>,
    machine: &'a Machine,
) -> (Repeat<'a>, Option<[f64; 2]>) {
    let kept = products.borrow().kept();
    let products = Rc::clone(products);
    let repeat = move |count| {
        let products = &mut *products.borrow_mut();
        machine.run(|| seconds(count, || products.run()))
    };
    (Box::new(repeat), kept)
}

/// What `count` times `run` take.
fn seconds(count: usize, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| run());
    start.elapsed().as_secs_f64()
}
