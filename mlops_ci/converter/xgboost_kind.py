"""XGBoost's boosters, of a JSON or UBJSON file or a pickle."""

from __future__ import annotations

from typing import Any

from mlops_ci.converter.booster import booster_answers, booster_graph
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.links import TreeModel
from mlops_ci.converter.sklearn_inputs import choose_columns
from mlops_ci.converter.table import Array, Table
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

    names = list(columns) if model.feature_names else None

    def predict(matrix: Array) -> Any:
        # A new one each time: XGBoost remembers what it has predicted for one.
        return model.predict(xgboost.DMatrix(matrix, feature_names=names, feature_types=model.feature_types))

    return booster_answers(lambda table: table.take(columns).matrix(), predict, _read(model))


def export(model: Any, rows: Table, *, single: bool = False) -> Exported:
    """Convert it."""
    return booster_graph(_read(model), choose_columns(_names(model), model.num_features(), rows))


def _names(model: Any) -> list[str] | None:
    names: list[str] | None = model.feature_names
    return names
