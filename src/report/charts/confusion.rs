//! The confusion matrix as a heat map.

use super::Room;
use crate::evaluate::Evaluation;
use crate::figures::Figure;
use crate::figures::axes::grouped;
use crate::figures::colour::HEAT;
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};
use crate::figures::words::{length, told_apart};

/// The size of a cell on a page, where there are few classes.
const CELL: (f64, f64) = (52.0, 34.0);
/// With more classes than this, cells have no numbers.
const MOST_NUMBERS: usize = 10;
/// With more classes than this, cells are the pixels of one picture, and the axes have numbers of classes.
const MOST_NAMES: usize = 32;
/// On a phone, rows have no names with more classes than this.
const MOST_NAMES_ON_PHONE: usize = 20;
/// The most room for the name of a class on a page and on a phone.
const NAME: [f64; 2] = [150.0, 84.0];
/// The width of a digit of the small text.
const DIGIT: f64 = 6.1;

/// The confusion matrix. Rows are classes, columns are answers. The shade of a cell is the square root of its share of the row, so
/// that rare mistakes can be seen. On a phone the columns have the numbers of their classes.
#[must_use]
pub fn confusion(evaluation: &Evaluation, classes: &[String], room: Room) -> Figure {
    let matrix = Matrix::new(evaluation, classes, room);
    let Matrix { left, top, .. } = matrix;
    let (across, down) = matrix.size();
    let mut svg = Svg::new(
        left + across + matrix.right_margin(),
        top + down + 30.0,
        "Confusion matrix",
        &description(evaluation, classes),
    );
    svg.text(left, 20.0, Anchor::Start, "muted", "the network's answer");
    let corner = match room {
        Room::Page => top - 8.0,
        Room::Phone => 20.0,
    };
    svg.text(left - 8.0, corner, Anchor::End, "muted", "class");
    if matrix.count <= MOST_NAMES {
        for class in 0..evaluation.confusion.len() {
            matrix.draw_row(&mut svg, class);
        }
    } else {
        matrix.draw_picture(&mut svg);
    }
    matrix.draw_axes(&mut svg);
    let legend = "shade: square root of the share of the class";
    svg.text(
        left.min(across + left - length(legend)).max(8.0),
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
    room: Room,
    /// The number of classes: of rows, and of columns.
    count: usize,
    /// Whether cells have the numbers of their images in them.
    numbered: bool,
    /// The names as they stand at the rows; none where there is no room for them.
    names: Vec<String>,
    /// The size of a cell.
    cell: (f64, f64),
    /// The left border of the cells.
    left: f64,
    /// The upper border of the cells.
    top: f64,
}

impl<'a> Matrix<'a> {
    fn new(evaluation: &'a Evaluation, classes: &'a [String], room: Room) -> Self {
        let count = evaluation.confusion.len().max(1);
        let cell = cell(count, room);
        let most = evaluation.confusion.iter().flatten().max();
        let digits = most.map_or(1, |most| most.to_string().len());
        let fits = digits as f64 * DIGIT <= cell.0;
        let named = match room {
            Room::Page => count <= MOST_NAMES,
            Room::Phone => count <= MOST_NAMES_ON_PHONE,
        };
        let names = match room {
            _ if !named => Vec::new(),
            Room::Page => told_apart(classes, NAME[0]),
            Room::Phone => {
                let numbers = length(&format!("{} ", count - 1));
                let names = told_apart(classes, NAME[1] - numbers);
                let names = names.iter().enumerate();
                names.map(|(class, name)| numbered(class, name)).collect()
            }
        };
        let longest = names.iter().map(|name| length(name)).fold(0.0, f64::max);
        let (left, top) = match room {
            _ if !named => (46.0, 42.0),
            Room::Page => ((longest + 16.0).max(60.0), longest * SLANT + 40.0),
            Room::Phone => (350.0 - 8.0 - cell.0 * count as f64, 42.0),
        };
        Self {
            evaluation,
            classes,
            room,
            count,
            numbered: count <= MOST_NUMBERS && fits,
            names,
            cell,
            left,
            top,
        }
    }

    /// The size of all cells together.
    fn size(&self) -> (f64, f64) {
        let (width, height) = self.cell;
        (width * self.count as f64, height * self.count as f64)
    }

    /// The room at the right, where the last of the slanted names ends.
    fn right_margin(&self) -> f64 {
        if self.room == Room::Phone {
            return 8.0;
        }
        let names = self.names.iter().enumerate();
        let beyond = names.map(|(class, name)| {
            let columns = (self.count - class) as f64 - 0.5;
            length(name) * SLANT - columns * self.cell.0
        });
        beyond.fold(16.0, f64::max) + 8.0
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

    /// Writes the names of the classes, or the numbers of every few where there is no room for names.
    fn draw_axes(&self, svg: &mut Svg) {
        let (width, height) = self.cell;
        let (left, top) = (self.left, self.top);
        let middle = |class: usize, size: f64| (class as f64 + 0.5) * size;
        for (class, name) in self.names.iter().enumerate() {
            let y = top + middle(class, height) + 4.0;
            svg.text(left - 8.0, y, Anchor::End, "ink", name);
            if self.room == Room::Page {
                let x = left + middle(class, width) - 2.0;
                svg.slanted_text(x, top - 8.0, -45.0, "ink", name);
            }
        }
        let digits = (self.count - 1).to_string().len() as f64;
        if self.names.is_empty() || self.room == Room::Phone {
            for class in (0..self.count).step_by(every(width, digits * DIGIT + 4.0)) {
                let x = left + middle(class, width);
                svg.line(x, top - 4.0, x, top - 1.0, "axis");
                let number = class.to_string();
                svg.text(x, top - 8.0, Anchor::Middle, "ink small", &number);
            }
        }
        if self.names.is_empty() {
            for class in (0..self.count).step_by(every(height, 12.0)) {
                let y = top + middle(class, height);
                svg.line(left - 4.0, y, left - 1.0, y, "axis");
                let number = class.to_string();
                svg.text(left - 8.0, y + 4.0, Anchor::End, "ink small", &number);
            }
        }
    }

    /// Draws the cells of a class.
    fn draw_row(&self, svg: &mut Svg, class: usize) {
        let (width, height) = self.cell;
        let y = self.top + class as f64 * height;
        for (answer, &images) in self.evaluation.confusion[class].iter().enumerate() {
            let share = self.share(class, answer);
            let x = self.left + answer as f64 * width;
            let draw = |svg: &mut Svg| {
                let inside = [x + 0.5, y + 0.5, width - 1.0, height - 1.0];
                svg.shade(inside, "rest", 0.5);
                svg.shade(inside, "heat", share.sqrt());
                if self.numbered {
                    let ink = if images == 0 { "muted" } else { "ink" };
                    let (ink, number) = match self.room {
                        Room::Page => (ink.to_owned(), grouped(images as f64, 0)),
                        Room::Phone => (format!("{ink} small"), images.to_string()),
                    };
                    let (x, y) = (x + width / 2.0, y + height / 2.0 + 4.0);
                    svg.text(x, y, Anchor::Middle, &ink, &number);
                }
            };
            if self.room == Room::Phone {
                draw(svg);
                continue;
            }
            let title = format!(
                "{}, answered {}: {images} images, {:.1} % of the class",
                self.name(class),
                self.name(answer),
                share * 100.0
            );
            svg.group("", &title, draw);
        }
    }

    /// Draws the cells as the pixels of one picture.
    fn draw_picture(&self, svg: &mut Svg) {
        let count = self.count;
        let pixels: Vec<u8> = (0..count * count)
            .flat_map(|pixel| blend(self.share(pixel / count, pixel % count).sqrt()))
            .collect();
        let (across, down) = self.size();
        let area = Rect {
            x: self.left,
            y: self.top,
            width: across,
            height: down,
        };
        let grid = Grid {
            columns: count,
            rows: count,
        };
        svg.group("shades", "", |svg| {
            svg.pixels(area, grid, PixelData::Rgb(&pixels));
        });
    }
}

/// How far a name that is slanted by 45 degrees reaches, for each unit of its length.
const SLANT: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The size of a cell of a matrix of `count` classes.
fn cell(count: usize, room: Room) -> (f64, f64) {
    let square = |spread: f64| (spread / count as f64, spread / count as f64);
    match (count, room) {
        (..=MOST_NUMBERS, Room::Page) => CELL,
        (..=MOST_NAMES, Room::Page) => square(460.0),
        (_, Room::Page) => square(580.0),
        (..=MOST_NUMBERS, Room::Phone) => ((250.0 / count as f64).min(CELL.0), 26.0),
        (..=MOST_NAMES_ON_PHONE, Room::Phone) => square(250.0),
        (_, Room::Phone) => square(350.0 - 54.0),
    }
}

/// The name of a class with its number before it, where it is not the number.
pub(crate) fn numbered(class: usize, name: &str) -> String {
    if name == class.to_string() {
        return name.to_owned();
    }
    format!("{class} {name}")
}

/// Every which class has its number at the axis, if classes are `step` units apart and a number needs `room` units.
fn every(step: f64, room: f64) -> usize {
    [1, 2, 5, 10, 20, 50]
        .into_iter()
        .find(|&every| every as f64 * step >= room)
        .unwrap_or(100)
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
