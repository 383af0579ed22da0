"""LightGBM's boosters, of a text file or a pickle."""

from __future__ import annotations

from typing import Any


from mlops_ci.converter.booster import booster_answers, booster_graph
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.lightgbm_trees import read_lightgbm
from mlops_ci.converter.sklearn_inputs import choose_columns
from mlops_ci.converter.table import Table


def takes(model: Any) -> bool:
    """Whether this is such a model."""
    return type(model).__module__.startswith("lightgbm") and type(model).__name__ == "Booster"


def _columns(model: Any, rows: Table) -> tuple[str, ...]:
    names = model.feature_name()
    known = all(name in rows.columns for name in names)
    return choose_columns(names if known else None, model.num_feature(), rows)


def original(model: Any, rows: Table) -> Original:
    """How the original is called."""
    columns, read = _columns(model, rows), read_lightgbm(model)
    return booster_answers(lambda table: table.take(columns).matrix(), model.predict, read)


def export(model: Any, rows: Table, *, single: bool = False) -> Exported:  # noqa: ARG001 - trees have one precision
    """Convert it."""
    return booster_graph(read_lightgbm(model), _columns(model, rows))


