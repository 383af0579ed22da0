"""A metric of the user's own, from the pipeline to the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lifecycle.test_bundle import publish, train
from tests.support.lab import Lab

METRICS = """\
import numpy as np

def gain(columns):
    return np.where(columns["target"] == columns["prediction"], 3.0, -1.0)

def total(columns):
    return float((columns["target"] == columns["prediction"]).mean())
"""


def with_metrics(lab: Lab, *rules: str, code: str = METRICS) -> None:
    lab.write("metrics.py", code)
    lab.edit("mlops.yaml", "  metrics: build/", "  custom: [metrics.py:gain, metrics.py:total]\n  metrics: build/")
    lab.edit("mlops.yaml", "    - accuracy > baseline\n", "".join(f"    - {rule}\n" for rule in rules))
    lab.commit("own metrics")


def rules_of(result: Any) -> dict[str, dict[str, Any]]:
    return {rule["rule"]: rule for rule in result["verdict"]["rules"]}


def test_a_function_decides_over_promotion(lab: Lab) -> None:
    with_metrics(lab, "gain > baseline", "total > baseline", "total >= 0.5")
    first = lab.ci()
    assert first["outcome"] == "promoted"
    assert rules_of(first)["total >= 0.5"]["outcome"] == "pass"
    lab.skill(0.8)
    lab.commit("better")
    second = lab.ci()
    assert second["outcome"] == "promoted", second
    found = rules_of(second)
    gain, total = found["gain > baseline"], found["total > baseline"]
    assert gain["outcome"] == total["outcome"] == "pass"
    assert abs(gain["change"] - 4 * total["change"]) < 1e-9
    assert total["method"] == "BCa bootstrap of rows, 1,000 resamples, paired"
    low, high = total["interval"]
    assert abs(4 * low - gain["interval"][0]) < 0.1 and low < total["change"] < high
    lab.skill(0.3)
    lab.commit("worse")
    assert lab.ci()["outcome"] == "refused"


def test_what_a_function_said_is_not_asked_again(lab: Lab) -> None:
    with_metrics(lab, "total > baseline")
    lab.ci()
    lab.skill(0.8)
    lab.commit("better")
    done = lab.run("ci")
    assert done.out.count("never measured by this code") == 2  # both functions, on the new predictions alone
    lab.write("metrics.py", METRICS.replace("3.0", "2.0"))
    lab.commit("another gain")
    done = lab.run("gate")
    assert done.out.count("never measured by this code") == 2  # the champion's own, by the new code
    lab.git("switch", "--quiet", "--create", "idea")
    lab.write("metrics.py", METRICS + "# kinder\n")
    lab.skill(0.9)
    lab.commit("a metric changes")
    done = lab.run("ci", "--branch", "idea", "--default-branch", "main")
    assert "the evaluation itself changes here: metrics.py" in " ".join(done.out.split())


def test_a_function_that_raises_refuses_the_model_and_says_where(lab: Lab) -> None:
    with_metrics(lab, "gain >= 0", "total >= 0.1", code=METRICS.replace("return float(", "return 1 / 0 * ("))
    result = lab.ci()
    assert (result["outcome"], result["code"]) == ("refused", 1)
    assert rules_of(result)["total >= 0.1"]["reason"] == "metrics.py:7: ZeroDivisionError: division by zero"
    assert rules_of(result)["gain >= 0"]["outcome"] == "pass"


def test_another_job_judges_by_what_the_first_one_has_computed(lab: Lab, tmp_path: Path) -> None:
    with_metrics(lab, "gain > baseline", "total > baseline")
    lab.ci()
    lab.skill(0.8)
    lab.commit("better")
    train(lab, tmp_path / "bundle")
    result = publish(lab, tmp_path / "bundle").json
    assert result["outcome"] == "promoted", result
    assert {rule["outcome"] for rule in result["verdict"]["rules"]} == {"pass"}


def test_what_functions_say_is_in_no_bundle_where_only_gains_are_told(lab: Lab, tmp_path: Path) -> None:
    with_metrics(lab, "accuracy >= 0.1")
    lab.edit("mlops.yaml", "gate:\n", "gate:\n  budget: {looks: 3, reveal: gains}\n")
    lab.commit("a budget")
    train(lab, tmp_path / "bundle")
    assert "custom" not in (tmp_path / "bundle" / "bundle.json").read_text()
    lab.edit("mlops.yaml", "accuracy >= 0.1", "total >= 0.1")
    lab.commit("a rule that asks a function")
    done = lab.run("run", "--read-only", "--bundle", str(tmp_path / "another"))
    assert done.code == 2 and "lie open in a bundle" in done.err and "trained to" not in done.out


def test_a_file_that_is_not_there_is_refused_before_anything_runs(lab: Lab) -> None:
    with_metrics(lab, "total >= 0.1")
    (lab.folder / "metrics.py").unlink()
    lab.commit("gone")
    done = lab.run("ci")
    assert done.code == 2 and "metrics.py" in done.err and "trained to" not in done.out
