//! Files of other people's formats, decoded by readers that owe nothing to the writers.

use std::collections::BTreeMap;
use std::path::Path;

use gingham::data::Standardizer;
use gingham::error::Error;
use gingham::export::{self, Format};
use gingham::model::{
    Activation, HeldoutScale, Init, Layout, Mlp, Model, ModelInfo, Output, Probability, Scale,
};
use gingham::scalar::Scalar;

/// A network of 2 x 3 pixels, four hidden units and three classes.
fn model<T: Scalar>(biases: bool, output: Output, probability: Probability) -> Model<T> {
    let layout = Layout::new(&[6, 4, 3], biases);
    let info = ModelInfo {
        format: ModelInfo::FORMAT,
        rows: 2,
        columns: 3,
        classes: ["shoe", "größer", "a\tb"].map(str::to_owned).to_vec(),
        activation: Activation::Tanh,
        output,
        probability,
        scale: Scale::Standard,
        heldout_scale: HeldoutScale::Train,
        holdout: 0.25,
        stratify: false,
        fold: None,
        validation: None,
        seed: 7,
        labels_sha256: String::new(),
        images_sha256: String::new(),
    };
    Model {
        others: Vec::new(),
        mlp: Mlp {
            parameters: Init::Xavier.parameters(&layout, 7),
            layout,
            activation: info.activation,
            output,
        },
        standardizer: Standardizer {
            mean: (0..6).map(|pixel| f64::from(pixel) / 3.0).collect(),
            deviation: (0..6).map(|pixel| f64::from(pixel) + 0.1).collect(),
        },
        info,
    }
}

/// The fields of a Protocol Buffers message, in their order; an integer as its eight bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (&byte, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => varint(&mut bytes).to_le_bytes().to_vec(),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                value.to_vec()
            }
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, value));
    }
    found
}

fn all(message: &[u8], field: u64) -> Vec<Vec<u8>> {
    let of_field = |(number, value)| (number == field).then_some(value);
    fields(message).into_iter().filter_map(of_field).collect()
}

fn one(message: &[u8], field: u64) -> Vec<u8> {
    let found = all(message, field);
    assert_eq!(found.len(), 1, "field {field}");
    found.into_iter().next().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn number(bytes: Vec<u8>) -> i64 {
    i64::from_le_bytes(bytes.try_into().unwrap())
}

/// `name: type[lengths]` of an input or output.
fn described(value: &[u8]) -> String {
    let tensor = one(&one(value, 2), 1);
    let length = |dimension: &Vec<u8>| match &fields(dimension)[..] {
        [(1, value)] => number(value.clone()).to_string(),
        [(2, value)] => text(value.clone()),
        other => panic!("{other:?}"),
    };
    let lengths: Vec<String> = all(&one(&tensor, 2), 1).iter().map(length).collect();
    let kind = number(one(&tensor, 1));
    format!("{}: {kind}{lengths:?}", text(one(value, 1)))
}

#[test]
fn an_onnx_graph_takes_pixels_and_gives_classes() {
    let model = model::<f32>(true, Output::Softmax, Probability::Output);
    let bytes = export::bytes(&model, Format::Onnx).unwrap();
    assert_eq!(bytes, export::bytes(&model, Format::Onnx).unwrap());
    assert_eq!(number(one(&bytes, 1)), 7, "IR version");
    assert_eq!(number(one(&one(&bytes, 8), 2)), 13, "opset");
    let property = one(&bytes, 14);
    assert_eq!(text(one(&property, 1)), "classes");
    let names: Vec<String> = serde_json::from_slice(&one(&property, 2)).unwrap();
    assert_eq!(names, model.info.classes);

    let graph = one(&bytes, 7);
    let values = [all(&graph, 11), all(&graph, 12)].concat();
    let values: Vec<String> = values.iter().map(|value| described(value)).collect();
    // 1 is f32, 2 u8, 7 i64.
    let expected = [
        r#"pixels: 2["batch", "2", "3"]"#,
        r#"probabilities: 1["batch", "3"]"#,
        r#"class: 7["batch"]"#,
    ];
    assert_eq!(values, expected);

    let tensors: BTreeMap<String, Vec<u8>> = all(&graph, 5)
        .into_iter()
        .map(|tensor| (text(one(&tensor, 8)), tensor))
        .collect();
    for array in model
        .arrays()
        .iter()
        .filter(|array| array.name.starts_with("layers"))
    {
        let tensor = &tensors[&array.name];
        let shape: Vec<i64> = all(tensor, 1).into_iter().map(number).collect();
        let expected: Vec<i64> = array.shape.iter().map(|&length| length as i64).collect();
        assert_eq!((shape, number(one(tensor, 2))), (expected, 1));
        assert_eq!(one(tensor, 9), array.values.bytes(), "{}", array.name);
    }
    let factor: Vec<f32> = f32::from_bytes(&one(&tensors["scale.factor"], 9));
    let offset: Vec<f32> = f32::from_bytes(&one(&tensors["scale.offset"], 9));
    for (pixel, (factor, offset)) in factor.iter().zip(offset).enumerate() {
        let deviation = pixel as f64 + 0.1;
        assert_eq!(*factor, (1.0 / deviation) as f32);
        assert_eq!(offset, (-(pixel as f64 / 3.0) / deviation) as f32);
    }
}

/// Every input of a node is the graph's, a tensor, or an earlier node's; the operators in their order.
fn operators<T: Scalar>(output: Output, probability: Probability) -> String {
    let bytes = export::bytes(&model::<T>(false, output, probability), Format::Onnx).unwrap();
    let graph = one(&bytes, 7);
    let mut known: Vec<String> = vec!["pixels".to_owned()];
    known.extend(all(&graph, 5).iter().map(|tensor| text(one(tensor, 8))));
    let mut names = Vec::new();
    for node in all(&graph, 1) {
        for input in all(&node, 1).into_iter().map(text) {
            assert!(known.contains(&input), "{input} comes from nowhere");
        }
        let output = text(one(&node, 2));
        assert!(!known.contains(&output), "{output} twice");
        known.push(output);
        names.push(text(one(&node, 4)));
    }
    names.join(" ")
}

#[test]
fn onnx_operators_follow_the_form() {
    let front = "Flatten Cast Mul Add Gemm Tanh Gemm ArgMax";
    for (output, probability, end) in [
        (Output::Softmax, Probability::Output, "Softmax Cast"),
        (
            Output::Softmax,
            Probability::Softmax,
            "Softmax Softmax Cast",
        ),
        (
            Output::Sigmoid,
            Probability::Softmax,
            "Sigmoid Softmax Cast",
        ),
        (
            Output::Sigmoid,
            Probability::Output,
            "Abs Neg Exp Add Log Min Sub Softmax Cast",
        ),
    ] {
        let expected = format!("{front} {end}");
        assert_eq!(operators::<f32>(output, probability), expected);
        assert_eq!(operators::<f64>(output, probability), expected);
    }
}

/// The files of a ZIP archive without compression, by way of its directory, their checksums taken anew.
fn stored(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
    let u32_at = |at: usize| u16_at(at) | u16_at(at + 2) << 16;
    let end = archive.len() - 22;
    assert_eq!(archive[end..end + 4], *b"PK\x05\x06");
    let mut at = u32_at(end + 16);
    let mut found = BTreeMap::new();
    for _ in 0..u16_at(end + 10) {
        assert_eq!(archive[at..at + 4], *b"PK\x01\x02");
        assert_eq!(u16_at(at + 10), 0, "stored");
        let (size, name) = (u32_at(at + 24), u16_at(at + 28));
        let local = u32_at(at + 42);
        let start = local + 30 + u16_at(local + 26) + u16_at(local + 28);
        let data = archive[start..start + size].to_vec();
        let mut checksum = flate2::Crc::new();
        checksum.update(&data);
        assert_eq!(checksum.sum() as usize, u32_at(at + 16));
        found.insert(text(archive[at + 46..at + 46 + name].to_vec()), data);
        at += 46 + name + u16_at(at + 30) + u16_at(at + 32);
    }
    found
}

#[test]
fn an_archive_holds_every_array() {
    let model = model::<f64>(true, Output::Sigmoid, Probability::Softmax);
    let bytes = export::bytes(&model, Format::Npz).unwrap();
    assert_eq!(bytes, export::bytes(&model, Format::Npz).unwrap());
    let archive = stored(&bytes);
    let file = |name: &str| {
        let bytes = &archive[&format!("{name}.npy")];
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((start % 64, bytes[start - 1]), (0, b'\n'));
        let header = String::from_utf8(bytes[10..start].to_vec()).unwrap();
        (header.trim_end().to_owned(), bytes[start..].to_vec())
    };
    let described = |kind: &str, shape: &str| {
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}")
    };
    for array in model.arrays() {
        let shape: String = array
            .shape
            .iter()
            .map(|length| format!("{length}, "))
            .collect();
        let expected = (described("<f8", &shape), array.values.bytes());
        assert_eq!(file(&array.name), expected, "{}", array.name);
    }
    let (header, letters) = file("classes");
    assert_eq!(header, described("<U6", "3, "));
    let letters: Vec<char> = letters
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| char::from_u32(u32::from_le_bytes(bytes)).unwrap())
        .collect();
    let expected = "shoe\0\0größera\tb\0\0\0";
    assert_eq!(letters.iter().collect::<String>(), expected);
    assert_eq!(archive.len(), model.arrays().len() + 2);
}

#[test]
fn a_table_reads_back_bit_by_bit() {
    let mut model = model::<f32>(true, Output::Softmax, Probability::Output);
    model.mlp.parameters[..4].copy_from_slice(&[f32::MIN_POSITIVE, -0.0, f32::MAX, 1e-45]);
    let table = String::from_utf8(export::bytes(&model, Format::Csv).unwrap()).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("array,unit,input,value"));
    for array in model.arrays() {
        let mut values = Vec::new();
        for place in 0..array.shape.iter().product() {
            let cells: Vec<&str> = lines.next().unwrap().split(',').collect();
            assert_eq!((cells.len(), cells[0]), (4, array.name.as_str()));
            let expected = match (&array.shape[..], array.name.starts_with("scale")) {
                (_, true) => [String::new(), place.to_string()],
                (&[_, inputs], _) => {
                    [place / inputs, place % inputs].map(|place| place.to_string())
                }
                _ => [place.to_string(), String::new()],
            };
            assert_eq!(cells[1..3], expected);
            match array.name.starts_with("scale") {
                true => values.extend(cells[3].parse::<f64>().unwrap().to_le_bytes()),
                false => values.extend(cells[3].parse::<f32>().unwrap().to_le_bytes()),
            }
        }
        assert_eq!(values, array.values.bytes(), "{}", array.name);
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.csv");
    let model = model::<f32>(false, Output::Softmax, Probability::Output);
    let size = export::write(&model, Format::Csv, &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap().len(), size);
    let again = export::write(&model, Format::Csv, &path);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let nowhere = export::write(&model, Format::Csv, Path::new("/nowhere/model.csv"));
    assert!(matches!(nowhere, Err(Error::Write { .. })));
}
