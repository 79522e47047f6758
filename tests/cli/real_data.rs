//! The article's figures on Fashion-MNIST itself, in the folder that `$GINGHAM_DATA` names; by the program that `$GINGHAM_PROGRAM`
//! names, where it does, since an unoptimised one takes minutes.

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::util::{Outcome, PROGRAM, Scratch, optimised, skipped};

/// The first 30 epochs of the article's program, typed anew in NumPy 2.4 in f64, on the standardised data: mean error of
/// the epoch's batches, accuracy on the 48,000 training and the 12,000 held-out images after it.
const ARTICLE: &str = include_str!("article_scaled_f64.csv");

/// Digest of Fashion-MNIST's raw training labels.
const LABELS: &str = "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9";

/// A naive epoch takes about a second, and several tests may share two cores.
const DEADLINE_S: u64 = 600;

/// The folder of the data, or a notice that there is none.
fn data(test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("GINGHAM_DATA").filter(|folder| !folder.is_empty()) else {
        skipped(test, "GINGHAM_DATA names no folder");
        return None;
    };
    let folder = PathBuf::from(folder)
        .canonicalize()
        .expect("GINGHAM_DATA names a folder that is there");
    let labels = folder.join("train-labels-idx1-ubyte");
    let digest = |bytes: Vec<u8>| {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    if std::fs::read(&labels).is_ok_and(|bytes| digest(bytes) != LABELS) {
        skipped(
            test,
            "GINGHAM_DATA names another data set than Fashion-MNIST",
        );
        return None;
    }
    Some(folder)
}

fn train(scratch: &Scratch, data: PathBuf, settings: &str) -> Outcome {
    let command = format!("train -q --json --out run {settings} --data");
    scratch
        .run(optimised().unwrap_or_else(|| PROGRAM.into()))
        .args(command.split_whitespace())
        .arg(data)
        .deadline(DEADLINE_S)
        .outcome()
        .succeeded()
}

/// Trains for some epochs and compares each with the article's: the error within a relative tolerance, the images
/// that are classified right within a number of images.
fn follows_the_article(engine: &str, dtype: &str, epochs: usize, tolerance: f64, images: f64) {
    let Some(data) = data(&format!("the article's figures, {engine} {dtype}")) else {
        return;
    };
    let scratch = Scratch::new();
    let settings = format!("--engine {engine} --dtype {dtype} --epochs {epochs} --eval-every 1");
    let summary: Value = train(&scratch, data, &settings).json();
    // The file is 47 MB of that; packed pixels, which only these engines keep, 77 MB.
    let packs = matches!(engine, "simd" | "fixed");
    let most = if packs { 190e6 } else { 170e6 };
    if let Some(bytes) = summary["peak_rss_bytes"].as_f64() {
        assert!(bytes <= most, "{summary}");
    }
    let metrics = scratch.text("run/metrics.csv");
    assert_eq!(metrics.lines().count(), 1 + epochs);
    for (found, expected) in metrics.lines().zip(ARTICLE.lines()).skip(1) {
        let fields = |line: &str| {
            line.split(',')
                .map(|field| field.parse().expect("a number"))
                .collect::<Vec<f64>>()
        };
        let (row, reference) = (fields(found), fields(expected));
        assert_eq!(row[0], reference[0], "the epoch");
        assert!(
            (row[1] / reference[1] - 1.0).abs() <= tolerance,
            "error: {found} for {expected}"
        );
        for (column, count) in [(2, 48_000.0), (3, 12_000.0)] {
            let right = |row: &[f64]| (row[column] * count).round();
            assert!(
                (right(&row) - right(&reference)).abs() <= images,
                "accuracy: {found} for {expected}"
            );
        }
    }
}

#[test]
fn blas_f64_follows_the_article() {
    follows_the_article("blas", "f64", 30, 1e-9, 1.0);
}

#[test]
fn blas_f32_follows_the_article() {
    follows_the_article("blas", "f32", 30, 1e-5, 3.0);
}

#[test]
fn simd_f32_follows_the_article() {
    follows_the_article("simd", "f32", 30, 1e-5, 3.0);
}

#[test]
fn fixed_f32_follows_the_article() {
    follows_the_article("fixed", "f32", 30, 1e-4, 10.0);
}

#[test]
fn naive_f64_follows_the_article() {
    follows_the_article("naive", "f64", 10, 1e-9, 1.0);
}

#[test]
fn naive_f32_follows_the_article() {
    follows_the_article("naive", "f32", 10, 1e-5, 3.0);
}

/// The whole run is chaotic: it ends elsewhere with every order of summation, and swings to its end, so that in NumPy too
/// about one epoch in five of the last hundred lies below the band that their median lies in. So the median is tested.
#[test]
fn the_articles_job_ends_where_it_should() {
    let Some(data) = data("the article's 300 epochs") else {
        return;
    };
    let scratch = Scratch::new();
    let summary: Value = train(&scratch, data, "--eval-every 5").json();
    assert_eq!(
        (&summary["epochs"], &summary["seed"]),
        (&300.into(), &42.into())
    );
    let metrics = scratch.text("run/metrics.csv");
    let median_of_the_last = |column: usize| {
        let mut accuracies: Vec<f64> = metrics
            .lines()
            .skip(1 + 200)
            .filter_map(|line| line.split(',').nth(column)?.parse().ok())
            .collect();
        assert_eq!(accuracies.len(), 20, "every fifth of the last 100 epochs");
        accuracies.sort_by(f64::total_cmp);
        accuracies[10]
    };
    let (train, heldout) = (median_of_the_last(2), median_of_the_last(3));
    assert!((0.915..=0.942).contains(&train), "{train}, {summary}");
    assert!((0.860..=0.885).contains(&heldout), "{heldout}, {summary}");
    let number = |key: &str| {
        summary[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key} in {summary}"))
    };
    // Images of the same kind, so only a slip (another scale, another order of labels) ends far from the others.
    assert!(number("test_accuracy") > 0.8, "{summary}");
}

/// scikit-learn's t-SNE of the same images' first 50 components puts 76.4 % next to one of their class.
#[test]
fn the_map_keeps_classes_together() {
    let Some(data) = data("the map of the first 2,000 test images") else {
        return;
    };
    let scratch = Scratch::new();
    let answers = ["1", "2"].map(|threads| {
        scratch
            .run(optimised().unwrap_or_else(|| PROGRAM.into()))
            .args(["explore", "-q", "--json", "--figures", threads])
            .args(["--threads", threads, "--data"])
            .arg(&data)
            .outcome()
            .succeeded()
            .json()
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(scratch.read("1/map.svg"), scratch.read("2/map.svg"));
    let map = &answers[0]["map"];
    assert_eq!((&map["of"], &map["images"]), (&"test".into(), &2000.into()));
    let share = map["nearest_same_class"].as_f64().expect("a share");
    assert!(share >= 0.74, "{map}");
    // What NumPy says of the same files.
    let train = &answers[0]["train"];
    for (key, expected) in [
        ("pixel_mean", 72.940_352_232_142_86),
        ("pixel_deviation", 90.021_182_351_306_73),
        ("black_share", 0.502_051_403_061_224_5),
    ] {
        let found = train[key].as_f64().expect("a number");
        assert!((found / expected - 1.0).abs() < 1e-9, "{key}: {found}");
    }
    assert_eq!(train["duplicates"]["images"], 0, "60,000 differ");
    assert_eq!(answers[0]["overlap"]["images"], 0);
}

/// Three settings of today's form alone: the others follow, instead of the article's L2 factor and the softmax of a softmax.
#[test]
fn todays_form_learns() {
    let Some(data) = data("today's form by three settings") else {
        return;
    };
    let scratch = Scratch::new();
    let form = "--activation relu --output softmax --reduction mean --epochs 10";
    let summary = train(&scratch, data, form).json();
    let heldout = summary["heldout_accuracy"].as_f64().expect("a share");
    assert!(heldout > 0.87, "{summary}");
}
