//! Models: arrays that are not sound, metadata that contradicts them, damage, and what is no model.

use super::{
    Bad::{Bytes, Folder, Gone, Pipe, Shut, Sound},
    Row, forge,
};
use crate::refusals::changed;
use crate::util::idx;

/// A model without its digest, which would refuse every change before anything else is looked at.
fn unsealed(good: Vec<u8>) -> Vec<u8> {
    forge::unsealed(&good, "layers", "layers")
}

/// Model files.
pub const ROWS: &[Row] = &[
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
        &[
            "layers.1.weight",
            "expected 8 inputs",
            "found shape [10, 16]",
        ],
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
        &[
            "layers.0.weight",
            "expected two dimensions",
            "found shape [6272]",
        ],
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
        &[
            "layers.0.weight",
            "expected the shape of an array that can exist",
            "found [4611686018427387904, 8]",
        ],
    ),
    (
        "offsets beyond the file",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[37704,380240]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "layers.1.weight",
            "expected 320 bytes",
            "found offsets from 37704 to 380240",
        ],
    ),
    (
        "offsets that overlap",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[37664,37984]")),
        "predict --model run/model.safetensors good.png",
        3,
        &[
            "layers.1.weight",
            "expected an array that begins where the one before it ends",
            "found other offsets",
        ],
    ),
    (
        "offsets that go backwards",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[38024,37704]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "layers.1.weight",
            "expected an array that begins where the one before it ends",
            "found other offsets",
        ],
    ),
    (
        "a negative offset",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, "[37704,38024]", "[-1,38024]")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected a header in JSON",
            "found something else",
            "`-1`",
            "column",
        ],
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
        &[
            "scale: expected pixels that stay finite numbers of f32",
            "deviation 1e-320 at 9",
        ],
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
        &["expected a header in JSON", "found something else"],
    ),
    (
        "metadata of another program",
        "run/model.safetensors",
        Bytes(|good| forge::header(&good, |header| header.replacen("\"gingham\"", "\"pt\"", 1))),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["metadata: expected an entry 'gingham'", "found pt"],
    ),
    (
        "metadata that is no JSON",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"{\"format\""#, r#"\"format\""#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "metadata: expected what gingham writes there",
            "found something else",
        ],
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
        &[
            "metadata: expected what gingham writes there",
            "found something else",
            "`-1`",
        ],
    ),
    (
        "no version",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1,"#, "")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "metadata: expected what gingham writes there",
            "missing field `format`",
        ],
    ),
    (
        "an unknown key",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"format\":1,"#, r#"\"format\":1,\"md5\":1,"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["metadata: expected", "found the unknown entry \"md5\""],
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
        &[
            "metadata: expected what gingham writes there",
            "swish",
            "sigmoid",
        ],
    ),
    (
        "rows that do not fit",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":27"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "layers.0.weight",
            "expected 756 inputs",
            "found shape [8, 784]",
        ],
    ),
    (
        "rows whose product overflows",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":18446744073709551615"#)),
        "predict --model run/model.safetensors good.png",
        3,
        &[
            "expected images that can exist",
            "found 18446744073709551615 x 28",
            "overflows",
        ],
    ),
    (
        "no rows",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"rows\":28"#, r#"\"rows\":0"#)),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "layers.0.weight",
            "expected 0 inputs",
            "found shape [8, 784]",
        ],
    ),
    (
        "a class too few",
        "run/model.safetensors",
        Bytes(|good| forge::unsealed(&good, r#"\"Bag\","#, "")),
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "expected widths that lead to its 9 classes",
            "found [784, 8, 10]",
        ],
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
        &[
            "expected widths that lead to its 0 classes",
            "found [784, 8, 10]",
        ],
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
        &["metadata: expected", "found the unknown entry \"sha257\""],
    ),
    (
        "a checkpoint instead",
        "run/model.safetensors",
        Sound(|_| Vec::new()),
        "evaluate --model run/checkpoint.safetensors --data data",
        3,
        &[
            "run/checkpoint.safetensors",
            "metadata: expected an entry 'gingham'",
            "found gingham.checkpoint",
        ],
    ),
    (
        "a pickle",
        "run/model.safetensors",
        Bytes(|_| b"\x80\x04\x95\x1a\0\0\0\0\0\0\0}\x94.".to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a safetensors file", "found", "a pickle"],
    ),
    (
        "an archive of zip",
        "run/model.safetensors",
        Bytes(|_| b"PK\x03\x04 this is no model, whatever its name says".to_vec()),
        "evaluate --model run/model.safetensors --data data",
        3,
        &["expected a safetensors file", "found", "a zip archive"],
    ),
    (
        "images",
        "run/model.safetensors",
        Bytes(|good| idx(&[1, 28, 28], &good[..784])),
        "predict --model run/model.safetensors good.png",
        3,
        &["expected a safetensors file", "found", "an IDX file"],
    ),
    (
        "a folder",
        "run/model.safetensors",
        Folder,
        "evaluate --model run/model.safetensors --data data",
        3,
        &[
            "run/model.safetensors/model.safetensors",
            "cannot be read",
            "No such file",
        ],
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
        &["cannot be read", "No such file"],
    ),
];
