#!/usr/bin/env python3
"""Names the class of every image as 'gingham predict --proba' does: scripts/predict.py MODEL.safetensors IMAGES-idx3-ubyte"""
import json
import sys
import numpy as np
from safetensors import safe_open

softmax = lambda z: np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
sigmoid = lambda z: np.exp(-np.logaddexp(0, -z))
FORMS = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "softmax": softmax}
with safe_open(sys.argv[1], framework="numpy") as file:
    info, arrays = json.loads(file.metadata()["gingham"]), {name: file.get_tensor(name) for name in file.keys()}
x = np.fromfile(sys.argv[2], np.uint8, offset=16).reshape(-1, info["rows"] * info["columns"])
x = (x - arrays["scale.mean"]) / arrays["scale.deviation"]
for layer in range(sum(name.endswith(".weight") for name in arrays)):
    z = x @ arrays[f"layers.{layer}.weight"].T + arrays.get(f"layers.{layer}.bias", 0)
    x = FORMS[info["activation"]](z)
y = FORMS[info["output"]](z)
y = softmax(y) if info["probability"] == "softmax" else y / y.sum(axis=1, keepdims=True)
for image, (place, row) in enumerate(zip(z.argmax(axis=1), y)):
    print(image, place, info["classes"][place], *(f"{share:.6f}" for share in row), sep="\t")
