"""How a scikit-learn model is asked, and what its answers are."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_ci.converter.exported import Original, Output
from mlops_ci.converter.sklearn_inputs import Plan
from mlops_ci.converter.table import Array
from mlops_ci.converter.trouble import NotConvertibleError


def describe(model: Any) -> tuple[Output, ...]:
    """The outputs of a model, by what it can be asked."""
    if classifies(model) and hasattr(model, "predict"):
        if isinstance(model.classes_, list):
            raise NotConvertibleError(f"{type(model).__name__} predicts {len(model.classes_)} labels a row")
        classes = tuple(each.item() if hasattr(each, "item") else each for each in model.classes_)
        if hasattr(model, "predict_proba"):
            return (Output("label", "label", classes), Output("score", "score", classes))
        if hasattr(model, "decision_function"):
            return (Output("label", "label", classes), Output("decision", "other"))
        return (Output("label", "label", classes),)
    if _detects_outliers(model):
        return (Output("label", "label", (-1, 1)), Output("decision", "other"))
    if hasattr(model, "predict"):
        clusters = hasattr(model, "cluster_centers_")
        return (Output("label", "label"),) if clusters else (Output("value", "value"),)
    if hasattr(model, "transform"):
        return (Output("features", "other"),)
    raise NotConvertibleError(f"{type(model).__name__} has neither predict nor transform")


def _detects_outliers(model: Any) -> bool:
    try:
        from sklearn.base import is_outlier_detector

        return bool(is_outlier_detector(model))
    except (ImportError, AttributeError):  # a class of somebody's own, which need not be an estimator
        return False


def classifies(model: Any) -> bool:
    """Whether it has classes; CatBoost's regressors have none of them."""
    return len(getattr(model, "classes_", ())) > 0


def original(model: Any, plan: Plan) -> Original:
    """How the model is called; timed is what gives scores, or else the prediction."""
    by_role = {output.role: output for output in describe(model)}

    def answers(batch: Any) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for role, output in by_role.items():
            found[role] = np.asarray(getattr(model, _method(output))(batch))
        return found

    method = getattr(model, _method(by_role.get("score") or next(iter(by_role.values()))))
    return Original(plan.prepare, method, answers)


def _method(output: Output) -> str:
    if output.role == "score":
        return "predict_proba"
    if output.name == "decision":
        return "decision_function"
    return "transform" if output.name == "features" else "predict"
