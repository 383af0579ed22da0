"""The example of an endpoint, from its first commit to the end of its deployment."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import Lab, clean_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "endpoint"


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Lab]:
    """A repository of it, whose software is that of the tests."""
    shutil.copytree(EXAMPLE, tmp_path / "tumours", ignore=shutil.ignore_patterns("build", "__pycache__", ".mlops"))
    lab = Lab.existing(tmp_path / "tumours")
    lab.git("init", "--quiet", "--initial-branch=main")
    lab.edit("mlops.yaml", "environment:\n  pip: requirements.txt\n", "")
    lab.commit("first")
    yield lab
    lab.run("deployments", "delete", "laptop", env=machine(lab))


def machine(lab: Lab) -> dict[str, str]:
    return {"MLOPS_CI_CACHE_DIR": str(lab.folder.parent / "cache")}


def score(url: str, row: list[float]) -> str:
    body = json.dumps({"data": [row]}).encode()
    request = urllib.request.Request(f"{url}/score", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        [found] = json.load(answer)["predictions"]
        return str(found)


def test_the_example_becomes_an_endpoint_and_goes_back(example: Lab) -> None:
    env = machine(example)
    first = example.ci(env=env)
    assert first["outcome"] == "promoted", first
    assert example.run("run", "--restore", env=env).code == 0
    rows = list(csv.reader((example.folder / "build/test.csv").read_text().splitlines()))[1:]
    recorded = list(csv.DictReader((example.folder / "build/predictions.csv").read_text().splitlines()))

    deployed = example.run("deploy", "laptop", "--json", env=env)
    assert deployed.code == 0, deployed.err
    url = deployed.json["url"]
    for row, known in list(zip(rows, recorded, strict=True))[:5]:
        assert score(url, list(map(float, row))) == ("malignant" if float(known["score"]) > 0.5 else "benign")

    example.edit("train.py", "TREES = 50", "TREES = 40")
    example.commit("fewer trees")
    assert example.ci(env=env)["version"] == 2
    second = example.run("deploy", "laptop", "tumours@v2", "--json", env=env)
    assert second.code == 0, second.err
    checked = example.run("deployments", "check", "laptop", env=env)
    assert checked.out.startswith("laptop: v2 is healthy, "), checked
    back = example.run("deployments", "rollback", "laptop", "--json", env=env)
    assert (back.code, back.json["deployment"]["version"]) == (0, 1), back.err
    assert example.run("deployments", "delete", "laptop", env=env).out == "laptop is no more\n"


def test_the_entry_script_of_the_demo_answers_rows_of_both_shapes(tmp_path: Path) -> None:
    flights = EXAMPLE.parent / "flight-delay"
    code = """
import json, os, pickle
from pathlib import Path
import polars as pl
from features import build_features
from score import COLUMNS, init, run
from train import build_model
flights = pl.read_parquet("data/flights.parquet").head(500).with_columns(
    target=pl.Series(["late", "punctual"] * 250))
folder = Path(os.environ["AZUREML_MODEL_DIR"], "build")
folder.mkdir(parents=True)
features = build_features(flights)
model = build_model({"max_iter": 5}).fit(features, flights["target"].to_numpy())
(folder / "model.pkl").write_bytes(pickle.dumps(model))
init()
rows = flights.select(COLUMNS).head(3)
lists, objects = (run(json.dumps({"data": shape}, default=str)) for shape in (rows.rows(), rows.to_dicts()))
assert lists == objects, (lists, objects)
assert lists["probabilities"] == model.predict_proba(features.head(3)).tolist()
"""
    env = clean_environment() | {"AZUREML_MODEL_DIR": str(tmp_path / "model"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=flights, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
