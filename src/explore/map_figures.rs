//! The figures of a map: images as dots, and the images themselves.

use rayon::prelude::*;

use super::figures::{MARGIN, TOP, fill, row_names};
use super::map::Map;
use super::markers::{DIFFERENT, mark};
use super::text::Picture;
use crate::data::Labelled;
use crate::figures::axes::grouped;
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};
use crate::figures::words::{length, told_apart};
use crate::figures::{Figure, colour};

/// Where a map's points lie in a figure.
struct Frame {
    corner: [f64; 2],
    low: [f64; 2],
    unit: f64,
    side: f64,
}

impl Frame {
    /// A square that holds all points.
    fn new(map: &Map, corner: [f64; 2], side: f64) -> Self {
        let bounds = |places: &[f32]| {
            let (low, high) = places
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &place| {
                    (low.min(place), high.max(place))
                });
            (f64::from(low), f64::from(high))
        };
        let ((left, right), (bottom, top)) = (bounds(&map.plane.x), bounds(&map.plane.y));
        let length = (right - left).max(top - bottom).max(f64::MIN_POSITIVE);
        let low = [(left + right - length) / 2.0, (bottom + top - length) / 2.0];
        Self {
            corner,
            low,
            unit: side / length,
            side,
        }
    }

    fn place(&self, map: &Map, point: usize) -> [f64; 2] {
        let [x, y] = [f64::from(map.plane.x[point]), f64::from(map.plane.y[point])];
        [
            self.corner[0] + (x - self.low[0]) * self.unit,
            self.corner[1] + self.side - (y - self.low[1]) * self.unit,
        ]
    }
}

/// A map on which each image is a dot in the colour of its class, or above ten classes a mark in its colour and shape. Names of classes stand in their midst and in the legend.
#[must_use]
pub fn dots(map: &Map, labels: &[u8], classes: &[String]) -> Figure {
    const SIDE: f64 = 720.0;
    let count = map.plane.x.len();
    let title = format!("{} images by likeness", grouped(count as f64, 0));
    let agree = format!(
        "{:.1} % have a nearest neighbour of their own class",
        100.0 * map.nearest_agree
    );
    let description = format!(
        "A map by t-SNE on which similar images are neighbours, coloured by class: {}. {agree}.",
        classes.join(", ")
    );
    let left = MARGIN + SIDE + 26.0;
    let height = (TOP + 12.0 + SIDE + MARGIN).max(TOP + 20.0 * classes.len() as f64 + 40.0);
    let (names, label_width) = row_names(classes);
    let mut svg = Svg::new(left + label_width + 62.0, height, &title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", &title);
    let repeats = classes.len() > DIFFERENT;
    let repeat = if repeats {
        format!("; marks repeat after {DIFFERENT} classes, names stand in the midst of theirs")
    } else {
        String::new()
    };
    svg.text(MARGIN, 46.0, Anchor::Start, "muted", &(agree + &repeat));
    let frame = Frame::new(map, [MARGIN + 6.0, TOP + 18.0], SIDE - 12.0);
    // Shapes are told apart only where they are large enough.
    let least = if classes.len() > colour::SERIES.len() {
        2.4
    } else {
        1.0
    };
    let radius = (120.0 / (count as f64).sqrt()).clamp(least, 4.0);
    let members: Vec<Vec<usize>> = (0..classes.len())
        .map(|label| {
            (0..count)
                .filter(|&point| usize::from(labels[point]) == label)
                .collect()
        })
        .collect();
    for ((label, name), members) in classes.iter().enumerate().zip(&members) {
        svg.group(&fill(label), name, |svg| {
            for &point in members {
                mark(svg, frame.place(map, point), radius, label);
            }
        });
    }
    let short = told_apart(classes, 150.0);
    let mut taken: Vec<[f64; 3]> = Vec::new();
    for (name, members) in short.iter().zip(&members) {
        if let Some([x, y]) = midst(&frame, map, members) {
            // The letters of these names are larger than usual, and bold.
            let half = length(name) * 0.6;
            let x = x.clamp(half, left + label_width - half);
            let y = free([x - half, x + half], y + 4.0, &taken);
            taken.push([x - half, x + half, y]);
            haloed(&mut svg, x, y, name);
        }
    }
    for ((label, name), members) in names.iter().enumerate().zip(&members) {
        let y = TOP + 30.0 + 20.0 * label as f64;
        mark(&mut svg, [left + 5.0, y - 4.0], 5.0, label);
        svg.text(left + 18.0, y, Anchor::Start, "ink", name);
        let end = left + label_width + 42.0;
        svg.text(
            end,
            y,
            Anchor::End,
            "muted small",
            &grouped(members.len() as f64, 0),
        );
    }
    svg.finish()
}

/// Where the name of a class is written: at the member whose nearest quarter of the other members lies within the smallest circle.
/// That is where most of them are, and never between two groups.
fn midst(frame: &Frame, map: &Map, members: &[usize]) -> Option<[f64; 2]> {
    let places: Vec<[f64; 2]> = members
        .iter()
        .map(|&point| frame.place(map, point))
        .collect();
    let radius = |own: &[f64; 2]| {
        let distance = |place: &[f64; 2]| (place[0] - own[0]).hypot(place[1] - own[1]);
        let mut distances: Vec<f64> = places.iter().map(distance).collect();
        let quarter = distances.len() / 4;
        *distances.select_nth_unstable_by(quarter, f64::total_cmp).1
    };
    let radii: Vec<f64> = places.par_iter().map(radius).collect();
    let least = (0..radii.len()).min_by(|&one, &other| radii[one].total_cmp(&radii[other]))?;
    Some(places[least])
}

/// The height nearest to `y` at which text from `left` to `right` covers none that is `taken`: its left and right ends and its height.
fn free([left, right]: [f64; 2], y: f64, taken: &[[f64; 3]]) -> f64 {
    const LINE: f64 = 16.0;
    let covers = |y: f64| {
        let covered =
            |&[from, to, other]: &[f64; 3]| left < to && from < right && (y - other).abs() < LINE;
        taken.iter().any(covered)
    };
    let steps =
        (0..taken.len()).flat_map(|step| [step as f64 * LINE / 2.0, step as f64 * -LINE / 2.0]);
    let mut heights = steps.map(|step| y + step).filter(|&y| y > TOP);
    heights.find(|&y| !covers(y)).unwrap_or(y)
}

/// Writes text with a halo, which can be read on whatever is below it.
fn haloed(svg: &mut Svg, x: f64, y: f64, text: &str) {
    for [dx, dy] in [
        [-1.6, 0.0],
        [1.6, 0.0],
        [0.0, -1.6],
        [0.0, 1.6],
        [-1.2, -1.2],
        [-1.2, 1.2],
        [1.2, -1.2],
        [1.2, 1.2],
    ] {
        svg.text(x + dx, y + dy, Anchor::Middle, "paper head", text);
    }
    svg.text(x, y, Anchor::Middle, "ink head", text);
}

/// The same map with the images themselves, in the colours of their classes on black.
#[must_use]
pub fn images(map: &Map, data: &Labelled, classes: &[String]) -> Figure {
    const SIDE: usize = 1680;
    const SHOWN: f64 = 840.0;
    /// Pixels darker than this are the background of an image: images below it are seen through them.
    const DARK: u8 = 24;
    let columns = data.images.columns();
    let longer = columns.max(data.images.rows());
    let times = longer.div_ceil(28);
    let border = (longer.div_ceil(times) / 2 + 1) as f64;
    let frame = Frame::new(map, [border, border], SIDE as f64 - 2.0 * border);
    let mut canvas = vec![0_u8; 3 * SIDE * SIDE];
    for point in 0..map.plane.x.len() {
        let picture = Picture::shrunk(data.images.image(point), columns, times);
        let tint = colour::rgb(
            colour::SERIES[usize::from(data.labels[point]) % colour::SERIES.len()].dark,
        );
        let [x, y] = frame.place(map, point);
        let left = (x as usize).saturating_sub(picture.columns() / 2);
        let top = (y as usize).saturating_sub(picture.rows() / 2);
        for (row, pixels) in picture.pixels().chunks_exact(picture.columns()).enumerate() {
            let start = 3 * ((top + row) * SIDE + left);
            let below = canvas
                .get_mut(start..start + 3 * pixels.len())
                .unwrap_or_default();
            let below = below.as_chunks_mut::<3>().0.iter_mut();
            for (below, &pixel) in below.zip(pixels).filter(|(_, pixel)| **pixel >= DARK) {
                *below = tint.map(|tint| (u16::from(tint) * u16::from(pixel) / 255) as u8);
            }
        }
    }
    let title = format!(
        "{} images by likeness",
        grouped(map.plane.x.len() as f64, 0)
    );
    let description = format!(
        "A map by t-SNE on which similar images are neighbours; each image is drawn in its place in the colour of its class: {}.",
        classes.join(", ")
    );
    let side = SHOWN + 2.0 * MARGIN;
    let lines = classes.len().div_ceil(5).max(2) as f64;
    let repeats = classes.len() > colour::SERIES.len();
    let height = side + 30.0 + 20.0 * (lines + f64::from(repeats));
    let mut svg = Svg::new(side, height, &title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", &title);
    svg.pixels(
        Rect {
            x: MARGIN,
            y: TOP - 4.0,
            width: SHOWN,
            height: SHOWN,
        },
        Grid {
            columns: SIDE,
            rows: SIDE,
        },
        PixelData::Rgb(&canvas),
    );
    let step = SHOWN / 5.0;
    for (label, name) in told_apart(classes, step - 24.0).iter().enumerate() {
        let x = MARGIN + (label % 5) as f64 * step;
        let y = TOP + SHOWN + 20.0 + 20.0 * (label / 5) as f64;
        let colour = colour::SERIES[label % colour::SERIES.len()].dark;
        svg.circle(x + 5.0, y - 4.0, 5.0, colour);
        svg.text(x + 18.0, y, Anchor::Start, "ink", name);
    }
    if repeats {
        let y = TOP + SHOWN + 20.0 + 20.0 * lines;
        let text = "Every tenth class has the same colour: the images tell which one it is.";
        svg.text(MARGIN, y, Anchor::Start, "muted", text);
    }
    svg.finish()
}
