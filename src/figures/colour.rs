//! The colours of figures, each with a light and a dark form, and the style sheet that names them.
//!
//! Class colours are told from the ground by a contrast of at least 3 : 1 in both schemes (WCAG 2.2, 1.4.11); the first two, blue
//! and orange, are told from each other by everyone, so figures of two series need no others.

use std::fmt::Write;

/// A colour in a light and in a dark figure, as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// On a light ground.
    pub light: &'static str,
    /// On a dark ground.
    pub dark: &'static str,
}

const fn pair(light: &'static str, dark: &'static str) -> Pair {
    Pair { light, dark }
}

/// Ten colours for series and classes. Class `i` has colour `i mod 10`, as the style sheet's `line0` .. `line9` (strokes)
/// and `fill0` .. `fill9`.
pub const SERIES: [Pair; 10] = [
    pair("#1f6fc4", "#62a8f5"),
    pair("#c8560a", "#ff9a4a"),
    pair("#2a8440", "#5fca78"),
    pair("#c2303a", "#ff7a78"),
    pair("#8250be", "#bd98ff"),
    pair("#875a3a", "#cfa383"),
    pair("#c93f8e", "#ff8ac8"),
    pair("#636b76", "#a9b2be"),
    pair("#7d7a0c", "#d2cf52"),
    pair("#0b8494", "#4fd0e0"),
];

/// Eight tones from the worst to the best, in even steps of lightness (OKLab): the best stands out most from the ground. Tone `i` is
/// the style sheet's `strand{i}` (strokes) and `tone{i}` (fills).
pub const TONES: [Pair; 8] = [
    pair("#82cdcd", "#565190"),
    pair("#64b9c6", "#5269a9"),
    pair("#4aa4bf", "#4a83bd"),
    pair("#388db8", "#3c9dcc"),
    pair("#3176ae", "#31b7d4"),
    pair("#325ea3", "#39d0d6"),
    pair("#374594", "#59e7d3"),
    pair("#3a2a82", "#84fdcc"),
];

/// The ground.
pub const PAPER: Pair = pair("#ffffff", "#16181c");
/// Text, axes.
pub const INK: Pair = pair("#1d2127", "#e9ecf0");
/// Labels of ticks and other small print.
pub const MUTED: Pair = pair("#5a626d", "#a3acb8");
/// The full shade of a heat map: a number in ink is read on it and on every lighter shade.
pub const HEAT: Pair = pair("#6ea5e0", "#2b66a8");
/// Lines of the grid.
pub const GRID: Pair = pair("#e3e6ea", "#2e3339");

/// Curves that are the background of others.
pub const OTHER: Pair = pair("#b4bbc4", "#565e68");

/// The colours that are classes beside the series', each with the property that the class sets.
const CLASSES: [(&str, &str, Pair); 8] = [
    ("paper", "fill", PAPER),
    ("ink", "fill", INK),
    ("muted", "fill", MUTED),
    ("heat", "fill", HEAT),
    ("rest", "fill", GRID),
    ("grid", "stroke", GRID),
    ("axis", "stroke", MUTED),
    ("other", "stroke", OTHER),
];

/// The sizes of text: the usual one, `small` and `head`.
const TEXT_SIZES: [f32; 3] = [12.0, 10.5, 13.5];
/// The width of curves; other lines have 1.
const CURVE_WIDTH: f32 = 1.75;
/// The width of a strand, of which many lie on one another.
const STRAND_WIDTH: f32 = 1.2;
/// The lengths of a dash and of the gap behind it.
pub(super) const DASHES: [f32; 2] = [5.0, 4.0];

/// The style sheet of all figures. Classes: `paper`, `ink`, `muted` (fills), `grid`, `axis`, `other`, `line0` .. `line9` (strokes),
/// `fill0` .. `fill9`, `strand0` .. `strand7` (strokes) and `tone0` .. `tone7` (fills) of [`TONES`], `strand` (the width of one of
/// many lines), `heat`, `rest` (a fill as light as the grid), `line` (the width of curves), `dashed`, `small` and `head`
/// (sizes of text), `hit` (what shows its `hint`s only while the pointer is on it), `shades` (a picture of light shades, dark on a dark ground).
#[must_use]
pub fn style_sheet() -> String {
    let [text, small, head] = TEXT_SIZES;
    let [dash, gap] = DASHES;
    let mut sheet = format!(
        "svg.figure{{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans Condensed','DejaVu Sans',sans-serif;\
         font-size:{text}px}}\
         .figure text{{font-variant-numeric:tabular-nums}}\
         .figure .small{{font-size:{small}px}}.figure .head{{font-size:{head}px;font-weight:600}}\
         .figure .line{{fill:none;stroke-width:{CURVE_WIDTH};stroke-linejoin:round;stroke-linecap:round}}\
         .figure .strand{{fill:none;stroke-width:{STRAND_WIDTH};stroke-linejoin:round}}\
         .figure g:hover>.strand{{stroke-width:3;stroke-opacity:1}}\
         .figure .grid,.figure .axis{{fill:none;stroke-width:1}}\
         .figure .dashed{{stroke-dasharray:{dash} {gap}}}\
         .figure .hit .hint{{opacity:0}}.figure .hit:hover .hint{{opacity:1}}",
    );
    scheme(&mut sheet, |pair| pair.light);
    sheet.push_str(&dark_style_sheet());
    sheet
}

/// The part of the style sheet that holds in dark schemes only.
fn dark_style_sheet() -> String {
    let mut sheet = String::from("@media (prefers-color-scheme:dark){");
    scheme(&mut sheet, |pair| pair.dark);
    sheet.push_str(".figure .shades{filter:invert(1) hue-rotate(180deg)}}");
    sheet
}

fn scheme(sheet: &mut String, colour: impl Fn(&Pair) -> &'static str) {
    let mut rule = |selector: &str, property: &str, pair: &Pair| {
        write!(sheet, ".figure .{selector}{{{property}:{}}}", colour(pair))
            .expect("writing to a string");
    };
    for (class, property, pair) in &CLASSES {
        rule(class, property, pair);
    }
    for (place, pair) in SERIES.iter().enumerate() {
        rule(&format!("line{place}"), "stroke", pair);
        rule(&format!("fill{place}"), "fill", pair);
    }
    for (place, pair) in TONES.iter().enumerate() {
        rule(&format!("strand{place}"), "stroke", pair);
        rule(&format!("tone{place}"), "fill", pair);
    }
}

/// What the style sheet makes of a shape in the light scheme while no pointer is on it.
#[cfg(feature = "pictures")]
pub(super) struct Look {
    /// Of the fill, or of a line's stroke; none where the paint names no colour.
    pub(super) colour: Option<[u8; 3]>,
    pub(super) stroke_width: f32,
    /// Whether a line's joins and ends are round.
    pub(super) round: bool,
    pub(super) dashed: bool,
    pub(super) hidden: bool,
    pub(super) text_size: f32,
}

#[cfg(feature = "pictures")]
impl Look {
    /// The look of a paint: classes, or a colour as `#rrggbb`.
    pub(super) fn of(paint: &str) -> Self {
        let has = |class: &str| paint.split(' ').any(|named| named == class);
        let [text, small, head] = TEXT_SIZES;
        Self {
            colour: if paint.starts_with('#') {
                Some(rgb(paint))
            } else {
                paint
                    .split(' ')
                    .find_map(of_class)
                    .map(|pair| rgb(pair.light))
            },
            stroke_width: if has("line") && !has("grid") && !has("axis") {
                CURVE_WIDTH
            } else if has("strand") {
                STRAND_WIDTH
            } else {
                1.0
            },
            round: has("line"),
            dashed: has("dashed"),
            hidden: has("hint"),
            text_size: if has("head") {
                head
            } else if has("small") {
                small
            } else {
                text
            },
        }
    }
}

#[cfg(feature = "pictures")]
fn of_class(class: &str) -> Option<Pair> {
    let named = CLASSES.iter().find(|(name, _, _)| *name == class);
    named.map(|&(_, _, pair)| pair).or_else(|| {
        let of = |colours: &[Pair], names: [&str; 2]| {
            let number = names.iter().find_map(|name| class.strip_prefix(name))?;
            colours.get(number.parse::<usize>().ok()?).copied()
        };
        of(&SERIES, ["line", "fill"]).or_else(|| of(&TONES, ["strand", "tone"]))
    })
}

/// Red, green and blue of a colour written as `#rrggbb`.
///
/// # Panics
/// If it is not.
#[must_use]
pub fn rgb(colour: &str) -> [u8; 3] {
    let number = u32::from_str_radix(&colour[1..], 16).expect("a colour as #rrggbb");
    let [_, red, green, blue] = number.to_be_bytes();
    [red, green, blue]
}

/// A diverging map: blue at -1, white at 0, orange at 1. Both ends are equally dark.
#[must_use]
pub fn diverging(value: f64) -> [u8; 3] {
    const NEGATIVE: [f64; 3] = [24.0, 94.0, 176.0];
    const POSITIVE: [f64; 3] = [190.0, 78.0, 6.0];
    let end = if value < 0.0 { NEGATIVE } else { POSITIVE };
    let share = if value.is_finite() {
        value.abs().min(1.0)
    } else {
        0.0
    };
    end.map(|end| (255.0 + (end - 255.0) * share).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |place: usize| {
            let value = f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap());
            let value = value / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_colour_stands_out_in_both_schemes() {
        for (pair, least) in SERIES
            .iter()
            .map(|pair| (pair, 4.0))
            .chain([(&INK, 7.0), (&MUTED, 4.5)])
        {
            for (colour, paper) in [(pair.light, PAPER.light), (pair.dark, PAPER.dark)] {
                let contrast = contrast(colour, paper);
                assert!(contrast >= least, "{colour} on {paper}: {contrast:.2}");
            }
        }
    }

    /// The lightness of OKLab (Ottosson, A perceptual color space for image processing, 2020).
    fn lightness(colour: &str) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let [red, green, blue] = rgb(colour).map(linear);
        let cone = |of: [f64; 3]| (of[0] * red + of[1] * green + of[2] * blue).cbrt();
        0.210_454_255_3 * cone([0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9])
            + 0.793_617_785_0 * cone([0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6])
            - 0.004_072_046_8 * cone([0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5])
    }

    #[test]
    fn tones_are_even_and_the_best_stands_out() {
        for (colour, paper) in [
            (
                (|pair| pair.light) as fn(&Pair) -> &'static str,
                PAPER.light,
            ),
            (|pair| pair.dark, PAPER.dark),
        ] {
            let steps: Vec<f64> = TONES
                .windows(2)
                .map(|pair| lightness(colour(&pair[1])) - lightness(colour(&pair[0])))
                .collect();
            for step in &steps {
                assert!((step - steps[0]).abs() < 0.005, "{steps:?}");
            }
            let contrasts = TONES.map(|pair| contrast(colour(&pair), paper));
            assert!(contrasts.is_sorted(), "{contrasts:?}");
            assert!(contrasts[7] > 10.0, "{contrasts:?}");
        }
    }

    #[test]
    fn numbers_are_read_on_the_heat_map() {
        for (ink, heat) in [(INK.light, HEAT.light), (INK.dark, HEAT.dark)] {
            assert!(contrast(ink, heat) >= 4.5, "{:.2}", contrast(ink, heat));
        }
    }

    #[test]
    fn the_diverging_map_is_white_in_the_middle() {
        assert_eq!(diverging(0.0), [255; 3]);
        assert_eq!(diverging(f64::NAN), [255; 3]);
        assert_eq!(diverging(-7.0), [24, 94, 176]);
        assert_eq!(diverging(1.0), [190, 78, 6]);
    }
}
