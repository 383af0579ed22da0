"""All that is around a training, which itself takes no time: plan, run, record, judge, page, register, promote.

    python benchmarks/around_training.py [rows] [rounds]      (default: 100,000 predictions, 5 rounds)

Each round is a commit of a new project whose steps only copy what lies there: a model, and predictions of which the
gate judges five rules against the champion's. What is timed is one ``mlops-ci ci --html`` on the default branch, a
process of its own, from its start to its end; the page with its charts is written in that time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

PROJECT = """
version: 1
model: {name: instant, files: [build/model.bin]}
datasets: {rows: {path: data/predictions.parquet}}
steps:
  train:
    run: mkdir -p build && cp number.txt build/model.bin
    inputs: [number.txt]
    outputs: [build/model.bin]
  evaluate:
    run: cp data/predictions.parquet build/predictions.parquet
    inputs: [build/model.bin]
    data: [rows]
    outputs: [build/predictions.parquet]
evaluation:
  task: binary
  positive: 1
  predictions: {path: build/predictions.parquet, id: id, target: target, score: score}
gate:
  rules:
    - accuracy > baseline
    - roc_auc >= baseline - 0.005
    - log_loss <= baseline * 1.02
    - accuracy >= 0.6
    - {rule: accuracy >= baseline - 0.02, per: region, min_rows: 200}
"""


def main() -> None:
    """Run the rounds and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        (root / "data").mkdir(parents=True)
        (root / "mlops.yaml").write_text(PROJECT, "utf-8")
        (root / ".gitignore").write_text("build/\ndata/\n.mlops/\npage.html\n", "utf-8")
        git(root, "init", "--quiet", "--initial-branch=main")
        taken = [commit(root, number, rows) for number in range(rounds + 1)]
    print(f"{rows:,} predictions, five rules, ten regions; {rounds} promotions after a first one of {taken[0]:.2f} s")
    print(f"whole command: median {statistics.median(taken[1:]):.2f} s, at most {max(taken):.2f} s")


def commit(root: Path, number: int, rows: int) -> float:
    """Commit a model that is a little better than the one before; return how long ``ci`` takes, in seconds."""
    (root / "number.txt").write_text(f"{number}\n", "utf-8")
    write_predictions(root / "data" / "predictions.parquet", rows, 1.0 + 0.2 * number)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"Model {number}")
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mlops_ci", "ci", "--host", "local", "--workspace", ".mlops", "--html", "page.html"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode or "promoted" not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    return seconds


def write_predictions(file: Path, rows: int, strength: float) -> None:
    """Scores of a model that separates the classes by ``strength`` standard deviations; the same rows every time."""
    draw = np.random.default_rng(20261123)
    target = draw.integers(0, 2, rows)
    noise = draw.normal(size=rows)
    score = 1 / (1 + np.exp(-strength * (noise + strength * (target - 0.5))))
    region = np.array([f"region {index}" for index in range(10)])[draw.integers(0, 10, rows)]
    pl.DataFrame({"id": np.arange(rows), "target": target, "score": score, "region": region}).write_parquet(file)


def git(root: Path, *arguments: str) -> None:
    """Run git with an identity of its own."""
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{who}_NAME": "benchmark", f"GIT_{who}_EMAIL": "benchmark@localhost"}
    subprocess.run(["git", *arguments], cwd=root, check=True, env={**os.environ, **identity}, capture_output=True)


if __name__ == "__main__":
    main()
