"""A champion of one scikit-learn beside a candidate of the next, both from the package index."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parts.environment import ROOT
from tests.parts.need import missing
from tests.support.lab import Lab

OLD, NEW = "1.6.1", "1.7.2"
PROJECT = """\
version: 1
model: {name: grid, files: [build/model.joblib]}
environment: {pip: requirements.txt}
datasets: {rows: {path: data/rows.csv}}
steps:
  train:
    run: python train.py
    inputs: [train.py]
    data: [rows]
    outputs: [build/model.joblib]
  evaluate:
    run: python evaluate.py
    inputs: [evaluate.py, build/model.joblib]
    data: [rows]
    outputs: [build/predictions.csv]
evaluation:
  task: binary
  predictions: {path: build/predictions.csv}
gate:
  rules: [accuracy > baseline]
"""
TRAIN = """\
import csv, joblib
from sklearn.tree import DecisionTreeClassifier
rows = list(csv.DictReader(open("data/rows.csv")))
inputs = [[float(row["x"]), float(row["y"])] for row in rows]
model = DecisionTreeClassifier(max_depth=1).fit(inputs, [row["target"] for row in rows])
joblib.dump(model, "build/model.joblib")
"""
# A pickle of another scikit-learn is read with a warning at best.
EVALUATE = """\
import csv, joblib, sklearn, warnings
warnings.simplefilter("error")
model = joblib.load("build/model.joblib")
print("scikit-learn", sklearn.__version__)
with open("build/predictions.csv", "w") as file:
    file.write("id,target,prediction\\n")
    for row in csv.DictReader(open("data/rows.csv")):
        answer = model.predict([[float(row["x"]), float(row["y"])]])[0]
        file.write(f"{row['id']},{row['target']},{answer}\\n")
"""


def locked(version: str) -> str:
    """The lock of a scikit-learn, resolved once."""
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache") / "parts"
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"scikit-learn-{version}.txt"
    with (cache / f".scikit-learn-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or missing("uv")
            done = subprocess.run(
                [uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "-"],
                input=f"scikit-learn=={version}\nnumpy<2.4\n",
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                missing(f"scikit-learn {version}: {done.stderr.strip().splitlines()[-1:]}")
            file.write_text(done.stdout)
    return file.read_text()


def rows(count: int) -> str:
    """Rows of which a tree of depth 1 knows nothing."""
    lines = ["id,x,y,target"]
    for number in range(count):
        x, y = hashlib.md5(str(number).encode(), usedforsecurity=False).digest()[:2]
        lines.append(f"r{number},{x / 256},{y / 256},{int((x < 100) != (y < 100))}")
    return "\n".join(lines) + "\n"


def test_each_model_is_evaluated_with_the_software_that_made_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "grid")
    lab.write("mlops.yaml", PROJECT)
    lab.write("train.py", TRAIN)
    lab.write("evaluate.py", EVALUATE)
    lab.write("requirements.txt", locked(OLD))
    lab.write("data/rows.csv", rows(300))
    lab.commit("the old one")
    assert lab.run("ci", "--host", "local").code == 0
    lab.write("requirements.txt", locked(NEW))
    lab.edit("train.py", "max_depth=1", "max_depth=9")
    lab.write("data/rows.csv", rows(400))
    lab.commit("the new one")
    done = lab.run("ci", "--host", "local")
    assert done.code == 0, done.out + done.err
    assert f"evaluate | scikit-learn {NEW}" in done.out
    assert f"champion v1: evaluate | scikit-learn {OLD}" in done.out
    assert lab.champion() == 2
