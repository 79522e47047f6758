//! From outlines to antialiased light on a 28x28 grid.
//!
//! Garments are drawn as closed outlines, pixel by pixel coverage. Every outline is cut into straight edges; each of four
//! sample lines a row notes where the edges cross it, exactly along the row, and a running sum along the row turns the
//! crossings into coverage. That costs by the length of the outline, not by its area, and needs no arithmetic beyond
//! `+ - * /` and `sqrt`, so that a seed draws the same bytes on every machine.

/// Rows of an image.
pub const ROWS: usize = 28;
/// Columns of an image.
pub const COLUMNS: usize = 28;
/// Pixels of an image.
pub(super) const PIXELS: usize = ROWS * COLUMNS;

/// Sample lines in a row of pixels.
const LINES: usize = 4;
/// Numbers in a row of the buffer of crossings. One beyond the right border takes the crossings that lie outside.
const STRIDE: usize = COLUMNS + 2;
/// The value of `touched` where no row has crossings.
const UNTOUCHED: (usize, usize) = (ROWS, 0);

/// A corner of an outline: x to the right and y down, in pixels from the garment's middle, and how round it is: 0 is
/// sharp, at 1 the curve leaves and joins its two sides at their middles.
pub(super) type Node = [f32; 3];

/// How the garment lies in the picture: an affine map, then a slight bend that makes cloth of straight sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Where the garment's middle lies, x and y.
    pub(super) middle: [f32; 2],
    /// The affine map, by rows.
    pub(super) map: [[f32; 2]; 2],
    /// Parts of x², xy and y² (over 100) added to x, and the same added to y.
    pub(super) bend: [[f32; 3]; 2],
}

impl Frame {
    /// Where a point of the garment lies in the picture.
    fn place(&self, x: f32, y: f32) -> [f32; 2] {
        let powers = [x * x * 0.01, x * y * 0.01, y * y * 0.01];
        let bent = |b: [f32; 3]| b[0] * powers[0] + b[1] * powers[1] + b[2] * powers[2];
        let (u, v) = (x + bent(self.bend[0]), y + bent(self.bend[1]));
        let [across, down] = self.map;
        [
            self.middle[0] + across[0] * u + across[1] * v,
            self.middle[1] + down[0] * u + down[1] * v,
        ]
    }
}

/// The picture while it is drawn. An outline is laid down with [`outline`](Self::outline) and its kin; one of
/// [`cloth`](Self::cloth), [`plain`](Self::plain) and [`darken`](Self::darken) then fills it.
#[derive(Debug)]
pub(super) struct Canvas {
    /// How light each pixel is: 0 is the black ground, 1 white.
    pub(super) light: [f32; PIXELS],
    /// What the cloth multiplies a shade by, at each pixel.
    pub(super) texture: [f32; PIXELS],
    frame: Frame,
    crossings: [f32; ROWS * STRIDE],
    /// The first row with crossings in it, and the row after the last.
    touched: (usize, usize),
}

impl Canvas {
    /// A black picture.
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            light: [0.0; PIXELS],
            texture: [1.0; PIXELS],
            frame,
            crossings: [0.0; ROWS * STRIDE],
            touched: UNTOUCHED,
        }
    }

    /// Lays down a closed outline. Outlines of the same direction unite, of opposite directions cut holes.
    pub(super) fn outline(&mut self, nodes: &[Node]) -> &mut Self {
        self.trace(nodes.len(), |index| nodes[index])
    }

    /// Lays down the outline whose right half runs from `nodes`' first, at the top, to its last, at the bottom.
    pub(super) fn mirrored(&mut self, nodes: &[Node]) -> &mut Self {
        let count = nodes.len();
        self.trace(2 * count, |index| {
            if index < count {
                return nodes[index];
            }
            let [x, y, round] = nodes[2 * count - 1 - index];
            [-x, y, round]
        })
    }

    /// Lays down a blob that touches the sides of the box around it.
    pub(super) fn blob(&mut self, x: f32, y: f32, across: f32, down: f32) -> &mut Self {
        let (left, right, top, bottom) = (x - across, x + across, y - down, y + down);
        self.outline(&[
            [left, top, 1.0],
            [right, top, 1.0],
            [right, bottom, 1.0],
            [left, bottom, 1.0],
        ])
    }

    /// Lays down a straight band.
    pub(super) fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32) -> &mut Self {
        let over = [0.5 * (from[0] + to[0]), 0.5 * (from[1] + to[1])];
        self.stroke(from, over, to, width)
    }

    /// Lays down a band of constant width along the curve that leaves `from` towards `over` and ends at `to`.
    pub(super) fn stroke(
        &mut self,
        from: [f32; 2],
        over: [f32; 2],
        to: [f32; 2],
        width: f32,
    ) -> &mut Self {
        const STEPS: u8 = 6;
        let mut last = None;
        for step in 0..=STEPS {
            let t = f32::from(step) / f32::from(STEPS);
            let point = |axis: usize| bezier(from[axis], over[axis], to[axis], t);
            let slope =
                |axis: usize| (over[axis] - from[axis]) * (1.0 - t) + (to[axis] - over[axis]) * t;
            let (dx, dy) = (slope(0), slope(1));
            let half = 0.5 * width / (dx * dx + dy * dy).sqrt().max(1e-3);
            let left = self.frame.place(point(0) + dy * half, point(1) - dx * half);
            let right = self.frame.place(point(0) - dy * half, point(1) + dx * half);
            match last {
                None => self.edge(right, left),
                Some((last_left, last_right)) => {
                    self.edge(last_left, left);
                    self.edge(right, last_right);
                }
            }
            last = Some((left, right));
        }
        if let Some((left, right)) = last {
            self.edge(left, right);
        }
        self
    }

    /// Fills what was laid down with textured cloth of this shade.
    pub(super) fn cloth(&mut self, shade: f32) {
        self.fill(|light, texture, part| *light += (shade * texture - *light) * part);
    }

    /// Fills what was laid down with one shade, as of leather or a button.
    pub(super) fn plain(&mut self, shade: f32) {
        self.fill(|light, _, part| *light += (shade - *light) * part);
    }

    /// Takes this part of the light away: a seam, a fold, a gap. A negative part adds light.
    pub(super) fn darken(&mut self, amount: f32) {
        self.fill(|light, _, part| *light -= *light * amount * part);
    }

    /// Walks around an outline of `count` nodes, rounding its corners.
    fn trace(&mut self, count: usize, node: impl Fn(usize) -> Node) -> &mut Self {
        const STEPS: u8 = 4;
        let mut pen: Option<[f32; 2]> = None;
        // One node more than there are: the last round closes the outline.
        for index in 0..=count {
            let [x, y, round] = node(index % count);
            let near = |other: Node| {
                let reach = 0.5 * round;
                [x + (other[0] - x) * reach, y + (other[1] - y) * reach]
            };
            let enter = near(node((index + count - 1) % count));
            let leave = near(node((index + 1) % count));
            let first = self.frame.place(enter[0], enter[1]);
            if let Some(pen) = pen {
                self.edge(pen, first);
            }
            let mut last = first;
            if round > 0.0 && index < count {
                for step in 1..=STEPS {
                    let t = f32::from(step) / f32::from(STEPS);
                    let next = self.frame.place(
                        bezier(enter[0], x, leave[0], t),
                        bezier(enter[1], y, leave[1], t),
                    );
                    self.edge(last, next);
                    last = next;
                }
            }
            pen = Some(last);
        }
        self
    }

    /// Notes where an edge crosses the sample lines.
    fn edge(&mut self, from: [f32; 2], to: [f32; 2]) {
        let (upper, lower, weight) = if from[1] <= to[1] {
            (from, to, 1.0 / LINES as f32)
        } else {
            (to, from, -1.0 / LINES as f32)
        };
        // Line k lies at (k + 1/2) / LINES; an edge crosses those from its upper end, inclusive, to its lower end.
        let line_at = |y: f32| (y.clamp(0.0, ROWS as f32) * LINES as f32 + 0.5) as usize;
        let (first, end) = (line_at(upper[1]), line_at(lower[1]));
        if first >= end {
            return;
        }
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        for line in first..end {
            let y = (line as f32 + 0.5) / LINES as f32;
            let x = (upper[0] + (y - upper[1]) * slope).clamp(0.0, COLUMNS as f32);
            let column = x as usize;
            let beyond = weight * (x - column as f32);
            let index = line / LINES * STRIDE + column;
            self.crossings[index] += weight - beyond;
            self.crossings[index + 1] += beyond;
        }
        self.touched.0 = self.touched.0.min(first / LINES);
        self.touched.1 = self.touched.1.max((end - 1) / LINES + 1);
    }

    /// Calls `paint` with light, texture and coverage of every covered pixel and forgets what was laid down.
    fn fill(&mut self, paint: impl Fn(&mut f32, f32, f32)) {
        let (first, end) = std::mem::replace(&mut self.touched, UNTOUCHED);
        for row in first..end {
            let pixels = row * COLUMNS..(row + 1) * COLUMNS;
            let light = &mut self.light[pixels.clone()];
            let crossings = &mut self.crossings[row * STRIDE..(row + 1) * STRIDE];
            let mut sum = 0.0_f32;
            for ((light, texture), crossing) in
                light.iter_mut().zip(&self.texture[pixels]).zip(&*crossings)
            {
                sum += crossing;
                paint(light, *texture, sum.abs().min(1.0));
            }
            crossings.fill(0.0);
        }
    }
}

/// The point `t` of the quadratic curve from `a` towards `b` to `c`.
fn bezier(a: f32, b: f32, c: f32, t: f32) -> f32 {
    let s = 1.0 - t;
    a * s * s + b * (2.0 * s * t) + c * t * t
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPRIGHT: Frame = Frame {
        middle: [14.0, 14.0],
        map: [[1.0, 0.0], [0.0, 1.0]],
        bend: [[0.0; 3]; 2],
    };

    fn covered(canvas: &Canvas) -> f32 {
        canvas.light.iter().sum()
    }

    #[test]
    fn coverage_is_area() {
        let mut canvas = Canvas::new(UPRIGHT);
        canvas
            .outline(&[
                [-5.25, -3.5, 0.0],
                [4.5, -3.5, 0.0],
                [4.5, 2.25, 0.0],
                [-5.25, 2.25, 0.0],
            ])
            .plain(1.0);
        assert!((covered(&canvas) - 9.75 * 5.75).abs() < 1e-3);
        assert_eq!(canvas.light[14 * COLUMNS + 14], 1.0);
        assert_eq!(canvas.light[14 * COLUMNS + 8], 0.25);
        assert_eq!(canvas.light[14 * COLUMNS + 7], 0.0);
    }

    #[test]
    fn halves_strokes_and_blobs_have_their_areas() {
        let mut canvas = Canvas::new(UPRIGHT);
        canvas
            .mirrored(&[[0.0, -6.0, 0.0], [6.0, 6.0, 0.0], [0.0, 6.0, 0.0]])
            .plain(1.0);
        assert!((covered(&canvas) - 72.0).abs() < 0.1);
        let mut canvas = Canvas::new(UPRIGHT);
        canvas
            .stroke([-8.0, -3.0], [0.0, 0.0], [8.0, 3.0], 2.0)
            .plain(1.0);
        assert!((covered(&canvas) - 2.0 * (256.0_f32 + 36.0).sqrt()).abs() < 0.3);
        let mut canvas = Canvas::new(UPRIGHT);
        canvas.blob(1.0, -2.0, 6.0, 6.0).plain(1.0);
        // Four quadratic quarters cover 5/6 of their box.
        assert!((covered(&canvas) - 144.0 * 5.0 / 6.0).abs() < 3.0);
    }

    #[test]
    fn what_leaves_the_picture_is_cut_off() {
        let mut canvas = Canvas::new(UPRIGHT);
        canvas
            .outline(&[
                [-90.0, -90.0, 0.5],
                [90.0, -90.0, 0.0],
                [90.0, 90.0, 0.5],
                [-90.0, 90.0, 0.0],
            ])
            .plain(1.0);
        assert!(canvas.light.iter().all(|&light| (light - 1.0).abs() < 1e-5));
        canvas
            .stroke([60.0, 2.0], [70.0, 2.0], [80.0, 30.0], 3.0)
            .darken(1.0);
        assert!(canvas.light.iter().all(|&light| (light - 1.0).abs() < 1e-5));
    }
}
