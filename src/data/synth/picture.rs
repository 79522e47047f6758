//! What all pictures have in common, whatever the garment: how it lies, the pattern of its cloth, and the noise of the camera.

use super::canvas::{COLUMNS, Canvas, Frame, PIXELS, ROWS};
use super::hand::Hand;

/// A random shift, scale, rotation, shear and bend; `give` says how far the garment bends.
pub(super) fn frame(give: f32, hand: &mut Hand) -> Frame {
    let middle = [14.0 + hand.near(0.0, 2.6), 14.0 + hand.near(0.0, 2.6)];
    let size = hand.near(1.04, 0.12);
    let (wide, high) = (size * hand.near(1.0, 0.12), size * hand.near(1.0, 0.08));
    let turn = hand.near(0.0, 0.11);
    let shear = hand.near(0.0, 0.06);
    // A rotation whose tangent is `turn`.
    let cosine = 1.0 / (1.0 + turn * turn).sqrt();
    let sine = turn * cosine;
    let mut bends = || [(); 3].map(|()| hand.near(0.0, give));
    Frame {
        middle,
        map: [
            [wide * cosine, high * (shear - sine)],
            [wide * sine, high * cosine],
        ],
        bend: [bends(), bends()],
    }
}

/// Draws the cloth: soft folds, a gradient, and, with the probability `printed`, stripes or checks.
pub(super) fn weave(printed: f32, canvas: &mut Canvas, hand: &mut Hand) {
    const POSTS: usize = 6;
    let depth = hand.between(0.02, 0.16);
    let (across, down) = (hand.near(0.0, 0.012), hand.near(0.0, 0.012));
    let folds: [f32; POSTS * POSTS] = std::array::from_fn(|_| 1.0 + hand.near(0.0, 2.0 * depth));
    let pattern = hand.between(0.0, 1.0);
    let pitch = 1.0 / hand.between(2.4, 7.0);
    let ink = hand.between(0.15, 0.6);
    let phase = hand.between(8.0, 9.0);
    let slant = hand.near(0.0, 0.06);
    let (ink_down, ink_across) = match pattern {
        p if p < 0.55 * printed => (ink, 0.0),
        p if p < 0.75 * printed => (0.0, ink),
        p if p < printed => (0.6 * ink, 0.6 * ink),
        _ => (0.0, 0.0),
    };
    // 0..1 back to 0 over each pitch, flattened at both ends.
    let wave = |at: f32| {
        let part = at * pitch + phase;
        let part = part - part as u32 as f32;
        (2.0 * (2.0 * part - 1.0).abs() - 0.5).clamp(0.0, 1.0)
    };
    let step = (POSTS - 1) as f32 / (ROWS - 1) as f32;
    let posts: [(usize, f32); ROWS] = std::array::from_fn(|row| {
        let at = row as f32 * step;
        let post = (at as usize).min(POSTS - 2);
        (post, at - post as f32)
    });
    for (row, texture) in canvas.texture.chunks_exact_mut(COLUMNS).enumerate() {
        let y = row as f32 - 13.5;
        let (post, part) = posts[row];
        let line: [f32; POSTS] = std::array::from_fn(|p| {
            let above = folds[post * POSTS + p];
            above + (folds[(post + 1) * POSTS + p] - above) * part
        });
        for (column, texture) in texture.iter_mut().enumerate() {
            let x = column as f32 - 13.5;
            let (post, part) = posts[column];
            let fold = line[post] + (line[post + 1] - line[post]) * part;
            *texture = fold + across * x + down * y;
        }
        if ink_down + ink_across > 0.0 {
            for (column, texture) in texture.iter_mut().enumerate() {
                let x = column as f32 - 13.5;
                *texture *= (1.0 - ink_down * wave(y + slant * x))
                    * (1.0 - ink_across * wave(x - slant * y));
            }
        }
    }
}

/// Lets some pictures end before the garment does.
pub(super) fn crop(canvas: &mut Canvas, hand: &mut Hand) {
    if hand.chance(0.05) {
        let far = hand.between(5.0, 10.0) + 10.0;
        let (x, y) = [(far, 0.0), (-far, 0.0), (0.0, far), (0.0, -far)][hand.0.below(4) as usize];
        let lean = hand.near(0.0, 3.0);
        canvas
            .line(
                [x - y - lean, y - x - lean],
                [x + y + lean, y + x + lean],
                20.0,
            )
            .darken(1.0);
    }
}

/// Turns light into bytes: contrast, noise on the garment, and at times a little dust on the ground.
pub(super) fn expose(canvas: &Canvas, hand: &mut Hand, pixels: &mut [u8]) {
    let white = if hand.chance(0.08) {
        hand.between(105.0, 170.0)
    } else {
        hand.between(190.0, 262.0)
    };
    // A standard deviation, over that of a sum of three bytes.
    let noise = (if hand.chance(0.12) {
        hand.between(8.0, 22.0)
    } else {
        hand.between(1.5, 8.0)
    }) / 127.9;
    let mut words = 0;
    for (index, (pixel, &light)) in pixels.iter_mut().zip(&canvas.light).enumerate() {
        // Six bytes a draw serve two pixels.
        if index % 2 == 0 {
            words = (hand.0.unit() * 281_474_976_710_656.0) as u64;
        }
        let sum = (words & 255) + (words >> 8 & 255) + (words >> 16 & 255);
        words >>= 24;
        // Shadows and borders are less noisy, the ground not at all.
        let grain = (sum as f32 - 382.5) * noise * (4.0 * light).min(1.0);
        *pixel = (light * white + grain + 0.5) as u8;
    }
    if hand.chance(0.02) {
        for _ in 0..4 {
            let speck = hand.0.below(PIXELS as u32) as usize;
            pixels[speck] = pixels[speck].max(1 + hand.0.below(12) as u8);
        }
    }
}
