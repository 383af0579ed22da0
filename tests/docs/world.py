"""The project that the documents speak of: flight delays, three versions, the second of which is the champion."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from tests.support.lab import Lab

PROJECT = """\
version: 1
model:
  name: flight-delay
  files: [build/model.pkl]
  inputs: {path: build/test.csv, columns: [hour, distance]}
  purpose: Will this flight arrive 15 minutes late?
params: params.yaml
datasets:
  flights: {path: data/flights.csv}
steps:
  train:
    run: python train.py
    inputs: [train.py, flights.py]
    data: [flights]
    params: [train]
    outputs: [build/model.pkl]
  evaluate:
    run: python evaluate.py
    inputs: [evaluate.py, flights.py, build/model.pkl]
    data: [flights]
    outputs: [build/predictions.csv, build/test.csv]
evaluation:
  step: evaluate
  task: binary
  positive: late
  predictions: {path: build/predictions.csv, id: flight_id}
gate:
  rules:
    - accuracy > baseline
    - roc_auc >= baseline - 0.05
    - accuracy >= 0.5
    - {rule: accuracy >= baseline - 0.2, per: carrier, min_rows: 100}
"""
FLIGHTS = """\
import csv
def flights(test):
    rows = [row for row in csv.DictReader(open("data/flights.csv")) if (int(row["flight_id"]) % 2 == 0) == test]
    return rows, [[float(row["hour"]), float(row["distance"])] for row in rows]
"""
TRAIN = """\
import json, os, pickle
from flights import flights
from sklearn.tree import DecisionTreeClassifier
depth = json.loads(os.environ["MLOPS_CI_PARAMS"])["train"]["max_depth"]
rows, x = flights(test=False)
model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(x, [row["late"] for row in rows])
pickle.dump(model, open("build/model.pkl", "wb"))
"""
EVALUATE = """\
import csv, pickle
from flights import flights
model = pickle.load(open("build/model.pkl", "rb"))
rows, x = flights(test=True)
late = list(model.classes_).index("late")
with open("build/predictions.csv", "w") as file, open("build/test.csv", "w") as inputs:
    said, eaten = csv.writer(file), csv.writer(inputs)
    said.writerow(["flight_id", "target", "score", "carrier"])
    eaten.writerow(["flight_id", "hour", "distance"])
    for row, given, scores in zip(rows, x, model.predict_proba(x)):
        said.writerow([row["flight_id"], row["late"], scores[late], row["carrier"]])
        eaten.writerow([row["flight_id"], *given])
"""
ROWS = 1_200


def make_world(folder: Path) -> Lab:
    """Three commits: a stump, a tree that is better and the champion, and a stump again, which is refused."""
    lab = Lab(folder / "flight-delay")
    lab.git("rm", "--cached", "-rq", "--ignore-unmatch", ".")
    (lab.folder / "data/rows.csv").unlink()
    for path, text in {
        "mlops.yaml": PROJECT, "flights.py": FLIGHTS, "train.py": TRAIN, "evaluate.py": EVALUATE,
        "README.md": "Flight delays\n", ".gitignore": "build/\n.mlops/\n", "requirements.txt": "",
    }.items():  # fmt: skip
        lab.write(path, text)
    _write_flights(lab.folder / "data/flights.csv")
    for depth, outcome in ((1, "promoted"), (4, "promoted"), (2, "refused")):
        lab.write("params.yaml", f"train:\n  max_depth: {depth}\n")
        lab.commit(f"Trees of depth {depth}")
        done = lab.run("ci", "--host", "local", "--json")
        assert done.code == (outcome == "refused"), done.err + done.out
        assert done.json["outcome"] == outcome, done.out
    return lab


def _write_flights(file: Path) -> None:
    """Late are those of the evening, and short ones of the morning; and one of ten, whatever the tree says."""
    draw = random.Random(7)
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["flight_id", "carrier", "hour", "distance", "late"])
        for number in range(2 * ROWS):
            hour, distance = draw.randrange(5, 24), draw.randrange(100, 3000)
            late = (hour > 16) != (hour < 10 and distance < 900)
            late = late != (draw.random() < 0.1)
            carrier = draw.choice(["AA", "DL", "HA"])
            rows.writerow([number, carrier, hour, distance, "late" if late else "punctual"])
