//! Outputs as people name them: by an ending, as `-`, over an old file, by the run that has the model.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::util::{Outcome, PROGRAM, Scratch, png, skipped};

#[test]
fn the_ending_is_the_format() {
    let scratch = Scratch::with_model();
    for (ending, begins) in [("npz", &b"PK"[..]), ("csv", b"array,"), ("onnx", b"\x08")] {
        let out = format!("mine.{ending}");
        let said = scratch
            .done(&format!("export --json --model run --out {out}"))
            .json();
        assert_eq!(said["format"], ending);
        assert!(scratch.read(&out).starts_with(begins), "{out}");
    }
    let says = [
        "format: expected npz",
        "x.npz",
        "found onnx",
        "--format npz",
    ];
    scratch.refuses(2, "export --model run --format onnx --out x.npz", &says);
    for out in ["x.png", "x", "-"] {
        let says = ["format", "--format onnx|npz|csv", out];
        scratch.refuses(2, &format!("export --model run --out {out}"), &says);
    }
    scratch.done("export --model run --format csv --out numbers.txt");
}

#[test]
fn a_dash_is_stdout() {
    let scratch = Scratch::with_model();
    scratch.done("export --model run --out numbers.csv");
    let outcome = scratch.done("export --model run/model.safetensors --format csv --out -");
    assert_eq!(outcome.stdout, scratch.text("numbers.csv"));
    assert!(!scratch.join("-").exists());
    assert_eq!(
        scratch
            .done("export -q --model run --format csv --out -")
            .stderr,
        ""
    );
    // A reader that has gone is no failure, as for any other result.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let closed = scratch
        .gingham("export -q --model run --format csv --out -")
        .stdout(writer);
    assert_eq!(closed.outcome().succeeded().stderr, "");
}

#[test]
fn force_replaces_a_file_once_the_new_one_is_whole() {
    let scratch = Scratch::with_model();
    let export = "export --model run --out there.csv";
    scratch.write("there.csv", "old");
    scratch.refuses(2, export, &["there.csv", "exists already", "--force"]);
    // What cannot be made leaves the old one.
    scratch.refuses(3, "export --model data --out there.csv --force", &["data"]);
    scratch.done(&format!("{export} --force"));
    let whole = scratch.read("there.csv");
    assert!(whole.starts_with(b"array,"));
    // Through a link, and into what is no file.
    symlink("there.csv", scratch.join("link.csv")).expect("a link");
    scratch.write("there.csv", "old");
    scratch.done("export --model run --out link.csv --force");
    assert_eq!(scratch.read("there.csv"), whole);
    assert!(scratch.join("link.csv").is_symlink());
    scratch.done("export --model run --format csv --out /dev/null --force");
    assert!(!fs::metadata("/dev/null").expect("a device").is_file());
    let folder = "export --model run --format csv --out data --force";
    scratch.refuses(2, folder, &["expected a file's name", "data, a folder"]);
    let left: Vec<_> = fs::read_dir(scratch.path())
        .expect("a folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let explore = "explore -q --data data --images 0 --map 0 --figures figures";
    scratch.done(explore);
    scratch.refuses(2, explore, &["figures", "exists already", "--force"]);
    scratch.done(&format!("{explore} --force"));
    scratch.done("man --out pages");
    scratch.refuses(
        2,
        "man --out pages",
        &["pages", "exists already", "--force"],
    );
    scratch.done("man --out pages --force");
    for command in [
        "report run --out page.html",
        "plot run --kind error --out error.svg",
    ] {
        scratch.done(command);
        let out = command.rsplit(' ').next().expect("a name");
        let made = scratch.read(out);
        scratch.write(out, "old");
        scratch.refuses(2, command, &[out, "exists already", "--force"]);
        scratch.done(&format!("{command} --force"));
        assert_eq!(scratch.read(out), made, "{command}");
        let streamed = scratch.done(&command.replace(out, "-"));
        assert_eq!(streamed.stdout.as_bytes(), made, "{command}");
    }
    // A run is never replaced, so nothing is said of --force there.
    let outcome = scratch.gingham("train --data data --out run").outcome();
    outcome.is_refusal(2, &["exists already"]);
    assert!(!outcome.stderr.contains("--force"), "{outcome}");
}

#[test]
fn what_is_no_file_is_not_written_to() {
    let scratch = Scratch::with_model();
    scratch.fifo("pipe");
    let commands = [
        ("export -q --model run --format csv --force --out", "csv"),
        ("report -q run --force --out", "html"),
        ("plot -q run --kind error --format svg --force --out", "svg"),
    ];
    for (command, ending) in commands {
        // Nobody reads the pipe, so opening it would wait for ever.
        let run = scratch.gingham(&format!("{command} pipe")).deadline(20);
        scratch.refuses_run(
            2,
            run,
            &["expected a file's name", "pipe, socket or device"],
        );
        for out in ["new.svg/", "nowhere/new.svg/", "run/"] {
            let out = out.replace("svg", ending);
            let says = ["expected a file's name", out.as_str()];
            scratch.refuses(2, &format!("{command} {out}"), &says);
        }
        // What is open already takes bytes.
        let made = scratch.done(&format!("{command} /dev/stdout"));
        let streamed = scratch.done(&format!("{command} -"));
        assert!(made.stdout.starts_with(&streamed.stdout), "{command}");
    }
    scratch.write("file", "mine");
    for (command, setting) in [
        ("man --force --out file", "out"),
        ("explore -q --data data --force --figures file", "figures"),
    ] {
        scratch.refuses(2, command, &[setting, "expected a folder", "the file file"]);
    }
    assert_eq!(scratch.text("file"), "mine");
}

#[test]
fn force_writes_through_links_and_keeps_the_mode() {
    let scratch = Scratch::with_model();
    let export = "export -q --model run --format csv --force --out";
    symlink("made.csv", scratch.join("link.csv")).expect("a link");
    scratch.done(&format!("{export} link.csv"));
    assert!(scratch.join("link.csv").is_symlink());
    assert!(scratch.read("made.csv").starts_with(b"array,"));
    symlink("nowhere/made.csv", scratch.join("lost.csv")).expect("a link");
    let says = ["nowhere/made.csv", "cannot be written"];
    scratch.refuses(1, &format!("{export} lost.csv"), &says);
    symlink("round.csv", scratch.join("round.csv")).expect("a link");
    scratch.refuses(1, &format!("{export} round.csv"), &["round.csv"]);
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(scratch.join("made.csv"), private).expect("a mode");
    scratch.done(&format!("{export} made.csv"));
    let mode = fs::metadata(scratch.join("made.csv"))
        .expect("the file")
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn a_run_or_the_model_in_it() {
    let scratch = Scratch::with_model();
    scratch.done("report -q run/model.safetensors --out page.html");
    scratch.done("report -q run");
    scratch.done("plot -q run/model.safetensors --kind error --out error.svg");
    let inside = scratch.run("sh").args([
        "-c",
        "cd run && exec \"$0\" plot -q model.safetensors --kind error --out e.svg",
        PROGRAM,
    ]);
    inside.stdout(Stdio::piped()).outcome().succeeded();
    assert_eq!(scratch.read("error.svg"), scratch.read("run/e.svg"));
}

/// The program with this name behind its arguments. Nothing that it says may hold the name's letters as they are.
#[track_caller]
fn with_name(scratch: &Scratch, arguments: &str, name: &OsStr) -> Outcome {
    let odd = |letter: char| {
        (letter.is_control() && letter != '\n' && letter != '\t')
            || "\u{202e}\u{fffd}".contains(letter)
    };
    let outcome = scratch.gingham(arguments).arg(name).outcome();
    let stdout = if arguments.contains("--json") {
        outcome.stdout.replace('\u{202e}', "") // JSON is for programs
    } else {
        outcome.stdout.clone()
    };
    for stream in [&stdout, &outcome.stderr] {
        assert!(!stream.contains(odd), "{outcome}");
    }
    outcome
}

/// What is no name of a file: values, flags and commands that are none.
#[test]
fn no_argument_reaches_the_terminal_as_it_is() {
    let scratch = Scratch::new();
    for arguments in [
        "train --hidden",
        "train --memory",
        "train --preset",
        "",
        "completions",
        "plot run --kind",
    ] {
        let odd = OsStr::from_bytes(b"1\x1b[31m\xe2\x80\xae");
        let outcome = with_name(&scratch, arguments, odd);
        outcome.has_code(2);
        assert!(outcome.stderr.contains(r"$'1\x1b[31m\u202e'"), "{outcome}");
    }
    let flag = with_name(&scratch, "train", OsStr::from_bytes(b"--a\x1b[31m"));
    assert!(flag.stderr.contains(r"$'--a\x1b[31m'"), "{flag}");
}

/// Names that a terminal would obey, that turn the text around them, or that are no text: shown as a shell would quote them, in
/// every sentence of every command.
#[test]
fn no_name_reaches_the_terminal_as_it_is() {
    let scratch = Scratch::with_model();
    let folder = OsStr::from_bytes(b"a\x1b[31m\n\xe2\x80\xaeb");
    if fs::create_dir(scratch.join(folder)).is_err() {
        return skipped("hostile names of outputs", "the file system allows none");
    }
    let quoted = r"$'a\x1b[31m\n\u202eb";
    let run = |arguments: &str, name: &OsStr| with_name(&scratch, arguments, name);
    let inside = |name: &[u8]| {
        Path::new(folder)
            .join(OsStr::from_bytes(name))
            .into_os_string()
    };
    // In words, and as JSON, which has escapes of its own.
    for (arguments, name) in [
        (
            "train --epochs 1 --hidden 4 --data data --report --out",
            "run",
        ),
        ("synth --train 10 --test 10 --out", "drawn"),
        ("export --model run --out", "x.csv"),
        ("report run --out", "x.html"),
        ("plot run --kind error --out", "x.svg"),
        (
            "explore --data data --images 0 --map 0 --figures",
            "figures",
        ),
        ("man --out", "pages"),
    ] {
        let outcome = run(arguments, &inside(name.as_bytes()));
        outcome.has_code(0);
        let said = outcome.stdout.clone() + &outcome.stderr;
        assert!(said.contains(quoted), "{outcome}");
        if arguments.starts_with("man") {
            continue;
        }
        let json = run(
            &format!("{} --json --out", arguments.replace(" --out", "")),
            &inside(format!("j{name}").as_bytes()),
        );
        assert!(matches!(json.code(), Some(0 | 2)), "{json}");
        // What is there already is refused under the same name.
        let again = run(arguments, &inside(name.as_bytes()));
        again.has_code(2);
        assert!(again.stderr.contains(quoted), "{again}");
    }
    // A name that is no text differs from another such name, and the shell takes it as it is shown.
    for (name, shown) in [(b"\xff.csv", r"\377.csv'"), (b"\xfe.csv", r"\376.csv'")] {
        let outcome = run("export --model run --out", &inside(name));
        assert!(outcome.stdout.contains(shown), "{outcome}");
        let json = run("export --model run --force --json --out", &inside(name)).json();
        assert!(
            json["out"].as_str().expect("a text").ends_with(shown),
            "{json}"
        );
    }
    for command in [
        "evaluate --model",
        "predict --model run",
        "train --config",
        "train --out new --data",
        "report",
        "plot --kind error",
        "import --scale unit --out new",
    ] {
        let outcome = run(command, &inside(b"\xff\x07"));
        assert!(matches!(outcome.code(), Some(2 | 3)), "{outcome}");
        assert!(outcome.stderr.contains(r"\377\x07"), "{outcome}");
    }
}

#[test]
fn pictures_whose_names_are_no_text_are_told_apart() {
    let scratch = Scratch::with_model();
    let picture = png(
        [28, 28],
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &[7; 784],
    );
    let names: Vec<OsString> = [&b"\xff.png"[..], b"\xfe.png", b"it's\t.png", b"plain.png"]
        .map(|name| OsStr::from_bytes(name).to_owned())
        .to_vec();
    for name in &names {
        if fs::write(scratch.join(name), &picture).is_err() {
            return skipped(
                "pictures whose names are no text",
                "the file system allows none",
            );
        }
    }
    let outcome = scratch
        .gingham("predict -q --model run")
        .args(&names)
        .outcome()
        .succeeded();
    let shown: Vec<&str> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(
        shown,
        [
            r"$'\377.png'",
            r"$'\376.png'",
            r"$'it\'s\t.png'",
            "plain.png"
        ]
    );
    // The shell takes them back.
    for (name, shown) in names.iter().zip(&shown).take(3) {
        let line = format!("[ -s {shown} ] && printf %s {shown} | od -An -tx1");
        let bytes = scratch.run("bash").args(["-c", &line]).outcome();
        let hex: String = name
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            bytes.stdout.split_whitespace().collect::<String>(),
            hex,
            "{bytes}"
        );
    }
    let rows = scratch
        .gingham("predict -q --json --model run")
        .args(&names)
        .outcome()
        .json_lines();
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["image"].as_str())
        .collect();
    assert_eq!(
        names,
        [r"$'\377.png'", r"$'\376.png'", "it's\t.png", "plain.png"]
    );
}

/// A dash is standard input wherever a file is read, and it is read once.
#[test]
fn a_dash_is_standard_input() {
    let scratch = Scratch::with_model();
    let by_shell = |line: &str| scratch.run("sh").args(["-c", line, PROGRAM]).outcome();
    let model = "cat run/model.safetensors | \"$0\"";
    let csv = scratch
        .done("export -q --model run --format csv --out -")
        .stdout;
    for dash in ["-", "/dev/stdin", "/dev/fd/0"] {
        let same = by_shell(&format!(
            "{model} export -q --format csv --out - --model {dash}"
        ));
        assert_eq!(same.succeeded().stdout, csv, "{dash}");
    }
    let refused = by_shell(&format!(
        "{model} import - --scale unit --activation relu --out new"
    ));
    refused.is_refusal(3, &["/dev/stdin", "not a network that can be imported"]);
    // A file as PyTorch writes it: a layer of two inputs and two outputs.
    let header = br#"{"0.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]}}"#;
    let file = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 32]].concat();
    scratch.write("net.safetensors", file);
    scratch.done("import net.safetensors --scale unit --out by-name");
    for (number, line) in [
        "\"$0\" import - --scale unit --out new < net.safetensors",
        "cat net.safetensors | \"$0\" import - --scale unit --out new",
        "printf 'a\\nb\\n' | \"$0\" import net.safetensors --classes - --scale unit --out new",
    ]
    .into_iter()
    .enumerate()
    {
        by_shell(line).succeeded();
        let same = scratch.read("new") == scratch.read("by-name");
        assert_eq!(same, number < 2, "{line}");
        fs::remove_file(scratch.join("new")).expect("it is there");
    }
    for arguments in [
        "predict --model run - -",
        "predict --model run - /dev/stdin",
        "predict --model - --idx -",
        "import - --classes - --scale unit --out new",
    ] {
        scratch.refuses(
            2,
            arguments,
            &["stdin: expected to be read once, found '-' 2 times"],
        );
    }
}
