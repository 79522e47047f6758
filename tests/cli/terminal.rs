//! The program at a terminal and in a pipe: help, version, slips of the pen, streams that are closed, names that are no
//! text.

use std::ffi::OsStr;
use std::fs;
use std::io::PipeWriter;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::util::{Outcome, PROGRAM, Run, Scratch, png, skipped};

const COMMANDS: [&str; 13] = [
    "train",
    "evaluate",
    "predict",
    "explore",
    "report",
    "plot",
    "export",
    "import",
    "xor",
    "synth",
    "bench",
    "completions",
    "man",
];
const MODEL: &str = "run/model.safetensors";
const TEST_IMAGES: &str = "data/t10k-images-idx3-ubyte";

/// Bytes that are no UTF-8.
const NO_TEXT: &[u8] = b"\xff\xfename";

#[test]
fn help_shows_an_example() {
    let scratch = Scratch::new();
    let all = scratch.done("--help").stdout;
    assert!(all.contains("\nExample"), "{all}");
    for command in COMMANDS {
        assert!(
            all.contains(&format!("\n  {command} ")),
            "{command} in {all}"
        );
        let help = scratch.done(&format!("{command} --help")).stdout;
        let (_, example) = help
            .split_once("Example:\n")
            .unwrap_or_else(|| panic!("no example in {help}"));
        assert!(example.contains(&format!("gingham {command}")), "{help}");
        // Grouped: what a command takes is not all under one heading.
        assert!(help.contains("\nRuntime and output:\n"), "{help}");
        let asked_differently = scratch.done(&format!("help {command}")).stdout;
        assert_eq!(asked_differently, help);
        let short = scratch.done(&format!("{command} -h")).stdout;
        assert!(
            short.contains(&format!("Usage: gingham {command}")),
            "{short}"
        );
    }
}

/// What an example says must be what the program takes.
#[test]
fn examples_are_understood() {
    let scratch = Scratch::new();
    for command in COMMANDS.into_iter().chain([""]) {
        let help = scratch.done(&format!("{command} --help")).stdout;
        let (_, examples) = help.split_once("Example:\n").expect("an example");
        let lines: Vec<&str> = examples
            .lines()
            .filter_map(|line| line.trim().strip_prefix("gingham "))
            .collect();
        assert!(!lines.is_empty(), "{examples}");
        for line in lines {
            let line = line.split(['|', '>']).next().expect("a first part");
            // With `--help` behind it nothing is done, but what stands before it is still read.
            scratch.done(&format!("{line} --help"));
            let odd = scratch.gingham(&format!("{line} --no-such-flag")).outcome();
            odd.has_code(2);
            assert!(
                odd.stderr.contains("'--no-such-flag'"),
                "not the first slip of {line}: {odd}"
            );
        }
    }
}

#[test]
fn help_on_a_narrow_terminal() {
    let scratch = Scratch::new();
    let helps = COMMANDS
        .map(|command| format!("{command} --help"))
        .into_iter()
        .chain(["--help".to_owned()]);
    for help in helps {
        for columns in ["40", "1", "0", "65535", "none"] {
            let wide = scratch.done(&help).stdout;
            let narrow = scratch
                .gingham(&help)
                .env("COLUMNS", columns)
                .outcome()
                .succeeded()
                .stdout;
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                words(&narrow),
                words(&wide),
                "{help} at {columns} columns loses no word"
            );
            if columns == "40" {
                assert_ne!(narrow, wide, "{help} follows the width");
            }
        }
    }
}

#[test]
fn version_names_commit_and_blas() {
    let scratch = Scratch::new();
    let version = scratch.done("--version").stdout;
    let lines: Vec<&str> = version.lines().collect();
    let [program, blas] = lines[..] else {
        panic!("two lines: {version}")
    };
    let commit = program
        .strip_prefix(concat!("gingham ", env!("CARGO_PKG_VERSION"), " (commit "))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_else(|| panic!("{version}"));
    let hash = commit.trim_end_matches('+');
    let is_hash = hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hash || commit == "unknown", "{commit}");
    // Name and version, kind of core, threads.
    let parts: Vec<&str> = blas.split(", ").collect();
    assert!(parts.len() == 3 && parts[1].starts_with("core "), "{blas}");
    if let Some(number) = parts[0].strip_prefix("OpenBLAS ") {
        let digit = number.starts_with(|digit: char| digit.is_ascii_digit());
        assert!(digit, "{blas}");
    }
    let name = parts[0].split_once(' ').map(|(name, _)| name);
    if cfg!(any(feature = "openblas", feature = "openblas-static")) {
        assert_eq!(name, Some("OpenBLAS"), "{blas}");
    } else {
        // Any other BLAS may have another one in its place.
        assert_eq!(
            name != Some("matrixmultiply"),
            cfg!(feature = "blas"),
            "{blas}"
        );
    }
    assert_eq!(scratch.done("-V").stdout, version);
}

#[test]
fn slips_are_met_with_a_suggestion() {
    let scratch = Scratch::with_data();
    for (typed, meant) in [
        ("trian", "'train'"),
        ("evalute", "'evaluate'"),
        ("train --epoch 3", "'--epochs'"),
        ("train --learning_rate 3", "'--learning-rate'"),
        ("train --hiden 3", "'--hidden'"),
        ("train --preset artcle", "'article'"),
        ("train --activation sigmoyd", "'sigmoid'"),
        ("evaluate --modle x", "'--model'"),
        ("completion bash", "'completions'"),
        ("completions bsh", "'bash'"),
        ("train --progress bars", "'bar'"),
        ("train --colour never", "'--color'"),
        ("--color nevr xor", "'never'"),
        ("predict --probe", "'--proba'"),
    ] {
        let said = scratch.misuse(scratch.gingham(typed), &[]);
        let tip = said
            .lines()
            .find(|line| line.trim().starts_with("tip: "))
            .unwrap_or_else(|| panic!("{said}"));
        assert!(tip.contains(meant), "{said}");
    }
    // Nothing at all: the help, as an error.
    let nothing = scratch.gingham("").outcome();
    nothing.has_code(2);
    assert!(
        nothing
            .stderr
            .contains("Usage: gingham [OPTIONS] <COMMAND>"),
        "{nothing}"
    );
    scratch.misuse(scratch.gingham("xor stray"), &["'stray'"]);
    scratch.misuse(scratch.gingham("evaluate --data data"), &["required"]);
    scratch.misuse(scratch.gingham("train --epochs"), &["--epochs"]);
}

/// A pipe whose reader is gone before anything is written.
fn closed_pipe() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer
}

/// As in `gingham predict .. | head -1`.
#[test]
fn a_reader_that_went_away_is_no_failure() {
    let scratch = Scratch::with_model();
    for command in [
        "--help".to_owned(),
        "--version".to_owned(),
        "train --help".to_owned(),
        "xor".to_owned(),
        "xor --json".to_owned(),
        format!("evaluate --model {MODEL} --data data"),
        format!("evaluate --model {MODEL} --data data --json"),
        format!("predict --model {MODEL} --idx {TEST_IMAGES}"),
        format!("predict --model {MODEL} --idx {TEST_IMAGES} --proba --json"),
        "synth -q --out drawn --train 10 --test 10".to_owned(),
        "train -q --data data --epochs 1 --out new".to_owned(),
    ] {
        let outcome = scratch
            .gingham(&command)
            .stdout(closed_pipe())
            .outcome()
            .succeeded();
        assert_eq!(outcome.stderr, "", "{outcome}");
    }
    assert!(scratch.join("drawn/train-images-idx3-ubyte").exists());
    assert!(
        scratch.join("new/summary.json").exists(),
        "the run itself is whole"
    );
}

#[test]
fn streams_that_were_closed_before() {
    let scratch = Scratch::with_model();
    let expected = scratch.done("xor").stdout;
    let by_shell = |redirection: &str, arguments: &str| -> Outcome {
        let script = format!("exec \"$0\" \"$@\" {redirection}");
        scratch
            .run("sh")
            .args(["-c", &script, PROGRAM])
            .args(arguments.split_whitespace())
            .outcome()
    };
    let predict = format!("predict --model {MODEL} --idx {TEST_IMAGES}");
    let rows = scratch.done(&predict).stdout;
    assert_eq!(by_shell("<&-", "xor").succeeded().stdout, expected);
    assert_eq!(by_shell("<&-", &predict).succeeded().stdout, rows);
    assert_eq!(by_shell("2>&-", &predict).succeeded().stdout, rows);
    by_shell(">&-", &predict).succeeded();
    by_shell("<&- >&- 2>&-", "train --data data --epochs 1 --out closed").succeeded();
    assert!(scratch.join("closed/summary.json").exists());
    if Path::new("/dev/full").exists() {
        // Progress that cannot be shown takes nothing from the result.
        by_shell("2>/dev/full", "train --data data --epochs 1 --out full").succeeded();
        assert!(scratch.join("full/summary.json").exists());
    }
}

/// Arguments that are no text: taken or refused, but never a panic, and never half a result.
#[test]
fn arguments_that_are_no_text() {
    let scratch = Scratch::with_model();
    let odd = OsStr::from_bytes(NO_TEXT);
    let flags = [
        "--data",
        "--hidden",
        "--epochs",
        "--learning-rate",
        "--preset",
        "--config",
        "--bias",
        "--threads",
    ];
    for flag in flags {
        let run = scratch
            .gingham("train --epochs 1 --out new")
            .arg(flag)
            .arg(odd);
        refuses_somehow(&scratch, run);
    }
    refuses_somehow(&scratch, scratch.run(PROGRAM).arg(odd));
    refuses_somehow(&scratch, scratch.gingham("xor").arg(odd));
    refuses_somehow(
        &scratch,
        scratch.gingham("train --out new").env("GINGHAM_DATA", odd),
    );
    refuses_somehow(
        &scratch,
        scratch
            .gingham(&format!("evaluate --model {MODEL}"))
            .env("GINGHAM_DATA", odd),
    );
    refuses_somehow(
        &scratch,
        scratch
            .gingham(&format!("evaluate --model {MODEL} --data"))
            .arg(odd),
    );
    refuses_somehow(
        &scratch,
        scratch.gingham("evaluate --data data --model").arg(odd),
    );
    refuses_somehow(
        &scratch,
        scratch
            .gingham(&format!("predict --model {MODEL} --idx"))
            .arg(odd),
    );
    refuses_somehow(
        &scratch,
        scratch
            .gingham(&format!("predict --model {MODEL}"))
            .arg(odd),
    );
}

#[track_caller]
fn refuses_somehow(scratch: &Scratch, run: Run) {
    let before = scratch.listing();
    let outcome = run.outcome();
    assert!(matches!(outcome.code(), Some(2 | 3)), "{outcome}");
    assert!(
        outcome.stderr.starts_with("error: ") && !outcome.stderr.contains("panicked"),
        "{outcome}"
    );
    assert_eq!(outcome.stdout, "", "{outcome}");
    assert!(
        scratch.listing() == before,
        "nothing is written by {outcome}"
    );
}

/// Names that are no text, of files that are there.
#[test]
fn file_names_that_are_no_text() {
    let scratch = Scratch::with_model();
    let odd = OsStr::from_bytes(NO_TEXT);
    if fs::create_dir(scratch.join(odd)).is_err() {
        return skipped("file names that are no text", "the file system allows none");
    }
    for entry in fs::read_dir(scratch.join("data")).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), scratch.join(odd).join(entry.file_name())).expect("a copy");
    }
    fs::copy(scratch.join(MODEL), scratch.join(odd).join("model")).expect("a copy");
    let picture = png(
        [28, 28],
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &[7; 784],
    );
    scratch.write(Path::new(odd).join("picture"), picture);

    let evaluate = scratch
        .done(&format!("evaluate --model {MODEL} --data data --json"))
        .json();
    let model = Path::new(odd).join("model");
    let same = scratch
        .gingham("evaluate --json --model")
        .arg(&model)
        .arg("--data")
        .arg(odd)
        .outcome()
        .succeeded();
    assert_eq!(same.json(), evaluate);
    let by_variable = scratch
        .gingham(&format!("evaluate --json --model {MODEL}"))
        .env("GINGHAM_DATA", odd);
    assert_eq!(by_variable.outcome().succeeded().json(), evaluate);
    for json in ["", "--json"] {
        let predict = scratch
            .gingham(&format!("predict {json} --model {MODEL}"))
            .arg(Path::new(odd).join("picture"));
        let row = predict.outcome().succeeded().stdout;
        assert!(
            row.contains("name/picture"),
            "the part that is text is shown: {row}"
        );
    }

    // A run's files hold text only: its folders' names must be text, and are refused before any work if not.
    let trains = [
        scratch
            .gingham("train --epochs 1 --out new --data")
            .arg(odd),
        scratch
            .gingham("train --epochs 1 --out new")
            .env("GINGHAM_DATA", odd),
        scratch
            .gingham("train --epochs 1 --data data --out")
            .arg(Path::new(odd).join("new")),
    ];
    for run in trains {
        refuses_somehow(&scratch, run);
    }
    // But what is text by itself may lead to what is not.
    std::os::unix::fs::symlink(odd, scratch.join("link")).expect("a link");
    scratch.done("train -q --epochs 1 --data link --out new");
    let config = scratch.text("new/config.toml");
    assert!(config.contains("link\""), "{config}");
    let drawn = scratch
        .gingham("synth -q --json --train 10 --test 10 --out")
        .arg(Path::new(odd).join("drawn"));
    assert_eq!(drawn.outcome().succeeded().json()["train"], 10);
}
