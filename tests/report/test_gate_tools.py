"""Backtests, plans and explanations for people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.records.backtest import Backtest, PastVersion
from mlops_ci.records.explanation import ChangedRow, ChangedRows, Explanation
from mlops_ci.records.gate_plan import GatePlan, PlanPoint, RulePlan
from mlops_ci.records.verdict import Outcome, Side
from mlops_ci.report.backtest import render_backtest, totals
from mlops_ci.report.explanation import render_explanation
from mlops_ci.report.gate_plan import plan_charts, render_plan
from mlops_ci.report.mermaid import render_mermaid
from tests.conftest import Golden
from tests.report.test_foreign_text import HOSTILE


def version(
    number: int, then: Outcome | None, now: Outcome | None, why: str = "", *, promoted: bool = False
) -> PastVersion:
    commit, created = f"{number:x}" * 20, "2026-03-04T05:06:07Z"
    return PastVersion(number, commit, created, number - 1 or None, then, promoted, now, why)


BACKTEST = Backtest(
    model="flight-delay",
    rules=("accuracy > baseline", "roc_auc >= baseline - 0.005"),
    confidence=0.95,
    versions=(
        version(1, None, "pass", promoted=True),
        version(2, "pass", "inconclusive", "ROC AUC: 900 rows cannot tell; about 12,300 would.", promoted=True),
        version(3, "fail", "pass"),
        version(4, "inconclusive", "fail", "Accuracy, better: 0.71 after 0.74."),
        version(5, "pass", None, "candidate v5 was never evaluated"),
    ),
    notes=("advisory: shown without the budget of looks, none of which is spent by this",),
)


def test_a_backtest(golden: Golden) -> None:
    text = render_backtest(BACKTEST, width=80, colour=False)
    golden("backtest.txt", text)
    assert max(map(len, text.splitlines())) <= 80
    first, second, _ = totals(BACKTEST)
    assert first == "1 of 2 promoted would have been held: v2"
    assert second == "1 of 3 held back would have passed: v3"


def test_many_versions_are_not_all_named() -> None:
    held = replace(BACKTEST, versions=tuple(version(n, "pass", "fail", "x", promoted=True) for n in range(1, 31)))
    named = ", ".join(f"v{number}" for number in range(1, 13))
    assert totals(held) == [f"30 of 30 promoted would have been held: {named} and 18 more"]


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_moves_nothing(text: str) -> None:
    row = ChangedRow(text, text, text, text, 1.0, {text: text})
    changed = ChangedRows(1, 1, (row,), (row,), (row,), "log loss", text)
    side = Side(None, name=text)
    explanation = Explanation("fail", text, True, side, side, None, 1, (), changed=changed, notes=(text,))
    plan = RulePlan(
        text, text, 0.95, slice=None, rows=5, detectable=0.1, assumes=(text,), method=text, source=text,
        curve=tuple(PlanPoint(rows, 1 / rows) for rows in (2, 5, 10)), problem=text,
    )  # fmt: skip
    plans = GatePlan(0.8, 0.05, 1, 0.05, (plan, replace(plan, slice=(text, text))), (text,))
    backtest = replace(BACKTEST, model=text, rules=(text,), versions=(version(1, "fail", "fail", text),))
    for shown in (
        render_explanation(explanation, width=80, colour=False),
        render_plan(plans, width=80, colour=False),
        render_backtest(backtest, width=80, colour=False),
    ):
        assert not {"\x1b", "\x00", "\x07", "\u202e", "\u2066", "\r"} & set(shown)
    for _, chart in plan_charts(plans):
        assert (render_mermaid(chart) or "").count("\n") == 7


def test_a_curve_with_too_little_to_see_is_not_drawn() -> None:
    plan = RulePlan("r", "r", 0.95, curve=(PlanPoint(1, None), PlanPoint(2, 0.5), PlanPoint(4, 0.2)))
    assert plan_charts(GatePlan(0.8, 0.05, 1, 0.05, (plan,))) == []
    assert "nothing" in render_plan(GatePlan(0.8, 0.05, 1, 0.05, (plan,)), width=80, colour=False)


def test_slices_that_differ_in_white_space_only_are_told_apart() -> None:
    plan = RulePlan("accuracy >= 0.5", "accuracy ≥ 0.5", 0.95, rows=5, detectable=0.1)
    names = ("AA", "AA ", " AA", "A A", "A  A", "A\tA", "")
    plans = GatePlan(0.8, 0.05, 1, 0.05, tuple(replace(plan, slice=("carrier", name)) for name in names), ())
    lines = render_plan(plans, width=100, colour=False).splitlines()
    assert len({line for line in lines if "carrier" in line}) == len(names)
    assert "carrier 'AA ' " in "\n".join(lines) and "carrier AA " in "\n".join(lines)


def test_one_row_is_one() -> None:
    changed = ChangedRows(1, 2, (), (), (), None, None)
    explanation = Explanation("fail", "so", True, Side(None), None, None, 1, (), changed=changed)
    assert "1 row newly wrong, 2 newly right" in render_explanation(explanation, width=80, colour=False)
