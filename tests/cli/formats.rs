//! Other people's formats: export, import, and the event file, from the command line.
//!
//! Readers in other languages are held against these files by `scripts/check_formats.py`.

use std::fs;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::Value;

use crate::util::Scratch;

const MODEL: &str = "run/model.safetensors";
const IMAGES: &str = "data/t10k-images-idx3-ubyte";
const FORMATS: [&str; 3] = ["onnx", "npz", "csv"];

/// The model of `run` as PyTorch would have written it, after `change` of each array's name, shape and bytes.
fn write_network(scratch: &Scratch, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let model = scratch.read(MODEL);
    let tensors = SafeTensors::deserialize(&model).expect("a model");
    let arrays: Vec<(String, TensorView<'_>)> = tensors.tensors();
    let renamed: Vec<(String, _, Vec<usize>, Vec<u8>)> = arrays
        .into_iter()
        .map(|(name, view)| {
            // Layers 0, 1, .. are modules 0, 2, ..: an activation stands between them.
            let name = name.replace("layers.1", "2").replace("layers.0", "0");
            let mut bytes = view.data().to_vec();
            if name == "0.weight" {
                change(&mut bytes);
            }
            (name, view.dtype(), view.shape().to_vec(), bytes)
        })
        .collect();
    let views = renamed.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).expect("its size");
        (name, view)
    });
    let bytes = safetensors::serialize(views, None).expect("sound arrays");
    scratch.write(name, bytes);
}

/// What the model of `run` is but for its arrays.
const SAID: &str = "--scale file --activation sigmoid --output sigmoid --probability softmax";

#[test]
fn a_model_exported_twice_is_the_same_file() {
    let scratch = Scratch::with_model();
    for format in FORMATS {
        let command = format!("export --model {MODEL} --format {format} --out");
        let said = scratch.done(&format!("{command} one"));
        assert_eq!(said.stderr, "");
        let size = scratch.read("one").len();
        assert_eq!(said.stdout, format!("one: {format}, {size} bytes\n"));
        let json = scratch.done(&format!("{command} two --json")).json();
        assert_eq!(json["size_bytes"], size);
        assert_eq!(scratch.read("one"), scratch.read("two"), "{format}");
        for name in ["one", "two"] {
            fs::remove_file(scratch.join(name)).expect("a file");
        }
    }
}

#[test]
fn exports_that_are_refused() {
    let scratch = Scratch::with_model();
    scratch.write("there", "precious");
    let good = scratch.read(MODEL);
    scratch.write("half", &good[..good.len() / 2]);
    for format in FORMATS {
        let export = |model: &str, out: &str| {
            format!("export --model {model} --format {format} --out {out}")
        };
        scratch.refuses(2, &export(MODEL, "there"), &["there", "exists already"]);
        scratch.refuses(
            2,
            &export(MODEL, "data"),
            &["expected a file's name, found data, a folder"],
        );
        scratch.refuses(
            1,
            &export(MODEL, "no/new"),
            &["no/new", "cannot be written"],
        );
        scratch.refuses(3, &export("missing", "new"), &["missing", "cannot be read"]);
        scratch.refuses(
            3,
            &export("data", "new"),
            &["data/model.safetensors", "cannot be read"],
        );
        scratch.refuses(3, &export("half", "new"), &["half", "not a gingham model"]);
    }
    let unknown = scratch.gingham(&format!("export --model {MODEL} --format onxn --out new"));
    let hints = scratch.misuse(unknown, &["onxn", "--format"]);
    assert!(hints.contains("'onnx'"), "{hints}");
    let without = scratch.gingham(&format!("export --model {MODEL} --out new"));
    scratch.misuse(without, &[]);
}

#[test]
fn what_is_imported_answers_as_what_it_was() {
    let scratch = Scratch::with_model();
    write_network(&scratch, "net.safetensors", |_| ());
    let said = scratch.done(&format!(
        "import net.safetensors --out in.safetensors {SAID} --classes data/classes.txt"
    ));
    assert_eq!(said.stdout, "in.safetensors: 784-8-10 f32\n");
    let answers = |model: &str| {
        let predict = format!("predict --proba --json --model {model} --idx {IMAGES}");
        scratch.done(&predict).stdout
    };
    assert_eq!(answers("in.safetensors"), answers(MODEL));
    let figures = |model: &str| -> Value {
        let evaluate = format!("evaluate --json --data data --model {model} --split test");
        scratch.done(&evaluate).json()
    };
    assert_eq!(figures("in.safetensors"), figures(MODEL));
    // Which images it was trained with, nobody knows.
    for split in ["train", "heldout"] {
        let evaluate = format!("evaluate --data data --model in.safetensors --split {split}");
        scratch.refuses(2, &evaluate, &["split", "expected test", "imported"]);
    }
    let named = "import net.safetensors --json --out named --classes fashion-mnist";
    let json = scratch.done(&format!("{named} {SAID}")).json();
    assert_eq!(json["widths"], serde_json::json!([784, 8, 10]));
    let first = scratch.done(&format!("predict --model named --idx {IMAGES}"));
    let names = ["Trouser", "Bag", "Ankle boot", "Sneaker"];
    assert!(
        names.iter().any(|name| first.stdout.contains(name)),
        "{first}"
    );
}

#[test]
fn imports_that_are_refused() {
    let scratch = Scratch::with_model();
    write_network(&scratch, "net", |_| ());
    write_network(&scratch, "nan", |bytes| {
        bytes[40..44].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    let good = scratch.read("net");
    scratch.write("half", &good[..good.len() / 2]);
    scratch.write("empty", "");
    scratch.write("text", "this is no network, whatever its name says");
    scratch.write("there", "precious");
    let import = |file: &str, out: &str| format!("import {file} --out {out} {SAID}");
    scratch.refuses(2, &import("net", "there"), &["there", "exists already"]);
    scratch.refuses(
        1,
        &import("net", "no/new"),
        &["no/new", "cannot be written"],
    );
    scratch.refuses(3, &import("missing", "new"), &["missing", "cannot be read"]);
    scratch.refuses(
        3,
        &import("data", "new"),
        &["data", "expected a regular file"],
    );
    for file in ["half", "empty", "text", IMAGES] {
        let says = [file, "not a network that can be imported"];
        scratch.refuses(3, &import(file, "new"), &says);
    }
    let says = [
        "nan",
        "0.weight",
        "expected finite numbers, found NaN at 10",
    ];
    scratch.refuses(3, &import("nan", "new"), &says);

    let with = |options: &str| format!("import net --out new {options}");
    let says = ["scale.", "--scale file"];
    scratch.refuses(3, &with("--scale unit --activation relu"), &says);
    scratch.refuses(2, &with("--scale file"), &["activation", "hidden layers"]);
    let says = ["rows", "784 pixels", "found 30"];
    scratch.refuses(2, &with(&format!("{SAID} --rows 30")), &says);
    scratch.write("names", "one\ntwo\n");
    let says = ["classes", "expected 10 names", "found 2"];
    scratch.refuses(2, &with(&format!("{SAID} --classes names")), &says);
    let says = ["nowhere", "cannot be read"];
    scratch.refuses(3, &with(&format!("{SAID} --classes nowhere")), &says);
    let says = ["empty", "1 to 256 class names"];
    scratch.refuses(3, &with(&format!("{SAID} --classes empty")), &says);
    let says = ["scale", "positive deviation", "0.5,0"];
    scratch.refuses(2, &with("--activation relu --scale 0.5,0"), &says);
    scratch.refuses(2, &with("--activation relu --scale -0.5,nan"), &["scale"]);

    for (options, says) in [
        ("", "not provided"),
        ("--scale 0.5 --activation relu", "--scale"),
        ("--scale 0.5,0.5,0.5 --activation relu", "--scale"),
        ("--scale none --activation gelu", "gelu"),
        ("--scale none --activation relu --output relu", "relu"),
    ] {
        let run = scratch.gingham(&with(options));
        scratch.misuse(run, &[says]);
    }
}

/// The records of a TFRecord file, their checksums taken anew, bit by bit.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let masked = |bytes: &[u8]| {
        let mut crc = !0_u32;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            }
        }
        (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
    };
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    let mut found = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
        assert_eq!(number(&rest[..4]), masked(length));
        let (record, rest) = rest[4..].split_at(u64::from_le_bytes(*length) as usize);
        assert_eq!(number(&rest[..4]), masked(record));
        found.push(record.to_vec());
        bytes = &rest[4..];
    }
    assert!(bytes.is_empty(), "half a record");
    found
}

/// Step and scalars of an event, whose layout is fixed but for the scalars' number.
fn scalars(event: &[u8]) -> (u64, Vec<(String, f32)>) {
    assert_eq!(event[0], 0x09, "a time");
    assert_eq!(event[9], 0x10, "a step of one byte");
    assert_eq!(event[11], 0x2a, "a summary");
    // Its length takes seven bits a byte; only the last one is below 128.
    let more = event[12..].iter().take_while(|byte| **byte >= 0x80).count();
    let mut rest = &event[13 + more..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        assert_eq!([rest[0], rest[2]], [0x0a, 0x0a], "a value, its tag");
        let tag = String::from_utf8(rest[4..4 + usize::from(rest[3])].to_vec()).expect("text");
        let value = &rest[4 + tag.len()..2 + usize::from(rest[1])];
        assert_eq!((value[0], value.len()), (0x15, 5), "a float");
        let value = f32::from_le_bytes(value[1..].try_into().expect("four bytes"));
        found.push((tag, value));
        rest = &rest[2 + usize::from(rest[1])..];
    }
    (u64::from(event[10]), found)
}

#[test]
fn an_event_file_says_what_the_metrics_say() {
    let scratch = Scratch::with_data();
    scratch
        .done("train -q --data data --out run --epochs 5 --eval-every 2 --hidden 8 --tensorboard");
    let events = records(&scratch.read("run/events.out.tfevents.gingham"));
    assert!(events[0].ends_with(b"brain.Event:2"));
    let metrics = scratch.text("run/metrics.jsonl");
    let lines: Vec<Value> = metrics
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((events.len(), lines.len()), (6, 5));
    let mut before = 0.0;
    for (event, line) in events[1..].iter().zip(&lines) {
        let (step, found) = scalars(event);
        assert_eq!(Some(step), line["epoch"].as_u64());
        let mut expected = Vec::new();
        for tag in [
            "error",
            "train_accuracy",
            "heldout_accuracy",
            "heldout_loss",
            "learning_rate",
            "gradient_norm",
        ] {
            let value = line[tag]
                .as_f64()
                .map(|value| (tag.to_owned(), value as f32));
            expected.extend(value);
        }
        // 240 of the 300 images train.
        let seconds = line["seconds"].as_f64().expect("a number");
        let speed = 240.0 / (seconds - before);
        expected.push(("images_per_second".to_owned(), speed as f32));
        before = seconds;
        assert_eq!(found, expected);
    }
    // Without being asked for, there is none, and the network is the same.
    scratch.done("train -q --data data --out plain --epochs 5 --eval-every 2 --hidden 8");
    assert!(!scratch.join("plain/events.out.tfevents.gingham").exists());
    assert_eq!(scratch.read("plain/model.safetensors"), scratch.read(MODEL));
}
