"""The metrics that importance is measured by, as the gate defines them (a test keeps the two equal)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlops_ci.converter.table import Array
from mlops_ci.explainer.question import Question
from mlops_ci.explainer.trouble import NotExplainableError

HIGHER = {"accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "r2"}
"""Those of which more is better."""
_SCORED = {"roc_auc", "pr_auc", "log_loss", "brier"}
_EPSILON = float(np.finfo(np.float64).eps)  # a probability of 0 would cost without bound


@dataclass(frozen=True)
class Answers:
    """What a model answers to rows.

    A classifier tells ``labels`` (texts) and, if it can, ``scores``: a row for each row, a column for each of
    ``classes``. ``ranks`` order rows by how much they belong to the positive class, also where no probability is known.
    A regression tells ``values``.
    """

    classes: tuple[str, ...] = ()
    labels: Array | None = None
    scores: Array | None = None
    ranks: Array | None = None
    values: Array | None = None


def measure(question: Question, target: Array, answers: Answers) -> float:
    """The metric of some answers.

    Raises:
        NotExplainableError: it has no value on these rows.
    """
    value = _measured(question, target, answers)
    if not np.isfinite(value):
        raise NotExplainableError(f"{question.metric} has no value on these rows")
    return float(value)


def _measured(question: Question, target: Array, answers: Answers) -> float:
    name = question.metric
    if question.task == "regression":
        return _REGRESSION[name](target, _given(answers.values, name))
    if name in ("roc_auc", "pr_auc"):
        positive = np.array([question.is_positive(label) for label in target], bool)
        ranks = _given(answers.ranks, name)
        return _roc_auc(positive, ranks) if name == "roc_auc" else _pr_auc(positive, ranks)
    if name in _SCORED:
        scores = _given(answers.scores, name)
        truth = target[:, None] == np.array(answers.classes, object)[None, :]
        if name == "log_loss":
            clipped = np.clip(scores, _EPSILON, 1 - _EPSILON)
            of_truth = (clipped * truth).sum(axis=1) / (clipped.sum(axis=1) if question.task == "multiclass" else 1.0)
            return float(-np.log(np.maximum(of_truth, _EPSILON)).mean())
        halves = 2.0 if question.task == "binary" else 1.0  # of two classes one says it all
        return float(((scores - truth) ** 2).sum(axis=1).mean() / halves)
    labels = _given(answers.labels, name)
    right = labels == target
    if name == "accuracy":
        return float(right.mean())
    if name == "balanced_accuracy":
        return float(np.mean([right[target == label].mean() for label in np.unique(target.astype(str))]))
    wanted = np.array([question.is_positive(label) for label in target], bool)
    said = np.array([question.is_positive(label) for label in labels], bool)
    hits, wrong, missed = (wanted & said).sum(), (said & ~wanted).sum(), (wanted & ~said).sum()
    parts = {
        "precision": (hits, hits + wrong),
        "recall": (hits, hits + missed),
        "f1": (2 * hits, 2 * hits + wrong + missed),
    }
    above, below = parts[name]
    return float(above / below) if below else 0.0  # a shuffle may leave nobody to be called positive


def _given(answer: Array | None, name: str) -> Array:
    if answer is None:
        raise NotExplainableError(f"the model does not answer what {name} needs; name another: explain: {{metric: …}}")
    return answer


def _roc_auc(positive: Array, ranks: Array) -> float:
    """The share of pairs in the right order (Mann-Whitney); equal ones count half."""
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return float("nan")
    _, place, counts = np.unique(ranks, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    return float((middle[place.ravel()][positive].sum() - many * (many + 1) / 2) / (many * few))


def _pr_auc(positive: Array, ranks: Array) -> float:
    """Average precision: at each threshold the precision times what it adds to the recall."""
    if not positive.any():
        return float("nan")
    order = np.argsort(-ranks, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(ranks[order])), len(order) - 1)
    found = hits[last]
    return float((np.diff(found, prepend=0) * found / (last + 1)).sum() / found[-1])


def _r2(target: Array, values: Array) -> float:
    spread = float(((target - target.mean()) ** 2).sum())
    return 1 - float(((target - values) ** 2).sum()) / spread if spread else float("nan")


_REGRESSION = {
    "rmse": lambda target, values: float(np.sqrt(((target - values) ** 2).mean())),
    "mae": lambda target, values: float(np.abs(target - values).mean()),
    "r2": _r2,
}
