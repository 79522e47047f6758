//! Images as a terminal shows them.

use gingham::data::Labelled;
use gingham::explore::figures;
use gingham::explore::text::{self, Ink, Picture};
use gingham::figures::colour;

use crate::cli::output::shown;

/// The first `images` images of each class, or as many as the terminal has room for.
pub fn first_of_each(data: &Labelled, classes: &[String], images: usize) -> String {
    let columns = data.images.columns();
    let (times, count) = text::fitting(columns, images, width());
    let mut lines = Vec::new();
    let ink = if blocks() { ink() } else { Ink::Plain };
    let first = figures::first_of_each(data, classes.len(), count);
    for (label, (name, indices)) in classes.iter().zip(first).enumerate() {
        let picture = |index| Picture::shrunk(data.images.image(index), columns, times);
        let pictures: Vec<Picture> = indices.into_iter().map(picture).collect();
        lines.push(format!("\n{}{label} {}", swatch(ink, label), shown(name)));
        lines.extend(text::side_by_side(&pictures, ink));
    }
    lines.join("\n")
}

/// The numbers of one image, shaded by their value.
pub fn numbers(image: &[u8], columns: usize) -> String {
    text::numbers(image, columns, ink()).join("\n")
}

/// The colour of a class in the figures, where there is colour.
fn swatch(ink: Ink, label: usize) -> String {
    let colour = colour::SERIES[label % colour::SERIES.len()].dark;
    match ink {
        Ink::Plain => String::new(),
        _ => ink.paint(colour::rgb(colour), "\u{25a0} "),
    }
}

/// The colours that stdout can show.
fn ink() -> Ink {
    let is = |value| std::env::var_os("COLORTERM").is_some_and(|found| found == value);
    if anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never {
        Ink::Plain
    } else if is("truecolor") || is("24bit") {
        Ink::TrueColour
    } else {
        Ink::Colours256
    }
}

/// Whether the locale can show block characters: it says UTF-8, or nothing at all, as in many containers.
fn blocks() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    named.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The width of the terminal in characters.
fn width() -> usize {
    let stated = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    stated.or_else(measured).unwrap_or(80)
}
