//! A time as people write it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::quote;

/// A time of at least a second, written in whole hours, minutes and seconds: `90s`, `5m`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    seconds: u64,
}

/// The units from the longest to the shortest, with their seconds.
const UNITS: [(char, u64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

impl Span {
    /// The same for the clock.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            let found = quote::name(text);
            format!("expected a time such as 90s, 5m or 1h30m, found '{found}'")
        };
        let (mut rest, mut seconds) = (text, 0_u64);
        for (unit, factor) in UNITS {
            let Some((number, behind)) = rest.split_once(unit) else {
                continue;
            };
            let is_whole = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
            let number: Option<u64> = number.parse().ok().filter(|_| is_whole);
            let number = number.and_then(|number| number.checked_mul(factor));
            let sum = number.and_then(|number| number.checked_add(seconds));
            (rest, seconds) = (behind, sum.ok_or_else(refuse)?);
        }
        if rest.is_empty() && seconds > 0 {
            return Ok(Self { seconds });
        }
        Err(refuse())
    }
}

impl Display for Span {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.seconds;
        for (unit, factor) in UNITS {
            let number = rest / factor;
            if number > 0 {
                write!(formatter, "{number}{unit}")?;
            }
            rest %= factor;
        }
        Ok(())
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [
            ("5m", 300, "5m"),
            ("90s", 90, "1m30s"),
            ("1h30m", 5400, "1h30m"),
            ("2h0m5s", 7205, "2h5s"),
            ("007s", 7, "7s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.duration().as_secs(), seconds, "{text}");
            assert_eq!(span.to_string(), written, "{text}");
            assert_eq!(written.parse::<Span>().unwrap(), span);
        }
        for text in [
            "",
            "5",
            "0s",
            "0h0m",
            "m",
            "5m5",
            "30m1h",
            "1.5h",
            "-5m",
            "+5m",
            "5 m",
            "5M",
            "5d",
            "18446744073709551615h",
            "5m\u{2028}",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
