"""The rows that a model is explained on: what it ate, and the truth about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlops_ci.converter.table import Array, Table
from mlops_ci.explainer.question import Question, is_missing, label_texts
from mlops_ci.explainer.trouble import NotExplainableError

FEWEST = 10
"""With fewer rows a shuffle says nothing."""


@dataclass(frozen=True)
class Rows:
    """``names`` are ids, or positions from 0; ``target`` is a number in a regression, else the text of a class."""

    inputs: Table
    target: Array
    names: tuple[str, ...]

    def taken(self, places: Array) -> Rows:
        """Some of the rows, in that order."""
        return Rows(rows_at(self.inputs, places), self.target[places], tuple(self.names[at] for at in places.tolist()))


def rows_at(table: Table, places: Array) -> Table:
    """Some rows of a table, in that order."""
    return Table({name: column[places] for name, column in table.columns.items()})


def rows_of(inputs: Table, predictions: Table, question: Question, *, id_: str, target: str) -> Rows:
    """The rows of both tables, by their ids where both have them and else in their order; a sample if they are many.

    Args:
        inputs: the table of what the model eats, with all its columns.
        predictions: the table of predictions, which knows the truth.
        question: the question.
        id_: the column of ids.
        target: the column with the truth.

    Raises:
        NotExplainableError: the tables have other rows, there is no truth, or too little.
    """
    if target not in predictions.columns:
        raise NotExplainableError(f"the predictions have no column {target!r}, so that no answer is known to be right")
    pairs = _pairs(inputs, predictions, id_)
    truth = predictions.columns[target][pairs[1]]
    known = np.array([not is_missing(value) for value in truth.tolist()], bool)
    pairs, truth = (pairs[0][known], pairs[1][known]), truth[known]
    if len(truth) < FEWEST:
        raise NotExplainableError(f"{len(truth):,} rows with a target are too few to shuffle; at least {FEWEST}")
    named = predictions.columns.get(id_)
    names = pairs[0].tolist() if named is None else label_texts(named[pairs[1]]).tolist()
    rows = Rows(
        rows_at(_declared(inputs, question.columns), pairs[0]), _typed(truth, question.task), tuple(map(str, names))
    )
    if len(truth) <= question.sample:
        return rows
    # The same rows whoever asks, in the order of the file.
    draws = np.random.default_rng(question.seed)
    return rows.taken(np.sort(draws.choice(len(truth), question.sample, replace=False)))


def _declared(inputs: Table, columns: Sequence[str]) -> Table:
    missing = [name for name in columns if name not in inputs.columns]
    if missing:
        raise NotExplainableError(f"the model's inputs have no column {', '.join(map(repr, missing[:5]))}")
    return inputs.take(columns) if columns else inputs


def _pairs(inputs: Table, predictions: Table, id_: str) -> tuple[Array, Array]:
    """Places in both tables of the same rows."""
    if id_ in inputs.columns and id_ in predictions.columns:
        ours, theirs = (label_texts(table.columns[id_]).tolist() for table in (inputs, predictions))
        places = {name: at for at, name in enumerate(ours)}
        if len(places) != len(ours) or len(set(theirs)) != len(theirs):
            raise NotExplainableError(f"the ids in column {id_!r} are not different")
        found = [(places[name], at) for at, name in enumerate(theirs) if name in places]
        if not found:
            raise NotExplainableError(f"the model's inputs and the predictions have no {id_!r} in common")
        first, second = zip(*found)
        return np.array(first), np.array(second)
    if inputs.rows != predictions.rows:
        raise NotExplainableError(
            f"the model's inputs have {inputs.rows:,} rows and the predictions {predictions.rows:,}; "
            f"give both a column {id_!r}"
        )
    return np.arange(inputs.rows), np.arange(inputs.rows)


def _typed(truth: Array, task: str) -> Array:
    if task != "regression":
        return label_texts(truth)
    try:
        return truth.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise NotExplainableError("the target of a regression is no number") from error
