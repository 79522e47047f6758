//! A number of bytes as people write it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::quote;

/// A number of bytes, written as such or with K, M, G or T (of 1024) behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            let found = quote::name(text);
            format!("expected a number of bytes such as 500M or 2G, found '{found}'")
        };
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "" => 1_u64,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return Err(refuse()),
        };
        let number: u64 = digits.parse().map_err(|_| refuse())?;
        number.checked_mul(factor).map(Self).ok_or_else(refuse)
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(Size(bytes): Size) -> Self {
        bytes.to_string()
    }
}
