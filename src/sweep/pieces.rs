//! Pieces of a plan's text that know where they stand, so that what is wrong is told with its place.

use std::ops::Range;

use crate::error::{Error, cut};
use crate::quote;

/// A part of a text.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The part.
    pub text: &'a str,
    /// Bytes of the whole text before it.
    pub start: usize,
}

/// A function and what stands between its brackets.
pub struct Call<'a> {
    /// The function's name.
    pub name: Piece<'a>,
    /// All arguments with the commas between them.
    pub inside: Piece<'a>,
}

/// Why a text is refused.
#[derive(Debug)]
pub struct Refusal {
    /// Bytes of the text before the place.
    pub start: usize,
    /// The setting, what was expected and what was found.
    pub reason: String,
}

impl<'a> Piece<'a> {
    /// A whole text.
    pub fn new(text: &'a str) -> Self {
        Self { text, start: 0 }
    }

    /// Without white space around it.
    pub fn trimmed(self) -> Self {
        let tail = self.text.trim_start();
        Self {
            text: tail.trim_end(),
            start: self.start + self.text.len() - tail.len(),
        }
    }

    /// The parts between separators, without white space around them; empty ones are left out.
    pub fn parts(self, separator: fn(char) -> bool) -> impl Iterator<Item = Self> {
        let mut start = self.start;
        let parts = self.text.split_inclusive(separator).map(move |text| {
            let piece = Self {
                text: text.strip_suffix(separator).unwrap_or(text),
                start,
            };
            start += text.len();
            piece.trimmed()
        });
        parts.filter(|piece| !piece.text.is_empty())
    }

    /// What is before the first `separator` and what is behind it.
    pub fn split_once(self, separator: char) -> Option<(Self, Self)> {
        let (before, behind) = self.text.split_once(separator)?;
        let at = self.text.len() - behind.len();
        Some((self.part(0..before.len()), self.part(at..self.text.len())))
    }

    /// The parts between commas outside of brackets, without white space around them; one empty part for an empty text.
    pub fn items(self) -> Result<Vec<Self>, Refusal> {
        let (mut items, mut open, mut start) = (Vec::new(), Vec::new(), 0);
        for (at, letter) in self.text.char_indices() {
            match letter {
                '(' => open.push(at),
                ')' if open.pop().is_none() => {
                    let bracket = self.part(at..self.text.len());
                    return Err(
                        bracket.refuse_for("expected '(' before ')', found none".to_owned())
                    );
                }
                ',' if open.is_empty() => {
                    items.push(self.part(start..at).trimmed());
                    start = at + 1;
                }
                _ => {}
            }
        }
        if let Some(&at) = open.first() {
            let bracket = self.part(at..self.text.len());
            return Err(bracket.refuse_for("expected ')' behind '(', found none".to_owned()));
        }
        items.push(self.part(start..self.text.len()).trimmed());
        Ok(items)
    }

    /// This as a function with arguments; none where it has no bracket.
    pub fn call(self) -> Result<Option<Call<'a>>, Refusal> {
        let Some((name, behind)) = self.split_once('(') else {
            return Ok(None);
        };
        let inside = behind.text.rfind(')').unwrap_or(behind.text.len());
        let rest = behind.part((inside + 1).min(behind.text.len())..behind.text.len());
        if !rest.text.is_empty() {
            return Err(rest.trimmed().refuse("nothing behind ')'"));
        }
        Ok(Some(Call {
            name: name.trimmed(),
            inside: behind.part(0..inside),
        }))
    }

    /// Refuses this, as something else was expected.
    pub fn refuse(self, expected: &str) -> Refusal {
        self.refuse_for(format!("expected {expected}, found {}", found(self.text)))
    }

    /// Refuses this for a reason.
    pub fn refuse_for(self, reason: String) -> Refusal {
        Refusal {
            start: self.start,
            reason,
        }
    }

    fn part(self, range: Range<usize>) -> Self {
        Self {
            start: self.start + range.start,
            text: &self.text[range],
        }
    }
}

impl Refusal {
    /// With the setting's name in front.
    pub fn of(self, name: &str) -> Self {
        let name = quote::name(&cut(name));
        Self {
            reason: format!("{name}: {}", self.reason),
            ..self
        }
    }

    /// The error, with the column of a text of one line. `plan` is the text's kind.
    pub fn in_line(self, plan: &'static str, text: &str) -> Error {
        let before = text.get(..self.start).unwrap_or(text);
        let column = 1 + before.chars().count();
        Error::Setting {
            setting: plan,
            reason: format!("column {column}: {}", self.reason),
        }
    }

    /// The error, with the line of a text of many lines. `plan` is the kind of the text's part.
    pub fn in_file(self, plan: &'static str, text: &str) -> Error {
        let before = text.get(..self.start).unwrap_or(text);
        let line = 1 + before.bytes().filter(|&byte| byte == b'\n').count();
        Error::Setting {
            setting: plan,
            reason: format!("line {line}: {}", self.reason),
        }
    }
}

/// What was found, as a message shows it.
pub fn found(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return "nothing".to_owned();
    }
    format!("'{}'", quote::name(&cut(&text)))
}
