//! Data sets as they are found on disks, sound and otherwise.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use gingham::data::idx::Content;
use gingham::data::{Dataset, IdxError, Images};
use gingham::error::Error;
use tempfile::TempDir;

use crate::support::{
    TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, gzip, idx, random_bytes, write_train,
};

const ROWS: u32 = 4;
const COLUMNS: u32 = 3;
const LABELS: [u8; 6] = [0, 2, 1, 2, 0, 1];

fn pixels(images: u32) -> Vec<u8> {
    random_bytes((images * ROWS * COLUMNS) as usize, 1)
}

/// A folder with six sound training images of three classes.
fn sound() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_train(folder.path(), ROWS, COLUMNS, &pixels(6), &LABELS);
    folder
}

/// Adds two sound test images.
fn add_test(folder: &Path) {
    std::fs::write(
        folder.join(TEST_IMAGES),
        idx(&[2, ROWS, COLUMNS], &pixels(2)),
    )
    .unwrap();
    std::fs::write(folder.join(TEST_LABELS), idx(&[2], &[1, 2])).unwrap();
}

/// What is said of a folder that is not sound.
fn refused(folder: &Path) -> Error {
    Dataset::open(folder).expect_err("a folder that is not sound")
}

fn is_read_error(error: &Error, expected: &Path, kind: std::io::ErrorKind) -> bool {
    matches!(error, Error::Read { path, source } if path == expected && source.kind() == kind)
}

/// Replaces a file by its `.gz`, of `bytes`.
fn pack(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let _ = std::fs::remove_file(folder.join(name));
    let path = folder.join(format!("{name}.gz"));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_sound_folder_is_read() {
    let folder = sound();
    let data = Dataset::open(folder.path()).unwrap();
    let images = &data.train.images;
    assert_eq!(
        (
            images.count(),
            images.rows(),
            images.columns(),
            images.pixels_per_image()
        ),
        (6, 4, 3, 12)
    );
    assert_eq!(images.path(), folder.path().join(TRAIN_IMAGES));
    for (place, pixels) in pixels(6).chunks(12).enumerate() {
        assert_eq!(images.image(place), pixels);
    }
    assert_eq!(data.train.labels, LABELS);
    assert_eq!(data.classes, ["0", "1", "2"], "as many as the labels have");
    assert_eq!(data.folder, folder.path());
    assert!(data.test.is_none());
    // hashlib.sha256(bytes([0, 0, 8, 1, 0, 0, 0, 6, 0, 2, 1, 2, 0, 1])).hexdigest()
    let digest = "79533d497dbf726e36152730ef52dcfbccf8392f4f6a854d3e69bd30d95c42f2";
    assert_eq!(data.train.labels_sha256, digest);
    add_test(folder.path());
    let test = Dataset::open(folder.path()).unwrap().test.unwrap();
    assert_eq!(test.labels, [1, 2]);
    assert_eq!(test.images.image(1), &pixels(2)[12..]);
}

#[test]
fn a_packed_file_is_the_same_as_a_raw_one() {
    let folder = sound();
    add_test(folder.path());
    let raw = Dataset::open(folder.path()).unwrap();
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        pack(folder.path(), name, &gzip(&bytes));
        let packed = Dataset::open(folder.path()).unwrap();
        let pairs = [
            (&packed.train, &raw.train),
            (packed.test.as_ref().unwrap(), raw.test.as_ref().unwrap()),
        ];
        for (packed, raw) in pairs {
            assert_eq!(
                (&packed.labels, &packed.labels_sha256),
                (&raw.labels, &raw.labels_sha256)
            );
            assert_eq!(packed.images.count(), raw.images.count());
            for place in 0..raw.images.count() {
                assert_eq!(packed.images.image(place), raw.images.image(place));
            }
        }
    }
    // Where both are there, the raw one is read, whatever the other holds.
    write_train(folder.path(), ROWS, COLUMNS, &pixels(6), &LABELS);
    pack(folder.path(), TEST_LABELS, &gzip(&idx(&[2], &[1, 2])));
    std::fs::write(folder.path().join(format!("{TRAIN_IMAGES}.gz")), "no gzip").unwrap();
    assert_eq!(
        Dataset::open(folder.path()).unwrap().train.images.path(),
        folder.path().join(TRAIN_IMAGES)
    );
}

#[test]
fn a_large_file_is_the_same_mapped_and_decoded() {
    // Beyond 64 KiB a raw file is mapped.
    let pixels = random_bytes(100 * 28 * 28, 2);
    let labels = [0; 100];
    let folder = tempfile::tempdir().unwrap();
    write_train(folder.path(), 28, 28, &pixels, &labels);
    let mapped = Dataset::open(folder.path()).unwrap();
    pack(
        folder.path(),
        TRAIN_IMAGES,
        &gzip(&idx(&[100, 28, 28], &pixels)),
    );
    let decoded = Dataset::open(folder.path()).unwrap();
    for (place, pixels) in pixels.chunks(28 * 28).enumerate() {
        assert_eq!(mapped.train.images.image(place), pixels);
        assert_eq!(decoded.train.images.image(place), pixels);
    }
}

#[test]
fn images_in_memory_are_images() {
    let images = Images::copied(1, 3, [0, 1, 2, 253, 254, 255].chunks(3));
    assert_eq!((images.count(), images.rows(), images.columns()), (2, 1, 3));
    assert_eq!(images.image(1), [253, 254, 255]);
    assert_eq!(images.inverted().image(1), [2, 1, 0]);
    assert_eq!(images.inverted().image(0), [255, 254, 253]);
}

#[test]
fn gathered_images_keep_their_labels() {
    let folder = sound();
    let train = Dataset::open(folder.path()).unwrap().train;
    let places = [5, 0, 0, 3];
    let gathered = train.gathered(&places);
    assert_eq!(gathered.labels, [1, 0, 0, 2]);
    assert_eq!(
        gathered.labels_sha256, train.labels_sha256,
        "they still come from that file"
    );
    assert_eq!((gathered.images.count(), gathered.images.rows()), (4, 4));
    for (place, &from) in places.iter().enumerate() {
        assert_eq!(
            gathered.images.image(place),
            train.images.image(from as usize)
        );
    }
    assert_eq!(train.gathered(&[]).images.count(), 0);
}

#[test]
fn a_packed_file_cut_anywhere_is_refused() {
    let folder = sound();
    let packed = gzip(&idx(&[6], &LABELS));
    for length in 0..packed.len() {
        let expected = pack(folder.path(), TRAIN_LABELS, &packed[..length]);
        let error = refused(folder.path());
        let named = matches!(&error, Error::Read { path, .. } | Error::Idx { path, .. } if *path == expected);
        assert!(named, "{length} of {} bytes: {error:?}", packed.len());
    }
    pack(folder.path(), TRAIN_LABELS, &packed);
    assert!(Dataset::open(folder.path()).is_ok(), "and whole it is read");
}

#[test]
fn a_packed_file_with_anything_behind_it_is_refused() {
    let folder = sound();
    let whole = idx(&[6], &LABELS);
    let size = |error: &Error, expected: usize, found: usize| matches!(error, Error::Idx { source, .. } if *source == IdxError::Size { expected, found });
    // Within the stream: one byte too many, and very many, of which one is decoded.
    for more in [1, 50_000_000] {
        let mut long = whole.clone();
        long.resize(whole.len() + more, 0);
        pack(folder.path(), TRAIN_LABELS, &gzip(&long));
        let error = refused(folder.path());
        assert!(size(&error, 14, 15), "{error:?}");
    }
    // A second member, which gzip joins to the first.
    let twice = [gzip(&whole), gzip(&whole)].concat();
    pack(folder.path(), TRAIN_LABELS, &twice);
    let error = refused(folder.path());
    assert!(size(&error, 14, 15), "{error:?}");
    // Behind the stream.
    let garbage = [gzip(&whole), b"garbage".to_vec()].concat();
    let path = pack(folder.path(), TRAIN_LABELS, &garbage);
    assert!(matches!(refused(folder.path()), Error::Read { path: named, .. } if named == path));
    // A checksum that is wrong is found too: the stream is read to its end.
    let mut damaged = gzip(&whole);
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let path = pack(folder.path(), TRAIN_LABELS, &damaged);
    assert!(matches!(refused(folder.path()), Error::Read { path: named, .. } if named == path));
}

#[test]
fn a_header_that_promises_the_moon_is_refused() {
    // A third of the largest size that there is; what it costs in memory is measured in tests/allocation.rs.
    // There are as many images as labels, which is looked at first where a file is packed.
    let dimensions = [6, u32::MAX, 89_478_485];
    let size = 16
        + dimensions
            .iter()
            .map(|&dimension| dimension as usize)
            .product::<usize>();
    let overflowing = [u32::MAX; 3];
    let folder = sound();
    for packs in [false, true] {
        let put = |dimensions: [u32; 3]| {
            let bytes = idx(&dimensions, &pixels(6));
            if packs {
                pack(folder.path(), TRAIN_IMAGES, &gzip(&bytes));
            } else {
                std::fs::write(folder.path().join(TRAIN_IMAGES), bytes).unwrap();
            }
            let Error::Idx { source, .. } = refused(folder.path()) else {
                panic!("another defect")
            };
            source
        };
        assert_eq!(
            put(dimensions),
            IdxError::Size {
                expected: size,
                found: 16 + 72
            }
        );
        assert_eq!(put(overflowing), IdxError::Overflow { found: overflowing });
    }
}

#[test]
fn swapped_files_are_recognised() {
    let folder = sound();
    let [images, labels] = [TRAIN_IMAGES, TRAIN_LABELS].map(|name| folder.path().join(name));
    let aside = folder.path().join("aside");
    std::fs::rename(&images, &aside).unwrap();
    std::fs::rename(&labels, &images).unwrap();
    std::fs::rename(&aside, &labels).unwrap();
    let error = refused(folder.path());
    let Error::Idx { path, source } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (path, source),
        (
            &images,
            &IdxError::Rank {
                expected: Content::Images,
                found: 1
            }
        )
    );
    assert!(source.to_string().contains("swapped"), "{source}");
}

#[test]
fn a_missing_folder_and_missing_files_are_named() {
    let folder = sound();
    let missing = folder.path().join("missing");
    let not_found = std::io::ErrorKind::NotFound;
    assert!(is_read_error(&refused(&missing), &missing, not_found));
    for name in [TRAIN_LABELS, TRAIN_IMAGES] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
        assert!(
            is_read_error(
                &refused(folder.path()),
                &folder.path().join(name),
                not_found
            ),
            "{name}"
        );
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(
        matches!(refused(&file), Error::Read { path, .. } if path == file),
        "a file for a folder"
    );
}

#[test]
fn counts_must_match() {
    let folder = sound();
    for labels in [&LABELS[..5], &[&LABELS[..], &[0]].concat()] {
        let count = u32::try_from(labels.len()).unwrap();
        std::fs::write(folder.path().join(TRAIN_LABELS), idx(&[count], labels)).unwrap();
        let error = refused(folder.path());
        let Error::Mismatch {
            path,
            expected,
            found,
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(path, &folder.path().join(TRAIN_LABELS));
        assert!(
            expected.starts_with("6 labels") && expected.contains(TRAIN_IMAGES),
            "{error:?}"
        );
        assert_eq!(found, &format!("{count} labels"));
    }
}

#[test]
fn names_of_classes_come_from_their_file() {
    let folder = sound();
    let put = |text: &str| std::fs::write(folder.path().join("classes.txt"), text).unwrap();
    put("cup\n  tea pot \r\nsaucer");
    assert_eq!(
        Dataset::open(folder.path()).unwrap().classes,
        ["cup", "tea pot", "saucer"]
    );
    // More than the labels use is fine, up to what a byte can name.
    let most: String = (0..256).map(|class| format!("class {class}\n")).collect();
    put(&most);
    assert_eq!(
        Dataset::open(folder.path()).unwrap().classes[255],
        "class 255"
    );
    let path = folder.path().join("classes.txt");
    for (text, count) in [
        (String::new(), "0"),
        ("\n \n".to_owned(), "0"),
        (most + "one too many", "257"),
    ] {
        put(&text);
        let error = refused(folder.path());
        let fits = matches!(&error, Error::Mismatch { path: named, found, .. } if *named == path && found == count);
        assert!(fits, "{error:?}");
    }
    std::fs::write(&path, b"caf\xe9\nbar\nbaz\n").unwrap();
    assert!(
        is_read_error(
            &refused(folder.path()),
            &path,
            std::io::ErrorKind::InvalidData
        ),
        "Latin-1"
    );
}

#[test]
fn a_file_of_classes_too_long_to_be_one_is_refused() {
    // Three names, but the third begins or ends beyond the 64 KiB that are read: cut there, it would be another name or none.
    let folder = sound();
    let path = folder.path().join("classes.txt");
    let padding = " ".repeat(64 * 1024);
    let long = "r".repeat(64 * 1024);
    for text in [
        format!("cup\npot{padding}\nsaucer\n"),
        format!("cup\npot\nsauce{long}"),
    ] {
        std::fs::write(&path, text).unwrap();
        let opened = Dataset::open(folder.path());
        let lengths = opened
            .as_ref()
            .map(|data| data.classes.iter().map(String::len).collect::<Vec<_>>());
        assert!(
            matches!(&opened, Err(Error::Mismatch { path: named, .. }) if *named == path),
            "lengths of the names, or the error: {lengths:?}"
        );
    }
}

#[test]
fn labels_beyond_the_classes_are_refused() {
    let folder = sound();
    std::fs::write(folder.path().join("classes.txt"), "cup\npot\n").unwrap();
    let error = refused(folder.path());
    let Error::Mismatch {
        path,
        expected,
        found,
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(path, &folder.path().join(TRAIN_LABELS));
    assert!(expected.starts_with("labels 0 to 1"), "{expected}");
    assert_eq!(found, "label 2 at image 1");
    // Without names, the training labels are the measure of the test labels.
    std::fs::remove_file(folder.path().join("classes.txt")).unwrap();
    add_test(folder.path());
    std::fs::write(folder.path().join(TEST_LABELS), idx(&[2], &[1, 3])).unwrap();
    let error = refused(folder.path());
    let Error::Mismatch { path, found, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (path, found.as_str()),
        (&folder.path().join(TEST_LABELS), "label 3 at image 1")
    );
}

#[test]
fn test_images_of_another_size_are_refused() {
    let folder = sound();
    add_test(folder.path());
    // As many pixels, in another shape.
    std::fs::write(
        folder.path().join(TEST_IMAGES),
        idx(&[2, COLUMNS, ROWS], &pixels(2)),
    )
    .unwrap();
    let error = refused(folder.path());
    let Error::Mismatch {
        path,
        expected,
        found,
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(path, &folder.path().join(TEST_IMAGES));
    assert!(expected.starts_with("images of 4 x 3 pixels"), "{expected}");
    assert_eq!(found, "3 x 4");
}

#[test]
fn one_test_file_without_the_other_is_refused() {
    for name in [TEST_IMAGES, TEST_LABELS] {
        let folder = sound();
        add_test(folder.path());
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let error = refused(folder.path());
        assert!(
            is_read_error(
                &error,
                &folder.path().join(name),
                std::io::ErrorKind::NotFound
            ),
            "{error:?}"
        );
    }
}

/// Every file that is looked for in a folder.
fn all_names() -> Vec<String> {
    let raw = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    let packed = raw.map(|name| format!("{name}.gz"));
    raw.map(str::to_owned)
        .into_iter()
        .chain(packed)
        .chain(["classes.txt".to_owned()])
        .collect()
}

/// A sound folder, but for `name`, where nothing stands.
fn all_but(name: &str) -> (TempDir, PathBuf) {
    let folder = sound();
    add_test(folder.path());
    let path = folder.path().join(name);
    let _ = std::fs::remove_file(folder.path().join(name.trim_end_matches(".gz")));
    (folder, path)
}

#[test]
fn a_directory_for_a_file_is_refused() {
    for name in all_names() {
        let (folder, path) = all_but(&name);
        std::fs::create_dir(&path).unwrap();
        let error = refused(folder.path());
        let fits = matches!(&error, Error::NotAFile { path: named, found } if *named == path && *found == "a directory");
        assert!(fits, "{error:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_for_a_file_is_refused_and_never_waited_for() {
    for name in all_names() {
        let (folder, path) = all_but(&name);
        let made = std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        // A reader of a pipe without a writer waits for ever: better a thread than this test.
        let (sender, receiver) = mpsc::channel();
        let place = folder.path().to_owned();
        std::thread::spawn(move || sender.send(Dataset::open(&place).map(|_| ())));
        let opened = receiver.recv_timeout(Duration::from_secs(60));
        let error = opened
            .unwrap_or_else(|_| panic!("{name}: still waiting"))
            .unwrap_err();
        let fits = matches!(&error, Error::NotAFile { path: named, found } if *named == path && found.contains("pipe"));
        assert!(fits, "{error:?}");
    }
}

/// A file of images that is large enough to be mapped, opened.
fn mapped(folder: &TempDir) -> (PathBuf, Images) {
    let path = folder.path().join("images");
    let pixels = vec![7; 1000 * 784];
    std::fs::write(&path, idx(&[1000, 28, 28], &pixels)).unwrap();
    let images = Images::open(&path).unwrap();
    images.check().unwrap();
    (path, images)
}

fn sum(images: &Images) -> u64 {
    let pixels = (0..images.count()).flat_map(|index| images.image(index));
    pixels.map(|&pixel| u64::from(pixel)).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn a_mapped_file_that_is_shortened_is_zeros_and_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (path, images) = mapped(&folder);
    let (_, other) = mapped(&tempfile::tempdir().unwrap());
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(100_000).unwrap();
    assert!(sum(&images) < 7 * 110_000);
    // Even where it is as long as before again.
    file.set_len(16 + 1000 * 784).unwrap();
    let error = images.check().unwrap_err();
    assert!(matches!(&error, Error::Changed { path: named, .. } if *named == path));
    assert!(error.to_string().contains("it was shortened"), "{error}");
    assert_eq!(sum(&other), 7 * 784_000);
    other.check().unwrap();
    // The next file in its place is guarded anew.
    drop(images);
    let (_, images) = mapped(&folder);
    assert_eq!(sum(&images), 7 * 784_000);
}

#[test]
fn a_mapped_file_that_is_written_to_is_an_error_and_one_that_is_replaced_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (path, images) = mapped(&folder);
    std::fs::write(folder.path().join("other"), b"no images").unwrap();
    std::fs::rename(folder.path().join("other"), &path).unwrap();
    assert_eq!(sum(&images), 7 * 784_000);
    images.check().unwrap();
    std::fs::remove_file(&path).unwrap();
    images.check().unwrap();

    let (path, images) = mapped(&folder);
    std::thread::sleep(Duration::from_millis(20)); // clocks of file systems are coarse
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, &[0; 16]).unwrap();
    let error = images.check().unwrap_err();
    assert!(error.to_string().contains("it was written to"), "{error}");
}
