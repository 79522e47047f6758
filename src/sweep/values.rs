//! Values of settings as the text of a plan has them: numbers, words, widths, ranges.

use std::collections::HashSet;
use std::fmt;

use toml::Value;

use super::pieces::{Piece, Refusal};
use crate::error::cut;
use crate::quote;

/// The most numbers of a range, and the most values of all axes of a plan together.
pub const MOST_VALUES: usize = 1_000_000;
/// The most values of one `log(low, high, count)`.
const MOST_STEPS: i64 = 10_000;
/// Widths in words, for messages.
const WIDTHS: &str = "widths such as 512-256, or none";

/// What the values of a setting are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers and words.
    Plain,
    /// The same, and a number that a function makes is rounded to a whole one.
    Whole,
    /// True or false, written `on` and `off`.
    Switch,
    /// Widths of hidden layers, with `-` between them.
    Widths,
    /// Text, even where it looks like a number: names of files, and sizes such as `2G`.
    Text,
}

impl Kind {
    /// What the setting with this key has for values.
    pub fn of(key: &str) -> Self {
        match key {
            "bias" | "flip" | "shuffle" | "stratify" => Self::Switch,
            "hidden" => Self::Widths,
            "data" | "from" | "memory" | "validation" => Self::Text,
            "batch_size" | "batches" | "epochs" | "eval_every" | "fold" | "folds"
            | "order_seed" | "seed" | "shift" | "split_seed" | "threads" => Self::Whole,
            _ => Self::Plain,
        }
    }

    /// Whether the values may be numbers that a range or a function makes.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Plain | Self::Whole | Self::Widths)
    }

    /// A number that a function has made, as a value.
    pub fn real(self, number: f64) -> Value {
        match self {
            Self::Whole => Value::Integer(number.round() as i64),
            Self::Widths => one_layer(i64::from(number.round() as u32)),
            _ => Value::Float(number),
        }
    }
}

/// A value as the text of a plan has it.
pub struct Shown<'a>(pub &'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(word) => f.write_str(word),
            // The shortest text that is read as this number, always with a point or an exponent.
            Value::Float(number) => write!(f, "{number:?}"),
            Value::Boolean(true) => f.write_str("on"),
            Value::Boolean(false) => f.write_str("off"),
            Value::Array(widths) if widths.is_empty() => f.write_str("none"),
            Value::Array(widths) => {
                for (layer, width) in widths.iter().enumerate() {
                    f.write_str(if layer == 0 { "" } else { "-" })?;
                    Shown(width).fmt(f)?;
                }
                Ok(())
            }
            other => other.fmt(f),
        }
    }
}

/// The values of one axis while they are collected. None stands there twice.
pub struct List<'a> {
    values: Vec<Value>,
    seen: HashSet<Same>,
    /// How many more values the axes of the plan may have.
    left: &'a mut usize,
}

/// What is alike in two values that are the same.
#[derive(PartialEq, Eq, Hash)]
enum Same {
    Whole(i64),
    /// The bits of a number that is not whole, or is beyond those.
    Real(u64),
    Other(String),
}

impl<'a> List<'a> {
    /// No values yet.
    pub fn new(left: &'a mut usize) -> Self {
        Self {
            values: Vec::new(),
            seen: HashSet::new(),
            left,
        }
    }

    /// Adds a value. The error is the reason why not.
    pub fn push(&mut self, value: Value) -> Result<(), String> {
        if !self.seen.insert(same(&value)) {
            let shown = cut(&Shown(&value).to_string());
            let shown = quote::name(&shown);
            return Err(format!("expected each value once, found {shown} again"));
        }
        *self.left = self.left.checked_sub(1).ok_or_else(|| {
            format!("expected at most {MOST_VALUES} values of all settings, found more")
        })?;
        self.values.push(value);
        Ok(())
    }

    /// All values, in their order.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

fn same(value: &Value) -> Same {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    match value {
        Value::Integer(number) => Same::Whole(*number),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < BEYOND => {
            Same::Whole(*number as i64)
        }
        Value::Float(number) => Same::Real(number.to_bits()),
        other => Same::Other(Shown(other).to_string()),
    }
}

/// The values of a list of a grid: values, ranges and `log(low, high, count)` with commas between them.
pub fn list(kind: Kind, piece: Piece<'_>, left: &mut usize) -> Result<Vec<Value>, Refusal> {
    let mut list = List::new(left);
    for item in piece.items()? {
        let refuse = |reason| item.refuse_for(reason);
        if kind.is_number()
            && let Some(call) = item.call()?
        {
            if call.name.text != "log" {
                return Err(call.name.refuse("log(low, high, count)"));
            }
            for number in steps(item, call.inside)? {
                list.push(kind.real(number)).map_err(refuse)?;
            }
        } else if kind.is_number() && item.text.contains("..") {
            let (first, last) = range(kind, item)?;
            for number in first..=last {
                let value = match kind {
                    Kind::Widths => one_layer(number),
                    _ => Value::Integer(number),
                };
                list.push(value).map_err(refuse)?;
            }
        } else {
            list.push(value(kind, item)?).map_err(refuse)?;
        }
    }
    Ok(list.into_values())
}

/// One value.
pub fn value(kind: Kind, piece: Piece<'_>) -> Result<Value, Refusal> {
    match (kind, piece.text) {
        (_, "") => Err(piece.refuse("a value")),
        (Kind::Switch, "on") => Ok(Value::Boolean(true)),
        (Kind::Switch, "off") => Ok(Value::Boolean(false)),
        (Kind::Switch, _) => Err(piece.refuse("on or off")),
        (Kind::Widths, text) => widths(text).ok_or_else(|| piece.refuse(WIDTHS)),
        (Kind::Text, text) if text.chars().all(is_letter) => Ok(text.into()),
        (Kind::Text, _) => Err(piece.refuse("a word")),
        (Kind::Plain | Kind::Whole, text) => match number(piece)? {
            Some(number) => Ok(number),
            None if is_word(text) => Ok(text.into()),
            None => Err(piece.refuse("a number or a word")),
        },
    }
}

fn is_word(text: &str) -> bool {
    let begins = |letter: char| letter.is_alphabetic() || "_./~".contains(letter);
    // Two points are a range, or a slip in one.
    text.starts_with(begins) && text.chars().all(is_letter) && !text.contains("..")
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || "_./~-+:@%".contains(letter)
}

fn one_layer(width: i64) -> Value {
    Value::Array(vec![Value::Integer(width)])
}

fn widths(text: &str) -> Option<Value> {
    let width = |digits: &str| {
        let is_whole = digits.bytes().all(|letter| letter.is_ascii_digit());
        let width: u32 = digits.parse().ok().filter(|_| is_whole)?;
        Some(Value::from(width))
    };
    match text {
        "none" => Some(Value::Array(Vec::new())),
        _ => {
            let widths: Option<Vec<Value>> = text.split('-').map(width).collect();
            widths.map(Value::Array)
        }
    }
}

/// A number; none for what does not look like one.
fn number(piece: Piece<'_>) -> Result<Option<Value>, Refusal> {
    let text = piece.text;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_named = |name: &&str| unsigned.eq_ignore_ascii_case(name);
    if ["inf", "infinity", "nan"].iter().any(is_named) {
        return Err(piece.refuse("a finite number"));
    }
    let first = unsigned.trim_start_matches('.').bytes().next();
    if !first.is_some_and(|letter| letter.is_ascii_digit()) {
        return Ok(None);
    }
    if unsigned.bytes().all(|letter| letter.is_ascii_digit()) {
        let whole = text.parse().map(Value::Integer);
        return whole
            .map(Some)
            .map_err(|_| piece.refuse("a whole number of at most 64 bits"));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(Value::Float(number))),
        Ok(_) => Err(piece.refuse("a finite number")),
        Err(_) => Err(piece.refuse("a number")),
    }
}

/// A number between the brackets of a function.
fn real(piece: Piece<'_>) -> Result<f64, Refusal> {
    match number(piece)? {
        Some(Value::Integer(number)) => Ok(number as f64),
        Some(Value::Float(number)) => Ok(number),
        _ => Err(piece.refuse("a number")),
    }
}

/// The first and the last number of a range such as `1..5`, which has both.
fn range(kind: Kind, piece: Piece<'_>) -> Result<(i64, i64), Refusal> {
    let whole = |text: &str| text.trim().parse::<i64>().ok();
    let ends = piece.text.split_once("..");
    let ends = ends.and_then(|(first, last)| Some((whole(first)?, whole(last)?)));
    let (first, last) =
        ends.ok_or_else(|| piece.refuse("a range of whole numbers such as 1..5"))?;
    if first > last {
        return Err(piece.refuse("a range that goes up"));
    }
    let count = i128::from(last) - i128::from(first) + 1;
    if count > MOST_VALUES as i128 {
        return Err(piece.refuse(&format!("a range of at most {MOST_VALUES} numbers")));
    }
    if kind == Kind::Widths && (first < 0 || last > i64::from(u32::MAX)) {
        return Err(piece.refuse(WIDTHS));
    }
    Ok((first, last))
}

/// The ends of a range of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    low: f64,
    high: f64,
}

impl Ends {
    /// Two numbers, the first below the second.
    pub fn new(low: Piece<'_>, high: Piece<'_>) -> Result<Self, Refusal> {
        let ends = Self {
            low: real(low)?,
            high: real(high)?,
        };
        if ends.low < ends.high {
            return Ok(ends);
        }
        Err(high.refuse(&format!("a number above {}", cut(low.text))))
    }

    /// The same, both above 0.
    pub fn above_zero(low: Piece<'_>, high: Piece<'_>) -> Result<Self, Refusal> {
        for end in [low, high] {
            if real(end)? <= 0.0 {
                return Err(end.refuse("a number above 0"));
            }
        }
        Self::new(low, high)
    }

    /// The number at this share of the way from one end to the other, in 6 significant digits but never beyond an end.
    pub fn at(self, share: f64) -> f64 {
        // No difference of the ends, which may be more than the largest number.
        self.rounded(self.low * (1.0 - share) + self.high * share)
    }

    /// The same on the way from logarithm to logarithm. The digits hide that systems differ in the last bit of one.
    pub fn at_logarithm(self, share: f64) -> f64 {
        self.rounded((self.low.ln() * (1.0 - share) + self.high.ln() * share).exp())
    }

    fn rounded(self, number: f64) -> f64 {
        let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
        rounded.max(self.low).min(self.high)
    }
}

/// The numbers of `log(low, high, count)`.
fn steps(item: Piece<'_>, inside: Piece<'_>) -> Result<impl Iterator<Item = f64>, Refusal> {
    let arguments = inside.items()?;
    let &[low, high, count] = arguments.as_slice() else {
        return Err(item.refuse("log(low, high, count)"));
    };
    let ends = Ends::above_zero(low, high)?;
    let last = match number(count)? {
        Some(Value::Integer(steps @ 2..=MOST_STEPS)) => steps - 1,
        _ => return Err(count.refuse(&format!("a whole number from 2 to {MOST_STEPS}"))),
    };
    Ok((0..=last).map(move |step| match step {
        0 => ends.low,
        _ if step == last => ends.high,
        _ => ends.at_logarithm(step as f64 / last as f64),
    }))
}
