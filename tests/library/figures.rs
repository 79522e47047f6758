//! Figures: what is drawn is there, in its place and colour, and the letters are real ones.

use gingham::error::Error;
use gingham::figures::axes::{self, Axis};
use gingham::figures::svg::{Anchor, PixelData, Svg};

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
        20.0,
        0.0,
        20.0,
        20.0,
        2,
        2,
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
