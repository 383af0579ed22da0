"""What counts as the answer that was recorded, and what does not."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from mlops_ci.deployment.target import Answer
from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.lifecycle.smoke import distance, label, smoke_test
from mlops_ci.records.deployment import SmokeTest
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.records.signature import Column

NAN = math.nan
BINARY = {"prediction": ("late", "on time"), "score": (0.9, 0.2)}
THREE = {"prediction": (2, 0), "score_0": (0.1, 0.7), "score_1": (0.2, 0.2), "score_2": (0.7, 0.1)}
VALUES = {"prediction": (10.0, 1000.0)}


def smoke(recorded: Mapping[str, Any], document: Any, *, positive: Any = None, status: int = 200) -> SmokeTest:
    """Send two rows to something that answers with a document, whatever it is asked."""
    samples = Samples(SAMPLES_FORMAT, (Column("x", "Float64"),), ((1.0,), (2.5,)), dict(recorded), positive)
    asked: list[Any] = []

    def ask(method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        assert (method, path, headers["X-Key"]) == ("POST", "/score", "k")
        asked.append(json.loads(content)["data"])
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Answer(status, body)

    try:
        return smoke_test(ask, samples, tolerance=1e-4, seconds=1.5, headers={"X-Key": "k"})
    finally:
        assert asked[:1] == [[[1.0], [2.5]]] and asked[1:] in ([], [[{"x": 1.0}, {"x": 2.5}]])


def classes(names: list[Any], predictions: list[Any], *chances: list[float]) -> dict[str, Any]:
    return {"predictions": predictions, "probabilities": list(chances), "classes": names}


AGREES: dict[str, tuple[Mapping[str, Any], Any, Any]] = {
    "binary, the positive class first": (
        BINARY, classes(["late", "on time"], ["late", "on time"], [0.9, 0.1], [0.2, 0.8]), "late"
    ),
    "binary, the positive class last": (
        BINARY, classes(["early", "late"], ["late", "early"], [0.1, 0.9], [0.8, 0.2]), "late"
    ),
    "binary, nobody said which is positive": (
        {"score": (0.9, 0.2)}, classes([0, 1], [1, 0], [0.1, 0.9], [0.8, 0.2]), None
    ),
    "binary, true is 1": (
        {"prediction": (True, False), "score": (0.9, 0.2)},
        classes([0, 1], [1, 0], [0.1, 0.9], [0.8, 0.2]), True,
    ),
    "a threshold of the evaluation's own made the label": (
        {"prediction": (0, 0), "score": (0.9, 0.2)}, classes([0, 1], [1, 0], [0.1, 0.9], [0.8, 0.2]), 1
    ),
    "three classes": (THREE, classes([0, 1, 2], [2, 0], [0.1, 0.2, 0.7], [0.7, 0.2, 0.1]), None),
    "three classes in another order": (THREE, classes([2, 1, 0], [2, 0], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]), None),
    "labels alone, as text and as numbers": ({"prediction": (1, 0)}, classes(["0", "1"], ["1", "0"]), None),
    "values within the tolerance of their size": (VALUES, {"predictions": [10.0005, 1000.05]}, None),
    "a script's list": (VALUES, [10, 1000], None),
    "a script's list, made JSON twice": (VALUES, json.dumps([10, 1000]), None),
    "a script's result": (VALUES, {"result": [10, 1000]}, None),
    "a script's results": (VALUES, {"results": [10, 1000], "more": "of it"}, None),
    "a row of which nothing was recorded": ({"prediction": (None, 1000.0)}, [7, 1000], None),
}  # fmt: skip


@pytest.mark.parametrize(("recorded", "document", "positive"), AGREES.values(), ids=AGREES)
def test_it_answers_as_was_recorded(recorded: Mapping[str, Any], document: Any, positive: Any) -> None:
    done = smoke(recorded, document, positive=positive)
    assert (done.rows, done.compared, done.seconds) == (2, 2, 1.5)
    assert 0 <= done.worst <= 1e-4


DIFFERS: dict[str, tuple[Mapping[str, Any], Any, Any, str]] = {
    "one score": (
        BINARY, classes(["late", "on time"], ["late", "on time"], [0.9, 0.1], [0.21, 0.79]), "late",
        "1 of 2 rows are answered otherwise than was recorded; row 1, score: 0.2 was recorded, 0.21 is answered, 0.01",
    ),
    "the score of the other class": (
        BINARY, classes(["late", "on time"], ["late", "on time"], [0.9, 0.1], [0.2, 0.8]), "on time",
        "2 of 2 rows .* row 0, score: 0.9 was recorded, 0.1 is answered",
    ),
    "a class of three": (
        THREE, classes([0, 1, 2], [2, 0], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]), None,
        "1 of 2 rows .* row 1, score_0: 0.7 was recorded, 0.6 is answered",
    ),
    "labels alone": ({"prediction": ("a", "b")}, classes(["a", "b"], ["a", "a"]), None, "row 1, prediction: b was"),
    "a value": (VALUES, [10.1, 1000], None, "row 0, prediction: 10.0 was recorded, 10.1 is answered, 0.01 apart"),
    "no number where there was one": (VALUES, {"predictions": [10.0, None]}, None, "row 1, prediction: 1000.0 was"),
    "NaN in answers": (VALUES, b'{"predictions": [10.0, NaN]}', None, "row 1, prediction: 1000.0 was recorded, nan"),
    "NaN in scores": (
        {"score": (0.9, 0.2)}, b'{"predictions": [1, 0], "probabilities": [[0.1, NaN], [0.8, 0.2]], "classes": [0, 1]}',
        1, "row 0, score: 0.9 was recorded, nan is answered",
    ),
    "NaN that was recorded": ({"prediction": (NAN, 1.0)}, [0.0, 1.0], None, "row 0, prediction: nan was recorded"),
}  # fmt: skip


@pytest.mark.parametrize(("recorded", "document", "positive", "message"), DIFFERS.values(), ids=DIFFERS)
def test_it_answers_otherwise(recorded: Mapping[str, Any], document: Any, positive: Any, message: str) -> None:
    with pytest.raises(IntegrityError, match=message) as refused:
        smoke(recorded, document, positive=positive)
    assert "\n" not in refused.value.line()


UNREADABLE: dict[str, Any] = {
    "text": b"forty-two",
    "a mapping of a script's own": {"score": [1, 2]},
    "too few": [10.0],
    "too many": {"predictions": [10.0, 1000.0, 1.0]},
    "a number": 7,
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_what_nobody_understands_is_compared_with_nothing(document: Any) -> None:
    assert smoke(VALUES, document) == SmokeTest(2, 0, 0, 0.0, 1.5)


@pytest.mark.parametrize("understood", [list, dict])
def test_a_script_may_understand_one_shape_of_rows_alone(understood: type) -> None:
    samples = Samples(SAMPLES_FORMAT, (Column("x", "Float64"),), ((1.0,), (2.5,)), VALUES)

    def ask(method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        if not isinstance(json.loads(content)["data"][0], understood):
            return Answer(500, b"the entry script failed")
        return Answer(200, b"[10, 1000]")

    assert smoke_test(ask, samples, tolerance=1e-4, seconds=0.0).compared == 2


def test_where_nothing_was_recorded_it_has_to_answer_at_least() -> None:
    assert smoke({}, [1, 2]).compared == 0
    with pytest.raises(RemoteError, match="it answers 422 to the version's own rows: row 1 is bad; /score"):
        smoke({}, b"row 1\n is   bad", status=422)


@pytest.mark.parametrize(("one", "other"), [(True, "1"), (1.0, 1), ("False", 0), ("true", True), (2.5, "2.5")])
def test_a_class_is_the_same_in_tables_and_in_json(one: Any, other: Any) -> None:
    assert label(one) == label(other)
    assert label(one) != label("another")


def test_numbers_differ_by_their_size_where_that_is_above_one() -> None:
    assert distance(0.5, 0.6) == pytest.approx(0.1) and distance(200.0, 210.0) == pytest.approx(0.05)
