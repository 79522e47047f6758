//! The fields of the JSON objects that a run writes, read one by one, so that what is wrong with one is told by its name.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Whole,
    Number,
    /// A number, or `null` where there is none.
    MaybeNumber,
    Object,
}

impl Holds {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Whole => value.is_u64(),
            Self::Number => value.is_number(),
            Self::MaybeNumber => value.is_number() || value.is_null(),
            Self::Object => value.is_object(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Whole => "a whole number from 0",
            Self::Number => "a number",
            Self::MaybeNumber => "a number or null",
            Self::Object => "an object",
        }
    }
}

/// The object in `bytes`, which must have these fields; `what` is what messages call it, and `place` tells where a field stands in it.
///
/// # Errors
/// What was expected, and what was found.
pub(super) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    what: &str,
    fields: &[(&str, Holds)],
    place: impl Fn(&str) -> String,
) -> Result<T, (String, String)> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let found = match error.classify() {
            Category::Eof => "its beginning alone".to_owned(),
            _ if error.line() > 1 => format!(
                "something else in line {}, column {}",
                error.line(),
                error.column()
            ),
            _ => format!("something else in column {}", error.column()),
        };
        (format!("{what}, in JSON"), found)
    })?;
    for &(name, holds) in fields {
        let found = match value.get(name) {
            Some(found) if holds.takes(found) => continue,
            Some(found) => cut(&found.to_string()),
            None if holds == Holds::MaybeNumber => continue,
            None => "none".to_owned(),
        };
        let (words, place) = (holds.words(), place(name));
        return Err((format!("{what}, with {words} for `{name}`{place}"), found));
    }
    serde_json::from_value(value).map_err(|error| {
        // Whatever is left is a name that is none of those which there are.
        let found = error
            .to_string()
            .replace("unknown variant", "unknown value");
        (what.to_owned(), found)
    })
}

/// A value as a message shows it.
fn cut(value: &str) -> String {
    const MOST: usize = 60;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ..", &value[..end]),
        None => value.to_owned(),
    }
}
