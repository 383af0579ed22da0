"""The example of an endpoint, from its first commit to the end of its deployment."""

from __future__ import annotations

import csv
import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import Lab

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
