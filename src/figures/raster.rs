//! Figures as PNG, in their light colours.
//!
//! A figure's shapes are painted one after another, each as a mask of how much of every pixel it covers. Nothing is hinted or moved to
//! whole pixels.

use zeno::{Angle, Cap, Command, Join, Mask, PathBuilder, Stroke, Style, Transform};

use super::colour::{self, Look};
use super::shapes::{Outline, Point, Shape};
use super::{Figure, letters, pixels};
use crate::error::{Error, Result};

/// The most pixels of a picture, 256 MB of them.
const MOST_PIXELS: f64 = 64e6;

impl Figure {
    /// The figure as PNG, `scale` pixels a unit.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scale that is not positive or that makes more than 64 million pixels.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>> {
        let (width, height) = (
            (self.width * f64::from(scale)).ceil(),
            (self.height * f64::from(scale)).ceil(),
        );
        if !(scale > 0.0 && width * height <= MOST_PIXELS && width >= 1.0 && height >= 1.0) {
            return Err(Error::Setting {
                setting: "scale",
                reason: format!(
                    "expected a picture of 1 to {:.0} million pixels, found {width} x {height}",
                    MOST_PIXELS / 1e6
                ),
            });
        }
        let mut canvas = Canvas::new(width as usize, height as usize, scale);
        for shape in &self.shapes {
            canvas.draw(shape);
        }
        Ok(pixels::png(
            canvas.width,
            canvas.height,
            png::ColorType::Rgba,
            &canvas.pixels,
        ))
    }
}

/// The pixels of a figure while it is drawn.
struct Canvas {
    width: usize,
    height: usize,
    scale: f32,
    /// Red, green, blue and full opacity, row-major.
    pixels: Vec<u8>,
}

/// What is painted: a path, filled or stroked, moved to its place.
struct Painted<'a> {
    path: &'a [Command],
    style: Style<'a>,
    transform: Transform,
}

impl Canvas {
    /// A canvas in the colour of the ground.
    fn new(width: usize, height: usize, scale: f32) -> Self {
        let [red, green, blue] = colour::rgb(colour::PAPER.light);
        Self {
            width,
            height,
            scale,
            pixels: [red, green, blue, 255].repeat(width * height),
        }
    }

    fn draw(&mut self, shape: &Shape) {
        let look = Look::of(&shape.paint);
        let units = Transform::scale(self.scale, self.scale);
        match &shape.outline {
            Outline::Picture {
                place,
                columns,
                rows,
                rgb,
            } => self.picture(*place, *columns, *rows, rgb),
            _ if look.hidden || shape.opacity <= 0.0 => {}
            Outline::Area(points) => {
                let mut path = polyline(points);
                path.close();
                let outline = Painted {
                    path: &path,
                    style: Style::default(),
                    transform: units,
                };
                self.paint(outline, &look, shape.opacity);
            }
            Outline::Line(points) => {
                let stroke = stroke(&look);
                let outline = Painted {
                    path: &polyline(points),
                    style: stroke.into(),
                    transform: units,
                };
                self.paint(outline, &look, shape.opacity);
            }
            &Outline::Disc { middle, radius } => {
                let mut path = Vec::new();
                path.add_circle(single(middle), radius as f32);
                let outline = Painted {
                    path: &path,
                    style: Style::default(),
                    transform: units,
                };
                self.paint(outline, &look, shape.opacity);
            }
            Outline::Text {
                at,
                before,
                degrees,
                text,
            } => {
                let (path, length) = letters::outline(text);
                let size = look.text_size / letters::units_per_em();
                let [x, y] = single(*at);
                // A font's `y` goes upwards.
                let place = Transform::translation(-length * *before as f32, 0.0)
                    .then_scale(size, -size)
                    // zeno rotates against the clock.
                    .then_rotate(Angle::from_degrees(-*degrees as f32))
                    .then_translate(x, y)
                    .then_scale(self.scale, self.scale);
                let outline = Painted {
                    path: &path,
                    style: Style::default(),
                    transform: place,
                };
                self.paint(outline, &look, shape.opacity);
            }
        }
    }

    /// Lays the look's colour on the pixels that a path covers, as much of it as it covers of each.
    fn paint(&mut self, outline: Painted<'_>, look: &Look, opacity: f64) {
        let Painted {
            path,
            style,
            transform,
        } = outline;
        let Some(colour) = look.colour else { return };
        let mut mask = Mask::new(path);
        mask.style(style).transform(Some(transform));
        let mut pixels = 0;
        mask.inspect(|_, width, height| pixels = width as usize * height as usize);
        if pixels > self.width * self.height {
            // The path reaches beyond the canvas: a mask of the canvas alone.
            mask = Mask::new(path);
            mask.style(style)
                .transform(Some(transform))
                .size(self.width as u32, self.height as u32);
        }
        let (coverage, place) = mask.render();
        for (row, coverage) in coverage
            .chunks_exact((place.width as usize).max(1))
            .enumerate()
        {
            let Some(y) = inside(place.top, row, self.height) else {
                continue;
            };
            for (column, &share) in coverage.iter().enumerate() {
                if share > 0
                    && let Some(x) = inside(place.left, column, self.width)
                {
                    let share = f64::from(share) / 255.0 * opacity;
                    self.blend(x, y, colour, share as f32);
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: [u8; 3], share: f32) {
        let first = 4 * (y * self.width + x);
        for (below, above) in self.pixels[first..first + 3].iter_mut().zip(colour) {
            let (old, new) = (f32::from(*below), f32::from(above));
            *below = (old + (new - old) * share).round() as u8;
        }
    }

    /// Each pixel of the canvas whose middle the picture covers takes the colour of the block that it is in.
    fn picture(&mut self, place: [f64; 4], columns: usize, rows: usize, rgb: &[u8]) {
        let scale = f64::from(self.scale);
        let [left, top, width, height] = place.map(|length| length * scale);
        if !(width > 0.0 && height > 0.0) {
            return;
        }
        for y in covered(top, height, self.height) {
            let row = block(y, top, height, rows);
            for x in covered(left, width, self.width) {
                let pixel = 3 * (row * columns + block(x, left, width, columns));
                let first = 4 * (y * self.width + x);
                self.pixels[first..first + 3].copy_from_slice(&rgb[pixel..pixel + 3]);
            }
        }
    }
}

/// The pixels of a line of `most` whose middles lie within `length` from `start`.
fn covered(start: f64, length: f64, most: usize) -> std::ops::Range<usize> {
    let first = |border: f64| ((border - 0.5).ceil().max(0.0) as usize).min(most);
    first(start)..first(start + length)
}

/// The block that the middle of a pixel is in, where `blocks` share `length` from `start`.
fn block(pixel: usize, start: f64, length: f64, blocks: usize) -> usize {
    let share = (pixel as f64 + 0.5 - start) / length;
    ((share * blocks as f64) as usize).min(blocks - 1)
}

/// A place of a mask as one of the canvas, if it is there.
fn inside(start: i32, offset: usize, most: usize) -> Option<usize> {
    let place = usize::try_from(i64::from(start) + offset as i64).ok()?;
    (place < most).then_some(place)
}

fn single((x, y): Point) -> [f32; 2] {
    [x as f32, y as f32]
}

fn polyline(points: &[Point]) -> Vec<Command> {
    let mut path = Vec::with_capacity(points.len() + 1);
    for (number, &point) in points.iter().enumerate() {
        if number == 0 {
            path.move_to(single(point));
        } else {
            path.line_to(single(point));
        }
    }
    path
}

fn stroke(look: &Look) -> Stroke<'static> {
    let mut stroke = Stroke::new(look.stroke_width);
    if look.round {
        stroke.join(Join::Round).cap(Cap::Round);
    } else {
        stroke.join(Join::Miter).cap(Cap::Butt);
    }
    if look.dashed {
        stroke.dash(&colour::DASHES, 0.0);
    }
    stroke
}
