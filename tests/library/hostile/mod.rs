//! Readers under damaged bytes: cut, flipped, repeated, spliced and made up. `GINGHAM_HOSTILE=100000` tries so many of each;
//! `scripts/fuzz.sh` goes farther with the same readers and the same seeds.

mod bodies;
mod seeds;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::random_bytes;
use bodies::READERS;

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

/// The seeds that are kept for a reader, and those that are made here.
fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = seeds::of(reader).into_iter().map(|seed| seed.1).collect();
    if let Some(kept) = seeds::kept() {
        for file in std::fs::read_dir(kept.join(reader)).unwrap() {
            seeds.push(std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    seeds
}

#[test]
fn no_reader_panics_or_hangs_on_damaged_bytes() {
    let count = std::env::var("GINGHAM_HOSTILE").map_or(300, |count| count.parse().unwrap());
    let all: Vec<Vec<u8>> = READERS.iter().flat_map(|one| seeds(one.name)).collect();
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
        // Every file, also those that are another reader's; then its own, damaged.
        for seed in &all {
            read(seed, &own);
        }
        let seeds = seeds(reader.name);
        for number in 0..count {
            let random = random_bytes(32, number);
            read(&damaged(&seeds, &random), &own);
        }
    }
}

/// Writes the seeds that are made here: `GINGHAM_WRITE_SEEDS=fuzz/seeds cargo test --test library hostile`. Those that fuzzing found
/// stay.
#[test]
fn seeds_are_written_where_they_are_asked_for() {
    let Some(folder) = std::env::var_os("GINGHAM_WRITE_SEEDS") else {
        return;
    };
    for reader in READERS {
        let own = Path::new(&folder).join(reader.name);
        std::fs::create_dir_all(&own).unwrap();
        for (name, bytes) in seeds::of(reader.name) {
            std::fs::write(own.join(name), bytes).unwrap();
        }
    }
}
