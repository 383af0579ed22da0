from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode, encode_pretty, plain
from mlops_ci.records.entry import Body, Envelope
from mlops_ci.records.operations import OPERATIONS, operation_of
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Side
from tests.records.kinds import STORED, records

KINDS = {**STORED, "envelope": Envelope, **OPERATIONS}
EACH_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@EACH_KIND
@FEW
@given(data=st.data())
def test_a_record_survives_writing_and_reading(kind: type, data: st.DataObject) -> None:
    record = data.draw(records(kind))
    assert decode(encode(record), kind, where="here") == record
    assert decode(encode_pretty(record).encode(), kind, where="here") == record


@EACH_KIND
@FEW
@given(data=st.data())
def test_equal_records_give_equal_bytes(kind: type, data: st.DataObject) -> None:
    record = data.draw(records(kind))
    again: Any = decode(encode(record), kind, where="here")
    assert encode(again) == encode(record)
    assert b"\n" not in encode(record)


@EACH_KIND
@FEW
@given(data=st.data())
def test_a_field_of_a_later_program_is_ignored(kind: type, data: st.DataObject) -> None:
    record = data.draw(records(kind))
    later = json.dumps({**plain(record), "of_a_later_program": {"deep": [1, None]}}).encode()
    assert decode(later, kind, where="here") == record


@EACH_KIND
@pytest.mark.parametrize(
    "damaged", [b"", b"\0", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'"text"', b"[" * 200_000, b'{"format": "x"}']
)
def test_damaged_bytes_are_an_integrity_error_that_names_the_object(kind: type, damaged: bytes) -> None:
    with pytest.raises(IntegrityError) as caught:
        decode(damaged, kind, where="runs/1.json")
    assert caught.value.where == "runs/1.json"
    assert kind.__name__ in caught.value.what


@pytest.mark.parametrize("start", [b'{"params":{"a":', b'{"of_a_later_program":'])
def test_bytes_nested_without_end_are_an_integrity_error(start: bytes) -> None:
    with pytest.raises(IntegrityError):
        decode(start + b"[" * 200_000, Run, where="here")


@FEW
@given(records(Run), st.data())
def test_bytes_cut_short_are_an_integrity_error(record: Run, data: st.DataObject) -> None:
    whole = encode(record)
    with pytest.raises(IntegrityError):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))], Run, where="here")


@pytest.mark.parametrize("text", [b'{"digest":1}', b'{"digest":"a","version":"1"}', b'{"digest":"a","version":1.5}'])
def test_a_field_of_another_type_is_an_integrity_error(text: bytes) -> None:
    with pytest.raises(IntegrityError, match="not a valid Side record"):
        decode(text, Side, where="here")


def test_the_order_in_which_a_mapping_was_filled_does_not_show() -> None:
    assert encode({"b": 1, "a": {"d": 2, "c": 3}}) == encode({"a": {"c": 3, "d": 2}, "b": 1})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_without_a_json_form_becomes_null(number: float) -> None:
    assert encode({"metric": number}) == b'{"metric":null}'


@pytest.mark.parametrize(("op", "kind"), OPERATIONS.items())
@FEW
@given(data=st.data())
def test_an_entry_is_written_under_its_operation(op: str, kind: type[Body], data: st.DataObject) -> None:
    assert operation_of(data.draw(records(kind))) == op
