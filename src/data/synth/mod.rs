//! A synthetic Fashion-MNIST: ten procedurally drawn garment classes, so that everything runs without a download, and
//! at any size.
//!
//! An image depends on its seed, its index and its class only, never on the images around it: two million of them are
//! drawn in blocks by as many threads as there are, in constant memory, and come out the same bytes. The classes are
//! Fashion-MNIST's and overlap in the same way (shirts with everything that has sleeves), so that the article's
//! network ends near 90 % held-out accuracy here as it ends near 87 % there; that does not make results comparable.

mod canvas;
mod garments;
mod hand;
mod picture;
mod shoes;
mod top;
mod tops;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use crate::durable::NewFolder;
use crate::error::{Error, Result};
use crate::rng::{Purpose, Stream};
use canvas::PIXELS;
use hand::Hand;

pub use canvas::{COLUMNS, ROWS};

/// How many classes there are.
pub const CLASSES: u8 = 10;
/// The names of the classes, as Fashion-MNIST has them.
pub const NAMES: [&str; CLASSES as usize] = super::classes::FASHION_MNIST_CLASSES;

/// The index of the test file's first image.
const FIRST_TEST: u64 = 1 << 40;
/// Images drawn between two writes: 3 MB, enough to keep the threads busy.
const BLOCK: usize = 4096;

/// Draws image number `index` of class `class` and overwrites `pixels`, `(28, 28)` row-major.
///
/// The training file's images have the indices from 0 on, the test file's those from 2⁴⁰ on.
///
/// # Panics
/// If `class` is not below [`CLASSES`] or `pixels` is not 784 long.
pub fn draw(seed: u32, index: u64, class: u8, pixels: &mut [u8]) {
    assert!(class < CLASSES, "class {class} of {CLASSES}");
    assert_eq!(pixels.len(), PIXELS, "the pixels of one image");
    let mut hand = Hand(Stream::new(seed, Purpose::SynthImage, index));
    let canvas = garments::garment(class, &mut hand);
    picture::expose(&canvas, &mut hand, pixels);
}

/// Writes a training and a test set of these many images, as IDX files under Fashion-MNIST's names, and the names of
/// the classes, one a line, as `classes.txt`, into the new folder `out`.
///
/// Classes come in random order, and no class has more than one image more than another. The folder appears whole, or
/// not at all: the files grow in a hidden folder next to it.
///
/// # Errors
/// [`Error::Setting`] for a count of 0, [`Error::Exists`] where something stands at `out`, and
/// [`Error::Write`].
pub fn write(out: &Path, train: u32, test: u32, seed: u32) -> Result<()> {
    for (setting, count) in [("train", train), ("test", test)] {
        if count == 0 {
            let reason = "expected at least 1 image, found 0".to_string();
            return Err(Error::Setting { setting, reason });
        }
    }
    if let Some(parent) = out.parent() {
        fs::create_dir_all(parent).map_err(failed(parent))?;
    }
    let folder = NewFolder::new(out)?;
    fill(folder.path(), [train, test], seed).map_err(|error| match error {
        // By the name that the file would have had.
        Error::Write { path, source } => Error::Write {
            path: out.join(path.file_name().unwrap_or_default()),
            source,
        },
        error => error,
    })?;
    folder.keep()
}

fn fill(folder: &Path, [train, test]: [u32; 2], seed: u32) -> Result<()> {
    write_set(folder, "train", 0, train, seed)?;
    write_set(folder, "t10k", 1, test, seed)?;
    let names = NAMES.map(|name| format!("{name}\n")).concat();
    write_file(&folder.join("classes.txt"), |file| {
        file.write_all(names.as_bytes())
    })
}

/// Writes the images and the labels of one pair of files.
fn write_set(folder: &Path, prefix: &str, file: u64, count: u32, seed: u32) -> Result<()> {
    let labels = labels(seed, file, count);
    let path = folder.join(format!("{prefix}-labels-idx1-ubyte"));
    write_file(&path, |out| {
        out.write_all(&header(&[count]))?;
        out.write_all(&labels)
    })?;
    let path = folder.join(format!("{prefix}-images-idx3-ubyte"));
    write_file(&path, |out| {
        out.write_all(&header(&[count, ROWS as u32, COLUMNS as u32]))?;
        let mut pixels = vec![0; labels.len().min(BLOCK) * PIXELS];
        let mut first = file * FIRST_TEST;
        for classes in labels.chunks(BLOCK) {
            let block = &mut pixels[..classes.len() * PIXELS];
            block
                .par_chunks_exact_mut(PIXELS)
                .zip(classes)
                .enumerate()
                .with_min_len(32)
                .for_each(|(index, (pixels, &class))| {
                    draw(seed, first + index as u64, class, pixels);
                });
            out.write_all(block)?;
            first += classes.len() as u64;
        }
        Ok(())
    })
}

/// The classes of a file's images: as many of each as the count allows, in random order.
fn labels(seed: u32, file: u64, count: u32) -> Vec<u8> {
    let mut labels: Vec<u8> = (0..CLASSES).cycle().take(count as usize).collect();
    Stream::new(seed, Purpose::SynthLabels, file).shuffle(&mut labels);
    labels
}

/// An IDX header for unsigned bytes.
fn header(dimensions: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    for dimension in dimensions {
        bytes.extend(dimension.to_be_bytes());
    }
    bytes
}

/// Creates a file, has it written and waits until it is on the disk.
fn write_file(path: &Path, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
    let whole = || {
        let mut file = File::create_new(path)?;
        fill(&mut file)?;
        file.sync_all()
    };
    whole().map_err(failed(path))
}

/// Waits until a folder's entries are on the disk. Only Unix opens folders as files.
fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    |source| Error::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u32, index: u64, class: u8) -> Vec<u8> {
        // Poisoned: what a drawing leaves alone would show.
        let mut pixels = vec![0xA5; PIXELS];
        draw(seed, index, class, &mut pixels);
        pixels
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_class_shows_a_garment_on_black() {
        for class in 0..CLASSES {
            let (mut lit, mut white) = (0, 0);
            for index in 0..200 {
                let pixels = drawn(3, index, class);
                let here = pixels.iter().filter(|&&pixel| pixel > 24).count();
                assert!((20..700).contains(&here), "{class} {index}: {here} lit");
                lit += here;
                white += pixels.iter().filter(|&&pixel| pixel == 255).count();
            }
            // Trousers and sandals cover about a fifth, coats about half.
            let part = lit as f32 / (200 * PIXELS) as f32;
            assert!((0.12..0.6).contains(&part), "{class}: {part} lit");
            assert!(white * 10 < lit, "{class}: {white} of {lit} white");
        }
    }

    #[test]
    fn an_image_depends_on_seed_index_and_class_only() {
        for class in 0..CLASSES {
            let image = drawn(1, 7, class);
            assert_eq!(image, drawn(1, 7, class));
            assert_ne!(image, drawn(2, 7, class));
            assert_ne!(image, drawn(1, 8, class));
            assert_ne!(image, drawn(1, FIRST_TEST + 7, class));
            assert_ne!(image, drawn(1, 7, (class + 1) % CLASSES));
        }
    }

    #[test]
    fn images_are_frozen() {
        // FNV-1a. A seed must mean the same images on every machine and in every later version.
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        for class in 0..CLASSES {
            for index in [0, 1, 999, FIRST_TEST] {
                for pixel in drawn(42, index, class) {
                    hash = (hash ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01B3);
                }
            }
        }
        assert_eq!(hash, 0xB623_880E_56F5_BD38, "{hash:#018X}");
    }

    #[test]
    fn classes_are_balanced_and_mixed() {
        for count in [1, 9, 10, 1003] {
            let labels = labels(5, 0, count);
            assert_eq!(labels.len(), count as usize);
            let mut counts = [0_u32; CLASSES as usize];
            for &label in &labels {
                counts[label as usize] += 1;
            }
            let (most, least) = (counts.iter().max(), counts.iter().min());
            assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
        }
        assert_ne!(labels(5, 0, 1003), labels(5, 1, 1003));
        assert_ne!(labels(5, 0, 1003), labels(6, 0, 1003));
        assert!(!labels(5, 0, 1003).is_sorted());
    }

    #[test]
    fn a_set_is_written_whole() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("new/parents/set");
        write(&out, 25, 10, 9).unwrap();
        assert_eq!(names_in(out.parent().unwrap()), ["set"]);
        assert_eq!(
            names_in(&out),
            [
                "classes.txt",
                "t10k-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
            ]
        );
        let read = |name: &str| fs::read(out.join(name)).unwrap();
        assert_eq!(
            read("classes.txt").iter().filter(|&&b| b == b'\n').count(),
            10
        );
        for (prefix, count, first) in [("train", 25_u8, 0), ("t10k", 10, FIRST_TEST)] {
            let labels = read(&format!("{prefix}-labels-idx1-ubyte"));
            assert_eq!(labels[..8], [0, 0, 8, 1, 0, 0, 0, count]);
            assert_eq!(labels.len(), 8 + usize::from(count));
            let images = read(&format!("{prefix}-images-idx3-ubyte"));
            let head = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28];
            assert_eq!(images[..16], head);
            assert_eq!(images.len(), 16 + PIXELS * usize::from(count));
            for (index, (image, &class)) in
                (first..).zip(images[16..].chunks(PIXELS).zip(&labels[8..]))
            {
                assert_eq!(image, drawn(9, index, class), "{prefix} {index}");
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let place = tempfile::tempdir().unwrap();
        let count = BLOCK as u32 + 77;
        let images = [1, 3].map(|threads| {
            let out = place.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| write(&out, count, 1, 4)).unwrap();
            fs::read(out.join("train-images-idx3-ubyte")).unwrap()
        });
        assert_eq!(images[0].len(), 16 + PIXELS * count as usize);
        assert!(images[0] == images[1]);
        // The second block goes on where the first one ended.
        let class = labels(4, 0, count)[BLOCK + 5];
        let image = &images[0][16 + PIXELS * (BLOCK + 5)..][..PIXELS];
        assert_eq!(image, drawn(4, BLOCK as u64 + 5, class));
    }

    #[test]
    fn what_stands_there_is_refused_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "mine").unwrap();
        let empty = place.path().join("empty");
        fs::create_dir(&empty).unwrap();
        for out in [&file, &empty, &place.path().join("..")] {
            let refused = write(out, 5, 5, 0).unwrap_err();
            assert!(matches!(refused, Error::Exists { path } if path == *out));
        }
        let below = write(&file.join("set"), 5, 5, 0).unwrap_err();
        assert!(matches!(below, Error::Write { .. }), "{below}");
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        assert_eq!(names_in(place.path()), ["empty", "file"]);
    }

    #[test]
    fn counts_of_zero_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("set");
        for (train, test, named) in [(0, 5, "train"), (5, 0, "test")] {
            let refused = write(&out, train, test, 0).unwrap_err();
            assert!(matches!(refused, Error::Setting { setting, .. } if setting == named));
        }
        assert!(names_in(place.path()).is_empty());
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let folder = NewFolder::new(&place.path().join("set")).unwrap();
        write_set(folder.path(), "train", 0, 3, 0).unwrap();
        // The second time, the file exists.
        let failure = write_set(folder.path(), "train", 0, 3, 0).unwrap_err();
        assert!(matches!(failure, Error::Write { .. }));
        drop(folder);
        assert!(names_in(place.path()).is_empty());
    }
}
