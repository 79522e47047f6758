#!/usr/bin/env python3
"""Optuna's samplers and pruners over `gingham train`:

    pip install optuna
    scripts/optuna_sweep.py --space 'learning-rate=log(0.0003,0.003); hidden=choice(50,100,64-32)' --trials 20 --out sweeps/tpe -- --epochs 10

What follows '--' goes to every `gingham train` as it is. The space is written as for `gingham sweep`: names of settings with `uniform(a,b)`,
`log(a,b)`, `a..b`, `choice(a,b,..)` or a list `a,b,..`, between `;`. The sampler `grid` takes lists, `a..b` and `log(a,b,n)`.

After every epoch the pruner sees the figure in the run's metrics.jsonl; a run that it gives up gets SIGTERM. The study is in DIR/study.db, an
SQLite file that Optuna's own tools read, with a trial's flags, run folder and figures. The same command goes on until the study has --trials
trials, and several processes may work on one study at once. Draws depend on --seed and on the number of the trial alone: a study that was
stopped between two trials goes on as if it had not been. A trial that was interrupted is made again with the same settings.

Prints the best setting as a command line of `gingham train`; progress goes to stderr. Ends with 0, or with the code of a `gingham train` that
failed; a run that diverges is a trial like any other.
"""

from __future__ import annotations

import argparse
import fcntl
import inspect
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

try:
    import optuna
except ImportError:
    sys.exit("optuna_sweep: expected the package optuna, found none: pip install optuna")
from optuna.trial import TrialState

# Settings that are whole numbers.
WHOLE = {"batch-size", "batches", "epochs", "eval-every", "order-seed", "seed", "split-seed"}
WHOLE_RANGE = r"(\d+)\.\.(\d+)"
# The figures that decide, as `gingham sweep --metric` has them: the summary's field, the field in metrics.jsonl, and the direction.
METRICS = {
    "heldout_accuracy": ("heldout_accuracy", "heldout_accuracy", "maximize"),
    "heldout_loss": ("heldout_loss", "heldout_loss", "minimize"),
    "error": ("final_error", "error", "minimize"),
}
DIVERGED = 4


class Refusal(Exception):
    """Something that cannot be meant, or that goes wrong outside this program; the exit code beside it."""

    def __init__(self, what: str, code: int = 2):
        super().__init__(what)
        self.code = code


class Surplus(Exception):
    """The other processes' trials are enough."""


# --- the space


def pieces(text: str) -> list[str]:
    """What stands between commas that are not within parentheses."""
    return [piece.strip() for piece in re.split(r",(?![^(]*\))", text)]


def number(name: str, text: str) -> float | int:
    try:
        value = int(text) if name in WHOLE else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        kind = "a whole number" if name in WHOLE else "a number"
        raise Refusal(f"--space: {name}: expected {kind}, found '{text}'")
    return value


def spaced(name: str, low: float, high: float, count: int) -> list[str]:
    """Numbers whose ratios are equal: the ends as they are, and between them six significant digits."""
    values = [low, *(low * (high / low) ** (step / (count - 1)) for step in range(1, count - 1)), high]
    return [str(round(value)) if name in WHOLE else repr(float(f"{value:.6g}")) for value in values]


class Axis:
    """A setting and the values that it may have: a range that is drawn from, or a list of texts."""

    def __init__(self, text: str):
        name, equals, values = (part.strip() for part in text.partition("="))
        self.name = name.replace("_", "-")
        if not equals or not re.fullmatch(r"[a-z0-9-]+", self.name) or not values:
            raise Refusal(f"--space: expected name=values, found '{text.strip()}'")
        self.range: tuple | None = None
        self.choices: list = []
        call = re.fullmatch(r"(uniform|log|choice)\((.*)\)", values)
        whole = re.fullmatch(WHOLE_RANGE, values)
        if whole:
            self.between(int(whole[1]), int(whole[2]), log=False, whole=True)
        elif call and call[1] != "choice":
            self.draw(call[1], pieces(call[2]))
        else:
            for piece in pieces(call[2] if call else values):
                part = re.fullmatch(WHOLE_RANGE, piece)
                for value in range(int(part[1]), int(part[2]) + 1) if part else [piece]:
                    self.add(str(value))

    def draw(self, kind: str, given: list[str]) -> None:
        if kind == "log" and len(given) == 3:
            low, high, count = number(self.name, given[0]), number(self.name, given[1]), number("epochs", given[2])
            self.check(low, high, log=True)
            if count < 2:
                raise Refusal(f"--space: {self.name}: expected two numbers at least, found {count}")
            for value in spaced(self.name, low, high, count):
                self.add(value)
        elif len(given) == 2:
            low, high = (number(self.name, text) for text in given)
            self.between(low, high, kind == "log", self.name in WHOLE)
        else:
            raise Refusal(f"--space: {self.name}: expected two ends in {kind}(..), found {len(given)}")

    def check(self, low: float, high: float, log: bool) -> None:
        if not low < high:
            raise Refusal(f"--space: {self.name}: expected the lower end first, found {low} and {high}")
        if log and low <= 0:
            raise Refusal(f"--space: {self.name}: expected ends above 0 for log(..), found {low}")

    def between(self, low: float, high: float, log: bool, whole: bool) -> None:
        self.check(low, high, log)
        self.range = (low, high, log, whole)

    def add(self, value: str) -> None:
        if not value or value in self.choices or re.search(r"[()]", value):
            raise Refusal(f"--space: {self.name}: expected a list of different values, found '{value}'")
        self.choices.append(value)

    def listed(self) -> list:
        """All values, for a grid."""
        if self.range is None:
            return self.choices
        low, high, log, whole = self.range
        if log or not whole:
            raise Refusal(f"--space: {self.name}: expected a list, a..b or log(a,b,n) for the sampler grid, found a range")
        return list(range(low, high + 1))

    def suggest(self, trial: optuna.Trial) -> str:
        """The trial's flag."""
        if self.range is None:
            value = trial.suggest_categorical(self.name, self.choices)
        else:
            low, high, log, whole = self.range
            suggest = trial.suggest_int if whole else trial.suggest_float
            value = suggest(self.name, low, high, log=log)
        # The widths of one network's layers are joined by '-' in a plan, and by ',' in a flag.
        text = str(value).replace("-", ",") if self.name == "hidden" else str(value)
        return f"--{self.name}={text}"


def read_space(text: str) -> list[Axis]:
    axes = [Axis(part) for part in text.split(";") if part.strip()]
    names = [axis.name for axis in axes]
    if not axes or len(set(names)) < len(names):
        raise Refusal(f"--space: expected settings of different names, found '{text}'")
    return axes


# --- the trials


class Study:
    """A study, and how its trials are trained."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.axes = read_space(args.space)
        self.summary_field, self.epoch_field, _ = METRICS[args.metric]
        self.grid = {axis.name: axis.listed() for axis in self.axes} if args.sampler == "grid" else None
        self.trials = args.trials
        if self.grid:
            points = math.prod(len(values) for values in self.grid.values())
            self.trials = min(self.trials or points, points)
        elif not self.trials:
            raise Refusal("expected --trials for this sampler, found none")
        self.args.out.mkdir(parents=True, exist_ok=True)
        with (self.args.out / "study.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # processes that start at the same moment make one study
            self.study = self.opened()
            self.identify()

    def opened(self) -> optuna.Study:
        """The study in the folder, which is made where there is none."""
        args = self.args
        # Since version 4.9 of Optuna this has another name.
        hooks = ["heartbeat_stale_trial_callback", "failed_trial_callback"]
        hook = next(name for name in hooks if name in inspect.signature(optuna.storages.RDBStorage).parameters)
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{(args.out / 'study.db').resolve()}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=max(args.silence // 6, 1),
            grace_period=args.silence,
            **{hook: retry},
        )
        pruners = {
            "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=args.warmup),
            "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=max(args.warmup, 1)),
            "none": optuna.pruners.NopPruner,
        }
        return optuna.create_study(
            study_name="gingham",
            storage=storage,
            sampler=self.sampler(0),
            pruner=pruners[args.pruner](),
            direction=METRICS[args.metric][2],
            load_if_exists=True,
        )

    def identify(self) -> None:
        """Refuses a folder with a study of something else."""
        own = {"space": self.args.space, "train": self.args.train, "metric": self.args.metric, "sampler": self.args.sampler}
        theirs = self.study.user_attrs
        for name, value in own.items():
            if theirs.get(name, value) != value:
                raise Refusal(f"--out: expected a new folder, or that of the same study; {self.args.out} differs in {name}: {theirs[name]}")
            if name not in theirs:
                self.study.set_user_attr(name, value)

    def sampler(self, trial: int) -> optuna.samplers.BaseSampler:
        """What draws a trial's settings; the same for the same trial, whichever process draws."""
        seed = (self.args.seed * 1_000_003 + trial) % 2**32
        if self.grid:
            # Processes that draw at the same moment must not take the same point.
            return optuna.samplers.GridSampler(self.grid, seed=(seed + os.getpid()) % 2**32)
        if self.args.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)

    def states(self, before: int | None = None) -> list[TrialState]:
        trials = self.study.get_trials(deepcopy=False)
        return [trial.state for trial in trials if before is None or trial.number < before]

    def run(self) -> None:
        while True:
            optuna.storages.fail_stale_trials(self.study)
            states = self.states()
            ended = sum(state in (TrialState.COMPLETE, TrialState.PRUNED) for state in states)
            if ended >= self.trials:
                return
            if ended + states.count(TrialState.RUNNING) >= self.trials:
                time.sleep(0.5)  # until other processes' trials end, or are seen to be gone
                continue
            self.study.optimize(self.trial, n_trials=1, catch=(Surplus,))

    def trial(self, trial: optuna.Trial) -> float:
        """Trains one setting."""
        own = self.states(before=trial.number)
        if sum(state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING) for state in own) >= self.trials:
            raise Surplus
        if not self.grid:
            self.study.sampler = self.sampler(trial.number)
        flags = [axis.suggest(trial) for axis in self.axes]
        folder = self.args.out / f"trial-{trial.number:05}"
        trial.set_user_attr("flags", flags)
        trial.set_user_attr("folder", str(folder))
        try:
            value = self.train(trial, flags, folder)
        except optuna.TrialPruned:
            shutil.rmtree(folder, ignore_errors=True)
            self.say(trial, flags, "pruned" if "diverged" not in trial.user_attrs else "diverged")
            raise
        except KeyboardInterrupt:
            shutil.rmtree(folder, ignore_errors=True)
            retry(self.study, trial)
            raise
        self.say(trial, flags, f"{value:.6g}")
        self.keep(trial.number, value)
        return value

    def train(self, trial: optuna.Trial, flags: list[str], folder: Path) -> float:
        command = [self.args.gingham, "train", "--json", "-q", *self.args.train, *flags, "--out", str(folder)]
        if self.args.threads is not None:
            command += ["--threads", str(self.args.threads)]
        # A group of its own: Ctrl-C ends the run by way of this program, which knows what to tell the study.
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
            try:
                pruned = self.watch(trial, folder / "metrics.jsonl", process)
                told = process.stdout.read()
            except BaseException:
                process.terminate()
                raise
        code = process.returncode
        if code == DIVERGED:
            trial.set_user_attr("diverged", True)
            raise optuna.TrialPruned
        if pruned and code != 0:
            raise optuna.TrialPruned
        if code != 0:
            raise Refusal(f"gingham train ended with exit code {code}: {shlex.join(command)}", code if code > 0 else 1)
        summary = json.loads(told)
        for name in ["test_accuracy", "train_accuracy", "heldout_accuracy", "final_error", "train_seconds"]:
            trial.set_user_attr(name, summary[name])
        self.same_data(summary["settings"])
        value = summary[self.summary_field]
        if value is None:
            raise Refusal(f"--metric: expected a figure {self.args.metric} of every run, found none: are images held out?")
        return value

    def watch(self, trial: optuna.Trial, metrics: Path, process: subprocess.Popen) -> bool:
        """Tells the study of every epoch until the run ends. Whether the run was given up."""
        pruned, lines = False, Lines(metrics)
        while True:
            ended = process.poll() is not None
            for line in lines.new():
                value = line[self.epoch_field]
                if value is None or not math.isfinite(value):
                    continue
                trial.report(value, line["epoch"])
                if not (ended or pruned) and trial.should_prune():
                    process.terminate()
                    pruned = True
            if ended:
                return pruned
            time.sleep(0.02)

    def same_data(self, settings: dict) -> None:
        """Refuses a trial on other data than those before it."""
        own = {name: settings[name] for name in ["images_sha256", "labels_sha256"]}
        if self.study.user_attrs.get("data", own) != own:
            raise Refusal("--data: expected the data of the trials before, found other data")
        if "data" not in self.study.user_attrs:
            self.study.set_user_attr("data", own)

    def keep(self, number: int, value: float) -> None:
        """Removes the run folders of all but the best trials."""
        done = [(trial.value, trial.number) for trial in self.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])]
        sign = -1 if METRICS[self.args.metric][2] == "maximize" else 1
        ranked = sorted({*done, (value, number)}, key=lambda pair: (sign * pair[0], pair[1]))
        for _, worse in ranked[self.args.top :]:
            shutil.rmtree(self.args.out / f"trial-{worse:05}", ignore_errors=True)

    def say(self, trial: optuna.Trial, flags: list[str], what: str) -> None:
        shown = " ".join(flag.removeprefix("--") for flag in flags)
        print(f"trial {trial.number}  {shown}  {what}", file=sys.stderr)

    def best(self) -> str:
        """The best setting, as a command line."""
        done = self.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
        states = self.states()
        print(f"{len(done)} trials to the end, {states.count(TrialState.PRUNED)} pruned or diverged", file=sys.stderr)
        if not done:
            raise Refusal("expected a run to the end, found none: every one diverged or was pruned", 1)
        best = self.study.best_trial
        print(f"best: trial {best.number}, {self.args.metric} {best.value:.6g}", file=sys.stderr)
        return shlex.join(["gingham", "train", *self.args.train, *best.user_attrs["flags"]])


class Lines:
    """The lines of a file that another process writes."""

    def __init__(self, path: Path):
        self.path, self.seen = path, 0

    def new(self) -> list[dict]:
        """Those that have come since the last call and have an end."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.seen)
                data = file.read()
        except OSError:
            return []  # it is not there yet
        whole = data[: data.rfind(b"\n") + 1]
        self.seen += len(whole)
        return [json.loads(line) for line in whole.splitlines()]


def retry(study: optuna.Study, trial: optuna.Trial | optuna.trial.FrozenTrial) -> None:
    """Has a trial that did not end made again. One that had no settings yet leaves nothing to make again."""
    if trial.params:
        study.enqueue_trial(trial.params, user_attrs={"again": trial.number})


def read_arguments() -> argparse.Namespace:
    lines = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        usage="optuna_sweep.py --space SPACE --out DIR [--trials N] [OPTION..] [-- FLAG..]",
        description="\n\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--space", required=True, help="the settings that are tried")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the study's folder: a new one, or that of the same study")
    parser.add_argument("--trials", type=int, metavar="N", help="trials of the study in all [default for a grid: all points]")
    parser.add_argument("--sampler", choices=["tpe", "random", "grid"], default="tpe", help="default: tpe")
    parser.add_argument("--pruner", choices=["median", "halving", "none"], default="none", help="default: none")
    parser.add_argument("--warmup", type=int, default=1, metavar="N", help="epochs without pruning [default: 1]")
    parser.add_argument("--metric", choices=list(METRICS), default="heldout_accuracy", help="default: heldout_accuracy")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of what is drawn [default: 1]")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="run folders that are kept, the best ones [default: 10]")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each run; no result depends on it")
    parser.add_argument(
        "--silence", type=int, default=30, metavar="SECONDS", help="until a process is taken to be gone, and its trial is made again [default: 30]"
    )
    parser.add_argument("--gingham", default=os.environ.get("GINGHAM", "gingham"), help="the program [default: $GINGHAM, else gingham]")
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    args = parser.parse_args(given[:split])
    args.train = given[split + 1 :]
    if args.trials is not None and args.trials < 1:
        raise Refusal(f"--trials: expected 1 at least, found {args.trials}")
    if not shutil.which(args.gingham):
        raise Refusal(f"--gingham: expected the program at {args.gingham}, found none")
    for flag in args.train:
        if flag.partition("=")[0] in ("--out", "--resume"):
            raise Refusal(f"{flag}: expected flags that every run may have, found the folder of one")
    return args


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        study = Study(read_arguments())
        study.run()
        print(study.best())
    except Refusal as refusal:
        print(f"optuna_sweep: {refusal}", file=sys.stderr)
        return refusal.code
    except KeyboardInterrupt:
        print("optuna_sweep: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
