//! What helps to find the way: completions, manual pages, names that are nearly right.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::util::{Run, Scratch, skipped};

const MODEL: &str = "run/model.safetensors";

/// Whether a program can be started.
fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn shells_read_their_completions() {
    let scratch = Scratch::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = scratch.done(&format!("completions {shell}")).stdout;
        for word in ["evaluate", "learning-rate", "progress"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
        scratch.write(shell, &script);
        let checks = matches!(shell, "bash" | "fish" | "zsh");
        if checks && is_there(shell) {
            let read = scratch.run(shell).args(["-n", shell]).outcome();
            assert_eq!(read.succeeded().stderr, "");
        } else {
            skipped(&format!("completions read by {shell}"), "it is not there");
        }
    }
    scratch.misuse(scratch.gingham("completions tcsh"), &["tcsh"]);
    scratch.misuse(scratch.gingham("completions"), &["required"]);
}

#[test]
fn bash_completes() {
    if !is_there("bash") {
        return skipped("completion in bash", "it is not there");
    }
    let scratch = Scratch::new();
    scratch.write("script", scratch.done("completions bash").stdout);
    for (words, expected) in [
        ("gingham ev", "evaluate"),
        ("gingham train --epo", "--epochs"),
        ("gingham train --activation s", "sigmoid"),
        ("gingham train --progress l", "lines"),
        ("gingham train --color nev", "never"),
    ] {
        let (before, last) = words.rsplit_once(' ').expect("two words");
        let previous = before.rsplit(' ').next().expect("a word");
        let script = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _gingham gingham '{last}' '{previous}'; echo \"${{COMPREPLY[*]}}\""
        );
        let outcome = scratch.run("bash").args(["-c", &script]).outcome();
        assert_eq!(outcome.succeeded().stdout.trim(), expected, "{words}");
    }
}

#[test]
fn manual_pages() {
    let scratch = Scratch::new();
    let main = scratch.done("man").stdout;
    let listed = scratch.done("man --out share/pages").stdout;
    let paths: Vec<&str> = listed.lines().collect();
    assert_eq!(paths[0], "share/pages/gingham.1");
    assert_eq!(scratch.text(paths[0]).trim_end(), main.trim_end());
    assert_eq!(paths.len(), scratch.listing().len() - 2, "each is listed");
    for path in &paths {
        let page = scratch.text(path);
        assert!(
            page.contains(".SH NAME") && page.contains(".SH EXAMPLE"),
            "{page}"
        );
    }
    let train = scratch.text("share/pages/gingham-train.1");
    for said in ["EXIT CODES", "gingham\\-train(1)"] {
        assert!(main.contains(said), "{said} in {main}");
    }
    for said in [
        ".SH OPTIMISATION",
        "\\-\\-learning\\-rate",
        "[possible values: sigmoid, relu, tanh]",
    ] {
        assert!(train.contains(said), "{said} in {train}");
    }
    // Nothing is written over, and one page that is there keeps the others away.
    scratch.refuses(2, "man --out share/pages", &["gingham.1", "exists"]);
    fs::create_dir(scratch.join("other")).expect("a folder");
    scratch.write("other/gingham-xor.1", "mine");
    scratch.refuses(2, "man --out other", &["gingham-xor.1", "exists"]);
    scratch.write("file", "");
    scratch.refuses(
        2,
        "man --out file",
        &["expected a folder, found the file file"],
    );

    if !is_there("groff") {
        return skipped("manual pages set by groff", "it is not there");
    }
    for path in &paths {
        let set = scratch
            .run("groff")
            .args(["-man", "-Tutf8", "-ww", path])
            .outcome()
            .succeeded();
        assert_eq!(set.stderr, "", "{path}");
        assert!(set.stdout.contains("gingham"), "{set}");
    }
}

#[test]
fn names_that_are_nearly_right() {
    let scratch = Scratch::with_model();
    scratch.write("boot.png", "");
    for (code, command, meant) in [
        (
            3,
            "evaluate --data data --model run/modle.safetensors",
            MODEL,
        ),
        (
            3,
            "evaluate --data data --model ./run/model",
            "./run/model.safetensors",
        ),
        (
            3,
            "evaluate --data data --model rnu/model.safetensors",
            MODEL,
        ),
        (
            3,
            "evaluate --data data --model Run/MODEL.safetensors",
            "run",
        ),
        (
            3,
            "evaluate --data dat --model run/model.safetensors",
            "data",
        ),
        (
            3,
            "predict --model run/model.safetensors boot.jpg",
            "boot.png",
        ),
        (
            3,
            "predict --model run/model.safetensors --idx data/t10k-image-idx3-ubyte",
            "data/t10k-images-idx3-ubyte",
        ),
        (3, "train --out new --data Data", "data"),
        (
            2,
            "train --out new --config run/confg.toml",
            "run/config.toml",
        ),
    ] {
        scratch.refuses(code, command, &[&format!("; did you mean '{meant}'?")]);
    }
    // Another file of the same kind is no slip of the pen.
    fs::remove_file(scratch.join("data/train-labels-idx1-ubyte")).expect("a file");
    for command in [
        "evaluate --data data --model run/model.safetensors",
        "evaluate --data data --model missing",
        "evaluate --data data --model missing/model.safetensors",
        "evaluate --data data --model boot.png/model",
        "evaluate --data data --model ..",
        "evaluate --data data --model /",
        "train --out new --config missing.toml",
    ] {
        let outcome = scratch.gingham(command).outcome();
        assert!(matches!(outcome.code(), Some(2 | 3)), "{outcome}");
        assert!(!outcome.stderr.contains("did you mean"), "{outcome}");
    }
}

/// Whatever names there are: no panic, and no name that a terminal would obey.
#[test]
fn names_that_are_hostile() {
    let scratch = Scratch::new();
    let odd: [&[u8]; 6] = [
        b"model\x1b[31m",
        b"model\xff",
        b"modl\n",
        b"\xff\xfe",
        &[b'm'; 255],
        b"model\xe2\x80\xae",
    ];
    for name in odd {
        if fs::write(scratch.join(OsStr::from_bytes(name)), "").is_err() {
            return skipped("hostile names", "the file system allows none");
        }
    }
    std::os::unix::fs::symlink("modek", scratch.join("modem")).expect("a link to nowhere");
    let long = "m/".repeat(1000);
    let typed: [&[u8]; 8] = [
        b"model",
        b"modl",
        b"model\xfe",
        b"m",
        b"modem",
        b"model/\xff/x",
        &[b'm'; 254],
        long.as_bytes(),
    ];
    for typed in typed {
        let typed = OsStr::from_bytes(typed);
        let run = |run: Run| run.arg(typed).outcome();
        for outcome in [
            run(scratch.gingham("evaluate --model")),
            run(scratch.gingham("train --out new --data")),
            run(scratch.gingham("train --out new --config")),
        ] {
            assert!(matches!(outcome.code(), Some(2 | 3)), "{outcome}");
            assert!(outcome.stderr.starts_with("error: "), "{outcome}");
            assert!(!outcome.stderr.contains("panicked"), "{outcome}");
            assert!(!outcome.stderr.contains(['\x1b', '\u{202e}']), "{outcome}");
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        }
    }
}
