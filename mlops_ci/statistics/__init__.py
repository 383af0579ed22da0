"""Intervals from counts, scores and row features.

Pure functions that know no metric: each returns an `Estimate`, whose two bounds are each one-sided at the
confidence asked for. A NaN bound means the data cannot tell, and callers must treat it as inconclusive.
"""

from mlops_ci.statistics.delong import delong_paired, delong_single
from mlops_ci.statistics.estimate import NO_ROW_DIFFERS, Estimate
from mlops_ci.statistics.finite import bernstein_bounds, betting_bounds, exact_paired
from mlops_ci.statistics.jackknife import FEWEST_GROUPS, Jackknifed, jackknife_bounds
from mlops_ci.statistics.leaving_out import by_cells, by_influence, by_means, by_ratios, by_weighted_cells, by_weights
from mlops_ci.statistics.needed import rows_needed
from mlops_ci.statistics.order_statistics import quantile_bounds, quantile_known
from mlops_ci.statistics.paired_proportions import paired_proportions
from mlops_ci.statistics.paired_quantiles import paired_quantiles
from mlops_ci.statistics.placements import Placements, delong
from mlops_ci.statistics.proportion import clopper_pearson
from mlops_ci.statistics.resampling import LITTLE, bootstrap_bounds, little_bootstraps
from mlops_ci.statistics.spending import Spending, adaptive_error, error_of_look

__all__ = [
    "FEWEST_GROUPS",
    "LITTLE",
    "NO_ROW_DIFFERS",
    "Estimate",
    "Jackknifed",
    "Placements",
    "Spending",
    "adaptive_error",
    "bernstein_bounds",
    "betting_bounds",
    "bootstrap_bounds",
    "by_cells",
    "by_influence",
    "by_means",
    "by_ratios",
    "by_weighted_cells",
    "by_weights",
    "clopper_pearson",
    "delong",
    "delong_paired",
    "delong_single",
    "error_of_look",
    "exact_paired",
    "jackknife_bounds",
    "little_bootstraps",
    "paired_proportions",
    "paired_quantiles",
    "quantile_bounds",
    "quantile_known",
    "rows_needed",
]
