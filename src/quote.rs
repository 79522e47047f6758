//! Names as a terminal and a JSON text may hold them.
//!
//! The name of a file may hold any bytes but 0 and `/`: line ends, commands to a terminal, marks that turn the direction of the
//! text around them, bytes that are no text at all. A name with one of these is quoted as a shell would quote it (`$'a\tb'`), so
//! that it breaks no line, two names that differ look different, and what is shown can be typed again.

use std::fmt::Write;
use std::path::Path;

/// Whether nobody sees this character, though it changes the direction of the text around it, its lines, or which name it is.
#[must_use]
pub fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether this character is quoted.
fn is_odd(letter: char) -> bool {
    letter.is_control() || is_invisible(letter)
}

/// A name as a terminal may show it.
#[must_use]
pub fn name(name: &str) -> String {
    if name.contains(is_odd) {
        quoted([(name, &[][..])])
    } else {
        name.to_owned()
    }
}

/// A path as a terminal may show it.
#[must_use]
pub fn path(path: &Path) -> String {
    match path.to_str() {
        Some(text) => name(text),
        None => quoted_path(path),
    }
}

/// A path as an argument that a shell takes for it and nothing else, and that no program takes for an option.
#[must_use]
pub fn argument(path: &Path) -> String {
    let shown = self::path(path);
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+=:,@%".contains(letter);
    let shown = match path.to_str() {
        Some(text) if shown == text && !text.chars().all(is_plain) => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        _ => shown,
    };
    if path
        .to_str()
        .is_some_and(|text| text.starts_with('-') || text == "auto")
    {
        return format!("./{shown}");
    }
    shown
}

/// A path as text that is kept, such as JSON, which has escapes of its own: only a path that is no text is quoted.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_str()
        .map_or_else(|| quoted_path(path), str::to_owned)
}

fn quoted_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    quoted(
        bytes
            .utf8_chunks()
            .map(|chunk| (chunk.valid(), chunk.invalid())),
    )
}

/// Pieces of text, each with the bytes behind it that are none.
fn quoted<'a>(pieces: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut quoted = "$'".to_owned();
    for (text, bytes) in pieces {
        for letter in text.chars() {
            match letter {
                '\t' => quoted.push_str("\\t"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\'' | '\\' => quoted.extend(['\\', letter]),
                _ if letter.is_ascii_control() => {
                    write!(quoted, "\\x{:02x}", u32::from(letter)).expect("writing to a string");
                }
                _ if is_odd(letter) => {
                    write!(quoted, "\\u{:04x}", u32::from(letter)).expect("writing to a string");
                }
                _ => quoted.push(letter),
            }
        }
        for byte in bytes {
            write!(quoted, "\\{byte:03o}").expect("writing to a string");
        }
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_a_terminal_would_obey_them() {
        for (given, shown) in [
            ("T-shirt/top", "T-shirt/top"),
            ("it's \\ Schläppchen", "it's \\ Schläppchen"),
            ("a\tb\n", r"$'a\tb\n'"),
            ("\x1b[31mred", r"$'\x1b[31mred'"),
            ("it's\r", r"$'it\'s\r'"),
            ("a\u{202e}b", r"$'a\u202eb'"),
        ] {
            assert_eq!(name(given), shown);
            assert_eq!(path(Path::new(given)), shown);
            assert_eq!(text(Path::new(given)), given);
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_stay_different() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        for (bytes, shown) in [
            (&b"\xff.png"[..], r"$'\377.png'"),
            (b"\xfe.png", r"$'\376.png'"),
            (b"a\xc3/\xe2\x80\xae'", r"$'a\303/\u202e\''"),
        ] {
            let given = Path::new(OsStr::from_bytes(bytes));
            assert_eq!(path(given), shown);
            assert_eq!(text(given), shown);
        }
    }
}
