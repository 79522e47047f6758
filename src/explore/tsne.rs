//! t-SNE: a map on which neighbours stay neighbours, by gradient descent.
//!
//! ```text
//! q(i, j) = 1 / (1 + |y_i - y_j|²);  Z = Σ q over all pairs;  Q = q / Z
//! cost      Σ P ln(P / Q)
//! gradient  4 Σ_j (E P(i, j) - Q(i, j)) q(i, j) (y_i - y_j)      E: 12 for the first 250 steps, then 1
//! ```
//!
//! L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008, equation 5; exaggeration, momentum and gains as
//! in van der Maaten, JMLR 15, 2014, section 5; the learning rate `n / 12 / 4` of A. Belkina et al., "Automated optimized parameters
//! for T-distributed stochastic neighbor embedding", Nature Communications 10, 2019; points begin at their first two principal
//! components, D. Kobak, P. Berens, "The art of using t-SNE for single-cell transcriptomics", the same journal and year.
//!
//! Repulsion is computed between all pairs, in vectors: for some thousand points that takes less time than the tree of the 2014
//! article, and it leaves nothing to approximate. It grows with the square of the points; hence [`MOST_POINTS`]. The crate
//! bhtsne adds across threads in whatever order they finish, so its map is another one on every run.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::affinities::Affinities;
use crate::kernels::{Level, attract, repel};
use crate::rng::{Purpose, Stream};

/// More points than this are refused: a step compares all pairs, so ten times the points take a hundred times as long.
pub const MOST_POINTS: usize = 20_000;

/// Steps down the gradient.
const STEPS: usize = 1000;
/// Steps during which affinities are exaggerated, and the momentum is low.
const EARLY_STEPS: usize = 250;
const EXAGGERATION: f32 = 12.0;
const MOMENTA: [f32; 2] = [0.5, 0.8];
const LEAST_GAIN: f32 = 0.01;
/// Standard deviation of the points' first coordinates, and of the noise that is added to them, so that equal points part.
const START: f32 = 1e-4;
const JITTER: f32 = 1e-5;
/// Points of one task.
const POINTS_PER_TASK: usize = 64;

/// Lays the points of `affinities` out in the plane, the mean in the origin. They begin at the first two columns of `scores`
/// `(points, dimensions)`.
///
/// # Panics
/// If there are not as many scores as points.
#[must_use]
pub fn embed(
    affinities: &Affinities,
    scores: ArrayView2<'_, f32>,
    seed: u32,
    level: Level,
) -> Plane {
    assert_eq!(
        scores.nrows(),
        affinities.points(),
        "a row of scores a point"
    );
    let mut points = begin(scores, seed);
    let mut forces = vec![Force::default(); affinities.points()];
    let mut moves: [Vec<Move>; 2] = [(); 2].map(|()| vec![Move::new(); affinities.points()]);
    let rate = (affinities.points() as f32 / EXAGGERATION / 4.0).max(50.0);
    for step in 0..STEPS {
        let early = step < EARLY_STEPS;
        let (exaggeration, momentum) = if early {
            (EXAGGERATION, MOMENTA[0])
        } else {
            (1.0, MOMENTA[1])
        };
        let z = points.forces(affinities, &mut forces, level) as f32;
        let axes = [&mut points.x, &mut points.y];
        for (axis, (coordinates, moves)) in axes.into_iter().zip(&mut moves).enumerate() {
            for ((coordinate, own), force) in coordinates.iter_mut().zip(moves).zip(&forces) {
                let gradient =
                    4.0 * (exaggeration * force.attraction[axis] - force.repulsion[axis] / z);
                *coordinate += own.next(gradient, momentum, rate);
            }
            centre(coordinates);
        }
    }
    points
}

/// Points in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The coordinates from left to right.
    pub x: Vec<f32>,
    /// The coordinates from bottom to top.
    pub y: Vec<f32>,
}

/// The sums over all other points from which the gradient at a point `i` is made.
#[derive(Clone, Copy, Debug, Default)]
struct Force {
    /// `Σ P q (y_i - y_j)`.
    attraction: [f32; 2],
    /// `Σ q² (y_i - y_j)`.
    repulsion: [f32; 2],
    /// `Σ q`, without the point itself.
    q: f32,
}

impl Plane {
    /// The force on each point; returns `Z`.
    fn forces(&self, affinities: &Affinities, forces: &mut [Force], level: Level) -> f64 {
        forces
            .par_chunks_mut(POINTS_PER_TASK)
            .enumerate()
            .for_each(|(task, forces)| {
                let (mut xs, mut ys) = (Vec::new(), Vec::new());
                for (force, index) in forces.iter_mut().zip(task * POINTS_PER_TASK..) {
                    let (x, y) = (self.x[index], self.y[index]);
                    let (columns, weights) = affinities.row(index);
                    xs.clear();
                    ys.clear();
                    xs.extend(columns.iter().map(|&column| self.x[column as usize]));
                    ys.extend(columns.iter().map(|&column| self.y[column as usize]));
                    let [q, right, up] = repel(level, [x, y], &self.x, &self.y);
                    *force = Force {
                        attraction: attract(level, [x, y], &xs, &ys, weights),
                        repulsion: [right, up],
                        q: q - 1.0,
                    };
                }
            });
        forces.iter().map(|force| f64::from(force.q)).sum()
    }

    /// The gradient of the cost at each point, and the cost itself: the Kullback-Leibler divergence of the map from the
    /// affinities, in nats.
    #[must_use]
    pub fn gradient(&self, affinities: &Affinities, level: Level) -> (Vec<[f64; 2]>, f64) {
        let mut forces = vec![Force::default(); self.x.len()];
        let z = self.forces(affinities, &mut forces, level);
        let gradient = |force: &Force| {
            [0, 1].map(|axis| {
                4.0 * (f64::from(force.attraction[axis]) - f64::from(force.repulsion[axis]) / z)
            })
        };
        let mut cost = 0.0;
        for index in 0..self.x.len() {
            let (columns, weights) = affinities.row(index);
            for (&column, &p) in columns.iter().zip(weights).filter(|&(_, &p)| p > 0.0) {
                let dx = f64::from(self.x[index]) - f64::from(self.x[column as usize]);
                let dy = f64::from(self.y[index]) - f64::from(self.y[column as usize]);
                let q = 1.0 / (1.0 + dx * dx + dy * dy) / z;
                cost += f64::from(p) * (f64::from(p) / q).ln();
            }
        }
        (forces.iter().map(gradient).collect(), cost)
    }

    /// The share of points whose nearest neighbour, of equally near ones the first, has the same label.
    ///
    /// # Panics
    /// If there are not as many labels as points.
    #[must_use]
    pub fn nearest_agree(&self, labels: &[u8]) -> f64 {
        assert_eq!(labels.len(), self.x.len(), "a label a point");
        let agrees = |index: usize| {
            let distance = |other: usize| {
                (self.x[index] - self.x[other]).powi(2) + (self.y[index] - self.y[other]).powi(2)
            };
            let (mut nearest, mut least) = (index, f32::INFINITY);
            for other in (0..self.x.len()).filter(|&other| other != index) {
                let distance = distance(other);
                if distance < least {
                    (nearest, least) = (other, distance);
                }
            }
            labels[nearest] == labels[index]
        };
        let all = (0..labels.len()).into_par_iter();
        all.filter(|&index| agrees(index)).count() as f64 / labels.len() as f64
    }
}

/// How a point moves along one axis: its velocity and its gain.
#[derive(Clone, Copy, Debug)]
struct Move {
    velocity: f32,
    gain: f32,
}

impl Move {
    fn new() -> Self {
        Self {
            velocity: 0.0,
            gain: 1.0,
        }
    }

    /// The next step. The gain grows while gradient and velocity agree on the way, and shrinks where they do not (R. Jacobs,
    /// "Increased Rates of Convergence Through Learning Rate Adaptation", Neural Networks 1, 1988).
    fn next(&mut self, gradient: f32, momentum: f32, rate: f32) -> f32 {
        self.gain = if gradient * self.velocity < 0.0 {
            self.gain + 0.2
        } else {
            (self.gain * 0.8).max(LEAST_GAIN)
        };
        self.velocity = momentum * self.velocity - rate * self.gain * gradient;
        self.velocity
    }
}

fn begin(scores: ArrayView2<'_, f32>, seed: u32) -> Plane {
    let mut stream = Stream::new(seed, Purpose::Map, 0);
    let spread = |axis: usize| {
        let squares = scores
            .column(axis)
            .fold(0.0, |sum, &score| sum + f64::from(score).powi(2));
        (squares / scores.nrows() as f64).sqrt() as f32
    };
    let factor = START / spread(0).max(f32::MIN_POSITIVE);
    let mut axis = |axis: usize| -> Vec<f32> {
        let score = |row: usize| scores.get([row, axis]).copied().unwrap_or(0.0);
        (0..scores.nrows())
            .map(|row| factor * score(row) + JITTER * stream.normal() as f32)
            .collect()
    };
    let (x, y) = (axis(0), axis(1));
    Plane { x, y }
}

fn centre(coordinates: &mut [f32]) {
    let sum: f64 = coordinates
        .iter()
        .map(|&coordinate| f64::from(coordinate))
        .sum();
    let mean = (sum / coordinates.len() as f64) as f32;
    for coordinate in coordinates {
        *coordinate -= mean;
    }
}
