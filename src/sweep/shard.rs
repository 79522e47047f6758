//! Which part of a plan one process trains.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::quote;

/// One of the equal parts of a plan, written `3/10`: the third of ten.
///
/// Run k of the plan belongs to shard ((k - 1) mod count) + 1. Neighbours in a plan take about the same time, so every shard gets long and
/// short runs alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    /// From 1 to `count`.
    index: u32,
    count: u32,
}

impl Shard {
    /// Whether a run belongs to this shard, by its number in the plan, counted from 1.
    #[must_use]
    pub fn has(self, run: usize) -> bool {
        let [index, count] = [self.index, self.count].map(|number| number as usize);
        run % count == index % count
    }

    /// How many shards there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// The numbers of the shards that are missing among these, of which there is one at least; none where these are not shards of
    /// equally many.
    #[must_use]
    pub fn missing(shards: &[Self]) -> Option<Vec<u32>> {
        let count = shards.first()?.count;
        let is_equal = |shard: &Self| shard.count == count;
        let there: Vec<u32> = shards.iter().map(|shard| shard.index).collect();
        let is_missing = |index: &u32| !there.contains(index);
        shards
            .iter()
            .all(is_equal)
            .then(|| (1..=count).filter(is_missing).collect())
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |expected: &str| format!("expected {expected}, found '{}'", quote::name(text));
        let form = || refuse("the number of a shard and how many there are, such as 3/10");
        // A number has digits alone: `parse` takes a sign too.
        let number = |part: &str| {
            let is_number = part.bytes().all(|letter| letter.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        };
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let index: u32 = number(index).ok_or_else(form)?;
        let count: u32 = number(count).ok_or_else(form)?;
        match (index, count) {
            (_, 0) => Err(refuse("one shard at least")),
            (0, _) => Err(refuse("shards to be counted from 1")),
            _ if index > count => Err(refuse(
                "the number of a shard to be at most how many there are",
            )),
            _ => Ok(Self { index, count }),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

    #[test]
    fn every_run_belongs_to_one_shard() {
        for count in 1..=12 {
            let shards: Vec<Shard> = (1..=count)
                .map(|index| shard(&format!("{index}/{count}")))
                .collect();
            for run in 1..=50 {
                let of: Vec<&Shard> = shards.iter().filter(|shard| shard.has(run)).collect();
                let expected = &shards[(run - 1) % count];
                assert_eq!(of, [expected], "run {run} of {count} shards");
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        let expected = [
            ("0/3", "counted from 1"),
            ("4/3", "at most"),
            ("1/0", "one shard at least"),
            ("a/b", "such as 3/10"),
            ("3", "such as 3/10"),
            ("", "such as 3/10"),
            ("/", "such as 3/10"),
            ("1/", "such as 3/10"),
            ("1/2/3", "such as 3/10"),
            ("+1/2", "such as 3/10"),
            ("1 / 2", "such as 3/10"),
            ("-1/2", "such as 3/10"),
            ("1/4294967296", "such as 3/10"),
        ];
        for (text, says) in expected {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
            assert!(error.ends_with(&format!("found '{text}'")), "{error}");
        }
    }

    #[test]
    fn text_and_json_are_read_back() {
        for text in ["1/1", "3/10", "4294967295/4294967295"] {
            assert_eq!(shard(text).to_string(), text);
            let json = serde_json::to_string(&shard(text)).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Shard>(&json).unwrap(), shard(text));
        }
        assert!(serde_json::from_str::<Shard>("\"4/3\"").is_err());
    }

    #[test]
    fn missing_shards_are_named() {
        let missing = |texts: &[&str]| {
            let shards: Vec<Shard> = texts.iter().map(|text| shard(text)).collect();
            Shard::missing(&shards)
        };
        assert_eq!(missing(&["2/4"]), Some(vec![1, 3, 4]));
        assert_eq!(missing(&["2/2", "1/2", "2/2"]), Some(vec![]));
        assert_eq!(missing(&["1/2", "2/4"]), None);
        assert_eq!(missing(&[]), None);
    }
}
