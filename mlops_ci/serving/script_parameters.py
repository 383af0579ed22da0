"""From a request to the arguments of ``run``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from mlops_ci.errors import UsageError
from mlops_ci.serving.contracts import RequestError, ScriptRequest
from mlops_ci.serving.script_http import AMLRequest, Headers

Parameters = Callable[[ScriptRequest], dict[str, Any]]
_HEADERS = "request_headers"
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def parameters_of(run: Callable[..., Any], *, decorated: bool, raw: bool, where: str) -> Parameters:
    """How ``run`` wants to be called.

    The body is its first parameter as text; with ``rawhttp`` that is the request; with ``input_schema`` each parameter
    is a key of the body, which is a JSON object. ``request_headers`` gets the headers. ``where`` is the script.

    Raises:
        UsageError: it has no parameter that the request could be given to.
    """
    declared = inspect.signature(run).parameters
    wanted = {name: each for name, each in declared.items() if name != _HEADERS}
    hint = "write run(data)"
    where = f"{where}:{inspect.unwrap(run).__code__.co_firstlineno}"
    if any(each.kind not in _NAMED for each in wanted.values()):
        raise UsageError("run() has parameters that have no name for callers", where=where, hint=hint)
    if not wanted:
        raise UsageError("run() has no parameter for the request", where=where, hint=hint)
    if raw and decorated:
        raise UsageError(
            "run() is decorated with both rawhttp and input_schema", where=where, hint="take one of them away"
        )
    first = next(iter(wanted))

    def arguments(request: ScriptRequest) -> dict[str, Any]:
        if raw:
            found: dict[str, Any] = {first: AMLRequest(request)}
        elif decorated:
            found = _by_name(request, wanted)
        else:
            found = {first: _text(request)}
        return {**found, _HEADERS: _headers(request)} if _HEADERS in declared else found

    return arguments


def _text(request: ScriptRequest) -> str:
    if request.method == "GET":
        return json.dumps(_query(request))
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is not UTF-8: {error.reason} at byte {error.start}") from None


def _by_name(request: ScriptRequest, wanted: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    given = _query(request) if request.method == "GET" else _object(request.body)
    values = {name: given.get(name, each.default) for name, each in wanted.items()}
    missing = [name for name, value in values.items() if value is inspect.Parameter.empty]
    if missing:
        raise RequestError(400, f"the body has no {missing[0]!r}; it needs: {', '.join(wanted)}")
    return values


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        raise RequestError(400, "the body is not a JSON object")
    return value


def _query(request: ScriptRequest) -> dict[str, Any]:
    """The parameters of the address; each value is JSON, or else text."""
    found = {name: [_loosely(text) for text in texts] for name, texts in parse_qs(request.query).items()}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _loosely(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _headers(request: ScriptRequest) -> dict[str, str]:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
    return dict(Headers(pairs))
