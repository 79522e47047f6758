#!/usr/bin/env python3
"""scripts/optuna_sweep.py with Optuna itself:  GINGHAM=PROGRAM PYTHON tests/outside/check_optuna.py

A study that is stopped and goes on is the study that was never stopped; a trial's value is what `gingham train` prints for its settings, to
the digit; processes share a study; a pruned run is stopped early; a process that is killed costs no trial. With $GINGHAM_DATA, Optuna is held
against a grid of as many runs on real data.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "optuna_sweep.py"
sys.path.insert(0, str(SCRIPT.parent))
sys.dont_write_bytecode = True
import optuna_sweep  # noqa: E402
GINGHAM = os.environ["GINGHAM"]
DATA = os.environ.pop("GINGHAM_DATA", None)
TRAIN = ["--data", "data", "--preset", "plain", "--batch-size", "40", "--hidden", "6", "--epochs", "3"]
SPACE = "learning-rate=log(0.01,0.5); l2=uniform(0,0.01)"


def expect(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"check_optuna: {what}")


def command(out: str, *options: str, space: str = SPACE, train: list[str] = TRAIN) -> list[str]:
    return [sys.executable, str(SCRIPT), "--threads", "1", "--space", space, "--out", out, *options, "--", *train]


def study(out: str, *options: str, code: int = 0, **rest) -> subprocess.CompletedProcess:
    done = subprocess.run(command(out, *options, **rest), capture_output=True, text=True)
    expect(done.returncode == code, f"{out} {options} {rest}: expected exit code {code}, found {done.returncode}: {done.stderr}")
    return done


def trials(out: str) -> list[optuna.trial.FrozenTrial]:
    """The trials that ended, with Optuna's own reader."""
    found = optuna.load_study(study_name="gingham", storage=f"sqlite:///{out}/study.db").trials
    return [trial for trial in found if trial.state != TrialState.FAIL]


def train(flags: list[str]) -> dict:
    """What `gingham train` prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [GINGHAM, "train", "--json", "-q", *flags, "--out", f"{folder}/run"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def check_refusals() -> None:
    for space, says in [
        ("rate", "name=values"),
        ("learning-rate=log(0,1)", "above 0"),
        ("learning-rate=uniform(1,0)", "lower end first"),
        ("learning-rate=uniform(a,1)", "a number"),
        ("epochs=uniform(1.5,3)", "a whole number"),
        ("l2=1,1", "different values"),
        ("l2=1; l2=2", "different names"),
        ("l2=log(1,2,3,4)", "two ends"),
    ]:
        try:
            optuna_sweep.read_space(space)
            sys.exit(f"check_optuna: {space}: expected '{says}', found that it is taken")
        except optuna_sweep.Refusal as refusal:
            expect(says in str(refusal), f"{space}: expected '{says}', found {refusal}")
    refused = study("bad", "--trials", "1", code=2, space="activation=choice(gelu,swish)")
    expect("exit code 2" in refused.stderr, f"expected that gingham refuses, found {refused.stderr}")
    study("bad", "--sampler", "grid", code=2)
    study("bad", code=2)
    study("bad", "--trials", "1", code=2, train=["--out", "x"])


def check_going_on() -> None:
    options = ["--sampler", "tpe", "--seed", "3"]  # its first ten trials are random ones
    whole = study("whole", *options, "--trials", "13")
    for count in ["8", "13"]:
        parts = study("parts", *options, "--trials", count)
    expect(whole.stdout == parts.stdout, f"the best settings differ: {whole.stdout} and {parts.stdout}")
    both = [[(trial.params, trial.values) for trial in trials(out)] for out in ["whole", "parts"]]
    expect(len(both[0]) == 13 and both[0] == both[1], f"a study that goes on is another: {both}")
    for other in [{"space": "l2=0,1"}, {"train": [*TRAIN, "--seed", "9"]}]:
        refused = study("whole", "--trials", "13", code=2, **other)
        expect("same study" in refused.stderr, f"another study: {refused.stderr}")


def check_values() -> None:
    found = trials("whole")
    for trial in found[-2:]:
        summary = train([*TRAIN, *trial.user_attrs["flags"]])
        expect(trial.value == summary["heldout_accuracy"], f"trial {trial.number}: {trial.value} and {summary['heldout_accuracy']}")
        epochs = [trial.intermediate_values[epoch] for epoch in range(3)]
        expect(epochs[2] == trial.value, f"trial {trial.number}: the last epoch has {epochs[2]}")
        expect(trial.user_attrs["final_error"] == summary["final_error"], f"trial {trial.number}: the error differs")
    printed = shlex.split(study("whole", "--sampler", "tpe", "--seed", "3", "--trials", "13").stdout)
    expect(printed[:2] == ["gingham", "train"], f"expected a command line, found {printed}")
    summary = train(printed[2:])
    best = max(trial.value for trial in found)
    expect(summary["heldout_accuracy"] == best, f"the best setting gives {summary['heldout_accuracy']}, not {best}")
    kept = sorted(path.name for path in Path("whole").glob("trial-*"))
    expect(len(kept) == 10, f"expected ten run folders, found {kept}")


def check_grid() -> None:
    """A grid is the product, and gives what `gingham sweep` gives."""
    space = "learning-rate=log(0.01,0.4,3); hidden=6,5-4"
    flags = ["--data", "data", "--preset", "plain", "--batch-size", "40", "--epochs", "3"]
    study("grid", "--sampler", "grid", space=space, train=flags)
    subprocess.run([GINGHAM, "sweep", "-q", *flags, "--grid", space, "--out", "swept"], check=True, capture_output=True)
    lines = [json.loads(line) for line in Path("swept/journal.jsonl").read_text().splitlines()]
    names = ["learning_rate", "hidden"]
    swept = sorted((str([line["settings"][name] for name in names]), line["heldout_accuracy"]) for line in lines)
    own = [trial.user_attrs["flags"] for trial in trials("grid")]
    expect(len(own) == 6, f"expected 6 trials, found {len(own)}")
    values = [dict(flag.removeprefix("--").split("=") for flag in flags) for flags in own]
    typed = [[float(value["learning-rate"]), [int(width) for width in value["hidden"].split(",")]] for value in values]
    found = sorted((str(value), trial.value) for value, trial in zip(typed, trials("grid"), strict=True))
    expect(found == swept, f"the grid is not that of gingham sweep: {found} and {swept}")


def check_processes() -> None:
    """Three processes on one study make no trial twice and none too many."""
    options = ["--sampler", "random", "--seed", "3", "--trials", "12"]
    running = [subprocess.Popen(command("shared", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        told = process.communicate()
        expect(process.returncode == 0, f"one of three processes: {told}")
    found = sorted(str(trial.params) for trial in trials("shared"))
    expect(len(found) == 12 and len(set(found)) == 12, f"expected 12 different trials, found {found}")


def check_pruning() -> None:
    epochs = 30
    # Plain loops take long enough for an epoch that there is something to stop.
    flags = [*TRAIN[:-1], str(epochs), "--engine", "naive", "--hidden", "24"]
    space = "learning-rate=log(0.00001,0.05)"
    study("pruned", "--sampler", "random", "--pruner", "median", "--trials", "12", space=space, train=flags)
    found = trials("pruned")
    pruned = [trial for trial in found if trial.state == TrialState.PRUNED and "diverged" not in trial.user_attrs]
    expect(len(found) == 12 and pruned, "expected 12 trials and a pruned one")
    best = max(trial.value for trial in found)
    for trial in pruned:
        seen = trial.intermediate_values
        expect(len(seen) < epochs, f"trial {trial.number} was pruned after all of its epochs")
        expect(not Path(f"pruned/trial-{trial.number:05}").exists(), f"the folder of trial {trial.number} is there")
        expect(trial.params != max(found, key=lambda one: one.value).params and trial.value < best, "the best one was pruned")
    # What the pruner saw are the figures of the run.
    summary = [json.loads(line) for line in run_metrics([*flags, *pruned[0].user_attrs["flags"]])]
    seen = pruned[0].intermediate_values
    expect(all(summary[epoch]["heldout_accuracy"] == value for epoch, value in seen.items()), "intermediate values differ")
    diverging = study("diverged", "--sampler", "grid", space="learning-rate=1e6,0.1")
    states = sorted(trial.state.name for trial in trials("diverged"))
    expect(states == ["COMPLETE", "PRUNED"] and "diverged" in diverging.stderr, f"expected one that diverges, found {states}")


def run_metrics(flags: list[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([GINGHAM, "train", "-q", *flags, "--out", f"{folder}/run"], check=True, capture_output=True)
        return Path(folder, "run", "metrics.jsonl").read_text().splitlines()


def check_killed() -> None:
    for number in [signal.SIGKILL, signal.SIGTERM]:
        out = f"killed-{number}"
        options = ["--sampler", "random", "--seed", "3", "--trials", "4", "--silence", "2"]
        flags = [*TRAIN[:-1], "40"]
        process = subprocess.Popen(command(out, *options, train=flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not Path(out, "trial-00001", "metrics.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        code = process.wait()
        expect(code == (-9 if number == signal.SIGKILL else 130), f"{number!r}: exit code {code}")
        study(out, *options, train=flags)
        found = trials(out)
        values = {str(trial.params) for trial in found}
        expect(len(found) == 4 and len(values) == 4, f"{number!r}: expected 4 different trials, found {values}")
        again = [trial for trial in found if "again" in trial.user_attrs]
        expect(len(again) == 1, f"{number!r}: expected the trial under way to be made again, found {again}")


def check_real_data() -> None:
    """As many trials as a grid has runs, over the grid's ranges, find a setting at least as good as the grid's best."""
    flags = ["--data", DATA, "--preset", "plain", "--epochs", "3", "--seed", "1"]
    rate, decay = "0.001,0.1", "0.00001,0.01"
    grid = f"learning-rate=log({rate},4); l2=log({decay},4)"
    subprocess.run([GINGHAM, "sweep", "-q", *flags, "--grid", grid, "--out", "real"], check=True, capture_output=True)
    best = max(json.loads(line).get("heldout_accuracy", 0.0) for line in Path("real/journal.jsonl").read_text().splitlines())
    study("real-tpe", "--trials", "16", "--seed", "1", space=f"learning-rate=log({rate}); l2=log({decay})", train=flags)
    found = max(trials("real-tpe"), key=lambda trial: trial.value)
    print(f"16 runs of 3 epochs: held-out accuracy {best:.4f} by the grid, {found.value:.4f} by Optuna ({found.params})")
    expect(found.value >= best, f"expected at least the grid's {best}, found {found.value}")


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        subprocess.run([GINGHAM, "synth", "-q", "--train", "400", "--test", "40", "--out", "data"], check=True, capture_output=True)
        checks = [check_refusals, check_going_on, check_values, check_grid, check_processes, check_pruning, check_killed]
        for check in [*checks, *([check_real_data] if DATA else [])]:
            start = time.monotonic()
            check()
            print(f"{check.__name__.removeprefix('check_').replace('_', ' ')}: as expected, {time.monotonic() - start:.1f} s")
        if not DATA:
            print("skipped: Optuna against a grid (GINGHAM_DATA names no data)")
        os.chdir("/")


main()
