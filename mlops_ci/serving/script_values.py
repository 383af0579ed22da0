"""From what ``run`` returns to an answer.

As Azure Machine Learning's server has it, values become JSON (a string becomes a JSON string), and a response of one's
own is sent as it is. Arrays and tables, which that server refuses, become JSON here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mlops_ci.serving.contracts import ScriptAnswer

_HOP = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te"})
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class NoJsonFormError(Exception):
    """A value that cannot be sent."""


def answer_of(value: Any) -> ScriptAnswer:
    """What ``run`` returned, ready to be sent.

    Raises:
        NoJsonFormError: it has no JSON form, or is a response that HTTP has no form for.
    """
    if isinstance(value, ScriptAnswer):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return ScriptAnswer(bytes(value), headers=((b"content-type", b"application/octet-stream"),))
    if all(hasattr(value, name) for name in ("status_code", "headers", "get_data")):
        return _response(value)
    return ScriptAnswer(encode(value))


def encode(value: Any) -> bytes:
    """A value as JSON; None is an empty object, and numbers that JSON does not have are null.

    Raises:
        NoJsonFormError: it has no JSON form.
    """
    try:
        return b"{}" if value is None else msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NoJsonFormError(f"run() returned what has no JSON form: {error}") from error


def _plain(value: Any) -> Any:
    """Arrays and scalars of NumPy, Torch and the like; tables of pandas and polars, by what they can do."""
    if callable(to_json := getattr(value, "to_json", None)):
        orient = "records" if getattr(value, "ndim", 1) == 2 else "values"
        return msgspec.Raw(to_json(orient=orient, date_format="iso").encode())
    for name in ("to_dicts", "to_list", "tolist"):
        if callable(method := getattr(value, name, None)):
            return method()
    raise TypeError(f"objects of type {type(value).__name__}")


def _response(value: Any) -> ScriptAnswer:
    status, body = value.status_code, value.get_data()
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise NoJsonFormError(f"run() returned a response with the status {status!r}")
    return ScriptAnswer(body.encode() if isinstance(body, str) else bytes(body), status, tuple(_headers(value.headers)))


def _headers(headers: Any) -> Iterator[tuple[bytes, bytes]]:
    for name, text in headers.items():
        if not _HEADER.fullmatch(str(name)) or _FORBIDDEN.search(str(text)):
            raise NoJsonFormError(f"run() returned a response with a header that HTTP has no form for: {name!r}")
        if str(name).lower() not in _HOP:
            yield str(name).lower().encode(), str(text).encode("latin-1", "replace")
