"""Rows at, just below and just above each threshold of each tree: where float32 splits wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, pipeline, preprocessing, tree

from mlops_ci.converter import lightgbm_trees, sklearn_trees, xgboost_trees
from mlops_ci.converter.table import Array
from mlops_ci.converter.trees import Forest, before_rounding
from mlops_ci.converter.trouble import NotConvertibleError
from tests.converter.support import converted, table_of

Data = tuple[Array, Array]
FEW: dict[str, Any] = {"n_estimators": 8, "random_state": 0}
CASES: dict[str, tuple[Callable[[], Any], Callable[[Any], Forest], bool]] = {
    "decision tree": (lambda: tree.DecisionTreeClassifier(random_state=0), sklearn_trees.read_trees, True),
    "forest": (lambda: ensemble.RandomForestClassifier(**FEW), sklearn_trees.read_trees, True),
    "forest of values": (lambda: ensemble.RandomForestRegressor(**FEW), sklearn_trees.read_trees, True),
    "extra trees": (lambda: ensemble.ExtraTreesRegressor(**FEW), sklearn_trees.read_trees, True),
    "boosted": (lambda: ensemble.GradientBoostingClassifier(**FEW), sklearn_trees.read_boosted, False),
    "histograms": (lambda: ensemble.HistGradientBoostingClassifier(max_iter=8), sklearn_trees.read_hist, True),
    "adaptive": (lambda: ensemble.AdaBoostClassifier(**FEW), sklearn_trees.read_adaptive, False),
    "isolation": (lambda: ensemble.IsolationForest(**FEW), sklearn_trees.read_isolation, False),
    "lightgbm": (
        lambda: lightgbm.LGBMClassifier(verbose=-1, **FEW),
        lambda model: lightgbm_trees.read_lightgbm(model.booster_).forest,
        True,
    ),
    "xgboost": (
        lambda: xgboost.XGBClassifier(**FEW),
        lambda model: xgboost_trees.read_xgboost(model.get_booster()).forest,
        True,
    ),
}


def near_thresholds(x: Array, forest: Forest, rng: np.random.Generator, rows: int = 1000) -> Array:
    """Real rows, some of whose numbers are moved to a threshold, or next to it in float64 or float32."""
    splits = [
        (feature, threshold)
        for each in forest.trees
        for feature, threshold, true in zip(each.features, each.thresholds, each.true, strict=True)
        if true >= 0 and abs(threshold) < 1e38  # beyond, it divides the missing from the others
    ]
    found = x[rng.integers(0, len(x), rows)].astype(np.float64)
    for row in found:
        for at in rng.integers(0, len(splits), 3):
            feature, threshold = splits[at]
            single = np.float32(threshold)
            row[feature] = (
                threshold,
                np.nextafter(threshold, -np.inf),
                np.nextafter(threshold, np.inf),
                float(single),
                float(np.nextafter(single, np.float32(-np.inf))),
                float(np.nextafter(single, np.float32(np.inf))),
            )[rng.integers(0, 6)]
    return found


@pytest.mark.parametrize("case", CASES)
def test_rows_next_to_a_threshold_go_the_way_of_the_original(case: str, blobs: Data) -> None:
    make, read, takes_missing = CASES[case]
    x, y = blobs
    given_gaps = np.where(np.random.default_rng(3).random(x.shape) < 0.1, np.nan, x) if takes_missing else x
    model = make().fit(given_gaps, y)
    rows = near_thresholds(given_gaps, read(model), np.random.default_rng(4))
    found = converted(model, table_of(rows))
    assert found.difference.labels_differing == 0
    assert found.difference.worst < 5e-7


def test_a_tree_after_a_scaler_gets_the_float64_of_the_original(blobs: Data) -> None:
    x, y = blobs
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), tree.DecisionTreeClassifier(random_state=0))
    model.fit(x * 1e6 + 1e9, y)
    scaler = model.named_steps["standardscaler"]
    rows = near_thresholds(
        scaler.transform(x * 1e6 + 1e9), sklearn_trees.read_trees(model[-1]), np.random.default_rng(5)
    )
    assert converted(model, table_of(scaler.inverse_transform(rows))).difference.labels_differing == 0


def test_float32_thresholds_would_have_been_wrong(blobs: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = blobs
    model = ensemble.HistGradientBoostingClassifier(max_iter=8).fit(x, y)
    rows = near_thresholds(x, sklearn_trees.read_hist(model), np.random.default_rng(6))
    read = sklearn_trees.read_hist
    monkeypatch.setattr(
        "mlops_ci.converter.sklearn_trees.read_hist", lambda each: Forest(**{**read(each).__dict__, "single": True})
    )
    with pytest.raises(NotConvertibleError, match="answers differently"):
        converted(model, table_of(rows))


@given(st.floats(-1e38, 1e38) | st.floats(-1e-44, 1e-44), st.integers(-3, 3))
def test_a_float64_row_splits_as_if_it_had_been_rounded_to_float32(threshold: float, steps: int) -> None:
    moved = float(before_rounding(np.array([threshold]))[0])
    single = np.float32(threshold)
    rows = [threshold, moved, float(single), (float(single) + float(np.nextafter(single, np.float32(np.inf)))) / 2]
    for row in rows:
        for _ in range(abs(steps)):
            row = float(np.nextafter(row, np.copysign(np.inf, steps)))
        assert (float(np.float32(row)) <= threshold) == (row <= moved)


def test_whole_votes_for_two_classes_are_told_by_one_sum_ties_included(blobs: Data) -> None:
    x, y = blobs
    model = ensemble.RandomForestClassifier(8, random_state=0).fit(x, y > 0)
    assert len(sklearn_trees.read_trees(model).base) == 1
    found = converted(model, table_of(x + np.random.default_rng(7).normal(size=x.shape)))
    assert (found.answers["score"] == 0.5).any()
    assert found.difference.worst < 1e-15
    uncertain = ensemble.RandomForestClassifier(8, max_depth=2, random_state=0).fit(x, y > 0)
    assert len(sklearn_trees.read_trees(uncertain).base) == 2
    assert converted(uncertain, table_of(x)).difference.labels_differing == 0


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["lightgbm", "xgboost", "histograms"]))
def test_categories_missing_and_unknown_go_the_way_of_the_original(seed: int, library: str) -> None:
    rng = np.random.default_rng(seed)
    x = np.stack([rng.integers(0, rng.integers(3, 40), 300).astype(float), rng.normal(size=300)], axis=1)
    y = ((x[:, 0] * 7 % 5) + x[:, 1] > 2).astype(int)
    makers: dict[str, Callable[[], Any]] = {
        "lightgbm": lambda: lightgbm.LGBMClassifier(
            n_estimators=5, verbose=-1, min_data_per_group=1, cat_smooth=1, categorical_feature=[0], min_child_samples=2
        ),
        "xgboost": lambda: xgboost.XGBClassifier(n_estimators=5, enable_categorical=True, feature_types=["c", "q"]),
        "histograms": lambda: ensemble.HistGradientBoostingClassifier(max_iter=5, categorical_features=[0]),
    }
    model = makers[library]().fit(x, y)
    rows = x.copy()
    rows[::7, 1] = np.nan
    if library != "xgboost":  # which refuses an unknown category
        rows[::5, 0] = rng.choice([np.nan, 55.0, 31.0, 32.0, 0.0], len(rows[::5]))
    assert converted(model, table_of(rows)).difference.labels_differing == 0
