//! Shapes of which many lie on one another: each lets a part of what is below it through.

use super::shapes::Outline;
use super::svg::{Svg, list, number, paint};

impl Svg {
    /// One of many lines through points, of which each lets `1 - opacity` of what is below it through; `tone` is a class of its stroke.
    pub fn strand(&mut self, points: &[(f64, f64)], tone: &str, opacity: f64) -> &mut Self {
        let opacity = opacity.clamp(0.0, 1.0);
        let classes = format!("strand {tone}");
        self.put(format_args!(
            "<polyline points=\"{}\" stroke-opacity=\"{}\" {}/>",
            list(points),
            number(opacity),
            paint(&classes, "stroke")
        ))
        .keep_shade(&classes, opacity, Outline::Line(points.to_vec()))
    }

    /// A disc that lets `1 - opacity` of what is below it through.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str, opacity: f64) -> &mut Self {
        let opacity = opacity.clamp(0.0, 1.0);
        self.put(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill-opacity=\"{}\" {}/>",
            number(x),
            number(y),
            number(radius.max(0.0)),
            number(opacity),
            paint(fill, "fill")
        ))
        .keep_shade(
            fill,
            opacity,
            Outline::Disc {
                middle: (x, y),
                radius: radius.max(0.0),
            },
        )
    }
}
