"""The difference of two proportions measured on the same rows."""

import math

from scipy.special import bdtrc

from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.estimate import Estimate


def paired_proportions(only_candidate: int, only_baseline: int, n: int, confidence: float) -> Estimate:
    """p(candidate) - p(baseline) from the rows where just one of the two succeeds.

    The bounds are those of Tango's score interval (1998, Statistics in Medicine 17:891-908, section 3), which
    stays close to its nominal coverage where Wald's does not and has a width even when the two never
    disagree.

    For few disagreements it can claim a sign that the exact sign test (one-sided McNemar: the rows in favour
    are Binomial(disagreements, 1/2) if nothing differs) does not. The gate must not promote on such a claim,
    so a bound that the exact test does not support is replaced by Tango's bound for the nearest weaker
    outcome: rows in favour are turned into agreements until the interval takes in zero. That keeps a bound
        monotone: one more
    row in favour never lowers it. (The conditional Clopper-Pearson interval, the other natural fallback, does
    not; at n = 20 the bound would fall from -0.031 to -0.040 when the rows in favour rise from 2 to 3.)

    The standard error is Wald's with one half added to each cell (Agresti & Min 2005, Statistics in Medicine
    24:729-740), so that it is not zero when the two never disagree.

    Args:
        only_candidate: Rows where the candidate succeeds and the baseline fails.
        only_baseline: Rows the other way round.
        n: All rows. With none, everything is NaN.
        confidence: Of each bound, in [0.5, 1).

    Raises:
        ValueError: A count is negative, the two exceed n, or `confidence` is out of range.
    """
    if only_candidate < 0 or only_baseline < 0 or only_candidate + only_baseline > n:
        raise ValueError(f"counts must not be negative nor exceed n; got {only_candidate} + {only_baseline} of {n}")
    alpha, z = error_rate(confidence), normal_quantile(confidence)
    method = "paired proportions, Tango score"
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, method)
    smoothed_n = n + 2
    disagreements, net = only_candidate + only_baseline + 1, only_candidate - only_baseline
    return Estimate(
        value=(only_candidate - only_baseline) / n,
        lower=-_upper_bound(only_baseline, only_candidate, n, z, alpha),
        upper=_upper_bound(only_candidate, only_baseline, n, z, alpha),
        standard_error=math.sqrt(disagreements - net**2 / smoothed_n) / smoothed_n,
        method=method,
        source="Tango 1998",
    )


def _upper_bound(gains: int, losses: int, n: int, z: float, alpha: float) -> float:
    """Upper bound of (gains - losses) / n, negative only if the exact sign test finds too many losses."""
    bound = _tango_upper(gains, losses, n, z)
    if _sign_test(losses, gains + losses) <= alpha:
        return bound
    while bound < 0.0:
        losses -= 1
        bound = _tango_upper(gains, losses, n, z)
    return bound


def _sign_test(in_favour: int, disagreements: int) -> float:
    """P(Binomial(disagreements, 1/2) >= in_favour)."""
    return 1.0 if in_favour == 0 else float(bdtrc(in_favour - 1, disagreements, 0.5))


def _tango_upper(gains: int, losses: int, n: int, z: float) -> float:
    """The difference at which the score statistic, which only decreases, falls to -z: by bisection."""
    low, high = (gains - losses) / n, 1.0
    while low < (middle := (low + high) / 2) < high:
        if gains - losses - n * middle > -z * _restricted_deviation(gains, losses, n, middle):
            low = middle
        else:
            high = middle
    return high


def _restricted_deviation(gains: int, losses: int, n: int, difference: float) -> float:
    """Standard deviation of gains - losses if the true difference is `difference` (Tango 1998, section 2).

    The chance of a loss is estimated by maximum likelihood under that difference, a root of a q² + b q + c.
    """
    a = 2.0 * n
    b = (2.0 * n - gains + losses) * difference - gains - losses
    c = -losses * difference * (1.0 - difference)
    root = math.sqrt(max(b * b - 4.0 * a * c, 0.0))
    # Of the two equal forms of the root, the one that does not subtract nearly equal numbers.
    loss = -2.0 * c / (b + root) if b > 0.0 else (root - b) / (2.0 * a)
    loss = max(loss, 0.0, -difference)
    return math.sqrt(max(n * (2.0 * loss + difference * (1.0 - difference)), 0.0))
