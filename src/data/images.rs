//! Images as bytes: mapped from an IDX file, or in memory.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ndarray::ArrayView3;

use super::augment::Change;
use super::files;
use super::mmap::Bytes;
use crate::error::{Error, Result};
use crate::formats::idx::{Content, Header};

/// Images of one size, a byte for each pixel. They stay in the mapped file, or (for a `.gz` and for arrays) in memory.
#[derive(Debug)]
pub struct Images {
    path: PathBuf,
    bytes: Bytes,
    /// Where the first image's first pixel is.
    offset: usize,
    count: usize,
    rows: usize,
    columns: usize,
    /// Taken when it is first asked for, since not every command needs it.
    sha256: OnceLock<String>,
}

impl Images {
    /// Opens an IDX file of images; a name that ends in `.gz` is decoded.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`] and [`Error::Idx`].
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of_file(path, files::open(path, Content::Images)?))
    }

    /// Reads an IDX file of images, packed or not, from a stream such as standard input. Messages call it `name`.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Idx`].
    pub fn read(stream: impl Read, name: &Path) -> Result<Self> {
        Ok(Self::of_file(
            name,
            files::read(stream, name, Content::Images)?,
        ))
    }

    /// The images of a file that was opened and checked.
    pub(super) fn of_file(path: &Path, (bytes, header): (Bytes, Header)) -> Self {
        Self {
            path: path.to_owned(),
            bytes,
            offset: Content::Images.header_size(),
            count: header.count,
            rows: header.rows,
            columns: header.columns,
            sha256: OnceLock::new(),
        }
    }

    /// A copy of an array of shape `(images, rows, columns)`.
    ///
    /// # Errors
    /// [`Error::Array`] for images without a pixel, and for more than 2³² - 1 images.
    pub fn from_array(array: ArrayView3<'_, u8>) -> Result<Self> {
        let (count, rows, columns) = array.dim();
        if rows == 0 || columns == 0 || u32::try_from(count).is_err() {
            return Err(Error::Array {
                array: "images",
                expected: "shape (images, rows, columns) with at least one row and one column"
                    .to_owned(),
                found: format!("{:?}", array.shape()),
            });
        }
        let pixels = match array.as_slice() {
            Some(pixels) => pixels.to_vec(),
            None => array.iter().copied().collect(),
        };
        Ok(Self::in_memory(pixels, rows, columns))
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
        let mut pixels = Vec::with_capacity(images.len() * rows * columns);
        for image in images {
            assert_eq!(image.len(), rows * columns, "pixels of an image");
            pixels.extend_from_slice(image);
        }
        Self::in_memory(pixels, rows, columns)
    }

    /// The same images in memory, with black and white exchanged.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let inverted = self.pixels().iter().map(|pixel| 255 - pixel).collect();
        Self {
            path: self.path.clone(),
            ..Self::in_memory(inverted, self.rows, self.columns)
        }
    }

    /// The images at `indices` in memory, each mirrored left to right.
    ///
    /// # Panics
    /// If an index is beyond the images.
    #[must_use]
    pub fn mirrored(&self, indices: &[u32]) -> Self {
        let size = self.pixels_per_image();
        let mut pixels = vec![0; indices.len() * size];
        for (&index, to) in indices.iter().zip(pixels.chunks_exact_mut(size)) {
            Change::MIRRORED.apply(self.shape(), self.image(index as usize), to);
        }
        Self::in_memory(pixels, self.rows, self.columns)
    }

    /// Images that come from no file: `pixels` holds image after image, row after row, each row with at least one pixel.
    fn in_memory(pixels: Vec<u8>, rows: usize, columns: usize) -> Self {
        Self {
            path: PathBuf::new(),
            offset: 0,
            count: pixels.len() / (rows * columns),
            rows,
            columns,
            bytes: Bytes::Owned(pixels),
            sha256: OnceLock::new(),
        }
    }

    /// The number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Rows of an image.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of an image.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows and columns of an image.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Pixels of an image.
    #[must_use]
    pub fn pixels_per_image(&self) -> usize {
        self.rows * self.columns
    }

    /// The pixels of image number `index`, row by row.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.pixels_per_image();
        &self.pixels()[index * size..(index + 1) * size]
    }

    /// The pixels of all images, one image behind the other.
    fn pixels(&self) -> &[u8] {
        &self.bytes[self.offset..]
    }

    /// The file that they come from; empty for images in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses images whose file was changed since it was opened. Where their digest was taken before ([`Self::sha256`]), a file that
    /// only has another time of change is not refused.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub fn check(&self) -> Result<()> {
        let before = self.sha256.get();
        self.bytes.check_but(&self.path, |bytes| {
            before.is_some_and(|before| *before == files::sha256(bytes))
        })
    }

    /// The SHA-256 digest of that file (decoded), in hexadecimal; for images in memory, of the file that would hold them.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| {
            files::images_sha256([self.count, self.rows, self.columns], self.pixels())
        })
    }
}
