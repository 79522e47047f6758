//! Pictures as people have them: drawn on nothing, dark on light, in 16 bits, damaged, from a pipe.

use png::{BitDepth, ColorType};
use serde_json::Value;

use crate::util::{Outcome, PROGRAM, Scratch, gzip, idx, png};

const TEST_IMAGES: &str = "data/t10k-images-idx3-ubyte";

/// The first test image.
fn image(scratch: &Scratch) -> Vec<u8> {
    scratch.read(TEST_IMAGES)[16..][..784].to_vec()
}

/// Writes a picture of 28 x 28 pixels, each made of a pixel of an image.
fn write(scratch: &Scratch, name: &str, color: ColorType, pixels: impl Iterator<Item = Vec<u8>>) {
    let samples: Vec<u8> = pixels.flatten().collect();
    let depth = match samples.len() / (784 * color.samples()) {
        1 => BitDepth::Eight,
        _ => BitDepth::Sixteen,
    };
    scratch.write(name, png([28, 28], color, depth, &samples));
}

fn predict(scratch: &Scratch, arguments: &str) -> Outcome {
    scratch.done(&format!("predict --json --proba --model run {arguments}"))
}

fn shares(outcome: &Outcome) -> Vec<Value> {
    let rows = outcome.json_lines();
    rows.iter()
        .map(|row| row["probabilities"].clone())
        .collect()
}

#[test]
fn drawings_on_a_transparent_ground() {
    let scratch = Scratch::with_model();
    let image = image(&scratch);
    let pixels = || image.iter().copied();
    let grey = ColorType::Grayscale;
    write(&scratch, "plain.png", grey, pixels().map(|p| vec![p]));
    write(&scratch, "dark.png", grey, pixels().map(|p| vec![255 - p]));
    let (rgba, la) = (ColorType::Rgba, ColorType::GrayscaleAlpha);
    write(
        &scratch,
        "dark-rgba.png",
        rgba,
        pixels().map(|p| vec![0, 0, 0, p]),
    );
    write(&scratch, "dark-la.png", la, pixels().map(|p| vec![0, p]));
    let wide = |p: u8| vec![0, 0, 0, 0, 0, 0, p, p];
    write(&scratch, "dark-rgba16.png", rgba, pixels().map(wide));
    write(
        &scratch,
        "light-rgba.png",
        rgba,
        pixels().map(|p| vec![255, 255, 255, p]),
    );
    let plain = predict(&scratch, "plain.png");
    assert_eq!(plain.stderr, "");
    // Asked about as many at a time, since products of another size may be rounded otherwise.
    let expected = |count: usize| shares(&predict(&scratch, &"plain.png ".repeat(count)));
    let dark = "dark.png dark-rgba.png dark-la.png dark-rgba16.png";
    for (arguments, count) in [
        ("light-rgba.png".to_owned(), 1),
        (format!("--invert {dark}"), 4),
        (format!("--invert=yes {dark}"), 4),
        (format!("--invert=auto {dark} light-rgba.png plain.png"), 6),
        (format!("{dark} --invert auto light-rgba.png plain.png"), 6),
    ] {
        let outcome = predict(&scratch, &arguments);
        assert_eq!(shares(&outcome), expected(count), "{arguments}");
        assert_eq!(outcome.stderr, "", "{arguments}");
    }
    // What is probably not meant is said, in one line for all of a kind.
    let blank = predict(&scratch, "dark-rgba.png plain.png dark-la.png");
    assert_eq!(
        blank.stderr,
        "note: dark-rgba.png, dark-la.png: one colour all over, so the answer says nothing\n"
    );
    let light = predict(&scratch, "plain.png dark.png");
    assert!(
        light.stderr.contains("note: dark.png: the border is light"),
        "{light}"
    );
    assert!(light.stderr.contains("--invert"), "{light}");
    assert_eq!(predict(&scratch, "-q dark.png").stderr, "");
}

#[test]
fn an_idx_file_of_dark_things_on_light() {
    let scratch = Scratch::with_model();
    let pixels = scratch.read(TEST_IMAGES)[16..].to_vec();
    let turned: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel).collect();
    scratch.write("turned", idx(&[100, 28, 28], &turned));
    let expected = shares(&predict(&scratch, &format!("--idx {TEST_IMAGES}")));
    let found = predict(&scratch, "--idx turned");
    assert!(
        found.stderr.contains("image 0, image 1, image 2 and "),
        "{found}"
    );
    assert!(found.stderr.contains("the border is light"), "{found}");
    // The right way round, turned by mistake; and a whole test file the wrong way round.
    let wrong = predict(&scratch, &format!("--invert --idx {TEST_IMAGES}"));
    assert!(
        wrong.stderr.contains("is light after the inversion"),
        "{wrong}"
    );
    let evaluate = "evaluate --model run --data data";
    assert!(!scratch.done(evaluate).stderr.contains("the border of"));
    let right_way = scratch.read(TEST_IMAGES);
    scratch.write(TEST_IMAGES, idx(&[100, 28, 28], &turned));
    let found = scratch.done(evaluate);
    assert!(found.stderr.contains("the wrong way round"), "{found}");
    scratch.write(TEST_IMAGES, right_way);
    for arguments in [
        "--invert --idx turned",
        "--invert=auto --idx turned",
        "--idx turned --invert auto",
    ] {
        let found = predict(&scratch, arguments);
        assert_eq!(
            (shares(&found), found.stderr.as_str()),
            (expected.clone(), "")
        );
    }
}

#[test]
fn sixteen_bits_that_hold_fewer() {
    let scratch = Scratch::with_model();
    let image = image(&scratch);
    let grey = ColorType::Grayscale;
    write(&scratch, "plain.png", grey, image.iter().map(|&p| vec![p]));
    write(&scratch, "low.png", grey, image.iter().map(|&p| vec![0, p]));
    let plain = shares(&predict(&scratch, "plain.png"));
    let low = predict(&scratch, "low.png");
    assert_eq!(shares(&low), plain);
    assert!(
        low.stderr
            .contains("note: low.png: 16 bits a sample, but none above 255"),
        "{low}"
    );
    // The depths of cameras and scanners, plain and turned round, which must not hide what was found.
    let turned = shares(&predict(&scratch, "--invert plain.png"));
    for (white, name) in [
        (1023, "ten.png"),
        (4095, "twelve.png"),
        (16383, "fourteen.png"),
    ] {
        let sample = |&p: &u8| {
            let sample = (u32::from(p) * white + 127) / 255;
            (sample as u16).to_be_bytes().to_vec()
        };
        write(&scratch, name, grey, image.iter().map(sample));
        write(
            &scratch,
            "dark.png",
            grey,
            image.iter().map(|p| sample(&(255 - p))),
        );
        for (arguments, expected) in [
            (name.to_owned(), &plain),
            (format!("--invert {name}"), &turned),
            (format!("--invert=auto {name}"), &plain),
            ("--invert=auto dark.png".to_owned(), &plain),
        ] {
            let found = predict(&scratch, &arguments);
            assert_eq!(shares(&found), *expected, "{arguments}");
            let says = format!("16 bits a sample, but none above {white}");
            assert!(found.stderr.contains(&says), "{found}");
            assert!(
                found.stderr.contains(&format!("0 to {white} and not")),
                "{found}"
            );
        }
    }
    // A picture that does not reach half of the range has no depth of its own.
    write(
        &scratch,
        "half.png",
        grey,
        image.iter().map(|&p| vec![p >> 1, p << 7]),
    );
    let half = predict(&scratch, "half.png");
    assert!(!half.stderr.contains("16 bits"), "{half}");
    // Of few pictures in one range, the greatest sample is told.
    let both = predict(&scratch, "low.png twelve.png fourteen.png");
    assert_eq!(
        both.stderr.matches("(the greatest is ").count(),
        3,
        "{both}"
    );
}

#[test]
fn nearly_black_is_said_before_and_behind_an_inversion() {
    let scratch = Scratch::with_model();
    let image = image(&scratch);
    let grey = ColorType::Grayscale;
    write(
        &scratch,
        "dark.png",
        grey,
        image.iter().map(|&p| vec![p >> 4]),
    );
    write(
        &scratch,
        "light.png",
        grey,
        image.iter().map(|&p| vec![255 - (p >> 4)]),
    );
    for (arguments, says) in [
        ("dark.png", "dark.png: nearly black"),
        ("--invert dark.png", "dark.png: nearly white"),
        ("--invert=auto dark.png", "dark.png: nearly black"),
        ("light.png", "light.png: nearly white"),
        ("--invert light.png", "light.png: nearly black"),
        ("--invert=auto light.png", "light.png: nearly black"),
    ] {
        let found = predict(&scratch, arguments);
        assert!(found.stderr.contains(says), "{arguments}: {found}");
    }
}

#[test]
fn damaged_pictures_among_good_ones() {
    let scratch = Scratch::with_model();
    let image = image(&scratch);
    let grey = ColorType::Grayscale;
    for name in ["a.png", "b.png", "c.png", "d.png"] {
        write(&scratch, name, grey, image.iter().map(|&p| vec![p]));
    }
    let whole = scratch.read("b.png");
    scratch.write("b.png", &whole[..whole.len() / 2]);
    scratch.write("c.png", png([9, 9], grey, BitDepth::Eight, &[7; 81]));
    for json in ["", "--json "] {
        let command = format!("predict {json}--model run a.png b.png c.png missing.png d.png");
        let outcome = scratch.gingham(&command).outcome();
        outcome.has_code(3);
        assert_eq!(outcome.stdout.lines().count(), 2, "{outcome}");
        for (line, name) in outcome.stdout.lines().zip(["a.png", "d.png"]) {
            assert!(line.contains(name), "{outcome}");
        }
        let errors: Vec<&str> = outcome.stderr.lines().collect();
        assert_eq!(errors.len(), 3, "{outcome}");
        for (error, name) in errors.iter().zip(["b.png", "c.png", "missing.png"]) {
            assert!(
                error.starts_with("error: ") && error.contains(name),
                "{outcome}"
            );
        }
    }
}

#[test]
fn images_from_a_pipe() {
    let scratch = Scratch::with_model();
    let image = image(&scratch);
    write(
        &scratch,
        "a.png",
        ColorType::Grayscale,
        image.iter().map(|&p| vec![p]),
    );
    scratch.write("packed.gz", gzip(&scratch.read(TEST_IMAGES)));
    let bash = |line: &str| {
        let script = format!("predict() {{ {PROGRAM} predict --model run \"$@\"; }}; {line}");
        scratch.run("bash").args(["-c", &script]).outcome()
    };
    let picture = scratch.done("predict --model run a.png").stdout;
    for line in [
        "predict - <a.png",
        "cat a.png | predict -",
        "predict /dev/stdin <a.png",
    ] {
        let found = bash(line).succeeded().stdout;
        let (_, expected) = picture.split_once('\t').expect("a tab");
        let (_, found) = found.split_once('\t').expect("a tab");
        assert_eq!(found, expected, "{line}");
    }
    let file = scratch
        .done(&format!("predict --model run --idx {TEST_IMAGES}"))
        .stdout;
    for line in [
        &format!("predict --idx - <{TEST_IMAGES}"),
        &format!("cat {TEST_IMAGES} | predict --idx /dev/stdin"),
        &format!("predict --idx <(cat {TEST_IMAGES})"),
        "predict --idx <(cat packed.gz)",
        "cat packed.gz | predict --idx -",
    ] {
        assert_eq!(bash(line).succeeded().stdout, file, "{line}");
    }
    // A stream that ends early, and one that never ends.
    bash("head -c 99 a.png | predict -").is_refusal(3, &["stdin", "not a PNG"]);
    bash(&format!("head -c 999 {TEST_IMAGES} | predict --idx -"))
        .is_refusal(3, &["stdin", "short"]);
    bash("predict --idx /dev/stdin </dev/zero").is_refusal(3, &["/dev/stdin", "type 0x00"]);
    bash("predict - </dev/zero").is_refusal(3, &["stdin", "not a PNG"]);
}
