//! Data sets whose bytes are wrong, or do not belong together.

use std::fs;

use super::*;
use crate::util::{Scratch, gzip, idx};

/// A name, the bytes of a file made from good ones, and what the message says of them.
type Defect = (
    &'static str,
    fn(Vec<u8>) -> Vec<u8>,
    &'static [&'static str],
);

const IMAGE_DEFECTS: &[Defect] = &[
    (
        "empty",
        |_| Vec::new(),
        &["expected an IDX file", "found an empty one"],
    ),
    (
        "three bytes",
        |good| good[..3].to_vec(),
        &["expected a header of 16 bytes, found 3"],
    ),
    (
        "half a header",
        |good| good[..15].to_vec(),
        &["expected a header of 16 bytes, found 15"],
    ),
    (
        "short by a byte",
        |good| shortened(good, 1),
        &["expected 235216 bytes", "found 235215 (1 short)"],
    ),
    (
        "long by a byte",
        |good| [good, vec![0]].concat(),
        &["expected 235216 bytes", "found 235217 (1 too many)"],
    ),
    (
        "magic",
        |good| changed(good, 0, 0x50),
        &["two zero bytes", "found [50, 00]"],
    ),
    (
        "packed, but named as raw",
        |good| gzip(&good),
        &["two zero bytes", "found [1f, 8b]", ".gz"],
    ),
    (
        "type",
        |good| changed(good, 2, 0x0d),
        &["expected elements of type 0x08", "found type 0x0d"],
    ),
    (
        "labels",
        |good| idx(&[300], &good[16..316]),
        &["expected images (rank 3), found rank 1", "swapped?"],
    ),
    (
        "rank 2",
        |good| changed(good, 3, 2),
        &["expected images (rank 3), found rank 2"],
    ),
    (
        "rank 255",
        |good| changed(good, 3, 255),
        &["expected images (rank 3), found rank 255"],
    ),
    (
        "no image",
        |_| idx(&[0, 28, 28], &[]),
        &["expected at least one image, found none"],
    ),
    (
        "no row",
        |_| idx(&[300, 0, 28], &[]),
        &["expected at least one row, found none"],
    ),
    (
        "no column",
        |_| idx(&[300, 28, 0], &[]),
        &["expected at least one column, found none"],
    ),
    (
        "overflow",
        |_| idx(&[u32::MAX; 3], &[1; 64]),
        &["4294967295", "their product overflows"],
    ),
    (
        "overflow of a signed size",
        |_| idx(&[1 << 31, 1 << 31, 2], &[1; 64]),
        &["their product overflows"],
    ),
    (
        "many images",
        |good| idx(&[1 << 31, 28, 28], &good[16..]),
        &["expected 1683627180048 bytes", "found 235216"],
    ),
    (
        "one image more",
        |good| idx(&[301, 28, 28], &good[16..]),
        &["expected 236000 bytes", "(784 short)"],
    ),
];

const LABEL_DEFECTS: &[Defect] = &[
    (
        "empty",
        |_| Vec::new(),
        &["expected an IDX file", "found an empty one"],
    ),
    (
        "half a header",
        |good| good[..7].to_vec(),
        &["expected a header of 8 bytes, found 7"],
    ),
    (
        "short by a byte",
        |good| shortened(good, 1),
        &["expected 308 bytes", "found 307 (1 short)"],
    ),
    (
        "long by a byte",
        |good| [good, vec![0]].concat(),
        &["expected 308 bytes", "found 309 (1 too many)"],
    ),
    (
        "magic",
        |good| changed(good, 1, 0xff),
        &["two zero bytes", "found [00, ff]"],
    ),
    (
        "type",
        |good| changed(good, 2, 0x0b),
        &["expected elements of type 0x08", "found type 0x0b"],
    ),
    (
        "images",
        |good| idx(&[3, 10, 10], &good[8..]),
        &["expected labels (rank 1), found rank 3", "swapped?"],
    ),
    (
        "no label",
        |_| idx(&[0], &[]),
        &["expected at least one label, found none"],
    ),
    (
        "one label less",
        |good| idx(&[299], &good[8..307]),
        &["expected 300 labels", TRAIN_IMAGES, "found 299"],
    ),
    (
        "one label more",
        |good| idx(&[301], &good[7..]),
        &["expected 300 labels", TRAIN_IMAGES, "found 301"],
    ),
    (
        "beyond the classes",
        |good| changed(good, 8 + 7, 10),
        &["expected labels 0 to 9", "found label 10 at image 7"],
    ),
    (
        "far beyond",
        |good| changed(good, 8 + 299, 255),
        &["expected labels 0 to 9", "found label 255 at image 299"],
    ),
];

#[test]
fn no_such_data() {
    let scratch = Scratch::with_model();
    scratch.refuses(
        3,
        "train --data nowhere --out new",
        &["nowhere", "no data set", "--data", "synth"],
    );
    scratch.refuses(
        3,
        &format!("evaluate --model {MODEL} --data nowhere"),
        &["nowhere", "no data set"],
    );
    // Not named at all: the default folder is.
    scratch.refuses(3, "train --out new", &["data/fashion-mnist", "no data set"]);
    let run = scratch
        .gingham("train --out new")
        .env("GINGHAM_DATA", "elsewhere");
    scratch.refuses_run(3, run, &["elsewhere", "no data set"]);
    scratch.refuses(
        3,
        &format!("train --data data/{TRAIN_IMAGES} --out new"),
        &[TRAIN_IMAGES, "irectory"],
    );
    for missing in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        copy_data(&scratch);
        fs::remove_file(scratch.join("bad").join(missing)).expect("it is there");
        data_is_refused(&scratch, &[missing, "cannot be read", "No such file"]);
    }
    fs::remove_dir_all(scratch.join("bad")).expect("it is there");
    fs::create_dir(scratch.join("bad")).expect("a folder");
    data_is_refused(&scratch, &[TRAIN_IMAGES, "No such file"]);
    let predict = format!("predict --model {MODEL} --idx nowhere");
    scratch.refuses(3, &predict, &["nowhere", "cannot be read", "No such file"]);
}

#[test]
fn defects_of_the_training_images() {
    let scratch = Scratch::with_model();
    copy_data(&scratch);
    for (_, make, says) in IMAGE_DEFECTS {
        scratch.write(
            format!("bad/{TRAIN_IMAGES}"),
            make(scratch.read(format!("data/{TRAIN_IMAGES}"))),
        );
        let says: Vec<&str> = [TRAIN_IMAGES].iter().chain(*says).copied().collect();
        data_is_refused(&scratch, &says);
        scratch.refuses(
            3,
            &format!("predict --model {MODEL} --idx bad/{TRAIN_IMAGES}"),
            &says,
        );
    }
}

#[test]
fn defects_of_the_training_labels() {
    let scratch = Scratch::with_model();
    copy_data(&scratch);
    for (_, make, says) in LABEL_DEFECTS {
        scratch.write(
            format!("bad/{TRAIN_LABELS}"),
            make(scratch.read(format!("data/{TRAIN_LABELS}"))),
        );
        data_is_refused(
            &scratch,
            &[TRAIN_LABELS]
                .iter()
                .chain(*says)
                .copied()
                .collect::<Vec<_>>(),
        );
    }
}

#[test]
fn defects_of_the_test_files() {
    let scratch = Scratch::with_model();
    let images = || scratch.read(format!("data/{TEST_IMAGES}"));
    let labels = || scratch.read(format!("data/{TEST_LABELS}"));
    let cases: [(&str, Vec<u8>, &[&str]); 7] = [
        (
            TEST_IMAGES,
            shortened(images(), 1),
            &["found 78415 (1 short)"],
        ),
        (
            TEST_IMAGES,
            idx(&[100], &[0; 100]),
            &["expected images (rank 3), found rank 1"],
        ),
        (
            TEST_IMAGES,
            idx(&[100, 14, 56], &images()[16..]),
            &["expected images of 28 x 28", "found 14 x 56"],
        ),
        (TEST_LABELS, Vec::new(), &["found an empty one"]),
        (
            TEST_LABELS,
            idx(&[99], &labels()[9..]),
            &["expected 100 labels", TEST_IMAGES, "found 99"],
        ),
        (
            TEST_LABELS,
            changed(labels(), 8 + 50, 10),
            &["expected labels 0 to 9", "found label 10 at image 50"],
        ),
        (
            TEST_LABELS,
            [labels(), vec![1, 2]].concat(),
            &["found 110 (2 too many)"],
        ),
    ];
    for (name, bytes, says) in cases {
        copy_data(&scratch);
        scratch.write(format!("bad/{name}"), bytes);
        data_is_refused(
            &scratch,
            &[name].iter().chain(says).copied().collect::<Vec<_>>(),
        );
    }
}

#[test]
fn swapped_files() {
    let scratch = Scratch::with_model();
    copy_data(&scratch);
    fs::copy(
        scratch.join("data").join(TRAIN_LABELS),
        scratch.join("bad").join(TRAIN_IMAGES),
    )
    .expect("a copy");
    fs::copy(
        scratch.join("data").join(TRAIN_IMAGES),
        scratch.join("bad").join(TRAIN_LABELS),
    )
    .expect("a copy");
    data_is_refused(
        &scratch,
        &[
            TRAIN_IMAGES,
            "expected images",
            "these are labels",
            "swapped?",
        ],
    );
    let predict = format!("predict --model {MODEL} --idx data/{TRAIN_LABELS}");
    scratch.refuses(
        3,
        &predict,
        &[TRAIN_LABELS, "expected images", "these are labels"],
    );
}

#[test]
fn class_names_that_do_not_fit() {
    let scratch = Scratch::with_model();
    copy_data(&scratch);
    let cases: [(&[u8], &[&str]); 5] = [
        (
            b"",
            &["classes.txt", "expected 1 to 256 class names", "found 0"],
        ),
        (
            b" \n\n \t\n",
            &["classes.txt", "expected 1 to 256 class names", "found 0"],
        ),
        (
            &b"name\n".repeat(257),
            &["classes.txt", "expected 1 to 256 class names", "found 257"],
        ),
        (b"one\n\xff\xfe\nthree\n", &["classes.txt", "UTF-8"]),
        (
            b"one\ntwo\n",
            &[
                TRAIN_LABELS,
                "expected labels 0 to 1",
                "classes.txt",
                "found label",
            ],
        ),
    ];
    for (bytes, says) in cases {
        scratch.write("bad/classes.txt", bytes);
        data_is_refused(&scratch, says);
    }
    fs::remove_file(scratch.join("bad/classes.txt")).expect("it is there");
    fs::create_dir(scratch.join("bad/classes.txt")).expect("a folder");
    data_is_refused(
        &scratch,
        &["classes.txt", "expected a regular file, found a directory"],
    );
    // Without names there are as many classes as training labels; a test label beyond them is none.
    fs::remove_dir(scratch.join("bad/classes.txt")).expect("it is there");
    let labels = scratch.read(format!("data/{TEST_LABELS}"));
    scratch.write(format!("bad/{TEST_LABELS}"), changed(labels, 8, 200));
    data_is_refused(
        &scratch,
        &[
            TEST_LABELS,
            "expected labels 0 to 9",
            "found label 200 at image 0",
        ],
    );
}

#[test]
fn damaged_gz() {
    let scratch = Scratch::with_model();
    copy_data(&scratch);
    fs::remove_file(scratch.join("bad").join(TRAIN_IMAGES)).expect("it is there");
    let name = format!("{TRAIN_IMAGES}.gz");
    let raw = scratch.read(format!("data/{TRAIN_IMAGES}"));
    let good = gzip(&raw);
    let cases: [(&str, Vec<u8>, &[&str]); 10] = [
        ("empty", Vec::new(), &[]),
        ("within gzip's header", good[..5].to_vec(), &[]),
        ("behind gzip's header", good[..11].to_vec(), &[]),
        ("in the middle", good[..good.len() / 2].to_vec(), &[]),
        ("before the checksum", shortened(good.clone(), 8), &[]),
        ("by a byte", shortened(good.clone(), 1), &[]),
        ("no gzip", raw.clone(), &[]),
        (
            "wrong checksum",
            {
                let at = good.len() - 6;
                changed(good.clone(), at, !good[at])
            },
            &[],
        ),
        (
            "short inside",
            gzip(&raw[..raw.len() - 1]),
            &["expected 235216 bytes", "found 235215 (1 short)"],
        ),
        (
            "long inside",
            gzip(&[&raw[..], &[0]].concat()),
            &["expected 235216 bytes", "found 235217 (1 too many)"],
        ),
    ];
    for (_, bytes, says) in cases {
        scratch.write(format!("bad/{name}"), bytes);
        let says: Vec<&str> = [name.as_str()].iter().chain(says).copied().collect();
        data_is_refused(&scratch, &says);
        scratch.refuses(
            3,
            &format!("predict --model {MODEL} --idx bad/{name}"),
            &says,
        );
    }
}
