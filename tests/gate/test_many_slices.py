"""Ten thousand slices: all of them decide that may, in one pass, and a report stays a report."""

from __future__ import annotations

import numpy as np
import pytest

from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.slices import slices_of
from mlops_ci.project.rules import parse_rule
from mlops_ci.report.markdown import render_markdown
from mlops_ci.report.terminal import render_verdict
from tests.gate.parts import SET, answers, evidence, gate, right_in, sliced, verdict_on
from tests.report.reports import report

SLICES, EACH = 10_000, 20


def test_the_rows_of_slices_are_found_in_their_order() -> None:
    found = {name: rows.tolist() for name, rows in slices_of(np.array(["b", "a", "b", "c", "a"]))}
    assert found == {"a": [1, 4], "b": [0, 2], "c": [3]}


def test_ten_thousand_slices_are_judged_and_the_report_stays_short() -> None:
    names = np.array([f"slice {number:05}" for number in range(SLICES)])
    values = np.append(np.repeat(names, EACH), "small")
    rule = parse_rule("accuracy >= 0.2", per="part", min_rows=10)
    right = answers(np.append(np.arange(SLICES * EACH) >= 3 * EACH, False))  # three slices are all wrong
    verdict = verdict_on(gate(rule), Evidence(right, SET, {"part": values}))
    assert len(verdict.rules) == SLICES + 1
    assert [result.outcome for result in verdict.rules[:3]] == ["inconclusive"] * 3  # among so many, by chance
    assert not verdict.rules[-1].decides and verdict.rules[-1].slice == ("part", "small")
    assert verdict.outcome == "inconclusive" and len(verdict.summary) < 500
    shown = render_markdown(report("inconclusive", verdict.summary, verdict))
    assert len(shown) < 20_000 and "slice 00002" in shown and "9,9" in shown
    assert len(render_verdict(verdict, width=120, colour=False)) < 5_000


@pytest.mark.parametrize("rule", ["accuracy >= baseline - 0.05", "accuracy >= 0.1"])
def test_slices_that_are_not_the_champions_cannot_be_judged(rule: str) -> None:
    """Who names each wrong row a slice of its own would have only slices that are right, or too small."""
    right = np.arange(400) % 4 != 0
    names = ["all" if fine else f"slice {row}" for row, fine in enumerate(right)]
    mine, theirs = (sliced(answers(right), "carrier", each) for each in (names, ["all"] * 400))
    verdict = verdict_on(gate(parse_rule(rule, per="carrier")), mine, theirs)
    assert [(result.outcome, result.reason) for result in verdict.rules] == [
        ("incomparable", "the rows have other values of 'carrier' than those of champion v12")
    ]
    assert verdict.outcome == "inconclusive"


def test_a_champion_without_the_column_leaves_slices_to_the_candidate() -> None:
    mine = sliced(answers(np.ones(400, dtype=bool)), "carrier", ["a"] * 400)
    verdict = verdict_on(gate(parse_rule("accuracy >= 0.9", per="carrier")), mine, evidence(right_in(390, 400)))
    assert verdict.outcome == "pass"
