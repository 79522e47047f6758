//! Figures: what is drawn is there, in its place and colour, and the letters are real ones.

use gingham::error::Error;
use gingham::figures::axes::{self, Axis};
use gingham::figures::svg::{Anchor, Grid, PixelData, Rect, Svg};

/// The pixels of a PNG file, RGBA, with its width.
fn decoded(bytes: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    (info.width as usize, pixels)
}

#[test]
fn a_picture_shows_what_was_drawn() {
    let mut svg = Svg::new(40.0, 20.0, "title", "description");
    svg.rect(0.0, 0.0, 10.0, 20.0, "fill0");
    svg.pixels(
        Rect {
            x: 20.0,
            y: 0.0,
            width: 20.0,
            height: 20.0,
        },
        Grid {
            columns: 2,
            rows: 2,
        },
        PixelData::Grey(&[0, 255, 200, 100]),
    );
    let (width, pixels) = decoded(&svg.finish().png(2.0).unwrap());
    assert_eq!(width, 80);
    let at = |x: usize, y: usize| {
        let place = (y * 2 * width + x * 2) * 4;
        [pixels[place], pixels[place + 1], pixels[place + 2]]
    };
    assert_eq!(at(5, 10), [0x1f, 0x6f, 0xc4], "the class of the sheet");
    assert_eq!(at(15, 10), [255; 3], "the light ground");
    // Sharp blocks: next to each other without a slope.
    assert_eq!(
        [at(29, 9), at(30, 9), at(29, 10), at(30, 10)],
        [[0; 3], [255; 3], [200; 3], [100; 3]]
    );
}

#[test]
fn letters_are_drawn_without_a_system_font() {
    let ink = |text: &str| {
        let mut svg = Svg::new(100.0, 20.0, "", "");
        svg.text(2.0, 15.0, Anchor::Start, "ink", text);
        let (_, pixels) = decoded(&svg.finish().png(1.0).unwrap());
        pixels.chunks(4).filter(|pixel| pixel[0] < 128).count()
    };
    assert!(ink("1") > 5);
    assert!(ink("accuracy") > 3 * ink("1"));
}

#[test]
fn a_picture_has_a_size() {
    let figure = Svg::new(40.0, 20.0, "", "").finish();
    for scale in [0.0, -1.0, f32::NAN, 1e6, f32::INFINITY] {
        let refused = figure.png(scale);
        assert!(
            matches!(
                refused,
                Err(Error::Setting {
                    setting: "scale",
                    ..
                })
            ),
            "{scale}"
        );
    }
}

#[test]
fn the_same_figure_is_the_same_bytes() {
    let draw = || {
        let mut svg = Svg::new(300.0, 200.0, "curve", "a curve");
        let x = Axis::linear(1.0, 300.0, 60.0, 280.0, 6);
        let y = Axis::log(0.01, 1.0, 150.0, 30.0, 5);
        axes::draw(&mut svg, &x, &y, "epoch", "error, log scale");
        svg.polyline(
            [(1.0, 1.0), (100.0, 0.1), (300.0, 0.02)].map(|(a, b)| (x.place(a), y.place(b))),
            "line line0",
        );
        svg.finish()
    };
    let figure = draw();
    assert_eq!(figure, draw());
    assert_eq!(figure.png(1.5).unwrap(), draw().png(1.5).unwrap());
}

#[test]
fn shapes_keep_their_place_paint_and_opacity() {
    let mut svg = Svg::new(60.0, 60.0, "", "");
    svg.shade([0.0, 0.0, 10.0, 10.0], "fill0", 0.5);
    svg.line(20.0, 5.0, 40.0, 5.0, "line axis dashed");
    svg.polygon([(0.0, 20.0), (20.0, 20.0), (0.0, 40.0)], "fill1");
    svg.circle(40.0, 30.0, 5.0, "#010203");
    svg.group("hit", "", |svg| {
        svg.rect(50.0, 0.0, 10.0, 10.0, "hint fill3");
    });
    // What reaches beyond the figure is cut off at its border.
    svg.rect(50.0, 50.0, 1e4, 1e4, "fill2");
    let (width, pixels) = decoded(&svg.finish().png(1.0).unwrap());
    let at = |x: usize, y: usize| {
        let place = (y * width + x) * 4;
        [pixels[place], pixels[place + 1], pixels[place + 2]]
    };
    assert_eq!(at(5, 5), [0x8f, 0xb7, 0xe2], "half of the colour on white");
    assert!(at(22, 4)[0] < 255 && at(27, 4) == [255; 3], "dash and gap");
    assert_eq!([at(3, 25), at(18, 38)], [[0xc8, 0x56, 0x0a], [255; 3]]);
    assert_eq!([at(40, 30), at(44, 26)], [[1, 2, 3], [255; 3]]);
    assert_eq!(at(55, 5), [255; 3], "shown under the pointer only");
    assert_eq!([at(59, 59), at(49, 49)], [[0x2a, 0x84, 0x40], [255; 3]]);
}

#[test]
fn text_is_placed_by_its_anchor_and_rotated_clockwise() {
    /// Left, top, right and bottom of what is not white.
    fn ink(draw: impl FnOnce(&mut Svg)) -> [usize; 4] {
        let mut svg = Svg::new(200.0, 200.0, "", "");
        draw(&mut svg);
        let (width, pixels) = decoded(&svg.finish().png(1.0).unwrap());
        let dark = (0..pixels.len() / 4).filter(|&place| pixels[4 * place] < 255);
        dark.fold(
            [usize::MAX, usize::MAX, 0, 0],
            |[left, top, right, bottom], place| {
                let (x, y) = (place % width, place / width);
                [left.min(x), top.min(y), right.max(x), bottom.max(y)]
            },
        )
    }
    let set = |anchor| {
        ink(|svg| {
            svg.text(100.0, 100.0, anchor, "ink", "mmmmmmmm");
        })
    };
    let [start, middle, end] = [Anchor::Start, Anchor::Middle, Anchor::End].map(set);
    assert!(start[0] >= 100 && end[2] <= 100 && middle[0] < 100 && middle[2] > 100);
    assert!((middle[0] + middle[2]).abs_diff(200) <= 2, "{middle:?}");
    assert_eq!([start[1], start[3]], [end[1], end[3]]);
    let slanted = |degrees| {
        ink(|svg| {
            svg.slanted_text(100.0, 100.0, degrees, "ink", "mmmmmmmm");
        })
    };
    let [up, down] = [-90.0, 90.0].map(slanted);
    assert!(up[1] < 50 && up[3] <= 100 && up[2] <= 100, "{up:?}");
    assert!(
        down[3] > 150 && down[1] >= 100 && down[0] >= 100,
        "{down:?}"
    );
    // Blanks are joined as in SVG, and pairs of letters are kerned.
    let length = |text: &str| {
        ink(|svg| {
            svg.text(10.0, 50.0, Anchor::Start, "ink", text);
        })[2]
    };
    assert_eq!(length(" a   b "), length("a b"));
    assert!(length("TATATATA") + 5 < length("TTTTAAAA"));
}
