//! The catalogue of bad inputs: every kind of file that gingham reads, damaged in every way that was thought of, and settings that
//! cannot be meant.
//!
//! Each is refused with the exit code of its kind and one message that names the file or the setting and says what was expected
//! and what was found, and no file is made, changed or removed.
//! `GINGHAM_CATALOGUE_LIMIT=1`, with an optimised program in `GINGHAM_PROGRAM`, also refuses answers that take a second or more, and
//! prints the message and the time of each row.

mod checkpoints;
mod data;
mod forge;
mod headers;
mod imports;
mod models;
mod packed;
mod pictures;
mod runs;
mod settings;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use crate::util::{Outcome, PROGRAM, Scratch, gzip, optimised, png, skipped};

/// What stands where a good file is expected.
enum Bad {
    /// A file with these bytes, made from those of the good file; from none where there is no good one.
    Bytes(fn(Vec<u8>) -> Vec<u8>),
    /// A file with these bytes, sound alone, which does not go with another one: the message may name that one.
    Sound(fn(Vec<u8>) -> Vec<u8>),
    /// A folder.
    Folder,
    /// A pipe that nobody writes to.
    Pipe,
    /// A file that its owner may not read.
    Shut,
    /// No file.
    Gone,
    /// All files are good: the command itself is what is bad.
    Nothing,
}

/// A row: its name, the file that is bad, what stands there, the command that reads it, the exit code, and what the message says.
///
/// The message holds each of the parts, and the last part of the bad file's name.
type Row = (
    &'static str,
    &'static str,
    Bad,
    &'static str,
    i32,
    &'static [&'static str],
);

/// The tables, by the kind of the file.
const TABLES: [(&str, &[Row]); 13] = [
    ("images", data::IMAGES),
    ("labels", data::LABELS),
    ("test files", packed::TEST_FILES),
    ("packed files", packed::PACKED),
    ("class names", packed::NAMES),
    ("headers of models", headers::ROWS),
    ("models", models::ROWS),
    ("imports", imports::ROWS),
    ("checkpoints", checkpoints::ROWS),
    ("run folders", runs::ROWS),
    ("pictures", pictures::ROWS),
    ("configurations", settings::CONFIGURATIONS),
    ("flags", settings::FLAGS),
];

/// What a refusal may take.
const LIMIT: Duration = Duration::from_secs(1);

/// Good files of every kind: `data`, `packed`, `run`, `stopped` (the run without its end), `net.safetensors`, `good.png`, `names.txt`, `good.toml`.
fn good() -> Scratch {
    let scratch = Scratch::with_data();
    scratch.done("train -q --data data --out run --epochs 2 --hidden 8 --bias on");
    fs::create_dir(scratch.join("packed")).expect("a folder");
    for entry in fs::read_dir(scratch.join("data")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("text");
        let bytes = scratch.read(format!("data/{name}"));
        match name {
            "classes.txt" => scratch.write("packed/classes.txt", bytes),
            _ => scratch.write(format!("packed/{name}.gz"), gzip(&bytes)),
        }
    }
    fs::create_dir(scratch.join("stopped")).expect("a folder");
    for entry in fs::read_dir(scratch.join("run")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("text");
        if !["summary.json", "model.safetensors"].contains(&name) {
            scratch.write(
                format!("stopped/{name}"),
                scratch.read(format!("run/{name}")),
            );
        }
    }
    let model = scratch.read("run/model.safetensors");
    scratch.write("net.safetensors", forge::network(&model));
    let (grey, depth) = (png::ColorType::Grayscale, png::BitDepth::Eight);
    let noise: Vec<u8> = (0..784_u32)
        .map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    scratch.write("good.png", png([28, 28], grey, depth, &noise));
    scratch.write("names.txt", scratch.read("data/classes.txt"));
    scratch.write("good.toml", "epochs = 1\n");
    scratch
}

/// The commands of the tables succeed where nothing is bad, so that a refusal is due to the bad file.
#[test]
fn good_files_are_taken() {
    let scratch = good();
    for command in [
        "train -q --data data --out new1 --epochs 1",
        "train -q --data packed --out new2 --config good.toml",
        "evaluate --model run/model.safetensors --data data",
        "evaluate --model run --data packed",
        "predict --model run --idx data/t10k-images-idx3-ubyte",
        "predict --model run good.png",
        "export --model run --format onnx --out new3.onnx",
        "import net.safetensors --activation sigmoid --scale unit --classes names.txt --out new4",
        "train -q --resume stopped",
        "report run --out new5.html",
        "plot run --kind accuracy --out new6.svg",
        "explore -q --data data --figures new7",
    ] {
        scratch.done(command);
    }
}

#[test]
fn every_bad_input_is_refused_in_full() {
    let program = optimised().unwrap_or_else(|| PROGRAM.into());
    let limited = std::env::var("GINGHAM_CATALOGUE_LIMIT").is_ok_and(|limit| limit == "1");
    let scratch = good();
    let is_root = fs::metadata(scratch.path()).expect("our folder").uid() == 0;
    let mut faults = Vec::new();
    let (mut count, mut slowest) = (0, (Duration::ZERO, ""));
    for (table, rows) in TABLES {
        for row in rows {
            let (id, _, bad, command, ..) = row;
            if matches!(bad, Bad::Shut) && is_root {
                skipped(id, "running as root, who may read every file");
                continue;
            }
            let undo = make(row, &scratch);
            let before = scratch.listing();
            let started = Instant::now();
            let run = scratch.run(&program).args(command.split_whitespace());
            let outcome = run.deadline(20).outcome();
            let took = started.elapsed();
            let mut wrong = wrong(row, &outcome);
            if scratch.listing() != before {
                wrong.push("a file was made, changed or removed".to_owned());
            }
            if limited && took >= LIMIT {
                wrong.push(format!("it took {took:?}"));
            }
            if limited {
                told(&format!("{table}: {id}: {took:?}: {}", outcome.stderr));
            }
            faults.extend(
                wrong
                    .into_iter()
                    .map(|wrong| format!("{table}, {id}: {wrong} in {outcome}\n")),
            );
            undo(&scratch);
            count += 1;
            slowest = slowest.max((took, id));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 80, "{count} rows");
    if limited {
        let (took, id) = slowest;
        told(&format!(
            "{count} bad inputs, the slowest ({id}) took {took:?}"
        ));
    }
}

/// Prints what the long form is for.
#[expect(
    clippy::print_stderr,
    reason = "the figures are what the long form is for"
)]
fn told(figure: &str) {
    eprintln!("{figure}");
}

/// Puts the bad thing in its place. Returns what puts the good one back.
fn make((_, file, bad, ..): &Row, scratch: &Scratch) -> impl Fn(&Scratch) {
    let path = scratch.join(file);
    let good = path.is_file().then(|| scratch.read(file));
    let remove = {
        let path = path.clone();
        move || {
            if path.is_dir() {
                fs::remove_dir_all(&path).expect("a folder");
            } else if path.symlink_metadata().is_ok() {
                fs::remove_file(&path).expect("a file");
            }
        }
    };
    let changes = !matches!(bad, Bad::Nothing);
    if changes {
        remove();
    }
    match bad {
        Bad::Bytes(make) | Bad::Sound(make) => {
            scratch.write(file, make(good.clone().unwrap_or_default()))
        }
        Bad::Folder => fs::create_dir(&path).expect("a folder"),
        Bad::Pipe => scratch.fifo(file),
        Bad::Shut => {
            scratch.write(file, good.clone().unwrap_or_default());
            fs::set_permissions(&path, Permissions::from_mode(0o0)).expect("our own file");
        }
        Bad::Gone | Bad::Nothing => {}
    }
    let file = *file;
    move |scratch| {
        if changes {
            remove();
            if let Some(good) = &good {
                scratch.write(file, good);
            }
        }
    }
}

/// What is wrong with an answer to a bad input.
fn wrong((_, file, bad, _, code, says): &Row, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.code() != Some(*code) {
        wrong.push(format!("expected exit code {code}"));
    }
    if outcome.stderr.contains("panicked") {
        wrong.push("a panic".to_owned());
    }
    if !outcome.stdout.is_empty() {
        wrong.push("something on stdout".to_owned());
    }
    let errors: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    let [error] = errors[..] else {
        wrong.push("expected one error".to_owned());
        return wrong;
    };
    let name = file.rsplit('/').next();
    let name = name.filter(|name| !name.is_empty() && !matches!(bad, Bad::Sound(_)));
    for part in says.iter().copied().chain(name) {
        if !error.contains(part) {
            wrong.push(format!("expected '{part}'"));
        }
    }
    wrong
}
