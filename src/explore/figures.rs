//! The pictures of a data set.
//!
//! Each is a figure of its own, so a data set of 256 classes or of one image has all of them too, only longer or emptier ones.

use super::statistics::{Statistics, mean_image};
use super::text::Picture;
use crate::data::Labelled;
use crate::figures::axes::{Axis, grouped};
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};
use crate::figures::words::{length, told_apart};
use crate::figures::{Figure, colour};

/// The most images of a class on the contact sheet.
const IMAGES_PER_CLASS: usize = 16;
/// The most pixels of the longer side of an embedded picture, since no cell can show more.
const MOST_PIXELS: usize = 168;
/// The height above the first row, where the title stands.
pub(super) const TOP: f64 = 46.0;
/// The margin around a figure.
pub(super) const MARGIN: f64 = 20.0;

/// The style class that has the colour of a class of images.
pub(super) fn fill(label: usize) -> String {
    format!("fill{}", label % colour::SERIES.len())
}

/// The contact sheet: a row of its first images for each class.
#[must_use]
pub fn contact_sheet(data: &Labelled, classes: &[String]) -> Figure {
    const CELL: f64 = 42.0;
    const STEP: f64 = CELL + 3.0;
    let (names, label_width) = row_names(classes);
    let left = MARGIN + label_width;
    let width = left + IMAGES_PER_CLASS as f64 * STEP + MARGIN;
    let height = TOP + classes.len() as f64 * STEP + MARGIN;
    let title = "The first images of each class";
    let description = format!(
        "A row of up to {IMAGES_PER_CLASS} images for each of: {}.",
        classes.join(", ")
    );
    let mut svg = Svg::new(width, height, title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", title);
    for (label, (name, indices)) in names
        .iter()
        .zip(first_of_each(data, classes.len(), IMAGES_PER_CLASS))
        .enumerate()
    {
        let y = TOP + label as f64 * STEP;
        svg.text(left - 12.0, y + CELL / 2.0 + 4.0, Anchor::End, "ink", name);
        for (column, index) in indices.into_iter().enumerate() {
            let x = left + column as f64 * STEP;
            cell(
                &mut svg,
                [x, y],
                CELL,
                data.images.image(index),
                data.images.columns(),
            );
        }
    }
    svg.finish()
}

/// The indices of the first images of each class, at most `most` of a class.
pub fn first_of_each(data: &Labelled, classes: usize, most: usize) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); classes];
    for (index, &label) in data.labels.iter().enumerate() {
        let indices: &mut Vec<usize> = &mut found[usize::from(label)];
        if indices.len() < most {
            indices.push(index);
        }
    }
    found
}

/// Draws a picture in the middle of a square.
fn cell(svg: &mut Svg, [x, y]: [f64; 2], side: f64, image: &[u8], columns: usize) {
    let longer = columns.max(image.len() / columns);
    let picture = Picture::shrunk(image, columns, longer.div_ceil(MOST_PIXELS));
    let (rows, columns) = (picture.rows(), picture.columns());
    let unit = side / rows.max(columns) as f64;
    let (width, height) = (columns as f64 * unit, rows as f64 * unit);
    let corner = [x + (side - width) / 2.0, y + (side - height) / 2.0];
    svg.pixels(
        Rect {
            x: corner[0],
            y: corner[1],
            width,
            height,
        },
        Grid { columns, rows },
        PixelData::Grey(picture.pixels()),
    );
}

/// The most room for the name of a class beside a row.
const NAME: f64 = 226.0;

/// The names of the classes as they stand beside rows, and the width that they take.
pub(super) fn row_names(classes: &[String]) -> (Vec<String>, f64) {
    let names = told_apart(classes, NAME);
    let longest = names.iter().map(|name| length(name)).fold(0.0, f64::max);
    (names, longest + 14.0)
}

/// The mean image of each class; `which` names the images, such as `training`.
#[must_use]
pub fn mean_images(which: &str, data: &Labelled, classes: &[String]) -> Figure {
    const SIDE: f64 = 140.0;
    const STEP: [f64; 2] = [SIDE + 14.0, SIDE + 34.0];
    const PER_ROW: usize = 5;
    let (across, down) = (PER_ROW.min(classes.len()), classes.len().div_ceil(PER_ROW));
    let title = "The mean image of each class";
    let width = (2.0 * MARGIN + across as f64 * STEP[0] - 14.0).max(260.0);
    let height = TOP + down as f64 * STEP[1] + MARGIN - 10.0;
    let description = format!(
        "Each pixel's mean over all {which} images of: {}.",
        classes.join(", ")
    );
    let mut svg = Svg::new(width, height, title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", title);
    for (label, name) in told_apart(classes, SIDE).iter().enumerate() {
        let x = MARGIN + (label % PER_ROW) as f64 * STEP[0];
        let y = TOP + (label / PER_ROW) as f64 * STEP[1];
        let mean = mean_image(data, label);
        let image: Vec<u8> = mean.iter().map(|mean| mean.round() as u8).collect();
        cell(&mut svg, [x, y], SIDE, &image, data.images.columns());
        svg.text(x + SIDE / 2.0, y + SIDE + 16.0, Anchor::Middle, "ink", name);
    }
    svg.finish()
}

/// How many images each class has, file by file.
#[must_use]
pub fn class_histogram(files: &[(&str, &Statistics)], classes: &[String]) -> Figure {
    const BAR: f64 = 13.0;
    let step = files.len() as f64 * (BAR + 1.0) + 12.0;
    let (names, label_width) = row_names(classes);
    let left = MARGIN + label_width;
    let top = TOP + 40.0;
    let bottom = top + classes.len() as f64 * step;
    let right = left + 500.0;
    let title = "Images of each class";
    let most = files
        .iter()
        .flat_map(|(_, file)| &file.class_counts)
        .max()
        .copied()
        .unwrap_or(0);
    let counts = |(name, file): &(&str, &Statistics)| {
        let counts = classes.iter().zip(&file.class_counts);
        let counts: Vec<String> = counts
            .map(|(class, count)| format!("{class} {count}"))
            .collect();
        format!("{name}: {}", counts.join(", "))
    };
    let description = files.iter().map(counts).collect::<Vec<_>>().join(". ");
    let mut svg = Svg::new(right + 70.0, bottom + 44.0, title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", title);
    let mut x = left;
    for (number, (name, _)) in files.iter().enumerate() {
        svg.rect(x, TOP + 4.0, 12.0, 12.0, &fill(number));
        svg.text(x + 18.0, TOP + 14.0, Anchor::Start, "ink", name);
        x += 100.0;
    }
    let axis = Axis::counts(most as f64, left, right, 6);
    for &tick in axis.ticks() {
        svg.line(axis.place(tick), top, axis.place(tick), bottom, "grid");
        svg.text(
            axis.place(tick),
            bottom + 18.0,
            Anchor::Middle,
            "muted",
            &axis.label(tick),
        );
    }
    svg.text(right, bottom + 35.0, Anchor::End, "muted", "images");
    for (label, name) in names.iter().enumerate() {
        let y = top + label as f64 * step + 6.0;
        svg.text(
            left - 12.0,
            y + (step - 12.0) / 2.0 + 4.0,
            Anchor::End,
            "ink",
            name,
        );
        for (number, (_, file)) in files.iter().enumerate() {
            let (y, count) = (
                y + number as f64 * (BAR + 1.0),
                file.class_counts[label] as f64,
            );
            let end = axis.place(count);
            svg.rect(left, y, end - left, BAR, &fill(number));
            svg.text(
                end + 6.0,
                y + BAR - 2.5,
                Anchor::Start,
                "muted small",
                &grouped(count, 0),
            );
        }
    }
    svg.line(left, top, left, bottom, "axis");
    svg.finish()
}

/// How many pixels have each value, as shares on a logarithmic scale; `which` as for [`mean_images`].
#[must_use]
pub fn pixel_histogram(which: &str, statistics: &Statistics) -> Figure {
    const BAR: f64 = 2.5;
    let (left, top, bottom) = (76.0, TOP + 24.0, TOP + 324.0);
    let right = left + 256.0 * BAR;
    let total = statistics.pixel_counts.iter().sum::<u64>() as f64;
    let share = |&count: &u64| 100.0 * count as f64 / total;
    let shares: Vec<f64> = statistics.pixel_counts.iter().map(share).collect();
    let least = shares
        .iter()
        .copied()
        .filter(|&share| share > 0.0)
        .fold(100.0, f64::min);
    let title = format!("Pixel values of the {which} images");
    let black = format!(
        "{:.1} % of all pixels are 0",
        100.0 * statistics.black_share
    );
    let moments = format!(
        "mean {:.2}, standard deviation {:.2}",
        statistics.pixel_mean, statistics.pixel_deviation
    );
    let description = format!(
        "A histogram of values 0 to 255 with shares on a logarithmic scale. {black}; {moments}."
    );
    let mut svg = Svg::new(right + 30.0, bottom + 58.0, &title, &description);
    svg.text(MARGIN, 28.0, Anchor::Start, "ink head", &title);
    svg.text(MARGIN, 46.0, Anchor::Start, "muted", &moments);
    let x = Axis::linear(0.0, 256.0, left, right, 8);
    let y = Axis::log(
        10_f64.powf(least.log10().floor()).min(10.0),
        100.0,
        bottom,
        top,
        8,
    );
    for &tick in y.ticks() {
        svg.line(left, y.place(tick), right, y.place(tick), "grid");
        let label = format!("{} %", y.label(tick));
        svg.text(
            left - 8.0,
            y.place(tick) + 4.0,
            Anchor::End,
            "muted",
            &label,
        );
    }
    for (value, &share) in shares.iter().enumerate().filter(|&(_, &share)| share > 0.0) {
        let (x, y) = (x.place(value as f64), y.place(share));
        svg.rect(x, y, BAR - 0.5, bottom - y, "fill0");
    }
    svg.text(
        left + 10.0,
        y.place(shares[0]) + 4.0,
        Anchor::Start,
        "ink",
        &black,
    );
    value_ramp(&mut svg, &x, bottom, BAR);
    svg.text(right, bottom + 50.0, Anchor::End, "muted", "pixel value");
    svg.finish()
}

/// Draws the ramp of greys below the axis of pixel values, which shows which grey each number is, and the numbers below it.
fn value_ramp(svg: &mut Svg, axis: &Axis, bottom: f64, bar: f64) {
    let ramp: Vec<u8> = (0..=255).collect();
    svg.pixels(
        Rect {
            x: axis.from(),
            y: bottom + 4.0,
            width: axis.to() - axis.from(),
            height: 12.0,
        },
        Grid {
            columns: 256,
            rows: 1,
        },
        PixelData::Grey(&ramp),
    );
    for value in (0..256).step_by(32).chain([255]) {
        let middle = axis.place(value as f64) + bar / 2.0;
        svg.text(
            middle,
            bottom + 32.0,
            Anchor::Middle,
            "muted",
            &value.to_string(),
        );
    }
}
