//! A folder of IDX files, opened and checked: images stay mapped, labels are copied.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::mmap::{self, Bytes};
use crate::error::{Error, Result};
use crate::formats::idx::{self, Content, Header};

/// Digest of Fashion-MNIST's training labels (the decoded file), by which its class names are known.
const FASHION_MNIST_LABELS: &str =
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9";

/// The class names of Fashion-MNIST, by label.
pub const FASHION_MNIST_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// The images of one IDX file, mapped or (for a `.gz`) decoded into memory.
#[derive(Debug)]
pub struct Images {
    path: PathBuf,
    bytes: Bytes,
    header: Header,
}

impl Images {
    /// Opens an IDX file of images; a name that ends in `.gz` is decoded.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`] and [`Error::Idx`].
    pub fn open(path: &Path) -> Result<Self> {
        let (bytes, header) = open(path, Content::Images)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            header,
        })
    }

    /// A copy in memory of `images`, each of `rows` x `columns` pixels.
    ///
    /// # Panics
    /// If an image is of another size.
    #[must_use]
    pub fn copied<'a>(
        rows: usize,
        columns: usize,
        images: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> Self {
        let (count, offset) = (images.len(), Content::Images.header_size());
        let mut bytes = Vec::with_capacity(offset + count * rows * columns);
        bytes.resize(offset, 0);
        for image in images {
            assert_eq!(image.len(), rows * columns, "pixels of an image");
            bytes.extend_from_slice(image);
        }
        let header = Header {
            content: Content::Images,
            count,
            rows,
            columns,
            file_size: bytes.len(),
        };
        Self {
            path: PathBuf::new(),
            bytes: Bytes::Owned(bytes),
            header,
        }
    }

    /// The same images in memory, with black and white turned round.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let header = Content::Images.header_size();
        let turned = self
            .bytes
            .iter()
            .enumerate()
            .map(|(place, byte)| if place < header { *byte } else { 255 - byte });
        Self {
            path: self.path.clone(),
            bytes: Bytes::Owned(turned.collect()),
            header: self.header,
        }
    }

    /// How many images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.header.count
    }

    /// Rows of an image.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.header.rows
    }

    /// Columns of an image.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.header.columns
    }

    /// Rows and columns of an image.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.header.rows, self.header.columns)
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels_per_image(&self) -> usize {
        self.header.rows * self.header.columns
    }

    /// The pixels of image number `place`, row by row.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn image(&self, place: usize) -> &[u8] {
        let size = self.pixels_per_image();
        &self.bytes[Content::Images.header_size()..][place * size..(place + 1) * size]
    }

    /// The file they come from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of that file (decoded), in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Images and the class of each.
#[derive(Debug)]
pub struct Labelled {
    /// The images.
    pub images: Images,
    /// The class of each image.
    pub labels: Vec<u8>,
    /// SHA-256 of the label file (decoded), in hexadecimal.
    pub labels_sha256: String,
    /// The file that the labels come from.
    labels_path: PathBuf,
}

impl Labelled {
    /// Opens `FOLDER/PREFIX-images-idx3-ubyte` and `FOLDER/PREFIX-labels-idx1-ubyte`, each raw or with `.gz` behind it.
    fn open(folder: &Path, prefix: &str) -> Result<Self> {
        let images = Images::open(&find(folder, prefix, Content::Images))?;
        let labels_path = find(folder, prefix, Content::Labels);
        let (bytes, header) = open(&labels_path, Content::Labels)?;
        if header.count != images.count() {
            return Err(Error::Mismatch {
                path: labels_path,
                expected: format!(
                    "{} labels, one for each image of {}",
                    images.count(),
                    images.path().display()
                ),
                found: format!("{} labels", header.count),
            });
        }
        Ok(Self {
            images,
            labels: bytes[Content::Labels.header_size()..].to_vec(),
            labels_sha256: sha256(&bytes),
            labels_path,
        })
    }

    /// A copy in memory of the images at `places`, in this order, with their labels.
    ///
    /// # Panics
    /// If a place is beyond the images.
    #[must_use]
    pub fn gathered(&self, places: &[u32]) -> Self {
        let images = places
            .iter()
            .map(|&place| self.images.image(place as usize));
        Self {
            images: Images::copied(self.images.rows(), self.images.columns(), images),
            labels: places
                .iter()
                .map(|&place| self.labels[place as usize])
                .collect(),
            labels_sha256: self.labels_sha256.clone(),
            labels_path: self.labels_path.clone(),
        }
    }

    /// The file that the labels come from.
    #[must_use]
    pub fn labels_path(&self) -> &Path {
        &self.labels_path
    }

    /// Refuses a label that none of `classes` classes has.
    fn check_labels(&self, classes: usize, why: &str) -> Result<()> {
        let beyond = self
            .labels
            .iter()
            .position(|&label| usize::from(label) >= classes);
        beyond.map_or(Ok(()), |place| {
            Err(Error::Mismatch {
                path: self.labels_path.clone(),
                expected: format!("labels 0 to {} ({why})", classes - 1),
                found: format!("label {} at image {place}", self.labels[place]),
            })
        })
    }
}

/// A training file, the official test file where there is one, and the names of the classes.
#[derive(Debug)]
pub struct Dataset {
    /// The folder it was opened from.
    pub folder: PathBuf,
    /// The training images; the hold-out is cut from these.
    pub train: Labelled,
    /// The official test images.
    pub test: Option<Labelled>,
    /// The name of each class, by label.
    pub classes: Vec<String>,
}

impl Dataset {
    /// Opens the folder: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and where present the same with `t10k`
    /// for `train`, raw or `.gz`, and `classes.txt` (a class name a line).
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], [`Error::Idx`], and [`Error::Mismatch`] where files do not belong together.
    pub fn open(folder: &Path) -> Result<Self> {
        if let Err(source) = std::fs::read_dir(folder) {
            return Err(Error::Read {
                path: folder.to_owned(),
                source,
            });
        }
        let train = Labelled::open(folder, "train")?;
        let has_test = [Content::Images, Content::Labels]
            .iter()
            .any(|&content| find(folder, "t10k", content).exists());
        let test = has_test
            .then(|| Labelled::open(folder, "t10k"))
            .transpose()?;
        let names = folder.join("classes.txt");
        let names = names.exists().then(|| class_names(&names)).transpose()?;
        let (classes, why) = match names {
            Some(names) => (names, "classes.txt names no more"),
            None if train.labels_sha256 == FASHION_MNIST_LABELS => (
                FASHION_MNIST_CLASSES.map(str::to_owned).to_vec(),
                "Fashion-MNIST has no more",
            ),
            None => {
                let last = train.labels.iter().copied().max().unwrap_or(0);
                (
                    (0..=last).map(|label| label.to_string()).collect(),
                    "the training labels have no more",
                )
            }
        };
        train.check_labels(classes.len(), why)?;
        if let Some(test) = &test {
            test.check_labels(classes.len(), why)?;
            if test.images.shape() != train.images.shape() {
                let (rows, columns) = train.images.shape();
                return Err(Error::Mismatch {
                    path: test.images.path.clone(),
                    expected: format!(
                        "images of {rows} x {columns} pixels, as the training images"
                    ),
                    found: format!("{} x {}", test.images.rows(), test.images.columns()),
                });
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            train,
            test,
            classes,
        })
    }
}

/// The raw file where it exists, else the `.gz` where that exists, else the raw file (whose absence is then reported).
fn find(folder: &Path, prefix: &str, content: Content) -> PathBuf {
    let name = match content {
        Content::Images => format!("{prefix}-images-idx3-ubyte"),
        Content::Labels => format!("{prefix}-labels-idx1-ubyte"),
    };
    let (raw, packed) = (folder.join(&name), folder.join(name + ".gz"));
    if !raw.exists() && packed.exists() {
        packed
    } else {
        raw
    }
}

/// Opens one IDX file and checks it whole.
fn open(path: &Path, content: Content) -> Result<(Bytes, Header)> {
    let bytes = if path.extension().is_some_and(|extension| extension == "gz") {
        Bytes::Owned(decode(path, content)?)
    } else {
        mmap::bytes(path)?
    };
    let header = idx::whole(&bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })?;
    Ok((bytes, header))
}

/// Decodes a `.gz` into memory: its header first, then no more than one byte beyond what the header promises, so that
/// neither a bomb nor a lie makes us hold more than the file itself accounts for.
fn decode(path: &Path, content: Content) -> Result<Vec<u8>> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut decoder = flate2::read::MultiGzDecoder::new(std::io::BufReader::new(mmap::open(path)?));
    let mut bytes = Vec::new();
    decoder
        .by_ref()
        .take(content.header_size() as u64)
        .read_to_end(&mut bytes)
        .map_err(read)?;
    let header = idx::header(&bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })?;
    let rest = (header.file_size - bytes.len()) as u64 + 1;
    decoder.take(rest).read_to_end(&mut bytes).map_err(read)?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The class names in a text file such as `classes.txt`: one a line, by label.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`], and [`Error::Mismatch`] for no names or more than 256.
pub fn class_names(path: &Path) -> Result<Vec<String>> {
    /// No list of 256 names is longer.
    const MOST_BYTES: u64 = 64 * 1024;
    let refuse = |found: String| {
        Err(Error::Mismatch {
            path: path.to_owned(),
            expected: "1 to 256 class names, one a line".to_owned(),
            found,
        })
    };
    let mut text = String::new();
    mmap::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    if text.len() as u64 > MOST_BYTES {
        return refuse(format!("more than {} KiB", MOST_BYTES / 1024));
    }
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if (1..=256).contains(&names.len()) {
        Ok(names)
    } else {
        refuse(names.len().to_string())
    }
}
