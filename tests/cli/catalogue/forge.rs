//! What damages files: headers rewritten, digests made anew, pictures put together by hand.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

use crate::refusals::crc32;

/// What stands before the digest in the header of a model or a checkpoint.
const BEFORE: &str = r#"{\"sha256\":\""#;
/// The letters of a digest.
const DIGEST: usize = 64;

/// The header and the numbers of a safetensors file.
fn parts(bytes: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).expect("text");
    (header, bytes[8 + length..].to_vec())
}

/// A safetensors file of this header and these numbers.
pub fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), numbers].concat()
}

/// The file with another header.
pub fn header(bytes: &[u8], change: impl FnOnce(String) -> String) -> Vec<u8> {
    let (header, numbers) = parts(bytes);
    file(&change(header), &numbers)
}

/// The text with `new` for `old`, which must be there.
pub fn instead(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "'{old}' in {text}");
    text.replacen(old, new, 1)
}

/// The file without its digest, as older versions wrote it, and with `new` for `old` in its header.
pub fn unsealed(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    header(bytes, |header| {
        let start = header.find(BEFORE).expect("a digest") + 1;
        let end = start + BEFORE.len() - 1 + DIGEST + r#"\","#.len();
        instead(&format!("{}{}", &header[..start], &header[end..]), old, new)
    })
}

/// The file with `new` for `old` in its header and a digest that is right: not damaged, but never written by gingham.
pub fn resealed(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    seal(header(bytes, |header| instead(&header, old, new)))
}

/// The file with a digest that is right.
pub fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let before = BEFORE.as_bytes();
    let place = bytes
        .windows(before.len())
        .position(|window| window == before)
        .expect("a digest");
    let digest = place + before.len()..place + before.len() + DIGEST;
    bytes[digest.clone()].fill(b'0');
    let made: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    bytes[digest].copy_from_slice(made.as_bytes());
    bytes
}

/// The file with a number of an array replaced by these bytes.
pub fn number(bytes: &[u8], array: &str, index: usize, value: &[u8]) -> Vec<u8> {
    let (header, mut numbers) = parts(bytes);
    let entry = header.find(&format!("\"{array}\":")).expect("the array");
    let offsets = entry + header[entry..].find("offsets\":[").expect("offsets") + 10;
    let start: usize = header[offsets..]
        .split(',')
        .next()
        .and_then(|start| start.parse().ok())
        .expect("an offset");
    let place = start + index * value.len();
    numbers[place..place + value.len()].copy_from_slice(value);
    file(&header, &numbers)
}

/// The layers of a model as another program would have written them: without metadata and scaling.
pub fn network(model: &[u8]) -> Vec<u8> {
    let (header, numbers) = parts(model);
    let header: serde_json::Value = serde_json::from_str(&header).expect("JSON");
    let (mut entries, mut all) = (Vec::new(), Vec::new());
    for (name, entry) in header.as_object().expect("an object") {
        if !name.starts_with("layers.") {
            continue;
        }
        let [start, end] = [0, 1].map(|at| entry["data_offsets"][at].as_u64().expect("an offset"));
        let (shape, from) = (&entry["shape"], all.len());
        all.extend_from_slice(&numbers[start as usize..end as usize]);
        entries.push(format!(
            "\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{from},{}]}}",
            all.len()
        ));
    }
    file(&format!("{{{}}}", entries.join(",")), &all)
}

/// A PNG file of these chunks.
pub fn picture(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in chunks {
        let named = [&kind[..], &data[..]].concat();
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(&named);
        bytes.extend(crc32(&named).to_be_bytes());
    }
    bytes
}

/// The header of a PNG file: columns, rows, bits, kind of colour, and whether its rows are interlaced.
pub fn ihdr(
    [columns, rows]: [u32; 2],
    depth: u8,
    colour: u8,
    interlaced: u8,
) -> (&'static [u8; 4], Vec<u8>) {
    let sizes = [columns.to_be_bytes(), rows.to_be_bytes()].concat();
    (
        b"IHDR",
        [&sizes[..], &[depth, colour, 0, 0, interlaced]].concat(),
    )
}

/// The packed rows of a PNG file.
pub fn idat(rows: &[u8]) -> (&'static [u8; 4], Vec<u8>) {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(rows).expect("memory");
    (b"IDAT", encoder.finish().expect("memory"))
}

/// The end of a PNG file.
pub fn iend() -> (&'static [u8; 4], Vec<u8>) {
    (b"IEND", Vec::new())
}
