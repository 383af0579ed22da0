"""JSON in and out for every record; the one place that knows the serialisation library."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

import msgspec

from mlops_ci.errors import IntegrityError

T = TypeVar("T")


def encode(record: Any) -> bytes:
    """Encode a record as one line of JSON; mappings are sorted by key, so equal records give equal bytes.

    NaN and infinities have no JSON form and become ``null``.
    """
    return msgspec.json.encode(record, order="deterministic")


def encode_pretty(record: Any) -> str:
    """Encode a record as JSON a person can read."""
    return msgspec.json.format(encode(record), indent=2).decode()


def decode(data: bytes, kind: type[T], *, where: str) -> T:
    """Decode and validate JSON as a record of type ``kind``; fields that ``kind`` lacks are ignored.

    Raises:
        IntegrityError: the bytes are not JSON of that shape; ``where`` names the object.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"not a valid {kind.__name__} record: {error}", where=where) from error


def decode_strictly(data: bytes, kind: type[T], *, where: str) -> T:
    """Decode JSON from somebody who is not trusted: a field that ``kind`` lacks is refused, too.

    Raises:
        IntegrityError: the bytes are not JSON of exactly that shape.
    """
    record = decode(data, kind, where=where)
    if extra := _extra(msgspec.json.decode(data), plain(record), ""):
        raise IntegrityError(f"not a valid {kind.__name__} record: unknown field {extra[:80]!r}", where=where)
    return record


def _extra(given: Any, known: Any, at: str) -> str | None:
    """The path of the first thing in a document that its record does not have."""
    if isinstance(given, dict) and isinstance(known, dict):
        found = (f"{at}.{key}" if key not in known else _extra(given[key], known[key], f"{at}.{key}") for key in given)
    elif isinstance(given, list) and isinstance(known, (list, tuple)):
        found = (_extra(one, other, f"{at}[]") for one, other in zip(given, known, strict=True))
    else:
        return None
    return next((path for path in found if path), None)


def encode_packed(value: Any) -> bytes:
    """Encode a value as MessagePack, which carries bytes as they are."""
    return msgspec.msgpack.encode(value)


def decode_packed(data: bytes, kind: type[T], *, where: str) -> T:
    """Decode MessagePack as a value of type ``kind``.

    Raises:
        IntegrityError: the bytes are none of that shape; ``where`` names the object.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"not packed as it should be: {error}", where=where) from error


def plain(record: Any) -> Any:
    """Return the record as dictionaries, lists and scalars."""
    return msgspec.to_builtins(record)


def json_schema(title: str, *kinds: type) -> dict[str, Any]:
    """Return the JSON Schema of a record, as stored in ``schemas/``; of several kinds for one that is all of them."""
    references, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for component in components.values():
        if "description" in component:  # a docstring, whose indentation depends on the version of Python
            component["description"] = inspect.cleandoc(component["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **(references[0] if len(references) == 1 else {"allOf": list(references)}),
        "$defs": components,
    }
