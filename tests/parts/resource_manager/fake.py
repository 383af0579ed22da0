"""The server of the stand-in: container groups of one resource group, and operations that take long.

Paths and statuses are those of Microsoft.ContainerInstance 2023-05-01; how operations are followed is that of
https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from tests.parts.faults import Faults
from tests.parts.loopback import Answer, Request, serve
from tests.parts.resource_manager import shapes
from tests.parts.resource_manager.groups import RUNNING, Fate, Group

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GROUP = "models"
_VERSION = "2023-05-01"
_JSON = {"Content-Type": "application/json"}
_GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerInstance/containerGroups"
_PATH = re.compile(re.escape(_GROUPS) + r"(?:/(?P<name>[^/]+)(?P<part>/start|/stop|/containers/server/logs)?)?\Z")
_QUERY = {"/containers/server/logs": {"tail", "timestamps"}}


@dataclass
class _Operation:
    looks: int
    error: tuple[str, str] | None
    done: Callable[[], None]


@dataclass
class Azure:
    """The server's state, and how it behaves.

    ``fates`` says what becomes of groups, by name. ``backend`` gives the address of what runs in a group of a body.
    ``refusals`` are what the next writes are refused with: status, code and message. A token is good for
    ``uses_of_token`` requests if that is a number. ``by_location`` lets operations be followed by that header alone.
    """

    endpoint: str = ""
    fates: dict[str, Fate] = field(default_factory=dict)
    backend: Callable[[dict[str, Any]], str] | None = None
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=lambda: Faults(retry_after=0))
    groups: dict[str, Group] = field(default_factory=dict)
    labels_of_others: set[str] = field(default_factory=set)
    uses_of_token: int | None = None
    by_location: bool = False
    page: int = 100
    writes: list[str] = field(default_factory=list)
    made: int = 0
    _tokens: dict[str, int] = field(default_factory=dict)
    _operations: list[_Operation] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def token(self) -> str:
        """A token that is good now, as a login would have it."""
        with self._lock:
            for token, left in self._tokens.items():
                if left > 0:
                    return token
            token = f"token-{len(self._tokens)}-of-the-tests"
            self._tokens[token] = self.uses_of_token or 1 << 30
            return token

    def answer(self, request: Request) -> Answer | None:
        """Answer a request, all of it at one instant."""
        with self._lock:
            return self.faults.spoil(
                request,
                self._answer,
                lambda status, headers: _error(status, "TooManyRequests" if status == 429 else "Busy", "no", headers),
            )

    def _answer(self, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) <= 0:
            return _error(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")
        self._tokens[token] -= 1
        if request.query.get("api-version") != _VERSION:
            return self._unknown(f"api-version {request.query.get('api-version')}")
        if request.path.startswith("/operations/"):
            return self._operation(int(request.path.rpartition("/")[2]))
        match = _PATH.match(request.path)
        if match is None:
            if f"/subscriptions/{SUBSCRIPTION}/" in request.path:
                return _error(404, "ResourceGroupNotFound", "Resource group 'other' could not be found.")
            return self._unknown(request.path)
        name, part = match["name"], match["part"] or ""
        unknown = set(request.query) - {"api-version", "skip"} - _QUERY.get(part, set())
        if unknown:
            return self._unknown(f"parameters {sorted(unknown)}")
        if request.method != "GET" and self.refusals:
            return _error(*self.refusals.pop(0))
        return self._of_group(request, name, part) if name else self._list(int(request.query.get("skip", 0)))

    def _of_group(self, request: Request, name: str, part: str) -> Answer:
        group = self.groups.get(name)
        if request.method != "GET":
            self.writes.append(f"{request.method} {name}{part}")
        if request.method == "PUT" and not part:
            return self._put(name, group, request)
        if group is None:
            said = f"The Resource 'Microsoft.ContainerInstance/containerGroups/{name}' was not found."
            return Answer(204) if request.method == "DELETE" else _error(404, "ResourceNotFound", said)
        if request.method == "GET":
            group.look()
            if part:
                text = self._logged(group, request)
                return _document({"content": text}) if part.endswith("logs") else self._unknown(part)
            return _document(group.shown())
        if group.state in {"Pending", "Creating"}:
            said = f"The container group '{name}' is still transitioning, please retry later."
            group.look()
            return _error(409, "ContainerGroupTransitioning", said)
        match request.method, part:
            case "POST", "/stop":
                group.view = "Stopped"
                return Answer(204)
            case "POST", "/start":
                return self._begin(202, None, self._revived(group), None)
            case "DELETE", "":
                return self._begin(202, None, lambda: self._gone(name), None)
        return self._unknown(f"{request.method} {part}")

    def _put(self, name: str, group: Group | None, request: Request) -> Answer:
        body = json.loads(request.body)
        problems = [*Draft202012Validator(shapes.GROUP).iter_errors(body)]
        problems += [*Draft202012Validator(shapes.NAME).iter_errors(name)]
        if problems:
            return self._unknown(problems[0].message)
        if group is not None and group.state in {"Pending", "Creating"}:
            return _error(409, "ContainerGroupTransitioning", f"The container group '{name}' is still transitioning.")
        label = body["properties"]["ipAddress"]["dnsNameLabel"]
        taken = {other.body["properties"]["ipAddress"]["dnsNameLabel"] for other in self.groups.values()}
        if group is None and label in taken | self.labels_of_others:
            return _error(409, "DnsNameLabelNotAvailable", f"The DNS name label '{label}' is not available.")
        fate = self.fates.get(name, RUNNING)
        backend = self.backend(body) if self.backend else None
        self.made += 1
        made = self.groups[name] = Group(f"{_GROUPS}/{name}", body, fate, backend, looks=fate.looks)
        return self._begin(200 if group else 201, made.shown(), lambda: None, fate.error)

    def _begin(self, status: int, document: Any, done: Callable[[], None], error: tuple[str, str] | None) -> Answer:
        self._operations.append(_Operation(1, error, done))
        url = f"{self.endpoint}/operations/{len(self._operations) - 1}?api-version={_VERSION}"
        name = "Location" if self.by_location else "Azure-AsyncOperation"
        headers = {name: url, "Retry-After": "2", **_JSON}
        return Answer(status, json.dumps(document).encode() if document else b"", headers)

    def _operation(self, number: int) -> Answer:
        operation = self._operations[number]
        operation.looks -= 1
        if operation.looks >= 0:
            return Answer(202, b"" if self.by_location else b'{"status": "Running"}', {"Retry-After": "3", **_JSON})
        if operation.error:
            code, message = operation.error
            return _document({"status": "Failed", "error": {"code": code, "message": message}})
        operation.done()
        return Answer(204) if self.by_location else _document({"status": "Succeeded"})

    def _revived(self, group: Group) -> Callable[[], None]:
        def done() -> None:
            group.state, group.view, group.looks = "Creating", "Pending", 0
            group.started += 1

        return done

    def _gone(self, name: str) -> None:
        self.groups.pop(name, None)

    def _logged(self, group: Group, request: Request) -> str:
        assert request.query.get("timestamps") == "true"
        return "".join(f"{line}\n" for line in group.log[-int(request.query.get("tail", "1")) :])

    def _list(self, skip: int) -> Answer:
        shown = [group.shown() for group in self.groups.values()]
        page: dict[str, Any] = {"value": shown[skip : skip + self.page]}
        if skip + self.page < len(shown):
            page["nextLink"] = f"{self.endpoint}{_GROUPS}?api-version={_VERSION}&skip={skip + self.page}"
        return _document(page)

    def _unknown(self, what: str) -> Answer:
        self.complaints.append(what)
        return _error(400, "InvalidRequestContent", what)


def _document(value: Any) -> Answer:
    return Answer(200, json.dumps(value).encode(), _JSON)


def _error(status: int, code: str, message: str, headers: Any = None) -> Answer:
    body = {"error": {"code": code, "message": message}}
    return Answer(status, json.dumps(body).encode(), {**_JSON, **(headers or {})})


@contextmanager
def azure() -> Iterator[Azure]:
    """A running stand-in with an empty resource group."""
    made = Azure()
    with serve(made.answer) as endpoint:
        made.endpoint = endpoint
        yield made
    assert made.complaints == []
