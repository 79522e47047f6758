//! All readers of untrusted bytes. The first byte of an input chooses the reader, so that one corpus serves all; `GINGHAM_READER=model`
//! tries one alone.

#![no_main]

#[path = "../../tests/library/hostile/bodies.rs"]
mod bodies;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static ALONE: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("GINGHAM_READER").ok());

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let chosen = usize::from(first) % bodies::READERS.len();
    for (number, reader) in bodies::READERS.into_iter().enumerate() {
        let is_chosen = match &*ALONE {
            Some(name) => name == reader.name,
            None => number == chosen,
        };
        if is_chosen {
            let own = FOLDER.path().join(reader.name);
            std::fs::create_dir_all(&own).expect("a folder");
            (reader.read)(bytes, &own);
        }
    }
});
