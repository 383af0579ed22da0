"""How much data a decision would take."""

import math

from mlops_ci.statistics.confidence import normal_quantile


def rows_needed(standard_error: float, n: int, margin: float, confidence: float, power: float = 0.8) -> int | None:
    """Rows at which a one-sided test would probably clear a bound, if the truth is what was measured.

    The usual normal sample size, n (z_confidence + z_power)² (standard error / margin)², the standard error
    shrinking with the root of the rows (Chow, Shao & Wang, Sample Size Calculations in Clinical Research,
    chapter 3).

    Args:
        standard_error: As measured on `n` rows.
        n: Those rows.
        margin: How far the truth lies on the passing side of the bound, in units of the standard error's
            value.
        confidence: Of the test, in [0.5, 1).
        power: Chance that the test passes, in [0.5, 1).

    Returns:
        A number of rows, which may be below `n`; None if no number will do (`margin` is not positive) or it
        cannot be told (the standard error is zero or not finite).

    Raises:
        ValueError: `confidence` or `power` is out of range.
    """
    quantiles = normal_quantile(confidence) + normal_quantile(power)
    if not margin > 0.0 or not 0.0 < standard_error < math.inf:
        return None
    rows = n * (quantiles * (standard_error / margin)) * (quantiles * (standard_error / margin))
    return math.ceil(rows) if math.isfinite(rows) else None
