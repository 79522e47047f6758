//! The confusion matrix as a heat map.

use super::shortened;
use crate::evaluate::Evaluation;
use crate::figures::Figure;
use crate::figures::axes::grouped;
use crate::figures::colour::HEAT;
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};

/// The width of all cells together, where there are many classes.
const SPREAD: f64 = 460.0;
/// The size of a cell, where there are few classes.
const CELL: (f64, f64) = (52.0, 34.0);
/// With more classes than this, cells have no numbers.
const MOST_NUMBERS: usize = 10;
/// With more classes than this, cells are the pixels of one picture, without names.
const MOST_NAMES: usize = 32;

/// The confusion matrix. Rows are classes, columns are answers. The shade of a cell is the square root of its share of the row, so
/// that rare mistakes can be seen.
#[must_use]
pub fn confusion(evaluation: &Evaluation, classes: &[String]) -> Figure {
    let matrix = Matrix::new(evaluation, classes);
    let Matrix {
        left, top, named, ..
    } = matrix;
    let (across, down) = matrix.size();
    let mut svg = Svg::new(
        left + across + right_margin(named),
        top + down + 30.0,
        "Confusion matrix",
        &description(evaluation, classes),
    );
    svg.text(left, 20.0, Anchor::Start, "muted", "the network's answer");
    svg.text(left - 8.0, top - 8.0, Anchor::End, "muted", "class");
    if named {
        for class in 0..evaluation.confusion.len() {
            matrix.draw_row(&mut svg, class);
        }
    } else {
        matrix.draw_picture(&mut svg);
    }
    let legend = "shade: square root of the share of the class";
    svg.text(
        left,
        top + down + 20.0,
        Anchor::Start,
        "muted small",
        legend,
    );
    svg.finish()
}

/// A confusion matrix with where its cells lie.
struct Matrix<'a> {
    evaluation: &'a Evaluation,
    classes: &'a [String],
    /// The number of classes: of rows, and of columns.
    count: usize,
    /// Whether cells have the numbers of their images in them.
    numbered: bool,
    /// Whether rows and columns have the names of their classes.
    named: bool,
    /// The size of a cell.
    cell: (f64, f64),
    /// The left border of the cells.
    left: f64,
    /// The upper border of the cells.
    top: f64,
}

impl<'a> Matrix<'a> {
    fn new(evaluation: &'a Evaluation, classes: &'a [String]) -> Self {
        let count = evaluation.confusion.len().max(1);
        let numbered = count <= MOST_NUMBERS;
        let named = count <= MOST_NAMES;
        Self {
            evaluation,
            classes,
            count,
            numbered,
            named,
            cell: if numbered {
                CELL
            } else {
                (SPREAD / count as f64, SPREAD / count as f64)
            },
            left: if named { 116.0 } else { 40.0 },
            top: if named { 100.0 } else { 56.0 },
        }
    }

    /// The size of all cells together.
    fn size(&self) -> (f64, f64) {
        let (width, height) = self.cell;
        (width * self.count as f64, height * self.count as f64)
    }

    fn name(&self, class: usize) -> &str {
        self.classes.get(class).map_or("?", String::as_str)
    }

    /// The share of the images of a class that had this answer.
    fn share(&self, class: usize, answer: usize) -> f64 {
        let row = &self.evaluation.confusion[class];
        let whole: u64 = row.iter().sum();
        row[answer] as f64 / whole.max(1) as f64
    }

    /// Draws the name of a class at its row and at its column, and the cells of its row.
    fn draw_row(&self, svg: &mut Svg, class: usize) {
        let (width, height) = self.cell;
        let (left, top) = (self.left, self.top);
        let name = shortened(self.name(class), 14);
        let (x, y) = (left + class as f64 * width, top + class as f64 * height);
        svg.text(
            left - 8.0,
            y + height / 2.0 + 4.0,
            Anchor::End,
            "ink",
            &name,
        );
        svg.slanted_text(x + width / 2.0 - 2.0, top - 8.0, -45.0, "ink", &name);
        for (answer, &images) in self.evaluation.confusion[class].iter().enumerate() {
            let share = self.share(class, answer);
            let x = left + answer as f64 * width;
            let title = format!(
                "{}, answered {}: {images} images, {:.1} % of the class",
                name,
                self.name(answer),
                share * 100.0
            );
            svg.group("", &title, |svg| {
                let inside = [x + 0.5, y + 0.5, width - 1.0, height - 1.0];
                svg.shade(inside, "rest", 0.5);
                svg.shade(inside, "heat", share.sqrt());
                if self.numbered {
                    let ink = if images == 0 { "muted" } else { "ink" };
                    let number = grouped(images as f64, 0);
                    svg.text(
                        x + width / 2.0,
                        y + height / 2.0 + 4.0,
                        Anchor::Middle,
                        ink,
                        &number,
                    );
                }
            });
        }
    }

    /// Draws the cells as the pixels of one picture.
    fn draw_picture(&self, svg: &mut Svg) {
        let count = self.count;
        let pixels: Vec<u8> = (0..count * count)
            .flat_map(|pixel| blend(self.share(pixel / count, pixel % count).sqrt()))
            .collect();
        let (across, down) = self.size();
        svg.pixels(
            Rect {
                x: self.left,
                y: self.top,
                width: across,
                height: down,
            },
            Grid {
                columns: count,
                rows: count,
            },
            PixelData::Rgb(&pixels),
        );
    }
}

/// The room at the right for the last of the slanted names.
fn right_margin(names: bool) -> f64 {
    if names { 56.0 } else { 24.0 }
}

/// The colour of a shade on light grey.
fn blend(opacity: f64) -> [u8; 3] {
    const GROUND: f64 = 241.0;
    [1, 3, 5].map(|start| {
        let heat = u8::from_str_radix(&HEAT.light[start..start + 2], 16).expect("a colour of ours");
        (GROUND + (f64::from(heat) - GROUND) * opacity).round() as u8
    })
}

/// The picture in words: how many images are right, and the most common mistakes.
fn description(evaluation: &Evaluation, classes: &[String]) -> String {
    let name = |class: usize| classes.get(class).map_or("?", String::as_str);
    let mut mistakes: Vec<(u64, usize, usize)> = Vec::new();
    for (class, row) in evaluation.confusion.iter().enumerate() {
        for (answer, &images) in row.iter().enumerate() {
            if answer != class && images > 0 {
                mistakes.push((images, class, answer));
            }
        }
    }
    mistakes.sort_by(|one, other| other.0.cmp(&one.0).then(one.cmp(other)));
    let told = mistakes
        .iter()
        .take(3)
        .map(|&(images, class, answer)| {
            format!("{} taken for {} ({images})", name(class), name(answer))
        })
        .collect::<Vec<_>>();
    let right: u64 = (0..classes.len())
        .filter_map(|class| evaluation.confusion.get(class)?.get(class))
        .sum();
    let common = if told.is_empty() {
        String::new()
    } else {
        format!(" The commonest mistakes: {}.", told.join(", "))
    };
    format!("{right} of {} images are right.{common}", evaluation.images)
}
