"""How a model is asked, whatever its kind: a table in, answers out."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.converter import sklearn_answers, sklearn_inputs
from mlops_ci.converter.exported import Original
from mlops_ci.converter.parity import dense
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError
from mlops_ci.explainer.metrics import Answers
from mlops_ci.explainer.question import Question, label_text, label_texts
from mlops_ci.explainer.rows import Rows
from mlops_ci.explainer.trouble import NotExplainableError, failed


@dataclass(frozen=True)
class Asked:
    """A model that can be asked.

    ``columns`` are those that it eats; ``classes`` those of a classifier, as texts, in the order of its scores.
    ``prepare`` makes of a table what the model is called with.
    """

    model: Any
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    question: Question
    prepare: Callable[[Table], Any]
    call: Callable[[Table], dict[str, Array]]

    def answers(self, table: Table) -> Answers:
        """What it answers.

        Raises:
            NotExplainableError: it fails, or its answers do not fit the task.
        """
        found = self.call(table)
        if self.question.task == "regression":
            return Answers(values=_single(found.get("value")))
        scores = self._scores(found)
        ranks = scores[:, self.positive] if scores is not None and self.question.task == "binary" else None
        if ranks is None and "other" in found and self.question.task == "binary":
            ranks = _single(found["other"]) * (1 if self.positive == 1 else -1)  # a decision function has no bounds
        labels = label_texts(found["label"]) if "label" in found else None
        if labels is None and scores is not None:
            at = (scores[:, self.positive] >= 0.5) if self.question.task == "binary" else scores.argmax(axis=1)
            names = self._by_side() if self.question.task == "binary" else self.classes
            labels = np.array(names, object)[at.astype(np.int64)]
        return Answers(self.classes, labels, scores, ranks)

    @property
    def positive(self) -> int:
        """Which of the classes is the positive one.

        Raises:
            NotExplainableError: none of them is.
        """
        for at, name in enumerate(self.classes):
            if self.question.is_positive(name):
                return at
        wanted = self.question.positive or "1"
        raise NotExplainableError(f"the model knows no class {wanted!r}; name the positive one in evaluation.positive")

    def _by_side(self) -> tuple[str, str]:
        """The negative class, and the positive one."""
        return self.classes[1 - self.positive], self.classes[self.positive]

    def _scores(self, found: dict[str, Array]) -> Array | None:
        given = found.get("score", found.get("value"))
        if given is None:
            return None
        scores = np.asarray(given, np.float64).reshape(len(given), -1)
        if scores.shape[1] == 1 and self.question.task == "binary":  # the probability of the positive class alone
            sides = (1 - scores, scores)
            scores = np.hstack(sides if self.positive == 1 else sides[::-1])
        if scores.shape[1] != len(self.classes):
            raise NotExplainableError(f"the model scores {scores.shape[1]} classes, the rows have {len(self.classes)}")
        return scores


def asked(model: Any, rows: Rows, question: Question) -> Asked:
    """Find out how a model is asked.

    Raises:
        NotExplainableError: nobody here knows, or the rows are not what it eats.
    """
    try:
        original, columns, classes = _known(model, rows.inputs)
    except (BrokenInputError, NotConvertibleError) as error:
        raise NotExplainableError(str(error)) from error

    def call(table: Table) -> dict[str, Array]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return {role: dense(answer) for role, answer in original.answers(original.prepare(table)).items()}
            except Exception as error:  # a model raises what it likes
                raise failed("the model fails on the rows", error) from error

    names = tuple(map(label_text, classes)) if classes else _classes_of(rows.target, question)
    return Asked(model, columns, names, question, original.prepare, call)


def _known(model: Any, rows: Table) -> tuple[Original, tuple[str, ...], tuple[Any, ...]]:
    """How a model is called, the columns that it eats, and its classes as far as it names them."""
    if isinstance(model, Path):  # only there is ONNX needed
        from mlops_ci.converter.kinds import kind_of

        return kind_of(model).original(model, rows), tuple(rows.columns), ()
    if is_booster(model, "lightgbm"):
        names = model.feature_name()
        columns = _columns(names if all(name in rows.columns for name in names) else None, model.num_feature(), rows)
        return _booster(lambda batch: model.predict(batch), columns), columns, ()
    if is_booster(model, "xgboost"):
        columns = _columns(model.feature_names, model.num_features(), rows)
        return _booster(lambda batch: model.predict(xgboost_matrix(model, batch)), columns), columns, ()
    if not hasattr(model, "predict"):
        raise NotExplainableError(f"{type(model).__module__}.{type(model).__qualname__} is no kind of model known here")
    plan = sklearn_inputs.plan(model, rows)
    outputs = sklearn_answers.describe(model)
    classes = next((output.classes for output in outputs if output.role in ("score", "label")), ())
    return sklearn_answers.original(model, plan), plan.columns, classes


def is_booster(model: Any, library: str) -> bool:
    """Whether it is a bare booster of that library."""
    return type(model).__module__.startswith(library) and type(model).__name__ == "Booster"


def xgboost_matrix(booster: Any, batch: Any) -> Any:
    """Rows as XGBoost's boosters want them; a new matrix each time, as a booster remembers what it has predicted."""
    import xgboost

    if hasattr(batch, "columns"):
        return xgboost.DMatrix(batch, enable_categorical=True)
    return xgboost.DMatrix(batch, feature_names=booster.feature_names, feature_types=booster.feature_types)


def _booster(predict: Callable[[Any], Any], columns: Sequence[str]) -> Original:
    def answers(batch: Any) -> dict[str, Array]:
        return {"value": np.asarray(predict(batch), np.float64)}

    return Original(lambda table: table.take(columns).matrix(), predict, answers)


def _columns(names: Any, count: int, rows: Table) -> tuple[str, ...]:
    return sklearn_inputs.choose_columns(names, count, rows)


def _classes_of(target: Array, question: Question) -> tuple[str, ...]:
    """The classes of a model that names none: those of the rows, sorted as encoders sort them."""
    if question.task == "regression":
        return ()
    found = sorted(set(target.tolist()))
    with contextlib.suppress(ValueError):  # of words
        found.sort(key=float)
    if question.task == "binary":  # such a model tells the probability of the positive one
        found.sort(key=question.is_positive)
    return tuple(found)


def _single(values: Array | None) -> Array:
    if values is None or values.size != len(values):
        raise NotExplainableError("the model does not answer one number a row")
    return np.asarray(values, np.float64).ravel()
