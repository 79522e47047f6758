#!/usr/bin/env python3
"""The recipe of a preset in PyTorch, beside gingham, for time and accuracy.

    python3 scripts/compare_recipe.py --data DIR [--hidden 1024,512] [--epochs 40] [--batch 256] [--rate 0.1] [--l2 5e-4]
        [--adamw WEIGHT_DECAY] [--smoothing 0.1] [--dropout 0.2] [--norm] [--flip] [--shift 2] [--erase 0.2] [--seeds 1,2] [--holdout 0.1] [--threads 2]

Trains nn.Linear layers with ReLU by SGD with Nesterov momentum 0.9, or by AdamW, on a cosine with 5 % warm-up, images in one tensor that is augmented by
whole mini-batches and scaled by one mean and one deviation of all pixels, and prints for each seed the seconds of training and the accuracies on the held-out and the official test images.
Give gingham the same settings by its flags; docs/recipes.md has the commands.
"""

import argparse
import gzip
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def idx(folder, name):
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            opened = gzip.open if path.suffix == ".gz" else open
            with opened(path, "rb") as file:
                data = file.read()
            rank = data[3]
            shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
            return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape).copy()
    raise SystemExit(f"no {name} in {folder}")


def augmented(x, args):
    """A mini-batch of bytes (n, 28, 28): mirrored, moved, a rectangle erased."""
    n, rows, columns = x.shape
    if args.flip:
        x = torch.where((torch.rand(n) < 0.5)[:, None, None], x.flip(2), x)
    if args.shift:
        padded = F.pad(x, [args.shift] * 4)
        down, right = (torch.randint(0, 2 * args.shift + 1, (n,)) for _ in range(2))
        row = (down[:, None] + torch.arange(rows))[:, :, None]
        column = (right[:, None] + torch.arange(columns))[:, None, :]
        x = padded[torch.arange(n)[:, None, None], row, column]
    if args.erase:
        area = (0.02 + 0.18 * torch.rand(n)) * rows * columns
        ratio = 0.3 * 11.0 ** torch.rand(n)
        high = (area * ratio).sqrt().round().clamp(1, rows)
        wide = (area / ratio).sqrt().round().clamp(1, columns)
        top = (torch.rand(n) * (rows - high + 1)).floor()
        left = (torch.rand(n) * (columns - wide + 1)).floor()
        r, c = torch.arange(rows)[None, :, None], torch.arange(columns)[None, None, :]
        inside = (r >= top[:, None, None]) & (r < (top + high)[:, None, None])
        inside &= (c >= left[:, None, None]) & (c < (left + wide)[:, None, None])
        x = x.masked_fill(inside & (torch.rand(n) < args.erase)[:, None, None], 0)
    return x


def network(args):
    widths = [784, *(int(units) for units in args.hidden.split(",")), 10]
    layers = []
    for inputs, outputs in zip(widths[:-2], widths[1:-1]):
        layers.append(nn.Linear(inputs, outputs))
        layers += [nn.BatchNorm1d(outputs)] if args.norm else []
        layers += [nn.ReLU()] + ([nn.Dropout(args.dropout)] if args.dropout else [])
    layers.append(nn.Linear(widths[-2], 10))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--hidden", default="512,256")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--l2", type=float, default=5e-4)
    parser.add_argument("--adamw", type=float)
    parser.add_argument("--smoothing", type=float, default=0.0)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--norm", action="store_true")
    parser.add_argument("--flip", action="store_true")
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--erase", type=float, default=0.0)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--holdout", type=float, default=0.2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    images, labels = (idx(args.data, f"train-{name}") for name in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    test, test_labels = (idx(args.data, f"t10k-{name}") for name in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    order = np.random.RandomState(42).permutation(len(images))
    held = round(args.holdout * len(images))
    train, heldout = torch.tensor(order[held:]), torch.tensor(order[:held])
    all_x, all_y = torch.tensor(images), torch.tensor(labels).long()
    mean, deviation = all_x[train].float().mean(), all_x[train].float().std(correction=0)
    scaled = lambda x: (x.flatten(1).float() - mean) / deviation
    steps = args.epochs * math.ceil(len(train) / args.batch)

    def rate(step):
        rising = 0.05 * steps
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))

    for seed in map(int, args.seeds.split(",")):
        torch.manual_seed(seed)
        net = network(args)
        weights = [p for p in net.parameters() if p.ndim == 2]
        others = [p for p in net.parameters() if p.ndim != 2]
        decay = args.l2 if args.adamw is None else args.adamw
        groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0}]
        if args.adamw is None:
            opt = torch.optim.SGD(groups, lr=args.rate, momentum=0.9, nesterov=True)
        else:
            opt = torch.optim.AdamW(groups, lr=args.rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(opt, rate)
        start = time.perf_counter()
        net.train()
        for _ in range(args.epochs):
            for chosen in train[torch.randperm(len(train))].split(args.batch):
                x = scaled(augmented(all_x[chosen], args))
                loss = F.cross_entropy(net(x), all_y[chosen], label_smoothing=args.smoothing)
                opt.zero_grad()
                loss.backward()
                opt.step()
                schedule.step()
        seconds = time.perf_counter() - start
        net.eval()

        @torch.no_grad()
        def accuracy(x, y):
            return (net(scaled(x)).argmax(1) == y).float().mean().item() if len(x) else math.nan

        on_heldout = accuracy(all_x[heldout], all_y[heldout])
        on_test = accuracy(torch.tensor(test), torch.tensor(test_labels).long())
        print(f"seed {seed}: {seconds:.1f} s, held-out {on_heldout:.4f}, test {on_test:.4f}", flush=True)


if __name__ == "__main__":
    main()
