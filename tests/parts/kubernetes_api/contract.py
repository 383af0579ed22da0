"""Which requests the API of Kubernetes has, read from the official client that is generated out of its OpenAPI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import kubernetes_validate
import yaml

from tests.parts.loopback import Request

_SERIALIZER = re.compile(r"    def _\w+_serialize\(.*?(?=\n    @|\n    def (?!_\w+_serialize\()|\Z)", re.DOTALL)
_PATH = re.compile(r"resource_path='([^']+)'")
_METHOD = re.compile(r"method='([A-Z]+)'")
_QUERY = re.compile(r"_query_params\.append\(\('(\w+)'")
_MEDIA = re.compile(r"'(application/[\w.+-]+)'")
_MODULES = ("core_v1_api", "apps_v1_api", "autoscaling_v2_api", "policy_v1_api")
# What the server takes or wants, but the description of the API does not say: all of what is behind a proxy.
_ANYTHING = "/proxy/{path}"
_VERSION = "1.34"


@dataclass(frozen=True)
class Operation:
    """A request that there is."""

    method: str
    path: re.Pattern[str]
    template: str
    query: frozenset[str]
    media: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """A request that fits an operation: what of a namespace, its name, and what comes after that."""

    operation: Operation
    namespace: str
    plural: str
    name: str
    part: str
    rest: str


@cache
def operations() -> tuple[Operation, ...]:
    """Those of namespaced objects in the groups that we use."""
    found = []
    for module in _MODULES:
        spec = util.find_spec(f"kubernetes.client.api.{module}")
        assert spec and spec.origin
        for match in _SERIALIZER.finditer(Path(spec.origin).read_text("utf-8")):
            path = _PATH.search(match[0])
            method = _METHOD.search(match[0])
            if path is None or method is None or "{namespace}/" not in path[1]:
                continue
            pattern = re.escape(path[1]).replace(r"\{path\}", "(?P<path>.*)")
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
            consumed = match[0].partition("select_header_content_type")[2]
            found.append(
                Operation(
                    method[1],
                    re.compile(pattern + r"\Z"),
                    path[1],
                    frozenset(_QUERY.findall(match[0])),
                    frozenset(_MEDIA.findall(consumed)),
                )
            )
    return tuple(found)


def asked(request: Request) -> Asked | str:
    """Which operation a request is; or what is wrong with it."""
    path = unquote(urlsplit(request.target).path)
    for operation in operations():
        match = operation.path.match(path)
        if match is None or operation.method != request.method:
            continue
        proxied = operation.template.endswith(_ANYTHING)
        unknown = set(request.query) - operation.query
        if unknown and not proxied:
            return f"{operation.template} has no parameter {sorted(unknown)}"
        media = request.headers.get("content-type", "").partition(";")[0]
        if request.body and operation.media and media not in operation.media:
            return f"{operation.method} {operation.template} takes no {media!r}"
        parts = path.split("/namespaces/", 1)[1].split("/")
        named = match.groupdict()
        part = parts[3] if len(parts) > 3 else ""
        return Asked(operation, parts[0], parts[1], named.get("name", ""), part, named.get("path", ""))
    return f"there is no {request.method} {path}"


def object_in(request: Request) -> dict[str, Any] | str:
    """The object that a request applies; or what is wrong with it."""
    try:
        manifest = yaml.safe_load(request.body)
        kubernetes_validate.validate(manifest, _VERSION, strict=True)
    except (yaml.YAMLError, kubernetes_validate.ValidationError) as error:
        return f"the object is not valid: {error}"
    assert isinstance(manifest, dict)
    return manifest
