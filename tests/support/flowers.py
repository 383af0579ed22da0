"""A small project with a real scikit-learn model that can be converted."""

from __future__ import annotations

from pathlib import Path

from tests.support.lab import Lab

PROJECT = """\
version: 1
model:
  name: flower
  files: [build/model.pkl]
  inputs: {path: build/inputs.csv, columns: [a, b, c]}
params: params.yaml
steps:
  train:
    run: python train.py
    inputs: [train.py, flowers.py]
    params: [seed]
    outputs: [build/model.pkl]
  evaluate:
    run: python evaluate.py
    inputs: [evaluate.py, flowers.py, build/model.pkl]
    outputs: [build/predictions.csv, build/inputs.csv]
evaluation:
  step: evaluate
  task: binary
  predictions: {path: build/predictions.csv}
gate:
  rules:
    - accuracy >= 0.6
onnx: {}
"""
# The pickle names a class of the project's own module.
FLOWERS = """\
import numpy as np
from sklearn.neural_network import MLPClassifier

class Flower(MLPClassifier):
    pass

def rows(seed):
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(400, 3)).astype(np.float32)
    return x, (x @ [1.0, -2.0, 0.5] + draws.normal(scale=0.3, size=400) > 0).astype(int)
"""
TRAIN = """\
import pickle, warnings, yaml
from flowers import {kind}, rows
warnings.simplefilter("ignore")
x, y = rows(yaml.safe_load(open("params.yaml"))["seed"])
pickle.dump({kind}((8,), max_iter=40, random_state=0).fit(x, y), open("build/model.pkl", "wb"))
"""
EVALUATE = """\
import pickle
from flowers import rows
x, y = rows(99)
model = pickle.load(open("build/model.pkl", "rb"))
said, scores = model.predict(x), model.predict_proba(x)[:, 1]
with open("build/predictions.csv", "w") as file:
    file.write("target,prediction,score\\n")
    file.writelines(f"{t},{p},{s!r}\\n" for t, p, s in zip(y.tolist(), said.tolist(), scores.tolist()))
with open("build/inputs.csv", "w") as file:
    file.write("row,a,b,c\\n")
    file.writelines(f"{n}," + ",".join(map(repr, row)) + "\\n" for n, row in enumerate(x.tolist()))
"""


def make_flowers(folder: Path, *, int8: bool = False) -> Lab:
    """The project, committed."""
    lab = Lab(folder)
    lab.write("mlops.yaml", PROJECT.replace("onnx: {}", "onnx: {int8: true}") if int8 else PROJECT)
    lab.write("flowers.py", FLOWERS)
    lab.write("train.py", TRAIN.format(kind="MLPClassifier"))
    lab.write("evaluate.py", EVALUATE)
    lab.write("params.yaml", "seed: 1\n")
    lab.commit("flowers")
    return lab
