//! The ten garments: what varies in each, and how it is drawn.
//!
//! Neighbouring classes share a procedure where the garments share a cut (all tops, all shoes), and differ by the ranges
//! that their measures are drawn from. How far those ranges overlap is what makes the set hard: a long T-shirt is nearly
//! a dress, a coat without its opening a pullover. All lengths are in pixels, all shades in 0..1, and x and y start in
//! the garment's middle.

use super::canvas::Canvas;
use super::hand::Hand;
use super::{picture, shoes, tops};

/// Draws a garment of `class`.
pub(super) fn garment(class: u8, hand: &mut Hand) -> Canvas {
    // Cloth hangs as it likes, shoes and bags are stiff; cloth for tops is printed more often than other cloth.
    let (give, printed) = match class {
        0 | 2 | 3 | 6 => (1.1, 0.24),
        1 | 4 => (1.1, 0.12),
        _ => (0.6, 0.1),
    };
    let mut canvas = Canvas::new(picture::frame(give, hand));
    picture::weave(printed, &mut canvas, hand);
    let shade = if hand.chance(0.25) {
        hand.between(0.28, 0.5)
    } else {
        hand.between(0.5, 0.95)
    };
    match class {
        0 => tops::t_shirt(&mut canvas, hand, shade),
        1 => trouser(&mut canvas, hand, shade),
        2 => tops::pullover(&mut canvas, hand, shade),
        3 => tops::dress(&mut canvas, hand, shade),
        4 => tops::coat(&mut canvas, hand, shade),
        5 => shoes::sandal(&mut canvas, hand, shade),
        6 => tops::shirt(&mut canvas, hand, shade),
        7 => shoes::sneaker(&mut canvas, hand, shade),
        8 => bag(&mut canvas, hand, shade),
        _ => shoes::ankle_boot(&mut canvas, hand, shade),
    }
    picture::crop(&mut canvas, hand);
    canvas
}

fn trouser(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let top = hand.near(-11.4, 0.8);
    let hem = if hand.chance(0.08) {
        hand.between(1.0, 8.0)
    } else {
        hand.near(11.8, 1.0)
    };
    let waist = hand.near(3.7, 1.0);
    let hip = waist + hand.between(0.2, 1.3);
    let fork = top + hand.near(8.2, 1.6);
    let gap = hand.between(0.0, 1.7);
    let leg = hand.near(2.6, 1.0);
    canvas
        .mirrored(&[
            [0.0, top, 0.0],
            [waist, top, 0.1],
            [hip, top + 5.5, 0.7],
            [0.5 * (hip + gap + leg), 0.5 * (top + hem) + 2.0, 0.6],
            [gap + 2.0 * leg, hem, 0.1],
            [gap, hem, 0.1],
            [0.0, fork, 0.0],
        ])
        .cloth(shade);
    // Waistband, fly, creases.
    let half = waist + 0.5;
    canvas
        .line([-half, top + 1.4], [half, top + 1.4], 0.7)
        .darken(hand.between(0.1, 0.5));
    canvas
        .line([0.0, top], [0.0, hem], hand.between(0.5, 1.0))
        .darken(hand.between(0.2, 0.8));
    if hand.chance(0.45) {
        let amount = hand.near(0.0, 0.4);
        for side in [-1.0, 1.0] {
            let pocket = [side * 0.55 * waist, top + 2.0];
            let knee = [side * (0.6 * hip + 0.2), fork];
            let ankle = [side * (gap + leg), hem];
            canvas.stroke(pocket, knee, ankle, 0.9).darken(amount);
        }
    }
}

fn bag(canvas: &mut Canvas, hand: &mut Hand, shade: f32) {
    let half = hand.near(10.0, 2.4);
    let top = hand.between(-6.5, 1.5);
    let bottom = hand.near(9.6, 1.6);
    let taper = hand.near(0.6, 2.2);
    let round = hand.between(0.05, 0.6);
    let lift = hand.between(2.0, 10.0).min(top + 12.5);
    let grip = hand.between(0.7, 2.0);
    let reach = half * hand.between(0.35, 0.9);
    let strap = shade * hand.between(0.6, 1.1);
    if !hand.chance(0.16) {
        let bow = hand.between(0.5, 1.0) * reach;
        let (end, peak) = (top - 0.4 * lift, top - lift);
        for side in [-1.0, 1.0] {
            let (foot, shoulder) = ([side * reach, top + 0.8], [side * bow, end]);
            canvas.line(foot, shoulder, grip).plain(strap);
            canvas
                .stroke(shoulder, [side * bow * 0.9, peak], [0.0, peak], grip)
                .plain(strap);
        }
    }
    canvas
        .mirrored(&[
            [0.0, top - hand.near(0.0, 1.0), 0.0],
            [half - taper, top, round],
            [half, bottom, round],
            [0.0, bottom + hand.between(0.0, 0.6), 0.4],
        ])
        .cloth(shade);
    let style = hand.between(0.0, 1.0);
    if style < 0.45 {
        // A flap with a clasp.
        let depth = hand.between(0.3, 0.75) * (bottom - top);
        let wide = half - 0.7 * taper;
        canvas
            .mirrored(&[
                [0.0, top, 0.0],
                [wide - 0.4, top, 0.2],
                [wide, top + 0.7 * depth, 0.7],
                [0.0, top + depth, 0.6],
            ])
            .darken(hand.near(0.05, 0.3));
        let (left, right) = ([-wide, top + 0.7 * depth], [wide, top + 0.7 * depth]);
        canvas
            .stroke(left, [0.0, top + 1.25 * depth], right, 0.7)
            .darken(0.4);
        canvas
            .blob(0.0, top + depth, 1.0, 0.9)
            .plain(hand.between(0.1, 1.0));
    } else if style < 0.75 {
        // A zip and a pocket.
        let y = top + hand.between(1.0, 2.4);
        canvas
            .line([-half, y], [half, y], 0.8)
            .darken(hand.between(0.2, 0.6));
        let pocket = hand.between(0.4, 0.75) * half;
        canvas
            .blob(0.0, 0.5 * (y + bottom) + 0.8, pocket, 0.34 * (bottom - y))
            .darken(hand.near(0.05, 0.3));
    }
}
