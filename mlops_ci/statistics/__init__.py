"""Intervals from counts, scores and row features.

Pure functions that know no metric: each returns an `Estimate`, whose two bounds are each one-sided at the
confidence asked for. A NaN bound means the data cannot tell, and callers must treat it as inconclusive.
"""

from mlops_ci.statistics.bootstrap import bootstrap_moments
from mlops_ci.statistics.delong import Placements, delong, delong_paired, delong_single
from mlops_ci.statistics.estimate import Estimate
from mlops_ci.statistics.needed import rows_needed
from mlops_ci.statistics.paired_proportions import paired_proportions
from mlops_ci.statistics.proportion import clopper_pearson
from mlops_ci.statistics.spending import Spending, adaptive_error, error_of_look

__all__ = [
    "Estimate",
    "Placements",
    "Spending",
    "adaptive_error",
    "bootstrap_moments",
    "clopper_pearson",
    "delong",
    "delong_paired",
    "delong_single",
    "error_of_look",
    "paired_proportions",
    "rows_needed",
]
