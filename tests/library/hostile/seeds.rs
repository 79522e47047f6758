//! Where damage begins: for each reader sound files, and files with one known defect each. What fuzzing finds is kept beside the
//! others, in `fuzz/seeds/`.

use std::path::{Path, PathBuf};

use gingham::engine::EngineKind;
use gingham::report::{Summary, Times};
use gingham::scalar::Dtype;
use gingham::train::{Plan, TrainOptions, train};
use safetensors::tensor::{Dtype as TensorDtype, TensorView};

use super::bodies::resealed;
use crate::support::{dataset, gzip, idx, machine};

/// A seed: the name of its file, and its bytes.
pub type Seed = (&'static str, Vec<u8>);

/// The seeds of the reader of this name.
///
/// # Panics
/// If there is no such reader.
pub fn of(reader: &str) -> Vec<Seed> {
    match reader {
        "idx" => of_idx(),
        "gzip" => of_gzip(),
        "data_folder" => of_data_folder(),
        "model" => of_model(),
        "import" => of_import(),
        "checkpoint" => of_checkpoint(),
        "config" => of_config(),
        "run_folder" | "report" => of_run_folder(),
        "png" => of_png(),
        "classes" => of_classes(),
        other => panic!("no seeds for the reader {other}"),
    }
}

/// The folder with the seeds that are kept. A package of the crate is without it.
pub fn kept() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    folder.is_dir().then_some(folder)
}

fn images() -> Vec<u8> {
    idx(
        &[2, 3, 2],
        &[0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255],
    )
}

fn of_idx() -> Vec<Seed> {
    let images = images();
    let changed = |place: usize, byte: u8| {
        let mut changed = images.clone();
        changed[place] = byte;
        changed
    };
    vec![
        ("images", images.clone()),
        ("labels", idx(&[3], &[0, 1, 9])),
        ("packed", gzip(&images)),
        ("packed-bomb", gzip(&idx(&[300, 28, 28], &[0; 235_200]))),
        (
            "packed-liar",
            gzip(&idx(&[u32::MAX, 28, 28], &[0; 100_000])),
        ),
        ("empty", Vec::new()),
        ("short-header", images[..15].to_vec()),
        ("no-magic", changed(0, 1)),
        ("other-type", changed(2, 0x0d)),
        ("other-rank", changed(3, 2)),
        ("no-image", changed(7, 0)),
        ("no-column", changed(15, 0)),
        ("overflow", idx(&[u32::MAX; 3], &[])),
        ("promises-much", idx(&[u32::MAX, 28, 28], &[1; 40])),
        ("short", images[..images.len() - 1].to_vec()),
        ("long", [&images[..], &[7]].concat()),
    ]
}

fn of_gzip() -> Vec<Seed> {
    let images = images();
    let packed = gzip(&images);
    let (one, other) = images.split_at(20);
    let checksum = packed.len() - 8;
    let mut damaged = packed.clone();
    damaged[checksum] ^= 1;
    let mut wrong_size = packed.clone();
    wrong_size[checksum + 4] ^= 1;
    // The flags of the header: a checksum of it, a field of any bytes, a name, a remark.
    let mut named = packed.clone();
    named[3] = 0x1c;
    named.splice(10..10, *b"\x03\x00abcname\0remark\0");
    let mut endless_name = packed.clone();
    endless_name[3] = 8;
    endless_name.splice(10..10, [b'a'; 300]);
    vec![
        ("images", packed.clone()),
        ("names", gzip(b"cup\npot\n")),
        ("not-packed", images.clone()),
        ("two-members", [gzip(one), gzip(other)].concat()),
        ("empty-member", [gzip(b""), packed.clone()].concat()),
        ("zeros-behind", [&packed[..], &[0; 40]].concat()),
        ("junk-behind", [&packed[..], b"\0junk"].concat()),
        ("half-a-member-behind", [&packed[..], &packed[..9]].concat()),
        ("packed-twice", gzip(&packed)),
        ("fields-of-the-header", named),
        ("long-name", endless_name),
        ("wrong-checksum", damaged),
        ("wrong-size", wrong_size),
        ("cut", packed[..checksum].to_vec()),
        ("cut-in-the-header", packed[..9].to_vec()),
        ("no-deflate", [&packed[..10], &[0xff; 20]].concat()),
        ("bomb", gzip(&[b'a'; 300_000])),
        ("empty", Vec::new()),
        ("one-byte", vec![0x1f]),
    ]
}

/// The first byte says which file it is.
fn of_data_folder() -> Vec<Seed> {
    let file = |which: u8, bytes: &[u8]| [&[which], bytes].concat();
    let image = [0, 255, 7, 8];
    vec![
        ("images", file(0, &idx(&[2, 1, 2], &image))),
        ("one-image", file(0, &idx(&[1, 2, 2], &image))),
        ("labels-for-images", file(0, &idx(&[2], &[0, 1]))),
        ("labels", file(1, &idx(&[2], &[0, 1]))),
        ("three-labels", file(1, &idx(&[3], &[0, 1, 0]))),
        ("label-without-a-name", file(1, &idx(&[2], &[0, 2]))),
        ("images-for-labels", file(1, &idx(&[2, 1, 2], &image))),
        ("names", file(2, b"cup\npot\n")),
        ("one-name", file(2, b"cup\n")),
        ("same-names", file(2, b"cup\ncup\n")),
        ("no-names", file(2, b"")),
    ]
}

fn of_classes() -> Vec<Seed> {
    let wide = |text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(bytes);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    let text = "cup\nCaf\u{e9}\n";
    vec![
        ("utf-8", text.into()),
        ("utf-8-mark", format!("\u{feff}{text}").into()),
        ("utf-16-little", wide(text, b"\xff\xfe", u16::to_le_bytes)),
        ("utf-16-big", wide(text, b"\xfe\xff", u16::to_be_bytes)),
        ("utf-16-half", b"\xff\xfea\0\n\0b".to_vec()),
        ("utf-16-lone", b"\xff\xfe\x00\xd8a\0".to_vec()),
        ("latin-1", b"Caf\xe9\n".to_vec()),
        ("zero", b"a\0b\n".to_vec()),
        ("crlf", b"a\r\nb\rc".to_vec()),
        ("blank-line", b"a\n\nb\n".to_vec()),
        ("blank-end", b"a\nb\n \n\n".to_vec()),
        ("empty", Vec::new()),
        ("too-many", "a\n".repeat(257).into()),
    ]
}

fn of_png() -> Vec<Seed> {
    let colours = |colours: &'static [u8], color, depth, size: u32, samples: usize| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size, size);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == png::ColorType::Indexed {
            encoder.set_palette(colours);
            encoder.set_trns(&[0, 200][..]);
        }
        let size = size as usize;
        let data: Vec<u8> = (0..size * size * samples).map(|at| at as u8 % 2).collect();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&data).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let picture =
        |color, depth, size, samples| colours(&[0, 0, 0, 255, 128, 0], color, depth, size, samples);
    let (eight, sixteen) = (png::BitDepth::Eight, png::BitDepth::Sixteen);
    let grey = picture(png::ColorType::Grayscale, eight, 28, 1);
    let changed = |place: usize, byte: u8| {
        let mut changed = grey.clone();
        changed[place] = byte;
        changed
    };
    // A text of zeros, packed to a thousandth.
    let bomb = {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 28, 28);
        encoder.set_color(png::ColorType::Grayscale);
        encoder
            .add_ztxt_chunk("bomb".to_owned(), "a".repeat(1_000_000))
            .unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[9; 784]).unwrap();
        writer.finish().unwrap();
        bytes
    };
    vec![
        ("grey", grey.clone()),
        (
            "grey-16",
            picture(png::ColorType::Grayscale, sixteen, 28, 2),
        ),
        (
            "grey-alpha",
            picture(png::ColorType::GrayscaleAlpha, eight, 28, 2),
        ),
        ("rgb", picture(png::ColorType::Rgb, eight, 28, 3)),
        ("rgba-16", picture(png::ColorType::Rgba, sixteen, 28, 8)),
        ("palette", picture(png::ColorType::Indexed, eight, 28, 1)),
        (
            "odd-palette",
            colours(&[0, 0, 0, 255], png::ColorType::Indexed, eight, 28, 1),
        ),
        (
            "other-size",
            picture(png::ColorType::Grayscale, eight, 27, 1),
        ),
        ("huge", changed(16, 0x7f)),
        ("no-signature", changed(0, 0)),
        ("other-depth", changed(24, 3)),
        ("interlaced", changed(28, 1)),
        ("cut", grey[..grey.len() - 20].to_vec()),
        ("text-bomb", bomb),
        ("empty", Vec::new()),
    ]
}

/// The seeds in text: settings, and what a finished run wrote of itself.
fn settings_and_summary() -> (String, String) {
    let data = dataset(2, 2, &[7; 80], &[0, 1].repeat(10));
    let (machine, options) = (machine(1), options());
    let plan = Plan::new(&options, &data, &machine).unwrap();
    let outcome = train(&plan, &mut gingham::train::NoObserver).unwrap();
    let times = Times {
        prepare_s: 0.5,
        train_s: 7.25,
        evaluation_s: 0.125,
        total_s: 8.0,
    };
    let summary = Summary {
        cpu: Some("a CPU".to_owned()),
        commit: "unknown".into(),
        peak_rss_bytes: Some(12_000_000),
        ..Summary::new(&plan, &outcome, times, "run".into())
    };
    (
        toml::to_string(plan.settings()).unwrap(),
        serde_json::to_string_pretty(&summary).unwrap(),
    )
}

fn options() -> TrainOptions {
    TrainOptions {
        hidden: vec![2],
        epochs: 2,
        batches: Some(3),
        engine: EngineKind::Naive,
        ..TrainOptions::default()
    }
}

fn of_config() -> Vec<Seed> {
    let whole = settings_and_summary().0;
    vec![
        ("whole", whole.clone().into()),
        ("crlf", whole.replace('\n', "\r\n").into()),
        ("few", "epochs = 3\nhidden = [1, 2]\n".into()),
        (
            "spellings",
            "\u{feff}\"epochs\" = 0x10\nl2 = 1e-3 # weight decay\nhidden = [\n 5,\n]\n".into(),
        ),
        ("beyond-u32", "seed = 99999999999999999999\n".into()),
        ("beyond-f64", "l2 = 1e999\n".into()),
        ("not-finite", "learning_rate = nan\nl1 = inf\n".into()),
        ("not-in-f32", "learning_rate = 1e-300\n".into()),
        ("negative", "epochs = -1\n".into()),
        ("other-type", "epochs = \"3\"\nhidden = 1.5\n".into()),
        ("unknown", "epoch = 3\n".into()),
        ("twice", "epochs = 3\nepochs = 4\n".into()),
        ("a-date", "data = 2026-11-26\n".into()),
        ("a-table", "[epochs]\na.b.c = { d = [] }\n".into()),
        ("open", "hidden = [1, 2\nepochs = \"\"\"".into()),
        ("deep", format!("hidden = {}", "[".repeat(2000)).into()),
        ("other-bytes", b"data = \"\xff\xfe\"\n".to_vec()),
        ("empty", Vec::new()),
    ]
}

/// Settings, metrics, summary, with lines of dashes between them.
fn of_run_folder() -> Vec<Seed> {
    let (settings, summary) = settings_and_summary();
    let line = |epoch: &str, error: &str, heldout: &str| {
        format!(
            "{{\"epoch\":{epoch},\"error\":{error},\"train_accuracy\":0.5,\"heldout_accuracy\":{heldout},\"seconds\":0.1}}\n"
        )
    };
    let metrics = line("0", "2.5", "0.25") + &line("1", "1.5", "null");
    let running = |metrics: &str| format!("{settings}---\n{metrics}").into_bytes();
    let ended = |summary: &str| format!("{settings}---\n{metrics}---\n{summary}").into_bytes();
    let without = |key: &str| {
        let mut summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        summary.as_object_mut().unwrap().remove(key);
        serde_json::to_string_pretty(&summary).unwrap()
    };
    vec![
        ("ended", ended(&summary)),
        ("running", running(&metrics)),
        ("older", ended(&without("settings"))),
        ("cut-line", running(&metrics[..metrics.len() - 9])),
        ("no-lines", running("")),
        (
            "huge-numbers",
            running(&(line("0", "1e308", "-1e308") + &line("1", "-1.7e308", "1e308"))),
        ),
        (
            "tiny-numbers",
            running(&(line("0", "5e-324", "0") + &line("1", "0", "1"))),
        ),
        ("beyond-f64", running(&line("0", "1e999", "null"))),
        ("out-of-order", running(&line("1", "1", "null"))),
        ("huge-epoch", running(&line("1e3", "1", "null"))),
        ("deep", running(&line("0", &"[".repeat(3000), "null"))),
        ("no-seed", ended(&without("seed"))),
        ("half-a-summary", ended(&summary[..summary.len() / 2])),
        (
            "huge-summary",
            ended(&summary.replace("7.25", "1e308").replace("8.0", "-1e308")),
        ),
        ("no-settings", b"---\n---\n{}".to_vec()),
        ("empty", Vec::new()),
    ]
}

/// A file of arrays with its header's text changed, under the digest that it would have been written with.
fn with_header(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    assert!(header.contains(old), "{old} in {header}");
    let (header, arrays) = (header.replacen(old, new, 1), &bytes[8 + length..]);
    let length = (header.len() as u64).to_le_bytes();
    let changed = [&length, header.as_bytes(), arrays].concat();
    resealed(&changed).unwrap_or(changed)
}

/// The same with the last bytes of its arrays changed.
fn with_end(bytes: &[u8], end: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let start = changed.len() - end.len();
    changed[start..].copy_from_slice(end);
    resealed(&changed).unwrap_or(changed)
}

/// What is common to all files of arrays: defects of the header.
fn of_header(sound: &[u8]) -> Vec<Seed> {
    let length = |length: u64| [&length.to_le_bytes(), &sound[8..]].concat();
    let header = |text: String| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    vec![
        ("empty", Vec::new()),
        ("short", sound[..7].to_vec()),
        ("cut", sound[..sound.len() - 1].to_vec()),
        ("long", [sound, &[0]].concat()),
        ("huge-header", length(u64::MAX)),
        ("header-beyond-the-end", length(sound.len() as u64)),
        ("short-header", length(20)),
        ("deep-header", header("[".repeat(3000))),
        ("empty-header", header("{}".to_owned())),
        (
            "huge-shape",
            header(format!(
                "{{\"layers.0.weight\":{{\"dtype\":\"F32\",\"shape\":[{0},{0}],\"data_offsets\":[0,0]}}}}",
                1_u64 << 32
            )),
        ),
    ]
}

fn of_model() -> Vec<Seed> {
    let sound = super::super::resume::example(EngineKind::Naive, Dtype::F32).0;
    let wide = super::super::resume::example(EngineKind::Naive, Dtype::F64).0;
    let header = |old: &str, new: &str| with_header(&sound, old, new);
    let other_file = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    let mut seeds = vec![
        ("sound", sound.clone()),
        ("sound-f64", wide),
        ("flipped", other_file(&sound)),
        ("no-digest", header(&digest_of(&sound), "")),
        (
            "digest-twice",
            header("{\\\"sha256", "{\\\"sha256\\\":1,\\\"sha256"),
        ),
        ("other-format", header("format\\\":1", "format\\\":2")),
        ("other-name", header("layers.1.weight", "layers.2.weight")),
        ("other-type", header("\"F32\"", "\"I32\"")),
        ("small-type", header("\"F32\"", "\"F4\"")),
        ("transposed", header("[2,4]", "[4,2]")),
        ("three-dimensions", header("[2,4]", "[2,4,1]")),
        ("no-outputs", header("[2,4]", "[0,4]")),
        (
            "rows-overflow",
            header("rows\\\":2", "rows\\\":9223372036854775808"),
        ),
        (
            "rows-beyond-u64",
            header("rows\\\":2", "rows\\\":99999999999999999999"),
        ),
        ("no-class", header("[\\\"0\\\",\\\"1\\\"]", "[]")),
        (
            "many-classes",
            header(
                "[\\\"0\\\"",
                &format!("[{}\\\"0\\\"", "\\\"a\\\",".repeat(300)),
            ),
        ),
        ("unknown-activation", header("sigmoid", "sigmaid")),
        (
            "unknown-entry",
            header("{\\\"sha256", "{\\\"a\\\":[[]],\\\"sha256"),
        ),
        ("not-a-number", with_end(&sound, &f32::NAN.to_le_bytes())),
    ];
    seeds.extend(of_header(&sound));
    seeds
}

/// The key of a file's digest with the digest, as the header spells it.
fn digest_of(bytes: &[u8]) -> String {
    const KEY: &str = "\\\"sha256\\\":\\\"";
    let text = String::from_utf8_lossy(bytes);
    let start = text.find(KEY).unwrap();
    text[start..start + KEY.len() + 64 + 3].to_owned()
}

/// An array in a file of another program: its name, its type, its shape, its bytes.
type Foreign<'a> = (&'a str, TensorDtype, Vec<usize>, Vec<u8>);

fn foreign(arrays: &[Foreign<'_>]) -> Vec<u8> {
    let views = arrays.iter().map(|(name, dtype, shape, bytes)| {
        (
            *name,
            TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    safetensors::serialize(views, None).unwrap()
}

fn of_import() -> Vec<Seed> {
    use TensorDtype::{BF16, F16, F32, F64, I64};
    let floats = |count: usize, number: f32| number.to_le_bytes().repeat(count);
    let doubles = |count: usize, number: f64| number.to_le_bytes().repeat(count);
    let weight = |name| (name, F32, vec![2, 4], floats(8, 0.5));
    let bias = |name| (name, F32, vec![2], floats(2, 0.5));
    let next = |name| (name, F32, vec![2, 2], floats(4, 0.5));
    let scaled = |mean, deviation| {
        let scale = |name, number| (name, F64, vec![4], doubles(4, number));
        let [mean, deviation] = [
            scale("scale.mean", mean),
            scale("scale.deviation", deviation),
        ];
        foreign(&[weight("0.weight"), mean, deviation])
    };
    let alone = |dtype, shape, bytes| foreign(&[("0.weight", dtype, shape, bytes)]);
    let sound = foreign(&[weight("0.weight"), bias("0.bias"), next("2.weight")]);
    let mut seeds = vec![
        ("two-layers", sound.clone()),
        ("one-layer", foreign(&[weight("weight"), bias("bias")])),
        (
            "by-name",
            foreign(&[weight("fc1.weight"), next("fc10.weight")]),
        ),
        ("halves", alone(F16, vec![2, 4], vec![0x3c; 16])),
        ("brain-floats", alone(BF16, vec![2, 4], vec![0x3f; 16])),
        ("doubles", alone(F64, vec![2, 4], doubles(8, 0.25))),
        ("scaled", scaled(127.0, 64.0)),
        ("no-deviation", scaled(127.0, 0.0)),
        ("tiny-deviation", scaled(0.0, 1e-310)),
        ("whole-numbers", alone(I64, vec![2, 4], vec![1; 64])),
        ("infinite", alone(F32, vec![2, 4], floats(8, f32::INFINITY))),
        ("bias-alone", foreign(&[bias("0.bias")])),
        (
            "same-number",
            foreign(&[weight("1.weight"), next("01.weight")]),
        ),
        (
            "number-beyond-u64",
            foreign(&[weight("0.weight"), next("99999999999999999999.weight")]),
        ),
        (
            "no-number",
            foreign(&[weight("a.weight"), next("b.weight")]),
        ),
        (
            "other-part",
            foreign(&[weight("0.weight"), bias("0.running_mean")]),
        ),
        (
            "wrong-widths",
            foreign(&[weight("0.weight"), weight("1.weight")]),
        ),
        ("no-square", alone(F32, vec![2, 3], floats(6, 1.0))),
        ("one-output", alone(F32, vec![1, 4], floats(4, 1.0))),
        ("no-inputs", alone(F32, vec![2, 0], Vec::new())),
        ("no-arrays", foreign(&[])),
    ];
    seeds.extend(of_header(&sound));
    seeds
}

fn of_checkpoint() -> Vec<Seed> {
    let sound = super::super::resume::example(EngineKind::Naive, Dtype::F32).1;
    let wide = super::super::resume::example(EngineKind::Naive, Dtype::F64).1;
    let header = |old: &str, new: &str| with_header(&sound, old, new);
    let mut flipped = sound.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut seeds = vec![
        ("sound", sound.clone()),
        ("sound-f64", wide),
        ("flipped", flipped),
        ("no-digest", header(&digest_of(&sound), "")),
        ("other-format", header("format\\\":1", "format\\\":2")),
        (
            "other-version",
            header("version\\\":\\\"", "version\\\":\\\"9"),
        ),
        (
            "other-settings",
            header("momentum\\\":0.5", "momentum\\\":[]"),
        ),
        ("no-step", header("\\\"step\\\"", "\\\"stop\\\"")),
        (
            "huge-step",
            header("\\\"step\\\":5", "\\\"step\\\":18446744073709551615"),
        ),
        (
            "huge-batch",
            header("\\\"batch\\\":2", "\\\"batch\\\":18446744073709551615"),
        ),
        (
            "huge-epoch",
            header("\\\"epoch\\\":1", "\\\"epoch\\\":18446744073709551615"),
        ),
        ("no-epochs", header("\\\"epoch\\\":1", "\\\"epoch\\\":0")),
        (
            "huge-time",
            header("train_seconds\\\":7.25", "train_seconds\\\":-1e308"),
        ),
        (
            "other-array",
            header("slots.layers.0.weight", "slats.layers.0.weight"),
        ),
        ("other-shape", header("[1,2,4]", "[2,1,4]")),
        ("not-a-number", with_end(&sound, &f32::NAN.to_le_bytes())),
    ];
    seeds.extend(of_header(&sound));
    seeds
}
