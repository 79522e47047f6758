//! The axes of a plan: settings, each with the values that it takes.

use std::collections::HashSet;

use toml::Value;

use super::draws::Draw;
use super::pieces::{Piece, Refusal};
use super::values::{Kind, MOST_VALUES, list};

/// A setting, and its values or how they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis<V> {
    /// The setting's name, as a configuration file spells it.
    pub key: String,
    /// Its values.
    pub values: V,
}

/// All axes of a plan, in its order; there is one at least.
#[derive(Clone, Debug, PartialEq)]
pub enum Axes {
    /// Each value with each of the others.
    Grid(Vec<Axis<Vec<Value>>>),
    /// Drawn values.
    Random {
        /// How each setting is drawn.
        axes: Vec<Axis<Draw>>,
        /// How often.
        runs: u32,
        /// The seed of all draws.
        seed: u32,
    },
}

/// Names that a plan has used.
#[derive(Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// The key of a setting by its name, in which `-` stands for `_`. The error is the reason why it is no new one.
    pub fn key(&mut self, name: Piece<'_>) -> Result<String, Refusal> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let begins = |letter: char| letter.is_ascii_alphabetic();
        if !name.text.starts_with(begins) || !name.text.chars().all(is_letter) {
            let expected = "the name of a setting, of letters, digits, '-' and '_'";
            return Err(name.refuse(expected));
        }
        let key = name.text.replace('-', "_");
        if self.0.insert(key.clone()) {
            return Ok(key);
        }
        let again = "expected each setting once, found it again".to_owned();
        Err(name.refuse_for(again).of(name.text))
    }
}

/// The axes of a grid in a text.
pub fn grid(text: &str) -> Result<Vec<Axis<Vec<Value>>>, Refusal> {
    let mut left = MOST_VALUES;
    axes(text, |kind, piece| list(kind, piece, &mut left))
}

/// The axes of a random plan in a text.
pub fn random(text: &str) -> Result<Vec<Axis<Draw>>, Refusal> {
    let mut left = MOST_VALUES;
    axes(text, |kind, piece| Draw::read(kind, piece, &mut left))
}

fn axes<V>(
    text: &str,
    mut read: impl FnMut(Kind, Piece<'_>) -> Result<V, Refusal>,
) -> Result<Vec<Axis<V>>, Refusal> {
    let (mut axes, mut names) = (Vec::new(), Names::default());
    for piece in Piece::new(text).parts(|letter| letter == ';') {
        let Some((name, values)) = piece.split_once('=') else {
            return Err(piece.refuse("name=values"));
        };
        let name = name.trimmed();
        let key = names.key(name)?;
        let values = read(Kind::of(&key), values).map_err(|refusal| refusal.of(name.text))?;
        axes.push(Axis { key, values });
    }
    if axes.is_empty() {
        return Err(Piece::new(text).refuse("name=values"));
    }
    Ok(axes)
}
