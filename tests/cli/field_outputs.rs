//! Outputs as people name them: by an ending, as `-`, over an old file, by the run that has the model.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;

use crate::util::{PROGRAM, Scratch};

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
