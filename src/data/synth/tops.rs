//! T-shirt, shirt, pullover, coat and dress: what their measures are drawn from, and what is sewn on.

use super::canvas::Canvas;
use super::hand::Hand;
use super::top::Top;

pub(super) fn t_shirt(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let chest = hand.near(6.3, 1.2);
    let top = Top {
        top: hand.near(-10.6, 0.8),
        hem: hand.near(10.6, 1.8),
        neck: hand.near(3.0, 1.1),
        shoulder: chest + hand.near(0.7, 0.9),
        chest,
        waist: chest - hand.near(0.3, 0.8),
        bottom: chest + hand.near(0.1, 0.9),
        dip: hand.between(0.6, 4.0),
        slope: hand.near(1.5, 0.8),
        sleeve: if hand.chance(0.06) {
            0.0
        } else {
            hand.near(4.5, 2.8)
        },
        spread: hand.near(0.75, 0.5),
        armhole: hand.near(2.9, 0.6),
        cuff: hand.near(2.4, 0.6),
    };
    top.draw(canvas, hand, shade);
    let amount = hand.near(0.0, 0.5);
    top.neckband(canvas, 0.9, amount);
    if hand.chance(0.4) {
        // A print on the chest.
        let (x, y) = (hand.near(0.0, 1.5), hand.near(-1.5, 3.0));
        let (across, down) = (hand.between(1.2, 4.0), hand.between(0.8, 4.0));
        let amount = hand.near(0.0, 0.9);
        canvas.blob(x, y, across, down).darken(amount);
    }
}

pub(super) fn shirt(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let chest = hand.near(6.0, 1.3);
    let long = hand.chance(0.66);
    let top = Top {
        top: hand.near(-10.6, 0.8),
        hem: hand.near(10.8, 1.8),
        neck: hand.near(2.6, 0.9),
        shoulder: chest + hand.near(0.5, 0.9),
        chest,
        waist: chest - hand.near(0.5, 0.9),
        bottom: chest + hand.near(0.2, 1.0),
        dip: hand.between(0.6, 3.4),
        slope: hand.near(1.7, 0.8),
        sleeve: if long {
            hand.near(13.4, 3.0)
        } else {
            hand.near(5.8, 3.0)
        },
        spread: if long {
            hand.near(0.31, 0.26)
        } else {
            hand.near(0.65, 0.45)
        },
        armhole: hand.near(2.7, 0.5),
        cuff: if long {
            hand.near(1.6, 0.5)
        } else {
            hand.near(2.3, 0.6)
        },
    };
    top.draw(canvas, hand, shade);
    if hand.chance(0.7) {
        let amount = hand.between(0.1, 0.45);
        let x = hand.near(0.2, 0.5);
        let width = hand.between(0.5, 1.1);
        top.opening(canvas, x, width, amount);
        if hand.chance(0.5) {
            let gap = hand.between(2.4, 4.2);
            for button in 1..6_u8 {
                let y = top.top + top.dip + gap * f32::from(button);
                if y < top.hem - 0.5 {
                    canvas.blob(x, y, 0.55, 0.55).plain((shade * 1.3).min(1.0));
                }
            }
        }
    }
    if hand.chance(0.75) {
        let size = hand.between(1.0, 2.6);
        top.collar(canvas, size, (shade * hand.near(1.1, 0.14)).min(1.0));
    } else {
        let amount = hand.near(0.1, 0.4);
        top.neckband(canvas, 0.9, amount);
    }
    if hand.chance(0.25) {
        let side = if hand.chance(0.8) { 3.2 } else { -3.2 };
        let y = hand.near(-3.4, 0.8);
        canvas.blob(side, y, 1.5, 1.5).darken(0.15);
        let (left, right) = ([side - 1.5, y - 1.4], [side + 1.5, y - 1.4]);
        canvas.line(left, right, 0.6).darken(0.35);
    }
}

pub(super) fn pullover(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let chest = hand.near(6.5, 1.3);
    let top = Top {
        top: hand.near(-10.4, 0.8),
        hem: hand.near(10.0, 1.8),
        neck: hand.near(2.7, 0.9),
        shoulder: chest + hand.near(0.3, 0.9),
        chest,
        waist: chest + hand.near(0.0, 0.8),
        bottom: chest + hand.near(-0.3, 0.9),
        dip: hand.between(0.3, 2.6),
        slope: hand.near(1.7, 0.8),
        sleeve: hand.near(14.0, 3.2),
        spread: hand.near(0.26, 0.26),
        armhole: hand.near(2.9, 0.5),
        cuff: hand.near(1.8, 0.5),
    };
    top.draw(canvas, hand, shade);
    let style = hand.between(0.0, 1.0);
    if style < 0.2 {
        // A polo neck.
        let height = hand.between(0.8, 2.4);
        canvas
            .mirrored(&[
                [0.0, top.top - height, 0.0],
                [top.neck * 0.9, top.top - height, 0.3],
                [top.neck, top.top + 0.8, 0.2],
                [0.0, top.top + 1.4, 0.5],
            ])
            .cloth(shade * 0.9);
    } else if style < 0.32 {
        // A hood, lying behind the neck, and its cords.
        let width = top.neck + hand.between(0.6, 1.8);
        canvas
            .mirrored(&[
                [0.0, top.top - 1.6, 0.4],
                [width, top.top - 1.4, 0.9],
                [width, top.top + 2.4, 0.9],
                [0.0, top.top + 3.6, 0.3],
            ])
            .cloth(shade * 0.9);
        canvas
            .blob(0.0, top.top + 0.4, top.neck * 0.8, 1.3)
            .darken(0.55);
    } else {
        let amount = hand.near(0.15, 0.3);
        top.neckband(canvas, 1.2, amount);
    }
    if hand.chance(0.6) {
        let amount = hand.between(0.05, 0.35);
        let width = hand.between(0.6, 1.6);
        top.across(canvas, 1.2, width, amount);
    }
    if hand.chance(0.08) {
        // A cardigan.
        top.opening(canvas, 0.0, 0.7, 0.3);
    }
}

pub(super) fn coat(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let chest = hand.near(6.5, 1.3);
    let top = Top {
        top: hand.near(-10.8, 0.7),
        hem: hand.near(11.9, 1.5),
        neck: hand.near(2.6, 0.8),
        shoulder: chest + hand.near(0.3, 0.8),
        chest,
        waist: chest - hand.near(0.2, 0.9),
        bottom: chest + hand.near(0.6, 1.1),
        dip: hand.between(0.4, 3.6),
        slope: hand.near(1.7, 0.7),
        sleeve: hand.near(14.6, 2.8),
        spread: hand.near(0.2, 0.2),
        armhole: hand.near(2.8, 0.5),
        cuff: hand.near(2.1, 0.5),
    };
    top.draw(canvas, hand, shade);
    if hand.chance(0.85) {
        let x = hand.near(0.0, 0.9);
        let width = hand.between(0.5, 1.2);
        let amount = hand.between(0.2, 0.75);
        top.opening(canvas, x, width, amount);
    }
    let style = hand.between(0.0, 1.0);
    if style < 0.55 {
        let size = hand.between(1.6, 4.2);
        top.collar(canvas, size, (shade * hand.near(0.92, 0.22)).min(1.0));
    } else if style < 0.75 {
        // A raised collar or a fur one.
        let width = top.neck + hand.between(0.2, 1.6);
        canvas
            .mirrored(&[
                [0.0, top.top - 0.6, 0.4],
                [width, top.top - 1.2, 0.6],
                [width, top.top + 1.8, 0.8],
                [0.0, top.top + 2.6 + top.dip * 0.4, 0.3],
            ])
            .cloth((shade * hand.near(0.95, 0.3)).min(1.0));
    }
    if hand.chance(0.4) {
        let y = hand.near(4.4, 1.6);
        let tilt = hand.near(0.4, 0.8);
        for side in [-1.0, 1.0] {
            canvas
                .line([side * 2.0, y], [side * 4.6, y + tilt], 0.8)
                .darken(0.4);
        }
    }
    if hand.chance(0.2) {
        let above = hand.near(9.0, 1.5);
        let amount = hand.near(0.25, 0.3);
        top.across(canvas, above, 1.3, amount);
    }
}

pub(super) fn dress(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let kind = hand.between(0.0, 1.0);
    let chest = hand.near(4.4, 1.3);
    let flare = if hand.chance(0.3) {
        hand.between(-0.2, 1.0)
    } else {
        hand.between(0.6, 4.2)
    };
    let (sleeve, spread) = match kind {
        k if k < 0.46 => (0.0, 0.0),
        k if k < 0.76 => (hand.near(4.2, 2.6), hand.near(0.6, 0.4)),
        _ => (hand.near(12.5, 3.5), hand.near(0.25, 0.22)),
    };
    let waist = chest - hand.near(0.7, 0.9);
    let top = Top {
        top: hand.near(-11.4, 0.8),
        hem: hand.near(11.8, 1.2),
        neck: hand.near(2.4, 0.8),
        shoulder: chest + hand.near(0.2, 0.8),
        chest,
        waist,
        bottom: waist + flare + 0.4,
        dip: hand.between(0.5, 4.6),
        slope: hand.near(1.3, 0.7),
        sleeve,
        spread,
        armhole: hand.near(2.5, 0.5),
        cuff: hand.near(1.5, 0.5),
    };
    top.draw(canvas, hand, shade);
    if hand.chance(0.4) {
        let above = hand.near(14.0, 2.0);
        let (width, amount) = (hand.between(0.7, 1.8), hand.near(0.2, 0.5));
        top.across(canvas, above, width, amount);
    }
    if hand.chance(0.4) {
        // Pleats.
        let amount = hand.between(0.1, 0.3);
        for fold in [-0.55, 0.05, 0.6] {
            let (upper, lower) = ([fold * waist, 0.0], [fold * top.bottom, top.hem]);
            canvas
                .stroke(upper, [fold * waist, 4.0], lower, 0.8)
                .darken(amount);
        }
    }
    let amount = hand.near(0.0, 0.4);
    top.neckband(canvas, 0.8, amount);
}
