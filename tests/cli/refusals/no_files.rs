//! Things that are no files, and files that may not be read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::util::{Run, Scratch, skipped};

/// A directory or a pipe where a file should be. Opening a pipe without a writer would wait for ever; the deadline of
/// every run turns that into a failure.
#[test]
fn directories_and_pipes() {
    let scratch = Scratch::with_model();
    fs::create_dir(scratch.join("folder")).expect("a folder");
    scratch.fifo("pipe");
    for (name, kind) in [
        ("folder", "directory"),
        ("pipe", "pipe"),
        ("/dev/null", "device"),
    ] {
        let says = ["expected a regular file, found ", kind];
        for file in [
            TRAIN_IMAGES,
            TRAIN_LABELS,
            TEST_IMAGES,
            TEST_LABELS,
            "classes.txt",
        ] {
            copy_data(&scratch);
            fs::remove_file(scratch.join("bad").join(file)).expect("it is there");
            symlink(scratch.join(name), scratch.join("bad").join(file)).expect("a link");
            data_is_refused(&scratch, &[says[0], says[1], file]);
        }
        let says = [says[0], says[1], name];
        // A folder may be a run's, with its model in it.
        let of_model = if name == "folder" {
            ["folder/model.safetensors", "cannot be read", "No such file"]
        } else {
            says
        };
        scratch.refuses(
            3,
            &format!("evaluate --data data --model {name}"),
            &of_model,
        );
        scratch.refuses(
            3,
            &format!("predict --idx data/{TEST_IMAGES} --model {name}"),
            &of_model,
        );
        scratch.refuses(3, &format!("predict --model {MODEL} --idx {name}"), &says);
        scratch.refuses(3, &format!("predict --model {MODEL} {name}"), &says);
        scratch.refuses(
            2,
            &format!("train --data data --out new --config {name}"),
            &says,
        );
    }
    scratch.refuses(3, "train --data pipe --out new", &["pipe", "irectory"]);
}

/// How to run the program as somebody for whom permission bits count; none where that cannot be had.
fn unprivileged(scratch: &Scratch) -> Option<fn(Run) -> Run> {
    const NOBODY: u32 = 65_534;
    if fs::metadata(scratch.path()).expect("our folder").uid() != 0 {
        return Some(|run| run);
    }
    allow(scratch.path(), 0o755);
    let as_nobody: fn(Run) -> Run = |run| run.user(NOBODY);
    let evaluate = scratch.gingham(&format!("evaluate --model {MODEL} --data data"));
    match as_nobody(evaluate).try_outcome() {
        Ok(outcome) if outcome.code() == Some(0) => Some(as_nobody),
        _ => {
            skipped(
                "missing permissions",
                "running as root, and nobody cannot run the program",
            );
            None
        }
    }
}

fn allow(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).expect("our own file");
}

#[test]
fn no_permission() {
    let scratch = Scratch::with_model();
    let Some(unprivileged) = unprivileged(&scratch) else {
        return;
    };
    let denied = "ermission denied";
    let refuses = |code, arguments: &str, says: &[&str]| {
        scratch.refuses_run(code, unprivileged(scratch.gingham(arguments)), says);
    };
    copy_data(&scratch);
    for file in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, "classes.txt"] {
        let path = scratch.join("bad").join(file);
        allow(&path, 0);
        refuses(
            3,
            &format!("evaluate --model {MODEL} --data bad"),
            &[file, "cannot be read", denied],
        );
        allow(&path, 0o644);
    }
    let bad = scratch.join("bad");
    allow(&bad, 0);
    refuses(
        3,
        &format!("evaluate --model {MODEL} --data bad"),
        &["bad", "cannot be read", denied],
    );
    allow(&bad, 0o755);

    scratch.write("secret", scratch.read(MODEL));
    allow(&scratch.join("secret"), 0);
    refuses(
        3,
        "evaluate --data data --model secret",
        &["secret", "cannot be read", denied],
    );
    refuses(
        3,
        &format!("predict --model {MODEL} --idx secret"),
        &["secret", "cannot be read", denied],
    );
    refuses(
        3,
        &format!("predict --model {MODEL} secret"),
        &["secret", "cannot be read", denied],
    );
    refuses(2, "train --data data --config secret", &["secret", denied]);

    let shut = scratch.join("shut");
    fs::create_dir(&shut).expect("a folder");
    allow(&shut, 0o555);
    refuses(
        1,
        "train --data data --epochs 1 --out shut/new",
        &["shut/new", "cannot be written", denied],
    );
    refuses(
        1,
        "train --data data --epochs 1 --out shut/deep/new",
        &["shut/deep", "cannot be written", denied],
    );
    refuses(
        1,
        "synth -q --train 10 --test 10 --out shut/new",
        &["shut", "cannot be written", denied],
    );
    allow(&shut, 0o755);
}
