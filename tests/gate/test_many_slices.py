"""Ten thousand slices: all of them decide that may, in one pass, and a report stays a report."""

from __future__ import annotations

import numpy as np

from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.slices import slices_of
from mlops_ci.project.rules import parse_rule
from mlops_ci.report.markdown import render_markdown
from mlops_ci.report.terminal import render_verdict
from tests.gate.parts import SET, answers, gate, verdict_on
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
