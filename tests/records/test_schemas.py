from __future__ import annotations

import json
from dataclasses import fields, replace

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_ci.records.codec import encode, json_schema, plain
from mlops_ci.records.entry import Envelope
from mlops_ci.records.operations import OPERATIONS, entry_schema
from mlops_ci.resources import resource
from tests.records.conftest import StoredSchema
from tests.records.kinds import STORED, records

SCHEMAS = {
    **{name: json_schema(name.replace("-", " "), kind) for name, kind in STORED.items()},
    **{f"entry-{op}": entry_schema(op) for op in OPERATIONS},
}
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_stored_schema_is_what_the_record_says(name: str, stored_schema: StoredSchema) -> None:
    stored_schema(name, SCHEMAS[name])


def test_every_stored_schema_belongs_to_a_record() -> None:
    found = {file.name.removesuffix(".schema.json") for file in resource("schemas").glob("*.schema.json")}
    assert found == {*SCHEMAS, "mlops"}


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(resource("schemas", f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", STORED)
@FEW
@given(data=st.data())
def test_encoded_records_fit_their_schema(name: str, data: st.DataObject) -> None:
    validator(name).validate(json.loads(encode(data.draw(records(STORED[name])))))


@pytest.mark.parametrize("op", OPERATIONS)
@FEW
@given(data=st.data())
def test_encoded_entries_fit_the_schema_of_their_operation_only(op: str, data: st.DataObject) -> None:
    envelope, body = data.draw(records(Envelope)), data.draw(records(OPERATIONS[op]))
    entry = json.loads(encode({**plain(replace(envelope, op=op)), **plain(body)}))
    assert [other for other in OPERATIONS if validator(f"entry-{other}").is_valid(entry)] == [op]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_refuses_what_is_no_such_record(name: str) -> None:
    refused = validator(name)
    assert not refused.is_valid({}) and not refused.is_valid([]) and not refused.is_valid({"format": "1"})


@pytest.mark.parametrize("kind", OPERATIONS.values())
def test_the_fields_of_an_operation_do_not_hide_those_of_the_envelope(kind: type) -> None:
    ours, theirs = ({field.name for field in fields(some)} for some in (Envelope, kind))
    assert not ours & theirs
