//! Models that are damaged, contradict themselves or do not fit the data.

use std::fs;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

use super::*;
use crate::util::{Scratch, idx};

/// A set of 12 images of 4 x 5 pixels in three classes, training and test files alike.
fn write_other_data(scratch: &Scratch, name: &str) {
    fs::create_dir(scratch.join(name)).expect("a folder");
    let pixels: Vec<u8> = (0..240).collect();
    let labels: Vec<u8> = (0..12).map(|place| place % 3).collect();
    for prefix in ["train", "t10k"] {
        scratch.write(
            format!("{name}/{prefix}-images-idx3-ubyte"),
            idx(&[12, 4, 5], &pixels),
        );
        scratch.write(
            format!("{name}/{prefix}-labels-idx1-ubyte"),
            idx(&[12], &labels),
        );
    }
}

#[test]
fn models_of_other_dimensions() {
    let scratch = Scratch::with_model();
    write_other_data(&scratch, "other");
    scratch.done("train -q --data other --out other-run --epochs 2 --batches 2 --hidden 3");
    for split in ["train", "heldout", "test"] {
        scratch.refuses(
            3,
            &format!("evaluate --model {MODEL} --data other --split {split}"),
            &[
                "other/",
                "expected images of 28 x 28 pixels in 10 classes",
                "found images of 4 x 5 pixels in 3 classes",
            ],
        );
        scratch.refuses(
            3,
            &format!("evaluate --model other-run/model.safetensors --data data --split {split}"),
            &[
                "data/",
                "expected images of 4 x 5 pixels in 3 classes",
                "found images of 28 x 28 pixels in 10 classes",
            ],
        );
    }
    // The same size, but other classes.
    copy_data(&scratch);
    scratch.write("bad/classes.txt", "name\n".repeat(11));
    let says = [
        TEST_LABELS,
        "expected labels of the model's classes (T-shirt/top, Trouser,",
        "found name, class 0 of name, name,",
        "--by-number",
    ];
    scratch.refuses(3, &format!("evaluate --model {MODEL} --data bad"), &says);
    // The same number of pixels, but other rows.
    scratch.write("wide", idx(&[1, 14, 56], &[0; 784]));
    let says = ["wide", "expected images of 28 x 28 pixels", "found 14 x 56"];
    scratch.refuses(3, &format!("predict --model {MODEL} --idx wide"), &says);
    let says = [
        TEST_IMAGES,
        "expected images of 28 x 28 pixels",
        "found 4 x 5",
    ];
    scratch.refuses(
        3,
        &format!("predict --model {MODEL} --idx other/{TEST_IMAGES}"),
        &says,
    );
    let says = [
        TEST_IMAGES,
        "expected images of 4 x 5 pixels",
        "found 28 x 28",
    ];
    scratch.refuses(
        3,
        &format!("predict --model other-run/model.safetensors --idx data/{TEST_IMAGES}"),
        &says,
    );
}

/// Both commands that read a model refuse the one in `odd.safetensors`.
#[track_caller]
fn model_is_refused(scratch: &Scratch, says: &[&str]) {
    let says: Vec<&str> = ["odd.safetensors"].iter().chain(says).copied().collect();
    scratch.refuses(
        3,
        "evaluate --model odd.safetensors --data data --split heldout",
        &says,
    );
    scratch.refuses(
        3,
        &format!("predict --model odd.safetensors --idx data/{TEST_IMAGES}"),
        &says,
    );
}

#[test]
fn files_that_are_no_models() {
    let scratch = Scratch::with_model();
    let good = scratch.read(MODEL);
    let header = 8 + u64::from_le_bytes(*good.first_chunk().expect("a length")) as usize;
    let with_header = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let with_length = |length: u64| [&length.to_le_bytes(), &good[8..]].concat();
    let cases: [Vec<u8>; 17] = [
        Vec::new(),
        b"PK\x03\x04 this is no model, whatever its name says".to_vec(),
        (0..5000_u32)
            .map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect(),
        vec![0; 4096],
        scratch.read(format!("data/{TEST_IMAGES}")),
        good[..7].to_vec(),
        good[..header / 2].to_vec(),
        good[..header].to_vec(),
        good[..good.len() / 2].to_vec(),
        shortened(good.clone(), 1),
        [&good[..], &[0]].concat(),
        with_length(0),
        with_length(1 << 40),
        with_length(u64::MAX),
        with_header("{}"),
        with_header(&"[".repeat(100_000)),
        with_header(
            "{\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,0]}}",
        ),
    ];
    for bytes in cases {
        scratch.write("odd.safetensors", bytes);
        model_is_refused(&scratch, &["not a gingham model"]);
    }
    let missing = ["missing.safetensors", "cannot be read", "No such file"];
    scratch.refuses(
        3,
        "evaluate --model missing.safetensors --data data",
        &missing,
    );
    scratch.refuses(
        3,
        &format!("predict --model missing.safetensors --idx data/{TEST_IMAGES}"),
        &missing,
    );
}

/// A bit of the header is flipped, here and there. A name of a class may become another one; everything else that can
/// come of it is a refusal.
#[test]
fn flipped_bits_of_a_model() {
    let scratch = Scratch::with_model();
    let good = scratch.read(MODEL);
    let header = 8 + u64::from_le_bytes(*good.first_chunk().expect("a length")) as usize;
    let mut refused = 0;
    for place in (0..header).step_by(7) {
        scratch.write(
            "odd.safetensors",
            changed(good.clone(), place, good[place] ^ (1 << (place % 7))),
        );
        let outcome = scratch
            .gingham("evaluate --model odd.safetensors --data data --split heldout")
            .outcome();
        if outcome.code() != Some(0) {
            outcome.is_refusal(3, &[]);
            refused += 1;
        }
    }
    assert!(
        refused > header / 14,
        "{refused} of {} were refused",
        header / 7
    );
}

/// A model file made anew from a good one, with what it says of itself and its tensors changed.
struct Remake {
    info: String,
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl Remake {
    fn of(bytes: &[u8]) -> Self {
        let (_, header) = SafeTensors::read_metadata(bytes).expect("a model");
        let info = &header.metadata().as_ref().expect("metadata")["gingham"];
        // Without its digest, which would refuse every change: older files have none.
        let mut info: Value = serde_json::from_str(info).expect("JSON");
        info.as_object_mut().expect("an object").remove("sha256");
        let info = info.to_string();
        let tensors = SafeTensors::deserialize(bytes).expect("a model");
        let own = |(name, view): (String, TensorView<'_>)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        };
        Self {
            info,
            tensors: tensors.tensors().into_iter().map(own).collect(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, dtype, shape, bytes)| {
            (
                name,
                TensorView::new(*dtype, shape.clone(), bytes).expect("a tensor"),
            )
        });
        safetensors::serialize(
            views,
            Some([("gingham".to_owned(), self.info.clone())].into()),
        )
        .expect("a model")
    }

    fn set(&mut self, key: &str, value: Value) {
        let mut info: Value = serde_json::from_str(&self.info).expect("JSON");
        info[key] = value;
        self.info = info.to_string();
    }

    fn tensor(&mut self, name: &str) -> &mut (String, Dtype, Vec<usize>, Vec<u8>) {
        self.tensors
            .iter_mut()
            .find(|tensor| tensor.0 == name)
            .expect("a tensor of this name")
    }
}

/// A change to a model, and what the message says of it.
type Contradiction = (fn(&mut Remake), &'static [&'static str]);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn models_that_contradict_themselves() {
    let scratch = Scratch::with_data();
    scratch.done("train -q --data data --out run --epochs 1 --hidden 8 --bias on");
    let good = scratch.read(MODEL);
    let cases: [Contradiction; 27] = [
        (|model| model.info = "no JSON".to_owned(), &["metadata"]),
        (
            |model| model.info = "{}".to_owned(),
            &["metadata", "missing field"],
        ),
        (
            |model| model.set("format", json!(2)),
            &["expected format 1, found 2"],
        ),
        (|model| model.set("format", json!(-1)), &["metadata", "-1"]),
        (
            |model| model.set("activation", json!("swish")),
            &["metadata", "swish"],
        ),
        (|model| model.set("rows", json!(0)), &["layers.0.weight"]),
        (
            |model| model.set("rows", json!(27)),
            &["layers.0.weight", "expected 756 inputs", "784"],
        ),
        (|model| model.set("rows", json!(u64::MAX)), &["overflows"]),
        (|model| model.set("classes", json!([])), &["classes"]),
        (
            |model| model.set("classes", json!(["one", "two"])),
            &["2 classes"],
        ),
        (|model| model.set("classes", json!(10)), &["metadata"]),
        (
            |model| model.set("holdout", json!(2.2)),
            &["holdout", "2.2"],
        ),
        (|model| model.set("holdout", json!(1.0)), &["holdout", "1"]),
        (
            |model| model.set("holdout", json!(-0.2)),
            &["holdout", "-0.2"],
        ),
        (|model| model.set("seed", json!(-1)), &["metadata", "-1"]),
        (
            |model| {
                model
                    .tensors
                    .retain(|tensor| !tensor.0.starts_with("layers.0"))
            },
            &["layers.0.weight"],
        ),
        (
            |model| {
                model
                    .tensors
                    .retain(|tensor| !tensor.0.starts_with("layers.1"))
            },
            &["classes"],
        ),
        (
            |model| model.tensors.retain(|tensor| tensor.0 != "layers.1.bias"),
            &["layers.1.bias"],
        ),
        (
            |model| model.tensors.retain(|tensor| tensor.0 != "scale.mean"),
            &["scale.mean"],
        ),
        (
            |model| model.tensor("layers.0.weight").1 = Dtype::I32,
            &["F32 or F64", "I32"],
        ),
        (
            |model| model.tensor("layers.1.weight").1 = Dtype::I32,
            &["layers.1.weight", "F32", "I32"],
        ),
        (
            |model| model.tensor("layers.0.weight").2 = vec![784, 8],
            &["layers.0.weight", "784 inputs", "[784, 8]"],
        ),
        (
            |model| model.tensor("layers.0.weight").2 = vec![6272],
            &["layers.0.weight", "two dimensions"],
        ),
        (
            |model| model.tensor("layers.0.bias").2 = vec![2, 4],
            &["layers.0.bias", "[8]", "[2, 4]"],
        ),
        (
            |model| model.tensor("layers.0.weight").3[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
            &["layers.0.weight", "NaN"],
        ),
        (
            |model| {
                model.tensor("layers.1.bias").3[..4].copy_from_slice(&f32::INFINITY.to_le_bytes())
            },
            &["layers.1.bias", "inf"],
        ),
        (
            |model| {
                model.tensor("scale.deviation").3[8..16].copy_from_slice(&(-1_f64).to_le_bytes())
            },
            &["scale.deviation", "found -1 at 1"],
        ),
    ];
    scratch.write("odd.safetensors", Remake::of(&good).bytes());
    scratch.done("evaluate --model odd.safetensors --data data --split heldout");
    for (change, says) in cases {
        let mut model = Remake::of(&good);
        change(&mut model);
        scratch.write("odd.safetensors", model.bytes());
        model_is_refused(&scratch, says);
    }
}

#[test]
fn splits_that_cannot_be_had() {
    let scratch = Scratch::with_model();
    scratch.done("synth -q --out elsewhere --train 300 --test 100 --seed 4");
    for split in ["train", "heldout"] {
        let command = format!("evaluate --model {MODEL} --data elsewhere --split {split}");
        scratch.refuses(
            3,
            &command,
            &["elsewhere", "expected the training labels", "found others"],
        );
    }
    copy_data(&scratch);
    for file in [TEST_IMAGES, TEST_LABELS] {
        fs::remove_file(scratch.join("bad").join(file)).expect("it is there");
    }
    let command = format!("evaluate --model {MODEL} --data bad --split test");
    scratch.refuses(
        3,
        &command,
        &["bad", "expected test files", TEST_IMAGES, "found none"],
    );
    scratch.done("train -q --data data --epochs 1 --holdout 0 --out whole");
    let command = "evaluate --model whole/model.safetensors --data data --split heldout";
    scratch.refuses(2, command, &["split", "found one that held out none"]);
}
