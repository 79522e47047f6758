//! The check, checked: small houses with one defect each, and sound ones that look as if they had one.

use crate::file::File;
use crate::imports::{Floors, violations};
use crate::sizes::{REASON, long_files, long_tests};
use crate::tokens::tokens;
use crate::{Source, Violation};

const FLOORS: Floors = &[&["main", "lib"], &["top", "side"], &["middle"], &["bottom"]];

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn found(files: &[(&str, &str)]) -> Vec<Violation> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| source(path, text))
        .collect();
    violations(&sources, FLOORS)
}

fn keys(files: &[(&str, &str)]) -> Vec<String> {
    found(files).into_iter().map(|found| found.key).collect()
}

/// Two files of one area: what `a.rs` and `b.rs` of `middle` say, with a root and a `middle/mod.rs` that show both.
fn two(a: &str, b: &str) -> Vec<String> {
    keys(&[
        ("src/lib.rs", "pub mod middle;"),
        (
            "src/middle/mod.rs",
            "mod a; mod b; pub use a::A; pub use b::{self as c, B};",
        ),
        ("src/middle/a.rs", a),
        ("src/middle/b.rs", b),
    ])
}

const CIRCLE: [&str; 1] = ["src/middle/a.rs -> src/middle/b.rs -> src/middle/a.rs"];

#[test]
fn files_that_import_each_other_are_found() {
    assert_eq!(
        two("use super::b::B; struct A;", "use super::a::A; struct B;"),
        CIRCLE
    );
    // By the names that their parent shows, by whole paths, in braces over several lines, and without a `use`.
    assert_eq!(
        two("use super::B; struct A;", "use crate::middle::A; struct B;"),
        CIRCLE
    );
    assert_eq!(
        two(
            "use super::{\n    other::C,\n    b::{\n        self, B},\n};\nstruct A;",
            "fn f() -> super::A { super::a::A } struct B;"
        ),
        CIRCLE
    );
    assert_eq!(
        two(
            "use super::b; fn f(b: b::B) {} struct A;",
            "fn f() { super::a::A } struct B;"
        ),
        CIRCLE
    );
    assert_eq!(
        two(
            "fn f(b: super::c::B) {} struct A;",
            "mod m { use super::super::A; } struct B;"
        ),
        CIRCLE
    );
    assert_eq!(
        two(
            "use super::b::*; struct A;",
            "use gingham::middle::a::A as D; struct B;"
        ),
        CIRCLE
    );
}

#[test]
fn what_is_no_code_imports_nothing() {
    let a = "use super::B; struct A;";
    for b in [
        "struct B;",
        "//! [`super::A`]\n/// [`super::A`]\nstruct B; // super::A",
        "/* use super::A; /* nested */ super::A */ struct B;",
        "struct B; #[cfg(test)] mod tests { use super::super::A; fn f() { crate::middle::A } }",
        "struct B; #[cfg(all(test, unix))] use super::A;",
        "struct B; fn f() -> &str { \"\\\" super::A\" }",
        "struct B; fn f() -> &str { r#\"\" super::A\"# }",
        "struct B; fn f<'a>(x: &'a [char; 2]) { let _ = ['\"', '\\'']; let _ = b\"super::A\"; }",
    ] {
        assert_eq!(two(a, b), [""; 0], "{b}");
    }
    // These look alike, but are code.
    for b in [
        "struct B; #[cfg(not(test))] use super::A;",
        "struct B; #[cfg(unix)] use super::A;",
        "struct B; fn f() { '\"'; super::A; '\"' }",
        "struct B; #[cfg(test)] mod tests { fn f() {} } use super::A;",
        "struct B; #[cfg(test)] const N: [u8; 1] = [0]; use super::A;",
    ] {
        assert_eq!(two(a, b), CIRCLE, "{b}");
    }
}

#[test]
fn files_of_tests_import_what_they_like() {
    let files = |attribute: &str| {
        let parent = format!("{attribute} mod cases; pub struct A; fn f() {{ cases::run() }}");
        keys(&[
            ("src/lib.rs", "mod middle;"),
            ("src/middle/mod.rs", &parent),
            ("src/middle/cases.rs", "use super::A; pub fn run() {}"),
        ])
    };
    assert_eq!(files("#[cfg(test)]"), [""; 0]);
    let circle = "src/middle/cases.rs -> src/middle/mod.rs -> src/middle/cases.rs";
    assert_eq!(files(""), [circle]);
}

#[test]
fn a_parent_that_only_shows_its_child_imports_nothing() {
    let with = |parent: &str| {
        keys(&[
            ("src/lib.rs", "mod middle;"),
            ("src/middle/mod.rs", parent),
            ("src/middle/child.rs", "use super::A; pub struct B(A);"),
        ])
    };
    let circle = ["src/middle/child.rs -> src/middle/mod.rs -> src/middle/child.rs"];
    assert_eq!(with("mod child; pub use child::B; pub struct A;"), [""; 0]);
    assert_eq!(
        with("mod child; pub(crate) use child::B; pub struct A;"),
        [""; 0]
    );
    assert_eq!(
        with("mod child; pub use child::B; pub struct A; fn f(b: B) {}"),
        circle
    );
    assert_eq!(with("mod child; use child::B; pub struct A;"), circle);
    assert_eq!(with("mod child; pub struct A; fn f() { child::B }"), circle);
    assert_eq!(
        with("mod child; pub struct A; fn f() { self::child::B }"),
        circle
    );
}

#[test]
fn longer_circles_are_found_and_named_with_their_lines() {
    let files = [
        ("src/lib.rs", "mod middle;"),
        ("src/middle/mod.rs", "mod a; mod b; mod c;"),
        ("src/middle/a.rs", "\nuse super::b::B; pub struct A;"),
        ("src/middle/b.rs", "use super::c::C;\npub struct B;"),
        (
            "src/middle/c.rs",
            "pub struct C;\n\n\nfn f() { super::a::A; super::b::B }",
        ),
    ];
    let found = found(&files);
    let keys: Vec<&str> = found.iter().map(|found| &*found.key).collect();
    // The shorter circle is taken first. It breaks the longer one, which is not told beside it.
    assert_eq!(
        keys,
        ["src/middle/b.rs -> src/middle/c.rs -> src/middle/b.rs"]
    );
    assert!(
        found[0]
            .says
            .starts_with("src/middle/b.rs:1, src/middle/c.rs:4: ")
    );
    let cut = "pub struct C;\n\n\nfn f() { super::a::A }";
    let files = files.map(|(path, text)| (path, if path.ends_with("c.rs") { cut } else { text }));
    let around = "src/middle/a.rs -> src/middle/b.rs -> src/middle/c.rs -> src/middle/a.rs";
    assert_eq!(self::keys(&files), [around]);
}

#[test]
fn imports_upwards_and_sideways_are_found() {
    let with = |path: &str, text: &str| {
        keys(&[
            (
                "src/lib.rs",
                "pub mod top; pub mod side; pub mod middle; pub mod bottom; pub use top::T;",
            ),
            ("src/main.rs", "mod top; fn main() { top::main() }"),
            (path, text),
            (
                "src/top.rs",
                "use gingham::bottom::B; pub struct T; pub fn main() {}",
            ),
            ("src/side.rs", "pub struct S;"),
            ("src/bottom.rs", "pub struct B;"),
        ])
    };
    assert_eq!(
        with(
            "src/middle.rs",
            "use crate::bottom::B; use std::fmt; fn f() { fmt::top() }"
        ),
        [""; 0]
    );
    let upwards = ["src/middle.rs imports src/top.rs upwards"];
    assert_eq!(
        with("src/middle.rs", "use crate::{bottom::B, top::T};"),
        upwards
    );
    // Past the door of the library, and by a type that is only shown.
    assert_eq!(with("src/middle.rs", "use crate::T;"), upwards);
    assert_eq!(with("src/middle.rs", "pub use crate::top::T;"), upwards);
    assert_eq!(
        with("src/middle/mod.rs", "fn f() -> crate::top::T { }"),
        ["src/middle/mod.rs imports src/top.rs upwards"]
    );
    assert_eq!(
        with("src/top/child.rs", "use crate::side::S;"),
        ["src/top/child.rs imports src/side.rs sideways"]
    );
    assert_eq!(
        with("src/attic.rs", "use crate::top::T;"),
        ["src/attic.rs has no floor"]
    );
}

#[test]
fn long_files_are_found() {
    let text = |head: &str, lines: usize| format!("{head}\n").repeat(lines);
    let reason = format!(
        "//! A module.\n//! {REASON} it has to be.\n{}",
        text("//", 500)
    );
    let late = format!("{}//! {REASON} it has to be.\n", text("//", 500));
    let sources = [
        source("src/short.rs", &text("fn f() {}", 400)),
        source("src/reason.rs", &reason),
        source("src/late.rs", &late),
        source("src/long.rs", &text("fn f() {}", 401)),
    ];
    let keys = |found: Vec<Violation>| found.into_iter().map(|found| found.key);
    assert!(keys(long_files(&sources)).eq(["src/late.rs is long", "src/long.rs is long"]));
    let sources = [600, 601].map(|lines| source("tests/it.rs", &text("", lines)));
    assert_eq!(long_tests(&sources).len(), 1);
    assert!(
        long_tests(&sources)[0]
            .says
            .starts_with("tests/it.rs:601: ")
    );
}

#[test]
fn sources_are_read_as_the_compiler_reads_them() {
    let text = "a::b /* c\n */ 'd' \"e\n\" br##\"f\"#\"## r#g 'h' 'i: \u{e9}\n// j\nk";
    let read: Vec<(&str, usize)> = tokens(text).iter().map(|t| (t.text, t.line)).collect();
    let expected = [
        ("a", 1),
        ("::", 1),
        ("b", 1),
        ("r", 3),
        ("#", 3),
        ("g", 3),
        (":", 3),
        ("\u{e9}", 3),
        ("k", 5),
    ];
    assert_eq!(read, expected);

    let file = File::new(&source(
        "src/middle/a.rs",
        "pub(crate) use a::{b::{self, C as D}, e::*, f}; struct G; use h as _;",
    ));
    let uses: Vec<String> = file
        .uses
        .iter()
        .map(|u| format!("{} {} {}", u.path.join("."), u.name, u.public))
        .collect();
    assert_eq!(
        uses,
        [
            "a.b b true",
            "a.b.C D true",
            "a.e.* * true",
            "a.f f true",
            "h _ false"
        ]
    );
    assert_eq!(file.module, ["middle", "a"]);
    assert!(file.items.contains("G") && file.items.len() == 1);
}
