"""What columns add comes to the model's answer, to the last digits, whatever the kind of model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn import (
    compose,
    decomposition,
    ensemble,
    impute,
    linear_model,
    model_selection,
    neighbors,
    pipeline,
    preprocessing,
    svm,
    tree,
)  # fmt: skip
from sklearn.feature_extraction.text import TfidfVectorizer

from mlops_ci.converter.table import Array, Table
from tests.explainer.support import classes_of, explained

MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "logistic": ("binary", linear_model.LogisticRegression),
    "logistic, many": ("multiclass", linear_model.LogisticRegression),
    "least squares": ("regression", linear_model.LinearRegression),
    "ridge": ("regression", linear_model.Ridge),
    "support vectors": ("binary", lambda: svm.LinearSVC(random_state=0)),
    "tree": ("binary", lambda: tree.DecisionTreeClassifier(max_depth=3, random_state=0)),
    "forest": ("multiclass", lambda: ensemble.RandomForestClassifier(5, max_depth=3, random_state=0)),
    "forest of numbers": ("regression", lambda: ensemble.RandomForestRegressor(5, max_depth=3, random_state=0)),
    "boosting": ("binary", lambda: ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0)),
    "histograms": ("regression", lambda: ensemble.HistGradientBoostingRegressor(max_iter=5, random_state=0)),
    "lightgbm": ("binary", lambda: lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)),
    "lightgbm, many": ("multiclass", lambda: lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)),
    "lightgbm, numbers": ("regression", lambda: lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1)),
    "xgboost": ("binary", lambda: xgboost.XGBClassifier(n_estimators=5, n_jobs=1)),
    "xgboost, many": ("multiclass", lambda: xgboost.XGBClassifier(n_estimators=5, n_jobs=1)),
    "xgboost, counts": ("regression", lambda: xgboost.XGBRegressor(n_estimators=5, n_jobs=1)),
    "catboost": ("binary", lambda: catboost.CatBoostClassifier(5, verbose=0, allow_writing_files=False)),
    "catboost, many": ("multiclass", lambda: catboost.CatBoostClassifier(5, verbose=0, allow_writing_files=False)),
}  # fmt: skip
UNITS = {
    "logistic": "log odds", "least squares": "prediction", "support vectors": "score", "tree": "probability",
    "forest": "probability", "boosting": "log odds", "lightgbm": "log odds", "lightgbm, many": "score",
    "xgboost": "log odds", "catboost": "log odds", "histograms": "prediction",
}  # fmt: skip


def asked_of(model: Any, frame: Any, label: str | None) -> Array:
    """What the library itself says to rows, in the units of the attributions."""
    if isinstance(model, lightgbm.LGBMModel):
        raw = np.asarray(model.predict(frame, raw_score=True))
    elif isinstance(model, xgboost.XGBModel):
        raw = np.asarray(model.predict(frame, output_margin=True), np.float64)
    elif isinstance(model, catboost.CatBoost):
        raw = np.asarray(model.predict(frame, prediction_type="RawFormulaVal"))
    elif hasattr(model, "tree_") or isinstance(model, ensemble.RandomForestClassifier):
        raw = model.predict_proba(frame)
    else:
        raw = getattr(model, "decision_function", model.predict)(frame)
    if raw.ndim == 1:
        return raw
    return raw[:, [str(each) for each in model.classes_].index(str(label))]


@pytest.mark.parametrize("name", MODELS)
def test_parts_add_up_to_the_answer_of_the_library(name: str, numbers: Table) -> None:
    task, make = MODELS[name]
    target = classes_of(numbers, task)
    model = make().fit(numbers.frame(), target)
    found = explained(
        model,
        numbers,
        target,
        task,
        metric="accuracy" if task == "binary" else "rmse" if task == "regression" else "accuracy",
    )
    assert found["reason"] is None
    assert found["unit"] == UNITS.get(name, found["unit"])
    assert len(found["explained"]) == 5
    for row in found["explained"]:
        frame = numbers.frame().iloc[[int(row["row"])]]
        total = row["base"] + sum(row["contributions"].values()) + row["others"]
        assert math.isclose(total, row["answer"], abs_tol=1e-12)
        assert math.isclose(asked_of(model, frame, row["label"])[0], total, rel_tol=1e-6, abs_tol=1e-6)
        assert row["values"]["a"] == frame["a"].iloc[0]
        sizes = [abs(part) for part in row["contributions"].values()]
        assert sizes == sorted(sizes, reverse=True)


ENCODED = preprocessing.OneHotEncoder(handle_unknown="ignore")
FILLED = pipeline.make_pipeline(impute.SimpleImputer(add_indicator=True), preprocessing.StandardScaler())
BEFORE = {
    "encoded": compose.make_column_transformer((ENCODED, ["port"]), (FILLED, ["age", "fare", "fare paid"])),
    "kept": compose.make_column_transformer((ENCODED, [0]), (FILLED, [1, 3]), remainder="passthrough"),
    "dropped": compose.make_column_transformer((ENCODED, ["port", "fare paid"]), (FILLED, slice("age", "age"))),
    "words": compose.make_column_transformer(
        (pipeline.make_pipeline(preprocessing.FunctionTransformer(lambda x: x.fillna("")), TfidfVectorizer()), "port"),
        (FILLED, lambda _: ["age", "fare"]),
    ),
    "twice": pipeline.make_union(
        compose.make_column_transformer((ENCODED, ["port"])), compose.make_column_transformer((FILLED, ["age", "fare"]))
    ),
    "chosen": pipeline.make_pipeline(
        compose.make_column_transformer((ENCODED, ["port"]), (FILLED, ["age", "fare"])),
        preprocessing.MaxAbsScaler(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("estimator", ["linear", "forest", "lightgbm"])
def test_what_encoders_make_of_a_column_is_added_up_again(before: str, estimator: str, shop: Table) -> None:
    made = {
        "linear": linear_model.LogisticRegression(),
        "forest": ensemble.RandomForestClassifier(5, max_depth=3, random_state=0),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1),
    }[estimator]
    target = np.where(shop.columns["fare"] + 10 * (shop.columns["port"] == "Oslo") > 25, "yes", "no")
    model = pipeline.make_pipeline(BEFORE[before], made).fit(shop.frame(), target)
    found = explained(model, shop, target, "binary", positive="yes")
    assert found["reason"] is None
    features = model[:-1].transform(shop.frame())
    features = features.toarray() if hasattr(features, "toarray") else features
    for row in found["explained"]:
        assert set(row["contributions"]) == set(shop.columns)
        assert row["label"] == "yes"
    if estimator == "linear":
        # Each feature's own part, of which we know the column by what moves when the column does.
        at = int(found["explained"][0]["row"])
        parts = model[-1].coef_[0] * (features[at] - features.mean(axis=0))
        moved = Table({**shop.columns, "fare": shop.columns["fare"] + 1.5})
        other = model[:-1].transform(moved.frame())
        other = other.toarray() if hasattr(other, "toarray") else other
        from_fare = np.abs(other - features).max(axis=0) > 1e-9
        assert math.isclose(found["explained"][0]["contributions"]["fare"], parts[from_fare].sum(), abs_tol=1e-9)


def test_the_positive_class_is_explained_also_where_it_comes_first(numbers: Table) -> None:
    target = np.where(classes_of(numbers, "binary") == 1, "late", "on time")  # "late" comes before "on time"
    model = linear_model.LogisticRegression().fit(numbers.frame(), target)
    found = explained(model, numbers, target, "binary", positive="late")
    for row in found["explained"]:
        at = numbers.frame().iloc[[int(row["row"])]]
        assert math.isclose(row["answer"], -model.decision_function(at)[0], abs_tol=1e-9)
    assert found["unit"] == "log odds"


def test_a_search_is_explained_by_what_it_has_found(numbers: Table) -> None:
    target = classes_of(numbers, "regression")
    search = model_selection.GridSearchCV(
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()), {"ridge__alpha": [1.0, 2.0]}, cv=2
    )
    found = explained(search.fit(numbers.frame(), target), numbers, target, "regression")
    assert (found["attribution"], found["unit"]) == ("coefficients (linear)", "prediction")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (pipeline.make_pipeline(decomposition.PCA(2), linear_model.LinearRegression()), "PCA mixes columns"),
        (pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.LinearRegression()), "Polynomial"),
        (pipeline.make_pipeline(preprocessing.FunctionTransformer(np.cumsum), linear_model.LinearRegression()), ""),
        (neighbors.KNeighborsRegressor(), "KNeighborsRegressor"),
        (linear_model.PoissonRegressor(), "does not add up"),
        (compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.exp, inverse_func=np.log), "Transformed"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_by_column_is_said_and_importances_stay(model: Any, said: str, numbers: Table) -> None:
    target = np.abs(classes_of(numbers, "regression"))
    found = explained(model.fit(numbers.frame(), target), numbers, target, "regression")
    assert said in found["reason"]
    assert (found["explained"], found["attribution"], found["unit"]) == ([], None, None)
    assert len(found["importances"]) == 3
