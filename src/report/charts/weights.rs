//! The first layer's weights as images: what each unit looks for.

use super::{Thinned, fitted, thinned};
use crate::figures::Figure;
use crate::figures::axes::grouped;
use crate::figures::colour::diverging;
use crate::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};
use crate::model::{AnyModel, Model};
use crate::scalar::Scalar;

/// How many units stand side by side, and how many are shown at most.
const COLUMNS: usize = 10;
const MOST_UNITS: usize = 50;
/// The size of a unit's image.
const TILE: f64 = 60.0;
const GAP: f64 = 6.0;
/// The width of the legend's colours.
const LEGEND: f64 = 160.0;
/// The share of the weights that lies within the ends of the colour scale, so that a few outliers do not make all others pale.
const WITHIN: f64 = 0.995;

/// The weights of each unit as an image: negative weights are blue, positive ones orange, 0 is white, all on one scale.
#[must_use]
pub fn weights(model: &AnyModel) -> Figure {
    match model {
        AnyModel::F32(model) => of(model),
        AnyModel::F64(model) => of(model),
    }
}

fn of<T: Scalar>(model: &Model<T>) -> Figure {
    let (rows, columns) = (model.info.rows, model.info.columns);
    let all = model.mlp.weight(0);
    let units = all.nrows();
    let shown = units.min(MOST_UNITS);
    let limit = limit(all.iter().map(|weight| weight.wide()));
    let grid = (shown.min(COLUMNS), shown.div_ceil(COLUMNS));
    let margin = 16.0;
    let top = 56.0;
    let width = (margin * 2.0 + grid.0 as f64 * (TILE + GAP) - GAP).max(480.0);
    let height = top + grid.1 as f64 * (TILE + GAP) - GAP + margin;
    let which = if shown == units {
        format!("All {units} units")
    } else {
        format!("The first {shown} of {units} units")
    };
    let description = format!(
        "{which} of the first layer, each an image of {rows} x {columns} weights: blue below 0, orange above, full colour at {}.",
        grouped(limit, 3)
    );
    let mut svg = Svg::new(width, height, "Weights of the first layer", &description);
    svg.text(margin, 24.0, Anchor::Start, "muted", &which.to_lowercase());
    legend(&mut svg, width - margin, limit);
    for unit in 0..shown {
        let (x, y) = (
            margin + (unit % COLUMNS) as f64 * (TILE + GAP),
            top + (unit / COLUMNS) as f64 * (TILE + GAP),
        );
        let pixels: Vec<u8> = all
            .row(unit)
            .iter()
            .flat_map(|weight| diverging(weight.wide() / limit))
            .collect();
        svg.group("", &format!("unit {unit}"), |svg| {
            let (width, height) = fitted(rows, columns, TILE);
            let Thinned {
                rows,
                columns,
                pixels,
            } = thinned(&pixels, rows, columns, 3);
            svg.pixels(
                Rect {
                    x,
                    y,
                    width,
                    height,
                },
                Grid { columns, rows },
                PixelData::Rgb(&pixels),
            );
        });
    }
    svg.finish()
}

/// The magnitude that all but a few weights stay below.
fn limit(weights: impl Iterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = weights.map(f64::abs).collect();
    let index = ((sizes.len() as f64 * WITHIN) as usize).min(sizes.len().saturating_sub(1));
    let (_, &mut limit, _) = sizes.select_nth_unstable_by(index, f64::total_cmp);
    if limit > 0.0 { limit } else { 1.0 }
}

/// Draws the colours from the negative end to the positive end, which is at `right`.
fn legend(svg: &mut Svg, right: f64, limit: f64) {
    const STEPS: usize = 65;
    let colours: Vec<u8> = (0..STEPS)
        .flat_map(|step| diverging(step as f64 / (STEPS - 1) as f64 * 2.0 - 1.0))
        .collect();
    let left = right - LEGEND;
    svg.pixels(
        Rect {
            x: left,
            y: 12.0,
            width: LEGEND,
            height: 10.0,
        },
        Grid {
            columns: STEPS,
            rows: 1,
        },
        PixelData::Rgb(&colours),
    );
    for (share, anchor) in [
        (0.0, Anchor::Start),
        (0.5, Anchor::Middle),
        (1.0, Anchor::End),
    ] {
        let value = grouped((share * 2.0 - 1.0) * limit, 3);
        let text = if share == 0.5 { "0" } else { &value };
        svg.text(left + share * LEGEND, 36.0, anchor, "muted small", text);
    }
}
