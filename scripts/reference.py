#!/usr/bin/env python3
"""Golden figures for the tests: small networks, ten steps each, in NumPy f64 and nothing else.

    python3 scripts/reference.py --out tests/golden      writes ten_steps.json
    python3 scripts/reference.py --check tests/golden    compares what is there with what it would write

Every case trains on the same 16 images of 6 pixels in 4 classes, all of them in each step:

    z = x W^T + b,  a = f(z), layer by layer, with x = (pixels - mean) / deviation
    data term = sum over the images of the output's cross-entropy, divided by 16 for the reduction "mean":
        sigmoid outputs: -sum over classes [ y log a + (1 - y) log (1 - a) ]
        softmax outputs: -log a of the right class
    loss = data term + l2/2 |W|^2 + { l1 |W|_1             for the L1 form "sign"
                                    { l1/2 |W|^2           for the L1 form "linear"
    v = momentum v + gradient of the loss;  parameters -= learning_rate v

Biases are not regularised, and the reduction leaves the regulariser alone. "losses" are taken before each step's
update. "article_errors", in the cases without biases and with sigmoid outputs summed over the batch, are what the
article prints: 0.5 * mean over classes of [ -sum over images y log a + l2/2 |W|^2 + l1/2 |W|_1 ].
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

STEPS = 10
IMAGES, PIXELS, CLASSES = 16, 6, 4
DEFAULTS = {
    "hidden": [5],
    "activation": "sigmoid",
    "output": "sigmoid",
    "bias": True,
    "l1": 0.0,
    "l1_form": "sign",
    "l2": 0.0,
    "momentum": 0.0,
    "learning_rate": 0.05,
    "reduction": "sum",
    "steps": STEPS,
}
ARTICLE = {"bias": False, "l2": 0.5, "l1_form": "linear"}
CASES = {
    "article": ARTICLE,
    "article_with_l1": ARTICLE | {"l1": 0.25, "learning_rate": 0.02},
    "sigmoid_sigmoid_momentum": {"momentum": 0.9, "learning_rate": 0.02},
    "sigmoid_softmax_no_bias": {"output": "softmax", "bias": False, "l2": 0.1},
    "relu_softmax_mean_momentum": {
        "activation": "relu",
        "output": "softmax",
        "momentum": 0.9,
        "reduction": "mean",
    },
    "relu_sigmoid_l1_l2_mean": {
        "activation": "relu",
        "l1": 0.03,
        "l2": 0.02,
        "reduction": "mean",
        "learning_rate": 0.2,
    },
    "tanh_softmax_mean": {
        "activation": "tanh",
        "output": "softmax",
        "reduction": "mean",
        "learning_rate": 0.5,
    },
    "tanh_sigmoid_l1_no_bias": {"activation": "tanh", "bias": False, "l1": 0.1},
    "two_layers_relu_softmax": {
        "hidden": [7, 5],
        "activation": "relu",
        "output": "softmax",
        "momentum": 0.9,
        "l2": 0.05,
        "reduction": "mean",
    },
    "two_layers_tanh_sigmoid": {
        "hidden": [5, 3],
        "activation": "tanh",
        "momentum": 0.5,
        "l1": 0.01,
        "l2": 0.1,
        "reduction": "mean",
        "learning_rate": 0.2,
    },
    "two_layers_sigmoid_softmax_no_bias": {
        "hidden": [4, 6],
        "output": "softmax",
        "bias": False,
        "momentum": 0.9,
        "learning_rate": 0.02,
    },
}

# One layer: its weight (outputs, inputs), and its bias (outputs) or None.
Layer = tuple[np.ndarray, "np.ndarray | None"]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0.0, -z)


# name: (the function, its derivative written in the activation)
ACTIVATIONS = {
    "sigmoid": (sigmoid, lambda a: a * (1.0 - a)),
    "relu": (lambda z: np.maximum(z, 0.0), lambda a: (a > 0.0).astype(float)),
    "tanh": (np.tanh, lambda a: 1.0 - a * a),
}


def forward(s: dict, layers: list[Layer], x: np.ndarray) -> list[np.ndarray]:
    """The input, each hidden layer's activation, and the output layer's z."""
    function = ACTIVATIONS[s["activation"]][0]
    trail = [x]
    for i, (weight, bias) in enumerate(layers):
        z = trail[-1] @ weight.T + (0.0 if bias is None else bias)
        trail.append(z if i == len(layers) - 1 else function(z))
    return trail


def data_term(s: dict, z: np.ndarray, y: np.ndarray) -> float:
    if s["output"] == "sigmoid":
        total = -np.sum(y * log_sigmoid(z) + (1.0 - y) * log_sigmoid(-z))
    else:
        total = np.sum(np.logaddexp.reduce(z, axis=1) - np.sum(z * y, axis=1))
    return total / (len(z) if s["reduction"] == "mean" else 1)


def loss(s: dict, layers: list[Layer], x: np.ndarray, y: np.ndarray) -> float:
    total = data_term(s, forward(s, layers, x)[-1], y)
    for weight, _ in layers:
        squares, magnitudes = np.sum(weight**2), np.sum(np.abs(weight))
        total += s["l2"] / 2 * squares
        total += s["l1"] * (magnitudes if s["l1_form"] == "sign" else squares / 2)
    return float(total)


def article_error(s: dict, layers: list[Layer], x: np.ndarray, y: np.ndarray) -> float:
    z = forward(s, layers, x)[-1]
    penalty = sum(s["l2"] / 2 * np.sum(w**2) + s["l1"] / 2 * np.sum(np.abs(w)) for w, _ in layers)
    return float(0.5 * np.mean(-np.sum(y * log_sigmoid(z), axis=0) + penalty))


def gradients(s: dict, layers: list[Layer], x: np.ndarray, y: np.ndarray) -> list[Layer]:
    *trail, z = forward(s, layers, x)
    if s["output"] == "sigmoid":
        a = sigmoid(z)
    else:
        a = np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None])
    delta = (a - y) / (len(x) if s["reduction"] == "mean" else 1)
    derivative = ACTIVATIONS[s["activation"]][1]
    found: list[Layer] = []
    for i in reversed(range(len(layers))):
        weight, bias = layers[i]
        d_weight = delta.T @ trail[i] + s["l2"] * weight
        d_weight += s["l1"] * (np.sign(weight) if s["l1_form"] == "sign" else weight)
        found.insert(0, (d_weight, None if bias is None else delta.sum(axis=0)))
        if i > 0:
            delta = (delta @ weight) * derivative(trail[i])
    return found


def arrays(layers: list[Layer]) -> list[np.ndarray]:
    return [array for layer in layers for array in layer if array is not None]


def assert_gradients(s: dict, layers: list[Layer], x: np.ndarray, y: np.ndarray):
    """Central differences agree: the figures are worth keeping only if this program is right."""
    step = 1e-6
    for array, d_array in zip(arrays(layers), arrays(gradients(s, layers, x, y))):
        for i in np.ndindex(array.shape):
            before = array[i]
            array[i] = before + step
            above = loss(s, layers, x, y)
            array[i] = before - step
            below = loss(s, layers, x, y)
            array[i] = before
            assert abs((above - below) / (2 * step) - d_array[i]) < 1e-7, (s, i)


def assert_smooth(s: dict, layers: list[Layer], x: np.ndarray):
    """No number sits so near a kink (ReLU, |w|) that another order of summation could fall on its other side."""
    if s["activation"] == "relu":
        for i in range(1, len(layers)):
            weight, bias = layers[i - 1]
            z = forward(s, layers, x)[i - 1] @ weight.T + (0.0 if bias is None else bias)
            assert np.abs(z).min() > 1e-5, s
    if s["l1"] > 0.0 and s["l1_form"] == "sign":
        assert min(np.abs(weight).min() for weight, _ in layers) > 1e-5, s


def as_json(layers: list[Layer]) -> list[dict]:
    return [
        {
            "shape": list(weight.shape),
            "weight": weight.ravel().tolist(),
            "bias": None if bias is None else bias.tolist(),
        }
        for weight, bias in layers
    ]


def train(name: str, changes: dict, x: np.ndarray, y: np.ndarray) -> dict:
    s = DEFAULTS | changes
    rng = np.random.RandomState(list(CASES).index(name))
    sizes = [PIXELS, *s["hidden"], CLASSES]
    layers: list[Layer] = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        weight = rng.uniform(-1.0, 1.0, (outputs, inputs))
        layers.append((weight, rng.uniform(-0.5, 0.5, outputs) if s["bias"] else None))
    assert_gradients(s, layers, x, y)
    case = {"name": name, "settings": s, "initial": as_json(layers)}
    case["first_gradients"] = as_json(gradients(s, layers, x, y))
    losses, errors = [], []
    velocities = [np.zeros_like(array) for array in arrays(layers)]
    for _ in range(STEPS):
        assert_smooth(s, layers, x)
        losses.append(loss(s, layers, x, y))
        errors.append(article_error(s, layers, x, y))
        found = arrays(gradients(s, layers, x, y))
        for array, velocity, d_array in zip(arrays(layers), velocities, found):
            velocity *= s["momentum"]
            velocity += d_array
            array -= s["learning_rate"] * velocity
    article_like = s["output"] == "sigmoid" and s["reduction"] == "sum" and not s["bias"]
    case["losses"] = losses
    case["article_errors"] = errors if article_like else None
    case["final"] = as_json(layers)
    return case


def figures() -> dict:
    rng = np.random.RandomState(2017)
    pixels = rng.randint(0, 256, (IMAGES, PIXELS))
    pixels[:, 3] = 7  # a pixel that never changes: its deviation counts as 1
    labels = rng.permutation(np.arange(IMAGES) % CLASSES)
    mean, deviation = pixels.mean(axis=0), pixels.std(axis=0)
    deviation[deviation == 0.0] = 1.0
    x = (pixels - mean) / deviation
    y = np.eye(CLASSES)[labels]
    return {
        "made_by": "scripts/reference.py",
        "numpy": np.__version__,
        "input": {
            "images": IMAGES,
            "pixels_per_image": PIXELS,
            "classes": CLASSES,
            "pixels": pixels.ravel().tolist(),
            "labels": labels.tolist(),
            "mean": mean.tolist(),
            "deviation": deviation.tolist(),
            "x": x.ravel().tolist(),
        },
        "cases": [train(name, changes, x, y) for name, changes in CASES.items()],
    }


def differences(path: str, kept, made) -> list[str]:
    """Where two trees of figures disagree by more than a change of summation order explains."""
    if isinstance(kept, dict) and isinstance(made, dict) and kept.keys() == made.keys():
        pairs = [(f"{path}.{key}", kept[key], made[key]) for key in kept]
    elif isinstance(kept, list) and isinstance(made, list) and len(kept) == len(made):
        pairs = [(f"{path}[{i}]", kept[i], made[i]) for i in range(len(kept))]
    elif isinstance(kept, float) and isinstance(made, float):
        near = abs(kept - made) <= 1e-11 * max(1.0, abs(made))
        return [] if near else [f"{path}: {kept!r} kept, {made!r} made"]
    else:
        return [] if kept == made else [f"{path}: {kept!r} kept, {made!r} made"]
    return [line for pair in pairs for line in differences(*pair)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Golden figures for the tests, from NumPy f64.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="write the figures there")
    what.add_argument("--check", type=Path, metavar="DIR", help="compare those there")
    options = parser.parse_args()
    made = figures()
    path = (options.out or options.check) / "ten_steps.json"
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        # One case a line: a change shows in a diff as the case it is in.
        cases = ",\n".join(json.dumps(case) for case in made.pop("cases"))
        head = json.dumps(made)
        path.write_text(f'{head[:-1]}, "cases": [\n{cases}\n]}}\n')
        print(f"wrote {path} ({path.stat().st_size} bytes)", file=sys.stderr)
        return 0
    kept = json.loads(path.read_text())
    kept["numpy"] = made["numpy"]  # versions may differ, figures may not
    found = differences(path.name, kept, made)
    print("\n".join(found[:10]) or f"{path} agrees with this program", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
