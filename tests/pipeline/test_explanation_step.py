"""The step that explains: what it is called with, what it needs, and what is wrong with asking for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.errors import ConfigurationError, UsageError
from mlops_ci.pipeline.explanation import needed_to_explain, welcome_to_explain, with_explanation
from mlops_ci.pipeline.extended import FirstThatFits
from mlops_ci.project.load import load_project
from mlops_ci.records.environment import EnvironmentLock

PROJECT = """\
version: 1
model: {name: m, files: [out/model.pkl], inputs: {path: out/rows.csv}}
steps:
  train: {run: python train.py, inputs: [train.py], outputs: [out/model.pkl, out/rows.csv, out/predictions.csv]}
evaluation: {task: binary, positive: 1.0, predictions: {path: out/predictions.csv, id: key}}
gate: {rules: [latency <= 3, mcc > 0, brier <= 0.2]}
explain: {}
"""


def step_of(text: str) -> str:
    project = with_explanation(load_project(text.replace("latency <= 3, ", "").encode(), "mlops.yaml"))
    return next(step.run for step in project.steps if step.tool == "explainer")


def test_the_metric_is_the_first_of_the_gate_that_can_be_used() -> None:
    run = step_of(PROJECT)
    assert "--metric brier" in run and "--positive=1 " in run and "--id key" in run
    assert "--metric f1" in step_of(PROJECT.replace("explain: {}", "explain: {metric: f1}"))
    assert "--metric roc_auc" in step_of(PROJECT.replace(", brier <= 0.2", ""))


def test_more_is_installed_only_where_a_file_may_need_it() -> None:
    assert needed_to_explain("model.pkl", "rows.csv") == ("numpy>=1.22",)
    assert {"onnx>=1.17", "polars>=1.0"} <= {*needed_to_explain("model.onnx", "rows.csv", "said.parquet")}
    assert welcome_to_explain("model.txt") == ()
    assert any("shap" in one for one in welcome_to_explain("model.PKL"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", inputs: {path: out/rows.csv}", "", "needs the model's inputs"),
        (", predictions: {path: out/predictions.csv, id: key}", ", metrics: out/rows.csv", "needs predictions"),
        ("task: binary, positive: 1.0", "task: ranking", "a ranking task cannot be explained"),
        ("explain: {}", "explain: {metric: rmse}", "rmse does not fit a binary task"),
        ("explain: {}", "explain: {model: out/other.pkl}", "none of model.files"),
        ("[out/model.pkl]", "[out/model.pkl, out/rows.csv, out/x.onnx]", "which of the model's files"),
        ("out/rows.csv,", "out/rows.csv, .mlops-ci/explain/x,", "where the explanation writes"),
        ("  train:", "  explain: {run: x, inputs: [a], outputs: [b]}\n  train:", "is that of the explanation"),
        ("{name: m,", "{name: m, card: out/rows.csv,", "is written by a step"),
    ],
)
def test_what_keeps_a_model_from_being_explained_is_said_at_once(old: str, new: str, said: str) -> None:
    text = PROJECT.replace("gate: {rules: [latency <= 3, mcc > 0, brier <= 0.2]}\n", "")
    assert old in text
    with pytest.raises(ConfigurationError) as caught:
        load_project(text.replace(old, new, 1).encode(), "mlops.yaml")
    assert any(said in problem.what for problem in caught.value.problems)


class Environment:
    def __init__(self, name: str, *, fits: bool) -> None:
        self.name, self.fits, self.asked = name, fits, 0

    def lock(self) -> EnvironmentLock:
        self.asked += 1
        if not self.fits:
            raise UsageError("it does not fit")
        return EnvironmentLock("pip", "3.12", "linux", self.name, "")

    def executables(self) -> Path:
        return Path(self.name)


@pytest.mark.parametrize("fits", [True, False])
def test_what_is_welcome_is_done_without_where_it_does_not_fit(fits: bool) -> None:
    wanted, plain = Environment("wanted", fits=fits), Environment("plain", fits=True)
    found = FirstThatFits(wanted, plain)
    assert wanted.asked == plain.asked == 0  # nothing is resolved before it is asked for
    expected = "wanted" if fits else "plain"
    assert (found.lock().digest, str(found.executables())) == (expected, expected)
