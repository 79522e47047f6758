//! Data sets as people have them: under the names that archives give the files, packed by other tools, with class names in another
//! order, and with fewer classes than a model.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::util::{Scratch, gzip, idx};

const MODEL: &str = "run/model.safetensors";
const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";
const FILES: [&str; 4] = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];

/// Copies the files of the data set to `to`, each to the place that `place` gives it, and none where that is empty.
fn copy(scratch: &Scratch, to: &str, place: impl Fn(&str) -> String) {
    for file in FILES.into_iter().chain(["classes.txt"]) {
        let name = place(file);
        if !name.is_empty() {
            let path = scratch.join(to).join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::copy(scratch.join("data").join(file), path).expect("a copy");
        }
    }
}

/// What `explore` counts in a folder.
#[track_caller]
fn explored(scratch: &Scratch, folder: &str) -> Value {
    let mut found = scratch
        .done(&format!("explore --json --data {folder}"))
        .json();
    found["data"].take();
    found
}

#[test]
fn files_are_read_under_the_names_that_archives_give_them() {
    let scratch = Scratch::with_data();
    let expected = explored(&scratch, "data");
    assert!(expected["test"].is_object(), "{expected}");
    let dotted = |name: &str| name.replace("-idx", ".idx");
    let of_test = |name: &str| name.replace("t10k", "test");
    type Place<'a> = &'a dyn Fn(&str) -> String;
    let plain = |name: &str| name.replacen("t10k-", "", 1).replacen("train-", "", 1);
    let in_pair = |name: &str| match name {
        "classes.txt" => name.to_owned(),
        name if name.starts_with("train") => format!("Train/{}", plain(name)),
        name => format!("test/{}", plain(name)),
    };
    let places: [(&str, Place); 12] = [
        ("raw-in-capitals", &|name| match name {
            "classes.txt" => name.to_owned(),
            name => format!("RAW/{name}"),
        }),
        ("words", &|name| {
            let name = name.replace("t10k", "testing");
            name.replace("train", "training")
        }),
        ("pairs", &in_pair),
        ("named-pairs", &|name| match name {
            "classes.txt" => name.to_owned(),
            name if name.starts_with("train") => format!("training/{name}"),
            name => format!("testing/{}", of_test(name)),
        }),
        ("dotted", &dotted),
        ("half-dotted", &|name| {
            if name.starts_with("t10k") {
                dotted(name)
            } else {
                name.to_owned()
            }
        }),
        ("tests", &of_test),
        ("upper", &|name| match name {
            "classes.txt" => name.to_owned(),
            name => name.to_uppercase(),
        }),
        ("nested", &|name| match name {
            "classes.txt" => name.to_owned(),
            name => format!("{}/{name}", dotted(name)),
        }),
        ("torch", &|name| format!("FashionMNIST/raw/{name}")),
        ("above", &|name| match name {
            "classes.txt" => name.to_owned(),
            name => format!("raw/{name}"),
        }),
        ("emnist", &|name| match name {
            "classes.txt" => name.to_owned(),
            name => of_test(&format!("emnist-letters-{name}")),
        }),
    ];
    for (folder, place) in places {
        copy(&scratch, folder, place);
        assert_eq!(explored(&scratch, folder), expected, "{folder}");
    }
    // Packed ones too, and a file that is there twice, as in Kaggle's archive, with one content.
    for name in FILES {
        let path = scratch.join("tests").join(of_test(name));
        let bytes = fs::read(&path).expect("a file");
        fs::remove_file(&path).expect("a file");
        scratch.write(format!("tests/{}.GZ", of_test(name)), gzip(&bytes));
        scratch.write(format!("tests/{}", dotted(name)), bytes);
    }
    // What macOS leaves beside the files of an archive.
    scratch.write(format!("tests/._{TEST_IMAGES}"), "Mac OS X");
    assert_eq!(explored(&scratch, "tests"), expected);
}

/// Validation files are nobody's, so they are named wherever the folder is read.
#[test]
fn validation_files_are_named() {
    let scratch = Scratch::with_model();
    copy(&scratch, "three", str::to_owned);
    for word in ["val", "valid", "validation"] {
        let names = [TEST_IMAGES, TEST_LABELS].map(|name| name.replace("t10k", word));
        for (name, file) in names.iter().zip([TEST_IMAGES, TEST_LABELS]) {
            let bytes = scratch.read(format!("data/{file}"));
            scratch.write(format!("three/{name}"), bytes);
        }
        let says = [
            &names[0],
            "validation files are not read",
            "--holdout",
            TEST_IMAGES,
        ];
        for command in [
            "explore --json --data three",
            "train --progress none --epochs 1 --hidden 8 --data three",
            "evaluate --json --model run --data three",
            "report run --force --data three",
            "plot run --force --kind confusion --data three",
        ] {
            let outcome = scratch.done(command);
            for says in says {
                assert!(outcome.stderr.contains(says), "{outcome}");
            }
        }
        for name in names {
            fs::rename(
                scratch.join("three").join(&name),
                scratch.join("data").join(&name),
            )
            .expect("a file");
            copy_only(&scratch, &format!("only-{word}"), &name);
            fs::remove_file(scratch.join("data").join(&name)).expect("a file");
        }
        let command = format!("explore --data only-{word}");
        scratch.refuses(
            3,
            &command,
            &["no training files", "validation files are not read"],
        );
    }
    // In a folder beside the data set, and beside the folders of its pairs.
    copy(&scratch, "beside", str::to_owned);
    copy(&scratch, "split", |name| match name.split_once('-') {
        Some(("train", rest)) => format!("train/{rest}"),
        Some((_, rest)) => format!("test/{rest}"),
        None => name.to_owned(),
    });
    for folder in ["beside", "split"] {
        copy(&scratch, &format!("{folder}/val"), |name| match name {
            TEST_IMAGES | TEST_LABELS => name.to_owned(),
            _ => String::new(),
        });
        assert_eq!(explored(&scratch, folder), explored(&scratch, "data"));
        let outcome = scratch.done(&format!("explore --data {folder}"));
        assert!(outcome.stderr.contains("val/t10k-images"), "{outcome}");
    }
    // Folders of pairs that hold no data files.
    fs::create_dir_all(scratch.join("pictures/train/cat")).expect("a folder");
    let says = [
        "pictures/train",
        "no train-images-idx3-ubyte and train-labels",
        "pictures",
    ];
    scratch.refuses(3, "explore --data pictures", &says);
    // A folder called after a pair that has a whole data set.
    copy(&scratch, "outer/train", str::to_owned);
    scratch.refuses(
        3,
        "explore --data outer",
        &["are in outer/train: give that folder"],
    );
}

fn copy_only(scratch: &Scratch, to: &str, name: &str) {
    fs::create_dir_all(scratch.join(to)).expect("a folder");
    let from = scratch.join("data").join(name);
    fs::copy(from, scratch.join(to).join(name)).expect("a copy");
}

#[test]
fn test_files_alone_are_explored() {
    let scratch = Scratch::with_data();
    for name in [TEST_IMAGES, TEST_LABELS] {
        copy_only(&scratch, "only", name);
    }
    let (found, whole) = (explored(&scratch, "only"), explored(&scratch, "data"));
    assert_eq!(found["train"], Value::Null);
    assert_eq!(found["test"], whole["test"]);
    assert_eq!(found["overlap"], Value::Null);
    assert_eq!(found["class_names"][9], "9");
    copy_only(&scratch, "only", "classes.txt");
    assert_eq!(
        explored(&scratch, "only")["class_names"],
        whole["class_names"]
    );
    let text = scratch.done("explore --data only").stdout;
    assert!(
        text.contains("test") && !text.contains("training"),
        "{text}"
    );
    scratch.done("explore -q --data only --pixels 3");
    scratch.done("explore -q --data only --figures pictures --map 0");
    let title = scratch.text("pictures/pixel-histogram.svg");
    assert!(title.contains("of the test images"), "{title}");
    let says = ["only", "expected training files", "found none"];
    scratch.refuses(3, "explore --data only --of train", &says);
    // A test label that no training image has.
    fs::remove_file(scratch.join("data/classes.txt")).expect("a file");
    let mut labels = scratch.read(format!("data/{TEST_LABELS}"));
    labels[8 + 4] = 10;
    scratch.write(format!("data/{TEST_LABELS}"), labels);
    let says = [
        "labels 0 to 9",
        "a classes.txt can name more classes",
        "label 10 at image 4",
    ];
    scratch.refuses(3, "explore --data data", &says);
    scratch.refuses(3, "train --data data --out new", &says);
}

#[test]
fn files_that_could_be_meant_are_named() {
    let scratch = Scratch::with_model();
    let mut changed = scratch.read(format!("data/{TRAIN_IMAGES}"));
    changed[16] ^= 1;
    let dotted = TRAIN_IMAGES.replace("-idx", ".idx");
    for (folder, other) in [("two", dotted), ("below", format!("raw/{TRAIN_IMAGES}"))] {
        copy(&scratch, folder, str::to_owned);
        let _ = fs::create_dir(scratch.join(folder).join("raw"));
        scratch.write(format!("{folder}/{other}"), &changed);
        let says = [&other, "which differ", "move one", TRAIN_IMAGES];
        scratch.refuses(3, &format!("explore --data {folder}"), &says);
        scratch.refuses(3, &format!("train --out new --data {folder}"), &says);
        scratch.refuses(
            3,
            &format!("evaluate --model {MODEL} --data {folder}"),
            &says,
        );
    }
    // One file of a pair, whatever it is called.
    copy(&scratch, "half", |name| match name {
        TEST_LABELS => String::new(),
        TEST_IMAGES => "test-images.idx3-ubyte".to_owned(),
        name => name.to_owned(),
    });
    let says = [
        TEST_LABELS,
        "No such file",
        "half/test-images.idx3-ubyte is there",
    ];
    scratch.refuses(3, "explore --data half", &says);
    // The test files of another set.
    copy(&scratch, "mixed", |name| {
        if name.starts_with("t10k") {
            format!("letters-{name}")
        } else {
            name.to_owned()
        }
    });
    scratch.refuses(
        3,
        "explore --data mixed",
        &["letters-t10k", "of the same data set", "another set"],
    );
    // A folder above, and test files alone, which only a model can be asked about.
    copy(&scratch, "above/below", str::to_owned);
    scratch.refuses(
        3,
        "explore --data above",
        &[TRAIN_IMAGES, "No such file", "are in above/below"],
    );
    copy(&scratch, "only", |name| {
        if name.starts_with("train") {
            String::new()
        } else {
            name.to_owned()
        }
    });
    scratch.refuses(
        3,
        "train --out new --data only",
        &[TRAIN_IMAGES, "No such file", "test files alone"],
    );
}

#[test]
fn packed_files_as_other_tools_leave_them() {
    let scratch = Scratch::with_data();
    let expected = explored(&scratch, "data");
    copy(&scratch, "odd", str::to_owned);
    let raw = scratch.read(format!("data/{TRAIN_IMAGES}"));
    fs::remove_file(scratch.join("odd").join(TRAIN_IMAGES)).expect("a file");
    let name = format!("{TRAIN_IMAGES}.gz");
    let put = |bytes: &[u8]| scratch.write(format!("odd/{name}"), bytes);
    // Filled up to a block of a tape, and cut into members.
    put(&[&gzip(&raw)[..], &[0; 512]].concat());
    assert_eq!(explored(&scratch, "odd"), expected);
    put(&[gzip(&raw[..9]), gzip(&[]), gzip(&raw[9..])].concat());
    assert_eq!(explored(&scratch, "odd"), expected);
    for (bytes, says) in [
        (gzip(&gzip(&raw)), "packed twice"),
        (raw.clone(), "not packed: name it without .gz"),
        (b"<!DOCTYPE html>".to_vec(), "HTML"),
        (b"PK\x03\x04".to_vec(), "zip archive"),
        (
            [&gzip(&raw)[..], b"junk"].concat(),
            "nothing but zeros behind",
        ),
        (Vec::new(), "an empty file"),
    ] {
        put(&bytes);
        scratch.refuses(3, "explore --data odd", &[&name, says]);
    }
}

/// A copy of the data set with its classes in reverse order, and their names too.
fn write_reversed(scratch: &Scratch, to: &str) {
    copy(scratch, to, str::to_owned);
    for file in [TRAIN_LABELS, TEST_LABELS] {
        let mut bytes = scratch.read(format!("data/{file}"));
        bytes[8..].iter_mut().for_each(|label| *label = 9 - *label);
        scratch.write(format!("{to}/{file}"), bytes);
    }
    let names = scratch.text("data/classes.txt");
    let reversed: Vec<&str> = names.lines().rev().collect();
    scratch.write(format!("{to}/classes.txt"), reversed.join("\n"));
}

#[test]
fn labels_are_matched_by_the_names_of_classes() {
    let scratch = Scratch::with_model();
    let evaluate = |folder: &str, more: &str| {
        scratch.done(&format!(
            "evaluate --json --model run --data {folder} {more}"
        ))
    };
    let expected = evaluate("data", "").json();
    write_reversed(&scratch, "turned");
    let found = evaluate("turned", "");
    assert_eq!(found.json(), expected);
    assert!(
        found.stderr.contains("note: ") && found.stderr.contains("matched by name"),
        "{found}"
    );
    // By number: each row of the confusion matrix is another class's.
    let by_number = evaluate("turned", "--by-number");
    assert!(!by_number.stderr.contains("by name"), "{by_number}");
    let rows = |answer: &Value| answer["confusion"].as_array().expect("a list").clone();
    let mut reversed = rows(&by_number.json());
    reversed.reverse();
    assert_eq!(reversed, rows(&expected));
    // The report and its figures ask the same question.
    let report = scratch.done("report run --data turned --out page.html");
    assert!(report.stderr.contains("matched by name"), "{report}");
    let plot = scratch.done("plot run --kind confusion --data turned --out turned.svg");
    assert!(plot.stderr.contains("matched by name"), "{plot}");
    scratch.done("plot run --kind confusion --data data --out plain.svg");
    assert_eq!(scratch.read("turned.svg"), scratch.read("plain.svg"));

    // Other names are refused, with the way out.
    let names = "alpha\nbeta\ngamma\ndelta\nepsilon\nzeta\neta\ntheta\niota\nkappa\n";
    scratch.write("turned/classes.txt", names);
    let says = ["T-shirt/top", "alpha", "--by-number"];
    for command in [
        "evaluate --model run",
        "report run --out other.html",
        "plot run --kind confusion --out other.svg",
    ] {
        scratch.refuses(3, &format!("{command} --data turned"), &says);
        let out = scratch.done(&format!("{command} --data turned --by-number"));
        assert!(!out.stderr.contains("by name"), "{out}");
    }
    // Numbers are no names.
    scratch.write("turned/classes.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    let numbered = evaluate("turned", "");
    assert_eq!(numbered.json(), by_number.json());
    assert!(!numbered.stderr.contains("by name"), "{numbered}");
}

#[test]
fn a_model_is_asked_about_some_of_its_classes() {
    let scratch = Scratch::with_model();
    let [images, labels] =
        [TEST_IMAGES, TEST_LABELS].map(|file| scratch.read(format!("data/{file}")));
    fs::create_dir(scratch.join("only")).expect("a folder");
    scratch.write(format!("only/{TEST_IMAGES}"), &images);
    scratch.write(format!("only/{TEST_LABELS}"), &labels);
    let of_data = |name: &str| {
        scratch
            .done(&format!("evaluate --json --model {MODEL} --data {name}"))
            .json()
    };
    assert_eq!(of_data("only"), of_data("data"));
    for split in ["train", "heldout"] {
        let command = format!("evaluate --model {MODEL} --data only --split {split}");
        scratch.refuses(3, &command, &["only", "training files", "found none"]);
    }
    // Six of the ten classes, without names.
    let six: Vec<usize> = (0..100).filter(|&place| labels[8 + place] < 6).collect();
    let pixels: Vec<u8> = six
        .iter()
        .flat_map(|place| images[16 + place * 784..][..784].to_vec())
        .collect();
    let own: Vec<u8> = six.iter().map(|place| labels[8 + place]).collect();
    let count = six.len() as u32;
    for prefix in ["train", "t10k"] {
        fs::create_dir_all(scratch.join("six")).expect("a folder");
        scratch.write(
            format!("six/{prefix}-images-idx3-ubyte"),
            idx(&[count, 28, 28], &pixels),
        );
        scratch.write(
            format!("six/{prefix}-labels-idx1-ubyte"),
            idx(&[count], &own),
        );
    }
    let found = of_data("six");
    assert_eq!(found["images"], count);
    let all = of_data("data");
    assert_eq!(found["confusion"][3], all["confusion"][3]);
    // A class that the model does not have.
    let mut beyond = labels;
    beyond[8 + 4] = 10;
    scratch.write(format!("only/{TEST_LABELS}"), beyond);
    let says = [
        TEST_LABELS,
        "expected labels 0 to 9",
        "model has no more",
        "label 10 at image 4",
    ];
    scratch.refuses(3, &format!("evaluate --model {MODEL} --data only"), &says);
}

#[test]
fn names_of_classes_in_every_form_of_text() {
    let scratch = Scratch::with_data();
    copy(&scratch, "named", str::to_owned);
    let names = scratch.text("data/classes.txt");
    let with_mark = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    let wide = names.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let expected = explored(&scratch, "data");
    for bytes in [
        with_mark(b"\xef\xbb\xbf", names.replace('\n', "\r\n").into()),
        with_mark(b"\xff\xfe", wide),
        names.replace('\n', "\r").into(),
        format!("{names}\n\n \n").into(),
    ] {
        scratch.write("named/classes.txt", bytes);
        assert_eq!(explored(&scratch, "named"), expected);
    }
    fs::remove_file(scratch.join("named/classes.txt")).expect("a file");
    scratch.write("named/Classes.txt.gz", gzip(names.as_bytes()));
    assert_eq!(explored(&scratch, "named"), expected);
    scratch.write("named/Classes.txt.gz", &names);
    let says = ["Classes.txt.gz", "expected gzip data"];
    scratch.refuses(3, "explore --data named", &says);
    let blank = names.replacen('\n', "\n\n", 1);
    scratch.write("named/classes.txt", &blank);
    let says = ["classes.txt", "no name in line 2", "by its number, 1"];
    scratch.refuses(3, "explore --data named", &says);
    scratch.refuses(3, "train --data named --out new", &says);
    let import = "import net.safetensors --scale unit --classes named/classes.txt --out new";
    scratch.refuses(3, import, &says);
}

/// Unicode writes one letter in several ways, and file systems turn one into the other.
#[test]
fn names_that_look_the_same_and_very_long_names() {
    let scratch = Scratch::with_data();
    let names = scratch.text("data/classes.txt");
    scratch.write("data/classes.txt", names.replace("Trouser", "caf\u{e9}"));
    scratch.done("train -q --data data --out run --epochs 1 --hidden 8");
    scratch.write("data/classes.txt", names.replace("Trouser", "cafe\u{301}"));
    let evaluate = "evaluate --model run --data data";
    let says = [
        "looks the same",
        r"caf\u{e9} there",
        r"cafe\u{301} here",
        "--by-number",
    ];
    scratch.refuses(3, evaluate, &says);
    scratch.done(&format!("{evaluate} --by-number"));
    scratch.write(
        "data/classes.txt",
        names.replace("Trouser", &"long ".repeat(2000)),
    );
    let outcome = scratch.gingham(evaluate).outcome();
    outcome.is_refusal(3, &["long long", "\u{2026}", "--by-number"]);
    assert!(outcome.stderr.len() < 1000, "{outcome}");
}

/// Names that a terminal would obey, or that break a column: quoted in text, whole in JSON.
#[test]
fn names_with_control_characters() {
    let scratch = Scratch::with_data();
    let names = scratch.text("data/classes.txt");
    let odd = names
        .replace("Trouser", "Trou\tser")
        .replace("Dress", "\x1b[31mDress");
    scratch.write("data/classes.txt", odd);
    scratch.done("train -q --data data --out run --epochs 2 --hidden 8");
    let text = scratch.done("evaluate --model run --data data").stdout;
    for name in [r"$'Trou\tser'", r"$'\x1b[31mDress'"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains(['\t', '\x1b']), "{text}");
    let json = scratch
        .done("evaluate --json --model run --data data")
        .json();
    assert_eq!(json["class_names"][1], "Trou\tser");

    let picture = crate::util::png(
        [28, 28],
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &[9; 784],
    );
    scratch.write("a\tb\n.png", picture);
    let predict = |more: &str| {
        let run = scratch.gingham(&format!("predict --model run --proba {more}"));
        run.arg(Path::new("a\tb\n.png")).outcome().succeeded()
    };
    let outcome = predict("--header");
    let lines: Vec<Vec<&str>> = outcome
        .stdout
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 2, "{outcome}");
    assert_eq!((lines[0].len(), lines[1].len()), (13, 13), "{outcome}");
    assert_eq!(
        lines[0][..5],
        ["image", "class", "name", "T-shirt/top", r"$'Trou\tser'"]
    );
    assert_eq!(lines[1][0], r"$'a\tb\n.png'");
    assert!(
        outcome.stderr.contains(r"$'a\tb\n.png': one colour"),
        "{outcome}"
    );
    assert_eq!(predict("--json").json()["image"], "a\tb\n.png");
}

/// A message keeps to its line, and obeys no name.
#[test]
fn messages_about_odd_names() {
    let scratch = Scratch::new();
    let run = |arguments: &str, name: &str| scratch.gingham(arguments).arg(name).outcome();
    for outcome in [
        run("evaluate --model", "no\x1b[31m\nmodel"),
        run("explore --data", "no\x1b[31m\nmodel"),
        run("predict --model x --idx", "no\x1b[31m\nmodel"),
    ] {
        outcome.is_refusal(3, &[]);
        assert!(!outcome.stderr.contains('\x1b'), "{outcome}");
    }
}

/// No network takes images that are vast; `bench` says of a network that nobody gave how large they are.
#[test]
fn bench_on_vast_images_speaks_of_the_images() {
    let scratch = Scratch::new();
    let side = 6_600_u32;
    fs::create_dir(scratch.join("data")).expect("a folder");
    let name = "data/train-images-idx3-ubyte";
    scratch.write(name, idx(&[1, side, side], &[]));
    let file = fs::File::options().write(true).open(scratch.join(name));
    let whole = 16 + u64::from(side * side);
    file.expect("a file").set_len(whole).expect("a sparse file");
    scratch.write("data/train-labels-idx1-ubyte", idx(&[1], &[0]));
    let says = ["hidden: expected at most", "43560000, 50, 1"];
    let of_images = [says[0], says[1], "6600 x 6600"];
    scratch.refuses(2, "bench -q --data data --epochs 1", &of_images);
    scratch.refuses(
        2,
        "train -q --data data --batches 1 --holdout 0 --out new",
        &says,
    );
}
