//! The integer products: exact, the same at every level, from pixels wherever they lie.

use gingham::input::packed::{Lines, QuantizedRows, panels};
use gingham::kernels::integer::{MOST, MOST_OF_SUM, MOST_SUM, Magnitudes, Product, Window};
use gingham::kernels::{COLUMNS, Level, PanelShape, Panels, QUAD, Tiles};
use gingham::rng::{Purpose, Stream};
use ndarray::{Array2, s};

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

/// Pixels of one of several kinds: all values, mostly black, or only the two ends.
fn bytes(stream: &mut Stream, count: usize) -> Vec<u8> {
    let kind = stream.below(5);
    let mut byte = || match kind {
        0 => stream.below(256) as u8,
        1 => [0, 255][stream.below(2) as usize],
        2 if stream.below(60) > 0 => 0,
        3 => 0,
        _ => 255,
    };
    (0..count).map(|_| byte()).collect()
}

/// Room for `count` panels.
fn new_panels(count: usize, quads: usize, segments: usize) -> Panels {
    panels(PanelShape {
        count,
        quads,
        segments,
    })
}

/// Rows of numbers in chunks, each with numbers for the quads that it has room for, of which the first so many are used.
struct Factors {
    rows: usize,
    /// Row after row, chunk after chunk: its segments' values.
    values: Vec<Vec<Vec<f32>>>,
    /// By segment, of all chunks one after the other: its first place in a row.
    places: Vec<usize>,
    segments_of_sum: usize,
    quads: usize,
}

impl Factors {
    fn new(stream: &mut Stream, rows: usize, segments: Vec<(usize, usize)>, quads: usize) -> Self {
        let values = |_| -> Vec<Vec<f32>> {
            segments
                .iter()
                .map(|&(_, count)| values(stream, count))
                .collect()
        };
        Self {
            rows,
            values: (0..rows).map(values).collect(),
            places: segments.iter().map(|&(first, _)| first).collect(),
            segments_of_sum: 1 + stream.below(3) as usize,
            quads,
        }
    }

    fn sums(&self) -> usize {
        self.places.len().div_ceil(self.segments_of_sum)
    }

    /// As numbers, with the scales.
    fn quantized(&self, level: Level) -> (QuantizedRows, Vec<f32>) {
        let mut quantized = QuantizedRows::zeros(level, self.rows, self.quads * QUAD);
        let mut scales = Vec::new();
        for (number, row) in self.values.iter().enumerate() {
            let mut to = quantized.row_mut(number);
            let sums = row.chunks(self.segments_of_sum);
            for (values, places) in sums.zip(self.places.chunks(self.segments_of_sum)) {
                let scale = values
                    .iter()
                    .map(|values| Magnitudes::of(level, values))
                    .fold(Magnitudes::default(), Magnitudes::and)
                    .scale();
                for (values, &place) in values.iter().zip(places) {
                    to.quantize(place, values, scale);
                }
                scales.push(scale);
            }
        }
        (quantized, scales)
    }

    /// One sum of `row` by its definition, from `start` on; `pixel` gives a segment's pixel by its index there.
    fn sum(
        &self,
        (quantized, scales): &(QuantizedRows, Vec<f32>),
        row: usize,
        start: f32,
        pixel: impl Fn(usize, usize) -> u8,
    ) -> f32 {
        let segments: Vec<usize> = (0..self.places.len()).collect();
        let mut total = start;
        for (sum, segments) in segments.chunks(self.segments_of_sum).enumerate() {
            let products = segments.iter().flat_map(|&segment| {
                let pixel = &pixel;
                (0..self.values[row][segment].len()).map(move |place| {
                    let number = quantized.number(row, self.places[segment] + place);
                    i64::from(number) * i64::from(pixel(segment, place))
                })
            });
            total += products.sum::<i64>() as f32 * scales[row * self.sums() + sum];
        }
        total
    }
}

/// The columns of a product's output, and the pixels that they are multiplied with.
struct Columns<'a> {
    tiles: Tiles,
    first: usize,
    count: usize,
    /// Packs the pixels.
    pack: &'a dyn Fn(Level) -> Vec<Panels>,
    /// A column's pixel: by column, segment, and index in the segment.
    pixel: &'a dyn Fn(usize, usize, usize) -> u8,
}

/// Computes a product on every level and holds it against its definition.
fn check(stream: &mut Stream, factors: &Factors, of: &Columns<'_>) {
    let &Columns {
        tiles,
        first: first_column,
        count: columns,
        ..
    } = of;
    let first_row = stream.below(factors.rows as u32) as usize;
    let beside = stream.below(3) as usize;
    let starts: Vec<f32> = values(stream, factors.rows);
    let starts = (stream.below(2) == 0).then_some(&starts[..]);
    let before = stream.uniform(-1.0, 1.0) as f32;
    let shape = (factors.rows - first_row, columns + 2 * beside);
    let own = beside..beside + columns;
    let mut expected: Option<Array2<f32>> = None;
    for level in Level::all() {
        let quantized = factors.quantized(level);
        let chunks = (of.pack)(level);
        let mut out = Array2::from_elem(shape, before);
        let product = Product {
            factors: quantized.0.view(),
            scales: &quantized.1,
            chunks: &chunks,
            segments_of_sum: factors.segments_of_sum,
            starts,
        };
        let own_part = out.slice_mut(s![.., own.clone()]);
        let window = Window {
            first_row,
            tiles,
            first_column,
        };
        product.compute(window, own_part);
        let expected = expected.get_or_insert_with(|| {
            let mut expected = Array2::from_elem(shape, before);
            let own_part = expected.slice_mut(s![.., own.clone()]).into_iter();
            for (place, out) in own_part.enumerate() {
                let (row, column) = (first_row + place / columns, first_column + place % columns);
                let start = starts.map_or(0.0, |starts| starts[row]);
                *out = factors.sum(&quantized, row, start, |segment, place| {
                    (of.pixel)(column, segment, place)
                });
            }
            expected
        });
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
        assert!(
            out.iter().zip(&*expected).all(same),
            "{}: {} rows from {first_row}, segments at {:?}, {columns} columns from {first_column} of {tiles:?}",
            level.name(),
            factors.rows,
            factors.places,
        );
    }
}

/// As the forward product has it: columns are images, segments groups of their pixels.
fn images_as_columns(stream: &mut Stream) {
    let (rows, columns) = (length(stream, 23), length(stream, 50));
    let (mut segments, mut quads) = (Vec::new(), Vec::new());
    let mut next = 0;
    for _ in 0..1 + stream.below(3) {
        let count = length(stream, 40);
        segments.push((next * QUAD, count));
        quads.push(next..next + count.div_ceil(QUAD));
        next += count.div_ceil(QUAD);
    }
    let room = next + stream.below(3) as usize;
    let factors = Factors::new(stream, rows, segments.clone(), room);
    let stride = next * QUAD + stream.below(70) as usize;
    let misaligned = stream.below(64) as usize;
    let memory = bytes(stream, misaligned + columns * stride);
    let images = &memory[misaligned..];
    let panels = |level| {
        let mut panels = new_panels(columns.div_ceil(COLUMNS), room, quads.len());
        // What was there before must not show.
        panels.clear(1);
        panels.clear(quads.len());
        let mut lines = Lines::new(stride.div_ceil(QUAD));
        let images: Vec<&[u8]> = images.chunks(stride).collect();
        for (panel, images) in images.chunks(COLUMNS).enumerate() {
            lines.set(level, images, &images[..1]);
            panels.set_images(level, panel, lines.view(), &quads);
        }
        vec![panels]
    };
    let columns = Columns {
        tiles: Tiles::of_row(columns),
        first: 0,
        count: columns,
        pack: &panels,
        pixel: &|column, segment, place| images[column * stride + segments[segment].0 + place],
    };
    check(stream, &factors, &columns);
}

/// As the gradient has it: columns are pixels, segments chunks of images.
fn pixels_as_columns(stream: &mut Stream) {
    let rows = length(stream, 23);
    let shape = (length(stream, 9), length(stream, 20));
    let tiles = Tiles::of_image(shape.0, shape.1);
    let room = length(stream, 5);
    // Chunks are full but for the last one.
    let counts: Vec<usize> = (0..stream.below(4))
        .map(|_| room * QUAD)
        .chain([1 + stream.below((room * QUAD) as u32) as usize])
        .collect();
    let segments: Vec<_> = counts
        .iter()
        .enumerate()
        .map(|(chunk, &count)| (chunk * room * QUAD, count))
        .collect();
    let factors = Factors::new(stream, rows, segments.clone(), counts.len() * room);
    let images = bytes(stream, counts.len() * room * QUAD * tiles.pixels());
    let image = |place: usize| &images[place * tiles.pixels()..][..tiles.pixels()];
    let panels = |level| -> Vec<Panels> {
        let pack = |&(first, count): &(usize, usize)| {
            let mut panels = new_panels(tiles.count(), room, 1);
            let mut lines = Lines::new(tiles.runs());
            let images: Vec<&[u8]> = (first..first + count).map(image).collect();
            for (sixteen, images) in images.chunks(COLUMNS).enumerate() {
                lines.set(level, images, &[]);
                panels.add_images(level, sixteen * COLUMNS / QUAD, lines.view(), tiles);
            }
            panels
        };
        segments.iter().map(pack).collect()
    };
    let cuts = tiles.pixels().div_ceil(tiles.strip_pixels());
    let first = stream.below(cuts as u32) as usize;
    let last = first + 1 + stream.below((cuts - first) as u32) as usize;
    let first = first * tiles.strip_pixels();
    let last = (last * tiles.strip_pixels()).min(tiles.pixels());
    let columns = Columns {
        tiles,
        first,
        count: last - first,
        pack: &panels,
        pixel: &|column, segment, place| image(segments[segment].0 + place)[column],
    };
    check(stream, &factors, &columns);
}

#[test]
fn products_are_exact_and_the_same_at_every_level() {
    let mut stream = Stream::new(1, Purpose::Bench, 11);
    for _ in 0..cases(50_000) {
        images_as_columns(&mut stream);
        pixels_as_columns(&mut stream);
    }
}

/// The loops behind a product check nothing, so the product must refuse whatever does not fit.
#[test]
fn a_product_refuses_operands_that_do_not_fit() {
    /// Rows, quads of a row, scales, starts, panels, the window's first row and column, and the output's columns.
    type Sizes = [usize; 8];
    let fits: Sizes = [7, 3, 7, 7, 2, 2, 0, 20];
    let compute = |level: Level, sizes: Sizes| {
        let [
            rows,
            quads,
            scales,
            starts,
            count,
            first_row,
            first_column,
            columns,
        ] = sizes;
        let image = [1; 12];
        let mut lines = Lines::new(3);
        let mut chunk = new_panels(count, 3, 1);
        for panel in 0..count {
            lines.set(level, &[&image], &[]);
            chunk.set_images(level, panel, lines.view(), std::slice::from_ref(&(0..3)));
        }
        let factors = QuantizedRows::zeros(level, rows, quads * QUAD);
        let product = Product {
            factors: factors.view(),
            scales: &vec![1.0; scales],
            chunks: &[chunk],
            segments_of_sum: 1,
            starts: Some(&vec![0.5; starts]),
        };
        let window = Window {
            first_row,
            tiles: Tiles::of_row(20),
            first_column,
        };
        let mut out = Array2::from_elem((5, columns), f32::NAN);
        product.compute(window, out.view_mut());
        assert!(out.iter().all(|&out| out == 0.5));
    };
    for level in Level::all() {
        compute(level, fits);
        // Some other windows fit too.
        compute(level, [7, 3, 7, 7, 2, 0, 16, 4]);
        compute(level, [7, 4, 9, 8, 3, 1, 0, 16]);
        for (size, wrong) in [
            (0, 6),
            (1, 2),
            (2, 6),
            (3, 6),
            (4, 1),
            (5, 3),
            (6, 16),
            (6, 4),
            (7, 19),
            (7, 21),
        ] {
            let mut sizes = fits;
            sizes[size] = wrong;
            let refused = std::panic::catch_unwind(|| compute(level, sizes)).is_err();
            assert!(refused, "{}: {sizes:?}", level.name());
        }
    }
}

#[test]
fn what_is_black_in_all_columns_is_left_out() {
    for level in Level::all() {
        // Of 20 images only number 17 has a bright pixel, number 9.
        let mut images = vec![0; 20 * 12];
        images[17 * 12 + 9] = 1;
        let images: Vec<&[u8]> = images.chunks(12).collect();
        let mut lines = Lines::new(3);
        let mut forward = new_panels(2, 3, 1);
        let mut gradient = new_panels(1, 5, 1);
        for (panel, images) in images.chunks(COLUMNS).enumerate() {
            lines.set(level, images, &[]);
            forward.set_images(level, panel, lines.view(), std::slice::from_ref(&(0..3)));
            gradient.add_images(
                level,
                panel * COLUMNS / QUAD,
                lines.view(),
                Tiles::of_image(1, 12),
            );
        }
        assert_eq!(forward.kept(), 1, "{}", level.name());
        assert_eq!(gradient.kept(), 1, "{}", level.name());
    }
}

#[test]
fn pixels_are_copied_behind_their_image_at_every_level() {
    let mut stream = Stream::new(3, Purpose::Bench, 13);
    for _ in 0..cases(500) {
        let (count, pixels) = (length(&mut stream, COLUMNS as u32), length(&mut stream, 90));
        let scattered: Vec<[Option<u32>; QUAD]> = (0..length(&mut stream, 9))
            .map(|_| {
                std::array::from_fn(|_| (stream.below(4) > 0).then(|| stream.below(pixels as u32)))
            })
            .collect();
        let memory = bytes(&mut stream, count * pixels);
        let images: Vec<&[u8]> = memory.chunks(pixels).collect();
        // The same images with those pixels behind them.
        let first = pixels.div_ceil(QUAD);
        let longer: Vec<Vec<u8>> = images
            .iter()
            .map(|image| {
                let mut image = image.to_vec();
                let behind = scattered.as_flattened().iter();
                let behind: Vec<u8> = behind
                    .map(|place| place.map_or(0, |place| image[place as usize]))
                    .collect();
                image.resize(first * QUAD, 0);
                image.extend(behind);
                image
            })
            .collect();
        let longer: Vec<&[u8]> = longer.iter().map(Vec::as_slice).collect();
        for level in Level::all() {
            let mut lines = Lines::new(first + scattered.len());
            lines.set(level, &images, &[]);
            lines.scatter(level, first, &scattered);
            let mut expected = Lines::new(first + scattered.len());
            expected.set(Level::PORTABLE, &longer, &[]);
            assert_eq!(lines, expected, "{}", level.name());
        }
    }
}

#[test]
fn rounding_keeps_its_bounds() {
    let mut stream = Stream::new(2, Purpose::Bench, 12);
    for case in 0..cases(3000) {
        let count = if case % 50 == 0 {
            MOST_OF_SUM
        } else {
            length(&mut stream, 900)
        };
        let values = values(&mut stream, count);
        let mut first: Option<Vec<i16>> = None;
        for level in Level::all() {
            let mut quantized = QuantizedRows::zeros(level, 2, count + 8);
            // What was there before must not stay where the row is filled up.
            quantized
                .row_mut(1)
                .quantize(4, &vec![1.0; (count + 4).min(MOST_OF_SUM)], 1e-3);
            let scale = Magnitudes::of(level, &values).scale();
            let sum = quantized.row_mut(1).quantize(4, &values, scale);
            let numbers: Vec<i16> = (0..count)
                .map(|place| quantized.number(1, 4 + place))
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
            assert_eq!(numbers.iter().map(|&x| i32::from(x)).sum::<i32>(), sum);
            for place in count..count.next_multiple_of(QUAD) {
                assert_eq!(quantized.number(1, 4 + place), 0);
            }
            for (&number, &value) in numbers.iter().zip(&values) {
                let error = (f64::from(number) * f64::from(scale) - f64::from(value)).abs();
                let half = 0.51 * f64::from(scale);
                assert!(error <= half, "case {case}: {value} as {number} of {scale}");
            }
            let mut row = quantized.row_mut(0);
            let dot = row.quantize_and_dot(4, &values, scale, &vec![0.5; count]);
            assert!((f64::from(dot) - 0.5 * f64::from(sum)).abs() <= 1e-6 * magnitudes as f64);
            assert!((0..count).all(|place| quantized.number(0, 4 + place) == numbers[place]));
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
                let scale = Magnitudes::of(level, &values).scale();
                assert!(scale.is_nan(), "{bad} at {place}");
            }
        }
        // Values whose scale has no inverse count as nothing.
        for (value, most) in [(0.0, 0.0), (1e-42, 1e-40)] {
            let scale = Magnitudes::of(level, &[value; 40]).scale();
            assert!(scale <= most);
            let mut quantized = QuantizedRows::zeros(level, 1, 40);
            assert_eq!(quantized.row_mut(0).quantize(0, &[value; 40], scale), 0);
        }
    }
}
