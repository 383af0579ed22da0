"""A number and how far it can be trusted."""

import math
from dataclasses import dataclass, replace

NO_ROW_DIFFERS = "no row differs"
"""The method of a difference of nothing: zero, with both bounds."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with one-sided confidence bounds.

    Attributes:
        value: The point estimate; NaN if there is none.
        lower: One-sided lower bound: the truth is below it with probability at most 1 - confidence. NaN if it
            cannot be known.
        upper: One-sided upper bound at the same confidence, so that the two together hold with probability
            at least 2 * confidence - 1.
        standard_error: In units of `value`. It serves planning (`rows_needed`), not the bounds, which come
            from the method's own distribution.
        method: The name of the method, fit for a report.
        why_unknown: Why a bound is not known, for a reader, where more than the number of rows is to blame.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    method: str
    why_unknown: str = ""

    @classmethod
    def unknown(cls, value: float, method: str, why: str = "") -> "Estimate":
        """A value of which nothing is known but itself."""
        return cls(value, math.nan, math.nan, math.nan, method, why)

    def without_bounds(self, why: str) -> "Estimate":
        """The same value and spread, of which no bound is known."""
        return replace(self, lower=math.nan, upper=math.nan, why_unknown=why)
