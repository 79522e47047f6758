//! The settings of one run of a sweep.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

use super::axes::Names;
use super::pieces::{Piece, Refusal};
use super::values::{Kind, Shown, value};
use crate::error::Error;

/// Settings with a value each, in the order of the plan. Keys are spelled as in a configuration file.
///
/// As text it is `learning-rate=0.001 hidden=512-256 seed=3`. What is read from such a text has the same values, of the same types.
/// With `;` in place of the blanks the text is a grid of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    settings: Vec<(String, Value)>,
}

impl Assignment {
    pub(super) fn new(settings: Vec<(String, Value)>) -> Self {
        Self { settings }
    }

    /// The settings in the order of the plan.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.settings.iter().map(|(key, value)| (&**key, value))
    }

    /// The value of the setting with this key, where the plan has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter()
            .find_map(|(own, value)| (own == key).then_some(value))
    }

    /// A table that covers settings.
    #[must_use]
    pub fn to_table(&self) -> Table {
        self.settings.iter().cloned().collect()
    }
}

impl From<Assignment> for Table {
    fn from(assignment: Assignment) -> Self {
        assignment.settings.into_iter().collect()
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (key, value)) in self.iter().enumerate() {
            let gap = if number == 0 { "" } else { " " };
            write!(f, "{gap}{}={}", key.replace('_', "-"), Shown(value))?;
        }
        Ok(())
    }
}

impl FromStr for Assignment {
    type Err = Error;

    /// Reads `name=value` with blanks between them; nothing at all is an assignment of no settings.
    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).map_err(|refusal| refusal.in_line("assignment", text))
    }
}

fn read(text: &str) -> Result<Assignment, Refusal> {
    let mut names = Names::default();
    let mut settings = Vec::new();
    for piece in Piece::new(text).parts(char::is_whitespace) {
        let Some((name, text)) = piece.split_once('=') else {
            return Err(piece.refuse("name=value"));
        };
        let key = names.key(name)?;
        let value = value(Kind::of(&key), text).map_err(|refusal| refusal.of(name.text))?;
        settings.push((key, value));
    }
    Ok(Assignment::new(settings))
}
