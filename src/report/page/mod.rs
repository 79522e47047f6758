//! The report: one HTML file that needs nothing else, neither network nor script.
//!
//! A content security policy in its head forbids both, so that browsers enforce it. Figures are part of the page. Everything that is
//! shown while the pointer is on a figure stands in a table too.

pub(crate) mod about;
mod answers;
mod comparison;
pub(crate) mod html;

use super::{Details, Ranking, Run};
use crate::figures::colour;
use crate::figures::svg::escape;

/// The page's own style; that of its figures is [`colour::style_sheet`].
const STYLE: &str = include_str!("style.css");

/// A section of a page: what links to it are called, its title and its content as HTML.
pub(crate) type Section<'a> = (&'a str, &'a str, String);

/// The page about runs, of which there is at least one. Curves and a table compare them; everything else is about the best.
/// `details` are those of the best run, or the reason why there are none.
///
/// # Panics
/// If there is no run.
#[must_use]
pub fn page(ranking: &Ranking<'_>, details: Result<&Details, &str>) -> String {
    let run = *ranking.runs.first().expect("a report is about a run");
    let title = match ranking.runs.len() {
        1 => run.name(),
        others => format!("{} and {} more", run.name(), others - 1),
    };
    let mut sections: Vec<Section<'_>> = Vec::new();
    if ranking.runs.len() > 1 {
        sections.push(("runs", "Runs", comparison::comparison(ranking)));
    }
    sections.push(("curves", "Error and accuracy", about::curves(ranking)));
    sections.extend(sections_of(run, details));
    document(&title, &about::head(ranking, details), &sections)
}

/// The sections about one run, but for its curves.
pub(crate) fn sections_of<'a>(run: &Run, details: Result<&Details, &str>) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    match details {
        Ok(details) => {
            sections.push(("classes", "Classes", answers::classes(details)));
            sections.push((
                "predictions",
                "Predictions",
                answers::predictions(run, details),
            ));
            sections.push((
                "mistakes",
                "Most confident mistakes",
                answers::mistakes(details),
            ));
            sections.push((
                "calibration",
                "Calibration",
                answers::calibration(run, details),
            ));
        }
        Err(why) => sections.push(("classes", "Classes and predictions", answers::missing(why))),
    }
    if let Some(model) = &run.model {
        sections.push(("weights", "First layer", answers::weights(model)));
    }
    sections.push(("settings", "Settings", about::settings(run)));
    sections.push(("machine", "Machine and time", about::machine(run)));
    sections.push(("data", "Data", about::data(run, details.ok())));
    sections
}

/// The whole page: `title` is text, `head` is HTML.
pub(crate) fn document(title: &str, head: &str, sections: &[Section<'_>]) -> String {
    let contents: String = sections
        .iter()
        .map(|(id, title, _)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(title)))
        .collect();
    let body: String = sections
        .iter()
        .map(|(id, title, body)| html::section(id, title, body))
        .collect();
    let name = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"gingham {}\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{name} \u{2013} gingham</title>\n\
         <style>\n{STYLE}{}{}\n</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n\
         <header>\n<h1>{name}</h1>\n{head}<nav aria-label=\"Contents\"><ul>{contents}</ul></nav>\n</header>\n\
         <main id=\"main\">\n{body}</main>\n<footer>Made by gingham {} (commit {}).</footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        colour::style_sheet(),
        html::swatch_sheet(),
        env!("CARGO_PKG_VERSION"),
        escape(super::commit()),
    )
}
