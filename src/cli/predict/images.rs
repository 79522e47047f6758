//! The images that a model is asked about: from an IDX file, from PNG files, from standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use gingham::data::png::Picture;
use gingham::data::{self, Images};
use gingham::error::{Error, Result};
use gingham::quote;

use super::ground::Ground;
use super::remarks::Remarks;
use crate::cli::infile::input;

/// Images of the size that the model takes.
pub struct Asked {
    /// What each is called; empty where they go by their numbers.
    pub names: Vec<String>,
    pub images: Images,
    pub remarks: Remarks,
    /// Why pictures that were given are not among the images.
    pub refused: Vec<Error>,
}

/// The images of an IDX file.
pub fn of_idx(path: &Path, [rows, columns]: [usize; 2], ground: &Ground) -> anyhow::Result<Asked> {
    let images = match stream(path) {
        Some(stream) => stream.and_then(|(stream, name)| Images::read(stream, name)),
        None => Images::open(path),
    }
    .context("reading images")?;
    if images.shape() != (rows, columns) {
        let expected = format!("images of {rows} x {columns} pixels, as the model takes");
        let found = format!("{} x {}", images.rows(), images.columns());
        return Err(Error::Mismatch {
            path: images.path().to_owned(),
            expected,
            found,
        }
        .into());
    }
    let all = (0..images.count()).map(|index| images.image(index));
    let images = if ground.turns_nothing() {
        images
    } else {
        let turned: Vec<Vec<u8>> = all.map(|image| ground.turn(image, columns)).collect();
        Images::copied(rows, columns, turned.iter().map(Vec::as_slice))
    };
    let mut remarks = Remarks::new(*ground);
    for index in 0..images.count() {
        remarks.look_at(images.image(index), columns, || format!("image {index}"));
    }
    remarks.forget_a_minority(images.count());
    Ok(Asked {
        names: Vec::new(),
        images,
        remarks,
        refused: Vec::new(),
    })
}

/// The pictures that can be read, and why the others cannot.
pub fn of_pictures(paths: &[PathBuf], [rows, columns]: [usize; 2], ground: &Ground) -> Asked {
    let mut remarks = Remarks::new(*ground);
    let (mut names, mut pixels, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let picture = match stream(path) {
            Some(stream) => {
                stream.and_then(|(stream, name)| Picture::read(stream, name, rows, columns))
            }
            None => Picture::open(path, rows, columns),
        };
        match picture {
            Ok(picture) => {
                let name = quote::text(path);
                let image = ground.lay(&picture);
                remarks.look_at(&image, columns, || name.clone());
                if let Some(range) = picture.range() {
                    remarks.has_range(range, name.clone());
                }
                names.push(name);
                pixels.push(image);
            }
            Err(error) => refused.push(error),
        }
    }
    Asked {
        names,
        images: Images::copied(rows, columns, pixels.iter().map(Vec::as_slice)),
        remarks,
        refused,
    }
}

/// The stream of this name, with what messages call it; none for a file.
fn stream(path: &Path) -> Option<Result<(Box<dyn Read>, &Path)>> {
    let name = if path == Path::new("-") {
        Path::new("stdin")
    } else {
        path
    };
    let stream = data::stream(input(path))?;
    Some(stream.map(|stream| (stream, name)))
}
