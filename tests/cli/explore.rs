//! `gingham explore`: what it prints agrees with the files, what it writes is whole and the same every time.

use serde_json::json;

use crate::util::{Scratch, idx};

const FIGURES: [&str; 12] = [
    "class-histogram.png",
    "class-histogram.svg",
    "contact-sheet.png",
    "contact-sheet.svg",
    "map-of-images.png",
    "map-of-images.svg",
    "map.png",
    "map.svg",
    "mean-images.png",
    "mean-images.svg",
    "pixel-histogram.png",
    "pixel-histogram.svg",
];

/// A data set of these training images, 2 x 2 pixels each, in `small`.
fn small(scratch: &Scratch, images: &[[u8; 4]], labels: &[u8]) {
    std::fs::create_dir(scratch.join("small")).expect("a folder");
    let count = labels.len() as u32;
    scratch.write(
        "small/train-images-idx3-ubyte",
        idx(&[count, 2, 2], images.as_flattened()),
    );
    scratch.write("small/train-labels-idx1-ubyte", idx(&[count], labels));
}

#[test]
fn figures_of_the_data() {
    let scratch = Scratch::new();
    small(
        &scratch,
        &[[0, 0, 0, 0], [0, 2, 4, 6], [0, 2, 4, 6]],
        &[0, 1, 0],
    );
    let answer = scratch.done("explore --data small --json").json();
    let train = &answer["train"];
    assert_eq!(
        (&answer["rows"], &answer["columns"]),
        (&2.into(), &2.into())
    );
    assert_eq!(train["class_counts"], json!([2, 1]));
    assert_eq!(train["pixel_mean"], 2.0);
    assert_eq!(train["blank_images"], 1);
    assert_eq!(train["balance"], 0.5);
    assert_eq!(
        train["duplicates"],
        json!({ "images": 1, "other_label": 1, "examples": [[1, 2]] })
    );
    assert_eq!(
        (&answer["test"], &answer["overlap"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(answer.get("map"), None);
}

#[test]
fn an_image_in_numbers() {
    let scratch = Scratch::new();
    small(&scratch, &[[0, 20, 255, 6], [1, 2, 3, 4]], &[0, 1]);
    let printed = scratch.done("explore --data small --pixels 0").stdout;
    assert_eq!(printed, "   0  20\n 255   6\nlabel 0, 0\n");
    let answer = scratch
        .done("explore --data small --pixels 1 --json")
        .json();
    assert_eq!(answer["pixels"], json!([[1, 2], [3, 4]]));
    assert_eq!(
        (&answer["label"], &answer["of"]),
        (&1.into(), &"train".into())
    );
}

#[test]
fn a_pipe_gets_plain_text_of_its_width() {
    let scratch = Scratch::with_data();
    for columns in [20, 40, 80, 200] {
        let text = scratch
            .gingham("explore --data data --images 3")
            .env("COLUMNS", columns.to_string())
            .env("COLORTERM", "truecolor")
            .outcome()
            .succeeded()
            .stdout;
        assert!(text.is_ascii(), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        let (_, drawn) = text.split_once("\n\n0 T-shirt").expect("the first class");
        let widest = drawn.lines().skip(1).map(str::len).max();
        assert!(widest <= Some(columns), "{text}");
        assert!(text.contains("9 Ankle boot"), "{text}");
    }
    let none = scratch.done("explore --data data --images 0").stdout;
    let last = none.lines().last();
    assert!(
        last.is_some_and(|line| line.starts_with("9 Ankle boot")),
        "{none}"
    );
}

#[test]
fn figures_are_whole_and_repeat() {
    let scratch = Scratch::with_data();
    let made = |name: &str, options: &str| {
        scratch.done(&format!(
            "explore -q --data data --json --figures {name} {options}"
        ));
        let files = scratch.listing();
        let folder = scratch.join(name);
        files
            .into_iter()
            .filter(|(path, _)| path.parent() == Some(&folder))
            .map(|(path, bytes)| {
                let name = path
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned();
                (name, bytes)
            })
            .collect::<Vec<_>>()
    };
    let first = made("one", "--threads 1 --map 100");
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, FIGURES);
    for (name, bytes) in &first {
        if name.ends_with(".png") {
            assert!(bytes.starts_with(b"\x89PNG"), "{name}");
        } else {
            let text = std::str::from_utf8(bytes).expect("text");
            assert!(
                text.starts_with("<svg") && text.ends_with("</svg>\n"),
                "{name}"
            );
            assert!(
                text.contains("<title>") && text.contains("<desc>"),
                "{name}"
            );
        }
    }
    assert!(
        made("two", "--threads 2") == first,
        "any threads, and the default number of images"
    );
    let other = made("three", "--seed 7");
    assert!(
        other != first && other[0] == first[0],
        "the seed is the map's"
    );
    assert_eq!(made("four", "--map 0").len(), 8);
    let train = made("five", "--of train --map 300 --perplexity 10");
    assert!(train != first);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let scratch = Scratch::with_data();
    scratch.write("file", "precious");
    std::fs::create_dir(scratch.join("there")).expect("a folder");
    scratch.write("there/map.png", "precious");
    let explore = |rest: &str| format!("explore --data data {rest}");
    scratch.refuses(
        2,
        &explore("--figures new --map 90"),
        &["map", "at least 91 images", "perplexity of 30", "found 90"],
    );
    scratch.refuses(
        2,
        &explore("--figures new --map 101"),
        &["map", "the 100 images of", "t10k-images", "found 101"],
    );
    scratch.refuses(
        2,
        &explore("--figures new --map 1 --perplexity 2"),
        &["at least 7"],
    );
    scratch.refuses(
        2,
        &explore("--figures new --perplexity 0"),
        &["perplexity", "2 to 1000"],
    );
    scratch.refuses(
        2,
        &explore("--figures new --perplexity NaN"),
        &["perplexity", "NaN"],
    );
    scratch.refuses(
        2,
        &explore("--figures there"),
        &["there/map.png", "exists already"],
    );
    scratch.refuses(
        2,
        &explore("--figures file"),
        &["expected a folder", "file"],
    );
    scratch.refuses(
        1,
        &explore("--figures file/new"),
        &["file/new", "cannot be written"],
    );
    scratch.refuses(
        2,
        &explore("--pixels 300"),
        &["pixels", "0 to 299", "found 300"],
    );
    scratch.misuse(
        scratch.gingham(&explore("--map 100")),
        &["required arguments"],
    );
    scratch.misuse(
        scratch.gingham(&explore("--pixels 1 --figures new")),
        &["cannot be used with"],
    );
}

#[test]
fn no_map_is_made_of_one_image_over_and_over() {
    let scratch = Scratch::new();
    small(&scratch, &[[1, 2, 3, 4]; 100], &[0; 100]);
    scratch.refuses(
        3,
        "explore --data small --figures new --map 100",
        &["train-images", "images that differ", "100 times the same"],
    );
    scratch.refuses(
        3,
        "explore --data small --of test",
        &["small", "test files"],
    );
    scratch.done("explore --data small --figures new --map 0");
    let unasked = scratch.done("explore --data small --figures unasked");
    assert!(unasked.stderr.contains("note: no map: "), "{unasked}");
    // Two kinds are enough, and equal points are no obstacle.
    std::fs::remove_dir_all(scratch.join("small")).expect("a folder");
    let images: Vec<[u8; 4]> = (0..100).map(|place| [place % 2, 0, 0, 9]).collect();
    let labels: Vec<u8> = (0..100).map(|place| place % 2).collect();
    small(&scratch, &images, &labels);
    let answer = scratch
        .done("explore --data small --json --figures two")
        .json();
    assert_eq!(answer["map"]["nearest_same_class"], 1.0);
}
