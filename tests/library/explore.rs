//! What `explore` shows: statistics and duplicates against plain counting, components and affinities against their
//! definitions, the map's gradient against differences of its cost.

use gingham::data::Labelled;
use gingham::explore::affinities::{Affinities, least_points};
use gingham::explore::pca::Components;
use gingham::explore::text::{Ink, Picture, fitting, numbers, side_by_side};
use gingham::explore::tsne::{self, Plane};
use gingham::explore::{Duplicates, Map, MapOptions, Overlap, Statistics, map_figures, mean_image};
use gingham::kernels::Level;
use gingham::rng::{Purpose, Stream};
use ndarray::{Array2, ArrayView2, Axis};

use crate::support::{dataset, labelled, level, on_threads, random_dataset};

#[test]
fn a_map_of_large_images_is_that_of_shrunk_ones() {
    let small = random_dataset(64, 60, 20, 4, 1).train;
    let options = MapOptions {
        images: 20,
        perplexity: 5.0,
        ..MapOptions::default()
    };
    let double = |image: &[u8]| -> Vec<u8> {
        let rows = image.chunks(60).flat_map(|row| [row, row]);
        rows.flatten().flat_map(|&pixel| [pixel, pixel]).collect()
    };
    let pixels: Vec<u8> = (0..20)
        .flat_map(|index| double(small.images.image(index)))
        .collect();
    let large = labelled(128, 120, &pixels, &small.labels);
    let map = |data: &Labelled| on_threads(1, || Map::of(data, &options, level()).unwrap());
    assert_eq!(map(&large), map(&small));
}

#[test]
fn statistics_are_what_counting_says() {
    let data = random_dataset(3, 5, 2500, 4, 1).train;
    let found = Statistics::of(&data, 5);
    let pixels: Vec<f64> = (0..2500)
        .flat_map(|place| data.images.image(place).to_vec())
        .map(f64::from)
        .collect();
    let mean = pixels.iter().sum::<f64>() / pixels.len() as f64;
    let variance = pixels.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / pixels.len() as f64;
    assert!((found.pixel_mean - mean).abs() < 1e-9);
    assert!((found.pixel_deviation - variance.sqrt()).abs() < 1e-9);
    assert_eq!(found.class_counts, [625, 625, 625, 625, 0]);
    assert_eq!((found.balance, found.blank_images), (0.0, 0));
    let black = pixels.iter().filter(|&&x| x == 0.0).count();
    assert_eq!(found.pixel_counts[0], black as u64);
    let of_class = (2..2500).step_by(4);
    let pixel = of_class.map(|place| f64::from(data.images.image(place)[7]));
    assert!((mean_image(&data, 2)[7] - pixel.sum::<f64>() / 625.0).abs() < 1e-9);
    assert_eq!(mean_image(&data, 4), [0.0; 15]);
    for threads in [1, 3] {
        assert_eq!(on_threads(threads, || Statistics::of(&data, 5)), found);
    }
}

#[test]
fn blank_is_one_value_all_over() {
    let pixels = [0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 1];
    let data = dataset(2, 2, &pixels, &[0, 1, 1]).train;
    let found = Statistics::of(&data, 2);
    assert_eq!((found.blank_images, found.balance), (2, 0.5));
}

#[test]
fn duplicates_within_and_across() {
    let train = [1, 1, 2, 2, 1, 1, 3, 3, 1, 1];
    let train = labelled(1, 2, &train, &[0, 1, 2, 1, 0]);
    let test = [3, 3, 4, 4, 1, 1, 4, 4, 2, 2];
    let test = labelled(1, 2, &test, &[1, 0, 2, 0, 0]);
    let within = |images, other_label, examples: &[[usize; 2]]| Duplicates {
        images,
        other_label,
        examples: examples.to_vec(),
    };
    assert_eq!(Duplicates::within(&train), within(2, 1, &[[0, 2], [0, 4]]));
    assert_eq!(Duplicates::within(&test), within(1, 0, &[[1, 3]]));
    let overlap = Overlap {
        images: 3,
        other_label: 1, // [2, 2] is a 1 in the training file; [1, 1] is a 0 there and a 2, too
        examples: vec![[3, 0], [0, 2], [1, 4]],
    };
    assert_eq!(Overlap::of(&test, &train), overlap);
}

fn normal(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    let mut stream = Stream::new(seed, Purpose::Bench, 0);
    Array2::from_shape_simple_fn((rows, columns), || stream.normal() as f32)
}

/// Points whose spread falls from axis to axis, turned.
fn cloud(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    let mut points = normal(rows, columns, seed);
    for (place, mut column) in points.columns_mut().into_iter().enumerate() {
        column *= 10.0 * 0.8_f32.powi(place as i32);
    }
    points.dot(&normal(columns, columns, seed + 1)) + 3.0
}

#[test]
fn components_are_eigenvectors_of_the_covariance() {
    for (rows, columns, count) in [(200, 40, 10), (30, 100, 5), (60, 6, 50), (2, 9, 3)] {
        let points = cloud(rows, columns, 5);
        let found = Components::of(points.clone(), count);
        let count = count.min(columns);
        assert_eq!(found.axes.dim(), (count, columns));
        assert_eq!(found.scores.dim(), (rows, count));
        let points = points.mapv(f64::from);
        let centred = &points - &points.mean_axis(Axis(0)).unwrap();
        let covariance = centred.t().dot(&centred) / rows as f64;
        let total = covariance.diag().sum();
        assert!((found.total_variance / total - 1.0).abs() < 1e-5);
        for (k, axis) in found.axes.mapv(f64::from).rows().into_iter().enumerate() {
            let image = covariance.dot(&axis);
            let away = (&image - &(&axis * found.variances[k]))
                .mapv(|x| x * x)
                .sum()
                .sqrt();
            assert!(
                away < 2e-4 * found.variances[0],
                "axis {k} of {rows} x {columns}: {away}"
            );
            assert!(k == 0 || found.variances[k] <= found.variances[k - 1]);
            // Beyond the rank there is nothing to be had.
            if found.variances[k] > 1e-6 * total {
                assert!((axis.dot(&axis) - 1.0).abs() < 1e-5);
                let largest = axis
                    .iter()
                    .copied()
                    .max_by(|a, b| a.abs().total_cmp(&b.abs()));
                assert!(largest.unwrap() > 0.0);
                let scores = found.scores.column(k).mapv(f64::from);
                let variance = scores.dot(&scores) / rows as f64;
                assert!((variance / found.variances[k] - 1.0).abs() < 1e-3);
            }
        }
    }
}

/// `P` by its definition: all neighbours sorted, β by bisection, everything in `f64`.
fn slow_affinities(points: ArrayView2<'_, f32>, perplexity: f64) -> Array2<f64> {
    let count = points.nrows();
    let mut p = Array2::<f64>::zeros((count, count));
    for i in 0..count {
        let distance = |j: usize| -> f64 {
            let pairs = points
                .row(i)
                .to_vec()
                .into_iter()
                .zip(points.row(j).to_vec());
            pairs
                .map(|(a, b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        };
        let mut near: Vec<(f64, usize)> = (0..count)
            .filter(|&j| j != i)
            .map(|j| (distance(j), j))
            .collect();
        near.sort_by(|a, b| a.partial_cmp(b).unwrap());
        near.truncate((3.0 * perplexity) as usize);
        let weights = |beta: f64| -> Vec<f64> {
            let weights: Vec<f64> = near
                .iter()
                .map(|(d, _)| (-beta * (d - near[0].0)).exp())
                .collect();
            let sum: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / sum).collect()
        };
        let (mut low, mut high) = (0.0, 1e6);
        for _ in 0..200 {
            let beta = (low + high) / 2.0;
            let entropy: f64 = weights(beta)
                .iter()
                .filter(|&&w| w > 0.0)
                .map(|w| -w * w.ln())
                .sum();
            if entropy > perplexity.ln() {
                low = beta
            } else {
                high = beta
            }
        }
        for (weight, (_, j)) in weights(low).into_iter().zip(&near) {
            p[[i, *j]] += weight / (2 * count) as f64;
            p[[*j, i]] += weight / (2 * count) as f64;
        }
    }
    p
}

#[test]
fn affinities_are_those_of_the_definition() {
    let points = cloud(90, 4, 8);
    let expected = slow_affinities(points.view(), 10.0);
    for level in Level::all() {
        let found = Affinities::of(points.view(), 10.0, level);
        let mut sum = 0.0;
        for i in 0..90 {
            let (columns, values) = found.row(i);
            let row = columns
                .iter()
                .zip(values)
                .map(|(&j, &p)| (j as usize, f64::from(p)));
            let mut dense = vec![0.0; 90];
            for (j, p) in row {
                dense[j] = p;
                sum += p;
            }
            for (j, p) in dense.into_iter().enumerate() {
                assert!((p - expected[[i, j]]).abs() < 1e-7, "{i} {j}: {p}");
            }
        }
        assert!((sum - 1.0).abs() < 1e-5);
    }
}

#[test]
fn a_point_with_copies_enough_looks_no_further() {
    let mut points = cloud(40, 3, 4);
    for mut row in points.rows_mut().into_iter().take(20) {
        row.fill(1.0);
    }
    let found = Affinities::of(points.view(), 4.0, level());
    assert!(found.values.iter().all(|p| p.is_finite()));
    let (columns, values) = found.row(0);
    let copies = columns
        .iter()
        .zip(values)
        .filter(|(column, _)| **column < 20);
    assert!(copies.map(|(_, p)| p).sum::<f32>() > 0.5 / 40.0);
}

#[test]
fn the_gradient_is_the_slope_of_the_cost() {
    let affinities = Affinities::of(cloud(61, 3, 2).view(), 5.0, level());
    let start = normal(61, 2, 3);
    let cost = |plane: &Array2<f64>| -> f64 {
        let q = |i: usize, j: usize| {
            let [dx, dy] = [0, 1].map(|axis| plane[[i, axis]] - plane[[j, axis]]);
            1.0 / (1.0 + dx * dx + dy * dy)
        };
        let pairs = (0..61)
            .flat_map(|i| (0..61).map(move |j| (i, j)))
            .filter(|(i, j)| i != j);
        let z: f64 = pairs.map(|(i, j)| q(i, j)).sum();
        let of_row = |i: usize| {
            let (columns, values) = affinities.row(i);
            let row = columns
                .iter()
                .zip(values)
                .map(|(&j, &p)| (j as usize, f64::from(p)));
            row.map(|(j, p)| p * (p * z / q(i, j)).ln()).sum::<f64>()
        };
        (0..61).map(of_row).sum()
    };
    let wide = start.mapv(f64::from);
    let plane = Plane {
        x: start.column(0).to_vec(),
        y: start.column(1).to_vec(),
    };
    for level in Level::all() {
        let (gradient, found) = plane.gradient(&affinities, level);
        assert!((found - cost(&wide)).abs() < 1e-6);
        for i in (0..61).step_by(7) {
            for axis in 0..2 {
                let slope = |step: f64| {
                    let mut moved = wide.clone();
                    moved[[i, axis]] += step;
                    cost(&moved)
                };
                let slope = (slope(1e-5) - slope(-1e-5)) / 2e-5;
                assert!(
                    (gradient[i][axis] - slope).abs() < 1e-6,
                    "{i} {axis}: {slope}"
                );
            }
        }
    }
}

#[test]
fn a_map_is_the_same_on_any_threads_and_keeps_groups_apart() {
    let mut points = normal(200, 5, 6);
    let labels: Vec<u8> = (0..200).map(|place| place as u8 % 4).collect();
    for (mut row, &label) in points.rows_mut().into_iter().zip(&labels) {
        row[usize::from(label)] += 12.0;
    }
    let map = |threads, level, seed| {
        on_threads(threads, || {
            let affinities = Affinities::of(points.view(), 15.0, level);
            tsne::embed(&affinities, points.view(), seed, level)
        })
    };
    let first = map(1, Level::PORTABLE, 1);
    for level in Level::all() {
        for threads in [1, 2, 3] {
            assert_eq!(map(threads, level, 1), first);
        }
    }
    assert_ne!(map(1, level(), 2), first, "the seed counts");
    assert_eq!(first.nearest_agree(&labels), 1.0);
    assert!(
        first
            .x
            .iter()
            .chain(&first.y)
            .all(|place| place.is_finite())
    );
}

#[test]
fn perplexity_asks_for_three_neighbours() {
    assert_eq!(least_points(30.0), 91);
    assert_eq!(least_points(2.0), 7);
}

#[test]
fn pictures_are_two_pixels_a_character() {
    let image = [0, 255, 128, 0, 255, 255];
    let picture = |times| Picture::shrunk(&image, 2, times);
    assert_eq!(
        side_by_side(&[picture(1), picture(1)], Ink::Plain),
        [":= :=", "@@ @@"]
    );
    assert_eq!(
        side_by_side(&[picture(1)], Ink::TrueColour),
        [
            "\x1b[38;2;0;0;0;48;2;128;128;128m▀\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m",
            "\x1b[38;2;255;255;255;49m▀▀\x1b[0m"
        ]
    );
    assert_eq!(
        side_by_side(&[picture(2)], Ink::Colours256),
        ["\x1b[38;5;241;48;5;231m▀\x1b[0m"]
    );
    assert_eq!(picture(2).pixels(), [96, 255]);
    assert_eq!(
        numbers(&image, 2, Ink::Plain),
        ["   0 255", " 128   0", " 255 255"]
    );
}

#[test]
fn pictures_fit_their_terminal() {
    for columns in [1, 8, 28, 29, 300] {
        for width in (1..200).chain([1 << 16]) {
            for wanted in [1, 2, 4, 1000] {
                let (times, count) = fitting(columns, wanted, width);
                assert!((1..=wanted).contains(&count));
                let taken = count * (columns.div_ceil(times) + 1) - 1;
                assert!(
                    taken <= width,
                    "{columns} {wanted} {width}: {times} {count}"
                );
            }
        }
    }
    assert_eq!(fitting(28, 4, 120), (1, 4));
    assert_eq!(fitting(28, 4, 80), (2, 4));
    assert_eq!(fitting(28, 4, 20), (2, 1));
}

/// Ten colours serve any number of classes: the eleventh class has the first one's in another shape.
#[test]
fn classes_of_a_map_are_told_apart_by_shape_where_colours_repeat() {
    let drawn = |classes: u8| {
        let count = 3 * usize::from(classes);
        let data = random_dataset(8, 8, count, classes, 1).train;
        let options = MapOptions {
            images: count,
            perplexity: 5.0,
            ..MapOptions::default()
        };
        let map = on_threads(2, || Map::of(&data, &options, level()).unwrap());
        let names: Vec<String> = (0..classes).map(|class| format!("c{class}")).collect();
        let images = map_figures::images(&map, &data, &names).svg;
        (map_figures::dots(&map, &data.labels, &names).svg, images)
    };
    let (few, images) = drawn(10);
    assert!(few.contains("<circle") && !few.contains("<polygon"));
    assert!(!images.contains("same colour"));
    let (many, images) = drawn(25);
    assert!(images.contains("Every tenth class has the same colour"));
    // Marks of a class, without their places: the colour, and the shape by the number of its corners.
    let marks: Vec<(&str, usize)> = many
        .lines()
        .filter(|line| line.starts_with("<circle") || line.starts_with("<polygon"))
        .map(|line| {
            let (_, class) = line.split_once("class=\"").unwrap();
            let points = line.split("points=\"").nth(1).unwrap_or_default();
            let corners = points.split('"').next().unwrap_or_default();
            (
                class.split('"').next().unwrap(),
                corners.split_whitespace().count(),
            )
        })
        .collect();
    assert_eq!(
        marks.len(),
        4 * 25,
        "a mark an image, and one in the legend"
    );
    let different: std::collections::BTreeSet<_> = marks.into_iter().collect();
    assert_eq!(different.len(), 25);
    assert!(!many.contains("marks repeat"));
    assert!(drawn(85).0.contains("marks repeat after 80 classes"));
}
