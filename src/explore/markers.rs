//! The marks of classes on a map: ten colours, and another shape for every further ten classes.
//!
//! More than ten colours cannot be told apart by everybody, so the eleventh class has the first one's colour in another shape.

use super::figures::fill;
use crate::figures::colour;
use crate::figures::svg::Svg;

/// The corners of the shapes that follow the disc, for a disc of radius 1 at 0, each of about its area.
const SHAPES: [&[(f64, f64)]; 7] = [
    // A square, a triangle, a diamond, a triangle on its tip.
    &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    &[(0.0, -1.5), (1.3, 0.8), (-1.3, 0.8)],
    &[(0.0, -1.4), (1.1, 0.0), (0.0, 1.4), (-1.1, 0.0)],
    &[(0.0, 1.5), (1.3, -0.8), (-1.3, -0.8)],
    // A cross that stands, one that lies, a star.
    &[
        (-0.45, -1.4),
        (0.45, -1.4),
        (0.45, -0.45),
        (1.4, -0.45),
        (1.4, 0.45),
        (0.45, 0.45),
        (0.45, 1.4),
        (-0.45, 1.4),
        (-0.45, 0.45),
        (-1.4, 0.45),
        (-1.4, -0.45),
        (-0.45, -0.45),
    ],
    &[
        (0.0, -0.64),
        (0.67, -1.31),
        (1.31, -0.67),
        (0.64, 0.0),
        (1.31, 0.67),
        (0.67, 1.31),
        (0.0, 0.64),
        (-0.67, 1.31),
        (-1.31, 0.67),
        (-0.64, 0.0),
        (-1.31, -0.67),
        (-0.67, -1.31),
    ],
    &[
        (0.0, -1.7),
        (0.38, -0.53),
        (1.62, -0.53),
        (0.62, 0.2),
        (1.0, 1.38),
        (0.0, 0.65),
        (-1.0, 1.38),
        (-0.62, 0.2),
        (-1.62, -0.53),
        (-0.38, -0.53),
    ],
];

/// So many classes have marks of their own.
pub(super) const DIFFERENT: usize = colour::SERIES.len() * (SHAPES.len() + 1);

/// Draws the mark of a class, of the size of a disc of this radius.
pub(super) fn mark(svg: &mut Svg, [x, y]: [f64; 2], radius: f64, label: usize) {
    let shape = label / colour::SERIES.len() % (SHAPES.len() + 1);
    match shape.checked_sub(1) {
        None => svg.circle(x, y, radius, &fill(label)),
        Some(shape) => {
            let corners = SHAPES[shape].iter();
            let corners = corners.map(|(dx, dy)| (x + dx * radius, y + dy * radius));
            svg.polygon(corners, &fill(label))
        }
    };
}
