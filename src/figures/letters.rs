//! Text as outlines, in the same letters on every machine: the font is built in.
//!
//! Each letter is one glyph, set to the right of the one before it and moved by the pair's kerning. That is all that the figures'
//! words and numbers need; scripts that join their letters or run to the left are for the SVG.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};
use zeno::{Command, PathBuilder};

/// The font, read once: DejaVu Sans Condensed, whose own licence asks only that its name is kept.
fn font() -> &'static Face<'static> {
    static FONT: OnceLock<Face<'static>> = OnceLock::new();
    FONT.get_or_init(|| {
        Face::parse(dejavu::sans_condensed::regular(), 0).expect("the font that is built in")
    })
}

/// The outline of a text on one line, and its length: in units of the font, `y` upwards from the base line. Blanks are
/// joined into one as in SVG. See [`units_per_em`].
pub(super) fn outline(text: &str) -> (Vec<Command>, f32) {
    let font = font();
    let mut pen = Pen {
        path: Vec::new(),
        x: 0.0,
    };
    let mut before: Option<GlyphId> = None;
    for letter in words(text) {
        // Glyph 0 is the box that stands for a letter that the font lacks.
        let glyph = font.glyph_index(letter).unwrap_or_default();
        if let Some(before) = before {
            pen.x += kerning(font, before, glyph);
        }
        font.outline_glyph(glyph, &mut pen);
        pen.x += f32::from(font.glyph_hor_advance(glyph).unwrap_or(0));
        before = Some(glyph);
    }
    (pen.path, pen.x)
}

/// The size of the font in its own units.
pub(super) fn units_per_em() -> f32 {
    f32::from(font().units_per_em())
}

/// The letters of a text, with one blank between words and none around them.
fn words(text: &str) -> impl Iterator<Item = char> {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .enumerate()
        .flat_map(|(number, word)| (number > 0).then_some(' ').into_iter().chain(word.chars()))
}

/// How far two letters are moved apart, or with less than 0 together.
fn kerning(font: &Face<'_>, left: GlyphId, right: GlyphId) -> f32 {
    let tables = font.tables().kern.into_iter();
    let pair = tables
        .flat_map(|kern| kern.subtables)
        .filter(|table| table.horizontal && !table.variable)
        .find_map(|table| table.glyphs_kerning(left, right));
    pair.map_or(0.0, f32::from)
}

/// Takes a glyph's outline at its place on the line.
struct Pen {
    path: Vec<Command>,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let at = self.x;
        self.path.move_to([at + x, y]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let at = self.x;
        self.path.line_to([at + x, y]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let at = self.x;
        self.path.quad_to([at + x1, y1], [at + x, y]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let at = self.x;
        self.path
            .curve_to([at + x1, y1], [at + x2, y2], [at + x, y]);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
