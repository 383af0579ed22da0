"""Models of many kinds, trained on data that come with scikit-learn: what the table in docs/onnx.md is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn import (
    calibration,
    cluster,
    compose,
    datasets,
    decomposition,
    ensemble,
    impute,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)  # fmt: skip
from sklearn.feature_extraction.text import TfidfVectorizer

from mlops_ci.converter.table import Table

Made = tuple[Any, Table]
SEED = 0


def cancer() -> tuple[Any, Any]:
    """569 rows of 30 numbers, two classes."""
    return datasets.load_breast_cancer(return_X_y=True)


def wine() -> tuple[Any, Any]:
    """178 rows of 13 numbers, three classes."""
    return datasets.load_wine(return_X_y=True)


def diabetes() -> tuple[Any, Any]:
    """442 rows of 10 numbers, and a number."""
    return datasets.load_diabetes(return_X_y=True)


def of(model: Any, data: Callable[[], tuple[Any, Any]]) -> Callable[[], Made]:
    """A model trained on an array, with a table of the same rows."""

    def make() -> Made:
        x, y = data()
        table = Table({f"x{at}": np.ascontiguousarray(x[:, at]) for at in range(x.shape[1])})
        return model.fit(x, y), table

    return make


def scaled(model: Any) -> Any:
    """With a StandardScaler before it."""
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


def passengers() -> tuple[pd.DataFrame, Any]:
    """2,000 rows of texts and numbers with gaps, and two classes that depend on them."""
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(
        {
            "port": rng.choice(np.array(["Ålesund", "Bergen", "Oslo", None], object), 2000),
            "cabin": rng.choice(np.array(["first", "second", "third"], object), 2000),
            "age": np.where(rng.random(2000) < 0.1, np.nan, rng.normal(40, 12, 2000)),
            "fare": rng.lognormal(3, 1, 2000),
            "children": rng.integers(0, 4, 2000),
        }
    )
    chance = 1 / (1 + np.exp(-(frame["fare"] / 20 - 2 + (frame["cabin"] == "first") * 1.5)))
    return frame, np.where(rng.random(2000) < chance, "saved", "lost")


def mixed(model: Any, *, ordinal: bool = False) -> Callable[[], Made]:
    """A pipeline over texts and numbers."""

    def make() -> Made:
        frame, y = passengers()
        encoder = (
            preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
            if ordinal
            else preprocessing.OneHotEncoder(handle_unknown="ignore")
        )
        numbers = pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler())
        columns = compose.make_column_transformer((encoder, ["port", "cabin"]), (numbers, ["age", "fare", "children"]))
        table = Table({name: frame[name].to_numpy() for name in frame.columns})
        table.columns.update(
            {name: frame[name].astype(object).where(frame[name].notna(), None).to_numpy() for name in ("port", "cabin")}
        )
        return pipeline.make_pipeline(columns, model).fit(frame, y), table

    return make


def reviews() -> Made:
    """2,000 short texts in two classes, through TF-IDF and a linear model."""
    rng = np.random.default_rng(SEED)
    good, bad = ["fine", "great", "schön", "love", "5", "once"], ["bad", "poor", "größer", "never", "broken", "again"]
    labels = rng.integers(0, 2, 2000)
    shared = ["the", "service", "was", "a", "and", "It's", "product", "delivery", "I", "would", "buy"]
    texts = np.array([" ".join(rng.choice(shared + (good if y else bad), 12)) + "!" for y in labels], object)
    model = pipeline.make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), linear_model.LogisticRegression())
    return model.fit(list(texts), labels), Table({"text": texts})


def _booster(library: Any) -> Callable[[], Made]:
    def make() -> Made:
        x, y = cancer()
        table = Table({f"x{at}": np.ascontiguousarray(x[:, at]) for at in range(x.shape[1])})
        if library is lightgbm:
            return lightgbm.train(
                {"objective": "binary", "verbose": -1, "seed": SEED}, lightgbm.Dataset(x, y), 100
            ), table
        return xgboost.train({"objective": "binary:logistic", "seed": SEED}, xgboost.DMatrix(x, y), 100), table

    return make


TREES = {"random_state": SEED, "n_estimators": 100}
CATS = {"random_state": SEED, "iterations": 100, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
MODELS: dict[str, Callable[[], Made]] = {
    "LogisticRegression": of(scaled(linear_model.LogisticRegression()), cancer),
    "LogisticRegression, 3 classes": of(scaled(linear_model.LogisticRegression()), wine),
    "Ridge": of(linear_model.Ridge(), diabetes),
    "ElasticNet": of(scaled(linear_model.ElasticNet()), diabetes),
    "SGDClassifier": of(scaled(linear_model.SGDClassifier(random_state=SEED)), cancer),
    "LinearSVC": of(scaled(svm.LinearSVC(random_state=SEED)), cancer),
    "SVC": of(scaled(svm.SVC()), cancer),
    "SVC, 3 classes": of(scaled(svm.SVC()), wine),
    "SVR": of(scaled(svm.SVR()), diabetes),
    "DecisionTreeClassifier": of(tree.DecisionTreeClassifier(random_state=SEED), cancer),
    "RandomForestClassifier": of(ensemble.RandomForestClassifier(**TREES), cancer),
    "RandomForestClassifier, 3 classes": of(ensemble.RandomForestClassifier(**TREES), wine),
    "RandomForestRegressor": of(ensemble.RandomForestRegressor(**TREES), diabetes),
    "ExtraTreesClassifier": of(ensemble.ExtraTreesClassifier(**TREES), cancer),
    "GradientBoostingClassifier": of(ensemble.GradientBoostingClassifier(**TREES), cancer),
    "GradientBoostingRegressor": of(ensemble.GradientBoostingRegressor(**TREES), diabetes),
    "HistGradientBoostingClassifier": of(ensemble.HistGradientBoostingClassifier(random_state=SEED), cancer),
    "HistGradientBoostingRegressor": of(ensemble.HistGradientBoostingRegressor(random_state=SEED), diabetes),
    "AdaBoostClassifier": of(ensemble.AdaBoostClassifier(random_state=SEED), cancer),
    "BaggingClassifier": of(ensemble.BaggingClassifier(random_state=SEED), cancer),
    "KNeighborsClassifier": of(scaled(neighbors.KNeighborsClassifier()), cancer),
    "KNeighborsRegressor": of(scaled(neighbors.KNeighborsRegressor()), diabetes),
    "GaussianNB": of(naive_bayes.GaussianNB(), cancer),
    "MLPClassifier": of(scaled(neural_network.MLPClassifier(random_state=SEED, max_iter=300)), cancer),
    "MLPRegressor": of(scaled(neural_network.MLPRegressor(random_state=SEED, max_iter=300)), diabetes),
    "CalibratedClassifierCV": of(
        calibration.CalibratedClassifierCV(ensemble.RandomForestClassifier(20, random_state=SEED), cv=3), cancer
    ),
    "VotingClassifier": of(
        ensemble.VotingClassifier(
            [
                ("linear", scaled(linear_model.LogisticRegression())),
                ("forest", ensemble.RandomForestClassifier(50, random_state=SEED)),
            ],
            voting="soft",
        ),
        cancer,
    ),
    "StackingClassifier": of(
        ensemble.StackingClassifier(
            [
                ("boosted", ensemble.HistGradientBoostingClassifier(max_iter=30, random_state=SEED)),
                ("forest", ensemble.RandomForestClassifier(50, random_state=SEED)),
            ],
            cv=3,
        ),
        cancer,
    ),
    "PCA + LogisticRegression": of(
        pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(8), linear_model.LogisticRegression()),
        cancer,
    ),
    "PolynomialFeatures + Ridge": of(
        pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge()), diabetes
    ),
    "IsolationForest": of(ensemble.IsolationForest(random_state=SEED), cancer),
    "OneClassSVM": of(scaled(svm.OneClassSVM()), cancer),
    "KMeans": of(scaled(cluster.KMeans(5, random_state=SEED, n_init=3)), cancer),
    "LGBMClassifier": of(lightgbm.LGBMClassifier(verbose=-1, **TREES), cancer),
    "LGBMRegressor": of(lightgbm.LGBMRegressor(verbose=-1, **TREES), diabetes),
    "LightGBM Booster": _booster(lightgbm),
    "XGBClassifier": of(xgboost.XGBClassifier(**TREES), cancer),
    "XGBClassifier, 3 classes": of(xgboost.XGBClassifier(**TREES), wine),
    "XGBRegressor": of(xgboost.XGBRegressor(**TREES), diabetes),
    "XGBoost Booster": _booster(xgboost),
    "CatBoostClassifier": of(catboost.CatBoostClassifier(**CATS), cancer),
    "CatBoostRegressor": of(catboost.CatBoostRegressor(**CATS), diabetes),
    "texts and numbers, LogisticRegression": mixed(linear_model.LogisticRegression()),
    "texts and numbers, RandomForest": mixed(ensemble.RandomForestClassifier(**TREES)),
    "texts and numbers, LGBMClassifier": mixed(lightgbm.LGBMClassifier(verbose=-1, **TREES)),
    "texts and numbers, HistGradientBoosting": mixed(
        ensemble.HistGradientBoostingClassifier(categorical_features=[0, 1], random_state=SEED), ordinal=True
    ),
    "TfidfVectorizer + LogisticRegression": reviews,
}
