"""The kinds of estimators whose answers are known as sums over features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_ci.converter.parity import dense
from mlops_ci.converter.table import Array
from mlops_ci.explainer.asking import is_booster, xgboost_matrix
from mlops_ci.explainer.trouble import NotExplainableError


@dataclass(frozen=True)
class Parts:
    """``base[row, output] + features[row, output].sum()`` is meant to be ``answer[row, output]``."""

    base: Array
    features: Array
    answer: Array


@dataclass(frozen=True)
class Kind:
    """``parts(estimator, rows, background)`` computes; only some kinds look at the background."""

    method: str
    parts: Callable[[Any, Any, Any], Parts]
    needs_background: bool = False


def kind_of(estimator: Any) -> Kind:
    """The kind of an estimator.

    Raises:
        NotExplainableError: it is none of those whose answers are sums.
    """
    library, name = type(estimator).__module__.partition(".")[0], type(estimator).__name__
    bases = {base.__module__.partition(".")[0] for base in type(estimator).__mro__}  # a class of the user's own
    if "lightgbm" in bases:
        return Kind("TreeSHAP (lightgbm)", _lightgbm)
    if "xgboost" in bases:
        return Kind("TreeSHAP (xgboost)", _xgboost)
    if "catboost" in bases or library == "_catboost":
        return Kind("TreeSHAP (catboost)", _catboost)
    if hasattr(estimator, "coef_") and hasattr(estimator, "intercept_"):
        return Kind("coefficients (linear)", _linear, needs_background=True)
    if hasattr(estimator, "tree_") or hasattr(estimator, "estimators_") or hasattr(estimator, "_predictors"):
        return Kind("TreeSHAP (shap)", _shap)
    what = "a model in a file of ONNX or PyTorch" if hasattr(estimator, "suffix") else name
    raise NotExplainableError(f"the answers of {what} are no sum over columns that is known here")


def _lightgbm(estimator: Any, batch: Any, _background: Any) -> Parts:
    found = np.asarray(dense(estimator.predict(batch, pred_contrib=True)), np.float64)
    raw = np.asarray(estimator.predict(batch, raw_score=True), np.float64).reshape(len(found), -1)
    return _with_base_last(found.reshape(len(found), raw.shape[1], -1), raw)


def _xgboost(estimator: Any, batch: Any, _background: Any) -> Parts:
    bare = is_booster(estimator, "xgboost")
    booster = estimator if bare else estimator.get_booster()
    matrix = xgboost_matrix(booster, batch)
    best = getattr(estimator, "best_iteration", None) if not bare else None
    trees = (0, best + 1) if best is not None else (0, 0)
    found = np.asarray(booster.predict(matrix, pred_contribs=True, iteration_range=trees), np.float64)
    raw = np.asarray(booster.predict(matrix, output_margin=True, iteration_range=trees), np.float64)
    raw = raw.reshape(len(found), -1)
    return _with_base_last(found.reshape(len(found), raw.shape[1], -1), raw)


def _catboost(estimator: Any, batch: Any, _background: Any) -> Parts:
    import catboost

    pool = catboost.Pool(batch, cat_features=estimator.get_cat_feature_indices() or None)
    found = np.asarray(estimator.get_feature_importance(pool, type="ShapValues"), np.float64)
    raw = np.asarray(estimator.predict(batch, prediction_type="RawFormulaVal"), np.float64).reshape(len(found), -1)
    return _with_base_last(found.reshape(len(found), raw.shape[1], -1), raw)


def _with_base_last(found: Array, raw: Array) -> Parts:
    return Parts(found[:, :, -1], found[:, :, :-1], raw)


def _linear(estimator: Any, batch: Any, background: Any) -> Parts:
    weights = np.atleast_2d(np.asarray(dense(estimator.coef_), np.float64))
    rows = np.asarray(batch, np.float64)
    mean = np.asarray(background.mean(axis=0), np.float64).ravel()
    features = weights[None, :, :] * (rows - mean)[:, None, :]
    base = np.broadcast_to(weights @ mean + np.asarray(estimator.intercept_, np.float64).ravel(), features.shape[:2])
    ask = getattr(estimator, "decision_function", None) or estimator.predict
    return Parts(base, features, np.asarray(ask(batch), np.float64).reshape(len(rows), -1))


def _shap(estimator: Any, batch: Any, _background: Any) -> Parts:
    try:
        import shap
    except ImportError as error:
        raise NotExplainableError(
            "the package shap, which knows the trees of scikit-learn, is not installed"
        ) from error
    explainer = shap.TreeExplainer(estimator)
    told = explainer.shap_values(batch, check_additivity=False)
    # [rows, features], or with a last dimension of classes; earlier versions have a list of one for each class.
    found = np.stack(told, axis=-1) if isinstance(told, list) else np.asarray(told, np.float64)
    features = found[:, None, :] if found.ndim == 2 else np.moveaxis(found, 2, 1)
    base = np.broadcast_to(np.asarray(explainer.expected_value, np.float64).ravel(), features.shape[:2])
    answer: Array = np.empty(0)
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(estimator, method):
            answer = np.asarray(getattr(estimator, method)(batch), np.float64).reshape(len(features), -1)
            if answer.shape == base.shape and np.allclose(base + features.sum(axis=2), answer, atol=1e-6):
                break
    return Parts(base, features, answer)
