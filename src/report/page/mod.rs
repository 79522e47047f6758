//! The report: one HTML file that needs nothing else, neither network nor script.
//!
//! A content security policy in its head forbids both, so that browsers enforce it. Figures are part of the page. Everything that is
//! shown while the pointer is on a figure stands in a table too.

mod about;
mod answers;
mod comparison;
mod html;

use super::{Details, Ranking};
use crate::figures::colour;
use crate::figures::svg::escape;

/// The page's own style; that of its figures is [`colour::style_sheet`].
const STYLE: &str = include_str!("style.css");

/// The page about runs, of which there is at least one. Curves and a table compare them; everything else is about the best.
/// `details` are those of the best run, or the reason why there are none.
///
/// # Panics
/// If there is no run.
#[must_use]
pub fn page(ranking: &Ranking<'_>, details: Result<&Details, &str>) -> String {
    let run = *ranking.runs.first().expect("a report is about a run");
    let several = ranking.runs.len() > 1;
    let title = match ranking.runs.len() {
        1 => run.name(),
        others => format!("{} and {} more", run.name(), others - 1),
    };
    let mut sections: Vec<(&str, &str, String)> = Vec::new();
    if several {
        sections.push(("runs", "Runs", comparison::comparison(ranking)));
    }
    sections.push(("curves", "Error and accuracy", about::curves(ranking)));
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

    let contents: String = sections
        .iter()
        .map(|(id, title, _)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(title)))
        .collect();
    let body: String = sections
        .iter()
        .map(|(id, title, body)| html::section(id, title, body))
        .collect();
    let name = escape(&title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"gingham {}\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{name} \u{2013} gingham</title>\n\
         <style>\n{STYLE}{}{}\n</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n\
         <header>\n<h1>{name}</h1>\n{}<nav aria-label=\"Contents\"><ul>{contents}</ul></nav>\n</header>\n\
         <main id=\"main\">\n{body}</main>\n<footer>Made by gingham {} (commit {}).</footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        colour::style_sheet(),
        html::swatch_sheet(),
        about::head(ranking, details),
        env!("CARGO_PKG_VERSION"),
        escape(super::commit()),
    )
}
