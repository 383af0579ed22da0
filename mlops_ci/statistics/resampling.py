"""Bounds of values that can only be computed again with other weights of the rows, by resampling."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import NO_ROW_DIFFERS, Estimate
from mlops_ci.statistics.jackknife import FEWEST_GROUPS

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Evaluate = Callable[[FloatArray], FloatArray]
"""(B, n) weights of rows to (B,) values."""

LITTLE = 50_000
"""More rows than this are taken in little bootstraps."""

_RESAMPLES = 600
_NUMBERS = 2**15
"""Weights held at once: as many as stay in a processor's cache, which is up to twice as fast as all at once."""

_BAGS = 5
_EACH = 40
_POWER, _FEWEST_ROWS = 0.7, 10_000
"""A bag has that power of the rows (Kleiner et al. find 0.7 enough), and for the sake of rare classes so many."""

_STUCK = 0.1
"""Share of resamples in which a value that leaps may stay where it is."""

_FEWEST_GROUPS_IF_IT_JUMPS = 50

_PUSH = 0.25
"""Standard errors of bias beyond which there is no bound on that side."""


def bootstrap_bounds(
    evaluate: Evaluate, units: Codes, confidence: float, *, seed: int, groups: bool = False, jumps: bool = False
) -> Estimate:
    """The percentile bootstrap, of rows or of groups, lengthened for small samples and where it is biased.

    It needs no smoothness (Efron & Tibshirani 1993, chapter 13). Three things make it careful: its reach is at least
    Student's with the bootstrap's standard error; where resampling pushes the value to one side by a quarter of that,
    as it does an error that cannot be below 0, the rows did so too, and how far is not known: there is no bound on
    that side; resamples without a value count against both bounds.

    Args:
        evaluate: The value at other weights of the rows.
        units: (n,) codes of what is drawn together, without gaps.
        confidence: Of each bound, in [0.5, 1).
        seed: The same seed gives the same bounds for the same rows in the same order.
        groups: The units are groups, of which fewer than twenty are too few.
        jumps: The value leaps from one row to the next. If many resamples leave it where it is, they have not found
            the row that moves it, and there are no bounds; fifty groups are needed; and as it is the best of many
            thresholds, chosen by the same rows, which resampling does not undo, half of the error is not spent.
    """
    alpha, n = error_rate(confidence) / (2.0 if jumps else 1.0), len(units)
    size = int(units.max()) + 1 if n else 0
    method = f"bootstrap, {_RESAMPLES:,} resamples" + (f", by group, {size:,} groups" if groups else "")
    value = float(evaluate(np.ones((1, n)))[0]) if n else math.nan
    fewest = _FEWEST_GROUPS_IF_IT_JUMPS if jumps else FEWEST_GROUPS
    if groups and size < fewest and math.isfinite(value):
        return Estimate.unknown(value, method, f"only {size} groups, and {fewest} are needed")
    if size < 2 or not math.isfinite(value):
        return Estimate.unknown(value if math.isfinite(value) else math.nan, method)
    random = np.random.default_rng(seed)
    chunk = max(1, _NUMBERS // n)
    drawn = np.concatenate(
        [
            evaluate(_counts(random, min(chunk, _RESAMPLES - start), size)[:, units])
            for start in range(0, _RESAMPLES, chunk)
        ]
    )
    if value == 0.0 and not drawn.any():
        return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)
    known = drawn[np.isfinite(drawn)]
    if len(known) < 2 or not np.ptp(known) > 0.0:
        return Estimate.unknown(value, method)
    if jumps and float((known == value).mean()) > _STUCK:
        return Estimate.unknown(value, method)
    error, push = float(known.std(ddof=1)), float(known.mean()) - value
    least = -float(stdtrit(size - 1, alpha)) * error
    rising, lost = np.sort(known), len(drawn) - len(known)
    # Order statistics (B + 1) alpha, rounded outwards (Davison & Hinkley 1997, section 2.4).
    place = math.floor((len(drawn) + 1) * alpha + 1e-9) - 1 - lost
    if place < 0:
        return Estimate(value, math.nan, math.nan, error, method)
    low, high = float(rising[place]), float(rising[-1 - place])
    return Estimate(
        value=value,
        lower=min(value - least, low) if push < _PUSH * error else math.nan,
        upper=max(value + least, high) if push > -_PUSH * error else math.nan,
        standard_error=error,
        method=method,
    )


def little_bootstraps(
    prepare: Callable[[npt.NDArray[np.integer[Any]] | None], Evaluate], n: int, confidence: float, *, seed: int
) -> Estimate:
    """Bounds for many rows from a bag of little bootstraps (Kleiner, Talwalkar, Sarkar & Jordan 2014, JRSS B 76).

    Each bag is a sample of n^0.7 rows, or 10,000, without replacement, whose rows get Poisson weights that add up to
    about n: what n rows drawn from the bag would weigh. The variances of the bags are averaged. Among so many rows the
    bounds are normal.

    Args:
        prepare: Row numbers, or None for all, to the value of those rows at other weights.
        n: Rows in all.
        confidence: Of each bound, in [0.5, 1).
        seed: As `bootstrap_bounds`.
    """
    alpha = error_rate(confidence)
    method = f"bag of {_BAGS} little bootstraps"
    value = float(prepare(None)(np.ones((1, n)))[0])
    if not math.isfinite(value):
        return Estimate.unknown(math.nan, method)
    random = np.random.default_rng(seed)
    rows = min(n, max(math.ceil(n**_POWER), _FEWEST_ROWS))
    chunk = max(1, _NUMBERS // rows)
    variances = []
    for _ in range(_BAGS):
        evaluate = prepare(np.sort(random.choice(n, size=rows, replace=False, shuffle=False)))
        drawn = np.concatenate(
            [
                evaluate(random.poisson(n / rows, size=(min(chunk, _EACH - start), rows)).astype(np.float64))
                for start in range(0, _EACH, chunk)
            ]
        )
        variances.append(float(drawn.var(ddof=1)))
    error = math.sqrt(sum(variances) / _BAGS)
    if value == 0.0 and error == 0.0:
        return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)
    if not 0.0 < error < math.inf:
        return Estimate.unknown(value, method)
    reach = -float(stdtrit(_BAGS * (_EACH - 1), alpha)) * error
    return Estimate(value, value - reach, value + reach, error, method)


def _counts(random: np.random.Generator, resamples: int, size: int) -> FloatArray:
    """(resamples, size) how often each resample drew each unit."""
    drawn = random.integers(0, size, size=(resamples, size), dtype=np.int64)
    drawn += np.arange(resamples, dtype=np.int64)[:, np.newaxis] * size
    return np.bincount(drawn.ravel(), minlength=resamples * size).reshape(resamples, size).astype(np.float64)
