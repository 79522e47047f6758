//! The house's own check: which file may import which, and how long a file may be.
//!
//! It reads the sources and fails, naming file and line, for
//! 1. files that import each other, directly or through others;
//! 2. an import upwards, or sideways into another area of the same floor ([`FLOORS`] says what is above what);
//! 3. a file of `src/` of more than 400 lines whose module documentation does not say why ([`sizes::REASON`]);
//! 4. a test file of more than 600 lines.
//!
//! What counts as an import: a path that begins with `crate::`, `super::`, `self::`, `gingham::`, a child module or a name that a
//! `use` brought in, wherever it stands in the code. It leads to the file that defines what it names, through re-exports of other
//! files, so that `use super::Layout` in `model/init.rs` leads to the file that has the struct, and to `model/mod.rs` only if the
//! struct is there. `mod child;` and `pub use child::Name;` alone are no imports: a parent shows what its children have. They become
//! one where the parent's own code uses the name. Comments, strings and everything under `#[cfg(test)]` are left out.
//!
//! How functions are written is left to clippy, whose limits are in `clippy.toml`: 80 lines, five parameters.

mod examples;
mod file;
mod graph;
mod imports;
mod sizes;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use imports::Floors;

/// The areas of `src/` from top to bottom, a line for each floor. An area may import what is on lower floors, and nothing else.
/// An area is a module below the crate's root, or, where a longer path is named here, that module.
const FLOORS: Floors = &[
    &["main", "lib"],
    &["cli"],
    &["sweep"],
    &["report", "bench"],
    &["explore", "export", "xor"],
    &["figures"],
    &["classifier"],
    &["train"],
    &["evaluate"],
    &["network"],
    &["input"],
    &["machine"],
    &["engine"],
    &["model"],
    &["data"],
    &["kernels"],
    &["cut", "durable"],
    &["error"],
    &["formats", "rng", "scalar"],
    &["exponential", "quote"],
];

/// Violations that are known and wait to be mended, as the check spells them. One that is gone must be taken off this list.
const KNOWN: &[&str] = &[];

#[test]
fn the_house_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut tests) = (Vec::new(), Vec::new());
    read(root, "src", &mut sources);
    read(root, "tests", &mut tests);
    let mut found = imports::violations(&sources, FLOORS);
    found.extend(sizes::long_files(&sources));
    found.extend(sizes::long_tests(&tests));

    let keys: BTreeSet<&str> = found.iter().map(|violation| &*violation.key).collect();
    let known: BTreeSet<&str> = KNOWN.iter().copied().collect();
    let mut says: Vec<String> = found
        .iter()
        .filter(|violation| !known.contains(&*violation.key))
        .map(|violation| format!("{:?},\n    {}", violation.key, violation.says))
        .collect();
    let mended = known.difference(&keys);
    says.extend(mended.map(|key| format!("{key:?},\n    is mended: take it off the list KNOWN")));
    assert!(says.is_empty(), "\n{}\n", says.join("\n"));
}

/// Every Rust file below `root/folder` in the order of their paths.
fn read(root: &Path, folder: &str, sources: &mut Vec<Source>) {
    let entries = std::fs::read_dir(root.join(folder)).expect("a folder of the project");
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_dir() {
            read(root, &path, sources);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(root.join(&path)).expect("a source file");
            sources.push(Source { path, text });
        }
    }
}

/// A source file.
#[derive(Debug)]
pub struct Source {
    /// Its path from the project's root, with `/` between names.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Violation {
    /// What it is, without line numbers, so that a list of known ones stays valid while lines move.
    pub key: String,
    /// Where it is, and what would be right.
    pub says: String,
}
