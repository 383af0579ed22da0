"""A stand-in for GitHub's REST API that keeps state and holds whoever asks to the published contract."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.parts.github.call import Call, not_found, refused
from tests.parts.github.contract import Contract
from tests.parts.github.faults import AFTER, Faults, after, before
from tests.parts.github.limits import breach_of
from tests.parts.github.pruning import Operation
from tests.parts.github.repository import Repository, Ticks
from tests.parts.github.routes import ME, OPERATIONS, ROUTES, found
from tests.parts.github.tokens import Kind, Token
from tests.parts.github.users import me
from tests.parts.loopback import Answer, Request, serve

_PREFIX = {"github-token": "ghs_", "app": "ghs_", "pat": "ghp_"}
_LIMIT = {"x-ratelimit-limit": "5000", "x-ratelimit-resource": "core"}


@dataclass(frozen=True)
class Logged:
    """A request that came in, and what became of it; no ``status`` where the connection was broken off."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int | None
    fault: str | None


@dataclass
class FakeGitHub:
    """The server's state; ``violations`` says which requests GitHub would not have taken, and must stay empty.

    Under a ``prefix`` such as ``/api/v3`` it is an Enterprise Server.
    """

    prefix: str = ""
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    requests: list[Logged] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    repositories: dict[str, Repository] = field(default_factory=dict)
    _tokens: dict[str, Token] = field(default_factory=dict)
    _ticks: Ticks = field(default_factory=Ticks)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._contract = contract()

    @classmethod
    @contextmanager
    def started(cls, *, prefix: str = "") -> Iterator[FakeGitHub]:
        """A running stand-in without repositories."""
        github = cls(prefix)
        with serve(github.answer) as endpoint:
            github.url = endpoint + prefix
            yield github

    def repository(self, full_name: str, *, default_branch: str = "main", private: bool = False) -> Repository:
        """A new, empty repository."""
        made = Repository(full_name, self._ticks.id(), default_branch, private, self._ticks, self._make_token)
        self.repositories[full_name] = made
        return made

    def token(self, permissions: Mapping[str, Mapping[str, str]], kind: Kind = "pat") -> str:
        """A token for several repositories, such as ``{"acme/ml": {"contents": "write"}}``."""
        return self._make_token(permissions, kind).secret

    def answer(self, request: Request) -> Answer | None:
        """Answer a request, all of it at one instant; None breaks the connection off."""
        with self._lock:
            request = self._rebased(request)
            path = urlsplit(request.target).path
            try:
                answer, fault = self._answered(request)
            except Exception:
                answer, fault = self._violated(request, f"the stand-in failed:\n{traceback.format_exc()}"), None
            status = answer.status if answer else None
            self.requests.append(Logged(request.method, path, request.query, _body(request), status, fault))
            if answer is None:
                return None
            left = max(0, 5000 - len(self.requests))
            limits = {**_LIMIT, "x-ratelimit-remaining": str(left), "x-ratelimit-reset": str(int(time.time()) + 3600)}
            return replace(answer, headers={**limits, **answer.headers})

    def _answered(self, request: Request) -> tuple[Answer | None, str | None]:
        """The answer, and the fault that spoilt it; a request that GitHub would not be sent always shows."""
        known = found(request.method, urlsplit(request.target).path)
        if known is None:
            return self._violated(request, "no such request, or none that the stand-in knows"), None
        operation, values = known
        if problem := self._contract.problem_of(request, operation):
            return self._violated(request, problem), None
        if breach := breach_of(request, operation, _body(request)):
            return self._violated(request, breach.message, breach.status), None
        fault = self.faults.choose(request)
        if fault and fault not in AFTER:
            return before(fault), fault
        answer = self._permitted(request, operation, values)
        if problem := self._contract.problem_of_answer(request, operation, answer):
            self.violations.append(f"the answer to {request.method} {request.target}: {problem}")
        return after(fault, answer) if fault else answer, fault

    def _rebased(self, request: Request) -> Request:
        """A request as if it came to api.github.com, where links name repositories by their number."""
        target = request.target
        if not target.startswith(self.prefix + "/"):
            return replace(request, target=f"/outside{target}")
        target = target.removeprefix(self.prefix)
        if match := re.match(r"/repositories/(\d+)(?=[/?]|$)", target):
            names = [each.full_name for each in self.repositories.values() if each.id == int(match[1])]
            target = f"/repos/{names[0]}{target[match.end() :]}" if names else target
        return replace(request, target=target)

    def _violated(self, request: Request, problem: str, status: int = 500) -> Answer:
        self.violations.append(f"{request.method} {request.target}: {problem}")
        return refused(status, problem)

    def _permitted(self, request: Request, operation: Operation, values: dict[str, str]) -> Answer:
        authorization = request.headers.get("authorization")
        if authorization is None:
            return refused(401, "Requires authentication")
        scheme, _, secret = authorization.partition(" ")
        token = self._tokens.get(secret) if scheme.lower() in ("bearer", "token") else None
        if token is None:
            return refused(401, "Bad credentials")
        if operation == ME:
            return me(token, self._contract.example)
        name = f"{values['owner']}/{values['repo']}"
        # GitHub does not tell upper from lower case here.
        here = next((each for each in self.repositories.values() if each.full_name.lower() == name.lower()), None)
        if here is None or (here.private and not token.knows(here.full_name)):
            return not_found()
        route = ROUTES[operation]
        level = "read" if request.method == "GET" else "write"
        open_to_all = level == "read" and (not here.private or route.permissions == ("metadata",))
        if not open_to_all and not any(token.permits(here.full_name, each, level) for each in route.permissions):
            if token.kind == "pat" and not token.knows(here.full_name):
                return not_found()
            accepted = "; ".join(f"{each}={level}" for each in route.permissions)
            return refused(403, token.identity.refusal, {"X-Accepted-GitHub-Permissions": accepted})
        rest = urlsplit(request.target).path.removeprefix("/repos/").split("/", 2)[2:]
        call = Call(here, token, values, request.query, _body(request), "".join(rest), self.url, self._contract.example)
        return route.answer(call)

    def _make_token(self, permissions: Mapping[str, Mapping[str, str]], kind: Kind) -> Token:
        made = Token(f"{_PREFIX[kind]}{len(self._tokens):036d}", kind, permissions)
        self._tokens[made.secret] = made
        return made


@functools.cache
def contract() -> Contract:
    """The contract of all that the stand-in knows; it is the same for all of them."""
    return Contract(OPERATIONS)


def _body(request: Request) -> Any:
    """What was sent; None if that is nothing, or no JSON."""
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None
