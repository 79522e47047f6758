//! Checkpoints: damaged ones, and sound ones that are not of this run.

use super::{
    Bad::{Bytes, Folder, Pipe},
    Row, forge,
};
use crate::refusals::{changed, shortened};

/// Checkpoint files.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "run/checkpoint.safetensors",
        Bytes(|_| Vec::new()),
        "train -q --resume run",
        3,
        &[],
    ),
    (
        "cut within the header",
        "run/checkpoint.safetensors",
        Bytes(|good| good[..300].to_vec()),
        "train -q --resume run",
        3,
        &[],
    ),
    (
        "cut by a byte",
        "run/checkpoint.safetensors",
        Bytes(|good| shortened(good, 1)),
        "train -q --resume run",
        3,
        &[],
    ),
    (
        "a byte too many",
        "run/checkpoint.safetensors",
        Bytes(|good| [good, vec![0]].concat()),
        "train -q --resume run",
        3,
        &[],
    ),
    (
        "a header of 2^64 - 1 bytes",
        "run/checkpoint.safetensors",
        Bytes(|good| [&u64::MAX.to_le_bytes(), &good[8..]].concat()),
        "train -q --resume run",
        3,
        &[],
    ),
    (
        "a flipped bit",
        "run/checkpoint.safetensors",
        Bytes(|good| {
            let (place, byte) = (good.len() - 5, good[good.len() - 5]);
            changed(good, place, byte ^ 4)
        }),
        "train -q --resume run",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "a flipped bit in the settings",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replacen("0.001", "0.003", 1))),
        "train -q --resume run",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "no digest",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::unsealed(&good, "layers", "layers")),
        "train -q --resume run",
        3,
        &["digest"],
    ),
    (
        "another format",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"format\":1"#, r#"\"format\":2"#)),
        "train -q --resume run",
        3,
        &["expected format 1", "found 2"],
    ),
    (
        "a model instead",
        "run/checkpoint.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "gingham.checkpoint", "gingham")
            })
        }),
        "train -q --resume run",
        3,
        &["gingham.checkpoint"],
    ),
    (
        "a place beyond its epoch",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"batch\":0"#, r#"\"batch\":26"#)),
        "train -q --resume run",
        3,
        &[
            "expected a place in epochs of 25 mini-batches",
            "mini-batch 26",
        ],
    ),
    (
        "a step that is not its place's",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"step\":50"#, r#"\"step\":51"#)),
        "train -q --resume run",
        3,
        &["expected a place in epochs of 25 mini-batches", "step 51"],
    ),
    (
        "an epoch beyond all numbers",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"epoch\":2"#, r#"\"epoch\":18446744073709551615"#)),
        "train -q --resume run",
        3,
        &["history"],
    ),
    (
        "a history of other epochs",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"epoch\":2"#, r#"\"epoch\":3"#)),
        "train -q --resume run",
        3,
        &["history", "[3]", "found", "[2]"],
    ),
    (
        "an array renamed",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#""layers.1.bias""#, r#""layers.1.bjas""#)),
        "train -q --resume run",
        3,
        &["layers.1.bias"],
    ),
    (
        "an array too many",
        "run/checkpoint.safetensors",
        Bytes(|good| {
            forge::resealed(
                &good,
                r#""layers.0.bias""#,
                r#""extra":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"layers.0.bias""#,
            )
        }),
        "train -q --resume run",
        3,
        &["expected", "arrays", "found"],
    ),
    (
        "weights of another shape",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#""shape":[8,784]"#, r#""shape":[784,8]"#)),
        "train -q --resume run",
        3,
        &[
            "layers.0.weight",
            "expected F32 [8, 784]",
            "found F32 [784, 8]",
        ],
    ),
    (
        "a weight that is NaN",
        "run/checkpoint.safetensors",
        Bytes(|good| {
            forge::seal(forge::number(
                &good,
                "layers.0.weight",
                5,
                &f32::NAN.to_le_bytes(),
            ))
        }),
        "train -q --resume run",
        3,
        &[
            "layers.0.weight",
            "expected finite numbers",
            "found NaN at 5",
        ],
    ),
    (
        "a sum that is no number",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"error_sum\":0.0"#, r#"\"error_sum\":null"#)),
        "train -q --resume run",
        3,
        &["metadata"],
    ),
    (
        "another version",
        "run/checkpoint.safetensors",
        Bytes(|good| {
            forge::resealed(
                &good,
                r#"\"version\":\"0.1.0\""#,
                r#"\"version\":\"9.8.7\""#,
            )
        }),
        "train -q --resume run",
        2,
        &["version 0.1.0 where it was 9.8.7", "--resume-anyway"],
    ),
    (
        "another seed",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"seed\":42"#, r#"\"seed\":43"#)),
        "train -q --resume run",
        2,
        &["seed 42 where it was 43", "--resume-anyway"],
    ),
    (
        "other data",
        "run/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"images_sha256\":\""#, r#"\"images_sha256\":\"0"#)),
        "train -q --resume run",
        2,
        &["other images (SHA-256)", "--resume-anyway"],
    ),
    (
        "a folder",
        "run/checkpoint.safetensors",
        Folder,
        "train -q --resume run",
        3,
        &["expected a regular file", "found a directory"],
    ),
    (
        "a pipe",
        "run/checkpoint.safetensors",
        Pipe,
        "train -q --resume run",
        3,
        &["expected a regular file", "found a pipe"],
    ),
];
