//! A plan as a file in TOML.

use toml::Spanned;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::axes::{Axes, Axis, Names};
use super::draws::Draw;
use super::pieces::{Piece, Refusal, found};
use super::values::{Kind, List, MOST_VALUES, list};
use crate::error::{Error, Result};

/// Reads `[grid]` or `[random]`.
pub fn read(text: &str) -> Result<Axes> {
    let root = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let reason = error.message().split_whitespace().collect::<Vec<_>>();
        let reason = reason.join(" ");
        Refusal { start, reason }.in_file("plan", text)
    })?;
    let refuse = |start: usize, found: &str| -> Error {
        let reason = format!("expected [grid] or [random], found {found}");
        Refusal { start, reason }.in_file("plan", text)
    };
    let entries = in_order(root.get_ref());
    let &[(name, value), ..] = entries.as_slice() else {
        return Err(refuse(0, "nothing"));
    };
    if let Some((other, _)) = entries.get(1) {
        let beside = format!("{} beside {}", found(other.text), found(name.text));
        return Err(refuse(other.start, &beside));
    }
    match (name.text, value.get_ref()) {
        ("grid", DeValue::Table(table)) => {
            grid(name, table, text).map_err(|refusal| refusal.in_file("grid", text))
        }
        ("random", DeValue::Table(table)) => {
            random(name, table, text).map_err(|refusal| refusal.in_file("random", text))
        }
        _ => Err(refuse(name.start, &found(name.text))),
    }
}

/// A key with its place, and its value.
type Entry<'t, 'i> = (Piece<'t>, &'t Spanned<DeValue<'i>>);

/// What is in a table, in the order of the text.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let entry = |(key, value): (&'t Spanned<_>, _)| {
        let key: &'t Spanned<std::borrow::Cow<'i, str>> = key;
        let piece = Piece {
            text: key.get_ref(),
            start: key.span().start,
        };
        (piece, value)
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|(key, _)| key.start);
    entries
}

fn grid(place: Piece<'_>, table: &DeTable<'_>, text: &str) -> Result<Axes, Refusal> {
    let (mut axes, mut names, mut left) = (Vec::new(), Names::default(), MOST_VALUES);
    for (name, value) in in_order(table) {
        let key = names.key(name)?;
        let kind = Kind::of(&key);
        let values = match value.get_ref() {
            DeValue::String(words) => {
                list(kind, Piece::new(words), &mut left).map_err(|refusal| at(value, refusal))
            }
            _ => elements(kind, value, text, &mut left),
        };
        let values = values.map_err(|refusal| refusal.of(name.text))?;
        axes.push(Axis { key, values });
    }
    if axes.is_empty() {
        return Err(place.refuse_for("expected settings, found none".to_owned()));
    }
    Ok(Axes::Grid(axes))
}

fn random(place: Piece<'_>, table: &DeTable<'_>, text: &str) -> Result<Axes, Refusal> {
    let (mut axes, mut names, mut left) = (Vec::new(), Names::default(), MOST_VALUES);
    let (mut runs, mut seed) = (None, 0);
    for (name, value) in in_order(table) {
        match name.text {
            "runs" => runs = Some(number(value, text, 1).map_err(|refusal| refusal.of("runs"))?),
            "seed" => seed = number(value, text, 0).map_err(|refusal| refusal.of("seed"))?,
            _ => {
                let key = names.key(name)?;
                let kind = Kind::of(&key);
                let values = match value.get_ref() {
                    DeValue::String(words) => Draw::read(kind, Piece::new(words), &mut left)
                        .map_err(|refusal| at(value, refusal)),
                    _ => elements(kind, value, text, &mut left).map(Draw::Choice),
                };
                let values = values.map_err(|refusal| refusal.of(name.text))?;
                axes.push(Axis { key, values });
            }
        }
    }
    if axes.is_empty() {
        return Err(place.refuse_for("expected settings, found none".to_owned()));
    }
    let missing = || place.refuse_for("runs: expected a whole number from 1, found nothing".into());
    Ok(Axes::Random {
        axes,
        runs: runs.ok_or_else(missing)?,
        seed,
    })
}

/// The number of the draws or their seed.
fn number(value: &Spanned<DeValue<'_>>, text: &str, least: u32) -> Result<u32, Refusal> {
    let number = whole(value.get_ref()).and_then(|number| u32::try_from(number).ok());
    number.filter(|&number| number >= least).ok_or_else(|| {
        let expected = format!("a whole number from {least} to {}", u32::MAX);
        spelled(value, text).refuse(&expected)
    })
}

/// The values of a list, or of one value without brackets.
fn elements(
    kind: Kind,
    value: &Spanned<DeValue<'_>>,
    text: &str,
    left: &mut usize,
) -> Result<Vec<Value>, Refusal> {
    let mut list = List::new(left);
    let elements: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
        DeValue::Array(elements) => elements.iter().collect(),
        _ => vec![value],
    };
    if elements.is_empty() {
        let reason = "expected a list of values, found an empty one".to_owned();
        return Err(spelled(value, text).refuse_for(reason));
    }
    for element in elements {
        let place = spelled(element, text);
        list.push(self::element(kind, element, place)?)
            .map_err(|reason| place.refuse_for(reason))?;
    }
    Ok(list.into_values())
}

fn element(kind: Kind, element: &Spanned<DeValue<'_>>, place: Piece<'_>) -> Result<Value, Refusal> {
    let refuse = |expected: &str| Err(place.refuse(expected));
    match (kind, element.get_ref()) {
        (_, DeValue::String(word)) => {
            super::values::value(kind, Piece::new(word)).map_err(|refusal| at(element, refusal))
        }
        (Kind::Text, _) => refuse("a text in quotes"),
        (Kind::Switch, DeValue::Boolean(switch)) => Ok(Value::Boolean(*switch)),
        (Kind::Switch, _) => refuse("true or false"),
        (Kind::Widths, DeValue::Array(widths)) => {
            let width = |width: &Spanned<DeValue<'_>>| {
                let width = u32::try_from(whole(width.get_ref())?).ok()?;
                Some(Value::from(width))
            };
            let widths: Option<Vec<Value>> = widths.iter().map(width).collect();
            let widths = widths.map(Value::Array);
            widths.ok_or_else(|| place.refuse("a list of widths such as [512, 256]"))
        }
        (Kind::Widths, _) => refuse("a list of widths such as [512, 256]"),
        (_, DeValue::Integer(_)) => match whole(element.get_ref()) {
            Some(number) => Ok(Value::Integer(number)),
            None => refuse("a whole number of at most 64 bits"),
        },
        (_, DeValue::Float(number)) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => refuse("a finite number"),
        },
        _ => refuse("a number or a word in quotes"),
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// A value as the file spells it.
fn spelled<'t>(value: &Spanned<DeValue<'_>>, text: &'t str) -> Piece<'t> {
    Piece {
        text: text.get(value.span()).unwrap_or_default(),
        start: value.span().start,
    }
}

/// A refusal of what is in a text of the file, at the place of that text.
fn at(value: &Spanned<DeValue<'_>>, refusal: Refusal) -> Refusal {
    Refusal {
        start: value.span().start,
        ..refusal
    }
}
