from __future__ import annotations

import pytest

from mlops_ci.records.report import Report
from mlops_ci.report.markdown import render_markdown
from mlops_ci.report.terminal import render_terminal, render_verdict
from tests.conftest import Golden
from tests.report.reports import ON_HOLD, PASSED, REFUSED, REPORTS


@pytest.mark.parametrize(("name", "report"), REPORTS.items(), ids=REPORTS)
def test_markdown(name: str, report: Report, golden: Golden) -> None:
    golden(f"{name}.md", render_markdown(report))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("name", "report"), REPORTS.items(), ids=REPORTS)
def test_terminal(name: str, report: Report, width: int, golden: Golden) -> None:
    golden(f"{name}.{width}.txt", render_terminal(report, width=width, colour=False))


def test_a_verdict_alone(golden: Golden) -> None:
    texts = [render_verdict(verdict, width=100, colour=False) for verdict in (PASSED, REFUSED, ON_HOLD)]
    golden("verdicts.txt", "\n".join(texts))


def test_colours_change_no_letter() -> None:
    for report in REPORTS.values():
        coloured = render_terminal(report, width=100, colour=True)
        plain = render_terminal(report, width=100, colour=False)
        assert "\x1b[" in coloured and "\x1b" not in plain
