"""The metrics that are computed from predictions, and the tasks they fit.

The computations are in :mod:`mlops_ci.metrics`; the names are here too, so that a configuration can be checked
where numpy is not installed. A test keeps the two equal.
"""

from __future__ import annotations

BUILT_IN: dict[str, frozenset[str]] = {
    "accuracy": frozenset({"binary", "multiclass"}),
    "roc_auc": frozenset({"binary"}),
    "log_loss": frozenset({"binary", "multiclass"}),
    "rmse": frozenset({"regression"}),
    "mae": frozenset({"regression"}),
    "r2": frozenset({"regression"}),
}
