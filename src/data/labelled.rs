//! Images with the class of each, made from files or from memory.

use std::path::{Path, PathBuf};

use ndarray::ArrayView3;

use super::files;
use super::images::Images;
use crate::error::{Error, Result};
use crate::formats::idx::{Content, Header};
use crate::quote;

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
    /// Opens a file of images and the file of their labels. Where one is packed, that their headers agree is looked at first: what it
    /// unpacks to may take much memory.
    pub(super) fn open(images: &Path, labels: &Path) -> Result<Self> {
        let agree = |of_images: Header, of_labels: Header| {
            if of_images.count == of_labels.count {
                return Ok(());
            }
            Err(Error::Mismatch {
                path: labels.to_owned(),
                expected: format!(
                    "{} labels, one for each image of {}",
                    of_images.count,
                    quote::path(images)
                ),
                found: format!("{} labels", of_labels.count),
            })
        };
        if files::is_packed(images) || files::is_packed(labels) {
            let of_images = files::header(images, Content::Images)?;
            agree(of_images, files::header(labels, Content::Labels)?)?;
        }
        let (pixels, of_images) = files::open(images, Content::Images)?;
        let (bytes, of_labels) = files::open(labels, Content::Labels)?;
        agree(of_images, of_labels)?;
        let opened = Self {
            images: Images::of_file(images, (pixels, of_images)),
            labels: bytes[Content::Labels.header_size()..].to_vec(),
            labels_sha256: files::sha256(&bytes),
            labels_path: labels.to_owned(),
        };
        bytes.check(labels)?;
        Ok(opened)
    }

    /// Images and labels in memory: `images` of shape `(images, rows, columns)`, and for each image its class, counted from 0.
    ///
    /// # Errors
    /// [`Error::Array`] as [`Images::from_array`], and where there are more or fewer labels than images.
    pub fn from_arrays(images: ArrayView3<'_, u8>, labels: &[u8]) -> Result<Self> {
        Self::new(Images::from_array(images)?, labels.to_vec())
    }

    /// Images with the class of each, counted from 0.
    ///
    /// # Errors
    /// [`Error::Array`] where there are more or fewer labels than images.
    pub fn new(images: Images, labels: Vec<u8>) -> Result<Self> {
        files::check_count(&labels, images.count(), "image")?;
        Ok(Self {
            images,
            labels_sha256: files::labels_sha256(&labels),
            labels,
            labels_path: PathBuf::new(),
        })
    }

    /// A copy in memory of the images at `indices`, in this order, with their labels.
    ///
    /// # Panics
    /// If an index is beyond the images.
    #[must_use]
    pub fn gathered(&self, indices: &[u32]) -> Self {
        let images = indices
            .iter()
            .map(|&index| self.images.image(index as usize));
        Self {
            images: Images::copied(self.images.rows(), self.images.columns(), images),
            labels: indices
                .iter()
                .map(|&index| self.labels[index as usize])
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
    pub(crate) fn check_labels(&self, classes: usize, why: &str) -> Result<()> {
        let beyond = self
            .labels
            .iter()
            .position(|&label| usize::from(label) >= classes);
        beyond.map_or(Ok(()), |index| {
            Err(Error::Mismatch {
                path: self.labels_path.clone(),
                expected: format!("labels 0 to {} ({why})", classes - 1),
                found: format!("label {} at image {index}", self.labels[index]),
            })
        })
    }
}
