//! The forces between the points of a map.

/// Partial sums of the forces: a division keeps a vector's unit busier than the chain of additions behind it.
const FORCE_LANES: usize = 16;

/// See [`crate::kernels::repel`].
#[inline(always)]
pub fn repel([x, y]: [f32; 2], xs: &[f32], ys: &[f32]) -> [f32; 3] {
    let mut sums = [[0.0_f32; FORCE_LANES]; 3];
    let mut each = |lane: usize, other_x: f32, other_y: f32| {
        let (dx, dy) = (x - other_x, y - other_y);
        let q = 1.0 / (1.0 + dx * dx + dy * dy);
        sums[0][lane] += q;
        sums[1][lane] += q * q * dx;
        sums[2][lane] += q * q * dy;
    };
    let ((xs, last_xs), (ys, last_ys)) = (xs.as_chunks(), ys.as_chunks());
    for (xs, ys) in xs.iter().zip(ys) {
        let (xs, ys): (&[f32; FORCE_LANES], &[f32; FORCE_LANES]) = (xs, ys);
        for lane in 0..FORCE_LANES {
            each(lane, xs[lane], ys[lane]);
        }
    }
    for (lane, (&x, &y)) in last_xs.iter().zip(last_ys).enumerate() {
        each(lane, x, y);
    }
    sums.map(|lanes| lanes.iter().sum())
}

/// See [`crate::kernels::attract`].
#[inline(always)]
pub fn attract([x, y]: [f32; 2], xs: &[f32], ys: &[f32], weights: &[f32]) -> [f32; 2] {
    let mut sums = [[0.0_f32; FORCE_LANES]; 2];
    let mut each = |lane: usize, other_x: f32, other_y: f32, weight: f32| {
        let (dx, dy) = (x - other_x, y - other_y);
        let q = weight / (1.0 + dx * dx + dy * dy);
        sums[0][lane] += q * dx;
        sums[1][lane] += q * dy;
    };
    let (xs, last_xs) = xs.as_chunks::<FORCE_LANES>();
    let (ys, last_ys) = ys.as_chunks::<FORCE_LANES>();
    let (weights, last_weights) = weights.as_chunks::<FORCE_LANES>();
    for ((xs, ys), weights) in xs.iter().zip(ys).zip(weights) {
        for lane in 0..FORCE_LANES {
            each(lane, xs[lane], ys[lane], weights[lane]);
        }
    }
    let last = last_xs.iter().zip(last_ys).zip(last_weights);
    for (lane, ((&x, &y), &weight)) in last.enumerate() {
        each(lane, x, y, weight);
    }
    sums.map(|lanes| lanes.iter().sum())
}
