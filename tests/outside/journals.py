#!/usr/bin/env python3
"""Whether parts of a sweep are together another sweep:  tests/outside/journals.py WHOLE PART..

Reads the journal in each folder. The parts must have every run of the whole once, and every field of a run must be the same to the digit,
those that tell of time and place aside.
"""

import json
import sys
from pathlib import Path

# The fields of a run's line that another process, folder or number of threads may change.
FREE = {
    "train_seconds",
    "total_seconds",
    "prepare_seconds",
    "evaluation_seconds",
    "images_per_second",
    "peak_rss_bytes",
    "run_dir",
    "model",
    "best_model",
    "threads",
    "cpu",
}


def runs(folder: str) -> dict[int, dict]:
    """The lasting fields of each run by its number."""
    found = {}
    for text in Path(folder, "journal.jsonl").read_text().splitlines():
        line = json.loads(text)
        settings = {name: value for name, value in line["settings"].items() if name not in ("threads", "data")}
        lasting = {name: value for name, value in line.items() if name not in FREE} | {"settings": settings}
        if line["run"] in found:
            sys.exit(f"{folder}: run {line['run']} is there twice")
        found[line["run"]] = lasting
    return found


def main() -> None:
    whole, together = runs(sys.argv[1]), {}
    for folder in sys.argv[2:]:
        own = runs(folder)
        if twice := own.keys() & together.keys():
            sys.exit(f"{folder}: runs {sorted(twice)} are in another part too")
        together |= own
    if whole.keys() != together.keys():
        sys.exit(f"expected runs {sorted(whole)}, found {sorted(together)}")
    for number, run in whole.items():
        for name in run.keys() | together[number].keys():
            expected, found = run.get(name), together[number].get(name)
            if expected != found:
                sys.exit(f"run {number}: {name}: expected {expected}, found {found}")
    print(f"{len(whole)} runs in {len(sys.argv) - 2} parts: the same to the digit")


main()
