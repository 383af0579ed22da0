"""Turns what the JSON Schema rejects into located problems in the user's words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

import jsonschema

from mlops_ci.errors import Problem
from mlops_ci.project.yaml12 import Located, Path

_KINDS = {
    "object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false",
    "integer": "a whole number", "number": "a number", "null": "nothing",
}  # fmt: skip
_SHOWN = 60
_NAME_HINT = "use lower-case letters, digits, '.', '_' and '-'"
_MINIMA = {"minimum": "of at least", "exclusiveMinimum": "above"}
_MAXIMA = {"maximum": "of at most", "exclusiveMaximum": "below"}
_Error = Any  # jsonschema.ValidationError, whose stubs allow an "unset" marker that no raised error carries


def schema_problems(document: Located, schema: dict[str, Any], file: str) -> list[Problem]:
    """All problems that a schema finds in a document."""
    validator = jsonschema.Draft202012Validator(schema)
    errors = validator.iter_errors(document.value)
    # Two constraints on one value may say the same.
    return list(dict.fromkeys(problem for error in errors for problem in _translate(error, (), document, file)))


def _translate(error: _Error, prefix: Path, document: Located, file: str) -> Iterator[Problem]:
    path: Path = (*prefix, *error.path)
    if error.validator == "oneOf" and error.context:
        yield from _alternatives(error, path, document, file)
    elif error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                yield _at(document.key_at((*path, key)), file, f"unknown key {key!r}", _nearest(key, known))
    elif error.parent is None and error.validator in {"pattern", "not"} and "propertyNames" in error.schema_path:
        yield _at(document.key_at((*path, error.instance)), file, f"{error.instance!r} cannot be a name", _NAME_HINT)
    else:
        what, hint = _describe(error)
        yield _at(document.at(path), file, what, hint)


def _alternatives(error: _Error, path: Path, document: Located, file: str) -> Iterator[Problem]:
    """Report the alternative that was meant: the one whose type fits."""
    branches: dict[Any, list[_Error]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [inner for inner in branches.values() if not any(e.validator == "type" and not e.path for e in inner)]
    if not meant:
        kinds = {e.validator_value for inner in branches.values() for e in inner if e.validator == "type"}
        expected = " or ".join(_KINDS[kind] for kind in sorted(kinds, reverse=True))
        yield _at(document.at(path), file, f"{_show(error.instance)} is not {expected}")
        return
    best = min(meant, key=lambda inner: (any(map(_misses_a_key, inner)), len(inner)))
    for inner_error in best:
        inner_error.parent = None
        yield from _translate(inner_error, path, document, file)


def _misses_a_key(error: _Error) -> bool:
    return error.validator == "required" or any(map(_misses_a_key, error.context or ()))


def _describe(error: _Error) -> tuple[str, str | None]:
    # What ought to be the name of a variable may be the secret itself.
    shown = "the value" if error.schema.get("writeOnly") else _show(error.instance)
    value = error.validator_value
    match error.validator:
        case "required":
            # One error for each missing key; only its message says which.
            return f"the key {error.message.partition(' is a required')[0]} is missing", None
        case "type":
            kinds = [value] if isinstance(value, str) else value
            hint = (
                "put it in quotes" if kinds == ["string"] and isinstance(error.instance, bool | int | float) else None
            )
            return f"{shown} is not {' or '.join(_KINDS[kind] for kind in kinds)}", hint
        case "enum":
            choices = [str(choice) for choice in value]
            return f"{shown} is not one of {', '.join(choices)}", _nearest(str(error.instance), choices)
        case "const":
            return f"{shown} is not {value}", None
        case "minItems" | "minProperties":
            return "at least one is needed", None
        case "minLength":
            return "it is empty", None
        case "uniqueItems":
            return "something appears twice", None
        case "exclusiveMinimum" | "minimum":
            return f"{shown} is too small", f"use a value {_MINIMA[error.validator]} {value:,}"
        case "exclusiveMaximum" | "maximum":
            return f"{shown} is too large", f"use a value {_MAXIMA[error.validator]} {value:,}"
        case "oneOf":
            names = [name for branch in value for name in branch.get("required", ())]
            return f"only one of {' and '.join(names)} can be given", None
        case "dependentRequired":
            return error.message.replace("is a dependency of", "is needed with"), None
        case _:
            return f"{shown} is not valid here", error.schema.get("description")


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"valid here: {', '.join(known)}"


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _at(position: tuple[int, int], file: str, what: str, hint: str | None = None) -> Problem:
    return Problem(file, *position, what, hint)
