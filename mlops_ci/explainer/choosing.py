"""Which few rows are explained: the surest right ones, the most wrong ones, and one average."""

from __future__ import annotations

import numpy as np

from mlops_ci.converter.table import Array
from mlops_ci.explainer.metrics import Answers
from mlops_ci.explainer.question import Question

RIGHT, WRONG, AVERAGE = "surest right", "most wrong", "average"


def chosen_rows(question: Question, target: Array, answers: Answers) -> list[tuple[int, str]]:
    """Places of rows and what each is chosen as; each row once.

    The errors of a classifier are 1 less the probability of the true class, those of a regression absolute ones. The
    average row is that of the median answer. An odd row out of the rest is a wrong one.
    """
    error = _errors(target, answers)
    answer = _answers(question, answers, len(target))
    count = min(question.explained, len(target))
    # From the middle on, as that row may be among the others.
    order = np.argsort(answer, kind="stable")
    middle = int(order[len(order) // 2])
    by_error = [int(at) for at in np.argsort(-error, kind="stable") if int(at) != middle]
    average = 1 if count > 2 else 0
    misses = _misses(question, target, answers)
    wrong = [at for at in by_error[: (count - average + 1) // 2] if misses[at]]
    hits = [at for at in reversed(by_error) if at not in wrong and (question.task == "regression" or not misses[at])]
    right = hits[: count - average - len(wrong)]
    return [(at, RIGHT) for at in right] + [(at, WRONG) for at in wrong] + [(middle, AVERAGE)] * average


def _errors(target: Array, answers: Answers) -> Array:
    if answers.values is not None:
        return np.asarray(np.abs(target - answers.values))
    if answers.scores is None:
        return np.asarray(answers.labels != target, np.float64)
    truth = target[:, None] == np.array(answers.classes, object)[None, :]
    return np.asarray(1.0 - (answers.scores * truth).sum(axis=1))


def _answers(question: Question, answers: Answers, rows: int) -> Array:
    """One number a row: what is predicted, the probability of the positive class, or that of the predicted one."""
    if question.task != "multiclass":
        given = answers.values if question.task == "regression" else answers.ranks
        return np.zeros(rows) if given is None else given
    return np.zeros(rows) if answers.scores is None else np.asarray(answers.scores.max(axis=1))


def _misses(question: Question, target: Array, answers: Answers) -> Array:
    """Which rows have another answer than the truth; all of a regression, whose answers are never quite right."""
    if question.task == "regression" or answers.labels is None:
        return np.ones(len(target), bool)
    return np.asarray(answers.labels != target)
