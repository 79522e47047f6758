//! Names that look the same and are not: Unicode writes one letter in several ways.
//!
//! `é` is one character, or an `e` with an accent behind it; file systems and editors turn one into the other. Names are compared as
//! they are written all the same, so that no two classes become one. A refusal only has to say why two names that look the same are not.
//! For that no table of all letters is needed: where one name has a single character outside ASCII and the other has a letter
//! with marks behind it, the two are taken to look the same.

use std::iter::Peekable;
use std::str::Chars;

/// Whether two different names look the same.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    if one == other {
        return false;
    }
    let mut names = [one.chars().peekable(), other.chars().peekable()];
    loop {
        let [one, other] = &mut names;
        match [next(one), next(other)] {
            [None, None] => return true,
            [Some(one), Some(other)] if is_alike(one, other) => {}
            _ => return false,
        }
    }
}

/// A name with every character outside ASCII as its number.
pub(super) fn escaped(name: &str) -> String {
    let escape = |letter: char| match letter {
        ' '..='~' => letter.to_string(),
        letter => letter.escape_unicode().to_string(),
    };
    name.chars().map(escape).collect()
}

/// A letter, and how many marks stand behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Letter(char, usize);

/// The next letter that is seen, with its marks.
fn next(name: &mut Peekable<Chars<'_>>) -> Option<Letter> {
    while name.next_if(|letter| is_unseen(*letter)).is_some() {}
    let letter = name.next()?;
    let mut marks = 0;
    while let Some(mark) = name.next_if(|letter| is_mark(*letter) || is_unseen(*letter)) {
        marks += usize::from(is_mark(mark));
    }
    Some(Letter(letter, marks))
}

fn is_alike(one: Letter, other: Letter) -> bool {
    let is_composed = |one: Letter, other: Letter| !one.0.is_ascii() && one.1 < other.1;
    let are_blanks = one.0.is_whitespace() && other.0.is_whitespace();
    one == other || are_blanks || is_composed(one, other) || is_composed(other, one)
}

/// Whether nobody sees this character: joiners, marks of direction, the byte order mark, selectors of variants, the soft hyphen.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Whether this character is written onto the one before it: accents, the points of Arabic and Indic letters, the vowels and finals of
/// Korean syllables, the voicing marks of Japanese.
fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{653}'..='\u{655}' | '\u{93c}' | '\u{1161}'..='\u{11ff}' | '\u{3099}' | '\u{309a}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_composed_and_decomposed_look_alike() {
        for (one, other, alike) in [
            ("caf\u{e9}", "cafe\u{301}", true),
            ("\u{1ed9}n", "o\u{323}\u{302}n", true),
            ("\u{1ed9}", "\u{1ecd}\u{302}", true),
            ("\u{d55c}", "\u{1112}\u{1161}\u{11ab}", true),
            ("\u{304c}", "\u{304b}\u{3099}", true),
            ("tea pot", "tea\u{a0}pot", true),
            ("tea", "te\u{200b}a", true),
            ("caf\u{e9}", "caf\u{e9}", false),
            ("caf\u{e9}", "cafe", false),
            ("caf\u{e9}", "caf\u{e8}", false),
            ("cat", "Cat", false),
            ("cat", "cats", false),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                assert_eq!(look_alike(one, other), alike, "{one} and {other}");
            }
        }
        assert_eq!(escaped("caf\u{e9} \t"), "caf\\u{e9} \\u{9}");
    }
}
