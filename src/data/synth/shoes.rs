//! Sneaker, ankle boot and sandal. Toes point to the left, as in Fashion-MNIST.

use super::canvas::Canvas;
use super::hand::Hand;

/// The measures that all shoes share.
struct Sole {
    /// Where the foot ends on both sides.
    toe: f32,
    heel: f32,
    /// The height of the ground, how thick the sole is, how far the heel stands above the toes.
    ground: f32,
    thick: f32,
    lift: f32,
}

impl Sole {
    fn new(hand: &mut Hand, middle: f32, thick: f32, lift: f32) -> Self {
        Self {
            toe: hand.near(-11.6, 0.9),
            heel: hand.near(11.2, 0.9),
            ground: middle + hand.near(0.0, 1.2),
            thick,
            lift,
        }
    }

    /// The height of the foot's bed at the toes and at the heel.
    fn beds(&self) -> (f32, f32) {
        let toe = self.ground - self.thick;
        (toe, toe - self.lift)
    }

    /// Sole and heel: a heel is a block, tapered by `taper`, or a wedge that fills the arch.
    fn draw(&self, canvas: &mut Canvas, shade: f32, wedge: bool, taper: f32) {
        let (toe_bed, heel_bed) = self.beds();
        let (low, high) = (self.ground, self.ground - self.lift);
        let arch = if wedge { low } else { high };
        canvas
            .outline(&[
                [self.toe, toe_bed - 0.3, 0.5],
                [self.toe + 8.0, toe_bed + 0.2, 0.5],
                [self.heel - 6.0, heel_bed + 0.2, 0.6],
                [self.heel, heel_bed, 0.2],
                [self.heel - 0.3, if wedge { low } else { high }, 0.2],
                [self.heel - 6.0, arch, 0.6],
                [self.toe + 8.0, low, 0.5],
                [self.toe + 1.0, low, 0.6],
            ])
            .plain(shade);
        if !wedge && self.lift > 0.6 {
            canvas
                .outline(&[
                    [self.heel - 5.0, high - 0.2, 0.0],
                    [self.heel, high - 0.2, 0.0],
                    [self.heel - 0.5 - 0.3 * taper, low, 0.1],
                    [self.heel - 4.4 + taper, low, 0.1],
                ])
                .plain(shade);
        }
    }
}

pub(super) fn sneaker(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let lift = hand.between(0.0, 0.8);
    let thick = hand.between(1.2, 2.8);
    let sole = Sole::new(hand, 5.2, thick, lift);
    let (toe_bed, heel_bed) = sole.beds();
    let ankle = if hand.chance(0.14) {
        hand.between(8.0, 12.5)
    } else {
        hand.near(6.6, 1.9)
    };
    let tongue = ankle + hand.near(0.4, 1.6);
    let toe = hand.near(3.4, 0.9);
    canvas
        .outline(&[
            [sole.toe, toe_bed + 0.4, 0.1],
            [sole.toe - 0.1, toe_bed - toe, 0.9],
            [-4.6, toe_bed - toe - 1.0, 0.7],
            [0.6, toe_bed - tongue, 0.3],
            [2.8, toe_bed - tongue, 0.4],
            [5.8, heel_bed - ankle + 1.2, 0.9],
            [sole.heel - 1.6, heel_bed - ankle - 0.6, 0.5],
            [sole.heel - 0.2, heel_bed - 3.0, 0.6],
            [sole.heel, heel_bed + 0.4, 0.1],
        ])
        .cloth(shade);
    // The inside at the ankle, the laces, a stripe, the cap.
    let inside = hand.between(0.1, 0.6);
    canvas
        .blob(5.6, heel_bed - ankle + 0.6, 3.0, 1.1)
        .darken(inside);
    let laces = hand.near(0.0, 0.7);
    for lace in [0.0, 1.0, 2.0] {
        let x = -4.0 + 1.9 * lace;
        let y = toe_bed - toe - 0.6 - lace * (tongue - toe - 1.0) * 0.33;
        canvas
            .line([x - 0.2, y], [x + 1.2, y + 2.0], 0.7)
            .darken(laces);
    }
    if hand.chance(0.65) {
        let amount = hand.near(-0.1, 0.9);
        let x = hand.near(1.0, 2.0);
        let lean = hand.near(1.5, 3.0);
        let width = hand.between(0.8, 2.2);
        let (low, high) = ([x, toe_bed - 0.4], [x + lean, toe_bed - 4.8]);
        canvas
            .stroke(low, [x + lean, toe_bed - 2.0], high, width)
            .darken(amount);
    }
    if hand.chance(0.5) {
        let amount = hand.near(0.0, 0.6);
        canvas
            .outline(&[
                [sole.toe, toe_bed, 0.0],
                [sole.toe, toe_bed - 0.8 * toe, 0.8],
                [sole.toe + 3.6, toe_bed - 0.8 * toe, 0.3],
                [sole.toe + 4.2, toe_bed, 0.0],
            ])
            .darken(amount);
    }
    let rubber = if hand.chance(0.6) {
        hand.between(0.65, 1.0)
    } else {
        hand.between(0.15, 0.65)
    };
    sole.draw(canvas, rubber, true, 0.0);
}

pub(super) fn ankle_boot(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let wedge = hand.chance(0.3);
    let lift = if hand.chance(0.45) {
        hand.between(0.0, 1.4)
    } else {
        hand.between(1.0, 6.0)
    };
    let thick = hand.between(0.8, 2.2);
    let sole = Sole::new(hand, 10.0, thick, lift);
    let (toe_bed, heel_bed) = sole.beds();
    let shaft = if hand.chance(0.2) {
        hand.between(8.5, 12.0)
    } else {
        hand.between(12.0, 19.0) - 0.6 * lift
    };
    let toe = hand.near(3.4, 1.0);
    let front = hand.near(0.6, 1.6);
    let top = heel_bed - shaft;
    let back = sole.heel - hand.between(0.2, 2.2);
    canvas
        .outline(&[
            [sole.toe, toe_bed + 0.4, 0.1],
            [sole.toe - 0.1, toe_bed - toe, 0.9],
            [-4.0, toe_bed - toe - 1.4, 0.7],
            [front, heel_bed - 7.0, 0.7],
            [front + hand.near(0.0, 1.2), top + hand.near(0.0, 0.8), 0.2],
            [back, top, 0.2],
            [sole.heel - 0.8, heel_bed - 5.0, 0.6],
            [sole.heel, heel_bed + 0.4, 0.2],
        ])
        .cloth(shade);
    if hand.chance(0.6) {
        let inside = hand.between(0.2, 0.6);
        let half = 0.5 * (back - front);
        canvas
            .blob(front + half, top + 0.3, half, 0.9)
            .darken(inside);
    }
    if hand.chance(0.5) {
        // An elastic inset, a zip or a strap.
        let x = front + hand.between(2.0, 5.0);
        let (width, amount) = (hand.between(0.6, 2.6), hand.near(0.2, 0.5));
        canvas
            .line([x, top + 1.0], [x - 0.3, heel_bed - 2.0], width)
            .darken(amount);
    }
    if hand.chance(0.4) {
        let y = heel_bed - hand.between(4.0, 8.0);
        let amount = hand.near(0.1, 0.6);
        canvas
            .stroke([front - 1.5, y - 0.8], [5.0, y + 0.6], [sole.heel, y], 1.0)
            .darken(amount);
    }
    if hand.chance(0.35) {
        let laces = hand.near(0.1, 0.5);
        for lace in [0.0, 1.0, 2.0, 3.0] {
            let y = toe_bed - toe - 2.0 - lace * 2.4;
            let x = front - 3.4 + lace;
            canvas.line([x, y], [x + 2.2, y + 1.0], 0.7).darken(laces);
        }
    }
    let rubber = shade * hand.between(0.3, 1.1);
    let taper = hand.between(0.0, 2.6);
    sole.draw(canvas, rubber, wedge, taper);
}

pub(super) fn sandal(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let wedge = hand.chance(0.45);
    let lift = if hand.chance(0.5) {
        hand.between(0.0, 1.4)
    } else {
        hand.between(1.4, 8.5)
    };
    let thick = hand.between(0.9, 2.4);
    let middle = 5.0 + 0.5 * lift;
    let sole = Sole::new(hand, middle, thick, lift);
    let (toe_bed, heel_bed) = sole.beds();
    let rubber = (shade * hand.near(0.85, 0.5)).clamp(0.15, 1.0);
    let taper = hand.between(0.0, 3.2);
    sole.draw(canvas, rubber, wedge, taper);
    let bed = |x: f32| {
        let part = ((x - sole.toe - 8.0) / (sole.heel - sole.toe - 14.0)).clamp(0.0, 1.0);
        toe_bed + (heel_bed - toe_bed) * part
    };
    let width = hand.between(0.8, 2.2);
    // Straps over the toes and the instep.
    let straps = 1 + hand.0.below(3) as u8;
    let first = sole.toe + hand.between(1.0, 3.0);
    let gap = hand.between(2.6, 4.2);
    for strap in 0..straps {
        let x = first + gap * f32::from(strap);
        let rise = 2.2 + 0.9 * f32::from(strap) + hand.near(1.6, 1.6);
        let lean = hand.near(1.4, 2.6);
        let (near, far) = ([x, bed(x)], [x + lean + 3.4, bed(x + 3.4)]);
        canvas
            .stroke(near, [x + lean, bed(x) - 2.0 * rise], far, width)
            .cloth(shade);
    }
    // Around the heel and the ankle.
    if hand.chance(0.75) {
        let rise = hand.between(3.5, 8.5);
        let y = heel_bed - rise;
        let back = sole.heel - 0.8;
        canvas
            .line([back + 0.3, heel_bed], [back - 0.3, y], width)
            .cloth(shade);
        let front = hand.between(0.5, 4.0);
        let drop = hand.near(0.6, 1.4);
        canvas
            .stroke([back, y], [6.5, y + drop], [front, y + 0.3 * drop], width)
            .cloth(shade);
        if hand.chance(0.6) {
            let x = hand.between(-4.0, 2.0);
            canvas.line([front, y], [x, bed(x)], width).cloth(shade);
        }
    }
    if hand.chance(0.14) {
        // A closed one.
        canvas
            .outline(&[
                [sole.toe + 0.5, toe_bed + 0.3, 0.2],
                [sole.toe + 0.6, toe_bed - 3.4, 0.9],
                [-3.0, bed(-3.0) - 4.6, 0.6],
                [1.0, bed(1.0) - hand.between(2.0, 7.0), 0.3],
                [2.0, bed(2.0) + 0.3, 0.2],
            ])
            .cloth(shade);
    }
}
