//! What `evaluate` and `predict` say of a model, and that it is the same.

use png::{BitDepth, ColorType};
use serde_json::{Value, json};

use super::*;
use crate::util::{Scratch, idx, png};

#[test]
fn evaluate_agrees_with_the_summary() {
    let scratch = scratch_with_settings();
    let runs = [
        "--epochs 4 --hidden 16".to_owned(),
        "--config modern.toml --epochs 4".to_owned(),
        "--config modern.toml --epochs 4 --dtype f64 --heldout-scale own --holdout 0.3 --seed 5"
            .to_owned(),
        "--config modern.toml --epochs 4 --dtype f64 --scale none --learning-rate 1e-4".to_owned(),
        // Held-out images of one seed, weights and order of others.
        "--config modern.toml --epochs 4 --seed 7 --split-seed 5 --order-seed 6".to_owned(),
    ];
    for (number, settings) in runs.iter().enumerate() {
        let run = format!("run{number}");
        let trained = scratch
            .done(&format!(
                "train -q --json --data data --out {run} {settings}"
            ))
            .json();
        for split in ["train", "heldout", "test"] {
            let command =
                format!("evaluate --model {run}/model.safetensors --data data --split {split}");
            let evaluation = scratch.done(&format!("{command} --json")).json();
            assert_eq!(evaluation["split"], split);
            assert_eq!(
                evaluation["accuracy"],
                trained[format!("{split}_accuracy")],
                "{split} of {settings}"
            );
            check_figures(&evaluation);
            // The tables show the same.
            let text = scratch.done(&command).stdout;
            let accuracy = evaluation["accuracy"].as_f64().expect("a number") * 100.0;
            assert!(text.contains(&format!("{accuracy:.2} %")), "{text}");
            assert!(
                text.contains("Ankle boot") && text.contains("precision") && text.contains("F1"),
                "{text}"
            );
        }
    }
    let modern = summary(&scratch, "run1");
    assert!(
        modern["train_accuracy"].as_f64().expect("a number") > 0.5,
        "it learns: {modern}"
    );
}

/// An evaluation's figures follow from its confusion matrix.
fn check_figures(evaluation: &Value) {
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let confusion: Vec<Vec<f64>> = list(&evaluation["confusion"])
        .iter()
        .map(|row| {
            list(row)
                .iter()
                .map(|count| count.as_f64().expect("a number"))
                .collect()
        })
        .collect();
    let classes = list(&evaluation["classes"]);
    let names = list(&evaluation["class_names"]);
    assert_eq!((confusion.len(), classes.len(), names.len()), (10, 10, 10));
    let share = |part: f64, whole: f64| if whole == 0.0 { 0.0 } else { part / whole };
    let near = |found: &Value, expected: f64| {
        assert!(
            (found.as_f64().expect("a number") - expected).abs() < 1e-12,
            "{found} for {expected}"
        );
    };
    let (mut right, mut images) = (0.0, 0.0);
    for (label, figures) in classes.iter().enumerate() {
        let of_class: f64 = confusion[label].iter().sum();
        let answers: f64 = confusion.iter().map(|row| row[label]).sum();
        let (precision, recall) = (
            share(confusion[label][label], answers),
            share(confusion[label][label], of_class),
        );
        near(&figures["images"], of_class);
        near(&figures["precision"], precision);
        near(&figures["recall"], recall);
        near(
            &figures["f1"],
            share(2.0 * precision * recall, precision + recall),
        );
        right += confusion[label][label];
        images += of_class;
    }
    near(&evaluation["images"], images);
    near(&evaluation["accuracy"], right / images);
    assert!(evaluation["loss"].as_f64().expect("a number") > 0.0);
}

#[test]
fn predict_agrees_with_evaluate() {
    let scratch = scratch_with_settings();
    // In f64, whose smallest probabilities still have a logarithm that is exact.
    scratch.done("train -q --data data --out run --epochs 4 --dtype f64 --config modern.toml");
    let evaluation = scratch
        .done(&format!("evaluate --json --model {MODEL} --data data"))
        .json();
    let labels = scratch.read(format!("data/{TEST_LABELS}"))[8..].to_vec();
    let predict = format!("predict --model {MODEL} --idx data/{TEST_IMAGES}");
    let rows = scratch
        .done(&format!("{predict} --json --proba"))
        .json_lines();
    assert_eq!(rows.len(), 100);
    let mut confusion = vec![vec![0; 10]; 10];
    let mut loss = 0.0;
    for (place, (row, &label)) in rows.iter().zip(&labels).enumerate() {
        let class = row["class"].as_u64().expect("a number") as usize;
        assert_eq!(row["image"], place.to_string());
        assert_eq!(row["name"], evaluation["class_names"][class]);
        let shares: Vec<f64> = row["probabilities"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|share| share.as_f64().expect("a number"))
            .collect();
        assert_eq!(shares.len(), 10);
        assert!(
            (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6
                && shares.iter().all(|share| (0.0..=1.0).contains(share))
        );
        assert!(shares.iter().all(|&share| share <= shares[class]), "{row}");
        confusion[usize::from(label)][class] += 1;
        loss -= shares[usize::from(label)].ln() / 100.0;
    }
    assert_eq!(json!(confusion), evaluation["confusion"]);
    assert!(
        (evaluation["loss"].as_f64().expect("a number") / loss - 1.0).abs() < 1e-9,
        "{loss}"
    );

    // As text: the same, separated by tabs, and nothing but rows.
    let text = scratch.done(&predict).stdout;
    let with_shares = scratch.done(&format!("{predict} --proba")).stdout;
    assert_eq!(
        (text.lines().count(), with_shares.lines().count()),
        (100, 100)
    );
    for ((line, long), row) in text.lines().zip(with_shares.lines()).zip(&rows) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 3);
        let said = json!([
            fields[0],
            fields[1].parse::<u64>().expect("a number"),
            fields[2]
        ]);
        assert_eq!(said, json!([row["image"], row["class"], row["name"]]));
        let longer: Vec<&str> = long.split('\t').collect();
        assert_eq!((longer.len(), &longer[..3]), (13, &fields[..]));
        for (field, share) in longer[3..]
            .iter()
            .zip(row["probabilities"].as_array().expect("a list"))
        {
            let share = share.as_f64().expect("a number");
            assert!(
                (field.parse::<f64>().expect("a number") - share).abs() <= 5.1e-7,
                "{field} for {share}"
            );
        }
    }
    // Without --proba, JSON says nothing of probabilities.
    let plain = scratch.done(&format!("{predict} --json")).json_lines();
    assert!(
        plain
            .iter()
            .all(|row| row.get("probabilities").is_none() && row["class"].is_u64())
    );
}

/// The article's probabilities are the softmax of sigmoids: they sum to one, and no class gets more than
/// e / (e + 9) of ten.
#[test]
fn the_articles_probabilities() {
    let scratch = Scratch::with_model();
    let rows = scratch
        .done(&format!(
            "predict --json --proba --model {MODEL} --idx data/{TEST_IMAGES}"
        ))
        .json_lines();
    let most = 1_f64.exp() / (1_f64.exp() + 9.0);
    for row in rows {
        let shares: Vec<f64> = row["probabilities"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|share| share.as_f64().expect("a number"))
            .collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!(
            shares
                .iter()
                .all(|share| (0.0..most + 1e-6).contains(share)),
            "{row}"
        );
    }
}

/// How a picture writes a grey pixel.
type Write = fn(u8) -> Vec<u8>;
/// The grey pixel that such a picture stands for, on a ground of this grey.
type Read = fn(u8, u8) -> u8;

/// The forms of PNG pictures, by name.
fn forms() -> [(&'static str, ColorType, BitDepth, Write, Read); 9] {
    let same: Read = |pixel, _| pixel;
    [
        (
            "grey",
            ColorType::Grayscale,
            BitDepth::Eight,
            |pixel| vec![pixel],
            same,
        ),
        (
            "grey16",
            ColorType::Grayscale,
            BitDepth::Sixteen,
            |pixel| vec![pixel, 0xc8],
            same,
        ),
        (
            "grey-alpha",
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            |pixel| vec![pixel, 255],
            same,
        ),
        (
            "rgb",
            ColorType::Rgb,
            BitDepth::Eight,
            |pixel| vec![pixel; 3],
            same,
        ),
        (
            "rgb16",
            ColorType::Rgb,
            BitDepth::Sixteen,
            |pixel| [pixel, 1].repeat(3),
            same,
        ),
        (
            "rgba",
            ColorType::Rgba,
            BitDepth::Eight,
            |pixel| vec![pixel, pixel, pixel, 255],
            same,
        ),
        (
            "rgba16",
            ColorType::Rgba,
            BitDepth::Sixteen,
            |pixel| [&[pixel, 0].repeat(3)[..], &[255; 2]].concat(),
            same,
        ),
        (
            "colours",
            ColorType::Rgb,
            BitDepth::Eight,
            |pixel| vec![pixel, pixel / 2, 255 - pixel],
            |pixel, _| {
                let [r, g, b] = [pixel, pixel / 2, 255 - pixel].map(f64::from);
                (0.299 * r + 0.587 * g + 0.114 * b).round() as u8
            },
        ),
        (
            "half-there",
            ColorType::Rgba,
            BitDepth::Eight,
            |pixel| vec![pixel, pixel, pixel, 100],
            |pixel, ground| {
                let [pixel, ground] = [pixel, ground].map(f64::from);
                ((pixel * 100.0 + ground * 155.0) / 255.0).round() as u8
            },
        ),
    ]
}

#[test]
fn pictures_are_rows_of_an_idx_file() {
    let scratch = scratch_with_settings();
    scratch.done("train -q --data data --out run --epochs 4 --config modern.toml");
    let images = scratch.read(format!("data/{TEST_IMAGES}"))[16..].to_vec();
    let images: Vec<&[u8]> = images.chunks_exact(784).take(5).collect();
    for (form, color, depth, write, read) in forms() {
        let names: Vec<String> = (0..images.len())
            .map(|place| format!("{form}{place}.png"))
            .collect();
        for (name, image) in names.iter().zip(&images) {
            let samples: Vec<u8> = image.iter().flat_map(|&pixel| write(pixel)).collect();
            scratch.write(name, png([28, 28], color, depth, &samples));
        }
        let on = |ground: u8| -> Vec<u8> {
            let pixels = images.concat().into_iter();
            pixels.map(|pixel| read(pixel, ground)).collect()
        };
        check_pictures(&scratch, &names, [on(0), on(255)]);
    }
    // One bit a pixel: black and white, eight of them a byte, each row filled up to whole bytes.
    let bits: Vec<u8> = (0..28 * 4_u32).map(|place| (place * 37) as u8).collect();
    scratch.write(
        "bits.png",
        png([28, 28], ColorType::Grayscale, BitDepth::One, &bits),
    );
    let white =
        |place: usize| bits[place / 28 * 4 + place % 28 / 8] >> (7 - place % 28 % 8) & 1 == 1;
    let pixels: Vec<u8> = (0..784)
        .map(|place| if white(place) { 255 } else { 0 })
        .collect();
    check_pictures(&scratch, &["bits.png".to_owned()], [pixels.clone(), pixels]);
}

/// The pictures get the answers that the same pixels in an IDX file get, to the last bit; both ways round: on black as they are, and
/// inverted on white.
fn check_pictures(scratch: &Scratch, names: &[String], [on_black, on_white]: [Vec<u8>; 2]) {
    scratch.write("same", idx(&[names.len() as u32, 28, 28], &on_black));
    let inverted: Vec<u8> = on_white.iter().map(|pixel| 255 - pixel).collect();
    scratch.write("inverted", idx(&[names.len() as u32, 28, 28], &inverted));
    let predict = |rest: &str| {
        scratch
            .done(&format!("predict --json --proba --model {MODEL} {rest}"))
            .json_lines()
    };
    let names_in_a_row = names.join(" ");
    for (pictures, file) in [
        (predict(&names_in_a_row), predict("--idx same")),
        (
            predict(&format!("--invert {names_in_a_row}")),
            predict("--idx inverted"),
        ),
    ] {
        assert_eq!(pictures.len(), names.len());
        for ((picture, row), name) in pictures.iter().zip(&file).zip(names) {
            assert_eq!(picture["image"], **name);
            for key in ["class", "name", "probabilities"] {
                assert_eq!(picture[key], row[key], "{key} of {name}");
            }
        }
    }
    scratch.write("white", idx(&[names.len() as u32, 28, 28], &on_white));
    assert_eq!(predict("--invert --idx inverted"), predict("--idx white"));
}
