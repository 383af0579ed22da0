"""Small losses that add up over several champions are noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.lifecycle.erosion import erosion
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.verdict import RuleResult, Side, Verdict
from mlops_ci.registry.promote import promote_judged
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from tests.registry.making import judged, open_log, registration, sha, verdict, with_predictions
from tests.support.lab import Lab
from tests.workspace.memory import MemoryStore

RULE = "roc_auc >= baseline - 0.005"


def _champions(folder: Path, values: Sequence[float | None], name: str = "roc_auc") -> ModelState:
    log, commits = open_log(MemoryStore()), [sha(number) for number in range(20)]
    for number, value in enumerate(values, 1):
        made = registration(
            folder, sha(number), f"f{number}", metrics={name: value}, **with_predictions(folder, b"%d" % number)
        )
        register(log, made)
        promote_judged(log, judged(log, number), is_ancestor=lambda a, b: commits.index(a) <= commits.index(b))
    return log.read()


def _passing(value: float | None, rule: str = RULE, *, evaluation_set: str = "set") -> Verdict:
    metric = parse_rule(rule).metric
    result = RuleResult(rule, metric, "label", "pass", "", "higher", candidate=value)
    return replace(
        verdict("new"), candidate=Side("new"), rules=(result,), outcomes=("pass",), evaluation_set=evaluation_set
    )


def _gate(*rules: str) -> GateChoice:
    return GateChoice("champion", 0.95, "block", tuple(map(parse_rule, rules)))


def _noted(folder: Path, values: Sequence[float | None], value: float, *rules: str) -> tuple[str, ...]:
    gate = _gate(*(rules or (RULE,)))
    return erosion(_champions(folder, values, gate.flat()[0].metric), gate, _passing(value, gate.flat()[0].text))


def test_losses_that_add_up_are_noted_with_the_rule_that_would_have_told(tmp_path: Path) -> None:
    assert _noted(tmp_path, [0.92, 0.93, 0.927, 0.924], 0.921) == (
        "small losses add up: roc_auc has lost 0.009 since v2 (0.93 to 0.921) by way of v3, v4, each step within"
        " `roc_auc >= baseline - 0.005`; `roc_auc >= @v2 - 0.005` does not let them",
    )


def test_lower_is_better_for_a_rule_that_says_so(tmp_path: Path) -> None:
    [note] = _noted(tmp_path, [0.5, 0.508, 0.516], 0.524, "log_loss <= baseline * 1.02")
    assert "lost 0.024 since v1" in note and "`log_loss <= @v1 * 1.02`" in note


@pytest.mark.parametrize(
    ("values", "value", "rules"),
    [
        ([0.93, 0.927], 0.926, ()),  # within the margin, all in all
        ([0.93], 0.92, ()),  # one step, which its own rule decides
        ([0.93, 0.90], 0.897, ()),  # one large step, by somebody's decision, is no slow erosion
        ([0.93, 0.927, 0.924], 0.935, ()),  # a gain
        ([None, 0.93], 0.927, ()),
        ([0.93, 0.927, 0.924], 0.921, (RULE, "roc_auc >= @anchor - 0.01")),
        ([0.93, 0.927, 0.924], 0.921, ("roc_auc >= 0.9",)),
    ],
)
def test_what_does_not_add_up_is_not_noted(
    tmp_path: Path, values: list[float | None], value: float, rules: tuple[str, ...]
) -> None:
    assert _noted(tmp_path, values, value, *rules) == ()


def test_champions_on_another_set_say_nothing(tmp_path: Path) -> None:
    state = _champions(tmp_path, [0.93, 0.927, 0.924])
    assert erosion(state, _gate(RULE), _passing(0.921))
    assert erosion(state, _gate(RULE), _passing(0.921, evaluation_set="another")) == ()
    assert erosion(state, _gate(RULE), replace(_passing(0.921), outcome="fail")) == ()


def test_an_anchor_stays_put_while_the_champion_moves(lab: Lab) -> None:
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= baseline - 0.2")
    lab.skill(0.8)
    lab.commit("generous")
    lab.run("ci", "--host", "local")
    assert lab.run("promote", "coin@v1", "--alias", "anchor").code == 0
    lab.edit("mlops.yaml", "    - size", "    - accuracy >= @anchor - 0.2\n    - size")
    outcomes = []
    for skill in (0.7, 0.55):
        lab.skill(skill)
        lab.commit("a little worse")
        result = lab.run("ci", "--json", "--host", "local").json
        outcomes.append((result["outcome"], [rule["outcome"] for rule in result["verdict"]["rules"]]))
    assert outcomes == [("promoted", ["pass"] * 3), ("refused", ["pass", "fail", "pass"])]
