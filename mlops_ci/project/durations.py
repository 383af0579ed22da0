"""Durations and sizes as people write them."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_PARTS = re.compile(r"([0-9.]+)([A-Za-z]+)")


def seconds(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``30m``, ``1ms``; its form was checked by the schema."""
    number, unit = _split(text)
    return number * _SECONDS[unit]


def size(text: str) -> int:
    """Bytes of a size such as ``10MB``; its form was checked by the schema."""
    number, unit = _split(text)
    return int(number) * _BYTES[unit]


def _split(text: str) -> tuple[float, str]:
    match = _PARTS.fullmatch(text)
    if match is None:
        raise AssertionError("the schema lets nothing else pass")
    return float(match[1]), match[2]
