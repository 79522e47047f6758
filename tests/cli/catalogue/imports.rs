//! Networks of other programs, and what `import` is told of them.

use super::{
    Bad::{Bytes, Folder, Gone, Nothing, Pipe},
    Row, forge,
};
use crate::refusals::shortened;

/// Files for `import`, and its options.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "net.safetensors",
        Bytes(|_| Vec::new()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found 0 bytes"],
    ),
    (
        "cut by a byte",
        "net.safetensors",
        Bytes(|good| shortened(good, 1)),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["bytes, as its header says", "expected", "found"],
    ),
    (
        "a byte too many",
        "net.safetensors",
        Bytes(|good| [good, vec![0]].concat()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["bytes, as its header says", "expected", "found"],
    ),
    (
        "a header of 2^63 bytes",
        "net.safetensors",
        Bytes(|good| [&(1_u64 << 63).to_le_bytes(), &good[8..]].concat()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found 9223372036854775808"],
    ),
    (
        "brackets within brackets",
        "net.safetensors",
        Bytes(|_| forge::file(&"[".repeat(100_000), &[])),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a header in JSON", "found something else"],
    ),
    (
        "no array",
        "net.safetensors",
        Bytes(|_| forge::file("{}", &[])),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected the arrays of linear layers", "found none"],
    ),
    (
        "a pickle of PyTorch",
        "net.safetensors",
        Bytes(|_| b"PK\x03\x04\0\0\x08\x08\0\0 archive/data.pkl".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "a zip archive"],
    ),
    (
        "a pickle alone",
        "net.safetensors",
        Bytes(|_| b"\x80\x02}q\0X\x01\0\0\0aq\x01K\x01s.".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "a pickle"],
    ),
    (
        "arrays of NumPy",
        "net.safetensors",
        Bytes(|_| b"PK\x03\x04\x2d\0\0\0\0\0 arr_0.npy".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "a zip archive"],
    ),
    (
        "a network of ONNX",
        "net.safetensors",
        Bytes(|_| b"\x08\x08\x12\x07gingham\x1a\x050.1.0".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "expected"],
    ),
    (
        "a table of CSV",
        "net.safetensors",
        Bytes(|_| b"layer,output,input,weight\n0,0,0,0.25\n".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "expected"],
    ),
    (
        "HDF5 of Keras",
        "net.safetensors",
        Bytes(|_| b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".to_vec()),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a safetensors file", "found", "HDF5"],
    ),
    (
        "weights of whole numbers",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(
                    &header,
                    r#""F32","shape":[8,784]"#,
                    r#""I32","shape":[8,784]"#,
                )
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected weights in F32, F64, F16 or BF16", "found I32"],
    ),
    (
        "layers of two types",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(
                    &header,
                    r#""F32","shape":[10,8]"#,
                    r#""F16","shape":[10,16]"#,
                )
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.1.weight",
            "expected the shape (outputs, 8)",
            "found [10, 16]",
        ],
    ),
    (
        "widths that do not meet",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, r#""shape":[10,8]"#, r#""shape":[8,10]"#)
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.1.weight",
            "expected the shape (outputs, 8)",
            "found [8, 10]",
        ],
    ),
    (
        "a bias of another length",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, r#""shape":[10],"#, r#""shape":[2,5],"#)
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["layers.1.bias", "expected F32 [10]", "found F32 [2, 5]"],
    ),
    (
        "weights of four dimensions",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, r#""shape":[8,784]"#, r#""shape":[8,1,28,28]"#)
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.0.weight",
            "expected the shape (outputs, inputs)",
            "found [8, 1, 28, 28]",
        ],
    ),
    (
        "an array of another layer",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "layers.0.bias", "layers.0.running_mean")
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "expected weights and biases of linear layers alone",
            "running_mean",
        ],
    ),
    (
        "layers that are not numbered",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "layers.0.bias", "encoder.bias")
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "expected layers that differ in their number alone",
            "encoder",
        ],
    ),
    (
        "a bias without weights",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "layers.0.bias", "layers.5.bias")
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.5.bias",
            "expected the weight that goes with it",
            "found none",
        ],
    ),
    (
        "offsets beyond the file",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, r#""data_offsets":[0,"#, r#""data_offsets":[4,"#)
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.0.bias",
            "expected an array that begins",
            "found other offsets",
        ],
    ),
    (
        "a weight that is NaN",
        "net.safetensors",
        Bytes(|good| forge::number(&good, "layers.0.weight", 7, &f32::NAN.to_le_bytes())),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &[
            "layers.0.weight",
            "expected finite numbers",
            "found NaN at 7",
        ],
    ),
    (
        "an array for --scale that is not asked for",
        "net.safetensors",
        Bytes(|good| {
            forge::header(&good, |header| {
                forge::instead(&header, "layers.0.bias", "scale.mean")
            })
        }),
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["scale.mean", "expected --scale file", "found another"],
    ),
    (
        "a folder",
        "net.safetensors",
        Folder,
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a regular file", "found a directory"],
    ),
    (
        "a pipe",
        "net.safetensors",
        Pipe,
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["expected a regular file", "found a pipe"],
    ),
    (
        "not there",
        "net.safetensors",
        Gone,
        "import net.safetensors --activation sigmoid --scale unit --out new",
        3,
        &["cannot be read", "No such file"],
    ),
    (
        "--scale file without its arrays",
        "net.safetensors",
        Bytes(|good| good),
        "import net.safetensors --activation sigmoid --scale file --out new",
        3,
        &[
            "net.safetensors",
            "scale.mean: expected an array of this name",
            "found none",
        ],
    ),
    (
        "--scale that is no name",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale half --out new",
        2,
        &[
            "--scale",
            "'half'",
            "expected none, unit, file or MEAN,DEVIATION",
        ],
    ),
    (
        "--scale with a deviation of 0",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale 0,0 --out new",
        2,
        &[
            "scale",
            "expected a finite mean and a positive deviation",
            "found 0,0",
        ],
    ),
    (
        "--scale with a mean that is NaN",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale nan,1 --out new",
        2,
        &["scale", "expected a finite mean", "found NaN,1"],
    ),
    (
        "--scale too small for F32",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale 0,1e-310 --out new",
        2,
        &[
            "scale: expected pixels that stay finite numbers of f32",
            "found the mean",
        ],
    ),
    (
        "--scale too great",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale 1e308,1 --out new",
        2,
        &[
            "scale: expected pixels that stay finite numbers of f32",
            "found the mean",
        ],
    ),
    (
        "no --activation",
        "",
        Nothing,
        "import net.safetensors --scale unit --out new",
        2,
        &["activation", "expected what its hidden layers do"],
    ),
    (
        "rows that do not divide the pixels",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale unit --rows 27 --out new",
        2,
        &["rows", "expected", "27"],
    ),
    (
        "no rows",
        "",
        Nothing,
        "import net.safetensors --activation sigmoid --scale unit --rows 0 --out new",
        2,
        &["rows", "expected", "found 0"],
    ),
];
