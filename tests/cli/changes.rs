//! Data files that change under a run: each is cut, written over, removed or replaced at random moments. The run ends by an error that names the
//! file, or with the bits of one whose files nobody touched; a signal never ends it, and its network is never another.
//!
//! `GINGHAM_CHANGES=100` makes so many changes to each data set in each form of a run, and where `$GINGHAM_DATA` names Fashion-MNIST
//! to a copy of it too.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::util::{PROGRAM, Scratch, optimised};

/// The data files, by their usual names.
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// All but a part of it is cut off.
    Cut,
    /// A part of it gets other bytes, in place.
    WriteOver,
    Remove,
    /// Another file takes its name.
    Replace,
}

const CHANGES: [Change; 4] = [
    Change::Cut,
    Change::WriteOver,
    Change::Remove,
    Change::Replace,
];

/// The forms of a run: how its pixels come in. The memory of the second is below what its mini-batches need, so that each is packed anew from the
/// file in every epoch; the third takes every pixel from the file in every step.
const FORMS: [(&str, &str); 3] = [
    ("packed", "--engine fixed"),
    ("streamed", "--engine fixed --memory"),
    ("in floating point", "--engine blas"),
];

/// A data set, and runs of it that take some tenths of a second.
struct Set {
    name: &'static str,
    /// The files, which nobody touches.
    whole: PathBuf,
    settings: &'static str,
    /// The memory of a run whose mini-batches are not kept.
    memory: &'static str,
}

/// Numbers that look random, the same in every run of the tests.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A run under way, which is ended with the test.
struct Run(Child);

impl Run {
    /// Starts a run into `run`.
    fn start(scratch: &Scratch, arguments: &str) -> Self {
        let program = optimised().unwrap_or_else(|| PROGRAM.into());
        let child = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(scratch.path())
            .env_remove("GINGHAM_DATA")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        Self(child)
    }

    /// Waits until it has read its data and has a folder; its first step comes next.
    fn has_begun(&mut self, scratch: &Scratch) {
        let started = Instant::now();
        while !scratch.join("run/config.toml").exists() {
            let ended = self.0.try_wait().expect("a child");
            assert!(ended.is_none(), "it ended before its first step");
            assert!(started.elapsed() < Duration::from_secs(60), "no folder");
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits for its end.
    fn end(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                break status;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "it hangs");
            thread::sleep(Duration::from_millis(1));
        };
        let mut stderr = String::new();
        let mut stream = self.0.stderr.take().expect("a stream");
        stream.read_to_string(&mut stderr).expect("text");
        (status, stderr)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does this to the file, at a random place of it.
fn change(change: Change, file: &Path, random: &mut Random) {
    let length = fs::metadata(file).expect("a file").len();
    let place = random.below(length);
    let open = || File::options().write(true).open(file).expect("a file");
    match change {
        Change::Cut => open().set_len(place).expect("a shorter file"),
        Change::WriteOver => {
            let mut file = open();
            file.seek(SeekFrom::Start(place)).expect("a place");
            let bytes = vec![3; (length - place) as usize];
            file.write_all(&bytes).expect("other bytes");
        }
        Change::Remove => fs::remove_file(file).expect("a file"),
        Change::Replace => {
            let other = file.with_extension("other");
            fs::write(&other, vec![3; place as usize]).expect("another file");
            fs::rename(other, file).expect("a rename");
        }
    }
}

/// Puts a file back in its place, as another file than the one that was changed.
fn restore(set: &Set, scratch: &Scratch, name: &str) {
    let fresh = scratch.join("fresh");
    fs::copy(set.whole.join(name), &fresh).expect("a copy");
    fs::rename(fresh, scratch.join("data").join(name)).expect("a rename");
}

/// How often runs ended in each way, and what was wrong with any.
#[derive(Default)]
struct Ends {
    counts: BTreeMap<&'static str, u32>,
    faults: Vec<String>,
}

/// Makes `count` changes to a data set under runs of one form.
fn changes(set: &Set, (form, flags): (&str, &str), count: u64, random: &mut Random) -> Ends {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("data")).expect("a folder");
    for name in FILES {
        restore(set, &scratch, name);
    }
    let memory = if flags.ends_with("--memory") {
        set.memory
    } else {
        ""
    };
    let settings = set.settings;
    let arguments = format!("train -q --data data --out run {settings} {flags} {memory}");
    let mut run = Run::start(&scratch, &arguments);
    run.has_begun(&scratch);
    let started = Instant::now();
    let (status, stderr) = run.end();
    assert!(status.success(), "{form}: {stderr}");
    let duration = started.elapsed().as_micros() as u64;
    let whole = scratch.read("run/model.safetensors");
    let mut ends = Ends::default();
    for round in 0..count {
        fs::remove_dir_all(scratch.join("run")).expect("a run");
        let what = CHANGES[(round % 4) as usize];
        let name = FILES[(round / 4 % 4) as usize];
        let mut run = Run::start(&scratch, &arguments);
        run.has_begun(&scratch);
        thread::sleep(Duration::from_micros(random.below(duration)));
        change(what, &scratch.join("data").join(name), random);
        let (status, stderr) = run.end();
        match judge(&scratch, name, status, &stderr, &whole) {
            Ok(end) => *ends.counts.entry(end).or_default() += 1,
            Err(fault) => ends.faults.push(format!(
                "{fault}: {}, {form}, {what:?} {name}: {status}: {stderr}",
                set.name
            )),
        }
        restore(set, &scratch, name);
    }
    ends
}

/// How a run under which `name` was changed ended, in words; the error is what is wrong with that.
fn judge(
    scratch: &Scratch,
    name: &str,
    status: ExitStatus,
    stderr: &str,
    whole: &[u8],
) -> Result<&'static str, String> {
    if let Some(signal) = status.signal() {
        return Err(format!("signal {signal} ended it"));
    }
    let model = scratch.join("run/model.safetensors");
    let is_whole = || fs::read(&model).is_ok_and(|model| model == whole);
    let is_named = stderr.contains(&format!("data/{name}: changed while it was in use"));
    match status.code() {
        Some(0) if is_whole() => Ok("unaffected"),
        Some(0) => Err("another network at exit code 0".to_owned()),
        Some(1 | 3) if !is_named => Err("the file is not named".to_owned()),
        Some(1 | 3) if scratch.join("run/summary.json").exists() => {
            Err("a summary, as of a whole run".to_owned())
        }
        // The network is trained before anybody asks about the test images.
        Some(1 | 3) if name.starts_with("t10k") && !is_whole() => {
            Err("the trained network is lost".to_owned())
        }
        Some(1 | 3) => Ok("ended by name"),
        code => Err(format!("exit code {code:?}")),
    }
}

#[test]
fn data_files_that_change_at_random_moments() {
    let long = std::env::var("GINGHAM_CHANGES").ok();
    let count = long
        .as_ref()
        .map_or(16, |count| count.parse().expect("a number"));
    let scratch = Scratch::new();
    scratch.synth("small", 300, 100);
    let mut sets = vec![Set {
        name: "small",
        whole: scratch.join("small"),
        settings: "--hidden 12 --epochs 40 --eval-every 5 --checkpoint-every 10",
        memory: "60K",
    }];
    let real = std::env::var_os("GINGHAM_DATA").map(PathBuf::from);
    if let (Some(_), Some(real)) = (&long, real) {
        sets.push(Set {
            name: "real",
            whole: real,
            settings: "--hidden 10 --epochs 6 --eval-every 2 --checkpoint-every 2",
            memory: "4M",
        });
    }
    let mut random = Random(1);
    let mut faults = Vec::new();
    for set in &sets {
        for form in FORMS {
            let ends = changes(set, form, count, &mut random);
            if long.is_some() {
                let faults = ends.faults.len();
                told(&format!(
                    "{}, {}: {:?}, {faults} faults",
                    set.name, form.0, ends.counts
                ));
            }
            faults.extend(ends.faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Prints a figure of the long form.
#[expect(
    clippy::print_stderr,
    reason = "the figure is what the long form is for"
)]
fn told(figure: &str) {
    eprintln!("{figure}");
}
