//! What the user may not expect of images: that nothing is on them, or that they are the wrong way round.

use std::collections::BTreeMap;

use gingham::data::png::Range;
use gingham::error::list;

use super::ground::Ground;
use crate::cli::output::shown;

/// The greatest pixel of an image that looks black.
const DARKEST: u8 = 15;
/// The least pixel of an image that looks white.
const LIGHTEST: u8 = 255 - DARKEST;
/// The names of images that a line tells.
const MOST_SHOWN: usize = 3;

/// The names of images that there is something to say about.
pub struct Remarks {
    ground: Ground,
    blank: Vec<String>,
    dark: Vec<String>,
    light: Vec<String>,
    /// The greatest sample and the names of pictures, by what was taken for white.
    ranges: BTreeMap<u16, (u16, Vec<String>)>,
    turned: Vec<String>,
    /// The images that were looked at.
    seen: usize,
}

impl Remarks {
    pub fn new(ground: Ground) -> Self {
        Self {
            ground,
            blank: Vec::new(),
            dark: Vec::new(),
            light: Vec::new(),
            ranges: BTreeMap::new(),
            turned: Vec::new(),
            seen: 0,
        }
    }

    /// Looks at the pixels that the model is asked about.
    pub fn look_at(&mut self, pixels: &[u8], columns: usize, name: impl Fn() -> String) {
        self.seen += 1;
        let (Some(&darkest), Some(&brightest)) = (pixels.iter().min(), pixels.iter().max()) else {
            return;
        };
        if darkest == brightest {
            self.blank.push(name());
        } else if brightest <= DARKEST {
            self.dark.push(name());
        } else if darkest >= LIGHTEST {
            self.light.push(name());
        } else if self.ground.is_other(pixels, columns) {
            self.turned.push(name());
        }
    }

    /// Notes that a picture has 16 bits a sample, of which it uses fewer.
    pub fn has_range(&mut self, range: Range, name: String) {
        let (greatest, names) = self.ranges.entry(range.white).or_default();
        *greatest = range.greatest.max(*greatest);
        names.push(name);
    }

    /// Drops what is true of a few images only of a file of many: a set has images that fill their frame.
    pub fn forget_a_minority(&mut self, images: usize) {
        if 2 * self.turned.len() <= images {
            self.turned.clear();
        }
    }

    /// A line for each kind of remark.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let [found, usual] = self.ground.words();
        let about = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
            format!("{}: ", list(&names, MOST_SHOWN))
        };
        let turned = if self.ground.turns_nothing() {
            let images = about(&self.turned);
            format!(
                "{images}the border is {found} and the model takes it to be {usual}; --invert turns black and white round, \
                 --invert=auto where it is needed"
            )
        } else {
            // Of the only image, the remark is about the flag alone.
            let images = if self.seen == 1 {
                String::new()
            } else {
                about(&self.turned)
            };
            format!(
                "{images}the border is {found} after the inversion and the model takes it to be {usual}; leave --invert out, or \
                 give --invert=auto"
            )
        };
        let kinds = [
            (
                &self.blank,
                about(&self.blank) + "one colour all over, so the answer says nothing",
            ),
            (
                &self.dark,
                about(&self.dark) + &format!("nearly black: no pixel is above {DARKEST} of 255"),
            ),
            (
                &self.light,
                about(&self.light) + &format!("nearly white: no pixel is below {LIGHTEST} of 255"),
            ),
            (&self.turned, turned),
        ];
        let ranges: Vec<String> = self
            .ranges
            .iter()
            .map(|(white, (greatest, names))| {
                about(names)
                    + &format!(
                        "16 bits a sample, but none above {white} (the greatest is {greatest}), so the range is taken to be 0 to \
                         {white} and not 0 to 65535; a picture that is meant to be so dark has to be saved with 8 bits"
                    )
            })
            .collect();
        kinds
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(_, line)| line)
            .chain(ranges)
    }
}
