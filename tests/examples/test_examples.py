"""The examples, on their real data: the first commit, one that is better, and one that is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.lifecycle.places import load_project_file
from tests.parts.need import soak
from tests.support.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "examples"
_STONE = {"cut": "Good", "color": "J", "clarity": "SI2"}
_ENVIRONMENT = "environment:\n  pip: requirements.txt\n"


@dataclass(frozen=True)
class Example:
    """What its README promises: two changes of a file, what becomes of the second, and its other command."""

    name: str
    file: str
    better: tuple[tuple[str, str], ...]
    other: tuple[tuple[str, str], ...]
    outcome: str
    also: tuple[str, ...] = ("report",)


ALL = (
    Example(
        "doctor-visits",
        "params.yaml",
        (("model: logistic ", "model: boosting "),),
        (
            (
                "features: [coinsurance, deductible, incentive, log_limit, limitation, diseases, health]",
                "features: [coinsurance, deductible, incentive]",
            ),
        ),
        "refused",
    ),
    Example(
        "diamond-prices",
        "params.yaml",
        (("log_price: false", "log_price: true"), ("trees: 60", "trees: 200")),
        (("features: [carat, cut, color, clarity]", "features: [carat, cut, color]"),),
        "refused",
        ("runs", "list"),
    ),
    Example(
        "handwritten-digits",
        "train.py",
        (("HIDDEN = 8\n", "HIDDEN = 48\n"),),
        (("HIDDEN = 48\n", "HIDDEN = 56\n"),),
        "inconclusive",
    ),
    Example(
        "docs-search",
        "params.yaml",
        (
            ("weigh_words: false", "weigh_words: true"),
            ("saturation: 0 ", "saturation: 1.2 "),
            ("length: 0 ", "length: 0.75 "),
        ),
        (("letters: 0 ", "letters: 3 "),),
        "inconclusive",
        ("gate", "explain"),
    ),
)


def start(example: Example, folder: Path) -> Lab:
    """The example as a repository of its own, with the packages of the tests instead of its requirements."""
    left_out = shutil.ignore_patterns("build", "__pycache__", ".mlops", "make.py")
    shutil.copytree(EXAMPLES / example.name, folder, ignore=left_out)
    lab = Lab.existing(folder)
    lab.edit("mlops.yaml", _ENVIRONMENT, "")
    lab.git("init", "--quiet", "--initial-branch=main")
    lab.commit("first")
    return lab


def ci(lab: Lab) -> Any:
    done = lab.run("ci", "--host", "local", "--json", env={"OMP_NUM_THREADS": "1"})
    assert done.code in {0, 1}, done.err
    return done.json


def change(lab: Lab, example: Example, pairs: tuple[tuple[str, str], ...]) -> Any:
    for old, new in pairs:
        lab.edit(example.file, old, new)
    lab.commit("another")
    return ci(lab)


_PACKAGES = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
_NEEDS = {"lightgbm": {"scikit-learn"}}  # of its estimators, which do not begin without it


def imports_of(folder: Path) -> set[str]:
    """The packages that an example's scripts and notebooks import, without its own modules and Python's."""
    texts = [file.read_text("utf-8") for file in folder.glob("*.py")]
    for notebook in folder.glob("*.ipynb"):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        texts += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    found = re.findall(r"^(?:import|from) (\w+)", "\n".join(texts), re.MULTILINE)
    return {*found} - {file.stem for file in folder.glob("*.py")} - sys.stdlib_module_names


@pytest.mark.parametrize("name", sorted(path.parent.name for path in EXAMPLES.glob("*/requirements.txt")))
def test_the_requirements_name_what_is_imported(name: str) -> None:
    asked = set(re.findall(r"^[\w-]+", (EXAMPLES / name / "requirements.txt").read_text("utf-8"), re.MULTILINE))
    imported = imports_of(EXAMPLES / name)
    needed = {_PACKAGES.get(one, one) for one in imported}.union(*(_NEEDS.get(one, set()) for one in imported))
    assert needed <= asked, needed - asked


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.name)
def test_what_the_readme_promises_is_what_happens(example: Example, tmp_path: Path) -> None:
    lab = start(example, tmp_path / example.name)
    assert ci(lab)["outcome"] == "promoted"
    better = change(lab, example, example.better)
    assert (better["outcome"], better["version"]) == ("promoted", 2), better
    if example.name == "diamond-prices":
        goes_by(lab, ["carat", "clarity", "color", "cut"])
    if example.name != "handwritten-digits" or soak(0, 1):  # three more trainings and a conversion
        other = change(lab, example, example.other)
        assert (other["outcome"], other["version"]) == (example.outcome, 3), other
    shown = lab.run(*example.also)
    assert shown.code == 0, shown.err
    if example.name == "diamond-prices":
        goes_by(lab, ["carat", "color", "cut"])
        answers_with_prices(lab)


def goes_by(lab: Lab, columns: list[str]) -> None:
    """The report names what the newest model looks at, what matters most first, and counts the rest."""
    told = " ".join(lab.run("report").out.split())
    named = re.search(r"goes by: ([^()]*) \(mae lost when shuffled; (\d) more columns\)", told)
    assert named, told
    assert re.findall(r"[a-z]+", named[1]) == columns[:3]
    [run] = lab.run("runs", "list", "--limit", "1", "--json").json
    matters = [each["column"] for each in run["explanation"]["importances"] if each["mean"] > 0]
    assert matters == columns
    assert int(named[2]) == 9 - 3


def answers_with_prices(lab: Lab) -> None:
    """The notebook is kept with the run, and the model that it has made answers through the entry script."""
    done = lab.run("run", "--host", "local", "--restore", "--json")
    assert ".mlops-ci/notebooks/train.ipynb" in [file["path"] for file in done.json["files"]], done.err
    asked = {"data": [[0.7, "Ideal", "E", "VS1", 61.5, 55, 5.7, 5.7, 3.5], {"carat": 2, **_STONE}]}
    code = f"import json, score; score.init(); print(json.dumps(score.run({json.dumps(asked)!r})))"
    env = {"AZUREML_MODEL_DIR": ".", "PATH": os.environ["PATH"]}
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=lab.folder, env=env, capture_output=True, text=True, check=True
    )
    small, large = json.loads(out.stdout)["predictions"]
    assert 1000 < small < large < 30_000


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.name)
def test_what_the_readme_tells_to_change_stands_there(example: Example) -> None:
    readme = (EXAMPLES / example.name / "README.md").read_text("utf-8")
    for _, new in (*example.better, *example.other):
        assert f"`{new.strip()}`" in readme
    assert (EXAMPLES / example.name / "requirements.txt").is_file()
    assert _ENVIRONMENT in (EXAMPLES / example.name / "mlops.yaml").read_text("utf-8")
    load_project_file(EXAMPLES / example.name / "mlops.yaml")
