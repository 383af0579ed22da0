"""Which requests Azure DevOps has, as far as the stand-in has them, and what is wrong with others.

Paths, methods, parameters and media types are those of Microsoft's reference, api-version 7.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from jsonschema import Draft202012Validator

from tests.parts.azure_devops import shapes
from tests.parts.loopback import Request

JSON = "application/json"
BYTES = "application/octet-stream"
_PATCH = "PATCH"


@dataclass(frozen=True)
class Operation:
    """A request that there is. Of its ``path``, below the collection, the parts in braces are anything."""

    method: str
    path: str
    shape: Mapping[str, Any] | None = None
    media: str = JSON
    query: frozenset[str] = frozenset()
    release: bool = False
    public: bool = False

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """What the path names; None for another path. Letters may be of either case, as there."""
        pattern = self.path.split("/")
        if len(pattern) != len(segments):
            return None
        found = {}
        for want, got in zip(pattern, segments, strict=True):
            if want.startswith("{"):
                found[want[1:-1]] = unquote(got)
            elif want.lower() != got.lower():
                return None
        return found if all(found.values()) else None


_REPOSITORY = "{project}/_apis/git/repositories/{repository}"
_PULL_REQUEST = f"{_REPOSITORY}/pullRequests/{{pullRequest}}"
_THREAD = f"{_PULL_REQUEST}/threads/{{thread}}"
_ITERATIONS = frozenset({"$iteration", "$baseIteration"})
_CRITERIA = frozenset(
    {"$top", "$skip"} | {f"searchCriteria.{name}" for name in ("status", "sourceRefName", "targetRefName")}
)

OPERATIONS: dict[str, Operation] = {
    "get pull request": Operation("GET", _PULL_REQUEST),
    "list pull requests": Operation("GET", f"{_REPOSITORY}/pullRequests", query=_CRITERIA),
    "query pull requests": Operation("POST", f"{_REPOSITORY}/pullRequestQuery", shapes.PULL_REQUEST_QUERY),
    "list threads": Operation("GET", f"{_PULL_REQUEST}/threads", query=_ITERATIONS),
    "get thread": Operation("GET", _THREAD, query=_ITERATIONS),
    "create thread": Operation("POST", f"{_PULL_REQUEST}/threads", shapes.NEW_THREAD),
    "update thread": Operation(_PATCH, _THREAD, shapes.CHANGED_THREAD),
    "list comments": Operation("GET", f"{_THREAD}/comments"),
    "get comment": Operation("GET", f"{_THREAD}/comments/{{comment}}"),
    "create comment": Operation("POST", f"{_THREAD}/comments", shapes.NEW_COMMENT),
    "update comment": Operation(_PATCH, f"{_THREAD}/comments/{{comment}}", shapes.CHANGED_COMMENT),
    "delete comment": Operation("DELETE", f"{_THREAD}/comments/{{comment}}"),
    "list statuses": Operation("GET", f"{_PULL_REQUEST}/statuses"),
    "create status": Operation("POST", f"{_PULL_REQUEST}/statuses", shapes.NEW_STATUS),
    "list iterations": Operation("GET", f"{_PULL_REQUEST}/iterations"),
    "create commit status": Operation("POST", f"{_REPOSITORY}/commits/{{commit}}/statuses", shapes.NEW_COMMIT_STATUS),
    "get connection data": Operation("GET", "_apis/connectionData"),
    "list attachments": Operation("GET", f"{_PULL_REQUEST}/attachments"),
    "get attachment": Operation("GET", f"{_PULL_REQUEST}/attachments/{{fileName}}"),
    "create attachment": Operation("POST", f"{_PULL_REQUEST}/attachments/{{fileName}}", media=BYTES),
    "delete attachment": Operation("DELETE", f"{_PULL_REQUEST}/attachments/{{fileName}}"),
    "run pipeline": Operation(
        "POST", "{project}/_apis/pipelines/{pipeline}/runs", shapes.NEW_RUN, query=frozenset({"pipelineVersion"})
    ),
    "get run": Operation("GET", "{project}/_apis/pipelines/{pipeline}/runs/{run}"),
    "create release": Operation("POST", "{project}/_apis/release/releases", shapes.NEW_RELEASE, release=True),
    "get release": Operation("GET", "{project}/_apis/release/releases/{release}", release=True),
    "deliver webhook": Operation("POST", "_apis/public/distributedtask/webhooks/{webhook}", {}, public=True),
}


@dataclass(frozen=True)
class Call:
    """A request that keeps the contract: which operation, what its path names, and its body."""

    name: str
    operation: Operation
    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    request: Request = field(repr=False)


@dataclass(frozen=True)
class Violation:
    """What is wrong with a request, and how the service would answer."""

    status: int
    kind: str
    message: str


def read(request: Request, path: str, *, release: bool) -> Call | Violation:
    """Find the operation of a request and check it; ``path`` is below the collection, not yet decoded."""
    segments = path.split("/")
    found = [
        (name, operation, names)
        for name, operation in OPERATIONS.items()
        if operation.release == release and (names := operation.match(segments)) is not None
    ]
    if not found:
        return Violation(404, "VssResourceNotFoundException", f"No resource at {path}.")
    for name, operation, names in found:
        if operation.method == request.method:
            return _checked(name, operation, names, request)
    message = f"The requested resource does not support http method '{request.method}'."
    return Violation(405, "VssMethodNotSupportedException", message)


def _checked(name: str, operation: Operation, names: dict[str, str], request: Request) -> Call | Violation:
    query = request.query
    if problem := _problem_of_version(request, operation):
        return problem
    if unknown := set(query) - operation.query - {"api-version"}:
        return Violation(400, "InvalidArgumentValueException", f"unknown parameters: {sorted(unknown)}")
    if urlsplit(request.target).query.count("api-version=") > 1:
        return Violation(400, "VssInvalidApiResourceVersionException", "api-version comes twice")
    if operation.shape is None and operation.media == JSON:
        body = None
        if request.body:
            return Violation(400, "InvalidArgumentValueException", "a body where there is none")
    elif _media_of(request) != operation.media:
        message = f"The request indicated a Content-Type of '{_media_of(request)}', which is not supported."
        return Violation(415, "VssRequestContentTypeNotSupportedException", message)
    elif operation.media == BYTES:
        body = request.body
    else:
        try:
            body = json.loads(request.body)
        except ValueError:
            return Violation(400, "ArgumentNullException", "Value cannot be null. The body is not JSON.")
        errors = Draft202012Validator(operation.shape or {}).iter_errors(body)
        if problems := [f"{error.json_path}: {error.message[:300]}" for error in errors]:
            return Violation(400, "InvalidArgumentValueException", "; ".join(problems))
    return Call(name, operation, names, query, body, request)


def _problem_of_version(request: Request, operation: Operation) -> Violation | None:
    version = request.query.get("api-version")
    if version is None:
        message = f'No api-version was supplied for the "{request.method}" request.'
        return Violation(400, "VssVersionNotSpecifiedException", message)
    # Incoming webhooks are under preview still.
    sound = r"[5-7]\.\d-preview(\.\d+)?" if operation.public else r"7\.[01](-preview(\.\d+)?)?"
    if not re.fullmatch(sound, version):
        return Violation(400, "VssVersionOutOfRangeException", f"The requested version {version} is not available.")
    return None


def _media_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
