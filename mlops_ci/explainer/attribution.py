"""What each column adds to the answer to a row: for models of which that is known exactly.

TreeSHAP is due to Lundberg et al., From local explanations to global understanding with explainable AI for trees,
Nature Machine Intelligence 2 (2020). LightGBM, XGBoost and CatBoost compute it themselves; of scikit-learn's trees the
package ``shap`` does. The Shapley values of a linear model whose columns are independent are
``coefficient * (value - mean)``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_ci.converter.parity import dense
from mlops_ci.converter.table import Array, Table
from mlops_ci.explainer import kinds
from mlops_ci.explainer.asking import Asked
from mlops_ci.explainer.kinds import Parts
from mlops_ci.explainer.metrics import Answers
from mlops_ci.explainer.origins import by_column, steps_of, traced
from mlops_ci.explainer.trouble import NotExplainableError, failed

_SLACK = 1e-4
"""How far sums may be from the answer, relative where that is above 1: some libraries add in float32."""


@dataclass(frozen=True)
class Attribution:
    """Of some rows: ``base[row]`` and ``parts[row, column]`` add up to ``answer[row]``, in ``unit``."""

    method: str
    unit: str
    base: Array
    parts: Array
    answer: Array


def attributed(asked: Asked, background: Table, rows: Table, answers: Answers) -> Attribution:
    """Attribute the answers to some rows to the columns that the model eats.

    Of several classes it is the predicted one that is explained, of two the positive one.

    Args:
        asked: the model.
        background: rows whose mean a linear model is compared with.
        rows: the rows to explain.
        answers: what the model answers to them.

    Raises:
        NotExplainableError: no method for this kind of model is known or installed, or its parts do not add up.
    """
    steps, estimator = steps_of(asked.model)
    columns = len(asked.columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch, origins = traced(steps, asked.prepare(rows), columns)
        kind = kinds.kind_of(estimator)
        behind = traced(steps, asked.prepare(background), columns)[0] if kind.needs_background else batch
        try:
            parts = kind.parts(estimator, _plain(batch), behind)
        except NotExplainableError:
            raise
        except Exception as error:  # each library has errors of its own
            raise failed(f"{kind.method} fails", error) from error
    return _of_class(kind.method, parts, origins, asked, answers)


def _plain(batch: Any) -> Any:
    return dense(batch) if hasattr(batch, "toarray") else batch


def _of_class(method: str, parts: Parts, origins: list[int], asked: Asked, answers: Answers) -> Attribution:
    """The parts for the class that is explained, by column of the rows."""
    if parts.features.shape[2] != len(origins):
        raise NotExplainableError(f"{method} tells of {parts.features.shape[2]} features, there are {len(origins)}")
    count, outputs = parts.base.shape
    sign, at = 1.0, np.zeros(count, np.int64)
    if asked.question.task == "binary":
        at[:] = asked.positive if outputs == 2 else 0
        sign = -1.0 if outputs == 1 and len(asked.classes) == 2 and asked.positive == 0 else 1.0
    elif asked.question.task == "multiclass" and answers.labels is not None:
        at = np.array([asked.classes.index(label) for label in answers.labels])
    if outputs > 2 and outputs != len(asked.classes):
        raise NotExplainableError(f"{method} tells of {outputs} classes, there are {len(asked.classes)}")
    each = np.arange(count)
    base, answer = sign * parts.base[each, at], sign * parts.answer[each, at]
    found = sign * by_column(parts.features[each, at], origins, len(asked.columns))
    apart = np.abs(base + found.sum(axis=1) - answer) / np.maximum(1.0, np.abs(answer))
    if not (apart <= _SLACK).all():
        raise NotExplainableError(f"what {method} tells does not add up to the answers (apart by {apart.max():.2g})")
    return Attribution(method, _unit(asked, answers, answer), base, found, answer)


def _unit(asked: Asked, answers: Answers, answer: Array) -> str:
    """What the sums are, by what they have to do with the model's answers."""
    if answers.values is not None:
        return "prediction" if np.allclose(answer, answers.values, rtol=1e-4, atol=1e-6) else "score"
    if answers.scores is None:
        return "score"
    binary = asked.question.task == "binary"
    said = answers.scores[:, asked.positive] if binary else answers.scores.max(axis=1)
    if np.allclose(answer, said, atol=1e-5):
        return "probability"
    if binary and np.allclose(1 / (1 + np.exp(-answer)), said, atol=1e-4):
        return "log odds"
    return "score"
