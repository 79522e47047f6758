//! How long a file may be.

use crate::{Source, Violation};

/// Lines of a file of `src/` that needs no reason.
const MOST_LINES: usize = 400;
/// Lines of a test file.
const MOST_LINES_OF_A_TEST: usize = 600;
/// How the sentence begins that says, in the module documentation, why a file is longer.
pub const REASON: &str = "This file is long because";

/// Files of `src/` that are too long and do not say why.
pub fn long_files(sources: &[Source]) -> Vec<Violation> {
    let says_why = |source: &&Source| {
        let mut doc = source
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"));
        doc.any(|line| line.contains(REASON))
    };
    let long = longer(sources, MOST_LINES).filter(|source| !says_why(source));
    let rule = format!(
        "more than {MOST_LINES} lines, and no sentence '{REASON} ..' in its module documentation"
    );
    long.map(|source| violation(source, &rule)).collect()
}

/// Test files that are too long.
pub fn long_tests(sources: &[Source]) -> Vec<Violation> {
    let rule = format!("more than {MOST_LINES_OF_A_TEST} lines");
    longer(sources, MOST_LINES_OF_A_TEST)
        .map(|source| violation(source, &rule))
        .collect()
}

fn longer(sources: &[Source], most_lines: usize) -> impl Iterator<Item = &Source> {
    let long = move |source: &&Source| source.text.lines().count() > most_lines;
    sources.iter().filter(long)
}

fn violation(Source { path, text }: &Source, rule: &str) -> Violation {
    Violation {
        key: format!("{path} is long"),
        says: format!("{path}:{}: {rule}", text.lines().count()),
    }
}
