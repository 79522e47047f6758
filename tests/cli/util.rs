//! What the tests share: a scratch folder, the program run in it with a deadline, and its outcome.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_gingham");

/// The program with the optimiser's help that `$GINGHAM_PROGRAM` names, for tests that would take minutes without.
pub fn optimised() -> Option<PathBuf> {
    let program = std::env::var_os("GINGHAM_PROGRAM").filter(|name| !name.is_empty())?;
    let found = Path::new(&program).canonicalize();
    Some(found.expect("GINGHAM_PROGRAM names a program that is there"))
}

/// A program that runs longer hangs: the slowest of these runs takes a fraction of it.
const DEADLINE: Duration = Duration::from_secs(120);

/// A folder of the test's own, where the program runs; paths in commands are relative to it.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(TempDir::with_prefix("gingham-cli-").expect("a temporary folder"))
    }

    /// With a small drawn data set in `data`: 300 training and 100 test images of 28 x 28 pixels.
    pub fn with_data() -> Self {
        let scratch = Self::new();
        scratch.synth("data", 300, 100);
        scratch
    }

    /// With that data set and a network trained on it for a moment, in `run/model.safetensors`.
    pub fn with_model() -> Self {
        let scratch = Self::with_data();
        scratch.done("train -q --data data --out run --epochs 2 --hidden 8");
        scratch
    }

    pub fn synth(&self, name: &str, train: u32, test: u32) {
        self.done(&format!(
            "synth -q --out {name} --train {train} --test {test} --seed 3"
        ));
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        fs::write(self.join(name), bytes).expect("a file");
    }

    /// A named pipe that nobody writes to.
    pub fn fifo(&self, name: &str) {
        let made = Command::new("mkfifo")
            .arg(self.join(name))
            .status()
            .expect("mkfifo");
        assert!(made.success(), "mkfifo {name}");
    }

    /// The program with these arguments, separated by blanks.
    pub fn gingham(&self, arguments: &str) -> Run {
        self.run(PROGRAM).args(arguments.split_whitespace())
    }

    /// Any program, in this folder, without the variables that gingham and clap look at.
    pub fn run(&self, program: impl AsRef<OsStr>) -> Run {
        let mut command = Command::new(program);
        command.current_dir(self.path());
        for variable in ["GINGHAM_DATA", "COLUMNS", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(variable);
        }
        Run {
            command,
            stdout: Stdio::piped(),
            deadline: DEADLINE,
        }
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub fn done(&self, arguments: &str) -> Outcome {
        self.gingham(arguments).outcome().succeeded()
    }

    /// Runs the program, which must refuse with `code`, one line on stderr that holds all of `says`, nothing on stdout,
    /// and every file as it was.
    #[track_caller]
    pub fn refuses(&self, code: i32, arguments: &str, says: &[&str]) {
        self.refuses_run(code, self.gingham(arguments), says);
    }

    #[track_caller]
    pub fn refuses_run(&self, code: i32, run: Run, says: &[&str]) {
        let before = self.listing();
        let outcome = run.outcome();
        outcome.is_refusal(code, says);
        assert_same(&before, &self.listing(), &outcome);
    }

    /// Runs the program, which must exit with 2 and, in the first line on stderr, an error that holds all of `says`.
    /// More lines may follow: clap's hints. Returns them all.
    #[track_caller]
    pub fn misuse(&self, run: Run, says: &[&str]) -> String {
        let before = self.listing();
        let outcome = run.outcome();
        outcome.has_code(2);
        let first = outcome.stderr.lines().next().unwrap_or("");
        assert!(first.starts_with("error: "), "{outcome}");
        assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{outcome}");
        for says in says {
            assert!(first.contains(says), "expected '{says}' in: {outcome}");
        }
        assert_eq!(outcome.stdout, "", "{outcome}");
        assert_same(&before, &self.listing(), &outcome);
        outcome.stderr
    }

    /// Every file and folder below this one, with the bytes of each file that can be read.
    pub fn listing(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            // A folder whose permissions a test has taken away has no entries.
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let entry = entry.expect("an entry");
                let kind = entry.file_type().expect("its type");
                if kind.is_dir() {
                    folders.push(entry.path());
                }
                // A pipe would not end, and a link's target is listed where it is.
                let bytes = if kind.is_file() {
                    fs::read(entry.path()).unwrap_or_default()
                } else {
                    Vec::new()
                };
                found.insert(entry.path(), bytes);
            }
        }
        found
    }
}

#[track_caller]
fn assert_same(
    before: &BTreeMap<PathBuf, Vec<u8>>,
    after: &BTreeMap<PathBuf, Vec<u8>>,
    outcome: &Outcome,
) {
    for (path, bytes) in after {
        let old = before.get(path);
        assert!(
            old.is_some(),
            "{} was written by: {outcome}",
            path.display()
        );
        assert!(
            old == Some(bytes),
            "{} was changed by: {outcome}",
            path.display()
        );
    }
    for path in before.keys() {
        assert!(
            after.contains_key(path),
            "{} was removed by: {outcome}",
            path.display()
        );
    }
}

/// A program about to be run.
pub struct Run {
    command: Command,
    stdout: Stdio,
    deadline: Duration,
}

impl Run {
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Leads stdout elsewhere; without this it is collected.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Runs it as that user, for whom, unlike for root, permission bits count.
    pub fn user(mut self, id: u32) -> Self {
        self.command.uid(id).gid(id);
        self
    }

    pub fn deadline(mut self, seconds: u64) -> Self {
        self.deadline = Duration::from_secs(seconds);
        self
    }

    #[track_caller]
    pub fn outcome(self) -> Outcome {
        self.try_outcome().expect("a program that starts")
    }

    /// Runs it to its end, with nothing on stdin; the error is why the system does not start it.
    #[track_caller]
    pub fn try_outcome(self) -> std::io::Result<Outcome> {
        let Self {
            mut command,
            stdout,
            deadline,
        } = self;
        command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = read_aside(child.stdout.take());
        let stderr = read_aside(child.stderr.take());
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > deadline {
                child.kill()?;
                child.wait()?;
                panic!("still running after {deadline:?}: {command:?}");
            }
            thread::sleep(Duration::from_millis(2));
        };
        let [stdout, stderr] = [stdout, stderr].map(|stream| stream.join().expect("a stream read"));
        Ok(Outcome {
            command: format!("{command:?}"),
            status,
            stdout,
            stderr,
        })
    }
}

/// Reads a stream while the program runs, so that it never waits for us.
fn read_aside(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).expect("a stream");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// How a program ended and what it said.
pub struct Outcome {
    command: String,
    status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            status,
            stdout,
            stderr,
        } = self;
        write!(
            formatter,
            "{command}: {status}\nstdout:\n{stdout}\nstderr:\n{stderr}"
        )
    }
}

impl Outcome {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    #[track_caller]
    pub fn has_code(&self, code: i32) {
        assert_eq!(self.code(), Some(code), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.has_code(0);
        self
    }

    /// One line on stderr, and it is an error that holds all of `says`.
    #[track_caller]
    pub fn is_refusal(&self, code: i32, says: &[&str]) {
        self.has_code(code);
        assert_eq!(self.stderr.lines().count(), 1, "{self}");
        assert!(self.stderr.starts_with("error: "), "{self}");
        for says in says {
            assert!(self.stderr.contains(says), "expected '{says}' in: {self}");
        }
        assert_eq!(self.stdout, "", "{self}");
    }

    /// The one JSON value on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one line of JSON: {self}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The JSON values on stdout, one a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let value =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(value).collect()
    }
}

/// Says on the test's own stderr that something was left out, and why.
///
/// Past the test harness, which would keep it to itself: a skipped test must not look like one that passed.
pub fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what} ({why})");
}

/// An IDX file of these dimensions.
pub fn idx(dimensions: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(
        dimensions
            .iter()
            .flat_map(|dimension| dimension.to_be_bytes()),
    );
    bytes.extend_from_slice(elements);
    bytes
}

/// What gzip makes of `bytes`.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A PNG file: `samples` row by row, pixel by pixel, channel by channel, 16-bit ones in two bytes.
pub fn png(
    [rows, columns]: [u32; 2],
    color: png::ColorType,
    depth: png::BitDepth,
    samples: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().expect("memory");
    writer
        .write_image_data(samples)
        .expect("samples for every pixel");
    writer.finish().expect("memory");
    bytes
}
