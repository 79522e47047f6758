//! What a reader takes for one letter, though it is written by several characters: a letter with its accents, an emoji with its colour,
//! a flag of two letters, a family of four people.
//!
//! A name is cut between such clusters and never within one. The rules are those of Unicode's grapheme clusters (UAX 29) without its
//! tables: which characters stay with the one before them is asked of the standard library, and, for the scripts of India, read off
//! their blocks, which are all laid out alike.

/// The joiner of emoji.
const JOINER: char = '\u{200d}';

/// A letter as a reader sees it: the characters that write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cluster(String);

impl Cluster {
    /// The clusters of a text.
    pub(super) fn of(text: &str) -> Vec<Self> {
        let mut clusters: Vec<Self> = Vec::new();
        for letter in text.chars() {
            match clusters.last_mut() {
                Some(Self(last)) if stays_with(last, letter) => last.push(letter),
                _ => clusters.push(Self(letter.to_string())),
            }
        }
        clusters
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a letter or a digit, with or without marks.
    pub(super) fn is_alphanumeric(&self) -> bool {
        self.0.starts_with(char::is_alphanumeric)
    }
}

/// Whether this character takes no room of its own: a mark on the one before it, or a joiner.
pub(super) fn is_mark(letter: char) -> bool {
    let is_private = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    // The standard library escapes a character that extends the one before it. It escapes few others that can be seen.
    let extends = || !letter.is_whitespace() && letter.escape_debug().len() > 1;
    !letter.is_ascii() && !letter.is_control() && !is_private && (is_of_emoji(letter) || extends())
}

/// The colours of skins, and the invisible letters that name a region's flag.
fn is_of_emoji(letter: char) -> bool {
    matches!(letter, '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Whether `letter` belongs to the cluster before it.
fn stays_with(last: &str, letter: char) -> bool {
    let before = last.chars().next_back().unwrap_or_default();
    let pairs = |letter: char| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}');
    let is_half_a_flag = last.chars().count() == 1 && pairs(before);
    is_mark(letter)
        || is_vowel_sign(letter)
        || before == JOINER
        || is_half_a_flag && pairs(letter)
        // The vowels and finals of Korean syllables that are written in parts.
        || matches!(letter, '\u{1160}'..='\u{11ff}') && matches!(before, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}')
        // The second consonant behind a sign that takes the first one's vowel away.
        || is_indic(before) && place(before) == 0x4d && is_indic(letter)
}

/// Signs of vowels that stand beside their consonant.
fn is_vowel_sign(letter: char) -> bool {
    is_indic(letter)
        && matches!(place(letter), 0x00..=0x03 | 0x3a..=0x3c | 0x3e..=0x4f | 0x55..=0x57 | 0x62..=0x63)
        || matches!(letter, '\u{dcf}'..='\u{ddf}' | '\u{e33}' | '\u{eb3}')
}

/// Whether a character is in one of the ten blocks for the scripts of India and Sri Lanka.
fn is_indic(letter: char) -> bool {
    matches!(letter, '\u{900}'..='\u{dff}')
}

/// The place of a character in its block.
fn place(letter: char) -> u32 {
    u32::from(letter) & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_as_one_letter_is_one() {
        for (text, seen) in [
            ("abc", &["a", "b", "c"][..]),
            (
                "e\u{301}e\u{323}\u{302}é",
                &["e\u{301}", "e\u{323}\u{302}", "é"],
            ),
            (
                "👍🏽👩\u{200d}👩\u{200d}👧x",
                &["👍🏽", "👩\u{200d}👩\u{200d}👧", "x"],
            ),
            ("🇩🇪🇫🇷🇩", &["🇩🇪", "🇫🇷", "🇩"]),
            (
                "❤\u{fe0f}1\u{fe0f}\u{20e3}",
                &["❤\u{fe0f}", "1\u{fe0f}\u{20e3}"],
            ),
            ("किताब", &["कि", "ता", "ब"]),
            ("क्षत्र", &["क्ष", "त्र"]),
            ("ที่น้ำ", &["ที่", "น้ำ"]),
            (
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
                &["\u{1112}\u{1161}\u{11ab}", "\u{1100}\u{1173}\u{11af}"],
            ),
            ("\u{301}a", &["\u{301}", "a"]),
            (
                "服装\u{e000}\u{e001}",
                &["服", "装", "\u{e000}", "\u{e001}"],
            ),
        ] {
            let clusters = Cluster::of(text);
            let found: Vec<&str> = clusters.iter().map(Cluster::as_str).collect();
            assert_eq!(found, seen);
        }
    }
}
