//! What reads bytes that nobody vouches for, each reader as a function of bytes alone. The tests beside this file and the fuzz
//! targets in `fuzz/` call the same functions: none of them may panic, hang, or hold much more memory than it was given bytes.

use std::path::Path;

use gingham::data::{DataFolder, Images, class_names, idx, png};
use gingham::model::{Activation, AnyModel, ImportOptions, Output, Probability, Scaling};
use gingham::report::Run;
use gingham::train::{Checkpoint, TrainOptions};

/// A reader: its name, what it does with bytes in a folder that is its own, and a name for the file that it reads.
pub struct Reader {
    pub name: &'static str,
    pub read: fn(&[u8], &Path),
}

pub const READERS: [Reader; 9] = [
    Reader {
        name: "idx",
        read: |bytes, _| {
            let name = Path::new("stream");
            let images = Images::read(bytes, name);
            if let Ok(images) = &images {
                assert!(images.count() * images.pixels_per_image() <= 64 + 1100 * bytes.len());
                let _ = images.sha256();
            }
            for content in [idx::Content::Images, idx::Content::Labels] {
                let _ = idx::whole(bytes, content);
            }
        },
    },
    Reader {
        name: "data_folder",
        read: |bytes, folder| {
            // One file of the pair from the bytes, the other sound.
            let labels = [&[0, 0, 8, 1, 0, 0, 0, 2], &[0, 1][..]].concat();
            std::fs::write(folder.join("train-labels-idx1-ubyte"), labels).unwrap();
            std::fs::write(folder.join("train-images-idx3-ubyte"), bytes).unwrap();
            let _ = DataFolder::open(folder);
        },
    },
    Reader {
        name: "model",
        read: |bytes, folder| {
            if let Ok(model) = AnyModel::open(&file(folder, bytes)) {
                assert!(!model.info().classes.is_empty());
            }
        },
    },
    Reader {
        name: "import",
        read: |bytes, folder| {
            for scaling in [Scaling::None, Scaling::File] {
                let options = ImportOptions {
                    activation: Some(Activation::Relu),
                    output: Output::Softmax,
                    probability: Probability::Output,
                    scaling,
                    rows: None,
                    classes: None,
                };
                if let Ok(model) = options.read(&file(folder, bytes)) {
                    // What is imported can be saved and opened.
                    let path = folder.join("imported");
                    std::fs::write(&path, model.bytes()).unwrap();
                    assert_eq!(AnyModel::open(&path).unwrap(), model);
                }
            }
        },
    },
    Reader {
        name: "checkpoint",
        read: |bytes, folder| {
            let _ = Checkpoint::open(&file(folder, bytes));
        },
    },
    Reader {
        name: "config",
        read: |bytes, _| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(options) = toml::from_str::<TrainOptions>(&text) {
                let _ = options.validate();
            }
        },
    },
    Reader {
        name: "run_folder",
        read: |bytes, folder| {
            // The bytes are cut at the first line of dashes: settings before it, metrics behind it.
            let cut = bytes.windows(4).position(|window| window == b"---\n");
            let (settings, metrics) = bytes.split_at(cut.unwrap_or(bytes.len()));
            std::fs::write(folder.join("config.toml"), settings).unwrap();
            std::fs::write(
                folder.join("metrics.jsonl"),
                metrics.get(4..).unwrap_or(&[]),
            )
            .unwrap();
            let _ = Run::open(folder);
        },
    },
    Reader {
        name: "png",
        read: |bytes, _| {
            if let Ok(picture) = png::Picture::read(bytes, Path::new("stream"), 28, 28) {
                assert_eq!(picture.on(0).len(), 28 * 28);
            }
        },
    },
    Reader {
        name: "classes",
        read: |bytes, folder| {
            if let Ok(names) = class_names(&file(folder, bytes)) {
                assert!(names.len() <= 256);
            }
        },
    },
];

fn file(folder: &Path, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join("file");
    std::fs::write(&path, bytes).unwrap();
    path
}
