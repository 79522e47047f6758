//! Affinities: for every two points the probability by which t-SNE takes them for neighbours.
//!
//! Point `i` chooses a neighbour `j` with probability `p(j|i)`, proportional to `e^(-β |x_i - x_j|²)`, where β makes the choice as
//! wide as one among so many equals as the perplexity says; `P(i, j) = (p(j|i) + p(i|j)) / 2n` (L. van der Maaten, G. Hinton,
//! "Visualizing Data using t-SNE", JMLR 9, 2008, equations 1 and 2). Only the nearest three times as many as the perplexity
//! are counted, the others' share being next to nothing (L. van der Maaten, "Accelerating t-SNE using Tree-Based Algorithms",
//! JMLR 15, 2014, equation 6). They are found by comparing all pairs.

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::kernels::{Level, add_squares, exp};

/// How many points one task computes.
const POINTS_PER_TASK: usize = 32;

/// The symmetric matrix `P`, row by row without its zeros. Its sum is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    /// Where each row begins in `columns` and `values`; one number more says where the last row ends.
    pub starts: Vec<usize>,
    /// The column of each number.
    pub columns: Vec<u32>,
    /// The numbers that are not zero.
    pub values: Vec<f32>,
}

/// The least number of points that has enough neighbours for this perplexity.
#[must_use]
pub fn least_points(perplexity: f64) -> usize {
    neighbours(perplexity) + 1
}

fn neighbours(perplexity: f64) -> usize {
    (3.0 * perplexity) as usize
}

impl Affinities {
    /// The affinities of `points` `(points, dimensions)`.
    ///
    /// # Panics
    /// If there are fewer than [`least_points`], or 2³² or more.
    #[must_use]
    pub fn of(points: ArrayView2<'_, f32>, perplexity: f64, level: Level) -> Self {
        let count = points.nrows();
        assert!(
            (least_points(perplexity)..1 << 32).contains(&count),
            "points enough for the perplexity"
        );
        let transposed = points.t().as_standard_layout().into_owned();
        let indices: Vec<usize> = (0..count).collect();
        let chosen: Vec<Vec<Near>> = indices
            .par_chunks(POINTS_PER_TASK)
            .flat_map_iter(|indices| {
                let mut distances = vec![0.0; count];
                let mut chosen = Vec::with_capacity(indices.len());
                for &index in indices {
                    distances.fill(0.0);
                    for dimension in transposed.rows() {
                        let dimension = dimension.to_slice().expect("standard layout");
                        add_squares(level, dimension[index], dimension, &mut distances);
                    }
                    let mut near = nearest(&distances, index, neighbours(perplexity));
                    weigh(&mut near, perplexity, level);
                    chosen.push(near);
                }
                chosen
            })
            .collect();
        Self::symmetric(&chosen)
    }

    fn symmetric(chosen: &[Vec<Near>]) -> Self {
        let share = 1.0 / (2.0 * chosen.len() as f32);
        let mut rows: Vec<Vec<(u32, f32)>> = vec![Vec::new(); chosen.len()];
        for (index, near) in chosen.iter().enumerate() {
            for near in near {
                rows[index].push((near.index, near.number * share));
                rows[near.index as usize].push((index as u32, near.number * share));
            }
        }
        let mut all = Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        };
        for mut row in rows {
            row.sort_by_key(|&(column, _)| column);
            for same in row.chunk_by(|one, other| one.0 == other.0) {
                all.columns.push(same[0].0);
                all.values.push(same.iter().map(|&(_, value)| value).sum());
            }
            all.starts.push(all.columns.len());
        }
        all
    }

    /// How many points there are.
    #[must_use]
    pub fn points(&self) -> usize {
        self.starts.len() - 1
    }

    /// The columns and the numbers of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, index: usize) -> (&[u32], &[f32]) {
        let row = self.starts[index]..self.starts[index + 1];
        (&self.columns[row.clone()], &self.values[row])
    }
}

/// A neighbour, with its squared distance and later its probability.
struct Near {
    index: u32,
    number: f32,
}

/// The `count` points nearest to the point number `own`, sorted by index. Of two points at the same distance the earlier is taken.
fn nearest(distances: &[f32], own: usize, count: usize) -> Vec<Near> {
    let mut near: Vec<Near> = distances
        .iter()
        .zip(0_u32..)
        .filter(|&(_, index)| index as usize != own)
        .map(|(&number, index)| Near { index, number })
        .collect();
    if count < near.len() {
        near.select_nth_unstable_by(count, |one, other| {
            one.number
                .total_cmp(&other.number)
                .then(one.index.cmp(&other.index))
        });
        near.truncate(count);
    }
    near.sort_unstable_by_key(|near| near.index);
    near
}

/// Turns squared distances into probabilities of the given perplexity, by bisection for β.
fn weigh(near: &mut [Near], perplexity: f64, level: Level) {
    /// The bisection ends when the entropy is right to this many nats.
    const TOLERANCE: f64 = 1e-5;
    const MOST_STEPS: usize = 64;
    let nearest = near
        .iter()
        .map(|near| near.number)
        .fold(f32::INFINITY, f32::min);
    let beyond: Vec<f32> = near.iter().map(|near| near.number - nearest).collect();
    let mean = beyond.iter().map(|&number| f64::from(number)).sum::<f64>() / near.len() as f64;
    let mut weights = vec![0.0_f32; near.len()];
    // Where all neighbours are equally far, every β gives the same probabilities.
    let first = if mean == 0.0 { 1.0 } else { 1.0 / mean };
    let (mut beta, mut low, mut high) = (first, 0.0, f64::INFINITY);
    let mut sum = 0.0;
    for _ in 0..MOST_STEPS {
        for (weight, beyond) in weights.iter_mut().zip(&beyond) {
            *weight = (-beta * f64::from(*beyond)) as f32;
        }
        exp(level, &mut weights);
        let mut along = 0.0;
        sum = 0.0;
        for (&weight, &beyond) in weights.iter().zip(&beyond) {
            sum += f64::from(weight);
            along += f64::from(weight) * f64::from(beyond);
        }
        let excess = sum.ln() + beta * along / sum - perplexity.ln();
        if excess.abs() <= TOLERANCE || mean == 0.0 {
            break;
        }
        if excess > 0.0 {
            low = beta;
            beta = if high.is_finite() {
                (low + high) / 2.0
            } else {
                beta * 2.0
            };
        } else {
            high = beta;
            beta = (low + high) / 2.0;
        }
    }
    for (near, weight) in near.iter_mut().zip(weights) {
        near.number = (f64::from(weight) / sum) as f32;
    }
}
