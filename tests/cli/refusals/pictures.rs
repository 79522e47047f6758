//! Pictures that `predict` cannot use.

use super::*;
use crate::util::{Scratch, png};

#[test]
fn pictures_that_cannot_be_used() {
    let scratch = Scratch::with_model();
    let (grey, depth) = (png::ColorType::Grayscale, png::BitDepth::Eight);
    let noise: Vec<u8> = (0..784_u32)
        .map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let good = png([28, 28], grey, depth, &noise);
    let size = |columns: u32, rows: u32| {
        let mut bytes = good.clone();
        bytes[16..20].copy_from_slice(&columns.to_be_bytes());
        bytes[20..24].copy_from_slice(&rows.to_be_bytes());
        let checksum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        bytes
    };
    assert_eq!(size(28, 28), good, "the checksum is a PNG's");
    let cases: [(Vec<u8>, &[&str]); 15] = [
        (Vec::new(), &["not a PNG"]),
        (b"P5 28 28 255".to_vec(), &["not a PNG"]),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(), &["not a PNG"]),
        (scratch.read(format!("data/{TEST_IMAGES}")), &["not a PNG"]),
        (good[..4].to_vec(), &["not a PNG"]),
        (good[..20].to_vec(), &["not a PNG"]),
        (good[..33].to_vec(), &["not a PNG"]),
        (good[..good.len() / 2].to_vec(), &["not a PNG"]),
        (changed(good.clone(), 17, 1), &["not a PNG"]), // the header's checksum is wrong now
        (
            png([27, 28], grey, depth, &noise[..756]),
            &["expected 28 x 28 pixels", "found 27 x 28"],
        ),
        (
            png([28, 29], grey, depth, &[0; 812]),
            &["expected 28 x 28 pixels", "found 28 x 29"],
        ),
        (
            png([1, 1], grey, depth, &[0]),
            &["expected 28 x 28 pixels", "found 1 x 1"],
        ),
        (size(0, 28), &["not a PNG"]),
        (
            size(100_000, 100_000),
            &["expected 28 x 28 pixels", "found 100000 x 100000"],
        ),
        (size(u32::MAX, u32::MAX), &["not a PNG"]),
    ];
    scratch.write("good.png", &good);
    scratch.done(&format!("predict --model {MODEL} good.png"));
    for (bytes, says) in cases {
        scratch.write("odd.png", bytes);
        let says: Vec<&str> = ["odd.png"].iter().chain(says).copied().collect();
        scratch.refuses(3, &format!("predict --model {MODEL} odd.png"), &says);
    }
    let missing = ["missing.png", "cannot be read", "No such file"];
    scratch.refuses(3, &format!("predict --model {MODEL} missing.png"), &missing);
    let said = scratch.misuse(
        scratch.gingham(&format!("predict --model {MODEL}")),
        &["required"],
    );
    assert!(
        said.contains("--idx <FILE>") && said.contains("PNG"),
        "both ways are named: {said}"
    );
    let both = scratch.gingham(&format!(
        "predict --model {MODEL} --idx data/{TEST_IMAGES} good.png"
    ));
    scratch.misuse(both, &["--idx", "cannot be used with"]);
}

/// The checksum of PNG and gzip, bit by bit.
pub fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), bit)
    })
}
