#!/usr/bin/env python3
"""The model file as a stranger reads it: with the safetensors package and NumPy, and with nothing of gingham's.

    cargo build --release
    python3 scripts/check_model.py [--gingham target/release/gingham]

Draws a small data set, trains a few networks of different form, reads each model.safetensors, computes its answers for
the test file in NumPy, in f64:

    x = (pixels - scale.mean) / scale.deviation
    x = activation(x W^T + b), layer by layer, without b where there is no bias
    the last layer's weighted sums z: class = the first largest
    outputs = sigmoid(z) or softmax(z); probabilities = outputs over their sum, or softmax(outputs)

and compares classes and probabilities with what `gingham predict --proba --json` prints. Probabilities must agree within
1e-5. So must classes, but where the two largest weighted sums are nearer to each other than rounding. Prints a line
of what agreed; ends with 1 at the first thing that does not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

TOLERANCE = 1e-5
TRAIN, TEST = 600, 300
MODERN = (
    "--preset article "
    "--activation {activation} --output {output} --probability output --bias on --init he --batch-size 32 --shuffle on "
    "--learning-rate 0.005 --momentum 0.9 --l2 0.001 --reduction mean --error objective --heldout-scale train"
)
CASES = {
    "the article's": "--epochs 3",
    "the article's, f64": "--epochs 3 --dtype f64",
    "784-24-12-10 relu softmax": "--epochs 4 --hidden 24,12 " + MODERN.format(activation="relu", output="softmax"),
    "784-24-12-10 relu softmax, f64": "--epochs 4 --hidden 24,12 --dtype f64 "
    + MODERN.format(activation="relu", output="softmax"),
    "784-20-10 tanh sigmoid": "--epochs 4 --hidden 20 " + MODERN.format(activation="tanh", output="sigmoid"),
    "784-10 softmax, raw pixels": "--preset article --epochs 2 --hidden none --scale none --learning-rate 1e-7 "
    "--init xavier --output softmax --bias on",
}


class Disagreement(Exception):
    """Something that is not as it should be."""


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise Disagreement(what)


def sigmoid(z: np.ndarray) -> np.ndarray:
    # Both branches are computed and one is kept; neither overflows.
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


ACTIVATIONS = {"sigmoid": sigmoid, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}
OUTPUTS = {"sigmoid": sigmoid, "softmax": softmax}
PROBABILITIES = {"output": lambda a: a / a.sum(axis=1, keepdims=True), "softmax": softmax}


def read_images(path: Path) -> np.ndarray:
    """The images of an IDX file as (images, rows, columns)."""
    raw = path.read_bytes()
    expect(raw[:4] == b"\0\0\x08\x03", f"{path}: no IDX file of images")
    shape = np.frombuffer(raw, ">u4", 3, 4)
    return np.frombuffer(raw, np.uint8, offset=16).reshape(shape)


def read_model(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """What the model says of itself, and its tensors as plain arrays."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    expect(list(metadata) == ["gingham"], f"{path}: metadata {list(metadata)}, expected one entry 'gingham'")
    return json.loads(metadata["gingham"]), tensors


def layers(info: dict, tensors: dict[str, np.ndarray], dtype: str) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Weight and bias of each layer, after checking that every tensor is one that the format knows."""
    found, known = [], {"scale.mean", "scale.deviation"}
    inputs = info["rows"] * info["columns"]
    for name in ("scale.mean", "scale.deviation"):
        expect(tensors[name].shape == (inputs,) and tensors[name].dtype == np.float64, f"{name}: {tensors[name].shape}")
    while (name := f"layers.{len(found)}.weight") in tensors:
        weight, bias = tensors[name], tensors.get(f"layers.{len(found)}.bias")
        known |= {name, f"layers.{len(found)}.bias"}
        expect(weight.dtype == np.dtype(dtype), f"{name}: {weight.dtype}, expected {dtype}")
        expect(weight.ndim == 2 and weight.shape[1] == inputs, f"{name}: {weight.shape} for {inputs} inputs")
        inputs = weight.shape[0]
        expect(bias is None or (bias.shape == (inputs,) and bias.dtype == weight.dtype), f"the bias of {name}")
        found.append((weight, bias))
    expect(set(tensors) <= known, f"unknown tensors {sorted(set(tensors) - known)}")
    expect(bool(found) and inputs == len(info["classes"]), f"{inputs} outputs for {len(info['classes'])} classes")
    expect(len({bias is None for _, bias in found}) == 1, "biases in some layers only")
    return found


def forward(info: dict, tensors: dict[str, np.ndarray], dtype: str, images: np.ndarray) -> np.ndarray:
    """The weighted sums of the output layer, (images, classes), in f64."""
    pixels = images.reshape(len(images), -1).astype(np.float64)
    x = (pixels - tensors["scale.mean"]) / tensors["scale.deviation"]
    network = layers(info, tensors, dtype)
    for number, (weight, bias) in enumerate(network):
        z = x @ weight.astype(np.float64).T
        if bias is not None:
            z += bias
        x = z if number + 1 == len(network) else ACTIVATIONS[info["activation"]](z)
    return x


def run(gingham: str, arguments: list[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "GINGHAM_DATA"}
    done = subprocess.run([gingham, *arguments], check=False, capture_output=True, text=True, env=environment)
    expect(done.returncode == 0, f"gingham {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def check(gingham: str, data: Path, out: Path, settings: list[str]) -> tuple[float, int]:
    """The largest difference of a probability, and how many classes the network answers with."""
    summary = json.loads(run(gingham, ["train", "-q", "--json", "--data", str(data), "--out", str(out), *settings]))
    test = data / "t10k-images-idx3-ubyte"
    printed = run(gingham, ["predict", "--proba", "--json", "--model", summary["model"], "--idx", str(test)])
    rows = [json.loads(line) for line in printed.splitlines()]
    images = read_images(test)
    expect(len(rows) == len(images) == TEST, f"{len(rows)} rows for {len(images)} images")

    info, tensors = read_model(Path(summary["model"]))
    dtype = {"f32": "float32", "f64": "float64"}[summary["dtype"]]
    z = forward(info, tensors, dtype, images)
    expected = PROBABILITIES[info["probability"]](OUTPUTS[info["output"]](z))
    found = np.array([row["probabilities"] for row in rows])
    difference = float(np.abs(found - expected).max())
    expect(difference <= TOLERANCE, f"{out.name}: probabilities differ by {difference:.1e}")

    classes = np.array([row["class"] for row in rows])
    chosen = z[np.arange(len(z)), classes]
    slack = TOLERANCE * np.abs(z).max(axis=1)
    wrong = np.flatnonzero((classes != z.argmax(axis=1)) & (z.max(axis=1) - chosen > slack))
    expect(wrong.size == 0, f"{out.name}: other classes for images {wrong.tolist()}")
    names = {row["name"] == info["classes"][row["class"]] for row in rows}
    expect(names == {True}, f"{out.name}: names of classes")
    labels = np.frombuffer((data / "t10k-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    accuracy = float((classes == labels).mean())
    expect(
        abs(accuracy - summary["test_accuracy"]) < 1e-12, f"{out.name}: {accuracy}, summary {summary['test_accuracy']}"
    )
    return difference, len(set(classes.tolist()))


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    built = root / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "gingham"
    parser = argparse.ArgumentParser(
        description="Compares gingham's answers with NumPy's, computed from its model file."
    )
    parser.add_argument("--gingham", default=str(built), help="the program [default: %(default)s]")
    gingham = parser.parse_args().gingham
    try:
        expect(Path(gingham).is_file(), f"{gingham}: no such program; cargo build --release makes it")
        with tempfile.TemporaryDirectory(prefix="gingham-check-") as folder:
            data = Path(folder) / "data"
            run(gingham, ["synth", "-q", "--out", str(data), "--train", str(TRAIN), "--test", str(TEST), "--seed", "5"])
            results = {
                name: check(gingham, data, Path(folder) / name.replace(" ", "-"), settings.split())
                for name, settings in CASES.items()
            }
        # A network that always gives the same answer would prove little.
        expect(max(classes for _, classes in results.values()) >= 8, "no network that answers with most classes")
    except Disagreement as error:
        print(f"check_model.py: {error}", file=sys.stderr)
        return 1
    largest = max(difference for difference, _ in results.values())
    print(
        f"{len(results)} models read by safetensors: classes of {TEST} images as NumPy's, "
        f"probabilities within {largest:.1e} ({'; '.join(results)})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
