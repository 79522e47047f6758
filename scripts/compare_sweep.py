#!/usr/bin/env python3
"""A sweep of gingham beside the same 32 networks in PyTorch and JAX, in one run on one machine.

    python3 scripts/compare_sweep.py --data DIR                        every program, 5 epochs of each network a round
    python3 scripts/compare_sweep.py --data DIR --engines fixed --peers none

The networks are the article's, 784-50-10 on one split in 25 batches of a fixed order, and differ in learning rate, L2
and the seed of their weights. gingham trains them side by side (--group 32) and one after the other (--group 1).
PyTorch trains them one after the other, and all at once with batched products; JAX maps one step over all with vmap.

Needs NumPy; PyTorch and JAX take part where they can be imported. Rounds alternate as in scripts/compare.py. What is
compared is the epochs alone: a peer is timed after it has loaded, compiled and warmed up, and of gingham the
"train_seconds" of all runs are added up. The wall time of gingham's process, with loading, evaluation after the last
epoch and files, stands beside them. The errors of the last epoch must agree where training is not chaotic, or the
script ends with 1.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import compare
from compare import BATCHES, CLASSES, HELD_OUT, HIDDEN, RATE, Skipped

RATES, L2S, SEEDS = (0.0005, 0.001, 0.0015, 0.002), (0.0, 0.5), (1, 2, 3, 4)
# In the order of gingham's runs: the last setting changes fastest.
NETWORKS = list(itertools.product(RATES, L2S, SEEDS))
GRID = "; ".join(
    f"{name}={','.join(map(str, values))}" for name, values in (("learning-rate", RATES), ("l2", L2S), ("seed", SEEDS))
)

PEERS = {
    "sweep": {
        "torch-loop": ("PyTorch f32, autograd, one after the other", "torch"),
        "torch-batched": ("PyTorch f32, autograd, all in batched products", "torch"),
        "jax-vmap": ("JAX f32, jit + scan, vmap over all", "jax"),
    },
}
# How far a network's error may lie from the first program's, relative. Only networks up to the article's rate are
# compared: at 0.002 training is chaotic, and two f32 programs that sum in different orders differ by 0.6 % after two
# epochs, where at 0.001 and below they differ by less than 4e-7, and the integer engine by less than 1e-5.
ERRORS_AGREE = 1e-4
STEADY = [index for index, (rate, _, _) in enumerate(NETWORKS) if rate <= RATE]


# ----
# The peers. Their trainers give the error of every network in the last epoch.


def initial_weights(inputs: int) -> list:
    """(w1, w2) of each network, as the article draws them, from the network's own seed."""
    import numpy as np

    drawn = {}
    for seed in SEEDS:
        rng = np.random.RandomState(seed)
        shapes = (HIDDEN, inputs), (CLASSES, HIDDEN)
        drawn[seed] = tuple(rng.uniform(-1.0, 1.0, shape).astype("f4") for shape in shapes)
    return [drawn[seed] for _, _, seed in NETWORKS]


def stacked(inputs: int) -> tuple:
    """w1, w2, rates and L2 of all networks, each as one array whose first dimension is the network."""
    import numpy as np

    w1, w2 = (np.stack(weights) for weights in zip(*initial_weights(inputs)))
    rates, l2s, _ = (np.array(values, "f4") for values in zip(*NETWORKS))
    return w1, w2, rates, l2s


def sweep_torch_loop(folder: Path, threads: int) -> tuple[compare.Trainer, str]:
    torch, version = compare.torch_ready(threads)
    x, labels = map(torch.from_numpy, compare.training_data(folder, HELD_OUT, "f4"))
    batches = compare.torch_batches(torch, x, labels)

    def train_one(epochs: int, rate: float, l2: float, initial: tuple) -> float:
        w1, w2 = (torch.tensor(w, requires_grad=True) for w in initial)
        optimizer = torch.optim.SGD([w1, w2], lr=rate, weight_decay=l2)
        for _ in range(epochs):
            total = torch.zeros(())
            for x_batch, y_batch, l_batch in batches:
                optimizer.zero_grad()
                z = torch.sigmoid(x_batch @ w1.T) @ w2.T
                loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y_batch, reduction="sum")
                with torch.no_grad():
                    right = torch.nn.functional.logsigmoid(z.gather(1, l_batch[:, None])).sum()
                    total += 0.5 * (-right / CLASSES + l2 / 2.0 * ((w1 * w1).sum() + (w2 * w2).sum()))
                loss.backward()
                optimizer.step()
        return total.item() / BATCHES

    def train(epochs: int) -> list[float]:
        starts = initial_weights(x.shape[1])
        return [train_one(epochs, rate, l2, start) for (rate, l2, _), start in zip(NETWORKS, starts)]

    return train, version


def sweep_torch_batched(folder: Path, threads: int) -> tuple[compare.Trainer, str]:
    """The first layers of all networks are one product, because all see the same pixels; images stand in columns."""
    torch, version = compare.torch_ready(threads)
    x, labels = map(torch.from_numpy, compare.training_data(folder, HELD_OUT, "f4"))
    batches = compare.torch_batches(torch, x, labels)
    networks = len(NETWORKS)

    def train(epochs: int) -> list[float]:
        w1, w2, rates, l2s = map(torch.from_numpy, stacked(x.shape[1]))
        weights = w1.requires_grad_(), w2.requires_grad_()
        for _ in range(epochs):
            total = torch.zeros(networks)
            for x_batch, y_batch, l_batch in batches:
                a1 = torch.sigmoid(w1.view(-1, x.shape[1]) @ x_batch.T).view(networks, HIDDEN, -1)
                z = torch.bmm(w2, a1)
                y = y_batch.T.expand_as(z)
                loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
                gradients = torch.autograd.grad(loss, weights)
                with torch.no_grad():
                    right = z.gather(1, l_batch.expand(networks, 1, -1))
                    right = torch.nn.functional.logsigmoid(right).sum((1, 2))
                    squares = (w1 * w1).sum((1, 2)) + (w2 * w2).sum((1, 2))
                    total += 0.5 * (-right / CLASSES + l2s / 2.0 * squares)
                    for w, gradient in zip(weights, gradients):
                        w -= rates[:, None, None] * (gradient + l2s[:, None, None] * w)
        return (total / BATCHES).tolist()

    return train, version


def sweep_jax_vmap(folder: Path, _threads: int) -> tuple[compare.Trainer, str]:
    """Images stand in columns and batches in a scan: the fastest of four forms that were tried."""
    import jax
    import jax.numpy as jnp

    x, labels = compare.training_data(folder, HELD_OUT, "f4")
    if len(x) % BATCHES:
        raise SystemExit(f"scan needs batches of one size, and {len(x)} images do not give {BATCHES}")
    x = jnp.asarray(x.reshape(BATCHES, -1, x.shape[1]))
    y = jax.nn.one_hot(labels.reshape(BATCHES, -1), CLASSES, axis=1, dtype=jnp.float32)

    def error(weights, l2, x_batch, y_batch):
        w1, w2 = weights
        z = w2 @ jax.nn.sigmoid(w1 @ x_batch.T)
        # The article's gradient is that of the full cross-entropy; what it prints is another sum.
        right = jnp.sum(y_batch * jax.nn.log_sigmoid(z))
        entropy = -right - jnp.sum((1.0 - y_batch) * jax.nn.log_sigmoid(-z))
        squares = jnp.vdot(w1, w1) + jnp.vdot(w2, w2)
        return entropy + l2 / 2.0 * squares, 0.5 * (-right / CLASSES + l2 / 2.0 * squares)

    def step(weights, rate, l2, x_batch, y_batch):
        gradient, shown = jax.grad(error, has_aux=True)(weights, l2, x_batch, y_batch)
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradient), shown

    steps = jax.vmap(step, in_axes=(0, 0, 0, None, None))

    @jax.jit
    def epoch(weights, rates, l2s, x, y):
        weights, shown = jax.lax.scan(lambda weights, batch: steps(weights, rates, l2s, *batch), weights, (x, y))
        return weights, shown.mean(axis=0)

    def train(epochs: int) -> list[float]:
        w1, w2, rates, l2s = map(jnp.asarray, stacked(x.shape[2]))
        weights = (w1, w2)
        for _ in range(epochs):
            weights, shown = epoch(weights, rates, l2s, x, y)
        jax.block_until_ready(weights)
        return shown.tolist()

    return train, f"JAX {jax.__version__}"


class Peer(compare.Peer):
    script, peers = __file__, PEERS


# ----
# gingham


class Sweep:
    """`gingham sweep` of all networks with one engine, at most `group` of them side by side."""

    def __init__(self, binary: Path, engine: str, group: int, folder: Path, threads: int):
        self.name = f"gingham-{engine}-{group}"
        self.what = f"gingham, {engine} engine, --group {group}"
        self.version = compare.program_version(binary)
        self.command = [binary, "sweep", "--data", folder, "--preset", "article", "--dtype", "f32", "-q"]
        self.command += ["--grid", GRID, "--split-seed", str(compare.SEED)]
        self.command += ["--engine", engine, "--group", str(group), "--threads", str(threads)]

    def run(self, epochs: int) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "sweep"
            command = [*self.command, "--epochs", str(epochs), "--eval-every", str(epochs), "--out", out]
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            wall = time.perf_counter() - started
            if done.returncode != 0:
                raise Skipped(f"ended with code {done.returncode}: {done.stderr.strip()[-300:]}")
            lines = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
        lines.sort(key=lambda line: line["run"])
        if len(lines) != len(NETWORKS):
            raise Skipped(f"trained {len(lines)} networks where {len(NETWORKS)} were expected")
        return {
            "seconds": sum(line["train_seconds"] for line in lines),
            "wall_seconds": wall,
            "errors": [line["final_error"] for line in lines],
            "peak_rss_bytes": max(line["peak_rss_bytes"] for line in lines),
        }

    def end(self) -> None:
        pass


# ----
# The report


def summarise(entrants: list, rounds: list[dict]) -> list[dict]:
    """A row for each program, in the order in which they entered. Errors are compared with the first program's."""
    rows = []
    for entrant in entrants:
        own = [one for one in rounds if one["program"] == entrant.name]
        walls = [one["wall_seconds"] for one in own if "wall_seconds" in one]
        row = {
            "program": entrant.name,
            "what": entrant.what,
            "version": entrant.version,
            "seconds_median": statistics.median(one["seconds"] for one in own),
            "seconds_min": min(one["seconds"] for one in own),
            "wall_seconds_median": statistics.median(walls) if walls else None,
            "wall_seconds_min": min(walls, default=None),
            "peak_rss_bytes": max(one["peak_rss_bytes"] for one in own),
            "errors": own[0]["errors"],
        }
        reference = rows[0]["errors"] if rows else row["errors"]
        row["deviation"] = max(abs(row["errors"][index] / reference[index] - 1.0) for index in STEADY)
        rows.append(row)
    return rows


def times_table(rows: list[dict], markdown: bool) -> str:
    lines = [["program", "seconds", "fastest", "wall", "fastest", "peak MB", "error off by"]]
    for row in rows:
        figures = (row[f"{kind}_{which}"] for kind in ("seconds", "wall_seconds") for which in ("median", "min"))
        cells = ["-" if figure is None else f"{figure:.2f}" for figure in figures]
        lines.append([row["what"], *cells, f"{row['peak_rss_bytes'] / 1e6:.0f}", f"{row['deviation']:.1e}"])
    return compare.aligned(lines, markdown)


def ratios_table(rows: list[dict], markdown: bool) -> str | None:
    """gingham's seconds over each peer's: of the medians, and of the fastest rounds after the stroke."""
    ours = [row for row in rows if row["program"].startswith("gingham")]
    peers = [row for row in rows if row not in ours]
    if not ours or not peers:
        return None
    lines = [["gingham / peer", *(row["program"] for row in peers)]]
    for own in ours:
        ratios = ([own[key] / peer[key] for key in ("seconds_median", "seconds_min")] for peer in peers)
        lines.append([own["program"], *(f"{median:.2f} / {fastest:.2f}" for median, fastest in ratios)])
    return compare.aligned(lines, markdown)


def parse_options() -> argparse.Namespace:
    root = Path(__file__).resolve().parent.parent
    default_data = os.environ.get("GINGHAM_DATA") or root / "data" / "fashion-mnist"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target")
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="\n\n".join(__doc__.split("\n\n")[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="DIR",
        default=default_data,
        help="folder of IDX files [$GINGHAM_DATA, else data/fashion-mnist]",
    )
    add(
        "--gingham",
        type=Path,
        metavar="PATH",
        default=target / "release" / "gingham",
        help="the program [target/release/gingham]",
    )
    add("--engines", default="fixed,simd,blas", help="comma list of engines, or none [fixed,simd,blas]")
    add("--groups", default="32,1", help="comma list of how many networks gingham trains side by side [32,1]")
    add("--peers", default=",".join(PEERS["sweep"]), help=f"comma list [{','.join(PEERS['sweep'])}], or none")
    add("--rounds", type=int, default=3, help="[3]")
    add("--epochs", type=int, default=5, help="of each network in each round [5]")
    add("--threads", type=int, default=2, help="[2]")
    add("--json", type=Path, metavar="FILE", help="every round, as JSON")
    add("--markdown", type=Path, metavar="FILE", help="the tables, as Markdown")
    options = parser.parse_args()
    options.engines, options.peers = (
        [] if text == "none" else text.split(",") for text in (options.engines, options.peers)
    )
    if not all(group.isdecimal() and int(group) > 0 for group in options.groups.split(",")):
        parser.error(f"--groups: expected whole numbers from 1, found {options.groups}")
    options.groups = [int(group) for group in options.groups.split(",")]
    if min(options.rounds, options.epochs, options.threads) < 1:
        parser.error("rounds, epochs and threads are at least 1")
    for name in options.peers:
        if name not in PEERS["sweep"]:
            parser.error(f"no peer {name}; there are {', '.join(PEERS['sweep'])}")
    options.data, options.gingham = Path(options.data).resolve(), options.gingham.resolve()
    if not any((options.data / f"train-images-idx3-ubyte{end}").exists() for end in ("", ".gz")):
        parser.error(f"no train-images-idx3-ubyte in {options.data}")
    return options


def set_up(options: argparse.Namespace) -> tuple[list, dict[str, str]]:
    """The programs that take part, peers first, and why others do not."""
    entrants, skipped = [], {}
    kinds = [(name, Peer, (name, "sweep")) for name in options.peers]
    for engine, group in itertools.product(options.engines, options.groups):
        kinds.append((f"gingham-{engine}-{group}", Sweep, (options.gingham, engine, group)))
    for name, kind, settings in kinds:
        print(f"setting up {name}", file=sys.stderr)
        try:
            entrants.append(kind(*settings, options.data, options.threads))
        except Skipped as why:
            print(f"skipped {name}: {why}", file=sys.stderr)
            skipped[name] = str(why)
    return entrants, skipped


def main() -> int:
    options = parse_options()
    machine = compare.describe_machine()
    if machine["load_average_at_start"] > 0.5:
        print("this machine is busy with other work: take none of these timings seriously", file=sys.stderr)
    entrants, skipped = set_up(options)
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    rounds = compare.alternate(entrants, options.rounds, options.epochs, skipped)
    for entrant in entrants:
        entrant.end()
    if not entrants:
        print("nothing to compare", file=sys.stderr)
        return 1

    rows = summarise(entrants, rounds)
    heading = (
        f"{len(NETWORKS)} networks of {options.epochs} epochs, {options.threads} threads, median of {options.rounds} "
        f"alternating rounds; {machine['cpu']}, {machine['processors']} processors; {started}"
    )
    closing = ["seconds are those of the epochs; wall is gingham's whole process; peak MB is of the whole process"]
    away = f"the largest relative distance from the last error of {rows[0]['program']}, at rates up to {RATE}"
    closing.append(f"error off by: {away}")
    closing.append(f"load average at the start: {machine['load_average_at_start']:.2f}")
    closing += dict.fromkeys(row["version"] for row in rows)
    closing += [f"skipped {name}: {why}" for name, why in skipped.items()]

    def tables(markdown: bool) -> list[str]:
        return [table for table in (times_table(rows, markdown), ratios_table(rows, markdown)) if table]

    print("\n\n".join([heading, *tables(markdown=False), "\n".join(closing)]))
    if options.markdown:
        text = [heading, *tables(markdown=True), "\n".join(f"- {line}" for line in closing)]
        options.markdown.write_text("\n\n".join(text) + "\n")
    if options.json:
        record = {
            "started": started,
            "networks": NETWORKS,
            "threads": options.threads,
            "epochs_per_round": options.epochs,
            "machine": machine,
            "summary": rows,
            "skipped": skipped,
            "rounds": rounds,
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    apart = [row["program"] for row in rows if not row["deviation"] < ERRORS_AGREE]
    if apart:
        problem = f"expected errors within {ERRORS_AGREE} of those of {rows[0]['program']}, relative; found others"
        print(f"{problem} in {', '.join(apart)}", file=sys.stderr)
    return 1 if apart else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        _, name, folder, threads = sys.argv[2:6]
        compare.serve(globals()[f"sweep_{name.replace('-', '_')}"], Path(folder), int(threads), warm_up=1)
        sys.exit(0)
    sys.exit(main())
