//! Models: headers that lie, arrays that are not there or not sound, metadata that contradicts them, damage.

use super::{
    Bad::{Bytes, Folder, Gone, Pipe, Shut},
    Row, forge,
};
use crate::refusals::{changed, shortened};
use crate::util::idx;

/// A model without its digest, which would refuse every change before anything else is looked at.
fn unsealed(good: Vec<u8>) -> Vec<u8> {
    forge::unsealed(&good, "layers", "layers")
}

/// Model files.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "run/model.safetensors",
        Bytes(|_| Vec::new()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "seven bytes",
        "run/model.safetensors",
        Bytes(|good| good[..7].to_vec()),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
    ),
    (
        "the header's length alone",
        "run/model.safetensors",
        Bytes(|good| good[..8].to_vec()),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[],
    ),
    (
        "cut within the header",
        "run/model.safetensors",
        Bytes(|good| good[..500].to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "cut by a byte",
        "run/model.safetensors",
        Bytes(|good| shortened(good, 1)),
        "report run --out new.html",
        3,
        &[],
    ),
    (
        "a byte too many",
        "run/model.safetensors",
        Bytes(|good| [good, vec![0]].concat()),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[],
    ),
    (
        "a header of no length",
        "run/model.safetensors",
        Bytes(|good| [&[0; 8], &good[8..]].concat()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "a header of 2^40 bytes",
        "run/model.safetensors",
        Bytes(|good| [&(1_u64 << 40).to_le_bytes(), &good[8..]].concat()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "a header of 2^64 - 1 bytes",
        "run/model.safetensors",
        Bytes(|good| [&u64::MAX.to_le_bytes(), &good[8..]].concat()),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
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
        &[],
    ),
    (
        "a header that is no JSON",
        "run/model.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replace('{', "("))),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "a header that is no text",
        "run/model.safetensors",
        Bytes(|good| changed(good, 20, 0xff)),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
    ),
    (
        "a header of nothing",
        "run/model.safetensors",
        Bytes(|_| forge::file("{}", &[])),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "brackets within brackets",
        "run/model.safetensors",
        Bytes(|_| forge::file(&"[".repeat(100_000), &[])),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "objects within objects",
        "run/model.safetensors",
        Bytes(|_| forge::file(&"{\"a\":".repeat(100_000), &[])),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[],
    ),
    (
        "an array twice",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""scale.mean""#, r#""scale.deviation""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "an array renamed",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""layers.1.bias""#, r#""layers.1.bjas""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["layers.1.bjas"],
    ),
    (
        "an array with a layer's number that is not there",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""layers.1.weight""#, r#""layers.7.weight""#)),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
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
        &["extra"],
    ),
    (
        "no scaling",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""scale.mean""#, r#""layers.9.bias""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "weights of whole numbers",
        "run/model.safetensors",
        Bytes(|good| {
            forge::unsealed(
                &good,
                r#""F32","shape":[8,784]"#,
                r#""I32","shape":[8,784]"#,
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected weights in F32 or F64", "found I32"],
    ),
    (
        "a layer in half numbers",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""F32","shape":[10,8]"#, r#""F16","shape":[10,16]"#)),
        "predict --model run/model.safetensors good.png",
        3,
        &["layers.1.weight"],
    ),
    (
        "biases of another type",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""F32","shape":[8],"#, r#""I32","shape":[8],"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["layers.0.bias", "expected F32 [8]", "found I32 [8]"],
    ),
    (
        "weights the other way round",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""shape":[8,784]"#, r#""shape":[784,8]"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["layers.0.weight", "784 inputs", "found shape [784, 8]"],
    ),
    (
        "weights in a row",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#""shape":[8,784]"#, r#""shape":[6272]"#)),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &["layers.0.weight", "two dimensions", "found shape [6272]"],
    ),
    (
        "a shape whose product overflows",
        "run/model.safetensors",
        Bytes(|good| {
            forge::unsealed(
                &good,
                r#""shape":[8,784]"#,
                r#""shape":[4611686018427387904,8]"#,
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "offsets beyond the file",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[37704,380240]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "offsets that overlap",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[37664,37984]")),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
    ),
    (
        "offsets that go backwards",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[38024,37704]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "a negative offset",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[-1,38024]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "a weight that is NaN",
        "run/model.safetensors",
        Bytes(|good| {
            forge::number(
                &unsealed(good),
                "layers.0.weight",
                5,
                &f32::NAN.to_le_bytes(),
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "layers.0.weight",
            "expected finite numbers",
            "found NaN at 5",
        ],
    ),
    (
        "a bias that is infinite",
        "run/model.safetensors",
        Bytes(|good| {
            forge::number(
                &unsealed(good),
                "layers.1.bias",
                3,
                &f32::INFINITY.to_le_bytes(),
            )
        }),
        "predict --model run/model.safetensors good.png",
        3,
        &["layers.1.bias", "expected finite numbers", "found inf at 3"],
    ),
    (
        "a deviation of 0",
        "run/model.safetensors",
        Bytes(|good| forge::number(&unsealed(good), "scale.deviation", 9, &0_f64.to_le_bytes())),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &[
            "scale.deviation",
            "expected positive numbers",
            "found 0 at 9",
        ],
    ),
    (
        "a deviation too small for F32",
        "run/model.safetensors",
        Bytes(|good| {
            forge::number(
                &unsealed(good),
                "scale.deviation",
                9,
                &1e-320_f64.to_le_bytes(),
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["scale.deviation", "found"],
    ),
    (
        "a mean that is infinite",
        "run/model.safetensors",
        Bytes(|good| {
            forge::number(
                &unsealed(good),
                "scale.mean",
                2,
                &f64::NEG_INFINITY.to_le_bytes(),
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["scale.mean", "expected finite numbers", "found -inf at 2"],
    ),
    (
        "no metadata",
        "run/model.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                header.replacen("__metadata__", "metadata__x", 1)
            })
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "metadata of another program",
        "run/model.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replacen("\"gingham\"", "\"pt\"", 1))),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["gingham"],
    ),
    (
        "metadata that is no JSON",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"{\"format\""#, r#"\"format\""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["metadata"],
    ),
    (
        "another version",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1"#, r#"\"format\":2"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected format 1", "found 2"],
    ),
    (
        "a version below zero",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1"#, r#"\"format\":-1"#)),
        "predict --model run/model.safetensors good.png",
        3,
        &["metadata", "-1"],
    ),
    (
        "no version",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1,"#, "")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["metadata", "missing field `format`"],
    ),
    (
        "an unknown key",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1,"#, r#"\"format\":1,\"md5\":1,"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["unknown", "md5"],
    ),
    (
        "a key twice",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"seed\":42"#, r#"\"seed\":42,\"seed\":43"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "an unknown activation",
        "run/model.safetensors",
        Bytes(|good| {
            forge::unsealed(
                &good,
                r#"\"activation\":\"sigmoid\""#,
                r#"\"activation\":\"swish\""#,
            )
        }),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &["metadata", "swish", "sigmoid"],
    ),
    (
        "rows that do not fit",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":27"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["layers.0.weight", "expected 756 inputs", "784"],
    ),
    (
        "rows whose product overflows",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":18446744073709551615"#)),
        "predict --model run/model.safetensors good.png",
        3,
        &["overflows"],
    ),
    (
        "no rows",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":0"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["layers.0.weight", "expected 0 inputs"],
    ),
    (
        "a class too few",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"Bag\","#, "")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["9 classes"],
    ),
    (
        "no classes",
        "run/model.safetensors",
        Bytes(|good| {
            forge::unsealed(
                &good,
                r#"[\"T-shirt/top\",\"Trouser\",\"Pullover\",\"Dress\",\"Coat\",\"Sandal\",\"Shirt\",\"Sneaker\",\"Bag\",\"Ankle boot\"]"#,
                "[]",
            )
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["classes"],
    ),
    (
        "a share of 1 held out",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"holdout\":0.2"#, r#"\"holdout\":1.0"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["holdout", "expected a share from 0 to below 1", "found 1"],
    ),
    (
        "a flipped bit in the numbers",
        "run/model.safetensors",
        Bytes(|good| {
            let (place, byte) = (good.len() - 9, good[good.len() - 9]);
            changed(good, place, byte ^ 1)
        }),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "a flipped bit in a class",
        "run/model.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replacen("Coat", "Boat", 1))),
        "predict --model run/model.safetensors good.png",
        3,
        &["damaged or changed", "expected the SHA-256", "found"],
    ),
    (
        "a flipped bit in the digest",
        "run/model.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, r#"{\"sha256\":\""#, r#"{\"sha257\":\""#)
            })
        }),
        "export --model run/model.safetensors --format onnx --out new",
        3,
        &["sha257"],
    ),
    (
        "a checkpoint instead",
        "run/model.safetensors",
        Bytes(|_| Vec::new()),
        "evaluate --model run/checkpoint.safetensors --data data",
        3,
        &["gingham"],
    ),
    (
        "a pickle",
        "run/model.safetensors",
        Bytes(|_| b"\x80\x04\x95\x1a\0\0\0\0\0\0\0}\x94.".to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "an archive of zip",
        "run/model.safetensors",
        Bytes(|_| b"PK\x03\x04 this is no model, whatever its name says".to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
    (
        "images",
        "run/model.safetensors",
        Bytes(|good| idx(&[1, 28, 28], &good[..784])),
        "predict --model run/model.safetensors good.png",
        3,
        &[],
    ),
    (
        "a folder",
        "run/model.safetensors",
        Folder,
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a regular file", "found a directory"],
    ),
    (
        "a pipe",
        "run/model.safetensors",
        Pipe,
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a regular file", "found a pipe"],
    ),
    (
        "a file that may not be read",
        "run/model.safetensors",
        Shut,
        "predict --model run/model.safetensors good.png",
        3,
        &["cannot be read", "ermission denied"],
    ),
    (
        "not there",
        "run/model.safetensors",
        Gone,
        "evaluate --model run/model.safetensors --data data",
        3,
        &[],
    ),
];
