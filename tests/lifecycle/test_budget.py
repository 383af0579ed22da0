"""A project with a budget: what a look costs, who is counted, and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lifecycle.test_custom_metrics import METRICS, with_metrics
from tests.support.lab import Lab, tree_bytes

_GATE = "gate:\n  rules:\n"


def _budget(lab: Lab, text: str) -> None:
    lab.edit("mlops.yaml", _GATE, f"gate:\n  budget: {text}\n  rules:\n")
    lab.commit("budget")


def _ci(lab: Lab, *arguments: str) -> Any:
    done = lab.run("ci", "--json", "--host", "local", *arguments)
    assert done.code in {0, 1}, done.err + done.out
    return done.json


def _operations(lab: Lab) -> list[str]:
    return [entry["op"] for entry in lab.run("models", "history", "coin", "--json").json]


@pytest.fixture
def budgeted(lab: Lab) -> Lab:
    """A champion of skill 0.6, and a budget of three looks."""
    _budget(lab, "3")
    _ci(lab)
    return lab


def test_nothing_is_spent_where_nothing_is_asked(budgeted: Lab) -> None:
    assert "looks" not in _operations(budgeted), "the first model is compared with nothing"
    budgeted.write("README.md", "another text\n")
    budgeted.commit("readme")
    assert _ci(budgeted)["outcome"] == "unchanged"
    assert "looks" not in _operations(budgeted)


def test_looks_are_spent_by_branches_and_by_the_default_branch_until_none_is_left(budgeted: Lab) -> None:
    lab = budgeted
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.8)
    lab.commit("better")
    first = _ci(lab)
    assert first["verdict"]["spent"] == {
        "look": 1, "looks": 3, "error": pytest.approx(0.05 / 3), "total": pytest.approx(0.05), "method": "even",
        "reveal": "all", "advisory": False,
    }  # fmt: skip
    assert first["verdict"]["confidence"] == pytest.approx(1 - 0.05 / 3)
    assert _ci(lab)["verdict"]["spent"]["look"] == 1, "the same comparison is the same look"
    assert _operations(lab).count("looks") == 1
    lab.git("switch", "--quiet", "main")
    lab.git("merge", "--quiet", "--ff-only", "idea")
    merged = _ci(lab)
    assert (merged["outcome"], merged["verdict"]["spent"]["look"]) == ("promoted", 1)
    for look, skill in ((2, 0.81), (3, 0.82)):
        lab.skill(skill)
        lab.commit("another")
        assert _ci(lab)["verdict"]["spent"]["look"] == look
    lab.skill(0.99)
    lab.commit("much better, too late")
    late = _ci(lab)
    assert (late["outcome"], late["version"]) == ("inconclusive", 5)
    assert "all 3 looks are spent; bring new rows" in late["verdict"]["summary"]
    assert _operations(lab).count("looks") == 3
    lab.write_rows(500)
    lab.commit("new rows")
    fresh = _ci(lab)  # the champion is rescored on them
    assert (fresh["outcome"], fresh["verdict"]["spent"]["look"]) == ("promoted", 1)


def test_a_job_that_only_reads_is_advisory_and_leaves_nothing(budgeted: Lab) -> None:
    budgeted.git("switch", "--quiet", "--create", "idea")
    budgeted.skill(0.8)
    budgeted.commit("better")
    before = tree_bytes(budgeted.workspace)
    for _ in range(2):
        spent = _ci(budgeted, "--read-only")["verdict"]["spent"]
        assert (spent["look"], spent["advisory"]) == (1, True)
    assert tree_bytes(budgeted.workspace) == before
    _ci(budgeted)
    assert _ci(budgeted, "--read-only")["verdict"]["spent"]["advisory"] is False, "this one is on record"


def test_another_evaluation_of_the_same_model_is_another_look(budgeted: Lab) -> None:
    budgeted.git("switch", "--quiet", "--create", "idea")
    budgeted.skill(0.8)
    budgeted.commit("better")
    looks = [_ci(budgeted)["verdict"]["spent"]["look"]]
    budgeted.edit("evaluate.py", "luck < float(skill)", "luck < float(skill) + 0.01")
    budgeted.commit("kinder")
    looks.append(_ci(budgeted)["verdict"]["spent"]["look"])
    assert looks == [1, 2]


def test_only_gains_are_told_anywhere(lab: Lab) -> None:
    _budget(lab, "{looks: 3, reveal: gains}")
    _ci(lab)
    lab.git("switch", "--quiet", "--create", "idea")
    for skill in (0.4, 0.61):
        lab.skill(skill, seed=1)
        lab.commit("no better")
        result = _ci(lab)
        assert result["outcome"] == "inconclusive"
        assert [rule["candidate"] for rule in result["verdict"]["rules"]] == [None, 10.0]
        assert result["verdict"]["disagreement"] is None
    lab.git("switch", "--quiet", "main")
    lab.skill(0.8)
    lab.commit("better")
    result = _ci(lab)
    assert (result["outcome"], result["verdict"]["rules"][0]["change"]) == ("promoted", 0.1)
    assert result["verdict"]["spent"]["look"] == 3
    operations = _operations(lab)
    assert [operations.count(op) for op in ("looks", "revealed")] == [3, 3]
    assert operations.index("revealed") == operations.index("looks") + 1
    for key, data in tree_bytes(lab.workspace).items():
        if key.endswith(".json") or "/log/" in key:
            assert b'"accuracy":0' not in data.replace(b" ", b""), key
    assert [version["metrics"] for version in lab.run("models", "list", "--json").json] == [{"size": 10.0}] * 2
    markdown = lab.run("report", result["run"], "--format", "markdown").out
    assert "| +0.1000 (or more: the budget reveals gains in steps) |" in markdown
    assert "newly right" not in markdown and "Chart" not in markdown


def test_functions_tell_no_more_than_gains_either(lab: Lab) -> None:
    with_metrics(lab, "accuracy > baseline", "gain > baseline")
    _budget(lab, "{looks: 3, reveal: gains}")
    result = _ci(lab)
    assert result["outcome"] == "promoted"
    [version] = lab.run("models", "list", "--json").json
    assert version["metrics"] == {"size": 10.0}
    assert lab.run("runs", "show", result["run"], "--json").json["metrics"] == {"size": 10.0}


def test_another_code_of_a_function_is_another_look(lab: Lab) -> None:
    with_metrics(lab, "gain > baseline", "accuracy >= 0.1")
    _budget(lab, "5")
    _ci(lab)
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.3)
    lab.commit("worse")
    before = _ci(lab)["verdict"]["spent"]["look"]
    lab.write("metrics.py", METRICS.replace("3.0", "-3.0"))
    lab.commit("a metric by which worse is better")
    assert _ci(lab)["verdict"]["spent"]["look"] == before + 1


def test_a_win_rate_is_one_against_the_champion_and_another_champion_is_another_look(lab: Lab) -> None:
    lab.edit("mlops.yaml", "    - accuracy > baseline\n", "    - win_rate(prediction) >= 0.1\n")
    _budget(lab, "5")
    _ci(lab)
    assert "looks" not in _operations(lab), "there is nothing to win against yet"
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.7)
    lab.commit("an idea")
    assert [_ci(lab)["verdict"]["spent"]["look"] for _ in range(2)] == [1, 1]
    lab.git("switch", "--quiet", "main")
    lab.skill(0.9)
    lab.commit("another champion")
    promoted = _ci(lab)
    assert (promoted["outcome"], promoted["verdict"]["spent"]["look"]) == ("promoted", 2)
    lab.git("switch", "--quiet", "idea")
    assert _ci(lab)["verdict"]["spent"]["look"] == 3


def test_a_level_cannot_be_moved_until_a_set_that_tells_gains_has_told_all(lab: Lab) -> None:
    _budget(lab, "{looks: 9, reveal: gains}")
    _ci(lab)
    lab.skill(0.61, seed=1)
    lab.commit("hardly better")
    assert _ci(lab)["verdict"]["spent"]["look"] == 1
    lab.edit("mlops.yaml", "gate:\n", "gate:\n  confidence: 0.6\n")
    lab.commit("another level")
    assert _ci(lab)["verdict"]["spent"]["look"] == 2


def test_what_tells_more_than_gains_is_refused(lab: Lab) -> None:
    _budget(lab, "{looks: 3, reveal: gains}")
    _ci(lab)
    lab.skill(0.9)
    lab.commit("better")
    assert _ci(lab)["outcome"] == "promoted"
    backtest = lab.run("gate", "backtest", "--last", "5")
    assert backtest.code == 2 and "the budget reveals only gains" in backtest.err
    explained = lab.run("gate", "explain", "v2", "--json")
    assert explained.code == 0, explained.err
    assert explained.json["changed"] is None
    assert "only gains are revealed, so that nothing is told of the rows" in explained.json["notes"]


def test_a_set_that_was_asked_often_is_noted_where_nobody_counts(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.edit("mlops.yaml", "size <= 100", "size <= 200")
    for number in range(11):
        lab.edit("mlops.yaml", f"size <= {200 + number}", f"size <= {201 + number}")
        lab.commit("other rules")
        lab.skill(0.8 if number == 10 else 0.61, seed=1)
        lab.commit("again")
        result = _ci(lab)
    assert "looks" not in _operations(lab)
    note = "this evaluation set was asked 11 times before; each look is one more chance to pass by luck"
    assert note in " ".join(result["verdict"]["notes"])
