//! Bad input never panics and never writes over anything. It ends with its exit code and one message that names the
//! file, what was expected and what was found.

mod data;
mod models;
mod no_files;
mod outputs;
mod pictures;
mod settings;

pub use pictures::crc32;

use std::fs;

use crate::util::Scratch;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";

const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";

const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";

const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

const MODEL: &str = "run/model.safetensors";

pub fn shortened(mut bytes: Vec<u8>, by: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - by);
    bytes
}

pub fn changed(mut bytes: Vec<u8>, place: usize, value: u8) -> Vec<u8> {
    bytes[place] = value;
    bytes
}

/// A fresh copy of the good data set, in `bad`.
fn copy_data(scratch: &Scratch) {
    let _ = fs::remove_dir_all(scratch.join("bad"));
    fs::create_dir(scratch.join("bad")).expect("a folder");
    for entry in fs::read_dir(scratch.join("data")).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), scratch.join("bad").join(entry.file_name())).expect("a copy");
    }
}

/// Everything that opens a data set refuses the one in `bad`, in the same words.
#[track_caller]
fn data_is_refused(scratch: &Scratch, says: &[&str]) {
    scratch.refuses(3, "train --data bad --out new", says);
    scratch.refuses(3, &format!("evaluate --model {MODEL} --data bad"), says);
    scratch.refuses(3, "bench --data bad --epochs 1", says);
    scratch.refuses(3, "explore --data bad --figures new", says);
}
