//! The names of classes: a text file such as `classes.txt`, a name a line, by label.

use std::io::{BufReader, Error as IoError, ErrorKind, Read};
use std::path::Path;

use super::stream::stream;
use super::{files, mmap};
use crate::error::{Error, Result};

/// Digest of Fashion-MNIST's training labels (the decoded file), by which its class names are known.
const FASHION_MNIST_LABELS: &str =
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9";

/// The class names of Fashion-MNIST, by label.
pub const FASHION_MNIST_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// The names of the classes of a data set that is known by the digest of its training labels.
pub(super) fn known_names(labels_sha256: &str) -> Option<Vec<String>> {
    (labels_sha256 == FASHION_MNIST_LABELS)
        .then(|| FASHION_MNIST_CLASSES.map(str::to_owned).to_vec())
}

/// The SHA-256 digest of class names, as of a file with a name a line.
pub(crate) fn names_sha256(names: &[String]) -> String {
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    files::sha256(lines.as_bytes())
}

/// The class names in a text file such as `classes.txt`: one a line, by label, in UTF-8 or, with a byte order mark, in UTF-16. Lines end as on
/// any system. The file may be packed (`.gz`). A blank line is refused, since every name behind it would move to another label; blank lines at the end are not
/// counted.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`], also for text in another encoding, and [`Error::Mismatch`] for no names, for more than
/// 256, and for a line without a name.
pub fn class_names(path: &Path) -> Result<Vec<String>> {
    /// No list of 256 names is longer.
    const MOST_BYTES: u64 = 64 * 1024;
    let refuse = |found: String| {
        Err(Error::Mismatch {
            path: path.to_owned(),
            expected: "1 to 256 class names, one a line".to_owned(),
            found,
        })
    };
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file: Box<dyn Read> = match stream(path) {
        Some(stream) => stream?,
        None if files::is_packed(path) => {
            let file = BufReader::new(mmap::open(path)?);
            Box::new(files::unpacked(file).map_err(read)?)
        }
        None => Box::new(mmap::open(path)?),
    };
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(read)?;
    if bytes.len() as u64 > MOST_BYTES {
        return refuse(format!("more than {} KiB", MOST_BYTES / 1024));
    }
    let text = text(&bytes)
        .map_err(|reason| read(IoError::new(ErrorKind::InvalidData, reason)))?
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let names: Vec<&str> = text.trim_end().lines().map(str::trim).collect();
    if let Some(blank) = names.iter().position(|name| name.is_empty()) {
        return refuse(format!(
            "no name in line {}: a class without a name can be called by its number, {blank}",
            blank + 1
        ));
    }
    if (1..=256).contains(&names.len()) {
        Ok(names.into_iter().map(str::to_owned).collect())
    } else {
        refuse(names.len().to_string())
    }
}

/// The text of a file, without its byte order mark; the error says what it is instead of text.
fn text(bytes: &[u8]) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks();
        let units: Vec<u16> = units.iter().copied().map(unit).collect();
        String::from_utf16(&units)
            .ok()
            .filter(|_| rest.is_empty())
            .ok_or_else(|| {
                "expected text in UTF-16, as its byte order mark says, found something else: save it as UTF-8"
                    .to_owned()
            })
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        all => utf8(all),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let line = |place: usize| 1 + bytes[..place].iter().filter(|&&byte| byte == b'\n').count();
    let wrong = |place: usize| {
        let (line, byte) = (line(place), bytes[place]);
        format!("expected text in UTF-8, found a byte {byte:#04x} in line {line}: save it as UTF-8")
    };
    // A zero is what UTF-16 without a mark has in every other place.
    if let Some(place) = bytes.iter().position(|&byte| byte == 0) {
        return Err(wrong(place));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(wrong(error.valid_up_to())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        class_names(file.path())
    }

    #[test]
    fn every_form_of_text_gives_the_same_names() {
        let text = "cup\ntea pot\nCafé\n";
        let wide = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            let units = text.encode_utf16().flat_map(bytes);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        let forms: [Vec<u8>; 9] = [
            text.into(),
            text.trim_end().into(),
            format!("{text}\n \n\n").into(),
            text.replace('\n', "\r\n").into(),
            text.replace('\n', "\r").into(),
            text.replace('\n', " \t\n  ").into(),
            format!("\u{feff}{text}").into(),
            wide([0xff, 0xfe], u16::to_le_bytes),
            wide([0xfe, 0xff], u16::to_be_bytes),
        ];
        for form in forms {
            assert_eq!(
                names(&form).unwrap(),
                ["cup", "tea pot", "Café"],
                "{form:?}"
            );
        }
    }

    #[test]
    fn a_blank_line_is_named_by_its_number() {
        for (text, line) in [
            ("\ncup", 1),
            ("cup\n\npot", 2),
            ("cup\r\rpot", 2),
            ("cup\npot\n \t\npan\n", 3),
        ] {
            let error = names(text.as_bytes()).unwrap_err().to_string();
            let said = format!("no name in line {line}: ");
            assert!(error.contains(&said), "{error}");
        }
    }

    #[test]
    fn other_encodings_are_named() {
        let cases: [(&[u8], &str); 4] = [
            (b"cup\ncaf\xe9\n", "0xe9 in line 2"),
            (b"c\0u\0p\0", "0x00 in line 1"),
            (b"\xff\xfec\0u", "UTF-16"),
            (b"\xff\xfe\x00\xd8c\0", "UTF-16"),
        ];
        for (bytes, says) in cases {
            let Error::Read { source, .. } = names(bytes).unwrap_err() else {
                panic!("another error for {bytes:?}")
            };
            assert_eq!(source.kind(), ErrorKind::InvalidData);
            let text = source.to_string();
            assert!(text.contains(says) && text.contains("UTF-8"), "{text}");
        }
    }
}
