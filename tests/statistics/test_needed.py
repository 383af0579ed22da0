import math

import numpy as np
import pytest
from scipy.special import ndtr

from mlops_ci.statistics import rows_needed
from mlops_ci.statistics.proportion import clopper_pearson


def test_a_worked_example() -> None:
    # (1.6449 + 0.8416)² = 6.1826; a deviation of 1 a row and a margin of 0.1 take 618.26 rows.
    assert rows_needed(0.1, 100, 0.1, 0.95) == 619


def test_the_power_at_that_many_rows_is_what_was_asked() -> None:
    rows = rows_needed(0.02, 400, 0.011, 0.95, power=0.9)
    assert rows is not None
    error = 0.02 * math.sqrt(400 / rows)
    assert ndtr(0.011 / error - 1.6448536) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("error", "margin"),
    [(0.1, 0.0), (0.1, -1.0), (0.1, np.nan), (0.0, 0.1), (np.nan, 0.1), (np.inf, 0.1), (1.0, 1e-300)],
)
def test_what_cannot_be_told_is_none(error: float, margin: float) -> None:
    assert rows_needed(error, 100, margin, 0.95) is None


@pytest.mark.parametrize(("confidence", "power"), [(1.0, 0.8), (0.95, 1.0), (0.95, 0.3)])
def test_levels_out_of_range_are_refused(confidence: float, power: float) -> None:
    with pytest.raises(ValueError, match="confidence must be"):
        rows_needed(0.1, 100, 0.1, confidence, power)


def test_bounds_that_reach_further_need_more_rows() -> None:
    assert rows_needed(0.1, 100, 0.1, 0.95, reach=0.1) == rows_needed(0.1, 100, 0.1, 0.95, reach=math.nan) == 619
    assert rows_needed(0.1, 100, 0.1, 0.95, reach=0.5) == math.ceil(100 * (5 + 0.841621) ** 2)


def test_where_no_row_was_wrong_three_rows_of_so_many_are_what_is_needed() -> None:
    found = clopper_pearson(0, 30, 0.95)
    needed = rows_needed(found.standard_error, 30, 0.001, 0.95, reach=found.upper, counts=True)
    assert needed is not None
    assert 2500 < needed < 4000
    assert clopper_pearson(0, needed, 0.95).upper < 0.0012
    assert rows_needed(0.04, 30, 0.1, 0.5, reach=0.0, counts=True) == 30
