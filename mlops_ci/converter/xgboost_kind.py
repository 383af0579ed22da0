"""XGBoost's boosters, of a JSON or UBJSON file or a pickle."""

from __future__ import annotations

from typing import Any, Optional

from mlops_ci.converter.booster import booster_answers, booster_graph
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.links import TreeModel
from mlops_ci.converter.sklearn_inputs import choose_columns
from mlops_ci.converter.table import Table
from mlops_ci.converter.xgboost_trees import read_xgboost


def takes(model: Any) -> bool:
    """Whether this is such a model."""
    return type(model).__module__.startswith("xgboost") and type(model).__name__ == "Booster"


def _read(model: Any) -> TreeModel:
    read = read_xgboost(model)
    two = read.link == "logistic" and "binary:" in model.save_config()
    return TreeModel(read.forest, read.link, (0, 1)) if two or read.link == "threshold" else read


def original(model: Any, rows: Table) -> Original:
    """How the original is called."""
    import xgboost

    columns = choose_columns(_names(model), model.num_features(), rows)

    def prepare(table: Table) -> Any:
        names = list(columns) if model.feature_names else None
        return xgboost.DMatrix(table.take(columns).matrix(), feature_names=names, feature_types=model.feature_types)

    return booster_answers(prepare, model.predict, _read(model))


def export(model: Any, rows: Table, *, single: bool = False) -> Exported:  # noqa: ARG001 - trees have one precision
    """Convert it."""
    return booster_graph(_read(model), choose_columns(_names(model), model.num_features(), rows))


def _names(model: Any) -> Optional[list[str]]:
    names: Optional[list[str]] = model.feature_names
    return names
