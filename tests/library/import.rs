//! Networks that were trained elsewhere.

use gingham::data::Standardizer;
use gingham::error::Error;
use gingham::model::{Activation, AnyModel, ImportOptions, Output, Probability, Scale, Scaling};
use safetensors::tensor::{Dtype, TensorView};

use crate::support::bytes_of;

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

/// Halves become `f32`, beside which they may stand.
#[test]
fn halves_are_read() {
    let mut halves = network();
    let mut wide = network();
    for (place, (half, wide)) in halves.iter_mut().zip(&mut wide).enumerate() {
        let count = wide.3.len() / 4;
        // Small whole numbers, which every type holds; the layers' types alternate.
        let numbers = (0..count).map(|number| (number % 5) as f32 - 2.0);
        wide.3 = numbers.clone().flat_map(f32::to_le_bytes).collect();
        (half.1, half.3) = match place % 3 {
            0 => {
                let bits = numbers.map(|number| match number.abs() as u16 {
                    0 => 0_u16,
                    size => u16::from(number < 0.0) << 15 | (14 + size) << 10,
                });
                (Dtype::F16, bits.flat_map(u16::to_le_bytes).collect())
            }
            1 => {
                let bits = numbers.map(|number| (number.to_bits() >> 16) as u16);
                (Dtype::BF16, bits.flat_map(u16::to_le_bytes).collect())
            }
            _ => (Dtype::F32, wide.3.clone()),
        };
    }
    assert_eq!(
        import(&halves, |_| ()).unwrap(),
        import(&wide, |_| ()).unwrap()
    );
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
#[expect(clippy::too_many_lines, reason = "a table of cases")]
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
    let whole = vec![("weight".to_owned(), Dtype::I16, vec![3, 4], vec![0; 24])];
    let halves = |bytes: [u8; 2]| ("0.bias".to_owned(), Dtype::F16, vec![5], bytes.repeat(5));
    let cases = [
        (vec![], "expected the arrays of linear layers, found none"),
        (
            whole,
            "expected weights in F32, F64, F16 or BF16, found I16",
        ),
        (
            with(1, halves([0, 0x7c])),
            "0.bias: expected finite numbers, found inf at 0",
        ),
        (
            with(1, other(Dtype::F64, 8)),
            "0.bias: expected F32 [5], found F64 [5]",
        ),
        (
            with(1, ("0.bias".to_owned(), Dtype::BF16, vec![4], vec![0; 8])),
            "0.bias: expected the shape [5], found [4]",
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
        (
            without(0),
            "\"0.bias\": expected the weight that goes with it, found none",
        ),
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
        (
            renamed("9", "00"),
            "expected one layer of the number 0, found two",
        ),
        (
            plus(f32s("scale.mean", &[4])),
            "expected --scale file with an array of this name",
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
        (
            network(),
            "scale.mean: expected an array of this name, found none",
        ),
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

/// Figures that leave the finite numbers would give answers that are none.
#[test]
fn scaling_that_makes_no_numbers_of_pixels_is_refused() {
    for (mean, deviation) in [(0.0, 1e-310), (1e308, 1.0), (0.0, 1e-45), (-1e39, 1.0)] {
        let refused = import(&network(), |options| {
            options.scaling = Scaling::Numbers { mean, deviation };
            options.rows = Some(2);
        });
        let error = refused.unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Setting {
                    setting: "scale",
                    ..
                }
            ),
            "{mean}, {deviation}: {error}"
        );
        assert!(
            error.to_string().contains("finite numbers of f32"),
            "{error}"
        );
    }
}
