from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import METRICS, Predictions, metric_of, value, why_not
from tests.metrics.rows import close, counts, found, plain


@given(plain())
def test_the_mean_of_a_column_is_numpys(rows: Predictions) -> None:
    assert close(found("mean(x)", rows), float(np.average(rows.columns["x"], weights=counts(rows))))


@given(plain(), st.sampled_from([0.05, 0.25, 0.5, 0.9, 0.95]))
def test_quantiles_are_numpys_of_rows_that_are_repeated(rows: Predictions, quantile: float) -> None:
    times = np.maximum(counts(rows).astype(int), 0)
    times[0] += 1
    repeated = np.repeat(rows.columns["x"], times)
    weighted = replace(rows, weight=times.astype(float))
    theirs = np.quantile(repeated, quantile, method="averaged_inverted_cdf")
    assert close(found(f"quantile(x, {quantile})", weighted), float(theirs))
    assert close(found("median(x)", weighted), float(np.median(repeated)))


def test_a_column_can_be_judged_whatever_the_task() -> None:
    latency = np.array([3.0, 1.0, 4.0, 1.0])
    binary = Predictions("binary", np.array([True, False] * 2), np.ones(4, dtype=bool), None, ("n", "y"))
    assert close(found("mean(latency)", replace(binary, columns={"latency": latency})), latency.mean())


def paired(ours: list[float], theirs: list[float], weight: list[float] | None = None) -> list[Predictions]:
    return [
        Predictions(
            "rows",
            np.zeros(len(side)),
            None,
            None,
            (),
            weight=None if weight is None else np.array(weight),
            columns={"x": np.array(side)},
        )
        for side in (ours, theirs)
    ]


def test_a_win_rate_counts_ties_half() -> None:
    assert found("win_rate(x)", *paired([1, 2, 3, 4], [0, 2, 5, 3])) == 2.5 / 4
    assert found("win_rate(x)", *paired([1, 2, 3, 4], [0, 2, 5, 3], [1, 1, 0, 2])) == 3.5 / 4
    assert math.isnan(found("win_rate(x)", *paired([1, np.nan], [0, 2])))


def test_a_win_rate_has_no_value_for_one_model() -> None:
    with pytest.raises(ValueError, match="win rate by x compares two models"):
        found("win_rate(x)", paired([1], [2])[0])


@pytest.mark.parametrize("call", ["mean(x)", "median(x)", "quantile(x, 0.9)"])
def test_a_nan_in_the_column_gives_nan(call: str) -> None:
    assert math.isnan(found(call, paired([1, np.nan, 2], [0, 0, 0])[0]))


def test_the_middle_of_infinities_is_no_warning() -> None:
    assert math.isnan(found("median(x)", paired([np.inf, -np.inf], [0, 0])[0]))
    assert found("median(x)", paired([np.inf, np.inf], [0, 0])[0]) == np.inf


def test_a_column_that_is_not_there_is_named() -> None:
    metric = metric_of("mean", ("latency",))
    assert metric is not None
    (rows, _) = paired([1], [2])
    assert why_not(metric, rows) == "there is no column 'latency'"
    with pytest.raises(ValueError, match="no column 'latency'"):
        value(metric, rows)
    assert "mean" not in METRICS
