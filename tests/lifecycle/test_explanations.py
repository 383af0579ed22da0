"""An explanation is a step that nobody has to write; what comes of it never costs a trained model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.describe import card_text_of, explanation_of
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log
from tests.support.flowers import PROJECT
from tests.support.lab import Lab
from tests.support.log_entries import log_entries

EXPLAIN = "explain: {rows: 3, repeats: 2, sample: 100}\n"
# A model of the project's own, linear and without any library: steps that import none are quick.
FLOWERS = """\
import numpy as np

class Flower:
    classes_ = np.array([0, 1])
    n_features_in_ = 3

    def __init__(self, seed):
        self.coef_ = np.array([[1.0, -2.0, 0.0]]) + seed / 100
        self.intercept_ = np.zeros(1)

    def decision_function(self, x):
        return np.asarray(x) @ self.coef_[0]

    def predict(self, x):
        return (self.decision_function(x) > 0).astype(int)

    def predict_proba(self, x):
        late = 1 / (1 + np.exp(-self.decision_function(x)))
        return np.stack([1 - late, late], axis=1)
"""
TRAIN = """\
import pickle, yaml
from flowers import Flower
pickle.dump(Flower(yaml.safe_load(open("params.yaml"))["seed"]), open("build/model.pkl", "wb"))
"""
EVALUATE = """\
import pickle
import numpy as np
x = np.random.default_rng(99).normal(size=(400, 3))
y = (x @ [1.0, -2.0, 0.0] + np.sin(np.arange(400)) > 0).astype(int)
model = pickle.load(open("build/model.pkl", "rb"))
with open("build/predictions.csv", "w") as file:
    file.write("target,prediction\\n")
    file.writelines(f"{t},{p}\\n" for t, p in zip(y.tolist(), model.predict(x).tolist()))
with open("build/inputs.csv", "w") as file:
    file.write("row,a,b,c\\n")
    file.writelines(f"{n}," + ",".join(map(repr, row)) + "\\n" for n, row in enumerate(x.tolist()))
"""


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = Lab(tmp_path_factory.mktemp("flowers") / "flower")
    named = "  name: flower\n  purpose: Which flower?\n  card: docs/card.md\n"
    lab.write("mlops.yaml", PROJECT.replace("onnx: {}\n", EXPLAIN).replace("  name: flower\n", named))
    for name, text in (("flowers.py", FLOWERS), ("train.py", TRAIN), ("evaluate.py", EVALUATE)):
        lab.write(name, text)
    lab.write("params.yaml", "seed: 1\n")
    lab.write("docs/card.md", "Ask the gardener.\n")
    lab.commit("explained")
    assert lab.ci()["outcome"] == "promoted"
    return lab.folder


@pytest.fixture
def lab(_template: Path, tmp_path: Path) -> Lab:
    """A project whose first model is registered, explained and promoted."""
    return Lab.existing(Path(shutil.copytree(_template, tmp_path / "flower", symlinks=True)))


def entries(lab: Lab) -> list[str]:
    return [entry["op"] for entry in log_entries(lab.workspace, "flower")]


def version(lab: Lab, number: int = 1) -> ModelVersion:
    return open_log(LocalStore(lab.workspace), "flower").read().versions[number]


def explanation(lab: Lab, number: int = 1) -> ModelExplanation:
    found = explanation_of(LocalStore(lab.workspace), version(lab, number))
    assert found
    return found


def test_a_version_has_its_explanation_and_what_its_people_say(lab: Lab) -> None:
    assert entries(lab) == ["register", "explanation", "card", "verdict", "alias"]
    found = explanation(lab)
    assert (found.metric, found.rows, found.repeats, found.reason) == ("accuracy", 100, 2, None)  # the gate's rule
    assert [each.column for each in found.importances] == ["b", "a", "c"]
    assert (found.attribution, found.unit, len(found.explained)) == ("coefficients (linear)", "log odds", 3)
    assert card_text_of(LocalStore(lab.workspace), version(lab)) == "Ask the gardener.\n"
    told = lab.run("models", "show", "flower@v1").out
    assert "goes by" in told and "b 0." in told and "Which flower?" in told
    assert lab.run("workspace", "check").code == 0


def test_the_card_of_a_version_can_be_had_without_the_clone(lab: Lab, tmp_path: Path) -> None:
    elsewhere, page = tmp_path / "elsewhere", tmp_path / "card.html"
    elsewhere.mkdir()
    where = ("--workspace", str(lab.workspace))
    other = Lab.existing(elsewhere)
    told = other.run("models", "card", "flower@champion", *where)
    assert told.code == 0, told.err
    for text in (
        "# flower v1",
        "Which flower?",
        "Ask the gardener.",
        "## What it goes by",
        "| `b` | 0.",
        "accuracy ≥ 0.6",
    ):
        assert text in told.out
    assert other.run("models", "card", "flower@v1", "--format", "html", "--output", str(page), *where).code == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert other.run("models", "card", "flower@v9", *where).code == 2
    done = other.run("models", "card", "flower@v1", "--output", str(tmp_path), *where)
    assert done.code == 2  # a folder


def test_the_same_commit_again_adds_nothing_and_reports_it_again(lab: Lab) -> None:
    before, found = entries(lab), lab.ci()
    assert (found["outcome"], entries(lab)) == ("unchanged", before)
    run = lab.run("runs", "show", found["run"], "--json").json
    assert {step["name"]: step["status"] for step in run["steps"]} == dict.fromkeys(
        ("train", "evaluate", "explain"), "reused"
    )
    assert [each["column"] for each in run["explanation"]["importances"]] == ["b", "a", "c"]
    assert "goes by: b 0." in " ".join(lab.run("report", found["run"]).out.split())


def test_a_version_that_was_there_before_is_explained_once_and_described_anew(lab: Lab) -> None:
    shutil.rmtree(lab.workspace / "models")
    lab.edit("mlops.yaml", EXPLAIN, "")
    lab.commit("no explanation")
    assert lab.ci()["outcome"] == "promoted"
    assert entries(lab) == ["register", "card", "verdict", "alias"]
    lab.git("revert", "--no-edit", "HEAD")
    lab.ci()
    assert entries(lab)[4:] == ["link", "explanation"]
    lab.edit("mlops.yaml", "repeats: 2", "repeats: 1")
    lab.write("docs/card.md", "Ask the new gardener.\n")
    lab.commit("another text")
    lab.ci()
    assert entries(lab)[6:] == ["link", "card"]
    assert explanation(lab).repeats == 2
    assert card_text_of(LocalStore(lab.workspace), version(lab)) == "Ask the new gardener.\n"


@pytest.mark.parametrize(("how", "said"), [("exit", "exit code 3"), ("lie", "none of ours"), ("raise", "out of sorts")])
def test_an_explainer_that_fails_costs_no_model(lab: Lab, how: str, said: str) -> None:
    """The model's own code runs in that step: it can end it, and write what it likes."""
    act = {
        "exit": "os._exit(3)",
        "lie": "import atexit; atexit.register(lambda: open('.mlops-ci/explain/explanation.json', 'w').write(LIE))",
        "raise": "raise RuntimeError('out of sorts')",
    }[how]
    lie = {"metric": "accuracy", "rows": -1, "repeats": 1, "seed": 0, "importances": [], "reason": "x"}
    hostile = f"import os, sys\nLIE = {json.dumps(lie)!r}\nif 'mlops_ci.explainer' in ' '.join(sys.orig_argv): {act}\n"
    lab.write("flowers.py", hostile + FLOWERS)
    lab.commit(how)
    found = lab.run("ci", "--json")
    assert (found.code, found.json["outcome"], found.json["version"]) == (0, "promoted", 2), found.err
    run = lab.run("runs", "show", found.json["run"], "--json").json
    assert said in run["explanation"]["reason"]
    assert run["explanation"]["importances"] == []
    assert version(lab, 2).explanation is None
    assert "goes by: not explained" in " ".join(lab.run("report", found.json["run"]).out.split())


def test_the_bundle_of_an_explained_run_is_taken_over_with_it(lab: Lab, tmp_path: Path) -> None:
    lab.write("params.yaml", "seed: 3\n")
    lab.commit("another seed")
    assert lab.run("run", "--bundle", str(tmp_path / "bundle"), "--host", "local").code == 0
    done = lab.run("ci", "--bundle", str(tmp_path / "bundle"), "--json")
    assert done.code == 0, done.err
    assert explanation(lab, 2).importances[0].column == "b"


def test_a_card_that_is_not_there_is_said_before_anything_runs(lab: Lab) -> None:
    lab.git("rm", "-q", "docs/card.md")
    lab.commit("no card")
    done = lab.run("ci")
    assert done.code == 2
    assert "docs/card.md" in done.err and "model.card" in done.err
