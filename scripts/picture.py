#!/usr/bin/env python3
"""Draws a run's metrics.csv as an SVG: error and accuracies by epoch. No dependencies.

    scripts/picture.py RUN_DIR OUT.svg
"""

import csv
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 420, 300, 56, 40, 44
INK, FAINT, GRID = "#444", "#777", "#ddd"
SERIES = {
    "error": ("#b5451b", "error"),
    "train_accuracy": ("#1b5fb5", "training"),
    "heldout_accuracy": ("#2e8b57", "held out"),
}


def panel(x0, title, epochs, columns, unit, low, high, ticks):
    """One chart with its left edge at x0: lines of `columns` (name -> values) between `low` and `high`."""
    right, bottom = x0 + WIDTH - 20, TOP + HEIGHT - BOTTOM
    left = x0 + LEFT
    x = lambda epoch: left + (right - left) * epoch / max(epochs[-1], 1)
    y = lambda value: bottom - (bottom - TOP) * (value - low) / (high - low)
    parts = [f'<text x="{left}" y="{TOP - 16}" font-weight="600" fill="{INK}">{title}</text>']
    for tick in ticks:
        parts.append(f'<path d="M{left} {y(tick):.1f}H{right}" stroke="{GRID}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="{FAINT}">{tick:g}{unit}</text>')
    for epoch in range(0, epochs[-1] + 2, max((epochs[-1] + 1) // 3, 1)):
        parts.append(f'<text x="{x(epoch):.1f}" y="{bottom + 20}" text-anchor="middle" fill="{FAINT}">{epoch}</text>')
    parts.append(f'<text x="{(left + right) / 2:.0f}" y="{bottom + 38}" text-anchor="middle" fill="{FAINT}">epoch</text>')
    for place, (name, values) in enumerate(columns.items()):
        colour, label = SERIES[name]
        points = [(x(e), y(v)) for e, v in zip(epochs, values) if v is not None]
        parts.append(f'<path d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(columns) > 1:
            at = bottom - 16 - 20 * (len(columns) - 1 - place)
            parts.append(f'<text x="{right}" y="{at}" text-anchor="end" fill="{colour}">{label} {values[-1]:.2f}{unit}</text>')
    return parts


def main(run, out):
    rows = list(csv.DictReader((Path(run) / "metrics.csv").open()))
    epochs = [int(row["epoch"]) for row in rows]
    number = lambda text, factor: float(text) * factor if text else None
    error = [number(row["error"], 1) for row in rows]
    accuracies = {name: [number(row[name], 100) for row in rows] for name in ("train_accuracy", "heldout_accuracy")}
    top = 500 * -(-max(error) // 500)
    parts = panel(0, "Error", epochs, {"error": error}, "", 0, top, range(0, int(top) + 1, 500))
    parts += panel(WIDTH, "Accuracy", epochs, accuracies, " %", 70, 100, range(70, 101, 10))
    label = f"Error and accuracy by epoch: {len(epochs)} epochs, held-out accuracy {accuracies['heldout_accuracy'][-1]:.2f} %"
    Path(out).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT + TOP}" role="img" aria-label="{label}" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{label}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
