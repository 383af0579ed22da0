"""One proportion."""

import math

from scipy.special import betaincinv

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import Estimate


def clopper_pearson(successes: int, n: int, confidence: float) -> Estimate:
    """A proportion with exact one-sided binomial bounds.

    Clopper & Pearson 1934 (Biometrika 26), in the beta form of Brown, Cai & DasGupta 2001 (Statistical
    Science 16, section 4.2.1). The standard error is Wald's with two successes and two failures added
    (Agresti & Coull 1998), so that it is not zero when all rows agree.

    Args:
        successes: Rows that count, 0 to n.
        n: All rows. With none, everything is NaN.
        confidence: Of each bound, in [0.5, 1).

    Raises:
        ValueError: `successes` is not between 0 and n, or `confidence` is out of range.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be between 0 and n; got {successes} of {n}")
    alpha = error_rate(confidence)
    method = "Clopper\u2013Pearson"
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, method)
    smoothed = (successes + 2) / (n + 4)
    return Estimate(
        value=successes / n,
        lower=beta_bound(successes, n, alpha),
        upper=1.0 - beta_bound(n - successes, n, alpha),
        standard_error=math.sqrt(smoothed * (1.0 - smoothed) / (n + 4)),
        method=method,
    )


def beta_bound(successes: float, n: float, alpha: float) -> float:
    """The Clopper-Pearson lower bound at error rate `alpha`, for counts that need not be whole."""
    if successes <= 0:
        return 0.0
    return float(betaincinv(successes, n - successes + 1, alpha))
