//! A builder of SVG: shapes by coordinates, text that is escaped, pictures that are embedded.
//!
//! Coordinates are units from the upper left corner. Where a shape takes `paint`, that is a class of
//! [`style_sheet`](super::colour::style_sheet), or several, or a colour as `#rrggbb`.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use super::pixels::{Grid, PixelData, Rect};
use super::shapes::{Outline, Point, Shape};
use super::words::visible;
use super::{Figure, colour};

/// Where text stands by its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A figure while it is drawn.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    text: String,
    shapes: Vec<Shape>,
}

/// The style sheet as an element; a page that states it once takes it out of each figure.
pub(super) fn style_element() -> String {
    format!("<style>{}</style>", colour::style_sheet())
}

/// Text as it stands in XML: the five signs escaped, and control characters [`visible`].
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A coordinate: two places behind the point are a hundredth of a pixel.
pub(super) fn number(value: f64) -> String {
    let text = format!("{:.2}", if value.is_finite() { value } else { 0.0 });
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// `class=".."` or `fill="#.."`.
pub(super) fn paint(paint: &str, property: &str) -> String {
    if paint.starts_with('#') {
        format!("{property}=\"{}\"", escape(paint))
    } else {
        format!("class=\"{}\"", escape(paint))
    }
}

impl Svg {
    /// An empty figure. `title` names it, `description` says in words what it shows to who cannot see it.
    #[must_use]
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let (w, h) = (number(width), number(height));
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"img\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\">\n<title>{}</title>\n<desc>{}</desc>\n{}\n\
             <rect class=\"paper\" width=\"{w}\" height=\"{h}\"/>\n",
            escape(title),
            escape(description),
            style_element()
        );
        Self {
            width,
            height,
            text,
            shapes: vec![Shape {
                outline: Outline::rect([0.0, 0.0, width, height]),
                paint: "paper".to_owned(),
                opacity: 1.0,
            }],
        }
    }

    /// Keeps what was written as an element for the figure's other form.
    fn keep(&mut self, paint: &str, outline: Outline) -> &mut Self {
        self.keep_shade(paint, 1.0, outline)
    }

    pub(super) fn keep_shade(&mut self, paint: &str, opacity: f64, outline: Outline) -> &mut Self {
        self.shapes.push(Shape {
            outline,
            paint: paint.to_owned(),
            opacity,
        });
        self
    }

    pub(super) fn put(&mut self, element: std::fmt::Arguments<'_>) -> &mut Self {
        self.text.write_fmt(element).expect("writing to a string");
        self.text.push('\n');
        self
    }

    /// A rectangle by its upper left corner.
    #[expect(clippy::too_many_arguments, reason = "a rectangle and its paint")]
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) -> &mut Self {
        self.put(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>",
            number(x),
            number(y),
            number(width.max(0.0)),
            number(height.max(0.0)),
            paint(fill, "fill")
        ))
        .keep(fill, Outline::rect([x, y, width, height]))
    }

    /// A rectangle that lets `1 - opacity` of what is below it through.
    pub fn shade(
        &mut self,
        [x, y, width, height]: [f64; 4],
        fill: &str,
        opacity: f64,
    ) -> &mut Self {
        let opacity = opacity.clamp(0.0, 1.0);
        self.put(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{}\" {}/>",
            number(x),
            number(y),
            number(width.max(0.0)),
            number(height.max(0.0)),
            number(opacity),
            paint(fill, "fill")
        ))
        .keep_shade(fill, opacity, Outline::rect([x, y, width, height]))
    }

    /// A straight line.
    #[expect(clippy::too_many_arguments, reason = "two points and a paint")]
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, stroke: &str) -> &mut Self {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>",
            number(x1),
            number(y1),
            number(x2),
            number(y2),
            paint(stroke, "stroke")
        ))
        .keep(stroke, Outline::Line(vec![(x1, y1), (x2, y2)]))
    }

    /// A line through points; nothing for fewer than two.
    pub fn polyline(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64)>,
        stroke: &str,
    ) -> &mut Self {
        let points: Vec<Point> = points.into_iter().collect();
        if points.len() < 2 {
            return self;
        }
        let fill = if stroke.starts_with('#') {
            " fill=\"none\""
        } else {
            ""
        };
        self.put(format_args!(
            "<polyline points=\"{}\" {}{fill}/>",
            list(&points),
            paint(stroke, "stroke")
        ))
        .keep(stroke, Outline::Line(points))
    }

    /// An area bounded by points.
    pub fn polygon(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64)>,
        fill: &str,
    ) -> &mut Self {
        let points: Vec<Point> = points.into_iter().collect();
        self.put(format_args!(
            "<polygon points=\"{}\" {}/>",
            list(&points),
            paint(fill, "fill")
        ))
        .keep(fill, Outline::Area(points))
    }

    /// A disc by its middle.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64, fill: &str) -> &mut Self {
        self.put(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>",
            number(x),
            number(y),
            number(radius.max(0.0)),
            paint(fill, "fill")
        ))
        .keep(
            fill,
            Outline::Disc {
                middle: (x, y),
                radius: radius.max(0.0),
            },
        )
    }

    /// Text on a line at height `y`.
    #[expect(clippy::too_many_arguments, reason = "a point, and what stands there")]
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, fill: &str, text: &str) -> &mut Self {
        let (anchor, before) = match anchor {
            Anchor::Start => ("", 0.0),
            Anchor::Middle => (" text-anchor=\"middle\"", 0.5),
            Anchor::End => (" text-anchor=\"end\"", 1.0),
        };
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\"{anchor} {}>{}</text>",
            number(x),
            number(y),
            paint(fill, "fill"),
            escape(text)
        ))
        .keep(
            fill,
            Outline::Text {
                at: (x, y),
                before,
                degrees: 0.0,
                text: visible(text),
            },
        )
    }

    /// Text that begins at a point and is turned by `degrees`, clockwise.
    #[expect(clippy::too_many_arguments, reason = "a point, and what stands there")]
    pub fn slanted_text(
        &mut self,
        x: f64,
        y: f64,
        degrees: f64,
        fill: &str,
        text: &str,
    ) -> &mut Self {
        self.put(format_args!(
            "<text transform=\"translate({} {}) rotate({})\" {}>{}</text>",
            number(x),
            number(y),
            number(degrees),
            paint(fill, "fill"),
            escape(text)
        ))
        .keep(
            fill,
            Outline::Text {
                at: (x, y),
                before: 0.0,
                degrees,
                text: visible(text),
            },
        )
    }

    /// A picture of pixels in a rectangle, each pixel a sharp block.
    ///
    /// # Panics
    /// If there are no pixels, or more or fewer than the grid has.
    pub fn pixels(&mut self, area: Rect, grid: Grid, data: PixelData<'_>) -> &mut Self {
        let Rect {
            x,
            y,
            width,
            height,
        } = area;
        let Grid { columns, rows } = grid;
        let picture = STANDARD.encode(data.png(columns, rows));
        self.put(format_args!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{picture}\"/>",
            number(x),
            number(y),
            number(width),
            number(height)
        ))
        .keep(
            "",
            Outline::Picture {
                place: [x, y, width, height],
                columns,
                rows,
                rgb: data.rgb(),
            },
        )
    }

    /// A group: `class` holds for all of it, and `title`, if not empty, is shown while the pointer is on it.
    pub fn group(&mut self, class: &str, title: &str, draw: impl FnOnce(&mut Self)) -> &mut Self {
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{}\"", escape(class))
        };
        let title = if title.is_empty() {
            String::new()
        } else {
            format!("<title>{}</title>", escape(title))
        };
        self.put(format_args!("<g{class}>{title}"));
        draw(self);
        self.put(format_args!("</g>"))
    }

    /// The figure.
    #[must_use]
    pub fn finish(mut self) -> Figure {
        self.text.push_str("</svg>\n");
        Figure {
            svg: self.text,
            width: self.width,
            height: self.height,
            shapes: self.shapes,
        }
    }
}

pub(super) fn list(points: &[Point]) -> String {
    let mut text = String::new();
    for &(x, y) in points {
        let space = if text.is_empty() { "" } else { " " };
        write!(text, "{space}{},{}", number(x), number(y)).expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        let mut svg = Svg::new(10.0, 10.0, "<a>", "\"b\" & 'c'");
        svg.text(1.0, 2.0, Anchor::Start, "ink", "</text><script>\u{0}");
        let figure = svg.finish();
        assert!(!figure.svg.contains("<script>") && !figure.svg.contains("<a>"));
        assert!(figure.svg.contains("&lt;/text&gt;&lt;script&gt;\\x00"));
        assert!(
            figure
                .svg
                .contains("<desc>&quot;b&quot; &amp; &#39;c&#39;</desc>")
        );
        assert!(figure.svg.contains("<style>") && !figure.inline().contains("<style>"));
    }

    #[test]
    fn numbers_are_short_and_finite() {
        assert_eq!(
            [1.0, 0.5, -0.001, 1.0 / 3.0, f64::NAN].map(number),
            ["1", "0.5", "0", "0.33", "0"]
        );
    }

    #[test]
    fn a_line_needs_two_points() {
        let drawn = |points: &[(f64, f64)]| {
            let mut svg = Svg::new(1.0, 1.0, "", "");
            svg.polyline(points.iter().copied(), "line line0");
            svg.finish().svg.contains("<polyline")
        };
        assert!(!drawn(&[]) && !drawn(&[(0.0, 0.0)]) && drawn(&[(0.0, 0.0), (1.0, 1.0)]));
    }
}
