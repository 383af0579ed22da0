"""What every receiver of events has: an address, what was delivered, what was wrong with requests, and faults."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from tests.parts.faults import Faults, refuse_plainly
from tests.parts.loopback import Answer, Request, serve


@dataclass(frozen=True)
class Delivery:
    """Something that was taken: its id where it has one, its content, and the request that brought it."""

    id: str | None
    content: Any
    request: Request


class RejectedError(Exception):
    """A request that breaks the contract of the receiver; ``answer`` is what it gets for it."""

    def __init__(self, problem: str, answer: Answer) -> None:
        super().__init__(problem)
        self.answer = answer


@dataclass
class Receiver(ABC):
    """A server of one address.

    Whatever came is in ``requests``, what was taken in ``deliveries``, one by one in the order of its coming, and what
    breaks the contract in ``violations``.
    """

    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    endpoint: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    path: ClassVar[str]

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        """One that runs until the block ends."""
        server = cls()
        with serve(server.receive) as server.endpoint:
            yield server

    @property
    def url(self) -> str:
        """Where to send to."""
        return self.endpoint + self.path

    def of(self, event: str) -> list[Delivery]:
        """What was delivered under one id."""
        return [each for each in self.deliveries if each.id == event]

    def receive(self, request: Request) -> Answer | None:
        """Answer a request, or fail it if it is its turn."""
        with self._lock:
            self.requests.append(request)
        return self.faults.spoil(request, self._answer, self.refuse)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            try:
                if urlsplit(request.target).path != self.path:
                    raise RejectedError("no such address", Answer(404))
                if request.method != "POST":
                    raise RejectedError("it takes POST only", Answer(405, headers={"Allow": "POST"}))
                return self.take(request)
            except RejectedError as error:
                self.violations.append(f"{request.method} {request.target}: {error}")
                return error.answer

    def refuse(self, status: int, headers: Mapping[str, str]) -> Answer:
        """How it words that it is busy or broken."""
        return refuse_plainly(status, headers)

    @abstractmethod
    def take(self, request: Request) -> Answer:
        """Check a request and keep what it delivers.

        Raises:
            RejectedError: it breaks the contract.
        """


def media_of(request: Request) -> str:
    """The media type of a body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
