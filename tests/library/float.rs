//! The products in `f32`: within their bound of f64, the same at every level, whatever lies how.

use gingham::input::packed::{Lines, panels};
use gingham::kernels::float::{Bytes, Deltas, Weights, multiply};
use gingham::kernels::{COLUMNS, Level, PanelShape, Panels, QUAD, Tiles};
use gingham::rng::{Purpose, Stream};
use ndarray::{Array2, ArrayView2, s};

/// How many cases are drawn; few under Miri, which takes a thousand times as long.
const fn cases(usual: u32) -> u32 {
    if cfg!(miri) { 20 } else { usual }
}

/// A length that is often at a border: of micro-tiles, vectors, panels, blocks.
fn length(stream: &mut Stream, most: u32) -> usize {
    const BORDERS: [usize; 12] = [1, 5, 6, 7, 8, 12, 15, 16, 17, 32, 64, 65];
    let any = 1 + stream.below(most) as usize;
    match stream.below(3) {
        0 => BORDERS[stream.below(12) as usize].min(most as usize),
        _ => any,
    }
}

/// Numbers of any size, now and then 0.
fn number(stream: &mut Stream) -> f32 {
    match stream.below(8) {
        0 => 0.0,
        1 => (stream.uniform(-1.0, 1.0) * 1e6) as f32,
        _ => stream.uniform(-1.0, 1.0) as f32,
    }
}

/// A matrix that lies as it likes: a part of a larger one, in the order of rows or of columns.
fn matrix(stream: &mut Stream, rows: usize, columns: usize) -> Array2<f32> {
    let (more_rows, more_columns) = (
        rows + stream.below(3) as usize,
        columns + stream.below(20) as usize,
    );
    let mut all = if stream.below(2) == 0 {
        Array2::zeros((more_rows, more_columns))
    } else {
        Array2::zeros((more_columns, more_rows)).reversed_axes()
    };
    all = all.slice_move(s![more_rows - rows.., more_columns - columns..]);
    let (more_rows, more_columns) = all.dim();
    let mut all = all.slice_move(s![..rows.min(more_rows), ..columns.min(more_columns)]);
    all.mapv_inplace(|_: f32| number(stream));
    all
}

/// Higham's bound on a sum of `count` products whose magnitudes sum up to `magnitudes`.
fn bound(count: usize, magnitudes: f64) -> f64 {
    let roundings = count as f64 * 2_f64.powi(-24);
    roundings / (1.0 - roundings) * magnitudes
}

fn bits(matrix: &Array2<f32>) -> Vec<u32> {
    matrix.iter().map(|number| number.to_bits()).collect()
}

/// Compares a result with the sum, in f64, of a start and of products, each given as a pair.
fn check<'a>(
    found: &Array2<f32>,
    what: &str,
    sum: impl Fn(usize, usize) -> (f32, Box<dyn Iterator<Item = (f32, f32)> + 'a>),
) {
    for ((row, column), &found) in found.indexed_iter() {
        let (start, products) = sum(row, column);
        let (mut exact, mut magnitudes, mut count) = (f64::from(start), f64::from(start.abs()), 1);
        for (a, b) in products {
            let product = f64::from(a) * f64::from(b);
            (exact, magnitudes, count) = (exact + product, magnitudes + product.abs(), count + 1);
        }
        let difference = (f64::from(found) - exact).abs();
        // The second term is what f64 itself may be off by.
        let most = bound(count, magnitudes) + 1e-12 * magnitudes;
        assert!(
            difference <= most,
            "{what}, {row}, {column}: off by {difference:e}, bound {most:e}"
        );
    }
}

#[test]
fn products_of_matrices_are_within_their_bound() {
    let mut stream = Stream::new(1, Purpose::Bench, 0);
    for case in 0..cases(10_000) {
        let most = if case % 100 == 0 { 600 } else { 70 };
        let (m, n) = (length(&mut stream, 40), length(&mut stream, 70));
        let k = length(&mut stream, most);
        let a = matrix(&mut stream, m, k);
        let b = matrix(&mut stream, k, n);
        let before = matrix(&mut stream, m, n);
        let accumulate = stream.below(2) == 0;
        let mut first: Option<Vec<u32>> = None;
        for level in Level::all() {
            let mut c = before.clone();
            multiply(level, a.view(), b.view(), c.view_mut(), accumulate);
            let what = format!("{m} x {k} x {n} at {}", level.name());
            match &first {
                Some(first) => assert!(*first == bits(&c), "{what}: other bits"),
                None => check(&c, &what, |row, column| {
                    let start = if accumulate {
                        before[[row, column]]
                    } else {
                        0.0
                    };
                    let (a, b) = (a.row(row), b.column(column));
                    let products: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
                    (start, Box::new(products.into_iter()))
                }),
            }
            first.get_or_insert_with(|| bits(&c));
        }
    }
}

#[test]
fn a_result_does_not_depend_on_its_neighbours() {
    // A row of a product is the same whatever rows and columns it is computed with, and however the operands lie.
    let mut stream = Stream::new(2, Purpose::Bench, 0);
    for _ in 0..cases(300) {
        let (m, k, n) = (
            length(&mut stream, 40),
            length(&mut stream, 300),
            length(&mut stream, 70),
        );
        let (a, b) = (matrix(&mut stream, m, k), matrix(&mut stream, k, n));
        let mut whole = Array2::zeros((m, n));
        multiply(
            Level::highest(),
            a.view(),
            b.view(),
            whole.view_mut(),
            false,
        );
        let (row, column) = (
            stream.below(m as u32) as usize,
            stream.below(n as u32) as usize,
        );
        let mut part = Array2::zeros((1, n - column).f_if(stream.below(2) == 0));
        let (some_a, some_b) = (a.slice(s![row..=row, ..]), b.slice(s![.., column..]));
        multiply(Level::highest(), some_a, some_b, part.view_mut(), false);
        assert_eq!(part, whole.slice(s![row..=row, column..]));
    }
}

/// A shape in the order of rows or of columns.
trait Ordered {
    fn f_if(self, columns: bool) -> ndarray::Shape<ndarray::Ix2>;
}

impl Ordered for (usize, usize) {
    fn f_if(self, columns: bool) -> ndarray::Shape<ndarray::Ix2> {
        use ndarray::ShapeBuilder;
        self.set_f(columns)
    }
}

#[test]
fn a_sum_of_no_products_is_nothing() {
    let (a, b) = (Array2::zeros((2, 0)), Array2::zeros((0, 5)));
    let mut c = Array2::from_elem((2, 5), 7.0);
    multiply(Level::highest(), a.view(), b.view(), c.view_mut(), true);
    assert_eq!(c, Array2::from_elem((2, 5), 7.0));
    multiply(Level::highest(), a.view(), b.view(), c.view_mut(), false);
    assert_eq!(c, Array2::<f32>::zeros((2, 5)));
}

#[test]
#[should_panic(expected = "matrices that can be multiplied")]
fn matrices_that_do_not_fit_are_refused() {
    let (a, b) = (Array2::zeros((2, 3)), Array2::zeros((4, 5)));
    let mut c = Array2::zeros((2, 5));
    multiply(Level::PORTABLE, a.view(), b.view(), c.view_mut(), false);
}

/// Images, of which many pixels are black in all.
fn images(stream: &mut Stream, count: usize, pixels: usize) -> Vec<Vec<u8>> {
    let black: Vec<bool> = (0..pixels.div_ceil(QUAD))
        .map(|_| stream.below(3) == 0)
        .collect();
    let mut byte = |pixel: usize| match stream.below(4) {
        _ if black[pixel / QUAD] => 0,
        0 => 0,
        1 => 255,
        _ => stream.below(256) as u8,
    };
    (0..count)
        .map(|_| (0..pixels).map(&mut byte).collect())
        .collect()
}

/// The images, packed as columns and with their pixels as columns.
fn packed(level: Level, images: &[Vec<u8>], tiles: Tiles) -> (Panels, Panels) {
    let quads = tiles.pixels().div_ceil(QUAD);
    let count = images.len().div_ceil(COLUMNS);
    let segments = 1;
    let mut forward = panels(PanelShape {
        count,
        quads,
        segments,
    });
    let mut gradient = panels(PanelShape {
        count: tiles.count(),
        quads: images.len().div_ceil(QUAD),
        segments,
    });
    let mut lines = Lines::new(quads);
    for (panel, images) in images.chunks(COLUMNS).enumerate() {
        let slices: Vec<&[u8]> = images.iter().map(|image| &image[..]).collect();
        lines.set(level, &slices, &[]);
        forward.set_images(
            level,
            panel,
            lines.view(),
            std::slice::from_ref(&(0..quads)),
        );
        gradient.add_images(level, panel * (COLUMNS / QUAD), lines.view(), tiles);
    }
    (forward, gradient)
}

/// Factors and offsets, filled up to whole quads; offsets are 0, or few are, as `fills` says.
fn scale(stream: &mut Stream, pixels: usize, fills: bool) -> [Vec<f32>; 2] {
    let mut numbers = |most: f64| -> Vec<f32> {
        let mut numbers: Vec<f32> = (0..pixels)
            .map(|_| stream.uniform(-most, most) as f32)
            .collect();
        numbers.resize(pixels.next_multiple_of(QUAD), 0.0);
        numbers
    };
    [numbers(2.0), numbers(if fills { 300.0 } else { 0.0 })]
}

#[test]
fn products_with_pixels_are_within_their_bound() {
    let mut stream = Stream::new(3, Purpose::Bench, 0);
    for case in 0..cases(1500) {
        let fills = case % 2 == 0;
        let most = if case % 20 == 0 { 30 } else { 9 };
        let (rows, columns) = (length(&mut stream, most), length(&mut stream, most));
        let pixels = rows * columns;
        let (units, count) = (length(&mut stream, 40), length(&mut stream, 50));
        let tiles = Tiles::of_image(rows, columns);
        let images = images(&mut stream, count, pixels);
        let [factor, offset] = scale(&mut stream, pixels, fills);
        let bytes = Bytes {
            factor: &factor,
            offset: &offset,
            fills,
        };
        let x = |image: usize, pixel: usize| {
            f32::from(images[image][pixel]).mul_add(factor[pixel], offset[pixel])
        };
        let weights = Array2::from_shape_fn((units, pixels), |_| number(&mut stream));
        let starts: Vec<f32> = (0..units).map(|_| number(&mut stream)).collect();
        // Deltas of as many images as the chunk has room for, where 0 stands for none.
        let room = count.next_multiple_of(QUAD);
        let mut deltas = Array2::from_shape_fn((units, room), |_| number(&mut stream));
        deltas.slice_mut(s![.., count..]).fill(0.0);
        let mut first: Option<[Vec<u32>; 2]> = None;
        for level in Level::all() {
            let what = format!("{rows} x {columns}, {units}, {count}, {}", level.name());
            let (forward, gradient) = packed(level, &images, tiles);
            let mut z = Array2::from_elem((units, count), f32::NAN);
            let product = Weights {
                weights: weights.view(),
                starts: &starts,
                bytes,
            };
            product.forward(level, &forward, z.view_mut());
            let mut d_w = Array2::from_elem((units, pixels), f32::NAN);
            let product = Deltas {
                deltas: deltas.view(),
                bytes,
                tiles,
            };
            product.gradient(level, &[gradient], [0, 0], d_w.view_mut());
            let found = [bits(&z), bits(&d_w)];
            if let Some(first) = &first {
                assert!(*first == found, "{what}: other bits");
                continue;
            }
            first = Some(found);
            check(&z, &what, |unit, image| {
                let products = (0..pixels).map(|pixel| (weights[[unit, pixel]], x(image, pixel)));
                (
                    starts[unit],
                    Box::new(products.collect::<Vec<_>>().into_iter()),
                )
            });
            check(&d_w, &what, |unit, pixel| {
                let products = (0..count).map(|image| (deltas[[unit, image]], x(image, pixel)));
                (0.0, Box::new(products.collect::<Vec<_>>().into_iter()))
            });
        }
    }
}

#[test]
fn black_pixels_leave_no_trace() {
    // With offsets of 0 it is all the same whether black quads are passed over or multiplied, and how many chunks images are in.
    let mut stream = Stream::new(4, Purpose::Bench, 0);
    let level = Level::highest();
    for _ in 0..cases(200) {
        let (rows, columns) = (length(&mut stream, 12), length(&mut stream, 12));
        let tiles = Tiles::of_image(rows, columns);
        let (units, chunk) = (length(&mut stream, 20), 16);
        let images = images(&mut stream, 3 * chunk, rows * columns);
        let [factor, offset] = scale(&mut stream, rows * columns, false);
        let bytes = |fills| Bytes {
            factor: &factor,
            offset: &offset,
            fills,
        };
        let deltas = Array2::from_shape_fn((units, 3 * chunk), |_| number(&mut stream));
        let gradient = |fills: bool, chunks: &[Panels]| {
            let mut d_w = Array2::zeros((units, rows * columns));
            let product = Deltas {
                deltas: deltas.view(),
                bytes: bytes(fills),
                tiles,
            };
            product.gradient(level, chunks, [0, 0], d_w.view_mut());
            d_w
        };
        let (forward, whole) = packed(level, &images, tiles);
        let cut: Vec<Panels> = images
            .chunks(chunk)
            .map(|some| packed(level, some, tiles).1)
            .collect();
        let expected = gradient(false, std::slice::from_ref(&whole));
        assert_eq!(gradient(true, &[whole]), expected);
        assert_eq!(gradient(false, &cut), expected);
        assert_eq!(gradient(true, &cut), expected);
        let weights: ArrayView2<'_, f32> = expected.view();
        let z = |fills: bool| {
            let mut z = Array2::zeros((units, images.len()));
            let product = Weights {
                weights,
                starts: &vec![0.5; units],
                bytes: bytes(fills),
            };
            product.forward(level, &forward, z.view_mut());
            z
        };
        assert_eq!(z(true), z(false));
    }
}
