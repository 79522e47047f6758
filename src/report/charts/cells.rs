//! The tutorial's way to show a prediction: the image, the bars of the classes' probabilities, blue for right and red for
//! wrong, and the answer in words with its percentage. Words say it too for readers who cannot tell the colours.

use super::{Thinned, fitted, thinned};
use crate::figures::Figure;
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};
use crate::figures::words::{length, told_apart};
use crate::report::Shown;

/// The size of a cell.
const CELL: (f64, f64) = (176.0, 120.0);
/// The side of the image in it.
const IMAGE: f64 = 68.0;
/// Where the bars begin and end, from left to right.
const BARS: (f64, f64) = (76.0, 176.0);
/// How many cells stand side by side.
const COLUMNS: usize = 3;
/// With more classes the bars have no numbers below them.
const MOST_NUMBERS: usize = 10;

/// The probability at which bars are as high as the image: the least of a few round ones that holds all of them.
pub(crate) fn scale(shown: &[Shown]) -> f64 {
    let highest = shown
        .iter()
        .flat_map(|shown| &shown.shares)
        .fold(0.0, |one: f64, &other| one.max(other));
    [0.05, 0.1, 0.25, 0.5]
        .into_iter()
        .find(|&scale| scale >= highest)
        .unwrap_or(1.0)
}

/// The figure of one prediction.
pub(crate) fn cell(shown: &Shown, shape: (usize, usize), classes: &[String], scale: f64) -> Figure {
    let mut svg = Svg::new(
        CELL.0,
        CELL.1,
        &headline(shown, classes),
        &description(shown, classes),
    );
    let cell = Cell {
        shown,
        shape,
        classes,
        scale,
    };
    cell.draw(&mut svg, (0.0, 0.0));
    svg.finish()
}

/// The figure of several predictions in rows of three.
#[must_use]
pub fn grid(title: &str, shown: &[Shown], shape: (usize, usize), classes: &[String]) -> Figure {
    let scale = scale(shown);
    let rows = shown.len().div_ceil(COLUMNS).max(1);
    let (margin, gap) = (16.0, 24.0);
    let place = |number: usize, size: f64| margin + number as f64 * (size + gap);
    let (width, height) = (
        place(COLUMNS, CELL.0) - gap + margin,
        place(rows, CELL.1) - gap + margin + 24.0,
    );
    let right = shown
        .iter()
        .filter(|shown| shown.answer == shown.label)
        .count();
    let all: Vec<String> = shown.iter().map(|shown| headline(shown, classes)).collect();
    let description = format!("{right} of {} are right. {}.", shown.len(), all.join(". "));
    let mut svg = Svg::new(width, height, title, &description);
    let heading = format!(
        "{title}; a bar of {:.0} % is as high as the image",
        scale * 100.0
    );
    svg.text(margin, 22.0, Anchor::Start, "muted", &heading);
    for (number, shown) in shown.iter().enumerate() {
        let at = (
            place(number % COLUMNS, CELL.0),
            24.0 + place(number / COLUMNS, CELL.1),
        );
        let cell = Cell {
            shown,
            shape,
            classes,
            scale,
        };
        cell.draw(&mut svg, at);
    }
    svg.finish()
}

fn name(classes: &[String], class: usize) -> &str {
    classes.get(class).map_or("?", String::as_str)
}

/// The answer, its probability, and the right class where the answer is wrong.
fn headline(shown: &Shown, classes: &[String]) -> String {
    let verdict = if shown.answer == shown.label {
        "right".to_owned()
    } else {
        format!("wrong, it is {}", name(classes, shown.label))
    };
    format!(
        "Image {}: {} {}, {verdict}",
        shown.index,
        name(classes, shown.answer),
        whole_percent(shown)
    )
}

fn description(shown: &Shown, classes: &[String]) -> String {
    let mut order: Vec<usize> = (0..shown.shares.len()).collect();
    order.sort_by(|&one, &other| shown.shares[other].total_cmp(&shown.shares[one]));
    let told = |&class: &usize| {
        format!(
            "{} {:.1} %",
            name(classes, class),
            shown.shares[class] * 100.0
        )
    };
    order
        .iter()
        .take(10)
        .map(told)
        .collect::<Vec<_>>()
        .join(", ")
}

fn whole_percent(shown: &Shown) -> String {
    format!(
        "{:.0} %",
        shown.shares.get(shown.answer).copied().unwrap_or(0.0) * 100.0
    )
}

/// A prediction, and what its drawing needs to know beside it.
struct Cell<'a> {
    shown: &'a Shown,
    /// Rows and columns of the image.
    shape: (usize, usize),
    classes: &'a [String],
    /// The probability at which a bar is as high as the image.
    scale: f64,
}

impl Cell<'_> {
    /// Draws the cell with its upper left corner at a point.
    fn draw(&self, svg: &mut Svg, (x, y): (f64, f64)) {
        let Self {
            shown,
            shape: (rows, columns),
            classes,
            ..
        } = *self;
        let right = shown.answer == shown.label;
        let hover = format!(
            "{} ({})",
            headline(shown, classes),
            description(shown, classes)
        );
        svg.group("", &hover, |svg| {
            let (width, height) = fitted(rows, columns, IMAGE);
            let Thinned {
                rows,
                columns,
                pixels,
            } = thinned(&shown.pixels, rows, columns, 1);
            svg.pixels(
                Rect {
                    x,
                    y,
                    width,
                    height,
                },
                Grid { columns, rows },
                PixelData::Grey(&pixels),
            );
            self.draw_bars(svg, (x, y));
            svg.line(x + BARS.0, y + IMAGE, x + BARS.1, y + IMAGE, "axis");
            svg.text(
                x,
                y + IMAGE + 13.0,
                Anchor::Start,
                "muted small",
                &format!("image {}", shown.index),
            );
            let short = |class: usize, beside: &str| {
                let names = told_apart(classes, CELL.0 - length(beside));
                name(&names, class).to_owned()
            };
            let share = format!(" {}", whole_percent(shown));
            let answer = short(shown.answer, &share) + &share;
            svg.text(
                x,
                y + IMAGE + 28.0,
                Anchor::Start,
                if right { "fill0" } else { "fill3" },
                &answer,
            );
            if !right {
                let wrong = "wrong: it is ";
                let truth = wrong.to_owned() + &short(shown.label, wrong);
                svg.text(x, y + IMAGE + 43.0, Anchor::Start, "muted", &truth);
            }
        });
    }

    /// Draws a bar for the probability of each class.
    fn draw_bars(&self, svg: &mut Svg, (x, y): (f64, f64)) {
        let Self { shown, scale, .. } = *self;
        let step = (BARS.1 - BARS.0) / shown.shares.len().max(1) as f64;
        for (class, share) in shown.shares.iter().enumerate() {
            let fill = match class {
                class if class == shown.label => "fill0",
                class if class == shown.answer => "fill3",
                _ => "fill7",
            };
            let height = (share / scale * IMAGE).clamp(0.75, IMAGE);
            let left = x + BARS.0 + class as f64 * step;
            svg.rect(
                left + step * 0.1,
                y + IMAGE - height,
                step * 0.8,
                height,
                fill,
            );
            if shown.shares.len() <= MOST_NUMBERS {
                let middle = left + step / 2.0;
                svg.text(
                    middle,
                    y + IMAGE + 13.0,
                    Anchor::Middle,
                    "muted small",
                    &class.to_string(),
                );
            }
        }
    }
}
