"""A report says in a line what the model goes by, and in Markdown also how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.records.model_explanation import Importance, ModelExplanation
from mlops_ci.report.markdown import render_markdown
from mlops_ci.report.model_explanation import explanation_line
from mlops_ci.report.terminal import render_terminal
from tests.report.cards import EXPLANATION
from tests.report.reports import REPORTS

REPORT = replace(next(iter(REPORTS.values())), explanation=EXPLANATION)


def test_the_terminal_has_a_line() -> None:
    text = " ".join(render_terminal(REPORT, width=100, colour=False).split())
    assert "goes by: hour 0.1231, carrier 0.0400 (roc_auc lost when shuffled; 1 more column)" in text


def test_markdown_has_a_folded_table() -> None:
    text = render_markdown(REPORT)
    assert "<summary>What it goes by: hour 0.1231" in text
    assert "| hour | 0.1231 | 0.0021 |" in text
    assert "F-7" not in text  # rows of the data are not for a comment


def test_names_of_columns_are_no_markup() -> None:
    named = replace(EXPLANATION, importances=(Importance("a|b <b>\n@you", 0.1, 0.0),))
    text = render_markdown(replace(REPORT, explanation=named))
    assert "| a\\|b \\<b\\> @&#8203;you | 0.1000 |" in text
    assert "&lt;b&gt;" in text.split("<summary>What it goes by")[1].split("</summary>")[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ModelExplanation("f1", 0, 5, 0, (), reason="the model fails"), "not explained: the model fails"),
        (
            replace(EXPLANATION, importances=(Importance("a", -0.1, 0.0), Importance("b", 0.0, 0.0))),
            "no column matters to roc_auc: shuffling none of them makes it worse",
        ),
        (replace(EXPLANATION, importances=(Importance("a", 0.5, 0.0),)), "a 0.5000 (roc_auc lost when shuffled)"),
    ],
)
def test_what_is_not_known_is_said(found: ModelExplanation, said: str) -> None:
    assert explanation_line(found) == said
