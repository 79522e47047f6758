//! What reads bytes that nobody vouches for, each reader as a function of bytes alone. The tests beside this file and the fuzz
//! targets in `fuzz/` call the same functions: none of them may panic, hang, or hold much more memory than it was given bytes.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use gingham::data::{DataFolder, Dataset, Images, Labelled, class_names, idx, png};
use gingham::engine::EngineKind;
use gingham::error::Result;
use gingham::input::Staged;
use gingham::machine::Machine;
use gingham::model::{Activation, AnyModel, ImportOptions, Output, Probability, Scaling};
use gingham::report::{Report, Run};
use gingham::train::{Checkpoint, Config, Plan, TrainOptions, Trainer};
use ndarray::ArrayView3;
use sha2::{Digest, Sha256};

/// A reader: its name, and what it does with bytes in a folder that is its own.
pub struct Reader {
    pub name: &'static str,
    pub read: fn(&[u8], &Path),
}

/// Every reader. Each has a target of its name in `fuzz/`, and a folder of its name in `fuzz/seeds/`.
pub const READERS: [Reader; 11] = [
    Reader {
        name: "idx",
        read: read_idx,
    },
    Reader {
        name: "gzip",
        read: read_gzip,
    },
    Reader {
        name: "data_folder",
        read: read_data_folder,
    },
    Reader {
        name: "model",
        read: read_model,
    },
    Reader {
        name: "import",
        read: read_import,
    },
    Reader {
        name: "checkpoint",
        read: read_checkpoint,
    },
    Reader {
        name: "config",
        read: read_config,
    },
    Reader {
        name: "run_folder",
        read: read_run_folder,
    },
    Reader {
        name: "report",
        read: read_report,
    },
    Reader {
        name: "png",
        read: read_png,
    },
    Reader {
        name: "classes",
        read: read_classes,
    },
];

pub fn read_idx(bytes: &[u8], _: &Path) {
    for content in [idx::Content::Images, idx::Content::Labels] {
        let _ = idx::whole(bytes, content);
    }
    // Packed files are another reader's, and unpacking takes most of the time.
    if !bytes.starts_with(&MAGIC)
        && let Ok(images) = Images::read(bytes, Path::new("stream"))
    {
        assert_eq!(images.count() * images.pixels_per_image(), bytes.len() - 16);
        let _ = images.sha256();
    }
}

pub fn read_gzip(bytes: &[u8], folder: &Path) {
    let packed = file(folder, "file.gz", bytes);
    if let Ok(images) = Images::open(&packed) {
        // The format packs a thousand bytes into one, and no more.
        assert!(images.count() * images.pixels_per_image() <= 64 + 1100 * bytes.len());
    }
    let _ = class_names(&packed);
    // Bytes that are packed are read as they are when they are not; those that are packed twice are refused.
    let digest = |bytes: &[u8]| {
        let images = Images::read(bytes, Path::new("stream")).ok();
        images.map(|images| images.sha256().to_owned())
    };
    let unpacked = digest(&member(bytes));
    if bytes.starts_with(&MAGIC) {
        assert_eq!(unpacked, None);
    } else {
        assert_eq!(unpacked, digest(bytes));
    }
}

/// The first two bytes of a gzip file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A sound member of a gzip file with these bytes, not compressed.
fn member(bytes: &[u8]) -> Vec<u8> {
    let mut member = vec![MAGIC[0], MAGIC[1], 8, 0, 0, 0, 0, 0, 0, 255];
    for block in bytes.chunks(0xffff) {
        let length = block.len() as u16;
        member.push(0);
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    member.extend([1, 0, 0, 0xff, 0xff]); // the last block, empty
    let mut checksum = flate2::Crc::new();
    checksum.update(bytes);
    member.extend(checksum.sum().to_le_bytes());
    member.extend((bytes.len() as u32).to_le_bytes());
    member
}

/// The first byte says which file of a data set the others are; the files beside it are sound.
pub fn read_data_folder(bytes: &[u8], folder: &Path) {
    const NAMES: [&str; 3] = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "classes.txt",
    ];
    const SOUND: [&[u8]; 3] = [
        &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4],
        &[0, 0, 8, 1, 0, 0, 0, 2, 0, 1],
        b"cup\npot\n",
    ];
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let chosen = usize::from(*first) % NAMES.len();
    for place in 0..NAMES.len() {
        let content = if place == chosen { bytes } else { SOUND[place] };
        file(folder, NAMES[place], content);
    }
    if let Ok(folder) = DataFolder::open(folder) {
        let train = folder.train.expect("training files");
        assert_eq!(train.images.count(), train.labels.len());
    }
}

pub fn read_model(bytes: &[u8], folder: &Path) {
    for bytes in [Some(bytes.to_vec()), resealed(bytes)]
        .into_iter()
        .flatten()
    {
        if let Ok(model) = AnyModel::open(&file(folder, "model.safetensors", &bytes)) {
            assert!(!model.info().classes.is_empty());
            assert_eq!(
                AnyModel::open(&file(folder, "again", &model.bytes())).unwrap(),
                model
            );
        }
    }
}

pub fn read_import(bytes: &[u8], folder: &Path) {
    let path = file(folder, "foreign.safetensors", bytes);
    for scaling in [Scaling::None, Scaling::File] {
        let options = ImportOptions {
            activation: Some(Activation::Relu),
            output: Output::Softmax,
            probability: Probability::Output,
            scaling,
            rows: None,
            classes: None,
        };
        if let Ok(model) = options.read(&path) {
            // What is imported can be saved and opened.
            let saved = file(folder, "imported", &model.bytes());
            assert_eq!(AnyModel::open(&saved).unwrap(), model);
        }
    }
}

/// The settings of the run that `resume::example` takes a checkpoint of; a run under these settings goes on from it.
fn settings() -> TrainOptions {
    TrainOptions {
        hidden: vec![2],
        momentum: 0.5,
        epochs: 4,
        batches: Some(3),
        engine: EngineKind::Naive,
        ..TrainOptions::default()
    }
}

thread_local! {
    /// A run that goes on from whatever checkpoint fits it.
    static RUN: RefCell<Trainer<'static, Staged<f32>>> = {
        let (pixels, labels) = ([7; 80], [0, 1].repeat(10));
        let images = ArrayView3::from_shape((20, 2, 2), &pixels).unwrap();
        let data = Dataset::new(Labelled::from_arrays(images, &labels).unwrap(), None).unwrap();
        // They live as long as the process: a plan borrows both.
        let data: &Dataset = Box::leak(Box::new(data));
        let machine: &Machine = Box::leak(Box::new(Machine::new(1).unwrap()));
        let plan: &Plan<'_> = Box::leak(Box::new(Plan::new(&settings(), data, machine).unwrap()));
        RefCell::new(machine.run(|| Trainer::staged(plan)))
    };
}

pub fn read_checkpoint(bytes: &[u8], folder: &Path) {
    RUN.with(|_| {}); // made by the first call, whatever that reads
    for bytes in [Some(bytes.to_vec()), resealed(bytes)]
        .into_iter()
        .flatten()
    {
        let path = file(folder, "checkpoint.safetensors", &bytes);
        if let Ok(checkpoint) = Checkpoint::open(&path) {
            RUN.with_borrow_mut(|run| {
                let _ = checkpoint.differences(run.plan());
                let _ = run.restore(&checkpoint);
            });
        }
    }
}

pub fn read_config(bytes: &[u8], _: &Path) {
    let hint = |_: &str, _: &toml::Table| String::new();
    if let Ok(config) = Config::parse(bytes, &hint) {
        let _ = config.lacking();
        let _ = config.message("epochs", "");
        if let Ok(options) = config.table.try_into::<TrainOptions>() {
            let _ = options.validate();
        }
    }
}

/// A run's folder out of bytes that lines of dashes cut into its files: settings, metrics, summary. Without a third part there is no
/// summary, as in the folder of a run that has not ended.
fn run_of(bytes: &[u8], folder: &Path) -> Result<Run> {
    const CUT: &[u8] = b"---\n";
    let parted = |bytes: &[u8]| {
        let place = bytes.windows(CUT.len()).position(|window| window == CUT)?;
        Some((bytes[..place].to_vec(), bytes[place + CUT.len()..].to_vec()))
    };
    let (settings, rest) = parted(bytes).unwrap_or((bytes.to_vec(), Vec::new()));
    let (metrics, summary) = match parted(&rest) {
        Some((metrics, summary)) => (metrics, Some(summary)),
        None => (rest, None),
    };
    file(folder, "config.toml", &settings);
    file(folder, "metrics.jsonl", &metrics);
    match summary {
        Some(summary) => {
            file(folder, "summary.json", &summary);
        }
        None => {
            let _ = std::fs::remove_file(folder.join("summary.json"));
        }
    }
    Run::open(folder)
}

pub fn read_run_folder(bytes: &[u8], folder: &Path) {
    let _ = run_of(bytes, folder);
}

/// The page about a run that left no model, so that no data set is opened.
pub fn read_report(bytes: &[u8], folder: &Path) {
    thread_local! {
        static MACHINE: Machine = Machine::new(1).unwrap();
    }
    MACHINE.with(|_| {}); // made by the first call, whatever that reads
    if let Ok(run) = run_of(bytes, folder) {
        let report = MACHINE.with(|machine| Report::of(machine, &[run], None, false));
        let html = report.unwrap().html;
        assert!(html.ends_with("</html>\n"), "{html}");
    }
}

pub fn read_png(bytes: &[u8], _: &Path) {
    if let Ok(picture) = png::Picture::read(bytes, Path::new("stream"), 28, 28) {
        for ground in [0, 255] {
            assert_eq!(picture.on(ground).len(), 28 * 28);
        }
        let _ = picture.has_light_ground();
    }
}

pub fn read_classes(bytes: &[u8], folder: &Path) {
    if let Ok(names) = class_names(&file(folder, "classes.txt", bytes)) {
        assert!((1..=256).contains(&names.len()));
    }
}

/// The same file of arrays with the digest that it would have been written with; none where it has no place for one.
pub fn resealed(bytes: &[u8]) -> Option<Vec<u8>> {
    const BEFORE: &[u8] = br#"{\"sha256\":\""#;
    const DIGITS: usize = 64;
    let header = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = &bytes[8..][..header.min(bytes.len() - 8)];
    let before = header
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)?;
    let start = 8 + before + BEFORE.len();
    let mut bytes = bytes.to_vec();
    bytes.get_mut(start..start + DIGITS)?.fill(b'0');
    let digest = Sha256::digest(&bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes[start..start + DIGITS].copy_from_slice(digits.as_bytes());
    Some(bytes)
}

/// Writes a file and returns its path.
fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
