"""Importances are what shuffling costs, by the same metrics as the gate's, on the columns as they were declared."""

from __future__ import annotations

import sys
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn import compose, ensemble, inspection, linear_model, pipeline, preprocessing, svm

from mlops_ci.converter.table import Array, Table
from mlops_ci.explainer.metrics import Answers, measure
from mlops_ci.explainer.question import Question, label_texts
from mlops_ci.metrics import METRICS, Predictions
from mlops_ci.metrics.metric import value
from mlops_ci.project.explain import METRICS_OF
from tests.explainer.support import classes_of, explained


def by_column(found: dict[str, Any]) -> dict[str, float]:
    return {each["column"]: each["mean"] for each in found["importances"]}


@pytest.mark.parametrize(
    ("task", "metric", "scoring"),
    [
        ("binary", "roc_auc", "roc_auc"),
        ("multiclass", "accuracy", "accuracy"),
        ("regression", "rmse", "neg_root_mean_squared_error"),
    ],
)
def test_importances_are_those_of_scikit_learn(task: str, metric: str, scoring: str, numbers: Table) -> None:
    target = classes_of(numbers, task)
    kind = linear_model.LinearRegression() if task == "regression" else linear_model.LogisticRegression()
    model = kind.fit(numbers.frame(), target)
    ours = explained(model, numbers, target, task, metric=metric, repeats=20, explained=0)
    theirs = inspection.permutation_importance(
        model, numbers.frame(), target, scoring=scoring, n_repeats=20, random_state=0
    )
    for place, name in enumerate(("a", "b", "c")):
        noise = 4 * np.hypot(theirs.importances_std[place], theirs.importances_std[place]) / np.sqrt(20) + 1e-12
        assert abs(by_column(ours)[name] - theirs.importances_mean[place]) < noise
    assert [each["column"] for each in ours["importances"]][:2] == ["a", "b"]
    deviations = {each["column"]: each["deviation"] for each in ours["importances"]}
    assert np.isclose(deviations["a"], theirs.importances_std[0], rtol=0.6)  # of 20 draws each


def test_columns_are_shuffled_before_anything_is_made_of_them(shop: Table) -> None:
    target = np.where(shop.columns["port"] == "Oslo", "yes", "no")
    before = compose.make_column_transformer((preprocessing.OneHotEncoder(), ["port"]), remainder="drop")
    model = pipeline.make_pipeline(before, linear_model.LogisticRegression()).fit(shop.frame(), target)
    found = by_column(explained(model, shop, target, "binary", positive="yes", columns=tuple(shop.columns)))
    assert found["port"] > 0.3
    assert [found[name] for name in ("age", "fare", "fare paid")] == [0.0, 0.0, 0.0]


def test_the_same_question_has_the_same_answer(numbers: Table) -> None:
    target = classes_of(numbers, "binary")
    model = linear_model.LogisticRegression().fit(numbers.frame(), target)
    assert explained(model, numbers, target, "binary") == explained(model, numbers, target, "binary")


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_bare_booster_says_the_same_as_the_estimator_around_it(library: str, task: str, numbers: Table) -> None:
    target = classes_of(numbers, task)
    made = {
        "lightgbm": lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier,
        "xgboost": xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier,
    }[library]
    quiet: dict[str, Any] = {"verbose": -1} if library == "lightgbm" else {}
    model = made(n_estimators=5, n_jobs=1, **quiet)
    model.fit(numbers.frame(), target)
    booster = model.booster_ if library == "lightgbm" else model.get_booster()
    metric = "rmse" if task == "regression" else "log_loss"
    whole, bare = (explained(each, numbers, target, task, metric=metric) for each in (model, booster))
    assert [each["column"] for each in bare["importances"]] == [each["column"] for each in whole["importances"]]
    assert np.allclose(list(by_column(bare).values()), list(by_column(whole).values()), atol=1e-6)
    assert bare["explained"][0]["row"] == whole["explained"][0]["row"]
    assert np.isclose(bare["explained"][0]["answer"], whole["explained"][0]["answer"], atol=1e-6)


def test_a_column_of_a_million_categories_and_one_of_a_single_value_are_no_trouble(numbers: Table) -> None:
    names = np.array([f"{at:032x}" for at in range(numbers.rows)], object)
    table = Table(
        {**numbers.columns, "name": names, "same": np.full(numbers.rows, 3.0), "nothing": np.full(numbers.rows, np.nan)}
    )
    target = classes_of(numbers, "binary")
    before = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["name"]),
        ("passthrough", ["a", "same"]),
        remainder="drop",
    )
    model = pipeline.make_pipeline(before, linear_model.LogisticRegression()).fit(table.frame(), target)
    found = explained(model, table, target, "binary")
    assert found["reason"] is None
    assert by_column(found)["same"] == by_column(found)["nothing"] == 0.0
    assert by_column(found)["a"] > 0


def test_a_model_without_probabilities_is_ranked_by_its_decisions(numbers: Table) -> None:
    target = classes_of(numbers, "binary")
    model = svm.LinearSVC(random_state=0).fit(numbers.frame(), target)
    assert by_column(explained(model, numbers, target, "binary", metric="roc_auc"))["a"] > 0.1


class _OwnModel:
    """No estimator of anybody's: it can be asked, and that is all."""

    def predict(self, rows: Any) -> Array:
        return np.asarray(2 * rows[:, 0] - rows[:, 1])


@pytest.mark.parametrize("scikit_learn", [True, False])
def test_a_class_of_somebody_s_own_that_predicts_has_importances(
    numbers: Table, scikit_learn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not scikit_learn:
        monkeypatch.setitem(sys.modules, "sklearn.base", None)
    found = explained(_OwnModel(), numbers, classes_of(numbers, "regression"), "regression")
    assert by_column(found)["a"] > by_column(found)["b"] > by_column(found)["c"] == 0.0
    assert (found["explained"], found["reason"]) == (
        [],
        "the answers of _OwnModel are no sum over columns that is known here",
    )


def test_rows_are_the_surest_the_worst_and_one_in_the_middle(numbers: Table) -> None:
    target = classes_of(numbers, "binary")
    model = ensemble.RandomForestClassifier(10, max_depth=2, random_state=0).fit(numbers.frame(), target)
    score = model.predict_proba(numbers.frame())[:, 1]
    error = np.where(target == 1, 1 - score, score)
    found = explained(model, numbers, target, "binary")["explained"]
    assert [row["chosen"] for row in found] == ["surest right"] * 2 + ["most wrong"] * 2 + ["average"]
    assert len({row["row"] for row in found}) == 5
    of = {
        why: [error[int(row["row"])] for row in found if row["chosen"] == why] for why in ("surest right", "most wrong")
    }
    assert max(of["surest right"]) <= np.sort(error)[2]
    assert min(of["most wrong"]) >= np.sort(error)[-3]
    assert all((score[int(row["row"])] >= 0.5) == (target[int(row["row"])] == 1) for row in found[:2])
    assert all((score[int(row["row"])] >= 0.5) != (target[int(row["row"])] == 1) for row in found[2:4])
    assert {row["target"] for row in found} <= {"0", "1"}


def _answers(task: str, draws: np.random.Generator) -> tuple[Array, Array, Array, tuple[str, ...]]:
    classes = ("a", "b") if task == "binary" else ("a", "b", "c")
    codes = draws.integers(0, len(classes), 60)
    scores = draws.dirichlet([1.0] * len(classes), 60).round(2)
    return codes, scores, scores.argmax(axis=1), classes


@pytest.mark.parametrize(("task", "name"), [(task, name) for task, names in METRICS_OF.items() for name in names])
def test_metrics_are_those_of_the_gate(task: Any, name: str) -> None:
    draws = np.random.default_rng(5)
    if task == "regression":
        target, values = draws.normal(size=60), draws.normal(size=60)
        found = measure(Question(task, name), target, Answers(values=values))
        assert np.isclose(found, value(METRICS[name], Predictions(task, target, values, None, ())))
        return
    codes, scores, said, classes = _answers(task, draws)
    texts = np.array(classes, object)
    question = Question(task, name, positive="b")
    found = measure(question, label_texts(texts[codes]), Answers(classes, texts[said], scores, scores[:, 1]))
    given = scores[:, 1] if task == "binary" else scores
    kind = bool if task == "binary" else np.int64
    theirs = Predictions(task, codes.astype(kind), said.astype(kind), given, classes)
    assert np.isclose(found, value(METRICS[name], theirs))
