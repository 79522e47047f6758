//! The pieces that the page is put together from. All text from files passes through [`escape`].

use crate::figures::svg::escape;
use crate::figures::{Figure, colour};

/// A cell of a table.
pub enum Cell {
    /// Words.
    Text(String),
    /// A number as it is shown, and all its digits, which the page holds as well.
    Number(String, f64),
    /// Text to be copied, such as a checksum.
    Code(String),
    /// Text that is HTML already.
    Html(String),
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
        .map(|(column, head)| {
            let head = escape(head).replace('_', "_<wbr>");
            format!("<th scope=\"col\"{}>{head}</th>", class(column))
        })
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
                        Cell::Html(content) => content.clone(),
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
    let table = format!(
        "<table id=\"{id}\">\n<caption>{caption}</caption>\n{head}<tbody>\n{body}</tbody>\n</table>\n"
    );
    scroll("region", &caption, &table)
}

/// A box that scrolls sideways within itself where its content is wider than the page. While there is more to the right, a word and
/// a shadow say so: both stick to the visible edge, and where that is also the content's end something in the colour of the page
/// covers them.
fn scroll(role: &str, label: &str, content: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"{role}\" aria-label=\"{label}\" tabindex=\"0\"><div class=\"inner\">\n\
         <p class=\"more\" aria-hidden=\"true\">more to the side \u{2192}</p><span class=\"edge\"></span>\n\
         {content}</div></div>\n"
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
    let svg = if wide {
        classed(figure, "wide")
    } else {
        let most = format!("class=\"figure\" style=\"max-width:{}px\"", figure.width);
        figure.inline().replacen("class=\"figure\"", &most, 1)
    };
    captioned(&svg, title, caption)
}

/// A figure in its forms for a page and for a phone, of which the screen's width chooses one.
pub fn figure_of_two([page, phone]: [Figure; 2], title: &str, caption: &str) -> String {
    let svg = classed(&page, "page") + "\n" + &classed(&phone, "phone");
    captioned(&svg, title, caption)
}

/// The element of a figure, of one more class.
fn classed(figure: &Figure, class: &str) -> String {
    let classes = format!("class=\"figure {class}\"");
    figure.inline().replacen("class=\"figure\"", &classes, 1)
}

fn captioned(svg: &str, title: &str, caption: &str) -> String {
    let svg = scroll("group", &escape(title), svg);
    let caption = escape(caption);
    format!("<figure>\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n")
}

/// A text with a swatch before it, in the colour of a style class or in none.
pub fn swatch(fill: Option<String>, text: &str) -> String {
    let class = fill.map_or_else(|| "swatch".to_owned(), |fill| format!("swatch {fill}"));
    format!("<span class=\"{class}\"></span>{}", escape(text))
}

/// The colours of swatches.
pub fn swatch_sheet() -> String {
    let rules = |colour: fn(&colour::Pair) -> &'static str| {
        let rule = |(number, pair)| format!(".swatch.fill{number}{{background:{}}}", colour(pair));
        let rules = colour::SERIES.iter().enumerate().map(rule);
        rules.collect::<String>()
    };
    let (light, dark) = (rules(|pair| pair.light), rules(|pair| pair.dark));
    format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
}

/// A paragraph of text.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}
