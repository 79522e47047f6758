//! The shapes of a figure, kept beside its SVG: what is drawn as PNG is drawn from these, so that no SVG has to be read.

/// A shape in its paint: classes of the style sheet, or a colour as `#rrggbb`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) outline: Outline,
    pub(super) paint: String,
    /// The part of what is below that the shape covers, from 0 to 1.
    pub(super) opacity: f64,
}

/// A point in units from the upper left corner.
pub(super) type Point = (f64, f64);

/// What a shape covers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outline {
    /// A polygon, filled.
    Area(Vec<Point>),
    /// A line through points, stroked.
    Line(Vec<Point>),
    /// A disc, filled.
    Disc { middle: Point, radius: f64 },
    /// Text on a line.
    Text {
        at: Point,
        /// The part of the text's length that stands before its point: 0, a half or 1.
        before: f64,
        /// How far it is rotated about its point, clockwise.
        degrees: f64,
        text: String,
    },
    /// A picture, each pixel a sharp block. It has colours of its own and no paint.
    Picture {
        /// Left, top, width and height.
        place: [f64; 4],
        columns: usize,
        rows: usize,
        /// Three bytes a pixel, row-major.
        rgb: Vec<u8>,
    },
}

impl Outline {
    /// A rectangle by its upper left corner.
    pub(super) fn rect([x, y, width, height]: [f64; 4]) -> Self {
        let (right, bottom) = (x + width.max(0.0), y + height.max(0.0));
        Self::Area(vec![(x, y), (right, y), (right, bottom), (x, bottom)])
    }
}
