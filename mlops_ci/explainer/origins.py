"""Which column of the rows each feature comes from that the steps before an estimator make.

A transformer is asked for the names of what it makes of columns with names of ours, so that nothing has to be guessed
from names that contain one another.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_ci.converter.parity import dense
from mlops_ci.converter.table import Array
from mlops_ci.explainer.trouble import NotExplainableError, failed

Origins = list[int]


def steps_of(model: Any) -> tuple[list[Any], Any]:
    """The transformers of a pipeline, and of pipelines in it, and the estimator at its end."""
    if hasattr(model, "best_estimator_"):
        return steps_of(model.best_estimator_)
    if not getattr(model, "steps", None):
        return [], model
    before: list[Any] = []
    for _, step in model.steps[:-1]:
        first, last = steps_of(step) if getattr(step, "steps", None) else ([], step)
        before += [*first, last]
    more, estimator = steps_of(model.steps[-1][1])
    return [*before, *more], estimator


def traced(steps: Sequence[Any], batch: Any, columns: int) -> tuple[Any, Origins]:
    """What steps make of rows, and for each feature the place of the column that it comes from.

    Raises:
        NotExplainableError: a feature comes from several columns, or nobody knows from which.
    """
    origins = list(range(columns))
    for step in steps:
        batch, origins = _through(step, batch, origins)
    return batch, origins


def _through(step: Any, batch: Any, origins: Origins) -> tuple[Any, Origins]:
    if step is None or step == "passthrough":
        return batch, origins
    if getattr(step, "steps", None):
        for _, inner in step.steps:
            batch, origins = _through(inner, batch, origins)
        return batch, origins
    if hasattr(step, "transformers_"):
        return _asked(step, batch), _of_columns(step, batch, origins)
    if hasattr(step, "transformer_list"):
        parts = [_through(inner, batch, origins)[1] for _, inner in step.transformer_list if inner != "drop"]
        return _asked(step, batch), [origin for part in parts for origin in part]
    made = _asked(step, batch)
    return made, _of_one(step, _width(made), origins)


def _of_columns(step: Any, batch: Any, origins: Origins) -> Origins:
    """Those of a ColumnTransformer, which puts its parts side by side."""
    from sklearn.utils import _safe_indexing

    found: Origins = [-1] * max((part.stop for part in step.output_indices_.values()), default=0)
    for name, inner, chosen in step.transformers_:
        place = step.output_indices_.get(name, slice(0, 0))
        if place.stop == place.start or (isinstance(inner, str) and inner == "drop"):
            continue
        names = getattr(step, "feature_names_in_", None)
        part = [origins[at] for at in _places(chosen, names, len(origins))]
        inside = _through(inner, _safe_indexing(batch, chosen, axis=1), part)[1]
        if len(inside) != place.stop - place.start:
            raise NotExplainableError(f"the features that {name!r} makes cannot be traced to columns")
        found[place] = inside
    return found


def _places(chosen: Any, names: Any, count: int) -> list[int]:
    """Places of the columns that a part of a ColumnTransformer is given."""
    listed: Any = [chosen] if isinstance(chosen, (str, int)) else chosen
    if isinstance(listed, slice):
        if isinstance(listed.start, str) or isinstance(listed.stop, str):
            known = [str(name) for name in names]
            first = known.index(listed.start) if listed.start is not None else 0
            return list(range(first, known.index(listed.stop) + 1 if listed.stop is not None else count))
        return list(range(count))[listed]
    if len(listed) and isinstance(listed[0], str):
        known = [str(name) for name in names]
        return [known.index(name) for name in listed]
    return [int(at) for at in np.arange(count)[np.asarray(listed)]]


def _of_one(step: Any, width: int, origins: Origins) -> Origins:
    if len(set(origins)) == 1:
        return [origins[0]] * width
    marks = [f"\x01{at}\x02" for at in range(len(origins))]
    nameless = copy.copy(step)
    if hasattr(nameless, "feature_names_in_"):
        del nameless.feature_names_in_
    try:
        names = [str(name) for name in nameless.get_feature_names_out(np.array(marks, object))]
    except Exception:  # many have no names to tell
        names = []
    sources = [[at for at, mark in enumerate(marks) if mark in name] for name in names]
    if len(sources) != width or any(len({origins[at] for at in each}) != 1 for each in sources):
        raise NotExplainableError(f"{type(step).__name__} mixes columns, so that nothing adds up by column")
    return [origins[each[0]] for each in sources]


def _asked(step: Any, batch: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return step.transform(batch)
        except Exception as error:
            raise failed(f"{type(step).__name__} fails on the rows", error) from error


def _width(made: Any) -> int:
    return int(made.shape[1]) if len(made.shape) > 1 else 1


def by_column(parts: Array, origins: Origins, columns: int) -> Array:
    """What features add, summed by the column that they come from: [rows, columns]."""
    belongs = np.array(origins)[:, None] == np.arange(columns)[None, :]
    return np.asarray(dense(parts) @ belongs)
