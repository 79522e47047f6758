//! Files of other people's formats, decoded by readers that owe nothing to the writers; and networks from elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use gingham::data::Standardizer;
use gingham::error::Error;
use gingham::export::{self, Format};
use gingham::model::{
    Activation, AnyModel, HeldoutScale, ImportOptions, Init, Layout, Mlp, Model, ModelInfo, Output,
    Probability, Scale, Scaling,
};
use gingham::scalar::Scalar;
use safetensors::tensor::{Dtype, TensorView};

use crate::support::bytes_of;

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
        seed: 7,
        labels_sha256: String::new(),
    };
    Model {
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

/// Arrays for a safetensors file: name, type, shape, bytes.
type Arrays = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

fn f32s(name: &str, shape: &[usize]) -> (String, Dtype, Vec<usize>, Vec<u8>) {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f32> = (0..count).map(|place| place as f32 - 2.5).collect();
    (
        name.to_owned(),
        Dtype::F32,
        shape.to_vec(),
        bytes_of(&numbers),
    )
}

fn import(arrays: &Arrays, change: impl FnOnce(&mut ImportOptions)) -> Result<AnyModel, Error> {
    let views = arrays.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    import_bytes(&safetensors::serialize(views, None).unwrap(), change)
}

fn import_bytes(bytes: &[u8], change: impl FnOnce(&mut ImportOptions)) -> Result<AnyModel, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let mut options = ImportOptions {
        activation: Some(Activation::Relu),
        output: Output::Softmax,
        probability: Probability::Output,
        scaling: Scaling::None,
        rows: None,
        classes: None,
    };
    change(&mut options);
    options.read(&path)
}

fn network() -> Arrays {
    vec![
        f32s("0.weight", &[5, 4]),
        f32s("0.bias", &[5]),
        // Ten stands behind nine, though not among texts.
        f32s("9.weight", &[6, 5]),
        f32s("9.bias", &[6]),
        f32s("10.weight", &[3, 6]),
        f32s("10.bias", &[3]),
    ]
}

fn renamed(from: &str, to: &str) -> Arrays {
    let mut arrays = network();
    for array in &mut arrays {
        if let Some(rest) = array.0.strip_prefix(from) {
            array.0 = format!("{to}{rest}");
        }
    }
    arrays
}

#[test]
fn layers_come_in_the_order_of_their_numbers() {
    let AnyModel::F32(plain) = import(&network(), |_| ()).unwrap() else {
        panic!("its numbers are f32");
    };
    assert_eq!(plain.mlp.layout.widths(), [4, 5, 6, 3]);
    let expected: Vec<u8> = network().into_iter().flat_map(|array| array.3).collect();
    assert_eq!(bytes_of(&plain.mlp.parameters), expected);
    assert_eq!((plain.info.rows, plain.info.columns), (2, 2));
    assert_eq!(plain.info.classes, ["0", "1", "2"]);
    assert_eq!(plain.standardizer, Standardizer::identity(4));
    assert_eq!(plain.info.scale, Scale::None);
    for stem in ["layers.", "fc", "net.1.lin_"] {
        let mut arrays = network();
        for array in &mut arrays {
            array.0.insert_str(0, stem);
        }
        let named = import(&arrays, |_| ()).unwrap();
        assert_eq!(named, AnyModel::F32(plain.clone()), "{stem}");
    }
    // One layer needs no number and no activation.
    for names in [["weight", "bias"], ["head.weight", "head.bias"]] {
        let arrays = vec![f32s(names[0], &[3, 4]), f32s(names[1], &[3])];
        let model = import(&arrays, |options| options.activation = None).unwrap();
        let AnyModel::F32(model) = model else {
            panic!("its numbers are f32");
        };
        assert_eq!(model.mlp.layout.widths(), [4, 3]);
    }
    // Zeros stand for the bias that a layer does not have, unless none has one.
    let mut arrays = network();
    arrays.remove(3);
    let AnyModel::F32(mixed) = import(&arrays, |_| ()).unwrap() else {
        panic!("its numbers are f32");
    };
    assert_eq!(mixed.mlp.bias(1), Some(&[0.0; 6][..]));
    assert_eq!(mixed.mlp.bias(2), plain.mlp.bias(2));
    arrays.retain(|array| !array.0.ends_with("bias"));
    let AnyModel::F32(bare) = import(&arrays, |_| ()).unwrap() else {
        panic!("its numbers are f32");
    };
    assert_eq!(bare.mlp.bias(0), None);
}

#[test]
fn what_the_file_does_not_say_comes_from_the_options() {
    let scale =
        |name: &str, numbers: [f64; 4]| (name.to_owned(), Dtype::F64, vec![4], bytes_of(&numbers));
    let mut arrays = network();
    arrays.push(scale("scale.mean", [1.0, 2.0, 3.0, 4.0]));
    arrays.push(scale("scale.deviation", [1.0, 0.5, 0.25, 2.0]));
    let model = import(&arrays, |options| {
        *options = ImportOptions {
            activation: Some(Activation::Tanh),
            output: Output::Sigmoid,
            probability: Probability::Softmax,
            scaling: Scaling::File,
            rows: Some(1),
            classes: Some(["a", "b", "c"].map(str::to_owned).to_vec()),
        };
    });
    let AnyModel::F32(model) = model.unwrap() else {
        panic!("its weights are f32");
    };
    assert_eq!(model.standardizer.mean, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(model.standardizer.deviation, [1.0, 0.5, 0.25, 2.0]);
    assert_eq!((model.info.rows, model.info.columns), (1, 4));
    assert_eq!(model.info.classes, ["a", "b", "c"]);
    assert_eq!(model.mlp.activation, Activation::Tanh);
    assert_eq!(model.mlp.output, Output::Sigmoid);
    assert_eq!(model.info.probability, Probability::Softmax);

    let numbers = Scaling::Numbers {
        mean: 0.5,
        deviation: 0.25,
    };
    let AnyModel::F32(model) = import(&network(), |options| options.scaling = numbers).unwrap()
    else {
        panic!("its weights are f32");
    };
    // (u / 255 - 0.5) / 0.25 is 2 for white and -2 for black.
    assert_eq!(model.standardizer.mean, [127.5; 4]);
    assert_eq!(model.standardizer.deviation, [63.75; 4]);
    // What is imported is a model file like any other.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    assert_eq!(AnyModel::open(&path).unwrap(), AnyModel::F32(model));
}

#[test]
fn files_that_are_no_network_are_refused() {
    let with = |place: usize, array| {
        let mut arrays = network();
        arrays[place] = array;
        arrays
    };
    let plus = |array| [network(), vec![array]].concat();
    let without = |place: usize| {
        let mut arrays = network();
        arrays.remove(place);
        arrays
    };
    let other = |dtype, size: usize| ("0.bias".to_owned(), dtype, vec![5], vec![0; 5 * size]);
    let infinite = |value: f32| {
        let mut array = f32s("9.bias", &[6]);
        array.3[8..12].copy_from_slice(&value.to_le_bytes());
        array
    };
    let halves = vec![("weight".to_owned(), Dtype::F16, vec![3, 4], vec![0; 24])];
    let cases = [
        (vec![], "it has no arrays"),
        (halves, "expected weights in F32 or F64, found F16"),
        (
            with(1, other(Dtype::F64, 8)),
            "0.bias: expected F32 [5], found F64 [5]",
        ),
        (
            with(1, other(Dtype::BF16, 2)),
            "0.bias: expected F32 [5], found BF16 [5]",
        ),
        (
            with(0, f32s("0.weight", &[4, 5])),
            "\"9.weight\": expected the shape (outputs, 4)",
        ),
        (with(0, f32s("0.weight", &[5, 0])), "found [5, 0]"),
        (with(4, f32s("10.weight", &[0, 6])), "found [0, 6]"),
        (
            with(0, f32s("0.weight", &[20])),
            "expected the shape (outputs, inputs), found [20]",
        ),
        (
            with(0, f32s("0.weight", &[5, 1, 2, 2])),
            "found [5, 1, 2, 2]",
        ),
        (
            with(1, f32s("0.bias", &[4])),
            "0.bias: expected F32 [5], found F32 [4]",
        ),
        (
            with(3, infinite(f32::NAN)),
            "9.bias: expected finite numbers, found NaN at 2",
        ),
        (with(3, infinite(f32::INFINITY)), "found inf at 2"),
        (without(0), "it has \"0.bias\" without the weight"),
        (
            plus(f32s("1.running_mean", &[5])),
            "found \"1.running_mean\"",
        ),
        (plus(f32s("x\n.weight", &[5, 5])), "found \"x\\n\""),
        (
            renamed("9", "head9"),
            "expected layers that differ in their number alone",
        ),
        (
            renamed("9", "head"),
            "expected layers that differ in their number alone",
        ),
        (
            renamed("9", "99999999999999999999999"),
            "differ in their number alone",
        ),
        (renamed("9", "00"), "two layers of the number 0"),
        (
            plus(f32s("scale.mean", &[4])),
            "expected --scale file with it",
        ),
        (vec![f32s("weight", &[1, 4])], "2 to 256 classes, found 1"),
        (
            vec![f32s("weight", &[257, 4])],
            "2 to 256 classes, found 257",
        ),
    ];
    for (arrays, says) in cases {
        let error = import(&arrays, |_| ()).expect_err(says);
        assert!(matches!(error, Error::Network { .. }), "{error}");
        assert!(
            error.to_string().contains(says),
            "expected '{says}': {error}"
        );
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
    let scaled = |mean: &[usize], deviation: f32| {
        let mut arrays = plus(f32s("scale.mean", mean));
        let numbers = bytes_of(&[1.0, 1.0, deviation, 1.0]);
        arrays.push(("scale.deviation".to_owned(), Dtype::F32, vec![4], numbers));
        arrays
    };
    for (arrays, says) in [
        (network(), "it has no tensor 'scale.mean'"),
        (
            scaled(&[5], 1.0),
            "scale.mean: expected F32 [4], found F32 [5]",
        ),
        (
            scaled(&[4], 0.0),
            "scale.deviation: expected positive numbers, found 0 at 2",
        ),
    ] {
        let error = import(&arrays, |options| options.scaling = Scaling::File).expect_err(says);
        assert!(
            error.to_string().contains(says),
            "expected '{says}': {error}"
        );
    }
}

#[test]
fn options_that_do_not_fit_the_file_are_refused() {
    let refused = |says: &str, change: &dyn Fn(&mut ImportOptions)| {
        let error = import(&network(), change).expect_err(says);
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        assert!(
            error.to_string().contains(says),
            "expected '{says}': {error}"
        );
    };
    refused("activation: expected what its hidden", &|options| {
        options.activation = None;
    });
    refused("4 pixels, found 3", &|options| options.rows = Some(3));
    refused("4 pixels, found 0", &|options| options.rows = Some(0));
    refused("expected 3 names, one an output, found 1", &|options| {
        options.classes = Some(vec!["a".to_owned()]);
    });
    for (mean, deviation) in [
        (0.5, 0.0),
        (0.5, -1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
    ] {
        refused("scale: expected a finite mean and a positive", &|options| {
            options.scaling = Scaling::Numbers { mean, deviation };
        });
    }
    let odd = vec![f32s("weight", &[3, 6])];
    let error = import(&odd, |_| ()).unwrap_err().to_string();
    assert!(
        error.contains("6 pixels, found none, and no square"),
        "{error}"
    );
}

#[test]
fn every_cut_and_flipped_header_byte_is_refused_or_read_without_panic() {
    let arrays = network();
    let views = arrays.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    for length in 0..bytes.len() {
        let error = import_bytes(&bytes[..length], |_| ()).unwrap_err();
        assert!(matches!(error, Error::Network { .. }), "{length}: {error}");
    }
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    for place in 0..header {
        for bit in [0, 5] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            let _ = import_bytes(&damaged, |_| ());
        }
    }
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
