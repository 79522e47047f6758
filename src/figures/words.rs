//! Words in figures: how long they are, how control characters are shown, and how long names are cut so that they stay different.

use super::clusters::{Cluster, is_mark};
use crate::quote;

/// What stands for the letters that are left out.
const ELLIPSIS: char = '\u{2026}';
/// How many letters are kept before those that differ, where their word does not fit from its beginning.
const MOST_BACK: usize = 4;
/// Room for several short words, in units.
const SEVERAL_WORDS: f64 = 90.0;
/// The size of the figures' usual text, in units.
const SIZE: f64 = 12.0;

/// Text as a reader can see it: control characters, and those that [nobody sees](quote::is_invisible), are written as
/// escapes (`\n`, `\x1b`, `\u{202e}`). What XML cannot hold is replaced.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => seen.push_str("\\t"),
            '\n' => seen.push_str("\\n"),
            '\r' => seen.push_str("\\r"),
            '\u{fffe}' | '\u{ffff}' => seen.push('\u{fffd}'),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                seen.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter if quote::is_invisible(letter) => {
                seen.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
            }
            letter => seen.push(letter),
        }
    }
    seen
}

/// About how many units a text of the usual size takes. Browsers choose among several fonts, so this is the width in a wide one.
#[must_use]
pub fn length(text: &str) -> f64 {
    text.chars().map(width).sum()
}

/// The width of a letter in units.
fn width(letter: char) -> f64 {
    let ems = match letter {
        letter if is_mark(letter) => 0.0,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' => 0.42,
        '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '[' | ']' | '-' | '/' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | ELLIPSIS => 0.9,
        'A'..='Z' | '_' => 0.66,
        '\u{1100}'.. => 1.05,
        _ => 0.58,
    };
    ems * SIZE
}

/// The names as they can be written in `room` units each. A longer name is cut in its middle. Where names begin alike, the cut
/// is placed so that the letters in which they differ stay. Names that are still the same get their number.
#[must_use]
pub fn told_apart(names: &[String], room: f64) -> Vec<String> {
    let letters: Vec<Vec<Cluster>> = names
        .iter()
        .map(|name| Cluster::of(&visible(name)))
        .collect();
    let mut short: Vec<String> = (0..names.len())
        .map(|number| cut(&letters, number, room))
        .collect();
    let same = |number: usize| {
        let others = short.iter().enumerate();
        others.filter(|(_, other)| **other == short[number]).count() > 1
    };
    let again: Vec<usize> = (0..short.len()).filter(|&number| same(number)).collect();
    for number in again {
        let tail = format!(" ({number})");
        let kept = fitting(letters[number].iter(), room - length(&tail));
        let head = if kept == letters[number].len() {
            text(&letters[number])
        } else {
            let kept = fitting(
                letters[number].iter(),
                room - length(&tail) - width(ELLIPSIS),
            );
            joined(&letters[number][..kept], &[])
        };
        short[number] = head + &tail;
    }
    short
}

/// One text in `room` units, cut in its middle where it is longer.
#[must_use]
pub fn shortened(text: &str, room: f64) -> String {
    cut(&[Cluster::of(&visible(text))], 0, room)
}

/// How many letters fit into `room` units.
fn fitting<'a>(letters: impl Iterator<Item = &'a Cluster>, room: f64) -> usize {
    let mut left = room;
    letters
        .take_while(|letter| {
            left -= length(letter.as_str());
            left >= 0.0
        })
        .count()
}

/// The name number `number` in `room` units.
fn cut(names: &[Vec<Cluster>], number: usize, room: f64) -> String {
    let own = &names[number];
    let span = |letters: &[Cluster]| {
        let lengths = letters.iter().map(|letter| length(letter.as_str()));
        lengths.sum::<f64>()
    };
    if span(own) <= room {
        return text(own);
    }
    let room = room - width(ELLIPSIS);
    // So many letters are also the beginning of another name.
    let others = names.iter().filter(|other| *other != own);
    let alike = others
        .map(|other| own.iter().zip(other).take_while(|(a, b)| a == b).count())
        .max()
        .unwrap_or(0);
    let head = fitting(own.iter(), room * 0.6);
    if alike < head {
        let tail = fitting(own[head..].iter().rev(), room - span(&own[..head]));
        return joined(&own[..head], &own[own.len() - tail..]);
    }
    // Where there is room for a word or two at most, nothing is kept of what other names have too.
    let head = if room < SEVERAL_WORDS {
        0
    } else {
        fitting(own.iter(), room * 0.4)
    };
    let room = room - span(&own[..head]);
    let word = beginning(own, head, alike);
    let differs = fitting(own[word..].iter(), room - width(ELLIPSIS)) > alike - word;
    let start = if differs {
        word
    } else {
        head.max(alike.saturating_sub(MOST_BACK))
    };
    if span(&own[start..]) <= room {
        // As many whole words as there is room for.
        let first = own.len() - fitting(own[head..].iter().rev(), room);
        let begins = |&at: &usize| own[at].is_alphanumeric() && !own[at - 1].is_alphanumeric();
        let first = (first.max(1)..start).find(begins).unwrap_or(start);
        return joined(&own[..head], &own[first..]);
    }
    let shown = fitting(own[start..].iter(), room - width(ELLIPSIS));
    let middle = joined(&own[..head], &own[start..start + shown]);
    // Where not even one letter fits, one mark says so.
    let more = if shown == 0 { "" } else { "\u{2026}" };
    middle.trim_end().to_owned() + more
}

/// Where the word begins in which a name first differs, or `least` where that is later.
fn beginning(name: &[Cluster], least: usize, differs: usize) -> usize {
    let mut start = differs;
    while start > least && name[start - 1].is_alphanumeric() {
        start -= 1;
    }
    start
}

/// The letters as a text.
fn text(letters: &[Cluster]) -> String {
    letters.iter().map(Cluster::as_str).collect()
}

/// Head and tail with the ellipsis between them, without blanks around it.
fn joined(head: &[Cluster], tail: &[Cluster]) -> String {
    let (head, tail) = (text(head), text(tail));
    format!("{}{ELLIPSIS}{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn short(names: &[&str], room: f64) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        told_apart(&names, room)
    }

    #[test]
    fn what_differs_stays() {
        let chest = |end: &str| format!("chest x-ray, frontal, adult: {end}");
        let names = [chest("pneumonia"), chest("effusion"), chest("no finding")];
        assert_eq!(
            told_apart(&names, 120.0),
            [
                "chest\u{2026}pneumonia",
                "chest\u{2026}effusion",
                "chest\u{2026}no finding"
            ]
        );
        let skin = short(
            &[
                "melanoma of the skin, type A, which is benign",
                "melanoma of the skin, type B, which is benign",
            ],
            100.0,
        );
        assert!(
            skin[0].contains("A, ") && skin[1].contains("B, "),
            "{skin:?}"
        );
        assert_eq!(short(&["short", "names"], 100.0), ["short", "names"]);
        let one = short(&["colorectal adenocarcinoma epithelium"], 100.0);
        assert!(
            one[0].starts_with("colorec") && one[0].ends_with("lium"),
            "{one:?}"
        );
    }

    /// What a reader takes for one letter is whole or not there: an accent alone, or half of an emoji, would be another name.
    #[test]
    fn no_letter_is_cut_in_two() {
        for letter in ["e\u{301}\u{323}", "👩🏽\u{200d}🚀", "🇩🇪", "कि", "ที่"]
        {
            for room in 20..200 {
                let cut = shortened(&letter.repeat(30), f64::from(room));
                let rest = cut.replace(letter, "");
                assert_eq!(rest.trim_matches(ELLIPSIS), "", "{cut}");
            }
        }
    }

    #[test]
    fn names_that_are_the_same_get_their_number() {
        assert_eq!(
            short(&["cat", "dog", "cat"], 100.0),
            ["cat (0)", "dog", "cat (2)"]
        );
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(
            visible("a\tb\n\u{1b}[31m\u{202e}c"),
            "a\\tb\\n\\x1b[31m\\u{202e}c"
        );
        assert_eq!(visible("Größe, 服"), "Größe, 服");
    }

    proptest! {
        #[test]
        fn cut_names_fit_and_differ(names in proptest::collection::hash_set("[ab]{1,30}", 1..12), room in 60.0..200.0) {
            let names: Vec<String> = names.into_iter().collect();
            let short = told_apart(&names, room);
            let mut different = short.clone();
            different.sort_unstable();
            different.dedup();
            prop_assert_eq!(different.len(), names.len());
            for name in &short {
                prop_assert!(length(name) <= room, "{} in {}", name, room);
            }
        }
    }
}
