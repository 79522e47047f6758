//! What the user may not expect of images: that nothing is on them, or that they are the wrong way round.

use super::ground::Ground;
use crate::cli::output::shown;

/// The greatest pixel of an image that looks black.
const DARKEST: u8 = 15;

/// The names of images that there is something to say about.
pub struct Remarks {
    ground: Ground,
    blank: Vec<String>,
    dark: Vec<String>,
    low: Vec<String>,
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
            low: Vec::new(),
            turned: Vec::new(),
            seen: 0,
        }
    }

    /// Looks at the pixels that the model is asked about.
    pub fn look_at(&mut self, pixels: &[u8], columns: usize, name: impl Fn() -> String) {
        self.seen += 1;
        let brightest = pixels.iter().max();
        if pixels.iter().all(|pixel| Some(pixel) == brightest) {
            self.blank.push(name());
        } else if brightest.is_some_and(|&brightest| brightest <= DARKEST) {
            self.dark.push(name());
        } else if self.ground.is_other(pixels, columns) {
            self.turned.push(name());
        }
    }

    /// Notes that a picture has 16 bits a sample, of which it uses 8.
    pub fn is_low(&mut self, name: String) {
        self.low.push(name);
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
        let about = |names: &[String]| format!("{}: ", list(names));
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
                &self.low,
                about(&self.low)
                    + "16 bits a sample, but none above 255, so 255 is taken for white",
            ),
            (&self.turned, turned),
        ];
        kinds
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(_, line)| line)
    }
}

/// The first names, and how many more there are.
fn list(names: &[String]) -> String {
    const MOST: usize = 3;
    let first: Vec<String> = names.iter().take(MOST).map(|name| shown(name)).collect();
    match names.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
