#!/usr/bin/env python3
"""gingham beside other programs on the same work, in one run on one machine.

    python3 scripts/compare.py --data DIR                the article's job: 784-50-10, 25 batches, full training set
    python3 scripts/compare.py --data DIR --job wide     784-512-256-10, batches of 128, shuffled

Needs NumPy; scikit-learn, PyTorch and JAX take part where they can be imported. Every peer lives in a process of its
own, whose thread count is fixed by its environment before anything is imported; it loads the data, compiles and warms
up before the first timed epoch. Then rounds alternate: in each round every program trains the same number of epochs
from the same initial weights, in an order that turns from round to round, while the others sleep. gingham is started
anew for every round, and its own "train_seconds" are read. What is compared is the epochs alone, without loading.
"""

import argparse
import gzip
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

# The article's settings.
HELD_OUT, BATCHES, RATE, L2 = 0.2, 25, 0.001, 0.5
# The wide job's.
WIDE_HIDDEN, WIDE_BATCH, WIDE_RATE, WIDE_MOMENTUM = (512, 256), 128, 0.02, 0.9
HIDDEN, CLASSES, SEED = 50, 10, 42

# name: (what it is, the module it needs)
PEERS = {
    "article": {
        "numpy-f64": ("the article's program, NumPy f64", "numpy"),
        "numpy-f32": ("tidy NumPy, f32", "numpy"),
        "sklearn-f32": ("scikit-learn MLPClassifier, f32 (softmax outputs, biases)", "sklearn"),
        "torch-f32": ("PyTorch f32, autograd", "torch"),
        "torch-bf16": ("PyTorch bf16, hand-written steps", "torch"),
        "jax-f32": ("JAX f32, jit + scan", "jax"),
    },
    "wide": {
        "sklearn-f32": ("scikit-learn MLPClassifier, f32", "sklearn"),
        "torch-f32": ("PyTorch f32, autograd", "torch"),
        "torch-bf16": ("PyTorch bf16 autocast", "torch"),
        "jax-f32": ("JAX f32, jit + scan", "jax"),
    },
}
GINGHAM_FLAGS = {
    "article": ["--preset", "article"],
    "wide": [
        *("--preset", "article", "--hidden", ",".join(map(str, WIDE_HIDDEN)), "--activation", "relu"),
        *("--output", "softmax", "--bias", "on", "--init", "he"),
        *("--batch-size", str(WIDE_BATCH), "--shuffle", "on"),
        *("--momentum", str(WIDE_MOMENTUM), "--reduction", "mean"),
        *("--learning-rate", str(WIDE_RATE), "--l1", "0", "--l2", "0", "--holdout", "0"),
    ],
}
# Of peers that do the article's arithmetic, so that their errors can be compared with its figures.
SAME_ARITHMETIC = ("numpy-f64", "numpy-f32", "torch-f32", "torch-bf16", "jax-f32")

# A trainer takes a number of epochs, starts from the initial weights, and gives each epoch's mean error.
Trainer = Callable[[int], list[float]]


# ----
# The work: the same pixels, split and weights for every peer. Imports stand inside functions, because the process that
# directs the others must stay without a BLAS, and each peer must import its own only.


def read_idx(folder: Path, name: str, magic: int):
    import numpy as np

    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    if int.from_bytes(data[:4], "big") != magic:
        raise SystemExit(f"{path}: not the IDX file that its name says")
    sizes = np.frombuffer(data, ">u4", magic & 0xFF, 4).astype(int)
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes))
    return values.reshape(sizes[0], -1) if len(sizes) > 1 else values


def training_data(folder: Path, held_out: float, dtype: str):
    """The training part, standardised per pixel by its own figures, and its labels."""
    import numpy as np

    pixels = read_idx(folder, "train-images-idx3-ubyte", 0x803)
    labels = read_idx(folder, "train-labels-idx1-ubyte", 0x801)
    if held_out > 0.0:
        # scikit-learn's train_test_split: the permutation's head is held out, what follows it trains.
        order = np.random.RandomState(SEED).permutation(len(labels))
        chosen = order[int(np.ceil(held_out * len(labels))) :]
        pixels, labels = pixels[chosen], labels[chosen]
    mean = pixels.mean(axis=0, dtype=np.float64)
    deviation = pixels.std(axis=0, dtype=np.float64)
    deviation[deviation == 0.0] = 1.0
    x = np.empty(pixels.shape, dtype)
    for start in range(0, len(x), 1000):  # in f64, without an f64 copy of the whole
        rows = slice(start, start + 1000)
        x[rows] = (pixels[rows] - mean) / deviation
    return x, labels.astype(np.int64)


def article_weights(inputs: int, dtype: str):
    import numpy as np

    rng = np.random.RandomState(SEED)
    w1 = rng.uniform(-1.0, 1.0, (HIDDEN, inputs))
    w2 = rng.uniform(-1.0, 1.0, (CLASSES, HIDDEN))
    return w1.astype(dtype), w2.astype(dtype)


def he_weights(inputs: int):
    """(weight (outputs, inputs), bias) of each layer of the wide job. gingham draws its own of the same kind."""
    import numpy as np

    rng = np.random.RandomState(SEED)
    sizes = [inputs, *WIDE_HIDDEN, CLASSES]
    return [
        ((rng.standard_normal((o, i)) * np.sqrt(2.0 / i)).astype("f4"), np.zeros(o, "f4"))
        for i, o in zip(sizes, sizes[1:])
    ]


# ----
# The peers


def article_numpy_f64(folder: Path, _threads: int) -> tuple[Trainer, str]:
    """What the article's reader types: plain NumPy, f64, copies where they fall."""
    import numpy as np

    x, labels = training_data(folder, HELD_OUT, "f8")
    y = np.eye(CLASSES)[labels]

    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    def train(epochs: int) -> list[float]:
        w1, w2 = article_weights(x.shape[1], "f8")
        trace = []
        for _ in range(epochs):
            errors = []
            for index in np.array_split(np.arange(len(x)), BATCHES):
                x_batch, y_batch = x[index], y[index].T
                net_input = x_batch.copy()
                net_hidden = w1.dot(net_input.T)
                act_hidden = sigmoid(net_hidden)
                act_out = sigmoid(w2.dot(act_hidden))
                delta_out = act_out - y_batch
                delta_hidden = w2.T.dot(delta_out) * sigmoid(net_hidden) * (1.0 - sigmoid(net_hidden))
                gradient_1 = delta_hidden.dot(net_input) + L2 * w1
                gradient_2 = delta_out.dot(act_hidden.T) + L2 * w2
                penalty = L2 / 2.0 * (np.sum(w1**2) + np.sum(w2**2))
                errors.append(0.5 * np.mean(-np.sum(y_batch * np.log(act_out), axis=1) + penalty))
                w1 -= RATE * gradient_1
                w2 -= RATE * gradient_2
            trace.append(float(np.mean(errors)))
        return trace

    return train, numpy_version()


def article_numpy_f32(folder: Path, _threads: int) -> tuple[Trainer, str]:
    """The same in f32 with images in rows, batches as views and elementwise work in place."""
    import numpy as np

    x, labels = training_data(folder, HELD_OUT, "f4")
    batches = [
        (x[rows[0] : rows[-1] + 1], labels[rows[0] : rows[-1] + 1])
        for rows in np.array_split(np.arange(len(x)), BATCHES)
    ]

    def sigmoid_in_place(z):
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1.0
        np.reciprocal(z, out=z)
        return z

    def train(epochs: int) -> list[float]:
        w1, w2 = article_weights(x.shape[1], "f4")
        trace = []
        for _ in range(epochs):
            total = 0.0
            for x_batch, y_batch in batches:
                rows = np.arange(len(y_batch))
                a1 = sigmoid_in_place(x_batch @ w1.T)
                a2 = sigmoid_in_place(a1 @ w2.T)
                squares = np.vdot(w1, w1) + np.vdot(w2, w2)
                total += 0.5 * float(-np.log(a2[rows, y_batch]).sum() / CLASSES + L2 / 2.0 * squares)
                a2[rows, y_batch] -= 1.0  # from here on the output's delta
                gradient_2 = a2.T @ a1
                d1 = a2 @ w2
                d1 *= a1
                np.subtract(1.0, a1, out=a1)
                d1 *= a1
                gradient_1 = d1.T @ x_batch
                # Not w *= 1 - RATE * L2: in f32 that factor's rounding adds up, the same way in every step.
                for w, gradient in ((w1, gradient_1), (w2, gradient_2)):
                    gradient += L2 * w
                    gradient *= RATE
                    w -= gradient
            trace.append(total / BATCHES)
        return trace

    return train, numpy_version()


def numpy_version() -> str:
    import numpy as np

    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"NumPy {np.__version__} ({blas['name']} {blas['version']})"
    except (TypeError, KeyError):  # before NumPy 1.26
        return f"NumPy {np.__version__}"


def sklearn_trainer(x, labels, layers, options: dict) -> tuple[Trainer, str]:
    import sklearn
    from sklearn.neural_network import MLPClassifier

    def train(epochs: int) -> list[float]:
        model = MLPClassifier(
            solver="sgd",
            nesterovs_momentum=False,
            n_iter_no_change=10**9,
            warm_start=True,
            random_state=SEED,
            max_iter=1,
            **options,
        )
        # The way to given weights: let a few images build the arrays, then fill them.
        model.set_params(batch_size=CLASSES)
        model.fit(x[first], labels[first])
        model.set_params(batch_size=options["batch_size"], max_iter=epochs)
        for i, (weight, bias) in enumerate(layers):
            model.coefs_[i] = weight.T.copy()
            model.intercepts_[i] = bias.copy()
        model.fit(x, labels)
        return [float(value) for value in model.loss_curve_[-epochs:]]

    import numpy as np

    first = np.unique(labels, return_index=True)[1]
    return train, f"scikit-learn {sklearn.__version__}, {numpy_version()}"


def article_sklearn_f32(folder: Path, _threads: int) -> tuple[Trainer, str]:
    """The nearest that MLPClassifier offers. It divides by the batch: the rate is scaled to the same step."""
    import numpy as np

    x, labels = training_data(folder, HELD_OUT, "f4")
    batch = len(x) // BATCHES
    w1, w2 = article_weights(x.shape[1], "f4")
    layers = [(w1, np.zeros(HIDDEN, "f4")), (w2, np.zeros(CLASSES, "f4"))]
    options = {
        "hidden_layer_sizes": (HIDDEN,),
        "activation": "logistic",
        "batch_size": batch,
        "shuffle": False,
        "learning_rate_init": RATE * batch,
        "alpha": L2,
        "momentum": 0.0,
    }
    return sklearn_trainer(x, labels, layers, options)


def wide_sklearn_f32(folder: Path, _threads: int) -> tuple[Trainer, str]:
    x, labels = training_data(folder, 0.0, "f4")
    options = {
        "hidden_layer_sizes": WIDE_HIDDEN,
        "activation": "relu",
        "batch_size": WIDE_BATCH,
        "shuffle": True,
        "learning_rate_init": WIDE_RATE,
        "alpha": 0.0,
        "momentum": WIDE_MOMENTUM,
    }
    return sklearn_trainer(x, labels, he_weights(x.shape[1]), options)


def torch_ready(threads: int):
    import torch

    torch.set_num_threads(threads)
    return torch, f"PyTorch {torch.__version__}"


def torch_batches(torch, x, labels) -> list:
    """(images, one-hot labels, labels) of each batch, as views."""
    y = torch.nn.functional.one_hot(labels, CLASSES).float()
    size = -(-len(x) // BATCHES)
    return list(zip(x.split(size), y.split(size), labels.split(size)))


def article_error(torch, z, labels, w1, w2):
    """Left on torch's side: one transfer an epoch, not one a batch."""
    right = torch.nn.functional.logsigmoid(z.gather(1, labels[:, None])).sum()
    return 0.5 * (-right / CLASSES + L2 / 2.0 * ((w1 * w1).sum() + (w2 * w2).sum()))


def article_torch_f32(folder: Path, threads: int) -> tuple[Trainer, str]:
    torch, version = torch_ready(threads)
    x, labels = map(torch.from_numpy, training_data(folder, HELD_OUT, "f4"))
    batches = torch_batches(torch, x, labels)

    def train(epochs: int) -> list[float]:
        w1, w2 = (torch.from_numpy(w).requires_grad_() for w in article_weights(x.shape[1], "f4"))
        optimizer = torch.optim.SGD([w1, w2], lr=RATE, weight_decay=L2)
        trace = []
        for _ in range(epochs):
            total = torch.zeros(())
            for x_batch, y_batch, l_batch in batches:
                optimizer.zero_grad()
                z = torch.sigmoid(x_batch @ w1.T) @ w2.T
                loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y_batch, reduction="sum")
                with torch.no_grad():
                    total += article_error(torch, z, l_batch, w1, w2)
                loss.backward()
                optimizer.step()
            trace.append(total.item() / BATCHES)
        return trace

    return train, version


def article_torch_bf16(folder: Path, threads: int) -> tuple[Trainer, str]:
    """The two products over the pixels in bf16, weights and everything small in f32; no autograd."""
    torch, version = torch_ready(threads)
    x, labels = map(torch.from_numpy, training_data(folder, HELD_OUT, "f4"))
    x = x.bfloat16()
    batches = torch_batches(torch, x, labels)

    def train(epochs: int) -> list[float]:
        w1, w2 = map(torch.from_numpy, article_weights(x.shape[1], "f4"))
        trace = []
        for _ in range(epochs):
            total = torch.zeros(())
            for x_batch, y_batch, l_batch in batches:
                a1 = (x_batch @ w1.bfloat16().T).float().sigmoid_()
                z = a1 @ w2.T
                total += article_error(torch, z, l_batch, w1, w2)
                d2 = z.sigmoid_().sub_(y_batch)
                d1 = (d2 @ w2).mul_(a1).mul_(1.0 - a1)
                gradient_1 = (d1.bfloat16().T @ x_batch).float()
                gradient_2 = d2.T @ a1
                w1.sub_(gradient_1.add_(w1, alpha=L2), alpha=RATE)
                w2.sub_(gradient_2.add_(w2, alpha=L2), alpha=RATE)
            trace.append(total.item() / BATCHES)
        return trace

    def without_autograd(epochs: int) -> list[float]:
        with torch.inference_mode():
            return train(epochs)

    return without_autograd, version


def wide_torch(folder: Path, threads: int, autocast: bool) -> tuple[Trainer, str]:
    torch, version = torch_ready(threads)
    x, labels = map(torch.from_numpy, training_data(folder, 0.0, "f4"))

    def train(epochs: int) -> list[float]:
        torch.manual_seed(SEED)
        modules = []
        for weight, bias in he_weights(x.shape[1]):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(bias))
            modules += [linear, torch.nn.ReLU()]
        model = torch.nn.Sequential(*modules[:-1])
        optimizer = torch.optim.SGD(model.parameters(), lr=WIDE_RATE, momentum=WIDE_MOMENTUM)
        trace = []
        for _ in range(epochs):
            total = torch.zeros(())
            for index in torch.randperm(len(x)).split(WIDE_BATCH):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                    loss = torch.nn.functional.cross_entropy(model(x[index]), labels[index])
                loss.backward()
                optimizer.step()
                total += loss.detach().float() * len(index)
            trace.append(total.item() / len(x))
        return trace

    return train, version


def wide_torch_f32(folder: Path, threads: int) -> tuple[Trainer, str]:
    return wide_torch(folder, threads, autocast=False)


def wide_torch_bf16(folder: Path, threads: int) -> tuple[Trainer, str]:
    return wide_torch(folder, threads, autocast=True)


def article_jax_f32(folder: Path, _threads: int) -> tuple[Trainer, str]:
    import jax
    import jax.numpy as jnp

    x, labels = training_data(folder, HELD_OUT, "f4")
    if len(x) % BATCHES:
        raise SystemExit(f"scan needs batches of one size, and {len(x)} images do not give {BATCHES}")
    x = jnp.asarray(x.reshape(BATCHES, -1, x.shape[1]))
    y = jax.nn.one_hot(labels.reshape(BATCHES, -1), CLASSES, dtype=jnp.float32)

    def error(weights, x_batch, y_batch):
        w1, w2 = weights
        z = jax.nn.sigmoid(x_batch @ w1.T) @ w2.T
        # The article's gradient is that of the full cross-entropy; what it prints is another sum.
        entropy = -jnp.sum(y_batch * jax.nn.log_sigmoid(z) + (1.0 - y_batch) * jax.nn.log_sigmoid(-z))
        squares = jnp.vdot(w1, w1) + jnp.vdot(w2, w2)
        right = jnp.sum(y_batch * jax.nn.log_sigmoid(z))
        return entropy + L2 / 2.0 * squares, 0.5 * (-right / CLASSES + L2 / 2.0 * squares)

    def step(weights, batch):
        gradient, shown = jax.grad(error, has_aux=True)(weights, *batch)
        return jax.tree.map(lambda w, g: w - RATE * g, weights, gradient), shown

    @jax.jit
    def epoch(weights, x, y):
        weights, shown = jax.lax.scan(step, weights, (x, y))
        return weights, shown.mean()

    def train(epochs: int) -> list[float]:
        weights = tuple(map(jnp.asarray, article_weights(x.shape[2], "f4")))
        trace = []
        for _ in range(epochs):
            weights, shown = epoch(weights, x, y)
            trace.append(float(shown))
        jax.block_until_ready(weights)
        return trace

    return train, f"JAX {jax.__version__}"


def wide_jax_f32(folder: Path, _threads: int) -> tuple[Trainer, str]:
    import jax
    import jax.numpy as jnp

    x, labels = map(jnp.asarray, training_data(folder, 0.0, "f4"))
    whole = len(x) // WIDE_BATCH * WIDE_BATCH

    def loss(layers, x_batch, l_batch):
        a = x_batch
        for weight, bias in layers[:-1]:
            a = jax.nn.relu(a @ weight.T + bias)
        z = a @ layers[-1][0].T + layers[-1][1]
        right = jnp.take_along_axis(jax.nn.log_softmax(z), l_batch[:, None], axis=1)
        return -right.mean()

    def epoch(state, key, x, labels):
        def step(state, index):
            layers, velocity = state
            value, gradient = jax.value_and_grad(loss)(layers, x[index], labels[index])
            velocity = jax.tree.map(lambda v, g: WIDE_MOMENTUM * v + g, velocity, gradient)
            layers = jax.tree.map(lambda w, v: w - WIDE_RATE * v, layers, velocity)
            return (layers, velocity), value * len(index)

        order = jax.random.permutation(key, len(x))
        state, values = jax.lax.scan(step, state, order[:whole].reshape(-1, WIDE_BATCH))
        total = values.sum()
        if whole < len(x):  # the last batch is smaller, and scan takes one size only
            state, value = step(state, order[whole:])
            total += value
        return state, total / len(x)

    epoch = jax.jit(epoch)

    def train(epochs: int) -> list[float]:
        layers = [tuple(map(jnp.asarray, layer)) for layer in he_weights(x.shape[1])]
        state = (layers, jax.tree.map(jnp.zeros_like, layers))
        trace = []
        for number in range(epochs):
            state, value = epoch(state, jax.random.fold_in(jax.random.key(SEED), number), x, labels)
            trace.append(float(value))
        jax.block_until_ready(state)
        return trace

    return train, f"JAX {jax.__version__}"


def peer_main(job: str, name: str, folder: str, threads: int) -> None:
    serve(globals()[f"{job}_{name.replace('-', '_')}"], Path(folder), threads, warm_up=1 if job == "wide" else 2)


def serve(make_trainer: Callable[[Path, int], tuple[Trainer, str]], folder: Path, threads: int, warm_up: int) -> None:
    """A peer's process: {"ready"} once warm, then one line of JSON for every number of epochs read."""
    if hasattr(os, "sched_setaffinity"):
        # XLA counts the processors it may run on; it has no setting for the number of its threads.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    # What libraries print must not end up between our lines.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def reply(**fields) -> None:
        replies.write(json.dumps(fields) + "\n")

    try:
        train, version = make_trainer(folder, threads)
        train(warm_up)
    except ImportError as problem:
        lines = str(problem).splitlines()
        return reply(skip=f"cannot be imported: {lines[0] if lines else problem!r}")
    except SystemExit as problem:
        return reply(skip=str(problem))
    reply(ready=version)
    for line in sys.stdin:
        started = time.perf_counter()
        errors = train(int(line))
        seconds = time.perf_counter() - started
        reply(seconds=seconds, errors=errors, peak_rss_bytes=own_peak_rss_bytes())


def own_peak_rss_bytes() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


# ----
# The director


class Skipped(Exception):
    """Why a program does not take part."""


class Peer:
    script, peers = __file__, PEERS

    def __init__(self, name: str, job: str, folder: Path, threads: int):
        self.name = name
        self.what, module = self.peers[job][name]
        if importlib.util.find_spec(module) is None:
            raise Skipped(f"{module} is not installed")
        pools = ("OMP", "OPENBLAS", "MKL", "BLIS")
        environment = os.environ | {f"{pool}_NUM_THREADS": str(threads) for pool in pools}
        environment |= {"VECLIB_MAXIMUM_THREADS": str(threads)}
        environment |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, self.script, "--peer", job, name, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment,
            text=True,
        )
        first = self.read()
        if "skip" in first:
            self.end()
            raise Skipped(first["skip"])
        self.version = first["ready"]

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.end()
        self.log.seek(0)
        last = (self.log.read().strip().splitlines() or ["no message"])[-1]
        raise Skipped(f"ended with code {self.process.returncode}: {last}")

    def run(self, epochs: int) -> dict:
        try:
            self.process.stdin.write(f"{epochs}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: reading tells why
        return self.read()

    def end(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before us, and what it was sent last went nowhere
        self.process.wait()


def program_version(binary: Path) -> str:
    if not os.access(binary, os.X_OK):
        raise Skipped(f"no program {binary} (build it: cargo build --release)")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    return " ".join(version.stdout.split())


class Gingham:
    """An engine of ours, e.g. "blas" or "blas:f64"."""

    def __init__(self, binary: Path, engine: str, job: str, folder: Path, threads: int):
        engine, _, dtype = engine.partition(":")
        dtype = dtype or "f32"
        self.name = f"gingham-{engine}-{dtype}"
        self.what = f"gingham, {engine} engine, {dtype}"
        self.version = program_version(binary)
        self.job, self.folder = job, folder
        self.command = [binary, "train", "--data", folder, *GINGHAM_FLAGS[job]]
        self.command += ["--engine", engine, "--dtype", dtype, "--threads", str(threads)]
        self.command += ["--eval-every", "0", "--json", "-q"]

    def run(self, epochs: int) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            command = [*self.command, "--epochs", str(epochs), "--out", out]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Skipped(f"ended with code {done.returncode}: {done.stderr.strip()[-300:]}")
            summary = json.loads(done.stdout)
            errors = []
            if (out / "metrics.csv").exists():
                rows = (out / "metrics.csv").read_text().splitlines()
                column = rows[0].split(",").index("error")
                errors = [float(row.split(",")[column]) for row in rows[1:]]
        return {
            "seconds": summary["train_seconds"] * epochs / summary["epochs"],
            "errors": errors,
            "peak_rss_bytes": summary["peak_rss_bytes"],
        }

    def end(self) -> None:
        pass


def alternate(entrants: list, count: int, epochs: int, skipped: dict[str, str]) -> list[dict]:
    """Runs every entrant once a round, each round beginning with another. Who fails leaves `entrants` for `skipped`."""
    rounds = []
    for number in range(count):
        turn = number % max(1, len(entrants))
        for entrant in entrants[turn:] + entrants[:turn]:
            time.sleep(0.3)  # idle thread pools spin for a while after their work
            try:
                result = {"round": number, "program": entrant.name, **entrant.run(epochs)}
            except Skipped as why:
                print(f"{entrant.name} {why}", file=sys.stderr)
                skipped[entrant.name] = f"{why} (in round {number})"
                entrants.remove(entrant)
                continue
            rounds.append(result)
            print(json.dumps({key: result[key] for key in ("round", "program", "seconds")}), file=sys.stderr)
    return rounds


def describe_machine() -> dict:
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {
        "cpu": model,
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "load_average_at_start": os.getloadavg()[0],
    }


def largest_deviation(errors: list[float], reference: Path) -> str:
    """Of a program's epoch errors from a CSV of (epoch, mean_error or error, ...), relative."""
    rows = [row.split(",") for row in reference.read_text().split()]
    column = rows[0].index("mean_error" if "mean_error" in rows[0] else "error")
    pairs = list(zip(errors, (float(row[column]) for row in rows[1:])))
    if not pairs:
        return "-"
    worst = max(abs(ours - theirs) / abs(theirs) for ours, theirs in pairs)
    return f"{worst:.1e} ({len(pairs)} epochs)"


def summarise(entrants: list, rounds: list[dict], epochs: int, reference: Path | None) -> list[dict]:
    rows = []
    for entrant in entrants:
        own = [one for one in rounds if one["program"] == entrant.name]
        times = [1000.0 * one["seconds"] / epochs for one in own]
        row = {
            "program": entrant.name,
            "what": entrant.what,
            "version": entrant.version,
            "ms_per_epoch_median": statistics.median(times),
            "ms_per_epoch_min": min(times),
            "ms_per_epoch_max": max(times),
            "peak_rss_bytes": max(one["peak_rss_bytes"] for one in own),
            "last_error": own[0]["errors"][-1] if own[0]["errors"] else None,
        }
        if reference:
            same = entrant.name in SAME_ARITHMETIC or isinstance(entrant, Gingham)
            row["deviation"] = largest_deviation(own[0]["errors"], reference) if same else "other outputs"
        rows.append(row)
    ours = next((row for row in rows if row["program"].startswith("gingham")), None)
    for row in rows:
        row["ratio"] = row["ms_per_epoch_median"] / ours["ms_per_epoch_median"] if ours else None
    return sorted(rows, key=lambda row: row["ms_per_epoch_median"])


def table(rows: list[dict], markdown: bool) -> str:
    head = ["program", "ms/epoch", "min-max", "ratio", "peak MB"]
    if "deviation" in rows[0]:
        head.append("error off by")
    lines = [head]
    for row in rows:
        cells = [
            row["what"],
            f"{row['ms_per_epoch_median']:.1f}",
            f"{row['ms_per_epoch_min']:.1f}-{row['ms_per_epoch_max']:.1f}",
            f"{row['ratio']:.2f}" if row["ratio"] else "-",
            f"{row['peak_rss_bytes'] / 1e6:.0f}",
        ]
        lines.append(cells + ([row["deviation"]] if len(head) > 5 else []))
    return aligned(lines, markdown)


def aligned(lines: list[list[str]], markdown: bool) -> str:
    """A table of a head and rows, whose first column is text and whose others are numbers."""
    head = lines[0]
    if markdown:
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *lines[1:]]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths)))
        for line in lines
    )


def parse_options() -> argparse.Namespace:
    root = Path(__file__).resolve().parent.parent
    default_data = os.environ.get("GINGHAM_DATA") or root / "data" / "fashion-mnist"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="\n".join(__doc__.split("\n\n")[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--job", choices=PEERS, default="article")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default_data,
        help="folder of IDX files [$GINGHAM_DATA, else data/fashion-mnist]",
    )
    parser.add_argument(
        "--gingham",
        type=Path,
        metavar="PATH",
        default=target / "release" / "gingham",
        help="the program [target/release/gingham]",
    )
    parser.add_argument(
        "--engines", default="fixed,simd,blas", help="comma list of engines, with :f64 for that precision [fixed,simd,blas]"
    )
    parser.add_argument("--peers", help=f"comma list [all of {', '.join(PEERS['article'])}]; none: gingham alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="in each round [10; wide: 1]")
    parser.add_argument("--threads", type=int, default=processors, help=f"[{processors}]")
    parser.add_argument("--reference", type=Path, metavar="CSV", help="epoch errors to compare the article's job with")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every round, as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the table, as Markdown")
    options = parser.parse_args()
    options.epochs = options.epochs or (1 if options.job == "wide" else 10)
    if min(options.rounds, options.epochs, options.threads) < 1:
        parser.error("rounds, epochs and threads are at least 1")
    if options.reference and options.job != "article":
        parser.error("--reference goes with the article's job")
    names = options.peers.split(",") if options.peers else list(PEERS[options.job])
    options.peers = [] if names == ["none"] else names
    for name in options.peers:
        if name not in PEERS[options.job]:
            parser.error(f"no peer {name} in this job; there are {', '.join(PEERS[options.job])}")
    options.data, options.gingham = Path(options.data).resolve(), options.gingham.resolve()
    if not any((options.data / f"train-images-idx3-ubyte{end}").exists() for end in ("", ".gz")):
        parser.error(f"no train-images-idx3-ubyte in {options.data}")
    return options


def main() -> int:
    options = parse_options()
    machine = describe_machine()
    if machine["load_average_at_start"] > 0.5:
        # Two threads on one free processor wait for each other: some peers get ten times slower, not two.
        print("this machine is busy with other work: take none of these timings seriously", file=sys.stderr)
    entrants, skipped = [], {}

    def enter(name: str, kind: type, *settings) -> None:
        print(f"setting up {name}", file=sys.stderr)
        try:
            entrants.append(kind(*settings, options.job, options.data, options.threads))
        except Skipped as why:
            print(f"skipped {name}: {why}", file=sys.stderr)
            skipped[name] = str(why)

    for engine in options.engines.split(","):
        enter(f"gingham {engine}", Gingham, options.gingham, engine)
    for name in options.peers:
        enter(name, Peer, name)
    if not entrants:
        print("nothing to compare", file=sys.stderr)
        return 1

    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    rounds = alternate(entrants, options.rounds, options.epochs, skipped)
    for entrant in entrants:
        entrant.end()
    if not entrants:
        return 1

    rows = summarise(entrants, rounds, options.epochs, options.reference)
    heading = (
        f"{options.job} job, {options.threads} threads, median of {options.rounds} alternating rounds of "
        f"{options.epochs} epochs; {machine['cpu']}, {machine['processors']} processors; {started}"
    )
    closing = ["warm-up and just-in-time compilation are not timed; peak MB is of the whole process, loading included"]
    closing.append(f"load average at the start: {machine['load_average_at_start']:.2f}")
    closing += [f"{row['program']}: {row['version']}" for row in rows]
    closing += [f"skipped {name}: {why}" for name, why in skipped.items()]
    print("\n".join([heading, "", table(rows, markdown=False), "", *closing]))
    if options.markdown:
        text = [heading, "", table(rows, markdown=True), "", *(f"- {line}" for line in closing)]
        options.markdown.write_text("\n".join(text) + "\n")
    if options.json:
        record = {
            "started": started,
            "job": options.job,
            "threads": options.threads,
            "rounds_planned": options.rounds,
            "epochs_per_round": options.epochs,
            "machine": machine,
            "summary": rows,
            "skipped": skipped,
            "rounds": rounds,
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer_main(*sys.argv[2:5], int(sys.argv[5]))
        sys.exit(0)
    sys.exit(main())
