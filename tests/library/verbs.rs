//! The two verbs of phase 2 of a step, one after the other and both at once.

use gingham::data::{Labelled, Standardizer};
use gingham::engine::EngineKind;
use gingham::model::{Activation, Init, Layout, Mlp, Output};
use gingham::network::ErrorForm;
use gingham::train::optimizer::Sgd;
use gingham::train::recipe::Recipe;
use gingham::train::step::Setup;
use gingham::train::{L1Form, Objective, Reduction, Regularizer};

use crate::steppers::{Number, Steps, steps};
use crate::support::{bytes_of, engines, garments, level, on_threads};

/// Units of the hidden layers: none, narrow ones, and one that is cut into several blocks.
const HIDDEN: [&[usize]; 3] = [&[], &[20, 9], &[300, 20]];

const MOMENTA: [f64; 2] = [0.0, 0.9];

/// Averaged losses with both regularisers, and summed ones with the article's.
const OBJECTIVES: [Objective; 2] = [
    Objective {
        reduction: Reduction::Mean,
        regularizer: Regularizer {
            l1: 1e-3,
            l1_form: L1Form::Sign,
            l2: 1e-2,
        },
        error: ErrorForm::Objective,
    },
    Objective {
        reduction: Reduction::Sum,
        regularizer: Regularizer {
            l1: 0.3,
            l1_form: L1Form::Linear,
            l2: 0.5,
        },
        error: ErrorForm::Article,
    },
];

/// A network, how it is stepped, and what it is stepped on.
struct Case<'a> {
    kind: EngineKind,
    hidden: &'static [usize],
    objective: Objective,
    momentum: f64,
    data: &'a Labelled,
}

impl<'a> Case<'a> {
    fn steps<T: Number>(&self, objective: Objective) -> Box<dyn Steps<T> + 'a> {
        let widths = [&[784], self.hidden, &[10]].concat();
        let layout = Layout::new(&widths, true);
        let setup = Setup {
            mlp: Mlp {
                parameters: Init::Xavier.parameters(&layout, 3),
                layout,
                activation: Activation::Tanh,
                output: Output::Softmax,
            },
            optimizer: Box::new(Sgd {
                nesterov: false,
                momentum: T::of(self.momentum),
                level: level(),
            }),
            learning_rate: 0.01,
            recipe: Recipe::default(),
            class_weights: Vec::new(),
            objective,
            batch: 70,
            level: level(),
        };
        let standardizer = Standardizer::fit(&self.data.images, &(0..100).collect::<Vec<_>>());
        steps(self.kind, setup, self.data, &standardizer)
    }

    fn says(&self) -> String {
        let Self {
            kind,
            hidden,
            objective,
            momentum,
            ..
        } = self;
        format!("{kind:?}, {hidden:?}, {objective:?}, momentum {momentum}")
    }
}

fn for_every_case<T: Number>(mut visit: impl FnMut(&Case<'_>) + Send) {
    let data = garments(100, 1, 5).train;
    on_threads(2, || {
        for &kind in engines(T::DTYPE) {
            for hidden in HIDDEN {
                for objective in OBJECTIVES {
                    for momentum in MOMENTA {
                        visit(&Case {
                            kind,
                            hidden,
                            objective,
                            momentum,
                            data: &data,
                        });
                    }
                }
            }
        }
    });
}

/// Two mini-batches, of which the second one is smaller.
fn batches() -> [Vec<u32>; 2] {
    [(0..70).collect(), (70..100).rev().collect()]
}

fn the_verbs_apart_are_both_at_once<T: Number>() {
    for_every_case::<T>(|case| {
        let mut fused = case.steps::<T>(case.objective);
        let mut apart = case.steps::<T>(case.objective);
        for indices in batches().iter().cycle().take(4) {
            let loss = fused.forward_and_backward(indices);
            assert_eq!(apart.forward_and_backward(indices), loss);
            let norms = fused.gradient_and_update(indices);
            apart.take_gradient(indices);
            assert_eq!(apart.update(indices), norms, "{}", case.says());
            let bytes = |steps: &mut dyn Steps<T>| {
                let gradient = bytes_of(steps.gradient());
                let state = steps.state();
                [
                    bytes_of(&state.mlp.parameters),
                    bytes_of(&state.slots),
                    gradient,
                ]
            };
            assert!(
                bytes(&mut *apart) == bytes(&mut *fused),
                "{}: other bits",
                case.says()
            );
        }
        assert_eq!([fused.state().step, apart.state().step], [4, 4]);
    });
}

#[test]
fn the_verbs_apart_are_both_at_once_to_the_bit() {
    the_verbs_apart_are_both_at_once::<f32>();
    the_verbs_apart_are_both_at_once::<f64>();
}

fn between_the_verbs_is_the_losses_gradient<T: Number>() {
    for_every_case::<T>(|case| {
        let mut steps = case.steps::<T>(case.objective);
        // With no regulariser the fused verbs leave the gradient of the images' losses, which differences confirm elsewhere.
        let without = Objective {
            regularizer: Regularizer {
                l1: 0.0,
                l1_form: L1Form::Sign,
                l2: 0.0,
            },
            ..case.objective
        };
        let mut plain = case.steps::<T>(without);
        let indices = &batches()[0];
        let before = steps.state().clone();
        steps.forward_and_backward(indices);
        steps.take_gradient(indices);
        assert!(*steps.state() == before, "the first verb moves nothing");
        plain.forward_and_backward(indices);
        plain.gradient_and_update(indices);
        assert_eq!(steps.gradient(), plain.gradient(), "{}", case.says());
        // Once more takes the same gradient once more, not twice as much.
        let gradient = steps.gradient().to_vec();
        steps.take_gradient(indices);
        assert_eq!(steps.gradient(), gradient, "{}", case.says());
        steps.update(indices);
        assert_ne!(steps.gradient(), gradient, "the regulariser is in it now");
        assert_ne!(steps.state().mlp, before.mlp);
    });
}

#[test]
fn between_the_verbs_the_gradient_is_that_of_the_images_losses() {
    between_the_verbs_is_the_losses_gradient::<f32>();
    between_the_verbs_is_the_losses_gradient::<f64>();
}
