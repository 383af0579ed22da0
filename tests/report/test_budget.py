from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.report.budget import budget_line
from mlops_ci.report.wording import level_text, next_steps
from tests.report.reports import LOOK, REPORTS


@pytest.mark.parametrize(
    ("look", "looks", "left"),
    [(7, 50, "; 43 left; "), (44, 50, "; 6 left; "), (46, 50, "; only 4 left: new rows will be needed; "),
     (50, 50, "; it was the last one: bring new rows; "), (1, 2, "; only 1 left"), (7, None, "0.05); the error")],
)  # fmt: skip
def test_what_is_left_of_a_budget_is_said(look: int, looks: int | None, left: str) -> None:
    assert left in budget_line(replace(LOOK, look=look, looks=looks))


def test_a_look_is_counted_and_priced() -> None:
    assert budget_line(LOOK).startswith("look 7 of 50 at this evaluation set (error 0.001 of 0.05); ")
    assert budget_line(replace(LOOK, look=51)) == "all 50 looks at this evaluation set are spent"


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.05, "95 %"), (0.1, "90 %"), (0.001, "99.9 %"), (0.5, "50 %"), (0.005, "99.5 %"), (2.1e-7, "99.999979 %"),
     (1e-12, "99.9999999999 %"), (0.00123, "99.88 %"), (0.0, "100 %")],
)  # fmt: skip
def test_a_level_close_to_one_is_not_called_certain(error: float, text: str) -> None:
    assert level_text(1 - error) == text


def test_what_to_do_without_numbers_and_on_a_worn_out_set() -> None:
    what = "make a change that is large enough to see; until then v12 stays the champion; "
    assert (next_steps(REPORTS["no-gain"]) or "").startswith(what)
    assert "bring new rows" in (next_steps(REPORTS["worn-out"]) or "")
