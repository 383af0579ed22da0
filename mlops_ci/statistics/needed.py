"""How much data a decision would take."""

import math

from mlops_ci.statistics.confidence import normal_quantile


def rows_needed(
    standard_error: float,
    n: int,
    margin: float,
    confidence: float,
    power: float = 0.8,
    *,
    reach: float = math.nan,
    counts: bool = False,
) -> int | None:
    """Rows at which a one-sided test would probably clear a bound, if the truth is what was measured.

    The usual sample size, n ((reach + z_power standard error) / margin)², both shrinking with the root of the rows
    (Chow, Shao & Wang, Sample Size Calculations in Clinical Research, chapter 3, where the reach is the normal one).

    Args:
        standard_error: As measured on `n` rows.
        n: Those rows.
        margin: How far the truth lies on the passing side of the bound, in units of the standard error's
            value.
        confidence: Of the test, in [0.5, 1).
        power: Chance that the test passes, in [0.5, 1).
        reach: How far the bound lies from the value on `n` rows, by whatever method; that of a normal
            distribution if it is not known. Bounds that hold for any number of rows reach much further.
        counts: The bound is that of a count, exact for any number of rows: what it reaches beyond the normal one
            shrinks with the rows themselves, as three rows of n do where none was seen.

    Returns:
        A number of rows, which may be below `n`; None if no number will do (`margin` is not positive) or it
        cannot be told (the standard error is zero or not finite).

    Raises:
        ValueError: `confidence` or `power` is out of range.
    """
    of_power, usual = normal_quantile(power), normal_quantile(confidence) * standard_error
    if not margin > 0.0 or not 0.0 < standard_error < math.inf:
        return None
    reach = max(usual, reach) if math.isfinite(reach) else usual
    if not counts:
        shrunk = margin / (reach + of_power * standard_error)
    else:
        # Standard errors of counts have about two rows squared in them, lest they be zero.
        of_rows = math.sqrt(max(0.0, standard_error**2 - 2.0 / n**2))
        beyond = max(0.0, reach - normal_quantile(confidence) * of_rows)
        ours = of_rows * (normal_quantile(confidence) + of_power)
        # Of ours * shrunk + beyond * shrunk² = margin, the rows being n / shrunk².
        both = ours + math.sqrt(ours * ours + 4.0 * beyond * margin)
        shrunk = 2.0 * margin / both if both > 0.0 else 1.0
    rows = n / shrunk / shrunk if shrunk > 0.0 else math.inf
    return math.ceil(rows) if math.isfinite(rows) else None
