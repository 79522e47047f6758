//! Readers under damaged bytes: cut, flipped, repeated, spliced and made up. `GINGHAM_HOSTILE=100000` tries so many of each; where
//! there is `cargo fuzz`, `fuzz/` goes farther with the same readers.

mod bodies;

use std::path::Path;
use std::time::{Duration, Instant};

use gingham::engine::EngineKind;
use gingham::scalar::Dtype;

use crate::support::{gzip, idx, random_bytes};
use bodies::READERS;

/// Sound files and files with one known defect, of every kind; each reader gets all of them as a beginning.
fn seeds() -> Vec<Vec<u8>> {
    let images = idx(&[2, 3, 2], &[7; 12]);
    let mut seeds = vec![
        Vec::new(),
        gzip(&images),
        idx(&[u32::MAX, 28, 28], &[1; 40]),
        idx(&[2], &[0, 1]),
        images,
        b"a\nb\n\xc3\xa9\n".to_vec(),
        b"\xff\xfea\0\n\0b\0".to_vec(),
        b"epochs = 3\nhidden = [1, 2]\n".to_vec(),
    ];
    let (network, checkpoint, options) = super::resume::example(EngineKind::Blas, Dtype::F32);
    let settings = toml::to_string(&options).unwrap();
    let metrics = "{\"epoch\":0,\"error\":1e308,\"train_accuracy\":0.5,\"heldout_accuracy\":null,\"seconds\":0.1}\n";
    seeds.push(settings.clone().into_bytes());
    seeds.push(format!("{settings}---\n{metrics}").into_bytes());
    seeds.push(network);
    seeds.push(checkpoint);
    let weights: Vec<u8> = [1.0_f32; 8]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let shape = vec![2, 4];
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, &weights);
    seeds.push(safetensors::serialize([("0.weight", view.unwrap())], None).unwrap());
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[9; 784]).unwrap();
    writer.finish().unwrap();
    seeds.push(png);
    seeds
}

/// A damaged copy of one of `seeds`; which and how `random` says.
fn damaged(seeds: &[Vec<u8>], random: &[u8]) -> Vec<u8> {
    let number = |at: usize| usize::from(random[at]) << 8 | usize::from(random[at + 1]);
    let mut bytes = seeds[number(0) % seeds.len()].clone();
    for step in 0..=random[2] % 3 {
        let at = 3 + 6 * usize::from(step);
        let place = number(at + 1) % (bytes.len() + 1);
        match random[at] % 6 {
            0 => bytes.truncate(place),
            1 if place < bytes.len() => bytes[place] ^= 1 << (random[at + 3] % 8),
            2 if place < bytes.len() => bytes[place] = random[at + 3],
            3 => {
                let end = (place + number(at + 4) % 64).min(bytes.len());
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
            4 => {
                let other = &seeds[number(at + 4) % seeds.len()];
                let start = number(at + 3) % (other.len() + 1);
                bytes.truncate(place);
                bytes.extend(&other[start..]);
            }
            // A number in the text or in the header that is far from what it was.
            _ => {
                let number = [
                    &b"0"[..],
                    b"-1",
                    b"99999999999999999999",
                    b"1e999",
                    b"\xff\xff\xff\xff",
                ];
                bytes.splice(
                    place..place,
                    number[usize::from(random[at + 3]) % 5].iter().copied(),
                );
            }
        }
    }
    bytes
}

#[test]
fn no_reader_panics_or_hangs_on_damaged_bytes() {
    let count = std::env::var("GINGHAM_HOSTILE").map_or(300, |count| count.parse().unwrap());
    let seeds = seeds();
    let folder = tempfile::tempdir().unwrap();
    for reader in READERS {
        let own = folder.path().join(reader.name);
        std::fs::create_dir(&own).unwrap();
        let read = |bytes: &[u8], folder: &Path| {
            let started = Instant::now();
            (reader.read)(bytes, folder);
            let took = started.elapsed();
            assert!(
                took < Duration::from_secs(1),
                "{}: {took:?} for {bytes:?}",
                reader.name
            );
        };
        for seed in &seeds {
            read(seed, &own);
        }
        for number in 0..count {
            let random = random_bytes(32, number);
            read(&damaged(&seeds, &random), &own);
        }
    }
}
