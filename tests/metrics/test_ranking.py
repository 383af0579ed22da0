from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import METRICS, Predictions, RowMeans
from tests.metrics.rows import close, counts, found, ranking

DEPTHS = st.sampled_from([None, 1, 2, 3, 10])


def call(name: str, depth: int | None) -> str:
    return name if depth is None else f"{name}({depth})"


def mean_over_groups(rows: Predictions, values: list[float]) -> float:
    assert rows.group is not None
    weights = [counts(rows)[rows.group == code].mean() for code in range(len(values))]
    return float(np.average(values, weights=weights))


@given(ranking(), DEPTHS)
def test_ndcg_is_the_mean_of_scikit_learns_over_groups(rows: Predictions, depth: int | None) -> None:
    values = []
    assert rows.group is not None and rows.score is not None
    for code in range(rows.group.max() + 1):
        here = rows.group == code
        relevance, score = rows.target[here], rows.score[here]
        if len(relevance) == 1:  # which scikit-learn refuses
            values.append(float(relevance[0] > 0))
        else:
            values.append(reference.ndcg_score([relevance], [score], k=depth))
    assert close(found(call("ndcg", depth), rows), mean_over_groups(rows, values))


@given(ranking())
def test_map_is_the_mean_of_scikit_learns_average_precision_over_groups(rows: Predictions) -> None:
    values = []
    assert rows.group is not None and rows.score is not None
    for code in range(rows.group.max() + 1):
        here = rows.group == code
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about groups without a relevant document: 0
            values.append(reference.average_precision_score(rows.target[here] > 0, rows.score[here]))
    assert close(found("map", rows), mean_over_groups(rows, values))


@given(ranking(), st.integers(1, 4))
def test_map_at_a_depth_counts_the_relevant_documents_up_to_there(rows: Predictions, depth: int) -> None:
    values = []
    assert rows.group is not None and rows.score is not None
    for code in range(rows.group.max() + 1):
        here = rows.group == code
        relevant, score = rows.target[here] > 0, rows.score[here]
        ranks = [int((score >= own).sum()) for own in score]
        gained = [
            relevant[score >= own].sum() / rank
            for own, rank, hit in zip(score, ranks, relevant, strict=True)
            if hit and rank <= depth
        ]
        values.append(sum(gained) / min(depth, relevant.sum()) if relevant.any() else 0.0)
    assert close(found(f"map({depth})", rows), mean_over_groups(rows, values))


def one_query(relevance: list[float], score: list[float]) -> Predictions:
    return Predictions(
        "ranking",
        np.array(relevance, float),
        None,
        np.array(score, float),
        (),
        group=np.zeros(len(score), dtype=np.int64),
    )


def test_the_textbook_ranking() -> None:
    rows = one_query([3, 2, 3, 0, 1, 2], [6, 5, 4, 3, 2, 1])
    gain = [3, 2 / math.log2(3), 3 / 2, 0, 1 / math.log2(6), 2 / math.log2(7)]
    best = [3, 3 / math.log2(3), 1, 2 / math.log2(5), 1 / math.log2(6), 0]
    assert found("ndcg", rows) == pytest.approx(sum(gain) / sum(best))
    assert found("ndcg(3)", rows) == pytest.approx(sum(gain[:3]) / sum(best[:3]))
    assert found("map", one_query([1, 0, 1, 0], [4, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    assert found("map(2)", one_query([1, 0, 1, 0], [4, 3, 2, 1])) == pytest.approx(1 / 2)


@pytest.mark.parametrize("name", ["ndcg", "map", "ndcg(2)", "map(2)"])
def test_a_query_without_a_relevant_document_counts_as_zero(name: str) -> None:
    assert found(name, one_query([0, 0, 0], [3, 2, 1])) == 0.0


@pytest.mark.parametrize("name", ["ndcg", "map"])
@pytest.mark.parametrize(("relevance", "score"), [(np.nan, 1.0), (-1.0, 1.0), (np.inf, 1.0), (1.0, np.nan)])
def test_what_cannot_be_ranked_spoils_its_own_group_only(name: str, relevance: float, score: float) -> None:
    group = np.array([0, 0, 1, 1])
    rows = Predictions("ranking", np.array([1.0, 0, relevance, 1]), None, np.array([2.0, 1, score, 2]), (), group=group)
    form = METRICS[name].form
    assert isinstance(form, RowMeans) and form.per_group
    with np.errstate(all="ignore"):
        moments = form.moments(rows)[:, 0]
    assert moments[0] == 1.0 and math.isnan(moments[1]) and math.isnan(found(name, rows))


def test_a_group_counts_by_the_mean_weight_of_its_rows() -> None:
    group = np.array([0, 0, 0, 1])
    weight = np.array([3.0, 3.0, 3.0, 1.0])
    score = np.array([3.0, 2.0, 1.0, 0.0])
    rows = Predictions("ranking", np.array([1.0, 0, 0, 0]), None, score, (), weight, group)
    assert found("map", rows) == 0.75
