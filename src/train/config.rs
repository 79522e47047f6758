//! A table of settings in TOML, as a configuration file and the `config.toml` of a run have it, checked key by key.
//!
//! What is wrong is told in the file's own words: the line, the setting, what was expected there and what was found. The parser's own
//! message is told only where no single setting is to blame.

use toml::de::DeTable;
use toml::{Table, Value};

use super::class_weight::{ClassWeight, WeightRule};
use super::metric::Metric;
use super::optimizer::OptimizerKind;
use super::options::TrainOptions;
use super::recipe::Norm;
use super::schedule::ScheduleForm;
use super::size::Size;
use crate::quote;

/// The most letters of a value that a message shows.
const MOST_SHOWN: usize = 60;
/// The settings that are digests.
const DIGESTS: [&str; 8] = [
    "from_sha256",
    "images_sha256",
    "labels_sha256",
    "test_images_sha256",
    "test_labels_sha256",
    "validation_images_sha256",
    "validation_labels_sha256",
    "classes_sha256",
];
/// The settings that are seeds.
const SEEDS: [&str; 3] = ["seed", "split_seed", "order_seed"];
/// The settings that are folders.
const FOLDERS: [&str; 2] = ["data", "validation"];
/// The setting that is a word or a list.
const CLASS_WEIGHT: &str = "class_weight";
/// The digits of a SHA-256 digest.
const DIGITS: usize = 64;

/// Settings by their names, each with a value of its type.
#[derive(Clone, Debug)]
pub struct Config {
    /// The settings that are given.
    pub table: Table,
    /// The line of each, counted from 1.
    lines: Vec<(String, usize)>,
}

impl Config {
    /// Reads a text. `hint` says what there is to say about a key that is no setting, given all settings.
    ///
    /// # Errors
    /// The first mistake, in words: its line, what was expected and what was found.
    pub fn parse(bytes: &[u8], hint: &dyn Fn(&str, &Table) -> String) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = line_of(&bytes[..error.valid_up_to()]);
            format!("line {line}: expected text in UTF-8, found other bytes")
        })?;
        let settings = every_setting();
        let parsed = DeTable::parse(text).map_err(|error| told(text, &error, &settings))?;
        // None where a number is beyond what the reader takes for one, which the parser does not know.
        let table: Option<Table> = text.parse().ok();
        let mut keys: Vec<_> = parsed.get_ref().iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let mut lines = Vec::with_capacity(keys.len());
        let (mut line, mut seen) = (1, 0);
        for (key, value) in keys {
            let start = key.span().start;
            line += line_of(&text.as_bytes()[seen..start]) - 1;
            seen = start;
            let name: &str = key.get_ref();
            let refuse = |reason: String| format!("line {line}: {reason}");
            let Some(sound) = settings.get(name) else {
                let hint = hint(name, &settings);
                return Err(refuse(format!(
                    "unknown setting `{}`; {hint}",
                    quote::name(name)
                )));
            };
            let spelled = text.get(value.span()).unwrap_or_default();
            let found = match &table {
                Some(table) => table.get(name).cloned(),
                None => read_alone(spelled),
            };
            check(name, found.as_ref(), (sound, &settings)).map_err(|reason| {
                let found = found.map_or_else(|| spelled.to_owned(), |found| found.to_string());
                let (expected, found) = (expected(name, sound), shown(&found));
                let type_alone = || format!("expected {expected}, found {found}");
                refuse(format!("{name}: {}", reason.unwrap_or_else(type_alone)))
            })?;
            lines.push((name.to_owned(), line));
        }
        let mut table: Table = text
            .parse()
            .map_err(|error| told(text, &error, &settings))?;
        for digest in DIGESTS {
            if let Some(Value::String(digits)) = table.get_mut(digest) {
                digits.make_ascii_lowercase();
            }
        }
        Ok(Self { table, lines })
    }

    /// A message with the line of this setting in front, where the text gives the setting.
    #[must_use]
    pub fn message(&self, setting: &str, reason: &str) -> String {
        let line = self.lines.iter().find(|(key, _)| key == setting);
        let place = line.map_or_else(String::new, |(_, line)| format!("line {line}: "));
        format!("{place}{setting}: {reason}")
    }

    /// The first setting that every run has and that the text lacks.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let all = Table::try_from(TrainOptions::default()).expect("plain values");
        let either = ["batches", "batch_size"];
        all.into_iter()
            .map(|(name, _)| name)
            .filter(|name| !either.contains(&name.as_str()))
            .find(|name| !self.table.contains_key(name))
    }

    /// A value for every setting, those that may be left out included.
    #[must_use]
    pub fn every_setting() -> Table {
        every_setting()
    }
}

/// A value for every setting, those that may be left out included.
fn every_setting() -> Table {
    let options = TrainOptions {
        batches: Some(1),
        batch_size: Some(1),
        from: Some("model.safetensors".into()),
        from_sha256: Some("0".repeat(DIGITS)),
        stratify: true,
        optimizer: OptimizerKind::AdamW,
        beta1: Some(0.5),
        beta2: Some(0.5),
        epsilon: Some(0.5),
        weight_decay: 0.5,
        schedule: ScheduleForm::Cosine,
        warmup: 0.5,
        final_rate: 0.5,
        clip_norm: Some(0.5),
        label_smoothing: 0.5,
        class_weight: ClassWeight::Rule(WeightRule::Balanced),
        dropout: 0.5,
        norm: Norm::Batch,
        ema: 0.5,
        flip: true,
        shift: 1,
        erase: 1.0,
        folds: Some(2),
        fold: Some(1),
        validation: Some("folder".into()),
        split_seed: Some(0),
        order_seed: Some(0),
        eval_every: Some(1),
        metric: Some(Metric::HeldoutAccuracy),
        early_stopping: Some(1),
        min_delta: Some(0.5),
        max_time: "1s".parse().ok(),
        memory: Some(Size(0)),
        images_sha256: Some("0".repeat(DIGITS)),
        labels_sha256: Some("0".repeat(DIGITS)),
        test_images_sha256: Some("0".repeat(DIGITS)),
        test_labels_sha256: Some("0".repeat(DIGITS)),
        validation_images_sha256: Some("0".repeat(DIGITS)),
        validation_labels_sha256: Some("0".repeat(DIGITS)),
        classes_sha256: Some("0".repeat(DIGITS)),
        ..TrainOptions::default()
    };
    Table::try_from(options).expect("settings are a table of plain values")
}

/// What values of a setting are; `sound` is one.
fn expected(name: &str, sound: &Value) -> &'static str {
    match sound {
        _ if name == CLASS_WEIGHT => {
            "\"balanced\", \"none\" or a list of numbers such as [1.0, 2.5]"
        }
        Value::Integer(_) if SEEDS.contains(&name) => "a whole number from 0 to 4294967295",
        Value::Integer(_) => "a whole number from 0",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of whole numbers such as [100, 50]",
        _ if DIGESTS.contains(&name) => "64 hexadecimal digits in quotes",
        _ if FOLDERS.contains(&name) => "the name of a folder in quotes",
        _ if name == "from" => "the name of a model file in quotes",
        _ => "a text in quotes",
    }
}

/// The value that is spelled so.
fn read_alone(spelled: &str) -> Option<Value> {
    let alone: Option<Table> = format!("it = {spelled}").parse().ok();
    alone?.remove("it")
}

/// Whether `found` is a value for this setting, alone; `sound` is one, and `settings` has one for each. The error is why not, or
/// none where it is no value of the setting's type.
fn check(
    name: &str,
    found: Option<&Value>,
    (sound, settings): (&Value, &Table),
) -> Result<(), Option<String>> {
    let found = found.ok_or(None)?;
    let whole_for_fraction = sound.is_float() && found.is_integer();
    let list_for_word = name == CLASS_WEIGHT && found.is_array();
    if !sound.same_type(found) && !whole_for_fraction && !list_for_word {
        return Err(None);
    }
    let is_digest =
        |text: &str| text.len() == DIGITS && text.bytes().all(|letter| letter.is_ascii_hexdigit());
    match found.as_str() {
        Some("") if FOLDERS.contains(&name) || name == "from" => return Err(None),
        Some(text) if DIGESTS.contains(&name) && !is_digest(text) => return Err(None),
        _ => {}
    }
    let mut alone = settings.clone();
    alone.insert(name.to_owned(), found.clone());
    match alone.try_into::<TrainOptions>() {
        Ok(_) => Ok(()),
        // Of names the reader tells which there are; of numbers it would name types of this program.
        Err(error) if sound.is_str() => {
            let told = one_line(error.message()).replace("unknown variant", "unknown value");
            Err(Some(told))
        }
        Err(_) => Err(None),
    }
}

/// The parser's error in our words, where a single line with a setting is to blame for it.
fn told(text: &str, error: &toml::de::Error, settings: &Table) -> String {
    let place = error.span().map_or(0, |span| span.start).min(text.len());
    let line = line_of(&text.as_bytes()[..place]);
    let place = format!("line {line}");
    if error.message().contains("duplicate") {
        let key = error.span().and_then(|span| text.get(span));
        let key = quote::name(key.unwrap_or("a key"));
        return format!("{place}: duplicate key: {key} is there already");
    }
    let own = text.lines().nth(line - 1).unwrap_or_default();
    let own = own.trim_start_matches('\u{feff}').trim();
    let name = own
        .split(|letter: char| letter == '=' || letter.is_whitespace())
        .next()
        .map(|name| name.trim_matches(['"', '\'']))
        .unwrap_or_default();
    match settings.get(name) {
        Some(sound) if own.parse::<Table>().is_err() => match own.split_once('=') {
            Some((_, value)) => {
                let (expected, found) = (expected(name, sound), shown(value));
                format!("{place}: {name}: expected {expected}, found {found}")
            }
            None => format!(
                "{place}: {name}: expected `{name} = ` and a value, found {}",
                shown(own)
            ),
        },
        _ => format!("{place}: {}", one_line(error.message())),
    }
}

/// A value as a message shows it.
fn shown(text: &str) -> String {
    let line = one_line(text);
    if line.is_empty() {
        return "nothing".to_owned();
    }
    let mut letters = line.chars();
    let head: String = letters.by_ref().take(MOST_SHOWN).collect();
    let more = if letters.next().is_some() { " .." } else { "" };
    quote::name(&head) + more
}

/// The number of the line that follows `before`, counted from 1.
fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> String {
        let hint = |_: &str, _: &Table| "no such setting".to_owned();
        Config::parse(text.as_bytes(), &hint).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_setting() {
        for (text, says) in [
            (
                "seed = 99999999999999999999",
                "line 1: seed: expected a whole number from 0 to 4294967295, found 99999999999999999999",
            ),
            (
                "order_seed = -1",
                "line 1: order_seed: expected a whole number from 0 to 4294967295, found -1",
            ),
            (
                "\nl2 = -1e400",
                "line 2: l2: expected a number, found -1e400",
            ),
            (
                "hidden = [\n  50,\n  99999999999999999999]",
                "line 1: hidden: expected a list of whole numbers such as [100, 50], found [ 50, 99999999999999999999]",
            ),
            (
                "threads = -9223372036854775809",
                "line 1: threads: expected a whole number from 0, found -9223372036854775809",
            ),
            (
                "labels_sha256 = \"zz\"",
                "line 1: labels_sha256: expected 64 hexadecimal digits in quotes, found \"zz\"",
            ),
            (
                "data = \"\"",
                "line 1: data: expected the name of a folder in quotes, found \"\"",
            ),
            (
                "epochs = 3\nactivation = relu",
                "line 2: activation: expected a text in quotes, found relu",
            ),
            (
                "epochs =",
                "line 1: epochs: expected a whole number from 0, found nothing",
            ),
            (
                "epochs 3",
                "line 1: epochs: expected `epochs = ` and a value, found epochs 3",
            ),
            ("hidden = [1,2\nepochs = 3", "line 2: "),
            (
                "bias = { a = 1 }",
                "line 1: bias: expected true or false, found { a = 1 }",
            ),
            ("x\u{202e}y = 1", "line 1: "),
            (
                "\"x\u{202e}y\" = 1",
                "line 1: unknown setting `$'x\\u202ey'`; no such setting",
            ),
        ] {
            let said = said(text);
            assert!(said.starts_with(says), "{text}: {said}");
            assert!(
                !said.contains("i128") && !said.contains("overflow"),
                "{said}"
            );
        }
        let long = said(&format!("hidden = [{}0.5]", "1, ".repeat(100_000)));
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn a_table_of_any_spelling_is_read() {
        let spelled = "\u{feff}# a mark, CRLF, no line end\r\nepochs = 0x10\r\n\"hidden\" = [\r\n 5, # a comment\r\n 4,\r\n]\r\nlearning_rate = 1";
        let config = Config::parse(spelled.as_bytes(), &|_, _| String::new()).unwrap();
        assert_eq!(config.table["epochs"].as_integer(), Some(16));
        assert_eq!(config.table["hidden"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            config.message("learning_rate", "no"),
            "line 7: learning_rate: no"
        );
        assert_eq!(config.lacking().as_deref(), Some("activation"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text in "([a-z_]{1,9}|epochs|hidden)( ?[=.] ?|\n)[\\[\\]{}\"'0-9a-z\n\r,#\u{feff}]{0,12}") {
            let hint = |_: &str, _: &Table| String::new();
            let _ = Config::parse(&bytes, &hint);
            let _ = Config::parse(text.as_bytes(), &hint);
        }
    }
}
