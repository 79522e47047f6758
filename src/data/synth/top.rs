//! The cut that all garments for the upper body share.

use super::canvas::Canvas;
use super::hand::Hand;

/// The measures of a garment for the upper body.
pub(super) struct Top {
    /// The heights of the shoulder line and of the hem.
    pub(super) top: f32,
    pub(super) hem: f32,
    /// Half widths.
    pub(super) neck: f32,
    pub(super) shoulder: f32,
    pub(super) chest: f32,
    pub(super) waist: f32,
    pub(super) bottom: f32,
    /// How far the neckline dips, and how far the shoulders slope.
    pub(super) dip: f32,
    pub(super) slope: f32,
    /// Sleeves: length, how far they point outwards for each pixel down, half widths at both ends.
    pub(super) sleeve: f32,
    pub(super) spread: f32,
    pub(super) armhole: f32,
    pub(super) cuff: f32,
}

impl Top {
    /// Draws the sleeves, the body, and the seams between them.
    pub(super) fn draw(&self, canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
        let shoulder_y = self.top + self.slope;
        let pit_y = shoulder_y + 2.0 * self.armhole;
        let sleeve_shade = shade * hand.near(0.97, 0.08);
        let seam = hand.between(0.08, 0.45);
        if self.sleeve > 0.0 {
            for side in [-1.0, 1.0] {
                // Each arm hangs a little differently.
                let spread = (self.spread + hand.near(0.0, 0.12)).max(0.0);
                let unit = 1.0 / (1.0 + spread * spread).sqrt();
                let (out, down) = (spread * unit, unit);
                let reach = self.sleeve * hand.near(1.0, 0.06);
                let x = 0.5 * (self.shoulder + self.chest) + out * reach;
                let y = 0.5 * (shoulder_y + pit_y) + down * reach * 0.93;
                let upper = [x + down * self.cuff, y - out * self.cuff];
                let lower = [x - down * self.cuff, y + out * self.cuff];
                let elbow = [
                    0.5 * (self.shoulder + upper[0]) + 0.7,
                    0.5 * (shoulder_y + upper[1]) - 0.4,
                ];
                canvas
                    .outline(&[
                        [side * (self.shoulder - 1.5), shoulder_y - 0.5, 0.2],
                        [side * (self.shoulder + 0.4), shoulder_y, 0.6],
                        [side * elbow[0], elbow[1], 0.8],
                        [side * upper[0], upper[1], 0.25],
                        [side * lower[0], lower[1], 0.25],
                        [side * self.chest, pit_y, 0.3],
                        [side * (self.chest - 2.0), pit_y, 0.0],
                    ])
                    .cloth(sleeve_shade);
                // The gap between arm and body, then the armhole's seam.
                let pit = [side * self.chest, pit_y];
                let inner = [side * (lower[0] - 0.2), lower[1]];
                canvas.line(pit, inner, 0.8).darken(seam + 0.25);
            }
        }
        // The inside of the back shows in the neck.
        canvas
            .mirrored(&[
                [0.0, self.top - 0.3, 0.0],
                [self.neck, self.top - 0.3, 0.3],
                [self.neck, self.top + 1.0, 0.0],
                [0.0, self.top + 0.5 + self.dip, 0.5],
            ])
            .plain(shade * 0.45);
        let middle = 0.5 * (pit_y + self.hem);
        canvas
            .mirrored(&[
                [0.0, self.top + self.dip, 0.0],
                [self.neck * 0.6, self.top + self.dip * 0.9, 0.9],
                [self.neck, self.top - 0.2, 0.15],
                [self.shoulder, shoulder_y, 0.4],
                [self.chest, pit_y, 0.5],
                [self.waist, middle, 0.8],
                [self.bottom, self.hem, 0.1],
                [0.0, self.hem + hand.near(0.2, 0.5), 0.4],
            ])
            .cloth(shade);
        for side in [-1.0, 1.0] {
            let from = [side * (self.shoulder - 0.2), shoulder_y];
            let over = [side * (self.chest - 0.8), 0.5 * (shoulder_y + pit_y)];
            let to = [side * self.chest, pit_y];
            canvas.stroke(from, over, to, 0.7).darken(seam);
        }
    }

    /// Draws a band along the neckline.
    pub(super) fn neckband(&self, canvas: &mut Canvas, width: f32, amount: f32) {
        let low = self.top + self.dip;
        for side in [-1.0, 1.0] {
            let over = [side * self.neck * 0.7, low];
            let to = [side * self.neck, self.top];
            canvas
                .stroke([0.0, low + 0.3], over, to, width)
                .darken(amount);
        }
    }

    /// Draws two collar points of this length.
    pub(super) fn collar(&self, canvas: &mut Canvas, size: f32, shade: f32) {
        let (neck, top) = (self.neck, self.top);
        for side in [-1.0, 1.0] {
            canvas
                .outline(&[
                    [side * 0.2, top + self.dip + 0.3, 0.1],
                    [side * neck * 0.8, top - 0.9, 0.4],
                    [side * (neck + 0.7), top - 0.2, 0.3],
                    [side * (0.4 * neck + 0.6 * size), top + self.dip + size, 0.1],
                ])
                .cloth(shade);
            let tip = [
                side * (0.4 * neck + 0.6 * size),
                top + self.dip + size + 0.2,
            ];
            let end = [side * (neck + 0.7), top + 0.3];
            canvas.line(tip, end, 0.6).darken(0.35);
        }
    }

    /// Draws a vertical line down the front, from the neckline to the hem.
    pub(super) fn opening(&self, canvas: &mut Canvas, x: f32, width: f32, amount: f32) {
        let from = [0.4 * x, self.top + self.dip];
        canvas
            .stroke(from, [x, self.top + self.dip + 3.0], [x, self.hem], width)
            .darken(amount);
    }

    /// Draws a line across the garment, `above` the hem.
    pub(super) fn across(&self, canvas: &mut Canvas, above: f32, width: f32, amount: f32) {
        let y = self.hem - above;
        let half = self.bottom.max(self.waist) + 0.5;
        canvas
            .stroke([-half, y], [0.0, y + 0.4], [half, y], width)
            .darken(amount);
    }
}
