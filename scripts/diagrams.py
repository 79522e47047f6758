#!/usr/bin/env python3
"""Draws the diagrams of docs/architecture.md anew: scripts/diagrams.py

Writes docs/house.svg, docs/step.svg and docs/panels.svg, with nothing but Python's own library. The floors of the house are those that
tests/house checks. Colours are those of the program's figures (src/figures/colour.rs), light and dark.
"""

import pathlib
import re
import sys
from html import escape

STYLE = """
svg{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans Condensed','DejaVu Sans',sans-serif;font-size:13px}
.paper{fill:#ffffff}.ink{fill:#1d2127}.muted{fill:#5a626d}.small{font-size:11px}.head{font-size:15px;font-weight:600}
.code{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:12px;white-space:pre}.middle{text-anchor:middle}.end{text-anchor:end}
.room{fill:#f4f5f7;stroke:#a9b2be}.blue{fill:#dbe9f8;stroke:#1f6fc4}.orange{fill:#fbe3d2;stroke:#c8560a}
.green{fill:#dcefe0;stroke:#2a8440}.black{fill:#1d2127;stroke:#1d2127}.none{fill:none;stroke:#5a626d}
.line{fill:none;stroke:#5a626d;stroke-width:1.5}.way{fill:none;stroke:#1f6fc4;stroke-width:3}.dashed{stroke-dasharray:4 4}
.tip{fill:#5a626d}.waytip{fill:#1f6fc4}
@media (prefers-color-scheme:dark){
.paper{fill:#16181c}.ink{fill:#e9ecf0}.muted{fill:#a3acb8}
.room{fill:#22262c;stroke:#636b76}.blue{fill:#1b3350;stroke:#62a8f5}.orange{fill:#4a2a12;stroke:#ff9a4a}
.green{fill:#1b3a24;stroke:#5fca78}.black{fill:#000000;stroke:#636b76}.none{stroke:#a3acb8}
.line{stroke:#a3acb8}.way{stroke:#62a8f5}.tip{fill:#a3acb8}.waytip{fill:#62a8f5}}
"""


class Drawing:
    """An SVG picture, built up shape after shape."""

    def __init__(self, width, height, title, description):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            f"<style>{STYLE}</style>",
        ]
        for name, style in (("tip", "tip"), ("waytip", "waytip")):
            self.parts.append(
                f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
                f'markerUnits="userSpaceOnUse" orient="auto"><path class="{style}" d="M0 0L8 4L0 8Z"/></marker>'
            )
        self.rect(0, 0, width, height, "paper")

    def rect(self, x, y, width, height, style, radius=0):
        self.parts.append(
            f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>'
        )

    def text(self, x, y, text, style="ink"):
        self.parts.append(f'<text class="{style}" x="{x}" y="{y}">{escape(text)}</text>')

    def lines(self, x, y, texts, style="ink", step=16):
        for number, text in enumerate(texts):
            self.text(x, y + step * number, text, style)

    def arrow(self, points, style="line", tip="tip"):
        path = "M" + "L".join(f"{x} {y}" for x, y in points)
        self.parts.append(f'<path class="{style}" d="{path}" marker-end="url(#{tip})"/>')

    def stroke(self, points, style="line"):
        path = "M" + "L".join(f"{x} {y}" for x, y in points)
        self.parts.append(f'<path class="{style}" d="{path}"/>')

    def write(self, path):
        path.write_text("\n".join([*self.parts, "</svg>\n"]), encoding="utf-8")
        print(path)


# What each room of the house is for. Which room stands on which floor is read from the test that keeps it so.
ROOMS = {
    "cli": "one file a subcommand: arguments in, text out",
    "report": "the run's folder, the HTML page",
    "bench": "engines side by side",
    "sweep": "many plans, one loop",
    "explore": "what a data set holds",
    "export": "ONNX, npz, csv",
    "xor": "the tutorial's warm-up",
    "figures": "SVG and PNG",
    "classifier": "fit, predict, score, save, load: the library's front door",
    "train": "Plan, Trainer, State, step, update, optimizer, objective",
    "evaluate": "Predictor, metrics, calibration",
    "network": "forward, backward, loss, gradients; a chunk's memory",
    "machine": "threads, instruction level, memory: a value",
    "input": "the first layer, from pixels: Staged or Packed",
    "engine": "the products of all further layers: naive, blas",
    "model": "layout, activations, initial weights, the model file",
    "data": "images, labels, split, standardizer, drawn data sets",
    "kernels": "loops over slices: plain Rust, and each instruction set",
    "cut": "chunks and blocks, by sizes only",
    "durable": "files that are whole or absent",
    "error": "one enum, with what was expected and what was found",
    "formats": "bytes in, values out",
    "rng": "NumPy's MT19937, and ChaCha8",
    "scalar": "f32 and f64",
    "exponential": "e^x in f32, and how it rounds",
    "quote": "names as a terminal may show them",
}
ON_THE_WAY = {"cli", "train", "network", "input", "engine", "kernels"}


def floors(root):
    """The rooms from top to bottom, a list for each floor."""
    text = (root / "tests/house/main.rs").read_text(encoding="utf-8")
    block = re.search(r"const FLOORS\b.*?= &\[\n(.*?)\n\];", text, re.DOTALL)
    if not block:
        sys.exit("tests/house/main.rs: expected the list FLOORS, found none")
    rows = [re.findall(r'"([a-z_]+)"', line) for line in block.group(1).splitlines()]
    there = [[name for name in row if any((root / "src" / file).exists() for file in (name, f"{name}.rs"))] for row in rows]
    rows = [row for row in there if row and row != ["main", "lib"]]
    unknown = [name for row in rows for name in row if name not in ROOMS]
    if unknown:
        sys.exit(f"scripts/diagrams.py: expected what each room is for in ROOMS, found nothing on {', '.join(unknown)}")
    return rows


def house(path, rows):
    """The rooms, those that import above those that are imported."""
    left, width, height, gap, top = 30, 700, 40, 8, 92
    drawing = Drawing(
        left + width + 30,
        top + len(rows) * (height + gap) + 22,
        "The rooms of gingham",
        "Modules in floors. Each imports only what is on lower floors. The reading path is cli, train, network, input and engine, kernels.",
    )
    drawing.text(left, 32, "The house: imports run downwards", "ink head")
    drawing.text(left, 54, "Blue is a stranger's way from the command line to the arithmetic:", "muted")
    drawing.text(left, 73, "main → cli → train → network → input, engine → kernels", "ink code")
    for number, row in enumerate(rows):
        y = top + number * (height + gap)
        room_width = (width - gap * (len(row) - 1)) / len(row)
        for column, name in enumerate(row):
            x = left + column * (room_width + gap)
            drawing.rect(x, y, room_width, height, "blue" if name in ON_THE_WAY else "room", 5)
            if len(row) == 1:
                drawing.text(x + 12, y + 25, name, "ink code")
                drawing.text(x + 112, y + 25, ROOMS[name], "muted")
            else:
                drawing.text(x + 12, y + 17, name, "ink code")
                drawing.text(x + 12, y + 32, ROOMS[name], "muted small")
    drawing.write(path)


def step(path):
    """The two phases of a step."""
    drawing = Drawing(
        990,
        520,
        "One step of training, in two phases",
        "Phase 1 has a task for each chunk of images, phase 2 a task for each block of a weight matrix.",
    )
    drawing.text(30, 32, "Phase 1: by images", "ink head")
    drawing.text(30, 52, "A task takes a chunk of the mini-batch through the network and back.", "muted small")
    chunks, height, gap, top = 8, 38, 8, 92
    drawing.text(30, 80, "mini-batch", "muted small")
    drawing.text(118, 80, "what a chunk leaves behind in its own memory", "muted small")
    for number in range(chunks):
        y = top + number * (height + gap)
        drawing.rect(30, y, 70, height, "blue", 3)
        drawing.text(65, y + 17, f"chunk {number}", "ink small middle")
        drawing.text(65, y + 31, "240 images", "muted small middle")
        drawing.arrow([(102, y + height / 2), (116, y + height / 2)])
        for column, (name, cell) in enumerate((("a₁", 52), ("a₂", 40), ("loss", 40), ("d₂", 40), ("d₁", 52))):
            x = 120 + (0, 56, 100, 144, 188)[column]
            drawing.rect(x, y, cell, height, "green" if name.startswith("d") else "room", 3)
            drawing.text(x + cell / 2, y + 24, name, "ink middle")
        drawing.rect(364, y, 78, height, "orange", 3)
        drawing.text(403, y + 17, "share in", "ink small middle")
        drawing.text(403, y + 31, "gradient 2", "ink small middle")
    y = top + chunks * (height + gap) + 14
    drawing.lines(
        30,
        y,
        [
            "1,920 images of the article's network, 784-50-10.  a: activations, d: deltas.",
            "A narrow layer's share in the gradient is taken while the chunk is in the cache.",
        ],
        "muted small",
    )
    drawing.stroke([(476, 24), (476, 420)], "line dashed")
    drawing.stroke([(476, 452), (476, 500)], "line dashed")
    drawing.text(476, 433, "all chunks", "muted small middle")
    drawing.text(476, 446, "are done", "muted small middle")
    x = 510
    drawing.text(x, 32, "Phase 2: by parameters", "ink head")
    drawing.text(x, 52, "A task takes a block of a weight matrix. No two tasks touch the same number.", "muted small")
    drawing.text(x, 80, "w₁: 50 units × 784 pixels, cut into blocks (here those of the integer products)", "muted small")
    # 50 rows are halved at a multiple of 10 into 30 and 20, 784 columns at multiples of 112 into seven.
    width = 56
    for y, height in ((92, 60), (155, 40)):
        for column in range(7):
            chosen = (y, column) == (92, 3)
            drawing.rect(x + column * (width + 3), y, width, height, "orange" if chosen else "room", 2)
    drawing.text(x + 3 * (width + 3) + width / 2, 126, "block", "ink small middle")
    drawing.text(x, 218, "w₂ and the biases likewise", "muted small")
    drawing.arrow([(x + 205, 153), (x + 205, 236)])
    drawing.rect(x, 240, 414, 78, "orange", 5)
    drawing.text(x + 14, 262, "gradient", "ink code")
    drawing.lines(
        x + 14,
        282,
        ["d_w = Σ over chunks 0, 1, .. 7, in this order,", "of the chunk's (d₁ᵀ pixels), for the block's rows and columns"],
        "ink small",
    )
    drawing.arrow([(x + 205, 320), (x + 205, 368)])
    drawing.lines(
        x + 220,
        338,
        ["Here the whole gradient can be looked at:", "its norm, those of other machines."],
        "muted small",
        15,
    )
    drawing.rect(x, 372, 414, 78, "orange", 5)
    drawing.text(x + 14, 394, "update", "ink code")
    drawing.lines(
        x + 14,
        414,
        ["d_w += the regulariser's gradient at w", "w = optimizer(w, d_w, slots, learning rate)"],
        "ink small",
    )
    drawing.text(x, 470, "Where nothing happens between the two verbs, a task does both to its block", "muted small")
    drawing.text(x, 485, "while it is in the cache; the bits are the same.", "muted small")
    drawing.write(path)


def panels(path):
    """Quad, line, panel, segment, kept."""
    drawing = Drawing(
        990,
        690,
        "How pixels are packed for the integer products",
        "Sixteen images side by side; a quad is four pixels of each; a panel is all quads; black quads are not kept.",
    )
    drawing.text(30, 32, "Forward: a panel has sixteen images as columns", "ink head")
    drawing.text(30, 52, "One column is one image, top to bottom, as its bytes lie in the file.", "muted small")
    left, top, cell, images = 110, 92, 15, 16
    quads = ["room", "black", "room", "room", "black", "black", "room", "room"]
    drawing.text(left, 80, "image 0", "muted small")
    drawing.text(left + images * cell, 80, "image 15", "muted small end")
    height = 4 * 10
    for number, look in enumerate(quads):
        y = top + number * (height + 6)
        for image in range(images):
            for pixel in range(4):
                drawing.rect(left + image * cell, y + pixel * 10, cell, 10, look)
        drawing.rect(left - 2, y - 2, images * cell + 4, height + 4, "none", 2)
        drawing.text(left - 10, y + 25, f"quad {number}", "ink small end")
    bottom = top + len(quads) * (height + 6) - 6
    right = left + images * cell
    # One column of one quad.
    drawing.rect(left + 5 * cell, top, cell, height, "orange")
    for pixel in range(1, 4):
        drawing.stroke([(left + 5 * cell, top + 10 * pixel), (left + 6 * cell, top + 10 * pixel)])
    drawing.lines(
        30,
        bottom + 26,
        [
            "quad: four pixels of each of sixteen images, 64 bytes:",
            "one line of the cache, one AVX-512 register.",
            "Orange: the four bytes that one image has in it.",
        ],
        "ink small",
    )
    # Segments.
    half = top + 5 * (height + 6) - 3
    for name, y, end, text in (("segment 0", top, half - 3, "largest group"), ("segment 1", half + 3, bottom, "next group")):
        drawing.stroke([(right + 8, y), (right + 16, y), (right + 16, end), (right + 8, end)])
        drawing.text(right + 22, (y + end) / 2, name, "ink small")
        drawing.text(right + 22, (y + end) / 2 + 15, text, "muted small")
    # What is kept.
    x = 500
    drawing.text(x, 32, "What the panel stores", "ink head")
    drawing.text(x, 52, "Quads that are 0 in all sixteen columns add nothing, so they are left out.", "muted small")
    drawing.text(x, 80, "kept", "muted small")
    drawing.text(x + 60, 80, "lines, one for each kept quad", "muted small")
    drawing.text(x + 322, 80, "ends", "muted small")
    kept = [number for number, look in enumerate(quads) if look != "black"]
    for row, number in enumerate(kept):
        y = top + row * 30
        drawing.rect(x, y, 40, 24, "blue", 2)
        drawing.text(x + 20, y + 16, str(number), "ink small middle")
        drawing.rect(x + 50, y, 250, 24, "room", 2)
        drawing.text(x + 175, y + 16, f"64 bytes of quad {number}", "ink small middle")
    for end, number in ((3, 0), (5, 1)):
        y = top + end * 30 - 3
        drawing.stroke([(x - 4, y), (x + 312, y)], "line dashed")
        drawing.text(x + 322, y + 4, f"{end}: end of segment {number}", "ink small")
    y = top + len(kept) * 30 + 32
    drawing.text(x, y, "The product, for one unit and segment", "ink head")
    drawing.lines(
        x,
        y + 24,
        [
            "sums = 0        # sixteen integers, one for each image",
            "for (quad, line) in the segment's kept lines:",
            "    sums += weights[4 quad .. 4 quad + 4] · line",
            "z += scale of (unit, segment) · sums",
        ],
        "ink code",
        18,
    )
    drawing.lines(
        x,
        y + 104,
        [
            "segment: quads with one scale for each unit. They are of one group of pixels of",
            "similar deviation, and go into one integer sum. There are at most 256 of them",
            "(1,024 numbers), so that no sum leaves 32 bits.",
        ],
        "ink small",
    )
    # The gradient's form.
    y = 552
    drawing.stroke([(30, y - 18), (960, y - 18)], "line dashed")
    drawing.text(30, y + 10, "Gradient: a panel has sixteen pixels as columns, and quads are images", "ink head")
    drawing.lines(
        30,
        y + 34,
        [
            "The sixteen columns are a tile of 4 × 4 neighbours of the image, since background lies together;",
            "a quad is those sixteen pixels of four images. The mini-batch's images are arranged by outline,",
            "so that four in a row are black at the same places. The images of a chunk are one segment,",
            "and the segments of up to 1,024 images go into one integer sum.",
        ],
        "ink small",
    )
    x = 660
    for row in range(6):
        for column in range(8):
            inside = 1 <= row < 5 and 4 <= column < 8
            drawing.rect(x + column * 15, y + 4 + row * 15, 15, 15, "orange" if inside else "room")
    drawing.arrow([(x + 126, y + 48), (x + 156, y + 48)])
    for number in range(4):
        drawing.rect(x + 164 + number * 7, y + 22 + number * 7, 34, 34, "orange", 2)
    drawing.text(x + 150, y + 110, "four images: one quad", "muted small")
    drawing.text(x, y + 110, "a tile of the image", "muted small")
    drawing.write(path)


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    root = pathlib.Path(__file__).resolve().parent.parent
    docs = root / "docs"
    house(docs / "house.svg", floors(root))
    step(docs / "step.svg")
    panels(docs / "panels.svg")


if __name__ == "__main__":
    main()
