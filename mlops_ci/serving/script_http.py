"""Raw HTTP for entry scripts: ``rawhttp``, ``AMLRequest`` and ``AMLResponse`` as Azure Machine Learning names them.

A script that imports them from ``azureml.contrib.services`` or ``azureml_inference_server_http.api`` finds these where
the real packages, which bring a web server of their own, are not installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from mlops_ci.serving.contracts import RequestError, ScriptRequest

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "_mlops_ci_raw"
_REQUEST = ("azureml.contrib.services.aml_request", "azureml_inference_server_http.api.aml_request")
_RESPONSE = ("azureml.contrib.services.aml_response", "azureml_inference_server_http.api.aml_response")
_NAMES = frozenset(
    ".".join(name.split(".")[: depth + 1]) for name in _REQUEST + _RESPONSE for depth in range(name.count(".") + 1)
)


class Headers(Mapping[str, str]):
    """Headers by name, in any case; of those that came twice, joined by commas."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            known = self._values.get(name.lower())
            self._values[name.lower()] = (known[0], f"{known[1]}, {value}") if known else (name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __iter__(self) -> Any:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)


class AMLRequest:
    """A request as it came: ``method``, ``args``, ``headers``, ``data``; the names are those of Flask."""

    def __init__(self, request: ScriptRequest) -> None:
        self.method = request.method
        self.query_string = request.query.encode()
        self.args = dict(parse_qsl(request.query, keep_blank_values=True))
        self.headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers])
        self.data = request.body
        self.content_type = self.headers.get("content-type")

    def get_data(self, cache: bool = True, as_text: bool = False) -> bytes | str:  # noqa: ARG002 - Flask's
        """The body, or its text."""
        return self.data.decode("utf-8", "replace") if as_text else self.data

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False) -> Any:  # noqa: ARG002 - Flask's
        """The body as JSON; a body that is none is answered 400."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError) as error:
            if silent:
                return None
            raise RequestError(400, f"the body is not JSON: {error}") from None


class AMLResponse:
    """An answer of one's own."""

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.status_code = status_code
        self.headers = {"content-type": "text/html; charset=utf-8"}
        if json_str or message is None:
            message = json.dumps({} if message is None else message)
            self.headers["content-type"] = "application/json"
        self.headers |= {name.lower(): value for name, value in (response_headers or {}).items()}
        if run_function_failed:
            self.headers["x-ms-run-function-failed"] = "True"
        self._body = message.encode() if isinstance(message, str) else bytes(message)

    def get_data(self) -> bytes:
        """The body."""
        return self._body


def rawhttp(function: F) -> F:
    """Let ``run`` have the request itself."""
    setattr(function, _MARK, True)
    return function


def wants_raw(function: Callable[..., Any]) -> bool:
    """Whether ``run`` is decorated with ``rawhttp``: ours, or a real one, which sets a flag for the whole process."""
    flags = (getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in _REQUEST)
    return getattr(function, _MARK, False) or any(flags)


class _StandIn(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002 - the signature of a loader
        return None

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ in _REQUEST:
            vars(module).update(AMLRequest=AMLRequest, rawhttp=rawhttp)
        elif module.__name__ in _RESPONSE:
            vars(module).update(AMLResponse=AMLResponse)


class StandIns(MetaPathFinder):
    """Finds the stand-ins; the last of the finders, so that what is installed comes first."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 - as above
        """A stand-in of that name."""
        if fullname not in _NAMES:
            return None
        return ModuleSpec(fullname, _StandIn(), is_package=fullname not in _REQUEST + _RESPONSE)


def offer_stand_ins() -> None:
    """Let scripts import the stand-ins."""
    if not any(isinstance(finder, StandIns) for finder in sys.meta_path):
        sys.meta_path.append(StandIns())
