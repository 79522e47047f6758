//! Checkpoints: damaged ones, and sound ones that are not of this run.

use super::{
    Bad::{Bytes, Folder, Pipe, Sound},
    Row, forge,
};
use crate::refusals::{changed, shortened};

/// Checkpoint files.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "stopped/checkpoint.safetensors",
        Bytes(|_| Vec::new()),
        "train -q --resume stopped",
        3,
        &["expected a safetensors file", "found 0 bytes"],
    ),
    (
        "cut within the header",
        "stopped/checkpoint.safetensors",
        Bytes(|good| good[..300].to_vec()),
        "train -q --resume stopped",
        3,
        &["expected a header of", "found 292"],
    ),
    (
        "cut by a byte",
        "stopped/checkpoint.safetensors",
        Bytes(|good| shortened(good, 1)),
        "train -q --resume stopped",
        3,
        &["bytes, as its header says", "expected", "found"],
    ),
    (
        "a byte too many",
        "stopped/checkpoint.safetensors",
        Bytes(|good| [good, vec![0]].concat()),
        "train -q --resume stopped",
        3,
        &["bytes, as its header says", "expected", "found"],
    ),
    (
        "a header of 2^64 - 1 bytes",
        "stopped/checkpoint.safetensors",
        Bytes(|good| [&u64::MAX.to_le_bytes(), &good[8..]].concat()),
        "train -q --resume stopped",
        3,
        &["expected a safetensors file", "found 18446744073709551615"],
    ),
    (
        "a flipped bit",
        "stopped/checkpoint.safetensors",
        Bytes(|good| {
            let (place, byte) = (good.len() - 5, good[good.len() - 5]);
            changed(good, place, byte ^ 4)
        }),
        "train -q --resume stopped",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "a flipped bit in the settings",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replacen("0.001", "0.003", 1))),
        "train -q --resume stopped",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "no digest",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::unsealed(&good, "layers", "layers")),
        "train -q --resume stopped",
        3,
        &[
            "expected a digest of the file in its metadata",
            "found none",
        ],
    ),
    (
        "another format",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"format\":1"#, r#"\"format\":2"#)),
        "train -q --resume stopped",
        3,
        &["expected format 1", "found 2"],
    ),
    (
        "a model instead",
        "stopped/checkpoint.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "gingham.checkpoint", "gingham")
            })
        }),
        "train -q --resume stopped",
        3,
        &[
            "metadata: expected an entry 'gingham.checkpoint'",
            "found gingham",
        ],
    ),
    (
        "a place beyond its epoch",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"batch\":0"#, r#"\"batch\":26"#)),
        "train -q --resume stopped",
        3,
        &[
            "expected a place in epochs of 25 mini-batches",
            "mini-batch 26",
        ],
    ),
    (
        "a step that is not its place's",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"step\":50"#, r#"\"step\":51"#)),
        "train -q --resume stopped",
        3,
        &["expected a place in epochs of 25 mini-batches", "step 51"],
    ),
    (
        "an epoch beyond all numbers",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"epoch\":2"#, r#"\"epoch\":18446744073709551615"#)),
        "train -q --resume stopped",
        3,
        &[
            "history.error",
            "expected F64 [18446744073709551615]",
            "found F64 [2]",
        ],
    ),
    (
        "a history of other epochs",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"epoch\":2"#, r#"\"epoch\":3"#)),
        "train -q --resume stopped",
        3,
        &["history", "[3]", "found", "[2]"],
    ),
    (
        "an array renamed",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#""layers.1.bias""#, r#""layers.1.bjas""#)),
        "train -q --resume stopped",
        3,
        &["layers.1.bias"],
    ),
    (
        "an array too many",
        "stopped/checkpoint.safetensors",
        Bytes(|good| {
            forge::resealed(
                &good,
                r#""layers.0.bias""#,
                r#""extra":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"layers.0.bias""#,
            )
        }),
        "train -q --resume stopped",
        3,
        &["expected", "arrays", "found"],
    ),
    (
        "weights of another shape",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#""shape":[8,784]"#, r#""shape":[784,8]"#)),
        "train -q --resume stopped",
        3,
        &[
            "layers.0.weight",
            "expected F32 [8, 784]",
            "found F32 [784, 8]",
        ],
    ),
    (
        "a weight that is NaN",
        "stopped/checkpoint.safetensors",
        Bytes(|good| {
            forge::seal(forge::number(
                &good,
                "layers.0.weight",
                5,
                &f32::NAN.to_le_bytes(),
            ))
        }),
        "train -q --resume stopped",
        3,
        &[
            "layers.0.weight",
            "expected finite numbers",
            "found NaN at 5",
        ],
    ),
    (
        "a sum that is no number",
        "stopped/checkpoint.safetensors",
        Bytes(|good| forge::resealed(&good, r#"\"error_sum\":0.0"#, r#"\"error_sum\":null"#)),
        "train -q --resume stopped",
        3,
        &[
            "metadata: expected what gingham writes there",
            "found something else",
        ],
    ),
    (
        "another version",
        "stopped/checkpoint.safetensors",
        Sound(|good| {
            forge::resealed(
                &good,
                r#"\"version\":\"0.1.0\""#,
                r#"\"version\":\"9.8.7\""#,
            )
        }),
        "train -q --resume stopped",
        2,
        &["version 0.1.0 where it was 9.8.7", "--resume-anyway"],
    ),
    (
        "another seed",
        "stopped/checkpoint.safetensors",
        Sound(|good| forge::resealed(&good, r#"\"seed\":42"#, r#"\"seed\":43"#)),
        "train -q --resume stopped",
        2,
        &["seed 42 where it was 43", "--resume-anyway"],
    ),
    (
        "other data",
        "stopped/checkpoint.safetensors",
        Sound(|good| forge::resealed(&good, r#"\"images_sha256\":\""#, r#"\"images_sha256\":\"0"#)),
        "train -q --resume stopped",
        2,
        &["other images (SHA-256)", "--resume-anyway"],
    ),
    (
        "a folder",
        "stopped/checkpoint.safetensors",
        Folder,
        "train -q --resume stopped",
        3,
        &["expected a regular file", "found a directory"],
    ),
    (
        "a pipe",
        "stopped/checkpoint.safetensors",
        Pipe,
        "train -q --resume stopped",
        3,
        &["expected a regular file", "found a pipe"],
    ),
];
