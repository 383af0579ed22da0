"""Believes a conversion's record only as far as ours go: shape, range, and nothing that is not a name or a number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlops_ci.errors import IntegrityError
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.records.codec import plain
from mlops_ci.records.conversion import CONVERSION_FORMAT, Conversion, OnnxForm, Parity, Speed
from mlops_ci.records.digest import is_digest

_LONGEST_TEXT = 2_000
_LONGEST_LIST = 10_000
_MOST_ROWS = 10**9
_LONGEST_CALL = 1e6  # seconds
_MOST_SPEEDS = 10
_MOST_DIFFERING = 100


def require_sound(found: Conversion, where: str) -> None:
    """Refuse a record that none of our converters writes.

    Raises:
        IntegrityError: it is one.
    """

    def require(holds: bool, what: str) -> None:
        if not holds:
            raise IntegrityError(f"the record of the conversion is none of ours: {what}", where=where)

    require(found.format == CONVERSION_FORMAT, "another format")
    precisions = [form.precision for form in found.forms]
    require(len(set(precisions)) == len(precisions), "a form twice")
    require("float32" in precisions or not precisions, "no float32 form")
    require(bool(found.forms) or found.reason is not None, "neither a form nor a reason")
    require(found.served is None or found.served in precisions, "it serves a form that is not there")
    require(len({form.file.path for form in found.forms}) == len(found.forms), "two forms in one file")
    for form in found.forms:
        require(_is_sound(form), f"the {form.precision} form is not sound")
    words = (found.source, found.kind, found.reason or "", found.hint or "", *found.fixes, *found.tools)
    require(all(map(str.isprintable, words)), "a strange text")
    for value in _values(plain(found)):
        require(not isinstance(value, str) or len(value) <= _LONGEST_TEXT, "a long text")
        require(not isinstance(value, list | dict) or len(value) <= _LONGEST_LIST, "a long list")
        require(not isinstance(value, float) or math.isfinite(value), "a number that is none")
        require(not isinstance(value, int) or abs(value) < 2**63, "a number too large")


def _is_sound(form: OnnxForm) -> bool:
    path = form.file.path
    proper = normalise(path) == path and not escapes(path) and path != "." and path.endswith(".onnx")
    return (
        proper
        and is_digest(form.file.digest)
        and form.file.size > 0
        and _is_parity(form.parity)
        and len(form.speed) <= _MOST_SPEEDS
        and all(map(_is_speed, form.speed))
    )


def _is_parity(parity: Parity) -> bool:
    return (
        0 < parity.rows <= _MOST_ROWS
        and 0 <= parity.labels_differing <= parity.rows
        and parity.worst >= 0
        and 0 < parity.tolerance <= 1
        and len(parity.differing) <= _MOST_DIFFERING
        and all(0 <= row < parity.rows for row in parity.differing)
    )


def _is_speed(speed: Speed) -> bool:
    return 0 < speed.batch <= _MOST_ROWS and 0 < speed.original < _LONGEST_CALL and 0 < speed.onnx < _LONGEST_CALL


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _values(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _values(item)
