//! Pictures for `predict`.

use super::forge::{self, idat, iend, ihdr};
use super::{
    Bad::{Bytes, Folder, Gone, Shut},
    Row,
};
use crate::refusals::changed;

/// PNG files.
pub const ROWS: &[Row] = &[
    (
        "empty",
        "good.png",
        Bytes(|_| Vec::new()),
        "predict --model run good.png",
        3,
        &[
            "expected the signature of a PNG file",
            "found an empty file",
        ],
    ),
    (
        "the signature alone",
        "good.png",
        Bytes(|good| good[..8].to_vec()),
        "predict --model run good.png",
        3,
        &["expected a whole PNG file", "found its beginning alone"],
    ),
    (
        "cut within the header",
        "good.png",
        Bytes(|good| good[..20].to_vec()),
        "predict --model run good.png",
        3,
        &["expected a whole PNG file", "found its beginning alone"],
    ),
    (
        "the header alone",
        "good.png",
        Bytes(|good| good[..33].to_vec()),
        "predict --model run good.png",
        3,
        &["expected a whole PNG file", "found its beginning alone"],
    ),
    (
        "cut in the middle",
        "good.png",
        Bytes(|good| good[..good.len() / 2].to_vec()),
        "predict --model run good.png",
        3,
        &["expected a whole PNG file", "found its beginning alone"],
    ),
    (
        "another signature",
        "good.png",
        Bytes(|good| changed(good, 1, b'p')),
        "predict --model run good.png",
        3,
        &["expected the signature of a PNG file", "found [89, 70, 4e"],
    ),
    (
        "a header with another checksum",
        "good.png",
        Bytes(|good| changed(good, 17, 1)),
        "predict --model run good.png",
        3,
        &[
            "expected sound PNG data, found damage",
            "CRC error: expected 0x57668048 have",
        ],
    ),
    (
        "rows with another checksum",
        "good.png",
        Bytes(|good| {
            let place = good.len() - 13;
            let byte = good[place];
            changed(good, place, !byte)
        }),
        "predict --model run good.png",
        3,
        &[
            "expected sound PNG data, found damage",
            "while decoding IDAT chunk",
        ],
    ),
    (
        "rows that are not packed",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 0, 0), (b"IDAT", vec![0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "deflate"],
    ),
    (
        "rows too few",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 0, 0), idat(&[0; 28 * 29 - 1]), iend()])),
        "predict --model run good.png",
        3,
        &[
            "expected sound PNG data, found damage",
            "does not have enough data",
        ],
    ),
    (
        "no rows",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 0, 0), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "chunk is missing"],
    ),
    (
        "an unknown filter",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 0, 0), idat(&[9; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "9"],
    ),
    (
        "a size of 0",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([0, 28], 8, 0, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "dimensions"],
    ),
    (
        "a size of 2^32 - 1",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([u32::MAX; 2], 8, 0, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &[
            "expected a picture that needs at most 16 MiB",
            "found a larger one",
        ],
    ),
    (
        "a bomb of 100,000 x 100,000",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([100_000; 2], 16, 6, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected 28 x 28 pixels", "found 100000 x 100000"],
    ),
    (
        "an interlaced bomb",
        "good.png",
        Bytes(|_| {
            forge::picture(&[
                ihdr([60_000, 60_000], 8, 2, 1),
                idat(&vec![0; 1 << 20]),
                iend(),
            ])
        }),
        "predict --model run good.png",
        3,
        &["expected 28 x 28 pixels", "found 60000 x 60000"],
    ),
    (
        "a row too many",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 29], 8, 0, 0), idat(&[0; 29 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected 28 x 28 pixels", "found 29 x 28"],
    ),
    (
        "a depth of 3 bits",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 3, 0, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "bit depth 3"],
    ),
    (
        "an unknown colour",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 5, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "color type 5"],
    ),
    (
        "a palette that is not there",
        "good.png",
        Bytes(|_| forge::picture(&[ihdr([28, 28], 8, 3, 0), idat(&[0; 28 * 29]), iend()])),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "palette"],
    ),
    (
        "a chunk that is unknown and needed",
        "good.png",
        Bytes(|_| {
            forge::picture(&[
                ihdr([28, 28], 8, 0, 0),
                (b"ABCD", vec![1, 2, 3]),
                idat(&[0; 28 * 29]),
                iend(),
            ])
        }),
        "predict --model run good.png",
        3,
        &["expected sound PNG data, found damage", "ABCD"],
    ),
    (
        "a chunk of 2^31 bytes",
        "good.png",
        Bytes(|good| [&good[..33], &[0x80, 0, 0, 0], b"IDAT"].concat()),
        "predict --model run good.png",
        3,
        &["expected a whole PNG file", "found its beginning alone"],
    ),
    (
        "a JPEG",
        "good.png",
        Bytes(|_| b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec()),
        "predict --model run good.png",
        3,
        &[
            "expected the signature of a PNG file",
            "found [ff, d8",
            "a JPEG picture",
        ],
    ),
    (
        "a GIF",
        "good.png",
        Bytes(|_| b"GIF89a\x1c\0\x1c\0\x80\0\0".to_vec()),
        "predict --model run good.png",
        3,
        &[
            "expected the signature of a PNG file",
            "found [47, 49",
            "a GIF picture",
        ],
    ),
    (
        "text",
        "good.png",
        Bytes(|_| b"P5 28 28 255".to_vec()),
        "predict --model run good.png",
        3,
        &["expected the signature of a PNG file", "found [50, 35"],
    ),
    (
        "a folder",
        "good.png",
        Folder,
        "predict --model run good.png",
        3,
        &["expected a regular file", "found a directory"],
    ),
    (
        "a file that may not be read",
        "good.png",
        Shut,
        "predict --model run good.png",
        3,
        &["cannot be read", "ermission denied"],
    ),
    (
        "not there",
        "good.png",
        Gone,
        "predict --model run good.png",
        3,
        &["cannot be read", "No such file"],
    ),
];
