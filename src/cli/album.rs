//! The folder of `explore --figures`. No file in it is written over without `--force`.

use std::path::{Path, PathBuf};

use gingham::error::Error;
use gingham::figures::Figure;
use gingham::quote;

use super::outfile::{self, Force};

/// The names of the figures; those of maps come last.
const NAMES: [&str; 6] = [
    "contact-sheet",
    "mean-images",
    "class-histogram",
    "pixel-histogram",
    "map",
    "map-of-images",
];
/// How many of the figures are no maps.
const NO_MAPS: usize = 4;

/// Both forms of a figure: SVG for pages and print, PNG for everything else.
fn paths(folder: &Path, name: &str) -> [PathBuf; 2] {
    ["svg", "png"].map(|form| folder.join(format!("{name}.{form}")))
}

/// Makes the folder, and refuses one that holds a figure already. This is done before minutes of work.
pub fn prepare(folder: &Path, with_map: bool, force: Force) -> Result<(), Error> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::Setting {
            setting: "figures",
            reason: format!("expected a folder, found the file {}", quote::path(folder)),
        });
    }
    let names = if with_map {
        &NAMES[..]
    } else {
        &NAMES[..NO_MAPS]
    };
    for path in names.iter().flat_map(|name| paths(folder, name)) {
        outfile::check(&path, force)?;
    }
    std::fs::create_dir_all(folder).map_err(|source| Error::Write {
        path: folder.to_owned(),
        source,
    })
}

/// Writes the figures, which must be in the order of [`NAMES`].
pub fn write(folder: &Path, pictures: &[Figure], force: Force) -> Result<(), Error> {
    /// Pixels a unit: sharp on screens of twice the usual density.
    const SCALE: f32 = 2.0;
    for (name, figure) in NAMES.iter().zip(pictures) {
        let [svg, png] = paths(folder, name);
        outfile::put(&svg, figure.svg.as_bytes(), force)?;
        outfile::put(&png, &figure.png(SCALE)?, force)?;
    }
    Ok(())
}
