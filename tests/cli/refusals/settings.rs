//! Settings that cannot be meant, as flags and in configuration files.

use crate::util::Scratch;

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn settings_that_cannot_be_meant() {
    let scratch = Scratch::with_data();
    let many_layers = vec!["2"; 65].join(",");
    // A flag, its value, and what the message says was found.
    let cases = [
        ("--holdout", "1", "1"),
        ("--holdout", "1.5", "1.5"),
        ("--holdout", "-0.1", "-0.1"),
        ("--holdout", "nan", "NaN"),
        ("--holdout", "inf", "inf"),
        ("--holdout", "0.999", "0.999"), // leaves no image to train on
        ("--holdout", "some", "some"),
        ("--seed", "-1", "-1"),
        ("--seed", "4294967296", "4294967296"),
        ("--seed", "0.5", "0.5"),
        ("--seed", "nan", "nan"),
        ("--split-seed", "-1", "-1"),
        ("--order-seed", "4294967296", "4294967296"),
        ("--hidden", "0", "0"),
        ("--hidden", "16,0,8", "0"),
        ("--hidden", "-3", "-3"),
        ("--hidden", "1.5", "1.5"),
        ("--hidden", "nan", "nan"),
        ("--hidden", "8,,8", "''"), // what stands between the commas
        ("--hidden", "8;8", "8;8"),
        ("--hidden", "99999999", "99999999"),
        ("--hidden", "18446744073709551615", "18446744073709551615"),
        (
            "--hidden",
            "99999999999999999999999",
            "99999999999999999999999",
        ),
        (
            "--hidden",
            "1048576,1048576",
            "more in widths [784, 1048576",
        ), // more parameters than anybody can mean
        ("--hidden", &many_layers, "65"),
        ("--epochs", "0", "0"),
        ("--epochs", "-1", "-1"),
        ("--epochs", "1.5", "1.5"),
        ("--epochs", "nan", "nan"),
        ("--epochs", "1000000000", "1000000000"),
        ("--epochs", "18446744073709551615", "18446744073709551615"),
        (
            "--epochs",
            "99999999999999999999999",
            "99999999999999999999999",
        ),
        ("--batches", "0", "0"),
        ("--batches", "-25", "-25"),
        ("--batches", "nan", "nan"),
        ("--batches", "241", "241"), // more than the 240 training images
        ("--batches", "4294967296", "4294967296"),
        ("--batches", "18446744073709551615", "18446744073709551615"),
        ("--batch-size", "0", "0"),
        ("--batch-size", "-1", "-1"),
        ("--batch-size", "nan", "nan"),
        ("--batch-size", "4294967296", "4294967296"),
        (
            "--batch-size",
            "18446744073709551615",
            "18446744073709551615",
        ),
        ("--learning-rate", "0", "0"),
        ("--learning-rate", "-0.001", "-0.001"),
        ("--learning-rate", "nan", "NaN"),
        ("--learning-rate", "inf", "inf"),
        ("--learning-rate", "1e300", "1e300"),
        ("--learning-rate", "fast", "fast"),
        ("--momentum", "1", "1"),
        ("--momentum", "-0.5", "-0.5"),
        ("--momentum", "nan", "NaN"),
        ("--momentum", "inf", "inf"),
        ("--l1", "-1", "-1"),
        ("--l1", "nan", "NaN"),
        ("--l1", "inf", "inf"),
        ("--l1", "1e300", "1e300"),
        ("--l2", "-1", "-1"),
        ("--l2", "nan", "NaN"),
        ("--l2", "inf", "inf"),
        ("--l2", "1e300", "1e300"),
        ("--eval-every", "-1", "-1"),
        ("--eval-every", "0.5", "0.5"),
        ("--eval-every", "nan", "nan"),
        (
            "--eval-every",
            "18446744073709551615",
            "18446744073709551615",
        ), // no number in TOML
        ("--threads", "-1", "-1"),
        ("--threads", "257", "257"),
        ("--threads", "1.5", "1.5"),
        ("--threads", "nan", "nan"),
        ("--threads", "18446744073709551615", "18446744073709551615"),
        (
            "--threads",
            "99999999999999999999999",
            "99999999999999999999999",
        ),
    ];
    for (flag, value, found) in cases {
        let said = scratch.misuse(
            scratch
                .gingham("train --data data --out new")
                .args([flag, value]),
            &[],
        );
        let line = said.lines().next().expect("a line");
        // Our own messages spell the setting as a configuration file does, clap's as the command line does.
        let setting = flag.trim_start_matches('-').replace('-', "_");
        assert!(
            line.contains(flag) || line.contains(&setting),
            "{flag} {value}: {line}"
        );
        let (ours, claps) = (format!("found {found}"), format!("'{found}'"));
        assert!(
            line.contains(&ours) || line.contains(&claps),
            "{flag} {value}: {line}"
        );
    }
    scratch.misuse(
        scratch
            .gingham("train --data data --out new --hidden")
            .arg(""),
        &["--hidden"],
    );
    let infinite = scratch.gingham("train --data data --out new --learning-rate=-inf");
    scratch.misuse(infinite, &["learning_rate", "found -inf"]);
    let both = scratch.gingham("train --data data --out new --batches 3 --batch-size 4");
    scratch.misuse(both, &["--batches", "--batch-size"]);
    let named = [
        "--preset",
        "--activation",
        "--output",
        "--bias",
        "--init",
        "--scale",
        "--heldout-scale",
    ];
    let more = [
        "--reduction",
        "--engine",
        "--dtype",
        "--l1-form",
        "--error",
        "--probability",
        "--shuffle",
    ];
    for flag in named.into_iter().chain(more) {
        let run = scratch
            .gingham("train --data data --out new")
            .args([flag, "odd"]);
        scratch.misuse(run, &[flag, "'odd'"]);
    }
}

/// Zero is refused above where nothing can be meant by it, and here it means something. So does more than there is.
#[test]
fn settings_that_look_odd_and_are_sound() {
    let scratch = Scratch::with_data();
    let settings = [
        "--holdout 0",
        "--seed 0",
        "--seed 4294967295",
        "--hidden none",
        "--hidden 1",
        "--momentum 0",
        "--l1 0",
        "--l2 0",
        "--eval-every 0",
        "--eval-every 4294967295",
        "--threads 0",
        "--threads 256",
        "--batches 240",
        "--batches 1",
        "--batch-size 1",
        "--batch-size 4294967295",
        "--learning-rate 1e-300 --dtype f64",
        "--holdout 0.99",
        "--holdout 1e-300",
    ];
    for (number, settings) in settings.iter().enumerate() {
        let batches = if settings.contains("0.99") {
            "--batches 3"
        } else {
            ""
        };
        scratch.done(&format!(
            "train -q --data data --epochs 1 --out new{number} {batches} {settings}"
        ));
    }
}

#[test]
fn configuration_files() {
    let scratch = Scratch::with_data();
    let cases: [(&[u8], &[&str]); 23] = [
        (b"epoch = 3", &["unknown", "`epoch`", "`epochs`"]),
        (b"[train]\nepochs = 3", &["unknown", "`train`"]),
        (b"epochs = \"three\"", &["epochs", "three"]),
        (b"epochs = -1", &["epochs", "-1"]),
        (b"epochs = 1.5", &["epochs", "1.5"]),
        (
            b"epochs = 0",
            &["epochs", "expected a number from 1", "found 0"],
        ),
        (b"epochs = 3\nepochs = 4", &["epochs", "duplicate"]),
        (b"epochs = = 3", &["line 1"]),
        (b"epochs", &["line 1"]),
        (b"hidden = 50", &["hidden", "50"]),
        (
            b"hidden = [50, 0]",
            &["hidden", "expected a number from 1", "found 0"],
        ),
        (b"hidden = [\"50\"]", &["hidden", "50"]),
        (b"bias = \"on\"", &["bias", "on"]),
        (b"seed = 4294967296", &["seed", "4294967296"]),
        (
            b"order_seed = 4294967296",
            &["order_seed", "from 0 to 4294967295"],
        ),
        (b"learning_rate = nan", &["learning_rate", "found NaN"]),
        (b"holdout = 1.0", &["holdout", "found 1"]),
        (b"threads = 1000", &["threads", "found 1000"]),
        (b"activation = \"swish\"", &["swish", "`sigmoid`"]),
        (b"preset = \"tutorial\"", &["tutorial", "`article`"]),
        (b"preset = 3", &["preset"]),
        (
            b"batches = 3\nbatch_size = 4",
            &["batches", "batch_size", "found both"],
        ),
        (b"epochs = 3 # \xff\xfe", &["UTF-8"]),
    ];
    for (bytes, says) in cases {
        scratch.write("odd.toml", bytes);
        let says: Vec<&str> = ["odd.toml"].iter().chain(says).copied().collect();
        scratch.refuses(2, "train --data data --out new --config odd.toml", &says);
    }
    scratch.refuses(
        2,
        "train --data data --out new --config missing.toml",
        &["missing.toml", "No such file"],
    );
    // What is wrong with the file is said of the file, even where a flag covers it.
    scratch.write("odd.toml", "epochs = 0");
    scratch.refuses(
        2,
        "train --data data --out new --epochs 1 --config odd.toml",
        &["odd.toml", "epochs", "found 0"],
    );
}

#[test]
fn counts_of_synth() {
    let scratch = Scratch::new();
    let cases: [(&str, &[&str]); 8] = [
        (
            "--train 0 --test 10",
            &["train", "expected at least 1 image", "found 0"],
        ),
        (
            "--train 10 --test 0",
            &["test", "expected at least 1 image", "found 0"],
        ),
        ("--train -5 --test 10", &["--train", "'-5'"]),
        ("--train 10 --test nan", &["--test", "'nan'"]),
        ("--train 4294967296 --test 10", &["--train", "'4294967296'"]),
        ("--train 1.5 --test 10", &["--train", "'1.5'"]),
        ("--train 5 --test 5 --seed -1", &["--seed", "'-1'"]),
        ("--train 5 --test 5 --threads 257", &["--threads", "'257'"]),
    ];
    for (counts, says) in cases {
        scratch.misuse(
            scratch.gingham(&format!("synth -q --out new {counts}")),
            says,
        );
    }
    scratch.misuse(
        scratch.gingham("synth -q --train 5 --test 5"),
        &["required"],
    );
}

#[test]
fn what_the_fixed_engine_cannot_do() {
    let scratch = Scratch::with_data();
    let cases: [(&str, &[&str]); 4] = [
        (
            "--engine fixed --dtype f64",
            &["engine", "expected dtype f32", "found f64"],
        ),
        (
            "--engine fixed --memory 1K",
            &["memory", "for a batch of", "found 1024"],
        ),
        ("--memory lots", &["--memory", "'lots'", "500M"]),
        ("--memory -1", &["--memory", "'-1'"]),
    ];
    for (settings, says) in cases {
        let command = format!("train --data data --out new {settings}");
        scratch.misuse(scratch.gingham(&command), says);
    }
    // The least memory is the one that the message names.
    let said = scratch.misuse(
        scratch.gingham("train --data data --out new --engine fixed --memory 1K"),
        &[],
    );
    let least: u64 = said
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .expect("a number");
    let memory = |bytes: u64| {
        format!("train -q --data data --out new --engine fixed --epochs 1 --memory {bytes}")
    };
    scratch.misuse(scratch.gingham(&memory(least - 1)), &["memory"]);
    scratch.done(&memory(least));
    let level = scratch
        .gingham("train --data data --out new")
        .env("GINGHAM_LEVEL", "sse9");
    scratch.misuse(
        level,
        &[
            "GINGHAM_LEVEL",
            "expected portable, avx2 or avx512",
            "found sse9",
        ],
    );
}

#[test]
fn what_cannot_be_timed() {
    let scratch = Scratch::with_data();
    scratch.synth("few", 30, 1);
    for (settings, says) in [
        (
            "--data few",
            "data: expected an epoch of at least 10 million operations",
        ),
        ("--data few --hidden none", "from 24 training images: "),
        (
            "--data few --hidden 999",
            "batches: expected at most 24, one for each training image, found 25",
        ),
        (
            "--data data --batch-size 0",
            "batch_size: expected a number from 1",
        ),
        ("--data data --hidden 0", "hidden: expected a number from 1"),
        (
            "--data data --hidden 1048576,1048576",
            "hidden: expected at most 2147483648 parameters",
        ),
        (
            "--data data --engine fixed --dtype f64",
            "engine: expected dtype f32 with the engine fixed, found f64",
        ),
    ] {
        scratch.refuses(2, &format!("bench -q {settings}"), &[says]);
    }
    // What the command line refuses by itself takes more lines than one.
    for (settings, says) in [
        ("--epochs 0", "'0' for '--epochs"),
        ("--preset none", "'none' for '--preset"),
        ("--batches 9 --batch-size 9", "--batch-size"),
        ("--shuffle maybe", "'maybe' for '--shuffle"),
        ("--threads 257", "threads: expected at most 256"),
        ("--scaling=2", "--scaling"),
    ] {
        let bench = format!("bench -q --data data {settings}");
        let outcome = scratch.gingham(&bench).outcome();
        outcome.has_code(2);
        assert!(outcome.stderr.contains(says), "{outcome}");
    }
}
