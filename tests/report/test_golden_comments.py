"""Whole comments as reviewers meet them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.records.report import History, Point, Report
from mlops_ci.report.comment import render_comment
from mlops_ci.report.markdown import markdown_parts, mermaid_charts
from mlops_ci.report.section import Section, merge
from tests.conftest import Golden
from tests.report.reports import REPORTS

URL = "https://github.com/acme/ml/actions/runs/8123"
VALUES = (0.8026, 0.8121, 0.8085, 0.8201, 0.8205, 0.8176, 0.8231, 0.8222, 0.8260, 0.8244, 0.8301, 0.8312)
CHAMPIONS = {1, 2, 4, 7, 9, 11, 12}
VERSIONS = tuple(Point(f"v{number}", value, number in CHAMPIONS) for number, value in enumerate(VALUES, 1))


def with_candidate(value: float) -> History:
    return History("accuracy", (*VERSIONS, Point("this", value)))


def section(report: Report, *, run: int = 8123, merged: bool = False) -> Section:
    parts = markdown_parts(report, mermaid_charts(report), merged=merged)
    return Section(report.model, report.outcome, report.commit.sha, run, 1, parts)


IMPROVES = replace(REPORTS["ready"], history=with_candidate(0.8359), url=URL, merge="c0ffee1" + "0" * 33)
REGRESSES = replace(REPORTS["refused"], history=with_candidate(0.8201), url=URL)
ON_HOLD = replace(REPORTS["inconclusive"], history=with_candidate(0.8359), url=URL)
UNTOUCHED = replace(REPORTS["unchanged"], url=URL)
MERGED = replace(
    REPORTS["promoted"], url=URL.replace("8123", "9000"), stages=("registered v13", "promoted"),
    history=History("accuracy", (*VERSIONS, Point("v13", 0.8359, champion=True))),
)  # fmt: skip
COMMENTS = {
    "improves": [section(IMPROVES)],
    "regresses": [section(REGRESSES)],
    "on-hold": [section(ON_HOLD)],
    "readme-only": [section(UNTOUCHED)],
    "two-models": [section(replace(IMPROVES, model="arrival-time")), section(replace(REGRESSES, model="flight-delay"))],
    "after-the-merge": [section(MERGED, run=9000, merged=True)],
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment(name: str, golden: Golden) -> None:
    golden(f"comment.{name}.md", render_comment("acme/ml", merge(COMMENTS[name]), 60_000))
