#!/usr/bin/env python3
"""gingham's files as other people's tools read them, and theirs as gingham does.

    cargo build --release
    GINGHAM_DATA=data/fashion-mnist python3 scripts/check_formats.py [--gingham target/release/gingham]

Trains a network of every form, on $GINGHAM_DATA or else on a set that it draws, and holds against `gingham predict --proba`:
ONNX in onnxruntime (checked by onnx), the NumPy archive in numpy.load, the table, and scripts/predict.py. Reads a run's
event file by TensorBoard's own reader and compares it with metrics.jsonl. Trains networks in PyTorch, imports them, and compares
with PyTorch. All classes must agree and probabilities within 1e-5, on every test image. What is not installed is skipped by name.
"""

import argparse
import csv
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from check_model import TOLERANCE, Disagreement, expect, read_images, read_model, run

# Steps of every form are short enough that it learns something, on 48,000 images as on 600.
LEARN = "--preset article --epochs 3 --batch-size 64 --reduction mean --momentum 0.9 --init xavier --learning-rate"
FORMS = {
    "the article's": "--epochs 20",
    "784-24-12-10 relu softmax, biases": f"{LEARN} 0.02 --hidden 24,12 --activation relu --output softmax --probability output --bias on",
    "784-20-10 tanh sigmoid over its sum, f64": f"{LEARN} 0.02 --hidden 20 --activation tanh --probability output --bias on --dtype f64",
    "784-20-10 tanh softmax of softmax": f"{LEARN} 0.02 --hidden 20 --activation tanh --output softmax --probability softmax",
    "784-16-10 sigmoid sigmoid, f64": f"{LEARN} 0.02 --hidden 16 --activation sigmoid --output sigmoid --probability softmax --dtype f64",
    # In f32 the rounding of weighted sums in the hundreds shows: 4e-5 between any two ways to add them up.
    "784-10 softmax, raw pixels, f64": f"{LEARN} 1e-7 --dtype f64 --hidden none --scale none --output softmax --probability output --bias on",
    # Images whose weighted sums are all below -18, where onnxruntime cuts the sigmoid off.
    "784-10 sigmoid over its sum, steep": f"{LEARN} 0.3 --hidden none --output sigmoid --probability output",
}


def have(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        print(f"skipped: {module} is not installed", file=sys.stderr)
        return False
    return True


def predict(gingham: str, model: Path, images: Path) -> tuple[np.ndarray, np.ndarray]:
    """Class and probabilities of each image, as gingham has them."""
    printed = run(gingham, ["predict", "--proba", "--json", "--model", str(model), "--idx", str(images)])
    rows = [json.loads(line) for line in printed.splitlines()]
    return np.array([row["class"] for row in rows]), np.array([row["probabilities"] for row in rows])


def agree(what: str, own: tuple[np.ndarray, np.ndarray], classes: np.ndarray, probabilities: np.ndarray) -> float:
    differing = int((own[0] != classes).sum())
    distance = float(np.abs(own[1] - probabilities).max())
    expect(differing == 0, f"{what}: {differing} of {len(classes)} classes differ")
    expect(distance <= TOLERANCE, f"{what}: a probability differs by {distance:.2e}")
    return distance


def check_onnx(file: Path, images: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    import onnxruntime

    if have("onnx"):
        import onnx

        onnx.checker.check_model(onnx.load(file), full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    expect(json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == names, f"{file}: class names")
    probabilities, classes = session.run(["probabilities", "class"], {"pixels": images})
    expect(probabilities.dtype == np.float32 and classes.dtype == np.int64, f"{file}: types")
    one = session.run(["class"], {"pixels": images[:1]})[0]
    expect(one.tolist() == classes[:1].tolist(), f"{file}: a batch of one")
    return classes, probabilities


def check_arrays(npz: Path, table: Path, model: Path) -> None:
    """Both hold what the model file holds, bit by bit."""
    info, arrays = read_model(model)
    with np.load(npz) as file:
        expect(file["classes"].tolist() == info["classes"], f"{npz}: class names")
        # All but the digest, which is that of the model's file.
        said = {key: value for key, value in info.items() if key != "sha256"}
        expect(json.loads(str(file["gingham"])) == said, f"{npz}: metadata")
        expect(set(file.files) == {*arrays, "classes", "gingham"}, f"{npz}: {file.files}")
        for name, array in arrays.items():
            expect(file[name].dtype == array.dtype and np.array_equal(file[name], array), f"{npz}: {name}")
    found = {name: np.full(array.shape, np.nan, array.dtype) for name, array in arrays.items()}
    for row in csv.DictReader(table.open()):
        place = tuple(int(row[axis]) for axis in ("unit", "input") if row[axis])
        found[row["array"]][place] = np.array(row["value"]).astype(found[row["array"]].dtype)
    for name, array in arrays.items():
        expect(np.array_equal(found[name], array), f"{table}: {name}")


def check_exports(gingham: str, data: Path, folder: Path) -> str:
    test = data / "t10k-images-idx3-ubyte"
    images = read_images(test)
    distances: dict[str, float] = {"scripts/predict.py": 0.0}
    runtime = have("onnxruntime")
    for number, (form, settings) in enumerate(FORMS.items()):
        out = folder / str(number)
        run(gingham, ["train", "-q", "--data", str(data), "--out", str(out), *settings.split()])
        model = out / "model.safetensors"
        own = predict(gingham, model, test)
        for kind in ("onnx", "npz", "csv"):
            run(gingham, ["export", "--model", str(model), "--format", kind, "--out", str(out / f"model.{kind}")])
        check_arrays(out / "model.npz", out / "model.csv", model)
        script = Path(__file__).with_name("predict.py")
        done = subprocess.run([sys.executable, script, model, test], check=True, capture_output=True, text=True)
        rows = np.loadtxt(io.StringIO(done.stdout), delimiter="\t", usecols=(1, *range(3, 3 + own[1].shape[1])))
        results = {"scripts/predict.py": (rows[:, 0].astype(int), rows[:, 1:])}
        if runtime:
            results["onnxruntime"] = check_onnx(out / "model.onnx", images, read_model(model)[0]["classes"])
        for tool, answers in results.items():
            distance = agree(f"{tool}, {form}", own, *answers)
            distances[tool] = max(distances.get(tool, 0.0), distance)
    largest = ", ".join(f"{tool} {distance:.1e}" for tool, distance in distances.items())
    return f"{len(FORMS)} forms of network, {len(images)} images: all classes, probabilities within: {largest}"


def check_events(gingham: str, data: Path, folder: Path) -> str:
    if not have("tensorboard"):
        return "no event file was read"
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = folder / "events"
    settings = "--epochs 6 --eval-every 2 --tensorboard"
    run(gingham, ["train", "-q", "--data", str(data), "--out", str(out), *settings.split()])
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    events = EventAccumulator(str(out))
    events.Reload()
    tags = ["error", "gradient_norm", "heldout_accuracy", "heldout_loss", "images_per_second", "learning_rate", "train_accuracy"]
    expect(sorted(events.Tags()["scalars"]) == tags, f"tags {events.Tags()}")
    for tag in ("error", "train_accuracy", "heldout_accuracy", "heldout_loss", "learning_rate", "gradient_norm"):
        expected = [(line["epoch"], np.float32(line[tag])) for line in lines if line[tag] is not None]
        found = [(event.step, np.float32(event.value)) for event in events.Scalars(tag)]
        expect(found == expected, f"{tag}: {found}, expected {expected}")
    times = [event.wall_time for event in events.Scalars("error")]
    expect(times == sorted(times) and len(times) == len(lines), f"times {times}")
    return f"event file: {len(lines)} epochs as in metrics.jsonl"


def check_imports(gingham: str, data: Path, folder: Path) -> str:
    if not have("torch"):
        return "nothing was imported"
    import torch
    from safetensors.torch import save_file
    from torch import nn

    def labels(prefix: str) -> torch.Tensor:
        return torch.from_numpy(np.fromfile(data / f"{prefix}-labels-idx1-ubyte", np.uint8, offset=8).astype(np.int64))

    torch.manual_seed(1)
    test = data / "t10k-images-idx3-ubyte"
    flat = {
        prefix: torch.from_numpy(read_images(data / f"{prefix}-images-idx3-ubyte").reshape(-1, 784).astype(np.float32))
        for prefix in ("train", "t10k")
    }
    mean, deviation = flat["train"].mean(0), flat["train"].std(0) + 1
    # What PyTorch is given for pixels, the option that says so, and arrays that go with it.
    scalings = {
        "0.5,0.5": (lambda u: (u / 255 - 0.5) / 0.5, {}),
        "unit": (lambda u: u / 255, {}),
        "file": (lambda u: (u - mean) / deviation, {"scale.mean": mean, "scale.deviation": deviation}),
    }
    networks = {
        "relu": nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)),
        "tanh": nn.Sequential(nn.Linear(784, 32, bias=False), nn.Tanh(), nn.Linear(32, 10)),
        "sigmoid": nn.Sequential(nn.Flatten(), nn.Linear(784, 24), nn.Sigmoid(), nn.Linear(24, 10)).double(),
    }
    largest = 0.0
    for (scale, (scaled, arrays)), (activation, network) in zip(scalings.items(), networks.items()):
        dtype = next(network.parameters()).dtype
        x, y = scaled(flat["train"]).to(dtype), labels("train")
        optimizer = torch.optim.Adam(network.parameters(), lr=0.002)
        for start in range(0, min(len(y), 20_000), 100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[start : start + 100]), y[start : start + 100]).backward()
            optimizer.step()
        with torch.no_grad():
            z = network(scaled(flat["t10k"]).to(dtype))
        file, model = folder / f"{activation}.safetensors", folder / f"{activation}-imported.safetensors"
        save_file({**network.state_dict(), **arrays}, file)
        given = ["--scale", scale, "--activation", activation, "--classes", "fashion-mnist"]
        run(gingham, ["import", str(file), *given, "--out", str(model)])
        own = predict(gingham, model, test)
        largest = max(largest, agree(f"PyTorch, {activation}", own, z.argmax(1).numpy(), z.softmax(1).numpy()))
        printed = json.loads(run(gingham, ["evaluate", "--json", "--model", str(model), "--data", str(data)]))
        accuracy = float((z.argmax(1) == labels("t10k")).double().mean())
        expect(abs(printed["accuracy"] - accuracy) < 1e-12, f"{printed['accuracy']}, PyTorch {accuracy}")
        print(f"PyTorch's {activation} network, scale {scale}: accuracy {accuracy:.4f} in both", file=sys.stderr)
    return f"{len(networks)} networks of PyTorch imported: accuracies and classes equal, probabilities within {largest:.1e}"


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    built = root / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "gingham"
    parser = argparse.ArgumentParser(description="Compares gingham's files with what other people's tools make of them.")
    parser.add_argument("--gingham", default=str(built), help="the program [default: %(default)s]")
    gingham = parser.parse_args().gingham
    try:
        expect(Path(gingham).is_file(), f"{gingham}: no such program; cargo build --release makes it")
        with tempfile.TemporaryDirectory(prefix="gingham-formats-") as name:
            folder = Path(name)
            data = Path(os.environ.get("GINGHAM_DATA") or folder / "data").absolute()
            if not data.exists():
                run(gingham, ["synth", "-q", "--out", str(data), "--train", "600", "--test", "300", "--seed", "5"])
            for check in (check_exports, check_events, check_imports):
                print(check(gingham, data, folder))
    except Disagreement as error:
        print(f"check_formats.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
