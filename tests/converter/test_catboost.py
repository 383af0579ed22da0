"""CatBoost, through the export that onnxmltools calls: objectives, gaps, thresholds, files, pipelines, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pytest
from sklearn import pipeline, preprocessing

from mlops_ci.converter.catboost_trees import read_catboost
from mlops_ci.converter.loading import load_model
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import NotConvertibleError
from tests.converter.support import converted, table_of
from tests.converter.test_thresholds import near_thresholds

Data = tuple[Array, Array]
FEW: dict[str, Any] = {"iterations": 8, "verbose": 0, "allow_writing_files": False, "thread_count": 1, "depth": 4}
NAMES = np.array(["a", "b", "c"])


def classifier(**more: Any) -> Any:
    return catboost.CatBoostClassifier(**FEW, **more)


def regressor(**more: Any) -> Any:
    return catboost.CatBoostRegressor(**FEW, **more)


MODELS: dict[str, tuple[Callable[..., Any], dict[str, Any], Callable[[Array], Array]]] = {
    "names of classes": (classifier, {"nan_mode": "Max"}, lambda y: NAMES[y]),
    "one against all": (classifier, {"loss_function": "MultiClassOneVsAll"}, lambda y: y),
    "two classes": (classifier, {}, lambda y: np.asarray(y > 0).astype(int)),
    "values": (regressor, {}, lambda y: y * 3.5 + 100),
    "counts": (regressor, {"loss_function": "Poisson"}, lambda y: y),
    "several values": (regressor, {"loss_function": "MultiRMSE"}, lambda y: np.stack([y, y * -2.0], axis=1)),
}


@pytest.mark.parametrize("case", MODELS)
def test_rows_next_to_a_threshold_and_gaps_go_the_way_of_the_original(case: str, blobs: Data) -> None:
    make, options, target = MODELS[case]
    x = np.where(np.random.default_rng(3).random(blobs[0].shape) < 0.1, np.nan, blobs[0])
    model = make(**options).fit(x, target(blobs[1]))
    classes = tuple(model.classes_.tolist()) or None
    rows = near_thresholds(x, read_catboost(model, classes).forest, np.random.default_rng(4), 500)
    found = converted(model, table_of(rows))
    assert found.difference.labels_differing == 0
    assert found.difference.worst < 2e-7
    assert found.exported.outputs[0].role == ("value" if classes is None else "label")


@pytest.mark.parametrize("make", [classifier, regressor])
def test_it_is_read_from_its_own_file_and_converts_in_a_pipeline(
    make: Callable[..., Any], blobs: Data, tmp_path: Path
) -> None:
    x, y = blobs
    make().fit(x, y).save_model(str(tmp_path / "model.cbm"))
    pipe = pipeline.make_pipeline(preprocessing.StandardScaler(), make()).fit(x, y)
    alone, within = converted(load_model(tmp_path / "model.cbm"), table_of(x)), converted(pipe, table_of(x))
    assert alone.exported.outputs == within.exported.outputs
    assert (
        np.abs(alone.answers[alone.exported.outputs[-1].role] - within.answers[within.exported.outputs[-1].role]).max()
        < 1e-6
    )


def test_categories_and_trees_that_are_not_symmetric_are_refused_with_a_reason(blobs: Data) -> None:
    x, y = blobs
    rows = Table({"port": NAMES[y].astype(object), "size": x[:, 0]})
    with pytest.raises(NotConvertibleError, match="trained on categories") as refused:
        converted(classifier(cat_features=["port"]).fit(rows.frame(), y), rows)
    assert "pipeline" in refused.value.hint
    with pytest.raises(NotConvertibleError, match="oblivious trees") as refused:
        converted(classifier(grow_policy="Lossguide").fit(x, y), table_of(x))
    assert "SymmetricTree" in refused.value.hint
