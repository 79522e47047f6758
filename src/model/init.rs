//! Initial weights.

use crate::rng::RandomState;
use crate::scalar::Scalar;

use super::Layout;

/// The distribution that initial weights are drawn from. All are uniform in `[-r, r)`; biases start at 0, gains at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// `r = 1`: the article's.
    Uniform,
    /// `r = sqrt(6 / (inputs + outputs))` (X. Glorot, Y. Bengio, 2010, equation 16).
    Xavier,
    /// `r = sqrt(6 / inputs)`: variance 2 / inputs (K. He et al., 2015, equation 10).
    He,
}

impl Init {
    /// The parameters of a network, from NumPy's `RandomState(seed)`: layer after layer, row-major, drawn in 64 bits.
    #[must_use]
    pub fn parameters<T: Scalar>(self, layout: &Layout, seed: u32) -> Vec<T> {
        let mut state = RandomState::new(seed);
        let mut parameters = vec![T::zero(); layout.parameters()];
        for layer in layout.layers() {
            let range = match self {
                Self::Uniform => 1.0,
                Self::Xavier => (6.0 / (layer.inputs + layer.outputs) as f64).sqrt(),
                Self::He => (6.0 / layer.inputs as f64).sqrt(),
            };
            for weight in &mut parameters[layer.weight.clone()] {
                *weight = T::of(state.uniform(-range, range));
            }
            if let Some(gain) = layer.gain.clone() {
                parameters[gain].fill(T::one());
            }
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_weights_are_numpys() {
        // NumPy 2.4: RandomState(42).uniform(-1, 1, 50 * 784), then uniform(-1, 1, 10 * 50), as f32.
        let layout = Layout::new(&[784, 50, 10], false);
        let weights: Vec<f32> = Init::Uniform.parameters(&layout, 42);
        let (w1, w2) = weights.split_at(50 * 784);
        let printed = |weights: &[f32]| {
            weights
                .iter()
                .map(f32::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            printed(&w1[..5]),
            "-0.25091976 0.90142864 0.4639879 0.19731697 -0.6879627"
        );
        assert_eq!(printed(&w1[39_198..]), "-0.418651 0.95250756");
        assert_eq!(
            printed(&w2[..5]),
            "0.9313443 0.65532666 -0.5349879 -0.11679572 -0.12043432"
        );
        assert_eq!(printed(&w2[498..]), "0.57171166 0.3874918");
    }

    #[test]
    fn ranges_follow_the_widths() {
        let layout = Layout::new(&[54, 96, 10], true);
        let highest = |init: Init| {
            let weights: Vec<f64> = init.parameters(&layout, 1);
            weights[layout.layers()[0].weight.clone()]
                .iter()
                .fold(0.0_f64, |highest, w| highest.max(w.abs()))
        };
        assert!((highest(Init::Xavier) - 0.2).abs() < 1e-3);
        assert!((highest(Init::He) - 1.0 / 3.0).abs() < 1e-3);
        let weights: Vec<f64> = Init::He.parameters(&layout, 1);
        let bias = layout.layers()[1].bias.clone().unwrap();
        assert!(weights[bias].iter().all(|&bias| bias == 0.0));
    }
}
