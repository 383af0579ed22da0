"""Pipelines of scikit-learn: texts, gaps, unknown categories, several classes, and what cannot be converted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import (
    calibration,
    compose,
    ensemble,
    impute,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
)  # fmt: skip
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from mlops_ci.converter.runtime import run
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import NotConvertibleError
from tests.converter.support import converted, table_of

Data = tuple[Array, Array]
Shop = tuple[Table, Array]


def over_columns(encoder: Any, model: Any) -> Any:
    numbers = pipeline.make_pipeline(impute.SimpleImputer(add_indicator=True), preprocessing.StandardScaler())
    columns = compose.make_column_transformer((encoder, ["port"]), (numbers, ["age in years", "fare", "children"]))
    return pipeline.make_pipeline(columns, model)


ENCODERS = {
    "one hot": preprocessing.OneHotEncoder(handle_unknown="ignore"),
    "one hot, rare": preprocessing.OneHotEncoder(min_frequency=80, handle_unknown="infrequent_if_exist"),
    "one hot, dropped": preprocessing.OneHotEncoder(drop="first", handle_unknown="ignore"),
    "ordinal": preprocessing.OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ),
    "imputed": pipeline.make_pipeline(
        impute.SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore")
    ),
}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_texts_with_gaps_and_unknown_categories_are_encoded_as_the_original_does(encoder: str, shop: Shop) -> None:
    rows, y = shop
    model = over_columns(ENCODERS[encoder], linear_model.LogisticRegression()).fit(rows.frame(), y)
    port = rows.columns["port"].copy()
    port[::9] = "Tromsø"
    found = converted(model, Table({**rows.columns, "port": port}))
    assert [each.type for each in found.exported.inputs] == ["string", "float64", "float64", "int64"]
    assert [each.columns for each in found.exported.inputs] == [(name,) for name in rows.columns]
    assert found.exported.outputs[1].classes == ("no", "yes")


def test_the_inputs_are_named_after_the_columns_whatever_these_are_called(shop: Shop) -> None:
    rows, y = shop
    model = over_columns(ENCODERS["one hot"], ensemble.RandomForestClassifier(5, random_state=0)).fit(rows.frame(), y)
    found = converted(model, rows)
    assert [each.name for each in found.session.get_inputs()] == list(rows.columns)


WORDS = ["the", "größe", "I", "a", "ÅRE", "don't", "x1", "naïve", "ok_ok", "日本", "be", "not"]


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(),
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, norm="l1"),
        CountVectorizer(binary=True, lowercase=False),
    ],
    ids=["tf-idf", "phrases", "binary"],
)
def test_texts_are_cut_into_words_as_the_original_does(vectorizer: Any) -> None:
    rng = np.random.default_rng(0)
    texts = np.array([", ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(150)], object)
    y = np.array(["not" in text for text in texts])
    model = pipeline.make_pipeline(vectorizer, linear_model.LogisticRegression()).fit(list(texts), y)
    texts[:4] = ["", "?!", "entirely new", "the  the\tthe\nnot-a be"]
    converted(model, Table({"text": texts}))


SEVERAL = {
    "linear": linear_model.LogisticRegression(),
    "margins": svm.LinearSVC(random_state=0),
    "pairs": svm.SVC(),
    "polynomial": svm.SVC(kernel="poly", decision_function_shape="ovo"),
    "neighbours": neighbors.KNeighborsClassifier(),
    "bayes": naive_bayes.GaussianNB(),
    "network": neural_network.MLPClassifier(8, random_state=0, max_iter=2000),
    "calibrated": calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=0), cv=2),
    "voting": ensemble.VotingClassifier(
        [("bayes", naive_bayes.GaussianNB()), ("forest", ensemble.RandomForestClassifier(5, random_state=0))],
        voting="soft",
    ),
    "stacking": ensemble.StackingClassifier(
        [("trees", ensemble.RandomForestClassifier(5, random_state=0)), ("bayes", naive_bayes.GaussianNB())], cv=2
    ),
}


@pytest.mark.parametrize("model", SEVERAL)
def test_several_classes_are_told_apart_as_by_the_original(model: str, blobs: Data) -> None:
    x, y = blobs
    names = np.array(["a", "b", "c"])[y]
    made = pipeline.make_pipeline(preprocessing.StandardScaler(), SEVERAL[model]).fit(x, names)
    found = converted(made, table_of(x))
    assert found.exported.outputs[0].classes == ("a", "b", "c")
    assert set(found.answers["label"].ravel()) == {"a", "b", "c"}


def test_values_of_several_targets_are_predicted(blobs: Data) -> None:
    x, y = blobs
    model = ensemble.RandomForestRegressor(5, random_state=0).fit(x, np.stack([y, -2.5 * y], axis=1))
    assert converted(model, table_of(x)).answers["value"].shape == (200, 2)


def test_the_same_model_gives_the_same_bytes(shop: Shop) -> None:
    rows, y = shop
    model = over_columns(ENCODERS["one hot"], ensemble.HistGradientBoostingClassifier(max_iter=5)).fit(rows.frame(), y)
    assert converted(model, rows).data == converted(model, rows).data


def test_a_single_row_is_answered_as_in_a_batch(blobs: Data) -> None:
    x, y = blobs
    found = converted(ensemble.RandomForestClassifier(5, random_state=0).fit(x, y), table_of(x))
    feeds = {each.name: each.feed(table_of(x).sized(1)) for each in found.exported.inputs}
    assert run(found.session, feeds, ["score"])[0].tolist() == found.answers["score"][:1].tolist()


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (preprocessing.SplineTransformer(), "SplineTransformer"),
        (preprocessing.FunctionTransformer(np.log1p), "FunctionTransformer"),
        (preprocessing.QuantileTransformer(n_quantiles=9, output_distribution="normal"), "QuantileTransformer"),
    ],
)
def test_the_reason_names_the_step_that_cannot_be_converted(step: Any, reason: str, blobs: Data) -> None:
    x, y = blobs
    model = pipeline.make_pipeline(step, linear_model.LogisticRegression()).fit(np.abs(x), y)
    with pytest.raises(NotConvertibleError, match=reason) as refused:
        converted(model, table_of(np.abs(x)))
    assert "entry script" in refused.value.hint
