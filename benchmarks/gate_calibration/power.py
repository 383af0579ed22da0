"""How often a real gain is seen, beside the best known test of the same question on the same samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import norm, ttest_1samp

from gate_calibration.populations import Array, Pair, binary, regression, rows
from gate_calibration.simulate import CONFIDENCE, metric
from mlops_ci.gate.estimating.estimates import estimate_change
from mlops_ci.metrics import Predictions

_ALPHA = 1.0 - CONFIDENCE


def _mcnemar(ours: Predictions, theirs: Predictions) -> bool:
    """McNemar's score test without correction: the most powerful in use, and itself a little too bold."""
    gains = int(((ours.prediction == ours.target) & (theirs.prediction != ours.target)).sum())
    losses = int(((ours.prediction != ours.target) & (theirs.prediction == ours.target)).sum())
    return gains + losses > 0 and (gains - losses) / math.sqrt(gains + losses) > norm.ppf(CONFIDENCE)


def _delong(ours: Predictions, theirs: Predictions) -> bool:
    """DeLong's test with the normal quantile."""
    target = ours.target
    parts = []
    for side in (ours, theirs):
        assert side.score is not None
        positives, negatives = side.score[target], side.score[~target]
        below = np.searchsorted(np.sort(negatives), positives) / len(negatives)
        above = 1.0 - np.searchsorted(np.sort(positives), negatives) / len(positives)
        parts.append((below, above))
    first, second = parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]
    error = math.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    return error > 0 and float(first.mean()) / error > norm.ppf(CONFIDENCE)


def _t_test(values: Array) -> bool:
    return bool(ttest_1samp(values, 0.0, alternative="greater").pvalue < _ALPHA)


def _t_of_squares(ours: Predictions, theirs: Predictions) -> bool:
    """Student's t of the differences of squared errors, which asks the same as RMSE does."""
    assert ours.prediction is not None
    assert theirs.prediction is not None
    return _t_test((theirs.prediction - ours.target) ** 2 - (ours.prediction - ours.target) ** 2)


def _t_of_column(ours: Predictions, theirs: Predictions) -> bool:
    return _t_test(ours.columns["x"] - theirs.columns["x"])


def _normal(random: np.random.Generator, n: int) -> Array:
    return random.standard_normal(n)


Comparison = tuple[str, str, Callable[[int], Callable[[np.random.Generator, int], Pair]], Any]
# The gain shrinks with the root of the rows, so that the power is far from 0 and from 1 everywhere.
COMPARISONS: dict[str, Comparison] = {
    "accuracy": ("McNemar", "accuracy", lambda n: binary(0.5, (1.3 + 6.5 / math.sqrt(n), 1.3)), _mcnemar),
    "roc_auc": ("DeLong, normal", "roc_auc", lambda n: binary(0.5, (1.3 + 4.0 / math.sqrt(n), 1.3)), _delong),
    "rmse": ("t of squares", "rmse", lambda n: regression((1.0, 1.0 + 1.5 / math.sqrt(n)), _normal), _t_of_squares),
    "mean(x)": ("paired t", "mean(x)", lambda n: rows(1.3 / math.sqrt(n), 0.5), _t_of_column),
}  # fmt: skip


def compare_power(name: str, n: int, samples: int) -> list[dict[str, Any]]:
    """How often each of the two sees the gain."""
    peer, called, population, test = COMPARISONS[name]
    draw, found, seen, seen_by_peer = population(n), metric(called), 0, 0
    for sample in range(samples):
        ours, theirs = draw(np.random.default_rng([n, sample]), n)
        estimate = estimate_change(found, ours, theirs, 1.0, CONFIDENCE)
        seen += estimate.lower > 0.0 if found.higher_is_better is not False else estimate.upper < 0.0
        seen_by_peer += test(ours, theirs)
    shares = {"ours": seen / samples, "theirs": seen_by_peer / samples}
    return [{"population": name, "metric": "power", "rows": n, "samples": samples, "seed": n, "peer": peer, **shares}]
