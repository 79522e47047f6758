//! The pieces that the page is put together from. All text from files passes through [`escape`].

use crate::figures::Figure;
use crate::figures::svg::escape;

/// A cell of a table.
pub enum Cell {
    /// Words.
    Text(String),
    /// A number as it is shown, and all its digits, which the page holds as well.
    Number(String, f64),
    /// Text to be copied, such as a checksum.
    Code(String),
    /// An empty cell.
    Empty,
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An accuracy, if there is one.
    pub fn share(share: Option<f64>) -> Self {
        share.map_or(Self::Empty, |share| {
            Self::Number(crate::report::charts::percent(share), share)
        })
    }
}

/// A section of the page, with its entry in the list of contents.
pub fn section(id: &str, title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{body}\n</section>\n"
    )
}

/// A number with all its digits for programs.
pub fn number(shown: &str, value: f64) -> String {
    format!("<data value=\"{value}\">{}</data>", escape(shown))
}

/// A table whose first column names its rows; it scrolls within itself where it is wider than the page.
pub fn table(id: &str, caption: &str, heads: &[&str], rows: &[Vec<Cell>]) -> String {
    // Numbers are aligned at their last digits, unless there are words among them.
    let numeric = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column));
        let number = |cell: &Cell| matches!(cell, Cell::Number(..) | Cell::Empty);
        column > 0 && cells.all(number)
    };
    let class = |column: usize| if numeric(column) { " class=\"n\"" } else { "" };
    let heads: String = heads
        .iter()
        .enumerate()
        .map(|(column, head)| format!("<th scope=\"col\"{}>{}</th>", class(column), escape(head)))
        .collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String = row
                .iter()
                .enumerate()
                .map(|(column, cell)| {
                    let content = match cell {
                        Cell::Text(text) => escape(text),
                        Cell::Number(shown, value) => number(shown, *value),
                        Cell::Code(text) => format!("<code>{}</code>", escape(text)),
                        Cell::Empty => "\u{2013}".to_owned(),
                    };
                    match column {
                        0 => format!("<th scope=\"row\">{content}</th>"),
                        _ => format!("<td{}>{content}</td>", class(column)),
                    }
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    let caption = escape(caption);
    let head = if heads.contains("></th>") && heads.matches("<th").count() <= 2 {
        String::new() // two columns of names and values explain themselves
    } else {
        format!("<thead><tr>{heads}</tr></thead>\n")
    };
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table id=\"{id}\">\n\
         <caption>{caption}</caption>\n{head}<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )
}

/// A table of names and values.
pub fn facts(id: &str, caption: &str, rows: Vec<(&str, Cell)>) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(name, cell)| vec![Cell::text(name), cell])
        .collect();
    table(id, caption, &["", ""], &rows)
}

/// A figure with its caption. A `wide` one scrolls within itself on a narrow screen; others shrink.
pub fn figure(figure: &Figure, title: &str, wide: bool, caption: &str) -> String {
    let svg = figure.inline();
    let svg = if wide {
        svg.replacen("class=\"figure\"", "class=\"figure wide\"", 1)
    } else {
        let most = format!("class=\"figure\" style=\"max-width:{}px\"", figure.width);
        svg.replacen("class=\"figure\"", &most, 1)
    };
    format!(
        "<figure>\n<div class=\"scroll\" role=\"group\" aria-label=\"{}\" tabindex=\"0\">{svg}</div>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        escape(title),
        escape(caption)
    )
}

/// A paragraph of text.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}
