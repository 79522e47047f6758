//! Random command lines over odd data folders: whatever is asked, the program answers, says what is wrong, and ends.
//!
//! A hundred command lines are tried in each run of the suite, always the same; `$GINGHAM_ODD_COMMANDS` asks for more.

use std::fs;
use std::os::unix::fs::symlink;

use crate::util::{Scratch, gzip, idx, png};

/// Where the drawing begins.
const SEED: u64 = 20_261_126;

/// A small generator for tests (SplitMix64), so that the same commands are drawn everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// True once in `count` times.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Images of `rows` x `columns` pixels in `classes` classes, under the usual names.
fn set(scratch: &Scratch, folder: &str, [count, rows, columns]: [u32; 3], classes: u32) {
    fs::create_dir_all(scratch.join(folder)).unwrap();
    for (prefix, count) in [("train", count), ("t10k", count.div_ceil(4))] {
        let pixels: Vec<u8> = (0..count * rows * columns)
            .map(|pixel| (pixel.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let labels: Vec<u8> = (0..count).map(|image| (image % classes) as u8).collect();
        scratch.write(
            format!("{folder}/{prefix}-images-idx3-ubyte"),
            idx(&[count, rows, columns], &pixels),
        );
        scratch.write(
            format!("{folder}/{prefix}-labels-idx1-ubyte"),
            idx(&[count], &labels),
        );
    }
}

/// Thirty folders, each odd in its own way.
fn folders(scratch: &Scratch) -> Vec<String> {
    let shapes = [
        ([1, 8, 8], 1),
        ([2, 8, 8], 2),
        ([31, 8, 8], 3),
        ([200, 8, 8], 10),
        ([60, 1, 1], 2),
        ([40, 3, 50], 4),
        ([5, 200, 200], 5),
        ([300, 4, 4], 256),
        ([100, 28, 28], 1),
    ];
    let mut folders: Vec<String> = Vec::new();
    for (number, (shape, classes)) in shapes.into_iter().enumerate() {
        let name = format!("shape{number}");
        set(scratch, &name, shape, classes);
        folders.push(name);
    }
    with_odd_names(scratch, &mut folders);
    with_odd_content(scratch, &mut folders);
    with_odd_files(scratch, &mut folders);
    folders
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// A folder of sixty images in three classes, changed by `change`.
fn odd(scratch: &Scratch, folders: &mut Vec<String>, name: &str, change: impl Fn(&str)) {
    set(scratch, name, [60, 8, 8], 3);
    change(name);
    folders.push(name.to_owned());
}

fn with_odd_names(scratch: &Scratch, folders: &mut Vec<String>) {
    let mut odd = |name: &str, change: &dyn Fn(&str)| odd(scratch, folders, name, change);
    let text = |name: &str, text: &str| scratch.write(name, text);
    odd("blank names", &|at: &str| {
        text(&format!("{at}/classes.txt"), "a\n\nc\n")
    });
    odd("few-names", &|at: &str| {
        text(&format!("{at}/classes.txt"), "a\n")
    });
    odd("no-names", &|at: &str| {
        text(&format!("{at}/classes.txt"), "")
    });
    odd("odd-names", &|at: &str| {
        text(
            &format!("{at}/classes.txt"),
            "\u{feff}a\tb\n\u{1b}[31mred\n\u{202e}c\n",
        )
    });
    odd("latin", &|at: &str| {
        scratch.write(format!("{at}/classes.txt"), b"\xe4\n\xf6\n\xfc\n")
    });
    odd("long-names", &|at: &str| {
        text(
            &format!("{at}/classes.txt"),
            &format!("{0}a\n{0}b\n{0}c\n", "x".repeat(500)),
        )
    });
}

fn with_odd_content(scratch: &Scratch, folders: &mut Vec<String>) {
    let mut odd = |name: &str, change: &dyn Fn(&str)| odd(scratch, folders, name, change);
    odd("cut", &|at: &str| {
        scratch.write(
            format!("{at}/{IMAGES}"),
            idx(&[60, 8, 8], &[7; 60 * 64 - 9]),
        )
    });
    odd("more-labels", &|at: &str| {
        scratch.write(format!("{at}/{LABELS}"), idx(&[61], &[0; 61]))
    });
    odd("high-labels", &|at: &str| {
        scratch.write(format!("{at}/{LABELS}"), idx(&[60], &[255; 60]))
    });
    odd("one-class", &|at: &str| {
        scratch.write(format!("{at}/{LABELS}"), idx(&[60], &[2; 60]))
    });
    odd("blank", &|at: &str| {
        scratch.write(format!("{at}/{IMAGES}"), idx(&[60, 8, 8], &[0; 60 * 64]))
    });
    odd("nothing-in-it", &|at: &str| {
        scratch.write(format!("{at}/{IMAGES}"), idx(&[0, 8, 8], &[]))
    });
    odd("no-pixels", &|at: &str| {
        scratch.write(format!("{at}/{IMAGES}"), idx(&[60, 0, 8], &[]))
    });
    odd("huge-count", &|at: &str| {
        scratch.write(
            format!("{at}/{IMAGES}"),
            idx(&[u32::MAX, 1 << 16, 1 << 16], &[]),
        )
    });
    odd("empty-file", &|at: &str| {
        scratch.write(format!("{at}/{IMAGES}"), b"")
    });
    odd("text", &|at: &str| {
        scratch.write(
            format!("{at}/{IMAGES}"),
            b"<!DOCTYPE html><title>403</title>",
        )
    });
}

fn with_odd_files(scratch: &Scratch, folders: &mut Vec<String>) {
    let mut odd = |name: &str, change: &dyn Fn(&str)| odd(scratch, folders, name, change);
    odd("packed", &|at: &str| {
        let bytes = scratch.read(format!("{at}/{IMAGES}"));
        fs::remove_file(scratch.join(at).join(IMAGES)).unwrap();
        scratch.write(format!("{at}/{IMAGES}.gz"), gzip(&bytes));
    });
    odd("not-packed", &|at: &str| {
        let bytes = scratch.read(format!("{at}/{IMAGES}"));
        fs::remove_file(scratch.join(at).join(IMAGES)).unwrap();
        scratch.write(format!("{at}/{IMAGES}.gz"), bytes);
    });
    odd("folder-for-a-file", &|at: &str| {
        fs::remove_file(scratch.join(at).join(LABELS)).unwrap();
        fs::create_dir(scratch.join(at).join(LABELS)).unwrap();
    });
    odd("link-in-a-circle", &|at: &str| {
        fs::remove_file(scratch.join(at).join(LABELS)).unwrap();
        symlink(LABELS, scratch.join(at).join(LABELS)).unwrap();
    });
    odd("pipe", &|at: &str| {
        fs::remove_file(scratch.join(at).join(IMAGES)).unwrap();
        scratch.fifo(&format!("{at}/{IMAGES}"));
    });
}

/// Options that `train` has, and values good and bad.
const SETTINGS: &[(&str, &[&str])] = &[
    ("--preset", &["article", "wide", "narrow"]),
    ("--hidden", &["8", "none", "16,8", "0", "x", "99999999"]),
    ("--epochs", &["1", "2", "0", "-1"]),
    ("--batches", &["1", "3", "25", "1000000"]),
    ("--batch-size", &["1", "20", "0"]),
    ("--learning-rate", &["0.01", "1e9", "nan", "100"]),
    ("--activation", &["relu", "tanh", "sigmoid", "gelu"]),
    ("--output", &["softmax", "sigmoid"]),
    ("--engine", &["auto", "naive", "blas", "fixed", "gpu"]),
    ("--dtype", &["f32", "f64", "f16"]),
    ("--holdout", &["0", "0.5", "0.999", "1"]),
    ("--stratify", &["on", "off", "maybe"]),
    ("--flip", &["on", "off", "maybe"]),
    ("--shift", &["0", "2", "28", "-1"]),
    ("--erase", &["0", "0.5", "1", "1.5"]),
    ("--folds", &["2", "3", "1", "99999"]),
    ("--fold", &["1", "3", "0"]),
    ("--scale", &["none", "standard"]),
    ("--shuffle", &["on", "off", "maybe"]),
    ("--threads", &["1", "2", "3", "0", "9999"]),
    ("--memory", &["1", "1K", "1G", "much"]),
    ("--eval-every", &["0", "1", "7"]),
    ("--momentum", &["0.9", "1"]),
    ("--l2", &["0", "0.5", "-1"]),
    ("--seed", &["0", "42", "4294967296"]),
    ("--split-seed", &["0", "42", "-1"]),
    ("--order-seed", &["0", "42", "4294967296"]),
    ("--init", &["uniform", "he", "xavier"]),
    ("--reduction", &["sum", "mean"]),
];

fn training(draw: &mut Draw, number: usize, data: &str) -> Vec<String> {
    let mut words = vec![
        "train",
        "--data",
        data,
        "--epochs",
        "1",
        "--progress",
        "none",
    ];
    for _ in 0..draw.below(6) {
        let (flag, values) = SETTINGS[draw.below(SETTINGS.len())];
        words.extend([flag, draw.of(values)]);
    }
    for extra in ["--report", "--json", "-q", "--tensorboard"] {
        if draw.once_in(5) {
            words.push(extra);
        }
    }
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    words.extend(["--out".to_owned(), format!("run{number}")]);
    words
}

fn command(draw: &mut Draw, number: usize, data: &str, files: &[&str]) -> Vec<String> {
    let file = draw.of(files);
    let words: Vec<&str> = match draw.below(9) {
        0..3 => return training(draw, number, data),
        3 => vec![
            "evaluate",
            "--model",
            file,
            "--data",
            data,
            "--split",
            draw.of(&["train", "heldout", "test"]),
        ],
        4 => vec![
            "predict",
            "--model",
            file,
            draw.of(&["a.png", "b.png", "nowhere.png"]),
            draw.of(files),
        ],
        5 => vec![
            "explore",
            "--data",
            data,
            "--images",
            draw.of(&["0", "3", "100000"]),
            draw.of(&["--json", "-q"]),
        ],
        6 => {
            let mut words = vec![
                "export",
                "--model",
                file,
                "--format",
                draw.of(&["onnx", "npz", "csv", "pdf"]),
            ];
            let out = format!("out{number}");
            words.push("--out");
            let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            words.push(out);
            return words;
        }
        7 => vec![
            draw.of(&["report", "plot"]),
            draw.of(&["model", "a.png", "nowhere", "."]),
            "--data",
            data,
        ],
        _ => vec![
            "bench",
            "--data",
            data,
            "--epochs",
            "1",
            "--engine",
            draw.of(&["naive", "blas", "fixed"]),
            "--dtype",
            "f32",
            "-q",
        ],
    };
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn whatever_is_asked_is_answered() {
    let count =
        std::env::var("GINGHAM_ODD_COMMANDS").map_or(100, |text| text.parse().expect("a number"));
    let scratch = Scratch::new();
    let folders = folders(&scratch);
    assert_eq!(folders.len(), 30);
    set(&scratch, "good", [60, 8, 8], 3);
    scratch.done("train -q --data good --out model --epochs 1 --batches 3 --hidden 8");
    let grey = |size: u32| {
        png(
            [size; 2],
            png::ColorType::Grayscale,
            png::BitDepth::Eight,
            &vec![100; (size * size) as usize],
        )
    };
    scratch.write("a.png", grey(8));
    scratch.write("b.png", grey(9));
    let model = scratch.read("model/model.safetensors");
    scratch.write("cut.safetensors", &model[..model.len() / 2]);
    scratch.write("empty.safetensors", b"");
    let files = [
        "model/model.safetensors",
        "cut.safetensors",
        "empty.safetensors",
        "nowhere",
        "good",
        "a.png",
    ];

    let mut draw = Draw(SEED);
    let mut answered = 0;
    for number in 0..count {
        let data = &folders[draw.below(folders.len())];
        let arguments = command(&mut draw, number, data, &files);
        let outcome = scratch.gingham("").args(&arguments).deadline(20).outcome();
        let code = outcome
            .code()
            .unwrap_or_else(|| panic!("a signal ended: {outcome}"));
        assert!((0..=4).contains(&code), "exit code {code}: {outcome}");
        outcome.has_code(code); // and no panic
        assert!(
            code == 0 || outcome.stderr.contains("error: "),
            "no message: {outcome}"
        );
        answered += usize::from(code == 0);
    }
    // Commands that are all refused, or all fine, would try nothing.
    assert!(
        answered > count / 10 && answered < count * 9 / 10,
        "{answered} of {count} done"
    );
}
