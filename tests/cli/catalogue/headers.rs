//! Models: headers that lie, and arrays that are not there or too many.

use super::{Bad::Bytes, Row, forge};
use crate::refusals::{changed, shortened};

/// Model files with such headers.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "run/model.safetensors",
        Bytes(|_| Vec::new()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a safetensors file", "found 0 bytes"],
    ),
    (
        "seven bytes",
        "run/model.safetensors",
        Bytes(|good| good[..7].to_vec()),
        "predict --model run/model.safetensors good.png",
        3,
        &["expected a safetensors file", "found 7 bytes"],
    ),
    (
        "the header's length alone",
        "run/model.safetensors",
        Bytes(|good| good[..8].to_vec()),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &["expected a header of", "found 0"],
    ),
    (
        "cut within the header",
        "run/model.safetensors",
        Bytes(|good| good[..500].to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a header of", "found 492"],
    ),
    (
        "cut by a byte",
        "run/model.safetensors",
        Bytes(|good| shortened(good, 1)),
        "report run --out new.html",
        3,
        &["bytes, as its header says", "expected 39", "found 39"],
    ),
    (
        "a byte too many",
        "run/model.safetensors",
        Bytes(|good| [good, vec![0]].concat()),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &["bytes, as its header says", "expected 39", "found 39"],
    ),
    (
        "a header of no length",
        "run/model.safetensors",
        Bytes(|good| [&[0; 8], &good[8..]].concat()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected a header in JSON",
            "found something else",
            "column 0",
        ],
    ),
    (
        "a header of 2^40 bytes",
        "run/model.safetensors",
        Bytes(|good| [&(1_u64 << 40).to_le_bytes(), &good[8..]].concat()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a safetensors file", "found 1099511627776"],
    ),
    (
        "a header of 2^64 - 1 bytes",
        "run/model.safetensors",
        Bytes(|good| [&u64::MAX.to_le_bytes(), &good[8..]].concat()),
        "predict --model run/model.safetensors good.png",
        3,
        &["expected a safetensors file", "found 18446744073709551615"],
    ),
    (
        "a header that ends a byte early",
        "run/model.safetensors",
        Bytes(|good| {
            let length = good[0];
            changed(good, 0, length - 8)
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected a header in JSON",
            "found something else",
            "column",
        ],
    ),
    (
        "a header that is no JSON",
        "run/model.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replace('{', "("))),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected a header in JSON",
            "found something else",
            "column 1",
        ],
    ),
    (
        "a header that is no text",
        "run/model.safetensors",
        Bytes(|good| changed(good, 20, 0xff)),
        "predict --model run/model.safetensors good.png",
        3,
        &[
            "expected a header in UTF-8",
            "found other bytes at offset 20",
        ],
    ),
    (
        "a header of nothing",
        "run/model.safetensors",
        Bytes(|_| forge::file("{}", &[])),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["metadata: expected an entry 'gingham'", "found nothing"],
    ),
    (
        "brackets within brackets",
        "run/model.safetensors",
        Bytes(|_| forge::file(&"[".repeat(100_000), &[])),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a header in JSON", "found something else"],
    ),
    (
        "objects within objects",
        "run/model.safetensors",
        Bytes(|_| forge::file(&"{\"a\":".repeat(100_000), &[])),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[
            "expected a header in JSON",
            "found something else",
            "recursion limit",
        ],
    ),
    (
        "an array twice",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""scale.mean""#, r#""scale.deviation""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "scale.deviation: expected an array that begins where the one before it ends",
            "found other offsets",
        ],
    ),
    (
        "an array renamed",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""layers.1.bias""#, r#""layers.1.bjas""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected",
            "layers and the scaling of 784 pixels",
            "found the array \"layers.1.bjas\"",
        ],
    ),
    (
        "an array with a layer's number that is not there",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""layers.1.weight""#, r#""layers.7.weight""#)),
        "predict --model run/model.safetensors good.png",
        3,
        &[
            "expected",
            "layers and the scaling of 784 pixels",
            "found the array",
        ],
    ),
    (
        "an array too many",
        "run/model.safetensors",
        Bytes(|good| {
            forge::unsealed(
                &good,
                r#""layers.0.bias""#,
                r#""extra":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"layers.0.bias""#,
            )
        }),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[
            "expected",
            "layers and the scaling of 784 pixels",
            "found the array \"extra\"",
        ],
    ),
    (
        "no scaling",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""scale.mean""#, r#""layers.9.bias""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected",
            "layers and the scaling of 784 pixels",
            "found the array \"layers.9.bias\"",
        ],
    ),
];
