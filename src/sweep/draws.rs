//! What a random plan draws for one setting.

use toml::Value;

use super::pieces::{Piece, Refusal};
use super::values::{Ends, Kind, list};
use crate::rng::{Purpose, Stream};

/// How the value of a setting is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Draw {
    /// Each number between the ends is as likely as another.
    Uniform(Kind, Ends),
    /// Each magnitude between the ends is as likely as another.
    Logarithm(Kind, Ends),
    /// Each of these values is as likely as another; there is one at least.
    Choice(Vec<Value>),
}

/// Which value is drawn. Each is a pure function of the three.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The plan's seed.
    pub seed: u32,
    /// The number of the draw, from 0.
    pub run: u32,
    /// The number of the axis, from 0.
    pub axis: u32,
}

impl Draw {
    /// Reads `uniform(low, high)`, `log(low, high)`, `choice(a, b, ..)`, or a list, which is a choice.
    pub fn read(kind: Kind, piece: Piece<'_>, left: &mut usize) -> Result<Self, Refusal> {
        let items = piece.items()?;
        let call = match items.as_slice() {
            [only] => only.call()?,
            _ => None,
        };
        let Some(call) = call else {
            return choice(kind, piece, left);
        };
        let arguments = call.inside.items()?;
        match (call.name.text, arguments.as_slice()) {
            ("choice", _) => choice(kind, call.inside, left),
            ("uniform", &[low, high]) if kind.is_number() => {
                Ok(Self::Uniform(kind, Ends::new(low, high)?))
            }
            ("log", &[low, high]) if kind.is_number() => {
                Ok(Self::Logarithm(kind, Ends::above_zero(low, high)?))
            }
            _ if !kind.is_number() => Err(piece.trimmed().refuse("choice(a, b, ..) or a list")),
            _ => Err(piece
                .trimmed()
                .refuse("uniform(low, high), log(low, high) or choice(a, b, ..)")),
        }
    }

    /// The value at this place.
    pub fn value(&self, place: Place) -> Value {
        let index = u64::from(place.run) << 32 | u64::from(place.axis);
        let mut stream = Stream::new(place.seed, Purpose::Sweep, index);
        match self {
            Self::Uniform(kind, ends) => kind.real(ends.at(stream.unit())),
            Self::Logarithm(kind, ends) => kind.real(ends.at_logarithm(stream.unit())),
            Self::Choice(values) => {
                let count = u32::try_from(values.len()).expect("at most a million values");
                values[stream.below(count) as usize].clone()
            }
        }
    }
}

fn choice(kind: Kind, piece: Piece<'_>, left: &mut usize) -> Result<Draw, Refusal> {
    for item in piece.items()? {
        if item.text.contains('(') {
            return Err(item.refuse("a value, as functions stand alone"));
        }
    }
    list(kind, piece, left).map(Draw::Choice)
}
