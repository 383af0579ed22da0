"""Rows become tensors, or a message that names row and column."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.records.signature import Column
from mlops_ci.serving.columns import Columns
from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.predictions import Reading
from mlops_ci.serving.score_protocol import ScoreProtocol

COLUMNS = (
    Column("distance", "Float64"), Column("hour", "Int64"), Column("late", "Boolean"), Column("carrier", "String"),
)  # fmt: skip
TENSORS = (
    InputTensor("numbers", "float32", (None, 2), ("late", "distance")),
    InputTensor("hour", "int32", (None,), ("hour",)),
    InputTensor("carrier", "string", (None, 1), ("carrier",)),
)
OUTPUTS = (OutputTensor("y", "value", "float32", (None, 1)),)
MODEL = ServedModel("m", "onnx", 1, inputs=COLUMNS, tensors=TENSORS, outputs=OUTPUTS)
PROTOCOL = ScoreProtocol(MODEL, TENSORS, Reading(MODEL, OUTPUTS))
ROW = [1.5, 3, True, "AA"]
BY_NAME = dict(zip(("distance", "hour", "late", "carrier"), ROW, strict=True))


def decode(document: Any) -> dict[str, list[Any]]:
    return {name: array.tolist() for name, array in PROTOCOL.decode(json.dumps(document).encode()).items()}


@pytest.mark.parametrize(
    "document",
    [
        {"data": [ROW]},
        [ROW],
        [BY_NAME],
        {"data": [BY_NAME]},
        {"columns": ["carrier", "late", "hour", "distance"], "data": [ROW[::-1]]},
        {"columns": ["distance", "hour", "late", "carrier"], "index": [0], "data": [ROW]},
        {"Inputs": {"data": [BY_NAME]}, "GlobalParameters": {"method": "predict"}},
        {"Inputs": {"data": [ROW]}},
    ],
    ids=str,
)
def test_all_forms_are_the_same_rows(document: Any) -> None:
    assert decode(document) == {"numbers": [[1.0, 1.5]], "hour": [3], "carrier": [["AA"]]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"data": [ROW, ROW, ["abc", 3, True, "AA"]]}, 'row 3, column "distance": text "abc" where a number is expected'),  # noqa: E501
        ({"data": [[True, 3, True, "AA"]]}, 'row 1, column "distance": true where a number is expected'),
        ({"data": [[1, 3.5, True, "AA"]]}, 'row 1, column "hour": number 3.5 where a whole number is expected'),
        ({"data": [[1, None, True, "AA"]]}, 'row 1, column "hour": null where a whole number is expected'),
        ({"data": [[1, 3, None, "AA"]]}, 'row 1, column "late": null where true or false is expected'),
        ({"data": [[1, 3, 1, "AA"]]}, 'row 1, column "late": number 1 where true or false is expected'),
        ({"data": [[1, 3, True, None]]}, 'row 1, column "carrier": null where a text is expected'),
        ({"data": [[1, 3, True, ["x"]]]}, 'row 1, column "carrier": a list where a text is expected'),
        ({"data": [[1, 3, True]]}, "row 1 has 3 values where 4 are expected"),
        ({"data": [ROW, 5]}, "row 2: number 5 where a list of values, or an object by column, is expected"),
        ({"data": [{**BY_NAME, "distnce": 2}]}, 'row 1: unknown column "distnce"; perhaps "distance"'),
        ({"data": [{"hour": 3, "late": True, "carrier": "x"}]}, 'row 1: column "distance" is missing'),
        ({"data": [{"hour": 3}]}, 'row 1: column "distance" and 2 more is missing'),
        ({"columns": ["hour", "hour"], "data": [[1, 2]]}, 'column "hour" is there twice'),
        ({"columns": "hour", "data": [[1]]}, '"columns" has to be a list of names'),
        ({"data": []}, "there are no rows"),
        ({"data": {"a": 1}}, "an object where a list of rows is expected"),
        ({"rows": []}, "expected are rows"),
        (7, "expected are rows"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_with_row_and_column(document: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        decode(document)
    assert caught.value.status == 400
    assert message in caught.value.message


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**63, 10**400])
def test_a_whole_number_beyond_its_tensor_is_refused(value: int) -> None:
    with pytest.raises(RequestError, match="hour"):
        PROTOCOL.decode(b'{"data": [[1, %s, true, "x"]]}' % (b"1" * 401 if value > 2**70 else str(value).encode()))


def test_a_number_beyond_its_tensor_is_refused_and_not_infinite() -> None:
    with pytest.raises(RequestError, match=r'column "distance".*beyond'):
        decode({"data": [[1e300, 3, True, "AA"]]})


def test_a_missing_number_is_null_and_becomes_nan() -> None:
    tensors = PROTOCOL.decode(b'{"data": [[null, 3, true, "AA"]]}')
    assert np.isnan(tensors["numbers"][0, 1])


def test_a_whole_number_may_be_written_with_a_fraction_of_zero() -> None:
    assert decode({"data": [[1, 3.0, True, "AA"]]})["hour"] == [3]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"data": [[NaN, 1, true, "x"]]}', b"[" * 100_000])
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        PROTOCOL.decode(body)
    assert caught.value.status == 400
    assert "\n" not in caught.value.message


def test_names_in_messages_are_short_and_cannot_break_lines() -> None:
    with pytest.raises(RequestError) as caught:
        decode({"data": [{'a"\n\x1b[31m' + "x" * 10_000: 1}]})
    assert len(caught.value.message) < 250
    assert not set(caught.value.message) & {"\n", "\x1b"}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=4)  # noqa: E501
)  # fmt: skip
RIGHT = st.tuples(
    st.none() | st.floats(-1e6, 1e6), st.integers(-(2**31), 2**31 - 1), st.booleans(), st.text(max_size=4)
)


@given(st.lists(st.lists(VALUES, min_size=3, max_size=5), max_size=3) | st.lists(RIGHT, min_size=1, max_size=3))
def test_the_quick_way_and_the_careful_way_agree(rows: list[Any]) -> None:
    body = json.dumps({"data": rows}).encode()
    try:
        quick = PROTOCOL.decode(body)
    except RequestError:
        with pytest.raises(RequestError):
            Columns(COLUMNS, TENSORS).tensors([list(row) for row in rows])
        return
    careful = Columns(COLUMNS, TENSORS).tensors([list(row) for row in rows])
    for name, array in quick.items():
        np.testing.assert_array_equal(array, careful[name])
        assert array.dtype == careful[name].dtype
