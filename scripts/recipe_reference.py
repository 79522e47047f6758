#!/usr/bin/env python3
"""Ten steps of today's recipes in PyTorch, in 64 bits: makes tests/golden/recipe.json.

    python3 scripts/recipe_reference.py tests/golden/recipe.json

Optimizers are torch.optim's, schedules torch.optim.lr_scheduler's where they have the form, losses and batch norm torch.nn.functional's.
Images are normalised in the groups that CHUNKS names, as the program cuts a mini-batch of 40. What a network answers with (means of the
parameters, running figures folded into the weights) is computed here from its definition.
"""

import json
import sys

import numpy as np
import torch
from torch.nn import functional as F

IMAGES, PIXELS, CLASSES, STEPS = 40, 6, 4, 10
CHUNKS = [32, 8]
EPSILON = 1e-5

CASES = [
    {"name": "momentum, cosine, smoothing", "hidden": [7, 5], "activation": "relu", "output": "softmax", "reduction": "mean",
     "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1, "l2": 0.05, "schedule": "cosine", "warmup": 0.2,
     "label_smoothing": 0.1},
    {"name": "nesterov, clipped, smoothed sigmoids", "hidden": [5], "activation": "tanh", "output": "sigmoid", "reduction": "sum",
     "optimizer": "nesterov", "momentum": 0.8, "learning_rate": 0.2, "clip_norm": 0.5, "label_smoothing": 0.2},
    {"name": "adam", "hidden": [5], "activation": "tanh", "output": "softmax", "reduction": "mean", "optimizer": "adam",
     "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "learning_rate": 0.05, "l2": 0.01},
    {"name": "adamw, linear, norms", "hidden": [7, 5], "activation": "tanh", "output": "softmax", "reduction": "mean",
     "optimizer": "adamw", "weight_decay": 0.3, "learning_rate": 0.02, "schedule": "linear", "final_rate": 0.005,
     "label_smoothing": 0.1, "norm": "batch"},
    {"name": "norms, mean of the parameters", "hidden": [6, 4], "activation": "sigmoid", "output": "softmax", "reduction": "sum",
     "optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.02, "schedule": "step", "weight_decay": 0.1, "norm": "batch", "ema": 0.7},
    {"name": "class weights", "hidden": [7], "activation": "relu", "output": "softmax", "reduction": "mean", "optimizer": "sgd",
     "momentum": 0.9, "learning_rate": 0.1, "l2": 0.05, "class_weight": [0.5, 2.0, 0.0, 3.0]},
    {"name": "class weights of sigmoids", "hidden": [5], "activation": "tanh", "output": "sigmoid", "reduction": "sum",
     "optimizer": "adam", "learning_rate": 0.05, "class_weight": [0.5, 2.0, 1.0, 3.0]},
]


def optimizer(case, weights, others):
    rate, l2, decay = case["learning_rate"], case.get("l2", 0.0), case.get("weight_decay", 0.0)
    kind = case["optimizer"]
    groups = [{"params": weights, "weight_decay": l2}, {"params": others, "weight_decay": 0.0}]
    if kind in ("sgd", "nesterov"):
        return torch.optim.SGD(groups, lr=rate, momentum=case["momentum"], nesterov=kind == "nesterov")
    betas = (case.get("beta1", 0.9), case.get("beta2", 0.999))
    epsilon = case.get("epsilon", 1e-8)
    if kind == "adam":
        return torch.optim.Adam(groups, lr=rate, betas=betas, eps=epsilon)
    groups[0]["weight_decay"] = decay
    return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=epsilon)


def schedule(case, opt):
    lr = torch.optim.lr_scheduler
    form, rate = case.get("schedule", "constant"), case["learning_rate"]
    rising = round(case.get("warmup", 0.0) * STEPS)
    if form == "cosine":
        falling = lr.CosineAnnealingLR(opt, STEPS - rising, case.get("final_rate", 0.0))
    elif form == "linear":
        falling = lr.LinearLR(opt, 1.0, case.get("final_rate", 0.0) / rate, STEPS - rising)
    elif form == "step":
        falling = lr.MultiStepLR(opt, [STEPS // 2, -(-STEPS * 3 // 4)], 0.1)
    else:
        falling = lr.ConstantLR(opt, 1.0, 1)
    if not rising:
        return falling
    warm = lr.LinearLR(opt, 1.0 / rising, 1.0, max(rising - 1, 1))
    return lr.SequentialLR(opt, [warm, falling], [rising])


def forward(case, layers, x, figures, step):
    """The outputs, with the running figures moved."""
    activation = getattr(torch, case["activation"])
    for number, layer in enumerate(layers):
        x = x @ layer["weight"].T
        if "gain" in layer:
            parts, means, squares = [], [], []
            for z in torch.split(x, CHUNKS):
                parts.append(F.batch_norm(z, None, None, layer["gain"], layer["bias"], True, 0.0, EPSILON))
                means.append(z.detach().mean(0) * len(z))
                squares.append(z.detach().var(0, unbiased=False) * len(z))
            mean = sum(means) / IMAGES
            variance = sum(squares) / (IMAGES - len(CHUNKS))
            weight = max(1 - case["ema"] if "ema" in case else 0.02, 1 / (step + 1))
            for running, new in zip(figures[number], (mean, variance)):
                running += weight * (new - running)
            x = torch.cat(parts)
        else:
            x = x + layer["bias"]
        if number + 1 < len(layers):
            x = activation(x)
    return x


def loss(case, z, labels):
    smoothing = case.get("label_smoothing", 0.0)
    weight = torch.tensor(case["class_weight"]) if "class_weight" in case else None
    if case["output"] == "softmax" and weight is not None:
        return F.cross_entropy(z, labels, weight=weight, reduction="sum")
    if case["output"] == "softmax":
        return F.cross_entropy(z, labels, label_smoothing=smoothing, reduction="sum")
    target = (1 - smoothing) * F.one_hot(labels, CLASSES).to(z.dtype) + smoothing / CLASSES
    of_image = weight[labels][:, None] if weight is not None else None
    return F.binary_cross_entropy_with_logits(z, target, weight=of_image, reduction="sum")


def run(case, random, x, labels):
    widths = [PIXELS, *case["hidden"], CLASSES]
    layers, figures = [], {}
    for number, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layer = {name: torch.tensor(random.uniform(-1, 1, shape), requires_grad=True)
                 for name, shape in (("weight", (outputs, inputs)), ("bias", outputs))}
        if case.get("norm") == "batch" and number < len(case["hidden"]):
            layer["gain"] = torch.tensor(random.uniform(0.5, 1.5, outputs), requires_grad=True)
            figures[number] = [torch.zeros(outputs, dtype=x.dtype) for _ in range(2)]
        layers.append(layer)
    numbers = lambda of: [{name: value.detach().flatten().tolist() for name, value in layer.items()} for layer in of]
    initial = numbers(layers)
    weights = [layer["weight"] for layer in layers]
    others = [layer[name] for layer in layers for name in ("bias", "gain") if name in layer]
    opt = optimizer(case, weights, others)
    plan = schedule(case, opt)
    kept, means, errors, rates = case.get("ema"), None, [], []
    for step in range(STEPS):
        rates.append(opt.param_groups[0]["lr"])
        opt.zero_grad()
        images = loss(case, forward(case, layers, x, figures, step), labels)
        value = images / IMAGES if case["reduction"] == "mean" else images
        value.backward()
        errors.append(float(value.detach() + case.get("l2", 0.0) / 2 * sum((w.detach() ** 2).sum() for w in weights)))
        if "clip_norm" in case:
            length = float(sum((p.grad ** 2).sum() for p in weights + others)) ** 0.5
            for p in weights + others:
                p.grad *= min(1.0, case["clip_norm"] / length)
        if case["optimizer"] == "sgd" and "weight_decay" in case:
            for w in weights:
                w.data *= 1 - rates[-1] * case["weight_decay"]
        opt.step()
        plan.step()
        if kept is not None:
            new = [{name: value.detach().clone() for name, value in layer.items()} for layer in layers]
            means = new if means is None else [
                {name: means[i][name] + (1 - kept) / (1 - kept ** (step + 1)) * (layer[name] - means[i][name]) for name in layer}
                for i, layer in enumerate(new)]
    answering = []
    for number, layer in enumerate(means or layers):
        layer = {name: value.detach() for name, value in layer.items()}
        if "gain" in layer:
            mean, variance = figures[number]
            factor = layer["gain"] / torch.sqrt(variance + EPSILON)
            layer = {"weight": factor[:, None] * layer["weight"], "bias": layer["bias"] - factor * mean}
        answering.append(layer)
    return {"name": case["name"], "settings": {k: v for k, v in case.items() if k != "name"}, "initial": initial, "rates": rates,
            "errors": errors, "final": numbers(layers), "answering": numbers(answering)}


def main():
    torch.set_default_dtype(torch.float64)
    random = np.random.RandomState(14)
    pixels = random.randint(0, 256, (IMAGES, PIXELS)).astype(np.uint8)
    labels = random.randint(0, CLASSES, IMAGES)
    mean, deviation = pixels.mean(0), pixels.std(0)
    x = torch.tensor((pixels - mean) / deviation)
    cases = [run(case, random, x, torch.tensor(labels)) for case in CASES]
    found = {"pixels": pixels.flatten().tolist(), "labels": labels.tolist(), "mean": mean.tolist(), "deviation": deviation.tolist(),
             "cases": cases}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(found, file)
        file.write("\n")


if __name__ == "__main__":
    main()
