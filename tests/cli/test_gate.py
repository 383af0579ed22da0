"""``gate``: on two bare files, and on the pipeline."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mlops_ci.resources import resource
from tests.support.lab import Done, Lab


def predictions(file: Path, skill: float, *, seed: int, rows: int = 1000) -> Path:
    """Write predictions that are right with some probability, on rows that are always the same."""
    truth, luck = random.Random(0), random.Random(seed)
    lines = ["id,target,prediction,score"]
    for number in range(rows):
        target = truth.randrange(2)
        right = luck.random() < skill
        answer = target if right else 1 - target
        lines.append(f"{number},{target},{answer},{0.3 + 0.4 * answer + 0.2 * luck.random():.4f}")
    file.write_text("\n".join(lines) + "\n")
    return file


def gate(folder: Path, *arguments: str) -> Done:
    lab = Lab.existing(folder)
    return lab.run("gate", "--json", *arguments)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    predictions(tmp_path / "old.csv", 0.7, seed=1)
    predictions(tmp_path / "new.csv", 0.85, seed=2)
    predictions(tmp_path / "same.csv", 0.7, seed=3)
    return tmp_path


def test_a_better_model_passes_with_neither_workspace_nor_project(files: Path) -> None:
    done = gate(files, "--candidate", "new.csv", "--baseline", "old.csv", "--rule", "accuracy > baseline")
    assert done.code == 0, done.err
    verdict = done.json
    assert verdict["outcome"] == "pass"
    [rule] = verdict["rules"]
    assert {
        "rule",
        "metric",
        "candidate",
        "baseline",
        "change",
        "interval",
        "method",
        "outcome",
        "reason",
    } <= rule.keys()
    assert rule["interval"][0] > 0
    assert sorted(path.name for path in files.iterdir()) == ["new.csv", "old.csv", "same.csv"]


@pytest.mark.parametrize(
    ("candidate", "baseline", "outcome"), [("old.csv", "new.csv", "fail"), ("same.csv", "old.csv", "inconclusive")]
)
def test_a_worse_and_an_equal_model_do_not_pass(files: Path, candidate: str, baseline: str, outcome: str) -> None:
    done = gate(files, "--candidate", candidate, "--baseline", baseline, "--rule", "accuracy > baseline")
    assert (done.code, done.json["outcome"]) == (1, outcome)


def test_several_rules_and_metrics(files: Path) -> None:
    rules = ["roc_auc > baseline", "log_loss <= baseline", "accuracy >= 0.8"]
    arguments = [argument for rule in rules for argument in ("--rule", rule)]
    done = gate(files, "--candidate", "new.csv", "--baseline", "old.csv", *arguments)
    assert [rule["outcome"] for rule in done.json["rules"]] == ["pass", "pass", "pass"]


def test_plain_numbers_alone(files: Path) -> None:
    (files / "new.json").write_text(json.dumps({"latency_ms": 12.0}))
    (files / "old.json").write_text(json.dumps({"latency_ms": 10.0}))
    done = gate(
        files, "--candidate-metrics", "new.json", "--baseline-metrics", "old.json", "--rule", "latency_ms <= baseline"
    )
    assert (done.code, done.json["rules"][0]["reason"]) == (1, "no uncertainty known")


def test_other_rows_cannot_be_compared(files: Path) -> None:
    predictions(files / "other.csv", 0.9, seed=4, rows=900)
    done = gate(
        files, "--candidate", "other.csv", "--baseline", "old.csv", "--rule", "accuracy > baseline",
        "--on-inconclusive", "allow",
    )  # fmt: skip
    assert (done.code, done.json["rules"][0]["outcome"]) == (1, "incomparable")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--candidate", "new.csv"], "there are no rules"),
        (["--candidate", "new.csv", "--rule", "f2 > 1"], "unknown metric 'f2'"),
        (["--candidate", "new.csv", "--rule", "accuracy >> 1"], "not a rule"),
        (["--candidate", "new.csv", "--rule", "accuracy > 0.5", "--confidence", "nan"], "the confidence must be"),
        (["--candidate", "new.csv", "--rule", "accuracy > 0.5", "--confidence", "1.5"], "the confidence must be"),
        (["--candidate", "new.csv", "--rule", "accuracy > @anchor"], "@anchor needs a registry"),
        (["--candidate", "none.csv", "--rule", "accuracy > 0.5"], "none.csv"),
        (["--candidate", "new.csv", "--rule", "accuracy > 0.5", "--target", "truth"], "no column 'truth'"),
        (["--candidate", "new.csv", "--rule", "roc_auc > 0.5", "--positive", "2"], "the positive label '2'"),
        (["--candidate", "new.csv", "--rule", "roc_auc > 0.5", "--rule", "rmse < 1"], "no task fits"),
        (["--baseline", "old.csv", "--rule", "accuracy > 0.5"], "there is nothing to judge"),
    ],
)
def test_wrong_calls_are_usage_errors_in_one_line(files: Path, arguments: list[str], says: str) -> None:
    done = gate(files, *arguments)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert says in done.err


def test_without_files_the_model_of_the_pipeline_is_judged_and_not_registered(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.skill(0.4)
    lab.commit("worse")
    done = lab.run("gate", "--json")
    assert (done.code, done.json["outcome"]) == (1, "fail")
    assert len(lab.versions()) == 1


def test_the_verdict_fits_its_schema(files: Path) -> None:
    import jsonschema

    done = gate(files, "--candidate", "new.csv", "--baseline", "old.csv", "--rule", "accuracy > baseline")
    schema = json.loads(resource("schemas", "verdict.schema.json").read_text())
    jsonschema.validate(done.json, schema)


def test_a_rule_about_a_baseline_needs_one(files: Path) -> None:
    done = gate(files, "--candidate", "new.csv", "--rule", "accuracy > baseline")
    assert (done.code, "there is no baseline" in done.err) == (2, True)


def test_scores_that_are_no_probabilities_are_not_cut_at_one_half(files: Path) -> None:
    lines = (files / "new.csv").read_text().splitlines()
    (files / "logits.csv").write_text(
        "id,target,score\n"
        + "\n".join(
            f"{line.split(',')[0]},{line.split(',')[1]},{10 * float(line.split(',')[3]) - 5}" for line in lines[1:]
        )
    )
    done = gate(files, "--candidate", "logits.csv", "--rule", "accuracy > 0.5", "--rule", "roc_auc > 0.5")
    assert [rule["outcome"] for rule in done.json["rules"]] == ["fail", "pass"]
    assert "no probabilities" in done.json["rules"][0]["reason"]


def test_a_number_too_large_for_a_float_is_no_number(files: Path) -> None:
    (files / "m.json").write_text('{"big": 1' + "0" * 400 + "}")
    done = gate(files, "--candidate-metrics", "m.json", "--rule", "big > 1")
    assert (done.code, done.json["rules"][0]["outcome"]) == (1, "fail")
