//! The integer products: exact, the same at every level, from pixels wherever they lie; and the engine made of them beside the
//! one in floating point.

use gingham::data::Standardizer;
use gingham::engine::EngineKind;
use gingham::engine::workspace::PixelScale;
use gingham::kernels::integer::{MOST, MOST_OF_SEGMENT, MOST_SUM, Product, Rounded, Start};
use gingham::kernels::pack::{self, Run, SLACK};
use gingham::kernels::{self, LANES, Level, QUAD};
use gingham::model::{Activation, Init, Layout, Mlp, Output};
use gingham::rng::{Purpose, Stream};
use gingham::train::optimizer::Sgd;
use gingham::train::step::Trainer;
use gingham::train::{Preset, TrainOptions, objective};
use ndarray::{Array2, s};

use crate::support::{on_threads, random_dataset, relative_error, wide};

/// How many cases are drawn; few under Miri, which takes a thousand times as long.
const fn cases(usual: u32) -> u32 {
    if cfg!(miri) { 40 } else { usual }
}

/// A length that is often at a border: of quads, panels, tiles.
fn length(stream: &mut Stream, most: u32) -> usize {
    let any = 1 + stream.below(most);
    let border = [1, 4, 5, 15, 16, 17, 32, 33][stream.below(8) as usize];
    if stream.below(2) == 0 {
        any as usize
    } else {
        border.min(any.max(1)) as usize
    }
}

/// Values of one of several kinds: spread, all of one size, mostly nothing, of the largest size.
fn values(stream: &mut Stream, count: usize) -> Vec<f32> {
    let kind = stream.below(5);
    let size = 10_f64.powf(stream.uniform(-8.0, 8.0));
    let mut value = || match kind {
        0 => stream.uniform(-size, size),
        1 => size,
        2 if stream.below(10) > 0 => 0.0,
        3 => [size, -size][stream.below(2) as usize],
        _ => stream.uniform(-size, size).powi(3),
    };
    (0..count).map(|_| value() as f32).collect()
}

/// Pixels of one of several kinds: all values, or only the two ends.
fn bytes(stream: &mut Stream, count: usize) -> Vec<u8> {
    let kind = stream.below(3);
    let mut byte = || match kind {
        0 => stream.below(256) as u8,
        1 => [0, 255][stream.below(2) as usize],
        _ => 255,
    };
    (0..count).map(|_| byte()).collect()
}

#[test]
fn products_are_exact_and_the_same_at_every_level() {
    let levels: Vec<Level> = Level::all().collect();
    let mut stream = Stream::new(1, Purpose::Bench, 11);
    for case in 0..cases(100_000) {
        let rows = length(&mut stream, 13);
        let columns = length(&mut stream, 50);
        let parts: Vec<usize> = (0..1 + stream.below(3))
            .map(|_| length(&mut stream, 40))
            .collect();
        let (mut segments, mut quads) = (Vec::new(), 0);
        for part in &parts {
            segments.push(quads..quads + part.div_ceil(QUAD));
            quads += part.div_ceil(QUAD);
        }
        // More room than is used, as a small chunk leaves in the memory of a large one.
        let room = quads + stream.below(3) as usize;
        let numbers: Vec<Vec<Vec<f32>>> = (0..rows)
            .map(|_| {
                parts
                    .iter()
                    .map(|&part| values(&mut stream, part))
                    .collect()
            })
            .collect();
        let first_panel = stream.below(2) as usize;
        let panels = first_panel + columns.div_ceil(LANES);
        let misaligned = stream.below(64) as usize;
        let memory = bytes(&mut stream, misaligned + panels * pack::panel_bytes(room));
        let pixels = &memory[misaligned..];
        let first_row = stream.below(rows as u32) as usize;
        let beside = stream.below(3) as usize;
        let starts: Vec<f32> = values(&mut stream, rows);
        let before = stream.uniform(-1.0, 1.0) as f32;
        let start = match stream.below(3) {
            0 => Start::Rows(&starts),
            1 => Start::Zero,
            _ => Start::Add,
        };

        let mut expected: Option<Array2<f32>> = None;
        for &level in &levels {
            let mut factors = Rounded::zeros(level, rows, room * QUAD);
            let mut scales = Vec::new();
            for (row, parts) in numbers.iter().enumerate() {
                for (segment, part) in segments.iter().zip(parts) {
                    let rounding = factors.row_mut(row).round(segment.start * QUAD, part);
                    scales.push(rounding.scale);
                }
            }
            let shape = (rows - first_row, columns + 2 * beside);
            let mut out = Array2::from_elem(shape, before);
            let product = Product {
                factors: &factors,
                scales: &scales,
                segments: &segments,
                panels: pixels,
            };
            let own = beside..beside + columns;
            product.compute(
                first_row,
                first_panel,
                start,
                out.slice_mut(s![.., own.clone()]),
            );
            assert!(
                out.slice(s![.., ..beside])
                    .iter()
                    .chain(out.slice(s![.., own.end..]))
                    .all(|x| *x == before),
                "case {case}: written beside"
            );
            let expected = expected.get_or_insert_with(|| {
                let mut expected = Array2::from_elem(shape, before);
                for ((row, column), out) in expected.slice_mut(s![.., own]).indexed_iter_mut() {
                    let unit = first_row + row;
                    *out = match start {
                        Start::Rows(starts) => starts[unit],
                        Start::Zero => 0.0,
                        Start::Add => before,
                    };
                    for (number, segment) in segments.iter().enumerate() {
                        let panel =
                            &pixels[(first_panel + column / LANES) * pack::panel_bytes(room)..];
                        let pixel = |place: usize| {
                            panel
                                [place / QUAD * LANES * QUAD + column % LANES * QUAD + place % QUAD]
                        };
                        let sum: i64 = (segment.start * QUAD..segment.end * QUAD)
                            .map(|place| {
                                i64::from(factors.number(unit, place)) * i64::from(pixel(place))
                            })
                            .sum();
                        *out += sum as f32 * scales[unit * segments.len() + number];
                    }
                }
                expected
            });
            assert!(
                out.iter()
                    .zip(&*expected)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "case {case}, {}: {rows} rows from {first_row}, segments {segments:?}, {columns} columns",
                level.name()
            );
        }
    }
}

#[test]
fn rounding_keeps_its_bounds() {
    let mut stream = Stream::new(2, Purpose::Bench, 12);
    for case in 0..cases(3000) {
        let count = if case % 50 == 0 {
            MOST_OF_SEGMENT
        } else {
            length(&mut stream, 900)
        };
        let values = values(&mut stream, count);
        let mut first: Option<Vec<i16>> = None;
        for level in Level::all() {
            let mut rounded = Rounded::zeros(level, 2, count + 8);
            // What was there before must not stay where the row is filled up.
            rounded
                .row_mut(1)
                .round(4, &vec![1.0; (count + 4).min(MOST_OF_SEGMENT)]);
            let rounding = rounded.row_mut(1).round(4, &values);
            let numbers: Vec<i16> = (0..count)
                .map(|place| rounded.number(1, 4 + place))
                .collect();
            let magnitudes: u64 = numbers.iter().map(|x| u64::from(x.unsigned_abs())).sum();
            assert!(
                numbers.iter().all(|x| x.unsigned_abs() <= MOST as u16),
                "case {case}"
            );
            assert!(
                magnitudes <= u64::from(MOST_SUM),
                "case {case}: {magnitudes}"
            );
            assert_eq!(
                numbers.iter().map(|&x| i32::from(x)).sum::<i32>(),
                rounding.sum
            );
            for place in count..count.next_multiple_of(QUAD) {
                assert_eq!(rounded.number(1, 4 + place), 0);
            }
            for (&number, &value) in numbers.iter().zip(&values) {
                let error =
                    (f64::from(number) * f64::from(rounding.scale) - f64::from(value)).abs();
                let half = 0.51 * f64::from(rounding.scale);
                assert!(
                    error <= half,
                    "case {case}: {value} as {number} of {}",
                    rounding.scale
                );
            }
            let dot = rounded.row_mut(1).dot(4..4 + count, &vec![0.5; count + 8]);
            assert!((dot - 0.5 * f64::from(rounding.sum)).abs() <= 1e-6 * magnitudes as f64);
            assert_eq!(
                *first.get_or_insert(numbers.clone()),
                numbers,
                "{}",
                level.name()
            );
        }
    }
}

#[test]
fn values_that_are_not_finite_are_not_lost() {
    for level in Level::all() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 15, 16, 39] {
                let mut values = vec![1.0; 40];
                values[place] = bad;
                let rounding = Rounded::zeros(level, 1, 40).row_mut(0).round(0, &values);
                assert!(rounding.scale.is_nan(), "{bad} at {place}");
            }
        }
        let nothing = Rounded::zeros(level, 1, 40).row_mut(0).round(0, &[0.0; 40]);
        assert_eq!((nothing.scale, nothing.sum), (0.0, 0));
        // Values whose scale has no inverse count as nothing.
        let tiny = Rounded::zeros(level, 1, 4).row_mut(0).round(0, &[1e-42; 4]);
        assert_eq!(tiny.sum, 0);
    }
}

#[test]
fn panels_have_every_pixel_in_its_place() {
    let mut stream = Stream::new(3, Purpose::Bench, 13);
    for _ in 0..cases(2000) {
        let (count, pixels) = (length(&mut stream, 16).min(16), length(&mut stream, 90));
        let quads = pixels.div_ceil(QUAD);
        let stride = quads * QUAD + SLACK;
        let images = bytes(&mut stream, count * stride);
        for level in Level::all() {
            let mut panel = vec![7; pack::panel_bytes(quads)];
            kernels::pack_images(level, &images, stride, quads, &mut panel);
            for (at, &byte) in panel.iter().enumerate() {
                let (quad, column, of_quad) = (at / 64, at % 64 / QUAD, at % QUAD);
                let expected = match images.get(column * stride..) {
                    Some(image) if column < count => image[quad * QUAD + of_quad],
                    _ => 0,
                };
                assert_eq!(
                    byte, expected,
                    "{count} images, quad {quad}, image {column}"
                );
            }
            // Memory that ends with the last image's quads: under an address sanitizer a byte read beyond them is a failure.
            let tight: Box<[u8]> = images
                .chunks(stride)
                .flat_map(|image| image[..quads * QUAD].iter().copied())
                .collect();
            let mut same = vec![7; pack::panel_bytes(quads)];
            kernels::pack_images(level, &tight, quads * QUAD, quads, &mut same);
            assert!(same == panel, "{count} images of {quads} quads, no slack");
            let count = count.min(QUAD);
            let images = &images[..count * stride];
            let panel_stride = 64 * (1 + stream.below(3) as usize);
            let mut panels = vec![7; pixels.div_ceil(LANES) * panel_stride];
            kernels::pack_pixels(level, images, stride, pixels, panel_stride, &mut panels);
            for pixel in 0..pixels {
                for image in 0..QUAD {
                    let at = pixel / LANES * panel_stride + pixel % LANES * QUAD + image;
                    let expected = if image < count {
                        images[image * stride + pixel]
                    } else {
                        0
                    };
                    assert_eq!(
                        panels[at], expected,
                        "pixel {pixel}, image {image} of {count}"
                    );
                }
            }
        }
    }
}

#[test]
fn runs_are_copied_to_their_places() {
    let from: Vec<u8> = (0..40).chain([0; SLACK]).collect();
    let run = |from, to, length| Run { from, to, length };
    let runs = [
        run(30, 0, 3),
        run(0, 3, 20),
        run(33, 24, 7),
        run(20, 32, 10),
    ];
    for level in Level::all() {
        let mut to = vec![99; 44 + SLACK];
        kernels::sort_pixels(level, &runs, &from, &mut to);
        for Run {
            from,
            to: at,
            length,
        } in runs
        {
            for place in 0..length {
                assert_eq!(u32::from(to[(at + place) as usize]), from + place);
            }
        }
    }
}

/// The gradient and the error of one step.
fn step(
    kind: EngineKind,
    hidden: &[usize],
    bias: bool,
    size: (u32, u32),
    images: usize,
) -> (Vec<f64>, f64) {
    let data = random_dataset(size.0, size.1, 200, 3, 5);
    let fitted: Vec<u32> = (0..200).collect();
    let standardizer = Standardizer::fit(&data.train.images, &fitted);
    let scale = PixelScale::<f32>::new(&standardizer, kind);
    let widths: Vec<usize> = [&[(size.0 * size.1) as usize], hidden, &[3]].concat();
    let layout = Layout::new(&widths, bias);
    let mut parameters: Vec<f32> = Init::Xavier.parameters(&layout, 3);
    // Biases begin at 0, which would hide a wrong one.
    let mut stream = Stream::new(4, Purpose::Bench, 14);
    for bias in layout
        .layers()
        .iter()
        .filter_map(|layer| layer.bias.clone())
    {
        parameters[bias].fill_with(|| stream.uniform(-0.5, 0.5) as f32);
    }
    let mlp = Mlp {
        layout,
        parameters,
        activation: Activation::Tanh,
        output: Output::Softmax,
    };
    let objective = objective(&TrainOptions {
        l2: 0.01,
        ..TrainOptions::of(Preset::Wide)
    });
    let optimizer = Sgd {
        learning_rate: 0.1,
        momentum: 0.5,
    };
    let places: Vec<u32> = (0..images as u32).map(|place| place * 7 % 200).collect();
    on_threads(2, || {
        let mut trainer = Trainer::new(
            kind.engine(),
            &optimizer,
            objective,
            &data.train,
            &scale,
            mlp,
            150,
        );
        // The second step finds memory as the first one, of another size, has left it.
        trainer.step(&fitted[..101]);
        let error = trainer.step(&places);
        (wide(trainer.gradient()), error)
    })
}

#[test]
fn a_step_in_integers_is_a_step_in_floating_point() {
    // 16 bits leave five digits of a weight, and of a delta's largest.
    const TOLERANCE: f64 = 2e-4;
    for (hidden, size) in [
        (&[50][..], (28, 28)),
        (&[7, 5], (5, 7)),
        (&[], (28, 28)),
        (&[1], (1, 1)),
        (&[130], (9, 9)),
        (&[300, 20], (40, 40)),
    ] {
        for bias in [false, true] {
            for images in [1, 3, 31, 150] {
                let (expected, error) = step(EngineKind::Blas, hidden, bias, size, images);
                let (found, in_integers) = step(EngineKind::Fixed, hidden, bias, size, images);
                let difference = relative_error(&found, &expected);
                let what = format!("{hidden:?}, {size:?}, {bias}, {images} images");
                assert!(
                    difference < TOLERANCE,
                    "{what}: gradients differ by {difference:e}"
                );
                assert!(
                    (in_integers / error - 1.0).abs() < TOLERANCE,
                    "{what}: {in_integers} {error}"
                );
            }
        }
    }
}
