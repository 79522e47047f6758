//! What a user may not expect of a plan, in words.

use super::options::TrainOptions;
use crate::data::Samples;
use crate::engine::{EngineKind, blas};
use crate::kernels::Level;
use crate::machine::Machine;
use crate::scalar::Dtype;

/// Why the engine is not the fixed one though `auto` was asked for, or why one of our own or the BLAS is slow. `engine` is what was chosen.
pub(super) fn engine_note(
    options: &TrainOptions,
    samples: Samples<'_>,
    machine: &Machine,
    engine: EngineKind,
) -> Option<&'static str> {
    /// An epoch of the article's job on Zen 4: in portable integers 298 ms, in floating point by the OpenBLAS core for
    /// CPUs without AVX (Nehalem) 143 ms.
    const LACKING: &str = "this CPU has neither AVX2 nor AVX-512 VNNI: without them integers are slower than floating point";
    const RULED_OUT: &str = "GINGHAM_LEVEL rules out AVX2 and AVX-512 VNNI: without them integers are slower than floating point";
    let slow = machine.level() == Level::PORTABLE;
    if engine == EngineKind::Blas
        && let Some(complaint) = blas::library().complaint(machine.level())
    {
        return Some(complaint);
    }
    match (options.engine, options.dtype, samples) {
        (EngineKind::Auto, Dtype::F64, _) => Some("f64: the fixed engine is for f32 only"),
        (EngineKind::Auto, _, Samples::Features(_)) => {
            Some("features: the fixed engine is for images of bytes only")
        }
        (EngineKind::Simd, ..) if slow => {
            Some("without AVX2 its products are computed number by number, and slower than BLAS's")
        }
        (EngineKind::Auto | EngineKind::Fixed, ..) if slow => Some(if machine.is_lowered() {
            RULED_OUT
        } else {
            LACKING
        }),
        _ => None,
    }
}

/// What differs between the data that was asked for by its digests and the data that was found.
pub(super) fn data_note(asked: &TrainOptions, found: &TrainOptions) -> Option<String> {
    let digests = [
        (
            "training images",
            &asked.images_sha256,
            &found.images_sha256,
        ),
        (
            "training labels",
            &asked.labels_sha256,
            &found.labels_sha256,
        ),
        (
            "test images",
            &asked.test_images_sha256,
            &found.test_images_sha256,
        ),
        (
            "test labels",
            &asked.test_labels_sha256,
            &found.test_labels_sha256,
        ),
        (
            "validation images",
            &asked.validation_images_sha256,
            &found.validation_images_sha256,
        ),
        (
            "validation labels",
            &asked.validation_labels_sha256,
            &found.validation_labels_sha256,
        ),
        ("class names", &asked.classes_sha256, &found.classes_sha256),
    ];
    let differs = |(_, asked, found): &(&str, &Option<String>, &Option<String>)| {
        asked.is_some() && found.is_some() && asked != found
    };
    let mut what: Vec<&str> = digests
        .into_iter()
        .filter(differs)
        .map(|(what, ..)| what)
        .collect();
    if asked.test_labels_sha256.is_some() && found.test_labels_sha256.is_none() {
        what.push("test files");
    }
    let last = what.pop()?;
    let others = match what.join(", ") {
        others if others.is_empty() => others,
        others => others + " and ",
    };
    Some(format!(
        "these settings were written for other {others}{last} (SHA-256): the run will not be the same"
    ))
}
