"""Which columns a scikit-learn model eats, and in which form: a data frame, an array, or a list of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_ci.converter.exported import Input, numeric_type
from mlops_ci.converter.table import Table
from mlops_ci.converter.trouble import BrokenInputError

MATRIX = "X"


@dataclass(frozen=True)
class Plan:
    """``form``: ``frame``, ``array`` or ``texts``; ``inputs``: one tensor of all columns, or one for each."""

    form: str
    columns: tuple[str, ...]
    inputs: tuple[Input, ...]

    def prepare(self, table: Table) -> Any:
        """What the model is called with."""
        chosen = table.take(self.columns)
        if self.form == "texts":
            return ["" if text is None else text for text in chosen.columns[self.columns[0]]]
        return chosen.frame() if self.form == "frame" else chosen.matrix()


def plan(model: Any, table: Table) -> Plan:
    """Decide.

    Raises:
        BrokenInputError: the rows do not have the columns that the model eats.
    """
    first = first_step(model)
    if hasattr(first, "build_analyzer"):
        return _texts(table)
    columns = choose_columns(*_eaten(model, table), table)
    chosen = table.take(columns)
    named = getattr(model, "feature_names_in_", None) is not None
    if chosen.texts() or hasattr(first, "transformers_"):
        # An encoder knows its categories by type, so each column keeps its own.
        each = tuple(Input(name, numeric_type([chosen.columns[name]]), (None, 1), (name,)) for name in columns)
        return Plan("frame" if named or chosen.texts() else "array", columns, each)
    return Plan("frame" if named else "array", columns, (matrix_input(columns),))


def _eaten(model: Any, table: Table) -> tuple[Any, Any]:
    """The names of the columns that a model eats, as far as it knows them, and how many."""
    named = getattr(model, "feature_names_", None)  # CatBoost's, which are numbers where it was given an array
    if named is not None:
        return (named if all(name in table.columns for name in named) else None), len(named)
    return getattr(model, "feature_names_in_", None), getattr(model, "n_features_in_", None)


def matrix_input(columns: Sequence[str]) -> Input:
    """One tensor of float64 with all columns."""
    return Input(MATRIX, "float64", (None, len(columns)), tuple(columns))


def first_step(model: Any) -> Any:
    """What the rows meet first: the first step of a pipeline, and of one in it."""
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif hasattr(model, "steps") and model.steps:
            model = model.steps[0][1]
        else:
            return model


def last_step(model: Any) -> Any:
    """What answers: the last step of a pipeline, and of one in it."""
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif hasattr(model, "steps") and model.steps:
            model = model.steps[-1][1]
        else:
            return model


def choose_columns(names: Any, count: Any, table: Table) -> tuple[str, ...]:
    """The columns by the names that the model knows, or else all columns (or all numeric ones) if so many are needed.

    Raises:
        BrokenInputError: the rows do not have them.
    """
    if names is not None:
        wanted = [str(name) for name in names]
        missing = [name for name in wanted if name not in table.columns]
        if missing:
            raise BrokenInputError(f"the model eats columns that the rows do not have: {', '.join(missing[:5])}")
        return tuple(wanted)
    every = list(table.columns)
    numeric = [name for name in every if name not in table.texts()]
    for candidate in (every, numeric):
        if count is None or len(candidate) == count:
            return tuple(candidate)
    raise BrokenInputError(
        f"the model eats {count} columns, the rows have {len(every)} ({len(numeric)} of them numeric); "
        "name the right ones with --columns"
    )


def _texts(table: Table) -> Plan:
    texts = table.texts()
    if len(texts) != 1:
        raise BrokenInputError(
            f"the model eats one column of texts, the rows have {len(texts)}; name it with --columns"
        )
    return Plan("texts", (texts[0],), (Input(texts[0], "string", (None, 1), (texts[0],)),))
